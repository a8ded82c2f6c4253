//! A broadcast that begins where a real one stands: a [`Scenario`] calibrated from the desk's own figures.
//!
//! What is taken over, all of it from what the desk shows:
//!
//! * the room: viewers now, the average watch time; entries keep it as full as it is (nobody knows how it will move);
//! * clicks a minute and viewer, carts per click, orders per cart: the last 15 minutes, drawn towards the whole live as if it
//!   had [`PRIOR`] observations more; by product in the same way towards all products;
//! * how carts end by their value: the bought of each price band, drawn towards all carts as if it had [`PRIOR_CARTS`] more;
//! * prices, costs, stock, bundles, the rest of the run of show from what is on air now;
//! * acts that run go on to their end; what measured acts of this live did bends the curve of their kind half way;
//! * last, clicks are scaled so that the simulated minutes behind give the orders that the real ones gave.
//!
//! What is not: a trend of the audience, incidents, questions in the chat, carts and unpaid orders older than the warm-up.
//! A room beyond [`MOST_VIEWERS`] is simulated as that many, with its money multiplied: its bands are wider than need be.

use std::sync::Arc;

use super::act::{Act, Deed};
use super::broadcast::Broadcast;
use super::response::Responses;
use super::scenario::{Amount, Audience, Channel, Chat, Delivering, Method, NoiseLevel, Opens, Product, Scenario, Segment, Shoppers};
use crate::engine::Engine;
use crate::engine::event::{InterventionKind, SegmentKind};
use crate::engine::id::Name;
use crate::engine::metric::{Metric, Scope};
use crate::engine::money::{Currency, Money};
use crate::engine::time::{At, MINUTE_MS, Span};
use crate::engine::view::commerce::ProductView;

/// Minutes simulated before the present, so that carts and payments are under way at it.
pub const WARM_UP_MIN: i64 = 15;
/// Observations that the whole live counts for beside the last 15 minutes.
const PRIOR: f64 = 30.0;
/// Carts that all of them count for beside those of a price band.
const PRIOR_CARTS: f64 = 8.0;
/// Major units in which the share of one price band goes over into the next.
const EDGE: f64 = 0.01;
/// Viewers that are simulated at most.
const MOST_VIEWERS: f64 = 800.0;
/// Longest look ahead.
const MOST_MIN: i64 = 180;
/// Shortest, where the planned end is near or past.
const LEAST_MIN: i64 = 10;
/// Watch time where no feed tells one.
const WATCH_S: f64 = 300.0;
/// Stock that nobody knows.
const PLENTY: i64 = 1_000_000;
/// Runs of the warm-up that clicks are scaled by.
const TRIALS: u64 = 6;
/// Clicks are scaled by at most this, up or down.
const MOST_SCALE: f64 = 8.0;
/// What the simulator's viewers click against their base: temper draws, products off air.
const TEMPER: f64 = 1.08;

/// Why no future can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Nobody knows how many are watching.
    NoAudience,
    /// Nothing was sold yet that rates could be taken from.
    NoSales,
    /// No products, no currency: nothing that money could come from.
    NoShop,
    Closed,
}

/// A broadcast that stands where the real one stands.
#[derive(Clone, Debug)]
pub struct Calibrated {
    pub scenario: Scenario,
    /// The present: the warm-up lies before it.
    pub from: At,
    pub to: At,
    /// Money and units of the simulation times this are those of the live.
    pub scale: f64,
    /// Acts that run, told in the warm-up.
    pub running: Vec<Act>,
    /// What is on the shelves now, by slot of the simulation.
    pub stock: Vec<i64>,
    /// The costs of all products are known, so margins are.
    pub knows_margin: bool,
}

/// The rates that everything stands on.
struct Rates {
    viewers: f64,
    watch_s: f64,
    clicks_per_viewer_min: f64,
    adds_per_click: f64,
    orders_per_add: f64,
    orders_per_min: f64,
    units_per_order: f64,
    paid_share: f64,
}

