//! The writer: a bounded queue that the owner fills without waiting, and a thread that commits it in groups.
//!
//! **Overflow policy.** The queue holds at most [`QUEUE_EVENTS`] events. [`Writer::has_room`] turns false before it is
//! full, so that the owner takes no more from the feeds while a healthy disk catches up. When the journal fails the
//! live goes on: what fits the queue is kept and committed once the disk is back; what does not fit is lost to the
//! journal, counted, and the cursors of the feeds that it came from are no longer moved, so that a restart reads it again.
//!
//! **Failure.** Every error rolls the group back, is told as [`Health::Failing`] at once, and is tried again every
//! [`RETRY_MS`]. Until it succeeds all acknowledgements are answered false.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{Semaphore, watch};

use super::lock::WriteLock;
use super::salvage::Salvaged;
use super::{JournalBatch, JournalError, Quarantined, format};
use crate::clock;
use crate::engine::event::Record;
use crate::engine::id::{Name, Set};
use crate::engine::time::At;

/// A group is committed at the latest this long after its first batch came.
pub const GROUP_MS: u64 = 40;
/// A group with this many events is committed at once.
pub const GROUP_EVENTS: usize = 4_096;
/// Events that may wait for the disk, at most.
pub const QUEUE_EVENTS: usize = 65_536;
/// Room that [`Writer::has_room`] keeps for the operator's own records and for what is on its way already.
pub const RESERVED_EVENTS: usize = 8_192;
/// A failing journal is tried again this often.
pub const RETRY_MS: u64 = 400;
/// A commit that takes longer is told as [`Health::Slow`].
pub const SLOW_MS: u64 = 800;
/// A cursor is as large as so many of its bytes are events.
const BYTES_OF_A_RECORD: usize = 256;
/// Failures in a row after which the file is opened anew.
const REOPEN_AFTER: u32 = 3;
/// Last tries to commit what is left when the journal is closed while it fails.
const CLOSE_TRIES: u32 = 3;
/// Inputs that became no event, kept in one journal at most; the counters go on.
pub const QUARANTINE_ROWS: u64 = 10_000;
/// An idle writer looks this often whether its file is still there.
const IDLE: Duration = Duration::from_millis(500);

/// How the journal stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    #[default]
    Writing,
    /// A commit hangs; nothing is lost yet.
    Slow { since_ms: u64 },
    /// Nothing is being stored; tried again on its own.
    Failing { error: String },
}

/// What the glass shows of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalStatus {
    pub health: Health,
    /// The last record that is durable.
    pub committed_seq: u64,
    /// Events that wait for the disk.
    pub waiting: usize,
    /// Records that were never stored, because the journal failed for longer than the queue could hold.
    pub lost: u64,
    /// True once the journal has failed in this run: exit code 3.
    pub ever_failed: bool,
}

/// How the journal ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closing {
    /// Records that were never stored.
    pub lost: u64,
    /// The error that stood at the end.
    pub error: Option<String>,
    /// True when it failed at any time: exit code 3.
    pub ever_failed: bool,
}

/// The owner's end. Dropping it closes the journal as [`Writer::close`] does.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    inbox: Option<mpsc::Sender<Message>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    health: watch::Receiver<Health>,
    /// Feeds of which records were lost: their cursors stay where they are.
    frozen: Set<Name>,
    last_seq: u64,
    last_at: At,
    pub(super) salvaged: Option<Salvaged>,
}

enum Message {
    Batch(JournalBatch),
    Remember { key: String, value: String },
}

#[derive(Debug)]
struct Shared {
    room: Semaphore,
    committed_seq: AtomicU64,
    lost: AtomicU64,
    ever_failed: AtomicBool,
    /// Milliseconds since `started` when the running commit began, plus one; 0 when none runs.
    commit_began: AtomicU64,
    started: Instant,
}

impl Shared {
    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
    fn slow_ms(&self) -> Option<u64> {
        let began = self.commit_began.load(Ordering::Relaxed);
        let took = self.elapsed_ms().saturating_sub(began.checked_sub(1)?);
        (took > SLOW_MS).then_some(took)
    }
}

