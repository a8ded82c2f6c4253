//! The select loop: keys, frames, feeds, signals. Keys first; feeds are drained in bounded turns; a frame is drawn only when
//! something changed, and never more often than [`FRAME_MS`] after a key or [`CALM_FRAME_MS`] for facts alone.

use std::path::Path;
use std::time::Duration;

use crossterm::event::{Event as TerminalEvent, EventStream};
use futures_util::StreamExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::desk::{Desk, Taken};
use super::ending::{Ending, Signals};
use super::face::{Face, Scene};
use super::foresight::Foresight;
use super::history::Piece;
use super::outbox::{Outbox, Sent};
use super::replay::Playing;
use super::stage::{Curtain, Sheet, Stage};
use super::terminal::panicked;
use crate::config::playbook::PlaybookFile;
use crate::engine::event::{Fact, Record};
use crate::engine::time::At;
use crate::feed::Batch;
use crate::feed::errand::Commission;
use crate::journal::bookmarks::Bookmarks;
use crate::replay::{Pace, Shown};
use crate::ui::action::Action;
use crate::ui::detail;
use crate::ui::intent::{Intent, Wish};
use crate::ui::state::Mode;

/// Least time between two frames.
pub const FRAME_MS: u64 = 40;
/// Least time between two frames when no key was pressed: facts change figures, not what the eye waits for.
pub const CALM_FRAME_MS: u64 = 500;
/// The engine is walked to the present, and ages on the glass move, this often.
const SECOND: Duration = Duration::from_secs(1);
/// Events taken from the feeds before keys and frames are looked at again.
const TURN_EVENTS: usize = 2_000;
/// Where the glass's acts go in a broadcast that answers to them.
pub type Acts = mpsc::UnboundedSender<Record>;

/// What a session needs.
pub struct Session {
    pub desk: Desk,
    pub face: Box<dyn Face>,
    pub mode: Mode,
    /// What the journal holds already; feeds wait until it is restored.
    pub history: Option<mpsc::Receiver<Piece>>,
    /// Starts the feeds, once the history is restored.
    pub start_feeds: Option<StartFeeds>,
    /// Who hears of the operator's acts.
    pub outside: Outside,
    /// Read again when it changes.
    pub playbook: Option<PlaybookFile>,
    /// The replay that is shown in the place of the desk's own state.
    pub playing: Option<Playing>,
    pub foresight: Foresight,
    /// Kept beside the journal, where there is one.
    pub bookmarks: Option<Bookmarks>,
    /// A rehearsal that is being played, and what follows it.
    pub stage: Option<Stage>,
    pub curtain: Option<Curtain>,
    pub sheets: Option<mpsc::Receiver<Sheet>>,
}

/// The bookmarks beside a journal; where they cannot be read there are none, and the log says why.
#[must_use]
pub fn bookmarks(journal: &Path) -> Option<Bookmarks> {
    if journal.as_os_str() == "-" {
        return None;
    }
    let bookmarks = Bookmarks::beside(journal).inspect_err(|error| tracing::warn!("{error}")).ok()?;
    if bookmarks.unread() > 0 {
        tracing::warn!("{}: {} lines beside it are no bookmarks; they stay as they are", journal.display(), bookmarks.unread());
    }
    Some(bookmarks)
}

/// Who hears of the operator's acts beyond the journal: a simulated audience or the shop's own automation, never both.
#[derive(Debug)]
pub enum Outside {
    Nobody,
    /// A broadcast that answers to them.
    Audience(Acts),
    /// A live's own automation, asked for each act that the plan names it for.
    Automation(Outbox),
}

