//! Any CSV of `timestamp,value[,exposure]` through the detector: the same rows back with `score` and `fired`.
//!
//! Every row is judged with what stands above it alone, at fixed defaults. Columns beyond the three come back untouched. A row
//! without a value is a gap: it comes back unjudged and the detector waits.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter};
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use csv::StringRecord;

use crate::engine::detect::figure::{Figure, FigureDetector, Judged, WARM_UP_ROWS};

/// Bad rows that are told one by one.
const TOLD_PROBLEMS: usize = 20;
/// More rows than this are no series of a broadcast.
pub const MOST_ROWS: u64 = 50_000_000;
/// A first line longer than this is no header.
const LONGEST_HEADER: usize = 1 << 20;

/// What a column may be called; the first names are those of the contract.
const TIME_NAMES: [&str; 7] = ["timestamp", "timestamps", "time", "ts", "datetime", "date", "ds"];
const VALUE_NAMES: [&str; 5] = ["value", "values", "count", "events", "y"];
const EXPOSURE_NAMES: [&str; 1] = ["exposure"];
/// What stands for "nothing was measured".
const NOTHING: [&str; 7] = ["", "nan", "null", "none", "na", "n/a", "-"];

/// Times as people and platforms write them, beside RFC 3339 and numbers.
const DATE_TIMES: [&str; 15] = [
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d %H:%M:%S%.f",
    "%Y/%m/%d %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%Y%m%dT%H%M%S",
];
const DATES: [&str; 6] = ["%Y-%m-%d", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m/%d/%y"];

/// Why a series was not judged.
#[derive(Debug, thiserror::Error)]
pub enum SeriesError {
    #[error("{path}: {cause}")]
    Io { path: PathBuf, cause: std::io::Error },
    #[error("{path}: {what}")]
    Header { path: PathBuf, what: String },
    #[error("{}", problems.join("\n"))]
    Rows { problems: Vec<String> },
}

/// What became of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub rows: u64,
    pub fired: u64,
    /// Rows without a value.
    pub gaps: u64,
    /// Rows whose time lies before that of the row above.
    pub backwards: u64,
}

impl Told {
    /// One line for the operator.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = format!("{} rows, {} fired", self.rows, self.fired);
        for (count, what) in [(self.gaps, "without a value"), (self.backwards, "back in time, judged where they stand")] {
            if count > 0 {
                line.push_str(&format!(", {count} {what}"));
            }
        }
        if self.rows <= WARM_UP_ROWS as u64 {
            line.push_str(&format!("; nothing is said before row {}", WARM_UP_ROWS + 1));
        }
        line
    }
}

/// Where the columns stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    time: usize,
    value: usize,
    exposure: Option<usize>,
}

/// Judges the series of a file and writes it to another, whole or not at all.
///
/// # Errors
/// When a file cannot be used, or with the bad rows by their line.
pub fn judge(input: &Path, output: &Path) -> Result<Told, SeriesError> {
    let unreadable = |cause| SeriesError::Io { path: input.to_owned(), cause };
    let unwritable = |cause| SeriesError::Io { path: output.to_owned(), cause };
    let mut source = BufReader::new(File::open(input).map_err(unreadable)?);
    let header = first_line(&mut source).map_err(unreadable)?;
    let delimiter = delimiter(&header);
    let (columns, has_header) = columns(&header, delimiter).map_err(|what| SeriesError::Header { path: input.to_owned(), what })?;
    let source = BufReader::new(File::open(input).map_err(unreadable)?);
    let mut rows = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(source);
    let part = output.with_extension("part");
    let mut out =
        csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(BufWriter::new(File::create(&part).map_err(unwritable)?));
    let mut course = Course::new(columns, delimiter == b';', input);
    let mut row = StringRecord::new();
    let mut first = true;
    let result = loop {
        match rows.read_record(&mut row) {
            Ok(false) => break course.end(),
            Err(error) if error.is_io_error() => break Err(unreadable(error.into())),
            Err(error) => course.problem(row.position().map_or(0, csv::Position::line), &format!("{error}; save it as UTF-8 text")),
            Ok(true) => {
                let told = if std::mem::take(&mut first) && has_header {
                    ["score".to_owned(), "fired".to_owned()]
                } else if let Some(judged) = course.take(&row) {
                    [format!("{:.6}", judged.score), u8::from(judged.fired).to_string()]
                } else {
                    continue;
                };
                let cells = row.iter().map(unmarked).chain(told.iter().map(String::as_str));
                if let Err(error) = out.write_record(cells) {
                    break Err(unwritable(error.into()));
                }
            }
        }
    };
    let told = result.and_then(|told| out.flush().map(|()| told).map_err(unwritable));
    drop(out);
    match told.and_then(|told| std::fs::rename(&part, output).map(|()| told).map_err(unwritable)) {
        Ok(told) => Ok(told),
        Err(error) => {
            // What is half is not left behind; that it cannot be removed is less than why it is half.
            drop(std::fs::remove_file(&part));
            Err(error)
        }
    }
}

