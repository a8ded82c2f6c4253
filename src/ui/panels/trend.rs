//! Audience and orders over the minutes, with what was on air, what was done, and the plan ahead.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::engine::earlier::Ghost;
use crate::engine::metric::{Metric, Scope};
use crate::engine::plan::Aim;
use crate::engine::time::{At, Span};
use crate::engine::view::show::{AdviceTurn, LogEntry, Logged};
use crate::ui::pane::{AUDIENCE, Better, ORDERS, Pane, tone_of};
use crate::ui::screen::Size;
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::timeline::Timeline;
use crate::ui::widgets::spark::{Bar, Spark, top_of};
use crate::ui::widgets::text::{Phrase, fit, put, width};

/// A curve of the chart.
#[derive(Clone, Copy, Debug)]
struct Curve {
    label: &'static str,
    /// What is drawn a minute.
    metric: Metric,
    /// What stands at the right: a reading of now.
    figure: (Metric, Span),
    tone: Tone,
}

const VIEWERS: Curve = Curve { label: "trend-viewers", metric: Metric::Ccu, figure: (Metric::Ccu, Span::M1), tone: Tone::Normal };
const ORDER_RATE: Curve =
    Curve { label: "trend-orders", metric: Metric::OrdersPlaced, figure: (Metric::SalesPerMin, Span::M5), tone: Tone::Accent };
/// The curves of the zoomed chart.
const CURVES: [Curve; 7] = [
    VIEWERS,
    ORDER_RATE,
    Curve { label: "trend-gmv", metric: Metric::GmvPlaced, figure: (Metric::GmvPerMin, Span::M5), tone: Tone::Accent },
    Curve { label: "trend-clicks", metric: Metric::Clicks, figure: (Metric::Clicks, Span::M1), tone: Tone::Normal },
    Curve { label: "trend-adds", metric: Metric::Adds, figure: (Metric::Adds, Span::M1), tone: Tone::Normal },
    Curve { label: "trend-carts", metric: Metric::CartsAbandoned, figure: (Metric::CartAbandon, Span::M10), tone: Tone::Warn },
    Curve { label: "trend-chat", metric: Metric::ChatMessages, figure: (Metric::ChatRate, Span::M5), tone: Tone::Normal },
];

const LEAD_RATE: Curve = Curve { label: "trend-leads", metric: Metric::Leads, figure: (Metric::Leads, Span::M5), tone: Tone::Accent };

/// What the live is for, a minute: orders, or leads where it is for them.
fn main_curve(pane: &Pane<'_>) -> Curve {
    if pane.view.engine.plan().aim == Aim::Leads { LEAD_RATE } else { ORDER_RATE }
}

/// A row of lanes: label, minutes, figure.
struct Lane {
    label: Rect,
    minutes: Rect,
    figure: Rect,
}

fn lane(pane: &Pane<'_>, area: Rect, y: u16, height: u16) -> Lane {
    let lanes = pane.lanes;
    let label = lanes.label.min(area.width);
    let minutes = pane.line.width().min(area.width - label);
    let figure = lanes.figure.min(area.width - label - minutes);
    Lane {
        label: Rect::new(area.x, y, label, height),
        minutes: Rect::new(area.x + label, y, minutes, height),
        figure: Rect::new(area.right() - figure, y, figure, height),
    }
}

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let room = if area.height > 5 { pane.heading(Panel::Trend, &title(pane), ORDERS, area, buf) } else { area };
    let ghosts: &[Ghost] = match room.height {
        0..7 => &[],
        7..12 => &Ghost::ALL[..1],
        _ if pane.view.engine.earlier_lives().len() > 1 => &Ghost::ALL,
        _ => &Ghost::ALL[..1],
    };
    let count = u16::try_from(ghosts.len()).unwrap_or(0);
    let lanes = 3.min(room.height.saturating_sub(1) * 3 / 4) + count;
    let curves = room.height - lanes;
    let viewers = curves / 2;
    let mut y = room.y;
    let rate = main_curve(pane);
    for (curve, height) in [(VIEWERS, viewers), (rate, curves - viewers)] {
        draw_curve(pane, curve, &lane(pane, room, y, height), buf);
        y += height;
    }
    for ghost in ghosts {
        draw_ghost(pane, *ghost, rate, &lane(pane, room, y, 1), buf);
        y += 1;
    }
    draw_lanes(pane, room, y, buf);
    draw_cursor(pane, room, buf);
}