/// Starts the feeds and gives the end of their queue.
pub type StartFeeds = Box<dyn FnOnce(&mut Desk) -> mpsc::Receiver<Batch> + Send>;

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl Session {
    /// Runs until the operator leaves, a signal comes, or the terminal is gone.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub async fn run(mut self) -> std::io::Result<(Ending, Desk)> {
        let mut signals = Signals::listen()?;
        let mut keys = self.face.has_keys().then(EventStream::new);
        let mut second = interval(SECOND);
        second.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut feeds = None;
        let mut frames = Frames::default();
        self.tell_marks();
        self.draw(&mut frames)?;
        if self.history.is_none() {
            feeds = self.start_feeds.take().map(|start| start(&mut self.desk));
        }
        let ending = loop {
            let (takes, due_in) = (self.desk.has_room(), self.stage.as_ref().map(Stage::due_in));
            tokio::select! {
                biased;
                ending = signals.next(self.face.as_mut()) => match ending {
                    Some(ending) => break ending,
                    None => frames.want_now(),
                },
                () = panicked() => break Ending::Panicked,
                key = next_key(&mut keys) => match key {
                    Some(Ok(event)) => {
                        if let Some(ending) = self.press(&event) { break ending }
                        frames.want_now();
                    }
                    Some(Err(_)) | None => break Ending::TerminalGone,
                },
                () = sleep_until(frames.due()), if frames.wanted() => self.draw(&mut frames)?,
                _ = second.tick() => {
                    self.pass_second();
                    frames.want();
                }
                future = self.foresight.next() => {
                    self.face.hear_future(future);
                    frames.want_now();
                }
                shown = next_shown(&mut self.playing) => {
                    frames.want_now();
                    if self.show(shown) {
                        self.draw(&mut frames)?;
                        break Ending::Finished;
                    }
                }
                piece = next(&mut self.history) => {
                    if self.restore(piece) { feeds = self.start_feeds.take().map(|start| start(&mut self.desk)); }
                    frames.want();
                }
                sent = next_result(&mut self.outside) => {
                    self.log_result(&sent);
                    frames.want();
                }
                batch = next(&mut feeds), if takes => match batch {
                    Some(batch) => {
                        self.take(batch, feeds.as_mut());
                        frames.want();
                    }
                    None => feeds = None,
                },
                sheet = next(&mut self.sheets) => {
                    match sheet {
                        Some(sheet) => self.face.show(sheet.page, sheet.last),
                        None if !self.face.has_keys() => break Ending::Finished,
                        None => self.sheets = None,
                    }
                    frames.want_now();
                }
                () = passed(due_in.unwrap_or_default()), if due_in.is_some() && takes => {
                    self.play();
                    frames.want();
                }
            }
        };
        self.keep_play(ending);
        self.hear_last().await;
        Ok((ending, self.desk))
    }

    /// What was sent out and is not answered yet is waited for, within its limits.
    async fn hear_last(&mut self) {
        let Outside::Automation(outbox) = &mut self.outside else { return };
        for sent in outbox.last().await {
            self.log_result(&sent);
        }
    }

    /// The marks that a recording has, and the operator's own.
    fn tell_marks(&mut self) {
        if let Some(playing) = &self.playing {
            self.face.hear_reel(playing.reel());
        }
        if let Some(bookmarks) = &self.bookmarks {
            self.face.hear_bookmarks(bookmarks.all());
        }
    }

    /// A second of the wall has passed. A recording, a rehearsal and what is still restored have their own time.
    fn pass_second(&mut self) {
        self.reload_playbook();
        let restoring = self.history.is_some() && self.mode == Mode::Live;
        if self.playing.is_none() && !restoring && self.mode != Mode::Rehearsal {
            let notices = self.desk.advance();
            self.face.hear(&notices, self.desk.engine());
        }
    }

    /// A playbook file that changed comes into force; one with errors leaves the one before.
    fn reload_playbook(&mut self) {
        match self.playbook.as_mut().and_then(PlaybookFile::changed) {
            None => {}
            Some(Ok(playbook)) => {
                let taken = self.desk.write_playbook(playbook);
                self.face.hear(&taken.notices, self.desk.engine());
            }
            Some(Err(problems)) => self.face.refuse(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        }
    }

    /// Takes a batch and what else waits, within a bounded turn.
    fn take(&mut self, first: Batch, mut more: Option<&mut mpsc::Receiver<Batch>>) {
        let mut next = Some(first);
        let mut events = 0;
        while let Some(batch) = next {
            events += batch.events.len();
            let taken = self.desk.take(batch);
            self.face.hear(&taken.notices, self.desk.engine());
            next = if events < TURN_EVENTS && self.desk.has_room() { more.as_mut().and_then(|feeds| feeds.try_recv().ok()) } else { None };
        }
    }

    /// Steps a piece of the journal. True when the history is complete.
    fn restore(&mut self, piece: Option<Piece>) -> bool {
        match piece {
            Some(Piece::Records(records)) => {
                for record in &records {
                    self.desk.restore(record);
                }
                if self.mode.follows() {
                    self.desk.keep_up();
                    self.face.tell_silence(0);
                }
                false
            }
            Some(Piece::Silent { silent_ms, losses }) => {
                self.face.tell_losses(&losses, 0);
                self.face.tell_silence(silent_ms);
                false
            }
            Some(Piece::End(losses)) => {
                self.face.tell_losses(&losses, 0);
                self.history = None;
                true
            }
            Some(Piece::Failed(error)) => {
                self.face.refuse(error);
                self.history = None;
                true
            }
            None => {
                self.history = None;
                true
            }
        }
    }

    /// A key, a paste, a click, a resize.
    fn press(&mut self, event: &TerminalEvent) -> Option<Ending> {
        if self.stage.is_some() {
            return self.press_on_stage(event);
        }
        let now = self.playing.as_ref().map_or_else(|| self.desk.now(), |playing| playing.latest.at);
        let live = self.playing.as_ref().map_or(self.desk.engine(), |playing| &playing.latest.engine);
        let intents = self.face.press(event, live, now);
        intents.into_iter().find_map(|intent| self.follow(intent))
    }

    pub(super) fn follow(&mut self, intent: Intent) -> Option<Ending> {
        match intent {
            Intent::Write(wish) => self.write(wish),
            Intent::Send(wish) => self.send(wish),
            Intent::Hold(hold) => {
                self.face.hold(hold.then(|| self.desk.engine()));
                None
            }
            Intent::Quit => Some(Ending::Left),
            Intent::Suspend => {
                self.face.suspend();
                None
            }
            Intent::Redraw => {
                self.face.clear();
                None
            }
            Intent::SetTheme(name) => {
                self.face.set_theme(&name);
                None
            }
            Intent::SetLang(lang) => {
                self.face.set_lang(lang);
                None
            }
            Intent::Futures(card) => {
                let live = self.playing.as_ref().map_or(self.desk.engine(), |playing| &playing.latest.engine);
                self.foresight.ask(&card, live);
                None
            }
            Intent::Bookmark(at) => {
                self.bookmark(at);
                None
            }
            Intent::Replay(steering) => {
                if let Some(playing) = &self.playing {
                    playing.steer(steering);
                }
                None
            }
        }
    }

    /// Takes the replay's latest state. True when there is nothing more to see and nobody who could go back.
    fn show(&mut self, shown: Shown) -> bool {
        let Some(playing) = &mut self.playing else { return false };
        playing.latest = shown;
        let standing = &playing.latest.standing;
        if standing.opened >= 1.0 && !std::mem::replace(&mut playing.told, true) {
            self.face.tell_losses(&standing.lost.losses, standing.lost.refused);
            if let Some(error) = &standing.failed {
                self.face.refuse(error.clone());
            }
        }
        let is_over = standing.pace == Pace::Ended;
        self.face.hear_reel(playing.reel());
        is_over && !self.face.has_keys()
    }

    fn bookmark(&mut self, at: At) {
        let Some(bookmarks) = &mut self.bookmarks else { return };
        if let Err(error) = bookmarks.turn(at) {
            self.face.refuse(error.to_string());
        }
        self.face.hear_bookmarks(bookmarks.all());
    }

    fn write(&mut self, wish: Wish) -> Option<Ending> {
        if !self.mode.takes_records() {
            return None;
        }
        let closes = wish == Wish::Close;
        let Taken { notices, written } = self.desk.write(wish);
        if let Outside::Audience(acts) = &self.outside {
            for record in written {
                // A broadcast that has ended answers to nothing.
                let _ = acts.send(record);
            }
        } else if let Some(stage) = &mut self.stage {
            written.into_iter().for_each(|record| stage.hear(record));
        }
        self.face.hear(&notices, self.desk.engine());
        closes.then_some(Ending::Closed)
    }

    /// Logs an act and has it carried out by the shop's own automation, once its record is kept.
    fn send(&mut self, wish: Wish) -> Option<Ending> {
        if !self.mode.takes_records() {
            return None;
        }
        let Outside::Automation(outbox) = &mut self.outside else { return self.write(wish) };
        let (committed, kept) = oneshot::channel();
        let Taken { notices, written } = self.desk.write_and_tell(wish, Some(committed));
        let engine = self.desk.engine();
        for record in written {
            let (Fact::Intervention(act), Some(id)) = (record.event.fact, record.event.id) else { continue };
            let orders = engine.orders_about(act.kind).into_iter().map(str::to_owned).collect();
            let commission = Commission {
                id: id.to_string(),
                kind: act.kind,
                live: engine.plan().name.clone(),
                at: record.at,
                sku: act.sku.map(|sku| sku.to_string()),
                parameters: act.parameters,
                orders,
            };
            outbox.send(commission, kept);
            break;
        }
        self.face.hear(&notices, self.desk.engine());
        None
    }

    /// What became of an errand is a note like the operator's own.
    fn log_result(&mut self, sent: &Sent) {
        let words = self.face.words();
        let act = words.get(&Action::Kind(sent.kind).doc_key()).to_owned();
        let count = sent.count.to_string();
        let text = match &sent.outcome {
            Ok(status) => words.text("note-sent", &[("act", act.into()), ("count", count.into()), ("status", status.to_string().into())]),
            Err(why) => words.text("note-not-sent", &[("act", act.into()), ("why", detail::shown(why, words).into())]),
        };
        if sent.outcome.is_err() {
            self.face.refuse(text.clone());
        }
        let taken = self.desk.write(Wish::Note { text, at: None });
        self.face.hear(&taken.notices, self.desk.engine());
    }

    fn draw(&mut self, frames: &mut Frames) -> std::io::Result<()> {
        let status = self.desk.journal().map(crate::journal::Writer::status);
        let (journal, mode) = (status.as_ref(), self.mode);
        let scene = match &self.playing {
            Some(Playing { latest, .. }) => Scene {
                live: &latest.engine,
                curves: latest.curves.as_deref(),
                now: latest.at,
                mode,
                journal,
                speed: latest.standing.speed,
            },
            None => {
                let now = self.stage.as_ref().map_or_else(|| self.desk.now(), Stage::now);
                Scene { live: self.desk.engine(), curves: None, now, mode, journal, speed: self.desk.clock().speed() }
            }
        };
        let drawn = self.face.draw(&scene)?;
        frames.drawn();
        if !drawn {
            frames.want_now();
        }
        Ok(())
    }
}

