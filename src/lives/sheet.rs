//! The rows of a CSV file or a spreadsheet, as cells that know whether they are text, a number, a date or a length.

use std::path::Path;

use calamine::{Data, Reader as _, open_workbook_auto};
use chrono::{DateTime, NaiveDateTime};

use crate::config::catalogue::line_of;

/// Larger files are no export of lives.
pub const LARGEST_BYTES: u64 = 32 << 20;
/// Rows and columns that are read, at most.
pub const MOST_ROWS: usize = 100_000;
pub const MOST_COLUMNS: usize = 500;
/// Days from the spreadsheets' first to 1970-01-01.
const SPREADSHEET_EPOCH_DAYS: f64 = 25_569.0;

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Empty,
    Text(String),
    /// A number by its text.
    Number(String),
    Time(NaiveDateTime),
    /// Seconds.
    Length(f64),
}

impl Cell {
    /// What stands in it, as text.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) | Self::Number(text) => text.clone(),
            Self::Time(time) => time.format("%Y-%m-%d %H:%M:%S").to_string(),
            Self::Length(seconds) => format!("{seconds:.0}s"),
        }
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }
}

/// A row with its number in the file, from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub line: usize,
    pub cells: Vec<Cell>,
}

/// Reads the rows of a file: a workbook by its ending (its first sheet), else CSV.
///
/// # Errors
/// With what is wrong and what to do.
pub fn read(path: &Path) -> Result<Vec<Row>, String> {
    let shown = path.display();
    let size = std::fs::metadata(path).map_err(|cause| format!("{shown}: {cause}; give the path of a CSV or XLSX file"))?.len();
    if size > LARGEST_BYTES {
        return Err(format!("{shown}: {size} bytes are too many for an export of lives; keep what is to be compared"));
    }
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let rows = if matches!(ending.as_str(), "xlsx" | "xls" | "xlsb" | "ods") { workbook(path)? } else { csv(path)? };
    if rows.len() > MOST_ROWS || rows.iter().any(|row| row.cells.len() > MOST_COLUMNS) {
        return Err(format!("{shown}: more than {MOST_ROWS} rows or {MOST_COLUMNS} columns; keep what is to be compared"));
    }
    Ok(rows)
}

fn workbook(path: &Path) -> Result<Vec<Row>, String> {
    let wrong = |cause: calamine::Error| format!("{}: {cause}; save it as XLSX or CSV", path.display());
    let mut book = open_workbook_auto(path).map_err(wrong)?;
    let sheet = book.worksheet_range_at(0).ok_or_else(|| format!("{}: holds no sheet", path.display()))?.map_err(wrong)?;
    let first = sheet.start().map_or(0, |(row, _)| row as usize);
    Ok(sheet.rows().enumerate().map(|(index, cells)| Row { line: first + index + 1, cells: cells.iter().map(cell).collect() }).collect())
}

fn cell(data: &Data) -> Cell {
    match data {
        Data::Int(number) => Cell::Number(number.to_string()),
        Data::Float(number) => Cell::Number(number.to_string()),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text_cell(text),
        Data::Bool(flag) => Cell::Text(flag.to_string()),
        Data::DateTime(time) if time.is_duration() => Cell::Length(time.as_f64() * 86_400.0),
        Data::DateTime(time) => {
            #[expect(clippy::cast_possible_truncation, reason = "seconds of a date")]
            let seconds = ((time.as_f64() - SPREADSHEET_EPOCH_DAYS) * 86_400.0).round() as i64;
            DateTime::from_timestamp(seconds, 0).map_or(Cell::Empty, |time| Cell::Time(time.naive_utc()))
        }
        Data::Error(_) | Data::Empty => Cell::Empty,
    }
}

fn text_cell(text: &str) -> Cell {
    let text = text.trim();
    if text.is_empty() || text == "-" || text == "--" { Cell::Empty } else { Cell::Text(text.to_owned()) }
}

fn csv(path: &Path) -> Result<Vec<Row>, String> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|cause| format!("{shown}: {cause}"))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| format!("{shown}: is no UTF-8 text; save it as \"CSV UTF-8\""))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let count = |byte: u8| text.bytes().filter(|b| *b == byte).count();
    let delimiter = [b',', b';', b'\t'].into_iter().rev().max_by_key(|byte| count(*byte)).unwrap_or(b',');
    let reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(text.as_bytes());
    reader
        .into_records()
        .take(MOST_ROWS + 1)
        .map(|record| {
            let record = record.map_err(|cause| format!("{shown}: {cause}; write every cell with a separator in it in quotes"))?;
            let line = line_of(text, &record);
            Ok(Row { line: usize::try_from(line).unwrap_or(usize::MAX), cells: record.iter().map(text_cell).collect() })
        })
        .collect()
}
