//! The feeds: how each stands, how far it is complete, what it brought and what had to be put aside.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::event::{FeedStatus, Guarantee};
use crate::engine::view::show::FeedView;
use crate::ui::pane::{OWN, Pane};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::table::{Column, Row, Table};
use crate::ui::widgets::text::Phrase;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let room = pane.table_heading(area, buf);
    let mut feeds = pane.view.engine.feeds();
    feeds.retain(|feed| pane.passes(Panel::Feeds, &feed.state.feed));
    // those that need the operator come first
    feeds.sort_by_key(|feed| !is_urgent(feed));
    pane.sort(Panel::Feeds, &mut feeds, |feed, column| key(pane, feed, column));
    let title = |column, key| pane.sorted_title(Panel::Feeds, column, key);
    let title_style = pane.title_style(Panel::Feeds, OWN);
    let columns = vec![
        Column::words(pane.table_title(Panel::Feeds, "panel-feeds", OWN), 6),
        Column::mark(pane.word("column-state"), 6, 1),
        Column::number(title(0, "column-age"), 4, 2),
        Column::number(title(1, "column-received"), 6, 3),
        Column::number(title(2, "column-duplicate"), 4, 6),
        Column::number(title(3, "column-late"), 4, 5),
        Column::number(title(4, "column-quarantined"), 4, 4),
        Column::number(pane.word("column-unmapped"), 5, 8),
        Column::number(pane.word("column-dropped"), 5, 7),
        Column::number(title(5, "column-errors"), 5, 9),
        Column::number(pane.word("column-retry"), 5, 10),
        Column::number(pane.word("column-skew"), 6, 11),
        Column::mark(pane.word("column-guarantee"), 9, 12),
        Column { elastic: true, ..Column::mark(pane.word("column-last-error"), 12, 13) },
    ];
    let first = pane.first_row(Panel::Feeds, feeds.len(), room.height);
    let rows = feeds
        .iter()
        .enumerate()
        .skip(first)
        .take(usize::from(room.height))
        .take(usize::from(room.height))
        .map(|(index, feed)| Row { cells: cells(pane, feed), style: pane.row_style(Panel::Feeds, feeds.len(), index) });
    let table = Table { columns, rows: rows.collect(), title_style, ellipsis: pane.view.glyphs.dots };
    table.put(area, buf);
    if feeds.is_empty() {
        pane.empty("feeds-none", room, buf);
    }
}

/// True for a feed that is stale, failing or gone.
pub fn is_urgent(feed: &FeedView<'_>) -> bool {
    feed.stale || matches!(feed.state.status, FeedStatus::Retrying | FeedStatus::Failed)
}

/// What the `n`-th column of `s` sorts by.
#[expect(clippy::cast_precision_loss, reason = "counters, for an order only")]
fn key(pane: &Pane<'_>, feed: &FeedView<'_>, column: usize) -> Option<f64> {
    match column {
        0 => feed.complete_to.map(|at| pane.view.now.since_ms(at) as f64),
        1 => Some(feed.state.received as f64),
        2 => Some(feed.state.duplicate as f64),
        3 => Some(feed.late as f64),
        4 => Some(feed.quarantined as f64),
        _ => Some(feed.state.errors as f64),
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
