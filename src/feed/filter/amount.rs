//! An amount of money on its way through a filter: read from its text, added and multiplied exactly, rounded only where it is asked for.

use jaq_core::native::{Fun, bome, v};
use jaq_core::{Error, Native};
use jaq_json::Val;

use super::Data;
use crate::engine::money::Currency;

/// Digits of an amount, and places behind its point.
const MAX_DIGITS: usize = 34;
const MAX_PLACES: u32 = 30;

/// `units` × 10 ^ -`places`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Amount {
    units: i128,
    places: u32,
}

impl Amount {
    const ZERO: Self = Self { units: 0, places: 0 };

    /// Reads `129.90`, `-3`, `.5` and what a float is written as: `1e-7`.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (digits, exponent) =
            text.split_once(['e', 'E']).map_or(Some((text, 0)), |(digits, e)| Some((digits, e.parse::<i32>().ok()?)))?;
        let (negative, digits) = match digits.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, digits.strip_prefix('+').unwrap_or(digits)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let count = whole.len() + fraction.len();
        if count == 0 || count > MAX_DIGITS || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let units = whole.bytes().chain(fraction.bytes()).fold(0, |units: i128, byte| units * 10 + i128::from(byte - b'0'));
        let units = if negative { -units } else { units };
        let places = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        match u32::try_from(places) {
            Ok(places) if places <= MAX_PLACES => Some(Self { units, places }),
            Ok(_) => None,
            Err(_) => Some(Self { units: units.checked_mul(10i128.checked_pow(places.unsigned_abs())?)?, places: 0 }),
        }
    }

    fn at(self, places: u32) -> Option<i128> {
        self.units.checked_mul(10i128.checked_pow(places.checked_sub(self.places)?)?)
    }

    fn plus(self, other: Self) -> Option<Self> {
        let places = self.places.max(other.places);
        Some(Self { units: self.at(places)?.checked_add(other.at(places)?)?, places })
    }

    fn times(self, other: Self) -> Option<Self> {
        let places = self.places + other.places;
        let units = self.units.checked_mul(other.units)?;
        (places <= MAX_PLACES).then_some(Self { units, places })
    }

    /// One of `parts` equal parts to so many places, halves away from zero, as shops round.
    fn shared(self, parts: Self, places: u32) -> Option<Self> {
        // self ÷ parts = (units × 10^(places + parts.places)) ÷ (parts.units × 10^self.places), in units of 10^-places
        let numerator = self.units.checked_mul(10i128.checked_pow(places + parts.places)?)?;
        let denominator = parts.units.checked_mul(10i128.checked_pow(self.places)?)?;
        let (quotient, rest) = (numerator.checked_div(denominator)?, numerator.checked_rem(denominator)?);
        let up = rest.unsigned_abs() >= denominator.unsigned_abs() - rest.unsigned_abs();
        let away = if (numerator < 0) == (denominator < 0) { 1 } else { -1 };
        Some(Self { units: if up { quotient + away } else { quotient }, places })
    }

    fn text(self) -> String {
        let (sign, digits) = (if self.units < 0 { "-" } else { "" }, self.units.unsigned_abs().to_string());
        let places = self.places as usize;
        let digits = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }
}

/// What the library's money is made of: `amount_sum` of an array, `amount_times($n)`, `amount_shared($n; $currency)`.
pub(super) fn natives() -> [Fun<Data>; 3] {
    let sum = Native::new(|cv| bome(sum_of(&cv.1)));
    let times = Native::new(|mut cv| {
        let factor = cv.0.pop_var();
        bome(read(&cv.1).and_then(|amount| told(amount.times(read(&factor)?))))
    });
    let shared = Native::new(|mut cv| {
        let currency = cv.0.pop_var();
        let parts = cv.0.pop_var();
        bome(read(&cv.1).and_then(|amount| told(amount.shared(read(&parts)?, decimals(&currency)))))
    });
    [("amount_sum", v(0), sum), ("amount_times", v(1), times), ("amount_shared", v(2), shared)]
}

fn sum_of(list: &Val) -> Result<Val, Error<Val>> {
    let Val::Arr(list) = list else { return Err(Error::str(format_args!("no list of amounts: {list}"))) };
    let add = |sum: Amount, value: &Val| sum.plus(read(value)?).ok_or_else(too_large);
    told(Some(list.iter().try_fold(Amount::ZERO, add)?))
}

/// A number or a text.
fn read(value: &Val) -> Result<Amount, Error<Val>> {
    let amount = match value {
        Val::TStr(text) | Val::BStr(text) => std::str::from_utf8(text).ok().and_then(Amount::parse),
        Val::Num(number) => Amount::parse(&number.to_string()),
        _ => None,
    };
    amount.ok_or_else(|| Error::str(format_args!("no amount: {value}")))
}

fn told(amount: Option<Amount>) -> Result<Val, Error<Val>> {
    amount.map(|amount| Val::from(amount.text())).ok_or_else(too_large)
}

fn too_large() -> Error<Val> {
    Error::str("an amount of too many digits, or shared among none")
}

/// Of a currency's code; of one that is not known, or no ISO 4217 code, two.
fn decimals(code: &Val) -> u32 {
    let code = match code {
        Val::TStr(text) | Val::BStr(text) => std::str::from_utf8(text).ok().and_then(Currency::parse),
        _ => None,
    };
    code.unwrap_or(Currency::NONE).exponent()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn amounts_are_read_by_their_text() {
        for (text, told) in [
            ("129.90", "129.90"),
            ("-3", "-3"),
            (".5", "0.5"),
            ("+7.", "7"),
            ("1e-7", "0.0000001"),
            ("1.5E3", "1500"),
            ("-0.05", "-0.05"),
            ("30.299999999999997", "30.299999999999997"),
            ("9007199254740993", "9007199254740993"),
        ] {
            assert_eq!(amount(text).text(), told);
        }
        for bad in ["", ".", "-", "1,5", "NaN", "1e", "1e999", "1e-31", "12345678901234567890123456789012345"] {
            assert_eq!(Amount::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn sums_and_products_are_exact() {
        assert_eq!(amount("10.10").plus(amount("20.2")).map(Amount::text).as_deref(), Some("30.30"));
        assert_eq!(amount("0.1").plus(amount("-0.3")).map(Amount::text).as_deref(), Some("-0.2"));
        assert_eq!(amount("10").times(amount("2.5")).map(Amount::text).as_deref(), Some("25.0"));
        let largest = amount("9999999999999999999999999999999999");
        assert_eq!(largest.times(largest), None);
        assert_eq!(largest.plus(amount("1e-30")), None);
    }

    #[test]
    fn shares_are_rounded_to_the_nearest_halves_away_from_zero() {
        let shared = |text, parts, places| amount(text).shared(amount(parts), places).map(Amount::text);
        for (text, parts, places, told) in [
            ("1000", "3", 0, "333"),
            ("1000", "3", 2, "333.33"),
            ("2000", "3", 2, "666.67"),
            ("12.345", "1", 3, "12.345"),
            ("12.345", "1", 2, "12.35"),
            ("-12.345", "1", 2, "-12.35"),
            ("34.116425", "1", 2, "34.12"),
            ("100", "0.5", 2, "200.00"),
            ("0.5", "1", 0, "1"),
            ("0.49", "1", 0, "0"),
            ("-10", "-4", 0, "3"),
            ("12990.00", "1", 0, "12990"),
        ] {
            assert_eq!(shared(text, parts, places).as_deref(), Some(told), "{text} / {parts}");
        }
        assert_eq!(shared("1", "0", 2), None);
    }
}