/// Calibrates a broadcast on what the desk knows.
///
/// # Errors
/// Where too little is known.
pub fn calibrate(engine: &Engine) -> Result<Calibrated, Unfit> {
    let now = engine.now();
    let currency = engine.currency().ok_or(Unfit::NoShop)?;
    if engine.closed().is_some() {
        return Err(Unfit::Closed);
    }
    let rates = rates(engine, now)?;
    let scale = (rates.viewers / MOST_VIEWERS).max(1.0);
    let rows = engine.products();
    let endings = Endings::of(engine);
    let products: Vec<Product> = rows.iter().filter_map(|row| product(engine, row, (&rates, &endings), currency)).collect();
    if products.is_empty() {
        return Err(Unfit::NoShop);
    }
    let ahead_min = engine.plan().ends_at().map_or(MOST_MIN, |end| end.since_ms(now) / MINUTE_MS).clamp(LEAST_MIN, MOST_MIN);
    let starts_at = now.plus_ms(-WARM_UP_MIN * MINUTE_MS);
    let stock = products.iter().map(|product| (product.stock as f64 / scale).ceil() as i64).collect();
    let knows_margin = products.iter().all(|product| product.cost.minor(currency).is_some_and(|cost| cost > 0));
    let scenario = Scenario {
        shipped: None,
        name: "future".to_owned(),
        title: engine.plan().title.clone(),
        about: Default::default(),
        starts_at,
        time_zone: engine.plan().time_zone.unwrap_or(chrono_tz::UTC),
        currency,
        length_min: WARM_UP_MIN + ahead_min,
        aim: engine.plan().aim,
        target: None,
        earlier_lives: false,
        noise: NoiseLevel::Realistic,
        moods: Default::default(),
        opens: Opens::default(),
        audience: audience(&rates, scale),
        channels: channels(engine, now, scale, currency),
        segments: segments(engine, &products, ahead_min),
        shoppers: Shoppers {
            completion: endings.curve(rates.orders_per_add, currency),
            decide_s: 45.0,
            leave_in_checkout: 0.3,
            second_unit_share: (rates.units_per_order - 1.0).clamp(0.0, 0.6),
            refund_share: 0.0,
            shipping: Amount(String::new()),
            free_shipping_from: Amount(String::new()),
        },
        methods: vec![Method {
            name: Name::const_new("any"),
            share: 1.0,
            paid: rates.paid_share,
            pay_s: 40.0,
            spread: 0.7,
            expires_min: Some(15.0),
        }],
        chat: Chat { questions_per_min: 0.0, messages_per_min: 0.0, ..Chat::default() },
        delivery: Delivering::default(),
        incidents: Vec::new(),
        lottery: None,
        responses: toml::Table::new(),
        curves: taught(engine, &Responses::shipped_with(&toml::Table::new()).unwrap_or_default()),
        products,
    };
    let to = now.plus_ms(ahead_min * MINUTE_MS);
    let mut found = Calibrated { scenario, from: now, to, scale, running: running(engine, starts_at), stock, knows_margin };
    found.match_orders(rates.orders_per_min / scale);
    Ok(found)
}

impl Calibrated {
    /// The broadcast of a seed at the present, counted but not told; `None` where the simulator cannot be set up.
    #[must_use]
    pub fn start(&self, scenario: Arc<Scenario>, seed: u64) -> Option<Broadcast> {
        let mut broadcast = Broadcast::new(scenario, seed).ok()?.steady().silent();
        broadcast.advance_to(self.from, &self.running);
        for (shelf, stock) in broadcast.shop.shelf.iter_mut().zip(&self.stock) {
            shelf.stock = *stock;
        }
        Some(broadcast)
    }

    /// The share of what is placed that is paid.
    #[must_use]
    pub fn paid_share(&self) -> f64 {
        self.scenario.methods.first().map_or(1.0, |method| method.paid)
    }

    /// Scales the clicks so that the warm-up gives the orders a minute that there were.
    fn match_orders(&mut self, wanted: f64) {
        let scenario = Arc::new(self.scenario.clone());
        let half = self.from.plus_ms(-WARM_UP_MIN * MINUTE_MS / 2);
        let (mut orders, mut minutes) = (0, 0.0);
        for seed in 0..TRIALS {
            let Ok(mut broadcast) = Broadcast::new(Arc::clone(&scenario), seed) else { return };
            broadcast = broadcast.steady().silent();
            broadcast.advance_to(half, &self.running);
            let before = broadcast.shop.takings.orders_placed;
            broadcast.advance_to(self.from, &[]);
            orders += broadcast.shop.takings.orders_placed - before;
            minutes += self.from.since_ms(half) as f64 / MINUTE_MS as f64;
        }
        let simulated = orders as f64 / f64::max(minutes, 1.0);
        if simulated > 0.0 && wanted > 0.0 {
            self.scenario.audience.clicks_per_min *= (wanted / simulated).clamp(1.0 / MOST_SCALE, MOST_SCALE);
        }
    }
}

