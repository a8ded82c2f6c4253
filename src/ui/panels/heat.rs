//! What the audience does, a row a gesture, on the same minutes as the chart.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::engine::time::At;
use crate::engine::view::show::Gesture;
use crate::ui::pane::{CHAT, CLICKS, Needs, Pane};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::heat::Heat;
use crate::ui::widgets::spark::{Bar, top_of};
use crate::ui::widgets::text::{Phrase, fit, put};

/// In the order of worth where there is no room for all.
const RANK: [Gesture; 16] = [
    Gesture::Price,
    Gesture::Stock,
    Gesture::Shipping,
    Gesture::Payment,
    Gesture::Click,
    Gesture::AddToCart,
    Gesture::Complaint,
    Gesture::Buy,
    Gesture::Coupon,
    Gesture::Link,
    Gesture::Praise,
    Gesture::Like,
    Gesture::Share,
    Gesture::Follow,
    Gesture::Gift,
    Gesture::Greeting,
];

/// Finished minutes that "lately" means, and that it is held against.
const LATELY_MIN: i64 = 5;
/// Events in both together before a change is told.
const SUPPORT: i64 = 10;
/// Half as much again is a rise, two thirds a fall.
const RISE: f64 = 1.5;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let dot = pane.view.glyphs.middot;
    let title = format!("{} {dot} {}", pane.word("panel-heat"), pane.word("heat-same-minutes"));
    let room = pane.heading(Panel::Heat, &title, CHAT, area, buf);
    let mut shown: Vec<Gesture> = RANK.into_iter().take(usize::from(room.height)).collect();
    // what is shown stands in the vocabulary's own order, chat first
    shown.sort_unstable();
    shown.retain(|gesture| pane.passes(Panel::Heat, pane.word(word_of(*gesture))));
    for (gesture, y) in shown.into_iter().zip(room.top()..room.bottom()) {
        draw_row(pane, gesture, Rect::new(room.x, y, room.width, 1), buf);
    }
    super::trend::draw_cursor(pane, room, buf);
}

const fn needs_of(gesture: Gesture) -> Needs {
    match gesture {
        Gesture::Click | Gesture::AddToCart => CLICKS,
        Gesture::Like | Gesture::Share | Gesture::Follow | Gesture::Gift => &["reaction"],
        Gesture::Price
        | Gesture::Stock
        | Gesture::Link
        | Gesture::Shipping
        | Gesture::Coupon
        | Gesture::Payment
        | Gesture::Complaint
        | Gesture::Praise
        | Gesture::Buy
        | Gesture::Greeting => CHAT,
    }
}

pub const fn word_of(gesture: Gesture) -> &'static str {
    match gesture {
        Gesture::Price => "gesture-price",
        Gesture::Stock => "gesture-stock",
        Gesture::Link => "gesture-link",
        Gesture::Shipping => "gesture-shipping",
        Gesture::Coupon => "gesture-coupon",
        Gesture::Payment => "gesture-payment",
        Gesture::Complaint => "gesture-complaint",
        Gesture::Praise => "gesture-praise",
        Gesture::Buy => "gesture-buy",
        Gesture::Greeting => "gesture-greeting",
        Gesture::Click => "gesture-click",
        Gesture::AddToCart => "gesture-add_to_cart",
        Gesture::Like => "gesture-like",
        Gesture::Share => "gesture-share",
        Gesture::Follow => "gesture-follow",
        Gesture::Gift => "gesture-gift",
    }
}

/// How often in a minute, and whether that minute is over and complete.
fn count(pane: &Pane<'_>, gesture: Gesture, complete: Option<At>, minute: i64) -> (Option<i64>, bool) {
    let is_finished = minute < pane.line.now && complete.is_none_or(|at| at >= At::from_minute(minute + 1));
    (pane.view.engine.gestures_in_minute(gesture, minute), is_finished)
}

fn draw_row(pane: &Pane<'_>, gesture: Gesture, area: Rect, buf: &mut Buffer) {
    let lanes = pane.lanes;
    let label = Rect::new(area.x + 1, area.y, lanes.label.saturating_sub(1).min(area.width), 1);
    put(buf, label, label.x, label.y, &fit(pane.word(word_of(gesture)), label.width, pane.view.glyphs.dots), pane.style(Tone::Muted));
    let complete = pane.view.engine.complete_to(needs_of(gesture));
    #[expect(clippy::cast_precision_loss, reason = "counts of a minute")]
    let bars: Vec<Bar> = (0..pane.line.columns)
        .map(|column| {
            pane.bar(&pane.line, column, |minute| {
                let (count, is_finished) = count(pane, gesture, complete, minute);
                (count.map(|count| count as f64), is_finished)
            })
        })
        .collect();
    let minutes = Rect::new(area.x + lanes.label, area.y, pane.line.width(), 1).intersection(area);
    // one lone event is no peak: the darkest shade stands for four at least
    let top = top_of(&bars).unwrap_or(0.0).max(4.0);
    (&Heat { bars: &bars, top, cells: pane.line.cells, look: pane.heat() }).render(minutes, buf);
    let figure = Rect::new(area.right() - lanes.figure.min(area.width), area.y, lanes.figure.min(area.width), 1);
    pane.put_fitting(lately(pane, gesture), figure, area.y, buf);
    pane.fade(needs_of(gesture), minutes, buf);
}

/// `8/m▲`: a minute of the last five that are finished, and whether that is more than in the five before. Two ways to
/// say it, the shorter last.
fn lately(pane: &Pane<'_>, gesture: Gesture) -> [Phrase; 2] {
    let last = pane.last_full_minute(needs_of(gesture));
    let sum = |to: i64| {
        let known = (to - LATELY_MIN + 1..=to).filter_map(|minute| pane.view.engine.gestures_in_minute(gesture, minute));
        known.fold(None, |sum: Option<i64>, count| Some(sum.unwrap_or(0) + count))
    };
    let Some(now) = sum(last) else { return [pane.phrase(pane.unknown(), Tone::Muted), Phrase::default()] };
    let before = sum(last - LATELY_MIN).unwrap_or(0);
    #[expect(clippy::cast_precision_loss, reason = "counts of five minutes")]
    let (rate, change) = (now as f64 / LATELY_MIN as f64, now as f64 / (before as f64).max(1.0));
    let number =
        if rate > 0.0 && rate < 9.95 { pane.view.format.number(rate, 1) } else { pane.view.format.count_short((now + 2) / LATELY_MIN) };
    let is_bad_up = matches!(gesture, Gesture::Complaint | Gesture::Payment);
    let (glyph, tone) = match change {
        _ if now + before < SUPPORT => ("", Tone::Normal),
        change if change >= RISE => (pane.view.glyphs.up, if is_bad_up { Tone::Warn } else { Tone::Normal }),
        change if change <= 1.0 / RISE => (pane.view.glyphs.down, if is_bad_up { Tone::Normal } else { Tone::Warn }),
        _ => ("", Tone::Normal),
    };
    [format!("{number}/m"), number].map(|told| pane.phrase(told, Tone::Normal).and(glyph, pane.style(tone)))
}
