//! The terminal side of the glass: words, theme, symbols and view state, keys in, frames out.

use std::time::Instant;

use crossterm::event::Event as TerminalEvent;

use super::face::{Face, Scene};
use super::terminal::{NoTerminal, Screen};
use crate::clock;
use crate::engine::Engine;
use crate::engine::notice::{Notice, NoticeKind};
use crate::engine::time::At;
use crate::journal::{Health, JournalStatus, Losses};
use crate::ui::detail;
use crate::ui::format::Format;
use crate::ui::futures::Future;
use crate::ui::glyphs::{Charset, Glyphs};
use crate::ui::input;
use crate::ui::intent::Intent;
use crate::ui::keymap::Keymap;
use crate::ui::page::Page;
use crate::ui::reel::Reel;
use crate::ui::state::{Mode, UiState};
use crate::ui::theme::{Colours, Theme};
use crate::ui::update::{Moment, must_thaw, tick};
use crate::ui::words::{Lang, Words};
use crate::ui::{JournalLight, View, host, render};

/// How the glass is to look, from the command line and the environment.
#[derive(Clone, Debug)]
pub struct Look {
    pub lang: Lang,
    pub theme: String,
    pub colours: Colours,
    /// `--ascii` or a locale without UTF-8.
    pub ascii: bool,
    /// Ring when a card is raised.
    pub bell: bool,
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
    bell: bool,
    /// The engine as it was when the glass was held.
    held: Option<Box<Engine>>,
    /// How long the desk that is looked at has been silent.
    silent_ms: Option<i64>,
    zone: chrono_tz::Tz,
    started: Instant,
    /// The broadcast's time that the glass's own runs along, and how many times as fast; real time where there is none.
    pace: Option<(At, f64)>,
    /// The broadcast's time when the glass was last looked at or touched.
    seen: At,
}

impl Glass {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When there is none, or it cannot be prepared.
    pub fn open(look: Look, mode: Mode, zone: chrono_tz::Tz) -> Result<Self, NoTerminal> {
        let screen = Screen::enter(if look.ascii { Charset::Ascii } else { Charset::Unicode })?;
        let glyphs = Glyphs::of(screen.charset());
        Ok(Self {
            screen,
            state: UiState::new(mode),
            words: Words::new(look.lang),
            theme: Theme::for_terminal(&look.theme, look.colours),
            format: Format::new(look.lang, zone, glyphs),
            glyphs,
            keymap: look.keymap,
            colours: look.colours,
            bell: look.bell,
            held: None,
            silent_ms: None,
            zone,
            started: clock::instant(),
            pace: None,
            seen: At::default(),
        })
    }

    /// The wall that layers and flashes live by: it runs at real speed whatever the live does. In a rehearsal it is told by
    /// the broadcast's time, so that the same keys meet the same layers again.
    fn wall(&self) -> At {
        if let Some((origin, speed)) = self.pace {
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "milliseconds of a broadcast")]
            return At::from_ms((self.seen.since_ms(origin).max(0) as f64 / speed) as i64);
        }
        At::from_ms(i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    fn tell(&mut self, result: std::io::Result<()>) {
        if let Err(error) = result {
            self.refuse(error.to_string());
        }
    }
}

impl Face for Glass {
    fn has_keys(&self) -> bool {
        true
    }

    /// A key, a paste, a click, a resize: what the operator asks of the live by it.
    fn press(&mut self, event: &TerminalEvent, live: &Engine, now: At) -> Vec<Intent> {
        self.seen = self.seen.max(now);
        let wall = self.wall();
        tick(&mut self.state, wall);
        if must_thaw(&self.state, live) {
            self.hold(None);
        }
        let engine: &Engine = self.held.as_deref().unwrap_or(live);
        let moment = Moment { engine, live, keymap: &self.keymap, words: &self.words, now, wall };
        input::take(&mut self.state, event, self.screen.area(), &moment).into_iter().collect()
    }

    /// Hears what became true.
    fn hear(&mut self, notices: &[Notice], live: &Engine) {
        if !notices.is_empty() && must_thaw(&self.state, live) {
            self.hold(None);
        }
        let rings = |notice: &Notice| matches!(notice.kind, NoticeKind::AdviceRaised { rings: true, .. });
        if self.bell && notices.iter().any(rings) {
            let rung = self.screen.ring();
            self.tell(rung);
        }
    }

