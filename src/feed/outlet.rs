//! The feed's end of the queue to the owner: batches with their cursor, and the feed's health beside them.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::fault::Fault;
use super::mapping::Mapped;
use super::session::Session;
use super::{BATCH_EVENTS, Batch, Rejected};
use crate::engine::event::{Event, Fact, FeedState, FeedStatus};
use crate::engine::id::Name;
use crate::engine::time::At;

/// Where a feed goes on after a restart.
#[derive(Clone, Debug, Default)]
pub struct Resume {
    /// What it stored last, as it wrote it.
    pub cursor: Option<String>,
    /// Its health as the journal has it: its counters go on from there.
    pub state: Option<FeedState>,
    /// What was put aside before.
    pub asides: Vec<Rejected>,
}

/// The owner has gone; nothing can be delivered any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// Who hears that a batch is durable.
#[derive(Debug, Default)]
struct Acknowledged {
    committed: Option<oneshot::Sender<bool>>,
    by_cursor: bool,
}

/// A feed's way to the owner.
#[derive(Debug)]
pub struct Outlet {
    tx: mpsc::Sender<Batch>,
    /// Its clock tells the time, and its secrets are told to nobody.
    session: Arc<Session>,
    /// Where to go on; the last that was sent.
    cursor: Option<String>,
    asides: Vec<Rejected>,
    state: FeedState,
}

impl Outlet {
    /// `state` tells what the feed is: its name, what it gives, its limits.
    #[must_use]
    pub fn new(tx: mpsc::Sender<Batch>, session: Arc<Session>, mut state: FeedState, resume: Resume) -> Self {
        if let Some(known) = resume.state {
            state.received = known.received;
            state.unmapped = known.unmapped;
            state.skipped = known.skipped;
            state.dropped = known.dropped;
            state.errors = known.errors;
            state.retries = known.retries;
            state.complete_to = known.complete_to;
            state.heard_from = known.heard_from;
            state.caught_up = known.caught_up;
        }
        Self { tx, session, cursor: resume.cursor, asides: resume.asides, state }
    }

