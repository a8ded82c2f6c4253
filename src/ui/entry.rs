//! What a line after `:` can begin with: every command and every action by name, and which of them a typed word means.

use super::action::{Action, Availability};
use super::command::{COMMANDS, Command};
use super::keymap::Keymap;
use super::state::UiState;
use super::words::Words;
use crate::engine::Engine;

/// Something that a line can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Entry {
    Command(&'static Command),
    Action(Action),
    /// A command with one of the words that it takes.
    Choice(&'static Command, &'static str),
}

/// What a typed word means.
#[derive(Clone, Debug, PartialEq)]
pub enum Meant {
    One(Entry),
    /// It is the beginning of several.
    Several(Vec<Entry>),
    Nothing,
}

impl Entry {
    /// What is typed for it.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Command(command) => command.name.to_owned(),
            Self::Action(action) => action.id().replace('_', "-"),
            Self::Choice(command, word) => format!("{} {word}", command.name),
        }
    }

    /// What it is called in the operator's language, where that is another word.
    fn own_name(self, words: &Words) -> Option<String> {
        let Self::Action(action) = self else { return None };
        let key = action.name_key();
        words.has(&key).then(|| words.get(&key).to_owned())
    }

    /// What the list calls it: its word of the operator's language, else its name.
    #[must_use]
    pub fn title(self, words: &Words) -> String {
        self.own_name(words).unwrap_or_else(|| self.name())
    }

    /// What it does, in words.
    #[must_use]
    pub fn doc(self, words: &Words) -> String {
        match self {
            Self::Command(command) => words.get(&command.doc_key()).to_owned(),
            Self::Action(action) => words.get(&action.doc_key()).to_owned(),
            Self::Choice(command, word) => command.choice_key(word).map(|key| words.get(&key).to_owned()).unwrap_or_default(),
        }
    }

    /// True where it would be refused now.
    #[must_use]
    pub fn is_refused(self, state: &UiState, engine: &Engine) -> bool {
        match self {
            Self::Command(command) | Self::Choice(command, _) => command.refusal(state.mode, engine.closed().is_some()).is_some(),
            Self::Action(action) => matches!(action.availability(state, engine), Availability::Refused(_)),
        }
    }

    fn is_called(self, word: &str, words: &Words) -> bool {
        self.name() == word || self.own_name(words).is_some_and(|own| own == word)
    }

    fn begins_with(self, word: &str, words: &Words) -> bool {
        self.name().starts_with(word) || self.own_name(words).is_some_and(|own| own.starts_with(word))
    }

    /// True where one of the words of its name begins so: `card` of `minute-card`.
    fn has_word(self, word: &str, words: &Words) -> bool {
        self.begins_with(word, words) || self.name().split('-').any(|part| part.starts_with(word))
    }
}

/// Everything that can be written after `:`, commands first; what would be refused now stands last.
#[must_use]
pub fn known(state: &UiState, keymap: &Keymap, engine: &Engine) -> Vec<Entry> {
    let actions = keymap
        .lines("glass", state, engine)
        .into_keys()
        .filter(|action| !matches!(action, Action::Slot(_) | Action::Palette) && action.availability(state, engine) != Availability::Absent)
        .map(Entry::Action);
    let all = COMMANDS.iter().filter(|command| command.is_of(state.mode)).map(Entry::Command).chain(actions);
    let (refused, mut known): (Vec<Entry>, Vec<Entry>) = all.partition(|entry| entry.is_refused(state, engine));
    known.extend(refused);
    known
}

/// What the list shows: what begins with the typed word, then what holds it; behind a command the words that it takes.
#[must_use]
pub fn listed(typed: &str, known: &[Entry], words: &Words) -> Vec<Entry> {
    let mut parts = typed.split_whitespace();
    let first = parts.next().unwrap_or("").to_lowercase();
    if typed.trim_start().contains(char::is_whitespace) {
        let Meant::One(entry) = meant(&first, known, words) else { return Vec::new() };
        let (second, is_last) = (parts.next().unwrap_or("").to_lowercase(), parts.next().is_none());
        let is_done = !second.is_empty() && typed.ends_with(char::is_whitespace);
        if !is_last || is_done {
            return vec![entry];
        }
        let fitting = [choices(entry, &second, words), choices(entry, "", words), vec![entry]];
        return fitting.into_iter().find(|list| !list.is_empty()).unwrap_or_default();
    }
    let begins = known.iter().filter(|entry| entry.begins_with(&first, words));
    let holds = known.iter().filter(|entry| {
        !entry.begins_with(&first, words) && (entry.name().contains(&first) || entry.doc(words).to_lowercase().contains(&first))
    });
    begins.chain(holds).copied().collect()
}

/// The words that a command takes: those that begin as typed, then those that hold it in their name or title.
fn choices(entry: Entry, typed: &str, words: &Words) -> Vec<Entry> {
    let Entry::Command(command) = entry else { return Vec::new() };
    let all: Vec<Entry> = command.choices().into_iter().map(|word| Entry::Choice(command, word)).collect();
    let word_of = |entry: &Entry| if let Entry::Choice(_, word) = entry { word.to_lowercase() } else { String::new() };
    let begins = all.iter().filter(|entry| word_of(entry).starts_with(typed));
    let holds = all.iter().filter(|entry| {
        !word_of(entry).starts_with(typed) && (word_of(entry).contains(typed) || entry.doc(words).to_lowercase().contains(typed))
    });
    begins.chain(holds).copied().collect()
}

/// What a word means: the entry of that name, else the only one whose name, or a word of it, begins so. Never one that only holds it.
#[must_use]
pub fn meant(word: &str, known: &[Entry], words: &Words) -> Meant {
    let word = word.to_lowercase();
    if word.is_empty() {
        return Meant::Nothing;
    }
    if let Some(entry) = known.iter().find(|entry| entry.is_called(&word, words)) {
        return Meant::One(*entry);
    }
    let mut found: Vec<Entry> = Vec::new();
    for entry in known.iter().filter(|entry| entry.has_word(&word, words)) {
        // a command and an action of one name are one thing
        if !found.iter().any(|there| there.name() == entry.name()) {
            found.push(*entry);
        }
    }
    match found[..] {
        [] => Meant::Nothing,
        [one] => Meant::One(one),
        _ => Meant::Several(found),
    }
}
