//! Has a counted rate moved? A Gamma–Poisson mixture e-detector of the Shiryaev–Roberts kind ("GP-eSR"), in bins of 30 s.
//!
//! Events are counted against exposure (orders against clicks, clicks against viewer-minutes …). The rate before the change is
//! not known but learnt, so the Bayes factor of each window carries the baseline's own uncertainty. Overdispersion (φ) is part of
//! the model, and so is drift: the log-rate wanders about its long baseline (Ornstein–Uhlenbeck, σ_d), and each window is judged
//! against the level that was foreseen before it began, as well as that was known. Events and exposure come in *parts* (products, channels): what is expected is the sum over
//! the parts of exposure × the part's own baseline rate, so that a change of the mix is no change of the rate.
//!
//! Source: e-detectors (Shin, Ramdas, Rinaldo, arXiv 2203.03532) with a closed-form Gamma–Poisson Bayes factor.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::special::{Z95, normal_cdf};

/// Length of a bin.
pub const BIN_S: i64 = 30;
/// Bins that are kept for the windows: the longest window.
const LONGEST: usize = 80;
/// Windows in bins, a geometric grid. Each weighs the square root of the bins that it covers beyond the one before: a change is
/// rather young than old, and long windows are what drift looks like.
const WINDOWS: [usize; 16] = [1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 26, 32, 40, 52, 64, 80];
/// The baseline leaves out the newest five minutes, so that a dip does not eat its own baseline.
const LAG_BINS: usize = 10;
/// Bins of a block of the dispersion estimate (five minutes).
const BLOCK_BINS: usize = 10;
/// Beyond this the baseline and φ are frozen.
const FREEZE: f64 = 4.0;
/// Largest dispersion that is believed.
const PHI_MOST: f64 = 25.0;
/// Prior of φ, as blocks: four that had 1.5.
const PHI_PRIOR: (f64, f64) = (4.0, 1.5);
/// Bins after which a drift has mostly been forgotten (fifteen minutes).
const WANDER_BINS: f64 = 30.0;
/// Relative variance of a block below which more counting tells no more of drift.
const DRIFT_FLOOR: f64 = 0.02;
/// One bin moves the level by at most this relative error.
const LEVEL_STEP: (f64, f64) = (-0.9, 2.0);
/// Own baseline of a part starts as if it had seen this many events at the pooled rate: the orders per click of a shop's
/// products lie within a factor of about two of each other.
const PART_PRIOR: f64 = 4.0;

/// Which way a rate may move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    Falls,
    Rises,
}

/// What a detector is told once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    pub direction: Direction,
    /// Standard deviation of the drift of the log-rate, as the shop's earlier lives taught it.
    pub drift_sd: f64,
    /// Half-life of the baseline in bins.
    pub half_life_bins: f64,
    /// Bins before anything is judged.
    pub warm_up_bins: usize,
    /// Baseline events before anything is judged.
    pub least_events: f64,
    /// Prior mean of φ (chat is burstier than orders).
    pub dispersion: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            direction: Direction::Falls,
            drift_sd: 0.12,
            half_life_bins: 120.0,
            warm_up_bins: 40,
            least_events: 40.0,
            dispersion: PHI_PRIOR.1,
        }
    }
}

/// Events and exposure of one part (a product, a channel) within a bin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Part {
    /// The part's number; the same from bin to bin.
    pub part: u32,
    pub events: f64,
    pub exposure: f64,
}

/// One bin of 30 s: its parts. A bin without exposure says nothing.
pub type Bin = SmallVec<[Part; 4]>;

/// What a detector says after a bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Too few bins or events for a baseline yet.
    NotEnoughYet,
    Judged(Evidence),
}

/// The evidence of the window that speaks loudest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// ln of the e-process: an alarm at `h` is false at most once in e^h bins under the model.
    pub ln_m: f64,
    /// Bins of the window.
    pub window_bins: usize,
    /// Counted in the window.
    pub events: f64,
    pub exposure: f64,
    /// What this mix usually brings.
    pub expected: f64,
    /// events / expected with its 95 % interval.
    pub ratio: f64,
    pub low: f64,
    pub high: f64,
    /// Probability that the true ratio is beyond 0.8 (falls) or 1.25 (rises): the least effect worth advice.
    pub beyond_least_effect: f64,
    /// Dispersion in force.
    pub phi: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct PartBaseline {
    events: f64,
    exposure: f64,
}

