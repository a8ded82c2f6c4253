//! Numbers as the glass writes them: the locale's separators, the plan's zone, "—" for what is not known.
//!
//! Nothing here decides what a number is; it only writes what `engine::metric` answered.

use chrono::Timelike;
use chrono_tz::Tz;

use super::glyphs::Glyphs;
use super::words::Lang;
use crate::engine::metric::Value;
use crate::engine::money::{Currency, Money};
use crate::engine::time::{At, HOUR_MS, MINUTE_MS, SECOND_MS};

/// How numbers are written.
#[derive(Clone, Debug, PartialEq)]
pub struct Format {
    lang: Lang,
    zone: Tz,
    glyphs: Glyphs,
    /// Money and names are hidden (`P`).
    masked: bool,
}

impl Format {
    #[must_use]
    pub const fn new(lang: Lang, zone: Tz, glyphs: Glyphs) -> Self {
        Self { lang, zone, glyphs, masked: false }
    }

    /// The same, with money and names hidden or shown.
    #[must_use]
    pub const fn masking(mut self, masked: bool) -> Self {
        self.masked = masked;
        self
    }

    #[must_use]
    pub const fn is_masked(&self) -> bool {
        self.masked
    }

    #[must_use]
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// What stands for a value that is not known.
    #[must_use]
    pub const fn unknown(&self) -> &'static str {
        self.glyphs.dash
    }

    /// Stands between the parts of a line.
    #[must_use]
    pub const fn middot(&self) -> &'static str {
        self.glyphs.middot
    }

    const fn point(&self) -> char {
        match self.lang {
            Lang::En => '.',
            Lang::PtBr => ',',
        }
    }

    const fn group(&self) -> char {
        match self.lang {
            Lang::En => ',',
            Lang::PtBr => '.',
        }
    }

    /// Money in full, with its symbol: `R$ 24.912,50`.
    #[must_use]
    pub fn money(&self, money: Money) -> String {
        format!("{}{}", self.symbol(money.currency), self.amount(money))
    }

    /// Money in full without its symbol: `24.912,50`.
    #[must_use]
    pub fn amount(&self, money: Money) -> String {
        if self.masked {
            return self.hidden(3);
        }
        let exponent = money.currency.exponent();
        let unit = 10u64.pow(exponent);
        let absolute = money.minor.unsigned_abs();
        let whole = self.grouped(absolute / unit);
        let sign = self.sign(money.minor < 0);
        match exponent {
            0 => format!("{sign}{whole}"),
            _ => format!("{sign}{whole}{}{:0width$}", self.point(), absolute % unit, width = exponent as usize),
        }
    }

    /// Money on few columns, with its symbol: `R$ 66.8k`, `R$ 890`.
    #[must_use]
    pub fn money_short(&self, money: Money) -> String {
        format!("{}{}", self.symbol(money.currency), self.amount_short(money))
    }

    /// Money on few columns without its symbol: `66.8k`.
    #[must_use]
    pub fn amount_short(&self, money: Money) -> String {
        if self.masked {
            return self.hidden(3);
        }
        let unit = 10i128.pow(money.currency.exponent());
        self.short(i128::from(money.minor), unit)
    }

    /// `R$ `, `US$ `, else the code.
    #[must_use]
    pub fn symbol(&self, currency: Currency) -> String {
        match currency.code() {
            "XXX" => String::new(),
            "BRL" => "R$ ".to_owned(),
            "USD" => "US$ ".to_owned(),
            "EUR" if !self.glyphs.is_ascii() => "€ ".to_owned(),
            "GBP" if !self.glyphs.is_ascii() => "£ ".to_owned(),
            code => format!("{code} "),
        }
    }

    /// A count in full: `2,412`.
    #[must_use]
    pub fn count(&self, count: i64) -> String {
        format!("{}{}", self.sign(count < 0), self.grouped(count.unsigned_abs()))
    }

    /// A count on few columns: `11.6k`, `2,412`.
    #[must_use]
    pub fn count_short(&self, count: i64) -> String {
        if count.unsigned_abs() < 10_000 { self.count(count) } else { self.short(i128::from(count), 1) }
    }

    /// `3.3%` from 0.033, with so many decimals.
    #[must_use]
    pub fn percent(&self, share: f64, decimals: usize) -> String {
        format!("{}%", self.number(share * 100.0, decimals))
    }

    /// A change with its sign: `+7%`, `−43%`.
    #[must_use]
    pub fn change(&self, share: f64) -> String {
        let percent = (share * 100.0).round();
        if !percent.is_finite() {
            return self.unknown().to_owned();
        }
        let plus = if percent > 0.0 { "+" } else { "" };
        format!("{plus}{}%", self.number(percent, 0))
    }

    /// A factor: `×0.36`.
    #[must_use]
    pub fn factor(&self, factor: f64) -> String {
        format!("{}{}", self.glyphs.times, self.number(factor, 2))
    }

    /// A number with so many decimals; "—" for what is no number.
    #[must_use]
    pub fn number(&self, number: f64, decimals: usize) -> String {
        if !number.is_finite() {
            return self.unknown().to_owned();
        }
        let text = format!("{:.decimals$}", number.abs());
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let is_zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
        let sign = self.sign(number < 0.0 && !is_zero);
        let whole = group(whole, self.group());
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}{}{fraction}", self.point()) }
    }

    /// A value of the engine: money short, counts in full, numbers with two decimals.
    #[must_use]
    pub fn value(&self, value: Value) -> String {
        match value {
            Value::Count(count) => self.count(count),
            Value::Money(money) => self.money_short(money),
            Value::Number(number) => self.number(number, 2),
            Value::Unknown(_) => self.unknown().to_owned(),
        }
    }

    /// How old something is: `2s`, `58s`, `4m`, `3h`. What lies ahead is `0s`.
    #[must_use]
    pub fn age(&self, ms: i64) -> String {
        match ms.max(0) {
            ms if ms < MINUTE_MS => format!("{}s", ms / SECOND_MS),
            ms if ms < HOUR_MS => format!("{}m", ms / MINUTE_MS),
            ms if ms < 100 * HOUR_MS => format!("{}h", ms / HOUR_MS),
            ms => format!("{}d", ms / (24 * HOUR_MS)),
        }
    }

    /// `00:47:12`; a sign before what is negative.
    #[must_use]
    pub fn duration(&self, ms: i64) -> String {
        let s = ms.unsigned_abs() / 1_000;
        format!("{}{:02}:{:02}:{:02}", self.sign(ms <= -SECOND_MS), s / 3600, s / 60 % 60, s % 60)
    }

    /// `04:10`, or `1:12:48` from an hour on.
    #[must_use]
    pub fn countdown(&self, ms: i64) -> String {
        let s = ms.unsigned_abs() / 1_000;
        let sign = self.sign(ms <= -SECOND_MS);
        if s >= 3600 {
            return format!("{sign}{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
        }
        format!("{sign}{:02}:{:02}", s / 60, s % 60)
    }

    /// The clock of the plan's zone: `20:47`.
    #[must_use]
    pub fn clock(&self, at: At) -> String {
        let local = at.utc().with_timezone(&self.zone);
        format!("{:02}:{:02}", local.hour(), local.minute())
    }

    /// With seconds: `20:47:12`.
    #[must_use]
    pub fn clock_s(&self, at: At) -> String {
        let local = at.utc().with_timezone(&self.zone);
        format!("{:02}:{:02}:{:02}", local.hour(), local.minute(), local.second())
    }

    /// A person's name or key: hidden while the glass is masked.
    #[must_use]
    pub fn person<'a>(&self, name: &'a str) -> std::borrow::Cow<'a, str> {
        if self.masked { self.hidden(4).into() } else { name.into() }
    }

    fn hidden(&self, columns: usize) -> String {
        self.glyphs.masked.repeat(columns)
    }

    const fn sign(&self, negative: bool) -> &'static str {
        if negative { self.glyphs.minus } else { "" }
    }

    fn grouped(&self, number: u64) -> String {
        group(&number.to_string(), self.group())
    }

    /// Four or five columns: `890`, `9.8k`, `66.8k`, `668k`, `1.2M`. Integers only; halves go away from zero.
    fn short(&self, minor: i128, unit: i128) -> String {
        let sign = self.sign(minor < 0);
        let absolute = minor.abs();
        let whole = rounded(absolute, unit);
        if whole < 1_000 {
            return format!("{sign}{whole}");
        }
        for (step, letter) in [(1_000, 'k'), (1_000_000, 'M'), (1_000_000_000, 'G')] {
            let tenths = rounded(absolute * 10, unit * step);
            if tenths < 1_000 {
                return format!("{sign}{}{}{}{letter}", tenths / 10, self.point(), tenths % 10);
            }
            let ones = rounded(absolute, unit * step);
            if ones < 1_000 {
                return format!("{sign}{ones}{letter}");
            }
        }
        format!("{sign}{}T", rounded(absolute, unit * 1_000_000_000_000))
    }
}

