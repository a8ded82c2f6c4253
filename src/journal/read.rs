//! The reader: streams records in their order, beside a writer if there is one, and says what is missing.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{JournalError, Quarantined, format};
use crate::engine::event::{Quarantine, Record};
use crate::engine::id::Name;
use crate::engine::plan::Plan;
use crate::engine::time::At;
use crate::engine::wire::Defaults;

/// Records fetched at once; the file is free for the writer's checkpoints between two fetches.
const PAGE_ROWS: i64 = 4_096;
/// Attempts to find the next readable row behind a damaged stretch: 2⁶² records.
const GALLOPS: u32 = 62;

/// A journal that is only looked at.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    connection: Connection,
    plan: Option<Plan>,
    newer: Option<String>,
}

impl Reader {
    /// Opens a journal read-only. A damaged one opens as far as SQLite can; [`Records::losses`] tells the rest.
    ///
    /// # Errors
    /// When it is missing, no journal, or of a newer format whose records stand in other columns.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let connection = format::open_for_reading(path, format::Damage::Tolerated)?;
        let plan = format::meta(&connection, format::key::PLAN)
            .or_else(|| {
                let first = "SELECT body FROM record WHERE type = 'plan' ORDER BY seq LIMIT 1";
                let row: String = connection.query_row(first, [], |row| row.get(0)).ok()?;
                let value: serde_json::Value = serde_json::from_str(&row).ok()?;
                Some(value.get("body")?.to_string())
            })
            .and_then(|json| serde_json::from_str(&json).ok());
        let newer = format::newer(&connection);
        Ok(Self { path: path.to_owned(), connection, plan, newer })
    }

    /// That what is read here may be written as a journal of this format.
    pub(super) fn check_version(&self) -> Result<(), JournalError> {
        format::check_version(&self.connection, &self.path)
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The plan that the journal began with; `None` when it cannot be read any more.
    #[must_use]
    pub const fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// All records by `seq`.
    #[must_use]
    pub fn records(&self) -> Records<'_> {
        self.tail(0)
    }

    /// The records after `seq`, for a second reader that follows a live.
    #[must_use]
    pub fn tail(&self, seq: u64) -> Records<'_> {
        Records {
            connection: &self.connection,
            defaults: Defaults::default(),
            last: seq,
            page: VecDeque::new(),
            ended: false,
            line: String::new(),
            losses: Losses { newer: self.newer.clone(), ..Losses::default() },
        }
    }

    /// The record of a number; `None` where there is none or it cannot be read.
    #[must_use]
    pub fn record(&self, seq: u64) -> Option<Record> {
        let sql = "SELECT seq, at, ts, type, source, body FROM record WHERE seq = ?1";
        let mut statement = self.connection.prepare_cached(sql).ok()?;
        let mut rows = statement.query([i64::try_from(seq).ok()?]).ok()?;
        read_row(rows.next().ok()??, seq, &Defaults::default(), &mut String::new())
    }

    /// The last `seq` that can be read; 0 for an empty journal.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.connection
            .query_row("SELECT seq FROM record ORDER BY seq DESC LIMIT 1", [], |row| row.get::<_, i64>(0))
            .map_or(0, |seq| u64::try_from(seq).unwrap_or(0))
    }

    /// Where each feed goes on.
    #[must_use]
    pub fn cursors(&self) -> Vec<(Name, String)> {
        self.rows("SELECT feed, position FROM cursor ORDER BY feed", |row| Ok((Name::from(row.get_ref(0)?.as_str()?), row.get(1)?)))
    }

    /// Inputs that became no event, oldest first.
    #[must_use]
    pub fn quarantined(&self) -> Vec<Quarantined> {
        self.rows("SELECT feed, place, reason, detail, beginning, at FROM quarantine ORDER BY rowid", |row| {
            let reason: String = row.get(2)?;
            Ok(Quarantined {
                feed: Name::from(row.get_ref(0)?.as_str()?),
                place: row.get(1)?,
                reason: Quarantine::parse(&reason).unwrap_or(Quarantine::BadField),
                detail: row.get(3)?,
                beginning: row.get(4)?,
                at: At::from_ms(row.get(5)?),
            })
        })
    }

    /// What [`super::Writer::remember`] stored.
    #[must_use]
    pub fn recall(&self, key: &str) -> Option<String> {
        format::meta(&self.connection, key)
    }

    /// The rows that can be read.
    fn rows<T>(&self, sql: &str, read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>) -> Vec<T> {
        let Ok(mut statement) = self.connection.prepare(sql) else { return Vec::new() };
        let Ok(found) = statement.query_map([], read) else { return Vec::new() };
        found.map_while(Result::ok).collect()
    }
}

/// What a journal should hold and doesn't.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Stretches of `seq` without a record, first and last.
    pub gaps: Vec<(u64, u64)>,
    /// Rows whose content is no event any more.
    pub unreadable: u64,
    /// The end of the file is damaged: how many records followed is not known.
    pub tail: bool,
    /// The format of a journal that a newer program has written: what that one keeps elsewhere is not known here.
    pub newer: Option<String>,
}