/// A detector of one stream in one direction.
#[derive(Clone, Debug)]
pub struct RateDetector {
    settings: Settings,
    bins: VecDeque<Bin>,
    seen: usize,
    baseline: Vec<PartBaseline>,
    pooled: PartBaseline,
    block: Block,
    dispersion: Dispersion,
    drift: Drift,
    ln_m: f64,
    /// Bins since the baseline was last learnt from.
    frozen: usize,
    /// Where the rate stands against its baseline now, and stood before each of the bins, the newest first.
    level: Level,
    levels: VecDeque<Level>,
}

/// How far the log-rate has wandered off its baseline, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    mean: f64,
    variance: f64,
}

impl Level {
    /// One bin later.
    fn wandered(self, drift_sd: f64) -> Self {
        let keep = wander_keep();
        Self { mean: self.mean * keep, variance: self.variance * keep * keep + drift_sd.powi(2) * (1.0 - keep * keep) }
    }

    /// Its mean over the next bins.
    fn foreseen(self, bins: usize, drift_sd: f64) -> Self {
        let keep = wander_keep();
        #[expect(clippy::cast_precision_loss, reason = "at most 80 bins")]
        let n = bins as f64;
        let last = keep.powf(n);
        let fade = keep * (1.0 - last) / (1.0 - keep) / n;
        let pairs = keep * (n * (1.0 - keep) - (1.0 - last)) / (1.0 - keep).powi(2);
        let spread = ((n + 2.0 * pairs) / (n * n) - fade * fade).max(0.0);
        Self { mean: self.mean * fade, variance: self.variance * fade * fade + drift_sd.powi(2) * spread }
    }
}

/// What a bin leaves of a drift.
fn wander_keep() -> f64 {
    (-1.0 / WANDER_BINS).exp()
}

/// The running five-minute block of the dispersion estimate.
#[derive(Clone, Debug, Default)]
struct Block {
    /// As it was foreseen before the block.
    level: Level,
    counted: Window,
}

/// How far blocks of five minutes lie off the long baseline beyond counting: the weighted sum of squared relative errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    pub sum: f64,
    pub weight: f64,
}

impl Drift {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { sum: self.sum + other.sum, weight: self.weight + other.weight }
    }

    /// Takes a block: a product that was hardly known when it came on air is no drift.
    fn learn(&mut self, block: &Window, phi: f64) {
        let (events, expected) = (block.events, block.expected);
        let counting = phi / expected + phi * block.relative_variance();
        let weight = 1.0 / (counting + DRIFT_FLOOR).powi(2);
        // The mean over a block wanders less than the rate itself.
        let share = Level { mean: 0.0, variance: 1.0 }.foreseen(BLOCK_BINS, 1.0).variance;
        let beyond = (events / expected - 1.0).powi(2) - counting;
        self.sum += weight * beyond / share;
        self.weight += weight;
    }
}

/// Decayed mean of the squared standardised residuals of blocks.
#[derive(Clone, Copy, Debug, Default)]
struct Dispersion {
    sum: f64,
    weight: f64,
}