const fn rounded(number: i128, unit: i128) -> i128 {
    (number + unit / 2) / unit
}

/// Digits in groups of three.
fn group(digits: &str, separator: char) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::glyphs::Charset;
    use super::*;

    fn format(lang: Lang) -> Format {
        Format::new(lang, chrono_tz::America::Sao_Paulo, Glyphs::default())
    }
    fn brl(minor: i64) -> Money {
        Money::new(minor, Currency::BRL)
    }

    #[test]
    fn money_follows_the_locale() {
        let (en, pt) = (format(Lang::En), format(Lang::PtBr));
        assert_eq!(en.money(brl(2_491_250)), "R$ 24,912.50");
        assert_eq!(pt.money(brl(2_491_250)), "R$ 24.912,50");
        assert_eq!(pt.money(brl(-5)), "R$ −0,05");
        assert_eq!(en.money(Money::new(1_234_567, Currency::parse("JPY").unwrap())), "JPY 1,234,567");
    }

    #[test]
    fn short_money_keeps_three_digits() {
        let en = format(Lang::En);
        for (minor, text) in [
            (0, "R$ 0"),
            (49, "R$ 0"),
            (89_000, "R$ 890"),
            (99_949, "R$ 999"),
            (99_950, "R$ 1.0k"),
            (2_491_250, "R$ 24.9k"),
            (6_680_000, "R$ 66.8k"),
            (9_995_000, "R$ 100k"),
            (17_830_000, "R$ 178k"),
            (123_456_789, "R$ 1.2M"),
            (i64::MAX, "R$ 92234T"),
            (i64::MIN, "R$ −92234T"),
        ] {
            assert_eq!(en.money_short(brl(minor)), text, "{minor}");
        }
        assert_eq!(format(Lang::PtBr).money_short(brl(6_680_000)), "R$ 66,8k");
    }

    #[test]
    fn counts_percents_and_factors() {
        let (en, pt) = (format(Lang::En), format(Lang::PtBr));
        assert_eq!(en.count(2_412), "2,412");
        assert_eq!(pt.count(1_234_567), "1.234.567");
        assert_eq!(en.count_short(11_600), "11.6k");
        assert_eq!(en.percent(0.033, 1), "3.3%");
        assert_eq!(pt.percent(0.033, 1), "3,3%");
        assert_eq!(en.change(-0.43), "−43%");
        assert_eq!(en.change(0.07), "+7%");
        assert_eq!(en.change(-0.0001), "0%");
        assert_eq!(en.factor(0.36), "×0.36");
        assert_eq!(en.number(f64::NAN, 2), "—");
        assert_eq!(en.change(f64::INFINITY), "—");
    }

    #[test]
    fn times_are_told_in_the_plans_zone() {
        let at = At::parse("2026-11-21T23:31:04Z", None).unwrap();
        assert_eq!(format(Lang::En).clock(at), "20:31");
        assert_eq!(format(Lang::En).clock_s(at), "20:31:04");
    }

    #[test]
    fn ages_and_durations() {
        let en = format(Lang::En);
        assert_eq!((en.age(2_900).as_str(), en.age(58_000).as_str(), en.age(250_000).as_str()), ("2s", "58s", "4m"));
        assert_eq!(en.age(-5), "0s");
        assert_eq!(en.duration(2_832_000), "00:47:12");
        assert_eq!(en.countdown(250_000), "04:10");
        assert_eq!(en.countdown(4_368_000), "1:12:48");
        assert_eq!(en.countdown(-61_000), "−01:01");
    }

    #[test]
    fn a_masked_glass_shows_neither_money_nor_names() {
        let masked = format(Lang::En).masking(true);
        assert_eq!(masked.money(brl(123)), "R$ •••");
        assert_eq!(masked.money_short(brl(123)), "R$ •••");
        assert_eq!(masked.person("Ana"), "••••");
        assert_eq!(masked.count(12), "12");
    }

    #[test]
    fn ascii_writes_only_ascii() {
        let ascii = Format::new(Lang::En, chrono_tz::UTC, Glyphs::of(Charset::Ascii));
        for text in
            [ascii.change(-0.4), ascii.factor(0.5), ascii.number(f64::NAN, 1), ascii.money(Money::new(-1, Currency::parse("EUR").unwrap()))]
        {
            assert!(text.is_ascii(), "{text}");
        }
    }
}
