//! Earlier lives, minute by minute: what the last, the best and the median live of this kind had reached by now.
//!
//! Their curves come in the `priors` record, so a journal replays alone. Lives are held against each other by the minute
//! since their start. Where the plan names a format, lives of that format count if there are any; others never mix currencies.

use serde::{Deserialize, Serialize};

use super::Engine;
use super::metric::{Metric, Scope, Value};
use super::money::Currency;
use super::plan::{Aim, Plan};
use super::time::{At, MINUTE_MS, Span};

/// Lives that a desk remembers, the latest first.
pub const MOST_LIVES: usize = 30;
/// Minutes of a life that are remembered: a day.
pub const MOST_MINUTES: usize = 1_440;

/// One minute after the other; absent where nothing was known.
pub type Minutes = Vec<Option<i64>>;

/// What one earlier live reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EarlierLive {
    pub name: String,
    pub title: String,
    pub format: Option<String>,
    pub starts_at: Option<At>,
    pub currency: Option<Currency>,
    /// Only its totals are known: its curves are drawn straight.
    pub straight: bool,
    /// Minor units paid and placed.
    pub gmv_paid: Minutes,
    pub gmv_placed: Minutes,
    pub orders: Minutes,
    pub viewers: Minutes,
    pub leads: Minutes,
    pub units: Minutes,
}

/// Which earlier live is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ghost {
    Last,
    Best,
    Median,
}

impl Ghost {
    pub const ALL: [Self; 3] = [Self::Last, Self::Best, Self::Median];
}

/// The document of a `priors` record, as far as it tells of earlier lives.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Priors {
    lives: Vec<EarlierLive>,
}

/// What the desk knows of earlier lives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EarlierLives {
    /// The latest first.
    lives: Vec<EarlierLive>,
}

/// The series that tells of a metric, and whether it adds up over the minutes.
const fn series(metric: Metric, live: &EarlierLive) -> Option<(&Minutes, bool)> {
    Some(match metric {
        Metric::GmvPaid | Metric::GmvPerMin => (&live.gmv_paid, true),
        Metric::GmvPlaced => (&live.gmv_placed, true),
        Metric::OrdersPlaced | Metric::OrdersPaid | Metric::SalesPerMin => (&live.orders, true),
        Metric::Leads => (&live.leads, true),
        Metric::Units => (&live.units, true),
        Metric::Ccu => (&live.viewers, false),
        _ => return None,
    })
}

