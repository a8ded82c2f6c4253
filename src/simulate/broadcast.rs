//! The simulated broadcast: a model in whole seconds that hears acts and tells facts.
//!
//! [`Broadcast::advance_to`] simulates every whole second that ends by then. An act takes effect in the first whole second
//! that begins at or after it, so how often anybody calls cannot change the outcome: scenario, seed and acts are the live.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use super::act::Act;
use super::chatter::{Bent, Chatter};
use super::delivery::{Delivery, Feed, Outbox, Trouble};
use super::incident::{Incident, IncidentKind, schedule};
use super::luck::{Concern, Drift, Luck, Seed};
use super::room::{Room, VisitorNo};
use super::scenario::{Scenario, interpolate};
use super::shop::{CartNo, OrderNo, Shop, Takings};
use super::show::{Factors, Running, Show, Turn};
use crate::engine::event::InterventionKind;
use crate::engine::id::Name;
use crate::engine::time::{At, MINUTE_MS};

/// How long a left cart can still be won back.
const RECOVERABLE_MS: i64 = 15 * MINUTE_MS;
/// A question that nobody answered is forgotten.
const FORGOTTEN_MS: i64 = 10 * MINUTE_MS;
/// Carts from this value on, in major units, are dear.
pub(super) const DEAR: f64 = 500.0;
/// What an oversold unit costs beyond its price, as a share of it: the apology, the refund's fee (assumption).
const OVERSOLD_COST: f64 = 0.25;

/// Something that is to happen at a known time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Job {
    Add { visitor: VisitorNo, slot: usize, quantity: i64 },
    Decide(CartNo),
    PaymentDetails { cart: CartNo, buys: bool },
    Place { cart: CartNo },
    Recover { cart: CartNo, bundle: bool },
    Pay(OrderNo),
    Cancel { order: OrderNo, declined: bool },
    Refund { order: OrderNo, value: i64 },
    Answer(u64),
}

/// Something that happens within a second.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    Enter(usize),
    Leave(VisitorNo),
    Click(VisitorNo),
    View,
    Like,
    Say,
    Ask,
    Lead,
    Do(Job),
}

/// A question that waits in the chat.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub number: u64,
    pub at_ms: i64,
    pub id: Name,
    pub answered: bool,
}

/// The wandering of the rates, and how lumpy counts are.
#[derive(Clone, Debug)]
struct Noise {
    phi: f64,
    audience: Drift,
    clicking: Drift,
    deciding: Drift,
    luck: Luck,
    spending: Luck,
    /// Factor on decisions in this half minute.
    lump: f64,
}

/// The moods of one second.
#[derive(Clone, Copy, Debug)]
struct Moods {
    entries: f64,
    clicks: f64,
    decisions: f64,
}

impl Noise {
    fn new(seed: Seed, scenario: &Scenario) -> Self {
        let (phi, sd, tau_s) = scenario.noise.figures();
        let both = sd / std::f64::consts::SQRT_2;
        Self {
            phi,
            audience: Drift::new(seed.stream(Concern::Mood), sd, tau_s),
            clicking: Drift::new(seed.stream(Concern::Clicking), both, tau_s),
            deciding: Drift::new(seed.keyed(Concern::Deciding, u64::MAX), both, tau_s),
            luck: seed.stream(Concern::Entries),
            spending: seed.stream(Concern::Spending),
            lump: 1.0,
        }
    }

    fn step(&mut self, second: i64, scenario: &Scenario) -> Moods {
        let clicks_s = scenario.audience.plateau * scenario.audience.clicks_per_min / 60.0;
        if second.rem_euclid(30) == 0 {
            self.lump = self.spending.burstiness(clicks_s * 30.0 * 0.09, self.phi);
        }
        let entries_s = scenario.audience.plateau / mean_stay_s(scenario);
        let minute = second as f64 / 60.0;
        Moods {
            entries: self.audience.step() * self.luck.burstiness(entries_s, self.phi),
            clicks: interpolate(&scenario.moods.clicks, minute) * self.clicking.step() * self.luck.burstiness(clicks_s, self.phi),
            decisions: interpolate(&scenario.moods.decisions, minute) * self.deciding.step() * self.lump,
        }
    }
}

/// Seconds that an average visitor stays when nothing holds or drives them.
fn mean_stay_s(scenario: &Scenario) -> f64 {
    let audience = &scenario.audience;
    let patience: f64 = scenario.channels.iter().map(|channel| channel.share * channel.patience).sum();
    (audience.bounce_share * audience.bounce_s + (1.0 - audience.bounce_share) * audience.stay_s * patience).max(1.0)
}

