//! One writer at a time: an exclusive lock on a small file beside the journal, gone with the process that held it.
//!
//! The lock is not on the journal itself: closing any handle of a SQLite file drops the process's own POSIX locks on it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::JournalError;

/// Attempts to lock a file that another writer may just be removing.
const TRIES: usize = 8;

/// Held for as long as a journal is written.
#[derive(Debug)]
pub struct WriteLock {
    path: PathBuf,
    _file: File,
}

impl WriteLock {
    /// Takes the lock of `journal`.
    ///
    /// # Errors
    /// When another process holds it.
    pub fn take(journal: &Path) -> Result<Self, JournalError> {
        let path = beside(journal);
        for _ in 0..TRIES {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(|cause| JournalError::io(&path, cause))?;
            match file.try_lock() {
                Ok(()) if is_current(&file, &path) => {
                    let noted = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                    // The number only makes the other side's message better.
                    drop(noted);
                    return Ok(Self { path, _file: file });
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    let holder = file.read_to_string(&mut holder).ok().and_then(|_| holder.parse().ok());
                    return Err(JournalError::Locked { path: journal.to_owned(), holder });
                }
                Err(TryLockError::Error(cause)) => return Err(JournalError::io(&path, cause)),
            }
        }
        Err(JournalError::Locked { path: journal.to_owned(), holder: None })
    }
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        // Removed while still held, so that nobody else's lock can be meant. A file left behind does no harm.
        drop(std::fs::remove_file(&self.path));
    }
}

fn beside(journal: &Path) -> PathBuf {
    let real = std::fs::canonicalize(journal).unwrap_or_else(|_| journal.to_owned());
    let mut name = real.into_os_string();
    name.push(".lock");
    PathBuf::from(name)
}

/// False when the file that was locked has been removed by its former holder meanwhile.
#[cfg(unix)]
fn is_current(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(ours), Ok(there)) => ours.ino() == there.ino() && ours.dev() == there.dev(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_current(_: &File, path: &Path) -> bool {
    path.exists()
}
