//! An earlier live out of a platform's export: its figures as readings in a journal of its own, so that everything that
//! reads a journal (`lives`, `summary`, `report`, the ghosts on the glass) reads it too.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use serde_json::json;

use super::KeyFigures;
use super::mapping::{Mapping, Rows, Taken};
use super::sheet::{self, Cell, Row};
use crate::config::catalogue::plain_number;
use crate::config::fields;
use crate::config::paths::Folders;
use crate::config::plan::slug;
use crate::engine::event::Record;
use crate::engine::metric::Metric;
use crate::engine::money::Currency;
use crate::engine::plan::Plan;
use crate::engine::time::At;
use crate::engine::wire::{self, Defaults};
use crate::engine::{Arrival, Engine};
use crate::journal::format::key;
use crate::journal::{Journal, JournalBatch, JournalError};

/// The head of an export stands in one of its first rows.
const HEAD_ROWS: usize = 20;
/// A live is no longer than this.
const LONGEST_S: i64 = 24 * 3_600;
/// Lives of one export, at most.
const MOST_LIVES: usize = 2_000;
/// The source of what an export told.
const SOURCE: &str = "import";

/// What is imported, and what the export does not say.
#[derive(Clone, Debug)]
pub struct Request {
    pub file: PathBuf,
    pub mapping: Mapping,
    pub zone: Tz,
    pub currency: Currency,
    /// Kind of show, for lives to be held against each other.
    pub format: Option<String>,
    /// The title of lives that the export does not name.
    pub title: Option<String>,
}

/// What became of a live of the export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    Written {
        title: String,
        at: At,
        journal: PathBuf,
    },
    /// A journal of that live is there already.
    Known {
        title: String,
        at: At,
        journal: PathBuf,
    },
}

/// A live as the export tells it.
#[derive(Clone, Debug)]
struct Told {
    title: String,
    starts_at: At,
    length_s: i64,
    /// Metric, how it is taken, its value by text, from and to in seconds of the live.
    figures: Vec<(Metric, Taken, String, i64, i64)>,
}

/// Imports every live of an export; one whose journal is there already is left as it is.
///
/// # Errors
/// With everything that is wrong, by line, before anything is written; or when a journal cannot be written.
pub fn import(request: &Request, folders: &Folders) -> Result<Vec<Imported>, Vec<String>> {
    let rows = sheet::read(&request.file).map_err(|wrong| vec![wrong])?;
    let lives = lives_of(request, &rows)?;
    lives.iter().map(|live| write(request, live, folders).map_err(|error| vec![error.to_string()])).collect()
}

fn told(path: &Path, line: usize, what: &str, remedy: &str) -> String {
    format!("{}:{line}: {what}; {remedy}", path.display())
}

/// Where the mapped columns stand in the file.
struct Columns {
    title: Option<usize>,
    starts_at: usize,
    length: Option<usize>,
    metrics: Vec<(Metric, Taken, usize)>,
}

fn lives_of(request: &Request, rows: &[Row]) -> Result<Vec<Told>, Vec<String>> {
    let mapping = &request.mapping;
    let head = rows.iter().take(HEAD_ROWS).position(|row| place(row, &mapping.column_starts_at).is_some());
    let Some(head) = head else {
        let names = mapping.column_starts_at.join("`, `");
        return Err(vec![told(
            &request.file,
            1,
            &format!("no column `{names}` in the first {HEAD_ROWS} rows"),
            "choose another --map, or write one of your own after config/imports",
        )]);
    };
    let row = &rows[head];
    let columns = Columns {
        title: place(row, &mapping.column_title),
        starts_at: place(row, &mapping.column_starts_at).unwrap_or_default(),
        length: place(row, &mapping.column_length),
        metrics: mapping.metrics.iter().filter_map(|(metric, taken, names)| Some((*metric, *taken, place(row, names)?))).collect(),
    };
    if columns.metrics.is_empty() {
        return Err(vec![told(
            &request.file,
            row.line,
            "has none of the mapped metrics",
            "choose another --map, or write one of your own",
        )]);
    }
    let body: Vec<&Row> = rows[head + 1..].iter().filter(|row| row.cells.iter().any(|cell| !cell.is_empty())).collect();
    if body.is_empty() {
        return Err(vec![told(&request.file, row.line, "holds no live", "export a time in which there was one")]);
    }
    match mapping.rows {
        Rows::Live => whole_lives(request, &columns, &body),
        Rows::Minute => one_live(request, &columns, &body).map(|live| vec![live]),
    }
}

/// The column with one of these names, letter case and blanks aside.
fn place(row: &Row, names: &[String]) -> Option<usize> {
    let plain = |text: &str| text.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect::<String>();
    names.iter().find_map(|name| row.cells.iter().position(|cell| plain(&cell.text()) == plain(name)))
}

