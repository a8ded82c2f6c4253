//! Feeds as tasks: each on its own, restarted with back-off when it fails or breaks, none able to stop another.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Batch;
use super::account::{Account, Input};
use super::backoff::Backoff;
use super::broker::{Kafka, Nats};
use super::expand::Expander;
use super::fault::{Fault, FaultKind};
use super::join::Joined;
use super::lines::LineReader;
use super::listener::Doors;
use super::lookups::{GONE_AFTER, Lookups};
use super::mapper::{Mapper, Workshop};
use super::ndjson;
use super::notices::Notices;
use super::outlet::{Outlet, Resume};
use super::platform::{Request, Transport};
use super::poll::Poller;
use super::session::Session;
use super::sessions::Sessions;
use super::signature::Signature;
use super::stream::Tap;
use super::succession::Succession;
use super::webhook::{Receiver, Webhook};
use super::{quota, sse, ws};
use crate::clock::Clock;
use crate::engine::event::{FeedState, FeedStatus};
use crate::engine::id::Name;
use crate::engine::time::At;

/// How long feeds may take to stop.
const STOP: Duration = Duration::from_secs(2);

/// What the feeds are started with.
#[derive(Clone, Debug)]
pub struct Start {
    pub tx: mpsc::Sender<Batch>,
    pub clock: Clock,
    /// History is read from here: the plan's start minus the grace.
    pub live_start: At,
    /// A day's quota is spread until here.
    pub live_end: Option<At>,
    /// Seeds the jitter of the retries.
    pub seed: u64,
    pub workshop: Workshop,
}

/// The running feeds.
#[derive(Debug)]
pub struct Feeds {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Feeds {
    /// Starts a task for every feed of the accounts. `resume` knows what the journal has of a feed.
    ///
    /// # Errors
    /// When there can be no HTTP client at all.
    pub fn start(accounts: Vec<Account>, start: &Start, resume: impl Fn(&Name) -> Resume) -> Result<Self, Fault> {
        let mut sessions = Sessions::new(start.clock.clone(), start.live_end, start.workshop.clone())?;
        sessions.know(&accounts);
        let doors = Arc::new(Doors::default());
        let (stop, _) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut seed = start.seed;
        for account in accounts {
            let session = sessions.open(account);
            for request in session.account.requests.clone() {
                seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let feed = session.account.feed_name(&request);
                let resume = resume(&feed);
                if let Some((left, at)) = resume.state.as_ref().and_then(|state| state.quota_left.zip(state.complete_to)) {
                    session.limiter.resume(left, at);
                }
                let outlet = Outlet::new(start.tx.clone(), Arc::clone(&session), first_state(feed, &request), resume);
                let (session, doors, live_start) = (Arc::clone(&session), Arc::clone(&doors), start.live_start);
                let (mapper, succession) = (start.workshop.mapper(), Mutex::default());
                let task = Task { session, request, live_start, seed, doors, mapper, succession };
                tasks.spawn(task.supervise(outlet, stop.subscribe()));
            }
        }
        Ok(Self { stop, tasks })
    }

    /// Ends all feeds and their child processes; what they have read and not yet handed over is read again next time.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        // what does not stop in time is dropped with the set
        let _ = tokio::time::timeout(STOP, all).await;
    }
}

pub(super) fn first_state(feed: Name, request: &Request) -> FeedState {
    FeedState {
        feed,
        guarantee: request.guarantee,
        gives: request.gives.clone(),
        stale_after_s: request.stale_after_s,
        ..FeedState::default()
    }
}

/// One feed.
pub(super) struct Task {
    pub session: Arc<Session>,
    pub request: Request,
    pub live_start: At,
    pub seed: u64,
    pub doors: Arc<Doors>,
    pub mapper: Mapper,
    /// What the stream has shown so far of how it goes on.
    pub succession: Mutex<Succession>,
}

