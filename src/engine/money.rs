//! Money in integer minor units with its currency, parsed from text, never through a float.
//!
//! Sums are kept in `i128` by the ledgers; two currencies are never added.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 4217 code. [`Currency::NONE`] (`XXX`, "no currency") stands for an amount whose currency nobody named.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// `XXX`: the currency was not said. Counted in hundredths.
    pub const NONE: Self = Self(*b"XXX");
    pub const BRL: Self = Self(*b"BRL");
    pub const USD: Self = Self(*b"USD");

    /// Reads a code in any case; `None` for what ISO 4217 does not list.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        let upper = bytes.map(|b| b.to_ascii_uppercase());
        if matches!(&upper, b"BRL" | b"USD" | b"EUR" | b"XXX") {
            return Some(Self(upper));
        }
        iso_currency::Currency::from_code(std::str::from_utf8(&upper).ok()?)?;
        Some(Self(upper))
    }
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
    /// Decimals of the minor unit: BRL 2, JPY 0, BHD 3.
    #[must_use]
    pub fn exponent(self) -> u32 {
        if matches!(&self.0, b"BRL" | b"USD" | b"EUR" | b"XXX") {
            return 2;
        }
        iso_currency::Currency::from_code(self.code()).and_then(iso_currency::Currency::exponent).map_or(2, u32::from)
    }
    #[must_use]
    pub fn is_named(self) -> bool {
        self != Self::NONE
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("not an ISO 4217 currency: {text}")))
    }
}
impl schemars::JsonSchema for Currency {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[A-Za-z]{3}$", "description": "ISO 4217 code"})
    }
}

/// An amount in minor units. Written as text in major units: `"129.90"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

impl Money {
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads major units from text: `129.90`, `-3`, `1299.9000`. No exponent, no grouping; more decimals than
    /// the currency has are refused unless they are zeros, and so is what does not fit 64 bits.
    #[must_use]
    pub fn parse(text: &str, currency: Currency) -> Option<Self> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let exponent = currency.exponent() as usize;
        let (kept, rest) = fraction.split_at_checked(exponent.min(fraction.len()))?;
        if !rest.bytes().all(|b| b == b'0') {
            return None;
        }
        let mut minor: i64 = 0;
        for b in whole.bytes().chain(kept.bytes()) {
            if !b.is_ascii_digit() {
                return None;
            }
            minor = minor.checked_mul(10)?.checked_add(i64::from(b - b'0'))?;
        }
        for _ in kept.len()..exponent {
            minor = minor.checked_mul(10)?;
        }
        Some(Self::new(if negative { -minor } else { minor }, currency))
    }

    /// Major units as plain text, with all decimals of the currency: `129.90`.
    #[must_use]
    pub fn text(self) -> String {
        let exponent = self.currency.exponent();
        if exponent == 0 {
            return self.minor.to_string();
        }
        let unit = 10u64.pow(exponent);
        let (sign, absolute) = (if self.minor < 0 { "-" } else { "" }, self.minor.unsigned_abs());
        format!("{sign}{}.{:0width$}", absolute / unit, absolute % unit, width = exponent as usize)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency, self.text())
    }
}
impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}
impl schemars::JsonSchema for Money {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Money".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Major units as text or as a JSON number without exponent, or minor units as an object",
            "oneOf": [
                {"type": "string", "pattern": "^[-+]?[0-9]*(\\.[0-9]+)?$"},
                {"type": "number"},
                {"type": "object", "properties": {"minor": {"type": "integer"}}, "required": ["minor"]}
            ]
        })
    }
}

/// `numerator / denominator` to the nearest integer, halves to even; `None` over zero or out of range.
#[must_use]
pub fn divide_half_even(numerator: i128, denominator: i128) -> Option<i64> {
    if denominator == 0 {
        return None;
    }
    let (numerator, denominator) = if denominator < 0 { (-numerator, -denominator) } else { (numerator, denominator) };
    let (quotient, remainder) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    let twice = remainder.checked_mul(2)?;
    let up = twice > denominator || (twice == denominator && quotient.rem_euclid(2) == 1);
    i64::try_from(quotient + i128::from(up)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_units_are_read_by_their_text() {
        let brl = |text| Money::parse(text, Currency::BRL).map(|m| m.minor);
        assert_eq!(brl("129.90"), Some(12_990));
        assert_eq!(brl("1.15"), Some(115));
        assert_eq!(brl("-3"), Some(-300));
        assert_eq!(brl(".5"), Some(50));
        assert_eq!(brl("1.9000"), Some(190));
        for bad in ["", "-", "1.905", "1e3", "1,90", "1_000", "abc", "92233720368547758.08"] {
            assert_eq!(brl(bad), None, "{bad}");
        }
        let yen = Currency::parse("jpy");
        assert_eq!(yen.and_then(|c| Money::parse("500", c)).map(|m| m.minor), Some(500));
        assert_eq!(yen.and_then(|c| Money::parse("500.5", c)), None);
        assert_eq!(Currency::parse("BHD").and_then(|c| Money::parse("1.234", c)).map(Money::text).as_deref(), Some("1.234"));
    }

    #[test]
    fn halves_go_to_even() {
        assert_eq!([5, 15, 25, -5, -15].map(|n| divide_half_even(n, 10)), [Some(0), Some(2), Some(2), Some(0), Some(-2)]);
        assert_eq!(divide_half_even(1, 0), None);
    }
}
