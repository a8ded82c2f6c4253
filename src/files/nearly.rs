//! Nearly sorted lines in one pass: a bounded buffer puts them in order, or tells that it cannot.

use std::collections::VecDeque;

use super::InputReport;
use super::course::Detour;
use super::entry::Entry;
use super::lines::Lines;
use crate::engine::time::At;

/// Entries that wait for others before them, at most.
pub const REORDER_ENTRIES: usize = 8_192;
/// How much later the latest line must be than the first that waits before that one is let go.
pub const REORDER_MS: i64 = 10_000;

/// Lines in their order.
#[derive(Debug)]
pub struct Nearly<'a> {
    lines: Lines<'a>,
    ended: bool,
    /// Entries wait here and don't move; `queue` orders them.
    slots: Vec<Option<Entry>>,
    free: Vec<usize>,
    queue: VecDeque<(At, usize)>,
    /// The slot of the entry that is handed out.
    current: Option<usize>,
}

impl<'a> Nearly<'a> {
    pub fn new(lines: Lines<'a>) -> Self {
        Self { lines, ended: false, slots: Vec::new(), free: Vec::new(), queue: VecDeque::new(), current: None }
    }

    pub const fn report(&mut self) -> &mut InputReport {
        &mut self.lines.report
    }

    pub fn current(&self) -> Option<&Entry> {
        self.slots.get(self.current?)?.as_ref()
    }

    pub fn current_mut(&mut self) -> Option<&mut Entry> {
        self.slots.get_mut(self.current?)?.as_mut()
    }

    /// Goes to the next entry.
    pub fn advance(&mut self) -> Result<(), Detour> {
        while !self.ended && self.queue.len() < REORDER_ENTRIES && self.waited_ms() < REORDER_MS {
            match self.lines.next()? {
                Some(entry) => self.put(entry)?,
                None => self.ended = true,
            }
        }
        let next = self.queue.pop_front().map(|(_, slot)| slot);
        self.free.extend(std::mem::replace(&mut self.current, next));
        Ok(())
    }

    fn waited_ms(&self) -> i64 {
        self.queue.back().zip(self.queue.front()).map_or(0, |((last, _), (first, _))| last.since_ms(*first))
    }

    fn put(&mut self, entry: Entry) -> Result<(), Detour> {
        if self.current().is_some_and(|current| entry.order(current).is_lt()) {
            return Err(Detour::Unsorted(entry.input));
        }
        let at = entry.record.at;
        let is_last = self.queue.back().is_none_or(|(last, _)| *last < at);
        let place = if is_last { self.queue.len() } else { self.place_of(&entry) };
        let slot = self.free.pop().unwrap_or(self.slots.len());
        match self.slots.get_mut(slot) {
            Some(free) => *free = Some(entry),
            None => self.slots.push(Some(entry)),
        }
        self.queue.insert(place, (at, slot));
        Ok(())
    }

    fn place_of(&self, entry: &Entry) -> usize {
        self.queue.partition_point(|(at, slot)| {
            at.cmp(&entry.record.at)
                .then_with(|| self.slots.get(*slot).and_then(Option::as_ref).map_or(std::cmp::Ordering::Less, |there| there.order(entry)))
                .is_le()
        })
    }
}
