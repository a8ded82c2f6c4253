//! The commerce half of the live: what is sold, who watches and what it costs. One ledger a file; this hands out the facts.

pub mod ads;
pub mod audience;
pub mod carts;
pub mod channels;
pub mod orders;
pub mod prices;
pub mod purse;
pub mod readings;
pub mod stock;
pub mod visitors;

use serde::Deserialize;

use super::books::Books;
use crate::engine::Admission;
use crate::engine::event::{
    AdSpend, Audience as Gauge, ChannelClue, CorrectionKind, Event, Fact, ItemAct, Pin, PinEnd, PlatformReading, Record, ViewerAct,
};
use crate::engine::id::{Name, Sym};
use crate::engine::metric::Metric;
use crate::engine::plan::Plan;
use crate::engine::series::{Count, Sheets, slot_of};
use crate::engine::time::At;

/// What a ledger needs beside the fact: the names, the sums, the currency, the plan, and what time it is.
#[derive(Debug)]
pub struct Desk<'a> {
    /// The account that the fact comes from.
    pub source: Sym,
    pub now: At,
    /// Facts come by (ts, source, type, key, canonical bytes).
    pub sorted: bool,
    pub books: &'a mut Books,
    pub sheets: &'a mut Sheets,
    pub purse: &'a mut purse::Purse,
    pub plan: &'a Plan,
}

/// All ledgers of commerce.
#[derive(Clone, Debug, Default)]
pub struct Commerce {
    pub purse: purse::Purse,
    pub orders: orders::Orders,
    pub carts: carts::Carts,
    pub channels: channels::Channels,
    pub visitors: visitors::Visitors,
    pub audience: audience::Audience,
    pub ads: ads::Ads,
    pub readings: readings::Readings,
    pub prices: prices::Prices,
    pub stock: stock::Stock,
    /// Facts of staff, testers and bots by the plan: shown, never counted.
    excluded: u64,
    sorted: bool,
    now: At,
    /// The account that the last fact came from: most come from the same.
    last_source: Option<(Name, Sym)>,
}

/// What the ledger of earlier lives answers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Priors {
    /// Customers who bought before.
    known_customers: Option<Vec<Name>>,
    /// Customers who were asked for and are not known.
    new_customers: Vec<Name>,
    /// False when the ledger does not name everybody it knows.
    complete: Option<bool>,
}

impl Commerce {
    #[must_use]
    pub fn new(plan: &Plan, sorted: bool) -> Self {
        Self { purse: purse::Purse::new(plan), sorted, ..Self::default() }
    }

