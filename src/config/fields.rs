//! Money, lengths, shares and times as people write them in a plan.

use chrono::NaiveTime;
use chrono_tz::Tz;
use toml::Spanned;
use toml::de::DeValue;

use crate::engine::id::Name;
use crate::engine::money::{Currency, Money};
use crate::engine::spelling;
use crate::engine::time::At;
use crate::feed::document::Section;

/// The longest length that a plan may name: a week.
pub const LONGEST_S: i64 = 7 * 24 * 3_600;

/// Seconds of a length: `2h`, `1h30m`, `90m`, `45s`, `1h 05m`.
#[must_use]
pub fn length(text: &str) -> Option<i64> {
    let mut seconds = 0i64;
    let mut digits = String::new();
    let mut last_unit = i64::MAX;
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c {
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        if unit >= last_unit {
            return None;
        }
        last_unit = unit;
        seconds = digits.parse::<i64>().ok()?.checked_mul(unit)?.checked_add(seconds)?;
        digits.clear();
    }
    (digits.is_empty() && last_unit < i64::MAX && seconds <= LONGEST_S).then_some(seconds)
}

/// A share: `0.35`, or as text `35%` (`12.5 %`).
#[must_use]
pub fn share(value: &DeValue<'_>) -> Option<f64> {
    let number = match value {
        DeValue::Float(number) => number.as_str().replace('_', "").parse::<f64>().ok()?,
        DeValue::Integer(number) => number.as_str().parse::<f64>().ok().filter(|n| matches!(n.abs(), 0.0 | 1.0))?,
        DeValue::String(text) => text.trim().strip_suffix('%')?.trim().parse::<f64>().ok()? / 100.0,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// The text of a number as it stands in the file, so that money never goes through a float.
#[must_use]
pub fn digits(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.trim().to_owned()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().replace('_', "")),
        DeValue::Float(number) => Some(number.as_str().replace('_', "")),
        _ => None,
    }
}

/// Reads the fields of a [`Section`] that a plan has and a platform file has not.
pub trait PlanFields<'d> {
    /// An amount, never negative, in minor units: `"129.90"`.
    fn money(&self, key: &str, currency: Currency) -> Option<i64>;
    /// A length in seconds: `"2h"`.
    fn length(&self, key: &str) -> Option<i64>;
    /// A share from 0 to 1: `"35%"` or `0.35`.
    fn share(&self, key: &str) -> Option<f64>;
    /// An instant, in `zone` when it names none itself: `"2026-11-24 20:00"`.
    fn instant(&self, key: &str, zone: Option<Tz>) -> Option<At>;
    /// A whole number that is not negative.
    fn whole(&self, key: &str) -> Option<i64>;
    /// A word out of a list, with "did you mean".
    fn word(&self, key: &str, known: &[&str]) -> Option<&'d str>;
    fn names(&self, key: &str) -> Vec<Name>;
    fn owned(&self, key: &str) -> Option<String>;
}

impl<'d> PlanFields<'d> for Section<'d> {
    fn money(&self, key: &str, currency: Currency) -> Option<i64> {
        let value = self.value(key)?.get_ref();
        let amount = digits(value).and_then(|text| Money::parse(&text, currency)).map(|money| money.minor);
        match amount {
            None => self.wrong(
                key,
                format!("is no amount of {currency}"),
                format!("write it in major units with a point and at most {} decimals: \"129.90\"", currency.exponent()),
            ),
            Some(minor) if minor < 0 => {
                self.wrong(key, "is negative", "write an amount of 0 or more");
                return None;
            }
            Some(_) => {}
        }
        amount
    }

    fn length(&self, key: &str) -> Option<i64> {
        let value = self.value(key)?;
        let seconds = value.get_ref().as_str().and_then(length);
        if seconds.is_none() {
            self.wrong(key, "is no length of time", "write it with its unit, up to 7 days: \"2h\", \"1h30m\", \"45s\"");
        }
        seconds
    }

    fn share(&self, key: &str) -> Option<f64> {
        let value = self.value(key)?;
        let share = share(value.get_ref()).filter(|share| (0.0..=1.0).contains(share));
        if share.is_none() {
            self.wrong(key, "is no share between 0 and 1", "write \"35%\" or 0.35");
        }
        share
    }

    fn instant(&self, key: &str, zone: Option<Tz>) -> Option<At> {
        let value = self.value(key)?;
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            _ => String::new(),
        };
        let at = At::parse(&text, zone);
        if at.is_none() {
            let remedy = if zone.is_none() {
                "write it with its offset (2026-11-24T20:00:00-03:00), or name the `time_zone`"
            } else {
                "write it as \"2026-11-24 20:00\" (a time that a clock change skips does not exist)"
            };
            self.wrong(key, "is no time", remedy);
        }
        at
    }

    fn whole(&self, key: &str) -> Option<i64> {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok().filter(|n| *n >= 0),
            _ => None,
        };
        if number.is_none() {
            self.wrong(key, "is no whole number", "write 0 or a whole number above it");
        }
        number
    }

    fn word(&self, key: &str, known: &[&str]) -> Option<&'d str> {
        let text = self.text(key)?;
        if known.contains(&text) {
            return Some(text);
        }
        self.wrong(key, format!("is `{text}`, which is not known"), spelling::remedy(text, known));
        None
    }

    fn names(&self, key: &str) -> Vec<Name> {
        self.texts(key).into_iter().map(Name::from).collect()
    }

    fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }
}

/// A clock time of a plan: `21:00`, `21:00:30`.
#[must_use]
pub fn clock_time(text: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S"].iter().find_map(|form| NaiveTime::parse_from_str(text.trim(), form).ok())
}

/// The text of a list item.
#[must_use]
pub fn text_of<'v>(value: &'v Spanned<DeValue<'_>>) -> Option<&'v str> {
    value.get_ref().as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_people_write_them() {
        for (text, seconds) in [("2h", 7_200), ("1h30m", 5_400), ("90m", 5_400), ("45s", 45), ("1h 05m", 3_900), ("1d", 86_400)] {
            assert_eq!(length(text), Some(seconds), "{text}");
        }
        for text in ["", "2", "2x", "h", "30m1h", "1h1h", "9999999h", "-5m", "1.5h"] {
            assert_eq!(length(text), None, "{text}");
        }
    }

    #[test]
    fn clock_times_have_two_forms() {
        assert!(clock_time("21:00").is_some() && clock_time("21:00:30").is_some());
        assert!(clock_time("25:00").is_none() && clock_time("52m").is_none());
    }
}
