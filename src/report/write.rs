//! The door to the disk: every file is written beside itself, made durable, then put in its place; never half a file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::voice::Voice;
use super::{Report, csv, document, html, markdown, sqlite, tables};
use crate::private;

/// Longest name of a folder.
const SLUG: usize = 60;
/// Names that a Windows machine cannot have.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub folder: PathBuf,
    /// The file that is opened first.
    pub html: PathBuf,
}

/// Writes all forms of a report into a folder of its own below `out`.
///
/// # Errors
/// When the folder or a file cannot be written.
pub fn write(report: &Report, voice: &dyn Voice, out: &Path) -> io::Result<Written> {
    let folder = out.join(slug(&report.slug));
    fs::create_dir_all(&folder)?;
    let document = document::compose(report, voice);
    // each file waits for its disk: figures in one thread, texts in another
    std::thread::scope(|scope| {
        let figures = scope.spawn(|| figures(report, &folder));
        let texts = || -> io::Result<()> {
            put_text(&folder.join("report.html"), &html::print(&document))?;
            put_text(&folder.join("report.md"), &markdown::print(&document))?;
            put_text(&folder.join("report.json"), &(serde_json::to_string(report).map_err(io::Error::other)? + "\n"))
        };
        let texts = texts();
        figures.join().unwrap_or_else(|_| Err(io::Error::other("the thread of the figures has failed"))).and(texts)
    })?;
    File::open(&folder)?.sync_all()?;
    let html = folder.join("report.html");
    Ok(Written { folder, html })
}

/// The tables of a report as files.
fn figures(report: &Report, folder: &Path) -> io::Result<()> {
    let tables = tables::all(report);
    for table in &tables {
        put_text(&folder.join(format!("{}.csv", table.name)), &csv::print(table))?;
    }
    put(&folder.join("report.sqlite"), |path| private::open(path).and_then(|_made| sqlite::write(&tables, path)))
}

/// Writes one file of ours whole or not at all.
///
/// # Errors
/// When it cannot be written; what stood there before stays.
pub fn put_text(path: &Path, content: &str) -> io::Result<()> {
    put(path, |beside| text(beside, content))
}

fn text(path: &Path, content: &str) -> io::Result<()> {
    let mut file = private::open(path)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()
}

/// Has a file written beside its place, then puts it there.
fn put(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    let beside = PathBuf::from(beside);
    // What an earlier run of the same number left half written.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let placed = write(&beside).and_then(|()| fs::rename(&beside, path));
    if placed.is_err() {
        // The half file is of no use; what failed first is what is told.
        drop(fs::remove_file(&beside));
    }
    placed
}

/// A folder name of any text: `[a-z0-9-]`, 1 to 60 of them.
#[must_use]
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.chars().flat_map(char::to_lowercase).map(plain) {
        match letter {
            Some(letter) => slug.push(letter),
            None if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            None => {}
        }
        if slug.len() >= SLUG {
            break;
        }
    }
    let slug = slug.trim_end_matches('-').to_owned();
    let numbered = slug.len() == 4 && (slug.starts_with("com") || slug.starts_with("lpt"));
    if slug.is_empty() {
        "live".to_owned()
    } else if numbered || RESERVED.contains(&slug.as_str()) {
        format!("live-{slug}")
    } else {
        slug
    }
}

/// The letter without its accent, where a folder name may have it.
fn plain(letter: char) -> Option<char> {
    match letter {
        'a'..='z' | '0'..='9' => Some(letter),
        'á' | 'à' | 'â' | 'ã' | 'ä' => Some('a'),
        'é' | 'è' | 'ê' | 'ë' => Some('e'),
        'í' | 'ì' | 'î' | 'ï' => Some('i'),
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' => Some('o'),
        'ú' | 'ù' | 'û' | 'ü' => Some('u'),
        'ç' => Some('c'),
        'ñ' => Some('n'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_name_on_every_system() {
        assert_eq!(slug("Terça Tech · 20h"), "terca-tech-20h");
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("CON"), "live-con");
        assert_eq!(slug("com1"), "live-com1");
        assert_eq!(slug("🎉"), "live");
        assert_eq!(slug(&"a".repeat(300)).len(), 60);
    }
}
