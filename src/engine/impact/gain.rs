//! What an act brought while it ran, in orders, money and margin: its effect at the prices that were really paid.

use super::RateRatio;
use crate::engine::money::Money;

/// A figure with its 95 % range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range<T> {
    pub mid: T,
    pub low: T,
    pub high: T,
}

impl<T> Range<T> {
    fn map<U>(&self, of: impl Fn(&T) -> U) -> Range<U> {
        Range { mid: of(&self.mid), low: of(&self.low), high: of(&self.high) }
    }
}

/// What came in above what was to be expected without the act.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gain {
    pub orders: Range<f64>,
    pub money: Range<Money>,
    /// Contribution margin, what the discount gave away taken off; unknown where the plan names none.
    pub margin: Option<Range<Money>>,
}

/// What was counted while the act ran, and what an order was worth before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    pub orders: f64,
    pub placed: Money,
    pub ticket_before: f64,
    /// Contribution margin of the price before, as a share.
    pub margin: Option<f64>,
}

/// The gain of an act with this effect; `None` where nothing was counted or an order's worth is not known.
#[must_use]
pub fn gain(counted: Counted, effect: RateRatio) -> Option<Gain> {
    let known = counted.ticket_before > 0.0 && effect.low > 0.0 && effect.high.is_finite();
    if !known {
        return None;
    }
    let without = Range { mid: counted.orders / effect.ratio, low: counted.orders / effect.low, high: counted.orders / effect.high };
    #[expect(clippy::cast_precision_loss, reason = "minor units of an act's sales")]
    let placed = counted.placed.minor as f64;
    let money = |minor: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "minor units of an act's sales")]
        Money::new(minor.round() as i64, counted.placed.currency)
    };
    let margin = counted.margin.map(|margin| {
        // the cost of an order does not follow its discount
        let cost = counted.ticket_before * (1.0 - margin);
        without.map(|orders| money(placed - counted.orders * cost - orders * counted.ticket_before * margin))
    });
    Some(Gain {
        orders: without.map(|orders| counted.orders - orders),
        money: without.map(|orders| money(placed - orders * counted.ticket_before)),
        margin,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::money::Currency;

    fn counted(placed: i64) -> Counted {
        Counted { orders: 18.0, placed: Money::new(placed, Currency::BRL), ticket_before: 10_000.0, margin: Some(0.3) }
    }

    #[test]
    fn a_discount_is_paid_for_out_of_the_margin() {
        let effect = RateRatio { ratio: 1.8, low: 1.2, high: 2.7 };
        // ten orders were to be expected; eighteen came at ten percent off
        let gain = gain(counted(18 * 9_000), effect).unwrap();
        assert!((gain.orders.mid - 8.0).abs() < 1e-9 && gain.orders.low < gain.orders.mid && gain.orders.high > gain.orders.mid);
        assert_eq!(gain.money.mid.minor, 162_000 - 100_000);
        // 18 × (9,000 − 7,000) − 10 × 3,000
        assert_eq!(gain.margin.unwrap().mid.minor, 6_000);
        assert!(gain.margin.unwrap().low.minor < 0, "what it cost may be more than it brought");
    }

    #[test]
    fn without_a_price_or_an_interval_there_is_no_gain() {
        let effect = RateRatio { ratio: 1.0, low: 0.0, high: f64::INFINITY };
        assert_eq!(gain(counted(180_000), effect), None);
        let unpriced = Counted { ticket_before: 0.0, ..counted(0) };
        assert_eq!(gain(unpriced, RateRatio { ratio: 1.0, low: 0.9, high: 1.1 }), None);
    }
}
