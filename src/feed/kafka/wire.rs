//! The primitives of the Kafka protocol: what is written grows as it is filled; what is read is borrowed from the answer, and no
//! length that a broker names is believed before so many bytes are there.

use super::super::fault::{Fault, FaultKind};

/// Bytes that are not of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl From<Malformed> for Fault {
    fn from(_: Malformed) -> Self {
        Self::new(FaultKind::BadBody, "an answer that is not of the Kafka protocol")
    }
}

/// A message as it is written.
#[derive(Debug, Default)]
pub struct Sink(Vec<u8>);

impl Sink {
    pub fn i8(mut self, value: i8) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }
    pub fn i16(mut self, value: i16) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }
    pub fn i32(mut self, value: i32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }
    pub fn i64(mut self, value: i64) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }
    /// A number of elements or bytes.
    pub fn length(self, length: usize) -> Self {
        self.i32(i32::try_from(length).unwrap_or(i32::MAX))
    }
    /// A text of less than 32 KiB; what is longer is cut, and the broker will not know it.
    pub fn text(self, text: &str) -> Self {
        let bytes = &text.as_bytes()[..text.len().min(0x7fff)];
        self.i16(i16::try_from(bytes.len()).unwrap_or(i16::MAX)).raw(bytes)
    }
    pub fn bytes(self, bytes: &[u8]) -> Self {
        self.length(bytes.len()).raw(bytes)
    }
    pub fn done(self) -> Vec<u8> {
        self.0
    }
}

/// What is left of a message that is read.
#[derive(Clone, Copy, Debug)]
pub struct Source<'b>(&'b [u8]);

impl<'b> Source<'b> {
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }
    pub const fn left(&self) -> usize {
        self.0.len()
    }
    pub fn take(&mut self, length: usize) -> Result<&'b [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }
    pub fn i8(&mut self) -> Result<i8, Malformed> {
        self.array().map(i8::from_be_bytes)
    }
    pub fn i16(&mut self) -> Result<i16, Malformed> {
        self.array().map(i16::from_be_bytes)
    }
    pub fn i32(&mut self) -> Result<i32, Malformed> {
        self.array().map(i32::from_be_bytes)
    }
    pub fn i64(&mut self) -> Result<i64, Malformed> {
        self.array().map(i64::from_be_bytes)
    }
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }
    /// A number of elements; null is none.
    pub fn length(&mut self) -> Result<usize, Malformed> {
        match self.i32()? {
            -1 => Ok(0),
            length => usize::try_from(length).map_err(|_| Malformed),
        }
    }
    /// A text; null is empty.
    pub fn text(&mut self) -> Result<String, Malformed> {
        let length = match self.i16()? {
            -1 => 0,
            length => usize::try_from(length).map_err(|_| Malformed)?,
        };
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }
    pub fn bytes(&mut self) -> Result<&'b [u8], Malformed> {
        let length = self.length()?;
        self.take(length)
    }
    /// A number of variable length, its sign in the lowest bit.
    pub fn varlong(&mut self) -> Result<i64, Malformed> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = u64::from(self.array::<1>()?[0]);
            value |= (byte & 0x7f).wrapping_shl(shift);
            if byte < 0x80 {
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        Err(Malformed)
    }
    pub fn varint(&mut self) -> Result<i32, Malformed> {
        self.varlong().and_then(|value| i32::try_from(value).map_err(|_| Malformed))
    }
    /// Bytes behind a length of variable length; null is `None`.
    pub fn varbytes(&mut self) -> Result<Option<&'b [u8]>, Malformed> {
        match self.varint()? {
            -1 => Ok(None),
            length => self.take(usize::try_from(length).map_err(|_| Malformed)?).map(Some),
        }
    }
}

/// The errors that a broker may name, as its documentation calls them.
const ERRORS: [(i16, &str); 24] = [
    (-1, "UnknownServerError"),
    (1, "OffsetOutOfRange"),
    (2, "CorruptMessage"),
    (3, "UnknownTopicOrPartition"),
    (5, "LeaderNotAvailable"),
    (6, "NotLeaderOrFollower"),
    (7, "RequestTimedOut"),
    (8, "BrokerNotAvailable"),
    (9, "ReplicaNotAvailable"),
    (13, "NetworkException"),
    (17, "InvalidTopicException"),
    (29, "TopicAuthorizationFailed"),
    (31, "ClusterAuthorizationFailed"),
    (33, "UnsupportedSaslMechanism"),
    (34, "IllegalSaslState"),
    (35, "UnsupportedVersion"),
    (42, "InvalidRequest"),
    (43, "UnsupportedForMessageFormat"),
    (56, "KafkaStorageError"),
    (58, "SaslAuthenticationFailed"),
    (74, "FencedLeaderEpoch"),
    (75, "UnknownLeaderEpoch"),
    (76, "UnsupportedCompressionType"),
    (78, "OffsetNotAvailable"),
];

/// What a broker says no with.
pub fn refusal(code: i16) -> Fault {
    let kind = match code {
        29 | 31 | 33 | 34 | 58 => FaultKind::Unauthorized,
        2 => FaultKind::BadBody,
        _ => FaultKind::Refused,
    };
    let name = ERRORS.iter().find(|(known, _)| *known == code).map(|(_, name)| *name);
    Fault::new(kind, name.map_or_else(|| format!("the broker says error {code}"), |name| format!("the broker says {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_variable_length_are_read_to_both_ends() {
        let read = |bytes: &[u8]| Source::new(bytes).varlong();
        assert_eq!(read(&[0]), Ok(0));
        assert_eq!(read(&[1]), Ok(-1));
        assert_eq!(read(&[0x80, 0x01]), Ok(64));
        assert_eq!(read(&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), Ok(i64::MAX));
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), Ok(i64::MIN));
        assert_eq!(read(&[0xff; 11]), Err(Malformed));
        assert_eq!(read(&[0x80]), Err(Malformed));
    }

    #[test]
    fn a_length_is_not_believed_before_the_bytes_are_there() {
        assert_eq!(Source::new(&[0x7f, 0xff, 0xff, 0xff, 1]).bytes(), Err(Malformed));
        assert_eq!(Source::new(&[0xff, 0xff, 0xff, 0xfe]).bytes(), Err(Malformed));
        assert_eq!(Source::new(&[0xff, 0xff, 0xff, 0xff]).bytes(), Ok(&[][..]));
    }
}