/// The series on its way through the detector.
struct Course<'p> {
    columns: Columns,
    decimal_comma: bool,
    file: &'p Path,
    detector: FigureDetector,
    told: Told,
    last_ms: Option<i64>,
    problems: Vec<String>,
    unnamed: u64,
}

impl<'p> Course<'p> {
    fn new(columns: Columns, decimal_comma: bool, file: &'p Path) -> Self {
        let detector = FigureDetector::default();
        Self { columns, decimal_comma, file, detector, told: Told::default(), last_ms: None, problems: Vec::new(), unnamed: 0 }
    }

    fn problem(&mut self, line: u64, what: &str) {
        if self.problems.len() < TOLD_PROBLEMS {
            self.problems.push(format!("{}:{line}: {what}", self.file.display()));
        } else {
            self.unnamed += 1;
        }
    }

    /// Judges a row; `None` for one that is wrong.
    fn take(&mut self, row: &StringRecord) -> Option<Judged> {
        let line = row.position().map_or(0, csv::Position::line);
        self.told.rows += 1;
        if self.told.rows > MOST_ROWS {
            if self.told.rows == MOST_ROWS + 1 {
                self.problem(line, &format!("more than {MOST_ROWS} rows; cut the file"));
            }
            return None;
        }
        let read = self.read(row);
        match read {
            Err(what) => {
                self.problem(line, &what);
                None
            }
            Ok(None) => {
                self.told.gaps += 1;
                Some(Judged::default())
            }
            Ok(Some(figure)) => {
                self.told.backwards += u64::from(self.last_ms.is_some_and(|last| figure.at_ms < last));
                self.last_ms = Some(figure.at_ms);
                let judged = self.detector.push(figure);
                self.told.fired += u64::from(judged.fired);
                Some(judged)
            }
        }
    }

    fn read(&self, row: &StringRecord) -> Result<Option<Figure>, String> {
        let cell = |index: usize, name: &str| {
            row.get(index).map(str::trim).ok_or_else(|| format!("{} columns; there is no {name}: give every row all columns", row.len()))
        };
        let time = cell(self.columns.time, "timestamp")?;
        let at_ms = instant(time)
            .ok_or_else(|| format!("timestamp `{time}` is no time; write it as 2026-11-21T20:31:04-03:00, or as seconds since 1970"))?;
        let Some(value) = self.number(cell(self.columns.value, "value")?, "value")? else { return Ok(None) };
        let exposure = match self.columns.exposure {
            None => None,
            Some(index) => match self.number(cell(index, "exposure")?, "exposure")? {
                None => return Ok(None),
                Some(exposure) if exposure < 0.0 => {
                    return Err(format!("exposure {exposure} is negative; give what the value is counted against"));
                }
                Some(_) if value < 0.0 => return Err(format!("value {value} is negative; what has an exposure is a count")),
                Some(exposure) => Some(exposure),
            },
        };
        Ok(Some(Figure { at_ms, value, exposure }))
    }

    /// A number, or nothing.
    fn number(&self, text: &str, name: &str) -> Result<Option<f64>, String> {
        if NOTHING.contains(&text.to_ascii_lowercase().as_str()) {
            return Ok(None);
        }
        let plain = if self.decimal_comma { text.replace(',', ".") } else { text.to_owned() };
        match plain.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(format!("{name} `{text}` is no number; leave it empty where nothing was measured")),
        }
    }

    fn end(&mut self) -> Result<Told, SeriesError> {
        if self.told.rows == 0 {
            let what = "holds no row; give it rows of timestamp,value".to_owned();
            return Err(SeriesError::Header { path: self.file.to_owned(), what });
        }
        if self.problems.is_empty() {
            return Ok(self.told);
        }
        let mut problems = std::mem::take(&mut self.problems);
        if self.unnamed > 0 {
            problems.push(format!("{}: and {} more rows", self.file.display(), self.unnamed));
        }
        Err(SeriesError::Rows { problems })
    }
}

