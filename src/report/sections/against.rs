//! This live beside earlier ones, its figures at the close beside the settled ones, and the lessons that it followed.

use crate::engine::metric::{Metric, Unit, Value, definition};
use crate::engine::money::Money;
use crate::report::against::{Comparison, Row};
use crate::report::document::{Block, Cell, Table, Tone, Writer};
use crate::report::lesson::FollowUp;
use crate::report::voice::{UNKNOWN, name, written};

pub(super) fn against(writer: &Writer<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for comparison in &writer.report.against {
        blocks.push(Block::Heading(title(writer, comparison)));
        let of = |metric: &str| Metric::parse(metric).map_or_else(|| metric.to_owned(), |metric| name(writer.voice, metric));
        blocks.extend(table(writer, "report-against-figures", "report-metric", &comparison.rows, |row| of(row.metric)));
        let product = |row: &Row| writer.report.product_name(&row.name).to_owned();
        blocks.extend(table(writer, "report-against-products", "report-product", &comparison.products, product));
        let channel = |row: &Row| writer.word("channel", &row.name);
        blocks.extend(table(writer, "report-against-channels", "report-channel", &comparison.channels, channel));
    }
    if !blocks.is_empty() {
        blocks.insert(0, Block::Text(writer.say("report-against-note")));
    }
    blocks
}

fn title(writer: &Writer<'_>, comparison: &Comparison) -> String {
    let minutes = ("minutes", writer.voice.count(comparison.minutes));
    match comparison.started {
        Some(at) => writer.voice.text("report-against-one", &[("title", comparison.title.clone()), ("day", writer.voice.day(at)), minutes]),
        None if comparison.title.is_empty() => {
            let lives = writer.voice.count(i64::try_from(comparison.lives).unwrap_or(i64::MAX));
            writer.voice.text("report-against-all", &[("lives", lives), minutes])
        }
        None => comparison.title.clone(),
    }
}

fn table(writer: &Writer<'_>, caption: &str, own: &str, rows: &[Row], label: impl Fn(&Row) -> String) -> Option<Block> {
    let cells = rows.iter().map(|row| {
        let told = |number: f64| Metric::parse(row.metric).map_or_else(|| Cell::text(UNKNOWN), |metric| figure(writer, metric, number));
        vec![
            Cell::text(label(row)),
            told(row.now),
            told(row.earlier),
            times(writer, row.ratio, row.low, row.high),
            row.verdict.map_or_else(|| Cell::text(""), |verdict| judged(writer, verdict)),
        ]
    });
    let head = writer.head(&[own, "report-this-live", "report-earlier", "report-interval", "report-verdict"]);
    (!rows.is_empty()).then(|| Block::Table(Table { caption: writer.say(caption), head, rows: cells.collect() }))
}

/// A number of a metric: minor units for money.
#[expect(clippy::cast_possible_truncation, reason = "counts and minor units, or means of them")]
fn figure(writer: &Writer<'_>, metric: Metric, number: f64) -> Cell {
    let value = match (definition(metric).unit, writer.report.figures.currency) {
        (Unit::Money, Some(currency)) => Value::Money(Money::new(number.round() as i64, currency)),
        (Unit::Count, _) => Value::Count(number.round() as i64),
        _ => Value::Number(number),
    };
    Cell::number(written(writer.voice, metric, value))
}

fn times(writer: &Writer<'_>, ratio: Option<f64>, low: Option<f64>, high: Option<f64>) -> Cell {
    let times = |ratio: f64| format!("×{}", writer.voice.number(ratio, 2));
    match (ratio, low, high) {
        (Some(ratio), Some(low), Some(high)) => Cell::number(format!("{} ({} – {})", times(ratio), times(low), times(high))),
        (Some(ratio), ..) => Cell::number(times(ratio)),
        (None, ..) => Cell::text(""),
    }
}

fn judged(writer: &Writer<'_>, verdict: &str) -> Cell {
    let tone = match verdict {
        "better" => Tone::Good,
        "worse" => Tone::Bad,
        _ => Tone::Plain,
    };
    Cell::text(writer.word("verdict", verdict)).toned(tone)
}

