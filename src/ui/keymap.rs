//! Keys to actions, as data: `config/keys.toml`, a table a layer, rules in order behind each key.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde::Deserialize;

use super::action::Action;
use super::layer::{CardPage, Layer};
use super::state::{Mode, UiState};
use crate::engine::Engine;
use crate::engine::id::Table;

/// A key, `Shift` inside the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub code: Code,
    pub ctrl: bool,
}

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PgUp,
    PgDn,
    Backspace,
    Delete,
}

const NAMED: [(&str, Code); 15] = [
    ("Enter", Code::Enter),
    ("Esc", Code::Esc),
    ("Tab", Code::Tab),
    ("BackTab", Code::BackTab),
    ("Up", Code::Up),
    ("Down", Code::Down),
    ("Left", Code::Left),
    ("Right", Code::Right),
    ("Home", Code::Home),
    ("End", Code::End),
    ("PgUp", Code::PgUp),
    ("PgDn", Code::PgDn),
    ("Backspace", Code::Backspace),
    ("Delete", Code::Delete),
    ("Space", Code::Char(' ')),
];

impl Key {
    #[must_use]
    pub const fn plain(code: Code) -> Self {
        Self { code, ctrl: false }
    }

    /// Reads a name: `a`, `Enter`, `Ctrl-c`, `Space`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (ctrl, name) = text.strip_prefix("Ctrl-").map_or((false, text), |rest| (true, rest));
        if let Some((_, code)) = NAMED.iter().find(|(known, _)| *known == name) {
            return Some(Self { code: *code, ctrl });
        }
        let mut letters = name.chars();
        let letter = letters.next().filter(|_| letters.as_str().is_empty())?;
        Some(Self { code: Code::Char(letter), ctrl })
    }

    /// What the terminal reports. `None` for keys that the desk has no use for, and for `Alt` and `Super` chords.
    #[must_use]
    pub fn from_terminal(event: &KeyEvent) -> Option<Self> {
        if event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::HYPER | KeyModifiers::META) {
            return None;
        }
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let shift = event.modifiers.contains(KeyModifiers::SHIFT);
        let code = match event.code {
            KeyCode::Char(letter) if ctrl => Code::Char(folded(letter).to_ascii_lowercase()),
            KeyCode::Char(letter) if shift && letter.is_ascii_lowercase() => Code::Char(letter.to_ascii_uppercase()),
            KeyCode::Char(letter) => Code::Char(letter),
            KeyCode::Enter => Code::Enter,
            KeyCode::Esc => Code::Esc,
            KeyCode::Tab if shift => Code::BackTab,
            KeyCode::Tab => Code::Tab,
            KeyCode::BackTab => Code::BackTab,
            KeyCode::Up => Code::Up,
            KeyCode::Down => Code::Down,
            KeyCode::Left => Code::Left,
            KeyCode::Right => Code::Right,
            KeyCode::Home => Code::Home,
            KeyCode::End => Code::End,
            KeyCode::PageUp => Code::PgUp,
            KeyCode::PageDown => Code::PgDn,
            KeyCode::Backspace => Code::Backspace,
            KeyCode::Delete => Code::Delete,
            _ => return None,
        };
        Some(Self { code, ctrl })
    }

    /// What a terminal would report for it.
    #[must_use]
    pub const fn to_terminal(self) -> KeyEvent {
        let code = match self.code {
            Code::Char(letter) => KeyCode::Char(letter),
            Code::Enter => KeyCode::Enter,
            Code::Esc => KeyCode::Esc,
            Code::Tab => KeyCode::Tab,
            Code::BackTab => KeyCode::BackTab,
            Code::Up => KeyCode::Up,
            Code::Down => KeyCode::Down,
            Code::Left => KeyCode::Left,
            Code::Right => KeyCode::Right,
            Code::Home => KeyCode::Home,
            Code::End => KeyCode::End,
            Code::PgUp => KeyCode::PageUp,
            Code::PgDn => KeyCode::PageDown,
            Code::Backspace => KeyCode::Backspace,
            Code::Delete => KeyCode::Delete,
        };
        KeyEvent::new(code, if self.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE })
    }

    /// The key that is looked up: a full-width letter is the ASCII letter it stands for.
    #[must_use]
    pub fn folded(self) -> Self {
        match self.code {
            Code::Char(letter) => Self { code: Code::Char(folded(letter)), ..self },
            _ => self,
        }
    }

    /// The same letter in its other case.
    fn other_case(self) -> Option<Self> {
        let Code::Char(letter) = self.code else { return None };
        let other = if letter.is_ascii_uppercase() { letter.to_ascii_lowercase() } else { letter.to_ascii_uppercase() };
        (other != letter).then_some(Self { code: Code::Char(other), ..self })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl-")?;
        }
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, Code::Char(letter)) => write!(f, "{letter}"),
            (None, _) => Ok(()),
        }
    }
}