impl Losses {
    /// Records known to be lost.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.gaps.iter().fold(self.unreadable, |sum, (first, last)| sum.saturating_add(last - first + 1))
    }
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gaps.is_empty() && self.unreadable == 0 && !self.tail && self.newer.is_none()
    }
}

/// Records in the order of their `seq`, what is damaged left out and counted. Ends at the last record that is there
/// now; `next` after that looks again, so that a follower keeps one of these.
#[derive(Debug)]
pub struct Records<'a> {
    connection: &'a Connection,
    defaults: Defaults,
    last: u64,
    page: VecDeque<Record>,
    /// The latest page was the last one.
    ended: bool,
    line: String,
    losses: Losses,
}

/// How the reading of a page ended.
enum Page {
    Full,
    Last,
    Damaged,
}

impl Records<'_> {
    /// What is missing of what has been read so far.
    #[must_use]
    pub const fn losses(&self) -> &Losses {
        &self.losses
    }

    fn fill(&mut self) {
        match self.read_page() {
            Page::Full => {}
            Page::Last => self.ended = true,
            Page::Damaged => self.skip_damage(),
        }
    }

    fn read_page(&mut self) -> Page {
        let sql = "SELECT seq, at, ts, type, source, body FROM record WHERE seq >= ?1 ORDER BY seq LIMIT ?2";
        let Ok(mut statement) = self.connection.prepare_cached(sql) else { return Page::Damaged };
        let Ok(mut rows) = statement.query((i64::try_from(self.last + 1).unwrap_or(i64::MAX), PAGE_ROWS)) else { return Page::Damaged };
        let (mut count, from) = (0, self.last + 1);
        loop {
            match rows.next() {
                Ok(Some(row)) => {
                    count += 1;
                    let Some(seq) = row.get::<_, i64>(0).ok().and_then(|seq| u64::try_from(seq).ok()).filter(|seq| *seq > self.last) else {
                        continue;
                    };
                    if seq > self.last + 1 {
                        self.losses.gaps.push((self.last + 1, seq - 1));
                    }
                    self.last = seq;
                    match read_row(row, seq, &self.defaults, &mut self.line) {
                        Some(record) => self.page.push_back(record),
                        None => self.losses.unreadable += 1,
                    }
                }
                Ok(None) if count < PAGE_ROWS => return Page::Last,
                Ok(None) if self.last >= from => return Page::Full,
                Ok(None) => return Page::Damaged,
                Err(_) => return Page::Damaged,
            }
        }
    }

    /// Moves behind a damaged stretch: leaps that double until a row can be read, then back to the first such row.
    fn skip_damage(&mut self) {
        let (mut damaged, mut leap) = (self.last + 1, 1u64);
        for _ in 0..GALLOPS {
            let there = self.last.saturating_add(leap).min(i64::MAX as u64);
            match first_from(self.connection, there) {
                Err(()) => damaged = there,
                Ok(None) => break,
                Ok(Some(_)) => {
                    let mut readable = there;
                    while damaged + 1 < readable {
                        let middle = damaged + (readable - damaged) / 2;
                        match first_from(self.connection, middle) {
                            Err(()) => damaged = middle,
                            Ok(_) => readable = middle,
                        }
                    }
                    // Where even the row that was found cannot be read as a whole, it is left out.
                    let end = (readable - 1).max(self.last + 1);
                    self.losses.gaps.push((self.last + 1, end));
                    self.last = end;
                    return;
                }
            }
            leap = leap.saturating_mul(2);
        }
        self.losses.tail = true;
        self.ended = true;
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        self.ended = false;
        while self.page.is_empty() && !self.ended && !self.losses.tail {
            self.fill();
        }
        self.page.pop_front()
    }
}

/// The first `seq` at or after `seq`, `Err` where the file is damaged.
fn first_from(connection: &Connection, seq: u64) -> Result<Option<u64>, ()> {
    let sql = "SELECT seq, length(body) FROM record WHERE seq >= ?1 ORDER BY seq LIMIT 1";
    let mut statement = connection.prepare_cached(sql).map_err(|_| ())?;
    let mut rows = statement.query([i64::try_from(seq).unwrap_or(i64::MAX)]).map_err(|_| ())?;
    match rows.next() {
        Ok(Some(row)) => Ok(row.get::<_, i64>(0).ok().and_then(|seq| u64::try_from(seq).ok())),
        Ok(None) => Ok(None),
        Err(_) => Err(()),
    }
}

fn read_row(row: &rusqlite::Row<'_>, seq: u64, defaults: &Defaults, line: &mut String) -> Option<Record> {
    let text = |column| row.get_ref(column).ok().and_then(|value| value.as_str().ok());
    let row = format::Row {
        seq,
        at: At::from_ms(row.get(1).ok()?),
        ts: At::from_ms(row.get(2).ok()?),
        kind: text(3)?,
        source: text(4)?,
        body: text(5)?,
    };
    format::record_of(&row, defaults, line).ok()
}
