//! What was placed and is not yet paid: paid of placed by method, and the unpaid that are about to expire.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::metric::{Metric, Scope};
use crate::engine::time::Span;
use crate::engine::view::commerce::{MethodView, PendingOrder};
use crate::ui::pane::{ORDERS, Pane, below};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::table::{Column, Row, Table};
use crate::ui::widgets::text::{Phrase, fit, put};

/// A method whose paid share is this far below the whole is an alarm.
const WORSE: f64 = 0.8;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let room = pane.heading(Panel::Payment, &title(pane), ORDERS, area, buf);
    let methods = pane.view.engine.methods();
    let summary = u16::from(room.height > 1);
    let rescue = u16::from(room.height > 3);
    let columns = if room.width >= 36 { 2 } else { 1 };
    let rows = room.height - summary - rescue;
    for (index, method) in methods.iter().take(usize::from(rows * columns)).enumerate() {
        let index = u16::try_from(index).unwrap_or(u16::MAX);
        let width = room.width / columns;
        let place = Rect::new(room.x + index % columns * width, room.y + index / columns, width, 1);
        draw_method(pane, method, place, buf);
    }
    let used = u16::try_from(methods.len()).unwrap_or(u16::MAX).div_ceil(columns).min(rows);
    let inner = Rect::new(room.x + 1.min(room.width), room.y, room.width.saturating_sub(1), room.height);
    if summary > 0 {
        unpaid(pane).put(buf, inner, inner.x, room.y + used);
    }
    if rescue > 0 {
        let idle = pane.count(&pane.read(Metric::CartsIdle, Scope::Live, Span::Live));
        let told = pane.say("payment-rescue", &[("idle", idle.into()), ("unpaid", pane.pending.len().into())]);
        put(buf, inner, inner.x, room.y + used + 1, &fit(&told, inner.width, pane.view.glyphs.dots), pane.style(Tone::Muted));
    }
    pane.fade(ORDERS, room, buf);
}

fn title(pane: &Pane<'_>) -> String {
    let paid = pane.read(Metric::OrderPaidRate, Scope::Live, Span::Live);
    let support = pane.support(&paid);
    pane.say("payment-title", &[("support", if support.is_empty() { pane.unknown().to_owned() } else { support }.into())])
}

/// `Pix 190/214 89%`.
fn draw_method(pane: &Pane<'_>, method: &MethodView<'_>, area: Rect, buf: &mut Buffer) {
    let inner = Rect::new(area.x + 1.min(area.width), area.y, area.width.saturating_sub(2), 1);
    let paid = pane.read(Metric::OrderPaidRate, Scope::Method(method.sym), Span::Live);
    let whole = pane.read(Metric::OrderPaidRate, Scope::Live, Span::Live);
    let is_worse = paid.number().zip(whole.number()).is_some_and(|(share, whole)| share < whole * WORSE);
    let percent = format!("{:>4}{}", pane.percent(&paid, 0), if is_worse { "!" } else { " " });
    let right = pane
        .phrase(pane.support(&paid), Tone::Normal)
        .and(format!(" {percent}"), pane.style(if is_worse { Tone::Alarm } else { Tone::Normal }));
    let room = inner.width.saturating_sub(right.width() + 1);
    put(buf, inner, inner.x, inner.y, &fit(method.name, room, pane.view.glyphs.dots), pane.style(Tone::Muted));
    if right.width() <= inner.width {
        right.put_right(buf, inner, inner.y);
    }
}

