//! The summary for a reader: short, aligned, in the words of this one file.

use std::fmt::Write;

use super::shape::{Figures, Metrics};
use crate::engine::metric::{Metric, Reading, Value};

/// What is not known.
const UNKNOWN: &str = "—";
/// Columns of a product, channel or band.
const COLUMNS: [(Metric, &str); 6] = [
    (Metric::GmvPaid, "paid"),
    (Metric::OrdersPlaced, "orders"),
    (Metric::Units, "units"),
    (Metric::Views, "views"),
    (Metric::Clicks, "clicks"),
    (Metric::CartsAbandoned, "left carts"),
];
/// The figures of the whole broadcast.
const BROADCAST: [(Metric, &str); 14] = [
    (Metric::GmvPlaced, "placed"),
    (Metric::GmvPaid, "paid"),
    (Metric::GmvNet, "net"),
    (Metric::OrdersPlaced, "orders"),
    (Metric::Units, "units"),
    (Metric::Aov, "average order"),
    (Metric::Buyers, "buyers"),
    (Metric::ViewersUv, "viewers"),
    (Metric::Pcu, "peak viewers"),
    (Metric::CvrUv, "viewers who bought"),
    (Metric::CheckoutAbandon, "checkouts left"),
    (Metric::CartAbandon, "carts left"),
    (Metric::ChatMessages, "chat messages"),
    (Metric::AdSpend, "ad spend"),
];

/// The whole table.
pub fn print(figures: &Figures) -> String {
    let mut out = String::new();
    let time = |at: Option<crate::engine::time::At>| at.map_or_else(|| UNKNOWN.to_owned(), crate::engine::time::At::rfc3339);
    let events = &figures.events;
    line(&mut out, &format!("from {}  to {}  at {}", time(figures.from), time(figures.to), time(figures.at)));
    line(
        &mut out,
        &format!(
            "{} events, {} duplicates, {} conflicts, {} quarantined, {} tests",
            events.accepted, events.duplicate, events.conflict, events.quarantined, events.test
        ),
    );
    for (reason, count) in &events.quarantine {
        line(&mut out, &format!("  {reason} {count}"));
    }
    line(&mut out, "");
    for (metric, words) in BROADCAST {
        line(&mut out, &format!("{words:<20}{:>16}", cell(figures.broadcast.get(metric))));
    }
    section(&mut out, "product", figures.products.iter().map(|row| (row.sku.as_str(), &row.metrics)));
    section(&mut out, "channel", figures.channels.iter().map(|row| (row.channel.as_str(), &row.metrics)));
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

fn section<'a>(out: &mut String, head: &str, rows: impl Iterator<Item = (&'a str, &'a Metrics)>) {
    let mut text = format!("\n{head:<24}");
    for (_, words) in COLUMNS {
        let _ = write!(text, "{words:>14}");
    }
    line(out, &text);
    for (name, metrics) in rows {
        let mut text = format!("{name:<24}");
        for (metric, _) in COLUMNS {
            let _ = write!(text, "{:>14}", cell(metrics.get(metric)));
        }
        line(out, &text);
    }
}

fn cell(reading: Option<&Reading>) -> String {
    match reading.map(|reading| reading.value) {
        None | Some(Value::Unknown(_)) => UNKNOWN.to_owned(),
        Some(Value::Count(count)) => count.to_string(),
        Some(Value::Money(money)) => money.text(),
        Some(Value::Number(number)) => format!("{number:.4}"),
    }
}