fn first_line(source: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = Vec::new();
    std::io::Read::take(source, LONGEST_HEADER as u64).read_until(b'\n', &mut line)?;
    Ok(unmarked(&String::from_utf8_lossy(&line)).trim_end_matches(['\r', '\n']).to_owned())
}

/// Without the mark that some programs write before the first character.
fn unmarked(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}

/// The separator that the first line is split by.
fn delimiter(header: &str) -> u8 {
    let count = |separator: char| header.matches(separator).count();
    [(b',', count(',')), (b';', count(';')), (b'\t', count('\t'))]
        .into_iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .map_or(b',', |(separator, _)| separator)
}

/// Where the columns stand, and whether the first line names them. A first line that is a row already names none.
fn columns(header: &str, delimiter: u8) -> Result<(Columns, bool), String> {
    let cells: Vec<String> = header.split(char::from(delimiter)).map(|cell| cell.trim().trim_matches('"').to_ascii_lowercase()).collect();
    let place = |names: &[&str]| names.iter().find_map(|name| cells.iter().position(|cell| cell == name));
    if let (Some(time), Some(value)) = (place(&TIME_NAMES), place(&VALUE_NAMES)) {
        return Ok((Columns { time, value, exposure: place(&EXPOSURE_NAMES) }, true));
    }
    let is_row = cells.len() >= 2 && instant(&cells[0]).is_some() && cells[1].replace(',', ".").parse::<f64>().is_ok();
    if is_row {
        return Ok((Columns { time: 0, value: 1, exposure: (cells.len() == 3).then_some(2) }, false));
    }
    Err(format!(
        "its first line names no `timestamp` and `value`: {}; begin it with timestamp,value or timestamp,value,exposure",
        cells.join(",")
    ))
}

/// Milliseconds of a time in any form; what names no zone is read as UTC, a bare small number as seconds.
#[must_use]
pub fn instant(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches(" UTC");
    if let Ok(number) = text.parse::<f64>() {
        return epoch(text, number);
    }
    let joined = text.replacen(' ', "T", 1);
    if let Ok(at) = DateTime::parse_from_rfc3339(&joined) {
        return Some(at.timestamp_millis());
    }
    let zoned = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f %#z", "%Y-%m-%dT%H:%M%#z"];
    if let Some(at) = zoned.iter().find_map(|form| DateTime::parse_from_str(&joined, form).ok()) {
        return Some(at.timestamp_millis());
    }
    if let Ok(at) = DateTime::parse_from_rfc2822(text) {
        return Some(at.timestamp_millis());
    }
    DATE_TIMES
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .or_else(|| DATES.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok()).and_then(|date| date.and_hms_opt(0, 0, 0)))
        .map(|at| at.and_utc().timestamp_millis())
}