impl Task {
    async fn supervise(self, mut outlet: Outlet, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            // an error means that the feeds were dropped, which is a stop too
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.run_for_ever(&mut outlet) => {}
        }
    }

    /// Runs the feed again and again until it ends by itself or can never succeed.
    async fn run_for_ever(&self, outlet: &mut Outlet) {
        let mut backoff = Backoff::new(self.seed, Duration::from_secs(1));
        if outlet.report().await.is_err() {
            return;
        }
        loop {
            let received = outlet.state().received;
            let ended = AssertUnwindSafe(self.run(outlet)).catch_unwind().await;
            let fault = match ended {
                Ok(Ok(())) => return,
                Ok(Err(fault)) => self.session.discreet(fault),
                Err(_) => Fault::new(FaultKind::Crashed, "the feed broke and is started again"),
            };
            if outlet.state().received > received {
                backoff.reset();
            }
            let wait = backoff.next(&fault);
            let retry_at = outlet.now().plus_ms(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
            outlet.note_fault(&fault, (!fault.fatal).then_some(retry_at));
            if outlet.report().await.is_err() || fault.fatal {
                return;
            }
            sleep(wait).await;
            outlet.note(|state| {
                state.retries += 1;
                state.status = FeedStatus::Retrying;
            });
        }
    }

    #[cfg(any(feature = "nats", feature = "kafka"))]
    fn inlet(&self) -> super::broker::Inlet {
        let recipe = self.request.recipe.clone();
        let mapping = recipe.map(|recipe| (self.mapper.clone(), recipe));
        super::broker::Inlet { session: Arc::clone(&self.session), mapping }
    }

    fn tap(&self) -> Result<Tap, Fault> {
        let recipe = self.request.recipe.clone().ok_or_else(|| Fault::new(FaultKind::Mapping, "a stream without a filter").fatal())?;
        Ok(Tap { session: Arc::clone(&self.session), mapper: self.mapper.clone(), recipe })
    }

    pub(super) async fn run(&self, outlet: &mut Outlet) -> Result<(), Fault> {
        match &self.request.transport {
            Transport::Poll(poll) => {
                let cursor = outlet.cursor().map(str::to_owned);
                let start = (self.live_start, self.seed);
                let mut poller =
                    Poller::new(Arc::clone(&self.session), self.mapper.clone(), (&self.request, poll), start, cursor.as_deref())?;
                poller.run(outlet).await
            }
            // who waits for the account's rest tells it, as a round of a poll does
            Transport::Sse(stream) => quota::round(sse::listen(stream, &self.tap()?, &mut *self.succession.lock().await, outlet)).await.0,
            Transport::Ws(socket) => quota::round(ws::listen(socket, &self.tap()?, &mut *self.succession.lock().await, outlet)).await.0,
            Transport::Nats(nats) => self.read_nats(nats, outlet).await,
            Transport::Kafka(kafka) => self.read_kafka(kafka, outlet).await,
            Transport::Webhook(hook) => self.receive(hook, outlet).await,
            Transport::Ndjson(input) => {
                let mapping = self.request.recipe.as_ref().map(|recipe| (self.mapper.clone(), Arc::clone(recipe)));
                let reader = LineReader { defaults: self.session.account.defaults.clone(), mapping };
                match input {
                    Input::File(path) => ndjson::follow(path, &reader, outlet).await,
                    Input::Stdin => ndjson::read_stdin(&reader, outlet).await,
                    Input::Command(command) => ndjson::read_child(command, &reader, outlet).await,
                }
            }
        }
    }

    async fn receive(&self, hook: &Webhook, outlet: &mut Outlet) -> Result<(), Fault> {
        let (session, mapper) = (&*self.session, self.mapper.clone());
        let lookups = self.request.expand.clone().map(|expand| {
            let is_signed = !matches!(hook.signature, Signature::Refetch);
            let expander = Expander::new(Arc::clone(&self.session), expand, mapper.clone());
            // what anybody may name is asked for once more and no longer
            let expander = expander.patient(if is_signed { GONE_AFTER } else { Duration::ZERO });
            Lookups::new(expander, Notices::resume(is_signed, outlet.cursor()))
        });
        let joined = self.request.join.clone().map(|join| Joined::new(Arc::clone(&self.session), join, self.live_start));
        let (recipe, address) = (self.request.recipe.clone(), session.account.listen);
        Receiver { hook, address, doors: &self.doors, session, mapper, recipe, lookups, joined, disbelieved: 0 }.run(outlet).await
    }

    #[cfg(feature = "nats")]
    async fn read_nats(&self, nats: &Nats, outlet: &mut Outlet) -> Result<(), Fault> {
        let read = super::nats::listen(nats, &self.inlet(), self.live_start, outlet).await;
        read.map_err(|fault| self.session.discreet(fault))
    }

    #[cfg(feature = "kafka")]
    async fn read_kafka(&self, kafka: &Kafka, outlet: &mut Outlet) -> Result<(), Fault> {
        let read = super::kafka::listen(kafka, &self.inlet(), self.live_start, outlet).await;
        read.map_err(|fault| self.session.discreet(fault))
    }

    #[cfg(not(feature = "nats"))]
    async fn read_nats(&self, _: &Nats, _: &mut Outlet) -> Result<(), Fault> {
        Err(not_built("nats"))
    }

    #[cfg(not(feature = "kafka"))]
    async fn read_kafka(&self, _: &Kafka, _: &mut Outlet) -> Result<(), Fault> {
        Err(not_built("kafka"))
    }
}

/// The plan was read by a program that has the transport, or the check was passed by.
#[cfg(not(all(feature = "nats", feature = "kafka")))]
fn not_built(feature: &str) -> Fault {
    Fault::new(FaultKind::Refused, format!("this program was built without `{feature}`: cargo build --release --features {feature}"))
        .fatal()
}
