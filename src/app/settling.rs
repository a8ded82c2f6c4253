//! A live's orders read again from the plan's feeds, days later: what was cancelled, paid and refunded since. Nothing is kept:
//! the journal stays what it was on the night.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::desk::Desk;
use super::reporting::Request;
use crate::clock::{self, Clock};
use crate::config::plan::Loaded;
use crate::customers::Pseudonyms;
use crate::engine::Engine;
use crate::engine::event::{Event, Fact};
use crate::engine::id::{Name, Set};
use crate::engine::time::At;
use crate::feed::account::Account;
use crate::feed::mapper::Workshop;
use crate::feed::outlet::Resume;
use crate::feed::platform::Transport;
use crate::feed::supervision::{Feeds, Start};
use crate::feed::{Batch, QUEUE_BATCHES};
use crate::journal::Reader;
use crate::report::settled::{Settled, figures};

/// How long the feeds may take to read everything again.
const LONGEST: Duration = Duration::from_secs(120);
/// Event types that change orders.
const TYPES: [&str; 4] = ["purchase", "payment", "cancellation", "refund"];

/// The figures that settle, as the journal has them and as the feeds tell them now.
///
/// # Errors
/// When there is no feed that can be read again, or one does not answer in time.
pub fn settle(loaded: &Loaded, request: &Request, live: &Engine) -> Result<Settled, String> {
    let [journal] = request.inputs.as_slice() else { return Err("--update reads the feeds again for one journal; give one".to_owned()) };
    let accounts = orders_of(&loaded.accounts);
    let feeds: Set<Name> = accounts.iter().flat_map(|account| account.requests.iter().map(|request| account.feed_name(request))).collect();
    if feeds.is_empty() {
        return Err(format!("{}: no feed of it can be asked for orders again", loaded.file.display()));
    }
    let mut desk = restored(journal, live, request)?;
    let start = live.started().unwrap_or_default();
    let runtime = super::runtime().map_err(|error| error.to_string())?;
    runtime.block_on(read_again(&mut desk, accounts, feeds, start))?;
    runtime.shutdown_timeout(Duration::from_millis(200));
    Ok(Settled { at: desk.now(), live: figures(live), now: figures(desk.engine()) })
}

/// The accounts with only those of their feeds that tell of orders and can be asked again.
fn orders_of(accounts: &[Account]) -> Vec<Account> {
    let mut kept = accounts.to_vec();
    for account in &mut kept {
        account.requests.retain(|request| {
            let tells = request.gives.iter().any(|given| TYPES.contains(&given.as_str()));
            tells && matches!(request.transport, Transport::Poll(_) | Transport::Ndjson(_))
        });
    }
    kept.retain(|account| !account.requests.is_empty());
    kept
}

/// A desk that knows everything the journal holds and keeps nothing.
fn restored(journal: &str, live: &Engine, request: &Request) -> Result<Desk, String> {
    let reader = Reader::open(journal.as_ref()).map_err(|error| format!("--update needs the journal of a live: {error}"))?;
    let mut desk = Desk::new(live.plan().clone(), Clock::wall(), None);
    for record in reader.records() {
        desk.restore(&record);
    }
    if let Some(folders) = &request.folders {
        let people = Pseudonyms::open(&folders.people_key()).map_err(|error| error.to_string())?;
        let keep_names = live.plan().keep_chat_names;
        desk.hide_people(Box::new(move |event| {
            people.hide(event, keep_names);
        }));
    }
    Ok(desk)
}

/// Takes what the feeds give until each of them has caught up.
async fn read_again(desk: &mut Desk, accounts: Vec<Account>, mut waiting: Set<Name>, start: At) -> Result<(), String> {
    let (tx, mut batches) = mpsc::channel(QUEUE_BATCHES);
    let live_start = start.plus_s(-desk.engine().plan().limits.grace_s);
    let start = Start {
        tx,
        clock: desk.clock().clone(),
        live_start,
        live_end: None,
        seed: clock::wall_now().ms().unsigned_abs(),
        workshop: Workshop::own(),
    };
    let feeds = Feeds::start(accounts, &start, |_| Resume::default()).map_err(|fault| fault.to_string())?;
    drop(start);
    let end = Instant::now() + LONGEST;
    let mut faults: Vec<String> = Vec::new();
    while !waiting.is_empty() {
        let Ok(Some(batch)) = timeout_at(end, batches.recv()).await else { break };
        if let Some(state) = &batch.state {
            match &state.last_error {
                _ if state.caught_up => {
                    waiting.shift_remove(&batch.feed);
                }
                Some(error) => faults.push(format!("{}: {error}", batch.feed)),
                None => {}
            }
        }
        desk.take(of_the_live(batch, desk.engine()));
    }
    feeds.stop().await;
    if waiting.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = waiting.iter().map(Name::as_str).collect();
    let because = faults.last().map_or_else(String::new, |fault| format!(" ({fault})"));
    Err(format!("{} did not read everything again within {} s{because}; try later", names.join(", "), LONGEST.as_secs()))
}

/// What concerns orders of the live: those it knows, and those placed before its end and its tail.
fn of_the_live(mut batch: Batch, engine: &Engine) -> Batch {
    let plan = engine.plan();
    let end = engine.closed().or_else(|| plan.ends_at()).map(|end| end.plus_s(plan.scope.tail_min.unwrap_or(0).saturating_mul(60)));
    let is_known = |order: &Name| engine.live().books.orders.find(order).is_some();
    batch.events.retain(|event: &Event| match &event.fact {
        Fact::Purchase(order) => is_known(&order.order) || end.is_none_or(|end| order.placed_at.unwrap_or(event.ts) < end),
        Fact::Payment(_) | Fact::Cancellation(_) | Fact::Refund(_) => true,
        _ => false,
    });
    batch.arrived.clear();
    // The state of a feed that only reads history is no news of the live.
    batch.state = None;
    batch
}
