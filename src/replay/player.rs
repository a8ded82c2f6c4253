//! The player: a clock that can be paused, hurried and set, on a thread of its own. It hears orders and shows states; the glass
//! takes the latest one and never waits.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::Duration;

use tokio::sync::mpsc;

use super::head::{Head, Progress};
use super::hindsight;
use super::scan::{self, Lost, Shared};
use crate::clock::{self, Clock};
use crate::engine::Engine;
use crate::engine::rule::Playbook;
use crate::engine::time::{At, SECOND_MS};
use crate::engine::view::marks::Mark;
use crate::files::Gauge;

/// Times real speed that `<` and `>` go through.
pub const SPEEDS: [f64; 11] = [0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];
/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(50);
/// Records stepped before orders are heard again.
const TURN: u64 = 10_000;
/// Least time between two states that are shown, orders aside.
const SHOW_MS: u128 = 200;
/// A state is not copied more often than this times what the copy took.
const SHARE_OF_COPYING: u32 = 5;

/// What the operator asks of a replay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    Seek(At),
    Pause,
    Faster,
    Slower,
    /// Milliseconds on, or back when negative; it pauses.
    Step(i64),
    Known(Known),
}

/// What had arrived by then, or everything that is known now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    #[default]
    Then,
    Now,
}

/// How the time of a replay moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    Plays,
    Paused,
    /// On the way to a moment: what is shown is the nearest state before it, with the curves of all that is known.
    Seeks,
    /// At its end, paused.
    Ended,
}

/// How a replay stands.
#[derive(Clone, Debug)]
pub struct Standing {
    pub from: At,
    /// The end, as far as it is read.
    pub to: At,
    pub speed: f64,
    pub pace: Pace,
    pub known: Known,
    /// Facts that only today's knowledge added to this moment.
    pub added: u64,
    /// How much is read, from 0 to 1.
    pub opened: f64,
    pub marks: Arc<[Mark]>,
    pub lost: Lost,
    /// Late facts that are not remembered.
    pub late_left_out: u64,
    /// Why it can go no further.
    pub failed: Option<String>,
}

/// A state with its time.
#[derive(Clone, Debug)]
pub struct Shown {
    pub engine: Arc<Engine>,
    /// A later state that knows the curves while this one is not there yet.
    pub curves: Option<Arc<Engine>>,
    pub at: At,
    pub standing: Standing,
}

/// The glass's side of a replay.
#[derive(Debug)]
pub struct Player {
    orders: Sender<Order>,
    pub shown: mpsc::Receiver<Shown>,
}

impl Player {
    /// Opens a journal or a file of events and plays it from its beginning; `gauge` tells meanwhile how far a file is read.
    ///
    /// # Errors
    /// When it cannot be read, or holds nothing.
    pub fn open(path: &Path, speed: f64, playbook: Playbook, gauge: &Arc<Gauge>) -> std::io::Result<(Self, Shown)> {
        let index = scan::open(path, playbook, Arc::clone(gauge))?;
        let first = loop {
            let shared = index.lock();
            match (shared.first, &shared.failed, shared.complete) {
                (_, Some(error), _) => return Err(std::io::Error::other(format!("{}: {error}", path.display()))),
                (Some(first), None, _) => break first,
                (None, None, true) => {
                    let refused = shared.lost.refused + shared.lost.losses.records();
                    let why = if refused > 0 { format!("; {refused} lines or records of it cannot be read") } else { String::new() };
                    return Err(std::io::Error::other(format!("{}: holds no event to play{why}", path.display())));
                }
                (None, None, false) => {}
            }
            drop(shared);
            std::thread::sleep(Duration::from_millis(2));
        };
        let (orders, heard) = channel();
        let (states, shown) = mpsc::channel(1);
        let mut deck = Deck::new(index, states, first, speed);
        let now = deck.shown();
        std::thread::Builder::new().name("player".into()).spawn(move || deck.run(&heard))?;
        Ok((Self { orders, shown }, now))
    }

