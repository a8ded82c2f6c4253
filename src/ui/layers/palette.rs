//! `:`: commands with their parameters and every action by name, with completion.

use ratatui::text::{Line as TextLine, Span};
use unicode_width::UnicodeWidthStr;

use super::Card;
use super::typed::{cursor_column, field};
use crate::ui::View;
use crate::ui::action::{Action, Availability};
use crate::ui::command::{self, COMMANDS, Command, Said};
use crate::ui::intent::Intent;
use crate::ui::keymap::Keymap;
use crate::ui::layer::Layer;
use crate::ui::line::Line;
use crate::ui::state::UiState;
use crate::ui::theme::Tone;
use crate::ui::update::{Moment, update};
use crate::ui::words::Words;

/// Completions that are shown.
const SHOWN: usize = 8;
/// Lines that are kept for `↑`.
const LINES: usize = 50;

/// Something that a line can begin with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Entry {
    Command(&'static Command),
    Action(Action),
}

impl Entry {
    /// What is typed for it.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Command(command) => command.name.to_owned(),
            Self::Action(action) => action.id().replace('_', "-"),
        }
    }
}

/// Everything that begins with what is typed, then everything that holds it; commands first.
#[must_use]
pub fn entries(typed: &str, state: &UiState, moment: &Moment<'_>) -> Vec<Entry> {
    all(typed, state, moment.keymap, moment.engine, moment.words)
}

fn all(typed: &str, state: &UiState, keymap: &Keymap, engine: &crate::engine::Engine, words: &Words) -> Vec<Entry> {
    let first = typed.split_whitespace().next().unwrap_or("").to_lowercase();
    let has_rest = typed.trim_start().contains(' ');
    let actions = keymap
        .lines("glass", state, engine)
        .into_keys()
        .filter(|action| !matches!(action, Action::Slot(_) | Action::Palette) && action.availability(state, engine) != Availability::Absent)
        .map(Entry::Action);
    let known: Vec<Entry> = COMMANDS.iter().filter(|command| command.is_of(state.mode)).map(Entry::Command).chain(actions).collect();
    let matches = |entry: &Entry, at_start: bool| {
        let name = entry.name();
        if has_rest {
            return at_start && name == first;
        }
        match at_start {
            true => name.starts_with(&first),
            false => !name.starts_with(&first) && (name.contains(&first) || doc(*entry, words).to_lowercase().contains(&first)),
        }
    };
    let begins = known.iter().filter(|entry| matches(entry, true));
    begins.chain(known.iter().filter(|entry| matches(entry, false))).copied().collect()
}

fn doc(entry: Entry, words: &Words) -> String {
    let key = match entry {
        Entry::Command(command) => command.doc_key(),
        Entry::Action(action) => action.doc_key(),
    };
    words.get(&key).to_owned()
}

pub fn step(mut line: Line, choice: usize, action: Action, state: &mut UiState, moment: &Moment<'_>) -> (Option<Layer>, Option<Intent>) {
    let entries = entries(line.text(), state, moment);
    match action {
        Action::ChoiceUp if line.text().is_empty() => {
            let before = state.lines.last().map_or(line, |text| Line::new(text));
            return (Some(Layer::Palette { line: before, choice: 0 }), None);
        }
        Action::ChoiceUp => return (Some(Layer::Palette { line, choice: choice.saturating_sub(1) }), None),
        Action::ChoiceDown => {
            let last = entries.len().saturating_sub(1);
            return (Some(Layer::Palette { line, choice: (choice + 1).min(last) }), None);
        }
        Action::Complete => {
            if let Some(entry) = entries.get(choice).filter(|_| !line.text().trim_start().contains(' ')) {
                line = Line::default();
                line.paste(&entry.name());
                line.edit(Action::Type(' '));
            }
        }
        Action::Accept => return run(&line, choice, &entries, state, moment),
        _ => {
            line.edit(action);
            return (Some(Layer::Palette { line, choice: 0 }), None);
        }
    }
    (Some(Layer::Palette { line, choice: 0 }), None)
}

/// Runs the line: a command with its parameters, or the action that the line (or the chosen completion) names.
fn run(line: &Line, choice: usize, entries: &[Entry], state: &mut UiState, moment: &Moment<'_>) -> (Option<Layer>, Option<Intent>) {
    let text = line.cleaned();
    if text.is_empty() && choice == 0 {
        return (None, None);
    }
    state.lines.push(text.clone());
    if state.lines.len() > LINES {
        state.lines.remove(0);
    }
    let name = text.split_whitespace().next().unwrap_or("");
    let named = entries.iter().find(|entry| entry.name() == name).or_else(|| entries.get(choice));
    match named {
        Some(Entry::Action(action)) => (None, update(state, *action, moment)),
        Some(Entry::Command(command)) => {
            let rest = if command.name == name { text.get(name.len()..).unwrap_or("").trim() } else { "" };
            match command::run(command, rest, state, moment) {
                Ok(Said::Intent(intent)) => (None, Some(intent)),
                Ok(Said::Action(action)) => (None, update(state, action, moment)),
                Ok(Said::Done) => (None, None),
                Err(why) => {
                    state.refuse(why, moment.wall);
                    (Some(Layer::Palette { line: line.clone(), choice }), None)
                }
            }
        }
        None => {
            state.refuse(moment.words.text("refused-no-command", &[("name", name.to_owned().into())]), moment.wall);
            (Some(Layer::Palette { line: line.clone(), choice: 0 }), None)
        }
    }
}

/// Columns of the names.
const NAME_WIDTH: usize = 34;

pub fn card<'a>(line: &'a Line, choice: usize, view: &View<'a>) -> Card<'a> {
    let entries = all(line.text(), view.state, view.keymap, view.engine, view.words);
    let top = (choice + 1).saturating_sub(SHOWN);
    let mut lines: Vec<TextLine<'a>> =
        entries.iter().enumerate().skip(top).take(SHOWN).map(|(index, entry)| entry_line(*entry, index == choice, view)).collect();
    let row = lines.len();
    lines.push(field(line, view));
    Card { cursor: Some((cursor_column(line), row)), keep_end: true, ..Card::new(view.word("layer-palette").to_owned(), lines) }
}

fn entry_line<'a>(entry: Entry, chosen: bool, view: &View<'a>) -> TextLine<'a> {
    let (usage, key) = match entry {
        Entry::Command(command) => (view.words.get(&command.usage_key()).to_owned(), None),
        Entry::Action(action) => (entry.name(), view.keymap.key_of("glass", action)),
    };
    let tone = if chosen { Tone::Selected } else { Tone::Normal };
    let room = " ".repeat(NAME_WIDTH.saturating_sub(usage.width()).max(1));
    TextLine::from(vec![
        Span::styled(if chosen { view.glyphs.pointer } else { " " }, view.style(Tone::Key)),
        Span::raw(" "),
        Span::styled(usage, view.style(tone)),
        Span::raw(room),
        Span::styled(doc(entry, view.words), view.style(Tone::Muted)),
        Span::styled(key.map(|key| format!("  {key}")).unwrap_or_default(), view.style(Tone::Key)),
    ])
}
