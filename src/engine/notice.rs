//! What the engine tells the shell: things that just became true. Side effects are return values.
//!
//! A notice carries figures and names, never a sentence: the glass and `--plain` find the words.

use super::event::{InterventionKind, SegmentKind};
use super::id::{Name, Sym};
use super::time::At;
use super::view::show::Gesture;

/// Something the operator may want to hear of.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub at: At,
    pub kind: NoticeKind,
}

/// What became true. Products are symbols of `live().books.skus`.
#[derive(Clone, Debug, PartialEq)]
pub enum NoticeKind {
    /// A recommendation was raised.
    AdviceRaised {
        id: Name,
        /// Ring the bell, where the operator has one: cards that come together ring once.
        rings: bool,
    },
    /// A playbook came into force.
    PlaybookLoaded {
        rules: usize,
    },
    FeedStale {
        feed: String,
    },
    FeedRecovered {
        feed: String,
    },
    /// A feed that keeps nothing for us was away: what happened meanwhile will never be known.
    FeedGap {
        feed: String,
        from: At,
        to: At,
    },
    OnAir {
        product: Sym,
    },
    OffAir {
        product: Sym,
    },
    SegmentBegan {
        segment: Name,
        kind: Option<SegmentKind>,
    },
    InterventionStarted {
        id: Name,
        kind: InterventionKind,
        product: Option<Sym>,
    },
    /// It ends by its own clock in `left_s` seconds.
    InterventionEnding {
        id: Name,
        kind: InterventionKind,
        product: Option<Sym>,
        left_s: i64,
    },
    /// Ended by the operator, or by its own clock.
    InterventionEnded {
        id: Name,
        kind: InterventionKind,
        product: Option<Sym>,
        by_clock: bool,
    },
    InterventionWithdrawn {
        id: Name,
        kind: InterventionKind,
        product: Option<Sym>,
    },
    /// A question that nobody has answered for a while.
    QuestionWaiting {
        text: Name,
        topic: Option<Gesture>,
        product: Option<Sym>,
        count: u32,
        waits_s: i64,
    },
    SoldOut {
        product: Sym,
    },
    /// More units sold than there were.
    Oversold {
        product: Sym,
        units: i64,
    },
    /// The sources of a product's stock disagree.
    StockMismatch {
        product: Sym,
        lowest: i64,
        highest: i64,
    },
    LowStock {
        product: Sym,
        available: i64,
    },
    /// Every so many placed orders.
    OrdersReached {
        orders: i64,
    },
    /// Unpaid orders that end soon.
    PaymentsExpiring {
        orders: i64,
    },
    Noted {
        text: Name,
        operator: Option<Name>,
    },
    Closed,
}
