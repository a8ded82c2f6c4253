//! Instants, windows and the grid of slots.
//!
//! An [`At`] is milliseconds since 1970 in UTC. Every text that a platform writes for a time is read
//! here and nowhere else ([`At::parse`]).

use std::fmt;
use std::num::NonZeroI64;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds of a second.
pub const SECOND_MS: i64 = 1_000;
/// Milliseconds of a minute.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Length of the finest slot that windows are made of.
pub const SLOT_MS: i64 = 10 * SECOND_MS;

/// An instant: milliseconds since 1970-01-01T00:00:00Z. Years outside 2000..2100 are not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At(i64);

/// An [`At`] that leaves room for "none": `Option<Moment>` takes eight bytes. The first millisecond of 1970, which nobody can write, is taken for the beginning of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(NonZeroI64);

impl Moment {
    #[must_use]
    pub const fn at(self) -> At {
        At(self.0.get())
    }
}

impl From<At> for Moment {
    fn from(at: At) -> Self {
        Self(NonZeroI64::new(at.0).unwrap_or(NonZeroI64::MIN))
    }
}

const EARLIEST_MS: i64 = 946_684_800_000; // 2000-01-01
const LATEST_MS: i64 = 4_102_444_800_000; // 2100-01-01

impl At {
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }
    #[must_use]
    pub const fn ms(self) -> i64 {
        self.0
    }
    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub const fn second(self) -> i64 {
        self.0.div_euclid(SECOND_MS)
    }
    /// Clock minutes (UTC) since 1970, rounded down.
    #[must_use]
    pub const fn minute(self) -> i64 {
        self.0.div_euclid(MINUTE_MS)
    }
    /// Ten-second slots since 1970, rounded down.
    #[must_use]
    pub const fn slot(self) -> i64 {
        self.0.div_euclid(SLOT_MS)
    }
    /// The first instant of a clock minute.
    #[must_use]
    pub const fn from_minute(minute: i64) -> Self {
        Self(minute.saturating_mul(MINUTE_MS))
    }
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
    #[must_use]
    pub const fn plus_s(self, seconds: i64) -> Self {
        self.plus_ms(seconds.saturating_mul(SECOND_MS))
    }
    /// Milliseconds from `earlier` to here; negative when it is later.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        Utc.timestamp_millis_opt(self.0).single().unwrap_or_default()
    }
    /// RFC 3339 in UTC, with milliseconds only where there are some: `2026-11-21T23:31:04.120Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let form = if self.0.rem_euclid(SECOND_MS) == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%.3fZ" };
        self.utc().format(form).to_string()
    }

    /// Reads a time as platforms write it: RFC 3339 with any offset (also `+0300`, `+03`, a space for `T`),
    /// a zone-less time in `zone` (refused without one), or an epoch number by its magnitude
    /// (seconds, milliseconds, microseconds, nanoseconds).
    #[must_use]
    #[inline]
    pub fn parse(text: &str, zone: Option<Tz>) -> Option<Self> {
        match common_form(text.as_bytes()) {
            Some(ms) => Self::from_ms(ms).within_reason(),
            None => nanos(text, zone).and_then(Self::from_nanos),
        }
    }

    fn from_nanos(nanos: i128) -> Option<Self> {
        Self(i64::try_from(nanos.div_euclid(1_000_000)).ok()?).within_reason()
    }

    fn within_reason(self) -> Option<Self> {
        (EARLIEST_MS..LATEST_MS).contains(&self.0).then_some(self)
    }
}

/// A time as nanoseconds since 1970: what versions (`rev`) are compared by.
#[must_use]
pub fn nanos(text: &str, zone: Option<Tz>) -> Option<i128> {
    let text = text.trim();
    if let Some(ms) = common_form(text.as_bytes()) {
        return Some(i128::from(ms) * 1_000_000);
    }
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return epoch(text);
    }
    let plain = text.replacen(['t', ' '], "T", 1).replace('z', "Z").replace(',', ".");
    for form in ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"] {
        if let Ok(at) = DateTime::parse_from_str(&plain.replace('Z', "+00:00"), form) {
            return Some(i128::from(at.timestamp()) * 1_000_000_000 + i128::from(at.timestamp_subsec_nanos()));
        }
    }
    let naive = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(&plain, form).ok())
        .or_else(|| NaiveDate::parse_from_str(&plain, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))?;
    let at = zone?.from_local_datetime(&naive).earliest()?;
    Some(i128::from(at.timestamp()) * 1_000_000_000 + i128::from(at.timestamp_subsec_nanos()))
}

