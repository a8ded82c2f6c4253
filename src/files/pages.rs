//! A journal as an input: its records in their own order, read and decoded by a thread of their own while others are folded.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::vec::IntoIter;

use super::course::{Course, Detour};
use super::entry::Entry;
use super::{FilesError, InputReport, Sample};
use crate::engine::event::{Control, Event, Extra, Fact, Record};
use crate::engine::id::Name;
use crate::engine::text;
use crate::engine::time::At;
use crate::journal::{Losses, Reader};

/// Records handed over at once.
const PAGE_RECORDS: usize = 2_048;
/// Pages that may wait to be folded.
const WAITING_PAGES: usize = 2;

/// What the reading thread hands over.
#[derive(Debug)]
enum Read {
    Page(Vec<Record>),
    /// The journal is read; what it lacks.
    End(Losses),
}

/// Records of a journal.
#[derive(Debug)]
pub struct Pages<'a> {
    course: &'a Course,
    input: usize,
    /// Bytes of the journal and its last number: what a page is of it.
    bytes: u64,
    last_seq: u64,
    /// The plan that the journal tells beside its records, until the first of them has come.
    plan: Option<Box<str>>,
    reading: Receiver<Read>,
    page: IntoIter<Record>,
    ended: bool,
    /// The first record, where the plan goes before it.
    waiting: Option<Record>,
    current: Option<Entry>,
    pub report: InputReport,
}

impl<'a> Pages<'a> {
    pub fn open(course: &'a Course, path: &Path, input: usize, name: &str) -> Result<Self, Detour> {
        let reader = Reader::open(path).map_err(FilesError::Journal)?;
        let mut report = InputReport { name: name.to_owned(), ..InputReport::default() };
        for row in reader.quarantined() {
            let beginning = text::clean(&row.beginning, text::LINE_COLUMNS).into();
            report.put_aside(Sample { reason: row.reason, detail: row.detail, place: format!("{} {}", row.feed, row.place), beginning });
        }
        let plan = reader.plan().and_then(|plan| serde_json::to_string(plan).ok()).map(String::into_boxed_str);
        let (bytes, last_seq) = (std::fs::metadata(path).map_or(0, |file| file.len()), reader.last_seq());
        course.gauge.expect(bytes);
        let (out, reading) = sync_channel(WAITING_PAGES);
        let thread = std::thread::Builder::new().name("journal-reader".into()).spawn(move || read(&reader, &out));
        thread.map_err(|error| FilesError::Unreadable { path: name.to_owned(), error })?;
        let page = Vec::new().into_iter();
        Ok(Self { course, input, bytes, last_seq, plan, reading, page, ended: false, waiting: None, current: None, report })
    }

    pub const fn current(&self) -> Option<&Entry> {
        self.current.as_ref()
    }

    pub const fn current_mut(&mut self) -> Option<&mut Entry> {
        self.current.as_mut()
    }

    /// Goes to the next record.
    pub fn advance(&mut self) -> Result<(), Detour> {
        self.current = None;
        let Some(mut record) = self.waiting.take().or_else(|| self.next()) else { return Ok(()) };
        match self.plan.take() {
            Some(body) if !matches!(record.event.fact, Fact::Plan(_)) => {
                let plan = plan_record(body, record.at);
                self.waiting = Some(std::mem::replace(&mut record, plan));
            }
            _ => self.report.received += 1,
        }
        let entry = Entry::of_record(record, self.input);
        self.course.check(&entry)?;
        self.current = Some(entry);
        Ok(())
    }

    fn next(&mut self) -> Option<Record> {
        loop {
            if let Some(record) = self.page.next() {
                return Some(record);
            }
            if self.ended {
                return None;
            }
            match self.reading.recv() {
                Ok(Read::Page(records)) => {
                    self.course.gauge.add(self.bytes.saturating_mul(records.len() as u64) / self.last_seq.max(1));
                    self.page = records.into_iter();
                }
                Ok(Read::End(losses)) => {
                    self.report.losses = losses;
                    self.ended = true;
                }
                // it went without a word: what is there of the rest is not known
                Err(_) => {
                    self.report.losses.tail = true;
                    self.ended = true;
                }
            }
        }
    }
}

/// Hands over everything that can be read, or what fits until nobody listens any more.
fn read(reader: &Reader, out: &SyncSender<Read>) {
    let mut records = reader.records();
    loop {
        let page: Vec<Record> = records.by_ref().take(PAGE_RECORDS).collect();
        let is_last = page.len() < PAGE_RECORDS;
        if out.send(Read::Page(page)).is_err() {
            return;
        }
        if is_last {
            // nobody to hear it: the pass was left
            drop(out.send(Read::End(records.losses().clone())));
            return;
        }
    }
}

/// The plan of a journal that tells it beside the records only, as an export would write it.
fn plan_record(body: Box<str>, at: At) -> Record {
    let fact = Fact::Plan(Control { body });
    let event = Event { fact, ts: at, id: None, source: Name::default(), currency: None, test: false, extra: Extra::default() };
    Record { seq: 0, at, event }
}
