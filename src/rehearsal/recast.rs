//! A scenario cast from a live that was: yesterday's shop, audience and noise, today's decisions.
//!
//! What the live has counted becomes the scenario; what it cannot know is taken from the demo and told ([`Assumed`]):
//!
//! - entries of every minute as they were; where no feed told them, from the viewers: those who stayed a mean stay ago are
//!   replaced, and the change comes on top;
//! - the moods of clicking and deciding: in windows of [`WINDOW_MIN`] minutes, what was counted over what the live's own
//!   average expects of the viewers (by the product on air) and of the carts, drawn to 1 by [`PRIOR`] events. Minutes in
//!   which an act ran are left out and bridged: that was yesterday's decision;
//! - then clicks, carts and orders are scaled until the broadcast that nobody acts in makes as many as those moods say.
//!
//! Limits: what went wrong yesterday comes again as a mood and no act cures it; an act's after-effects stay in the moods;
//! people are drawn anew from the seed, so a minute comes out as it was only on average.

use std::sync::Arc;

use super::best::outcome;
use crate::engine::Engine;
use crate::engine::event::SegmentKind;
use crate::engine::id::{Name, Sym};
use crate::engine::metric::{Metric, Scope};
use crate::engine::money::Money;
use crate::engine::plan::PlanProduct;
use crate::engine::time::{At, MINUTE_MS, Span};
use crate::simulate::broadcast::Broadcast;
use crate::simulate::scenario::{Amount, Channel, Method, Moods, Opens, Product, Scenario, Segment};

/// Minutes of a window that a mood is read from, on both sides of its minute together.
pub const WINDOW_MIN: i64 = 5;
/// Events that the average counts for in a window.
pub const PRIOR: f64 = 20.0;
/// A live shorter than this says too little.
const LEAST_MIN: i64 = 5;
/// An act without an end is taken to run for so long.
const ACT_MIN: i64 = 10;
/// Rounds of scaling; each halves the distance at least.
const ROUNDS: usize = 4;
/// Units of a product of which no stock was told.
const PLENTY: i64 = 5_000;
/// Share of the price that a product costs where nothing says so.
const COST: f64 = 0.6;
/// More channels than this are put together.
const CHANNELS: usize = 16;

/// What the live could not say and the demo says instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assumed {
    Entries,
    Clicks,
    Channels,
    Costs,
    Stock,
    Methods,
}

impl Assumed {
    /// After `recast-assumed-` the key of its words.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Clicks => "clicks",
            Self::Channels => "channels",
            Self::Costs => "costs",
            Self::Stock => "stock",
            Self::Methods => "methods",
        }
    }
}

/// Why no scenario comes of a live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooLittle {
    Short,
    NoCurrency,
    NoAudience,
    NoProducts,
    NoOrders,
}

impl TooLittle {
    /// After `recast-too-little-` the key of its words.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::NoCurrency => "currency",
            Self::NoAudience => "audience",
            Self::NoProducts => "products",
            Self::NoOrders => "orders",
        }
    }
}

/// A scenario with what in it is not the live's own.
#[derive(Clone, Debug)]
pub struct Recast {
    pub scenario: Scenario,
    pub assumed: Vec<Assumed>,
}