    /// Takes an admitted record.
    pub fn fold(&mut self, record: &Record, books: &mut Books, sheets: &mut Sheets, plan: &Plan) {
        let event = &record.event;
        self.now = self.now.max(record.at);
        if is_excluded(&event.fact, plan) {
            self.excluded += 1;
            return;
        }
        let source = match &self.last_source {
            Some((name, source)) if *name == event.source => *source,
            _ => {
                let source = books.sources.intern(&event.source);
                self.last_source = Some((event.source.clone(), source));
                source
            }
        };
        let Self { purse, orders, carts, channels, visitors, audience, ads, readings, stock, prices, .. } = self;
        let desk = &mut Desk { source, now: self.now, sorted: self.sorted, books, sheets, purse, plan };
        match &event.fact {
            Fact::ViewItem(act) => carts.fold_item(act, 0, see_item(act, Count::Views, event, (visitors, prices), desk), event, desk),
            Fact::SelectItem(act) => carts.fold_item(act, 0, see_item(act, Count::Clicks, event, (visitors, prices), desk), event, desk),
            Fact::AddToCart(act) => carts.fold_item(act, 1, see_item(act, Count::Adds, event, (visitors, prices), desk), event, desk),
            Fact::RemoveFromCart(act) => {
                carts.fold_item(act, -1, see_item(act, Count::Removes, event, (visitors, prices), desk), event, desk)
            }
            Fact::BeginCheckout(act) => {
                see(act.visitor.as_ref(), act.channel.as_ref(), event, visitors, desk);
                carts.fold_checkout(act, true, event, desk);
            }
            Fact::AddPaymentInfo(act) => {
                see(act.visitor.as_ref(), act.channel.as_ref(), event, visitors, desk);
                carts.fold_checkout(act, false, event, desk);
            }
            Fact::Cart(state) => {
                know(state.visitor.as_ref(), state.channel.as_ref(), visitors, desk);
                carts.fold_state(state, event, desk);
            }
            Fact::Purchase(purchase) => {
                know(purchase.visitor.as_ref(), purchase.channel.as_ref(), visitors, desk);
                let (before, after) = orders.fold_purchase(purchase, event, desk);
                carts.fold_order(before.as_ref(), after.as_ref(), desk);
            }
            Fact::Payment(payment) => orders.fold_payment(payment, event, desk),
            Fact::Cancellation(cancellation) => orders.fold_cancellation(cancellation, event, desk),
            Fact::Refund(refund) => orders.fold_refund(refund, event, desk),
            Fact::Audience(gauge) => fold_gauge(gauge, event, audience, desk),
            Fact::ViewerJoin(act) => pass(act, false, event, visitors, desk),
            Fact::ViewerLeave(act) => pass(act, true, event, visitors, desk),
            Fact::Inventory(inventory) => fold_inventory(inventory, event, stock, desk),
            Fact::AdSpend(spend) => fold_spend(spend, event, ads, desk),
            Fact::Reading(reading) => fold_reading(reading, event, audience, readings, desk),
            Fact::GenerateLead(lead) => {
                let channel = desk.books.channel(lead.channel.as_ref(), &[], plan);
                desk.sheets.count(channel, Count::Leads, slot_of(event.ts), 1);
            }
            Fact::Correction(correction) => {
                channels.fold(correction, event.ts, desk.books);
                orders.fold_correction(correction, event.ts, desk);
                if correction.kind == CorrectionKind::Void {
                    ads.void(&correction.target, desk.sheets);
                    readings.void(&correction.target);
                    orders.void(&correction.target, desk);
                }
            }
            Fact::Priors(control) => learn(&control.body, orders, desk),
            Fact::Closed(_) => orders.close(event.ts, desk),
            Fact::ProductPinned(Pin { sku }) | Fact::ProductUnpinned(PinEnd { sku: Some(sku) }) => {
                desk.books.product(sku, None, plan);
            }
            Fact::ChatMessage(_)
            | Fact::Reaction(_)
            | Fact::ProductUnpinned(PinEnd { sku: None })
            | Fact::Cue(_)
            | Fact::Intervention(_)
            | Fact::InterventionEnded(_)
            | Fact::InterventionWithdrawn(_)
            | Fact::Note(_)
            | Fact::AdviceAnswer(_)
            | Fact::Plan(_)
            | Fact::Playbook(_)
            | Fact::FeedState(_) => {}
        }
    }

    /// What the ledger of a state makes of an event: a new version, or one that it knows.
    #[must_use]
    pub fn judge(&self, event: &Event, books: &Books) -> Admission {
        let source = books.sources.find(&event.source);
        match &event.fact {
            Fact::Purchase(purchase) => self.orders.judge(purchase, event, source, books.orders.find(&purchase.order)),
            Fact::Cart(state) => self.carts.judge(state, event, source, books.carts.find(&state.cart)),
            _ => Admission::Accepted,
        }
    }

    /// Takes a re-read of a state that says nothing new.
    pub fn note_again(&mut self, event: &Event, books: &Books) {
        let source = books.sources.find(&event.source);
        match &event.fact {
            Fact::Purchase(purchase) => self.orders.note_again(purchase, event, source, books.orders.find(&purchase.order)),
            Fact::Cart(state) => self.carts.note_again(state, event, source, books.carts.find(&state.cart)),
            _ => {}
        }
    }

