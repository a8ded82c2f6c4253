//! The figures of a report as tables of typed cells: what [`super::csv`] prints and [`super::sqlite`] stores.

use super::model::Report;
use crate::engine::metric::{Metric, Reading, Value};
use crate::engine::time::At;
use crate::summary::Metrics;

/// A cell by what it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// From a feed or the operator: guarded.
    Text(String),
    /// A whole number, written as it is.
    Whole(i64),
    /// A decimal number, written as it is; money in major units.
    Figure(String),
    Time(At),
    /// Not known.
    Empty,
}

impl Cell {
    fn of(reading: Option<&Reading>) -> Self {
        match reading.map(|reading| reading.value) {
            Some(Value::Count(count)) => Self::Whole(count),
            Some(Value::Money(money)) => Self::Figure(money.text()),
            Some(Value::Number(number)) => Self::number(Some(number)),
            Some(Value::Unknown(_)) | None => Self::Empty,
        }
    }
    fn number(number: Option<f64>) -> Self {
        number.filter(|number| number.is_finite()).map_or(Self::Empty, |number| Self::Figure(number.to_string()))
    }
    fn time(at: Option<At>) -> Self {
        at.map_or(Self::Empty, Self::Time)
    }
    fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
    fn optional(text: Option<&str>) -> Self {
        text.map_or(Self::Empty, Self::text)
    }
}

/// Rows under a head. Name and head are ours, never foreign text.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: &'static str,
    pub head: Vec<&'static str>,
    pub rows: Vec<Vec<Cell>>,
}

/// All tables of a report.
#[must_use]
pub fn all(report: &Report) -> Vec<Table> {
    vec![
        broadcast(report),
        products(report),
        channels(report),
        minutes(report),
        segments(report),
        explains(report),
        bands(report),
        gestures(report),
        marks(report),
        advice(report),
        interventions(report),
        records(report),
    ]
}

/// Rows of readings: own columns first, then every metric that any row tells.
fn with_metrics(name: &'static str, own: &[&'static str], rows: Vec<(Vec<Cell>, &Metrics)>) -> Table {
    let told = |metric: &Metric| rows.iter().any(|(_, metrics)| metrics.get(*metric).is_some());
    let columns: Vec<Metric> = Metric::ALL.iter().copied().filter(told).collect();
    let head = own.iter().copied().chain(columns.iter().map(|metric| metric.id())).collect();
    let cells = rows.into_iter().map(|(own, metrics)| {
        // A row tells its metrics in the order of the columns, so one walk finds them all.
        let mut told = metrics.0.iter().peekable();
        let figures = columns.iter().map(|column| Cell::of(told.next_if(|(metric, _)| metric == column).map(|(_, reading)| reading)));
        own.into_iter().chain(figures).collect()
    });
    Table { name, head, rows: cells.collect() }
}

fn currency(report: &Report) -> Cell {
    report.figures.currency.map_or(Cell::Empty, |currency| Cell::text(currency.code()))
}

fn broadcast(report: &Report) -> Table {
    let rows = report.figures.broadcast.0.iter().map(|(metric, reading)| {
        let sum = |sum: Option<i128>| sum.and_then(|sum| i64::try_from(sum).ok()).map_or(Cell::Empty, Cell::Whole);
        vec![Cell::text(metric.id()), Cell::of(Some(reading)), sum(reading.numerator), sum(reading.denominator)]
    });
    Table { name: "broadcast", head: vec!["metric", "value", "numerator", "denominator"], rows: rows.collect() }
}

fn products(report: &Report) -> Table {
    let rows = report.figures.products.iter();
    let own = |sku: &str| vec![Cell::text(sku), Cell::text(report.product_name(sku)), currency(report)];
    with_metrics("products", &["sku", "name", "currency"], rows.map(|row| (own(&row.sku), &row.metrics)).collect())
}

fn channels(report: &Report) -> Table {
    let rows = report.figures.channels.iter().map(|row| (vec![Cell::text(&row.channel), currency(report)], &row.metrics));
    with_metrics("channels", &["channel", "currency"], rows.collect())
}

fn minutes(report: &Report) -> Table {
    let rows = report.figures.minutes.iter().zip(&report.on_air);
    let own = |at: At, on_air: Option<&str>| vec![Cell::Time(at), Cell::optional(on_air), currency(report)];
    let rows = rows.map(|(row, on_air)| (own(row.at, on_air.as_deref()), &row.metrics));
    with_metrics("minutes", &["at", "on_air", "currency"], rows.collect())
}