impl RateDetector {
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            bins: VecDeque::with_capacity(LONGEST + 1),
            seen: 0,
            baseline: Vec::new(),
            pooled: PartBaseline::default(),
            block: Block::default(),
            dispersion: Dispersion::default(),
            drift: Drift::default(),
            ln_m: f64::NEG_INFINITY,
            frozen: 0,
            level: Level { mean: 0.0, variance: settings.drift_sd.powi(2) },
            levels: VecDeque::with_capacity(LONGEST + 1),
        }
    }

    /// Takes the next complete bin and judges. A bin that is missing or stale is simply not given: the detector waits.
    pub fn push(&mut self, bin: Bin) -> Verdict {
        self.seen += 1;
        if self.ln_m <= FREEZE {
            self.frozen = 0;
            self.learn_dispersion(&bin);
            self.learn_baseline();
        } else {
            self.frozen += 1;
        }
        if self.frozen >= LONGEST {
            self.begin_anew();
        }
        self.levels.push_front(self.level);
        self.levels.truncate(LONGEST);
        self.follow(&bin);
        self.bins.push_front(bin);
        self.bins.truncate(LONGEST);
        let verdict = self.judge();
        self.ln_m = match verdict {
            Verdict::NotEnoughYet => f64::NEG_INFINITY,
            Verdict::Judged(evidence) => evidence.ln_m,
        };
        verdict
    }

    /// Events per exposure that the baseline holds for a part, shrunk to the pooled rate; `None` before there is any.
    #[must_use]
    pub fn rate(&self, part: u32) -> Option<f64> {
        let pooled = self.pooled_rate()?;
        let own = self.baseline.get(part as usize).copied().unwrap_or_default();
        Some((own.events + PART_PRIOR) / (own.exposure + PART_PRIOR / pooled))
    }

    /// What its blocks told of drift so far, those in doubt left out.
    #[must_use]
    pub const fn drift(&self) -> Drift {
        self.drift
    }

    /// The level wanders on by one bin, and learns from it unless the rate is in doubt.
    fn follow(&mut self, bin: &Bin) {
        self.level = self.level.wandered(self.settings.drift_sd);
        if self.ln_m > FREEZE || self.pooled.events < self.settings.least_events {
            return;
        }
        let mut told = Window::default();
        told.add(bin, self);
        let expected = told.expected * self.level.mean.exp();
        if expected > 0.0 {
            let doubt = self.phi() * (1.0 / expected + told.relative_variance());
            let gain = self.level.variance / (self.level.variance + doubt);
            self.level.mean += gain * (told.events / expected - 1.0).clamp(LEVEL_STEP.0, LEVEL_STEP.1);
            self.level.variance *= 1.0 - gain;
        }
    }

    /// The dispersion in force: at least 1, from blocks of five minutes.
    #[must_use]
    pub fn phi(&self) -> f64 {
        let (blocks, _) = PHI_PRIOR;
        ((self.dispersion.sum + blocks * self.settings.dispersion) / (self.dispersion.weight + blocks)).clamp(1.0, PHI_MOST)
    }

    fn pooled_rate(&self) -> Option<f64> {
        (self.pooled.events > 0.0 && self.pooled.exposure > 0.0).then(|| self.pooled.events / self.pooled.exposure)
    }

    /// Ages the baseline by one bin and takes in the bin that has just become older than the lag.
    fn learn_baseline(&mut self) {
        let keep = 0.5f64.powf(1.0 / self.settings.half_life_bins);
        for own in &mut self.baseline {
            own.events *= keep;
            own.exposure *= keep;
        }
        self.pooled.events *= keep;
        self.pooled.exposure *= keep;
        if let Some(bin) = self.bins.get(LAG_BINS - 1).cloned() {
            self.add_to_baseline(&bin);
        }
    }

    fn add_to_baseline(&mut self, bin: &Bin) {
        for part in bin {
            let index = part.part as usize;
            if self.baseline.len() <= index {
                self.baseline.resize(index + 1, PartBaseline::default());
            }
            self.baseline[index].events += part.events;
            self.baseline[index].exposure += part.exposure;
            self.pooled.events += part.events;
            self.pooled.exposure += part.exposure;
        }
    }

    /// What has lasted as long as the longest window is the new usual.
    fn begin_anew(&mut self) {
        (self.baseline, self.pooled, self.frozen) = (Vec::new(), PartBaseline::default(), 0);
        self.level = Level { mean: 0.0, variance: self.settings.drift_sd.powi(2) };
        self.levels.iter_mut().for_each(|level| *level = self.level);
        let older: Vec<Bin> = self.bins.iter().skip(LAG_BINS).rev().cloned().collect();
        for bin in &older {
            self.add_to_baseline(bin);
        }
    }

    fn learn_dispersion(&mut self, bin: &Bin) {
        if self.pooled.events < self.settings.least_events {
            return;
        }
        let mut block = std::mem::take(&mut self.block);
        if block.counted.bins == 0 {
            block.level = self.level.foreseen(BLOCK_BINS, self.settings.drift_sd);
        }
        block.counted.add(bin, self);
        block.counted.bins += 1;
        if block.counted.bins < BLOCK_BINS {
            self.block = block;
            return;
        }
        let Block { level, counted } = block;
        if counted.expected > 0.0 {
            let phi = self.phi();
            self.drift.learn(&counted, phi);
        }
        let expected = counted.expected * level.mean.exp();
        if expected > 0.0 {
            let variance = expected * (1.0 + expected * level.variance + expected * counted.relative_variance());
            self.dispersion.sum = self.dispersion.sum * 0.97 + (counted.events - expected).powi(2) / variance;
            self.dispersion.weight = self.dispersion.weight * 0.97 + 1.0;
        }
    }

    fn judge(&self) -> Verdict {
        if self.seen < self.settings.warm_up_bins || self.pooled.events < self.settings.least_events {
            return Verdict::NotEnoughYet;
        }
        let phi = self.phi();
        let mut mixture = 0.0;
        let mut loudest: Option<(f64, Window)> = None;
        let mut window = Window::new(self.baseline.len());
        let mut before = 0;
        for &bins in &WINDOWS {
            if bins > self.bins.len() {
                break;
            }
            for bin in self.bins.range(before..bins) {
                window.add(bin, self);
            }
            window.bins = bins;
            window.level = self.levels.get(bins - 1).copied().unwrap_or(self.level).foreseen(bins, self.settings.drift_sd);
            let ln_l = self.ln_bayes_factor(&window, phi);
            #[expect(clippy::cast_precision_loss, reason = "a window has at most 80 bins")]
            let term = ((bins - before) as f64).ln() / 2.0 + ln_l;
            mixture = ln_add(if before == 0 { f64::NEG_INFINITY } else { mixture }, term);
            if loudest.as_ref().is_none_or(|(loud, _)| term > *loud) {
                loudest = Some((term, window.clone()));
            }
            before = bins;
        }
        match loudest {
            Some((_, window)) => Verdict::Judged(self.evidence(&window, mixture, phi)),
            None => Verdict::NotEnoughYet,
        }
    }

    /// ln of the Bayes factor "the rate is ρ times the baseline" against "it is the baseline", averaged over the ratios looked for.
    fn ln_bayes_factor(&self, window: &Window, phi: f64) -> f64 {
        let ratios: [f64; 3] = match self.settings.direction {
            Direction::Falls => [0.3, 0.5, 0.65],
            Direction::Rises => [1.5, 2.0, 3.0],
        };
        let x = window.events / phi;
        let e = window.foreseen() / phi;
        let a = Self::shape(window, phi);
        let sum = ratios.iter().fold(f64::NEG_INFINITY, |sum, rho| ln_add(sum, x * rho.ln() + (a + x) * ((a + e) / (a + rho * e)).ln()));
        sum - 3f64.ln()
    }

    /// Shape of the Gamma that the baseline is known by, for this window's mix: its inverse is the squared relative error
    /// of what is expected, counting (φ), the parts' own uncertainty, and drift.
    fn shape(window: &Window, phi: f64) -> f64 {
        1.0 / (phi * window.relative_variance() + window.level.variance).max(1e-9)
    }

    fn evidence(&self, window: &Window, ln_m: f64, phi: f64) -> Evidence {
        let expected = window.foreseen().max(1e-9);
        let ln_ratio = ((window.events + 0.5) / (expected + 0.5)).ln();
        let sd = (phi / (window.events + 0.5) + 1.0 / Self::shape(window, phi)).sqrt();
        let least = match self.settings.direction {
            Direction::Falls => normal_cdf((0.8f64.ln() - ln_ratio) / sd),
            Direction::Rises => normal_cdf((ln_ratio - 1.25f64.ln()) / sd),
        };
        Evidence {
            ln_m,
            window_bins: window.bins,
            events: window.events,
            exposure: window.exposure,
            expected,
            ratio: window.events / expected,
            low: (ln_ratio - Z95 * sd).exp(),
            high: (ln_ratio + Z95 * sd).exp(),
            beyond_least_effect: least,
            phi,
        }
    }
}