fn cell(row: &Row, column: usize) -> &Cell {
    row.cells.get(column).unwrap_or(&Cell::Empty)
}

fn whole_lives(request: &Request, columns: &Columns, rows: &[&Row]) -> Result<Vec<Told>, Vec<String>> {
    let (mut lives, mut wrong) = (Vec::new(), Vec::new());
    if rows.len() > MOST_LIVES {
        return Err(vec![told(&request.file, 1, &format!("more than {MOST_LIVES} lives"), "export a shorter time")]);
    }
    for row in rows {
        let mut refuse = |what: String, remedy: &str| wrong.push(told(&request.file, row.line, &what, remedy));
        let start = cell(row, columns.starts_at);
        let Some(starts_at) = instant(start, request) else {
            refuse(format!("`{}` is no time", start.text()), "add how it is written to `times` of the mapping");
            continue;
        };
        let length = columns.length.map(|column| cell(row, column));
        let length_s = length.and_then(|cell| seconds(cell, request.mapping.length_unit_s)).filter(|s| (1..=LONGEST_S).contains(s));
        let Some(length_s) = length_s else {
            let shown = length.map(Cell::text).unwrap_or_default();
            refuse(format!("`{shown}` is no length of a live"), "map a column `length` of up to 24 hours");
            continue;
        };
        let title = columns.title.map(|column| cell(row, column).text()).filter(|title| !title.is_empty());
        let title = title.or_else(|| request.title.clone()).unwrap_or_else(|| request.mapping.title.clone());
        let figures = columns.metrics.iter().filter_map(|(metric, taken, column)| {
            let shown = cell(row, *column);
            if shown.is_empty() {
                return None;
            }
            match figure(shown, *taken) {
                Some(value) => Some((*metric, *taken, value, 0, length_s)),
                None => {
                    refuse(
                        format!("`{}` of {} is no number", shown.text(), metric.id()),
                        "correct the cell, or take the metric out of the mapping",
                    );
                    None
                }
            }
        });
        let figures = figures.collect();
        lives.push(Told { title, starts_at, length_s, figures });
    }
    if wrong.is_empty() { Ok(lives) } else { Err(wrong) }
}

fn one_live(request: &Request, columns: &Columns, rows: &[&Row]) -> Result<Told, Vec<String>> {
    let mut wrong = Vec::new();
    let mut times = Vec::new();
    for row in rows {
        match instant(cell(row, columns.starts_at), request) {
            Some(at) => times.push((at, *row)),
            None => wrong.push(told(
                &request.file,
                row.line,
                &format!("`{}` is no time", cell(row, columns.starts_at).text()),
                "write the minute as 2026-11-24 20:01",
            )),
        }
    }
    times.sort_by_key(|(at, row)| (*at, row.line));
    let (Some((first, _)), Some((last, _))) = (times.first(), times.last()) else { return Err(wrong) };
    let (starts_at, length_s) = (*first, last.since_ms(*first) / 1_000 + 60);
    if length_s > LONGEST_S {
        wrong.push(told(&request.file, 1, "goes on for more than 24 hours", "keep the minutes of one live"));
    }
    let mut figures = Vec::new();
    for (at, row) in &times {
        let from = at.since_ms(starts_at) / 1_000;
        for (metric, taken, column) in &columns.metrics {
            let shown = cell(row, *column);
            match figure(shown, *taken) {
                Some(value) => figures.push((*metric, *taken, value, from, from + 60)),
                None if shown.is_empty() => {}
                None => wrong.push(told(
                    &request.file,
                    row.line,
                    &format!("`{}` of {} is no number", shown.text(), metric.id()),
                    "correct the cell",
                )),
            }
        }
    }
    let title = request.title.clone().unwrap_or_else(|| request.mapping.title.clone());
    if wrong.is_empty() { Ok(Told { title, starts_at, length_s, figures }) } else { Err(wrong) }
}

fn instant(cell: &Cell, request: &Request) -> Option<At> {
    let local = |time: NaiveDateTime| request.zone.from_local_datetime(&time).earliest().map(|at| At::from_ms(at.timestamp_millis()));
    match cell {
        Cell::Time(time) => local(*time),
        Cell::Text(text) => {
            let mapped = request.mapping.times.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
            mapped.and_then(local).or_else(|| At::parse(text, Some(request.zone)))
        }
        Cell::Empty | Cell::Number(_) | Cell::Length(_) => None,
    }
}

