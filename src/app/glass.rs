//! The terminal side of the glass: words, theme, symbols and view state, keys in, frames out.

use std::time::Instant;

use crossterm::event::{Event as TerminalEvent, KeyEventKind};

use super::terminal::Screen;
use crate::clock;
use crate::engine::Engine;
use crate::engine::notice::Notice;
use crate::engine::time::At;
use crate::journal::{Health, JournalStatus, Losses};
use crate::ui::action::Action;
use crate::ui::format::Format;
use crate::ui::glyphs::{Charset, Glyphs};
use crate::ui::intent::Intent;
use crate::ui::keymap::{Key, Keymap};
use crate::ui::state::{Mode, UiState};
use crate::ui::theme::{Colours, Theme};
use crate::ui::update::{Desk, must_thaw, tick, update};
use crate::ui::words::{Lang, Words};
use crate::ui::{JournalLight, View, render};

/// Characters of one paste that are taken.
const PASTE_CHARS: usize = 500;

/// How the glass is to look, from the command line and the environment.
#[derive(Clone, Debug)]
pub struct Look {
    pub lang: Lang,
    pub theme: String,
    pub colours: Colours,
    /// `--ascii` or a locale without UTF-8.
    pub ascii: bool,
    pub keymap: Keymap,
}

/// The glass and the terminal that it is on.
#[derive(Debug)]
pub struct Glass {
    screen: Screen,
    state: UiState,
    words: Words,
    theme: Theme,
    format: Format,
    glyphs: Glyphs,
    keymap: Keymap,
    colours: Colours,
    /// The engine as it was when the glass was held.
    held: Option<Box<Engine>>,
    zone: chrono_tz::Tz,
    started: Instant,
}

impl Glass {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When there is none, or it cannot be prepared.
    pub fn open(look: Look, mode: Mode, zone: chrono_tz::Tz) -> std::io::Result<Self> {
        let screen = Screen::enter()?;
        let ascii = look.ascii || screen.draws_ambiguous_wide();
        let glyphs = Glyphs::of(if ascii { Charset::Ascii } else { Charset::Unicode });
        Ok(Self {
            screen,
            state: UiState::new(mode),
            words: Words::new(look.lang),
            theme: Theme::for_terminal(&look.theme, look.colours),
            format: Format::new(look.lang, zone, glyphs),
            glyphs,
            keymap: look.keymap,
            colours: look.colours,
            held: None,
            zone,
            started: clock::instant(),
        })
    }

    /// The wall that layers and flashes live by: it runs at real speed whatever the live does.
    fn wall(&self) -> At {
        At::from_ms(i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    /// A key, a paste, a click, a resize: what the operator asks of the live by it.
    pub fn press(&mut self, event: &TerminalEvent, live: &Engine, now: At) -> Vec<Intent> {
        let wall = self.wall();
        let engine: &Engine = self.held.as_deref().unwrap_or(live);
        let desk = Desk { engine, keymap: &self.keymap, words: &self.words, now: self.state.held.unwrap_or(now), wall };
        let intent = match event {
            TerminalEvent::Key(key) if key.kind == KeyEventKind::Release => None,
            TerminalEvent::Key(key) => {
                let repeats = key.kind == KeyEventKind::Repeat;
                let refused = repeats && self.state.top().is_some_and(|open| open.layer.refuses_repeats());
                let action =
                    if refused { None } else { Key::from_terminal(key).and_then(|key| self.keymap.action(key, &self.state, engine)) };
                action.and_then(|action| update(&mut self.state, action, &desk))
            }
            TerminalEvent::Paste(text) => {
                // Text fields only: a paste must never be taken for keys.
                for letter in text.chars().take(PASTE_CHARS).filter(|c| !c.is_control()) {
                    if self.state.top().is_some_and(|open| open.layer.takes_text()) {
                        update(&mut self.state, Action::Type(letter), &desk);
                    }
                }
                None
            }
            TerminalEvent::Mouse(_) | TerminalEvent::Resize(..) | TerminalEvent::FocusGained | TerminalEvent::FocusLost => None,
        };
        intent.into_iter().collect()
    }

    /// Hears what became true.
    pub fn hear(&mut self, notices: &[Notice], live: &Engine) {
        if !notices.is_empty() && must_thaw(&self.state, live) {
            self.hold(None);
        }
    }

    /// Holds the glass at this state, or lets it go on.
    pub fn hold(&mut self, engine: Option<&Engine>) {
        self.state.held = engine.map(Engine::now);
        self.held = engine.map(|engine| Box::new(engine.clone()));
    }

    /// Shows why something was not done.
    pub fn refuse(&mut self, text: String) {
        let wall = self.wall();
        self.state.refuse(text, wall);
    }

    /// Says what a journal has lost.
    pub fn tell_losses(&mut self, losses: &Losses) {
        if !losses.is_empty() {
            let text = self.words.text("journal-losses", &[("records", losses.records().into())]);
            self.refuse(text);
        }
    }

    pub fn set_theme(&mut self, name: &str) {
        self.theme = Theme::for_terminal(name, self.colours);
        self.screen.clear();
    }

    pub fn set_lang(&mut self, lang: Lang) {
        self.words = Words::new(lang);
        self.format = Format::new(lang, self.zone, self.glyphs);
        self.screen.clear();
    }

    pub fn clear(&mut self) {
        self.screen.clear();
    }

    /// Gives the terminal back and stops until the shell resumes the program.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub fn suspend(&mut self) -> std::io::Result<()> {
        self.screen.suspend()
    }

    /// Takes the terminal again after a stop.
    pub fn resume(&mut self) {
        self.screen.resume();
    }

    /// Draws a frame.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub fn draw(&mut self, live: &Engine, now: At, mode: Mode, journal: Option<&JournalStatus>, speed: f64) -> std::io::Result<()> {
        let wall = self.wall();
        tick(&mut self.state, wall);
        if must_thaw(&self.state, live) {
            self.hold(None);
        }
        let format = self.format.clone().masking(self.state.masked);
        let view = View {
            engine: self.held.as_deref().unwrap_or(live),
            state: &self.state,
            words: &self.words,
            theme: &self.theme,
            format: &format,
            glyphs: &self.glyphs,
            keymap: &self.keymap,
            now: self.state.held.unwrap_or(now),
            mode,
            journal: light(journal),
            speed,
        };
        self.screen.draw(|frame| render(frame, &view))
    }
}

fn light(status: Option<&JournalStatus>) -> JournalLight {
    match status {
        None => JournalLight::Off,
        Some(status) => match status.health {
            Health::Writing | Health::Slow { .. } if status.lost == 0 => JournalLight::Recording,
            Health::Writing | Health::Slow { .. } | Health::Failing { .. } => JournalLight::Lost,
        },
    }
}
