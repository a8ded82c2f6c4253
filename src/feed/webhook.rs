//! Deliveries that a platform pushes: verified on the raw body, mapped, answered once they are in the journal.
//!
//! A delivery that is not believed gets 401 and is counted; one that maps to nothing, or that no filter can read, gets 200
//! and is counted too, for it would only come again. A thin notice is answered once it lies in the hook's cursor, and looked
//! up then. While the journal fails, the process of the filters is killed, or there is no room for another notice, the answer
//! is 503 and the platform keeps the delivery.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::fault::{Fault, FaultKind};
use super::filter::Filter;
use super::join::Joined;
use super::listener::{Answer, Doors, Incoming};
use super::lookups::{Looked, Lookups};
use super::mapper::Mapper;
use super::mapping::{BEGINNING_COLUMNS, Context, Mapped, Recipe};
use super::notices::{AGAIN, Kept, Notices, Standing};
use super::outlet::{Gone, Outlet};
use super::session::Session;
use super::signature::{Delivery, Disbelief, Signature};
use super::{Rejected, canonical};
use crate::clock;
use crate::engine::event::{FeedStatus, Quarantine};
use crate::engine::text::clean;
use crate::engine::time::At;
use crate::engine::wire::Reject;

/// Deliveries that go to the owner as one batch.
const TOGETHER: usize = 64;
/// While it listens and nobody comes, the feed says so this often.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// What is looked up before it is answered holds the others up no longer.
const LOOKED_UP_WITHIN: Duration = Duration::from_secs(8);
/// So many signed deliveries in a row that are not believed say more of our secret than of who sends them.
const MOST_DISBELIEVED: u32 = 3;
/// Longest answer of a handshake.
const MAX_HANDSHAKE_BYTES: usize = 4 << 10;

/// A webhook as a platform file describes it.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub path: String,
    pub signature: Signature,
    /// From `{method, query, headers, body, text, variables}` to the text of an answer, or null: a platform that greets us.
    pub handshake: Option<Filter>,
}

/// One feed that listens.
#[derive(Debug)]
pub struct Receiver<'r> {
    pub hook: &'r Webhook,
    pub address: SocketAddr,
    pub doors: &'r Doors,
    pub session: &'r Session,
    pub mapper: Mapper,
    pub recipe: Option<Arc<Recipe>>,
    /// Where notices are looked up.
    pub lookups: Option<Lookups>,
    pub joined: Option<Joined>,
    /// Signed deliveries since the last one that was believed.
    pub disbelieved: u32,
}

/// Deliveries that become one batch.
#[derive(Default)]
struct Group {
    mapped: Mapped,
    waiting: Vec<oneshot::Sender<Answer>>,
}

impl Group {
    fn add(&mut self, mapped: Mapped, answer: oneshot::Sender<Answer>) {
        self.mapped.append(mapped);
        self.waiting.push(answer);
    }
}

