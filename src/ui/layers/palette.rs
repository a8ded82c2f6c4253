//! `:`: commands with their parameters and every action by name, with completion. `Enter` runs what is typed clearly or was chosen.

use ratatui::text::{Line as TextLine, Span};
use unicode_width::UnicodeWidthStr;

use super::Card;
use super::typed::{cursor_column, field};
use crate::engine::spelling;
use crate::ui::View;
use crate::ui::action::Action;
use crate::ui::command::{self, Said};
use crate::ui::entry::{self, Entry, Meant};
use crate::ui::intent::Intent;
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

/// Names that an answer tells at most.
const TOLD: usize = 4;

pub fn step(
    mut line: Line,
    choice: Option<usize>,
    action: Action,
    state: &mut UiState,
    moment: &Moment<'_>,
) -> (Option<Layer>, Option<Intent>) {
    let known = entry::known(state, moment.keymap, moment.engine);
    let listed = entry::listed(line.text(), &known, moment.words);
    match action {
        Action::ChoiceUp if line.text().is_empty() && choice.is_none() => {
            let before = state.lines.last().map_or(line, |text| Line::new(text));
            return (Some(Layer::Palette { line: before, choice: None }), None);
        }
        Action::ChoiceUp => return (Some(Layer::Palette { line, choice: choice.and_then(|index| index.checked_sub(1)) }), None),
        Action::ChoiceDown => {
            let next = choice.map_or(0, |index| index + 1).min(listed.len().saturating_sub(1));
            return (Some(Layer::Palette { line, choice: (!listed.is_empty()).then_some(next) }), None);
        }
        Action::Complete => {
            if let Some(entry) = marked(&line, choice, &listed, &known, moment.words).or(Some(0)).and_then(|index| listed.get(index)) {
                line = begun(&line, *entry);
            }
        }
        Action::Accept => return run(line, choice.and_then(|index| listed.get(index)).copied(), &known, state, moment),
        _ => _ = line.edit(action),
    }
    (Some(Layer::Palette { line, choice: None }), None)
}

/// The entry of the list that `Enter` runs: the chosen one, else the one that is typed.
fn marked(line: &Line, choice: Option<usize>, listed: &[Entry], known: &[Entry], words: &Words) -> Option<usize> {
    let text = line.text().trim().to_lowercase();
    let first = text.split_whitespace().next().unwrap_or("");
    let written = || listed.iter().position(|entry| matches!(entry, Entry::Choice(..)) && entry.name().to_lowercase() == text);
    choice.or_else(written).or_else(|| match entry::meant(first, known, words) {
        Meant::One(meant) => listed.iter().position(|entry| *entry == meant),
        Meant::Several(_) | Meant::Nothing => None,
    })
}

/// The line with the entry in the place of its beginning, and what was written after it.
fn begun(line: &Line, entry: Entry) -> Line {
    let name = entry.name();
    let parts = name.split(' ').count();
    let mut rest = line.text().trim_start();
    for _ in 0..parts {
        rest = rest.split_once(char::is_whitespace).map_or("", |(_, after)| after.trim_start());
    }
    let mut begun = Line::new(&name);
    begun.edit(Action::Type(' '));
    begun.paste(rest);
    begun
}

