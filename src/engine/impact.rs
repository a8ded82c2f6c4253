//! What an intervention did, against what would have happened without it.
//!
//! The counterfactual ([`share`]) is conditioned on everything seen up to the act, the dip that triggered it included, so that
//! regression to the mean is not sold as success. A single act of ten minutes gives weak evidence; [`Verdict::CantTell`] is a
//! normal answer.

pub mod gain;
pub mod measure;
pub mod pooled;
pub mod share;

use serde::Serialize;

/// The verdict on an act (events.md, "The summary").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The interval lies above 1.
    Better,
    /// The interval lies below 1.
    Worse,
    /// The interval lies within ±10 %.
    NoVisibleChange,
    CantTell,
    /// The act still runs, or its minutes are not complete.
    NotEnoughYet,
}

/// A rate ratio with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateRatio {
    pub ratio: f64,
    pub low: f64,
    pub high: f64,
}

impl Verdict {
    /// Its id in the summary.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NoVisibleChange => "no_visible_change",
            Self::CantTell => "cant_tell",
            Self::NotEnoughYet => "not_enough_yet",
        }
    }
}

impl RateRatio {
    /// From a log ratio and its standard deviation.
    #[must_use]
    pub fn from_log(ln_ratio: f64, sd: f64) -> Self {
        let half = super::detect::special::Z95 * sd;
        Self { ratio: ln_ratio.exp(), low: (ln_ratio - half).exp(), high: (ln_ratio + half).exp() }
    }

    /// What the interval says once all minutes are in.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        if self.low > 1.0 {
            Verdict::Better
        } else if self.high < 1.0 {
            Verdict::Worse
        } else if self.low >= 0.9 && self.high <= 1.1 {
            Verdict::NoVisibleChange
        } else {
            Verdict::CantTell
        }
    }
}