/// All curves over the whole live, in columns of as many minutes as it takes.
pub fn draw_zoomed(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let mut pane = pane.clone();
    pane.line = Timeline::whole(pane.view.engine, pane.view.now, pane.lanes.width, pane.lanes.cells);
    let pane = &pane;
    let room = pane.heading(Panel::Trend, &title(pane), ORDERS, area, buf);
    let count = u16::try_from(CURVES.len()).unwrap_or(1);
    let ghosts = if pane.view.engine.earlier_lives().len() > 1 { &Ghost::ALL[..] } else { &Ghost::ALL[..1] };
    let below = 3 + u16::try_from(ghosts.len()).unwrap_or(1);
    let shown = count.min(room.height.saturating_sub(below)).max(1);
    let each = (room.height.saturating_sub(below) / shown).max(1);
    let mut y = room.y;
    for curve in CURVES.into_iter().take(usize::from(shown)) {
        if y + each <= room.bottom() {
            draw_curve(pane, curve, &lane(pane, room, y, each), buf);
            y += each;
        }
    }
    for ghost in ghosts.iter().take(usize::from(room.bottom().saturating_sub(y))) {
        draw_ghost(pane, *ghost, main_curve(pane), &lane(pane, room, y, 1), buf);
        y += 1;
    }
    if y < room.bottom() {
        draw_lanes(pane, room, y, buf);
    }
    draw_cursor(pane, room, buf);
}

/// What a column is, and whose curves these are.
fn title(pane: &Pane<'_>) -> String {
    let column = match pane.line.per {
        1 => pane.word("trend-column").to_owned(),
        per => pane.say("trend-column-of", &[("n", per.into())]),
    };
    let whose = match pane.scope() {
        Scope::Product(sym) => pane.product_name(sym),
        _ => pane.word("panel-trend").to_owned(),
    };
    let dot = pane.view.glyphs.middot;
    format!("{whose} {dot} {column} {dot} {}", pane.say("trend-plan-side", &[("line", pane.view.glyphs.now.into())]))
}

fn draw_curve(pane: &Pane<'_>, curve: Curve, lane: &Lane, buf: &mut Buffer) {
    if lane.label.height == 0 {
        return;
    }
    let is_audience = matches!(curve.metric, Metric::Ccu);
    let scope = if is_audience { Scope::Live } else { pane.scope() };
    let needs = if is_audience { AUDIENCE } else { ORDERS };
    let bars = pane.bars(curve.metric, scope, &pane.line);
    let top = top_of(&bars).unwrap_or(0.0);
    put_label(pane, curve.label, lane.label, buf);
    let look = pane.spark(pane.style(curve.tone));
    (&Spark { bars: &bars, top, cells: pane.line.cells, look }).render(lane.minutes, buf);
    pane.put_fitting(figure(pane, curve, scope), lane.figure, lane.figure.y, buf);
    pane.fade(needs, lane.minutes, buf);
    pane.fade(needs, lane.figure, buf);
}

/// The reading of now beside a curve, alarming when it falls; in full, else short.
fn figure(pane: &Pane<'_>, curve: Curve, scope: Scope) -> [Phrase; 2] {
    let (metric, span) = curve.figure;
    let reading = pane.read(metric, scope, span);
    let (told, short) = match metric {
        Metric::SalesPerMin | Metric::ChatRate => (pane.number(&reading, 1), pane.number(&reading, 0)),
        Metric::GmvPerMin => (pane.amount(&reading), pane.amount(&reading)),
        Metric::CartAbandon => (pane.percent(&reading, 0), pane.percent(&reading, 0)),
        _ => (pane.count(&reading), pane.count_short(&reading)),
    };
    let compared = if metric == Metric::Ccu { (Metric::Acu, Span::M5) } else { curve.figure };
    let better = if metric == Metric::CartAbandon { Better::Down } else { Better::Up };
    let tone = pane.change(compared.0, scope, compared.1).map_or(Tone::Normal, |change| tone_of(change, better));
    let tone = if tone == Tone::Good { Tone::Normal } else { tone };
    let sign = if tone == Tone::Alarm { "!" } else { "" };
    [told, short].map(|told| pane.phrase(format!("{told}{sign}"), tone))
}

