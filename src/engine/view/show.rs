//! The show: what is on air, the run of show, acts that run, the log, open questions, chat gestures, feeds and completeness.

use crate::engine::Engine;
use crate::engine::event::{CorrectionKind, FeedState, InterventionKind, Parameters, SegmentKind};
use crate::engine::id::Sym;
use crate::engine::time::At;

/// What the audience does, in the rows of the heatmap. The first ten are read from chat by the lexicons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gesture {
    Price,
    Stock,
    Link,
    Shipping,
    Coupon,
    Payment,
    Complaint,
    Praise,
    Buy,
    Greeting,
    Click,
    AddToCart,
    Like,
    Share,
    Follow,
    Gift,
}

impl Gesture {
    pub const ALL: [Self; 16] = [
        Self::Price,
        Self::Stock,
        Self::Link,
        Self::Shipping,
        Self::Coupon,
        Self::Payment,
        Self::Complaint,
        Self::Praise,
        Self::Buy,
        Self::Greeting,
        Self::Click,
        Self::AddToCart,
        Self::Like,
        Self::Share,
        Self::Follow,
        Self::Gift,
    ];

    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Stock => "stock",
            Self::Link => "link",
            Self::Shipping => "shipping",
            Self::Coupon => "coupon",
            Self::Payment => "payment",
            Self::Complaint => "complaint",
            Self::Praise => "praise",
            Self::Buy => "buy",
            Self::Greeting => "greeting",
            Self::Click => "click",
            Self::AddToCart => "add_to_cart",
            Self::Like => "like",
            Self::Share => "share",
            Self::Follow => "follow",
            Self::Gift => "gift",
        }
    }
}

/// An act, running or over.
#[derive(Clone, Debug, PartialEq)]
pub struct InterventionView<'a> {
    pub id: &'a str,
    pub kind: InterventionKind,
    pub product: Option<Sym>,
    pub started: At,
    /// When it is meant to end; `None` for what runs until `e`.
    pub ends_at: Option<At>,
    /// When it ended: by the operator, or by its own clock.
    pub ended: Option<At>,
    pub withdrawn: bool,
    pub parameters: &'a Parameters,
    pub advice: Option<&'a str>,
    pub operator: Option<&'a str>,
    /// Another act ran on the same product or the whole live at the same time.
    pub overlaps: bool,
}

/// A line of the log and a mark on the curves.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEntry<'a> {
    pub seq: u64,
    pub at: At,
    pub what: Logged<'a>,
    /// Taken back later: drawn hollow.
    pub withdrawn: bool,
}

/// What the log tells of.
#[derive(Clone, Debug, PartialEq)]
pub enum Logged<'a> {
    /// A product on air, by the platform's own event or by the operator.
    Pinned {
        product: Sym,
    },
    Unpinned {
        product: Sym,
    },
    Cue {
        segment: &'a str,
        kind: Option<SegmentKind>,
    },
    Started {
        id: &'a str,
        kind: InterventionKind,
        product: Option<Sym>,
        parameters: &'a Parameters,
        operator: Option<&'a str>,
    },
    Ended {
        id: &'a str,
        kind: InterventionKind,
        product: Option<Sym>,
        operator: Option<&'a str>,
    },
    Withdrawn {
        id: &'a str,
        kind: InterventionKind,
        product: Option<Sym>,
        operator: Option<&'a str>,
    },
    Note {
        text: &'a str,
        operator: Option<&'a str>,
    },
    /// A manual figure: metric id and value as typed.
    Figure {
        metric: &'a str,
        value: &'a str,
    },
    Corrected {
        kind: CorrectionKind,
        target: &'a str,
    },
    FeedLost {
        feed: &'a str,
    },
    FeedBack {
        feed: &'a str,
    },
    Closed,
}

