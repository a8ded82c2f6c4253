//! What the operator has before them: the [`Glass`](super::glass::Glass), or [`Lines`](super::lines::Lines) with `--plain`.

use crossterm::event::Event as TerminalEvent;

use crate::engine::Engine;
use crate::engine::notice::Notice;
use crate::engine::time::At;
use crate::journal::{JournalStatus, Losses};
use crate::ui::futures::Future;
use crate::ui::intent::Intent;
use crate::ui::page::Page;
use crate::ui::reel::Reel;
use crate::ui::state::Mode;
use crate::ui::words::{Lang, Words};

/// A face of the desk. What only a screen can do, a face without one leaves.
pub trait Face: Send {
    /// True where keys are read from the terminal.
    fn has_keys(&self) -> bool {
        false
    }
    /// A key, a paste, a click, a resize: what the operator asks of the live by it.
    fn press(&mut self, event: &TerminalEvent, live: &Engine, now: At) -> Vec<Intent> {
        let _ = (event, live, now);
        Vec::new()
    }
    /// Hears what became true.
    fn hear(&mut self, notices: &[Notice], live: &Engine);
    /// Holds what is shown at this state, or lets it go on.
    fn hold(&mut self, engine: Option<&Engine>) {
        let _ = engine;
    }
    /// The words that it speaks.
    fn words(&self) -> &Words;
    /// Says why something was not done.
    fn refuse(&mut self, text: String);
    /// Says what a journal has lost, and how many inputs were no events.
    fn tell_losses(&mut self, losses: &Losses, refused: u64);
    /// Hears how the replay stands that it shows.
    fn hear_reel(&mut self, reel: Reel) {
        let _ = reel;
    }
    /// Hears of a card's futures.
    fn hear_future(&mut self, future: Future) {
        let _ = future;
    }
    /// Hears of the places to come back to.
    fn hear_bookmarks(&mut self, bookmarks: &[At]) {
        let _ = bookmarks;
    }
    /// The glass's own time (layers, flashes) runs along the broadcast's from here on, so many times as fast.
    fn keep_pace(&mut self, origin: At, speed: f64, closes: At) {
        let _ = (origin, speed, closes);
    }
    /// Says something of the catalogue that asks nothing.
    fn say(&mut self, key: &str) {
        let _ = key;
    }
    /// Shows a page over everything else; `last` when nothing will be added to it.
    fn show(&mut self, page: Page, last: bool);
    /// True where letters are being typed.
    fn takes_text(&self) -> bool {
        false
    }
    fn lang(&self) -> Lang;
    /// Money and names are hidden.
    fn is_masked(&self) -> bool {
        false
    }
    /// Says for how long the desk that is looked at has written nothing.
    fn tell_silence(&mut self, silent_ms: i64) {
        let _ = silent_ms;
    }
    fn set_theme(&mut self, name: &str) {
        let _ = name;
    }
    fn set_lang(&mut self, lang: Lang) {
        let _ = lang;
    }
    /// Draws everything anew.
    fn clear(&mut self) {}
    fn suspend(&mut self) {}
    fn resume(&mut self) {}
    /// Shows the state; false while what was shown before is still on its way.
    ///
    /// # Errors
    /// When nobody can be shown anything any more.
    fn draw(&mut self, scene: &Scene<'_>) -> std::io::Result<bool>;
}

/// What is to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    pub live: &'a Engine,
    /// What knows the curves, where that is another state.
    pub curves: Option<&'a Engine>,
    pub now: At,
    pub mode: Mode,
    pub journal: Option<&'a JournalStatus>,
    pub speed: f64,
}
