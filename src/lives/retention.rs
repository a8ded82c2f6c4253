//! Lives that are older than they are to be kept: which they are, and their end.

use std::path::{Path, PathBuf};

use super::{Life, LifeState};
use crate::engine::time::{At, HOUR_MS};
use crate::journal::lock::WriteLock;
use crate::journal::{JournalError, bookmarks};

const DAY_MS: i64 = 24 * HOUR_MS;

/// A length of time to keep lives for: `400d`, `26w`, `2y`; at least a day.
#[must_use]
pub fn age_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    let unit = text.chars().next_back()?;
    let count: i64 = text.get(..text.len() - unit.len_utf8())?.trim().parse().ok().filter(|count| (1..=10_000).contains(count))?;
    let days = match unit {
        'd' => 1,
        'w' => 7,
        'y' => 365,
        _ => return None,
    };
    Some(count * days * DAY_MS)
}

impl Life {
    /// When it was over: its close, else its last fact, else its start.
    fn over(&self) -> Option<At> {
        match &self.state {
            LifeState::Readable { plan, figures, .. } => figures.closed.or(figures.to).or(plan.starts_at),
            LifeState::Unreadable(_) => None,
        }
    }
}

/// The lives that were over before an instant. What cannot be read has no age, and stays.
#[must_use]
pub fn older_than(lives: &[Life], before: At) -> Vec<&Life> {
    lives.iter().filter(|life| life.over().is_some_and(|over| over < before)).collect()
}

/// Removes a journal with its bookmarks and what SQLite keeps beside it.
///
/// # Errors
/// When it is being written, or cannot be removed.
pub fn remove(journal: &Path) -> Result<(), JournalError> {
    let held = WriteLock::take(journal)?;
    for ending in ["-wal", "-shm", "-journal", &format!(".{}", bookmarks::EXTENSION)] {
        let mut beside = journal.as_os_str().to_owned();
        beside.push(ending);
        match std::fs::remove_file(PathBuf::from(beside)) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(JournalError::Io { path: journal.to_owned(), cause }),
            _ => {}
        }
    }
    let removed = std::fs::remove_file(journal).map_err(|cause| JournalError::Io { path: journal.to_owned(), cause });
    drop(held);
    removed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_number_of_days_weeks_or_years() {
        assert_eq!(["400d", "2w", "1y"].map(age_ms), [Some(400 * DAY_MS), Some(14 * DAY_MS), Some(365 * DAY_MS)]);
        for text in ["", "d", "0d", "-3d", "400", "4m", "99999d", "1.5y"] {
            assert_eq!(age_ms(text), None, "{text}");
        }
    }
}
