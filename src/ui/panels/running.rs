//! Acts that run, with the time they have left, and the latest that ended.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::impact::Verdict;
use crate::engine::view::show::InterventionView;
use crate::ui::pane::{OWN, Pane};
use crate::ui::state::Panel;
use crate::ui::theme::Tone;
use crate::ui::widgets::text::{Phrase, fit};

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    draw_list(pane, false, area, buf);
}

/// Every act of the live, the newest first, with its parameters and who logged it.
pub fn draw_zoomed(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    draw_list(pane, true, area, buf);
}

fn draw_list(pane: &Pane<'_>, zoomed: bool, area: Rect, buf: &mut Buffer) {
    let acts = pane.view.engine.interventions();
    let runs = |act: &&InterventionView<'_>| act.ended.is_none() && !act.withdrawn;
    let running: Vec<_> = acts.iter().filter(runs).collect();
    let title = match running.len() {
        0 => pane.word("panel-running").to_owned(),
        n => format!("{} {n}", pane.word("panel-running")),
    };
    let room = pane.heading(Panel::Running, &title, OWN, area, buf);
    let inner = Rect::new(room.x + 1.min(room.width), room.y, room.width.saturating_sub(2), room.height);
    let over = acts.iter().rev().filter(|act| !runs(act));
    let mut lines: Vec<(Phrase, Phrase)> = running.iter().rev().map(|act| running_line(pane, act, zoomed, inner.width)).collect();
    if lines.is_empty() {
        lines.push((pane.phrase(pane.word("running-none"), Tone::Muted), Phrase::default()));
    }
    lines.extend(over.map(|act| ended_line(pane, act, zoomed, inner.width)));
    let first = pane.first_row(Panel::Running, lines.len(), inner.height);
    for (index, ((left, right), y)) in lines.iter().skip(first).zip(inner.top()..inner.bottom()).enumerate() {
        pane.line_of(left, right, inner, y, buf);
        let style = pane.row_style(Panel::Running, lines.len(), first + index);
        buf.set_style(Rect::new(inner.x, y, inner.width, 1).intersection(buf.area), style);
    }
}

/// `f flash deal 1 Fone Pro X2   09:58 left`.
fn running_line(pane: &Pane<'_>, act: &InterventionView<'_>, zoomed: bool, width: u16) -> (Phrase, Phrase) {
    let since = pane.view.now.since_ms(act.started);
    let right = match act.ends_at {
        Some(end) => {
            let left = end.since_ms(pane.view.now);
            let tone = if left <= 60_000 { Tone::Warn } else { Tone::Accent };
            pane.phrase(pane.say("running-left", &[("time", pane.view.format.countdown(left.max(0)).into())]), tone)
        }
        None => pane.phrase(pane.say("running-since", &[("time", pane.view.format.countdown(since).into())]), Tone::Normal),
    };
    (line(pane, act, zoomed, Tone::Accent, width.saturating_sub(right.width() + 1)), right)
}

/// `g draw   31:00-35:00`, hollow when it was taken back.
fn ended_line(pane: &Pane<'_>, act: &InterventionView<'_>, zoomed: bool, width: u16) -> (Phrase, Phrase) {
    let from = pane.live_time(act.started);
    let right = match act.ended {
        _ if act.withdrawn => pane.word("running-withdrawn").to_owned(),
        Some(end) => format!("{from}-{}", pane.live_time(end)),
        None => from,
    };
    let right = pane.phrase(right, Tone::Muted);
    (line(pane, act, zoomed, Tone::Muted, width.saturating_sub(right.width() + 1)), right)
}

fn line(pane: &Pane<'_>, act: &InterventionView<'_>, zoomed: bool, tone: Tone, width: u16) -> Phrase {
    let glyph = if act.withdrawn { pane.view.glyphs.hollow.to_owned() } else { pane.letter(act.kind) };
    let product = act.product.map(|sym| format!(" {} {}", pane.view.glyphs.middot, pane.product_name(sym))).unwrap_or_default();
    let overlap = if act.overlaps { format!(" {}", pane.word("running-overlaps")) } else { String::new() };
    let mut told = format!("{}{product}{overlap}", pane.act(act.kind));
    if zoomed {
        let parameters: Vec<String> = act.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let operator = act.operator.map(|name| format!(" ({})", pane.view.format.person(name))).unwrap_or_default();
        told = format!("{told}  {}{operator}  [{}]", parameters.join(" "), act.id);
    }
    if let Some(effect) = effect(pane, act.id) {
        told = format!("{told} {} {effect}", pane.view.glyphs.middot);
    }
    let told = fit(&told, width.saturating_sub(2), pane.view.glyphs.dots).into_owned();
    pane.phrase(glyph, tone).and(format!(" {told}"), pane.style(if tone == Tone::Accent { Tone::Normal } else { tone }))
}

/// `early ×1.42 [0.95–2.10]`, or the verdict in plain words; the raw multiple of the live's average beside it.
fn effect(pane: &Pane<'_>, id: &str) -> Option<String> {
    let impact = pane.view.engine.impact(id)?;
    let verdict = pane.word(match (impact.early, impact.verdict) {
        (true, _) | (_, Verdict::NotEnoughYet) => "impact-early",
        (_, Verdict::Better) => "impact-better",
        (_, Verdict::Worse) => "impact-worse",
        (_, Verdict::NoVisibleChange) => "impact-none",
        (_, Verdict::CantTell) => "impact-cant-tell",
    });
    let effect = impact.effect?;
    let times = pane.view.glyphs.times;
    let raw = impact
        .times_average
        .map(|raw| format!(" ({})", pane.say("impact-raw", &[("times", format!("{times}{raw:.1}").into())])))
        .unwrap_or_default();
    Some(format!("{}: {times}{:.2} [{:.2}-{:.2}] {verdict}{raw}", impact.measure.metric(), effect.ratio, effect.low, effect.high))
}