    #[must_use]
    pub fn now(&self) -> At {
        self.session.clock.now()
    }
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }
    /// What was put aside before the desk was started.
    #[must_use]
    pub fn known_asides(&self) -> &[Rejected] {
        &self.asides
    }
    #[must_use]
    pub const fn feed(&self) -> &Name {
        &self.state.feed
    }
    #[must_use]
    pub const fn state(&self) -> &FeedState {
        &self.state
    }

    /// Hands over what a payload became. The cursor goes with the last batch, so that it is stored when all is.
    ///
    /// # Errors
    /// When the owner has gone.
    pub async fn deliver(&mut self, mapped: Mapped, cursor: Option<String>) -> Result<(), Gone> {
        self.send(mapped, cursor, Acknowledged::default()).await
    }

    /// The same, and waits until it is durable: false when the journal failed.
    ///
    /// # Errors
    /// When the owner has gone.
    pub async fn deliver_durably(&mut self, mapped: Mapped, cursor: Option<String>) -> Result<bool, Gone> {
        let (committed, answer) = oneshot::channel();
        self.send(mapped, cursor, Acknowledged { committed: Some(committed), by_cursor: false }).await?;
        answer.await.map_err(|_| Gone)
    }

    /// The same, without waiting: the receiver tells.
    ///
    /// # Errors
    /// When the owner has gone.
    pub async fn deliver_answered(&mut self, mapped: Mapped, cursor: Option<String>) -> Result<oneshot::Receiver<bool>, Gone> {
        let (committed, answer) = oneshot::channel();
        self.send(mapped, cursor, Acknowledged { committed: Some(committed), by_cursor: false }).await?;
        Ok(answer)
    }

    /// The same, where what is acknowledged stands in the cursor: without an answer where that is not stored.
    ///
    /// # Errors
    /// When the owner has gone.
    pub async fn deliver_in_cursor(&mut self, mapped: Mapped, cursor: Option<String>) -> Result<oneshot::Receiver<bool>, Gone> {
        let (committed, answer) = oneshot::channel();
        self.send(mapped, cursor, Acknowledged { committed: Some(committed), by_cursor: true }).await?;
        Ok(answer)
    }

    /// True for a text that may lie in a cursor.
    #[must_use]
    pub fn may_store(&self, text: &str) -> bool {
        !self.session.vault.is_in(text)
    }

    /// Hands over what may be lost: what the queue has no room for is dropped and counted, but never commerce facts.
    ///
    /// # Errors
    /// When the owner has gone.
    pub async fn deliver_or_drop(&mut self, mut mapped: Mapped, cursor: Option<String>) -> Result<(), Gone> {
        if self.tx.capacity() == 0 {
            let before = mapped.events.len();
            mapped.events.retain(|event| !is_droppable(event));
            self.state.dropped += (before - mapped.events.len()) as u64;
        }
        self.send(mapped, cursor, Acknowledged::default()).await
    }

    /// Here all that feeds hand over passes by: a peer may repeat what it was sent.
    async fn send(&mut self, mut mapped: Mapped, cursor: Option<String>, mut acknowledged: Acknowledged) -> Result<(), Gone> {
        self.session.vault.make_discreet(&mut mapped.events);
        self.state.received += mapped.events.len() as u64;
        self.state.unmapped += mapped.unmapped as u64;
        self.state.skipped += mapped.skipped as u64;
        // who can ask for what a notice names has done so
        mapped.put_notices_aside();
        if let Some(why) = mapped.gap.take() {
            self.note(|state| state.last_error = Some(format!("gap: {why}").into()));
        }
        if cursor.is_some() {
            self.cursor.clone_from(&cursor);
        }
        // one with a secret in it is not stored: after a restart more is read again
        let cursor = cursor.filter(|cursor| self.may_store(cursor));
        if acknowledged.by_cursor && cursor.is_none() {
            acknowledged.committed = None;
        }
        let mut rest = mapped.events.into_iter();
        loop {
            let events: Vec<Event> = rest.by_ref().take(BATCH_EVENTS).collect();
            if rest.len() == 0 {
                return self.send_last(events, mapped.rejected, cursor, acknowledged).await;
            }
            self.send_batch(Batch { events, ..Batch::default() }).await?;
        }
    }

    async fn send_last(
        &mut self,
        events: Vec<Event>,
        rejected: Vec<Rejected>,
        cursor: Option<String>,
        Acknowledged { committed, by_cursor }: Acknowledged,
    ) -> Result<(), Gone> {
        let batch = Batch {
            events,
            rejected: self.session.discreet_aside(rejected),
            cursor,
            state: Some(self.state.clone()),
            committed,
            by_cursor,
            ..Batch::default()
        };
        self.send_batch(batch).await
    }

    async fn send_batch(&self, batch: Batch) -> Result<(), Gone> {
        let batch = Batch { feed: self.state.feed.clone(), session: Some(Arc::clone(&self.session)), ..batch };
        self.tx.send(batch).await.map_err(|_| Gone)
    }

    /// Changes the health without sending it; it goes with the next batch or [`Outlet::report`].
    pub fn note(&mut self, change: impl FnOnce(&mut FeedState)) {
        let told = self.state.last_error.clone();
        change(&mut self.state);
        if self.state.last_error != told {
            self.state.last_error = self.state.last_error.take().map(|error| Name::from(self.session.redact(&error)));
        }
    }

    /// All went well: everything before `complete_to` has been read.
    pub fn note_success(&mut self, complete_to: At) {
        self.state.status = FeedStatus::Ok;
        self.state.complete_to = Some(self.state.complete_to.map_or(complete_to, |known| known.max(complete_to)));
        self.state.retry_at = None;
        self.state.caught_up = true;
    }

    /// What was read so far reaches to `told`, and there is more to read.
    pub fn note_progress(&mut self, told: At) {
        self.state.status = FeedStatus::Ok;
        self.state.complete_to = Some(self.state.complete_to.map_or(told, |known| known.max(told)));
        self.state.retry_at = None;
    }

    /// That everything was read is taken back: only what happened before `told` is certain.
    pub fn note_doubt(&mut self, told: Option<At>) {
        self.state.status = FeedStatus::Retrying;
        self.state.complete_to = told;
    }

    /// An attempt failed; the next one is at `retry_at`, or never.
    pub fn note_fault(&mut self, fault: &Fault, retry_at: Option<At>) {
        self.state.status = if retry_at.is_some() { FeedStatus::Retrying } else { FeedStatus::Failed };
        self.state.errors += u64::from(fault.is_error());
        self.state.last_error = Some(Name::from(self.session.redact(&fault.to_string())));
        self.state.retry_at = retry_at;
    }

    /// Sends the health alone.
    ///
    /// # Errors
    /// When the owner has gone.
    pub async fn report(&self) -> Result<(), Gone> {
        self.send_batch(Batch { state: Some(self.state.clone()), ..Batch::default() }).await
    }
}

/// Chat and viewers may be dropped when they come faster than they can be taken; commerce facts wait.
const fn is_droppable(event: &Event) -> bool {
    matches!(event.fact, Fact::ChatMessage(_) | Fact::Reaction(_) | Fact::ViewerJoin(_) | Fact::ViewerLeave(_) | Fact::Audience(_))
}
