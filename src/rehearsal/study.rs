//! Policies compared over many seeds, with the response curves varied by ±50 %: a guard against regressions, never evidence about real lives.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::thread::ScopedJoinHandle;

use serde::Serialize;

use super::best::outcome;
use super::policy::Policy;
use super::score::CURVES;
use super::solo::Solo;
use crate::engine::Engine;
use crate::simulate::broadcast::Broadcast;
use crate::simulate::luck::{Concern, Seed};
use crate::simulate::scenario::Scenario;

/// What a policy gained over nobody, by seed, in minor units of margin.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gains {
    pub policy: String,
    pub scenario: String,
    pub seeds: usize,
    pub mean_minor: f64,
    /// 95 % interval of the mean.
    pub low_minor: f64,
    pub high_minor: f64,
    pub curves: &'static str,
    #[serde(skip)]
    pub each: Vec<i64>,
}

impl Gains {
    #[must_use]
    pub fn of(policy: &str, scenario: &str, each: Vec<i64>) -> Self {
        let n = each.len().max(1) as f64;
        let mean = each.iter().map(|gain| *gain as f64).sum::<f64>() / n;
        let variance = each.iter().map(|gain| (*gain as f64 - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        let half = quantile_of_t(each.len()) * (variance / n).sqrt();
        Self {
            policy: policy.to_owned(),
            scenario: scenario.to_owned(),
            seeds: each.len(),
            mean_minor: mean,
            low_minor: mean - half,
            high_minor: mean + half,
            curves: CURVES,
            each,
        }
    }

    /// The interval lies above zero.
    #[must_use]
    pub fn earns(&self) -> bool {
        self.low_minor > 0.0
    }

    /// What one gained over the other, seed by seed.
    #[must_use]
    pub fn over(&self, other: &Self) -> Self {
        let each = self.each.iter().zip(&other.each).map(|(own, others)| own - others).collect();
        Self::of(&format!("{} − {}", self.policy, other.policy), &self.scenario, each)
    }
}

/// The 97.5 % quantile of Student's t for a mean of `n`.
fn quantile_of_t(n: usize) -> f64 {
    const SMALL: [f64; 10] = [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];
    match n {
        0 | 1 => f64::INFINITY,
        2..=11 => SMALL[n - 2],
        12..=30 => 2.10,
        _ => 1.97,
    }
}

/// The scenario with its curves varied by the seed, each between half and one and a half times its size.
#[must_use]
pub fn varied(scenario: &Scenario, seed: u64) -> Scenario {
    let mut varied = scenario.clone();
    varied.curves = scenario.curves.varied(|kind| Seed(seed).keyed(Concern::Lottery, 0x5eed_0000 + kind as u64).between(0.5, 1.5));
    varied
}

/// The scenario without what no rule asks for (views, likes): ten times as fast.
#[must_use]
pub fn lean(scenario: &Scenario) -> Scenario {
    let mut lean = scenario.clone();
    lean.audience.views_per_min = 0.0;
    lean.audience.likes_per_min = 0.0;
    lean
}

/// What prepares a desk's engine, and who sits down at it on a seed.
pub type Arm<'a> = &'a (dyn Fn(&mut Engine) + Sync);
pub type Seat<'a> = &'a (dyn Fn(u64) -> Box<dyn Policy> + Sync);

/// Gains by seed.
type Found = Result<Vec<(u64, i64)>, String>;

/// What a policy gains over nobody on some seeds of a scenario, as many at once as the machine has processors.
///
/// # Errors
/// When the simulator cannot be set up.
pub fn gains(name: &str, scenario: &Scenario, seeds: Range<u64>, arm: Arm<'_>, seat: Seat<'_>) -> Result<Gains, String> {
    let lean = lean(scenario);
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let each: Found = std::thread::scope(|scope| {
        let share = |thread: usize| {
            let (lean, seeds) = (&lean, seeds.clone());
            scope.spawn(move || seeds.skip(thread).step_by(threads).map(|seed| Ok((seed, gain(lean, seed, arm, seat)?))).collect())
        };
        let running: Vec<ScopedJoinHandle<'_, Found>> = (0..threads).map(share).collect();
        let mut all = Vec::new();
        for handle in running {
            all.extend(handle.join().map_err(|_| "a play broke off".to_owned())??);
        }
        Ok(all)
    });
    let mut each = each?;
    each.sort_unstable();
    Ok(Gains::of(name, scenario.called(), each.into_iter().map(|(_, gain)| gain).collect()))
}

/// The gain over nobody on one seed, with the curves varied by it.
fn gain(lean: &Scenario, seed: u64, arm: Arm<'_>, seat: Seat<'_>) -> Result<i64, String> {
    let scenario = Arc::new(varied(lean, seed));
    let mut solo = Solo::new(Arc::clone(&scenario), seed)?;
    arm(solo.engine_mut());
    let played = solo.play(seat(seed).as_mut());
    let start = Broadcast::new(Arc::clone(&scenario), seed)?.silent();
    let settled = scenario.starts_at.plus_s(scenario.settled_s());
    Ok(outcome(&start, &played.acts, settled).margin() - outcome(&start, &[], settled).margin())
}