/// Casts a scenario from the engine of a live that is over.
///
/// # Errors
/// When the live says too little.
pub fn recast(engine: &Engine, demo: &Scenario) -> Result<Recast, TooLittle> {
    let past = Past::of(engine)?;
    let mut assumed = Vec::new();
    let mut scenario = demo.clone();
    scenario.shipped = None;
    let plan = engine.plan();
    let name: String = plan.name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    scenario.name = if name.is_empty() { "again".to_owned() } else { format!("{name}-again") };
    scenario.title = if plan.title.is_empty() { scenario.name.clone() } else { plan.title.clone() };
    scenario.starts_at = At::from_minute(past.first);
    scenario.time_zone = plan.time_zone.unwrap_or(chrono_tz::UTC);
    scenario.currency = past.currency;
    scenario.length_min = past.minutes;
    scenario.aim = plan.aim;
    scenario.target = plan.target("gmv_paid").map(|minor| past.amount(whole(minor)));
    scenario.opens = Opens::default();
    scenario.earlier_lives = false;
    scenario.incidents.clear();
    scenario.lottery = None;
    scenario.products = past.products(demo, &mut assumed)?;
    scenario.segments = past.segments();
    scenario.channels = past.channels(&mut assumed);
    scenario.methods = past.methods(demo, &mut assumed);
    past.people(&mut scenario, &mut assumed)?;
    scenario.noise = crate::simulate::scenario::NoiseLevel::Poisson;
    let wanted = past.decide(&mut scenario, &mut assumed);
    if wanted.orders <= 0.0 {
        return Err(TooLittle::NoOrders);
    }
    calibrate(&mut scenario, &wanted);
    assumed.sort_unstable();
    assumed.dedup();
    Ok(Recast { scenario, assumed })
}

#[expect(clippy::cast_possible_truncation, reason = "money and counts of one live")]
const fn whole(number: f64) -> i64 {
    number as i64
}

/// The live as it was, minute by minute.
struct Past<'e> {
    engine: &'e Engine,
    first: i64,
    minutes: i64,
    currency: crate::engine::money::Currency,
    /// Minutes in which no act ran.
    calm: Vec<bool>,
    viewers: Vec<f64>,
}

/// Carts and orders that the broadcast should come to when nobody acts.
#[derive(Debug)]
struct Wanted {
    carts: f64,
    orders: f64,
}

impl<'e> Past<'e> {
    fn of(engine: &'e Engine) -> Result<Self, TooLittle> {
        let first = engine.started().ok_or(TooLittle::Short)?.minute();
        let last = engine.closed().or(engine.tally().to).ok_or(TooLittle::Short)?.minute();
        let planned = engine.plan().length_s / 60;
        let counted = last - first + 1;
        let minutes = if planned > 0 { planned.min(counted) } else { counted }.clamp(0, 24 * 60);
        if minutes < LEAST_MIN {
            return Err(TooLittle::Short);
        }
        let currency = engine.currency().or(engine.plan().currency).filter(|currency| currency.is_named()).ok_or(TooLittle::NoCurrency)?;
        let mut past = Self { engine, first, minutes, currency, calm: Vec::new(), viewers: Vec::new() };
        past.viewers = past.every(|minute| past.at(Metric::Ccu, minute).unwrap_or(0.0));
        past.calm = past.every(|minute| !past.is_acted_in(minute));
        Ok(past)
    }

    fn every<T>(&self, of: impl Fn(i64) -> T) -> Vec<T> {
        (self.first..self.first + self.minutes).map(of).collect()
    }
    fn at(&self, metric: Metric, minute: i64) -> Option<f64> {
        self.engine.reading_in_minute(metric, Scope::Live, minute).number()
    }
    fn whole(&self, metric: Metric, scope: Scope) -> Option<f64> {
        self.engine.reading(metric, scope, Span::Live).number()
    }
    fn amount(&self, minor: i64) -> Amount {
        let exponent = self.currency.exponent();
        let unit = 10i64.pow(exponent);
        let text = if exponent == 0 { minor.to_string() } else { format!("{}.{:0w$}", minor / unit, minor % unit, w = exponent as usize) };
        Amount(text)
    }

    fn is_acted_in(&self, minute: i64) -> bool {
        let (from, to) = (At::from_minute(minute), At::from_minute(minute + 1));
        self.engine.interventions().iter().filter(|act| !act.withdrawn).any(|act| {
            let end = act.ended.or(act.ends_at).unwrap_or(act.started.plus_ms(ACT_MIN * MINUTE_MS));
            act.started < to && end > from
        })
    }

