//! Lessons of earlier reports that were ticked: `lessons.json` in the data folder, which the next plan takes over.

use std::path::Path;

use serde::Deserialize;

/// A file larger than this is no list of lessons.
const LARGEST_BYTES: u64 = 4 << 20;

/// A ticked lesson, as far as a plan needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Lesson {
    pub id: String,
    /// What to do, in the words of the report that proposed it.
    pub text: String,
    /// The live that it was learnt from.
    pub from_live: String,
}

/// The ticked lessons, in the order of the file; none where there is no file.
///
/// # Errors
/// When the file cannot be read, with what to do.
pub fn ticked(path: &Path) -> Result<Vec<Lesson>, String> {
    let wrong = |cause: String| format!("{}: {cause}; tick the lessons again in a report, or remove the file", path.display());
    match std::fs::metadata(path) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(wrong(cause.to_string())),
        Ok(found) if found.len() > LARGEST_BYTES => return Err(wrong("too large for a list of lessons".into())),
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(path).map_err(|cause| wrong(cause.to_string()))?;
    let mut lessons: Vec<Lesson> = serde_json::from_str(&text).map_err(|cause| wrong(cause.to_string()))?;
    lessons.retain(|lesson| !lesson.text.trim().is_empty());
    Ok(lessons)
}
