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

/// A channel's name on the glass and its readings.
struct Line {
    name: String,
    scope: Scope,
    paid: Reading,
    cvr: Reading,
    roas: Reading,
}

impl Line {
    fn of(pane: &Pane<'_>, name: String, scope: Scope) -> Self {
        let read = |metric| pane.read(metric, scope, Span::Live);
        Self { name, scope, paid: read(Metric::GmvPaid), cvr: read(Metric::CvrUv), roas: read(Metric::Roas) }
    }
    /// What the `n`-th column of `s` sorts by.
    fn key(&self, pane: &Pane<'_>, column: usize) -> Option<f64> {
        match column {
            0 => self.paid.number(),
            1 => self.cvr.number(),
            2 => self.roas.number(),
            3 => pane.read(Metric::OrdersPaid, self.scope, Span::Live).number(),
            4 => pane.read(Metric::AdSpend, self.scope, Span::Live).number(),
            _ => pane.read(Metric::Clicks, self.scope, Span::Live).number(),
        }
    }
}

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    draw_table(pane, false, area, buf);
}

pub fn draw_zoomed(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    draw_table(pane, true, area, buf);
}

/// What a channel is called: the shipped ones by the catalogue, the plan's own as they are.
pub fn name(pane: &Pane<'_>, channel: &str) -> String {
    let key = format!("channel-{channel}");
    if pane.view.words.has(&key) { pane.view.words.get(&key).to_owned() } else { channel.to_owned() }
}

fn draw_table(pane: &Pane<'_>, zoomed: bool, area: Rect, buf: &mut Buffer) {
    let room = pane.table_heading(area, buf);
    let channels = pane.view.engine.channels();
    let lines = channels.iter().map(|channel| Line::of(pane, name(pane, channel.name), Scope::Channel(channel.sym)));
    let mut lines: Vec<Line> = lines.filter(|line| pane.passes(Panel::Channels, &line.name)).collect();
    pane.sort(Panel::Channels, &mut lines, |line, column| line.key(pane, column));
    let height = room.height.saturating_sub(1);
    let first = pane.first_row(Panel::Channels, lines.len(), height);
    let shown = lines.iter().enumerate().skip(first).take(usize::from(height));
    let mut rows: Vec<Row> = shown
        .map(|(index, line)| Row {
            cells: cells(pane, zoomed, line, Tone::Normal),
            style: pane.row_style(Panel::Channels, lines.len(), index),
        })
        .collect();
    let all = Line::of(pane, pane.word("channels-all").to_owned(), Scope::Live);
    rows.push(Row { cells: cells(pane, zoomed, &all, Tone::Title), style: Style::new() });
    let title_style = pane.title_style(Panel::Channels, ORDERS);
    let table = Table { columns: columns(pane, zoomed), rows, title_style, ellipsis: pane.view.glyphs.dots };
    table.put(area, buf);
    pane.fade(ORDERS, room, buf);
}

fn columns(pane: &Pane<'_>, zoomed: bool) -> Vec<Column> {
    let title = |column, key| pane.sorted_title(Panel::Channels, column, key);
    let mut columns = vec![
        Column::words(pane.table_title(Panel::Channels, "panel-channels", ORDERS), 8),
        Column::number(pane.word("column-share"), 5, 4),
        Column::number(title(0, "column-gmv-paid"), 6, 1),
        Column::number(title(1, "column-cvr"), 5, 3),
        Column::number(title(2, "column-roas"), 4, 2),
    ];
    if zoomed {
        columns.extend([
            Column::number(title(3, "column-orders-paid"), 6, 5),
            Column::number(pane.word("column-placed"), 7, 6),
            Column::number(pane.word("column-cvr-support"), 11, 7),
            Column::number(title(4, "column-spend"), 7, 8),
            Column::number(pane.word("column-cpa"), 7, 9),
            Column::number(title(5, "column-clicks"), 7, 10),
            Column::number(pane.word("column-carts-left"), 9, 11),
        ]);
    }
    columns
}

fn cells(pane: &Pane<'_>, zoomed: bool, line: &Line, tone: Tone) -> Vec<Phrase> {
    let read = |metric| pane.read(metric, line.scope, Span::Live);
    let plain = |text: String| pane.phrase(text, tone);
    let mut cells = vec![
        plain(line.name.clone()),
        plain(share(pane, &line.paid)),
        plain(pane.amount(&line.paid)),
        plain(pane.percent(&line.cvr, 1)),
        plain(pane.number(&line.roas, 1)),
    ];
    if zoomed {
        cells.extend([
            plain(pane.count(&read(Metric::OrdersPaid))),
            plain(pane.amount(&read(Metric::GmvPlaced))),
            plain(pane.support(&line.cvr)),
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
