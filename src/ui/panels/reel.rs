//! The timeline of a replay in one line: where it is, every mark and bookmark on it, as known when, what was lost.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::engine::time::At;
use crate::engine::view::marks::MarkKind;
use crate::ui::View;
use crate::ui::pane::Pane;
use crate::ui::reel::{Lost, Pace, Reel};
use crate::ui::state::Known;
use crate::ui::theme::Tone;
use crate::ui::widgets::text::{Phrase, put};

/// Narrower than this a bar tells nothing.
const BAR_LEAST: u16 = 12;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let Some(reel) = &pane.view.state.reel else { return };
    let start = pane.view.engine.started().unwrap_or(reel.from).min(reel.from.max(At::default()));
    let since = |at: At| pane.view.format.duration(at.since_ms(start));
    let left = pane.phrase(format!(" {} ", since(pane.view.now)), Tone::Mode);
    let (long, short) = told(pane, reel);
    let end = pane.phrase(format!(" {} ", since(reel.to)), Tone::Muted);
    let room = |told: &Phrase| area.width.saturating_sub(left.width() + end.width() + told.width());
    let told = if room(&long) >= area.width / 3 { long } else { short };
    let width = room(&told);
    left.put(buf, area, area.x, area.y);
    let right = Phrase([end.0, told.0].concat());
    if width >= BAR_LEAST {
        draw_bar(pane, reel, Rect::new(area.x + left.width(), area.y, width, 1), buf);
    }
    right.put_right(buf, area, area.y);
}

/// As known when and what was lost, in full and in short.
fn told(pane: &Pane<'_>, reel: &Reel) -> (Phrase, Phrase) {
    let added = || [("n", pane.view.format.count(i64::try_from(reel.added).unwrap_or(i64::MAX)).into())];
    let (long, short, tone) = match reel.known {
        Known::Then => (pane.word("replay-then").to_owned(), pane.word("replay-then-short").to_owned(), Tone::Muted),
        Known::Now => (pane.say("replay-now", &added()), pane.say("replay-now-short", &added()), Tone::Warn),
    };
    let mut both = [pane.phrase(format!("{long} "), tone), pane.phrase(format!("{short} "), tone)];
    let mut add = |text: String, tone: Tone| {
        for phrase in &mut both {
            phrase.0.push((format!("{text} "), pane.style(tone)));
        }
    };
    if reel.opened < 1.0 {
        let share = pane.view.format.percent(reel.opened, 0);
        add(pane.say("replay-opening", &[("share", share.into())]), Tone::Mode);
    }
    if reel.pace == Pace::Seeks {
        add(pane.word("replay-exact").to_owned(), Tone::Mode);
    }
    if let Some(text) = lost(pane.view, reel.lost) {
        add(format!("! {text}"), Tone::Alarm);
    }
    if reel.failed.is_some() {
        add(format!("! {}", pane.word("replay-failed")), Tone::Alarm);
    }
    let [long, short] = both;
    (long, short)
}

/// `12 records lost, 3 lines unreadable`.
pub fn lost(view: &View<'_>, lost: Lost) -> Option<String> {
    let count = |n: u64| [("n", view.format.count(i64::try_from(n).unwrap_or(i64::MAX)).into())];
    let mut parts = Vec::new();
    if lost.records > 0 {
        parts.push(view.text("replay-lost-records", &count(lost.records)));
    }
    if lost.tail {
        parts.push(view.word("replay-lost-tail").to_owned());
    }
    if lost.lines > 0 {
        parts.push(view.text("replay-lost-lines", &count(lost.lines)));
    }
    if lost.late > 0 {
        parts.push(view.text("replay-lost-late", &count(lost.late)));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn draw_bar(pane: &Pane<'_>, reel: &Reel, area: Rect, buf: &mut Buffer) {
    let last = i64::from(area.width) - 1;
    let length = reel.to.since_ms(reel.from).max(1);
    let column = |at: At| u16::try_from((at.since_ms(reel.from).clamp(0, length) * last + length / 2) / length).unwrap_or(0);
    let here = column(pane.view.now);
    for x in 0..area.width {
        let tone = if x <= here { Tone::Accent } else { Tone::Frame };
        put(buf, area, area.x + x, area.y, pane.view.glyphs.horizontal, pane.style(tone));
    }
    // the weightier is drawn last, over the others
    let mut marks: Vec<_> = reel.marks.iter().collect();
    marks.sort_by_key(|mark| mark.kind);
    for mark in marks {
        let (symbol, tone) = match mark.kind {
            MarkKind::Pin => ("p".to_owned(), Tone::Muted),
            MarkKind::Cue => (">".to_owned(), Tone::Muted),
            MarkKind::Note => (".".to_owned(), Tone::Normal),
            MarkKind::Peak => (pane.view.glyphs.up.to_owned(), Tone::Good),
            MarkKind::Advice => ("!".to_owned(), Tone::Warn),
            MarkKind::Act(kind) => (pane.letter(kind), Tone::Accent),
        };
        put(buf, area, area.x + column(mark.at), area.y, &symbol, pane.style(tone));
    }
    for at in pane.view.state.bookmarks.iter().flatten() {
        put(buf, area, area.x + column(*at), area.y, pane.view.glyphs.bookmark, pane.style(Tone::Key));
    }
    put(buf, area, area.x + here, area.y, pane.view.glyphs.pointer, pane.style(Tone::Selected));
}