/// The next result of an errand, or never where there is no automation.
async fn next_result(outside: &mut Outside) -> Sent {
    match outside {
        Outside::Automation(outbox) => outbox.next().await,
        Outside::Nobody | Outside::Audience(_) => std::future::pending().await,
    }
}

/// After this long; at once where there is nothing to wait for.
async fn passed(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

/// The next item, or never where there is no queue.
async fn next<T>(queue: &mut Option<mpsc::Receiver<T>>) -> Option<T> {
    match queue {
        Some(queue) => queue.recv().await,
        None => std::future::pending().await,
    }
}

/// The next state of a replay, or never where there is none or it has ended.
async fn next_shown(playing: &mut Option<Playing>) -> Shown {
    if let Some(playing) = playing
        && let Some(shown) = playing.player.shown.recv().await
    {
        return shown;
    }
    std::future::pending().await
}

/// The next key, or never where there is no keyboard.
async fn next_key(keys: &mut Option<EventStream>) -> Option<std::io::Result<TerminalEvent>> {
    match keys {
        Some(keys) => keys.next().await,
        None => std::future::pending().await,
    }
}

/// When the next frame is due.
#[derive(Debug)]
struct Frames {
    last: Instant,
    wanted: Option<Instant>,
}

impl Default for Frames {
    fn default() -> Self {
        Self { last: Instant::now(), wanted: None }
    }
}

impl Frames {
    fn want(&mut self) {
        self.wish(CALM_FRAME_MS);
    }
    fn want_now(&mut self) {
        self.wish(FRAME_MS);
    }
    fn wish(&mut self, after_ms: u64) {
        let due = self.last + Duration::from_millis(after_ms);
        self.wanted = Some(self.wanted.map_or(due, |wanted| wanted.min(due)));
    }
    const fn wanted(&self) -> bool {
        self.wanted.is_some()
    }
    fn due(&self) -> Instant {
        self.wanted.unwrap_or(self.last)
    }
    fn drawn(&mut self) {
        self.last = Instant::now();
        self.wanted = None;
    }
}