const fn ghost_word(ghost: Ghost) -> &'static str {
    match ghost {
        Ghost::Last => "trend-last-live",
        Ghost::Best => "trend-best-live",
        Ghost::Median => "trend-median-live",
    }
}

/// An earlier live on the same minutes, running ahead of NOW; what it had in this minute at the right.
fn draw_ghost(pane: &Pane<'_>, ghost: Ghost, curve: Curve, lane: &Lane, buf: &mut Buffer) {
    let engine = pane.view.engine;
    put_label(pane, ghost_word(ghost), lane.label, buf);
    if engine.earlier_lives().is_empty() || !matches!(pane.scope(), Scope::Live) {
        let words = fit(pane.word("trend-no-last-live"), lane.minutes.width, pane.view.glyphs.dots).into_owned();
        put(buf, lane.minutes, lane.minutes.x, lane.minutes.y, &words, pane.style(Tone::Plan));
        pane.phrase(pane.unknown(), Tone::Muted).put_right(buf, lane.figure, lane.figure.y);
        return;
    }
    let bars: Vec<Bar> = (0..pane.line.columns)
        .map(|column| {
            let (from, to) = pane.line.minutes_of(column);
            let known: Vec<f64> = (from..to).filter_map(|minute| engine.ghost_in_minute(ghost, curve.metric, minute)).collect();
            let count = f64::from(u32::try_from(known.len()).unwrap_or(1).max(1));
            if known.is_empty() { Bar::Gap } else { Bar::Full(known.iter().sum::<f64>() / count) }
        })
        .collect();
    // on the scale of this live's own curve, where that is higher
    let own = top_of(&pane.bars(curve.metric, Scope::Live, &pane.line));
    let top = top_of(&bars).into_iter().chain(own).fold(0.0, f64::max);
    let look = pane.spark(pane.style(Tone::Plan));
    (&Spark { bars: &bars, top, cells: pane.line.cells, look }).render(lane.minutes, buf);
    let sign = if engine.is_straight(ghost) { "~" } else { "" };
    let told = engine.ghost_in_minute(ghost, curve.metric, pane.line.now).map(|value| pane.view.format.number(value, 0));
    let told = told.map_or_else(|| pane.unknown().to_owned(), |told| format!("{sign}{told}"));
    pane.phrase(told, Tone::Muted).put_right(buf, lane.figure, lane.figure.y);
}

fn put_label(pane: &Pane<'_>, key: &'static str, area: Rect, buf: &mut Buffer) {
    let inner = Rect::new(area.x.saturating_add(1), area.y, area.width.saturating_sub(1), area.height);
    let label = fit(pane.word(key), inner.width, pane.view.glyphs.dots).into_owned();
    put(buf, inner, inner.x, inner.y, &label, pane.style(Tone::Muted));
}

/// On air, marks, axis: as many as there is room for, the axis first.
fn draw_lanes(pane: &Pane<'_>, area: Rect, y: u16, buf: &mut Buffer) {
    let left = area.bottom().saturating_sub(y);
    if left >= 3 {
        draw_on_air(pane, &lane(pane, area, y, 1), buf);
    }
    if left >= 2 {
        draw_marks(pane, &lane(pane, area, area.bottom() - 2, 1), buf);
    }
    if left >= 1 {
        draw_axis(pane, &lane(pane, area, area.bottom() - 1, 1), buf);
    }
}

/// A product's slot in one cell: `1`-`9`, then letters.
fn slot_symbol(slot: u32) -> String {
    match slot {
        0 => "?".to_owned(),
        1..=35 => char::from_digit(slot, 36).map(String::from).unwrap_or_default(),
        _ => "+".to_owned(),
    }
}

