//! A counted rate as a stream of bins: cut from the ten-second slots once they are complete, judged by the sequential detector.

use smallvec::SmallVec;

use super::{Answer, Because, Target, thresholds, told, viewers_between};
use crate::engine::Engine;
use crate::engine::detect::alarm::{Alarm, Change, Level};
use crate::engine::detect::rate::{BIN_S, Bin, Direction, Drift, Part, RateDetector, Settings, Verdict, minutes_to_see};
use crate::engine::id::Sym;
use crate::engine::rule::{Against, Counted, Mix, Move, Rule, Watch};
use crate::engine::series::{Count, Sheet, Window, slot_of};
use crate::engine::time::{At, SLOT_MS};

/// Ten-second slots of a bin of [`BIN_S`].
const BIN_SLOTS: u32 = 3;
/// Parts of a mix that are told apart; all further ones are one part.
const MOST_PARTS: u32 = 31;
/// A live that is opened in the middle is caught up at most so far back.
const MOST_BINS_BACK: u32 = 2_880;

/// An order follows its click by about so many slots, and its payment the order: what is counted is held against what it came
/// from, else the first minutes of every presentation look like a dip.
const ORDER_LAG_SLOTS: u32 = 9;

/// Chat comes in bursts.
const CHAT_DISPERSION: f64 = 2.0;

/// A rate and its alarm.
#[derive(Clone, Debug)]
pub struct Stream {
    detector: RateDetector,
    alarm: Alarm,
    /// First slot of the next bin.
    next: Option<u32>,
    /// The parts of the mix, by their number.
    parts: Vec<Sym>,
    last: Option<Because>,
    verdict: Option<Verdict>,
    /// Events a minute that the baseline expects, for "how long would it take".
    per_minute: f64,
}

impl Stream {
    #[must_use]
    pub fn new(watch: &Watch, drift_sd: f64) -> Self {
        let (direction, dispersion) = match watch {
            Watch::Rate { moves, events, .. } => (
                if *moves == Move::Falls { Direction::Falls } else { Direction::Rises },
                if matches!(events, Counted::ChatMessages | Counted::Reactions) { CHAT_DISPERSION } else { Settings::default().dispersion },
            ),
            _ => (Direction::Falls, Settings::default().dispersion),
        };
        Self {
            detector: RateDetector::new(Settings { direction, dispersion, drift_sd, ..Settings::default() }),
            alarm: Alarm::default(),
            next: None,
            parts: Vec::new(),
            last: None,
            verdict: None,
            per_minute: 0.0,
        }
    }

    /// What its blocks told of drift.
    #[must_use]
    pub const fn drift(&self) -> Drift {
        self.detector.drift()
    }

    /// Takes all bins that have become complete and answers.
    pub fn look(&mut self, rule: &Rule, target: Target, engine: &Engine, now: At) -> Answer {
        let Some(complete) = engine.complete_to(rule.watch.needs()).map(|at| at.min(now)) else { return Answer::Frozen };
        let Some(started) = engine.started() else { return Answer::Frozen };
        let until = slot_of(complete);
        let first = slot_of(started).max(until.saturating_sub(MOST_BINS_BACK * BIN_SLOTS));
        let mut next = self.next.unwrap_or(first);
        while next + BIN_SLOTS <= until {
            let bin = self.bin(&rule.watch, target, engine, Window::between(next, next + BIN_SLOTS));
            next += BIN_SLOTS;
            if bin.iter().all(|part| part.exposure <= 0.0) {
                continue;
            }
            self.take(bin, rule, target);
        }
        self.next = Some(next);
        self.answer()
    }

    fn take(&mut self, bin: Bin, rule: &Rule, target: Target) {
        let counted: f64 = bin.iter().map(|part| part.events).sum();
        #[expect(clippy::cast_precision_loss, reason = "seconds of a bin")]
        let per_minute = counted * 60.0 / BIN_S as f64;
        self.per_minute += (per_minute - self.per_minute) * 0.05;
        let verdict = self.detector.push(bin);
        if let Some(Change::Raised(evidence)) = self.alarm.push(&verdict, &thresholds()) {
            self.last = Some(told(&evidence, metric_of(rule), target));
        }
        self.verdict = Some(verdict);
    }

    fn answer(&self) -> Answer {
        match (&self.verdict, self.alarm.level()) {
            (None, _) => Answer::Frozen,
            (Some(Verdict::NotEnoughYet), _) => Answer::NotEnoughYet { halving_min: self.halving_min() },
            (Some(Verdict::Judged(_)), Level::Act) => self.last.clone().map_or(Answer::Quiet(None), Answer::Fires),
            (Some(Verdict::Judged(evidence)), Level::Ok | Level::Watch) => Answer::Quiet(Some(told(evidence, "", Target::default()))),
        }
    }

    /// How long a halving (or doubling) takes to be seen at this volume.
    #[must_use]
    pub fn halving_min(&self) -> Option<f64> {
        minutes_to_see(0.5, self.per_minute, thresholds().act, self.detector.phi())
    }

