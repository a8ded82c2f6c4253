//! The journal: one SQLite file per broadcast (`*.warroom`), the feeds' cursors in the same transaction as the records.
//!
//! [`Writer`] is the door for the owner of the state: [`Writer::append`] never waits, a thread of its own commits
//! groups of at most [`write::GROUP_MS`] with `synchronous=FULL`, and a failing disk is a [`Health`] that the glass
//! shows, never a reason to stop. [`Reader`] streams the records, also beside a writer, and says what is missing.
//!
//! | module | duty |
//! |---|---|
//! | [`mod@format`] | the tables, the version, the compact form of a record |
//! | [`lock`] | one writer at a time |
//! | [`write`](mod@write) | the queue, the commits, retries, acknowledgements |
//! | [`read`] | records, plan, cursors, what is damaged |
//! | [`bookmarks`] | places to come back to, in a file beside a journal |
//! | [`salvage`] | a damaged file made writable again |
//! | [`export`] | JSON Lines, first the plan |

pub mod bookmarks;
pub mod erasure;
pub mod export;
pub mod format;
pub mod lock;
pub mod read;
pub mod salvage;
pub mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::oneshot;

use rusqlite::ErrorCode;

use crate::engine::event::{Quarantine, Record};
use crate::engine::id::Name;
use crate::engine::plan::Plan;
use crate::engine::time::At;

pub use read::{Losses, Reader, Records};
pub use write::{Closing, Health, JournalStatus, Writer};

/// The ending of a journal's name.
pub const EXTENSION: &str = "warroom";

/// What is appended at once: all of it in one transaction, its cursor with it.
#[derive(Debug, Default)]
pub struct JournalBatch {
    /// The feed that it comes from; empty for the desk's own records.
    pub feed: Name,
    /// Shared with the owner, who steps the engine with the same records.
    pub records: Arc<[Record]>,
    /// Where the feed goes on after a restart.
    pub cursor: Option<String>,
    pub quarantined: Vec<Quarantined>,
    /// Answered after the commit: true when everything is durable, false when the journal failed.
    pub committed: Option<oneshot::Sender<bool>>,
    /// What is acknowledged stands in the cursor: where that is not moved, it is not durable.
    pub by_cursor: bool,
}

/// An input that became no event, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    pub feed: Name,
    /// A line number, a byte offset, a page, an id.
    pub place: String,
    /// One of [`Quarantine::id`].
    pub reason: Quarantine,
    /// The field or a short explanation.
    pub detail: String,
    /// The cleaned beginning of the input.
    pub beginning: String,
    pub at: At,
}

/// Why a journal cannot be used, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("{path}: another warroom is writing this journal{}; close it there, or look at it here with `warroom replay {path}`", of_process(*.holder))]
    Locked { path: PathBuf, holder: Option<u32> },
    #[error(
        "{path}: written by a newer warroom (journal format {major}.{minor}, this one reads up to {}.x); update warroom to open it",
        format::MAJOR
    )]
    Newer { path: PathBuf, major: u32, minor: u32 },
    #[error("{path}: no such journal; `warroom lives` lists those that there are")]
    Missing { path: PathBuf },
    #[error("{path}: exists already; open it, or choose another name")]
    Exists { path: PathBuf },
    #[error("{path}: the journal of another live ({name} {starts_at}); name another file with --journal, or correct the plan")]
    OtherLive { path: PathBuf, name: String, starts_at: String },
    #[error("{path}: not a warroom journal ({detail})")]
    Foreign { path: PathBuf, detail: String },
    #[error("{path}: {cause}; see that the folder exists, can be written and has space left")]
    Io { path: PathBuf, cause: std::io::Error },
    #[error("{path}: {cause}; {}", remedy(.cause))]
    Sql { path: PathBuf, cause: rusqlite::Error },
}

/// Who holds a lock, where that is known.
fn of_process(holder: Option<u32>) -> String {
    holder.map(|process| format!(" (process {process})")).unwrap_or_default()
}

/// What to do where SQLite cannot go on.
fn remedy(cause: &rusqlite::Error) -> &'static str {
    match cause.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt) => {
            "the file is damaged or was cut off; copy it again from where it came, with its -wal, or take a backup"
        }
        _ => "see that the file can be read and written and the disk has space left",
    }
}

impl JournalError {
    fn io(path: &Path, cause: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), cause }
    }
    fn sql(path: &Path, cause: rusqlite::Error) -> Self {
        Self::Sql { path: path.to_owned(), cause }
    }
}

/// Makes and opens journals for writing.
#[derive(Debug)]
pub struct Journal;

impl Journal {
    /// A new, empty journal for `plan`. The plan itself is also the first record, written by whoever stamps records.
    ///
    /// # Errors
    /// When the file exists already, is locked or cannot be written.
    pub fn create(path: &Path, plan: &Plan) -> Result<Writer, JournalError> {
        if path.exists() {
            return Err(JournalError::Exists { path: path.to_owned() });
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|cause| JournalError::io(folder, cause))?;
        }
        let lock = lock::WriteLock::take(path)?;
        let connection = format::create(path, plan)?;
        Writer::start(path, connection, lock)
    }

    /// The journal of a plan's live: goes on with the one that is there, else begins a new one.
    ///
    /// # Errors
    /// As [`Journal::create`] and [`Journal::open_for_writing`], and when the file is the journal of another live.
    pub fn of_live(path: &Path, plan: &Plan) -> Result<Writer, JournalError> {
        if !path.exists() {
            return Self::create(path, plan);
        }
        let reader = Reader::open(path)?;
        let (name, starts_at) = (reader.recall(format::key::NAME), reader.recall(format::key::STARTS_AT));
        drop(reader);
        let ours = plan.starts_at.map(At::rfc3339).unwrap_or_default();
        match (name, starts_at) {
            (Some(name), Some(starts_at)) if name != plan.name || starts_at != ours => {
                Err(JournalError::OtherLive { path: path.to_owned(), name, starts_at })
            }
            // A journal that no longer knows its own name is taken for what the operator says it is.
            _ => Self::open_for_writing(path),
        }
    }

    /// An existing journal, to go on where it ended. A file whose end is damaged is salvaged first
    /// ([`Writer::salvaged`] says what was lost).
    ///
    /// # Errors
    /// When there is none, another writer has it, or it is of a newer format.
    pub fn open_for_writing(path: &Path) -> Result<Writer, JournalError> {
        if !path.exists() {
            return Err(JournalError::Missing { path: path.to_owned() });
        }
        let lock = lock::WriteLock::take(path)?;
        let salvaged = salvage::repair(path)?;
        let connection = format::open_for_writing(path)?;
        let mut writer = Writer::start(path, connection, lock)?;
        writer.salvaged = salvaged;
        Ok(writer)
    }
}