    /// Hands an order on.
    pub fn order(&self, order: Order) {
        // a player that has ended plays nothing more
        let _ = self.orders.send(order);
    }
}

/// The player's own side.
struct Deck {
    index: Shared,
    generation: u32,
    head: Head,
    states: mpsc::Sender<Shown>,
    clock: Clock,
    speed: f64,
    paused: bool,
    known: Known,
    /// The moment that it is on the way to.
    goal: Option<At>,
    /// The head is to be set nearer to it first: that copies a state, and the curves need not wait for it.
    sets_out: bool,
    added: u64,
    /// Something is to be shown; at once where the operator asked for it.
    news: News,
    last_shown: std::time::Instant,
    last_copy: Duration,
    opened: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    None,
    Some,
    Urgent,
}

impl Deck {
    fn new(index: Shared, states: mpsc::Sender<Shown>, first: At, speed: f64) -> Self {
        let generation = index.lock().generation;
        Self {
            generation,
            head: Head::new(index.clone()),
            index,
            states,
            clock: Clock::scaled(first, speed),
            speed,
            paused: false,
            known: Known::Then,
            // the first moment is whole once all of its records are read
            goal: Some(first),
            sets_out: false,
            added: 0,
            news: News::Some,
            last_shown: clock::instant(),
            last_copy: Duration::ZERO,
            opened: 0.0,
        }
    }

    fn run(mut self, orders: &Receiver<Order>) {
        let mut busy = false;
        loop {
            let order = if busy { orders.try_recv() } else { orders.recv_timeout(TICK).map_err(of_timeout) };
            match order {
                Ok(order) => {
                    self.hear(order);
                    if self.sets_out && !self.show() {
                        return;
                    }
                }
                Err(TryRecvError::Disconnected) => return,
                Err(TryRecvError::Empty) => {}
            }
            busy = self.turn();
            if !self.show() {
                return;
            }
        }
    }

    fn hear(&mut self, order: Order) {
        let here = self.goal.unwrap_or_else(|| self.head.at());
        self.news = News::Urgent;
        match order {
            Order::Seek(at) => self.seek(at),
            Order::Step(ms) => {
                self.paused = true;
                self.seek(here.plus_ms(ms));
            }
            Order::Pause => self.paused = !self.paused,
            Order::Faster => self.speed = SPEEDS.into_iter().find(|speed| *speed > self.speed).unwrap_or(self.speed),
            Order::Slower => self.speed = SPEEDS.into_iter().rev().find(|speed| *speed < self.speed).unwrap_or(self.speed),
            Order::Known(known) => self.known = known,
        }
        self.clock = Clock::scaled(self.head.at(), self.speed);
    }

    fn seek(&mut self, at: At) {
        let index = self.index.lock();
        let (from, end) = (index.first.unwrap_or(at), if index.complete { index.reached } else { at.max(index.reached) });
        drop(index);
        let to = at.clamp(from, end.max(from));
        (self.goal, self.sets_out) = (Some(to), self.head.nearer(to).is_some());
    }

