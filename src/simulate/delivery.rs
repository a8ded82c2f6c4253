//! The way of the facts to the desk: six feeds, each with its own pace, late and twice, and the state of each.
//!
//! Room and chat stream; shop and stock are polled, payments are pushed, ads come once a minute. What a poll brings
//! arrives with the poll, so clicks are known now and orders by the next one, as beside a real shop.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::luck::{Concern, Luck, Seed};
use super::room::numbered;
use crate::engine::event::{Event, Extra, Fact, FeedState, FeedStatus, Guarantee};
use crate::engine::id::Name;
use crate::engine::money::Currency;
use crate::engine::plan::PlanFeed;
use crate::engine::time::At;

/// A feed of the simulated broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feed {
    Shop,
    Pay,
    Room,
    Chat,
    Stock,
    Ads,
}

impl Feed {
    pub const ALL: [Self; 6] = [Self::Shop, Self::Pay, Self::Room, Self::Chat, Self::Stock, Self::Ads];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Pay => "pay",
            Self::Room => "room",
            Self::Chat => "chat",
            Self::Stock => "stock",
            Self::Ads => "ads",
        }
    }
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feed| feed.name() == name)
    }
    /// Milliseconds between two polls; 0 for what streams.
    const fn poll_ms(self) -> i64 {
        match self {
            Self::Shop => 2_000,
            Self::Stock => 5_000,
            Self::Ads => 60_000,
            Self::Pay | Self::Room | Self::Chat => 0,
        }
    }
    /// Milliseconds that a fact takes to the desk.
    const fn delay_ms(self) -> i64 {
        match self {
            Self::Room | Self::Chat => 0,
            Self::Pay => 400,
            Self::Shop | Self::Stock | Self::Ads => 120,
        }
    }
    /// Seconds between two states.
    const fn state_s(self) -> i64 {
        match self {
            Self::Room | Self::Chat | Self::Pay => 2,
            Self::Shop | Self::Stock | Self::Ads => self.poll_ms() / 1_000,
        }
    }
    const fn gives(self) -> &'static [&'static str] {
        match self {
            Self::Shop => &["add_to_cart", "remove_from_cart", "begin_checkout", "add_payment_info", "purchase", "refund"],
            Self::Pay => &["payment"],
            Self::Room => &[
                "view_item",
                "select_item",
                "audience",
                "viewer_join",
                "viewer_leave",
                "reaction",
                "product_pinned",
                "product_unpinned",
                "reading",
                "generate_lead",
            ],
            Self::Chat => &["chat_message"],
            Self::Stock => &["inventory"],
            Self::Ads => &["ad_spend"],
        }
    }
    const fn stale_after_s(self) -> i64 {
        match self {
            Self::Ads => 180,
            Self::Shop | Self::Pay | Self::Room | Self::Chat | Self::Stock => 20,
        }
    }
    /// What is read again after an outage; a stream's facts are lost.
    const fn is_read_again(self) -> bool {
        matches!(self, Self::Shop | Self::Pay | Self::Stock | Self::Ads)
    }
}

/// The feeds as the plan names them.
#[must_use]
pub fn plan_feeds() -> Vec<PlanFeed> {
    let names = |feed: Feed| feed.gives().iter().copied().map(Name::new).collect();
    Feed::ALL
        .into_iter()
        .map(|feed| PlanFeed {
            name: feed.name().into(),
            source: feed.name().into(),
            gives: names(feed),
            stale_after_s: feed.stale_after_s(),
        })
        .collect()
}

/// A fact on its way, or a feed's own state; `at` is when it reaches the desk.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub at: At,
    pub feed: Feed,
    pub event: Event,
}

