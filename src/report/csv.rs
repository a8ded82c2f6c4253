//! CSV (RFC 4180): numbers as numbers, what is not known as an empty cell, foreign text never as a formula.

use crate::engine::metric::{Metric, Reading, Value};
use crate::engine::time::At;
use crate::report::model::Report;
use crate::summary::Metrics;

/// A cell by what it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// From a feed or the operator: guarded.
    Text(String),
    /// A figure of ours, written as it is.
    Figure(String),
    /// Not known.
    Empty,
}

impl Cell {
    fn of(reading: Option<&Reading>) -> Self {
        match reading.map(|reading| reading.value) {
            Some(Value::Count(count)) => Self::Figure(count.to_string()),
            Some(Value::Money(money)) => Self::Figure(money.text()),
            Some(Value::Number(number)) if number.is_finite() => Self::Figure(number.to_string()),
            Some(Value::Number(_) | Value::Unknown(_)) | None => Self::Empty,
        }
    }

    fn time(at: Option<At>) -> Self {
        at.map_or(Self::Empty, |at| Self::Figure(at.rfc3339()))
    }

    fn push(&self, out: &mut String) {
        match self {
            Self::Empty => {}
            Self::Figure(text) => out.push_str(text),
            Self::Text(text) => {
                let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\0', '＝', '＋', '－', '＠']) { "'" } else { "" };
                let text = format!("{guard}{text}");
                if text.contains(['"', ',', '\r', '\n', ';']) {
                    out.push('"');
                    out.push_str(&text.replace('"', "\"\""));
                    out.push('"');
                } else {
                    out.push_str(&text);
                }
            }
        }
    }
}

/// A file of rows under a head.
#[must_use]
pub fn file(head: &[&str], rows: impl Iterator<Item = Vec<Cell>>) -> String {
    let mut out = head.join(",") + "\r\n";
    for row in rows {
        for (place, cell) in row.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            cell.push(&mut out);
        }
        out.push_str("\r\n");
    }
    out
}

/// Rows of readings: own columns first, then every metric that any row tells.
fn metrics_file<'a>(own: &[&'static str], rows: impl Iterator<Item = (Vec<Cell>, &'a Metrics)> + Clone) -> String {
    let told = |metric: &&Metric| rows.clone().any(|(_, metrics)| metrics.get(**metric).is_some());
    let columns: Vec<Metric> = Metric::ALL.iter().filter(told).copied().collect();
    let head: Vec<&str> = own.iter().copied().chain(columns.iter().map(|metric| metric.id())).collect();
    let cells = rows.map(|(own, metrics)| own.into_iter().chain(columns.iter().map(|metric| Cell::of(metrics.get(*metric)))).collect());
    file(&head, cells)
}

/// All CSV files of a report, by name.
#[must_use]
pub fn files(report: &Report) -> Vec<(&'static str, String)> {
    let figures = &report.figures;
    let text = |text: &str| Cell::Text(text.to_owned());
    let currency = || figures.currency.map_or(Cell::Empty, |currency| Cell::Figure(currency.code().to_owned()));
    let products = figures.products.iter().map(|row| (vec![text(&row.sku), text(report.product_name(&row.sku)), currency()], &row.metrics));
    let channels = figures.channels.iter().map(|row| (vec![text(&row.channel), currency()], &row.metrics));
    let minutes = figures.minutes.iter().zip(&report.on_air).map(|(row, on_air)| {
        let on_air = on_air.as_deref().map_or(Cell::Empty, text);
        (vec![Cell::time(Some(row.at)), on_air, currency()], &row.metrics)
    });
    vec![
        ("products.csv", metrics_file(&["sku", "name", "currency"], products)),
        ("channels.csv", metrics_file(&["channel", "currency"], channels)),
        ("minutes.csv", metrics_file(&["at", "on_air", "currency"], minutes)),
        ("interventions.csv", interventions(report)),
    ]
}

fn interventions(report: &Report) -> String {
    let head = ["id", "kind", "sku", "started", "ended", "advice", "withdrawn", "parameters", "verdict", "ratio", "low", "high"];
    let rows = report.acts.iter().map(|act| {
        let number = |number: Option<f64>| number.map_or(Cell::Empty, |number| Cell::Figure(number.to_string()));
        let optional = |text: Option<&str>| text.map_or(Cell::Empty, |text| Cell::Text(text.to_owned()));
        vec![
            Cell::Text(act.id.clone()),
            Cell::Text(act.kind.id().to_owned()),
            optional(act.sku.as_deref()),
            Cell::time(Some(act.started)),
            Cell::time(act.ended),
            optional(act.advice.as_deref()),
            Cell::Figure(act.withdrawn.to_string()),
            Cell::Text(act.parameters_text()),
            optional(act.impact.verdict.as_deref()),
            number(act.impact.ratio),
            number(act.impact.low),
            number(act.impact.high),
        ]
    });
    file(&head, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: Vec<Cell>) -> String {
        file(&["a"], std::iter::once(cells))
    }

    #[test]
    fn foreign_text_is_never_a_formula_and_a_figure_never_text() {
        for start in ["=1+1", "+1", "-1", "@a", "\ta", "\ra", "\0a"] {
            let written = row(vec![Cell::Text(start.to_owned())]);
            assert!(written.trim_start_matches("a\r\n").trim_start_matches('"').starts_with('\''), "{written:?}");
        }
        assert_eq!(row(vec![Cell::Figure("-12.50".to_owned()), Cell::Empty]), "a\r\n-12.50,\r\n");
    }

    #[test]
    fn quotes_commas_and_line_ends_are_quoted() {
        assert_eq!(row(vec![Cell::Text("a \"b\", c\nd".to_owned())]), "a\r\n\"a \"\"b\"\", c\nd\"\r\n");
    }
}