fn segments(report: &Report) -> Table {
    let rows = report.figures.segments.iter().map(|row| {
        let kind = row.kind.map_or(Cell::Empty, |kind| Cell::Text(super::voice::id_of(&kind)));
        let host = Cell::optional(row.host.as_deref());
        (vec![Cell::text(&row.segment), kind, host, Cell::Time(row.from), Cell::time(row.to), currency(report)], &row.metrics)
    });
    with_metrics("segments", &["segment", "kind", "host", "from", "to", "currency"], rows.collect())
}

fn explains(report: &Report) -> Table {
    let rows = report.figures.explains.iter();
    let rows = rows.map(|row| (vec![Cell::text(&row.sku), Cell::Time(row.from), Cell::time(row.to), currency(report)], &row.metrics));
    with_metrics("explains", &["sku", "from", "to", "currency"], rows.collect())
}

fn bands(report: &Report) -> Table {
    let money = |amount: crate::summary::Amount| crate::engine::money::Money::new(amount.minor, amount.currency).text();
    let rows = report.figures.price_bands.iter().map(|row| {
        let to = row.to.map_or(Cell::Empty, |to| Cell::Figure(money(to)));
        (vec![Cell::Figure(money(row.from)), to, currency(report)], &row.metrics)
    });
    with_metrics("price_bands", &["from", "to", "currency"], rows.collect())
}

fn gestures(report: &Report) -> Table {
    let minutes = &report.figures.minutes;
    let rows = report.figures.gestures.iter().flat_map(|row| {
        let told = row.minutes.iter().zip(minutes).filter_map(|(count, minute)| Some(((*count)?, minute.at)));
        told.map(|(count, at)| vec![Cell::Time(at), Cell::text(row.gesture), Cell::Whole(count)])
    });
    Table { name: "gestures", head: vec!["at", "gesture", "times"], rows: rows.collect() }
}

fn marks(report: &Report) -> Table {
    let rows = report.marks.iter().map(|mark| {
        vec![
            Cell::Time(mark.at),
            Cell::text(mark.kind),
            Cell::text(&mark.subject),
            Cell::optional(mark.sku.as_deref()),
            Cell::optional(mark.operator.as_deref()),
            Cell::Whole(i64::from(mark.withdrawn)),
        ]
    });
    Table { name: "marks", head: vec!["at", "kind", "subject", "sku", "operator", "withdrawn"], rows: rows.collect() }
}

fn advice(report: &Report) -> Table {
    let head =
        vec!["id", "rule", "kind", "sku", "raised", "state", "metric", "from", "to", "ratio", "low", "high", "support", "reason", "act"];
    let rows = report.advice.iter().map(|card| {
        let numbers = [card.from, card.to, card.ratio, card.low, card.high, card.support].map(Cell::number);
        let mut row = vec![
            Cell::text(&card.id),
            Cell::text(&card.rule),
            Cell::text(card.kind.id()),
            Cell::optional(card.sku.as_deref()),
            Cell::Time(card.raised),
            Cell::text(card.state),
            Cell::text(&card.metric),
        ];
        row.extend(numbers);
        row.extend([Cell::optional(card.reason.as_deref()), Cell::optional(card.act.as_deref())]);
        row
    });
    Table { name: "advice", head, rows: rows.collect() }
}

fn records(report: &Report) -> Table {
    let head = vec!["rule", "fired", "accepted", "declined", "held_out", "better", "worse", "no_visible_change", "cant_tell"];
    let rows = report.records.iter().map(|row| {
        let of = &row.record;
        let counts =
            [of.fired, of.accepted, of.declined, of.held_out, of.better, of.worse, of.no_visible_change, of.cant_tell].map(i64::from);
        [Cell::text(&row.rule)].into_iter().chain(counts.map(Cell::Whole)).collect()
    });
    Table { name: "rules", head, rows: rows.collect() }
}

fn interventions(report: &Report) -> Table {
    let head = vec!["id", "kind", "sku", "started", "ended", "advice", "withdrawn", "parameters", "verdict", "ratio", "low", "high"];
    let rows = report.acts.iter().map(|act| {
        let mut row = vec![
            Cell::text(&act.id),
            Cell::text(act.kind.id()),
            Cell::optional(act.sku.as_deref()),
            Cell::Time(act.started),
            Cell::time(act.ended),
            Cell::optional(act.advice.as_deref()),
            Cell::Whole(i64::from(act.withdrawn)),
            Cell::Text(act.parameters_text()),
            Cell::optional(act.impact.verdict.as_deref()),
        ];
        row.extend([act.impact.ratio, act.impact.low, act.impact.high].map(Cell::number));
        row
    });
    Table { name: "interventions", head, rows: rows.collect() }
}
