//! What the terminal reports, on its way to an action: press events only, pastes only into text, the mouse focuses and never logs.

use crossterm::event::{Event, KeyEventKind};
use ratatui::layout::Rect;

use super::action::Action;
use super::intent::Intent;
use super::keymap::Key;
use super::layer::{CardPage, Layer};
use super::mouse;
use super::state::UiState;
use super::update::{Moment, update};

/// The same key again within this long, where repeats are refused, is a key held down, not a key pressed twice.
pub const HELD_DOWN_MS: i64 = 60;

/// Takes one report of the terminal, `area` being the whole glass.
pub fn take(state: &mut UiState, event: &Event, area: Rect, moment: &Moment<'_>) -> Option<Intent> {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Press => press(state, Key::from_terminal(key)?, moment),
        Event::Key(key) if key.kind == KeyEventKind::Repeat => repeat(state, Key::from_terminal(key)?, moment),
        Event::Paste(text) => {
            paste(state, text, moment);
            None
        }
        Event::Mouse(event) => {
            mouse::take(state, *event, area, moment);
            None
        }
        Event::Key(_) | Event::Resize(..) | Event::FocusGained | Event::FocusLost => None,
    }
}

/// A key was pressed.
pub fn press(state: &mut UiState, key: Key, moment: &Moment<'_>) -> Option<Intent> {
    let before = state.last_key.replace((key, moment.wall));
    let is_held_down = before.is_some_and(|(last, at)| last == key && moment.wall.since_ms(at) < HELD_DOWN_MS);
    if is_held_down && state.top().is_some_and(|open| open.layer.refuses_repeats()) {
        return None;
    }
    state.flash = None;
    let action = moment.keymap.action(key, state, moment.engine)?;
    update(state, action, moment)
}

/// A key is held down, and the terminal says so: moving and erasing go on, everything else happens once.
fn repeat(state: &mut UiState, key: Key, moment: &Moment<'_>) -> Option<Intent> {
    if state.top().is_some_and(|open| open.layer.refuses_repeats()) {
        return None;
    }
    let action = moment.keymap.action(key, state, moment.engine)?;
    if repeats(action) { update(state, action, moment) } else { None }
}

const fn repeats(action: Action) -> bool {
    matches!(
        action,
        Action::RowUp
            | Action::RowDown
            | Action::MinuteLeft
            | Action::MinuteRight
            | Action::ChoiceUp
            | Action::ChoiceDown
            | Action::PageUp
            | Action::PageDown
            | Action::CursorLeft
            | Action::CursorRight
            | Action::EraseLeft
            | Action::EraseRight
            | Action::Type(_)
    )
}

/// A paste goes into the line that is being written, else nowhere.
fn paste(state: &mut UiState, text: &str, moment: &Moment<'_>) {
    let Some(open) = state.layers.last_mut() else { return };
    open.touched = moment.wall;
    match &mut open.layer {
        Layer::Palette { line, choice } => {
            line.paste(text);
            *choice = None;
        }
        Layer::Note(line) => line.paste(text),
        Layer::Filter(line) => {
            line.paste(text);
            state.filter = line.cleaned();
        }
        Layer::Intervene(draft) => {
            if let Some(line) = &mut draft.details {
                line.paste(text);
            }
        }
        Layer::Card { page, .. } => {
            if let CardPage::Editing(line) = page {
                line.paste(text);
            }
        }
        // the slot and the word that leaves a live are typed, not pasted
        Layer::Slot(_)
        | Layer::Leave(_)
        | Layer::Help { .. }
        | Layer::Cue { .. }
        | Layer::End { .. }
        | Layer::Undo { .. }
        | Layer::Send { .. }
        | Layer::Minute
        | Layer::Page { .. }
        | Layer::Unmask => {}
    }
}
