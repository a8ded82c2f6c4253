//! The scoreboard: what each segment and its host brought, the running one on top.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::metric::{Metric, Scope};
use crate::engine::time::Span;
use crate::engine::view::show::SegmentView;
use crate::ui::pane::{ORDERS, Pane};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::table::{Column, Row, Table};
use crate::ui::widgets::text::Phrase;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let room = pane.table_heading(area, buf);
    let mut lines: Vec<&SegmentView<'_>> = pane.segments.iter().rev().filter(|line| pane.passes(Panel::Segments, line.name)).collect();
    pane.sort(Panel::Segments, &mut lines, |line, column| key(pane, line, column));
    let title = |column, key| pane.sorted_title(Panel::Segments, column, key);
    let title_style = pane.title_style(Panel::Segments, ORDERS);
    let columns = vec![
        Column::words(pane.table_title(Panel::Segments, "panel-segments", ORDERS), 10),
        Column::mark(pane.word("column-kind"), 8, 6),
        Column::mark(pane.word("column-host"), 8, 2),
        Column::number(pane.word("column-began"), 7, 3),
        Column::number(pane.word("column-lasted"), 7, 4),
        Column::number(title(0, "column-orders"), 6, 1),
        Column::number(title(1, "column-placed"), 7, 1),
        Column::number(title(2, "column-gmv-per-min"), 8, 2),
        Column::number(title(3, "column-per-click"), 7, 5),
        Column::number(title(4, "column-viewers"), 7, 5),
        Column::number(title(5, "column-chat-per-min"), 7, 7),
    ];
    let first = pane.first_row(Panel::Segments, lines.len(), room.height);
    let rows = lines
        .iter()
        .enumerate()
        .skip(first)
        .take(usize::from(room.height))
        .take(usize::from(room.height))
        .map(|(index, segment)| Row { cells: cells(pane, segment), style: pane.row_style(Panel::Segments, lines.len(), index) });
    let table = Table { columns, rows: rows.collect(), title_style, ellipsis: pane.view.glyphs.dots };
    table.put(area, buf);
    if lines.is_empty() {
        pane.empty("segments-none", room, buf);
    }
    pane.fade(ORDERS, room, buf);
}

/// What the `n`-th column of `s` sorts by.
fn key(pane: &Pane<'_>, segment: &SegmentView<'_>, column: usize) -> Option<f64> {
    let metric = match column {
        0 => Metric::OrdersPlaced,
        1 => Metric::GmvPlaced,
        2 => Metric::GmvPerMin,
        3 => Metric::CoRate,
        4 => Metric::Acu,
        _ => Metric::ChatRate,
    };
    pane.read(metric, Scope::Segment(segment.index), Span::Live).number()
}

fn cells(pane: &Pane<'_>, segment: &SegmentView<'_>) -> Vec<Phrase> {
    let read = |metric| pane.read(metric, Scope::Segment(segment.index), Span::Live);
    let plain = |text: String| pane.phrase(text, Tone::Normal);
    let until = segment.to.unwrap_or(pane.view.now);
    let tone = if segment.to.is_none() { Tone::Accent } else { Tone::Normal };
    vec![
        pane.phrase(segment.name, tone),
        pane.phrase(segment.kind.map_or("", |kind| pane.word(super::now::kind_word(kind))), Tone::Muted),
        pane.phrase(segment.host.map(|host| pane.view.format.person(host).into_owned()).unwrap_or_default(), Tone::Normal),
        plain(pane.live_time(segment.from)),
        plain(pane.view.format.countdown(until.since_ms(segment.from))),
        plain(pane.count(&read(Metric::OrdersPlaced))),
        plain(pane.amount(&read(Metric::GmvPlaced))),
        plain(pane.amount(&read(Metric::GmvPerMin))),
        plain(pane.percent(&read(Metric::CoRate), 1)),
        plain(pane.count(&read(Metric::Acu))),
        plain(pane.number(&read(Metric::ChatRate), 1)),
    ]
}