    /// Holds the glass at this state, or lets it go on.
    fn hold(&mut self, engine: Option<&Engine>) {
        self.state.held = engine.map(Engine::now);
        self.held = engine.map(|engine| Box::new(engine.clone()));
    }

    fn words(&self) -> &Words {
        &self.words
    }

    /// Shows why something was not done.
    fn refuse(&mut self, text: String) {
        let wall = self.wall();
        self.state.refuse(detail::told(&text, &self.words), wall);
    }

    /// Says what a journal has lost.
    fn tell_losses(&mut self, losses: &Losses, refused: u64) {
        if let Some(text) = told_losses(&self.words, losses, refused) {
            self.refuse(text);
        }
    }

    fn hear_reel(&mut self, reel: Reel) {
        self.state.reel = Some(reel);
    }

    fn hear_future(&mut self, future: Future) {
        self.state.future = Some(future);
    }

    fn hear_bookmarks(&mut self, bookmarks: &[At]) {
        self.state.bookmarks = Some(bookmarks.to_vec());
    }

    fn keep_pace(&mut self, origin: At, speed: f64, closes: At) {
        (self.pace, self.seen) = (Some((origin, speed)), origin);
        self.state.drill = Some((origin, closes));
    }

    fn say(&mut self, key: &str) {
        let (wall, text) = (self.wall(), self.words.get(key).to_owned());
        self.state.say(text, wall);
    }

    fn show(&mut self, page: Page, _: bool) {
        let wall = self.wall();
        self.state.show(page, wall);
    }

    fn takes_text(&self) -> bool {
        self.state.top().is_some_and(|open| open.layer.takes_text())
    }

    fn lang(&self) -> Lang {
        self.words.lang()
    }

    fn is_masked(&self) -> bool {
        self.state.masked
    }

    fn tell_silence(&mut self, silent_ms: i64) {
        self.silent_ms = Some(silent_ms);
    }

    fn set_theme(&mut self, name: &str) {
        self.theme = Theme::for_terminal(name, self.colours);
        self.clear();
    }

    fn set_lang(&mut self, lang: Lang) {
        self.words = Words::new(lang);
        self.format = Format::new(lang, self.zone, self.glyphs);
        self.clear();
    }

    /// The next frame draws everything.
    fn clear(&mut self) {
        let cleared = self.screen.clear();
        self.tell(cleared);
    }

    /// Gives the terminal back and stops until the shell resumes the program.
    fn suspend(&mut self) {
        let resumed = self.screen.suspend();
        self.tell(resumed);
    }

    /// Takes the terminal again after a stop.
    fn resume(&mut self) {
        let resumed = self.screen.resume();
        self.tell(resumed);
    }

    /// Draws a frame; false while the one before is still on its way to the terminal.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    fn draw(&mut self, scene: &Scene<'_>) -> std::io::Result<bool> {
        let Scene { live, curves, now, mode, journal, speed } = *scene;
        self.seen = self.seen.max(now);
        let wall = self.wall();
        tick(&mut self.state, wall);
        if must_thaw(&self.state, live) {
            self.hold(None);
        }
        let format = self.format.clone().masking(self.state.masked);
        let engine = self.held.as_deref().unwrap_or(live);
        let view = View {
            engine,
            curves: curves.unwrap_or(engine),
            live,
            state: &self.state,
            words: &self.words,
            theme: &self.theme,
            format: &format,
            glyphs: &self.glyphs,
            keymap: &self.keymap,
            now: self.state.held.unwrap_or(now),
            mode,
            journal: self.silent_ms.map_or_else(|| light(journal), |silent_ms| JournalLight::Followed { silent_ms }),
            speed,
        };
        self.screen.draw(|frame| if mode == Mode::Host { host::render(frame, &view) } else { render(frame, &view) })
    }
}

/// What a journal or a file has lost, in a sentence; nothing where it is whole.
#[must_use]
pub fn told_losses(words: &Words, losses: &Losses, refused: u64) -> Option<String> {
    let damaged = (losses.records() > 0).then(|| words.text("journal-losses", &[("records", losses.records().into())]));
    let tail = losses.tail.then(|| words.get("journal-losses-tail").to_owned());
    let lines = (refused > 0).then(|| words.text("journal-losses-lines", &[("n", refused.into())]));
    let newer = losses.newer.as_ref().map(|format| words.text("journal-newer", &[("format", format.as_str().into())]));
    let parts: Vec<String> = [newer, damaged, tail, lines].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
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