    /// Takes another plan in the middle of the live: orders are judged anew by its scope.
    pub fn replan(&mut self, books: &mut Books, sheets: &mut Sheets, plan: &Plan) {
        let source = books.sources.intern("");
        let Self { purse, orders, .. } = self;
        let desk = &mut Desk { source, now: self.now, sorted: self.sorted, books, sheets, purse, plan };
        orders.reopen(desk, |_| {});
    }

    /// Brings everything that ages to `at`.
    pub fn settle(&mut self, at: At, books: &mut Books, sheets: &mut Sheets, plan: &Plan) {
        self.now = self.now.max(at);
        let Self { purse, carts, audience, .. } = self;
        let source = Sym(0);
        carts.age(&mut Desk { source, now: self.now, sorted: self.sorted, books, sheets, purse, plan });
        audience.settle(at);
    }

    /// Facts of staff, testers and bots by the plan.
    #[must_use]
    pub const fn excluded(&self) -> u64 {
        self.excluded
    }
}

/// True for a fact of somebody whom the plan excludes. Orders are judged by their ledger, which shows them as excluded.
fn is_excluded(fact: &Fact, plan: &Plan) -> bool {
    let exclude = &plan.exclude;
    if exclude.visitors.is_empty() && exclude.customers.is_empty() {
        return false;
    }
    let visitor = |visitor: &Option<Name>| visitor.as_ref().is_some_and(|visitor| exclude.visitors.contains(visitor));
    match fact {
        Fact::ViewItem(act) | Fact::SelectItem(act) | Fact::AddToCart(act) | Fact::RemoveFromCart(act) => visitor(&act.visitor),
        Fact::BeginCheckout(act) | Fact::AddPaymentInfo(act) => visitor(&act.visitor),
        Fact::Cart(state) => visitor(&state.visitor) || state.customer.as_ref().is_some_and(|c| exclude.customers.contains(c)),
        Fact::ViewerJoin(act) | Fact::ViewerLeave(act) => exclude.visitors.contains(&act.visitor),
        _ => false,
    }
}

/// Counts an act on a product for the live, its channel and the product; tells which product.
fn see_item(
    act: &ItemAct,
    count: Count,
    event: &Event,
    (visitors, prices): (&mut visitors::Visitors, &mut prices::Prices),
    desk: &mut Desk<'_>,
) -> Sym {
    let product = desk.books.product(&act.sku, act.product.as_ref(), desk.plan);
    let channel = desk.books.channel(act.channel.as_ref(), &[], desk.plan);
    let slot = slot_of(event.ts);
    desk.sheets.count(channel, count, slot, 1);
    desk.sheets.product(product).add(count, slot, 1);
    if let Some(price) = act.price {
        prices.note(product, price, event.ts);
    }
    if let Some(visitor) = &act.visitor {
        let visitor = desk.books.visitors.intern(visitor);
        visitors.see(visitor, channel, Some(product), event.ts);
    }
    product
}

fn see(visitor: Option<&Name>, clue: Option<&ChannelClue>, event: &Event, visitors: &mut visitors::Visitors, desk: &mut Desk<'_>) {
    if let Some(visitor) = visitor {
        let visitor = desk.books.visitors.intern(visitor);
        let channel = desk.books.channel(clue, &[], desk.plan);
        visitors.see(visitor, channel, None, event.ts);
    }
}

fn know(visitor: Option<&Name>, clue: Option<&ChannelClue>, visitors: &mut visitors::Visitors, desk: &mut Desk<'_>) {
    if let Some(visitor) = visitor {
        let visitor = desk.books.visitors.intern(visitor);
        let channel = desk.books.channel(clue, &[], desk.plan);
        visitors.know(visitor, channel);
    }
}

fn pass(act: &ViewerAct, leaves: bool, event: &Event, visitors: &mut visitors::Visitors, desk: &mut Desk<'_>) {
    let visitor = desk.books.visitors.intern(&act.visitor);
    let channel = desk.books.channel(act.channel.as_ref(), &[], desk.plan);
    visitors.see(visitor, channel, None, event.ts);
    visitors.pass(visitor, leaves, act.watched_s, event.ts, &mut desk.sheets.live);
    if !leaves {
        desk.sheets.count(channel, Count::Joins, slot_of(event.ts), 1);
    }
}

