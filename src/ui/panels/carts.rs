//! Carts that are left, by price band: how many of how many, and the ones still open shown apart.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{channels, kpis};
use crate::engine::metric::{Metric, Reading, Scope, Value};
use crate::engine::time::Span;
use crate::ui::pane::{CARTS, Pane};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::table::{Column, Row, Table};
use crate::ui::widgets::text::Phrase;

/// A band this much worse than the whole is an alarm.
const WORSE: f64 = 1.25;

/// A line of the table: a band, a channel, a product.
struct Line {
    name: String,
    scope: Scope,
    left: Reading,
}

impl Line {
    fn of(pane: &Pane<'_>, name: String, scope: Scope) -> Self {
        Self { name, scope, left: pane.read(Metric::CartAbandon, scope, Span::Live) }
    }
    /// What the `n`-th column of `s` sorts by.
    #[expect(clippy::cast_precision_loss, reason = "counts of carts")]
    fn key(&self, pane: &Pane<'_>, column: usize) -> Option<f64> {
        match column {
            0 => self.left.numerator.map(|n| n as f64),
            1 => self.left.denominator.map(|n| n as f64),
            2 => self.left.number(),
            3 => open_count(pane, self.scope).map(|n| n as f64),
            4 => pane.read(Metric::CartsIdle, self.scope, Span::Live).number(),
            _ => pane.read(Metric::CartsRecovered, self.scope, Span::Live).number(),
        }
    }
}

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let lines = bands(pane);
    draw_table(pane, false, &lines, area, buf);
}

/// The same by channel and by product too, with everything that is known of them.
pub fn draw_zoomed(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let mut lines = bands(pane);
    let of_channels = pane.view.engine.channels();
    lines.extend(of_channels.iter().map(|channel| Line::of(pane, channels::name(pane, channel.name), Scope::Channel(channel.sym))));
    lines.extend(pane.products.iter().map(|product| Line::of(pane, pane.product_name(product.sym), Scope::Product(product.sym))));
    draw_table(pane, true, &lines, area, buf);
}

/// The price bands, the dearest first.
fn bands(pane: &Pane<'_>) -> Vec<Line> {
    let bands = pane.view.engine.bands();
    let mut lines: Vec<Line> =
        bands.iter().rev().map(|band| Line::of(pane, kpis::band_label(pane, band, true), Scope::Band(band.index))).collect();
    lines.retain(|line| pane.passes(Panel::Carts, &line.name));
    pane.sort(Panel::Carts, &mut lines, |line, column| line.key(pane, column));
    lines
}

fn draw_table(pane: &Pane<'_>, zoomed: bool, lines: &[Line], area: Rect, buf: &mut Buffer) {
    let room = pane.table_heading(area, buf);
    let all = Line::of(pane, pane.word("carts-all").to_owned(), Scope::Live);
    let has_open = usize::from(room.height) > lines.len() + 1;
    let height = room.height.saturating_sub(1 + u16::from(has_open));
    let first = pane.first_row(Panel::Carts, lines.len(), height);
    let shown = lines.iter().enumerate().skip(first).take(usize::from(height));
    let mut rows: Vec<Row> = shown
        .map(|(index, line)| Row {
            cells: cells(pane, zoomed, line, all.left.number(), Tone::Normal),
            style: pane.row_style(Panel::Carts, lines.len(), index),
        })
        .collect();
    rows.push(Row { cells: cells(pane, zoomed, &all, None, Tone::Title), style: Style::new() });
    let below = u16::try_from(rows.len()).unwrap_or(u16::MAX);
    let title_style = pane.title_style(Panel::Carts, CARTS);
    let table = Table { columns: columns(pane, zoomed), rows, title_style, ellipsis: pane.view.glyphs.dots };
    table.put(area, buf);
    if has_open {
        let inner = Rect::new(room.x + 1.min(room.width), room.y, room.width.saturating_sub(1), room.height);
        open(pane, inner.width).put(buf, inner, inner.x, room.y.saturating_add(below));
    }
    pane.fade(CARTS, room, buf);
}

fn columns(pane: &Pane<'_>, zoomed: bool) -> Vec<Column> {
    let title = |column, key| pane.sorted_title(Panel::Carts, column, key);
    let mut columns = vec![
        Column::words(pane.table_title(Panel::Carts, "panel-carts", CARTS), 9),
        Column::number(title(0, "column-left"), 4, 2),
        Column::number(title(1, "column-of"), 5, 3),
        Column::number(title(2, "column-percent"), 4, 1),
    ];
    if zoomed {
        columns.extend([
            Column::number(title(3, "column-open"), 6, 4),
            Column::number(title(4, "column-idle"), 6, 5),
            Column::number(title(5, "column-recovered"), 8, 6),
            Column::number(pane.word("column-recovery"), 6, 7),
            Column::number(pane.word("column-checkout-left"), 8, 8),
            Column::number(pane.word("column-support"), 10, 9),
        ]);
    }
    columns
}

fn cells(pane: &Pane<'_>, zoomed: bool, line: &Line, whole: Option<f64>, tone: Tone) -> Vec<Phrase> {
    let read = |metric| pane.read(metric, line.scope, Span::Live);
    let plain = |text: String| pane.phrase(text, tone);
    let told =
        |n: Option<i128>| n.and_then(|n| i64::try_from(n).ok()).map_or_else(|| pane.unknown().to_owned(), |n| pane.view.format.count(n));
    let is_worse = line.left.number().zip(whole).is_some_and(|(share, whole)| share > whole * WORSE);
    let percent = format!("{}{}", pane.percent(&line.left, 0), if is_worse { "!" } else { " " });
    let mut cells = vec![
        plain(line.name.clone()),
        plain(told(line.left.numerator)),
        plain(told(line.left.denominator)),
        pane.phrase(percent, if is_worse { Tone::Alarm } else { tone }),
    ];
    if zoomed {
        let open = open_count(pane, line.scope).map_or_else(|| pane.unknown().to_owned(), |open| pane.view.format.count(open));
        cells.extend([
            plain(open),
            plain(pane.count(&read(Metric::CartsIdle))),
            plain(pane.count(&read(Metric::CartsRecovered))),
            plain(pane.percent(&read(Metric::CartRecoveryRate), 0)),
            plain(pane.percent(&read(Metric::CheckoutAbandon), 0)),
            plain(pane.support(&line.left)),
        ]);
    }
    cells
}

/// Carts that are neither left nor bought: what is not bought, without what is left.
fn open_count(pane: &Pane<'_>, scope: Scope) -> Option<i64> {
    let read = |metric| match pane.read(metric, scope, Span::Live).value {
        Value::Count(count) => Some(count),
        Value::Money(_) | Value::Number(_) | Value::Unknown(_) => None,
    };
    Some(read(Metric::CartsUnbought)? - read(Metric::CartsAbandoned)?)
}

/// `open <10m 142 · idle 12`: pending, counted in no share; the short form where the long one has no room.
fn open(pane: &Pane<'_>, width: u16) -> Phrase {
    let minutes = pane.view.engine.plan().limits.cart_abandoned_s / 60;
    let idle = pane.count(&pane.read(Metric::CartsIdle, Scope::Live, Span::Live));
    let open = open_count(pane, Scope::Live).map_or_else(|| pane.unknown().to_owned(), |open| pane.view.format.count(open));
    let long = pane.say("carts-open", &[("minutes", minutes.into()), ("n", open.clone().into()), ("idle", idle.into())]);
    let told = pane.phrase(long, Tone::Muted);
    if told.width() <= width { told } else { pane.phrase(format!("{} {open}", pane.word("column-open")), Tone::Muted) }
}