fn rates(engine: &Engine, now: At) -> Result<Rates, Unfit> {
    let read = |metric, span| engine.reading(metric, Scope::Live, span).number();
    let viewers = read(Metric::Ccu, Span::M1).or_else(|| read(Metric::Acu, Span::M15)).filter(|viewers| *viewers >= 1.0);
    let viewers = viewers.ok_or(Unfit::NoAudience)?;
    let started = engine.started().unwrap_or(now);
    let minutes = (now.since_ms(started) as f64 / MINUTE_MS as f64).clamp(1.0, 15.0);
    let count = |metric, span| read(metric, span).unwrap_or(0.0);
    let whole = |above, below| {
        let (above, below) = (count(above, Span::Live), count(below, Span::Live));
        (below > 0.0).then(|| above / below)
    };
    let lately = |above: Metric, below: Metric| {
        let usual = whole(above, below)?;
        Some((count(above, Span::M15) + PRIOR * usual) / (count(below, Span::M15) + PRIOR))
    };
    let orders_live = count(Metric::OrdersPlaced, Span::Live);
    if orders_live < 1.0 {
        return Err(Unfit::NoSales);
    }
    let orders_per_min = count(Metric::OrdersPlaced, Span::M15) / minutes;
    // without clicks or carts an order is its own click and cart
    let (adds_per_click, orders_per_add) = match (lately(Metric::Adds, Metric::Clicks), lately(Metric::OrdersPlaced, Metric::Adds)) {
        (Some(adds), Some(orders)) => (adds.min(0.95), orders.min(0.95)),
        _ => (lately(Metric::OrdersPlaced, Metric::Clicks).unwrap_or(0.9).min(0.95), 0.95),
    };
    let clicks = count(Metric::Clicks, Span::M15);
    let clicks = if clicks > 0.0 { clicks } else { count(Metric::OrdersPlaced, Span::M15) / (adds_per_click * orders_per_add) };
    Ok(Rates {
        viewers,
        watch_s: read(Metric::AvgWatchS, Span::Live).unwrap_or(WATCH_S).clamp(20.0, 7_200.0),
        clicks_per_viewer_min: (clicks / minutes / viewers).max(1e-4),
        adds_per_click,
        orders_per_add,
        orders_per_min,
        units_per_order: whole(Metric::Units, Metric::OrdersPlaced).unwrap_or(1.0),
        paid_share: whole(Metric::OrdersPaid, Metric::OrdersPlaced).unwrap_or(1.0).clamp(0.05, 1.0),
    })
}

/// How carts end by their value: from which one on (minor units), what is bought of them against what is bought of all.
struct Endings(Vec<(i64, f64)>);

impl Endings {
    fn of(engine: &Engine) -> Self {
        let bought = |scope| {
            let reading = engine.reading(Metric::CartAbandon, scope, Span::Live);
            let (left, ended) = (reading.numerator? as f64, reading.denominator? as f64);
            Some((ended - left, ended))
        };
        let Some((all, ended)) = bought(Scope::Live).filter(|(all, _)| *all >= 1.0) else { return Self(Vec::new()) };
        let usual = all / ended;
        let against = |(own, ended): (f64, f64)| (own + PRIOR_CARTS * usual) / (ended + PRIOR_CARTS) / usual;
        let bands = engine.bands();
        Self(bands.iter().map(|band| (band.from.minor, bought(Scope::Band(band.index)).map_or(1.0, against))).collect())
    }

    /// Of a cart of this value.
    fn at(&self, minor: i64) -> f64 {
        self.0.iter().rev().find(|(from, _)| *from <= minor).map_or(1.0, |(_, factor)| *factor)
    }

