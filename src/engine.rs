//! The engine: facts in, notices out. No clock, no I/O, no async, no terminal, no randomness, no hash order.
//!
//! [`event`] is the vocabulary, [`wire`] its JSON form, [`plan`] what the broadcast was meant to be,
//! [`live`] one ledger a file, [`metric`] every formula of the product, once.

pub mod detect;
pub mod event;
pub mod id;
pub mod impact;
pub mod live;
pub mod metric;
pub mod money;
pub mod notice;
pub mod plan;
pub mod text;
pub mod time;
pub mod view;
pub mod wire;

use event::{Event, Quarantine, Record};
use live::Live;
use metric::{Metric, Reading, Scope, Why};
use notice::Notice;
use plan::Plan;
use time::{At, Span};

/// How arrival is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A live, a journal, an export: the order of arrival is a fact, lateness is judged.
    Live,
    /// Plain files: `at = ts`, nothing is late.
    Files,
}

/// What becomes of an event that wants in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Accepted,
    /// The same content is known already.
    Duplicate,
    /// The id is known with other content; the first stays.
    Conflict,
    /// A test: counted, dropped.
    Test,
    Refused(Quarantine),
}

/// The state of one broadcast, a function of its records alone.
#[derive(Clone, Debug)]
pub struct Engine {
    plan: Plan,
    arrival: Arrival,
    live: Live,
    /// Up to here whole seconds have been judged.
    now: At,
}

impl Engine {
    /// An engine before its first record.
    #[must_use]
    pub fn new(plan: Plan, arrival: Arrival) -> Self {
        Self { live: Live::new(&plan), plan, arrival, now: At::default() }
    }

    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }
    #[must_use]
    pub const fn arrival(&self) -> Arrival {
        self.arrival
    }
    #[must_use]
    pub const fn live(&self) -> &Live {
        &self.live
    }
    /// The instant that the state stands at.
    #[must_use]
    pub const fn now(&self) -> At {
        self.now
    }

    /// What would become of `event` if it arrived at `at`. Changes nothing: the shell asks before it journals,
    /// so that what is read again and again takes no place in the journal.
    #[must_use]
    pub fn admission(&self, event: &Event, at: At) -> Admission {
        let _ = (event, at);
        Admission::Accepted
    }

    /// Takes one record: walks the whole seconds up to it, then folds it into every ledger that it concerns.
    pub fn step(&mut self, record: &Record) -> Vec<Notice> {
        let notices = self.advance_to(record.at);
        notices
    }

    /// Walks the one-second grid to `at`. How often it is called cannot change the outcome.
    pub fn advance_to(&mut self, at: At) -> Vec<Notice> {
        self.now = self.now.max(at);
        Vec::new()
    }

    /// A metric over a scope and the window that ends at the completeness of the feeds it needs.
    #[must_use]
    pub fn reading(&self, metric: Metric, scope: Scope, span: Span) -> Reading {
        let _ = (metric, scope, span);
        Reading::unknown(Why::NotInFeeds)
    }

    /// The same metric over the window before that one.
    #[must_use]
    pub fn reading_before(&self, metric: Metric, scope: Scope, span: Span) -> Reading {
        let _ = (metric, scope, span);
        Reading::unknown(Why::NotInFeeds)
    }

    /// The metric in one clock minute (UTC, minutes since 1970).
    #[must_use]
    pub fn reading_in_minute(&self, metric: Metric, scope: Scope, minute: i64) -> Reading {
        let _ = (metric, scope, minute);
        Reading::unknown(Why::NotInFeeds)
    }
}
