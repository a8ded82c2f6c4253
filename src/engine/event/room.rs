//! What the room and the broadcast tell: viewers, chat, reactions, pins, ad spend, figures of a platform, the script.

use schemars::JsonSchema;
use serde::Serialize;

use super::{ChannelClue, fields};
use crate::engine::id::Name;
use crate::engine::money::Money;
use crate::engine::time::At;

fields! {
    /// How many are in the room now.
    Audience {
        viewers: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
        /// Those there for more than a minute.
        #[serde(skip_serializing_if = "Option::is_none")]
        engaged: Option<i64>,
    }
}

fields! {
    /// `viewer_join` `viewer_leave`.
    ViewerAct {
        #[schemars(with = "String")]
        visitor: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        watched_s: Option<i64>,
    }
}

/// Who wrote a chat message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthorKind {
    #[default]
    Viewer,
    Host,
    Moderator,
    Staff,
}

fields! {
    ChatMessage {
        #[schemars(with = "String")]
        author: Name,
        #[schemars(with = "String")]
        text: Name,
        #[schemars(default)]
        author_kind: AuthorKind,
        /// The id of the message that this one answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        reply_to: Option<Name>,
        /// Money sent with the message.
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Money>,
    }
}

fields! {
    /// `like` `share` `follow` `gift` and whatever else a platform counts.
    Reaction {
        #[schemars(with = "String")]
        kind: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        count: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        author: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Money>,
    }
}

fields! {
    /// `product_pinned`.
    Pin {
        #[schemars(with = "String")]
        sku: Name,
    }
}

fields! {
    /// `product_unpinned`. Without a product it is the one that this source pinned last: nothing is pinned there now.
    PinEnd {
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        sku: Option<Name>,
    }
}

fields! {
    /// The stretch of time that a platform's bucket covers.
    #[derive(Copy)]
    Bucket { from: At, to: At }
}

fields! {
    AdSpend {
        value: Money,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        campaign: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        bucket: Option<Bucket>,
        /// True: `value` is the running total so far.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        #[schemars(default)]
        total: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        clicks: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        impressions: Option<i64>,
    }
}

/// How a platform's own counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadingKind {
    Gauge,
    Total,
    Bucket,
}

fields! {
    /// A platform's own counter, by canonical metric id.
    PlatformReading {
        #[schemars(with = "String")]
        metric: Name,
        /// Its JSON number (or money text) as written.
        #[schemars(with = "Money")]
        value: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        sku: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        kind: Option<ReadingKind>,
        #[serde(skip_serializing_if = "Option::is_none")]
        bucket: Option<Bucket>,
    }
}

fields! {
    /// `generate_lead`.
    Lead {
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        lead: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        campaign: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelClue>,
    }
}

/// What a segment of the run of show is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SegmentKind {
    Demo,
    Talk,
    Offer,
    Qa,
    Giveaway,
    Break,
}

fields! {
    /// A segment of the run of show begins.
    Cue {
        #[schemars(with = "String")]
        segment: Name,
        #[serde(skip_serializing_if = "Option::is_none")]
        kind: Option<SegmentKind>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        host: Option<Name>,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        sku: Option<Name>,
    }
}
