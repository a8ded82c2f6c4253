//! The show: what is on air, which acts run, what is going wrong, and what all of that makes of every rate this second.

use std::sync::Arc;

use super::act::{Act, Deed};
use super::incident::{Incident, IncidentKind};
use super::response::Response;
use super::scenario::{Scenario, interpolate};
use crate::engine::event::{InterventionKind, Parameters, SegmentKind};
use crate::engine::id::Name;
use crate::engine::money::Money;

/// Clicks on a product that is not shown, against one that is.
const OFF_AIR: f64 = 0.04;
/// Clicks on a product that is pinned while another is shown.
const PINNED: f64 = 0.4;
/// What a demonstration adds to a segment that is one.
const AGAIN: f64 = 0.25;
/// How fast the room empties when the live is over.
const AFTER_THE_END: f64 = 12.0;
/// What the host has to do costs this share of the clicks in its first seconds, and from which delay on it is the host who does it.
const DISTURBS: f64 = 0.12;
const DISTURBS_S: i64 = 60;
const HOST_DELAY_S: i64 = 15;
/// Orders per cart against carts per click: how a lift of the whole is shared out between the two.
const LIFT_OF_ADDS: f64 = 0.6;

/// An act that was told and takes effect at `from_s`.
#[derive(Clone, Debug)]
pub struct Running {
    pub id: Name,
    pub kind: InterventionKind,
    pub slot: Option<usize>,
    /// Seconds from the start of the live; the end is exclusive.
    pub from_s: i64,
    pub until_s: i64,
    pub curve: Arc<Response>,
    /// What earlier acts of its kind have left of its lifts.
    pub strength: f64,
    /// Thousandths off the price.
    pub discount: i64,
    pub parameters: Parameters,
    begun: bool,
}

impl Running {
    fn is_on(&self, second: i64) -> bool {
        (self.from_s..self.until_s).contains(&second)
    }
    /// Its strength at a second: worn, and fading where it fades.
    fn strength_at(&self, second: i64) -> f64 {
        if self.curve.fades {
            let rest = (self.until_s - second) as f64 / (self.until_s - self.from_s).max(1) as f64;
            self.strength * rest
        } else {
            self.strength
        }
    }
    /// Growth of orders per click from the price and the clock.
    fn price_lift(&self, second: i64) -> f64 {
        let keep = 1.0 - self.discount as f64 / 1_000.0;
        1.0 + (keep.max(0.05).powf(-self.curve.elasticity) * (1.0 + self.curve.urgency) - 1.0) * self.strength_at(second)
    }
    /// True when it concerns the product.
    #[must_use]
    pub fn concerns(&self, slot: usize) -> bool {
        self.curve.whole_live || self.slot.is_none_or(|own| own == slot)
    }
}

/// Every rate of this second, relative to its base.
#[derive(Clone, Debug)]
pub struct Factors {
    pub on_air: Option<usize>,
    /// By channel.
    pub entries: Vec<f64>,
    pub conversion: Vec<f64>,
    pub leaving: f64,
    /// By product.
    pub clicks: Vec<f64>,
    pub adds: Vec<f64>,
    pub completion: Vec<f64>,
    /// Share of the orders that an offer only brings forward, by product.
    pub pulled: Vec<f64>,
    /// Thousandths off the price, by product.
    pub discount: Vec<i64>,
    /// Carts from this value on (minor units) are completed that much less.
    pub dear: Option<(i64, f64)>,
    pub checkout: f64,
    pub chat: f64,
    pub complaints: f64,
    pub asks_price: f64,
    pub asks_payment: f64,
    pub spend: f64,
    pub units: f64,
    pub per_order: f64,
    pub free_shipping: bool,
    pub leads: bool,
}

/// What changes in a second, for those who hear of it.
#[derive(Clone, Debug)]
pub enum Turn {
    /// The run of show goes on; true when nobody at the desk has said so already.
    Segment(usize, bool),
    OnAir(Option<usize>),
    Begins(Box<Running>),
}

/// The state of the show.
#[derive(Clone, Debug)]
pub struct Show {
    scenario: Arc<Scenario>,
    pub incidents: Arc<[Incident]>,
    /// What acts have taken away from each incident for good.
    relieved: Vec<f64>,
    segment: Option<usize>,
    segment_from_s: i64,
    cued: Option<usize>,
    on_air: Option<usize>,
    on_air_from_s: i64,
    told: Vec<Running>,
    past: Vec<(InterventionKind, Option<usize>, i64)>,
}

