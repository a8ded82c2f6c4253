//! Carts that are left, by price band: how many of how many, and the ones still open shown apart.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::kpis::band_label;
use crate::engine::metric::{Metric, Reading, Scope};
use crate::engine::time::Span;
use crate::ui::pane::{CARTS, Pane};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::table::{Column, Row, Table};
use crate::ui::widgets::text::Phrase;

/// A band this much worse than the whole is an alarm.
const WORSE: f64 = 1.25;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    draw_table(pane, false, area, buf);
}

pub fn draw_zoomed(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    draw_table(pane, true, area, buf);
}

fn draw_table(pane: &Pane<'_>, zoomed: bool, area: Rect, buf: &mut Buffer) {
    let room = pane.table_heading(area, buf);
    let focused = pane.view.state.focus == Panel::Carts;
    let title_style = pane.title_style(Panel::Carts, CARTS);
    let mut table = Table { title_style, ellipsis: pane.view.glyphs.dots, columns: columns(pane, zoomed), ..Table::default() };
    let mut bands = pane.view.engine.bands();
    bands.reverse();
    let chosen = pane.view.state.row(Panel::Carts);
    let whole = pane.read(Metric::CartAbandon, Scope::Live, Span::Live).number();
    let has_open = usize::from(room.height) > bands.len() + 1;
    let symbol = bands.first().map(|band| pane.view.format.symbol(band.from.currency)).unwrap_or_default();
    for (index, band) in bands.iter().enumerate() {
        let style = if focused && index == chosen { pane.style(Tone::Selected) } else { Style::new() };
        let name = format!("{}{}", symbol.trim_end(), band_label(pane, band));
        table.rows.push(Row { cells: cells(pane, zoomed, &name, Scope::Band(band.index), whole, Tone::Normal), style });
    }
    let sums = 1 + usize::from(has_open);
    table.rows.truncate(usize::from(room.height).saturating_sub(sums));
    table.rows.push(Row { cells: cells(pane, zoomed, pane.word("carts-all"), Scope::Live, whole, Tone::Title), style: Style::new() });
    let inner = Rect::new(area.x + 1.min(area.width), area.y, area.width.saturating_sub(2), area.height);
    let slots = table.slots(inner.width);
    table.put_titles(&slots, inner, area.y, buf);
    table.put_rows(&slots, 0, Rect::new(inner.x, room.y, inner.width, room.height), buf);
    if has_open {
        let y = room.y + u16::try_from(table.rows.len()).unwrap_or(u16::MAX).min(room.height.saturating_sub(1));
        open(pane).put(buf, inner, inner.x, y);
    }
    pane.fade(CARTS, room, buf);
}

fn columns(pane: &Pane<'_>, zoomed: bool) -> Vec<Column> {
    let mut columns = vec![
        Column::words(pane.table_title("panel-carts", CARTS), 9),
        Column::number(pane.word("column-left"), 4, 2),
        Column::number(pane.word("column-of"), 5, 3),
        Column::number("%", 4, 1),
    ];
    if zoomed {
        columns.extend([
            Column::number(pane.word("column-open"), 6, 4),
            Column::number(pane.word("column-idle"), 6, 5),
            Column::number(pane.word("column-recovered"), 8, 6),
            Column::number(pane.word("column-recovery"), 6, 7),
            Column::number(pane.word("column-checkout-left"), 8, 8),
            Column::number(pane.word("column-support"), 10, 9),
        ]);
    }
    columns
}

fn cells(pane: &Pane<'_>, zoomed: bool, name: &str, scope: Scope, whole: Option<f64>, tone: Tone) -> Vec<Phrase> {
    let read = |metric| pane.read(metric, scope, Span::Live);
    let plain = |text: String| pane.phrase(text, tone);
    let left = read(Metric::CartAbandon);
    let told =
        |n: Option<i128>| n.and_then(|n| i64::try_from(n).ok()).map_or_else(|| pane.unknown().to_owned(), |n| pane.view.format.count(n));
    let is_worse = scope != Scope::Live && left.number().zip(whole).is_some_and(|(share, whole)| share > whole * WORSE);
    let percent = format!("{}{}", pane.percent(&left, 0), if is_worse { "!" } else { "" });
    let mut cells = vec![
        pane.phrase(name, tone),
        plain(told(left.numerator)),
        plain(told(left.denominator)),
        pane.phrase(percent, if is_worse { Tone::Alarm } else { tone }),
    ];
    if zoomed {
        let recovery = read(Metric::CartRecoveryRate);
        cells.extend([
            plain(open_count(pane, scope)),
            plain(pane.count(&read(Metric::CartsIdle))),
            plain(pane.count(&read(Metric::CartsRecovered))),
            plain(pane.percent(&recovery, 0)),
            plain(pane.percent(&read(Metric::CheckoutAbandon), 0)),
            plain(pane.support(&left)),
        ]);
    }
    cells
}

/// Carts that are neither left nor bought: what is not bought, without what is left.
fn open_count(pane: &Pane<'_>, scope: Scope) -> String {
    let read = |metric| whole(&pane.read(metric, scope, Span::Live));
    let open = read(Metric::CartsUnbought).zip(read(Metric::CartsAbandoned)).map(|(unbought, left)| unbought - left);
    open.map_or_else(|| pane.unknown().to_owned(), |open| pane.view.format.count(open))
}

const fn whole(reading: &Reading) -> Option<i64> {
    if let crate::engine::metric::Value::Count(count) = reading.value { Some(count) } else { None }
}

/// `open <10m 142 · idle 12`: pending, counted in no share.
fn open(pane: &Pane<'_>) -> Phrase {
    let minutes = pane.view.engine.plan().limits.cart_abandoned_s / 60;
    let idle = pane.count(&pane.read(Metric::CartsIdle, Scope::Live, Span::Live));
    let told = pane.say("carts-open", &[("minutes", minutes.into()), ("n", open_count(pane, Scope::Live).into()), ("idle", idle.into())]);
    pane.phrase(told, Tone::Muted)
}
