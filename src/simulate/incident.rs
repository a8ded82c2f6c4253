//! What goes wrong (or comes as a chance), when, how much, and what helps against it.

use serde::Deserialize;

use super::luck::{Concern, Seed};
use crate::engine::event::InterventionKind as Act;
use crate::engine::id::Name;

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// W1: fewer clicks become carts.
    ConversionDip,
    /// W2: dear carts are left.
    DearCarts,
    /// W3: the host talks technics, the audience goes.
    LongTalk,
    /// W4: a product that sells better than its place in the show.
    HiddenSeller,
    CheckoutFailure,
    /// The stock of a product is suddenly (nearly) gone: sold elsewhere.
    StockOut,
    /// The stock stops being counted: the shop sells what it has not got.
    Overselling,
    Surge,
    AdsBurn,
    HostileChat,
    FeedSilent,
    FeedDouble,
    /// The platform itself fails: viewers drop out, its feeds fall silent.
    Outage,
    LateHost,
}

/// What holds of a kind where the scenario says nothing else.
struct Usual {
    id: &'static str,
    minutes: i64,
    size: f64,
    right: &'static [Act],
    /// How much of it the right act takes away while it runs, and what of that stays afterwards.
    relief: f64,
    stays: f64,
}

/// Seconds after its end in which an outage can still be answered: who has dropped out is called back when there is a live again.
const AFTERMATH_S: i64 = 600;

const fn usual(id: &'static str, minutes: i64, size: f64, right: &'static [Act], relief: f64, stays: f64) -> Usual {
    Usual { id, minutes, size, right, relief, stays }
}

impl IncidentKind {
    pub const ALL: [Self; 14] = [
        Self::ConversionDip,
        Self::DearCarts,
        Self::LongTalk,
        Self::HiddenSeller,
        Self::CheckoutFailure,
        Self::StockOut,
        Self::Overselling,
        Self::Surge,
        Self::AdsBurn,
        Self::HostileChat,
        Self::FeedSilent,
        Self::FeedDouble,
        Self::Outage,
        Self::LateHost,
    ];

    const fn usual(self) -> Usual {
        match self {
            Self::ConversionDip => usual("conversion_dip", 60, 0.36, &[Act::FlashDeal, Act::PriceDrop, Act::Coupon], 0.95, 0.7),
            Self::DearCarts => usual("dear_carts", 60, 0.4, &[Act::Bundle], 0.8, 0.9),
            Self::LongTalk => usual("long_talk", 30, 1.9, &[Act::Demo, Act::ScriptChange], 1.0, 0.8),
            Self::HiddenSeller => usual("hidden_seller", 90, 1.5, &[Act::SwitchProduct, Act::PinProduct], 0.0, 0.0),
            Self::CheckoutFailure => usual("checkout_failure", 30, 0.15, &[Act::TechEvent], 1.0, 1.0),
            Self::StockOut => usual("stock_out", 60, 4.0, &[Act::Restock, Act::SwitchProduct, Act::RemoveProduct], 0.0, 0.0),
            Self::Overselling => usual("overselling", 60, 6.0, &[Act::RemoveProduct, Act::SwitchProduct, Act::Restock], 0.0, 0.0),
            Self::Surge => usual("surge", 8, 4.0, &[Act::PinProduct, Act::SwitchProduct, Act::Giveaway, Act::Demo], 0.0, 0.0),
            Self::AdsBurn => usual("ads_burn", 60, 2.5, &[Act::AdsDown, Act::AdsCreative], 0.9, 1.0),
            Self::HostileChat => usual("hostile_chat", 15, 25.0, &[Act::PinComment, Act::AnswerQuestion, Act::ScriptChange], 0.75, 0.8),
            Self::FeedSilent => usual("feed_silent", 4, 1.0, &[], 0.0, 0.0),
            Self::FeedDouble => usual("feed_double", 10, 1.0, &[], 0.0, 0.0),
            Self::Outage => usual("outage", 3, 0.9, &[Act::BroadcastPush, Act::Giveaway], 0.0, 0.0),
            Self::LateHost => usual("late_host", 6, 1.8, &[Act::HostChange, Act::Poll, Act::Giveaway], 0.8, 0.5),
        }
    }

