//! What is on air, how it sells against its first minute, and what comes next.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::event::SegmentKind;
use crate::engine::metric::{Metric, Scope};
use crate::engine::plan::PlanSegment;
use crate::engine::time::{At, MINUTE_MS, Span};
use crate::engine::view::commerce::Chain;
use crate::ui::pane::{Better, Needs, ORDERS, OWN, PINS, Pane, below};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::text::{Phrase, fit, width};

/// A hard anchor is near.
const ANCHOR_NEAR_MS: i64 = 5 * MINUTE_MS;
/// A smaller drift is none.
const DRIFT_S: i64 = 60;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let room = pane.heading(Panel::Now, &title(pane), needs(pane), area, buf);
    let inner = Rect::new(room.x + 1.min(room.width), room.y, room.width.saturating_sub(2), room.height);
    let lines = [on_air(pane, inner.width), selling(pane, inner.width), next(pane, inner.width)];
    for ((left, right), y) in lines.iter().zip(inner.top()..inner.bottom()) {
        pane.line_of(left, right, inner, y, buf);
    }
}

/// What is on air is somebody's word until a feed that tells of pins falls silent: then it is as old as that feed, unless it was put on
/// air since, by hand or by the plan.
fn needs(pane: &Pane<'_>) -> Needs {
    let told = pane.view.engine.complete_to(PINS);
    let since = pane.explains.iter().rev().find(|explain| explain.to.is_none()).map(|explain| explain.from);
    let put_since = since.is_some_and(|from| told.is_none_or(|told| from > told));
    if pane.age(PINS).stale && !put_since { PINS } else { OWN }
}

/// `NOW · 02:10 behind`: where the show has drifted from its run by a minute or more.
fn title(pane: &Pane<'_>) -> String {
    let name = pane.word("panel-now");
    match pane.view.engine.behind_s() {
        Some(behind) if behind.abs() >= DRIFT_S => {
            let key = if behind > 0 { "now-behind" } else { "now-ahead" };
            let time = pane.view.format.countdown(behind.abs() * 1_000);
            format!("{name} {} {}", pane.view.glyphs.middot, pane.say(key, &[("time", time.into())]))
        }
        _ => name.to_owned(),
    }
}

/// With the whole chain from viewers to money, this window against the one before, and the rest of the run of show.
pub fn draw_zoomed(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    draw(pane, area, buf);
    let room = below(area, 5);
    let inner = Rect::new(room.x + 1.min(room.width), room.y, room.width.saturating_sub(2), room.height);
    let scope = pane.view.engine.on_air().map_or(Scope::Live, Scope::Product);
    let mut y = inner.y;
    for (title, scope) in [("now-chain-on-air", scope), ("now-chain-live", Scope::Live)] {
        let now = pane.view.engine.chain(scope, Span::M5);
        let before = pane.view.engine.chain_before(scope, Span::M5);
        pane.phrase(pane.word(title), Tone::Title).put(buf, inner, inner.x, y);
        for (line, row) in chain(pane, &now, &before).iter().zip(y + 1..) {
            line.put(buf, inner, inner.x + 2, row);
        }
        y = y.saturating_add(8);
    }
    for (index, segment) in pane.view.engine.plan().segments.iter().enumerate() {
        plan_line(pane, index, segment).put(buf, inner, inner.x, y);
        y = y.saturating_add(1);
    }
}

/// `1 Fone Pro X2 · demo   04:10 / 05:00`.
fn on_air(pane: &Pane<'_>, room: u16) -> (Phrase, Phrase) {
    let engine = pane.view.engine;
    let segment = pane.segments.iter().rev().find(|segment| segment.to.is_none());
    let explain = pane.explains.iter().rev().find(|explain| explain.to.is_none());
    let since = segment.map(|segment| segment.from).or_else(|| explain.map(|explain| explain.from));
    let clock = since.map(|from| pane.view.format.countdown(pane.view.now.since_ms(from)));
    let planned = segment.and_then(|segment| segment.planned_s);
    let over = since.zip(planned).is_some_and(|(from, planned)| pane.view.now.since_ms(from) > planned * 1_000);
    let right = match (clock, planned) {
        (Some(clock), Some(planned)) => format!("{clock} / {}{}", pane.view.format.countdown(planned * 1_000), if over { "!" } else { "" }),
        (Some(clock), None) => clock,
        (None, _) => String::new(),
    };
    let right = pane.phrase(right, if over { Tone::Warn } else { Tone::Normal });
    let mut name = engine.on_air().map_or_else(|| pane.word("now-nothing").to_owned(), |sym| pane.product_name(sym));
    // with the segment's own name where there is room, else with its kind
    let full = segment.map(|segment| segment_name(pane, segment.name, segment.kind));
    let kind = segment.and_then(|segment| segment.kind).map(|kind| pane.word(kind_word(kind)).to_owned());
    let most = room.saturating_sub(right.width() + 1);
    let with = |told: String| format!("{name} {} {told}", pane.view.glyphs.middot);
    if let Some(told) = full.into_iter().chain(kind).map(with).find(|told| width(told) <= most) {
        name = told;
    }
    let name = fit(&name, most, pane.view.glyphs.dots).into_owned();
    (pane.phrase(name, Tone::Accent), right)
}