/// What came of a broadcast so far, in minor units: the truth that a desk can only approach.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    pub takings: Takings,
    pub ad_spend: i64,
    /// What the acts cost at once.
    pub act_costs: i64,
    pub oversold_units: i64,
    pub oversold_cost: i64,
    /// Margin that offers only brought forward and that later sales will miss.
    pub pulled: i64,
    pub units: i64,
    pub stock_left: i64,
    pub entries: i64,
    pub watched_s: i64,
    pub viewers: i64,
    pub questions: i64,
    pub answered: i64,
    pub leads: i64,
}

impl Outcome {
    /// Contribution: what is paid and stays, less goods, ads, what the acts cost and what they took from later.
    #[must_use]
    pub const fn margin(&self) -> i64 {
        let takings = &self.takings;
        takings.paid - takings.refunded - takings.goods - takings.extras - self.ad_spend - self.act_costs - self.oversold_cost - self.pulled
    }
}

/// A broadcast under way.
#[derive(Clone, Debug)]
pub struct Broadcast {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) seed: Seed,
    /// The next second to be simulated, from the start of the live.
    second: i64,
    pub(super) show: Show,
    pub(super) room: Room,
    pub(super) shop: Shop,
    pub(super) out: Outbox,
    noise: Noise,
    waiting: VecDeque<Act>,
    agenda: BinaryHeap<Reverse<(i64, u64, Job)>>,
    jobs: u64,
    pub(super) factors: Factors,
    decisions: f64,
    pub(super) chatter: Arc<Chatter>,
    pub(super) talk: Luck,
    pub(super) crowd: Luck,
    pub(super) asked: VecDeque<Asked>,
    pub(super) questions: u64,
    pub(super) answered: i64,
    pub(super) spent: Vec<f64>,
    pub(super) entered: Vec<i64>,
    pub(super) leads: i64,
    act_costs: f64,
    pub(super) pinned: Option<usize>,
    moments: Vec<(i64, Moment)>,
    found: Vec<(i64, VisitorNo)>,
}

impl Broadcast {
    /// A broadcast before its first second.
    ///
    /// # Errors
    /// When the shipped chat templates cannot be read.
    pub fn new(scenario: Arc<Scenario>, seed: u64) -> Result<Self, String> {
        let seed = Seed(seed);
        let incidents: Arc<[Incident]> = schedule(&scenario.incidents, scenario.lottery.as_ref(), seed).into();
        let troubles = incidents.iter().flat_map(troubles).collect();
        let show = Show::new(Arc::clone(&scenario), incidents);
        let factors = show.factors(0);
        Ok(Self {
            seed,
            second: 0,
            room: Room::new(seed, &scenario),
            shop: Shop::new(seed, Arc::clone(&scenario)),
            out: Outbox::new(seed, &scenario, troubles, true),
            noise: Noise::new(seed, &scenario),
            waiting: VecDeque::new(),
            agenda: BinaryHeap::new(),
            jobs: 0,
            factors,
            decisions: 1.0,
            chatter: Arc::new(Chatter::shipped()?),
            talk: seed.stream(Concern::Chat),
            crowd: seed.stream(Concern::Views),
            asked: VecDeque::new(),
            questions: 0,
            answered: 0,
            spent: vec![0.0; scenario.channels.len()],
            entered: vec![0; scenario.channels.len()],
            leads: 0,
            act_costs: 0.0,
            pinned: None,
            moments: Vec::new(),
            found: Vec::new(),
            show,
            scenario,
        })
    }

    /// The same before its first second, so that what differs little at its beginning differs little later on
    /// ([`Room::tell_by_second`]).
    #[must_use]
    pub(super) fn steady(mut self) -> Self {
        self.room.tell_by_second();
        self
    }

