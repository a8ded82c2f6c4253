//! The stage of a rehearsal: broadcast, desk and keys in one loop of whole seconds.
//!
//! The clock only says when the next second is due; it never times anything. A key belongs to the second that is on when it
//! is pressed, and keys from a file are pressed in theirs: so scenario, seed and keys with their times are the play, byte
//! for byte, however fast it runs.

use std::collections::VecDeque;
use std::time::Duration;

use crossterm::event::{Event as TerminalEvent, KeyEventKind};
use tokio::sync::mpsc;

use super::demo::batched;
use super::ending::Ending;
use super::session::Session;
use crate::clock::Clock;
use crate::engine::event::{Fact, Record};
use crate::engine::id::Name;
use crate::engine::time::{At, SECOND_MS};
use crate::feed::Batch;
use crate::rehearsal::keys::{Keys, Press, Source};
use crate::rehearsal::progress::Uncounted;
use crate::rehearsal::score::Raised;
use crate::rehearsal::solo::{open_cards, raised};
use crate::simulate::act::Act;
use crate::simulate::broadcast::Broadcast;
use crate::ui::keymap::{Code, Key};
use crate::ui::page::Page;
use crate::ui::words::Lang;

/// Seconds of the broadcast that are played before keys and frames are looked at again.
const TURN_S: usize = 10;

/// A sheet of the debrief, as far as it is known.
#[derive(Debug)]
pub struct Sheet {
    pub page: Page,
    /// Nothing will be added to it.
    pub last: bool,
}

/// What is left of a play when its curtain falls.
#[derive(Debug)]
pub struct Ended {
    pub at: At,
    pub acts: Vec<Act>,
    pub raised: Vec<Raised>,
    pub keys: Keys,
    pub lang: Lang,
    pub masked: bool,
    /// Why it is no play of the operator's, where it is none.
    pub uncounted: Option<Uncounted>,
}

/// Falls at the end of a play: the first sheet of the debrief at once, the others as they are written.
pub type Curtain = Box<dyn FnOnce(Ended) -> (Sheet, mpsc::Receiver<Sheet>) + Send>;

/// A play under way.
#[derive(Debug)]
pub struct Stage {
    broadcast: Broadcast,
    opens: At,
    closes: At,
    speed: f64,
    /// Runs from when the operator sits down.
    clock: Option<Clock>,
    /// Keys of a file that are still to be pressed; nobody else presses any then.
    script: Option<VecDeque<Press>>,
    keys: Keys,
    last_press: At,
    unheard: Vec<Act>,
    acts: Vec<Act>,
    answers: Vec<Record>,
    /// Cards that were open at sitting down.
    there: Vec<Name>,
}

impl Stage {
    /// A play of a broadcast at so many times real speed, by hand or by a file of keys; `source`: what its scenario is read from.
    #[must_use]
    pub fn new(broadcast: Broadcast, source: Option<Source>, speed: f64, script: Option<Keys>) -> Self {
        let scenario = broadcast.scenario();
        let (opens, closes) = (scenario.starts_at.plus_s(scenario.opens_s()), scenario.starts_at.plus_s(scenario.closes_s()));
        let keys = Keys {
            scenario: Some(scenario.called().to_owned()),
            source,
            seed: Some(broadcast.seed.0),
            speed: script.as_ref().map_or(speed, |keys| keys.speed),
            presses: Vec::new(),
        };
        Self {
            opens,
            closes,
            speed,
            clock: None,
            script: script.map(|keys| keys.presses.into()),
            keys,
            last_press: opens,
            unheard: Vec::new(),
            acts: Vec::new(),
            answers: Vec::new(),
            there: Vec::new(),
            broadcast,
        }
    }

    /// Where the operator sits down, and how fast the glass's own time runs against the broadcast's.
    #[must_use]
    pub const fn pace(&self) -> (At, f64) {
        (self.opens, self.keys.speed)
    }
    #[must_use]
    pub const fn closes(&self) -> At {
        self.closes
    }
    /// True before the operator's part begins.
    fn is_behind(&self) -> bool {
        self.broadcast.now() < self.opens
    }
    fn is_over(&self) -> bool {
        self.broadcast.now() >= self.closes
    }

    /// Time on the glass: within the second that is on.
    #[must_use]
    pub fn now(&self) -> At {
        let second = self.broadcast.now();
        let Some(clock) = &self.clock else { return second };
        clock.now().clamp(second, second.plus_ms(SECOND_MS - 1)).max(self.last_press)
    }

    /// Why this is no play of the operator's: a file pressed the keys, or nobody sat it out and pressed any but those that leave.
    fn uncounted(&self, has_keys: bool) -> Option<Uncounted> {
        let plays = |press: &Press| Key::parse(&press.key).is_some_and(|key| !leaves(key));
        match () {
            () if self.script.is_some() => Some(Uncounted::Playback),
            () if self.keys.presses.iter().any(plays) || (has_keys && self.is_over()) => None,
            () => Some(Uncounted::Unattended),
        }
    }

    /// How long until the next second is due.
    #[must_use]
    pub fn due_in(&self) -> Duration {
        let Some(clock) = &self.clock else { return Duration::ZERO };
        let left_ms = self.broadcast.now().plus_ms(SECOND_MS).since_ms(clock.now()).max(0);
        #[expect(clippy::cast_precision_loss, reason = "at most a second")]
        Duration::from_secs_f64(left_ms as f64 / 1_000.0 / self.speed)
    }