    fn bin(&mut self, watch: &Watch, target: Target, engine: &Engine, window: Window) -> Bin {
        let Watch::Rate { events, against, mix, .. } = watch else { return Bin::new() };
        let (events, against, mix) = (*events, *against, *mix);
        let lag = lag_slots(events, against);
        let came_from = Window::between(window.from.saturating_sub(lag), window.to.saturating_sub(lag));
        let sheets = &engine.live().sheets;
        let whole = match (target.product, target.channel) {
            (Some(product), _) => sheets.of_product(product),
            (None, Some(channel)) => sheets.of_channel(channel),
            (None, None) => Some(&sheets.live),
        };
        let Some(whole) = whole else { return Bin::new() };
        let (all_events, all_exposure) = (counted(whole, events, window), exposed(whole, against, engine, came_from));
        if mix == Mix::None || against == Against::ViewerMinutes || against == Against::Minutes || target != Target::default() {
            return smallvec::smallvec![Part { part: 0, events: all_events, exposure: all_exposure }];
        }
        self.meet_parts(mix, engine);
        let mut bin: Bin = SmallVec::new();
        let (mut seen_events, mut seen_exposure) = (0.0, 0.0);
        for (number, sym) in (0u32..).zip(&self.parts) {
            let sheet = if mix == Mix::Products { sheets.of_product(*sym) } else { sheets.of_channel(*sym) };
            let Some(sheet) = sheet else { continue };
            let part = Part { part: number, events: counted(sheet, events, window), exposure: exposed(sheet, against, engine, came_from) };
            if part.events > 0.0 || part.exposure > 0.0 {
                seen_events += part.events;
                seen_exposure += part.exposure;
                // who wants what is gone says nothing of what there is
                if mix == Mix::Channels || !engine.stock_alarm(*sym).sold_out {
                    bin.push(part);
                }
            }
        }
        let rest =
            Part { part: MOST_PARTS, events: (all_events - seen_events).max(0.0), exposure: (all_exposure - seen_exposure).max(0.0) };
        if rest.exposure > 0.0 {
            bin.push(rest);
        }
        bin
    }

    /// New products or channels get the next number, the first so many of them one each.
    fn meet_parts(&mut self, mix: Mix, engine: &Engine) {
        let most = MOST_PARTS as usize;
        if self.parts.len() >= most {
            return;
        }
        let books = &engine.live().books;
        let known = self.parts.len();
        match mix {
            Mix::Products => self.parts.extend(books.products().skip(known).take(most - known)),
            Mix::Channels => self.parts.extend(books.channels.iter().map(|(sym, _)| sym).skip(known).take(most - known)),
            Mix::None => {}
        }
    }
}

/// How far what is counted lies behind what it is counted against.
const fn lag_slots(events: Counted, against: Against) -> u32 {
    match (events, against) {
        (
            Counted::OrdersPlaced | Counted::OrdersPaid | Counted::Units,
            Against::Clicks | Against::Adds | Against::CartsOpened | Against::OrdersPlaced,
        ) => ORDER_LAG_SLOTS,
        _ => 0,
    }
}

/// The metric that a rate is called by on the card.
fn metric_of(rule: &Rule) -> &'static str {
    let Watch::Rate { events, against, .. } = &rule.watch else { return "" };
    match (events, against) {
        (Counted::OrdersPlaced | Counted::OrdersPaid | Counted::Units, Against::Clicks) => "co_rate",
        (Counted::OrdersPlaced | Counted::OrdersPaid | Counted::Units, Against::Adds) => "cart_order_rate",
        (Counted::OrdersPaid, Against::OrdersPlaced) => "order_paid_rate",
        (Counted::OrdersPlaced | Counted::OrdersPaid | Counted::Units, _) => "sales_per_min",
        (Counted::Clicks, _) => "clicks_per_viewer",
        (Counted::Adds, _) => "atc_rate",
        (Counted::Views, _) => "views",
        (Counted::CartsAbandoned, _) => "cart_abandon",
        (Counted::Checkouts, _) => "checkouts",
        (Counted::ChatMessages, _) => "chat_rate",
        (Counted::Reactions, _) => "interaction_rate",
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of half a minute")]
fn counted(sheet: &Sheet, events: Counted, window: Window) -> f64 {
    let count = match events {
        Counted::OrdersPlaced => Count::OrdersPlaced,
        Counted::OrdersPaid => Count::OrdersPaid,
        Counted::Units => Count::Units,
        Counted::Clicks => Count::Clicks,
        Counted::Adds => Count::Adds,
        Counted::Views => Count::Views,
        Counted::CartsAbandoned => Count::CartsAbandoned,
        Counted::Checkouts => Count::Checkouts,
        Counted::ChatMessages => Count::Chats,
        Counted::Reactions => Count::Reactions,
    };
    sheet.count(count, window) as f64
}

#[expect(clippy::cast_precision_loss, reason = "counts of half a minute")]
fn exposed(sheet: &Sheet, against: Against, engine: &Engine, window: Window) -> f64 {
    let count = match against {
        Against::Clicks => Count::Clicks,
        Against::Adds => Count::Adds,
        Against::CartsOpened => Count::CartsOpened,
        Against::OrdersPlaced => Count::OrdersPlaced,
        Against::ChatMessages => Count::Chats,
        Against::Minutes => return f64::from(window.slots()) * SLOT_MS as f64 / 60_000.0,
        Against::ViewerMinutes => {
            return viewers_between(engine, slot_start(window.from), slot_start(window.to))
                .map_or(0.0, |viewers| viewers * f64::from(window.slots()) * SLOT_MS as f64 / 60_000.0);
        }
    };
    sheet.count(count, window) as f64
}

/// The first instant of a slot.
fn slot_start(slot: u32) -> At {
    At::from_ms(i64::from(slot) * SLOT_MS)
}
