//! The card of one minute: what was on air, what it brought, what was done in it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::metric::{Metric, Reading, Scope};
use crate::engine::time::At;
use crate::ui::pane::{ORDERS, Pane};
use crate::ui::theme::Tone;
use crate::ui::widgets::text::{Phrase, fit};

pub fn draw(pane: &Pane<'_>, minute: i64, area: Rect, buf: &mut Buffer) {
    let clock = pane.view.format.clock(At::from_minute(minute));
    let title = pane.say("minute-title", &[("minute", pane.minute_label(minute).into()), ("clock", clock.into())]);
    let room = pane.rule(pane.view.state.minute.is_some(), &title, &state_of(pane, minute), area, buf);
    let inner = Rect::new(room.x + 1.min(room.width), room.y, room.width.saturating_sub(2), room.height);
    let mut lines = vec![on_air(pane, minute)];
    lines.extend(figures(pane, minute));
    let entries = pane.log.iter().filter(|entry| entry.at.minute() == minute);
    let mut changed: Vec<Phrase> = entries.map(|entry| super::log::line(pane, entry, inner.width)).collect();
    if changed.is_empty() {
        changed.push(pane.phrase(pane.word("minute-nothing"), Tone::Muted));
    }
    lines.extend(changed);
    for (line, y) in lines.iter().zip(inner.top()..inner.bottom()) {
        line.put(buf, inner, inner.x, y);
    }
}

/// Whether the minute is over, still fills, lies ahead, or was filled late.
fn state_of(pane: &Pane<'_>, minute: i64) -> Phrase {
    if minute > pane.line.now {
        return pane.phrase(pane.word("minute-ahead"), Tone::Plan);
    }
    let complete = pane.view.engine.complete_to(ORDERS);
    if minute == pane.line.now || complete.is_some_and(|at| at < At::from_minute(minute + 1)) {
        return pane.phrase(format!("{} {}", pane.view.glyphs.hatch, pane.word("minute-unfinished")), Tone::Unfinished);
    }
    if pane.view.engine.filled_late(minute) {
        return pane.phrase(format!("~ {}", pane.word("minute-late")), Tone::Warn);
    }
    Phrase::default()
}

fn on_air(pane: &Pane<'_>, minute: i64) -> Phrase {
    let engine = pane.view.engine;
    let name = engine.on_air_in_minute(minute).map_or_else(|| pane.word("now-nothing").to_owned(), |sym| pane.product_name(sym));
    let at = At::from_minute(minute);
    let segment = pane.segments.iter().rev().find(|segment| segment.from <= at.plus_s(59) && segment.to.is_none_or(|to| to > at));
    let segment = segment.map(|segment| format!(" {} {}", pane.view.glyphs.middot, segment.name)).unwrap_or_default();
    pane.phrase(format!("{name}{segment}"), Tone::Accent)
}

/// Two figures a line.
fn figures(pane: &Pane<'_>, minute: i64) -> Vec<Phrase> {
    let read = |metric: Metric| pane.view.engine.reading_in_minute(metric, Scope::Live, minute);
    let count = |reading: Reading| pane.count(&reading);
    let cells = [
        ("minute-viewers", count(read(Metric::Ccu))),
        ("minute-orders", count(read(Metric::OrdersPlaced))),
        ("minute-gmv", pane.amount(&read(Metric::GmvPlaced))),
        ("minute-paid", pane.amount(&read(Metric::GmvPaid))),
        ("minute-clicks", count(read(Metric::Clicks))),
        ("minute-adds", count(read(Metric::Adds))),
        ("minute-per-click", pane.percent(&read(Metric::CoRate), 1)),
        ("minute-chat", count(read(Metric::ChatMessages))),
    ];
    cells
        .chunks(2)
        .map(|pair| {
            pair.iter().fold(Phrase::default(), |phrase, (key, value)| {
                let label = fit(pane.word(key), 16, pane.view.glyphs.dots).into_owned();
                phrase.and(format!("{label:<17}"), pane.style(Tone::Muted)).and(format!("{value:>8}  "), pane.style(Tone::Normal))
            })
        })
        .collect()
}
