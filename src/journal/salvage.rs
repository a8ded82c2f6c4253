//! A journal whose end is damaged, made writable again: what can be read is copied to a new file, the old one is kept.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{JournalError, Losses, Reader, format};
use crate::engine::event::Record;
use crate::engine::plan::Plan;

/// Records copied in one transaction.
const COPY_ROWS: usize = 4_096;

/// What became of a damaged journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salvaged {
    pub kept: u64,
    pub losses: Losses,
    /// The damaged file, as it was.
    pub damaged: PathBuf,
}

/// Copies a journal that cannot be appended to as it is. The feeds' cursors are left behind: what was lost is read again.
///
/// # Errors
/// When it is no journal, of a newer format, or the copy cannot be written.
pub fn repair(path: &Path) -> Result<Option<Salvaged>, JournalError> {
    if is_appendable(path)? {
        return Ok(None);
    }
    let copy = with_ending(path, "salvage");
    drop(std::fs::remove_file(&copy));
    let (kept, losses) = {
        let reader = Reader::open(path)?;
        reader.check_version()?;
        let mut into = format::create(&copy, reader.plan().unwrap_or(&Plan::default()))?;
        copy_records(&reader, &mut into).map_err(|cause| JournalError::sql(&copy, cause))?
    };
    let damaged = free_name(path);
    for ending in ["-wal", "-shm"] {
        let (from, to) = (joined(path, ending), joined(&damaged, ending));
        if from.exists() {
            std::fs::rename(&from, &to).map_err(|cause| JournalError::io(&from, cause))?;
        }
    }
    std::fs::rename(path, &damaged).map_err(|cause| JournalError::io(path, cause))?;
    std::fs::rename(&copy, path).map_err(|cause| JournalError::io(path, cause))?;
    Ok(Some(Salvaged { kept, losses, damaged }))
}

/// Whether the right edge of the file, where records are appended, can be read.
fn is_appendable(path: &Path) -> Result<bool, JournalError> {
    let reader = match format::open_for_reading(path, format::Damage::Refused) {
        Ok(connection) => connection,
        Err(JournalError::Sql { cause, .. }) if is_damage(&cause) => return Ok(false),
        Err(other) => return Err(other),
    };
    let edges = [
        "SELECT seq, body FROM record ORDER BY seq DESC LIMIT 1",
        "SELECT count(*) FROM cursor",
        "SELECT count(*) FROM meta",
        "SELECT max(rowid) FROM quarantine",
    ];
    for sql in edges {
        let seen = reader.prepare(sql).and_then(|mut statement| statement.query([])?.next().map(|_| ()));
        match seen {
            Err(cause) if is_damage(&cause) => return Ok(false),
            Err(cause) => return Err(JournalError::sql(path, cause)),
            Ok(()) => {}
        }
    }
    Ok(true)
}

fn is_damage(cause: &rusqlite::Error) -> bool {
    matches!(cause.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::SystemIoFailure))
}

fn copy_records(reader: &Reader, into: &mut Connection) -> rusqlite::Result<(u64, Losses)> {
    let mut records = reader.records();
    let mut kept = 0u64;
    loop {
        let page: Vec<Record> = records.by_ref().take(COPY_ROWS).collect();
        if page.is_empty() {
            return Ok((kept, records.losses().clone()));
        }
        kept += page.len() as u64;
        let transaction = into.transaction()?;
        super::write::insert_records(&transaction, &page)?;
        transaction.commit()?;
    }
}

fn joined(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    joined(path, &format!(".{ending}"))
}

/// The first `….damaged-N` that is not taken.
fn free_name(path: &Path) -> PathBuf {
    let mut number = 1u32;
    loop {
        let name = with_ending(path, &format!("damaged-{number}"));
        if !name.exists() {
            return name;
        }
        number += 1;
    }
}