impl Receiver<'_> {
    /// Listens until the owner goes.
    ///
    /// # Errors
    /// When the address cannot be listened at.
    pub async fn run(&mut self, outlet: &mut Outlet) -> Result<(), Fault> {
        let mut place = self.doors.enter(self.address, &self.hook.path)?;
        if outlet.state().complete_to.is_none() {
            let now = outlet.now();
            outlet.note(|state| state.heard_from = Some(now));
        }
        if self.leave_no_notice(outlet).await.is_err() {
            return Ok(());
        }
        self.settle(outlet.now(), outlet);
        loop {
            if outlet.report().await.is_err() {
                return Ok(());
            }
            if let Some(lookups) = &mut self.lookups {
                lookups.begin(outlet.now());
            }
            let wait = self.lookups.as_ref().and_then(Lookups::next_in).map_or(SIGN_OF_LIFE, |next| next.min(SIGN_OF_LIFE));
            let mut list = Vec::new();
            let goes_on = tokio::select! {
                count = place.deliveries.recv_many(&mut list, TOGETHER) => {
                    if count == 0 {
                        return Err(Fault::new(FaultKind::Input, "the listener has ended"));
                    }
                    self.take(list, outlet).await
                }
                looked = next_looked(&mut self.lookups) => self.take_looked(looked?, outlet).await,
                () = tokio::time::sleep(wait) => {
                    // nobody came, but we would have heard
                    self.settle(outlet.now(), outlet);
                    Ok(())
                }
            };
            if goes_on.is_err() {
                return Ok(());
            }
        }
    }

    /// Where the request has no second call any more, nobody looks up what the cursor still holds: it is put aside.
    async fn leave_no_notice(&self, outlet: &mut Outlet) -> Result<(), Gone> {
        if self.lookups.is_some() {
            return Ok(());
        }
        let mut notices = Notices::resume(true, outlet.cursor());
        let left = Mapped { expansions: notices.take_all(), ..Mapped::default() };
        if left.expansions.is_empty() { Ok(()) } else { outlet.deliver(left, notices.cursor()).await }
    }

    /// Takes deliveries as one batch. The error means that the owner has gone.
    async fn take(&mut self, list: Vec<Incoming>, outlet: &mut Outlet) -> Result<(), Gone> {
        let now = outlet.now();
        let (mut at_once, mut first, mut in_cursor) = (Group::default(), Group::default(), false);
        for incoming in list {
            let mut mapped = match self.examine(incoming.delivery, now, outlet).await {
                Ok(mapped) => mapped,
                Err(answer) => {
                    // a peer that has gone needs no answer
                    drop(incoming.answer.send(answer));
                    continue;
                }
            };
            match self.keep(&mut mapped, now, outlet) {
                None => at_once.add(mapped, incoming.answer),
                Some(Kept::Yes) => {
                    in_cursor = true;
                    at_once.add(mapped, incoming.answer);
                }
                Some(Kept::No) => first.add(mapped, incoming.answer),
                Some(Kept::Full) => {
                    note_error(outlet, &Fault::new(FaultKind::Throttled, "more notices than can be kept wait to be looked up"));
                    drop(incoming.answer.send(Answer::empty(503)));
                }
            }
        }
        if !at_once.waiting.is_empty() {
            self.settle(now, outlet);
            let committed = match self.lookups.as_ref().filter(|_| in_cursor) {
                Some(lookups) => outlet.deliver_in_cursor(at_once.mapped, lookups.notices.cursor()).await?,
                None => outlet.deliver_answered(at_once.mapped, None).await?,
            };
            answer_when(committed, at_once.waiting);
        }
        self.look_up_first(first, now, outlet).await
    }

    /// Keeps the notices of a delivery; nothing where there are none, or nothing that looks them up.
    fn keep(&mut self, mapped: &mut Mapped, now: At, outlet: &Outlet) -> Option<Kept> {
        let lookups = self.lookups.as_mut().filter(|_| !mapped.expansions.is_empty())?;
        let may_store = |text: &str| outlet.may_store(text);
        let is_storable = serde_json::to_string(&mapped.expansions).is_ok_and(|text| may_store(&text));
        let kept = if is_storable { lookups.notices.keep(&mapped.expansions, now) } else { Kept::No };
        if kept == Kept::Yes {
            mapped.expansions.clear();
        }
        Some(kept)
    }

    /// Looks up what cannot be kept, and answers then.
    async fn look_up_first(&mut self, group: Group, now: At, outlet: &mut Outlet) -> Result<(), Gone> {
        let Some(lookups) = self.lookups.as_mut().filter(|_| !group.waiting.is_empty()) else { return Ok(()) };
        let Group { mut mapped, waiting } = group;
        let notices = std::mem::take(&mut mapped.expansions);
        lookups.notices.take_back(&notices);
        let looked = timeout(LOOKED_UP_WITHIN, lookups.expander.expand(notices.clone(), now, &mut mapped)).await;
        let late = || Fault::new(FaultKind::Timeout, format!("no whole answer within {} s", LOOKED_UP_WITHIN.as_secs()));
        if let Err(fault) = looked.unwrap_or_else(|_| Err(late())) {
            // of what is not there nothing is missing; anybody may name it
            if !is_missing(&fault) {
                outlet.note(|state| state.status = FeedStatus::Retrying);
                lookups.notices.owe(notices, now, clock::instant() + AGAIN);
            }
            note_error(outlet, &self.session.discreet(fault));
            waiting.into_iter().for_each(|answer| drop(answer.send(Answer::empty(503))));
            return Ok(());
        }
        self.settle(now, outlet);
        let committed = outlet.deliver_answered(mapped, None).await?;
        answer_when(committed, waiting);
        Ok(())
    }

    /// Hands over what a lookup led to, and takes its notices out of the cursor with it. One that cannot be read is told by its
    /// name when its time is over.
    async fn take_looked(&mut self, looked: Looked, outlet: &mut Outlet) -> Result<(), Gone> {
        let (now, Looked { numbers, found }) = (outlet.now(), looked);
        let Some(lookups) = &mut self.lookups else { return Ok(()) };
        let (mapped, has_moved) = match found {
            Ok(mapped) => (mapped, lookups.read(&numbers)),
            Err(fault) => {
                // of several one is not there, and nobody knows which
                let is_missing = is_missing(&fault) && numbers.len() == 1;
                let told = lookups.fail(&numbers, is_missing, now);
                if !is_missing {
                    outlet.note(|state| state.status = FeedStatus::Retrying);
                }
                let fault = self.session.discreet(fault);
                note_error(outlet, &fault);
                let rejected: Vec<Rejected> = told.iter().map(|id| aside(Quarantine::BadField, &fault, id)).collect();
                let has_moved = !rejected.is_empty();
                (Mapped { rejected, ..Mapped::default() }, has_moved)
            }
        };
        let cursor = if has_moved { lookups.notices.cursor() } else { None };
        self.settle(now, outlet);
        outlet.deliver(mapped, cursor).await
    }

    /// Notes how far everything is read.
    fn settle(&self, now: At, outlet: &mut Outlet) {
        let standing = self.lookups.as_ref().map_or(Standing::Read, |lookups| lookups.notices.standing());
        match standing {
            _ if self.disbelieved >= MOST_DISBELIEVED => {}
            Standing::Read => outlet.note_success(now),
            Standing::Waits(since) => outlet.note_progress(since.min(now)),
            Standing::Failed => {}
        }
    }

    /// What a delivery brings, or the answer to one that brings nothing.
    async fn examine(&mut self, delivery: Delivery, now: At, outlet: &mut Outlet) -> Result<Mapped, Answer> {
        if let Some(answer) = self.greet(&delivery).await {
            return Err(answer);
        }
        if let Err(why) = self.hook.signature.verify(&delivery, &self.session.account.values, now) {
            self.disbelieve(why, outlet);
            return Err(Answer::empty(401));
        }
        self.disbelieved = 0;
        let mut context = Context::new(now, self.session.account.defaults.clone());
        if let Some(joined) = &mut self.joined {
            // without its table nothing can be mapped: the platform keeps the delivery
            let table = joined.table().await.map_err(|fault| {
                note_error(outlet, &self.session.discreet(fault));
                Answer::empty(503)
            })?;
            context.join = Some(table);
        }
        context.feed = self.session.account.plain();
        context.response = json!({"status": 200, "headers": pairs(&delivery.headers), "query": pairs(&delivery.query)});
        let mapped = match &self.recipe {
            Some(recipe) => self.mapper.map(delivery.body.clone(), recipe, context).await,
            None => canonical::read(&delivery.body, |name| delivery.headers_named(name).next().map(canonical::decoded), &context).await,
        };
        let mut mapped = match mapped {
            Ok(mapped) => mapped,
            // what the platform says no in comes again no more than what nobody can read
            Err(fault) if fault.kind != FaultKind::Crashed => put_aside(&fault, &delivery.body),
            Err(fault) => {
                note_error(outlet, &self.session.discreet(fault));
                return Err(Answer::empty(503));
            }
        };
        if matches!(self.hook.signature, Signature::Refetch) && !mapped.events.is_empty() {
            // nothing was signed: what it claims is not believed, only looked up
            mapped.unmapped += 1;
            mapped.events.clear();
        }
        Ok(mapped)
    }

    /// Counts a delivery that is not believed. What is not signed may come from anybody and says nothing of the feed; several that
    /// are signed, and none that is believed, may be the platform's own: then, until one is believed, not everything is read.
    fn disbelieve(&mut self, why: Disbelief, outlet: &mut Outlet) {
        self.disbelieved = match why {
            Disbelief::Unsigned => self.disbelieved,
            Disbelief::BadTime | Disbelief::Wrong => self.disbelieved.saturating_add(1),
            Disbelief::Unready => MOST_DISBELIEVED,
        };
        let is_doubtful = self.disbelieved >= MOST_DISBELIEVED;
        outlet.note(|state| {
            state.errors += 1;
            state.last_error = Some(format!("unauthorized: a delivery {}", reason(why)).into());
            if is_doubtful {
                state.status = FeedStatus::Retrying;
            }
        });
    }

    /// The answer to a handshake.
    async fn greet(&self, delivery: &Delivery) -> Option<Answer> {
        if self.recipe.is_none()
            && let Some(answer) = canonical::greet(delivery)
        {
            return Some(answer);
        }
        let handshake = self.hook.handshake.as_ref()?;
        let greeting = Greeting {
            method: &delivery.method,
            query: pairs(&delivery.query),
            headers: pairs(&delivery.headers),
            text: String::from_utf8_lossy(&delivery.body),
            body: serde_json::from_slice(&delivery.body).ok(),
            variables: self.session.account.values.exposed().collect(),
        };
        let greeting = serde_json::to_vec(&greeting).ok()?;
        let context = Context::new(self.session.clock.now(), self.session.account.defaults.clone());
        let mut body = self.mapper.first(handshake, &greeting, context).await.ok()??;
        body.truncate(body.floor_char_boundary(MAX_HANDSHAKE_BYTES));
        Some(Answer { body, ..Answer::empty(200) })
    }
}