    /// The share that is bought by value in major units, level within a band.
    fn curve(&self, usual: f64, currency: Currency) -> Vec<[f64; 2]> {
        let unit = 10f64.powi(i32::try_from(currency.exponent()).unwrap_or(2));
        let share = |factor: f64| (usual * factor).clamp(0.001, 0.97);
        let ends = self.0.iter().skip(1).map(|(from, _)| Some(*from as f64 / unit)).chain([None]);
        let mut points = Vec::new();
        for ((from, factor), end) in self.0.iter().zip(ends) {
            points.push([*from as f64 / unit, share(*factor)]);
            points.extend(end.map(|end| [end - EDGE, share(*factor)]));
        }
        if points.is_empty() { vec![[0.0, share(1.0)]] } else { points }
    }
}

fn audience(rates: &Rates, scale: f64) -> Audience {
    let viewers = rates.viewers / scale;
    Audience {
        initial: viewers.round() as usize,
        plateau: viewers,
        bounce_share: 0.0,
        bounce_s: 10.0,
        stay_s: rates.watch_s,
        shape: vec![[0.0, 1.0]],
        bursts: Vec::new(),
        views_per_min: 0.0,
        likes_per_min: 0.0,
        clicks_per_min: rates.clicks_per_viewer_min / TEMPER,
        impressions_per_entry: 9.0,
        returning_share: 0.0,
    }
}

fn amount(minor: i64, currency: Currency) -> Amount {
    Amount(Money::new(minor, currency).text())
}

/// A product as it sells here: its own rates drawn towards those of all.
fn product(engine: &Engine, row: &ProductView<'_>, (rates, endings): (&Rates, &Endings), currency: Currency) -> Option<Product> {
    let of = |metric| engine.reading(metric, Scope::Product(row.sym), Span::Live).number().unwrap_or(0.0);
    let price = row.price.map(|money| money.minor).or_else(|| row.planned?.price_minor).filter(|minor| *minor > 0)?;
    let planned = row.planned;
    let margin = planned.and_then(|planned| planned.margin).or(engine.plan().margin);
    let cost = planned.and_then(|planned| planned.cost_minor).or_else(|| margin.map(|margin| (price as f64 * (1.0 - margin)) as i64));
    let (clicks, adds, orders) = (of(Metric::Clicks), of(Metric::Adds), of(Metric::OrdersPlaced));
    let own = |above: f64, below: f64, usual: f64| (above + PRIOR * usual) / (below + PRIOR);
    let stock = engine.reading(Metric::Stock, Scope::Product(row.sym), Span::Live).number();
    let stock = stock.or_else(|| Some(planned?.stock? as f64 - of(Metric::Units)));
    let orders_per_add = (rates.orders_per_add * endings.at(price)).clamp(0.001, 0.97);
    Some(Product {
        sku: Name::new(row.sku),
        name: row.name.to_owned(),
        called: String::new(),
        price: amount(price, currency),
        cost: amount(cost.unwrap_or(0), currency),
        stock: stock.map_or(PLENTY, |units| units.max(0.0) as i64),
        reserve: 0,
        clicks: 1.0,
        adds: own(adds, clicks, rates.adds_per_click).clamp(0.001, 0.95),
        orders: (own(orders, adds, orders_per_add) / orders_per_add).clamp(0.2, 5.0),
        role: None,
        margin_floor: None,
        max_discount: None,
        bundle_with: planned.map(|planned| planned.bundle_with.clone()).unwrap_or_default(),
        bundle_price: planned.and_then(|planned| planned.bundle_price_minor).map(|minor| amount(minor, currency)),
        bonus_kit: None,
        substitutes: Vec::new(),
    })
}

/// Where visitors come from, by their share so far; what is spent a minute on those who are paid for.
fn channels(engine: &Engine, now: At, scale: f64, currency: Currency) -> Vec<Channel> {
    let minutes = engine.started().map_or(1.0, |at| (now.since_ms(at) as f64 / MINUTE_MS as f64).max(1.0));
    let of = |metric, sym| engine.reading(metric, Scope::Channel(sym), Span::Live).number().unwrap_or(0.0);
    let rows = engine.channels();
    let came: Vec<f64> = rows.iter().map(|row| of(Metric::ViewersUv, row.sym)).collect();
    let all: f64 = came.iter().sum();
    let channel = |name: Name, share: f64, spend: f64| Channel {
        name,
        share,
        clicks: 1.0,
        conversion: 1.0,
        patience: 1.0,
        spend_per_min: (spend >= 1.0).then(|| amount(spend as i64, currency)),
        campaign: None,
        source: None,
        medium: None,
    };
    let found: Vec<Channel> = rows
        .iter()
        .zip(&came)
        .filter(|(_, came)| **came > 0.0)
        .map(|(row, came)| channel(Name::new(row.name), came / all, of(Metric::AdSpend, row.sym) / minutes / scale))
        .collect();
    if found.is_empty() { vec![channel(Name::const_new("organic"), 1.0, 0.0)] } else { found }
}