    fn products(&self, demo: &Scenario, assumed: &mut Vec<Assumed>) -> Result<Vec<Product>, TooLittle> {
        let usual = demo.products.iter().map(|product| product.adds).sum::<f64>() / demo.products.len().max(1) as f64;
        let adds = self.whole(Metric::AtcRate, Scope::Live).unwrap_or(usual).clamp(0.005, 0.9);
        let mut products = Vec::new();
        for view in self.engine.products() {
            let Some(price) = view.price.filter(|price| price.minor > 0) else { continue };
            let planned = view.planned;
            let clicks = self.whole(Metric::Clicks, Scope::Product(view.sym)).unwrap_or(0.0);
            let own = self.whole(Metric::AtcRate, Scope::Product(view.sym)).unwrap_or(adds);
            products.push(Product {
                sku: Name::new(view.sku),
                name: view.name.to_owned(),
                called: view.name.to_lowercase(),
                price: self.amount(price.minor),
                cost: self.amount(self.cost(planned, price, assumed)),
                stock: self.stock(view.sym, planned, assumed),
                reserve: 0,
                clicks: self.appeal(view.sym),
                // few clicks say little of a product's own rate
                adds: ((own * clicks + adds * PRIOR) / (clicks + PRIOR)).clamp(0.005, 0.9),
                orders: 1.0,
                role: planned.and_then(|planned| planned.role.clone()),
                margin_floor: planned.and_then(|planned| planned.margin_floor),
                max_discount: planned.and_then(|planned| planned.max_discount),
                bundle_with: planned.map(|planned| planned.bundle_with.clone()).unwrap_or_default(),
                bundle_price: planned.and_then(|planned| planned.bundle_price_minor).map(|minor| self.amount(minor)),
                bonus_kit: planned.and_then(|planned| planned.bonus_kit.clone()),
                substitutes: planned.map(|planned| planned.substitutes.clone()).unwrap_or_default(),
            });
        }
        if products.is_empty() { Err(TooLittle::NoProducts) } else { Ok(products) }
    }

    fn cost(&self, planned: Option<&PlanProduct>, price: Money, assumed: &mut Vec<Assumed>) -> i64 {
        let margin = planned.and_then(|planned| planned.margin).or(self.engine.plan().margin);
        let by_margin = margin.map(|margin| whole(price.minor as f64 * (1.0 - margin)));
        planned.and_then(|planned| planned.cost_minor).or(by_margin).unwrap_or_else(|| {
            assumed.push(Assumed::Costs);
            whole(price.minor as f64 * COST)
        })
    }

    /// Units at the beginning: planned, else what was left and what was sold.
    fn stock(&self, product: Sym, planned: Option<&PlanProduct>, assumed: &mut Vec<Assumed>) -> i64 {
        let sold = self.whole(Metric::Units, Scope::Product(product)).map_or(0, whole);
        let left = self.engine.stock(product).iter().map(|stock| stock.available).min();
        planned.and_then(|planned| planned.stock).or(left.map(|left| left.max(0) + sold)).unwrap_or_else(|| {
            assumed.push(Assumed::Stock);
            PLENTY
        })
    }

    /// Clicks of a product while it was on air, against what its viewers would do on average.
    fn appeal(&self, product: Sym) -> f64 {
        let on_air = |minute: i64| self.engine.on_air_in_minute(minute) == Some(product);
        let shown: f64 = self.every(|minute| if on_air(minute) { self.at(Metric::Ccu, minute).unwrap_or(0.0) } else { 0.0 }).iter().sum();
        let clicks = self.every(|minute| if on_air(minute) { self.at(Metric::Clicks, minute).unwrap_or(0.0) } else { 0.0 });
        let expected = shown * self.clicks_per_viewer();
        ((clicks.iter().sum::<f64>() + PRIOR) / (expected + PRIOR)).clamp(0.3, 3.0)
    }

    /// Clicks per viewer and minute.
    fn clicks_per_viewer(&self) -> f64 {
        self.whole(Metric::Clicks, Scope::Live).unwrap_or(0.0) / self.viewers.iter().sum::<f64>().max(1.0)
    }

