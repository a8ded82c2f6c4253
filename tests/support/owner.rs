//! A small owner for tests of feeds: takes batches, keeps cursors and states, folds events by a second reading of the contract.

#![allow(dead_code, reason = "each test uses its part")]

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;
use warroom::clock::Clock;
use warroom::engine::event::{CartStatus, ChannelClue, Event, Fact, FeedState, OrderStatus};
use warroom::engine::time::At;
use warroom::feed::account::Account;
use warroom::feed::mapper::Workshop;
use warroom::feed::outlet::Resume;
use warroom::feed::supervision::{Feeds, Start};
use warroom::feed::{Batch, QUEUE_BATCHES, Rejected};

/// Only against hangs.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What the owner has taken so far: what a journal would hold.
#[derive(Debug, Default)]
pub struct Taken {
    pub events: Vec<Event>,
    pub rejected: Vec<Rejected>,
    /// The same by feed.
    pub asides: BTreeMap<String, Vec<Rejected>>,
    pub cursors: BTreeMap<String, String>,
    pub states: BTreeMap<String, FeedState>,
    /// Every state that was told, in order.
    pub told: Vec<FeedState>,
    /// What the journal answers.
    pub journal_fails: bool,
}

impl Taken {
    pub fn take(&mut self, batch: Batch) {
        let feed = batch.feed.to_string();
        self.events.extend(batch.events);
        self.asides.entry(feed.clone()).or_default().extend(batch.rejected.iter().cloned());
        self.rejected.extend(batch.rejected);
        if let Some(cursor) = batch.cursor {
            self.cursors.insert(feed.clone(), cursor);
        }
        if let Some(state) = batch.state {
            self.told.push(state.clone());
            self.states.insert(feed, state);
        }
        if let Some(committed) = batch.committed {
            let _ = committed.send(!self.journal_fails);
        }
    }

    pub fn state(&self, feed: &str) -> FeedState {
        self.states.get(feed).cloned().unwrap_or_default()
    }

    /// The beginning of a feed's last error.
    pub fn fault(&self, feed: &str) -> String {
        self.state(feed).last_error.unwrap_or_default().to_string()
    }
}

impl Taken {
    /// Every last error that a feed has told.
    pub fn all_faults(&self, feed: &str) -> Vec<String> {
        let of_it = self.told.iter().filter(|state| state.feed == feed);
        let mut faults: Vec<String> = of_it.filter_map(|state| state.last_error.as_ref()).map(ToString::to_string).collect();
        faults.sort_unstable();
        faults.dedup();
        faults
    }
}

/// Running feeds with their owner, in this thread.
#[derive(Debug)]
pub struct Owner {
    pub taken: Taken,
    rx: mpsc::Receiver<Batch>,
    feeds: Feeds,
}

impl Owner {
    /// Starts the feeds of a plan's text where `taken` left them.
    pub fn start(plan: &str, live_start: At, taken: Taken) -> Self {
        let secret = |name: &str| name.starts_with("TEST_").then(|| format!("canary-{name}"));
        Self::start_accounts(Account::read_all("plan.toml", plan, &secret).expect("a plan"), live_start, taken)
    }

    pub fn start_accounts(accounts: Vec<Account>, live_start: At, taken: Taken) -> Self {
        let (tx, rx) = mpsc::channel(QUEUE_BATCHES);
        let start =
            Start { tx, clock: Clock::wall(), live_start, live_end: None, seed: 7, workshop: Workshop::of(env!("CARGO_BIN_EXE_warroom")) };
        let resume = |feed: &warroom::engine::id::Name| Resume {
            cursor: taken.cursors.get(feed.as_str()).cloned(),
            state: taken.states.get(feed.as_str()).cloned(),
            asides: taken.asides.get(feed.as_str()).cloned().unwrap_or_default(),
        };
        let feeds = Feeds::start(accounts, &start, resume).expect("feeds start");
        Self { taken, rx, feeds }
    }

    /// Takes one batch; false when all feeds have ended.
    pub async fn step(&mut self) -> bool {
        match tokio::time::timeout(PATIENCE, self.rx.recv()).await.expect("a feed says something within a minute") {
            Some(batch) => {
                self.taken.take(batch);
                true
            }
            None => false,
        }
    }