impl Show {
    #[must_use]
    pub fn new(scenario: Arc<Scenario>, incidents: Arc<[Incident]>) -> Self {
        let relieved = vec![0.0; incidents.len()];
        Self {
            scenario,
            incidents,
            relieved,
            segment: None,
            segment_from_s: 0,
            cued: None,
            on_air: None,
            on_air_from_s: 0,
            told: Vec::new(),
            past: Vec::new(),
        }
    }

    #[must_use]
    pub const fn on_air(&self) -> Option<usize> {
        self.on_air
    }
    #[must_use]
    pub const fn segment(&self) -> Option<usize> {
        self.segment
    }
    /// Acts that were told, those on and those that the host has yet to do.
    #[must_use]
    pub fn told(&self) -> &[Running] {
        &self.told
    }

    /// Hears of an act at second `now`.
    pub fn hear(&mut self, act: &Act, now: i64) {
        match &act.deed {
            Deed::Begin { id, kind, sku, duration_s, parameters, .. } => {
                let slot = sku.as_ref().and_then(|sku| self.scenario.slot(sku)).or(self.on_air);
                let told_s = act.told.map_or(now, |told| told.since_ms(self.scenario.starts_at).div_euclid(1_000).min(now));
                let begun = self.begin(*kind, slot, (told_s, now), *duration_s);
                let running = Running { id: id.clone(), parameters: parameters.clone(), ..begun };
                let running = Running { discount: self.discount(&running), ..running };
                self.past.push((*kind, running.slot, now));
                self.told.push(running);
            }
            Deed::End { id, withdrawn: true } => self.take_back(id),
            Deed::End { id, withdrawn: false } => {
                if let Some(running) = self.told.iter_mut().find(|running| running.id == *id) {
                    running.until_s = running.until_s.min(now);
                }
            }
            Deed::Cue { segment } => self.cued = self.scenario.segments.iter().position(|planned| planned.name == segment.as_str()),
        }
    }

    /// An act that is withdrawn neither goes on to work, nor relieves, nor wears off the next of its kind.
    fn take_back(&mut self, id: &Name) {
        let Some(place) = self.told.iter().position(|running| running.id == *id) else { return };
        let Running { kind, slot, .. } = self.told.remove(place);
        if let Some(place) = self.past.iter().rposition(|past| past.0 == kind && past.1 == slot) {
            self.past.remove(place);
        }
    }

    /// An act that is logged now, and of which the host knows since `told_s`, before its parameters.
    fn begin(&self, kind: InterventionKind, slot: Option<usize>, (told_s, now): (i64, i64), duration_s: Option<i64>) -> Running {
        let curve = Arc::new(self.scenario.curves.of(kind));
        let slot = slot.filter(|_| !curve.whole_live);
        let since = now - curve.wear_min * 60;
        let before = self.past.iter().filter(|past| past.0 == kind && past.1 == slot && past.2 >= since).count();
        let from_s = now.max(told_s + curve.delay_s);
        let lasts_s = duration_s.unwrap_or(curve.lasts_s);
        Running {
            id: Name::default(),
            kind,
            slot,
            from_s,
            until_s: if lasts_s > 0 { from_s + lasts_s } else { i64::MAX },
            strength: curve.wear.powi(i32::try_from(before).unwrap_or(i32::MAX)),
            curve,
            discount: 0,
            parameters: Parameters::new(),
            begun: false,
        }
    }

    /// Thousandths off the price, by `percent`, by `price`, or what is usual.
    fn discount(&self, running: &Running) -> i64 {
        let (curve, parameters) = (&running.curve, &running.parameters);
        if curve.elasticity <= 0.0 {
            return 0;
        }
        let number = |name: &str| parameters.get(name).and_then(|text| text.trim().trim_end_matches('%').parse::<f64>().ok());
        let by_price = || {
            let currency = self.scenario.currency;
            let price = Money::parse(parameters.get("price")?, currency)?.minor;
            let list = self.scenario.products.get(running.slot?)?.price.minor(currency)?;
            (list > 0).then(|| (list - price) as f64 / list as f64 * 100.0)
        };
        let percent = number("percent").or_else(by_price).unwrap_or(curve.percent);
        (percent * 10.0).round().clamp(0.0, 950.0) as i64
    }

