//! The demo: the simulated broadcast on the glass, already some minutes in, at real speed or faster. Nothing to configure, nothing kept.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::desk::Desk;
use super::ending::Ending;
use super::face::Face;
use super::session::{Outside, Session};
use crate::clock::{self, Clock};
use crate::engine::event::{Fact, Record};
use crate::engine::time::{At, MINUTE_MS};
use crate::feed::{Batch, QUEUE_BATCHES};
use crate::simulate::act::Act;
use crate::simulate::broadcast::Broadcast;
use crate::simulate::delivery::Delivery;
use crate::simulate::scenario::Scenario;
use crate::ui::state::Mode;

/// How often the broadcast is brought to the present.
const STEP: Duration = Duration::from_millis(250);
/// Simulated time of one batch of history.
const HISTORY_STEP_MS: i64 = 10_000;

/// What `warroom demo` is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    pub seed: u64,
    pub speed: f64,
    /// Minutes that lie behind when it opens.
    pub from_min: i64,
}

/// Runs the demo on the terminal until the operator leaves.
///
/// # Errors
/// When the terminal cannot be used, or the shipped scenario cannot be read.
pub fn run(request: &Request, face: impl FnOnce(Mode, chrono_tz::Tz) -> std::io::Result<Box<dyn Face>>) -> std::io::Result<Ending> {
    let mut scenario = Scenario::demo().map_err(|problems| std::io::Error::other(problems.join("\n")))?.as_ref().clone();
    let now = At::from_minute(clock::wall_now().minute());
    scenario.starts_at = now.plus_ms(-request.from_min * MINUTE_MS);
    let scenario = Arc::new(scenario);
    let broadcast = Broadcast::new(Arc::clone(&scenario), request.seed).map_err(std::io::Error::other)?;
    let plan = scenario.plan();
    let priors = scenario.priors();
    let zone = plan.time_zone.unwrap_or(chrono_tz::UTC);
    let clock = Clock::scaled(now, request.speed);
    let face = face(Mode::Demo, zone)?;
    let mut desk = Desk::new(plan, clock.clone(), None);
    desk.arm(crate::config::playbook::shipped());
    desk.follow_the_records();
    let (acts, heard) = mpsc::unbounded_channel();
    let session = Session {
        desk,
        face,
        mode: Mode::Demo,
        history: None,
        start_feeds: Some(Box::new(move |desk| {
            if let Some(priors) = priors {
                desk.write_control(Fact::Priors, priors.into_boxed_str());
            }
            drive(broadcast, clock, heard)
        })),
        outside: Outside::Audience(acts),
        playbook: None,
        playing: None,
        foresight: Default::default(),
        bookmarks: None,
        stage: None,
        curtain: None,
        sheets: None,
    };
    let runtime = super::runtime()?;
    let (ending, _) = runtime.block_on(session.run())?;
    runtime.shutdown_timeout(Duration::from_millis(200));
    Ok(ending)
}

/// Runs the broadcast on a thread of its own: first what lies behind, as fast as it goes, then along the clock.
fn drive(mut broadcast: Broadcast, clock: Clock, mut heard: mpsc::UnboundedReceiver<Record>) -> mpsc::Receiver<Batch> {
    let (batches, taken) = mpsc::channel(QUEUE_BATCHES);
    std::thread::spawn(move || {
        let mut acts: Vec<Act> = Vec::new();
        loop {
            while let Ok(record) = heard.try_recv() {
                acts.extend(Act::of(&record.event));
            }
            let now = clock.now();
            let to = now.min(broadcast.now().plus_ms(HISTORY_STEP_MS));
            let deliveries = broadcast.advance_to(to, &acts);
            acts.clear();
            if batches.blocking_send(batched(deliveries)).is_err() {
                return;
            }
            if now.since_ms(broadcast.now()) < HISTORY_STEP_MS {
                std::thread::sleep(STEP);
            }
        }
    });
    taken
}

/// One batch in order of arrival, each event with the time at which it came.
pub(super) fn batched(deliveries: Vec<Delivery>) -> Batch {
    let mut batch = Batch { feed: "simulated".into(), ..Batch::default() };
    for delivery in deliveries {
        batch.arrived.push(delivery.at);
        batch.events.push(delivery.event);
    }
    batch
}
