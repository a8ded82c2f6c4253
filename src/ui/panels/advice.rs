//! The place of recommendations. There is no source of them yet, and nothing is made up in their stead.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::pane::{OWN, Pane};
use crate::ui::state::Panel;

pub fn draw(pane: &Pane<'_>, area: Rect, buf: &mut Buffer) {
    let room = pane.heading(Panel::Advice, pane.word("panel-advice"), OWN, area, buf);
    pane.empty("advice-none", room, buf);
}
