//! The chat as it comes, the newest at the bottom; names hidden while the glass is masked.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::questions::no_chat;
use crate::engine::view::show::ChatLine;
use crate::ui::pane::{CHAT, Pane};
use crate::ui::state::{CHAT_ROWS, Panel};
use crate::ui::theme::Tone;
use crate::ui::widgets::text::fit;

/// Columns of a name.
const NAME: u16 = 10;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let room = pane.heading(Panel::Chat, pane.word("panel-chat"), CHAT, area, buf);
    let focused = pane.view.state.focus == Panel::Chat;
    // rows count from the newest: the cursor goes up into the past
    let back = if focused { pane.view.state.row(Panel::Chat) } else { 0 };
    let lines = pane.view.engine.chat(if focused { CHAT_ROWS } else { usize::from(room.height) });
    let shown: Vec<_> = lines.iter().filter(|line| pane.passes(Panel::Chat, line.text)).collect();
    let last = shown.len().saturating_sub(back.min(shown.len().saturating_sub(1)));
    let first = last.saturating_sub(usize::from(room.height));
    if lines.is_empty() {
        pane.empty(if pane.view.engine.complete_to(CHAT).is_some() { "chat-none" } else { no_chat(pane) }, room, buf);
    }
    for (line, y) in shown[first..last].iter().zip(room.top()..room.bottom()) {
        draw_line(pane, line, Rect::new(room.x + 1.min(room.width), y, room.width.saturating_sub(2), 1), buf);
    }
    pane.fade(CHAT, room, buf);
}

fn draw_line(pane: &Pane<'_>, line: &ChatLine<'_>, area: Rect, buf: &mut Buffer) {
    let name = fit(&pane.view.format.person(line.author), NAME, pane.view.glyphs.dots).into_owned();
    let tone = if line.by_staff { Tone::Accent } else { Tone::Muted };
    let gesture = line.gestures.first().map(|gesture| pane.word(super::heat::word_of(*gesture))).unwrap_or_default();
    let right = pane.phrase(fit(gesture, 10, pane.view.glyphs.dots), Tone::Muted);
    let head =
        pane.phrase(format!("{} ", pane.view.format.clock(line.at)), Tone::Muted).and(name, pane.style(tone)).and(" ", pane.style(tone));
    let room = area.width.saturating_sub(head.width() + right.width() + 1);
    let text = fit(line.text, room, pane.view.glyphs.dots).into_owned();
    pane.line_of(&head.and(text, pane.style(Tone::Normal)), &right, area, area.y, buf);
}