    /// The run of show as it ran; as planned where no cue was given, else by what was on air.
    fn segments(&self) -> Vec<Segment> {
        let end = At::from_minute(self.first + self.minutes);
        let minutes = |from: At, to: At| (to.min(end).since_ms(from) as f64 / MINUTE_MS as f64).max(0.1);
        let middle = |from: At, to: At| from.plus_ms(to.min(end).since_ms(from).max(0) / 2).minute();
        let sku = |minute: i64| Some(Name::new(self.engine.live().books.skus.text(self.engine.on_air_in_minute(minute)?)));
        let ran = self.engine.segments().into_iter().filter(|segment| segment.from < end).map(|segment| {
            let to = segment.to.unwrap_or(end);
            Segment {
                name: segment.name.to_owned(),
                minutes: minutes(segment.from, to),
                kind: segment.kind.unwrap_or(SegmentKind::Demo),
                host: segment.host.map(str::to_owned),
                sku: sku(middle(segment.from, to)),
                offer: None,
            }
        });
        let ran: Vec<Segment> = ran.collect();
        if !ran.is_empty() {
            return ran;
        }
        let planned: Vec<Segment> =
            self.engine.plan().segments.iter().filter(|segment| segment.length_s > 0).map(planned_segment).collect();
        if !planned.is_empty() {
            return planned;
        }
        let shown = self.engine.explains().into_iter().filter(|shown| shown.from < end).map(|shown| Segment {
            name: self.engine.live().books.skus.text(shown.product).to_owned(),
            minutes: minutes(shown.from, shown.to.unwrap_or(end)),
            kind: SegmentKind::Demo,
            host: None,
            sku: Some(Name::new(self.engine.live().books.skus.text(shown.product))),
            offer: None,
        });
        let shown: Vec<Segment> = shown.collect();
        if !shown.is_empty() {
            return shown;
        }
        let sku = self.engine.products().first().map(|product| Name::new(product.sku));
        let whole_live = self.minutes as f64;
        vec![Segment { name: "live".into(), minutes: whole_live, kind: SegmentKind::Demo, host: None, sku, offer: None }]
    }

    fn channels(&self, assumed: &mut Vec<Assumed>) -> Vec<Channel> {
        let all = self.whole(Metric::ViewsPv, Scope::Live).unwrap_or(0.0);
        let relative = |metric, scope| match (self.whole(metric, scope), self.whole(metric, Scope::Live)) {
            (Some(own), Some(all)) if all > 0.0 => (own / all).clamp(0.2, 4.0),
            _ => 1.0,
        };
        let mut channels = Vec::new();
        for view in self.engine.channels() {
            let scope = Scope::Channel(view.sym);
            let entries = self.whole(Metric::ViewsPv, scope).unwrap_or(0.0);
            if entries <= 0.0 || channels.len() == CHANNELS {
                continue;
            }
            let planned = self.engine.plan().channels.iter().find(|channel| channel.name == view.name);
            let parts = planned.and_then(|channel| channel.rules.first());
            let spend = self.whole(Metric::AdSpend, scope).filter(|spend| *spend > 0.0);
            let campaign = self.engine.plan().campaigns.iter().find(|campaign| campaign.channel == view.name);
            channels.push(Channel {
                name: if view.name == "unknown" { Name::default() } else { Name::new(view.name) },
                share: entries / all.max(1.0),
                clicks: relative(Metric::ClicksPerViewer, scope),
                conversion: relative(Metric::CartOrderRate, scope),
                patience: relative(Metric::AvgWatchS, scope),
                spend_per_min: spend.map(|minor| self.amount(whole(minor / self.minutes as f64))),
                campaign: campaign.map(|campaign| campaign.name.clone()),
                source: parts.and_then(|parts| parts.source.clone()),
                medium: parts.and_then(|parts| parts.medium.clone()),
            });
        }
        if channels.is_empty() {
            assumed.push(Assumed::Channels);
            let organic = Name::const_new("organic");
            let (campaign, source, medium) = (None, None, None);
            return vec![Channel {
                name: organic,
                share: 1.0,
                clicks: 1.0,
                conversion: 1.0,
                patience: 1.0,
                spend_per_min: None,
                campaign,
                source,
                medium,
            }];
        }
        let told: f64 = channels.iter().map(|channel| channel.share).sum();
        channels.iter_mut().for_each(|channel| channel.share /= told);
        channels
    }

