//! Both futures: from this very state to the close, once with an act and once without, as bands over many seeds.
//!
//! Each seed is one possible evening, played twice: the two differ in the act and in nothing else. The response curves are
//! assumptions, so every seed draws its own, up to half stronger or weaker ([`VARIED`]).

use std::sync::Arc;

use super::act::Act;
use super::calibration::{Calibrated, Unfit, calibrate};
use super::luck::{Concern, Seed};
use super::scenario::Scenario;
use crate::engine::Engine;
use crate::engine::metric::{Metric, Scope};
use crate::engine::time::{At, MINUTE_MS, Span};

/// Evenings that are played.
pub const RUNS: u64 = 24;
/// Every seed's curves are that much stronger or weaker at most.
pub const VARIED: f64 = 0.5;
/// Shares of the evenings below the edges and the middle of a band.
const EDGES: [f64; 3] = [0.1, 0.5, 0.9];

/// One in ten evenings lies below `low`, one in ten above `high`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Band {
    pub low: f64,
    pub mid: f64,
    pub high: f64,
}

/// Two fans to the close. Money in minor units of the live's currency, placed from now on.
#[derive(Clone, Debug, PartialEq)]
pub struct Futures {
    pub from: At,
    pub to: At,
    /// By minute, the first one minute from now.
    pub nothing: Vec<Band>,
    pub acting: Vec<Band>,
    /// Units placed to the close.
    pub units: [Band; 2],
    /// What the act adds to the contribution margin, evening by evening; `None` where costs are not known.
    pub gain: Option<Band>,
    /// Share of the evenings in which the act leaves more margin, else more money placed.
    pub better: f64,
    pub runs: u64,
    /// What is paid, or expected to be paid of what is placed; the share of what is placed that is paid in the end.
    pub due: f64,
    pub paid_share: f64,
}

/// One evening.
struct Evening {
    placed: Vec<f64>,
    units: f64,
    margin: f64,
}

/// The seed of a live's futures: one for all of its moments and cards, so that what is drawn moves with the state alone.
#[must_use]
pub fn seed_of(engine: &Engine) -> u64 {
    engine.plan().starts_at.or_else(|| engine.started()).map_or(0, |at| at.ms().unsigned_abs())
}

/// Draws both futures of an act from the state of a desk; the same state and seed draw the same.
///
/// # Errors
/// Where too little is known to simulate anything.
pub fn draw(engine: &Engine, act: &Act, seed: u64) -> Result<Futures, Unfit> {
    let start = calibrate(engine)?;
    let (mut nothing, mut acting) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let luck = Seed(seed.wrapping_add(run.wrapping_mul(0x9e37_79b9)));
        let scenario = Arc::new(Scenario {
            curves: start.scenario.curves.varied(|kind| luck.keyed(Concern::Lottery, kind as u64).between(1.0 - VARIED, 1.0 + VARIED)),
            ..start.scenario.clone()
        });
        nothing.extend(evening(&start, &scenario, luck.0, &[]));
        acting.extend(evening(&start, &scenario, luck.0, std::slice::from_ref(act)));
    }
    let minutes = nothing.first().map_or(0, |evening| evening.placed.len());
    let fan = |evenings: &[Evening]| (0..minutes).map(|minute| band(evenings.iter().map(|evening| evening.placed[minute]))).collect();
    let pairs = || nothing.iter().zip(&acting);
    let gains: Vec<f64> = pairs().map(|(without, with)| with.margin - without.margin).collect();
    let last = |evening: &Evening| evening.placed.last().copied().unwrap_or(0.0);
    let is_better = |(without, with): &(&Evening, &Evening)| {
        if start.knows_margin { with.margin > without.margin } else { last(with) > last(without) }
    };
    Ok(Futures {
        from: start.from,
        to: start.to,
        units: [&nothing, &acting].map(|evenings| band(evenings.iter().map(|evening| evening.units))),
        better: pairs().filter(is_better).count() as f64 / nothing.len().max(1) as f64,
        gain: start.knows_margin.then(|| band(gains.into_iter())),
        nothing: fan(&nothing),
        acting: fan(&acting),
        runs: RUNS,
        due: due(engine, start.paid_share()),
        paid_share: start.paid_share(),
    })
}

/// What is paid at the close of all that is placed by now.
fn due(engine: &Engine, paid_share: f64) -> f64 {
    let paid = engine.reading(Metric::GmvPaid, Scope::Live, Span::Live).number().unwrap_or(0.0);
    let pending: i64 = engine.pending_orders().iter().filter_map(|order| order.value).map(|value| value.minor).sum();
    paid + pending as f64 * paid_share
}

fn evening(start: &Calibrated, scenario: &Arc<Scenario>, seed: u64, acts: &[Act]) -> Option<Evening> {
    let mut broadcast = start.start(Arc::clone(scenario), seed)?;
    let begun = broadcast.outcome();
    let mut placed = Vec::new();
    let mut at = start.from;
    let mut waiting = acts;
    while at < start.to {
        at = at.plus_ms(MINUTE_MS);
        broadcast.advance_to(at, waiting);
        waiting = &[];
        placed.push((broadcast.shop.takings.placed - begun.takings.placed) as f64 * start.scale);
    }
    let end = broadcast.outcome();
    // what is placed and still unpaid at the close counts as far as orders are usually paid
    let paid = start.paid_share();
    let goods = |outcome: &super::broadcast::Outcome| outcome.takings.goods as f64;
    let share = |placed: i64, paid_so_far: i64| (placed - paid_so_far) as f64 * paid;
    let unpaid = share(end.takings.placed, end.takings.paid) - share(begun.takings.placed, begun.takings.paid);
    let turnover = (end.takings.paid - begun.takings.paid) as f64;
    let keeps = if turnover > 0.0 { 1.0 - (goods(&end) - goods(&begun)) / turnover } else { 0.0 };
    let margin = (end.margin() - begun.margin()) as f64 + unpaid * keeps;
    Some(Evening { placed, units: (end.units - begun.units) as f64 * start.scale, margin: margin * start.scale })
}

fn band(values: impl Iterator<Item = f64>) -> Band {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get(((values.len().max(1) - 1) as f64 * share).round() as usize).copied().unwrap_or(0.0);
    let [low, mid, high] = EDGES.map(at);
    Band { low, mid, high }
}