impl EarlierLive {
    /// The curves of a folded live, from its start to its close or its last fact.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        let plan = engine.plan();
        let (from, to) = (engine.started(), engine.closed().or(engine.tally().to));
        let minutes = match (from, to) {
            (Some(from), Some(to)) if to >= from => from.minute()..to.minute().min(from.minute() + MOST_MINUTES as i64 - 1) + 1,
            _ => 0..0,
        };
        let read = |metric: Metric| -> Minutes {
            let values = minutes.clone().map(|minute| match engine.reading_in_minute(metric, Scope::Live, minute).value {
                Value::Count(count) => Some(count),
                Value::Money(money) => Some(money.minor),
                Value::Number(_) | Value::Unknown(_) => None,
            });
            let values: Minutes = values.collect();
            if values.iter().all(Option::is_none) { Vec::new() } else { values }
        };
        let or = |first: Minutes, metric: Metric| if first.is_empty() { read(metric) } else { first };
        Self {
            name: plan.name.clone(),
            title: plan.title.clone(),
            format: plan.format.clone(),
            starts_at: from,
            currency: engine.live().commerce.purse.currency(),
            straight: false,
            gmv_paid: read(Metric::GmvPaid),
            gmv_placed: read(Metric::GmvPlaced),
            orders: or(read(Metric::OrdersPlaced), Metric::OrdersPaid),
            viewers: read(Metric::Ccu),
            leads: read(Metric::Leads),
            units: read(Metric::Units),
        }
    }

    /// Minutes that it went on.
    #[must_use]
    pub fn minutes(&self) -> usize {
        [&self.gmv_paid, &self.gmv_placed, &self.orders, &self.viewers, &self.leads, &self.units]
            .into_iter()
            .map(Vec::len)
            .max()
            .unwrap_or(0)
    }

    /// The value in its minute; sums add up, an unknown minute of one is no zero.
    fn in_minute(&self, metric: Metric, minute: i64) -> Option<f64> {
        let (values, _) = series(metric, self)?;
        let index = usize::try_from(minute).ok()?;
        values.get(index).copied().flatten().map(number)
    }

    /// What was reached so long after the start, a share of the running minute with it. After its end: its close.
    fn reached(&self, metric: Metric, after_ms: i64) -> Option<f64> {
        let (values, adds) = series(metric, self)?;
        if values.is_empty() || !adds {
            return self.in_minute(metric, after_ms.div_euclid(MINUTE_MS));
        }
        let whole = usize::try_from(after_ms.max(0) / MINUTE_MS).unwrap_or(usize::MAX);
        let sum: f64 = values.iter().take(whole).flatten().copied().map(number).sum();
        let part = values
            .get(whole)
            .copied()
            .flatten()
            .map_or(0.0, |value| number(value) * number(after_ms.max(0) % MINUTE_MS) / number(MINUTE_MS));
        Some(sum + part)
    }

    /// What was reached after a share (0 to 1) of its length.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a day")]
    pub fn reached_at_share(&self, metric: Metric, share: f64) -> Option<f64> {
        let length = i64::try_from(self.minutes()).unwrap_or(i64::MAX).saturating_mul(MINUTE_MS);
        self.reached(metric, (number(length) * share.clamp(0.0, 1.0)) as i64)
    }

    /// What it closed at.
    #[must_use]
    pub fn closed_at(&self, metric: Metric) -> Option<f64> {
        let (values, adds) = series(metric, self)?;
        if values.is_empty() || !adds {
            return None;
        }
        Some(values.iter().flatten().copied().map(number).sum())
    }
}

#[expect(clippy::cast_precision_loss, reason = "sums of a broadcast, to be drawn and compared")]
const fn number(value: i64) -> f64 {
    value as f64
}

/// The middle of some values; the mean of the two in the middle of an even count.
#[must_use]
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        even if even % 2 == 0 => Some(f64::midpoint(values[middle - 1], values[middle])),
        _ => values.get(middle).copied(),
    }
}

impl EarlierLives {
    /// Learns what a `priors` record tells of earlier lives.
    pub fn learn(&mut self, body: &str) {
        let Ok(priors) = serde_json::from_str::<Priors>(body) else { return };
        for mut live in priors.lives {
            for minutes in [&mut live.gmv_paid, &mut live.gmv_placed, &mut live.orders, &mut live.viewers, &mut live.leads, &mut live.units]
            {
                minutes.truncate(MOST_MINUTES);
            }
            self.lives.retain(|known| known.name != live.name || known.starts_at != live.starts_at);
            self.lives.push(live);
        }
        self.lives.sort_by(|a, b| b.starts_at.cmp(&a.starts_at).then_with(|| a.name.cmp(&b.name)));
        self.lives.truncate(MOST_LIVES);
    }

    /// Lives that this one may be held against: of its currency, of its format where there are any, begun before it.
    #[must_use]
    pub fn comparable(&self, plan: &Plan) -> Vec<&EarlierLive> {
        let fits = |live: &&EarlierLive| {
            let same = live.currency.is_none() || plan.currency.is_none() || live.currency == plan.currency;
            let before = plan.starts_at.is_none() || live.starts_at.is_none() || live.starts_at < plan.starts_at;
            same && before && live.minutes() > 0
        };
        let all: Vec<&EarlierLive> = self.lives.iter().filter(fits).collect();
        let own: Vec<&EarlierLive> = all.iter().copied().filter(|live| plan.format.is_some() && live.format == plan.format).collect();
        if own.is_empty() { all } else { own }
    }
}