    fn methods(&self, demo: &Scenario, assumed: &mut Vec<Assumed>) -> Vec<Method> {
        let mut methods = Vec::new();
        for view in self.engine.methods() {
            let scope = Scope::Method(view.sym);
            let placed = self.whole(Metric::OrdersPlaced, scope).unwrap_or(0.0);
            if placed <= 0.0 {
                continue;
            }
            let known = demo.methods.iter().find(|method| method.name == view.name);
            methods.push(Method {
                name: Name::new(view.name),
                share: placed,
                paid: self.whole(Metric::OrderPaidRate, scope).or(known.map(|known| known.paid)).unwrap_or(0.9).clamp(0.0, 1.0),
                pay_s: known.map_or(60.0, |known| known.pay_s),
                spread: known.map_or(0.7, |known| known.spread),
                expires_min: known.and_then(|known| known.expires_min),
            });
        }
        let all: f64 = methods.iter().map(|method| method.share).sum();
        if all <= 0.0 {
            assumed.push(Assumed::Methods);
            return demo.methods.clone();
        }
        methods.iter_mut().for_each(|method| method.share /= all);
        methods
    }

    /// Who comes, how long they stay, and how much they say.
    fn people(&self, scenario: &mut Scenario, assumed: &mut Vec<Assumed>) -> Result<(), TooLittle> {
        let watched: f64 = self.viewers.iter().sum();
        if watched <= 0.0 {
            return Err(TooLittle::NoAudience);
        }
        let told = self.every(|minute| self.at(Metric::ViewsPv, minute).unwrap_or(0.0));
        let all: f64 = told.iter().sum();
        let audience = &mut scenario.audience;
        let usual_s = audience.bounce_share * audience.bounce_s + (1.0 - audience.bounce_share) * audience.stay_s;
        let stay_s = if all > 0.0 { (watched * 60.0 / all).clamp(20.0, 7_200.0) } else { usual_s };
        let entries = if all > 0.0 {
            told
        } else {
            assumed.push(Assumed::Entries);
            let before = std::iter::once(0.0).chain(self.viewers.iter().copied());
            before.zip(&self.viewers).map(|(before, now)| (before * 60.0 / stay_s + now - before).max(0.0)).collect()
        };
        let plateau = watched / self.minutes as f64;
        let usual = plateau / stay_s * 60.0;
        (audience.plateau, audience.initial) = (plateau.min(50_000.0), 0);
        audience.bounce_s = audience.bounce_s.min(stay_s / 2.0);
        audience.stay_s = ((stay_s - audience.bounce_share * audience.bounce_s) / (1.0 - audience.bounce_share)).max(30.0);
        audience.bursts.clear();
        audience.shape = points(entries.iter().map(|entries| entries / usual.max(0.01)));
        if let Some(share) = self.whole(Metric::NewBuyerShare, Scope::Live) {
            audience.returning_share = 1.0 - share.clamp(0.0, 1.0);
        }
        if let Some(messages) = self.whole(Metric::ChatMessages, Scope::Live) {
            let questions = scenario.chat.questions_per_min;
            scenario.chat.messages_per_min = (messages / watched - questions).max(0.0);
        }
        Ok(())
    }