    /// Moves on. True where there is more to do at once.
    fn turn(&mut self) -> bool {
        let index = self.index.lock();
        let (generation, reached, complete, opened) = (index.generation, index.reached, index.complete, index.opened());
        drop(index);
        if generation != self.generation {
            (self.generation, self.head) = (generation, Head::new(self.index.clone()));
            self.goal = Some(self.clock.now());
        }
        if opened != self.opened {
            self.opened = opened;
            self.news = self.news.max(News::Some);
        }
        // while it is still read, what is at its very end may not be all of that moment
        let limit = if complete { reached } else { reached.plus_ms(-1) };
        if let Some(goal) = self.goal {
            if std::mem::take(&mut self.sets_out) {
                self.head.turn_to(goal);
            }
            let progress = self.head.go(goal.min(limit), TURN);
            let arrived = progress == Progress::Arrived && (complete || goal <= limit);
            if arrived {
                self.goal = None;
                self.clock = Clock::scaled(self.head.at(), self.speed);
                self.news = News::Urgent;
            }
            return progress == Progress::More;
        }
        if self.paused {
            return false;
        }
        let before = self.head.at();
        let progress = self.head.go(self.clock.now().min(limit).max(before), TURN);
        if progress != Progress::Arrived || self.head.at() >= limit {
            // the clock waits for the records
            self.clock = Clock::scaled(self.head.at(), self.speed);
        }
        if complete && self.head.at() >= reached {
            self.paused = true;
            self.news = News::Urgent;
        }
        if self.head.at() != before {
            self.news = self.news.max(News::Some);
        }
        progress == Progress::More
    }

    /// Shows the state where it is time to. False when nobody looks any more.
    fn show(&mut self) -> bool {
        if self.states.is_closed() {
            return false;
        }
        let since = self.last_shown.elapsed();
        let is_time = since.as_millis() >= SHOW_MS && since >= self.last_copy * SHARE_OF_COPYING;
        if self.news == News::None || (self.news == News::Some && !is_time) {
            return true;
        }
        if self.states.capacity() > 0 {
            let shown = self.shown();
            // a glass that has gone is told by the next turn
            let _ = self.states.try_send(shown);
        }
        true
    }

    fn shown(&mut self) -> Shown {
        let started = clock::instant();
        (self.news, self.added) = (News::None, 0);
        let (engine, curves, at) = match self.goal {
            Some(goal) => {
                let index = self.index.lock();
                let before = index.keyframes.before(goal).map(|keyframe| Arc::clone(&keyframe.engine));
                let curves = index.keyframes.after(goal).map(|keyframe| Arc::clone(&keyframe.engine));
                drop(index);
                (before.unwrap_or_else(|| Arc::new(self.head.at_rest())), curves, goal)
            }
            None => (Arc::new(self.known()), None, self.head.at()),
        };
        self.last_copy = started.elapsed();
        self.last_shown = clock::instant();
        Shown { engine, curves, at, standing: self.standing() }
    }

    /// The state at the head, as it is known.
    fn known(&mut self) -> Engine {
        if self.known == Known::Then || hindsight::is_the_end(self.head.at(), &self.index) {
            return self.head.at_rest();
        }
        match hindsight::known_now(&self.head, &self.index) {
            Ok((engine, added)) => {
                self.added = added;
                engine
            }
            Err(error) => {
                self.index.lock().failed.get_or_insert(error);
                self.head.at_rest()
            }
        }
    }

    fn standing(&self) -> Standing {
        let index = self.index.lock();
        let is_over = index.complete && self.head.at() >= index.reached;
        let pace = match (self.goal, self.paused) {
            (Some(_), _) => Pace::Seeks,
            (None, true) if is_over => Pace::Ended,
            (None, true) => Pace::Paused,
            (None, false) => Pace::Plays,
        };
        let from = index.first.or(index.plan.starts_at).unwrap_or_else(|| self.clock.now());
        // the plan knows where a broadcast goes that is still being read
        let planned = if index.complete { None } else { index.plan.ends_at() };
        Standing {
            from,
            to: planned.map_or(index.reached, |end| end.max(index.reached)).max(from.plus_ms(SECOND_MS)),
            speed: self.speed,
            pace,
            known: self.known,
            added: self.added,
            opened: index.opened(),
            marks: Arc::clone(&index.marks),
            lost: index.lost.clone(),
            late_left_out: index.late_left_out,
            failed: self.head.failed().map(str::to_owned).or_else(|| index.failed.clone()),
        }
    }
}

fn of_timeout(error: RecvTimeoutError) -> TryRecvError {
    match error {
        RecvTimeoutError::Timeout => TryRecvError::Empty,
        RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
    }
}
