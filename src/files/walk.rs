//! One pass over the ordered records: what is dropped, what is stepped, and as what.

use super::Fold;
use super::course::{Course, Detour, first_place};
use super::entry::Entry;
use super::window::Window;
use crate::engine::Arrival;
use crate::engine::event::Record;
use crate::engine::time::At;

/// The state of a pass.
#[derive(Debug)]
pub struct Walk<'a> {
    course: &'a Course,
    until: Option<At>,
    /// One input whose own numbers can stay.
    keeps_seq: bool,
    window: Option<Window>,
    seq: u64,
    began: bool,
    /// First plan, playbook and priors that the walk has come by.
    passed: [bool; 3],
    /// Control records of plain files since the last event: they must not make the end later than it is.
    trailing: Vec<Entry>,
    /// When the last event was stepped.
    last: Option<At>,
}

impl<'a> Walk<'a> {
    pub fn new(course: &'a Course, until: Option<At>, single: bool) -> Self {
        let keeps_seq = single && course.arrival == Arrival::Live;
        let window = course.window.or_else(|| Window::of_plan(&course.resolved_plan()));
        Self { course, until, keeps_seq, window, seq: 0, began: false, passed: [false; 3], trailing: Vec::new(), last: None }
    }

    /// Steps a record, or drops it; false when it lies outside the span.
    pub fn take(&mut self, entry: &mut Entry, fold: &mut impl Fold) -> Result<bool, Detour> {
        let is_plain = self.course.arrival == Arrival::Files;
        if entry.record.event.fact.is_control() {
            if self.is_dropped_control(entry) {
                return Ok(true);
            }
            if is_plain {
                self.trailing.push(entry.clone());
                return Ok(true);
            }
        } else if is_plain && !self.is_within_span(entry.record.event.ts)? {
            return Ok(false);
        }
        if self.until.is_some_and(|until| entry.record.event.ts > until || entry.record.at > until) {
            return Ok(true);
        }
        let at = entry.record.at;
        self.begin(at, fold);
        for mut control in std::mem::take(&mut self.trailing) {
            self.step(&mut control.record, fold);
        }
        self.last = Some(at);
        self.step(&mut entry.record, fold);
        Ok(true)
    }

    /// Steps what is left when there are no more events.
    pub fn end(&mut self, fold: &mut impl Fold) {
        let first = || self.course.first.iter().flatten().map(|entry| entry.record.at).min();
        let Some(at) = self.last.or_else(first) else { return };
        self.begin(at, fold);
        for mut control in std::mem::take(&mut self.trailing) {
            control.record.at = control.record.at.min(at);
            self.step(&mut control.record, fold);
        }
    }

    fn is_within_span(&mut self, ts: At) -> Result<bool, Detour> {
        match (self.window, self.course.window) {
            // Nobody has said where the 48 hours lie: from the first event on, until one proves that wrong.
            (None, _) => self.window = Some(Window::from(ts)),
            (Some(window), None) if !window.holds(ts) && Window::of_plan(&self.course.resolved_plan()).is_none() => {
                return Err(Detour::Long);
            }
            (Some(window), _) => return Ok(window.holds(ts)),
        }
        Ok(true)
    }

    /// Plans that the command line overrides, and what was stepped before everything else.
    fn is_dropped_control(&mut self, entry: &Entry) -> bool {
        let Some(place) = first_place(&entry.record.event) else { return false };
        (place == 0 && self.course.plan.is_some()) || !std::mem::replace(&mut self.passed[place], true)
    }

    /// Steps the first plan, playbook and priors, not later than the first record.
    fn begin(&mut self, at: At, fold: &mut impl Fold) {
        if !std::mem::replace(&mut self.began, true) {
            for entry in self.course.first.iter().flatten() {
                let mut record = entry.record.clone();
                record.at = record.at.min(at);
                self.step(&mut record, fold);
            }
        }
    }

    fn step(&mut self, record: &mut Record, fold: &mut impl Fold) {
        self.seq += 1;
        if !self.keeps_seq {
            record.seq = self.seq;
        }
        fold.step(record);
    }
}
