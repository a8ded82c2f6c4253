//! The desk's currency: other ones come in by a rate that the plan fixed, two are never added.

use smallvec::SmallVec;

use crate::engine::money::{Currency, Money, divide_half_even};
use crate::engine::plan::Plan;

/// A rate as a fraction of minor units: so many of the desk's for so many of the other.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rate {
    from: Currency,
    numerator: i128,
    denominator: i128,
}

/// Which currencies were met.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Purse {
    planned: Option<Currency>,
    rates: SmallVec<[Rate; 2]>,
    /// Currencies of summed amounts that no rate leads home from, in order of their codes.
    met: SmallVec<[Currency; 2]>,
}

impl Purse {
    /// A purse in the plan's currency, with the plan's rates.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let rates = plan.currency.map_or_else(SmallVec::new, |home| {
            plan.rates.iter().filter_map(|(code, rate)| read_rate(Currency::parse(code)?, home, rate)).collect()
        });
        Self { planned: plan.currency, rates, met: SmallVec::new() }
    }

    /// An amount in minor units of the desk's currency. What cannot be converted is remembered: no sum is told any more.
    pub fn take(&mut self, money: Money) -> i128 {
        if Some(money.currency) == self.planned || !money.currency.is_named() {
            return i128::from(money.minor);
        }
        if let Some(rate) = self.rates.iter().find(|rate| rate.from == money.currency) {
            let product = i128::from(money.minor).saturating_mul(rate.numerator);
            return divide_half_even(product, rate.denominator).map_or(i128::from(money.minor), i128::from);
        }
        if let Err(place) = self.met.binary_search(&money.currency) {
            self.met.insert(place, money.currency);
        }
        i128::from(money.minor)
    }

    /// The currency that sums are told in; `None` when there are several.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        match (self.planned, self.met.as_slice()) {
            (Some(planned), []) => Some(planned),
            (None, []) => Some(Currency::NONE),
            (None, [only]) => Some(*only),
            (Some(_), [_, ..]) | (None, [_, _, ..]) => None,
        }
    }
}

/// `"5.42"` for 1 USD = R$ 5.42, as a fraction between minor units.
fn read_rate(from: Currency, home: Currency, text: &str) -> Option<Rate> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if fraction.len() > 12 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = 10i128.pow(u32::try_from(fraction.len()).ok()?);
    let numerator = digits.checked_mul(10i128.pow(home.exponent()))?;
    let denominator = scale.checked_mul(10i128.pow(from.exponent()))?;
    (digits > 0).then_some(Rate { from, numerator, denominator })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_currencies_come_in_by_the_plans_rate_only() {
        let mut plan = Plan { currency: Some(Currency::BRL), ..Plan::default() };
        plan.rates.insert("USD".into(), "5.425".into());
        plan.rates.insert("JPY".into(), "0.04".into());
        let mut purse = Purse::new(&plan);
        assert_eq!(purse.take(Money::new(100, Currency::USD)), 542);
        assert_eq!(purse.take(Money::new(300, Currency::USD)), 1628);
        assert_eq!(purse.take(Money::new(1_000, Currency::parse("JPY").unwrap())), 4_000);
        assert_eq!(purse.currency(), Some(Currency::BRL));
        purse.take(Money::new(1, Currency::parse("EUR").unwrap()));
        assert_eq!(purse.currency(), None);
    }

    #[test]
    fn without_a_plan_the_events_say_the_currency() {
        let mut purse = Purse::new(&Plan::default());
        assert_eq!(purse.currency(), Some(Currency::NONE));
        purse.take(Money::new(1, Currency::BRL));
        purse.take(Money::new(1, Currency::NONE));
        assert_eq!(purse.currency(), Some(Currency::BRL));
        purse.take(Money::new(1, Currency::USD));
        assert_eq!(purse.currency(), None);
    }
}
