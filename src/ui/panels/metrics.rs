//! The cards in full detail: every metric over every window, with its support and, where it is unknown, why.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::engine::metric::{Metric, Reading, Value, Why, definition};
use crate::engine::time::Span;
use crate::ui::pane::{Better, ORDERS, Pane, below};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::table::{Column, Row, Table};
use crate::ui::widgets::text::{Phrase, put, width};

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let title = match pane.scope() {
        crate::engine::metric::Scope::Product(sym) => pane.product_name(sym),
        _ => pane.word("panel-kpis").to_owned(),
    };
    let room = pane.heading(Panel::Kpis, &title, ORDERS, area, buf);
    let mut columns = vec![Column::words(pane.word("column-metric"), 18)];
    columns.extend(Span::ALL.iter().zip([8, 7, 1, 5, 6, 0]).map(|(span, priority)| Column::number(span.label(), 8, priority)));
    columns.push(Column::mark(pane.word("column-change-5m"), 7, 2));
    columns.push(Column::number(pane.word("column-support"), 12, 3));
    columns.push(Column::mark(pane.word("column-why"), 18, 4));
    let metrics: Vec<Metric> = Metric::ALL.iter().copied().filter(|metric| pane.passes(Panel::Kpis, metric.id())).collect();
    let inner = Rect::new(room.x + 1.min(room.width), room.y, room.width.saturating_sub(2), room.height);
    let body = below(inner, 1);
    let height = usize::from(body.height);
    let first = pane.view.state.row(Panel::Kpis).min(metrics.len().saturating_sub(height));
    // only what is seen is asked for
    let rows = metrics.iter().skip(first).take(height).map(|metric| Row { cells: cells(pane, *metric), style: Style::new() });
    let table = Table { columns, rows: rows.collect(), title_style: pane.style(Tone::Title), ellipsis: pane.view.glyphs.dots };
    let slots = table.slots(inner.width);
    table.put_titles(&slots, inner, inner.y, buf);
    table.put_rows(&slots, 0, body, buf);
    let left = metrics.len().saturating_sub(first + usize::from(body.height));
    if left > 0 && body.height > 0 {
        let more = pane.say("metrics-more", &[("n", left.into())]);
        put(buf, area, area.right().saturating_sub(width(&more) + 2), area.bottom() - 1, &more, pane.style(Tone::Muted));
    }
}

fn cells(pane: &Pane<'_>, metric: Metric) -> Vec<Phrase> {
    let scope = pane.scope();
    let live = pane.read(metric, scope, Span::Live);
    let mut cells = vec![pane.phrase(metric.id(), Tone::Muted)];
    cells.extend(Span::ALL.iter().map(|span| {
        let reading = if *span == Span::Live { live } else { pane.read(metric, scope, *span) };
        pane.phrase(value(pane, metric, &reading), if reading.stale { Tone::Stale } else { Tone::Normal })
    }));
    cells.push(pane.change_phrase(pane.change(metric, scope, Span::M5), Better::Up));
    // both sides of these are amounts, which the ratio itself does not say
    let is_of_money = matches!(metric, Metric::Roas | Metric::Mer | Metric::RefundRate | Metric::RoasBreakeven);
    cells.push(pane.phrase(if is_of_money { String::new() } else { pane.support(&live) }, Tone::Muted));
    let why = match live.value {
        Value::Unknown(Why::NotInFeeds) if is_unavailable(pane, metric) => pane.word("why-unavailable"),
        Value::Unknown(why) => pane.word(why_word(why)),
        _ => "",
    };
    cells.push(pane.phrase(why, Tone::Muted));
    cells
}

/// True where a platform of the plan says that it cannot give what the metric needs.
fn is_unavailable(pane: &Pane<'_>, metric: Metric) -> bool {
    let missing = |kind: &&str| pane.view.engine.is_unavailable(kind);
    definition(metric).needs.iter().any(|group| group.iter().any(&missing))
}

/// Shares are told in percent, everything else as the engine's value.
fn value(pane: &Pane<'_>, metric: Metric, reading: &Reading) -> String {
    let is_share =
        ["_rate", "_share", "cvr_", "ctr_", "_abandon", "sell_through", "retention_"].iter().any(|part| metric.id().contains(part));
    if is_share && metric != Metric::ChatRate { pane.percent(reading, 1) } else { pane.view.format.value(reading.value) }
}

const fn why_word(why: Why) -> &'static str {
    match why {
        Why::NotInFeeds => "why-not-in-feeds",
        Why::NotForScope => "why-not-for-scope",
        Why::NoViews => "why-no-views",
        Why::NoViewers => "why-no-viewers",
        Why::NoClicks => "why-no-clicks",
        Why::NoAdds => "why-no-adds",
        Why::NoOrders => "why-no-orders",
        Why::NoPaidOrders => "why-no-paid-orders",
        Why::NoBuyers => "why-no-buyers",
        Why::NoCarts => "why-no-carts",
        Why::NoCheckouts => "why-no-checkouts",
        Why::NoAbandonedCarts => "why-no-abandoned-carts",
        Why::NoImpressions => "why-no-impressions",
        Why::NoMessages => "why-no-messages",
        Why::NoAnswers => "why-no-answers",
        Why::NoSpend => "why-no-spend",
        Why::NoLeads => "why-no-leads",
        Why::NoNewBuyers => "why-no-new-buyers",
        Why::NoSales => "why-no-sales",
        Why::NoStock => "why-no-stock",
        Why::NoMargin => "why-no-margin",
        Why::NoTarget => "why-no-target",
        Why::NoHistory => "why-no-history",
        Why::NewUnknown => "why-new-unknown",
        Why::TooMany => "why-more-than-kept",
        Why::SeveralCurrencies => "why-several-currencies",
        Why::Stale => "why-stale",
        Why::NotEnoughYet => "why-not-enough-yet",
    }
}