    #[must_use]
    pub const fn id(self) -> &'static str {
        self.usual().id
    }
    /// It happens to one product.
    #[must_use]
    pub const fn needs_sku(self) -> bool {
        matches!(self, Self::HiddenSeller | Self::StockOut | Self::Overselling)
    }
    /// It happens to one feed.
    #[must_use]
    pub const fn needs_feed(self) -> bool {
        matches!(self, Self::FeedSilent | Self::FeedDouble)
    }
    /// Something that an act can answer; the rest must only be understood for what it is.
    #[must_use]
    pub const fn wants_act(self) -> bool {
        !self.usual().right.is_empty()
    }
}

/// An incident of a scenario.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    pub kind: IncidentKind,
    pub at_min: i64,
    /// How long it lasts by itself.
    pub minutes: Option<i64>,
    /// How much: a factor on what it moves (units for stock).
    pub size: Option<f64>,
    pub sku: Option<Name>,
    pub feed: Option<Name>,
    /// Carts from this value on, in major units.
    pub from_value: Option<f64>,
    /// The acts that help.
    pub right: Option<Vec<Act>>,
    pub relief: Option<f64>,
    pub stays: Option<f64>,
}

impl Incident {
    #[must_use]
    pub const fn new(kind: IncidentKind, at_min: i64) -> Self {
        Self { kind, at_min, minutes: None, size: None, sku: None, feed: None, from_value: None, right: None, relief: None, stays: None }
    }
    /// Seconds from the start of the live.
    #[must_use]
    pub const fn from_s(&self) -> i64 {
        self.at_min * 60
    }
    #[must_use]
    pub fn until_s(&self) -> i64 {
        self.from_s() + self.minutes.unwrap_or(self.kind.usual().minutes) * 60
    }
    /// Until when it can be answered: an outage only once it is over.
    #[must_use]
    pub fn answerable_until_s(&self) -> i64 {
        self.until_s() + if matches!(self.kind, IncidentKind::Outage) { AFTERMATH_S } else { 0 }
    }
    #[must_use]
    pub fn size(&self) -> f64 {
        self.size.unwrap_or(self.kind.usual().size)
    }
    #[must_use]
    pub fn right(&self) -> &[Act] {
        self.right.as_deref().unwrap_or(self.kind.usual().right)
    }
    /// How much of it an act of this kind takes away while it runs: the first of the right ones all that can be, the others two thirds of that.
    #[must_use]
    pub fn relief_by(&self, act: Act) -> f64 {
        let whole = self.relief.unwrap_or(self.kind.usual().relief);
        match self.right().iter().position(|right| *right == act) {
            None => 0.0,
            Some(0) => whole,
            Some(_) => whole * 2.0 / 3.0,
        }
    }
    #[must_use]
    pub fn stays(&self) -> f64 {
        self.stays.unwrap_or(self.kind.usual().stays)
    }
}

/// Incidents drawn by the seed, so that the operator cannot know them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lottery {
    pub draws: usize,
    pub from_min: i64,
    pub to_min: i64,
    pub kinds: Vec<Drawn>,
}

/// A ticket of the lottery: an incident without its time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawn {
    pub kind: IncidentKind,
    pub sku: Option<Name>,
    pub feed: Option<Name>,
    pub size: Option<f64>,
    pub minutes: Option<i64>,
}

/// The incidents of a broadcast: those that the scenario names and those that the seed draws, by time.
#[must_use]
pub fn schedule(named: &[Incident], lottery: Option<&Lottery>, seed: Seed) -> Vec<Incident> {
    let mut all = named.to_vec();
    if let Some(lottery) = lottery {
        let mut luck = seed.stream(Concern::Lottery);
        let mut tickets = lottery.kinds.clone();
        for draw in 0..lottery.draws.min(lottery.kinds.len()) {
            let ticket = tickets.swap_remove(luck.index(tickets.len()));
            let slice = (lottery.to_min - lottery.from_min) as f64 / lottery.draws as f64;
            let at_min = lottery.from_min as f64 + slice * (draw as f64 + luck.unit() * 0.8);
            all.push(Incident {
                minutes: ticket.minutes,
                size: ticket.size,
                sku: ticket.sku,
                feed: ticket.feed,
                ..Incident::new(ticket.kind, at_min as i64)
            });
        }
    }
    all.sort_by_key(|incident| (incident.at_min, incident.kind));
    all
}
