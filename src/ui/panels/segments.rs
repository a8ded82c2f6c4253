//! The scoreboard: what each segment and its host brought, the running one on top.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

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
    let mut segments = pane.view.engine.segments();
    segments.reverse();
    let focused = pane.view.state.focus == Panel::Segments;
    let title_style = pane.title_style(Panel::Segments, ORDERS);
    let columns = vec![
        Column::words(pane.table_title("panel-segments", ORDERS), 10),
        Column::mark(pane.word("column-kind"), 8, 6),
        Column::mark(pane.word("column-host"), 8, 2),
        Column::number(pane.word("column-began"), 7, 3),
        Column::number(pane.word("column-lasted"), 7, 4),
        Column::number(pane.word("column-orders"), 6, 1),
        Column::number(pane.word("column-placed"), 7, 1),
        Column::number(pane.word("column-gmv-per-min"), 8, 2),
        Column::number(pane.word("column-per-click"), 7, 5),
        Column::number(pane.word("column-viewers"), 7, 5),
        Column::number(pane.word("column-chat-per-min"), 7, 7),
    ];
    let chosen = pane.view.state.row(Panel::Segments).min(segments.len().saturating_sub(1));
    let shown = segments.iter().filter(|segment| !focused || pane.view.state.passes(segment.name));
    let rows = shown.enumerate().map(|(index, segment)| Row {
        cells: cells(pane, segment),
        style: if focused && index == chosen { pane.style(Tone::Selected) } else { Style::new() },
    });
    let table = Table { columns, rows: rows.collect(), title_style, ellipsis: pane.view.glyphs.dots };
    let inner = Rect::new(area.x + 1.min(area.width), area.y, area.width.saturating_sub(2), area.height);
    let slots = table.slots(inner.width);
    table.put_titles(&slots, inner, area.y, buf);
    let first = if focused { chosen.saturating_sub(usize::from(room.height).saturating_sub(1)) } else { 0 };
    table.put_rows(&slots, first, Rect::new(inner.x, room.y, inner.width, room.height), buf);
    if segments.is_empty() {
        pane.empty("segments-none", room, buf);
    }
    pane.fade(ORDERS, room, buf);
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
