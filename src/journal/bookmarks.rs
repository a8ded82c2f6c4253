//! Bookmarks: places to come back to, kept in a file beside a journal and never in it. One time a line; what is no time is
//! left as it stands.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::time::{At, SECOND_MS};

/// The ending that the file's name has after the journal's.
pub const EXTENSION: &str = "bookmarks";
/// Bookmarks of one journal.
pub const MOST: usize = 500;

/// Why a bookmark is not kept.
#[derive(Debug, thiserror::Error)]
pub enum BookmarkError {
    #[error("{path}: {cause}; the bookmark is not kept, see that the folder can be written")]
    Io { path: PathBuf, cause: io::Error },
    #[error("{path}: {MOST} bookmarks are the most; take some away with b on them")]
    Full { path: PathBuf },
}

/// The bookmarks of a journal or of a file of events.
#[derive(Debug)]
pub struct Bookmarks {
    path: PathBuf,
    marks: Vec<At>,
    /// Lines that are no time.
    others: Vec<String>,
}

impl Bookmarks {
    /// Those beside a journal; none where there is no such file yet.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn beside(journal: &Path) -> Result<Self, BookmarkError> {
        let mut name = OsString::from(journal);
        name.push(".");
        name.push(EXTENSION);
        let path = PathBuf::from(name);
        let text = match std::fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => String::new(),
            Err(cause) => return Err(BookmarkError::Io { path, cause }),
        };
        let mut bookmarks = Self { path, marks: Vec::new(), others: Vec::new() };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match At::parse(line, None) {
                Some(at) => bookmarks.marks.push(at),
                None => bookmarks.others.push(line.to_owned()),
            }
        }
        bookmarks.marks.sort_unstable();
        bookmarks.marks.dedup();
        Ok(bookmarks)
    }

    /// All of them, by time.
    #[must_use]
    pub fn all(&self) -> &[At] {
        &self.marks
    }
    /// Lines of the file that are no bookmarks.
    #[must_use]
    pub const fn unread(&self) -> usize {
        self.others.len()
    }

    /// Sets a bookmark, or takes away the one in the same second; and keeps it.
    ///
    /// # Errors
    /// When it cannot be kept: then nothing has changed.
    pub fn turn(&mut self, at: At) -> Result<(), BookmarkError> {
        let before = self.marks.clone();
        self.marks.retain(|mark| mark.since_ms(at).abs() >= SECOND_MS);
        if self.marks.len() == before.len() {
            if before.len() >= MOST {
                return Err(BookmarkError::Full { path: self.path.clone() });
            }
            self.marks.push(at);
            self.marks.sort_unstable();
        }
        self.write().map_err(|cause| {
            self.marks = before;
            BookmarkError::Io { path: self.path.clone(), cause }
        })
    }

    /// The file is there as a whole or as it was before.
    fn write(&self) -> io::Result<()> {
        let times = self.marks.iter().map(|at| at.rfc3339());
        let text: String = times.chain(self.others.iter().cloned()).map(|line| line + "\n").collect();
        let mut fresh = self.path.clone().into_os_string();
        fresh.push(".new");
        std::fs::write(&fresh, text)?;
        std::fs::rename(&fresh, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bookmarks_survive_and_lines_of_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("a.warroom");
        let at = |second| At::parse("2026-11-21T23:00:00Z", None).unwrap().plus_s(second);
        let mut bookmarks = Bookmarks::beside(&journal).unwrap();
        bookmarks.turn(at(90)).unwrap();
        bookmarks.turn(at(30)).unwrap();
        std::fs::write(
            folder.path().join("a.warroom.bookmarks"),
            std::fs::read_to_string(folder.path().join("a.warroom.bookmarks")).unwrap() + "not a time\n",
        )
        .unwrap();
        let mut again = Bookmarks::beside(&journal).unwrap();
        assert_eq!((again.all(), again.unread()), (&[at(30), at(90)][..], 1));
        again.turn(at(30)).unwrap();
        let last = Bookmarks::beside(&journal).unwrap();
        assert_eq!((last.all(), last.unread()), (&[at(90)][..], 1));
        assert!(!journal.exists(), "the journal itself is never touched");
    }

    #[test]
    fn what_cannot_be_kept_is_not_set() {
        let folder = tempfile::tempdir().unwrap();
        let mut bookmarks = Bookmarks::beside(&folder.path().join("gone").join("a.warroom")).unwrap();
        let error = bookmarks.turn(At::from_ms(1)).unwrap_err();
        assert!(error.to_string().contains("can be written"), "{error}");
        assert!(bookmarks.all().is_empty());
    }
}
