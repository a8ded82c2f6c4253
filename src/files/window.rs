//! The 48 hours that a file may span.

use std::collections::VecDeque;

use super::entry::Entry;
use crate::engine::plan::Plan;
use crate::engine::time::{At, HOUR_MS, SECOND_MS};

/// Length of the span.
pub const SPAN_MS: i64 = 48 * HOUR_MS;

/// A stretch of time, both ends in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    from: At,
    to: At,
}

impl Window {
    pub const fn from(from: At) -> Self {
        Self { from, to: from.plus_ms(SPAN_MS) }
    }

    /// From the plan's start, the grace before it included as in a live.
    pub fn of_plan(plan: &Plan) -> Option<Self> {
        let start = plan.starts_at?;
        Some(Self { from: start.plus_ms(-plan.limits.grace_s.saturating_mul(SECOND_MS)), to: start.plus_ms(SPAN_MS) })
    }

    pub fn holds(self, ts: At) -> bool {
        self.from <= ts && ts <= self.to
    }
}

/// Finds the window with most events, the earliest on a tie. Events come in their order; copies count once.
#[derive(Debug, Default)]
pub struct Search {
    /// Instants of the window that ends with the latest event, with how many events each has.
    instants: VecDeque<(At, u64)>,
    events: u64,
    best: u64,
    best_from: At,
    last: Option<Entry>,
}

impl Search {
    pub fn count(&mut self, entry: &Entry) {
        let event = &entry.record.event;
        if event.fact.is_control() || self.last.as_ref().is_some_and(|last| last.record.event == *event) {
            return;
        }
        match self.instants.back_mut() {
            Some((at, count)) if *at == event.ts => *count += 1,
            _ => self.instants.push_back((event.ts, 1)),
        }
        self.events += 1;
        while let Some((from, count)) = self.instants.front().copied() {
            if Window::from(from).holds(event.ts) {
                if self.events > self.best {
                    (self.best, self.best_from) = (self.events, from);
                }
                break;
            }
            self.events -= count;
            self.instants.pop_front();
        }
        self.last = Some(entry.clone());
    }

    pub const fn found(&self) -> Window {
        Window::from(self.best_from)
    }
}