    /// Goes on to `second`: segments, what is on air, acts that begin and end.
    pub fn step(&mut self, second: i64) -> Vec<Turn> {
        let mut turns = Vec::new();
        self.step_segment(second, &mut turns);
        self.end_acts(second);
        for running in &mut self.told {
            if !running.begun && running.is_on(second) {
                running.begun = true;
                turns.push(Turn::Begins(Box::new(running.clone())));
            }
        }
        let on_air = self.wanted_on_air(second);
        if on_air != self.on_air {
            self.on_air = on_air;
            self.on_air_from_s = second;
            turns.push(Turn::OnAir(on_air));
        }
        turns
    }

    fn step_segment(&mut self, second: i64, turns: &mut Vec<Turn>) {
        let segments = &self.scenario.segments;
        let by_desk = self.cued.take().filter(|next| Some(*next) != self.segment);
        let next = match (by_desk, self.segment) {
            (Some(next), _) => Some(next),
            (None, None) if second >= 0 => Some(0),
            (None, Some(current)) if second >= self.segment_from_s + segment_s(&self.scenario, current) && current + 1 < segments.len() => {
                Some(current + 1)
            }
            (None, _) => None,
        };
        let held = by_desk.is_none() && self.intensity(IncidentKind::LateHost, second) > 0.5;
        if let Some(next) = next.filter(|_| !held) {
            self.segment = Some(next);
            self.segment_from_s = second;
            for running in self.told.iter_mut().filter(|running| running.kind == InterventionKind::SwitchProduct && running.begun) {
                running.until_s = running.until_s.min(second);
            }
            turns.push(Turn::Segment(next, by_desk.is_none()));
        }
    }

    /// Ends what is over; what it relieved stays in part.
    fn end_acts(&mut self, second: i64) {
        for (index, incident) in self.incidents.iter().enumerate().filter(|(_, incident)| second >= incident.from_s()) {
            let over = |running: &&Running| running.begun && running.until_s <= second && running.until_s > incident.from_s();
            let relief = self.told.iter().filter(over).map(|running| incident.relief_by(running.kind)).fold(0.0, f64::max);
            self.relieved[index] = self.relieved[index].max(relief * incident.stays());
        }
        self.told.retain(|running| running.until_s > second);
    }

    fn wanted_on_air(&self, second: i64) -> Option<usize> {
        if self.intensity(IncidentKind::LateHost, second) > 0.5 || second >= self.scenario.length_s() {
            return None;
        }
        let switched = self.told.iter().rev().find(|running| running.kind == InterventionKind::SwitchProduct && running.is_on(second));
        let planned = || self.scenario.slot(self.scenario.segments.get(self.segment?)?.sku.as_ref()?);
        switched.and_then(|running| running.slot).or_else(planned)
    }

    /// How strongly an incident of this kind works now, 0 to 1: what acts relieve is taken off.
    #[must_use]
    pub fn intensity(&self, kind: IncidentKind, second: i64) -> f64 {
        (0..self.incidents.len())
            .filter(|&index| self.incidents[index].kind == kind)
            .map(|index| self.intensity_of(index, second))
            .fold(0.0, f64::max)
    }

    /// The same of one incident.
    #[must_use]
    pub fn intensity_of(&self, index: usize, second: i64) -> f64 {
        let incident = &self.incidents[index];
        if !(incident.from_s()..incident.until_s()).contains(&second) {
            return 0.0;
        }
        let on = self.told.iter().filter(|running| running.is_on(second));
        let running = on.map(|running| incident.relief_by(running.kind) * running.strength_at(second).sqrt()).fold(0.0, f64::max);
        1.0 - running.max(self.relieved[index])
    }

