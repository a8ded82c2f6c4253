//! A rule at work on one target (the live, a product, a channel): what it has seen and what it answers now.
//!
//! A watch only looks at complete windows; where a feed that it needs is stale it is frozen: it neither fires nor resolves.

mod compare;
mod level;
mod rate;
mod shelf;

use std::cell::OnceCell;

use super::Engine;
use super::detect::alarm::Thresholds;
use super::detect::rate::{Drift, Evidence};
use super::guard::Guard;
use super::id::Sym;
use super::live::commerce::audience::Figure;
use super::rule::{Across, Rule, Watch};
use super::time::At;
use shelf::Shelf;

/// What a rule is at work on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Target {
    pub product: Option<Sym>,
    pub channel: Option<Sym>,
}

/// What moved, with the counts that it stands on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Because {
    /// Metric id.
    pub metric: String,
    pub product: Option<Sym>,
    pub channel: Option<Sym>,
    /// As it usually is, or the bound.
    pub from: Option<f64>,
    /// As it is.
    pub to: Option<f64>,
    pub ratio: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Events counted.
    pub support: Option<f64>,
    /// What they are counted against (clicks, carts, messages).
    pub exposure: Option<f64>,
    /// What is usual for this mix.
    pub expected: Option<f64>,
    pub window_s: i64,
}

/// What a watch answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Answer {
    /// Nothing was looked at yet.
    #[default]
    Unasked,
    Quiet(Option<Because>),
    Fires(Because),
    /// Too few events: a halving would show after about so many minutes.
    NotEnoughYet {
        halving_min: Option<f64>,
    },
    /// A feed that it needs is stale, or its window is not complete.
    Frozen,
    /// The rule's own condition is not met (guard, aim, time of the live).
    NotNow(NotNow),
}

impl Answer {
    /// One word for it.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Unasked => "unasked",
            Self::Quiet(_) => "quiet",
            Self::Fires(_) => "fires",
            Self::NotEnoughYet { .. } => "not_enough_yet",
            Self::Frozen => "frozen",
            Self::NotNow(not_now) => not_now.id(),
        }
    }

    /// Which of several answers tells most.
    #[must_use]
    pub const fn loudness(&self) -> u8 {
        match self {
            Self::Unasked => 0,
            Self::NotNow(_) => 1,
            Self::Frozen => 2,
            Self::NotEnoughYet { .. } => 3,
            Self::Quiet(_) => 4,
            Self::Fires(_) => 5,
        }
    }
}

/// Why a rule does not apply at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotNow {
    TooEarly,
    TooLate,
    OtherAim,
    Guard,
    /// The guard asks for a figure that is not known.
    GuardUnknown,
}

impl NotNow {
    /// One word for it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::TooEarly => "too_early",
            Self::TooLate => "too_late",
            Self::OtherAim => "other_aim",
            Self::Guard => "guard",
            Self::GuardUnknown => "guard_unknown",
        }
    }
}

/// What the watches look at in one second; what several of them need is worked out once.
#[derive(Debug)]
pub struct Sight<'a> {
    pub engine: &'a Engine,
    /// A whole second of the grid.
    pub now: At,
    shelf: OnceCell<Shelf>,
}

impl<'a> Sight<'a> {
    #[must_use]
    pub const fn new(engine: &'a Engine, now: At) -> Self {
        Self { engine, now, shelf: OnceCell::new() }
    }

    fn shelf(&self) -> &Shelf {
        self.shelf.get_or_init(|| Shelf::of(self.engine, self.now))
    }
}

/// The state of one rule on one target.
#[derive(Clone, Debug, Default)]
pub struct Watching {
    pub target: Target,
    rate: Option<rate::Stream>,
    /// It has been true since.
    since: Option<At>,
    /// It stays on until, after it was last true.
    kept_until: Option<At>,
    because: Option<Because>,
    pub answer: Answer,
}