    /// The moods of clicking and deciding, and what they add up to.
    fn decide(&self, scenario: &mut Scenario, assumed: &mut Vec<Assumed>) -> Wanted {
        let clicks = self.every(|minute| self.at(Metric::Clicks, minute).unwrap_or(0.0));
        let adds = self.every(|minute| self.at(Metric::Adds, minute).unwrap_or(0.0));
        let orders = self.every(|minute| self.at(Metric::OrdersPlaced, minute).unwrap_or(0.0));
        let total = |counts: &[f64]| counts.iter().sum::<f64>();
        let per_viewer = self.clicks_per_viewer();
        if per_viewer > 0.0 {
            scenario.audience.clicks_per_min = per_viewer;
        } else {
            assumed.push(Assumed::Clicks);
        }
        let appeal = |minute: i64| self.engine.on_air_in_minute(minute).map_or(1.0, |product| self.appeal(product));
        let expected: Vec<f64> =
            self.viewers.iter().zip(self.every(appeal)).map(|(viewers, appeal)| viewers * appeal * per_viewer).collect();
        // without clicks or carts, what was bought is held against who watched
        let basis = if total(&adds) > 0.0 { &adds } else { &self.viewers };
        let per_basis = total(&orders) / total(basis).max(1.0);
        let hoped: Vec<f64> = basis.iter().map(|basis| basis * per_basis).collect();
        let (clicking, deciding) = (self.mood(&clicks, &expected), self.mood(&orders, &hoped));
        let sum = |expected: &[f64], mood: &[f64]| expected.iter().zip(mood).map(|(expected, mood)| expected * mood).sum::<f64>();
        let orders = sum(&hoped, &deciding);
        let carts = if total(&adds) > 0.0 { total(&adds) * sum(&expected, &clicking) / total(&clicks).max(1.0) } else { orders / 0.4 };
        scenario.moods = Moods { clicks: points(clicking.into_iter()), decisions: points(deciding.into_iter()) };
        Wanted { carts, orders }
    }

    /// What was counted over what was expected around each minute, minutes with acts left out.
    fn mood(&self, counted: &[f64], expected: &[f64]) -> Vec<f64> {
        let half = usize::try_from(WINDOW_MIN / 2).unwrap_or(0);
        let window = |minute: usize| minute.saturating_sub(half)..(minute + half + 1).min(counted.len());
        let calm = |values: &[f64], minute: usize| window(minute).filter(|at| self.calm[*at]).map(|at| values[at]).sum::<f64>();
        (0..counted.len()).map(|minute| ((calm(counted, minute) + PRIOR) / (calm(expected, minute) + PRIOR)).clamp(0.1, 5.0)).collect()
    }
}

fn planned_segment(segment: &crate::engine::plan::PlanSegment) -> Segment {
    Segment {
        name: segment.name.clone(),
        minutes: segment.length_s as f64 / 60.0,
        kind: segment.kind.unwrap_or(SegmentKind::Demo),
        host: segment.host.clone(),
        sku: segment.skus.first().cloned(),
        offer: segment.offer.clone(),
    }
}

/// A value for the middle of every minute.
fn points(values: impl Iterator<Item = f64>) -> Vec<[f64; 2]> {
    values.enumerate().map(|(minute, value)| [minute as f64 + 0.5, value]).collect()
}

/// Scales clicks and completion until the broadcast that nobody acts in comes to what is wanted.
fn calibrate(scenario: &mut Scenario, wanted: &Wanted) {
    for round in 0..ROUNDS {
        let seed = 1 + round as u64;
        let Ok(start) = Broadcast::new(Arc::new(scenario.clone()), seed) else { return };
        let made = outcome(&start.silent(), &[], scenario.starts_at.plus_s(scenario.length_s())).takings;
        let ratio = |wanted: f64, made: i64| (wanted / (made as f64).max(1.0)).clamp(0.2, 5.0);
        let (carts, orders) = (ratio(wanted.carts, made.carts), ratio(wanted.orders, made.orders_placed));
        scenario.audience.clicks_per_min = (scenario.audience.clicks_per_min * carts).clamp(1e-5, 5.0);
        for point in &mut scenario.shoppers.completion {
            point[1] = (point[1] * orders / carts).clamp(0.001, 0.98);
        }
    }
}