/// The metric that the best live is the best by.
const fn measure(aim: Aim) -> Metric {
    match aim {
        Aim::Conversion => Metric::GmvPaid,
        Aim::Leads => Metric::Leads,
        Aim::ClearStock => Metric::Units,
        Aim::Branding => Metric::Ccu,
    }
}

impl Engine {
    /// The earlier lives that this one is held against, the latest first.
    #[must_use]
    pub fn earlier_lives(&self) -> Vec<&EarlierLive> {
        self.earlier.comparable(&self.plan)
    }

    /// The lives that a ghost is made of: one, or all of them.
    fn haunting(&self, ghost: Ghost) -> Vec<&EarlierLive> {
        let lives = self.earlier_lives();
        let by = measure(self.plan.aim);
        let score = |live: &EarlierLive| {
            let peak = || live.viewers.iter().flatten().copied().max().map(number);
            if by == Metric::Ccu { peak() } else { live.closed_at(by) }.or_else(|| live.closed_at(Metric::GmvPaid)).unwrap_or(f64::MIN)
        };
        match ghost {
            Ghost::Last => lives.into_iter().take(1).collect(),
            Ghost::Best => lives.into_iter().rev().max_by(|a, b| score(a).total_cmp(&score(b))).into_iter().collect(),
            Ghost::Median => lives,
        }
    }

    fn ghostly(&self, ghost: Ghost, of: impl Fn(&EarlierLive) -> Option<f64>) -> Option<f64> {
        median(self.haunting(ghost).into_iter().filter_map(of).collect())
    }

    /// True where a ghost stands on totals alone.
    #[must_use]
    pub fn is_straight(&self, ghost: Ghost) -> bool {
        let lives = self.haunting(ghost);
        !lives.is_empty() && lives.iter().all(|live| live.straight)
    }

    /// What an earlier live had in the minute of its own that this clock minute is of this one.
    #[must_use]
    pub fn ghost_in_minute(&self, ghost: Ghost, metric: Metric, minute: i64) -> Option<f64> {
        let start = self.started()?.minute();
        self.ghostly(ghost, |live| live.in_minute(metric, minute - start))
    }

    /// What an earlier live had reached as long after its start.
    #[must_use]
    pub fn ghost_at(&self, ghost: Ghost, metric: Metric, at: At) -> Option<f64> {
        let after = at.since_ms(self.started()?);
        if after < 0 {
            return None;
        }
        self.ghostly(ghost, |live| live.reached(metric, after))
    }

    /// What an earlier live closed at.
    #[must_use]
    pub fn ghost_close(&self, ghost: Ghost, metric: Metric) -> Option<f64> {
        self.ghostly(ghost, |live| live.closed_at(metric))
    }