/// Live against settled figures.
pub(super) fn settled(writer: &Writer<'_>) -> Vec<Block> {
    let standing = &writer.report.standing;
    let share = |share: Option<f64>| share.map_or_else(|| UNKNOWN.to_owned(), |share| writer.voice.percent(share));
    let values = [
        ("settled", share(standing.settled_share)),
        ("provisional", share(standing.provisional_share)),
        ("at", standing.complete_to.map_or_else(|| UNKNOWN.to_owned(), |at| writer.voice.clock(at))),
        ("minutes", writer.voice.count(standing.provisional_minutes)),
    ];
    let mut blocks = Vec::new();
    if standing.settled_share.is_some() {
        blocks.push(Block::Text(writer.voice.text("report-standing", &values)));
    }
    if let Some(settled) = &writer.report.settled {
        let rows = settled.live.0.iter().map(|(metric, live)| {
            let now = settled.now.get(*metric);
            let change = live.number().zip(now.and_then(crate::engine::metric::Reading::number)).map(|(live, now)| now - live);
            let change = change.map_or_else(|| Cell::text(""), |change| signed(writer, *metric, change));
            let cell = |metrics| writer.figure(metrics, *metric);
            vec![Cell::text(name(writer.voice, *metric)), cell(&settled.live), cell(&settled.now), change]
        });
        let head = writer.head(&["report-metric", "report-at-close", "report-settled-now", "report-change"]);
        let caption = writer.voice.text("report-settled", &[("at", writer.voice.day(settled.at))]);
        blocks.push(Block::Table(Table { caption, head, rows: rows.collect() }));
    } else {
        blocks.push(Block::Text(writer.say("report-not-settled")));
    }
    blocks
}

fn signed(writer: &Writer<'_>, metric: Metric, change: f64) -> Cell {
    if change == 0.0 {
        return Cell::number("=");
    }
    if definition(metric).unit == Unit::Ratio {
        return Cell::number(writer.voice.text("report-points", &[("points", writer.voice.number(change * 100.0, 1))]));
    }
    let plus = if change > 0.0 { "+" } else { "" };
    Cell::number(format!("{plus}{}", figure(writer, metric, change).text))
}

/// The lessons that this live followed, with what it says of each.
pub(super) fn followed(writer: &Writer<'_>) -> Vec<Block> {
    let rows: Vec<Vec<Cell>> = writer.report.followed.iter().map(|lesson| followed_row(writer, lesson)).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let keys = ["report-lesson", "report-from-live", "report-metric", "report-then", "report-now", "report-interval", "report-helped"];
    let table = Table { caption: writer.say("report-followed"), head: writer.head(&keys), rows };
    vec![Block::Text(writer.say("report-followed-note")), Block::Table(table)]
}

fn followed_row(writer: &Writer<'_>, lesson: &FollowUp) -> Vec<Cell> {
    let metric = lesson.metric.as_deref().and_then(Metric::parse);
    let label = match (metric, lesson.metric.as_deref()) {
        (Some(metric), _) => name(writer.voice, metric),
        (None, Some(_)) => writer.say("report-asked-share"),
        (None, None) => UNKNOWN.to_owned(),
    };
    let told = |number: Option<f64>| match (number, metric) {
        (Some(number), Some(metric)) => figure(writer, metric, number),
        (Some(number), None) => Cell::number(writer.voice.percent(number)),
        (None, _) => Cell::text(UNKNOWN),
    };
    let outcome = lesson.outcome.clone().unwrap_or_default();
    let helped = match (&lesson.outcome, outcome.ratio) {
        (Some(outcome), Some(_)) => judged(writer, &outcome.verdict),
        (Some(_), None) => Cell::unknown(writer.say("report-not-comparable")),
        (None, _) => Cell::unknown(writer.say("report-lesson-unknown")),
    };
    let interval = times(writer, outcome.ratio, outcome.low, outcome.high);
    let from = if lesson.from_live.is_empty() { UNKNOWN } else { &lesson.from_live };
    vec![Cell::text(&lesson.text), Cell::text(from), Cell::text(label), told(outcome.then), told(outcome.now), interval, helped]
}
