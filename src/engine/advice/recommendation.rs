//! A recommendation: what moved, the act that is proposed with its price, and where it stands.

use super::broke::Broke;
use crate::engine::Engine;
use crate::engine::event::{InterventionKind, Parameters};
use crate::engine::id::{Name, Sym};
use crate::engine::price::Price;
use crate::engine::rule::{Cause, Urgency};
use crate::engine::time::At;
use crate::engine::watch::{Because, Target};

/// Where a recommendation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Raised,
    Seen,
    /// The host was told; the act is not on air yet.
    Waiting {
        since: At,
    },
    Accepted,
    Declined,
    Snoozed {
        until: At,
    },
    Expired,
    /// The operator did it without the card, or another card took its place.
    Superseded,
    /// Held out at random: only reported.
    HeldOut,
}

impl State {
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Seen => "seen",
            Self::Waiting { .. } => "waiting",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Snoozed { .. } => "snoozed",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::HeldOut => "held_out",
        }
    }
    /// True while it can still be answered.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Raised | Self::Seen | Self::Waiting { .. } | Self::Snoozed { .. })
    }
}

/// Why an open card is not pressed on the operator now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// A price act runs.
    PriceAct,
    /// An act runs, or just ran, on the same product or its substitute.
    SameProduct,
    StaleFeed,
}

/// A recommendation.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommendation {
    /// `r1`, `r2` … in order of raising.
    pub id: Name,
    pub rule: String,
    pub cause: Cause,
    pub urgency: Urgency,
    pub kind: InterventionKind,
    pub target: Target,
    pub raised: At,
    pub state: State,
    /// When the state last changed.
    pub changed: At,
    pub because: Because,
    /// The factor of the funnel that moved most, and the chain before and now.
    pub broke: Option<Broke>,
    pub parameters: Parameters,
    pub price: Option<Price>,
    pub held_by: Option<HeldBy>,
    /// Other rules or products of the same cause that fired meanwhile.
    pub members: Vec<(String, Target)>,
    pub reason: Option<Name>,
    pub course: Course,
}

impl Recommendation {
    /// The product that its act is about.
    #[must_use]
    pub fn act_product(&self, engine: &Engine) -> Option<Sym> {
        self.parameters.get("sku").and_then(|sku| engine.live().books.find_product(sku)).or(self.target.product)
    }
}

/// When the host was told, when the host said it, and since when it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Course {
    pub told: Option<At>,
    pub said: Option<At>,
    pub runs: Option<At>,
}
