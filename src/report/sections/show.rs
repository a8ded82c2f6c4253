//! Targets and key figures, the curve with everything that happened on it, the run of show.

use super::fit;
use crate::engine::metric::{Metric, Reading, Unit, Value, definition};
use crate::engine::money::Money;
use crate::engine::plan::Aim;
use crate::report::document::{Block, Card, Cell, Table, Tone, Writer};
use crate::report::model::{Mark, TargetRow, number};
use crate::report::svg::{Chart, Curves, Panel};
use crate::report::voice::{UNKNOWN, id_of, name, written};

/// Figures that tell in short what a live has come to.
const RESULTS: usize = 3;
/// Marks that are listed.
const LISTED: usize = 200;
/// The column of the product in that list.
const PRODUCT: usize = 3;
/// Times under a chart.
const TIMES: usize = 10;

/// The key figures in the order that the aim asks for.
const fn key_figures(aim: Aim) -> [Metric; 10] {
    use Metric as M;
    match aim {
        Aim::Conversion => {
            [M::GmvPaid, M::OrdersPlaced, M::CvrUv, M::Aov, M::ViewersUv, M::Pcu, M::CartAbandon, M::Roas, M::GmvNet, M::AvgWatchS]
        }
        Aim::Leads => {
            [M::Leads, M::Cpl, M::ViewersUv, M::Pcu, M::AvgWatchS, M::AdSpend, M::InteractionRate, M::GmvPaid, M::OrdersPlaced, M::CvrUv]
        }
        Aim::ClearStock => {
            [M::SellThrough, M::Units, M::Stock, M::GmvPaid, M::OrdersPlaced, M::CvrUv, M::ViewersUv, M::Pcu, M::CartAbandon, M::GmvNet]
        }
        Aim::Branding => [
            M::ViewersUv,
            M::Pcu,
            M::AvgWatchS,
            M::InteractionRate,
            M::Follows,
            M::ChatMessages,
            M::Shares,
            M::GmvPaid,
            M::OrdersPlaced,
            M::CvrUv,
        ],
    }
}

pub(super) fn targets(writer: &Writer<'_>) -> Vec<Block> {
    let cards = key_figures(writer.report.aim).into_iter().map(|metric| key_card(writer, metric));
    let mut blocks = vec![Block::Cards(cards.collect())];
    let rows: Vec<Vec<Cell>> = writer
        .report
        .targets
        .iter()
        .filter_map(|target| {
            let metric = Metric::parse(target.metric)?;
            Some(vec![
                Cell::text(name(writer.voice, metric)),
                Cell::number(target_text(writer, metric, target)),
                writer.figure(&target.reached, metric),
                Cell::number(share(writer, target)).toned(tone(metric, target)),
            ])
        })
        .collect();
    if rows.is_empty() {
        blocks.push(Block::Text(writer.say("report-no-targets")));
    } else {
        let head = writer.head(&["report-metric", "report-target", "report-reached", "report-share"]);
        blocks.push(Block::Table(Table { caption: writer.say("report-targets"), head, rows }));
    }
    blocks
}

/// A figure of the live beside its target.
fn key_card(writer: &Writer<'_>, metric: Metric) -> Card {
    let target = writer.report.targets.iter().find(|target| target.metric == metric.id());
    let mut value = writer.figure(&writer.report.figures.broadcast, metric);
    let mut note = String::new();
    if let Some(target) = target {
        note = writer.voice.text("report-of-target", &[("target", target_text(writer, metric, target)), ("share", share(writer, target))]);
        value.tone = tone(metric, target);
    }
    Card { label: name(writer.voice, metric), value, note }
}

/// The first figures of the aim that are known, each in a line: what the live has come to.
#[must_use]
pub fn results(writer: &Writer<'_>) -> Vec<String> {
    let known = key_figures(writer.report.aim).into_iter().map(|metric| key_card(writer, metric)).filter(|card| card.value.why.is_none());
    let line = |card: Card| {
        let note = if card.note.is_empty() { String::new() } else { format!(" · {}", card.note) };
        format!("{}: {}{note}", card.label, card.value.text)
    };
    known.take(RESULTS).map(line).collect()
}

/// True for what should stay below its target.
const fn is_cost(metric: Metric) -> bool {
    matches!(metric, Metric::Cac | Metric::Cpa | Metric::Cpl | Metric::CartAbandon | Metric::CheckoutAbandon | Metric::RefundRate)
}