/// A number as a time, by its magnitude: a day as 20261121, then seconds, milliseconds, microseconds, nanoseconds since 1970.
fn epoch(text: &str, number: f64) -> Option<i64> {
    if text.len() == 8
        && let Ok(date) = NaiveDate::parse_from_str(text, "%Y%m%d")
    {
        return date.and_hms_opt(0, 0, 0).map(|at| at.and_utc().timestamp_millis());
    }
    let ms = match number.abs() {
        size if size < 1e11 => number * 1e3,
        size if size < 1e14 => number,
        size if size < 1e17 => number / 1e3,
        size if size < 1e20 => number / 1e6,
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, reason = "at most 1e14, looked at above")]
    Some(ms as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Result<(Told, String), String> {
        let folder = tempfile::tempdir().unwrap();
        let (input, output) = (folder.path().join("in.csv"), folder.path().join("out.csv"));
        std::fs::write(&input, text).unwrap();
        let told = judge(&input, &output).map_err(|error| error.to_string().replace(&input.display().to_string(), "in.csv"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1 + usize::from(told.is_ok()), "nothing half is left");
        told.map(|told| (told, std::fs::read_to_string(&output).unwrap()))
    }

    fn series(rows: usize, row: impl Fn(usize) -> String) -> String {
        (0..rows).map(|number| row(number) + "\n").collect()
    }

    #[test]
    fn the_same_rows_come_back_with_two_more_columns() {
        let text = "timestamp,value,label\n".to_owned()
            + &series(60, |row| {
                format!("2026-11-21 {:02}:{:02}:00,{},\"a,b\"", row / 60, row % 60, if row == 55 { 900 } else { 50 + row % 3 })
            });
        let (told, out) = judged(&text).unwrap();
        assert_eq!(told, Told { rows: 60, fired: 1, gaps: 0, backwards: 0 });
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!((lines.len(), lines[0]), (61, "timestamp,value,label,score,fired"));
        assert!(lines[1].starts_with("2026-11-21 00:00:00,50,\"a,b\",0.000000,0"), "{}", lines[1]);
        assert!(lines[56].ends_with(",1") && lines.iter().filter(|line| line.ends_with(",1")).count() == 1, "{}", lines[56]);
    }

    #[test]
    fn gaps_wait_and_rows_that_go_back_are_told() {
        let text = "\u{feff}Value;Timestamp\r\n".to_owned()
            + &series(80, |row| match row {
                20 => ";1700001200\r".to_owned(),
                30 => "NaN;1700001800\r".to_owned(),
                40 => "5,5;1700000000\r".to_owned(),
                row => format!("{},{};{}\r", row % 4, row % 10, 1_700_000_000 + row * 60),
            });
        let (told, out) = judged(&text).unwrap();
        assert_eq!((told.rows, told.gaps, told.backwards), (80, 2, 1));
        assert!(out.starts_with("Value;Timestamp;score;fired"), "{out}");
        assert!(told.line().contains("2 without a value") && told.line().contains("back in time"), "{}", told.line());
    }

    #[test]
    fn a_file_without_a_header_and_one_with_exposure_are_read() {
        let (told, out) = judged(&series(50, |row| format!("{row},1.5"))).unwrap();
        assert_eq!((told.rows, out.lines().count()), (50, 50));
        let falls = |row: usize| if row < 150 { 10 + row % 3 } else { 2 };
        let text = "timestamp,value,exposure\n".to_owned() + &series(200, |row| format!("{},{},{}", row * 30, falls(row), 100));
        assert!(judged(&text).unwrap().0.fired >= 1);
        // Fewer events of less exposure are no fall.
        let text = "timestamp,value,exposure\n".to_owned()
            + &series(200, |row| format!("{},{},{}", row * 30, if row < 150 { 10 + row % 3 } else { 2 }, if row < 150 { 100 } else { 20 }));
        assert_eq!(judged(&text).unwrap().0.fired, 0);
    }

    #[test]
    fn every_bad_row_is_told_by_its_line() {
        let text = "timestamp,value,exposure\n2026-11-21,1,2\nyesterday,1,2\n2026-11-22,many,2\n2026-11-23,1,-2\n2026-11-24,1\n";
        let problems = judged(text).unwrap_err();
        for wanted in ["in.csv:3: timestamp `yesterday`", "in.csv:4: value `many`", "in.csv:5: exposure -2", "in.csv:6: 2 columns"] {
            assert!(problems.contains(wanted), "{wanted}: {problems}");
        }
        assert!(judged("a,b,c\n1,2,3\n").unwrap_err().contains("begin it with timestamp,value"));
        assert!(judged("timestamp,value\n").unwrap_err().contains("holds no row"));
    }

    #[test]
    fn a_time_is_read_in_any_form() {
        let wanted = Some(1_795_303_864_000);
        for text in [
            "2026-11-21T23:31:04Z",
            "2026-11-21 20:31:04-03:00",
            "2026-11-21 20:31:04 -0300",
            "2026-11-21 23:31:04",
            "2026-11-21 23:31:04 UTC",
            "2026/11/21 23:31:04",
            "11/21/2026 23:31:04",
            "11/21/2026 11:31:04 PM",
            "21/11/2026 23:31:04",
            "21.11.2026 23:31:04",
            "20261121T233104",
            "1795303864",
            "1795303864000",
            "1795303864000000",
            "1795303864000000000",
            "1.795303864e9",
        ] {
            assert_eq!(instant(text), wanted, "{text}");
        }
        assert_eq!(instant("2026-11-21"), instant("20261121"));
        assert_eq!(instant("17"), Some(17_000));
        assert_eq!(instant("soon"), None);
    }
}
