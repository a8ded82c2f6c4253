//! Do two groups differ? Two proportions or two rates with their interval, for demonstrations against talk, dear carts
//! against the rest, one channel against another.

use super::special::Z95;

/// How a group compares with the rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    pub ratio: f64,
    pub low: f64,
    pub high: f64,
    pub events: f64,
    pub other_events: f64,
}

/// Least events on either side before two groups are compared.
pub const LEAST_EVENTS: f64 = 5.0;

/// Ratio of two counted rates with its 95 % interval on the log scale, Haldane–Anscombe corrected; `phi` widens it for
/// overdispersion. `None` while there are too few events or no exposure.
#[must_use]
pub fn compare(events: f64, exposure: f64, other_events: f64, other_exposure: f64, phi: f64) -> Option<Comparison> {
    if exposure <= 0.0 || other_exposure <= 0.0 || events + other_events < 2.0 * LEAST_EVENTS {
        return None;
    }
    let ratio = ((events + 0.5) / exposure) / ((other_events + 0.5) / other_exposure);
    let sd = (phi.max(1.0) * (1.0 / (events + 0.5) + 1.0 / (other_events + 0.5))).sqrt();
    Some(Comparison { ratio, low: (ratio.ln() - Z95 * sd).exp(), high: (ratio.ln() + Z95 * sd).exp(), events, other_events })
}

/// Ratio of two proportions (left carts of all carts) with its 95 % interval: delta method on the log scale.
#[must_use]
pub fn compare_shares(part: f64, whole: f64, other_part: f64, other_whole: f64) -> Option<Comparison> {
    if whole < LEAST_EVENTS || other_whole < LEAST_EVENTS || part + other_part < 2.0 * LEAST_EVENTS {
        return None;
    }
    let share = (part + 0.5) / (whole + 1.0);
    let other = (other_part + 0.5) / (other_whole + 1.0);
    let sd = ((1.0 - share) / (part + 0.5) + (1.0 - other) / (other_part + 0.5)).sqrt();
    let ratio = share / other;
    Some(Comparison {
        ratio,
        low: (ratio.ln() - Z95 * sd).exp(),
        high: (ratio.ln() + Z95 * sd).exp(),
        events: part,
        other_events: other_part,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clear_difference_excludes_one_and_a_small_sample_is_not_enough() {
        let clear = compare_shares(169.0, 196.0, 471.0, 829.0).unwrap();
        assert!(clear.low > 1.3 && clear.ratio > 1.45 && clear.ratio < 1.6, "{clear:?}");
        assert_eq!(compare_shares(2.0, 3.0, 400.0, 800.0), None);
        assert_eq!(compare(3.0, 10.0, 2.0, 10.0, 1.0), None);
        let same = compare(100.0, 1000.0, 105.0, 1000.0, 1.0).unwrap();
        assert!(same.low < 1.0 && same.high > 1.0);
    }
}
