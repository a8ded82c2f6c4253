//! The acts of this live, each against its counterfactual: early while it runs, settled once its minutes are complete.
//!
//! Minutes are counted from the act's own start. What an act is measured by depends on its kind: orders of its product against
//! those of the others, orders of the whole live against viewers, or the viewers themselves. Spans of technical events and
//! policy warnings are left out, on either side.

use super::gain::{Counted, Gain, gain};
use super::share::{Belief, ShareFilter};
use super::{RateRatio, Verdict};
use crate::engine::Engine;
use crate::engine::event::InterventionKind;
use crate::engine::id::{Name, Sym, Table};
use crate::engine::live::commerce::audience::Figure;
use crate::engine::money::{Currency, Money};
use crate::engine::series::{Count, MINUTE_SLOTS, Sheet, Sum, Window, slot_of};
use crate::engine::time::{At, MINUTE_MS, SLOT_MS};

/// Minutes that an act without an end is measured over, and that are added to none.
const USUAL_MIN: u32 = 10;
/// An act that runs longer is measured over so much of it.
const LONGEST_MIN: u32 = 60;
/// Minutes after an act that are looked at for sales that it only pulled forward.
const TAIL_MIN: u32 = 20;
/// Minutes before an act that say what an order is usually worth.
const TICKET_MIN: u32 = 30;
/// Minutes before an act below which nothing can be said.
const LEAST_BEFORE: usize = 10;
/// Minutes before an act that are looked at.
const MOST_BEFORE: u32 = 480;
/// The exposure is the mean of the controls over so many minutes.
const SMOOTH_MIN: usize = 5;

/// What an act is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Orders of the product against the other products' orders.
    ProductOrders,
    /// Orders of the whole live against viewers.
    AllOrders,
    /// Clicks against viewers.
    Clicks,
    /// Viewers in the room.
    Viewers,
}

impl Measure {
    /// The metric id that it is told by.
    #[must_use]
    pub const fn metric(self) -> &'static str {
        match self {
            Self::ProductOrders | Self::AllOrders => "sales_per_min",
            Self::Clicks => "clicks_per_viewer",
            Self::Viewers => "ccu",
        }
    }

    const fn of(kind: InterventionKind, has_product: bool) -> Option<Self> {
        use InterventionKind as K;
        match kind {
            K::FlashDeal | K::PriceDrop | K::Coupon | K::Countdown | K::Restock | K::BonusKit if has_product => Some(Self::ProductOrders),
            K::FlashDeal
            | K::PriceDrop
            | K::Coupon
            | K::Countdown
            | K::Restock
            | K::BonusKit
            | K::Bundle
            | K::FreeShipping
            | K::SwitchProduct
            | K::CartRescue => Some(Self::AllOrders),
            K::PinProduct | K::PinComment | K::AnswerQuestion | K::Demo => Some(Self::Clicks),
            K::Giveaway | K::Poll | K::ScriptChange | K::HostChange | K::AdsUp | K::AdsDown | K::AdsCreative | K::BroadcastPush => {
                Some(Self::Viewers)
            }
            K::RemoveProduct | K::LeadOffer | K::TechEvent | K::PolicyWarning => None,
        }
    }
}

/// What an act did, as far as it can be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Impact {
    pub measure: Measure,
    pub verdict: Verdict,
    /// Against both counterfactuals, weighed.
    pub effect: Option<RateRatio>,
    /// If the dip would have recovered by itself, and if it would have stayed.
    pub recovers: Option<RateRatio>,
    pub stays: Option<RateRatio>,
    /// Of the whole live's orders against viewers: cannibalised sales don't count here.
    pub whole: Option<RateRatio>,
    /// Over the act and the [`TAIL_MIN`] minutes after it: what was only pulled forward is taken off again. `None` until they are
    /// complete.
    pub with_tail: Option<RateRatio>,
    /// What it brought while it ran.
    pub gain: Option<Gain>,
    /// The raw multiple of the live's average: not a fair comparison.
    pub times_average: Option<f64>,
    /// Complete minutes that it stands on.
    pub minutes: u32,
    /// True until all its minutes are complete.
    pub early: bool,
}

impl Impact {
    /// True once nothing more is to come: its own minutes and those after it are complete.
    const fn is_whole(&self) -> bool {
        !self.early && self.with_tail.is_some()
    }
}

/// Sums over the minutes of an act.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    events: f64,
    exposure: f64,
    controls: f64,
    minutes: usize,
    orders: f64,
    viewer_minutes: f64,
}

/// One act under measurement.
#[derive(Clone, Debug)]
struct Measured {
    measure: Measure,
    product: Option<Sym>,
    first: u32,
    own: ShareFilter,
    whole: ShareFilter,
    /// The controls' last minutes before the act, for the smooth exposure.
    recent: Vec<f64>,
    impact: Option<Impact>,
}