/// `unpaid 30 R$ 6.3k · 4 end < 5 min`.
pub fn unpaid(pane: &Pane<'_>) -> Phrase {
    if pane.read(Metric::OrdersPlaced, Scope::Live, Span::Live).number().is_none() {
        return pane.phrase(pane.word("payment-unknown"), Tone::Muted);
    }
    let list = &pane.pending;
    let limit = pane.view.engine.plan().limits.expiring_s;
    let soon = pane.view.now.plus_s(limit);
    let expiring = list.iter().filter(|order| order.expires_at.is_some_and(|at| at <= soon && at > pane.view.now)).count();
    let money = pane.sum(list.iter().filter_map(|order| order.value)).map(|money| pane.view.format.money_short(money)).unwrap_or_default();
    let told = pane.say("payment-unpaid", &[("n", list.len().into()), ("money", money.into())]);
    let phrase = pane.phrase(told.trim_end(), Tone::Normal);
    if expiring == 0 {
        return phrase;
    }
    let soon = pane.say("payment-expiring", &[("n", expiring.into()), ("minutes", (limit / 60).into())]);
    phrase.and(format!(" {} {soon}", pane.view.glyphs.middot), pane.style(Tone::Warn))
}

/// The methods, and every unpaid order by expiry.
pub fn draw_zoomed(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let methods = u16::try_from(pane.view.engine.methods().len()).unwrap_or(u16::MAX).div_ceil(2);
    let top = Rect::new(area.x, area.y, area.width, methods.saturating_add(3).min(area.height));
    draw(pane, top, buf);
    let room = below(area, top.height);
    let list: Vec<_> = ordered(pane);
    let columns = vec![
        Column::words(pane.word("column-order"), 8),
        Column::number(pane.sorted_title(Panel::Payment, 0, "column-value"), 9, 0),
        Column::mark(pane.word("column-method"), 6, 3),
        Column::number(pane.sorted_title(Panel::Payment, 1, "column-placed-at"), 8, 4),
        Column::number(pane.sorted_title(Panel::Payment, 2, "column-ends-in"), 9, 1),
    ];
    let rows = list
        .iter()
        .enumerate()
        .map(|(index, order)| Row { cells: order_cells(pane, order), style: pane.row_style(Panel::Payment, list.len(), index) });
    let table = Table { columns, rows: rows.collect(), title_style: pane.style(Tone::Title), ellipsis: pane.view.glyphs.dots };
    let inner = Rect::new(room.x + 1.min(room.width), room.y, room.width.saturating_sub(2), room.height);
    let slots = table.slots(inner.width);
    table.put_titles(&slots, inner, inner.y, buf);
    let body = below(inner, 1);
    table.put_rows(&slots, pane.first_row(Panel::Payment, list.len(), body.height), body, buf);
}

/// The unpaid orders that pass the filter, by expiry or as `s` asks.
fn ordered<'p, 'a>(pane: &'p Pane<'a>) -> Vec<&'p PendingOrder<'a>> {
    let passes = |order: &&PendingOrder<'_>| {
        pane.passes(Panel::Payment, order.order) || pane.passes(Panel::Payment, order.method.unwrap_or_default())
    };
    let mut list: Vec<_> = pane.pending.iter().filter(passes).collect();
    #[expect(clippy::cast_precision_loss, reason = "for an order only")]
    pane.sort(Panel::Payment, &mut list, |order, column| match column {
        0 => order.value.map(|value| value.minor as f64),
        1 => Some(order.placed_at.ms() as f64),
        _ => order.expires_at.map(|at| at.ms() as f64),
    });
    list
}

fn order_cells(pane: &Pane<'_>, order: &PendingOrder<'_>) -> Vec<Phrase> {
    let format = pane.view.format;
    let left = order.expires_at.map(|at| at.since_ms(pane.view.now));
    let limit_ms = pane.view.engine.plan().limits.expiring_s * 1_000;
    let (told, tone) = match left {
        None => (pane.unknown().to_owned(), Tone::Muted),
        Some(ms) if ms <= 0 => (pane.word("payment-expired").to_owned(), Tone::Alarm),
        Some(ms) => (format.countdown(ms), if ms <= limit_ms { Tone::Warn } else { Tone::Normal }),
    };
    vec![
        pane.phrase(format.person(order.order), Tone::Normal),
        pane.phrase(order.value.map_or(pane.unknown().to_owned(), |value| format.money(value)), Tone::Normal),
        pane.phrase(order.method.unwrap_or(pane.unknown()), Tone::Muted),
        pane.phrase(format.clock_s(order.placed_at), Tone::Muted),
        pane.phrase(told, tone),
    ]
}
