//! Batches of records as brokers keep them: checked, unpacked within a limit, and read record by record.

use super::codec::Codec;
use super::wire::{Malformed, Source};

/// Largest batch, as it lies in the topic and unpacked: sixteen times what brokers take where nobody has told them otherwise.
pub const MAX_BATCH_BYTES: usize = 16 << 20;
/// Headers of one record at most.
const MAX_HEADERS: usize = 256;
/// Bytes before those that the length of a batch counts.
const BEFORE_LENGTH: usize = 12;
/// Bytes before those that the checksum is of.
const BEFORE_CHECKED: usize = 21;
/// Bytes before the last offset of a batch is told.
const TO_LAST: usize = 27;
/// Bytes before the records.
const HEAD: usize = 61;

/// Why a batch cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is larger than is taken.
    Packed,
    /// Unpacked it would be larger than is taken.
    Unpacked,
    /// It is not packed as it says.
    Packing(Codec),
    /// It is packed in a way that nobody knows.
    Codec(u8),
    /// It is of a format that is older or newer than the one of Kafka 0.11 and later.
    Format(i8),
    /// What it holds is no records.
    Records,
    /// Its checksum does not hold.
    Checksum,
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Packed => f.write_str("the batch is larger than 16 MiB"),
            Self::Unpacked => f.write_str("the batch unpacks to more than 16 MiB"),
            Self::Packing(codec) => write!(f, "the batch is no {}", format!("{codec:?}").to_lowercase()),
            Self::Codec(number) => write!(f, "the batch is packed by an unknown codec, {number}"),
            Self::Format(version) => write!(f, "the batch has format {version}, only 2 (Kafka 0.11 and later) is read"),
            Self::Records => f.write_str("the batch holds no sound records"),
            Self::Checksum => f.write_str("the checksum of the batch does not hold"),
        }
    }
}

/// A sound batch.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'b> {
    pub first: i64,
    /// The last offset that it stands for, also where its last record was compacted away.
    pub last: i64,
    pub codec: Option<Result<Codec, u8>>,
    pub transactional: bool,
    /// A mark of the broker between records.
    pub control: bool,
    pub producer: i64,
    /// All its records were appended at this time, where the broker keeps the time.
    appended: Option<i64>,
    first_ms: i64,
    count: i32,
    /// The records, packed or not.
    pub body: &'b [u8],
}

/// What stands next among the bytes of a partition.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'b> {
    Batch(Batch<'b>),
    /// A batch that can never be read.
    Flawed {
        first: i64,
        last: i64,
        flaw: Flaw,
    },
    /// A batch that is damaged, here or on the way here: its checksum tells one damage from another.
    Damaged {
        first: i64,
        last: i64,
        print: u32,
    },
    /// The beginning of a batch of so many bytes, cut off by the limits of the fetch.
    Cut(usize),
}

/// The next piece, and its length.
#[must_use]
pub fn next_piece(bytes: &[u8]) -> Option<(Piece<'_>, usize)> {
    if bytes.is_empty() {
        return None;
    }
    let Ok((first, length, magic)) = opening(bytes) else { return Some((Piece::Cut(HEAD), bytes.len())) };
    let last = || match (magic, bytes.get(TO_LAST - 4..TO_LAST).and_then(|delta| delta.try_into().ok())) {
        (2, Some(delta)) => first.saturating_add(i64::from(i32::from_be_bytes(delta).max(0))),
        _ => first,
    };
    let whole = usize::try_from(length).ok().map(|length| length.saturating_add(BEFORE_LENGTH)).filter(|whole| *whole >= TO_LAST);
    let Some(whole) = whole else {
        return Some((Piece::Damaged { first, last: first, print: crc32c::crc32c(bytes) }, bytes.len()));
    };
    let have = whole.min(bytes.len());
    if whole > MAX_BATCH_BYTES + HEAD && bytes.len() >= TO_LAST {
        return Some((Piece::Flawed { first, last: last(), flaw: Flaw::Packed }, have));
    }
    if bytes.len() < whole {
        return Some((Piece::Cut(whole), have));
    }
    if magic != 2 {
        return Some((Piece::Flawed { first, last: first, flaw: Flaw::Format(magic) }, whole));
    }
    let piece = match Batch::read(&bytes[..whole]) {
        Ok(Some(batch)) => Piece::Batch(batch),
        Ok(None) => Piece::Damaged { first, last: last(), print: crc32c::crc32c(&bytes[..whole]) },
        Err(Malformed) => Piece::Flawed { first, last: last(), flaw: Flaw::Records },
    };
    Some((piece, whole))
}

/// The first offset of a batch, the length behind it, and its format.
fn opening(bytes: &[u8]) -> Result<(i64, i32, i8), Malformed> {
    let mut source = Source::new(bytes);
    let (first, length, _) = (source.i64()?, source.i32()?, source.i32()?);
    Ok((first, length, source.i8()?))
}