/// Full-width forms of an input method as the ASCII they stand for.
#[must_use]
pub fn folded(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        '\u{3000}' => ' ',
        '\u{3002}' => '.',
        '\u{3001}' => ',',
        _ => letter,
    }
}

/// What must hold for a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Mode(Mode),
    /// The minute cursor stands somewhere in the past.
    Minute,
    Masked,
    Zoomed,
    Held,
    Closed,
}

impl Condition {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "minute" => Some(Self::Minute),
            "masked" => Some(Self::Masked),
            "zoomed" => Some(Self::Zoomed),
            "held" => Some(Self::Held),
            "closed" => Some(Self::Closed),
            _ => [Mode::Live, Mode::Demo, Mode::Replay, Mode::Rehearsal, Mode::Mirror, Mode::Host]
                .into_iter()
                .find(|mode| mode.id() == word)
                .map(Self::Mode),
        }
    }

    fn holds(self, state: &UiState, engine: &Engine) -> bool {
        match self {
            Self::Mode(mode) => state.mode == mode,
            Self::Minute => state.minute.is_some(),
            Self::Masked => state.masked,
            Self::Zoomed => state.zoomed,
            Self::Held => state.held.is_some(),
            Self::Closed => engine.closed().is_some(),
        }
    }
}

/// A rule behind a key: the action, and what must hold (or must not).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub action: Action,
    pub conditions: Vec<(Condition, bool)>,
}

/// The tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap(Table<String, Table<Key, Vec<Rule>>>);

const SHIPPED: &str = include_str!("../../config/keys.toml");

/// The tables that the desk looks into.
pub const TABLES: [&str; 12] =
    ["glass", "intervene", "choose", "closing", "card", "send", "ask", "minute", "help", "page", "text", "everywhere"];

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Action(String),
    Rules(Vec<WrittenRule>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    #[serde(default)]
    when: String,
    #[serde(rename = "do")]
    action: String,
}

impl Keymap {
    /// The keys as shipped.
    #[must_use]
    pub fn shipped() -> Self {
        let mut keymap = Self(Table::default());
        // a test reads the shipped file whole
        let _ = keymap.read(SHIPPED);
        keymap
    }

    /// The shipped keys with the operator's own lines over them.
    ///
    /// # Errors
    /// With every line that is wrong.
    pub fn with(own: &str) -> Result<Self, String> {
        let mut keymap = Self::shipped();
        keymap.read(own)?;
        Ok(keymap)
    }

