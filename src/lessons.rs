//! The lessons of this desk: what was ticked in reports and what later lives said of it, in one file of the data folder.

use std::path::{Path, PathBuf};

use crate::report::lesson::{Lesson, Outcome};
use crate::report::write::put_text;

/// Largest file that is read.
const LARGEST_BYTES: u64 = 8 << 20;
/// Lessons that are kept: of more, the oldest go.
const MOST: usize = 1_000;

/// Why lessons cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum LessonsError {
    #[error("{path}: {cause}; see that the folder exists and can be written")]
    Io { path: PathBuf, cause: std::io::Error },
    #[error("{path}: no list of lessons ({cause}); restore it from a copy, or remove it and lose what was ticked")]
    Damaged { path: PathBuf, cause: String },
}

/// All lessons, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Lessons {
    path: PathBuf,
    known: Vec<Lesson>,
}

impl Lessons {
    /// Reads the file; none is no lessons.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn open(path: &Path) -> Result<Self, LessonsError> {
        let io = |cause| LessonsError::Io { path: path.to_owned(), cause };
        let size = match std::fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { path: path.to_owned(), known: Vec::new() });
            }
            Err(cause) => return Err(io(cause)),
        };
        let damaged = |cause: String| LessonsError::Damaged { path: path.to_owned(), cause };
        if size > LARGEST_BYTES {
            return Err(damaged(format!("{size} bytes are too many")));
        }
        let text = std::fs::read_to_string(path).map_err(io)?;
        let known = serde_json::from_str(&text).map_err(|cause| damaged(cause.to_string()))?;
        Ok(Self { path: path.to_owned(), known })
    }

    #[must_use]
    pub fn known(&self) -> &[Lesson] {
        &self.known
    }

    /// The lessons themselves.
    #[must_use]
    pub fn into_known(self) -> Vec<Lesson> {
        self.known
    }

    /// Takes lessons that were ticked; one that was ticked before keeps what later lives said of it.
    pub fn tick(&mut self, ticked: Vec<Lesson>) {
        for mut lesson in ticked {
            if let Some(place) = self.known.iter().position(|known| known.id == lesson.id) {
                lesson.outcomes = self.known.remove(place).outcomes;
            }
            self.known.push(lesson);
        }
        self.known.drain(..self.known.len().saturating_sub(MOST));
    }

    /// Takes what a live says of a lesson; one that it said before is replaced. True when something changed.
    pub fn learn(&mut self, lesson: &str, outcome: Outcome) -> bool {
        let Some(known) = self.known.iter_mut().find(|known| known.id == lesson) else { return false };
        if known.outcomes.contains(&outcome) {
            return false;
        }
        known.outcomes.retain(|other| other.live != outcome.live);
        known.outcomes.push(outcome);
        true
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self) -> Result<(), LessonsError> {
        let io = |cause| LessonsError::Io { path: self.path.clone(), cause };
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        let text = serde_json::to_string_pretty(&self.known).map_err(|cause| io(cause.into()))?;
        put_text(&self.path, &(text + "\n")).map_err(io)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::time::At;

    fn lesson(id: &str) -> Lesson {
        Lesson {
            id: id.into(),
            text: format!("do {id}"),
            from_live: "a".into(),
            ticked_at: At::parse("2026-11-24T23:00:00Z", None).unwrap(),
            kind: "weak-product".into(),
            parameters: crate::report::lesson::Parameters::default(),
            outcomes: Vec::new(),
        }
    }

    #[test]
    fn lessons_are_found_again_with_what_later_lives_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/lessons.json");
        let mut lessons = Lessons::open(&path).unwrap();
        lessons.tick(vec![lesson("one"), lesson("two")]);
        let outcome = Outcome { live: "b".into(), verdict: "better".into(), ..Outcome::default() };
        assert!(lessons.learn("one", outcome.clone()) && !lessons.learn("one", outcome.clone()));
        assert!(!lessons.learn("three", outcome));
        lessons.tick(vec![lesson("one")]);
        lessons.save().unwrap();
        let again = Lessons::open(&path).unwrap();
        assert_eq!(again, lessons);
        assert_eq!(again.known().iter().map(|lesson| lesson.id.as_str()).collect::<Vec<_>>(), ["two", "one"]);
        assert_eq!(again.known()[1].outcomes.len(), 1);
    }

    #[test]
    fn a_damaged_file_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lessons.json");
        std::fs::write(&path, "[{").unwrap();
        let error = Lessons::open(&path).unwrap_err().to_string();
        assert!(error.contains("lessons.json") && error.contains("restore it"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[{");
    }
}