fn tone(metric: Metric, target: &TargetRow) -> Tone {
    match target.share {
        Some(share) if (share >= 1.0) == is_cost(metric) && share != 1.0 => Tone::Bad,
        Some(_) => Tone::Good,
        None => Tone::Plain,
    }
}

fn share(writer: &Writer<'_>, target: &TargetRow) -> String {
    target.share.map_or_else(|| UNKNOWN.to_owned(), |share| writer.voice.percent(share))
}

#[expect(clippy::cast_possible_truncation, reason = "targets are minor units or counts written as numbers")]
fn target_text(writer: &Writer<'_>, metric: Metric, target: &TargetRow) -> String {
    let rounded = target.target.round() as i64;
    let value = match (definition(metric).unit, writer.report.figures.currency) {
        (Unit::Money, Some(currency)) => Value::Money(Money::new(rounded, currency)),
        (Unit::Count, _) => Value::Count(rounded),
        _ => Value::Number(target.target),
    };
    written(writer.voice, metric, value)
}

/// Clock times spread under the minutes.
pub(super) fn times(writer: &Writer<'_>) -> Vec<(usize, String)> {
    let minutes = &writer.report.figures.minutes;
    let steps = [1, 2, 5, 10, 15, 30, 60, 120, 240];
    let step = steps.into_iter().find(|step| minutes.len() / step <= TIMES).unwrap_or(480);
    let whole = |minute: i64| usize::try_from(minute).is_ok_and(|minute| minute.is_multiple_of(step));
    minutes.iter().enumerate().filter(|(_, row)| whole(row.at.minute())).map(|(place, row)| (place, writer.voice.clock(row.at))).collect()
}

/// A metric over the minutes as a panel.
pub(super) fn panel(writer: &Writer<'_>, metric: Metric, bars: bool) -> Panel {
    let minutes = &writer.report.figures.minutes;
    let values: Vec<Option<f64>> = minutes.iter().map(|row| number(&row.metrics, metric)).collect();
    let readings = minutes.iter().filter_map(|row| row.metrics.get(metric)).filter(|reading| reading.number().is_some());
    let top = readings.max_by(|a, b| a.number().unwrap_or(0.0).total_cmp(&b.number().unwrap_or(0.0)));
    let top = top.map_or_else(|| UNKNOWN.to_owned(), |reading: &Reading| written(writer.voice, metric, reading.value));
    Panel { label: name(writer.voice, metric), values, top, bars }
}

/// The place of an instant among the minutes.
fn place(writer: &Writer<'_>, minute: i64) -> Option<usize> {
    let minutes = &writer.report.figures.minutes;
    let first = minutes.first()?.at.minute();
    usize::try_from(minute - first).ok().map(|place| place.min(minutes.len() - 1))
}

/// What was on air, stretch by stretch.
pub(super) fn on_air(writer: &Writer<'_>) -> Vec<(usize, usize, String)> {
    let mut stretches: Vec<(usize, usize, String)> = Vec::new();
    let mut before: Option<&String> = None;
    for (place, sku) in writer.report.on_air.iter().enumerate() {
        match (sku, stretches.last_mut()) {
            (Some(sku), Some(last)) if before == Some(sku) => last.1 = place,
            (Some(sku), _) => stretches.push((place, place, writer.report.product_name(sku).to_owned())),
            (None, _) => {}
        }
        before = sku.as_ref();
    }
    stretches
}

pub(super) fn curve(writer: &Writer<'_>) -> Vec<Block> {
    let report = writer.report;
    if report.figures.minutes.is_empty() {
        return vec![Block::Text(writer.say("report-no-minutes"))];
    }
    let last = report.figures.minutes.len() - 1;
    let acts = report.acts.iter().enumerate().filter(|(_, act)| !act.withdrawn).filter_map(|(number, act)| {
        let from = place(writer, act.started.minute())?;
        let to = act.ended.map_or(Some(last), |ended| place(writer, ended.minute()))?;
        Some((from, to.max(from), (number + 1).to_string()))
    });
    let on_air = on_air(writer);
    let marked = report.marks.iter().filter(|mark| matches!(mark.kind, "cue" | "note" | "closed" | "feed_lost") && !mark.withdrawn);
    let marks = marked.filter_map(|mark| {
        let place = place(writer, mark.at.minute())?;
        // a segment that puts a product on air shows above
        let shows = mark.kind == "cue" && on_air.iter().any(|(from, ..)| place.abs_diff(*from) <= 1);
        (!shows).then(|| (place, mark_text(writer, mark.kind, &mark.subject)))
    });
    let advised = report.advice.iter().filter_map(|card| {
        let title = if card.title.is_empty() { &card.rule } else { &card.title };
        Some((place(writer, card.raised.minute())?, mark_text(writer, "advice", title)))
    });
    let gaps = report.away.iter().filter_map(|(from, to)| Some((place(writer, from.minute())?, place(writer, to.minute())?)));
    let chart = Curves {
        caption: writer.say("report-curve-caption"),
        minutes: report.figures.minutes.len(),
        times: times(writer),
        panels: vec![panel(writer, Metric::Ccu, false), panel(writer, Metric::OrdersPlaced, true), panel(writer, Metric::GmvPlaced, true)],
        acts: acts.collect(),
        marks: marks.chain(advised).collect(),
        on_air,
        gaps: gaps.collect(),
    };
    vec![Block::Chart(Chart::Curves(chart)), Block::Table(mark_table(writer))]
}

