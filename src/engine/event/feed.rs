//! How feeds stand, and why an input was put aside.

use schemars::JsonSchema;
use serde::Serialize;

use super::fields;
use crate::engine::id::Name;
use crate::engine::time::At;

/// How a feed stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedStatus {
    /// Not yet read to the present for the first time.
    #[default]
    Starting,
    Ok,
    /// Failing; trying again at `retry_at`.
    Retrying,
    /// Ended as it should (a file read to its end, a child process that finished).
    Ended,
    /// Will not be tried again without the operator.
    Failed,
}

/// What a feed promises about events across a crash or an outage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Guarantee {
    /// Acknowledged only after it is in the journal.
    Durable,
    /// Read again from a stored cursor.
    Resumable,
    #[default]
    BestEffort,
}

fields! {
    /// A feed's health at `ts`, as the shell saw it. Counters are running totals since the journal began.
    #[derive(Default)]
    FeedState {
        #[schemars(with = "String")]
        feed: Name,
        #[schemars(default)]
        status: FeedStatus,
        #[schemars(default)]
        guarantee: Guarantee,
        /// Everything that happened before this instant has been read.
        #[serde(skip_serializing_if = "Option::is_none")]
        complete_to: Option<At>,
        /// What happened before this instant it will never tell: a stream is heard from when it was first opened.
        #[serde(skip_serializing_if = "Option::is_none")]
        heard_from: Option<At>,
        /// The canonical event types that it gives.
        #[schemars(with = "Vec<String>")]
        #[schemars(default)]
        gives: Vec<Name>,
        /// A feed older than this is stale.
        #[schemars(default)]
        stale_after_s: i64,
        /// True once the feed has read its history up to the present.
        #[schemars(default)]
        caught_up: bool,
        #[schemars(default)]
        received: u64,
        #[schemars(default)]
        duplicate: u64,
        #[schemars(default)]
        conflict: u64,
        /// What it brought too late; journals of earlier versions count that by source only.
        #[serde(skip_serializing_if = "Option::is_none")]
        late: Option<u64>,
        #[schemars(default)]
        quarantined: u64,
        /// Inputs that mapped to no event.
        #[schemars(default)]
        unmapped: u64,
        /// Inputs that the mapping left out on purpose.
        #[schemars(default)]
        skipped: u64,
        /// Test orders and messages.
        #[schemars(default)]
        tests: u64,
        #[schemars(default)]
        dropped: u64,
        #[schemars(default)]
        errors: u64,
        #[schemars(default)]
        retries: u64,
        /// Cleaned, without secrets.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        last_error: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_at: Option<At>,
        /// Why the newest input was put aside, without what it held.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        last_aside: Option<Name>,
        /// The server's clock minus ours.
        #[serde(skip_serializing_if = "Option::is_none")]
        skew_ms: Option<i64>,
        /// From what it tells to its arrival here: the middle one of the last.
        #[serde(skip_serializing_if = "Option::is_none")]
        lag_ms: Option<i64>,
        /// How often it asks, as far as the quota has room.
        #[serde(skip_serializing_if = "Option::is_none")]
        interval_ms: Option<i64>,
        /// Quota of a day, in the platform's units.
        #[serde(skip_serializing_if = "Option::is_none")]
        quota: Option<i64>,
        /// What is left of it, and when it runs out at this rate.
        #[serde(skip_serializing_if = "Option::is_none")]
        quota_left: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        quota_until: Option<At>,
    }
}

/// Why an input was put aside. A closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Quarantine {
    NotJson,
    NoType,
    UnknownType,
    NoId,
    BadTime,
    BadMoney,
    BadField,
    Future,
    TooEarly,
    TooOld,
    Span,
}

impl Quarantine {
    pub const ALL: [Self; 11] = [
        Self::NotJson,
        Self::NoType,
        Self::UnknownType,
        Self::NoId,
        Self::BadTime,
        Self::BadMoney,
        Self::BadField,
        Self::Future,
        Self::TooEarly,
        Self::TooOld,
        Self::Span,
    ];

    /// The reason with that id.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.id() == id)
    }
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::NoType => "no_type",
            Self::UnknownType => "unknown_type",
            Self::NoId => "no_id",
            Self::BadTime => "bad_time",
            Self::BadMoney => "bad_money",
            Self::BadField => "bad_field",
            Self::Future => "future",
            Self::TooEarly => "too_early",
            Self::TooOld => "too_old",
            Self::Span => "span",
        }
    }
}