/// How long a gauge of this source holds: its feed's stale limit, else the plan's.
fn stale_s(source: &str, plan: &Plan) -> i64 {
    let feed =
        plan.feeds.iter().find(|feed| feed.source == source && feed.stale_after_s > 0 && feed.gives.iter().any(|kind| kind == "audience"));
    feed.map_or(plan.limits.ccu_stale_s, |feed| feed.stale_after_s)
}

fn fold_gauge(gauge: &Gauge, event: &Event, audience: &mut audience::Audience, desk: &mut Desk<'_>) {
    let channel = gauge.channel.as_ref().map(|clue| desk.books.channel(Some(clue), &[], desk.plan));
    audience.fold(gauge, event.ts, desk.source, channel, stale_s(&event.source, desk.plan));
}

fn fold_inventory(inventory: &crate::engine::event::Inventory, event: &Event, stock: &mut stock::Stock, desk: &mut Desk<'_>) {
    let product = desk.books.product(&inventory.sku, None, desk.plan);
    let sku = desk.books.skus.intern(&inventory.sku);
    let location = inventory.location.as_ref().map(|location| desk.books.locations.intern(location));
    stock.fold(inventory, event.ts, product, stock::Shelf { source: desk.source, sku, location });
}

fn fold_spend(spend: &AdSpend, event: &Event, ads: &mut ads::Ads, desk: &mut Desk<'_>) {
    let minor = desk.purse.take(spend.value);
    let planned = || desk.plan.campaigns.iter().find(|campaign| Some(&campaign.name) == spend.campaign.as_ref());
    let channel = match (&spend.channel, planned()) {
        (Some(clue), _) => desk.books.channel(Some(clue), &[], desk.plan),
        (None, Some(campaign)) if !campaign.channel.is_empty() => desk.books.channels.intern(&campaign.channel),
        (None, _) => desk.books.channels.intern(channels::PAID),
    };
    let campaign = spend.campaign.as_ref().map(|campaign| desk.books.campaigns.intern(campaign));
    let place = ads::AdPlace { source: desk.source, channel, campaign };
    ads.fold(spend, minor, event, (place, desk.plan), desk.sheets);
}

/// A platform's own counter. One of the viewers now is a gauge like any other.
fn fold_reading(
    reading: &PlatformReading,
    event: &Event,
    audience: &mut audience::Audience,
    readings: &mut readings::Readings,
    desk: &mut Desk<'_>,
) {
    let Some(metric) = Metric::parse(&reading.metric) else { return };
    let channel = reading.channel.as_ref().map(|clue| desk.books.channel(Some(clue), &[], desk.plan));
    if metric == Metric::Ccu
        && let Some(viewers) = readings::units(&reading.value)
    {
        let gauge = Gauge { viewers, channel: None, engaged: None };
        audience.fold(&gauge, event.ts, desk.source, channel, stale_s(&event.source, desk.plan));
        return;
    }
    let about = match (&reading.sku, channel) {
        (Some(sku), _) => readings::About::Product(desk.books.product(sku, None, desk.plan)),
        (None, Some(channel)) => readings::About::Channel(channel),
        (None, None) => readings::About::Live,
    };
    readings.fold(reading, metric, about, desk.source, event);
}

fn learn(body: &str, orders: &mut orders::Orders, desk: &mut Desk<'_>) {
    let Ok(priors) = serde_json::from_str::<Priors>(body) else { return };
    let whole = priors.complete.unwrap_or(priors.known_customers.is_some());
    let known: Vec<Sym> = priors.known_customers.iter().flatten().map(|name| desk.books.customers.intern(name)).collect();
    let strangers: Vec<Sym> = priors.new_customers.iter().map(|name| desk.books.customers.intern(name)).collect();
    orders.buyers.learn(known.into_iter(), strangers.into_iter(), whole);
}
