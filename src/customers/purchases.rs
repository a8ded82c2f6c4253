//! A history of purchases from a file: customer, date and value, one purchase a row.

use std::path::{Path, PathBuf};

use chrono::{Datelike, NaiveDate, TimeZone};
use chrono_tz::Tz;

use crate::engine::money::{Currency, Money};
use crate::engine::time::At;
use crate::report::lifetime::History;

/// Largest file that is read.
const LARGEST_BYTES: u64 = 1 << 30;
/// Rows that are wrong and told.
const TOLD: usize = 5;
/// Days from the first of our era to 1970-01-01.
const EPOCH: i32 = 719_163;

/// Why a file is no history.
#[derive(Debug, thiserror::Error)]
pub enum PurchasesError {
    #[error("{path}: {cause}")]
    Io { path: PathBuf, cause: std::io::Error },
    #[error("{path}: {bytes} bytes are more than the {LARGEST_BYTES} that are read; leave older purchases out")]
    Large { path: PathBuf, bytes: u64 },
    #[error("{path}: no column {column}; its first line must name customer, date and value")]
    Column { path: PathBuf, column: &'static str },
    #[error("{path}: {count} rows are wrong:\n{rows}\nwrite date as 2026-11-24 and value as 129.90, without refunds")]
    Rows { path: PathBuf, count: usize, rows: String },
    #[error("{path}: no purchase in it")]
    Empty { path: PathBuf },
}

/// Reads a file of purchases; values are of `currency`, times without a zone of `zone`.
///
/// # Errors
/// When it cannot be read, or a row is wrong.
pub fn read(path: &Path, currency: Currency, zone: Tz) -> Result<History, PurchasesError> {
    let io = |cause| PurchasesError::Io { path: path.to_owned(), cause };
    let bytes = std::fs::metadata(path).map_err(io)?.len();
    if bytes > LARGEST_BYTES {
        return Err(PurchasesError::Large { path: path.to_owned(), bytes });
    }
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(|cause| io(cause.into()))?;
    let head = reader.headers().map_err(|cause| io(cause.into()))?.clone();
    let place = |column: &'static str| {
        let found = head.iter().position(|name| name.trim_start_matches('\u{feff}').eq_ignore_ascii_case(column));
        found.ok_or_else(|| PurchasesError::Column { path: path.to_owned(), column })
    };
    let (customer, date, value) = (place("customer")?, place("date")?, place("value")?);
    let (mut history, mut wrong) = (History::default(), Vec::new());
    for (number, row) in reader.into_records().enumerate() {
        let row = match row {
            Ok(row) => row,
            Err(cause) => {
                wrong.push(format!("  row {}: {cause}", number + 2));
                continue;
            }
        };
        let cell = |place: usize| row.get(place).unwrap_or_default();
        let line = row.position().map_or(number as u64 + 2, csv::Position::line);
        let problem = |what: &str, text: &str| format!("  line {line}: {what} is {}", crate::engine::text::clean(text, 60));
        match (cell(customer), day(cell(date), zone), Money::parse(cell(value), currency)) {
            ("", ..) => wrong.push(problem("customer", "empty")),
            (_, None, _) => wrong.push(problem("date", cell(date))),
            (_, _, None) => wrong.push(problem("value", cell(value))),
            (_, _, Some(money)) if money.minor < 0 => wrong.push(problem("value", cell(value))),
            (customer, Some(day), Some(money)) => history.add(customer, day, money.minor),
        }
    }
    if !wrong.is_empty() {
        let count = wrong.len();
        wrong.truncate(TOLD);
        return Err(PurchasesError::Rows { path: path.to_owned(), count, rows: wrong.join("\n") });
    }
    if history.is_empty() { Err(PurchasesError::Empty { path: path.to_owned() }) } else { Ok(history) }
}

/// The day of a date or a time, counted from 1970-01-01.
fn day(text: &str, zone: Tz) -> Option<i32> {
    let date = ["%Y-%m-%d", "%Y%m%d", "%d/%m/%Y"].iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok());
    let date = date.or_else(|| Some(local_date(At::parse(text, Some(zone))?, zone)))?;
    (1_970..=2_200).contains(&date.year()).then(|| date.num_days_from_ce() - EPOCH)
}

/// The day of an instant where the desk is, counted from 1970-01-01.
#[must_use]
pub fn day_of(at: At, zone: Tz) -> i32 {
    local_date(at, zone).num_days_from_ce() - EPOCH
}

fn local_date(at: At, zone: Tz) -> NaiveDate {
    zone.from_utc_datetime(&at.utc().naive_utc()).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(text: &str) -> Result<History, PurchasesError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("customers.csv");
        std::fs::write(&path, text).unwrap();
        read(&path, Currency::parse("BRL").unwrap(), chrono_tz::America::Sao_Paulo)
    }

    #[test]
    fn columns_are_found_by_name_and_dates_in_several_forms() {
        let found = history(
            "Value,Customer,Date\n10.00,a,2026-11-24\n5.50,a,20261126\n\"1.00\",\"b, c\",25/11/2026\n2,a,2026-11-24T23:30:00Z\n3,a,2026-11-25T02:30:00Z\n",
        )
        .unwrap();
        let habits = found.habits();
        assert_eq!(habits.len(), 2);
        // 02:30 UTC is still the 24th in São Paulo
        assert_eq!((habits[0].repeats, habits[0].recency, habits[0].mean_minor), (1, 2.0, 550.0));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let error =
            history("customer,date,value\na,2026-11-24,10\na,yesterday,10\n,2026-11-24,1\nb,2026-11-24,-4\n").unwrap_err().to_string();
        assert!(error.contains("3 rows") && error.contains("line 3: date is yesterday"), "{error}");
        assert!(matches!(history("customer,date\na,2026-11-24\n"), Err(PurchasesError::Column { column: "value", .. })));
        assert!(matches!(history("customer,date,value\n"), Err(PurchasesError::Empty { .. })));
    }
}