/// `2026-11-21T23:31:04Z` and `2026-11-21T23:31:04.120Z`, the two forms that nearly every line has.
#[inline]
fn common_form(bytes: &[u8]) -> Option<i64> {
    let (head, ms) = match bytes.len() {
        20 => (bytes.first_chunk::<19>()?, 0),
        24 if bytes[19] == b'.' => (bytes.first_chunk::<19>()?, digits(bytes, 20, 3)?),
        _ => return None,
    };
    let marks = [head[4], head[7], head[10], head[13], head[16], bytes[bytes.len() - 1]];
    if marks != *b"--T::Z" {
        return None;
    }
    let (year, month, day) = (digits(head, 0, 4)?, digits(head, 5, 2)?, digits(head, 8, 2)?);
    let (hour, minute, second) = (digits(head, 11, 2)?, digits(head, 14, 2)?, digits(head, 17, 2)?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(((days_from_civil(year, month, day) * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + ms)
}

/// The number that these few digits write.
#[inline(always)]
fn digits(bytes: &[u8], from: usize, count: usize) -> Option<i64> {
    let (mut number, mut all) = (0, true);
    for byte in &bytes[from..from + count] {
        let digit = byte.wrapping_sub(b'0');
        all &= digit < 10;
        number = number * 10 + i64::from(digit);
    }
    all.then_some(number)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a civil date (Howard Hinnant, "chrono-compatible low-level date algorithms").
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn epoch(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let number: i128 = whole.parse().ok()?;
    let unit: i128 = match whole.len() {
        9 | 10 => 1_000_000_000,
        12 | 13 => 1_000_000,
        15 | 16 => 1_000,
        18 | 19 => 1,
        _ => return None,
    };
    let mut part: i128 = 0;
    let mut scale = unit;
    for digit in fraction.bytes() {
        scale /= 10;
        part += i128::from(digit.is_ascii_digit().then(|| digit - b'0')?) * scale;
    }
    Some(number * unit + part)
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text, None).ok_or_else(|| serde::de::Error::custom(format!("not a time: {text}")))
    }
}

impl schemars::JsonSchema for At {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["string", "integer"],
            "description": "RFC 3339 with any offset (also +0300 and a space for T), zone-less in the feed's source_tz, or an epoch number by its magnitude"
        })
    }
}

/// The windows that every metric is told over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    /// The last 10 seconds.
    S10,
    M1,
    M5,
    M10,
    M15,
    /// From the first fact to now.
    Live,
}

impl Span {
    pub const ALL: [Self; 6] = [Self::S10, Self::M1, Self::M5, Self::M10, Self::M15, Self::Live];

    /// Its length; `None` for the whole live.
    #[must_use]
    pub const fn ms(self) -> Option<i64> {
        match self {
            Self::S10 => Some(10 * SECOND_MS),
            Self::M1 => Some(MINUTE_MS),
            Self::M5 => Some(5 * MINUTE_MS),
            Self::M10 => Some(10 * MINUTE_MS),
            Self::M15 => Some(15 * MINUTE_MS),
            Self::Live => None,
        }
    }
    /// The label of the window: `10s`, `1m` … `live`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::S10 => "10s",
            Self::M1 => "1m",
            Self::M5 => "5m",
            Self::M10 => "10m",
            Self::M15 => "15m",
            Self::Live => "live",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_time_is_the_same_instant() {
        let zone = Some(chrono_tz::America::Sao_Paulo);
        for text in [
            "2026-11-21T23:31:04.120Z",
            "2026-11-21t23:31:04.120z",
            "2026-11-21T20:31:04.120-03:00",
            "2026-11-21 20:31:04.120-0300",
            "2026-11-21T20:31:04.120-03",
            "2026-11-21T20:31:04.120",
            "2026-11-21T23:31:04,120000999Z",
            "1795303864.120",
            "1795303864120",
            "1795303864120000",
            "1795303864120000000",
        ] {
            assert_eq!(At::parse(text, zone).map(At::rfc3339).as_deref(), Some("2026-11-21T23:31:04.120Z"), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "2026-02-30T00:00:00Z", "1999-12-31T23:59:59Z", "2026-11-21T24:00:00Z", "12", "2026-11-21T23:31:04"] {
            assert_eq!(At::parse(text, None), None, "{text}");
        }
    }
}
