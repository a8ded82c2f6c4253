//! One feed looked at by itself: started as it would be on the night, until its first word; nothing is kept, nothing is confirmed.
//!
//! The preflight asks every feed of a plan this way, `warroom feed try` one of them. What a platform wants confirmed is not
//! confirmed, so it comes again on the night; a delivery is answered as the desk would answer it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};

use super::listener::Doors;
use super::mapper::{Exchange, Mapper};
use super::outlet::{Outlet, Resume};
use super::platform::{Request, Transport};
use super::session::Session;
use super::supervision::{Task, first_state};
use super::{Batch, Rejected};
use crate::clock;
use crate::engine::event::{Event, FeedState, FeedStatus};
use crate::engine::time::At;

/// Batches that may wait to be looked at.
const QUEUE_BATCHES: usize = 16;
/// After a delivery that was refused another one is waited for.
const AFTER_REFUSAL: Duration = Duration::from_secs(5);
/// Events that are kept of a feed that has much to tell.
const MOST_EVENTS: usize = 20_000;

/// How a feed is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// History is read from here.
    pub live_start: At,
    /// Longest that the first word may take.
    pub patience: Duration,
    /// A stream that is open is listened to for so long.
    pub listen: Duration,
    /// To its end, whatever comes; else a first message ends it.
    pub to_the_end: bool,
}

/// How the look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It answered.
    Well,
    /// It is open, and nothing came.
    Silent,
    /// It failed: the state says how.
    Failed,
    /// No word within the patience.
    Late,
}

/// What was seen.
#[derive(Debug)]
pub struct Probe {
    pub outcome: Outcome,
    /// The feed's health after its first word.
    pub state: FeedState,
    pub events: Vec<Event>,
    pub rejected: Vec<Rejected>,
    pub took: Duration,
}

impl Probe {
    /// When the newest of what it told happened.
    #[must_use]
    pub fn newest(&self) -> Option<At> {
        self.events.iter().map(Event::happened_at).max()
    }

    /// The kind of its failure, as the health page names it.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        self.state.last_error.as_deref().filter(|_| self.outcome == Outcome::Failed)
    }
}

/// Looks at one feed of an account.
pub async fn look_at(session: &Arc<Session>, mapper: Mapper, request: &Request, look: Look) -> Probe {
    let began = clock::instant();
    let (tx, mut rx) = mpsc::channel(QUEUE_BATCHES);
    let state = first_state(session.account.feed_name(request), request);
    let mut outlet = Outlet::new(tx, Arc::clone(session), state.clone(), Resume::default());
    let doors = Arc::new(Doors::default());
    let task = Task {
        session: Arc::clone(session),
        request: request.clone(),
        live_start: look.live_start,
        seed: 1,
        doors: Arc::clone(&doors),
        mapper,
        succession: Mutex::default(),
    };
    let mut probe = Probe { outcome: Outcome::Late, state, events: Vec::new(), rejected: Vec::new(), took: Duration::ZERO };
    let way = Way::of(&request.transport);
    let run = task.run(&mut outlet);
    let ended = tokio::select! {
        ended = run => Some(ended),
        () = watch(&mut rx, &mut probe, began, look, way) => None,
    };
    doors.close().await;
    if let Some(ended) = ended {
        while let Ok(batch) = rx.try_recv() {
            probe.take(batch);
        }
        match ended {
            Ok(()) => probe.outcome = Outcome::Well,
            Err(fault) => {
                outlet.note_fault(&session.discreet(fault), None);
                probe.state = outlet.state().clone();
                probe.outcome = Outcome::Failed;
            }
        }
    }
    if probe.outcome == Outcome::Well && way != Way::Asked && !probe.has_told() {
        probe.outcome = Outcome::Silent;
    }
    probe.took = began.elapsed();
    probe
}

/// Who speaks first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// We ask, it answers.
    Asked,
    /// It is open, and speaks when there is something to tell.
    Heard,
    /// It comes to us, and waits for our answer.
    Delivered,
}

impl Way {
    const fn of(transport: &Transport) -> Self {
        match transport {
            Transport::Poll(_) => Self::Asked,
            Transport::Webhook(_) => Self::Delivered,
            Transport::Sse(_) | Transport::Ws(_) | Transport::Ndjson(_) | Transport::Nats(_) | Transport::Kafka(_) => Self::Heard,
        }
    }
}

/// Takes what the feed says until it has said enough.
async fn watch(rx: &mut mpsc::Receiver<Batch>, probe: &mut Probe, began: Instant, look: Look, way: Way) {
    let mut opened: Option<Instant> = None;
    let mut refused: Option<Instant> = None;
    loop {
        let until = opened.map_or(began + look.patience, |opened| opened + look.listen);
        let until = refused.map_or(until, |refused| until.min(refused + AFTER_REFUSAL));
        let Ok(Some(mut batch)) = tokio::time::timeout_at(until.into(), rx.recv()).await else { return };
        // nobody keeps it: what wants to be confirmed is not
        let committed = batch.committed.take();
        let wants_confirming = committed.is_some();
        let brought = !batch.events.is_empty() || !batch.rejected.is_empty();
        probe.take(batch);
        if let Some(committed) = committed.filter(|_| way == Way::Delivered) {
            // who delivered may be gone
            let _ = committed.send(true);
        }
        if way == Way::Delivered && probe.state.errors > 0 && !brought {
            // a delivery was refused, or what it names could not be fetched
            probe.outcome = Outcome::Failed;
            refused = refused.or_else(|| Some(clock::instant()));
            continue;
        }
        match probe.state.status {
            FeedStatus::Failed | FeedStatus::Retrying => {
                probe.outcome = Outcome::Failed;
                return;
            }
            FeedStatus::Ok | FeedStatus::Ended => {
                probe.outcome = Outcome::Well;
                // what has more to tell than fits at once is read on, as long as a stream is listened to
                let has_told = probe.has_told() && probe.state.caught_up && !(look.to_the_end && way == Way::Heard);
                if way == Way::Asked || has_told || probe.state.status == FeedStatus::Ended {
                    return;
                }
                opened = opened.or_else(|| Some(clock::instant()));
            }
            FeedStatus::Starting => {}
        }
        if wants_confirming && brought || probe.events.len() >= MOST_EVENTS {
            probe.outcome = Outcome::Well;
            return;
        }
    }
}

impl Probe {
    fn has_told(&self) -> bool {
        !self.events.is_empty() || !self.rejected.is_empty() || self.state.unmapped + self.state.skipped > 0
    }

    fn take(&mut self, batch: Batch) {
        self.events.extend(batch.events);
        self.rejected.extend(batch.rejected);
        if let Some(state) = batch.state {
            self.state = state;
        }
    }
}

/// Payloads that are kept for whoever looks.
const MOST_EXCHANGES: usize = 64;

/// A witness and what it hears.
#[must_use]
pub fn witness() -> (super::mapper::Witness, mpsc::Receiver<Exchange>) {
    mpsc::channel(MOST_EXCHANGES)
}
