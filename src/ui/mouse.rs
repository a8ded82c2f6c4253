//! The mouse: a click focuses, the wheel moves the row. It never logs.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use super::action::Action;
use super::state::UiState;
use super::update::{Moment, on_glass};

/// Takes what the mouse did. While a layer takes the keys it does nothing.
pub fn take(state: &mut UiState, event: MouseEvent, area: Rect, moment: &Moment<'_>) {
    if state.top().is_some() {
        return;
    }
    match event.kind {
        MouseEventKind::ScrollUp => drop(on_glass(state, Action::RowUp, moment)),
        MouseEventKind::ScrollDown => drop(on_glass(state, Action::RowDown, moment)),
        MouseEventKind::Down(MouseButton::Left) => click(state, event, area),
        _ => {}
    }
}

fn click(_state: &mut UiState, _event: MouseEvent, _area: Rect) {}
