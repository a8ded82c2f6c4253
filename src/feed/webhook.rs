//! Deliveries that a platform pushes: verified on the raw body, mapped, answered once they are in the journal.
//!
//! A delivery that is not believed gets 401 and is counted; one that maps to nothing, or that no filter can read, gets 200
//! and is counted too, for it would only come again. While the journal fails, the resource that a thin notice names cannot
//! be fetched, or the process of the filters is killed, the answer is 503 and the platform keeps the delivery.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::expand::Expander;
use super::fault::{Fault, FaultKind};
use super::filter::Filter;
use super::join::Joined;
use super::listener::{Answer, Doors, Incoming};
use super::mapper::Mapper;
use super::mapping::{BEGINNING_COLUMNS, Context, Expansion, Mapped, Recipe};
use super::outlet::Outlet;
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
/// A platform that has not brought again by then what was turned away does not.
const MOST_OWED_MS: i64 = 120_000;
/// So many signed deliveries in a row that are not believed say more of our secret than of who sends them.
const MOST_DISBELIEVED: u32 = 3;
/// What notices named that is asked for again; the rest the platform has to bring.
const MOST_UNREAD: usize = 1_000;
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
    pub expander: Option<Expander>,
    pub joined: Option<Joined>,
    /// What notices named and could not be read, and since when: the desk asks for it again by itself, and until it is read, or the
    /// platform brings it again, not everything is.
    pub unread: Vec<(At, Expansion)>,
    /// Not before then.
    pub again_at: Option<Instant>,
    /// Signed deliveries since the last one that was believed.
    pub disbelieved: u32,
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
        outlet.note_success(outlet.now());
        loop {
            if outlet.report().await.is_err() {
                return Ok(());
            }
            let mut list = Vec::new();
            match tokio::time::timeout(SIGN_OF_LIFE, place.deliveries.recv_many(&mut list, TOGETHER)).await {
                Err(_) => {
                    if self.read_again(outlet).await.is_err() {
                        return Ok(());
                    }
                    if self.is_sure() {
                        // nobody came, but we would have heard
                        outlet.note_success(outlet.now());
                    }
                }
                Ok(0) => return Err(Fault::new(FaultKind::Input, "the listener has ended")),
                Ok(_) => {
                    if self.take(list, outlet).await.is_err() || self.read_again(outlet).await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Takes deliveries as one batch. The error means that the owner has gone.
    async fn take(&mut self, list: Vec<Incoming>, outlet: &mut Outlet) -> Result<(), super::outlet::Gone> {
        let now = outlet.now();
        let mut together = Mapped::default();
        let mut waiting: Vec<oneshot::Sender<Answer>> = Vec::new();
        for incoming in list {
            match self.examine(incoming.delivery, now, outlet).await {
                Ok(mapped) => {
                    together.append(mapped);
                    waiting.push(incoming.answer);
                }
                // a peer that has gone needs no answer
                Err(answer) => drop(incoming.answer.send(answer)),
            }
        }
        if waiting.is_empty() {
            return Ok(());
        }
        if let Some(expander) = &self.expander {
            let expansions = std::mem::take(&mut together.expansions);
            self.unread.retain(|(_, unread)| !expansions.iter().any(|notice| notice.id == unread.id));
            if let Err(fault) = expander.expand(expansions.clone(), now, &mut together).await {
                // of what is not there nothing is missing; anybody may name it
                if !matches!(fault.status, Some(404 | 410)) {
                    outlet.note(|state| state.status = FeedStatus::Retrying);
                    self.unread.extend(expansions.into_iter().map(|notice| (now, notice)));
                    let beyond = self.unread.len().saturating_sub(MOST_UNREAD);
                    self.unread.drain(..beyond);
                    self.again_at = Some(clock::instant() + SIGN_OF_LIFE);
                }
                note_error(outlet, &self.session.discreet(fault));
                waiting.into_iter().for_each(|answer| drop(answer.send(Answer::empty(503))));
                return Ok(());
            }
        }
        if self.is_sure() {
            outlet.note_success(now);
        }
        let committed = outlet.deliver_answered(together, None).await?;
        // the next deliveries are taken while these wait for the disk
        tokio::spawn(async move {
            let status = if committed.await == Ok(true) { 200 } else { 503 };
            waiting.into_iter().for_each(|answer| drop(answer.send(Answer::empty(status))));
        });
        Ok(())
    }

    /// True where nothing is known to be unread.
    const fn is_sure(&self) -> bool {
        self.unread.is_empty() && self.disbelieved < MOST_DISBELIEVED
    }

    /// Asks again for what could not be read when its notice came: the platform may bring it late, or not at all. The error means
    /// that the owner has gone.
    async fn read_again(&mut self, outlet: &mut Outlet) -> Result<(), super::outlet::Gone> {
        let is_due = !self.unread.is_empty() && self.again_at.is_none_or(|at| at <= clock::instant());
        let Some(expander) = self.expander.as_ref().filter(|_| is_due) else { return Ok(()) };
        self.again_at = Some(clock::instant() + SIGN_OF_LIFE);
        let (now, mut mapped) = (outlet.now(), Mapped::default());
        let mut notices = std::mem::take(&mut self.unread).into_iter();
        while let Some((since, notice)) = notices.next() {
            let mut one = Mapped::default();
            let Err(fault) = expander.expand(vec![notice.clone()], now, &mut one).await else {
                mapped.append(one);
                continue;
            };
            let is_answered = fault.status.is_some();
            note_error(outlet, &self.session.discreet(fault));
            if now.since_ms(since) <= MOST_OWED_MS {
                self.unread.push((since, notice));
            }
            if !is_answered {
                // where nobody answers the others wait
                self.unread.extend(notices.by_ref());
            }
        }
        if self.is_sure() {
            outlet.note_success(now);
        }
        outlet.deliver(mapped, None).await
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
    let reject = Reject { reason, detail: fault.to_string() };
    let beginning = clean(&String::from_utf8_lossy(body), BEGINNING_COLUMNS).to_string();
    let rejected = vec![Rejected { reject, place: String::new(), beginning }];
    Mapped { inputs: 1, rejected, ..Mapped::default() }
}