    /// Plays the next second: what reaches the desk in it.
    fn step(&mut self) -> Batch {
        let to = self.broadcast.now().plus_ms(SECOND_MS);
        let acts = std::mem::take(&mut self.unheard);
        let deliveries = self.broadcast.advance_to(to, &acts);
        if self.clock.is_none() && !self.is_behind() {
            self.clock = Some(Clock::scaled(self.opens, self.speed));
        }
        batched(deliveries)
    }

    /// What the desk wrote: the shoppers answer to it from the next second on.
    pub fn hear(&mut self, record: Record) {
        let told = |act: &Act| self.answers.iter().find_map(|answer| act.is_told_by(&answer.event));
        if let Some(act) = Act::of(&record.event) {
            let act = Act { told: told(&act), ..act };
            self.unheard.push(act.clone());
            self.acts.push(act);
        }
        if matches!(record.event.fact, Fact::AdviceAnswer(_)) {
            self.answers.push(record);
        }
    }

    /// A key of the operator: when it is pressed; `None` before the play is open, and while a file presses the keys.
    fn take(&mut self, key: Key) -> Option<At> {
        if self.is_behind() || self.script.is_some() {
            return None;
        }
        let at = self.now();
        self.note(at, key.to_string());
        Some(at)
    }

    /// The next key of the file that belongs to the second that is on.
    fn next_scripted(&mut self) -> Option<(At, Key)> {
        let starts_at = self.broadcast.scenario().starts_at;
        let end = self.broadcast.now().plus_ms(SECOND_MS);
        if self.is_behind() {
            return None;
        }
        let press = self.script.as_mut()?.pop_front_if(|press| starts_at.plus_ms(press.at_ms) < end)?;
        let at = starts_at.plus_ms(press.at_ms).max(self.last_press).max(self.broadcast.now());
        let key = Key::parse(&press.key)?;
        self.note(at, press.key);
        Some((at, key))
    }

    fn note(&mut self, at: At, key: String) {
        self.last_press = at;
        self.keys.presses.push(Press { at_ms: at.since_ms(self.broadcast.scenario().starts_at), key });
    }
}

/// The keys in what the terminal reports: a play is made of keys alone, so that it can be played again.
fn keys_of(event: &TerminalEvent) -> Vec<Key> {
    match event {
        TerminalEvent::Key(key) if key.kind != KeyEventKind::Release => Key::from_terminal(key).into_iter().collect(),
        TerminalEvent::Paste(text) => text.chars().filter(|c| !c.is_control()).map(|letter| Key::plain(Code::Char(letter))).collect(),
        _ => Vec::new(),
    }
}

impl Session {
    /// Plays what is due, a bounded turn of it.
    pub(super) fn play(&mut self) {
        for _ in 0..TURN_S {
            let Some(stage) = self.stage.as_mut().filter(|stage| stage.due_in().is_zero()) else { return };
            let batch = stage.step();
            let now = stage.broadcast.now();
            self.desk.set_now(now);
            let mut notices = self.desk.take(batch).notices;
            notices.extend(self.desk.advance());
            self.face.hear(&notices, self.desk.engine());
            if let Some(stage) = self.stage.as_mut().filter(|stage| stage.opens == now) {
                stage.there = open_cards(self.desk.engine());
                self.face.say("drill-begins");
            }
            while let Some((at, key)) = self.stage.as_mut().and_then(Stage::next_scripted) {
                self.press_at(at, key);
            }
            if self.stage.as_ref().is_some_and(Stage::is_over) {
                self.end_play();
            }
        }
    }

    /// Keys of the operator while a play is on; the ending where they leave before it began.
    pub(super) fn press_on_stage(&mut self, event: &TerminalEvent) -> Option<Ending> {
        let is_paste = matches!(event, TerminalEvent::Paste(_));
        for key in keys_of(event) {
            if is_paste && !self.face.takes_text() {
                return None;
            }
            let stage = self.stage.as_mut()?;
            match stage.take(key) {
                Some(at) => self.press_at(at, key),
                None if leaves(key) && stage.is_behind() => return Some(Ending::Left),
                None if leaves(key) => self.end_play(),
                None => {}
            }
        }
        None
    }

    fn press_at(&mut self, at: At, key: Key) {
        self.desk.set_now(at);
        let intents = self.face.press(&TerminalEvent::Key(key.to_terminal()), self.desk.engine(), at);
        for intent in intents {
            if self.follow(intent).is_some() {
                self.end_play();
            }
        }
    }

    /// Where a connection breaks or a signal comes, what was played is kept as if the operator had left.
    pub(super) fn keep_play(&mut self, ending: Ending) {
        if matches!(ending, Ending::Signal(_) | Ending::TerminalGone) && self.stage.as_ref().is_some_and(|stage| !stage.is_behind()) {
            self.end_play();
        }
    }

    /// The curtain falls: no record is written any more, and the debrief comes onto the glass.
    fn end_play(&mut self) {
        let (Some(stage), Some(curtain)) = (self.stage.take(), self.curtain.take()) else { return };
        let mut raised = raised(self.desk.engine(), &stage.there);
        for card in &mut raised {
            stage.answers.iter().for_each(|answer| card.hear(&answer.event));
        }
        let ended = Ended {
            at: stage.now(),
            uncounted: stage.uncounted(self.face.has_keys()),
            acts: stage.acts,
            raised,
            keys: stage.keys,
            lang: self.face.lang(),
            masked: self.face.is_masked(),
        };
        let (sheet, sheets) = curtain(ended);
        self.sheets = Some(sheets);
        self.face.show(sheet.page, sheet.last);
    }
}

/// The keys that leave, also where nobody may press any.
fn leaves(key: Key) -> bool {
    matches!((key.code, key.ctrl), (Code::Char('q'), false) | (Code::Char('c'), true))
}