    /// The same broadcast from here on, counted but not told: for twins and searches, some twenty times faster.
    #[must_use]
    pub fn silent(&self) -> Self {
        let mut twin = self.clone();
        twin.out.tell(false);
        twin
    }

    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }
    /// The incidents of this seed, by time.
    #[must_use]
    pub fn incidents(&self) -> &[Incident] {
        &self.show.incidents
    }
    #[must_use]
    pub const fn show(&self) -> &Show {
        &self.show
    }
    #[must_use]
    pub const fn shop(&self) -> &Shop {
        &self.shop
    }
    #[must_use]
    pub const fn room(&self) -> &Room {
        &self.room
    }
    /// Up to here the broadcast has been simulated.
    #[must_use]
    pub fn now(&self) -> At {
        self.scenario.starts_at.plus_s(self.second)
    }
    /// Questions that nobody has answered.
    #[must_use]
    pub fn open_questions(&self) -> usize {
        self.asked.iter().filter(|asked| !asked.answered).count()
    }

    /// What came of it so far.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let oversold_units = self.shop.shelf.iter().map(|shelf| shelf.oversold).sum();
        let oversold_cost = self.shop.shelf.iter().map(|shelf| shelf.oversold as f64 * shelf.price as f64 * OVERSOLD_COST).sum::<f64>();
        let pulled = self.shop.shelf.iter().map(|shelf| shelf.owed * (shelf.price - shelf.cost) as f64).sum::<f64>();
        let unmade = self.shop.shelf.iter().map(|shelf| shelf.oversold * (shelf.price - shelf.cost)).sum::<i64>();
        Outcome {
            takings: self.shop.takings,
            ad_spend: self.spent.iter().sum::<f64>() as i64,
            act_costs: self.act_costs as i64,
            oversold_units,
            oversold_cost: oversold_cost as i64 + unmade,
            pulled: pulled as i64,
            units: self.shop.shelf.iter().map(|shelf| shelf.units).sum(),
            stock_left: self.shop.shelf.iter().map(|shelf| shelf.stock.max(0)).sum(),
            entries: self.entered.iter().sum(),
            watched_s: self.room.watched_s,
            viewers: self.room.len() as i64,
            questions: self.questions as i64,
            answered: self.answered,
            leads: self.leads,
        }
    }

    /// Simulates every whole second that ends by `to`, hearing `acts` at their times. Returns what has reached the desk, in order of arrival.
    pub fn advance_to(&mut self, to: At, acts: &[Act]) -> Vec<Delivery> {
        let mut out = Vec::new();
        self.advance_into(to, acts, &mut out);
        out
    }

    /// The same into a buffer.
    pub fn advance_into(&mut self, to: At, acts: &[Act], out: &mut Vec<Delivery>) {
        self.waiting.extend(acts.iter().cloned());
        self.waiting.make_contiguous().sort_by_key(|act| act.at);
        while self.now().plus_s(1) <= to {
            self.step(out);
        }
    }

    fn step(&mut self, out: &mut Vec<Delivery>) {
        let second = self.second;
        while self.waiting.front().is_some_and(|act| act.at <= self.now()) {
            if let Some(act) = self.waiting.pop_front() {
                self.show.hear(&act, second);
            }
        }
        self.strike_shelf(second);
        for turn in self.show.step(second) {
            self.turn(turn, second);
        }
        self.factors = self.show.factors(second);
        let moods = self.noise.step(second, &self.scenario);
        self.decisions = moods.decisions;
        self.gather(second, moods);
        let mut moments = std::mem::take(&mut self.moments);
        moments.sort_by_key(|moment| moment.0);
        for (ms, moment) in moments.drain(..) {
            self.happen(second * 1_000 + ms, moment);
        }
        self.moments = moments;
        self.spend(second);
        self.tell_gauges(second);
        self.out.close_second(second, out);
        self.second += 1;
    }

    /// What incidents do to the shelf when they begin and end.
    fn strike_shelf(&mut self, second: i64) {
        for incident in self.show.incidents.iter() {
            let Some(slot) = incident.sku.as_ref().and_then(|sku| self.scenario.slot(sku)) else { continue };
            let shelf = &mut self.shop.shelf[slot];
            let begins = incident.from_s() == second;
            match incident.kind {
                IncidentKind::StockOut if begins => shelf.stock = shelf.stock.min(incident.size() as i64),
                IncidentKind::Overselling if begins => {
                    shelf.stock = shelf.stock.min(incident.size() as i64);
                    shelf.uncounted = true;
                }
                IncidentKind::Overselling if incident.until_s() == second => shelf.uncounted = false,
                _ => {}
            }
        }
    }

    fn turn(&mut self, turn: Turn, second: i64) {
        match turn {
            Turn::Segment(segment, by_host) => {
                if by_host {
                    self.tell_cue(segment, second * 1_000);
                }
            }
            Turn::OnAir(slot) => self.pin(slot, second * 1_000),
            Turn::Begins(running) => self.begin(&running, second * 1_000),
        }
    }

    /// What an act does once, when it begins.
    fn begin(&mut self, running: &Running, ms: i64) {
        let unit = self.unit();
        self.act_costs += running.curve.cost * unit;
        match (running.kind, running.slot) {
            (InterventionKind::PinProduct, slot @ Some(_)) => self.pin(slot, ms),
            (InterventionKind::RemoveProduct, Some(slot)) => self.shop.shelf[slot].removed = true,
            (InterventionKind::Restock, Some(slot)) => {
                let asked = ["quantity", "units"].iter().find_map(|name| running.parameters.get(*name)?.parse::<i64>().ok());
                let shelf = &mut self.shop.shelf[slot];
                let released = asked.unwrap_or(shelf.reserve).clamp(0, shelf.reserve);
                shelf.reserve -= released;
                shelf.stock += released;
                shelf.removed = false;
            }
            (InterventionKind::TechEvent, _) => self.repair(),
            _ => {}
        }
        self.win_back(running, ms);
        if running.curve.answers > 0.0 {
            self.answer_open(running.curve.answers * running.strength, ms);
        }
    }

    /// Stock is counted again where it was not.
    fn repair(&mut self) {
        for shelf in &mut self.shop.shelf {
            shelf.uncounted = false;
        }
    }

    /// Left carts and unpaid orders that an act wins back.
    fn win_back(&mut self, running: &Running, ms: i64) {
        let (curve, strength) = (&running.curve, running.strength);
        let dear = (DEAR * self.unit()) as i64;
        let (mut jobs, carts) = (Vec::new(), &self.shop.carts);
        for (no, cart) in carts.iter().enumerate().filter(|(_, cart)| cart.state == super::shop::CartState::Left) {
            let concerned = running.slot.is_none_or(|slot| cart.lines.iter().any(|line| line.slot == slot));
            let is_dear = cart.value() >= dear;
            let bundle = is_dear && curve.recover_dear > 0.0;
            let share = if bundle {
                curve.recover_dear
            } else if concerned {
                curve.recover
            } else {
                0.0
            };
            if ms - cart.left_ms < RECOVERABLE_MS && cart.is_recovered_by(share * strength) {
                jobs.push((ms + 20_000 + i64::from(no as u32 % 31) * 11_000, Job::Recover { cart: no as CartNo, bundle }));
            }
        }
        for (no, order) in self.shop.orders.iter().enumerate() {
            let waits = order.status == crate::engine::event::OrderStatus::Placed && order.expires_ms.is_some_and(|end| end > ms + 45_000);
            if waits && self.shop.carts[order.cart as usize].is_recovered_by(curve.recover_unpaid * strength) {
                jobs.push((ms + 15_000 + i64::from(no as u32 % 7) * 4_000, Job::Pay(no as OrderNo)));
            }
        }
        for (at, job) in jobs {
            self.plan(at, job);
        }
    }

    /// Puts a job on the agenda; what was due this second is done in the next.
    pub(super) fn plan(&mut self, at_ms: i64, job: Job) {
        self.jobs += 1;
        self.agenda.push(Reverse((at_ms, self.jobs, job)));
    }

    /// Everything that will happen in this second.
    fn gather(&mut self, second: i64, moods: Moods) {
        self.gather_entries(second, moods);
        let audience = &self.scenario.audience;
        self.found.clear();
        self.room.leavers(self.factors.leaving, &mut self.found);
        self.moments.extend(self.found.drain(..).map(|(ms, no)| (ms, Moment::Leave(no))));
        let shown: f64 = (0..self.factors.clicks.len()).map(|slot| self.appeal(slot)).sum();
        self.room.clickers(shown * audience.clicks_per_min / 60.0 * moods.clicks, &mut self.found);
        self.moments.extend(self.found.drain(..).map(|(ms, no)| (ms, Moment::Click(no))));
        self.gather_talk(second);
        let end_ms = (second + 1) * 1_000;
        while self.agenda.peek().is_some_and(|Reverse(due)| due.0 < end_ms) {
            if let Some(Reverse((at_ms, _, job))) = self.agenda.pop() {
                self.moments.push(((at_ms - second * 1_000).clamp(0, 999), Moment::Do(job)));
            }
        }
    }

    /// How much clicks a product draws now; one that is sold out draws few.
    pub(super) fn appeal(&self, slot: usize) -> f64 {
        let shelf = &self.shop.shelf[slot];
        let there = if shelf.sells(1) {
            1.0
        } else if shelf.removed {
            0.0
        } else {
            0.25
        };
        self.scenario.products[slot].clicks * self.factors.clicks[slot] * there
    }

    fn gather_entries(&mut self, second: i64, moods: Moods) {
        let audience = &self.scenario.audience;
        let per_second = audience.plateau / mean_stay_s(&self.scenario) * moods.entries;
        for (index, channel) in self.scenario.channels.iter().enumerate() {
            let mut luck = self.seed.keyed(Concern::Entries, (second as u64) << 8 | index as u64);
            let mut count = luck.count(per_second * channel.share * self.factors.entries[index]);
            if second == 0 {
                count += (audience.initial as f64 * channel.share).round() as usize;
            }
            for _ in 0..count {
                self.moments.push(((luck.unit() * 999.0) as i64, Moment::Enter(index)));
            }
        }
    }

    /// Views, likes and messages, where anybody listens; questions always, since open ones cost sales.
    fn gather_talk(&mut self, second: i64) {
        let viewers = self.room.len() as f64 / 60.0;
        let (audience, chat) = (&self.scenario.audience, &self.scenario.chat);
        let bent = self.bent();
        let factor = self.factors.chat;
        let mut luck = self.seed.keyed(Concern::Question, second as u64);
        let questions = luck.count(viewers * chat.questions_per_min * factor.sqrt() * self.chatter.volume(true, bent));
        self.moments.extend((0..questions).map(|_| ((luck.unit() * 999.0) as i64, Moment::Ask)));
        if self.factors.leads {
            let leads = luck.count(viewers * 0.012);
            self.moments.extend((0..leads).map(|_| ((luck.unit() * 999.0) as i64, Moment::Lead)));
        }
        if !self.out.is_told() {
            return;
        }
        let says = viewers * chat.messages_per_min * factor * self.chatter.volume(false, bent);
        for (mean, moment) in [
            (viewers * audience.views_per_min, Moment::View),
            (viewers * audience.likes_per_min * factor.sqrt(), Moment::Like),
            (says, Moment::Say),
        ] {
            let count = self.crowd.count(mean);
            for _ in 0..count {
                let ms = (self.crowd.unit() * 999.0) as i64;
                self.moments.push((ms, moment));
            }
        }
    }

    /// How the moment bends what is said.
    pub(super) fn bent(&self) -> Bent {
        let scarce = self.factors.on_air.is_some_and(|slot| self.shop.shelf[slot].stock < 10);
        Bent {
            price: self.factors.asks_price,
            stock: if scarce { 3.0 } else { 1.0 },
            payment: self.factors.asks_payment,
            complaint: self.factors.complaints,
        }
    }

    /// Minor units of one major unit.
    pub(super) fn unit(&self) -> f64 {
        10f64.powi(i32::try_from(self.scenario.currency.exponent()).unwrap_or(2))
    }

    /// What a full queue of questions leaves of the wish to buy, with the mood of the moment.
    pub(super) fn keenness(&self, channel: usize) -> f64 {
        let chat = &self.scenario.chat;
        let queue = (self.open_questions() as f64 / chat.queue_full.max(1.0)).min(1.0);
        self.factors.conversion[channel] * self.decisions * (1.0 - chat.unanswered_cost * queue)
    }

    pub(super) fn forget_questions(&mut self, ms: i64) {
        while self.asked.front().is_some_and(|asked| ms - asked.at_ms > FORGOTTEN_MS) {
            self.asked.pop_front();
        }
    }

    fn spend(&mut self, second: i64) {
        for (index, channel) in self.scenario.channels.iter().enumerate() {
            if let Some(per_min) = channel.spend_per_min.as_ref().and_then(|amount| amount.minor(self.scenario.currency)) {
                self.spent[index] += per_min as f64 / 60.0 * self.factors.spend;
            }
        }
        if second % 10 == 0 {
            self.forget_questions(second * 1_000);
        }
    }
}

/// What an incident does to feeds.
fn troubles(incident: &Incident) -> Vec<Trouble> {
    let span = |feed, silent| Trouble { feed, from_ms: incident.from_s() * 1_000, until_ms: incident.until_s() * 1_000, silent };
    let named = incident.feed.as_ref().and_then(|name| Feed::parse(name));
    match incident.kind {
        IncidentKind::FeedSilent => named.map(|feed| span(feed, true)).into_iter().collect(),
        IncidentKind::FeedDouble => named.map(|feed| span(feed, false)).into_iter().collect(),
        IncidentKind::Outage => vec![span(Feed::Room, true), span(Feed::Chat, true)],
        _ => Vec::new(),
    }
}
