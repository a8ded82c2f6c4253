//! The mouse: a click focuses, and on the minutes moves the cursor; the wheel moves the row. It never logs.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use super::action::Action;
use super::screen::layout;
use super::state::UiState;
use super::timeline::Timeline;
use super::update::{Moment, on_glass};

/// Takes what the mouse did. While a layer takes the keys it does nothing.
pub fn take(state: &mut UiState, event: MouseEvent, area: Rect, moment: &Moment<'_>) {
    if state.top().is_some() {
        return;
    }
    match event.kind {
        MouseEventKind::ScrollUp => drop(on_glass(state, Action::RowUp, moment)),
        MouseEventKind::ScrollDown => drop(on_glass(state, Action::RowDown, moment)),
        MouseEventKind::Down(MouseButton::Left) => click(state, (event.column, event.row), area, moment),
        _ => {}
    }
}

fn click(state: &mut UiState, (x, y): (u16, u16), area: Rect, moment: &Moment<'_>) {
    let layout = layout(area, state, moment.engine.advisor().open().len());
    let Some(panel) = layout.panel_at(x, y) else { return };
    state.focus = panel;
    let (Some(place), true) = (layout.area_of(panel), panel.has_minutes()) else { return };
    let lanes = layout.lanes(area);
    let line = Timeline::of(moment.engine, moment.now, lanes.width, lanes.cells, state.minute);
    let offset = x.checked_sub(place.x.saturating_add(lanes.label)).filter(|offset| *offset < line.width());
    if let Some(offset) = offset {
        let (minute, _) = line.minutes_of(offset / line.cells.max(1));
        state.minute = (minute != line.now && minute <= state.last_minute(line.now)).then_some(minute);
    }
}
