//! Acts that run, with the time they have left, and those that ended; below each what it did, as far as it can be told.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::impact::gain::{Gain, Range};
use crate::engine::impact::measure::{Impact, Measure};
use crate::engine::impact::{RateRatio, Verdict};
use crate::engine::money::Money;
use crate::engine::view::show::InterventionView;
use crate::ui::pane::{OWN, Pane};
use crate::ui::panels::advice::pack;
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::text::{Phrase, fit};

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    draw_list(pane, false, area, buf);
}

/// Every act of the live, the newest first, with its parameters, who logged it, and all that is known of its effect.
pub fn draw_zoomed(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    draw_list(pane, true, area, buf);
}

/// A line of the list, and which act it is about.
struct Line {
    act: usize,
    left: Phrase,
    right: Phrase,
}

fn draw_list(pane: &Pane<'_>, zoomed: bool, area: Rect, buf: &mut Buffer) {
    let acts = pane.view.engine.interventions();
    let runs = |act: &&InterventionView<'_>| act.ended.is_none() && !act.withdrawn;
    let count = acts.iter().filter(runs).count();
    let title = match count {
        0 => format!("{} {} {}", pane.word("panel-running"), pane.view.glyphs.middot, pane.word("running-none")),
        n => format!("{} {n}", pane.word("panel-running")),
    };
    let room = pane.heading(Panel::Running, &title, OWN, area, buf);
    let inner = Rect::new(room.x + 1.min(room.width), room.y, room.width.saturating_sub(2), room.height);
    let mut listed: Vec<&InterventionView<'_>> = acts.iter().rev().collect();
    // what runs first, what was taken back last
    listed.sort_by_key(|act| (!runs(act), act.withdrawn));
    let mut lines = Vec::new();
    for (index, act) in listed.iter().enumerate() {
        lines.extend(lines_of(pane, act, (index, zoomed), inner.width));
    }
    let chosen = pane.chosen(Panel::Running, listed.len());
    let last_of_chosen = chosen.and_then(|chosen| lines.iter().rposition(|line| line.act == chosen)).unwrap_or(0);
    let first = (last_of_chosen + 1).saturating_sub(usize::from(inner.height));
    for (line, y) in lines.iter().skip(first).zip(inner.top()..inner.bottom()) {
        pane.line_of(&line.left, &line.right, inner, y, buf);
        if chosen == Some(line.act) {
            buf.set_style(Rect::new(inner.x, y, inner.width, 1).intersection(buf.area), pane.style(Tone::Selected));
        }
    }
}

/// The act, and below it its effect.
fn lines_of(pane: &Pane<'_>, act: &InterventionView<'_>, (index, zoomed): (usize, bool), width: u16) -> Vec<Line> {
    let is_running = act.ended.is_none() && !act.withdrawn;
    let (right, tone) = if is_running { (time_left(pane, act), Tone::Accent) } else { (span(pane, act), Tone::Muted) };
    let left = headline(pane, act, zoomed, tone, width.saturating_sub(right.width() + 1));
    let mut lines = vec![Line { act: index, left, right }];
    let impact = pane.view.engine.impact(act.id).filter(|_| !act.withdrawn);
    let Some(impact) = impact else { return lines };
    let mut pieces = effect(pane, impact);
    if zoomed {
        pieces.extend(details(pane, impact));
    }
    lines.extend(pack(pieces, width.saturating_sub(1), pane.view).into_iter().map(|text| {
        let text = fit(&text, width.saturating_sub(1), pane.view.glyphs.dots).into_owned();
        Line { act: index, left: pane.phrase(format!(" {text}"), Tone::Normal), right: Phrase::default() }
    }));
    lines
}

/// `09:58 left`, or since when what has no end runs.
fn time_left(pane: &Pane<'_>, act: &InterventionView<'_>) -> Phrase {
    let format = pane.view.format;
    match act.ends_at {
        Some(end) => {
            let left = end.since_ms(pane.view.now);
            let tone = if left <= 60_000 { Tone::Warn } else { Tone::Accent };
            pane.phrase(pane.say("running-left", &[("time", format.countdown(left.max(0)).into())]), tone)
        }
        None => {
            let since = pane.view.now.since_ms(act.started);
            pane.phrase(pane.say("running-since", &[("time", format.countdown(since).into())]), Tone::Normal)
        }
    }
}

/// `31:00-35:00`, or that it was taken back.
fn span(pane: &Pane<'_>, act: &InterventionView<'_>) -> Phrase {
    let from = pane.live_time(act.started);
    let told = match act.ended {
        _ if act.withdrawn => pane.word("running-withdrawn").to_owned(),
        Some(end) if end > act.started => format!("{from}-{}", pane.live_time(end)),
        _ => from,
    };
    pane.phrase(told, Tone::Muted)
}

