//! The simulated broadcast: a seeded generator of shoppers, chat, stock, ads and incidents.
//!
//! [`scenario`] says what a broadcast is made of, [`broadcast`] runs it second by second and hears the operator's [`act`]s,
//! [`delivery`] brings its canonical events to the desk late, twice and out of order as real feeds do. Scenario, seed and
//! acts with their times make the same events, byte for byte; no clock, no hash order.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a model of crowds counts in floats; money stays in integers"
)]

use std::io::{self, Write};
use std::sync::Arc;

use broadcast::Broadcast;
use scenario::Scenario;

use crate::engine::event::{Control, Event, Extra, Fact, Record};
use crate::engine::id::Name;
use crate::engine::time::At;
use crate::engine::wire;

pub mod act;
pub mod broadcast;
pub mod calibration;
pub mod chatter;
pub mod check;
pub mod delivery;
pub mod future;
mod happening;
pub mod incident;
pub mod luck;
pub mod place;
pub mod response;
pub mod room;
pub mod scenario;
pub mod shop;
pub mod show;

/// The plan of a scenario as the record that a journal begins with.
#[must_use]
pub fn plan_event(scenario: &Scenario) -> Event {
    let body = serde_json::to_string(&scenario.plan()).unwrap_or_default().into_boxed_str();
    Event {
        fact: Fact::Plan(Control { body }),
        ts: scenario.starts_at,
        id: None,
        source: Name::const_new("desk"),
        currency: None,
        test: false,
        extra: Extra::default(),
    }
}

/// What earlier lives of a scenario's shop reached, as the record that follows the plan.
#[must_use]
pub fn priors_event(scenario: &Scenario) -> Option<Event> {
    let body = scenario.priors()?.into_boxed_str();
    Some(Event { fact: Fact::Priors(Control { body }), ..plan_event(scenario) })
}

/// A whole broadcast as a journal would hold it: numbered, in order of arrival, the plan first, the states of the feeds among the facts.
#[derive(Debug)]
pub struct Records {
    broadcast: Broadcast,
    ready: std::vec::IntoIter<delivery::Delivery>,
    first: std::vec::IntoIter<Event>,
    until: At,
    seq: u64,
    at: At,
}

impl Records {
    /// The broadcast of a scenario and a seed that nobody acts on, to its end.
    ///
    /// # Errors
    /// When the shipped chat templates cannot be read.
    pub fn new(scenario: Arc<Scenario>, seed: u64) -> Result<Self, String> {
        let (at, until) = (scenario.starts_at, scenario.starts_at.plus_s(scenario.length_s()));
        let first: Vec<Event> = std::iter::once(plan_event(&scenario)).chain(priors_event(&scenario)).collect();
        let first = first.into_iter();
        Ok(Self { broadcast: Broadcast::new(scenario, seed)?, ready: Vec::new().into_iter(), first, until, seq: 0, at })
    }
}

impl Iterator for Records {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let (at, event) = if let Some(plan) = self.first.next() {
            (self.at, plan)
        } else {
            loop {
                if let Some(delivery) = self.ready.next() {
                    break (delivery.at, delivery.event);
                }
                let now = self.broadcast.now();
                if now >= self.until {
                    return None;
                }
                self.ready = self.broadcast.advance_to(now.plus_s(1), &[]).into_iter();
            }
        };
        self.seq += 1;
        self.at = self.at.max(at);
        Some(Record { seq: self.seq, at: self.at, event })
    }
}

/// How many events were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub events: u64,
}

/// Writes the broadcast of `seed` as canonical JSON Lines in order of arrival, as fast as it goes: the plan, then facts only.
///
/// # Errors
/// When the scenario cannot be read or the writer fails.
pub fn run(seed: u64, hours: f64, writer: &mut impl Write) -> io::Result<Written> {
    let scenario = Scenario::demo().map_err(|problems| io::Error::other(problems.join("\n")))?;
    let scenario = Arc::new(scenario.lasting(hours));
    let mut written = Written::default();
    for record in Records::new(scenario, seed).map_err(io::Error::other)? {
        if matches!(record.event.fact, Fact::FeedState(_)) {
            continue;
        }
        writer.write_all(wire::write(&record.event).as_bytes())?;
        writer.write_all(b"\n")?;
        written.events += 1;
    }
    writer.flush()?;
    Ok(written)
}
