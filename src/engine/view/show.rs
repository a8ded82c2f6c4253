//! The show: what is on air, the run of show, acts that run, the log, open questions, chat gestures, feeds and completeness.

use crate::engine::event::{AuthorKind, CorrectionKind, FeedState, InterventionKind, Parameters, SegmentKind};
use crate::engine::id::Sym;
use crate::engine::live::feeds::Feeds;
use crate::engine::live::interventions::overlaps;
pub use crate::engine::live::log::{AdviceTurn, Told};
use crate::engine::live::log::{Entry, What};
use crate::engine::money::Money;
use crate::engine::time::At;
use crate::engine::{Arrival, Engine};

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
        product: Option<Sym>,
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
        value: &'a Told,
    },
    /// A sale typed in.
    Sale {
        value: Money,
    },
    Corrected {
        kind: CorrectionKind,
        target: &'a str,
    },
    Advice {
        id: &'a str,
        rule: &'a str,
        turn: AdviceTurn,
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
    /// When it became stale.
    pub stale_since: Option<At>,
    /// New events of the last minute.
    pub rate: Option<u64>,
    pub quarantined: u64,
    pub late: u64,
    /// When its last error was told.
    pub error_at: Option<At>,
    /// When an input of it was put aside last.
    pub aside_at: Option<At>,
    /// How many stretches it will never tell, and their length together in milliseconds.
    pub gaps: (usize, i64),
}

/// Event types that tell of a gesture.
const fn told_by(gesture: Gesture) -> &'static str {
    match gesture {
        Gesture::Click => "select_item",
        Gesture::AddToCart => "add_to_cart",
        Gesture::Like | Gesture::Share | Gesture::Follow | Gesture::Gift => "reaction",
        Gesture::Price
        | Gesture::Stock
        | Gesture::Link
        | Gesture::Shipping
        | Gesture::Coupon
        | Gesture::Payment
        | Gesture::Complaint
        | Gesture::Praise
        | Gesture::Buy
        | Gesture::Greeting => "chat_message",
    }
}