/// Sums over some bins.
#[derive(Clone, Debug, Default)]
struct Window {
    bins: usize,
    events: f64,
    exposure: f64,
    /// By the baseline alone.
    expected: f64,
    level: Level,
    /// By part: what is expected of it, and the events that its baseline rate stands on.
    by_part: SmallVec<[(f64, f64); 16]>,
}

impl Window {
    fn new(parts: usize) -> Self {
        Self {
            bins: 0,
            events: 0.0,
            exposure: 0.0,
            expected: 0.0,
            level: Level::default(),
            by_part: smallvec::smallvec![(0.0, 0.0); parts],
        }
    }

    fn add(&mut self, bin: &Bin, detector: &RateDetector) {
        for part in bin {
            let Some(rate) = detector.rate(part.part) else { continue };
            self.events += part.events;
            self.exposure += part.exposure;
            self.expected += part.exposure * rate;
            let index = part.part as usize;
            if self.by_part.len() <= index {
                self.by_part.resize(index + 1, (0.0, 0.0));
            }
            self.by_part[index].0 += part.exposure * rate;
            self.by_part[index].1 = detector.baseline.get(index).map_or(0.0, |own| own.events) + PART_PRIOR;
        }
    }

    /// What is expected at the level that was foreseen.
    fn foreseen(&self) -> f64 {
        self.expected * self.level.mean.exp()
    }