fn draw_on_air(pane: &Pane<'_>, lane: &Lane, buf: &mut Buffer) {
    put_label(pane, "trend-on-air", lane.label, buf);
    let planned = planned(pane);
    for column in 0..pane.line.columns {
        let (minute, _) = pane.line.minutes_of(column);
        let (symbol, style) = if minute <= pane.line.now {
            match pane.view.engine.on_air_in_minute(minute).and_then(|sym| pane.product(sym)) {
                Some(product) => (slot_symbol(product.slot), pane.view.theme.lane(product.slot.saturating_sub(1) as usize)),
                None => (pane.view.glyphs.middot.to_owned(), pane.style(Tone::Muted)),
            }
        } else {
            match planned.iter().find(|(from, to, _)| (*from..*to).contains(&minute)) {
                Some((_, _, slot)) => (slot_symbol(*slot), pane.style(Tone::Plan)),
                None => continue,
            }
        };
        for cell in 0..pane.line.cells {
            put(buf, lane.minutes, lane.minutes.x + column * pane.line.cells + cell, lane.minutes.y, &symbol, style);
        }
    }
    if !planned.is_empty() {
        let word = format!("{}{}", pane.word("trend-plan"), pane.view.glyphs.arrow);
        pane.phrase(word, Tone::Plan).put_right(buf, lane.figure, lane.figure.y);
    }
}

/// What the run of show puts on air from now on: first minute, first minute after it, slot.
fn planned(pane: &Pane<'_>) -> Vec<(i64, i64, u32)> {
    let engine = pane.view.engine;
    let current = pane.segments.iter().rev().find(|segment| segment.to.is_none());
    let ends = current.and_then(|segment| Some(segment.from.plus_s(segment.planned_s?)));
    let mut at = ends.or_else(|| engine.started()).map_or(pane.view.now, |at| at.max(pane.view.now));
    let mut out = Vec::new();
    // what is on stays on until its planned end
    if let (Some(product), Some(ends)) = (engine.on_air().and_then(|sym| pane.product(sym)), ends) {
        out.push((pane.line.now + 1, ends.minute(), product.slot));
    }
    for segment in engine.plan().segments.iter().skip(engine.next_segment().unwrap_or(usize::MAX)) {
        let to = at.plus_s(segment.length_s.max(0));
        let slot = segment.skus.iter().find_map(|sku| engine.plan().product(sku)).map(|product| product.slot);
        if let Some(slot) = slot {
            out.push((at.minute().max(pane.line.now + 1), to.minute(), slot));
        }
        at = to;
    }
    out
}

/// How much a mark matters where several fall into one minute.
const fn weight(what: &Logged<'_>) -> u8 {
    match what {
        Logged::Started { .. } => 6,
        Logged::FeedLost { .. } => 5,
        Logged::Advice { turn: AdviceTurn::Raised, .. } => 4,
        Logged::Ended { .. } | Logged::Withdrawn { .. } | Logged::FeedBack { .. } | Logged::Advice { .. } => 2,
        Logged::Pinned { .. } => 3,
        Logged::Cue { .. } | Logged::Unpinned { .. } => 1,
        Logged::Note { .. } | Logged::Closed => 4,
        Logged::Figure { .. } | Logged::Sale { .. } | Logged::Corrected { .. } => 0,
    }
}

