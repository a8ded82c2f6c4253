//! What a product did while it was on air, and the scoreboards of hosts and kinds of segment.

use crate::engine::money::Money;
use crate::report::air::{Air, Pace};
use crate::report::boards::Board;
use crate::report::document::{Block, Cell, Table, Writer};

/// Products that are listed.
const LISTED: usize = 40;

pub(super) fn air(writer: &Writer<'_>) -> Vec<Block> {
    let rows: Vec<Vec<Cell>> = writer.report.air.iter().take(LISTED).map(|air| air_row(writer, air)).collect();
    if rows.is_empty() {
        return vec![Block::Text(writer.say("report-never-on-air"))];
    }
    let head = writer.head(&[
        "report-product",
        "report-minutes-on-air",
        "report-viewers-per-min",
        "report-clicks-per-min",
        "report-adds-per-min",
        "report-orders-per-min",
        "report-messages-per-min",
        "report-questions-per-min",
    ]);
    vec![Block::Text(writer.say("report-air-note")), Block::Table(Table { caption: writer.say("report-air"), head, rows })]
}

#[expect(clippy::cast_precision_loss, reason = "viewers of a broadcast")]
fn air_row(writer: &Writer<'_>, air: &Air) -> Vec<Cell> {
    let viewers = (air.known_minutes > 0).then(|| air.viewers_change as f64 / air.known_minutes as f64);
    let viewers = viewers.map_or_else(
        || Cell::unknown(writer.say("why-not-in-feeds")),
        |change| Cell::number(format!("{}{}", if change > 0.0 { "+" } else { "" }, writer.voice.number(change, 1))),
    );
    let pace = |pace: Option<Pace>| match pace.map(|pace| pace.rates(air.minutes, air.other_minutes)) {
        Some((Some(on), off)) => {
            let off = off.map_or_else(String::new, |off| format!(" ({})", writer.voice.number(off, 1)));
            Cell::number(format!("{}{off}", writer.voice.number(on, 1)))
        }
        Some((None, _)) | None => Cell::unknown(writer.say("why-not-in-feeds")),
    };
    let mut row = vec![Cell::text(writer.report.product_name(&air.sku)), writer.count(air.minutes), viewers];
    row.extend([air.clicks, air.adds, air.orders, air.messages, air.questions].map(pace));
    row
}

/// Hosts and kinds of segment, each a table.
pub(super) fn boards(writer: &Writer<'_>) -> Vec<Block> {
    let hosts = board(writer, "report-hosts", "report-host", &writer.report.hosts, |name| name.to_owned());
    let kinds = board(writer, "report-kinds", "report-kind", &writer.report.kinds, |name| writer.word("segment", name));
    hosts.into_iter().chain(kinds).collect()
}

fn board(writer: &Writer<'_>, caption: &str, own: &str, boards: &[Board], name: impl Fn(&str) -> String) -> Option<Block> {
    let unknown = || Cell::unknown(writer.say("why-not-in-feeds"));
    let rows = boards.iter().map(|board| {
        let rate = |sum: Option<i64>, decimals| {
            board.per_minute(sum).map_or_else(unknown, |rate| Cell::number(writer.voice.number(rate, decimals)))
        };
        let paid = board.per_minute(board.paid_minor).zip(writer.report.figures.currency).map_or_else(unknown, |(minor, currency)| {
            #[expect(clippy::cast_possible_truncation, reason = "minor units a minute")]
            let minor = minor.round() as i64;
            Cell::number(writer.voice.money(Money::new(minor, currency)))
        });
        vec![
            Cell::text(name(&board.name)),
            writer.count(board.segments),
            Cell::number(writer.voice.length(board.length_ms)),
            board.watch_s().map_or_else(unknown, |seconds| Cell::number(format!("{} s", writer.voice.number(seconds, 0)))),
            board.conversion().map_or_else(unknown, |share| Cell::number(writer.voice.percent(share))),
            paid,
            rate(board.orders, 2),
            rate(board.messages, 1),
        ]
    });
    let head = writer.head(&[
        own,
        "report-segments-count",
        "report-length",
        "report-watch",
        "report-orders-of-clicks",
        "report-paid-per-min",
        "report-orders-per-min",
        "report-messages-per-min",
    ]);
    (!boards.is_empty()).then(|| Block::Table(Table { caption: writer.say(caption), head, rows: rows.collect() }))
}