    /// Every rate of a second.
    #[must_use]
    pub fn factors(&self, second: i64) -> Factors {
        let mut factors = self.base(second);
        // nobody gets two prices for one thing: of several acts on a price the best counts
        let mut best = vec![1.0_f64; factors.adds.len()];
        for running in self.told.iter().filter(|running| running.is_on(second)) {
            self.apply_act(running, second, &mut factors);
            let lift = running.price_lift(second);
            best.iter_mut().enumerate().filter(|(slot, _)| running.concerns(*slot)).for_each(|(_, best)| *best = best.max(lift));
        }
        for (slot, price) in best.into_iter().enumerate() {
            factors.adds[slot] *= price.powf(LIFT_OF_ADDS);
            factors.completion[slot] *= price.powf(1.0 - LIFT_OF_ADDS);
        }
        for (index, incident) in self.incidents.iter().enumerate() {
            let intensity = self.intensity_of(index, second);
            if intensity > 0.0 {
                self.apply_incident(incident, intensity, &mut factors);
            }
        }
        factors
    }

    fn segment_kind(&self) -> Option<SegmentKind> {
        self.scenario.segments.get(self.segment?).map(|segment| segment.kind)
    }

    /// The run of show alone.
    fn base(&self, second: i64) -> Factors {
        let scenario = &self.scenario;
        let minute = second as f64 / 60.0;
        let bursts = scenario.audience.bursts.iter().filter(|burst| (burst.at_min..burst.at_min + burst.minutes).contains(&minute));
        let entries = interpolate(&scenario.audience.shape, minute) * bursts.map(|burst| burst.factor).product::<f64>();
        let entries = if second < scenario.length_s() { entries } else { 0.0 };
        let (leaving, interest) = self.segment_kind().map_or((1.0, 0.6), segment_moves);
        let mut clicks = vec![OFF_AIR; scenario.products.len()];
        if let Some(shown) = self.on_air.and_then(|slot| clicks.get_mut(slot)) {
            *shown = interest * freshness(second - self.on_air_from_s);
        }
        let leaving = if second < scenario.length_s() { leaving } else { AFTER_THE_END };
        Factors {
            on_air: self.on_air,
            entries: vec![entries; scenario.channels.len()],
            conversion: scenario.channels.iter().map(|channel| channel.conversion).collect(),
            leaving,
            clicks,
            adds: vec![1.0; scenario.products.len()],
            completion: vec![1.0; scenario.products.len()],
            pulled: vec![0.0; scenario.products.len()],
            discount: vec![0; scenario.products.len()],
            dear: None,
            checkout: 1.0,
            chat: 1.0,
            complaints: 1.0,
            asks_price: 1.0,
            asks_payment: 1.0,
            spend: 1.0,
            units: 1.0,
            per_order: 0.0,
            free_shipping: false,
            leads: false,
        }
    }

    fn apply_act(&self, running: &Running, second: i64, factors: &mut Factors) {
        let curve = &running.curve;
        let shown_already = running.kind == InterventionKind::Demo && self.segment_kind() == Some(SegmentKind::Demo);
        let strength = running.strength_at(second) * if shown_already { AGAIN } else { 1.0 };
        let lift = |figure: f64| (1.0 + figure * strength).max(0.0);
        let price = running.price_lift(second);
        for slot in 0..factors.clicks.len() {
            if running.concerns(slot) {
                if running.kind == InterventionKind::PinProduct && self.on_air != Some(slot) {
                    factors.clicks[slot] = factors.clicks[slot].max(PINNED * curve.clicks * strength);
                } else if running.kind == InterventionKind::PinProduct {
                    factors.clicks[slot] *= lift(curve.clicks / 5.0);
                } else {
                    factors.clicks[slot] *= lift(curve.clicks);
                }
                factors.adds[slot] *= lift(curve.adds);
                factors.completion[slot] *= lift(curve.completion);
                let extra = 1.0 - 1.0 / (price * lift(curve.completion)).max(1.0);
                factors.pulled[slot] = factors.pulled[slot].max(extra * curve.pull_forward);
                factors.discount[slot] = factors.discount[slot].max(running.discount);
            } else {
                factors.clicks[slot] *= lift(curve.others);
            }
        }
        if curve.delay_s >= HOST_DELAY_S && second < running.from_s + DISTURBS_S {
            factors.clicks.iter_mut().for_each(|clicks| *clicks *= 1.0 - DISTURBS);
        }
        factors.leaving /= lift(curve.patience).max(0.1);
        factors.chat *= lift(curve.chat);
        factors.units *= lift(curve.units);
        factors.spend *= lift(curve.spend);
        factors.per_order += curve.per_order;
        factors.free_shipping |= running.kind == InterventionKind::FreeShipping;
        factors.leads |= running.kind == InterventionKind::LeadOffer;
        for (channel, entries) in self.scenario.channels.iter().zip(&mut factors.entries) {
            *entries *= lift(match channel.name.as_str() {
                "paid" => curve.paid,
                "direct_link" => curve.direct,
                _ => curve.organic,
            });
        }
    }