/// The measured acts of a live, by intervention id.
#[derive(Clone, Debug, Default)]
pub struct Impacts(Table<Name, Measured>);

impl Impacts {
    /// What an act did; `None` for a kind that is not measured, one too early to say anything of, or one taken back.
    #[must_use]
    pub fn of(&self, intervention: &str) -> Option<&Impact> {
        self.0.get(intervention)?.impact.as_ref()
    }

    /// Looks at every act that is not settled.
    pub fn look(&mut self, now: At, engine: &Engine) {
        let Some(complete) = engine.complete_to(&["purchase", "audience"]).map(|at| at.min(now)) else { return };
        for act in engine.interventions() {
            if act.withdrawn || act.started > complete {
                self.0.swap_remove(act.id);
                continue;
            }
            if self.0.get(act.id).and_then(|measured| measured.impact.as_ref()).is_some_and(Impact::is_whole) {
                continue;
            }
            let Some(measure) = Measure::of(act.kind, act.product.is_some()) else { continue };
            let measured = self.0.entry(Name::new(act.id)).or_insert_with(|| Measured::before(measure, act.product, act.started, engine));
            let planned = act.ends_at.map_or(USUAL_MIN, |end| minutes_between(act.started, end));
            let ended =
                act.ended.filter(|end| minutes_between(act.started, *end) > 0).map_or(planned, |end| minutes_between(act.started, end));
            measured.update(slot_of(complete), planned.min(ended).clamp(1, LONGEST_MIN), engine);
        }
    }
}

fn minutes_between(from: At, to: At) -> u32 {
    u32::try_from(to.since_ms(from) / MINUTE_MS).unwrap_or(0)
}

impl Measured {
    /// Everything seen up to the act, the dip that triggered it included.
    fn before(measure: Measure, product: Option<Sym>, started: At, engine: &Engine) -> Self {
        let first = slot_of(started);
        let begin = engine.started().map_or(first, slot_of);
        let known = (first.saturating_sub(begin) / MINUTE_SLOTS).min(MOST_BEFORE);
        let mut measured =
            Self { measure, product, first, own: ShareFilter::new(), whole: ShareFilter::new(), recent: Vec::new(), impact: None };
        for back in (1..=known).rev() {
            let window = Window::between(first - back * MINUTE_SLOTS, first - (back - 1) * MINUTE_SLOTS);
            if is_excluded(engine, window) {
                continue;
            }
            let (events, exposure) = measured.count(window, engine);
            let (exposure, _) = measured.smooth(exposure);
            measured.own.push(events, exposure);
            let orders = orders(engine, window);
            measured.whole.push(orders, viewers(engine, window).unwrap_or(0.0));
        }
        measured
    }

    /// Events and exposure of a minute.
    fn count(&self, window: Window, engine: &Engine) -> (f64, f64) {
        let sheets = &engine.live().sheets;
        #[expect(clippy::cast_precision_loss, reason = "counts of a minute")]
        match self.measure {
            Measure::ProductOrders => {
                let own = self.product.and_then(|sym| sheets.of_product(sym)).map_or(0, |sheet| sheet.count(Count::OrdersPlaced, window));
                let all = sheets.live.count(Count::OrdersPlaced, window);
                (own as f64, (all - own).max(0) as f64)
            }
            Measure::AllOrders => (sheets.live.count(Count::OrdersPlaced, window) as f64, viewers(engine, window).unwrap_or(0.0)),
            Measure::Clicks => (sheets.live.count(Count::Clicks, window) as f64, viewers(engine, window).unwrap_or(0.0)),
            Measure::Viewers => (viewers(engine, window).unwrap_or(0.0), 1.0),
        }
    }

    /// The controls of one minute are few: their mean over five, plus a half, is the exposure.
    fn smooth(&mut self, controls: f64) -> (f64, f64) {
        if self.measure != Measure::ProductOrders {
            return (controls, controls);
        }
        self.recent.push(controls);
        if self.recent.len() > SMOOTH_MIN {
            self.recent.remove(0);
        }
        #[expect(clippy::cast_precision_loss, reason = "five minutes")]
        let mean = self.recent.iter().sum::<f64>() / self.recent.len() as f64;
        (mean + 0.5, controls)
    }

