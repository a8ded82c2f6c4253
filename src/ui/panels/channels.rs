//! Where buyers came from: share of the money, conversion, what ads bring back.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::engine::metric::{Metric, Reading, Scope};
use crate::engine::time::Span;
use crate::ui::pane::{ORDERS, Pane};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::table::{Column, Row, Table};
use crate::ui::widgets::text::Phrase;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    draw_table(pane, false, area, buf);
}

pub fn draw_zoomed(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    draw_table(pane, true, area, buf);
}

fn draw_table(pane: &Pane<'_>, zoomed: bool, area: Rect, buf: &mut Buffer) {
    let room = pane.table_heading(area, buf);
    let channels = pane.view.engine.channels();
    let focused = pane.view.state.focus == Panel::Channels;
    let title_style = pane.title_style(Panel::Channels, ORDERS);
    let mut table = Table { title_style, ellipsis: pane.view.glyphs.dots, columns: columns(pane, zoomed), ..Table::default() };
    let chosen = pane.view.state.row(Panel::Channels).min(channels.len().saturating_sub(1));
    let names: Vec<_> = channels.iter().filter(|channel| pane.view.state.passes(channel.name) || !focused).collect();
    for (index, channel) in names.into_iter().enumerate() {
        let style = if focused && index == chosen { pane.style(Tone::Selected) } else { Style::new() };
        let name = pane.say(&format!("channel-{}", channel.name), &[]);
        let name = name.strip_prefix("channel-").map_or(name.as_str(), |own| own);
        table.rows.push(Row { cells: cells(pane, zoomed, name, Scope::Channel(channel.sym), Tone::Normal), style });
    }
    // the sum stays in sight when there are more channels than rows
    let fits = usize::from(room.height.saturating_sub(1));
    let first = if focused { chosen.saturating_sub(fits.saturating_sub(1)) } else { 0 };
    if table.rows.len() > fits {
        let last = (first + fits).min(table.rows.len());
        table.rows = table.rows.drain(first.min(last)..last).collect();
    }
    table.rows.push(Row { cells: cells(pane, zoomed, pane.word("channels-all"), Scope::Live, Tone::Title), style: Style::new() });
    let inner = Rect::new(area.x + 1.min(area.width), area.y, area.width.saturating_sub(2), area.height);
    let slots = table.slots(inner.width);
    table.put_titles(&slots, inner, area.y, buf);
    table.put_rows(&slots, 0, Rect::new(inner.x, room.y, inner.width, room.height), buf);
    pane.fade(ORDERS, room, buf);
}

fn columns(pane: &Pane<'_>, zoomed: bool) -> Vec<Column> {
    let mut columns = vec![
        Column::words(pane.table_title("panel-channels", ORDERS), 8),
        Column::number(pane.word("column-share"), 5, 4),
        Column::number(pane.word("column-gmv-paid"), 6, 1),
        Column::number(pane.word("column-cvr"), 5, 3),
        Column::number(pane.word("column-roas"), 4, 2),
    ];
    if zoomed {
        columns.extend([
            Column::number(pane.word("column-orders-paid"), 6, 5),
            Column::number(pane.word("column-placed"), 7, 6),
            Column::number(pane.word("column-cvr-support"), 11, 7),
            Column::number(pane.word("column-spend"), 7, 8),
            Column::number(pane.word("column-cpa"), 7, 9),
            Column::number(pane.word("column-clicks"), 7, 10),
            Column::number(pane.word("column-carts-left"), 9, 11),
        ]);
    }
    columns
}

fn cells(pane: &Pane<'_>, zoomed: bool, name: &str, scope: Scope, tone: Tone) -> Vec<Phrase> {
    let read = |metric| pane.read(metric, scope, Span::Live);
    let plain = |text: String| pane.phrase(text, tone);
    let paid = read(Metric::GmvPaid);
    let cvr = read(Metric::CvrUv);
    let mut cells = vec![
        pane.phrase(name, tone),
        plain(share(pane, &paid)),
        plain(pane.amount(&paid)),
        plain(pane.percent(&cvr, 1)),
        plain(pane.number(&read(Metric::Roas), 1)),
    ];
    if zoomed {
        cells.extend([
            plain(pane.count(&read(Metric::OrdersPaid))),
            plain(pane.amount(&read(Metric::GmvPlaced))),
            plain(pane.support(&cvr)),
            plain(pane.amount(&read(Metric::AdSpend))),
            plain(pane.amount(&read(Metric::Cpa))),
            plain(pane.count(&read(Metric::Clicks))),
            plain(pane.percent(&read(Metric::CartAbandon), 0)),
        ]);
    }
    cells
}

/// A channel's part of what is paid.
fn share(pane: &Pane<'_>, part: &Reading) -> String {
    let all = pane.read(Metric::GmvPaid, Scope::Live, Span::Live).number().filter(|all| *all > 0.0);
    part.number().zip(all).map_or_else(|| pane.unknown().to_owned(), |(part, all)| pane.view.format.percent(part / all, 0))
}
