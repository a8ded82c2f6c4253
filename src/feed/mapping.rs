//! What a payload goes through, what is known beside it, and what became of it.
//!
//! The work itself is done by [`run`], in a process of its own that a [`super::mapper::Mapper`] keeps.

pub mod run;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Rejected;
use super::account::Account;
use super::filter::Filter;
use super::http::Answer;
use crate::engine::event::{Event, Quarantine};
use crate::engine::text::clean;
use crate::engine::time::At;
use crate::engine::wire::{Defaults, Reject};

/// Deepest nesting of a payload.
pub const MAX_DEPTH: usize = 64;
/// Largest payload, decompressed.
pub const MAX_BYTES: usize = 8 << 20;
/// Outputs of one input at most; an input without `items` is the whole payload.
pub const MAX_OUTPUTS: usize = 200_000;
/// What the outputs of one payload may take as JSON.
pub const MAX_OUTPUT_BYTES: usize = 48 << 20;
/// Kept of an input that became no event.
pub const BEGINNING_COLUMNS: usize = 120;
/// Inputs of one payload whose being left out is told one by one, to know them when they come again; the rest is only counted.
const TOLD_LEFT_OUT: usize = 1_000;

/// A feed's plain variables, by name.
pub type Plain = BTreeMap<String, String>;

/// What is known about a payload beside its text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Context {
    /// `$feed`.
    pub feed: Plain,
    /// When it was fetched or arrived: `$at`.
    pub at: At,
    /// `{status, headers}`: `$response`.
    pub response: Value,
    /// The lookup table beside the feed, as JSON: `$join`.
    #[serde(skip)]
    pub join: Option<Arc<str>>,
    /// What a snapshot without a time is stamped with: the response's `Date`, else the fetch time.
    pub snapshot_at: At,
    pub defaults: Defaults,
    /// Where it came from, for the quarantine: `line 12`, `page 3`.
    pub place: String,
}

impl Context {
    #[must_use]
    pub fn new(at: At, defaults: Defaults) -> Self {
        Self { feed: Plain::new(), at, response: Value::Null, join: None, snapshot_at: at, defaults, place: String::new() }
    }

    /// The context of an HTTP answer.
    #[must_use]
    pub fn of_answer(answer: &Answer, at: At, place: String, account: &Account) -> Self {
        let headers: BTreeMap<&str, &str> =
            answer.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
        Self {
            feed: account.plain(),
            at,
            response: json!({"status": answer.status.as_u16(), "headers": headers}),
            join: None,
            snapshot_at: answer.date.unwrap_or(at),
            defaults: account.defaults.clone(),
            place,
        }
    }
}

/// The expressions that a payload goes through. All but `map` are optional.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recipe<F = Filter> {
    /// Answers null or true for a good answer, else what the platform says.
    pub ok: Option<F>,
    /// Says that the refusal is one of credentials.
    pub denied: Option<F>,
    /// Seconds to wait where the platform says "too many requests" inside an HTTP success.
    pub throttled: Option<F>,
    /// The inputs of the payload; the payload itself without it.
    pub items: Option<F>,
    pub map: F,
    /// What the next page, token or interval is.
    pub next: Option<F>,
    pub interval: Option<F>,
    /// The quota left, in the platform's units.
    pub quota: Option<F>,
    /// What is acknowledged once the payload is kept: `{{ack}}` of the second call.
    pub ack: Option<F>,
}

impl<F> Recipe<F> {
    #[must_use]
    pub const fn new(map: F) -> Self {
        Self { ok: None, denied: None, throttled: None, items: None, map, next: None, interval: None, quota: None, ack: None }
    }

    /// All that there are.
    pub fn filters(&self) -> impl Iterator<Item = &F> {
        let maybe = [&self.ok, &self.denied, &self.throttled, &self.items, &self.next, &self.interval, &self.quota, &self.ack];
        maybe.into_iter().flatten().chain([&self.map])
    }

    /// The same with something else in place of each filter; nothing where one has none.
    pub fn each<'r, G>(&'r self, mut of: impl FnMut(&'r F) -> Option<G>) -> Option<Recipe<G>> {
        let mut maybe = |filter: &'r Option<F>| match filter {
            None => Some(None),
            Some(filter) => of(filter).map(Some),
        };
        Some(Recipe {
            ok: maybe(&self.ok)?,
            denied: maybe(&self.denied)?,
            throttled: maybe(&self.throttled)?,
            items: maybe(&self.items)?,
            next: maybe(&self.next)?,
            interval: maybe(&self.interval)?,
            quota: maybe(&self.quota)?,
            ack: maybe(&self.ack)?,
            map: of(&self.map)?,
        })
    }
}

/// A notice that a resource changed: get it, map the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expansion {
    /// Several notices of one id become one request.
    pub id: String,
    /// Values for the templates of the second request.
    pub values: Vec<(String, String)>,
}

/// An input that became no event, and not because it was wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The filter's own reason; none where it gave nothing at all.
    pub why: Option<String>,
    /// The cleaned beginning of the input.
    pub beginning: String,
}

/// What became of one payload.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Mapped {
    #[serde(skip)]
    pub events: Vec<Event>,
    pub rejected: Vec<Rejected>,
    /// Inputs that the payload held.
    pub inputs: usize,
    /// Inputs that became nothing, though nobody said that they should.
    pub unmapped: usize,
    /// Inputs that the mapping left out on purpose.
    pub skipped: usize,
    /// The first of both kinds.
    pub left_out: Vec<LeftOut>,
    /// The platform says that events were lost, and why.
    pub gap: Option<String>,
    pub expansions: Vec<Expansion>,
    /// A mark of the payload, where it is a page.
    #[serde(skip)]
    pub look: Option<u64>,
    /// The next page, token, or place of a stream.
    pub next: Option<String>,
    /// The platform's wish for the time to the next request, in seconds.
    pub interval_s: Option<f64>,
    pub quota_left: Option<i64>,
    pub ack: Option<String>,
}

impl Mapped {
    /// Puts aside the notices that are left: the request has no second call that looks them up.
    pub fn put_notices_aside(&mut self) {
        self.rejected.extend(self.expansions.drain(..).map(|notice| {
            let detail = "map: a notice, and the request has no [request.expand] that looks it up".to_owned();
            let reject = Reject { reason: Quarantine::BadField, detail };
            Rejected { reject, place: String::new(), beginning: clean(&notice.id, BEGINNING_COLUMNS).to_string() }
        }));
    }

    /// Adds what another payload became.
    pub fn append(&mut self, other: Self) {
        self.events.extend(other.events);
        self.rejected.extend(other.rejected);
        self.expansions.extend(other.expansions);
        self.inputs += other.inputs;
        self.unmapped += other.unmapped;
        self.skipped += other.skipped;
        let room = TOLD_LEFT_OUT.saturating_sub(self.left_out.len());
        self.left_out.extend(other.left_out.into_iter().take(room));
        self.gap = other.gap.or(self.gap.take());
        self.next = other.next.or(self.next.take());
        self.interval_s = other.interval_s.or(self.interval_s);
        self.quota_left = other.quota_left.or(self.quota_left);
    }
}