    fn read(&mut self, text: &str) -> Result<(), String> {
        let tables: Table<String, Table<String, Written>> = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut wrong = Vec::new();
        for (name, lines) in tables {
            if !TABLES.contains(&name.as_str()) {
                wrong.push(format!("[{name}]: no such layer"));
                continue;
            }
            let table = self.0.entry(name.clone()).or_default();
            for (key, written) in lines {
                match (Key::parse(&key), rules(&written)) {
                    (Some(key), Ok(rules)) => {
                        table.insert(key, rules);
                    }
                    (None, _) => wrong.push(format!("[{name}] \"{key}\": no such key")),
                    (_, Err(error)) => wrong.push(format!("[{name}] \"{key}\": {error}")),
                }
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }

    /// What a key asks for in the layer that takes the keys; `None` for a key that means nothing there.
    #[must_use]
    pub fn action(&self, key: Key, state: &UiState, engine: &Engine) -> Option<Action> {
        let top = state.top().map(|open| &open.layer);
        let (tables, is_text) = (tables_of(top), top.is_some_and(Layer::takes_text));
        let folded = key.folded();
        let found = tables.iter().find_map(|table| self.look_up(table, folded, state, engine));
        match (found, key) {
            (Some(action), _) => Some(action),
            (None, Key { code: Code::Char(letter), ctrl: false }) if is_text => Some(Action::Type(letter)),
            (None, _) if !is_text => {
                let other = folded.other_case()?;
                tables.iter().find_map(|table| self.look_up(table, other, state, engine))
            }
            (None, _) => None,
        }
    }

    /// What a key asks for in a table of a page without a live; rules with conditions hold nowhere there.
    #[must_use]
    pub fn action_in(&self, table: &str, key: Key) -> Option<Action> {
        let table = self.0.get(table)?;
        let rules = |key: Key| table.get(&key)?.iter().find(|rule| rule.conditions.is_empty()).map(|rule| rule.action);
        rules(key.folded()).or_else(|| rules(key.folded().other_case()?))
    }

    fn look_up(&self, table: &str, key: Key, state: &UiState, engine: &Engine) -> Option<Action> {
        let rules = self.0.get(table)?.get(&key)?;
        let rule = rules.iter().find(|rule| rule.conditions.iter().all(|(condition, wanted)| condition.holds(state, engine) == *wanted))?;
        Some(rule.action)
    }

    /// The keys of a table that do something in this state, in the file's order: one line for each action with all its keys.
    #[must_use]
    pub fn lines(&self, table: &str, state: &UiState, engine: &Engine) -> Table<Action, Vec<Key>> {
        let mut lines: Table<Action, Vec<Key>> = Table::default();
        for key in self.0.get(table).into_iter().flat_map(Table::keys) {
            if let Some(action) = self.look_up(table, *key, state, engine) {
                lines.entry(action).or_default().push(*key);
            }
        }
        lines
    }

    /// The first key of an action in a table.
    #[must_use]
    pub fn key_of(&self, table: &str, action: Action) -> Option<Key> {
        self.0.get(table)?.iter().find(|(_, rules)| rules.iter().any(|rule| rule.action == action)).map(|(key, _)| *key)
    }
}

impl Default for Keymap {
    fn default() -> Self {
        Self::shipped()
    }
}

/// The tables that a layer looks into, in order.
#[must_use]
pub fn tables_of(layer: Option<&Layer>) -> &'static [&'static str] {
    match layer {
        None => &["glass", "everywhere"],
        Some(Layer::Intervene(draft)) if draft.details.is_none() => &["intervene", "everywhere"],
        Some(Layer::Cue { .. } | Layer::End { .. }) => &["choose", "everywhere"],
        Some(Layer::Undo { .. } | Layer::Unmask) => &["ask", "everywhere"],
        Some(Layer::Send { .. }) => &["send", "everywhere"],
        Some(Layer::Minute) => &["minute", "everywhere"],
        Some(Layer::Card { page: CardPage::Editing(_), .. }) => &["text", "everywhere"],
        Some(Layer::Card { .. }) => &["card", "everywhere"],
        Some(Layer::Help { .. }) => &["help", "everywhere"],
        Some(Layer::Page { .. }) => &["page", "everywhere"],
        Some(Layer::Intervene(_) | Layer::Palette { .. } | Layer::Filter(_) | Layer::Note(_) | Layer::Slot(_) | Layer::Leave(_)) => {
            &["text", "everywhere"]
        }
    }
}

fn rules(written: &Written) -> Result<Vec<Rule>, String> {
    let action = |name: &str| Action::parse(name).ok_or_else(|| format!("no such action: {name}"));
    match written {
        Written::Action(name) => Ok(vec![Rule { action: action(name)?, conditions: Vec::new() }]),
        Written::Rules(rules) => rules
            .iter()
            .map(|rule| {
                let conditions = rule
                    .when
                    .split_whitespace()
                    .map(|word| {
                        let (name, wanted) = word.strip_prefix('!').map_or((word, true), |rest| (rest, false));
                        Condition::parse(name).map(|condition| (condition, wanted)).ok_or_else(|| format!("no such condition: {name}"))
                    })
                    .collect::<Result<_, _>>()?;
                Ok(Rule { action: action(&rule.action)?, conditions })
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Arrival;
    use crate::engine::event::InterventionKind;
    use crate::engine::plan::Plan;

    fn engine() -> Engine {
        Engine::new(Plan::default(), Arrival::Live)
    }

    #[test]
    fn the_shipped_file_is_read_whole() {
        let mut keymap = Keymap(Table::default());
        assert_eq!(keymap.read(SHIPPED), Ok(()));
        for table in TABLES {
            assert!(keymap.0.contains_key(table), "{table}");
        }
    }

    #[test]
    fn every_key_reads_back_from_its_name() {
        for text in ["a", "P", "Ctrl-c", "Enter", "Space", "PgDn", "#", "-", "+", "BackTab"] {
            assert_eq!(Key::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Key::parse("Nope"), None);
    }

    #[test]
    fn every_kind_of_act_but_the_warning_has_a_letter_of_its_own() {
        let keymap = Keymap::shipped();
        for kind in InterventionKind::ALL {
            let key = keymap.key_of("intervene", Action::Kind(kind));
            assert_eq!(key.is_none(), kind == InterventionKind::PolicyWarning, "{kind:?}");
        }
    }

    #[test]
    fn the_operators_own_lines_lie_over_the_shipped_ones_and_mistakes_are_told_at_once() {
        let keymap = Keymap::with("[glass]\n\"x\" = \"zoom\"").unwrap();
        let state = UiState::default();
        assert_eq!(keymap.action(Key::parse("x").unwrap(), &state, &engine()), Some(Action::Zoom));
        assert_eq!(keymap.action(Key::parse("z").unwrap(), &state, &engine()), Some(Action::Zoom));
        let wrong = Keymap::with(
            "[glas]\n\"x\" = \"zoom\"\n[glass]\n\"Nope\" = \"zoom\"\n\"y\" = \"zoon\"\n\"w\" = [{ when = \"sunny\", do = \"zoom\" }]",
        )
        .unwrap_err();
        for part in ["[glas]: no such layer", "\"Nope\": no such key", "no such action: zoon", "no such condition: sunny"] {
            assert!(wrong.contains(part), "{part} in {wrong}");
        }
    }

    #[test]
    fn capslock_and_full_width_letters_do_no_harm() {
        let (keymap, state) = (Keymap::shipped(), UiState::default());
        for text in ["z", "Z", "ｚ", "Ｚ"] {
            assert_eq!(keymap.action(Key::parse(text).unwrap(), &state, &engine()), Some(Action::Zoom), "{text}");
        }
        assert_eq!(keymap.action(Key::parse("p").unwrap(), &state, &engine()), Some(Action::Mask));
        assert_eq!(keymap.action(Key::parse("H").unwrap(), &state, &engine()), Some(Action::MinuteLeft));
    }

    #[test]
    fn a_key_may_mean_something_else_in_a_replay() {
        let keymap = Keymap::shipped();
        let (live, mut replay) = (UiState::new(Mode::Live), UiState::new(Mode::Replay));
        let key = |text: &str| Key::parse(text).unwrap();
        assert_eq!(keymap.action(key("Space"), &live, &engine()), Some(Action::Hold));
        assert_eq!(keymap.action(key("Space"), &replay, &engine()), Some(Action::Pause));
        assert_eq!(keymap.action(key("<"), &live, &engine()), None);
        assert_eq!(keymap.action(key("<"), &replay, &engine()), Some(Action::Slower));
        assert_eq!(keymap.action(key("Enter"), &replay, &engine()), Some(Action::MinuteCard));
        replay.minute = Some(5);
        assert_eq!(keymap.action(key("Enter"), &replay, &engine()), Some(Action::Seek));
    }

    #[test]
    fn what_the_terminal_reports_is_the_key_of_the_table() {
        let seen = |code, modifiers| Key::from_terminal(&KeyEvent::new(code, modifiers)).map(|key| key.to_string());
        assert_eq!(seen(KeyCode::Char('i'), KeyModifiers::NONE).as_deref(), Some("i"));
        assert_eq!(seen(KeyCode::Char('P'), KeyModifiers::SHIFT).as_deref(), Some("P"));
        assert_eq!(seen(KeyCode::Char('p'), KeyModifiers::SHIFT).as_deref(), Some("P"));
        assert_eq!(seen(KeyCode::Char('C'), KeyModifiers::CONTROL).as_deref(), Some("Ctrl-c"));
        assert_eq!(seen(KeyCode::Tab, KeyModifiers::SHIFT).as_deref(), Some("BackTab"));
        assert_eq!(seen(KeyCode::Char('i'), KeyModifiers::ALT), None);
        assert_eq!(seen(KeyCode::F(5), KeyModifiers::NONE), None);
    }
}