    /// How this live stands against an earlier one at the same minute: +0.07 is seven percent more.
    #[must_use]
    pub fn against(&self, ghost: Ghost, metric: Metric) -> Option<f64> {
        let reading = self.reading(metric, Scope::Live, Span::Live);
        let then = self.ghost_at(ghost, metric, reading.until?.min(self.now()))?;
        (then > 0.0).then_some(reading.number()? / then - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Arrival;
    use crate::engine::event::{Control, Event, Extra, Fact, Record};
    use crate::engine::wire::{self, Defaults};

    const START: At = At::from_ms(1_764_111_600_000);

    fn life(name: &str, days: i64, per_min: i64, minutes: usize, format: &str) -> EarlierLive {
        EarlierLive {
            name: name.into(),
            format: Some(format.into()),
            starts_at: Some(START.plus_s(-days * 86_400)),
            currency: Some(Currency::BRL),
            gmv_paid: vec![Some(per_min); minutes],
            orders: vec![Some(1); minutes],
            ..EarlierLive::default()
        }
    }

    fn engine(format: &str, lives: &[EarlierLive]) -> Engine {
        let plan =
            Plan { starts_at: Some(START), length_s: 3_600, currency: Some(Currency::BRL), format: Some(format.into()), ..Plan::default() };
        let mut engine = Engine::new(plan, Arrival::Files);
        let body = serde_json::json!({ "lives": lives }).to_string().into_boxed_str();
        let fact = Fact::Priors(Control { body });
        let event = Event { fact, ts: START, id: None, source: "desk".into(), currency: None, test: false, extra: Extra::default() };
        engine.step(&Record { seq: 1, at: START, event });
        engine
    }

    fn pay(engine: &mut Engine, order: i64, second: i64, value: &str) {
        let at = START.plus_s(second);
        let line =
            format!(r#"{{"type":"purchase","ts":"{}","source":"s","order":"{order}","currency":"BRL","value":"{value}"}}"#, at.rfc3339());
        let event = wire::read(&line, &Defaults::default()).unwrap().event;
        engine.step(&Record { seq: 1 + order.unsigned_abs(), at, event });
    }

    #[test]
    fn the_last_the_best_and_the_median_are_told_at_the_same_minute() {
        let lives = [
            life("a", 7, 100, 60, "weekly"),
            life("b", 14, 400, 30, "weekly"),
            life("c", 21, 200, 60, "weekly"),
            life("d", 1, 900, 60, "other"),
        ];
        let mut engine = engine("weekly", &lives);
        let at = START.plus_s(600);
        let ghosts = |engine: &Engine, at| Ghost::ALL.map(|ghost| engine.ghost_at(ghost, Metric::GmvPaid, at).unwrap());
        assert_eq!(ghosts(&engine, at), [1_000.0, 4_000.0, 2_000.0]);
        assert_eq!(ghosts(&engine, at.plus_s(30)), [1_050.0, 4_200.0, 2_100.0], "a share of the running minute");
        assert_eq!(ghosts(&engine, START.plus_s(3_000)), [5_000.0, 12_000.0, 10_000.0], "the best was over after half an hour");
        assert_eq!(Ghost::ALL.map(|ghost| engine.ghost_close(ghost, Metric::GmvPaid).unwrap()), [6_000.0, 12_000.0, 12_000.0]);
        assert_eq!(engine.ghost_in_minute(Ghost::Best, Metric::GmvPaid, START.minute() + 40), None, "a gap is no zero");
        pay(&mut engine, 1, 600, "10.70");
        assert_eq!(engine.against(Ghost::Last, Metric::GmvPaid).map(|change| (change * 100.0).round()), Some(7.0));
        assert_eq!(engine.against(Ghost::Last, Metric::Leads), None);
    }

    #[test]
    fn other_currencies_and_later_lives_are_never_held_against_this_one() {
        let dollars = EarlierLive { currency: Some(Currency::USD), ..life("a", 7, 100, 60, "weekly") };
        let later = EarlierLive { starts_at: Some(START.plus_s(1)), ..life("b", 0, 100, 60, "weekly") };
        let engine = engine("weekly", &[dollars, later, life("c", 7, 300, 60, "another")]);
        let names: Vec<&str> = engine.earlier_lives().iter().map(|live| live.name.as_str()).collect();
        assert_eq!(names, ["c"], "without one of its format, others will do");
    }

    #[test]
    fn the_curves_of_a_live_add_up_to_its_figures() {
        let mut engine = engine("weekly", &[]);
        for (order, second) in [(1, 5), (2, 70), (3, 71), (4, 600)] {
            pay(&mut engine, order, second, "2.50");
        }
        let curves = EarlierLive::of(&engine);
        assert_eq!(
            (curves.minutes(), curves.closed_at(Metric::GmvPaid), curves.closed_at(Metric::OrdersPlaced)),
            (11, Some(1_000.0), Some(4.0))
        );
        assert_eq!(&curves.orders[..3], [Some(1), Some(2), Some(0)]);
        assert!(curves.leads.is_empty() && curves.viewers.is_empty(), "what nobody told is no zero");
        let again: EarlierLive = serde_json::from_str(&serde_json::to_string(&curves).unwrap()).unwrap();
        assert_eq!(again, curves);
    }
}
