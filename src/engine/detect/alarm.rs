//! From evidence to an alarm that does not flap: ok → watch → act → clear → cool-down, counted in bins.

use super::rate::{Evidence, Verdict};

/// Thresholds of ln M and times in bins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// A mark on the panel, nothing more.
    pub watch: f64,
    pub act: f64,
    /// Bins beyond the first that must also be above `act`: one bad packet is no alarm.
    pub hold_bins: u32,
    /// What was seen in fewer bins is no alarm yet, however loud: a feed that hiccups, a minute in which nobody buys.
    pub least_bins: usize,
    /// An alarm clears once ln M stayed below `act - clear_margin` for `clear_bins`.
    pub clear_margin: f64,
    pub clear_bins: u32,
    /// After clearing, no new alarm for so long.
    pub cooldown_bins: u32,
    /// Least probability that the effect is of a size worth advice.
    pub least_probability: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            watch: 6.5,
            act: 9.0,
            hold_bins: 0,
            least_bins: 3,
            clear_margin: 3.0,
            clear_bins: 4,
            cooldown_bins: 20,
            least_probability: 0.95,
        }
    }
}

/// Where a stream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    #[default]
    Ok,
    Watch,
    Act,
}

/// The alarm of one stream.
#[derive(Clone, Debug, Default)]
pub struct Alarm {
    level: Level,
    above: u32,
    below: u32,
    cooling: u32,
}

/// What changed with this bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    Raised(Evidence),
    Cleared,
}

impl Alarm {
    /// Takes the detector's verdict on one bin. A bin that was not judged changes nothing.
    pub fn push(&mut self, verdict: &Verdict, thresholds: &Thresholds) -> Option<Change> {
        self.cooling = self.cooling.saturating_sub(1);
        let Verdict::Judged(evidence) = verdict else { return None };
        let seen = evidence.window_bins >= thresholds.least_bins;
        let loud = seen && evidence.ln_m >= thresholds.act && evidence.beyond_least_effect >= thresholds.least_probability;
        self.above = if loud { self.above + 1 } else { 0 };
        if self.level == Level::Act {
            self.below = if evidence.ln_m < thresholds.act - thresholds.clear_margin { self.below + 1 } else { 0 };
            if self.below < thresholds.clear_bins {
                return None;
            }
            *self = Self { cooling: thresholds.cooldown_bins, ..Self::default() };
            return Some(Change::Cleared);
        }
        if self.above > thresholds.hold_bins && self.cooling == 0 {
            *self = Self { level: Level::Act, ..Self::default() };
            return Some(Change::Raised(*evidence));
        }
        self.level = if evidence.ln_m >= thresholds.watch { Level::Watch } else { Level::Ok };
        None
    }

    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(ln_m: f64) -> Verdict {
        Verdict::Judged(Evidence {
            ln_m,
            window_bins: 4,
            events: 10.0,
            exposure: 100.0,
            expected: 30.0,
            ratio: 0.33,
            low: 0.2,
            high: 0.6,
            beyond_least_effect: 1.0,
            phi: 1.0,
        })
    }

    #[test]
    fn one_bad_bin_raises_nothing_where_a_second_is_asked_for_and_an_alarm_comes_once() {
        let (mut alarm, thresholds) = (Alarm::default(), Thresholds { hold_bins: 1, ..Thresholds::default() });
        let mut raised = |ln_m| matches!(alarm.push(&verdict(ln_m), &thresholds), Some(Change::Raised(_)));
        assert!(!raised(20.0));
        assert!(!raised(0.0));
        assert!(!raised(12.0));
        assert!(raised(12.0));
        assert!((0..50).all(|_| !raised(15.0)));
    }

    #[test]
    fn it_clears_after_two_quiet_minutes_and_then_cools_down() {
        let (mut alarm, thresholds) = (Alarm::default(), Thresholds::default());
        alarm.push(&verdict(12.0), &thresholds);
        let cleared = (1..10).find(|_| alarm.push(&verdict(1.0), &thresholds) == Some(Change::Cleared));
        assert_eq!(cleared, Some(4));
        let again = (1..60).find(|_| matches!(alarm.push(&verdict(12.0), &thresholds), Some(Change::Raised(_))));
        assert_eq!(again, Some(20));
    }

    #[test]
    fn a_bin_that_was_not_judged_changes_nothing() {
        let (mut alarm, thresholds) = (Alarm::default(), Thresholds { hold_bins: 1, ..Thresholds::default() });
        alarm.push(&verdict(12.0), &thresholds);
        assert_eq!(alarm.push(&Verdict::NotEnoughYet, &thresholds), None);
        assert!(matches!(alarm.push(&verdict(12.0), &thresholds), Some(Change::Raised(_))));
    }
}