impl Engine {
    /// When the live began: the plan's start, else the first fact.
    #[must_use]
    pub fn started(&self) -> Option<At> {
        self.plan().starts_at.or(self.tally().from)
    }
    #[must_use]
    pub fn closed(&self) -> Option<At> {
        self.live().segments.closed()
    }
    /// The product on air, by the latest pin or cue.
    #[must_use]
    pub fn on_air(&self) -> Option<Sym> {
        self.live().segments.on_air()
    }
    /// Since when nothing has been on air where something should be: a product has left it, and the segment that is on is
    /// planned with one, or is over by its plan.
    #[must_use]
    pub fn off_air_since(&self) -> Option<At> {
        let left = self.live().segments.explains().last()?.to?;
        let Some(current) = self.segments().into_iter().rev().find(|segment| segment.to.is_none()) else { return Some(left) };
        let shows = self.plan().segments.iter().any(|planned| planned.name == current.name && !planned.skus.is_empty());
        let over = || current.planned_s.map(|length_s| current.from.plus_s(length_s)).filter(|end| *end <= self.now());
        if shows { Some(left.max(current.from)) } else { over().map(|end| left.max(end)) }
    }
    /// The product that was on air for most of a clock minute.
    #[must_use]
    pub fn on_air_in_minute(&self, minute: i64) -> Option<Sym> {
        self.live().segments.on_air_in_minute(minute, self.now())
    }
    /// Segments that began, by time.
    #[must_use]
    pub fn segments(&self) -> Vec<SegmentView<'_>> {
        let places = self.planned_places();
        let begun = self.live().segments.segments().iter().zip(places).enumerate();
        begun
            .map(|(index, (segment, place))| {
                let planned = place.and_then(|place| self.plan().segments.get(place));
                SegmentView {
                    index,
                    name: &segment.name,
                    kind: segment.kind.or_else(|| planned?.kind),
                    host: segment.host.as_deref().or_else(|| planned?.host.as_deref()),
                    from: segment.from,
                    to: segment.to,
                    planned_s: planned.map(|planned| planned.length_s).filter(|length| *length > 0),
                }
            })
            .collect()
    }
    /// Place in the plan's run of show of the segment that comes next.
    #[must_use]
    pub fn next_segment(&self) -> Option<usize> {
        let next = self.planned_places().into_iter().flatten().next_back().map_or(0, |last| last + 1);
        (next < self.plan().segments.len() && self.closed().is_none()).then_some(next)
    }
    /// Where in the plan each segment that began stands: the next of its name, else any of its name.
    fn planned_places(&self) -> Vec<Option<usize>> {
        let planned = &self.plan().segments;
        let mut next = 0;
        let mut places = Vec::new();
        for segment in self.live().segments.segments() {
            let later = planned.iter().enumerate().skip(next).find(|(_, p)| segment.name == p.name);
            let place = later.or_else(|| planned.iter().enumerate().find(|(_, p)| segment.name == p.name)).map(|(place, _)| place);
            next = place.map_or(next, |place| place + 1);
            places.push(place);
        }
        places
    }
    #[must_use]
    pub fn explains(&self) -> Vec<ExplainView> {
        let explains = self.live().segments.explains().iter().enumerate();
        explains.map(|(index, e)| ExplainView { index, product: e.product, from: e.from, to: e.to }).collect()
    }
    /// All acts, by start.
    #[must_use]
    pub fn interventions(&self) -> Vec<InterventionView<'_>> {
        let standing = self.live().interventions.standing(self.now());
        let overlaps = overlaps(&standing);
        let acts = standing.into_iter().zip(overlaps);
        acts.map(|(standing, overlaps)| InterventionView {
            id: standing.id,
            kind: standing.act.kind,
            product: standing.act.product,
            started: standing.act.started,
            ends_at: standing.ends_at,
            ended: standing.ended,
            withdrawn: standing.withdrawn,
            parameters: &standing.act.parameters,
            advice: standing.act.advice.as_deref(),
            operator: standing.act.operator.as_deref(),
            overlaps,
        })
        .collect()
    }
    /// The whole log, oldest first.
    #[must_use]
    pub fn log(&self) -> Vec<LogEntry<'_>> {
        let live = self.live();
        let mut entries: Vec<_> = live.log.entries().filter_map(|entry| self.log_entry(entry)).collect();
        let by_clock = live.interventions.standing(self.now()).into_iter().filter(|act| act.by_clock && act.ends_at.is_some());
        entries.extend(by_clock.filter_map(|act| {
            let what = Logged::Ended { id: act.id, kind: act.act.kind, product: act.act.product, operator: None };
            Some(LogEntry { seq: act.act.seq, at: act.ended?, what, withdrawn: act.withdrawn })
        }));
        entries.sort_by_key(|entry| (entry.at, entry.seq));
        entries
    }
    /// An entry as the glass shows it; `None` for the end of an act that nobody began.
    fn log_entry<'a>(&'a self, entry: &'a Entry) -> Option<LogEntry<'a>> {
        let acts = &self.live().interventions;
        let mut withdrawn = self.live().log.is_void(&entry.id);
        let what = match &entry.what {
            What::Pinned { product } => Logged::Pinned { product: *product },
            What::Unpinned { product } => Logged::Unpinned { product: *product },
            What::Cue { segment, kind } => Logged::Cue { segment, kind: *kind },
            What::Started { id } => {
                let act = acts.find(id)?;
                withdrawn |= acts.is_withdrawn(id);
                Logged::Started { id, kind: act.kind, product: act.product, parameters: &act.parameters, operator: act.operator.as_deref() }
            }
            What::Ended { id, operator } => {
                let act = acts.find(id)?;
                withdrawn |= acts.is_withdrawn(id);
                Logged::Ended { id, kind: act.kind, product: act.product, operator: operator.as_deref() }
            }
            What::Withdrawn { id, operator } => {
                let act = acts.find(id)?;
                Logged::Withdrawn { id, kind: act.kind, product: act.product, operator: operator.as_deref() }
            }
            What::Note { text, operator } => Logged::Note { text, operator: operator.as_deref() },
            What::Figure { metric, value } => Logged::Figure { metric, value },
            What::Sale { value } => Logged::Sale { value: *value },
            What::Corrected { kind, target } => Logged::Corrected { kind: *kind, target },
            What::Advice { advice, turn } => {
                let card = self.advisor().cards().iter().find(|card| card.id == *advice)?;
                Logged::Advice { id: advice, rule: &card.rule, turn: *turn }
            }
            What::FeedLost { feed } => Logged::FeedLost { feed },
            What::FeedBack { feed } => Logged::FeedBack { feed },
            What::Closed => Logged::Closed,
        };
        Some(LogEntry { seq: entry.seq, at: entry.at, what, withdrawn })
    }
    /// Open questions, oldest first.
    #[must_use]
    pub fn questions(&self) -> Vec<OpenQuestion<'_>> {
        let open = self.live().open_questions(self.now(), self.plan()).into_iter();
        open.map(|open| OpenQuestion { text: open.text, topic: open.topic, product: open.product, count: open.count, since: open.since })
            .collect()
    }
    /// True while more questions may be open than are held, and older ones.
    #[must_use]
    pub fn has_more_questions(&self) -> bool {
        self.live().questions.is_flooded(self.now(), self.plan())
    }
    /// The newest chat messages, oldest first, at most `most`.
    #[must_use]
    pub fn chat(&self, most: usize) -> Vec<ChatLine<'_>> {
        let lines = self.live().chat.lines();
        let skipped = lines.len().saturating_sub(most);
        lines
            .skip(skipped)
            .map(|line| ChatLine {
                at: line.at,
                author: self.live().books.authors.text(line.author),
                text: &line.text,
                by_staff: line.by != AuthorKind::Viewer,
                gestures: line.said.iter().collect(),
            })
            .collect()
    }
    /// How often a gesture was made in a clock minute; `None` where no feed could have told.
    #[must_use]
    pub fn gestures_in_minute(&self, gesture: Gesture, minute: i64) -> Option<i64> {
        let count = self.live().gestures.in_minute(gesture, minute);
        if count > 0 {
            return Some(count);
        }
        let told_by = [told_by(gesture)];
        let begun = self.started().is_some_and(|start| minute >= start.minute()) && minute <= self.now().minute();
        let told = self.complete_to(&told_by).is_some_and(|to| At::from_minute(minute) < to);
        (begun && told && !self.live().feeds.is_lost(&told_by, minute, self.plan())).then_some(0)
    }
    #[must_use]
    pub fn feeds(&self) -> Vec<FeedView<'_>> {
        let feeds = &self.live().feeds;
        feeds
            .feeds()
            .map(|feed| FeedView {
                state: &feed.state,
                complete_to: feed.complete_to(self.now()),
                stale: feed.is_stale_at(self.now(), self.plan()),
                stale_since: feed.stale_since,
                rate: feed.rate(self.now()),
                quarantined: feed.state.quarantined,
                late: feed.state.late.unwrap_or_else(|| self.identity().late_of(Feeds::source(feed, self.plan()))),
                error_at: feed.error_at,
                aside_at: feed.aside_at,
                gaps: feed.gaps(),
            })
            .collect()
    }
    /// Orders, acts and chat messages of people whom the plan or the desk excludes.
    #[must_use]
    pub fn excluded(&self) -> [u64; 3] {
        let live = self.live();
        let orders = live.commerce.orders.excluded() as u64;
        [orders, live.commerce.excluded(), live.chat.excluded().unsigned_abs()]
    }
    /// True where a platform of the plan cannot give this event type and none of its feeds does.
    #[must_use]
    pub fn is_unavailable(&self, kind: &str) -> bool {
        !self.is_told(&[kind]) && self.plan().unavailable.iter().any(|gap| gap.kind == kind)
    }
    /// Test orders and messages: those of a live are counted where they arrive, and told by its feeds.
    #[must_use]
    pub fn tests(&self) -> u64 {
        self.tally().test.max(self.live().feeds.feeds().map(|feed| feed.state.tests).sum())
    }
    /// Until when all feeds that give one of these event types are complete. What files bring, and what comes by no feed
    /// that tells of itself, is complete to now.
    #[must_use]
    pub fn complete_to(&self, types: &[&str]) -> Option<At> {
        let feeds = &self.live().feeds;
        if self.arrival() == Arrival::Live && feeds.give(types, self.plan()) {
            return feeds.complete_to(types, self.now(), self.plan());
        }
        self.is_told(types).then_some(self.now())
    }
    /// True where a feed of this desk gives one of these event types, or one has come.
    #[must_use]
    pub fn is_told(&self, types: &[&str]) -> bool {
        types.iter().any(|kind| self.tally().of_type(kind) > 0) || self.live().feeds.give(types, self.plan())
    }
    /// True while a feed that gives one of these event types is stale.
    #[must_use]
    pub fn is_stale(&self, types: &[&str]) -> bool {
        self.arrival() == Arrival::Live && self.live().feeds.is_stale(types, self.now(), self.plan())
    }
    /// True for a minute that was re-opened by facts that came late.
    #[must_use]
    pub fn filled_late(&self, minute: i64) -> bool {
        self.live().feeds.filled_late(minute) || self.identity().filled_late(minute)
    }
}

#[cfg(test)]
mod tests;
