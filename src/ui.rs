//! The glass: [`render`] looks, `update` changes view state, an [`Intent`](intent::Intent) is what the operator asks of the live.
//!
//! [`screen`] lays out the panels, [`panels`] fill them with [`widgets`]. Keys come from the table in `config/keys.toml`,
//! words from `config/words`, colours from `config/themes`, numbers are written by [`mod@format`].

pub mod act;
pub mod action;
pub mod closing;
pub mod command;
pub mod detail;
pub mod entry;
pub mod footer;
pub mod format;
pub mod futures;
pub mod glyphs;
pub mod host;
pub mod input;
pub mod intent;
pub mod keymap;
pub mod layer;
pub mod layers;
pub mod line;
pub mod mouse;
pub mod page;
pub mod pane;
pub mod panels;
pub mod reel;
pub mod screen;
pub mod state;
#[cfg(test)]
mod tests;
pub mod theme;
pub mod timeline;
pub mod update;
pub mod widgets;
pub mod words;

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::style::Style;

use crate::engine::Engine;
use crate::engine::time::At;
use format::Format;
use glyphs::Glyphs;
use keymap::Keymap;
use state::{Mode, UiState};
use theme::{Theme, Tone};
use words::{FluentValue, Words};

/// The light that says whether the live is being recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JournalLight {
    Recording,
    /// The journal failed: what happens now is not kept.
    Lost,
    /// Another desk records; it has written nothing for so long.
    Followed {
        silent_ms: i64,
    },
    /// Nothing is recorded, by choice.
    #[default]
    Off,
}

/// Everything that drawing may look at.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// A clone that stands still while the glass is held.
    pub engine: &'a Engine,
    /// What knows the curves, where that is another state: a replay on its way shows them first.
    pub curves: &'a Engine,
    /// The live as it is, also while the glass is held: what the layers that write are about.
    pub live: &'a Engine,
    pub state: &'a UiState,
    pub words: &'a Words,
    pub theme: &'a Theme,
    pub format: &'a Format,
    pub glyphs: &'a Glyphs,
    pub keymap: &'a Keymap,
    /// The time on the glass: the engine's in a replay, the moment of holding while held.
    pub now: At,
    pub mode: Mode,
    pub journal: JournalLight,
    /// How fast the glass's time runs: 1 for a live.
    pub speed: f64,
}

impl<'a> View<'a> {
    #[must_use]
    pub const fn style(&self, tone: Tone) -> Style {
        self.theme.style(tone)
    }
    /// A word of the catalogue.
    #[must_use]
    pub fn word(&self, key: &'a str) -> &'a str {
        self.words.get(key)
    }
    /// A sentence of the catalogue with its variables.
    #[must_use]
    pub fn text(&self, key: &str, values: &[(&'static str, FluentValue<'_>)]) -> String {
        self.words.text(key, values)
    }
    /// A person's name or key, hidden while the glass is masked.
    #[must_use]
    pub fn person(&self, name: &'a str) -> Cow<'a, str> {
        self.format.person(name)
    }
}

/// Draws the whole glass. Only looks.
pub fn render(frame: &mut Frame<'_>, view: &View<'_>) {
    screen::draw(frame, view);
    layers::draw(frame, view);
}