impl<'b> Batch<'b> {
    /// Reads a batch in full; `None` when its checksum does not hold.
    fn read(bytes: &'b [u8]) -> Result<Option<Self>, Malformed> {
        let mut source = Source::new(bytes);
        let first = source.i64()?;
        source.take(BEFORE_CHECKED - 4 - 8)?;
        if source.u32()? != crc32c::crc32c(&bytes[BEFORE_CHECKED..]) {
            return Ok(None);
        }
        let attributes = source.i16()?;
        let delta = source.i32()?;
        let (first_ms, last_ms, producer) = (source.i64()?, source.i64()?, source.i64()?);
        let (_, _, count) = (source.i16()?, source.i32()?, source.i32()?);
        if delta < 0 || count < 0 || first < 0 {
            return Err(Malformed);
        }
        let codec = match u8::try_from(attributes & 7).unwrap_or(7) {
            0 => None,
            1 => Some(Ok(Codec::Gzip)),
            2 => Some(Ok(Codec::Snappy)),
            3 => Some(Ok(Codec::Lz4)),
            4 => Some(Ok(Codec::Zstd)),
            other => Some(Err(other)),
        };
        Ok(Some(Self {
            first,
            last: first.checked_add(i64::from(delta)).ok_or(Malformed)?,
            codec,
            transactional: attributes & 1 << 4 != 0,
            control: attributes & 1 << 5 != 0,
            producer,
            appended: (attributes & 1 << 3 != 0).then_some(last_ms),
            first_ms,
            count,
            body: source.take(source.left())?,
        }))
    }

    /// The records of the batch in its unpacked bytes.
    #[must_use]
    pub const fn records<'p>(&self, plain: &'p [u8]) -> Records<'p> {
        Records {
            source: Source::new(plain),
            first: self.first,
            last: self.last,
            first_ms: self.first_ms,
            appended: self.appended,
            left: self.count,
            next: self.first,
        }
    }
}

/// One record.
#[derive(Clone, Debug)]
pub struct Record<'p> {
    pub offset: i64,
    pub time_ms: i64,
    pub key: &'p [u8],
    pub value: &'p [u8],
    pub headers: Vec<(&'p [u8], &'p [u8])>,
}

/// The records of a batch, in their order.
#[derive(Clone, Debug)]
pub struct Records<'p> {
    source: Source<'p>,
    first: i64,
    last: i64,
    first_ms: i64,
    appended: Option<i64>,
    left: i32,
    /// Offsets grow.
    next: i64,
}

impl<'p> Records<'p> {
    fn read(&mut self) -> Result<Record<'p>, Malformed> {
        let mut source = Source::new(self.source.varbytes()?.ok_or(Malformed)?);
        source.i8()?;
        let (delta_ms, delta) = (source.varlong()?, source.varint()?);
        let offset = self.first.checked_add(i64::from(delta)).filter(|offset| (self.next..=self.last).contains(offset)).ok_or(Malformed)?;
        self.next = offset.saturating_add(1);
        let key = source.varbytes()?.unwrap_or_default();
        let value = source.varbytes()?.unwrap_or_default();
        let count = usize::try_from(source.varint()?).ok().filter(|count| *count <= MAX_HEADERS).ok_or(Malformed)?;
        let mut headers = Vec::new();
        for _ in 0..count {
            headers.push((source.varbytes()?.ok_or(Malformed)?, source.varbytes()?.unwrap_or_default()));
        }
        Ok(Record { offset, time_ms: self.appended.unwrap_or_else(|| self.first_ms.saturating_add(delta_ms)), key, value, headers })
    }
}

impl<'p> Iterator for Records<'p> {
    type Item = Result<Record<'p>, Malformed>;

    /// Behind what is no record comes nothing.
    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            return None;
        }
        let read = self.read();
        self.left = if read.is_ok() { self.left - 1 } else { 0 };
        Some(read)
    }
}

/// Transactions that were taken back: their records are in the topic, and are none.
#[derive(Debug)]
pub struct TakenBack {
    /// Producers and where their transactions begin, the next one last.
    to_come: Vec<(i64, i64)>,
    open: Vec<i64>,
}

impl TakenBack {
    /// Of producers and the first offsets of their transactions.
    #[must_use]
    pub fn new(mut aborted: Vec<(i64, i64)>) -> Self {
        aborted.sort_unstable_by_key(|(_, first)| std::cmp::Reverse(*first));
        Self { to_come: aborted, open: Vec::new() }
    }