impl Writer {
    pub(super) fn start(path: &Path, connection: Connection, lock: WriteLock) -> Result<Self, JournalError> {
        let sql = |cause| JournalError::sql(path, cause);
        let (last_seq, last_at) = last_of(&connection).map_err(sql)?;
        let quarantine_rows = connection.query_row("SELECT count(*) FROM quarantine", [], |row| row.get::<_, i64>(0)).unwrap_or(0);
        let shared = Arc::new(Shared {
            room: Semaphore::new(QUEUE_EVENTS),
            committed_seq: AtomicU64::new(last_seq),
            lost: AtomicU64::new(0),
            ever_failed: AtomicBool::new(false),
            commit_began: AtomicU64::new(0),
            started: clock::instant(),
        });
        let (inbox, messages) = mpsc::channel();
        let (told, health) = watch::channel(Health::Writing);
        let worker = Worker {
            path: path.to_owned(),
            file: FileId::of(path),
            connection: Some(connection),
            messages,
            shared: Arc::clone(&shared),
            health: told,
            group: VecDeque::new(),
            memos: Vec::new(),
            failures: 0,
            quarantine_rows: u64::try_from(quarantine_rows).unwrap_or(0),
            _lock: lock,
        };
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || worker.run())
            .map_err(|cause| JournalError::io(path, cause))?;
        Ok(Self {
            path: path.to_owned(),
            inbox: Some(inbox),
            thread: Some(thread),
            shared,
            health,
            frozen: Set::default(),
            last_seq,
            last_at,
            salvaged: None,
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// The last `seq` appended: the next record is one more.
    #[must_use]
    pub const fn last_seq(&self) -> u64 {
        self.last_seq
    }
    /// The last `at` appended: the next record is not earlier.
    #[must_use]
    pub const fn last_at(&self) -> At {
        self.last_at
    }
    /// What was lost when a damaged file was made writable again.
    #[must_use]
    pub const fn salvaged(&self) -> Option<&Salvaged> {
        self.salvaged.as_ref()
    }

    /// Queues a batch. Never waits; see the module for what happens when the queue is full.
    pub fn append(&mut self, mut batch: JournalBatch) {
        if let Some(last) = batch.records.last() {
            self.last_seq = last.seq;
            self.last_at = last.at;
        }
        if self.frozen.contains(&batch.feed) {
            batch.cursor = None;
            if batch.by_cursor {
                answer(batch.committed.take(), false);
            }
        }
        let Ok(()) = self.shared.room.try_acquire_many(cost(&batch)).map(tokio::sync::SemaphorePermit::forget) else {
            self.lose(batch);
            return;
        };
        let refused = match &self.inbox {
            Some(inbox) => inbox.send(Message::Batch(batch)).err().map(|refused| refused.0),
            None => Some(Message::Batch(batch)),
        };
        if let Some(Message::Batch(batch)) = refused {
            self.lose(batch);
        }
    }

    fn lose(&mut self, batch: JournalBatch) {
        self.shared.lost.fetch_add(batch.records.len() as u64, Ordering::Relaxed);
        self.shared.ever_failed.store(true, Ordering::Relaxed);
        self.frozen.insert(batch.feed);
        answer(batch.committed, false);
    }

    /// A note of the journal itself, outside the records (key figures for `warroom lives`).
    pub fn remember(&self, key: &str, value: String) {
        if let Some(inbox) = &self.inbox {
            // A thread that is gone is told by `status`.
            drop(inbox.send(Message::Remember { key: key.to_owned(), value }));
        }
    }

    /// False while the owner should take no more from the feeds: the disk is healthy and behind. True again while the
    /// journal fails or hangs, since the live goes on.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.shared.room.available_permits() > RESERVED_EVENTS || self.status().health != Health::Writing
    }

    /// How the journal stands now.
    #[must_use]
    pub fn status(&self) -> JournalStatus {
        let told = self.health.borrow().clone();
        let gone = self.thread.as_ref().is_none_or(JoinHandle::is_finished);
        let health = match (told, self.shared.slow_ms()) {
            (Health::Writing, _) if gone => Health::Failing { error: "the journal's thread has ended".into() },
            (Health::Writing, Some(since_ms)) => Health::Slow { since_ms },
            (told, _) => told,
        };
        JournalStatus {
            health,
            committed_seq: self.shared.committed_seq.load(Ordering::Acquire),
            waiting: QUEUE_EVENTS.saturating_sub(self.shared.room.available_permits()),
            lost: self.shared.lost.load(Ordering::Relaxed),
            ever_failed: gone || self.shared.ever_failed.load(Ordering::Relaxed),
        }
    }

    /// Wakes whoever waits when the journal begins to fail or has recovered.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    /// Commits what is queued, folds the log into the file, gives the lock back. Blocks for as long as that takes.
    #[must_use]
    pub fn close(mut self) -> Closing {
        self.finish()
    }

    fn finish(&mut self) -> Closing {
        drop(self.inbox.take());
        let panicked = self.thread.take().is_some_and(|thread| thread.join().is_err());
        if panicked {
            self.shared.ever_failed.store(true, Ordering::Relaxed);
        }
        let error = match &*self.health.borrow() {
            Health::Failing { error } => Some(error.clone()),
            Health::Writing | Health::Slow { .. } => panicked.then(|| "the journal's thread panicked".to_owned()),
        };
        Closing { lost: self.shared.lost.load(Ordering::Relaxed), error, ever_failed: self.shared.ever_failed.load(Ordering::Relaxed) }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.thread.is_some() {
            drop(self.finish());
        }
    }
}

fn cost(batch: &JournalBatch) -> u32 {
    let cursor = batch.cursor.as_ref().map_or(0, |cursor| cursor.len() / BYTES_OF_A_RECORD);
    u32::try_from(batch.records.len().max(1) + cursor).unwrap_or(u32::MAX)
}

fn answer(committed: Option<tokio::sync::oneshot::Sender<bool>>, stored: bool) {
    if let Some(committed) = committed {
        // Whoever asked may have gone.
        let _ = committed.send(stored);
    }
}

fn last_of(connection: &Connection) -> rusqlite::Result<(u64, At)> {
    use rusqlite::OptionalExtension;
    let last = connection
        .query_row("SELECT seq, at FROM record ORDER BY seq DESC LIMIT 1", [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    Ok(last.map_or((0, At::default()), |(seq, at)| (u64::try_from(seq).unwrap_or(0), At::from_ms(at))))
}

/// Which file a path named when it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileId(u64, u64);

impl FileId {
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(path).ok().map(|found| Self(found.dev(), found.ino()))
    }
    #[cfg(not(unix))]
    fn of(path: &Path) -> Option<Self> {
        path.exists().then_some(Self(0, 0))
    }
}

/// Why a group was not committed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Sql(#[from] rusqlite::Error),
    #[error("{0}")]
    Open(#[from] JournalError),
    #[error("the journal's file was replaced by another one")]
    Replaced,
}

/// The thread's side.
struct Worker {
    path: PathBuf,
    file: Option<FileId>,
    connection: Option<Connection>,
    messages: Receiver<Message>,
    shared: Arc<Shared>,
    health: watch::Sender<Health>,
    /// What is to be committed next.
    group: VecDeque<JournalBatch>,
    memos: Vec<(String, String)>,
    failures: u32,
    quarantine_rows: u64,
    _lock: WriteLock,
}

impl Worker {
    fn run(mut self) {
        loop {
            let open = if self.failures == 0 { self.gather() } else { self.gather_while_failing() };
            self.attempt();
            if !open {
                break;
            }
        }
        for _ in 0..CLOSE_TRIES {
            if self.failures == 0 {
                break;
            }
            std::thread::sleep(Duration::from_millis(RETRY_MS));
            self.attempt();
        }
        let left: usize = self.group.iter().map(|batch| batch.records.len()).sum();
        self.shared.lost.fetch_add(left as u64, Ordering::Relaxed);
        if let Some(connection) = self.connection.take() {
            // One file again, that can be copied and read anywhere. A log that stays behind is read by the next opening.
            drop(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
            drop(connection.pragma_update(None, "journal_mode", "DELETE"));
            drop(connection.close());
        }
    }

    /// Waits for a first batch and what follows it soon. False once the owner has closed.
    fn gather(&mut self) -> bool {
        match self.messages.recv_timeout(IDLE) {
            Ok(message) => self.take(message),
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
        let until = clock::instant() + Duration::from_millis(GROUP_MS);
        let mut events: usize = self.group.iter().map(|batch| batch.records.len()).sum();
        while events < GROUP_EVENTS {
            match self.messages.recv_timeout(until.saturating_duration_since(clock::instant())) {
                Ok(message) => {
                    if let Message::Batch(batch) = &message {
                        events += batch.records.len();
                    }
                    self.take(message);
                }
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        true
    }

    /// Collects until the next try; nothing that comes meanwhile may be called stored.
    fn gather_while_failing(&mut self) -> bool {
        let until = clock::instant() + Duration::from_millis(RETRY_MS);
        loop {
            match self.messages.recv_timeout(until.saturating_duration_since(clock::instant())) {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
            self.refuse_waiting();
        }
        true
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Batch(batch) => self.group.push_back(batch),
            Message::Remember { key, value } => self.memos.push((key, value)),
        }
    }

    fn refuse_waiting(&mut self) {
        for batch in &mut self.group {
            answer(batch.committed.take(), false);
        }
    }

    fn attempt(&mut self) {
        self.shared.commit_began.store(self.shared.elapsed_ms() + 1, Ordering::Relaxed);
        let outcome = self.keep_file().and_then(|()| self.commit());
        self.shared.commit_began.store(0, Ordering::Relaxed);
        match outcome {
            Ok(()) => self.settle(),
            Err(failure) => self.fail(&failure),
        }
    }

    fn settle(&mut self) {
        self.failures = 0;
        let (mut freed, mut reached) = (0, 0);
        for batch in self.group.drain(..) {
            reached = batch.records.last().map_or(reached, |last| last.seq);
            freed += cost(&batch) as usize;
            answer(batch.committed, true);
        }
        self.memos.clear();
        self.shared.room.add_permits(freed);
        self.shared.committed_seq.fetch_max(reached, Ordering::Release);
        self.health.send_if_modified(|health| std::mem::replace(health, Health::Writing) != Health::Writing);
    }

    fn fail(&mut self, failure: &Failure) {
        self.failures = self.failures.saturating_add(1);
        self.shared.ever_failed.store(true, Ordering::Relaxed);
        let now = Health::Failing { error: failure.to_string() };
        self.health.send_if_modified(|health| {
            let changed = *health != now;
            *health = now;
            changed
        });
        // After the state is told, so that whoever is refused finds it.
        self.refuse_waiting();
        if self.failures.is_multiple_of(REOPEN_AFTER) && !matches!(failure, Failure::Replaced) {
            self.connection = None;
        }
    }

    /// A file that was removed under us is written again from the handle that still holds it.
    fn keep_file(&mut self) -> Result<(), Failure> {
        let there = FileId::of(&self.path);
        match (there, self.file) {
            (Some(there), Some(ours)) if there != ours => Err(Failure::Replaced),
            (None, Some(_)) => {
                if let Some(connection) = self.connection.take() {
                    // Told as a failure even if the copy succeeds: whoever removed it should know.
                    self.shared.ever_failed.store(true, Ordering::Relaxed);
                    let copied = connection.execute("VACUUM INTO ?1", [self.path.to_string_lossy()]);
                    if let Err(cause) = copied {
                        self.connection = Some(connection);
                        return Err(cause.into());
                    }
                }
                self.connection = Some(format::open_for_writing(&self.path)?);
                self.file = FileId::of(&self.path);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn commit(&mut self) -> Result<(), Failure> {
        if self.group.is_empty() && self.memos.is_empty() && self.failures == 0 {
            return Ok(());
        }
        let connection = match self.connection.take() {
            Some(connection) => self.connection.insert(connection),
            None => {
                let connection = format::open_for_writing(&self.path)?;
                // After a failed sync the log's pages may be in memory only: write them to the file, and sync that.
                connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
                self.connection.insert(connection)
            }
        };
        let transaction = connection.transaction()?;
        let mut rows = self.quarantine_rows;
        for batch in &self.group {
            insert_records(&transaction, &batch.records)?;
            if let Some(position) = &batch.cursor {
                transaction
                    .prepare_cached("INSERT INTO cursor(feed, position) VALUES (?1, ?2) ON CONFLICT(feed) DO UPDATE SET position = ?2")?
                    .execute((batch.feed.as_str(), position))?;
            }
            for entry in &batch.quarantined {
                if rows < QUARANTINE_ROWS {
                    insert_quarantined(&transaction, entry)?;
                    rows += 1;
                }
            }
        }
        for (key, value) in &self.memos {
            transaction.execute("INSERT INTO meta(key, value) VALUES (?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2", (key, value))?;
        }
        transaction.commit()?;
        self.quarantine_rows = rows;
        Ok(())
    }
}

pub(super) fn insert_records(connection: &Connection, records: &[Record]) -> rusqlite::Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    // REPLACE: a group whose commit failed half-known may come a second time.
    let mut insert =
        connection.prepare_cached("INSERT OR REPLACE INTO record(seq, at, ts, type, source, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for record in records {
        let (kind, body) = format::body_of(&record.event);
        let seq = i64::try_from(record.seq).unwrap_or(i64::MAX);
        insert.execute((seq, record.at.ms(), record.event.ts.ms(), kind, record.event.source.as_str(), body))?;
    }
    Ok(())
}

fn insert_quarantined(connection: &Connection, entry: &Quarantined) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO quarantine(feed, place, reason, detail, beginning, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute((entry.feed.as_str(), &entry.place, entry.reason.id(), &entry.detail, &entry.beginning, entry.at.ms()))?;
    Ok(())
}