/// What a handshake's filter is asked about.
#[derive(Serialize)]
struct Greeting<'d> {
    method: &'d str,
    query: Value,
    headers: Value,
    text: Cow<'d, str>,
    body: Option<&'d RawValue>,
    variables: BTreeMap<String, String>,
}

/// The next lookup that ends; never where there are none.
async fn next_looked(lookups: &mut Option<Lookups>) -> Result<Looked, Fault> {
    match lookups {
        Some(lookups) => lookups.next().await,
        None => std::future::pending().await,
    }
}

/// Answers once a batch is durable; the next deliveries are taken while these wait for the disk.
fn answer_when(committed: oneshot::Receiver<bool>, waiting: Vec<oneshot::Sender<Answer>>) {
    tokio::spawn(async move {
        let status = if committed.await == Ok(true) { 200 } else { 503 };
        waiting.into_iter().for_each(|answer| drop(answer.send(Answer::empty(status))));
    });
}

const fn is_missing(fault: &Fault) -> bool {
    matches!(fault.status, Some(404 | 410))
}

fn note_error(outlet: &mut Outlet, fault: &Fault) {
    outlet.note(|state| {
        state.errors += 1;
        state.last_error = Some(fault.to_string().into());
    });
}

const fn reason(why: Disbelief) -> &'static str {
    match why {
        Disbelief::Unsigned => "without a signature",
        Disbelief::BadTime => "with a time that is not near ours",
        Disbelief::Wrong => "with a wrong signature",
        Disbelief::Unready => "while the secret is not set",
    }
}

fn pairs(pairs: &[(String, String)]) -> Value {
    pairs.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
}

/// What nobody can read is kept aside; it would only come again.
#[must_use]
pub fn put_aside(fault: &Fault, body: &[u8]) -> Mapped {
    let reason = if fault.kind == FaultKind::Mapping { Quarantine::BadField } else { Quarantine::NotJson };
    let rejected = vec![aside(reason, fault, &String::from_utf8_lossy(body))];
    Mapped { inputs: 1, rejected, ..Mapped::default() }
}

fn aside(reason: Quarantine, fault: &Fault, text: &str) -> Rejected {
    let reject = Reject { reason, detail: fault.to_string() };
    Rejected { reject, place: String::new(), beginning: clean(text, BEGINNING_COLUMNS).to_string() }
}
