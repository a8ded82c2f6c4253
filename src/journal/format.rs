//! The file's tables, its version, and the compact form of a record.
//!
//! A row stands for itself: `type`, `ts` and `source` are columns, `body` is the rest of the canonical JSON, nothing is
//! written twice and no row needs another table to be read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use std::io::Read;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::JournalError;
use crate::engine::event::{Event, Record};
use crate::engine::plan::Plan;
use crate::engine::time::At;
use crate::engine::wire::{self, Defaults};
use crate::private;

/// A journal with a greater major number is never written to; it is read as far as its records are told in these columns.
pub const MAJOR: u32 = 1;
/// A greater minor number may have more tables and columns, and is read.
pub const MINOR: u32 = 0;
/// `WARR` in the file's header.
pub const APPLICATION_ID: i64 = 0x5741_5252;
/// How long a reader or writer waits for another connection's short lock.
pub const BUSY: Duration = Duration::from_secs(5);

const TABLES: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE record(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, ts INTEGER NOT NULL, type TEXT NOT NULL, source TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE cursor(feed TEXT PRIMARY KEY, position TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE quarantine(feed TEXT NOT NULL, place TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, beginning TEXT NOT NULL, at INTEGER NOT NULL);
";

/// The keys of `meta` that this version writes itself.
pub mod key {
    pub const FORMAT: &str = "format";
    pub const PLAN: &str = "plan";
    pub const NAME: &str = "name";
    pub const STARTS_AT: &str = "starts_at";
    /// The key figures at [`super::super::write::Writer::remember`] time, for `warroom lives`.
    pub const FIGURES: &str = "figures";
}

/// A new file with its tables and the identity of its plan. It is there as a whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn create(path: &Path, plan: &Plan) -> Result<Connection, JournalError> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    // What a crash in the middle left behind.
    drop(std::fs::remove_file(&fresh));
    // SQLite gives its -wal and -shm the rights of the file itself
    private::open(&fresh).map_err(|cause| JournalError::io(path, cause))?;
    fill(&fresh, plan).map_err(|cause| JournalError::sql(path, cause))?;
    std::fs::rename(&fresh, path).map_err(|cause| JournalError::Io { path: path.to_owned(), cause })?;
    open_for_writing(path)
}

fn fill(path: &Path, plan: &Plan) -> rusqlite::Result<()> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    let json = serde_json::to_string(plan).unwrap_or_default();
    let starts_at = plan.starts_at.map(At::rfc3339).unwrap_or_default();
    let format = format!("{MAJOR}.{MINOR}");
    for (key, value) in [(key::FORMAT, &format), (key::PLAN, &json), (key::NAME, &plan.name), (key::STARTS_AT, &starts_at)] {
        transaction.execute("INSERT INTO meta(key, value) VALUES (?1, ?2)", (key, value))?;
    }
    transaction.commit()?;
    connection.close().map_err(|(_, cause)| cause)
}

/// A connection of the one writer.
///
/// # Errors
/// When the file is no journal of this format or cannot be written.
pub fn open_for_writing(path: &Path) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|cause| JournalError::sql(path, cause))?;
    check_version(&connection, path)?;
    prepare(&connection).map_err(|cause| JournalError::sql(path, cause))?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)
}

/// How damage and a newer format are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Whatever can be read is read.
    Tolerated,
    /// A file that is shorter than it should be, or newer, is an error.
    Refused,
}

/// A connection that only looks; works while a writer writes, and on a folder that cannot be written.
///
/// # Errors
/// When the file is missing, no journal, or of a newer format that is refused or tells its records in another way.
pub fn open_for_reading(path: &Path, damage: Damage) -> Result<Connection, JournalError> {
    if !path.exists() {
        return Err(JournalError::Missing { path: path.to_owned() });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let open = |name: &Path| -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(name, flags)?;
        connection.busy_timeout(BUSY)?;
        if damage == Damage::Tolerated {
            // SQLite's own way to look into a file that was cut short.
            connection.pragma_update(None, "writable_schema", true)?;
        }
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    };
    let connection = match open(path) {
        // Without the right to make the shared index beside it: what the main file holds.
        Err(cause) if matches!(cause.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)) => {
            open(Path::new(&immutable(path)))
        }
        opened => opened,
    }
    .map_err(|cause| match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => JournalError::Foreign { path: path.to_owned(), detail: unreadable(path).into() },
        _ => JournalError::sql(path, cause),
    })?;
    match check_version(&connection, path) {
        Err(JournalError::Newer { .. }) if damage == Damage::Tolerated && connection.prepare(RECORDS).is_ok() => {}
        checked => checked?,
    }
    Ok(connection)
}

/// What every reader asks of a journal.
const RECORDS: &str = "SELECT seq, at, ts, type, source, body FROM record";

/// The format of a journal that is newer than this program, as it is written.
#[must_use]
pub fn newer(connection: &Connection) -> Option<String> {
    meta(connection, key::FORMAT).filter(|text| version(text).is_some_and(|(major, _)| major > MAJOR))
}