    /// True for a batch that holds no records for a reader; batches are shown in their order.
    pub fn hides(&mut self, batch: &Batch<'_>) -> bool {
        while let Some((producer, _)) = self.to_come.pop_if(|(_, first)| *first <= batch.last) {
            self.open.push(producer);
        }
        if batch.control {
            self.open.retain(|producer| *producer != batch.producer);
            return true;
        }
        batch.transactional && self.open.contains(&batch.producer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::wire::Sink;
    use super::*;

    fn seal(first: i64, attributes: i16, producer: i64, (count, body): (i32, &[u8])) -> Vec<u8> {
        let checked = Sink::default().i16(attributes).i32(count - 1).i64(1_000).i64(2_000).i64(producer).i16(0).i32(0).i32(count);
        let checked = checked.raw(body).done();
        let length = checked.len() + BEFORE_CHECKED - BEFORE_LENGTH;
        let head = Sink::default().i64(first).length(length).i32(0).i8(2).raw(&crc32c::crc32c(&checked).to_be_bytes());
        head.raw(&checked).done()
    }

    /// Records of a value each, all numbers so small that they take one byte.
    fn body(values: &[&str]) -> Vec<u8> {
        let record = |(n, value): (usize, &&str)| {
            let (n, length) = (u8::try_from(2 * n).unwrap(), u8::try_from(2 * value.len()).unwrap());
            let inner = [&[0, 20, n, 2, b'k', length], value.as_bytes(), &[2, 2, b'h', 1]].concat();
            [vec![u8::try_from(2 * inner.len()).unwrap()], inner].concat()
        };
        values.iter().enumerate().flat_map(record).collect()
    }

    fn read(bytes: &[u8]) -> Vec<(i64, i64, String)> {
        let Some((Piece::Batch(batch), _)) = next_piece(bytes) else { panic!("a batch") };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        batch.records(batch.body).map(|record| record.unwrap()).map(|record| (record.offset, record.time_ms, text(record.value))).collect()
    }

    #[test]
    fn records_have_their_offsets_and_times() {
        let sealed = seal(40, 0, -1, (2, &body(&["one", "two"])));
        assert_eq!(read(&sealed), [(40, 1_010, "one".to_owned()), (41, 1_010, "two".to_owned())]);
        let appended = seal(40, 1 << 3, -1, (1, &body(&["one"])));
        assert_eq!(read(&appended)[0].1, 2_000, "the broker's time");
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_offsets() {
        let sealed = seal(40, 0, -1, (2, &body(&["one", "two"])));
        let whole = sealed.len();
        assert!(matches!(next_piece(&sealed[..whole - 1]), Some((Piece::Cut(bytes), _)) if bytes == whole));
        let mut damaged = sealed.clone();
        damaged[whole - 3] ^= 1;
        assert!(matches!(next_piece(&damaged), Some((Piece::Damaged { first: 40, last: 41, .. }, _))));
        let mut old = sealed.clone();
        old[16] = 1;
        assert!(matches!(next_piece(&old), Some((Piece::Flawed { first: 40, last: 40, flaw: Flaw::Format(1) }, bytes)) if bytes == whole));
        let mut large = sealed.clone();
        large[8..12].copy_from_slice(&0x7fff_ffff_u32.to_be_bytes());
        assert!(matches!(next_piece(&large[..30]), Some((Piece::Flawed { first: 40, last: 41, flaw: Flaw::Packed }, 30))));
        let broken = seal(40, 0, -1, (2, &[9, 9, 9]));
        let Some((Piece::Batch(batch), _)) = next_piece(&broken) else { panic!("a batch") };
        assert_eq!(batch.records(batch.body).map(|record| record.err()).collect::<Vec<_>>(), [Some(Malformed)]);
        assert!(matches!(next_piece(&seal(40, 6, -1, (1, b""))), Some((Piece::Batch(Batch { codec: Some(Err(6)), .. }), _))));
    }

    #[test]
    fn a_transaction_that_was_taken_back_hides_its_records_and_no_others() {
        let mut taken = TakenBack::new(vec![(7, 30), (7, 10)]);
        let mut hides = |first: i64, attributes: i16, producer: i64| {
            let sealed = seal(first, attributes, producer, (1, &body(&["x"])));
            let Some((Piece::Batch(batch), _)) = next_piece(&sealed) else { panic!("a batch") };
            taken.hides(&batch)
        };
        let (transactional, control) = (1 << 4, 1 << 4 | 1 << 5);
        assert!(!hides(5, transactional, 7), "before it");
        assert!(hides(10, transactional, 7));
        assert!(!hides(11, transactional, 8), "of another producer");
        assert!(!hides(12, 0, 7), "outside of any transaction");
        assert!(hides(13, control, 7), "marks are no records");
        assert!(!hides(14, transactional, 7), "behind it");
        assert!(hides(30, transactional, 7), "the next one");
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(
            values in prop::collection::vec("[a-z]{0,20}", 0..20),
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            noise in prop::collection::vec(any::<u8>(), 0..300),
            sound: bool,
        ) {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let mut inner = body(&values);
            for (at, bits) in &flips {
                if let Some(byte) = (!inner.is_empty()).then(|| at.index(inner.len())).and_then(|at| inner.get_mut(at)) {
                    *byte ^= bits;
                }
            }
            let mut sealed = seal(7, 0, -1, (i32::try_from(values.len()).unwrap().max(1), &inner));
            if !sound {
                for (at, bits) in &flips {
                    let at = at.index(sealed.len());
                    sealed[at] ^= bits;
                }
            }
            sealed.extend(&noise);
            for bytes in [&sealed[..], &noise[..]] {
                let mut at = 0;
                while let Some((piece, length)) = next_piece(&bytes[at..]) {
                    prop_assert!(length > 0 && at + length <= bytes.len());
                    if let Piece::Batch(batch) = piece {
                        prop_assert!(batch.records(batch.body).count() <= batch.body.len() + 1);
                    }
                    at += length;
                }
            }
        }
    }
}
