//! A rate of one live beside the same rate of another: the quotient, with its interval.

use serde::{Deserialize, Serialize};

use crate::engine::impact::{RateRatio, Verdict};

/// What the counts of a rate are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    /// So many of so many.
    Share,
    /// Events over an exposure.
    Events,
    /// Money over an exposure: orders of which nobody knows how they differ are taken to differ as an exponential does.
    Money,
}

/// A rate with what it stands on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    pub numerator: f64,
    pub denominator: f64,
    /// Events that it stands on.
    pub events: f64,
    pub counts: Counts,
}

impl Rate {
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        (self.denominator > 0.0).then(|| self.numerator / self.denominator)
    }

    /// Variance of its logarithm.
    fn variance(&self) -> Option<f64> {
        (self.events > 0.0 && self.numerator > 0.0 && self.denominator > 0.0).then(|| match self.counts {
            Counts::Share => (1.0 / self.numerator - 1.0 / self.denominator).max(0.0),
            Counts::Events => 1.0 / self.events,
            Counts::Money => 2.0 / self.events,
        })
    }

    /// This rate over an earlier one; `None` where either stands on nothing.
    #[must_use]
    pub fn over(&self, earlier: &Self) -> Option<RateRatio> {
        let ratio = self.value()? / earlier.value()?;
        let spread = (self.variance()? + earlier.variance()?).sqrt();
        (ratio.is_finite() && ratio > 0.0).then(|| RateRatio::from_log(ratio.ln(), spread))
    }
}

/// The verdict on a change where less may be what is wanted.
#[must_use]
pub fn verdict(ratio: RateRatio, less_is_better: bool) -> Verdict {
    match (ratio.verdict(), less_is_better) {
        (Verdict::Better, true) => Verdict::Worse,
        (Verdict::Worse, true) => Verdict::Better,
        (verdict, _) => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(numerator: f64, denominator: f64) -> Rate {
        Rate { numerator, denominator, events: numerator, counts: Counts::Share }
    }

    #[test]
    fn few_events_tell_nothing_and_many_tell() {
        let few = share(6.0, 100.0).over(&share(4.0, 100.0)).unwrap();
        assert!((few.ratio - 1.5).abs() < 1e-12 && few.verdict() == Verdict::CantTell);
        let many = share(600.0, 10_000.0).over(&share(400.0, 10_000.0)).unwrap();
        assert_eq!((many.verdict(), verdict(many, true)), (Verdict::Better, Verdict::Worse));
        assert!(many.low > few.low && many.high < few.high);
        assert_eq!(share(0.0, 100.0).over(&share(4.0, 100.0)), None);
        assert_eq!(share(1.0, 0.0).value(), None);
    }

    #[test]
    fn money_is_known_less_well_than_its_orders() {
        let rate = |counts| Rate { numerator: 9_000.0, denominator: 100.0, events: 50.0, counts };
        let width = |counts| rate(counts).over(&rate(counts)).unwrap().high;
        assert!(width(Counts::Money) > width(Counts::Events));
    }
}
