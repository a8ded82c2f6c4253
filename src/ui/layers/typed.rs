//! Layers that are one line of text: filter, note, slot, and the word that leaves a live.

use ratatui::text::{Line as TextLine, Span};
use unicode_width::UnicodeWidthStr;

use super::Card;
use crate::engine::time::At;
use crate::ui::View;
use crate::ui::action::Action;
use crate::ui::intent::{Intent, Wish};
use crate::ui::keymap::folded;
use crate::ui::layer::Layer;
use crate::ui::line::Line;
use crate::ui::state::UiState;
use crate::ui::theme::Tone;
use crate::ui::update::{Moment, choose_slot};

/// The rows follow every letter; `Esc` shows all of them again.
pub fn filter(mut line: Line, action: Action, state: &mut UiState) -> Option<Layer> {
    match action {
        Action::Accept => None,
        Action::Cancel => {
            state.filter.clear();
            None
        }
        _ => {
            line.edit(action);
            state.filter = line.cleaned();
            Some(Layer::Filter(line))
        }
    }
}

pub fn note(mut line: Line, action: Action, state: &mut UiState, moment: &Moment<'_>) -> (Option<Layer>, Option<Intent>) {
    if action != Action::Accept {
        line.edit(action);
        return (Some(Layer::Note(line)), None);
    }
    let text = line.cleaned();
    if text.is_empty() {
        return (None, None);
    }
    state.say(moment.words.get("said-note").to_owned(), moment.wall);
    (None, Some(Intent::Write(Wish::Note { text, at: noted_at(state, moment) })))
}

/// A note belongs to the minute under the cursor; the minute that is running is the present.
fn noted_at(state: &UiState, moment: &Moment<'_>) -> Option<At> {
    state.minute.filter(|minute| *minute < moment.now.minute()).map(At::from_minute)
}

/// Digits of a slot; chosen as soon as no longer number could be meant.
pub fn slot(mut line: Line, action: Action, state: &mut UiState, moment: &Moment<'_>) -> Option<Layer> {
    if let Action::Type(letter) = action
        && !folded(letter).is_ascii_digit()
    {
        return Some(Layer::Slot(line));
    }
    line.edit(action);
    let digits: String = line.text().chars().map(folded).collect();
    let Ok(slot) = digits.parse::<u32>() else {
        return (action != Action::Accept).then_some(Layer::Slot(line));
    };
    let last = moment.engine.products().iter().map(|product| product.slot).max().unwrap_or(0);
    if action == Action::Accept || slot.saturating_mul(10) > last {
        choose_slot(state, slot, moment);
        return None;
    }
    Some(Layer::Slot(line))
}

/// Leaving a live wants the word, in the operator's language or in English.
pub fn leave(mut line: Line, action: Action, state: &mut UiState, moment: &Moment<'_>) -> (Option<Layer>, Option<Intent>) {
    if action != Action::Accept {
        line.edit(action);
        return (Some(Layer::Leave(line)), None);
    }
    let word: String = line.cleaned().chars().map(folded).collect::<String>().to_lowercase();
    if word == "yes" || word == moment.words.get("word-yes") {
        return (None, Some(Intent::Quit));
    }
    state.refuse(moment.words.get("said-stays").to_owned(), moment.wall);
    (None, None)
}

/// A box with a question and a line.
pub fn card<'a>(title: &'a str, question: Option<&'a str>, line: &'a Line, view: &View<'a>) -> Card<'a> {
    let mut lines: Vec<TextLine<'a>> = question.map(|key| TextLine::from(view.word(key))).into_iter().collect();
    let row = lines.len();
    lines.push(field(line, view));
    Card { cursor: Some((cursor_column(line), row)), ..Card::new(view.word(title).to_owned(), lines) }
}

/// The note says which minute it goes to.
pub fn note_card<'a>(line: &'a Line, view: &View<'a>) -> Card<'a> {
    let past = view.state.minute.filter(|minute| *minute < view.now.minute());
    let title = match past {
        Some(minute) => view.text("layer-note-at", &[("at", view.format.clock(At::from_minute(minute)).into())]),
        None => view.word("layer-note").to_owned(),
    };
    Card { title, ..card("layer-note", None, line, view) }
}

/// A line of text as it is being typed, with room for more.
pub fn field<'a>(line: &'a Line, view: &View<'a>) -> TextLine<'a> {
    let room = 40usize.saturating_sub(line.text().width());
    TextLine::from(vec![
        Span::styled(view.glyphs.pointer, view.style(Tone::Key)),
        Span::raw(" "),
        Span::styled(line.text(), view.style(Tone::Normal)),
        Span::raw(" ".repeat(room)),
    ])
}

/// Where the cursor stands in [`field`].
pub fn cursor_column(line: &Line) -> usize {
    2 + line.halves().0.width()
}