/// Runs the line: what the operator chose in the list, else the command or action that its first word means.
fn run(line: Line, chosen: Option<Entry>, known: &[Entry], state: &mut UiState, moment: &Moment<'_>) -> (Option<Layer>, Option<Intent>) {
    let text = line.cleaned();
    if text.is_empty() && chosen.is_none() {
        return (None, None);
    }
    if !text.is_empty() {
        state.lines.push(text.clone());
    }
    if state.lines.len() > LINES {
        state.lines.remove(0);
    }
    let (name, rest) = text.split_once(char::is_whitespace).map_or((text.as_str(), ""), |(name, rest)| (name, rest.trim()));
    let meant = chosen.map_or_else(|| entry::meant(name, known, moment.words), Meant::One);
    let (entry, rest) = match meant {
        Meant::One(Entry::Choice(command, word)) => (Entry::Command(command), word),
        Meant::One(entry) => (entry, rest),
        Meant::Several(_) | Meant::Nothing => {
            state.refuse(unknown(name, &meant, known, moment.words), moment.wall);
            return (Some(Layer::Palette { line, choice: None }), None);
        }
    };
    let refused = match entry {
        Entry::Action(action) if rest.is_empty() => return (None, update(state, action, moment)),
        Entry::Action(_) => moment.words.text("refused-alone", &[("name", entry.name().into())]),
        Entry::Command(command) | Entry::Choice(command, _) => match command::run(command, rest, state, moment) {
            Ok(Said::Intent(intent)) => return (None, Some(intent)),
            Ok(Said::Action(action)) => return (None, update(state, action, moment)),
            Ok(Said::Done) => return (None, None),
            Err(why) => why,
        },
    };
    state.refuse(refused, moment.wall);
    let line = if chosen.is_some() { begun(&line, entry) } else { line };
    (Some(Layer::Palette { line, choice: None }), None)
}

/// Why a word is no command.
fn unknown(name: &str, meant: &Meant, known: &[Entry], words: &Words) -> String {
    if let Meant::Several(entries) = meant {
        let mut names: Vec<String> = entries.iter().take(TOLD).map(|entry| entry.name()).collect();
        if entries.len() > TOLD {
            names.push("…".to_owned());
        }
        return words.text("refused-which", &[("name", name.into()), ("names", names.join(", ").into())]);
    }
    let names: Vec<String> = known.iter().map(|entry| entry.name()).collect();
    match spelling::nearest(name, names.iter().map(String::as_str)) {
        Some(near) => words.text("refused-no-command-near", &[("name", name.into()), ("near", near.into())]),
        None => words.text("refused-no-command", &[("name", name.into())]),
    }
}

/// Columns of the names.
const NAME_WIDTH: usize = 34;

pub fn card<'a>(line: &'a Line, choice: Option<usize>, view: &View<'a>) -> Card<'a> {
    let known = entry::known(view.state, view.keymap, view.engine);
    let entries = entry::listed(line.text(), &known, view.words);
    let marked = marked(line, choice, &entries, &known, view.words);
    let top = marked.map_or(0, |index| (index + 1).saturating_sub(SHOWN));
    let mut lines: Vec<TextLine<'a>> =
        entries.iter().enumerate().skip(top).take(SHOWN).map(|(index, entry)| entry_line(*entry, Some(index) == marked, view)).collect();
    let row = lines.len();
    lines.push(field(line, view));
    Card { cursor: Some((cursor_column(line), row)), keep_end: true, ..Card::new(view.word("layer-palette").to_owned(), lines) }
}

fn entry_line<'a>(entry: Entry, chosen: bool, view: &View<'a>) -> TextLine<'a> {
    let (usage, key) = match entry {
        Entry::Command(command) => (view.words.get(&command.usage_key()).to_owned(), None),
        Entry::Action(action) => (entry.title(view.words), view.keymap.key_of("glass", action)),
        Entry::Choice(..) => (entry.name(), None),
    };
    let tone = match chosen {
        true => Tone::Selected,
        false if entry.is_refused(view.state, view.engine) => Tone::Muted,
        false => Tone::Normal,
    };
    let room = " ".repeat(NAME_WIDTH.saturating_sub(usage.width()).max(1));
    TextLine::from(vec![
        Span::styled(if chosen { view.glyphs.pointer } else { " " }, view.style(Tone::Key)),
        Span::raw(" "),
        Span::styled(usage, view.style(tone)),
        Span::raw(room),
        Span::styled(entry.doc(view.words), view.style(Tone::Muted)),
        Span::styled(key.map(|key| format!("  {key}")).unwrap_or_default(), view.style(Tone::Key)),
    ])
}