impl Watching {
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self { target, ..Self::default() }
    }

    /// Looks again.
    pub fn look(&mut self, rule: &Rule, guard: Option<&Guard>, sight: &Sight<'_>) {
        let (answer, now) = (self.ask(rule, guard, sight), sight.now);
        match &answer {
            Answer::Fires(because) => {
                self.since.get_or_insert(now);
                self.because = Some(because.clone());
                self.kept_until = Some(now.plus_s(rule.keep_s));
            }
            Answer::Frozen => {
                // A gap in the data is neither a reason nor its end.
                self.kept_until = self.kept_until.map(|_| now.plus_s(rule.keep_s));
            }
            Answer::Quiet(_) | Answer::NotEnoughYet { .. } | Answer::NotNow(_) | Answer::Unasked => {
                if self.kept_until.is_none_or(|until| now > until) {
                    (self.since, self.kept_until) = (None, None);
                } else if !self.is_ripe(rule, now) {
                    self.since = None;
                }
            }
        }
        self.answer = answer;
    }

    /// True once it has held for long enough, and until it was not true for `keep_s`.
    #[must_use]
    pub fn is_ripe(&self, rule: &Rule, now: At) -> bool {
        self.since.is_some_and(|since| now.since_ms(since) >= rule.hold_s * 1_000) && self.kept_until.is_some_and(|until| now <= until)
    }

    /// The evidence as it was when it last fired.
    #[must_use]
    pub const fn because(&self) -> Option<&Because> {
        self.because.as_ref()
    }

    /// How long a halving of a rate takes to be seen at this volume.
    #[must_use]
    pub fn halving_min(&self) -> Option<f64> {
        self.rate.as_ref().and_then(rate::Stream::halving_min)
    }

    /// What a rate told of drift so far.
    #[must_use]
    pub fn drift(&self) -> Drift {
        self.rate.as_ref().map(rate::Stream::drift).unwrap_or_default()
    }

    /// True when the evidence is of this very moment.
    #[must_use]
    pub const fn fires_now(&self) -> bool {
        matches!(self.answer, Answer::Fires(_))
    }

    fn ask(&mut self, rule: &Rule, guard: Option<&Guard>, sight: &Sight<'_>) -> Answer {
        let (engine, now) = (sight.engine, sight.now);
        // A rate goes on learning its baseline whatever the rule's own condition says.
        let needs = rule.watch.needs();
        let stale = !needs.is_empty() && engine.is_stale(needs);
        let rated = match &rule.watch {
            Watch::Rate { .. } => Some(self.rate.get_or_insert_with(|| rate::Stream::new(&rule.watch, engine.priors().drift_sd())).look(
                rule,
                self.target,
                engine,
                now,
            )),
            _ => None,
        };
        if let Some(not_now) = not_now(rule, guard, engine, now) {
            return Answer::NotNow(not_now);
        }
        if stale {
            return Answer::Frozen;
        }
        match &rule.watch {
            Watch::Rate { .. } => rated.unwrap_or(Answer::Frozen),
            Watch::Level { .. } | Watch::Behind { .. } | Watch::Peak { .. } | Watch::Silence { .. } => {
                level::ask(&rule.watch, self.target, engine, now)
            }
            Watch::RunsOut { .. } | Watch::StockWrong {} | Watch::Questions { .. } => level::supply(&rule.watch, self.target, engine, now),
            Watch::Differ { groups, ratio } => compare::ask(groups, *ratio, self.target, sight),
            Watch::Surge { .. } => compare::surge(&rule.watch, self.since, engine, now),
        }
    }
}

fn not_now(rule: &Rule, guard: Option<&Guard>, engine: &Engine, now: At) -> Option<NotNow> {
    if !rule.aims.is_empty() && !rule.aims.contains(&engine.plan().aim) {
        return Some(NotNow::OtherAim);
    }
    let elapsed_min = engine.started().map_or(0, |started| now.since_ms(started) / 60_000);
    if elapsed_min < rule.after_min {
        return Some(NotNow::TooEarly);
    }
    let left_min = engine.plan().ends_at().map(|end| end.since_ms(now) / 60_000);
    if rule.left_min > 0 && left_min.is_some_and(|left| left < rule.left_min) {
        return Some(NotNow::TooLate);
    }
    match guard.map(|guard| guard.holds(|name| level::named(name, engine, now))) {
        None | Some(Some(true)) => None,
        Some(Some(false)) => Some(NotNow::Guard),
        Some(None) => Some(NotNow::GuardUnknown),
    }
}

/// Products that are watched one by one: the plan's first, then by first appearance.
pub const MOST_PRODUCTS: usize = 30;

/// What a rule is at work on at this moment.
#[must_use]
pub fn targets(rule: &Rule, engine: &Engine) -> Vec<Target> {
    let across = match &rule.watch {
        Watch::Rate { across, .. } | Watch::Level { across, .. } => *across,
        Watch::Differ { groups: super::rule::Groups::Products, .. }
        | Watch::RunsOut { supply: super::rule::Supply::Stock, .. }
        | Watch::StockWrong {} => Across::Products,
        Watch::RunsOut { supply: super::rule::Supply::Budget, .. } | Watch::Differ { groups: super::rule::Groups::Channels, .. } => {
            Across::Channels
        }
        Watch::Differ { .. }
        | Watch::RunsOut { .. }
        | Watch::Surge { .. }
        | Watch::Questions { .. }
        | Watch::Peak { .. }
        | Watch::Behind { .. }
        | Watch::Silence { .. } => Across::Live,
    };
    match across {
        Across::Live => vec![Target::default()],
        Across::Products => {
            engine.live().books.products().take(MOST_PRODUCTS).map(|product| Target { product: Some(product), channel: None }).collect()
        }
        Across::OnAir => engine.on_air().map(|product| Target { product: Some(product), channel: None }).into_iter().collect(),
        Across::Channels => engine.channels().into_iter().map(|channel| Target { product: None, channel: Some(channel.sym) }).collect(),
    }
}

/// Thresholds of the alarms of rates.
#[must_use]
pub fn thresholds() -> Thresholds {
    Thresholds::default()
}

/// Evidence of a rate as the card tells it.
fn told(evidence: &Evidence, metric: &str, target: Target) -> Because {
    #[expect(clippy::cast_possible_wrap, reason = "at most 80 bins")]
    let window_s = evidence.window_bins as i64 * super::detect::rate::BIN_S;
    let per = |events: f64| (evidence.exposure > 0.0).then(|| events / evidence.exposure);
    Because {
        metric: metric.to_owned(),
        product: target.product,
        channel: target.channel,
        from: per(evidence.expected),
        to: per(evidence.events),
        ratio: Some(evidence.ratio),
        low: Some(evidence.low),
        high: Some(evidence.high),
        support: Some(evidence.events),
        exposure: Some(evidence.exposure),
        expected: Some(evidence.expected),
        window_s,
    }
}

/// Average viewers over a stretch, by the sources that told; `None` where none did.
fn viewers_between(engine: &Engine, from: At, to: At) -> Option<f64> {
    let crowd = engine.live().commerce.audience.measure(None, Figure::Viewers, from, to);
    #[expect(clippy::cast_precision_loss, reason = "viewers × milliseconds of a window")]
    (crowd.known_ms > 0).then(|| crowd.integral as f64 / crowd.known_ms as f64)
}
