//! The feeds: how each stands, how far it is complete, what it brought and what had to be put aside.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::engine::event::{FeedStatus, Guarantee};
use crate::engine::view::show::FeedView;
use crate::ui::pane::{OWN, Pane};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::table::{Column, Row, Table};
use crate::ui::widgets::text::Phrase;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let room = pane.table_heading(area, buf);
    let feeds = pane.view.engine.feeds();
    let focused = pane.view.state.focus == Panel::Feeds;
    let title_style = pane.title_style(Panel::Feeds, OWN);
    let columns = vec![
        Column::words(pane.table_title("panel-feeds", OWN), 6),
        Column::mark(pane.word("column-state"), 6, 1),
        Column::number(pane.word("column-age"), 4, 2),
        Column::number(pane.word("column-received"), 6, 3),
        Column::number(pane.word("column-duplicate"), 4, 6),
        Column::number(pane.word("column-late"), 4, 5),
        Column::number(pane.word("column-quarantined"), 4, 4),
        Column::number(pane.word("column-unmapped"), 5, 8),
        Column::number(pane.word("column-dropped"), 5, 7),
        Column::number(pane.word("column-errors"), 5, 9),
        Column::number(pane.word("column-retry"), 5, 10),
        Column::number(pane.word("column-skew"), 6, 11),
        Column::mark(pane.word("column-guarantee"), 9, 12),
        Column { elastic: true, ..Column::mark(pane.word("column-last-error"), 12, 13) },
    ];
    let chosen = pane.view.state.row(Panel::Feeds).min(feeds.len().saturating_sub(1));
    let shown = feeds.iter().filter(|feed| !focused || pane.view.state.passes(&feed.state.feed));
    let rows = shown.enumerate().map(|(index, feed)| Row {
        cells: cells(pane, feed),
        style: if focused && index == chosen { pane.style(Tone::Selected) } else { Style::new() },
    });
    let table = Table { columns, rows: rows.collect(), title_style, ellipsis: pane.view.glyphs.dots };
    let inner = Rect::new(area.x + 1.min(area.width), area.y, area.width.saturating_sub(2), area.height);
    let slots = table.slots(inner.width);
    table.put_titles(&slots, inner, area.y, buf);
    let first = if focused { chosen.saturating_sub(usize::from(room.height).saturating_sub(1)) } else { 0 };
    table.put_rows(&slots, first, Rect::new(inner.x, room.y, inner.width, room.height), buf);
    if feeds.is_empty() {
        pane.empty("feeds-none", room, buf);
    }
}

fn cells(pane: &Pane<'_>, feed: &FeedView<'_>) -> Vec<Phrase> {
    let format = pane.view.format;
    let count = |n: u64| {
        let told = format.count_short(i64::try_from(n).unwrap_or(i64::MAX));
        pane.phrase(told, if n == 0 { Tone::Muted } else { Tone::Normal })
    };
    let wrong = |n: u64| {
        let told = format.count_short(i64::try_from(n).unwrap_or(i64::MAX));
        if n == 0 { pane.phrase(told, Tone::Muted) } else { pane.phrase(format!("{told}!"), Tone::Warn) }
    };
    let (word, tone) = standing(feed);
    let age = feed.complete_to.map_or_else(|| pane.unknown().to_owned(), |at| format.age(pane.view.now.since_ms(at)));
    let retry = feed.state.retry_at.map(|at| format.age(at.since_ms(pane.view.now))).unwrap_or_default();
    let skew = feed.state.skew_ms.map_or_else(|| pane.unknown().to_owned(), |ms| format!("{}ms", format.count(ms)));
    vec![
        pane.phrase(feed.state.feed.as_str(), Tone::Normal),
        pane.phrase(pane.word(word), tone),
        pane.phrase(age, if feed.stale { Tone::Stale } else { Tone::Normal }),
        count(feed.state.received),
        count(feed.state.duplicate),
        count(feed.late),
        wrong(feed.quarantined.max(feed.state.quarantined)),
        count(feed.state.unmapped),
        wrong(feed.state.dropped),
        wrong(feed.state.errors),
        pane.phrase(retry, Tone::Warn),
        pane.phrase(skew, Tone::Muted),
        pane.phrase(pane.word(promise(feed.state.guarantee)), Tone::Muted),
        pane.phrase(feed.state.last_error.as_deref().unwrap_or_default(), Tone::Warn),
    ]
}

fn standing(feed: &FeedView<'_>) -> (&'static str, Tone) {
    match feed.state.status {
        FeedStatus::Failed => ("feed-failed", Tone::Alarm),
        FeedStatus::Retrying => ("feed-retrying", Tone::Warn),
        _ if feed.stale => ("stale", Tone::Stale),
        FeedStatus::Starting => ("feed-starting", Tone::Muted),
        FeedStatus::Ok => ("feed-ok", Tone::Good),
        FeedStatus::Ended => ("feed-ended", Tone::Muted),
    }
}

const fn promise(guarantee: Guarantee) -> &'static str {
    match guarantee {
        Guarantee::Durable => "guarantee-durable",
        Guarantee::Resumable => "guarantee-resumable",
        Guarantee::BestEffort => "guarantee-best-effort",
    }
}