/// `offer (demo)`; the kind alone where the segment is called so.
fn segment_name(pane: &Pane<'_>, name: &str, kind: Option<SegmentKind>) -> String {
    match kind.map(|kind| pane.word(kind_word(kind))) {
        Some(kind) if kind.eq_ignore_ascii_case(name) => kind.to_owned(),
        Some(kind) => format!("{name} ({kind})"),
        None => name.to_owned(),
    }
}

pub const fn kind_word(kind: SegmentKind) -> &'static str {
    match kind {
        SegmentKind::Demo => "segment-demo",
        SegmentKind::Talk => "segment-talk",
        SegmentKind::Offer => "segment-offer",
        SegmentKind::Qa => "segment-qa",
        SegmentKind::Giveaway => "segment-giveaway",
        SegmentKind::Break => "segment-break",
    }
}

/// `orders 1st min 2 · last min 1 · 5 in 5m`: over this presentation of the product.
fn selling(pane: &Pane<'_>, room: u16) -> (Phrase, Phrase) {
    let engine = pane.view.engine;
    let Some(product) = engine.on_air() else { return (Phrase::default(), Phrase::default()) };
    if let Some(marginal) = engine.marginal().filter(|marginal| marginal.move_on && marginal.product == product) {
        let usual = pane.view.format.number(marginal.usual_per_min, 1);
        let last = pane.count(&engine.reading_in_minute(Metric::OrdersPlaced, Scope::Product(product), pane.last_full_minute(ORDERS)));
        let told = pane.say("now-marginal", &[("last", last.into()), ("usual", usual.into())]);
        let hint = pane.phrase(format!("{} {}", pane.view.glyphs.arrow, pane.word("now-move-on")), Tone::Warn);
        let left = fit(&told, room.saturating_sub(hint.width() + 1), pane.view.glyphs.dots).into_owned();
        return (pane.phrase(left, Tone::Normal), hint);
    }
    let scope = Scope::Product(product);
    let in_minute = |minute: i64| engine.reading_in_minute(Metric::OrdersPlaced, scope, minute);
    let from = pane.explains.iter().rev().find(|explain| explain.to.is_none()).map(|explain| explain.from.minute());
    let first = from.filter(|minute| *minute < pane.line.now).map_or_else(|| pane.unknown().to_owned(), |m| pane.count(&in_minute(m)));
    let last = pane.count(&in_minute(pane.last_full_minute(ORDERS)));
    let recent = pane.count(&pane.read(Metric::OrdersPlaced, scope, Span::M5));
    let told = pane.say("now-orders", &[("first", first.into()), ("last", last.into()), ("recent", recent.into())]);
    (pane.phrase(fit(&told, room, pane.view.glyphs.dots), Tone::Normal), Phrase::default())
}

/// `NEXT 4 Smartwatch 48:02 · ◆ draw 52:00`.
fn next(pane: &Pane<'_>, whole: u16) -> (Phrase, Phrase) {
    let engine = pane.view.engine;
    let segments = &engine.plan().segments;
    let head = pane.phrase(format!("{} ", pane.word("now-next")), Tone::Title);
    let Some(segment) = engine.next_segment().and_then(|place| segments.get(place)) else {
        let none = pane.word(if segments.is_empty() { "now-no-plan" } else { "now-last" });
        return (head.and(fit(none, whole.saturating_sub(6), pane.view.glyphs.dots), pane.style(Tone::Muted)), Phrase::default());
    };
    let slot = segment.skus.iter().find_map(|sku| engine.plan().product(sku)).map(|product| format!("{} ", product.slot));
    let at = begins(pane).map(|at| pane.live_time(at)).unwrap_or_default();
    let right = anchor(pane);
    let room = whole.saturating_sub(right.width() + 1 + head.width());
    let told = format!("{}{} {at}", slot.unwrap_or_default(), segment.name);
    let told = if width(&told) <= room {
        told
    } else {
        let name = room.saturating_sub(width(&at) + 1);
        format!("{} {at}", fit(&segment.name, name, pane.view.glyphs.dots))
    };
    (head.and(told, pane.style(Tone::Plan)), right)
}