    /// Squared relative error of what is expected: parts are independent, each known as well as its own baseline.
    fn relative_variance(&self) -> f64 {
        if self.expected <= 0.0 {
            return 1.0;
        }
        let variance: f64 =
            self.by_part.iter().filter(|(_, known)| *known > 0.0).map(|(expected, known)| expected * expected / known).sum();
        variance / (self.expected * self.expected)
    }
}

/// ln(e^a + e^b).
fn ln_add(a: f64, b: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

/// Minutes until a change to `ratio` of the rate is seen at this volume, about: h·φ / (λ₀ · (ρ ln ρ − ρ + 1)).
/// `None` where nothing is counted or the ratio is no change.
#[must_use]
pub fn minutes_to_see(ratio: f64, events_per_min: f64, threshold: f64, phi: f64) -> Option<f64> {
    let information = ratio * ratio.ln() - ratio + 1.0;
    (events_per_min > 0.0 && information > 1e-6).then(|| threshold * phi / (events_per_min * information))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bin(events: f64, exposure: f64) -> Bin {
        smallvec::smallvec![Part { part: 0, events, exposure }]
    }

    fn ln_m(verdict: Verdict) -> f64 {
        match verdict {
            Verdict::Judged(evidence) => evidence.ln_m,
            Verdict::NotEnoughYet => f64::NEG_INFINITY,
        }
    }

    #[test]
    fn a_steady_rate_stays_quiet_and_a_halving_is_seen() {
        let mut detector = RateDetector::new(Settings::default());
        for _ in 0..120 {
            assert!(ln_m(detector.push(bin(15.0, 100.0))) < 7.0);
        }
        let seen = (1..20).find(|_| ln_m(detector.push(bin(7.0, 100.0))) > 11.0);
        assert!(seen.is_some_and(|bins| bins <= 10), "{seen:?}");
    }

    #[test]
    fn a_change_that_stays_becomes_the_usual_and_the_next_one_is_seen() {
        let mut detector = RateDetector::new(Settings::default());
        for _ in 0..100 {
            detector.push(bin(15.0, 100.0));
        }
        let last: Vec<f64> = (0..200).map(|_| ln_m(detector.push(bin(7.0, 100.0)))).collect();
        assert!(last[20] > 11.0 && last[199] < 4.0, "{} {}", last[20], last[199]);
        let seen = (1..20).find(|_| ln_m(detector.push(bin(3.0, 100.0))) > 11.0);
        assert!(seen.is_some(), "a second halving");
    }

    #[test]
    fn before_there_is_a_baseline_it_is_not_enough_yet() {
        let mut detector = RateDetector::new(Settings::default());
        for _ in 0..39 {
            assert_eq!(detector.push(bin(10.0, 100.0)), Verdict::NotEnoughYet);
        }
        assert!(matches!(detector.push(bin(10.0, 100.0)), Verdict::Judged(_)));
    }

    #[test]
    fn a_dear_product_on_air_is_no_dip() {
        let mut detector = RateDetector::new(Settings::default());
        let cheap = |clicks: f64| Part { part: 0, events: clicks * 0.10, exposure: clicks };
        let dear = |clicks: f64| Part { part: 1, events: clicks * 0.035, exposure: clicks };
        for _ in 0..100 {
            detector.push(smallvec::smallvec![cheap(135.0), dear(15.0)]);
        }
        for _ in 0..40 {
            let evidence = detector.push(smallvec::smallvec![cheap(30.0), dear(120.0)]);
            assert!(ln_m(evidence) < 7.0, "{evidence:?}");
        }
    }

    #[test]
    fn a_product_without_a_history_is_not_judged_by_the_others() {
        let mut detector = RateDetector::new(Settings::default());
        for _ in 0..100 {
            detector.push(bin(15.0, 150.0));
        }
        for _ in 0..12 {
            let verdict = detector.push(smallvec::smallvec![Part { part: 1, events: 4.0, exposure: 150.0 }]);
            assert!(ln_m(verdict) < 7.0, "{verdict:?}");
        }
    }

    #[test]
    fn the_time_to_see_a_halving_falls_with_the_volume() {
        let at = |volume| minutes_to_see(0.5, volume, 10.5, 1.0).unwrap();
        assert!((at(10.0) - 6.84).abs() < 0.1, "{}", at(10.0));
        assert!(at(1.0) > 60.0);
        assert_eq!(minutes_to_see(1.0, 10.0, 10.5, 1.0), None);
        assert_eq!(minutes_to_see(0.5, 0.0, 10.5, 1.0), None);
    }
}