fn immutable(path: &Path) -> String {
    let mut uri = String::from("file:");
    for c in path.to_string_lossy().chars() {
        match c {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            other => uri.push(other),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

const EMPTY: &str = "an empty file; copy it again from where it came, with its -wal, or take a backup";
/// What an SQLite file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Why SQLite does not know a file.
fn unreadable(path: &Path) -> &'static str {
    let mut first = [0; MAGIC.len()];
    let began = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut first)).is_ok() && first == MAGIC;
    if began {
        return "damaged or cut off in its first bytes; copy it again from where it came, with its -wal, or take a backup";
    }
    "no SQLite file"
}

/// That a file is a journal of this format.
///
/// # Errors
/// When it is another program's, or of a newer format.
pub fn check_version(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    let foreign = |detail: &str| JournalError::Foreign { path: path.to_owned(), detail: detail.to_owned() };
    let application: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(|cause| match cause.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => foreign(unreadable(path)),
            _ => JournalError::sql(path, cause),
        })?;
    if application != APPLICATION_ID {
        let is_empty = std::fs::metadata(path).is_ok_and(|file| file.len() == 0);
        return Err(foreign(if is_empty { EMPTY } else { "an SQLite file of another program" }));
    }
    // A damaged `meta` is no reason to refuse the records.
    let Some((major, minor)) = meta(connection, key::FORMAT).and_then(|text| version(&text)) else { return Ok(()) };
    if major > MAJOR {
        return Err(JournalError::Newer { path: path.to_owned(), major, minor });
    }
    Ok(())
}

fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// A value of `meta`; `None` when it is not there or cannot be read.
#[must_use]
pub fn meta(connection: &Connection, key: &str) -> Option<String> {
    connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional().ok().flatten()
}

/// The members of the canonical JSON that have a column of their own.
const COLUMNS: [&str; 3] = ["type", "ts", "source"];

/// A record as a row: its type, and its JSON without what the columns say.
#[must_use]
pub fn body_of(event: &Event) -> (String, String) {
    let json = wire::write(event);
    let mut kind = String::new();
    let mut body = String::with_capacity(json.len());
    body.push('{');
    for member in members(&json) {
        let Some((name, value)) = split(member) else { continue };
        if name == "type" {
            kind.push_str(value.trim_matches('"'));
        }
        if COLUMNS.contains(&name) {
            continue;
        }
        if body.len() > 1 {
            body.push(',');
        }
        body.push_str(member);
    }
    body.push('}');
    (kind, body)
}

/// Reads a row back; `defaults` are empty, since an event carries its own currency. `line` is scratch space that rows share.
///
/// # Errors
/// With what [`wire::read`] says of a damaged body.
pub fn record_of(row: &Row<'_>, defaults: &Defaults, line: &mut String) -> Result<Record, wire::Reject> {
    line.clear();
    line.push_str(r#"{"type":""#);
    line.push_str(row.kind);
    line.push_str(r#"","ts":""#);
    line.push_str(&row.ts.rfc3339());
    line.push('"');
    if !row.source.is_empty() {
        line.push_str(r#","source":"#);
        line.push_str(&serde_json::to_string(row.source).unwrap_or_default());
    }
    let rest = row.body.strip_prefix('{').unwrap_or(row.body);
    if rest.trim_start() != "}" {
        line.push(',');
    }
    line.push_str(rest);
    Ok(Record { seq: row.seq, at: row.at, event: wire::read(line, defaults)?.event })
}

/// A row of the table `record`, borrowed from SQLite.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    pub seq: u64,
    pub at: At,
    pub ts: At,
    pub kind: &'a str,
    pub source: &'a str,
    pub body: &'a str,
}

/// The members of a JSON object on one line without blanks, each as its text.
fn members(json: &str) -> impl Iterator<Item = &str> {
    let inner = json.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or("");
    let mut rest = inner;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = member_end(rest.as_bytes());
        let (member, after) = rest.split_at(end);
        rest = after.strip_prefix(',').unwrap_or(after);
        Some(member)
    })
}

fn member_end(bytes: &[u8]) -> usize {
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    for (place, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => return place,
            _ => {}
        }
    }
    bytes.len()
}

/// Name and value of a member. Canonical names hold no escapes; an unknown field whose name does is never a column.
fn split(member: &str) -> Option<(&str, &str)> {
    let (name, value) = member.strip_prefix('"')?.split_once('"')?;
    Some((name, value.strip_prefix(':').unwrap_or(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_split_at_the_commas_between_them() {
        let json = r#"{"a":"x,\"}","b":{"ts":1,"c":[1,2]},"ts":"now","e":"\\"}"#;
        let found: Vec<&str> = members(json).collect();
        assert_eq!(found, [r#""a":"x,\"}""#, r#""b":{"ts":1,"c":[1,2]}"#, r#""ts":"now""#, r#""e":"\\""#]);
        assert_eq!(members("{}").count(), 0);
    }
}
