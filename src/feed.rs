//! Feeds: everything that brings facts to the desk comes through this door.
//!
//! A feed is a task that reads a platform, maps its payloads to canonical events off the owner's thread, and sends
//! [`Batch`]es over one bounded queue. The owner stamps them, queues them to the journal together with the feed's
//! cursor, steps the engine, and acknowledges after the commit. Feeds don't know the engine's state, the journal or the glass.

pub mod account;
mod address;
mod admission;
pub mod arrival;
pub mod asides;
pub mod backoff;
pub mod broker;
pub mod call;
pub mod canonical;
pub mod disclosure;
pub mod document;
pub mod errand;
pub mod expand;
pub mod fault;
pub mod filter;
pub mod http;
pub mod irc;
pub mod join;
pub mod jwt;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod knock;
pub mod lines;
pub mod listener;
pub mod lookups;
pub mod mapper;
pub mod mapping;
#[cfg(feature = "nats")]
pub mod nats;
pub mod ndjson;
pub mod notices;
pub mod outlet;
pub mod patience;
pub mod platform;
pub mod poll;
pub mod probe;
pub mod quota;
mod secret;
pub mod session;
pub mod sessions;
pub mod sign;
pub mod signature;
pub mod sse;
pub mod stream;
pub mod succession;
pub mod supervision;
pub mod template;
pub mod trial;
pub mod unchanged;
pub mod vault;
pub mod veil;
pub mod webhook;
pub mod ws;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use self::session::Session;
use crate::engine::event::{Event, FeedState};
use crate::engine::id::Name;
use crate::engine::time::At;
use crate::engine::wire::Reject;

/// Batches that may wait for the owner; a feed that finds it full waits (back-pressure), chat and viewers may be dropped and counted.
pub const QUEUE_BATCHES: usize = 256;
/// Events of one batch at most.
pub const BATCH_EVENTS: usize = 1_000;

/// An input that became no event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    pub reject: Reject,
    /// Where it stood: a line number, a byte offset, a page, an id.
    pub place: String,
    /// The cleaned beginning of the input.
    pub beginning: String,
}

/// What a feed hands over at once: applied as a whole, its cursor stored in the same transaction.
#[derive(Debug, Default)]
pub struct Batch {
    /// The feed's name in the plan.
    pub feed: Name,
    pub events: Vec<Event>,
    /// When each event arrived, where the feed itself keeps the time (a simulated broadcast); empty: the owner stamps them.
    pub arrived: Vec<At>,
    pub rejected: Vec<Rejected>,
    /// Where to go on after a restart, as the feed itself writes it.
    pub cursor: Option<String>,
    /// The feed's own health after this batch; the owner journals it when it changed in substance, at most once a second.
    pub state: Option<FeedState>,
    /// Whose secrets are kept out of what the owner itself says of these events.
    pub session: Option<Arc<Session>>,
    /// Answered once the batch is durable: true, or false when the journal failed.
    pub committed: Option<oneshot::Sender<bool>>,
    /// What is acknowledged stands in the cursor: without it the batch is not durable.
    pub by_cursor: bool,
}
