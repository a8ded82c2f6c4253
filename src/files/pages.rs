//! A journal as an input: its records page by page, in their own order.

use std::collections::VecDeque;
use std::path::Path;

use super::course::{Course, Detour};
use super::entry::Entry;
use super::{FilesError, InputReport, Sample};
use crate::engine::event::{Control, Event, Extra, Fact, Record};
use crate::engine::id::Name;
use crate::engine::text;
use crate::engine::time::At;
use crate::journal::{Losses, Reader};

/// Records fetched at once.
const PAGE_RECORDS: usize = 4_096;

/// Records of a journal.
#[derive(Debug)]
pub struct Pages<'a> {
    course: &'a Course,
    reader: Reader,
    input: usize,
    last_seq: u64,
    page: VecDeque<Entry>,
    ended: bool,
    current: Option<Entry>,
    pub report: InputReport,
}

impl<'a> Pages<'a> {
    pub fn open(course: &'a Course, path: &Path, input: usize, name: &str) -> Result<Self, Detour> {
        let reader = Reader::open(path).map_err(|error| FilesError::Journal { path: name.to_owned(), error })?;
        let mut report = InputReport { name: name.to_owned(), ..InputReport::default() };
        for row in reader.quarantined() {
            let beginning = text::clean(&row.beginning, text::LINE_COLUMNS).into();
            report.put_aside(Sample { reason: row.reason, detail: row.detail, place: format!("{} {}", row.feed, row.place), beginning });
        }
        Ok(Self { course, reader, input, last_seq: 0, page: VecDeque::new(), ended: false, current: None, report })
    }

    pub const fn current(&self) -> Option<&Entry> {
        self.current.as_ref()
    }

    pub const fn current_mut(&mut self) -> Option<&mut Entry> {
        self.current.as_mut()
    }

    /// Goes to the next record.
    pub fn advance(&mut self) -> Result<(), Detour> {
        if self.page.is_empty() && !self.ended {
            self.fetch()?;
        }
        self.current = self.page.pop_front();
        Ok(())
    }

    fn fetch(&mut self) -> Result<(), Detour> {
        let is_first = self.last_seq == 0;
        let mut records = self.reader.tail(self.last_seq);
        for record in records.by_ref().take(PAGE_RECORDS) {
            if is_first && self.page.is_empty() && !matches!(record.event.fact, Fact::Plan(_)) {
                let plan = plan_record(&self.reader, record.at).map(|plan| Entry::of_record(plan, self.input));
                plan.iter().try_for_each(|plan| self.course.check(plan))?;
                self.page.extend(plan);
            }
            self.last_seq = record.seq;
            self.report.received += 1;
            let entry = Entry::of_record(record, self.input);
            self.course.check(&entry)?;
            self.page.push_back(entry);
        }
        self.ended = self.page.len() < PAGE_RECORDS;
        let Losses { gaps, unreadable, tail } = records.losses().clone();
        self.report.losses.gaps.extend(gaps.into_iter().filter(|(first, _)| *first <= self.last_seq || self.ended));
        self.report.losses.unreadable += unreadable;
        self.report.losses.tail |= tail;
        Ok(())
    }
}

/// The plan of a journal that tells it beside the records only, as an export would write it.
fn plan_record(reader: &Reader, at: At) -> Option<Record> {
    let body = serde_json::to_string(reader.plan()?).ok()?.into_boxed_str();
    let fact = Fact::Plan(Control { body });
    let event = Event { fact, ts: at, id: None, source: Name::default(), currency: None, test: false, extra: Extra::default() };
    Some(Record { seq: 0, at, event })
}
