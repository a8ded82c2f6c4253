//! States kept on the way through a broadcast, at most [`MOST`] of them, at equal distances in records. They are at rest, and
//! what is long over is shared between them, so that each costs the part that was still moving.

use std::sync::Arc;

use super::tape::Place;
use crate::engine::Engine;
use crate::engine::time::At;

/// States that are kept; one more, and every second of them goes.
pub const MOST: usize = 64;
/// Least number of records between two of them.
pub const EVERY: u64 = 50_000;

/// A state after so many records.
#[derive(Clone, Debug)]
pub struct Keyframe {
    pub place: Place,
    pub engine: Arc<Engine>,
}

impl Keyframe {
    /// When its last record arrived.
    #[must_use]
    pub fn at(&self) -> At {
        self.engine.now()
    }
}

/// The states, in order.
#[derive(Debug)]
pub struct Keyframes {
    kept: Vec<Keyframe>,
    every: u64,
    due: u64,
}

impl Keyframes {
    /// Those of a broadcast that begins with this state.
    #[must_use]
    pub fn from(first: Engine) -> Self {
        Self { kept: vec![Keyframe { place: 0, engine: Arc::new(first) }], every: EVERY, due: EVERY }
    }

    /// Keeps the state after so many records, where one is due. `share` says how much of all that is, from 0 to 1, as far as that
    /// is known.
    pub fn offer(&mut self, records: u64, share: f64, place: Place, engine: &mut Engine) {
        if records < self.due {
            return;
        }
        if self.kept.len() == 1 {
            self.every = spread(records, share);
        }
        self.kept.push(Keyframe { place, engine: Arc::new(engine.at_rest()) });
        if self.kept.len() > MOST {
            let mut number = 0;
            self.kept.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.every *= 2;
        }
        self.due = records - records % self.every + self.every;
    }

    /// Keeps the state at the end.
    pub fn close(&mut self, place: Place, engine: &mut Engine) {
        self.kept.push(Keyframe { place, engine: Arc::new(engine.at_rest()) });
    }

    /// The last state of which everything had arrived by then.
    #[must_use]
    pub fn before(&self, at: At) -> Option<&Keyframe> {
        let after = self.kept.partition_point(|keyframe| keyframe.at() <= at);
        self.kept.get(after.max(1) - 1)
    }

    /// The first state that holds everything that had arrived by then, else the last one.
    #[must_use]
    pub fn after(&self, at: At) -> Option<&Keyframe> {
        let after = self.kept.partition_point(|keyframe| keyframe.at() <= at);
        self.kept.get(after).or_else(|| self.kept.last())
    }

    #[must_use]
    pub fn last(&self) -> Option<&Keyframe> {
        self.kept.last()
    }
    #[must_use]
    pub const fn len(&self) -> usize {
        self.kept.len()
    }
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}

/// The distance at which [`MOST`] states reach to the end, with a tenth to spare.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate of a number of records"
)]
fn spread(records: u64, share: f64) -> u64 {
    let all = records as f64 / share.max(f64::MIN_POSITIVE) * 1.1;
    ((all / MOST as f64) as u64).max(EVERY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Arrival;
    use crate::engine::plan::Plan;

    fn kept(all: u64, share: impl Fn(u64) -> f64) -> Keyframes {
        let mut engine = Engine::new(Plan::default(), Arrival::Live);
        let mut keyframes = Keyframes::from(engine.clone());
        for ms in 1..=i64::try_from(all / 1_000).unwrap() {
            engine.advance_to(At::from_ms(ms));
            let place = u64::try_from(ms).unwrap() * 1_000;
            // an engine without a record stands where it was walked to
            keyframes.offer(place, share(place), place, &mut engine);
        }
        keyframes
    }

    #[test]
    fn states_are_thinned_out_and_the_nearest_is_found() {
        // whoever says that it is all read already is thinned out
        let keyframes = kept(12_000_000, |_| 1.0);
        assert!(keyframes.len() <= MOST && keyframes.len() > MOST / 3, "{}", keyframes.len());
        let gaps: Vec<u64> = keyframes.kept.windows(2).map(|pair| pair[1].place - pair[0].place).collect();
        assert!(gaps.iter().all(|gap| *gap == keyframes.every), "{gaps:?}");
        for ms in [0, 1, 777, 1_234, 12_000] {
            let (before, after) = (keyframes.before(At::from_ms(ms)).unwrap(), keyframes.after(At::from_ms(ms)).unwrap());
            assert!(before.at() <= At::from_ms(ms) && before.place <= after.place, "{ms}");
        }
    }

    #[test]
    fn states_are_spread_over_all_that_there_is_to_read() {
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let keyframes = kept(10_000_000, |place| place as f64 / 10_000_000.0);
        assert!(keyframes.len() <= MOST && keyframes.len() > MOST * 4 / 5, "{}", keyframes.len());
        assert!(keyframes.kept.last().unwrap().place > 9_800_000);
    }
}