fn draw_marks(pane: &Pane<'_>, lane: &Lane, buf: &mut Buffer) {
    put_label(pane, "trend-marks", lane.label, buf);
    let at = |minute: i64| pane.line.offset_of(minute).map(|offset| lane.minutes.x + offset);
    for minute in pane.line.minutes().filter(|minute| *minute <= pane.line.now && pane.view.engine.filled_late(*minute)) {
        if let Some(x) = at(minute) {
            put(buf, lane.minutes, x, lane.minutes.y, "~", pane.style(Tone::Warn));
        }
    }
    // the weightier is drawn last, over the others
    let mut entries: Vec<&LogEntry<'_>> = pane
        .log
        .iter()
        .filter(|entry| match entry.what {
            Logged::Ended { .. } | Logged::Unpinned { .. } => false,
            Logged::Advice { turn, .. } => turn == AdviceTurn::Raised,
            _ => true,
        })
        .collect();
    entries.sort_by_key(|entry| weight(&entry.what));
    for entry in entries {
        let Some(x) = at(entry.at.minute()) else { continue };
        let (symbol, tone) = match &entry.what {
            _ if entry.withdrawn => (pane.view.glyphs.hollow.to_owned(), Tone::Muted),
            Logged::FeedLost { .. } => (pane.mark(&entry.what), Tone::Alarm),
            Logged::Started { .. } => (pane.mark(&entry.what), Tone::Accent),
            Logged::Advice { .. } => (pane.mark(&entry.what), Tone::Warn),
            Logged::Withdrawn { .. } => continue,
            _ => (pane.mark(&entry.what), Tone::Normal),
        };
        put(buf, lane.minutes, x, lane.minutes.y, &symbol, pane.style(tone));
    }
    for bookmark in pane.view.state.bookmarks.iter().flatten() {
        if let Some(x) = at(bookmark.minute()) {
            put(buf, lane.minutes, x, lane.minutes.y, pane.view.glyphs.bookmark, pane.style(Tone::Key));
        }
    }
    let plan = pane.view.engine.plan();
    if let Some(start) = plan.starts_at {
        for anchor in plan.segments.iter().filter_map(|segment| segment.anchor_s).map(|s| start.plus_s(s)) {
            if let Some(x) = at(anchor.minute()).filter(|_| anchor > pane.view.now) {
                put(buf, lane.minutes, x, lane.minutes.y, pane.view.glyphs.anchor, pane.style(Tone::Plan));
            }
        }
    }
}

/// Steps of the axis in minutes.
const STEPS: [i64; 9] = [1, 2, 5, 10, 15, 30, 60, 120, 360];
/// Cells between two labels at least.
const LABEL_CELLS: i64 = 6;

fn draw_axis(pane: &Pane<'_>, lane: &Lane, buf: &mut Buffer) {
    let line = pane.line;
    if line.cells > 1 || (pane.size == Size::Compact && line.per > 1) {
        let what = pane.say("trend-cells", &[("n", line.cells.into())]);
        let inner = Rect::new(lane.label.x + 1, lane.label.y, lane.label.width.saturating_sub(1), 1);
        put(buf, inner, inner.x, inner.y, &what, pane.style(Tone::Muted));
    }
    let step = STEPS.into_iter().find(|step| step * i64::from(line.cells) / line.per >= LABEL_CELLS).unwrap_or(720);
    let cursor = cursor_label(pane, lane);
    for column in 0..line.columns {
        let (from, to) = line.minutes_of(column);
        let Some(label) = (from..to).find(|minute| (minute - line.start).rem_euclid(step) == 0) else { continue };
        let tone = if label > line.now { Tone::Plan } else { Tone::Muted };
        let (told, x) = (pane.minute_label(label), lane.minutes.x + column * line.cells);
        let is_under = cursor.as_ref().is_some_and(|(at, label)| x <= at + width(label) && x + width(&told) >= *at);
        if x + width(&told) <= lane.minutes.right() && !is_under {
            put(buf, lane.minutes, x, lane.minutes.y, &told, pane.style(tone));
        }
    }
    if let Some(offset) = line.offset_of(line.now) {
        put(buf, lane.minutes, lane.minutes.x + offset, lane.minutes.y, pane.view.glyphs.now, pane.style(Tone::Accent));
    }
    if let Some((x, told)) = cursor {
        put(buf, lane.minutes, x, lane.minutes.y, &told, pane.style(Tone::Selected));
    }
}

/// `21' 20:31` under the minute cursor, and where it stands.
fn cursor_label(pane: &Pane<'_>, lane: &Lane) -> Option<(u16, String)> {
    let minute = pane.view.state.minute?;
    let offset = pane.line.offset_of(minute)?;
    let told = format!("{} {}", pane.minute_label(minute), pane.view.format.clock(At::from_minute(minute)));
    Some((lane.minutes.x + offset.min(lane.minutes.width.saturating_sub(width(&told))), told))
}

/// The column under the minute cursor.
pub fn draw_cursor(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let Some(offset) = pane.view.state.minute.and_then(|minute| pane.line.offset_of(minute)) else { return };
    let column = Rect::new(area.x + pane.lanes.label + offset, area.y, pane.line.cells, area.height);
    buf.set_style(column.intersection(area).intersection(buf.area), pane.style(Tone::Selected));
}