    /// Takes batches until something is true.
    pub async fn until(&mut self, what: &str, mut is_so: impl FnMut(&Taken) -> bool) {
        let wait = async {
            while !is_so(&self.taken) {
                let batch = self.rx.recv().await.expect("the feeds live");
                self.taken.take(batch);
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        assert!(waited.is_ok(), "not within a minute: {what}; {:#?}", self.taken.states);
    }

    /// Takes batches until a feed has told a fault that begins so, now or before; false when it does not within a minute.
    pub async fn until_told(&mut self, feed: &str, fault: &str) -> bool {
        let end = tokio::time::Instant::now() + PATIENCE;
        while !self.taken.all_faults(feed).iter().any(|told| told.starts_with(fault)) {
            match tokio::time::timeout_at(end, self.rx.recv()).await {
                Ok(Some(batch)) => self.taken.take(batch),
                _ => return false,
            }
        }
        true
    }

    /// Takes batches for a while.
    pub async fn run_for(&mut self, time: Duration) {
        let end = tokio::time::Instant::now() + time;
        while let Ok(Some(batch)) = tokio::time::timeout_at(end, self.rx.recv()).await {
            self.taken.take(batch);
        }
    }

    /// Everything stops as if the program was killed: what is in the queue is lost.
    pub fn kill(self) -> Taken {
        drop(self.feeds);
        self.taken
    }

    pub async fn stop(self) -> Taken {
        self.feeds.stop().await;
        self.taken
    }
}

/// Ids of facts that were told in two ways.
pub fn conflicts(events: &[Event]) -> Vec<String> {
    let mut known: BTreeMap<&str, &Event> = BTreeMap::new();
    let facts = events.iter().filter_map(|event| Some((event.id.as_deref()?, event)));
    facts.filter(|(id, event)| known.entry(id).or_insert(event) != event).map(|(id, _)| id.to_owned()).collect()
}

/// Where an order stands after all its versions.
#[derive(Clone, Debug)]
pub struct OrderFold {
    pub status: OrderStatus,
    pub value: i64,
    pub source: String,
    pub was_paid: bool,
}

/// The state that the events lead to, whatever their order.
#[derive(Clone, Debug, Default)]
pub struct Fold {
    pub orders: BTreeMap<String, OrderFold>,
    pub carts: BTreeMap<String, CartStatus>,
    pub stock: BTreeMap<(String, String), i64>,
    pub refunds: BTreeMap<String, i64>,
}

type Version<'e> = (Option<i128>, i64, At, &'e Event);

impl Fold {
    pub fn of(events: &[Event]) -> Self {
        let mut fold = Self::default();
        let mut orders: BTreeMap<String, Version<'_>> = BTreeMap::new();
        let mut carts: BTreeMap<String, Version<'_>> = BTreeMap::new();
        let mut stock: BTreeMap<(String, String), (At, i64)> = BTreeMap::new();
        for event in events {
            match &event.fact {
                Fact::Purchase(order) => {
                    let version = (order.rev.map(|rev| rev.0), order.status as i64, event.ts, event);
                    let known = orders.entry(order.order.to_string()).or_insert(version);
                    if (version.0, version.1, version.2) > (known.0, known.1, known.2) {
                        *known = version;
                    }
                    let paid = order.status == OrderStatus::Paid || order.paid_at.is_some();
                    let entry = fold.orders.entry(order.order.to_string());
                    entry
                        .or_insert_with(|| OrderFold { status: order.status, value: 0, source: String::new(), was_paid: false })
                        .was_paid |= paid;
                }
                Fact::Cart(cart) => {
                    let version = (cart.rev.map(|rev| rev.0), cart.status as i64, event.ts, event);
                    let known = carts.entry(cart.cart.to_string()).or_insert(version);
                    if (version.0, version.1, version.2) > (known.0, known.1, known.2) {
                        *known = version;
                    }
                }
                Fact::Inventory(level) => {
                    let key = (level.sku.to_string(), level.location.clone().unwrap_or_default().to_string());
                    let known = stock.entry(key).or_insert((event.ts, level.available));
                    if event.ts >= known.0 {
                        *known = (event.ts, level.available);
                    }
                }
                Fact::Refund(refund) => {
                    fold.refunds.insert(event.id.clone().unwrap_or_default().to_string(), refund.value.map_or(0, |value| value.minor));
                }
                _ => {}
            }
        }
        for (key, (.., event)) in &orders {
            if let (Fact::Purchase(order), Some(fold)) = (&event.fact, fold.orders.get_mut(key)) {
                (fold.status, fold.value, fold.source) = (order.status, order.value.minor, source(order.channel.as_ref()));
            }
        }
        for (key, (.., event)) in &carts {
            if let Fact::Cart(cart) = &event.fact {
                let is_emptied = cart.items.is_empty() && cart.value.is_some_and(|value| value.minor == 0);
                let bought = fold.orders.contains_key(key);
                if bought || !is_emptied {
                    fold.carts.insert(key.clone(), if bought { CartStatus::Bought } else { cart.status });
                }
            }
        }
        fold.stock = stock.into_iter().map(|(key, (_, available))| (key, available)).collect();
        fold
    }

    pub fn unbought_carts(&self) -> u64 {
        self.carts.values().filter(|status| matches!(status, CartStatus::Open | CartStatus::Checkout)).count() as u64
    }
}

fn source(channel: Option<&ChannelClue>) -> String {
    match channel {
        Some(ChannelClue::Parts(parts)) => parts.source.clone().unwrap_or_default().to_string(),
        Some(ChannelClue::Name(name)) => name.to_string(),
        None => "unknown".into(),
    }
}
