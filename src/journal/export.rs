//! JSON Lines out of a journal: first the plan, each line the event with its `at` and `seq`.

use std::io::{self, Write};

use super::{Losses, Reader};
use crate::engine::event::{Control, Event, Extra, Fact, Record};
use crate::engine::time::At;
use crate::engine::wire;

/// Writes all records of a journal, one a line; they fold to the same state as the journal.
///
/// # Errors
/// When `out` cannot be written.
pub fn export(reader: &Reader, out: &mut impl Write) -> io::Result<Losses> {
    let mut records = reader.records();
    let mut line = String::new();
    for (place, record) in records.by_ref().enumerate() {
        if place == 0 && !matches!(record.event.fact, Fact::Plan(_)) {
            write_plan(reader, record.at, out)?;
        }
        write_record(&record, &mut line);
        out.write_all(line.as_bytes())?;
    }
    Ok(records.losses().clone())
}

/// One line: the canonical JSON with `at` and `seq` at its end.
pub fn write_record(record: &Record, line: &mut String) {
    line.clear();
    let json = wire::write(&record.event);
    line.push_str(json.strip_suffix('}').unwrap_or(&json));
    line.push_str(&format!(r#","at":"{}","seq":{}}}"#, record.at.rfc3339(), record.seq));
    line.push('\n');
}

/// The plan of a journal whose first record is another one.
fn write_plan(reader: &Reader, at: At, out: &mut impl Write) -> io::Result<()> {
    let Some(plan) = reader.plan() else { return Ok(()) };
    let body = serde_json::to_string(plan)?.into_boxed_str();
    let event = Event {
        fact: Fact::Plan(Control { body }),
        ts: at,
        id: None,
        source: Default::default(),
        currency: None,
        test: false,
        extra: Extra::default(),
    };
    let mut line = String::new();
    write_record(&Record { seq: 0, at, event }, &mut line);
    out.write_all(line.as_bytes())
}