/// Seconds of a length: `2:01:30`, `1h30m`, `01:30` (minutes and seconds), a number of the mapping's unit.
#[expect(clippy::cast_possible_truncation, reason = "seconds of a day")]
fn seconds(cell: &Cell, unit_s: f64) -> Option<i64> {
    let text = match cell {
        Cell::Length(seconds) => return Some(seconds.round() as i64),
        Cell::Number(text) | Cell::Text(text) => text.trim(),
        Cell::Empty | Cell::Time(_) => return None,
    };
    if text.contains(':') {
        let parts: Option<Vec<i64>> = text.split(':').map(|part| part.trim().parse().ok()).collect();
        let parts = parts?;
        return (parts.len() <= 3).then(|| parts.iter().fold(0, |sum, part| sum * 60 + part));
    }
    let spaced = text.to_lowercase().replace("min", "m").replace("hr", "h").replace("sec", "s");
    fields::length(&spaced)
        .or_else(|| plain_number(text).parse::<f64>().ok().filter(|n| n.is_finite()).map(|n| (n * unit_s).round() as i64))
}

/// A figure by its text, with a point before its decimals.
fn figure(cell: &Cell, taken: Taken) -> Option<String> {
    let number = |text: &str| {
        let plain = plain_number(text);
        plain.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0).map(|_| plain)
    };
    match (cell, taken) {
        (Cell::Empty | Cell::Time(_), _) => None,
        (_, Taken::Seconds) => seconds(cell, 1.0).map(|seconds| seconds.to_string()),
        (Cell::Number(text) | Cell::Text(text), Taken::Count | Taken::Level) => {
            number(text)?.parse::<f64>().ok().map(|n| format!("{n:.0}"))
        }
        (Cell::Number(text) | Cell::Text(text), Taken::Money) => number(text),
        (Cell::Length(_), _) => None,
    }
}

fn plan_of(request: &Request, live: &Told) -> Plan {
    Plan {
        name: Some(slug(&live.title)).filter(|name| !name.is_empty()).unwrap_or_else(|| request.mapping.name.replace('_', "-")),
        title: live.title.clone(),
        starts_at: Some(live.starts_at),
        length_s: live.length_s,
        time_zone: Some(request.zone),
        currency: Some(request.currency),
        format: request.format.clone(),
        ..Plan::default()
    }
}

/// The live's records: its plan, a reading for every figure, its close.
fn records(request: &Request, live: &Told, plan: &Plan) -> Vec<Record> {
    let end = live.starts_at.plus_s(live.length_s);
    let at = |second: i64| live.starts_at.plus_s(second).rfc3339();
    let mut lines = vec![(live.starts_at, json!({"type": "plan", "ts": at(0), "source": "desk", "body": plan}))];
    // the first of its facts stands at its start, so that its minutes begin there
    let told_by = json!({"type": "note", "id": "import", "ts": at(0), "source": SOURCE, "text": request.mapping.title});
    lines.push((live.starts_at, told_by));
    for (metric, taken, value, from, to) in &live.figures {
        let (kind, ts) = if matches!(taken, Taken::Level | Taken::Seconds) {
            // a level of a minute stands from its beginning, one of the whole live at its end
            ("gauge", if request.mapping.rows == Rows::Minute { *from } else { *to })
        } else {
            ("bucket", *to)
        };
        let mut line = json!({"type": "reading", "ts": at(ts), "source": SOURCE, "metric": metric.id(), "kind": kind, "value": value});
        if kind == "bucket" {
            line["bucket"] = json!({"from": at(*from), "to": at(*to)});
        }
        lines.push((live.starts_at.plus_s(ts), line));
    }
    lines.push((end, json!({"type": "closed", "ts": at(live.length_s), "source": "desk"})));
    lines.sort_by_key(|(at, _)| *at);
    let defaults = Defaults { currency: Some(request.currency), ..Defaults::default() };
    let read = lines.into_iter().filter_map(|(at, line)| Some((at, wire::read(&line.to_string(), &defaults).ok()?.event)));
    (1..).zip(read).map(|(seq, (at, event))| Record { seq, at, event }).collect()
}

fn write(request: &Request, live: &Told, folders: &Folders) -> Result<Imported, JournalError> {
    let plan = plan_of(request, live);
    let journal = folders.journal_of(&plan);
    let (title, at) = (live.title.clone(), live.starts_at);
    let mut writer = match Journal::create(&journal, &plan) {
        Ok(writer) => writer,
        Err(JournalError::Exists { .. }) => return Ok(Imported::Known { title, at, journal }),
        Err(error) => return Err(error),
    };
    let records = records(request, live, &plan);
    let mut engine = Engine::new(plan, Arrival::Live);
    for record in &records {
        engine.step(record);
    }
    engine.advance_to(live.starts_at.plus_s(live.length_s));
    writer.append(JournalBatch { records: Arc::from(records), ..JournalBatch::default() });
    let mut figures = KeyFigures::of(&engine, writer.last_seq());
    figures.imported = true;
    figures.curves.straight = request.mapping.rows == Rows::Live;
    writer.remember(key::FIGURES, serde_json::to_string(&figures).unwrap_or_default());
    match writer.close().error {
        Some(error) => Err(JournalError::Io { path: journal, cause: std::io::Error::other(error) }),
        None => Ok(Imported::Written { title, at, journal }),
    }
}
