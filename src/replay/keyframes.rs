//! States kept on the way through a broadcast, at most [`MOST`] of them, at equal distances in records. What is long over is
//! shared between them, so that each costs the part that was still moving.

use std::sync::Arc;

use super::tape::Place;
use crate::engine::Engine;
use crate::engine::time::At;

/// States that are kept; one more, and every second of them goes.
pub const MOST: usize = 16;
/// Records between two of them in a short broadcast.
pub const EVERY: u64 = 100_000;

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

    /// Keeps the state after so many records, where one is due.
    pub fn offer(&mut self, records: u64, place: Place, engine: &Engine) {
        if records < self.due {
            return;
        }
        self.kept.push(Keyframe { place, engine: Arc::new(engine.clone()) });
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
    pub fn close(&mut self, place: Place, engine: Engine) {
        self.kept.push(Keyframe { place, engine: Arc::new(engine) });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Arrival;
    use crate::engine::plan::Plan;

    #[test]
    fn states_are_thinned_out_and_the_nearest_is_found() {
        let mut engine = Engine::new(Plan::default(), Arrival::Live);
        let mut keyframes = Keyframes::from(engine.clone());
        for records in 1..=4_000_000 / 1_000 {
            engine.advance_to(At::from_ms(records));
            let place = u64::try_from(records).unwrap() * 1_000;
            // an engine without a record stands where it was walked to
            keyframes.offer(place, place, &engine);
        }
        assert!(keyframes.len() <= MOST && keyframes.len() > MOST / 3, "{}", keyframes.len());
        let gaps: Vec<u64> = keyframes.kept.windows(2).map(|pair| pair[1].place - pair[0].place).collect();
        assert!(gaps.iter().all(|gap| *gap == keyframes.every), "{gaps:?}");
        for ms in [0, 1, 777, 1_234, 4_000] {
            let (before, after) = (keyframes.before(At::from_ms(ms)).unwrap(), keyframes.after(At::from_ms(ms)).unwrap());
            assert!(before.at() <= At::from_ms(ms) && before.place <= after.place, "{ms}");
        }
    }
}