/// What was on air in the minutes of the warm-up, what is now for the rest of its time, and then the rest of the run of show.
fn segments(engine: &Engine, products: &[Product], ahead_min: i64) -> Vec<Segment> {
    let known = |sku: &str| products.iter().find(|product| product.sku == sku).map(|product| product.sku.clone());
    let segment = |name: &str, minutes: f64, sku: Option<Name>| Segment {
        name: name.to_owned(),
        minutes,
        kind: SegmentKind::Offer,
        host: None,
        sku,
        offer: None,
    };
    let now = engine.now();
    let current = engine.segments().into_iter().rev().find(|segment| segment.to.is_none());
    let ends = current.as_ref().and_then(|segment| Some(segment.from.plus_s(segment.planned_s?)));
    let rest = ends.map_or(0.0, |end| (end.since_ms(now) as f64 / MINUTE_MS as f64).max(1.0));
    let next = engine.next_segment().map_or(&[][..], |next| &engine.plan().segments[next..]);
    let on_air = engine.on_air().and_then(|sym| known(engine.live().books.skus.text(sym)));
    let first = if next.is_empty() { ahead_min as f64 } else { rest.max(1.0) };
    let behind = (now.minute() - WARM_UP_MIN..now.minute()).map(|minute| {
        let sku = engine.on_air_in_minute(minute).and_then(|sym| known(engine.live().books.skus.text(sym)));
        segment("behind", 1.0, sku)
    });
    let mut found: Vec<Segment> = behind.collect();
    found.push(segment("now", first, on_air));
    found.extend(next.iter().map(|planned| {
        let sku = planned.skus.iter().find_map(|sku| known(sku));
        segment(&planned.name, (planned.length_s as f64 / 60.0).max(0.5), sku)
    }));
    found
}

/// Acts that run now, told as early as the warm-up allows, to the end that they have.
fn running(engine: &Engine, starts_at: At) -> Vec<Act> {
    let now = engine.now();
    let acts = engine
        .interventions()
        .into_iter()
        .filter(|act| !act.withdrawn && act.ended.is_none() && act.started <= now && act.ends_at.is_some_and(|end| end > now));
    acts.map(|act| {
        let at = act.started.max(starts_at);
        let deed = Deed::Begin {
            id: Name::new(act.id),
            kind: act.kind,
            sku: act.product.map(|sym| Name::new(engine.live().books.skus.text(sym))),
            duration_s: act.ends_at.map(|end| (end.since_ms(at) / 1_000).max(1)),
            parameters: act.parameters.clone(),
            advice: None,
        };
        Act { at, told: None, deed }
    })
    .collect()
}

/// The curves, bent half way to what this live's measured acts did: the mean of the ratios of each kind against the curve's own.
fn taught(engine: &Engine, curves: &Responses) -> Responses {
    let measured: Vec<(InterventionKind, f64)> = engine
        .interventions()
        .into_iter()
        .filter(|act| !act.withdrawn)
        .filter_map(|act| Some((act.kind, engine.impact(act.id)?.effect?.ratio)))
        .collect();
    curves.varied(|kind| {
        let ratios: Vec<f64> = measured.iter().filter(|(known, _)| *known == kind).map(|(_, ratio)| *ratio).collect();
        let curve = curves.of(kind);
        let discount = (1.0 - curve.percent / 100.0).max(0.05);
        let modelled = discount.powf(-curve.elasticity) * (1.0 + curve.urgency) * (1.0 + curve.completion) - 1.0;
        if ratios.is_empty() || modelled <= 0.01 {
            return 1.0;
        }
        let found = ratios.iter().sum::<f64>() / ratios.len() as f64 - 1.0;
        0.5 + 0.5 * (found / modelled).clamp(0.0, 2.0)
    })
}
