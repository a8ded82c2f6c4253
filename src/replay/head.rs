//! The state at any moment: the nearest one kept before it, stepped on to it. Always the state of a straight run, since how
//! often an engine is walked to a time cannot change what it comes to.

use std::collections::VecDeque;
use std::sync::Arc;

use super::keyframes::Keyframe;
use super::scan::Shared;
use super::tape::{Place, Stream};
use super::verdicts::Verdicts;
use crate::engine::Engine;
use crate::engine::time::{At, MINUTE_MS};

/// A state is put by every so many records of a walk, so that a step back is a short one.
const NEAR_EVERY: u64 = 50_000;
/// On the way to a moment that lies farther ahead nothing is put by.
const NEAR_MS: i64 = MINUTE_MS;
/// States that are put by.
const MOST_NEAR: usize = 2;

/// How a walk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Arrived,
    /// There is more to step.
    More,
    /// What comes next is not read yet.
    Waits,
}

/// The state that stands at a moment.
#[derive(Debug)]
pub struct Head {
    index: Shared,
    verdicts: Arc<Verdicts>,
    engine: Engine,
    stream: Option<Stream>,
    place: Place,
    at: At,
    since_near: u64,
    near: VecDeque<Keyframe>,
    failed: Option<String>,
}

impl Head {
    /// Before the first record.
    #[must_use]
    pub fn new(index: Shared) -> Self {
        let shared = index.lock();
        let verdicts = Arc::clone(&shared.verdicts);
        let engine = shared.keyframes.before(At::default()).map(|keyframe| keyframe.engine.as_ref().clone());
        drop(shared);
        let engine = engine.unwrap_or_else(|| Engine::new(crate::engine::plan::Plan::default(), crate::engine::Arrival::Live));
        Self { index, verdicts, engine, stream: None, place: 0, at: At::default(), since_near: 0, near: VecDeque::new(), failed: None }
    }

    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }
    /// A copy of the state, to look at.
    #[must_use]
    pub fn at_rest(&mut self) -> Engine {
        self.engine.at_rest()
    }
    /// The moment that it stands at.
    #[must_use]
    pub const fn at(&self) -> At {
        self.at
    }
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }
    /// Why it can go no further, where the tape cannot be read any more.
    #[must_use]
    pub fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// A state that was kept and from which it is nearer to `to` than from here.
    #[must_use]
    pub fn nearer(&self, to: At) -> Option<Keyframe> {
        let kept = self.index.lock().keyframes.before(to).cloned();
        let near = self.near.iter().rev().find(|keyframe| keyframe.at() <= to).cloned();
        let best = near.into_iter().chain(kept).max_by_key(|keyframe| keyframe.place);
        best.filter(|keyframe| to < self.at || keyframe.place > self.place)
    }

    /// Stands where it is nearest to go on to `to` from: here, or at a state that was kept.
    pub fn turn_to(&mut self, to: At) {
        if let Some(best) = self.nearer(to) {
            self.engine = best.engine.as_ref().clone();
            (self.place, self.at, self.since_near, self.stream) = (best.place, best.at(), 0, None);
        }
    }

    /// Steps what arrived by `to`, at most so many records, and then stands there.
    pub fn go(&mut self, to: At, most: u64) -> Progress {
        for _ in 0..most {
            let Some(stream) = self.stream() else { return if self.failed.is_some() { Progress::Arrived } else { Progress::Waits } };
            match stream.peek() {
                Some(record) if record.at <= to => {
                    if let Some(record) = stream.take() {
                        self.place = stream.place();
                        self.engine.step_judged(&record, self.verdicts.of(self.place));
                        self.put_by(to);
                    }
                }
                Some(_) => return self.arrive(to),
                None => {
                    if let Some(error) = stream.failed() {
                        self.failed = Some(error.to_owned());
                        return Progress::Arrived;
                    }
                    let index = self.index.lock();
                    let (is_read, is_over) = (self.place >= index.place, index.complete);
                    drop(index);
                    self.stream = None;
                    match (is_read, is_over) {
                        (true, true) => return self.arrive(to),
                        (true, false) => return Progress::Waits,
                        (false, _) => {}
                    }
                }
            }
        }
        self.at = self.at.max(self.engine.now());
        Progress::More
    }

    fn arrive(&mut self, to: At) -> Progress {
        self.engine.advance_to(to);
        self.at = to;
        Progress::Arrived
    }

    fn stream(&mut self) -> Option<&mut Stream> {
        if self.stream.is_none() {
            let index = self.index.lock();
            let (tape, upto) = (index.tape.clone()?, index.place);
            drop(index);
            match tape.stream(self.place, upto) {
                Ok(stream) => self.stream = Some(stream),
                Err(error) => self.failed = Some(error.to_string()),
            }
        }
        self.stream.as_mut()
    }

    fn put_by(&mut self, to: At) {
        self.since_near += 1;
        if self.since_near >= NEAR_EVERY && to.since_ms(self.engine.now()) <= NEAR_MS {
            self.since_near = 0;
            self.near.retain(|keyframe| keyframe.place != self.place);
            if self.near.len() >= MOST_NEAR {
                self.near.pop_front();
            }
            self.near.push_back(Keyframe { place: self.place, engine: Arc::new(self.engine.at_rest()) });
        }
    }
}