    fn apply_incident(&self, incident: &Incident, intensity: f64, factors: &mut Factors) {
        let size = incident.size().max(1e-6).powf(intensity);
        let slot = incident.sku.as_ref().and_then(|sku| self.scenario.slot(sku));
        let each = |values: &mut Vec<f64>, factor: f64| {
            for (index, value) in values.iter_mut().enumerate() {
                if slot.is_none_or(|own| own == index) {
                    *value *= factor;
                }
            }
        };
        match incident.kind {
            IncidentKind::ConversionDip => {
                each(&mut factors.adds, size);
                factors.asks_price *= 1.0 + 3.0 * intensity;
            }
            IncidentKind::DearCarts => {
                let unit = 10f64.powi(i32::try_from(self.scenario.currency.exponent()).unwrap_or(2));
                factors.dear = Some(((incident.from_value.unwrap_or(500.0) * unit) as i64, size));
            }
            IncidentKind::LongTalk => {
                factors.leaving *= size;
                each(&mut factors.clicks, 1.0 - 0.25 * intensity);
            }
            IncidentKind::HiddenSeller => {
                each(&mut factors.clicks, size);
                each(&mut factors.adds, size.sqrt());
            }
            IncidentKind::CheckoutFailure => {
                factors.checkout *= size;
                factors.asks_payment *= 1.0 + 12.0 * intensity;
            }
            IncidentKind::Surge => {
                factors.entries.iter_mut().for_each(|entries| *entries *= size);
                each(&mut factors.completion, 1.0 - 0.15 * intensity);
            }
            IncidentKind::AdsBurn => self.apply_ads_burn(size, intensity, factors),
            IncidentKind::HostileChat => {
                factors.complaints *= size;
                factors.leaving *= 1.0 + 0.35 * intensity;
                each(&mut factors.completion, 1.0 - 0.25 * intensity);
            }
            IncidentKind::Outage => {
                factors.entries.iter_mut().for_each(|entries| *entries *= 1.0 - 0.97 * incident.size());
                each(&mut factors.clicks, 1.0 - 0.9 * incident.size());
                factors.leaving *= 1.0 + 8.0 * incident.size();
            }
            IncidentKind::LateHost => factors.leaving *= size,
            IncidentKind::StockOut | IncidentKind::Overselling | IncidentKind::FeedSilent | IncidentKind::FeedDouble => {}
        }
    }

    /// The ads buy people who do not buy.
    fn apply_ads_burn(&self, size: f64, intensity: f64, factors: &mut Factors) {
        factors.spend *= size;
        for (index, channel) in self.scenario.channels.iter().enumerate() {
            if channel.spend_per_min.is_some() {
                factors.conversion[index] *= 1.0 - 0.75 * intensity;
            }
        }
    }
}

/// Length of a planned segment in seconds.
fn segment_s(scenario: &Scenario, index: usize) -> i64 {
    scenario.segments.get(index).map_or(i64::MAX, |segment| (segment.minutes * 60.0).round() as i64)
}

/// What a kind of segment does to leaving and to clicks.
const fn segment_moves(kind: SegmentKind) -> (f64, f64) {
    match kind {
        SegmentKind::Demo => (0.85, 1.0),
        SegmentKind::Talk => (1.15, 0.75),
        SegmentKind::Offer => (0.95, 1.25),
        SegmentKind::Qa => (1.05, 0.75),
        SegmentKind::Giveaway => (0.6, 0.5),
        SegmentKind::Break => (2.0, 0.3),
    }
}

/// Interest in a product by the seconds it has been shown: it grows, holds, and wears off.
fn freshness(shown_s: i64) -> f64 {
    let shown = shown_s as f64;
    if shown < 90.0 { 0.7 + 0.5 * shown / 90.0 } else { (1.2 * (-(shown - 240.0).max(0.0) / 600.0).exp()).max(0.45) }
}
