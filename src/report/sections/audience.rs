//! Engagement and abandonment by the minute, the best and the worst minutes, the chat.

use super::show::{on_air, panel, times};
use crate::engine::metric::Metric;
use crate::report::document::{Block, Cell, Table, Writer};
use crate::report::model::Picked;
use crate::report::svg::{Chart, Curves, Heat};
use crate::report::voice::UNKNOWN;

/// Open questions that are listed.
const LISTED: usize = 30;

pub(super) fn minutes(writer: &Writer<'_>) -> Vec<Block> {
    let report = writer.report;
    if report.figures.minutes.is_empty() {
        return Vec::new();
    }
    let shown = [Metric::InteractionRate, Metric::ChatMessages, Metric::Clicks, Metric::CartAbandon, Metric::CartsAbandoned];
    let chart = Curves {
        caption: writer.say("report-engagement-caption"),
        minutes: report.figures.minutes.len(),
        times: times(writer),
        panels: shown
            .iter()
            .map(|metric| panel(writer, *metric, !matches!(metric, Metric::InteractionRate | Metric::CartAbandon)))
            .collect(),
        on_air: on_air(writer),
        ..Curves::default()
    };
    vec![
        Block::Chart(Chart::Curves(chart)),
        Block::Table(picked(writer, "report-best", &report.best)),
        Block::Table(picked(writer, "report-worst", &report.worst)),
        Block::Text(writer.say("report-minutes-csv")),
    ]
}

fn picked(writer: &Writer<'_>, caption: &str, rows: &[Picked]) -> Table {
    let own = ["report-time", "report-on-air", "report-segment", "report-viewers-change"];
    let shown = [Metric::Ccu, Metric::OrdersPlaced, Metric::GmvPlaced, Metric::Clicks, Metric::ChatMessages, Metric::CartAbandon];
    let rows = rows.iter().map(|row| {
        let change = row.viewers_change.map_or_else(|| Cell::unknown(writer.say("why-not-enough-yet")), |change| writer.count(change));
        let segment = row.segment.clone().unwrap_or_else(|| UNKNOWN.to_owned());
        (vec![writer.clock(row.at), writer.product(row.on_air.as_deref()), Cell::text(segment), change], &row.metrics)
    });
    writer.table(caption, &own, &shown, rows)
}

pub(super) fn chat(writer: &Writer<'_>) -> Vec<Block> {
    let report = writer.report;
    let shown = [
        Metric::ChatMessages,
        Metric::Chatters,
        Metric::ChatRate,
        Metric::InteractionRate,
        Metric::Reactions,
        Metric::Follows,
        Metric::Questions,
        Metric::QuestionsAnswered,
        Metric::QuestionsUnanswered,
        Metric::AnswerS,
    ];
    let told = report.figures.gestures.iter().filter(|row| row.minutes.iter().any(Option::is_some));
    let rows: Vec<(String, Vec<Option<i64>>)> =
        told.map(|row| (writer.voice.text(&format!("gesture-{}", row.gesture), &[]), row.minutes.clone())).collect();
    let mut blocks = vec![writer.cards(&shown)];
    if !rows.is_empty() {
        let sums = rows.iter().map(|(label, minutes)| vec![Cell::text(label), writer.count(minutes.iter().flatten().sum())]).collect();
        blocks.push(Block::Chart(Chart::Heat(Heat {
            caption: writer.say("report-heat-caption"),
            minutes: report.figures.minutes.len(),
            times: times(writer),
            rows,
        })));
        let head = writer.head(&["report-gesture", "report-times"]);
        blocks.push(Block::Table(Table { caption: writer.say("report-gestures"), head, rows: sums }));
    }
    blocks.push(questions(writer));
    blocks
}

fn questions(writer: &Writer<'_>) -> Block {
    let open = &writer.report.questions;
    if open.is_empty() {
        return Block::Text(writer.say("report-no-questions"));
    }
    let rows = open.iter().take(LISTED).map(|question| {
        vec![
            Cell::text(&question.text),
            writer.product(question.sku.as_deref()),
            writer.count(i64::from(question.count)),
            writer.clock(question.since),
        ]
    });
    let head = writer.head(&["report-question", "report-product", "report-asked", "report-since"]);
    Block::Table(Table { caption: writer.say("report-questions"), head, rows: rows.collect() })
}