/// Held back until its time; by (time, order of sending).
#[derive(Clone, Debug)]
struct Held(i64, u64, Box<Delivery>);

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}
impl Eq for Held {}
impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Held {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

/// A feed that is silent or sends twice for a while, in milliseconds from the start.
#[derive(Clone, Copy, Debug)]
pub struct Trouble {
    pub feed: Feed,
    pub from_ms: i64,
    pub until_ms: i64,
    pub silent: bool,
}

/// What leaves the broadcast.
#[derive(Clone, Debug)]
pub struct Outbox {
    starts_at: At,
    currency: Currency,
    /// A silent broadcast (search, twins) is only counted, not told.
    told: bool,
    late_share: f64,
    late_ms: f64,
    twice_share: f64,
    luck: Luck,
    troubles: Vec<Trouble>,
    held: BinaryHeap<Reverse<Held>>,
    sent: u64,
    ids: u64,
    ready: Vec<Delivery>,
    received: [u64; 6],
    twice: [u64; 6],
    errors: [u64; 6],
}

impl Outbox {
    #[must_use]
    pub fn new(seed: Seed, scenario: &super::scenario::Scenario, troubles: Vec<Trouble>, told: bool) -> Self {
        Self {
            starts_at: scenario.starts_at,
            currency: scenario.currency,
            told,
            late_share: scenario.delivery.late_share,
            late_ms: scenario.delivery.late_min * 60_000.0,
            twice_share: scenario.delivery.twice_share,
            luck: seed.stream(Concern::Delivery),
            troubles,
            held: BinaryHeap::new(),
            sent: 0,
            ids: 0,
            ready: Vec::new(),
            received: [0; 6],
            twice: [0; 6],
            errors: [0; 6],
        }
    }

    /// True when anybody listens: what is only told (views, likes, chat) need not be made otherwise.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        self.told
    }
    pub const fn tell(&mut self, told: bool) {
        self.told = told;
    }

    /// A new id for a fact.
    pub fn id(&mut self) -> Name {
        self.ids += 1;
        numbered('e', self.ids)
    }

    /// Sends a fact that happened at `ms`, under a new id.
    pub fn send(&mut self, feed: Feed, ms: i64, fact: Fact) {
        if self.told {
            let id = self.id();
            self.send_as(feed, ms, id, fact);
        }
    }

    /// Sends a fact under its own id.
    pub fn send_as(&mut self, feed: Feed, ms: i64, id: Name, fact: Fact) {
        if !self.told {
            return;
        }
        let currency = names_money(&fact).then_some(self.currency);
        let event = Event {
            fact,
            ts: self.starts_at.plus_ms(ms),
            id: Some(id),
            source: Name::const_new(feed.name()),
            currency,
            test: false,
            extra: Extra::default(),
        };
        let mut at_ms = arrival(feed, ms);
        if feed.is_read_again() && feed.poll_ms() < 5_000 && self.late_share > 0.0 && self.luck.strikes(self.late_share) {
            at_ms += (self.luck.between(0.4, 1.6) * self.late_ms) as i64;
        }
        if let Some(trouble) = self.trouble(feed, at_ms, true) {
            if !feed.is_read_again() {
                return;
            }
            at_ms = trouble.until_ms + 300;
        }
        let again = self.luck.strikes(self.twice_share) || self.trouble(feed, at_ms, false).is_some();
        if again {
            self.hold(at_ms + 700, Delivery { at: self.starts_at.plus_ms(at_ms + 700), feed, event: event.clone() });
            self.twice[feed as usize] += 1;
        }
        let delivery = Delivery { at: self.starts_at.plus_ms(at_ms), feed, event };
        self.received[feed as usize] += 1;
        if at_ms == ms { self.ready.push(delivery) } else { self.hold(at_ms, delivery) }
    }

    fn trouble(&self, feed: Feed, at_ms: i64, silent: bool) -> Option<Trouble> {
        self.troubles.iter().find(|t| t.feed == feed && t.silent == silent && (t.from_ms..t.until_ms).contains(&at_ms)).copied()
    }

    fn hold(&mut self, at_ms: i64, delivery: Delivery) {
        self.sent += 1;
        self.held.push(Reverse(Held(at_ms, self.sent, Box::new(delivery))));
    }

    /// Sends the desk's own record (a cue that the host gave).
    pub fn send_cue(&mut self, ms: i64, fact: Fact) {
        if self.told {
            let id = self.id();
            let source = Name::const_new("desk");
            let event =
                Event { fact, ts: self.starts_at.plus_ms(ms), id: Some(id), source, currency: None, test: false, extra: Extra::default() };
            self.ready.push(Delivery { at: self.starts_at.plus_ms(ms), feed: Feed::Room, event });
        }
    }

    /// Ends a second: the states of the feeds, and everything that has arrived by its end, in order of arrival.
    pub fn close_second(&mut self, second: i64, out: &mut Vec<Delivery>) {
        if !self.told {
            return;
        }
        let end_ms = (second + 1) * 1_000;
        for feed in Feed::ALL {
            if (second + 1) % feed.state_s() == 0 {
                self.tell_state(feed, end_ms);
            }
        }
        let mut arrived = false;
        while self.held.peek().is_some_and(|Reverse(held)| held.0 < end_ms) {
            if let Some(Reverse(held)) = self.held.pop() {
                self.ready.push(*held.2);
                arrived = true;
            }
        }
        if arrived {
            self.ready.sort_by_key(|delivery| delivery.at);
        }
        out.append(&mut self.ready);
    }

    /// A feed says how far it has read: up to this second, or not at all while it is in trouble.
    fn tell_state(&mut self, feed: Feed, now_ms: i64) {
        let index = feed as usize;
        let silent = self.trouble(feed, now_ms, true);
        if silent.is_some() {
            self.errors[index] += 1;
        }
        let state = FeedState {
            feed: Name::const_new(feed.name()),
            status: if silent.is_some() { FeedStatus::Retrying } else { FeedStatus::Ok },
            guarantee: if feed.is_read_again() { Guarantee::Resumable } else { Guarantee::BestEffort },
            complete_to: Some(self.starts_at.plus_ms(silent.map_or(now_ms, |trouble| trouble.from_ms))),
            gives: feed.gives().iter().copied().map(Name::const_new).collect(),
            stale_after_s: feed.stale_after_s(),
            caught_up: true,
            received: self.received[index],
            duplicate: self.twice[index],
            errors: self.errors[index],
            retries: self.errors[index],
            last_error: silent.map(|_| Name::const_new("503 Service Unavailable")),
            retry_at: silent.map(|_| self.starts_at.plus_ms(now_ms + 5_000)),
            ..FeedState::default()
        };
        let ts = self.starts_at.plus_ms(now_ms);
        let event = Event {
            fact: Fact::FeedState(Box::new(state)),
            ts,
            id: None,
            source: Name::const_new(feed.name()),
            currency: None,
            test: false,
            extra: Extra::default(),
        };
        let at_ms = now_ms + feed.delay_ms() + i64::from(feed.poll_ms() > 0);
        self.hold(at_ms, Delivery { at: self.starts_at.plus_ms(at_ms), feed, event });
    }
}

/// True for facts that carry an amount.
const fn names_money(fact: &Fact) -> bool {
    match fact {
        Fact::AddToCart(_)
        | Fact::BeginCheckout(_)
        | Fact::AddPaymentInfo(_)
        | Fact::Purchase(_)
        | Fact::Payment(_)
        | Fact::Refund(_)
        | Fact::AdSpend(_) => true,
        Fact::Reaction(reaction) => reaction.value.is_some(),
        _ => false,
    }
}

/// When a fact of a feed reaches the desk, if all goes well.
const fn arrival(feed: Feed, ms: i64) -> i64 {
    let poll = feed.poll_ms();
    if poll == 0 { ms + feed.delay_ms() } else { (ms.div_euclid(poll) + 1) * poll + feed.delay_ms() }
}