/// `⚓ draw −04:48`: how long until what cannot wait.
fn anchor(pane: &Pane<'_>) -> Phrase {
    let Some(anchor) = pane.view.engine.next_anchor() else { return Phrase::default() };
    let left = anchor.at.since_ms(pane.view.now);
    let tone = if left < ANCHOR_NEAR_MS { Tone::Warn } else { Tone::Plan };
    let name = fit(anchor.name, 8, pane.view.glyphs.dots);
    pane.phrase(format!("{} {name} {}", pane.view.glyphs.anchor, pane.view.format.countdown(-left)), tone)
}

/// When the next segment begins if this one keeps its time.
fn begins(pane: &Pane<'_>) -> Option<At> {
    let current = pane.segments.iter().rev().find(|segment| segment.to.is_none())?;
    Some(current.from.plus_s(current.planned_s?).max(pane.view.now))
}

/// One factor a line: now, before, and the change.
fn chain(pane: &Pane<'_>, now: &Chain, before: &Chain) -> [Phrase; 6] {
    let number = |decimals: usize| move |value: f64| pane.view.format.number(value, decimals);
    let money = |minor: f64| pane.minor(minor);
    let row = |key: &'static str, now: Option<f64>, before: Option<f64>, told: &dyn Fn(f64) -> String| {
        let told = |value: Option<f64>| value.map_or_else(|| pane.unknown().to_owned(), told);
        let change = now.zip(before).filter(|(_, before)| *before > 0.0).map(|(now, before)| now / before - 1.0);
        let label = pane.word(key);
        let padding = " ".repeat(usize::from(28u16.saturating_sub(width(label))));
        let figures = format!("{:>14} {:>14}  ", told(now), told(before));
        let mut line = pane.phrase(format!("{label}{padding}"), Tone::Muted).and(figures, pane.style(Tone::Normal));
        line.0.extend(pane.change_phrase(change, Better::Up).0);
        line
    };
    [
        row("chain-viewers", now.viewers, before.viewers, &number(0)),
        row("chain-clicks", now.clicks_per_viewer, before.clicks_per_viewer, &number(4)),
        row("chain-click-cart", now.click_to_cart, before.click_to_cart, &number(3)),
        row("chain-cart-order", now.cart_to_order, before.cart_to_order, &number(3)),
        row("chain-ticket", now.ticket_minor, before.ticket_minor, &money),
        row("chain-gmv", now.gmv_per_min_minor, before.gmv_per_min_minor, &money),
    ]
}

/// A segment of the run of show: what was, what is on, what comes.
fn plan_line(pane: &Pane<'_>, index: usize, segment: &PlanSegment) -> Phrase {
    let next = pane.view.engine.next_segment();
    let (glyph, tone) = match next {
        Some(next) if index == next => (pane.view.glyphs.arrow, Tone::Accent),
        Some(next) if index > next => (" ", Tone::Plan),
        _ => (pane.view.glyphs.middot, Tone::Muted),
    };
    let skus: Vec<&str> =
        segment.skus.iter().map(|sku| pane.view.engine.plan().product(sku).map_or(sku.as_str(), |p| p.name.as_str())).collect();
    let name = segment_name(pane, &segment.name, segment.kind);
    let host = segment.host.as_deref().map(|host| pane.view.format.person(host).into_owned()).unwrap_or_default();
    let length = pane.view.format.countdown(segment.length_s * 1_000);
    let discount = segment.discount.map(|share| pane.view.format.change(-share)).unwrap_or_default();
    let offer = segment.offer.as_deref().unwrap_or_default();
    let told = format!("{glyph} {length}  {name}  {host}  {}  {discount} {offer}", skus.join(", "));
    pane.phrase(told.trim_end(), tone)
}