/// `f flash deal · 1 Fone Pro X2 −10 %`, hollow when it was taken back.
fn headline(pane: &Pane<'_>, act: &InterventionView<'_>, zoomed: bool, tone: Tone, width: u16) -> Phrase {
    let glyph = if act.withdrawn { pane.view.glyphs.hollow.to_owned() } else { pane.letter(act.kind) };
    let product = act.product.map(|sym| format!(" {} {}", pane.view.glyphs.middot, pane.product_name(sym))).unwrap_or_default();
    // that another act ran beside it comes first: the effect is not its own
    let overlap = if act.overlaps { format!(" {}", pane.word("running-overlaps")) } else { String::new() };
    let mut told = format!("{}{overlap}{product}", pane.act(act.kind));
    if zoomed {
        let parameters: Vec<String> = act.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let operator = act.operator.map(|name| format!(" ({})", pane.view.format.person(name))).unwrap_or_default();
        told = format!("{told}  {}{operator}  [{}]", parameters.join(" "), act.id);
    }
    let told = fit(&told, width.saturating_sub(2), pane.view.glyphs.dots).into_owned();
    pane.phrase(glyph, tone).and(format!(" {told}"), pane.style(if tone == Tone::Accent { Tone::Normal } else { tone }))
}

/// `orders/min ×1.42 [.95–2.10] early`, the verdict in plain words; then the raw multiple of the live's average.
fn effect(pane: &Pane<'_>, impact: &Impact) -> Vec<String> {
    let Some(effect) = impact.effect else { return Vec::new() };
    let verdict = pane.word(match (impact.early, impact.verdict) {
        (true, _) | (_, Verdict::NotEnoughYet) => "impact-early",
        (_, Verdict::Better) => "impact-better",
        (_, Verdict::Worse) => "impact-worse",
        (_, Verdict::NoVisibleChange) => "impact-none",
        (_, Verdict::CantTell) => "impact-cant-tell",
    });
    let measure = pane.word(match impact.measure {
        Measure::ProductOrders | Measure::AllOrders => "trend-orders",
        Measure::Clicks => "impact-clicks",
        Measure::Viewers => "trend-viewers",
    });
    let raw = impact.times_average.map(|raw| {
        let times = format!("{}{}", pane.view.glyphs.times, pane.view.format.number(raw, 1));
        pane.say("impact-raw", &[("times", times.into())])
    });
    [format!("{measure} {} {verdict}", ratio(pane, effect))].into_iter().chain(raw).collect()
}

/// `×1.42 [.95–2.10]`.
fn ratio(pane: &Pane<'_>, effect: RateRatio) -> String {
    let two = |value: f64| pane.view.format.number(value, 2);
    let bare = |value: f64| two(value).strip_prefix('0').map_or_else(|| two(value), str::to_owned);
    format!("{}{} [{}–{}]", pane.view.glyphs.times, two(effect.ratio), bare(effect.low), bare(effect.high))
}

/// Both readings of what would have been, the whole live, what was pulled forward, money and margin, and what a verdict means.
fn details(pane: &Pane<'_>, impact: &Impact) -> Vec<String> {
    let mut pieces = Vec::new();
    let readings = [
        ("impact-recovers", impact.recovers),
        ("impact-stays", impact.stays),
        ("impact-whole", impact.whole),
        ("impact-tail", impact.with_tail),
    ];
    pieces.extend(readings.into_iter().filter_map(|(key, effect)| Some(pane.say(key, &[("effect", ratio(pane, effect?).into())]))));
    if impact.with_tail.is_none() && !impact.early {
        pieces.push(pane.word("impact-tail-waits").to_owned());
    }
    pieces.extend(impact.gain.as_ref().map(|gain| brought(pane, gain)));
    if impact.verdict == Verdict::CantTell && !impact.early {
        pieces.push(pane.word("impact-cant-tell-means").to_owned());
    }
    pieces
}

/// `brought 8 orders [2–14] · R$ 1.2k [..] · margin R$ 183 [−104..613]`.
fn brought(pane: &Pane<'_>, gain: &Gain) -> String {
    let format = pane.view.format;
    let money = |range: &Range<Money>| {
        format!("{} [{}..{}]", format.money_short(range.mid), format.amount_short(range.low), format.amount_short(range.high))
    };
    let orders = &gain.orders;
    let orders = format!("{} [{}..{}]", format.number(orders.mid, 0), format.number(orders.low, 0), format.number(orders.high, 0));
    let mut told = pane.say("impact-brought", &[("orders", orders.into()), ("money", money(&gain.money).into())]);
    if let Some(margin) = &gain.margin {
        told = format!("{told} {} {}", pane.view.glyphs.middot, pane.say("impact-margin", &[("margin", money(margin).into())]));
    }
    told
}