    fn update(&mut self, complete: u32, planned: u32, engine: &Engine) {
        if self.own.minutes() < LEAST_BEFORE {
            return;
        }
        let since = complete.saturating_sub(self.first) / MINUTE_SLOTS;
        let done = since.min(planned);
        let is_settled = done == planned;
        let is_whole = since >= planned + TAIL_MIN;
        if self.impact.as_ref().is_some_and(|impact| impact.minutes == done && impact.early != is_settled && !is_whole) {
            return;
        }
        let tally = self.tally(done, engine);
        let at = |belief| self.effect(&tally, belief);
        let effect = at(Belief::Mixed);
        let verdict = match effect {
            _ if !is_settled => Verdict::NotEnoughYet,
            Some(effect) => effect.verdict(),
            None => Verdict::CantTell,
        };
        let rate = self.own.session_rate().filter(|rate| *rate > 0.0 && tally.exposure > 0.0);
        let impact = Impact {
            measure: self.measure,
            verdict,
            effect,
            recovers: at(Belief::Recovers),
            stays: at(Belief::Stays),
            whole: self.whole.effect(tally.orders, tally.viewer_minutes, tally.minutes, None, Belief::Mixed),
            with_tail: None,
            gain: effect.and_then(|effect| gain(self.worth(done, engine)?, effect)),
            times_average: rate.map(|rate| tally.events / tally.exposure / rate),
            minutes: done,
            early: !is_settled,
        };
        let with_tail = if is_whole {
            let tally = self.tally(planned + TAIL_MIN, engine);
            self.effect(&tally, Belief::Mixed)
        } else {
            None
        };
        self.impact = Some(Impact { with_tail, ..impact });
    }

    fn effect(&self, tally: &Tally, belief: Belief) -> Option<RateRatio> {
        let controls = (self.measure == Measure::ProductOrders).then_some(tally.controls);
        self.own.effect(tally.events, tally.exposure, tally.minutes, controls, belief)
    }

    /// What was counted in the first minutes since the act, spans that are excluded left out.
    fn tally(&mut self, minutes: u32, engine: &Engine) -> Tally {
        let kept = self.recent.clone();
        let mut tally = Tally::default();
        for minute in 0..minutes {
            let window = Window::between(self.first + minute * MINUTE_SLOTS, self.first + (minute + 1) * MINUTE_SLOTS);
            if is_excluded(engine, window) {
                continue;
            }
            let (counted, raw) = self.count(window, engine);
            let (smooth, control) = self.smooth(raw);
            tally.events += counted;
            tally.exposure += smooth;
            tally.controls += control;
            tally.orders += orders(engine, window);
            tally.viewer_minutes += viewers(engine, window).unwrap_or(0.0);
            tally.minutes += 1;
        }
        self.recent = kept;
        tally
    }

    /// Orders and money of the first minutes of an act that is measured by orders, and what an order was worth before.
    fn worth(&self, minutes: u32, engine: &Engine) -> Option<Counted> {
        let product = match self.measure {
            Measure::ProductOrders => Some(self.product?),
            Measure::AllOrders => None,
            Measure::Clicks | Measure::Viewers => return None,
        };
        let sheets = &engine.live().sheets;
        let sheet: &Sheet = product.map_or(Some(&sheets.live), |sym| sheets.of_product(sym))?;
        let planned = product.and_then(|sym| engine.plan().product(engine.live().books.skus.text(sym)));
        let during = Window::between(self.first, self.first + minutes * MINUTE_SLOTS);
        let before = Window::between(self.first.saturating_sub(TICKET_MIN * MINUTE_SLOTS), self.first);
        let minor = i64::try_from(sheet.money(Sum::GmvPlaced, during)).ok()?;
        let currency = engine.plan().currency.unwrap_or(Currency::NONE);
        let orders_before = sheet.count(Count::OrdersPlaced, before);
        #[expect(clippy::cast_precision_loss, reason = "minor units and orders of half an hour")]
        let ticket_before = match (orders_before, planned.and_then(|planned| planned.price_minor)) {
            (1.., _) => sheet.money(Sum::GmvPlaced, before) as f64 / orders_before as f64,
            (_, Some(price)) => price as f64,
            (_, None) => return None,
        };
        #[expect(clippy::cast_precision_loss, reason = "orders of an act")]
        let orders = sheet.count(Count::OrdersPlaced, during) as f64;
        let margin = planned.and_then(|planned| planned.margin).or(engine.plan().margin);
        Some(Counted { orders, placed: Money::new(minor, currency), ticket_before, margin })
    }
}

fn orders(engine: &Engine, window: Window) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "orders of a minute")]
    let orders = engine.live().sheets.live.count(Count::OrdersPlaced, window) as f64;
    orders
}

/// Average viewers of a window.
fn viewers(engine: &Engine, window: Window) -> Option<f64> {
    let at = |slot: u32| At::from_ms(i64::from(slot) * SLOT_MS);
    let crowd = engine.live().commerce.audience.measure(None, Figure::Viewers, at(window.from), at(window.to));
    #[expect(clippy::cast_precision_loss, reason = "viewers × milliseconds of a minute")]
    (crowd.known_ms > 0).then(|| crowd.integral as f64 / crowd.known_ms as f64)
}

/// True for a minute that a technical event or a policy warning touches.
fn is_excluded(engine: &Engine, window: Window) -> bool {
    engine.interventions().iter().filter(|act| !act.withdrawn && act.kind.is_excluded_from_effects()).any(|act| {
        let end = act.ended.or(act.ends_at).unwrap_or(act.started);
        slot_of(act.started) < window.to && slot_of(end) >= window.from
    })
}