fn mark_text(writer: &Writer<'_>, kind: &str, subject: &str) -> String {
    let kind = writer.word("mark", kind);
    if subject.is_empty() { kind } else { format!("{kind}: {subject}") }
}

fn mark_table(writer: &Writer<'_>) -> Table {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut before: Option<&Mark> = None;
    for mark in writer.report.marks.iter().filter(|mark| mark.kind != "unpin") {
        let follows = |cue: &Mark| cue.kind == "cue" && cue.at.minute() == mark.at.minute();
        match rows.last_mut().and_then(|row| row.get_mut(PRODUCT)) {
            // what a segment puts on air stands in its line
            Some(product) if mark.kind == "pin" && before.is_some_and(follows) => *product = writer.product(mark.sku.as_deref()),
            _ => rows.push(mark_row(writer, mark)),
        }
        before = Some(mark);
    }
    rows.truncate(LISTED);
    let head = writer.head(&["report-time", "report-what", "report-subject", "report-product", "report-by"]);
    Table { caption: writer.say("report-marks"), head, rows }
}

fn mark_row(writer: &Writer<'_>, mark: &Mark) -> Vec<Cell> {
    let card =
        || writer.report.advice.iter().filter(|card| card.rule == mark.subject).min_by_key(|card| card.raised.since_ms(mark.at).abs());
    let advised = card().filter(|_| mark.kind == "advice");
    let subject = match (mark.kind, advised) {
        ("act" | "act_ended" | "act_withdrawn", _) => writer.word("act", &mark.subject),
        ("pin", _) => String::new(),
        (_, Some(card)) if !card.title.is_empty() => card.title.clone(),
        _ => mark.subject.clone(),
    };
    let sku = mark.sku.as_deref().or_else(|| advised?.sku.as_deref());
    let kind = writer.word("mark", mark.kind);
    let kind = if mark.withdrawn { format!("{kind} · {}", writer.say("report-withdrawn")) } else { kind };
    let product = sku.map_or("", |sku| writer.report.product_name(sku));
    let operator = mark.operator.clone().unwrap_or_default();
    vec![writer.clock(mark.at), Cell::text(kind), Cell::text(subject), Cell::text(product), Cell::text(operator)]
}

pub(super) fn segments(writer: &Writer<'_>) -> Vec<Block> {
    let rows = &writer.report.figures.segments;
    let mut blocks = fit::boards(writer);
    if rows.is_empty() {
        return vec![Block::Text(writer.say("segments-none"))];
    }
    let own = ["report-segment", "report-kind", "report-host", "report-time", "report-length"];
    let shown = [Metric::AvgWatchS, Metric::CvrUv, Metric::GmvPerMin, Metric::GmvPaid, Metric::OrdersPlaced, Metric::Acu, Metric::ChatRate];
    let rows = rows.iter().map(|row| {
        let kind = row.kind.map_or_else(String::new, |kind| writer.word("segment", &id_of(&kind)));
        let length = row.to.or(writer.report.figures.at).map_or_else(String::new, |to| writer.voice.length(to.since_ms(row.from)));
        let own = vec![
            Cell::text(&row.segment),
            Cell::text(kind),
            Cell::text(row.host.clone().unwrap_or_default()),
            writer.clock(row.from),
            Cell::number(length),
        ];
        (own, &row.metrics)
    });
    blocks.push(Block::Table(writer.table("report-segments", &own, &shown, rows)));
    blocks
}