/// A question of the chat that nobody has answered.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenQuestion<'a> {
    /// As first asked, cleaned.
    pub text: &'a str,
    /// Its first gesture that asks; `None` for a question mark alone.
    pub topic: Option<Gesture>,
    pub product: Option<Sym>,
    /// How often it was asked.
    pub count: u32,
    pub since: At,
}

/// A segment of the run of show that began.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentView<'a> {
    /// Its place: `Scope::Segment(index)`.
    pub index: usize,
    pub name: &'a str,
    pub kind: Option<SegmentKind>,
    pub host: Option<&'a str>,
    pub from: At,
    /// `None` while it is on.
    pub to: Option<At>,
    pub planned_s: Option<i64>,
}

/// One presentation of a product.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainView {
    /// Its place: `Scope::Explain(index)`.
    pub index: usize,
    pub product: Sym,
    pub from: At,
    /// `None` while it is on.
    pub to: Option<At>,
}

/// A chat message as the glass may show it: names live in memory only.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatLine<'a> {
    pub at: At,
    pub author: &'a str,
    pub text: &'a str,
    pub by_staff: bool,
    pub gestures: Vec<Gesture>,
}

/// A feed as the engine knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedView<'a> {
    pub state: &'a FeedState,
    /// Everything that happened before this has arrived: its window, its last message, its heartbeat.
    pub complete_to: Option<At>,
    pub stale: bool,
    pub quarantined: u64,
    pub late: u64,
}

impl Engine {
    /// When the live began: the plan's start, else the first fact.
    #[must_use]
    pub fn started(&self) -> Option<At> {
        None
    }
    #[must_use]
    pub fn closed(&self) -> Option<At> {
        None
    }
    /// The product on air, by the latest pin or cue.
    #[must_use]
    pub fn on_air(&self) -> Option<Sym> {
        None
    }
    /// The product that was on air for most of a clock minute.
    #[must_use]
    pub fn on_air_in_minute(&self, minute: i64) -> Option<Sym> {
        let _ = minute;
        None
    }
    /// Segments that began, by time.
    #[must_use]
    pub fn segments(&self) -> Vec<SegmentView<'_>> {
        Vec::new()
    }
    /// Place in the plan's run of show of the segment that comes next.
    #[must_use]
    pub fn next_segment(&self) -> Option<usize> {
        None
    }
    #[must_use]
    pub fn explains(&self) -> Vec<ExplainView> {
        Vec::new()
    }
    /// All acts, by start.
    #[must_use]
    pub fn interventions(&self) -> Vec<InterventionView<'_>> {
        Vec::new()
    }
    /// The whole log, oldest first.
    #[must_use]
    pub fn log(&self) -> Vec<LogEntry<'_>> {
        Vec::new()
    }
    /// Open questions, oldest first.
    #[must_use]
    pub fn questions(&self) -> Vec<OpenQuestion<'_>> {
        Vec::new()
    }
    /// The newest chat messages, oldest first, at most `most`.
    #[must_use]
    pub fn chat(&self, most: usize) -> Vec<ChatLine<'_>> {
        let _ = most;
        Vec::new()
    }
    /// How often a gesture was made in a clock minute; `None` where no feed could have told.
    #[must_use]
    pub fn gestures_in_minute(&self, gesture: Gesture, minute: i64) -> Option<i64> {
        let _ = (gesture, minute);
        None
    }
    #[must_use]
    pub fn feeds(&self) -> Vec<FeedView<'_>> {
        Vec::new()
    }
    /// Until when all feeds that give one of these event types are complete.
    #[must_use]
    pub fn complete_to(&self, types: &[&str]) -> Option<At> {
        let _ = types;
        None
    }
    /// True while a feed that gives one of these event types is stale.
    #[must_use]
    pub fn is_stale(&self, types: &[&str]) -> bool {
        let _ = types;
        false
    }
    /// True for a minute that was re-opened by facts that came late.
    #[must_use]
    pub fn filled_late(&self, minute: i64) -> bool {
        let _ = minute;
        false
    }
}
