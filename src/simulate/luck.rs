//! Chance, from a seed alone: a stream for every concern, and a draw for every shopper by key.
//!
//! Two broadcasts of one seed that differ in what the operator did (twins) must differ in nothing else. So nobody
//! draws from a common well: a visitor's patience, a click's temper, a cart's fate are drawn by *who* they are
//! ([`Seed::keyed`]), and what happens every second (noise, chat) draws from its own stream ([`Seed::stream`]).

use rand_distr::{Distribution, Exp1, Gamma, Poisson, StandardNormal};
use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng;

/// What a draw is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concern {
    Lottery,
    Entries,
    Visitor,
    Click,
    Ear,
    Views,
    Likes,
    Chat,
    Question,
    Answer,
    Mood,
    Clicking,
    Deciding,
    Spending,
    Delivery,
}

/// The seed of a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// The stream of a concern, drawn from in the order of time.
    #[must_use]
    pub fn stream(self, concern: Concern) -> Luck {
        self.keyed(concern, u64::MAX)
    }

    /// The draws that belong to `key` (a visitor, a click, a cart), whoever else there is.
    #[must_use]
    pub fn keyed(self, concern: Concern, key: u64) -> Luck {
        let state = mix(self.0 ^ mix(key ^ mix(concern as u64 + 1)));
        Luck(Pcg32::new(state, 0x5851_f42d))
    }
}

/// The finaliser of splitmix64: every bit of the input moves every bit of the output.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A generator with the draws that a broadcast needs.
#[derive(Clone, Debug)]
pub struct Luck(Pcg32);

impl Luck {
    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }
    /// True with probability `p`.
    pub fn strikes(&mut self, p: f64) -> bool {
        self.unit() < p
    }
    /// An index below `n`; 0 when there is none.
    pub fn index(&mut self, n: usize) -> usize {
        ((u64::from(self.0.next_u32()) * n as u64) >> 32) as usize
    }
    /// Uniform in [from, to).
    pub fn between(&mut self, from: f64, to: f64) -> f64 {
        from + self.unit() * (to - from)
    }
    /// Exponential with mean 1.
    pub fn wait(&mut self) -> f64 {
        Exp1.sample(&mut self.0)
    }
    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }
    /// Log-normal with that median and sigma.
    pub fn around(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }
    /// Poisson count; 0 for a mean that is none.
    pub fn count(&mut self, mean: f64) -> usize {
        Poisson::new(mean).map_or(0, |poisson| Distribution::<f64>::sample(&poisson, &mut self.0) as usize)
    }
    /// A factor with mean 1 that makes a count of mean `mean` overdispersed: Poisson times this has variance `phi` × mean.
    pub fn burstiness(&mut self, mean: f64, phi: f64) -> f64 {
        let extra = phi - 1.0;
        if extra <= 0.0 || mean <= 0.0 {
            return 1.0;
        }
        Gamma::new(mean / extra, extra / mean).map_or(1.0, |gamma| gamma.sample(&mut self.0))
    }
}

/// The index that `unit` falls on when [0, 1) is shared out by weight; `None` where nothing has weight.
pub fn share_out(unit: f64, weights: impl Iterator<Item = f64> + Clone) -> Option<usize> {
    let total: f64 = weights.clone().sum();
    if total <= 0.0 {
        return None;
    }
    let mut left = unit * total;
    let mut last = None;
    for (index, weight) in weights.enumerate() {
        if weight > 0.0 {
            last = Some(index);
            if left < weight {
                return last;
            }
            left -= weight;
        }
    }
    last
}

/// A log-rate that wanders about 0: Ornstein–Uhlenbeck with stationary deviation `sd` and correlation time `tau_s`, stepped by the second.
#[derive(Clone, Debug)]
pub struct Drift {
    value: f64,
    sd: f64,
    keep: f64,
    luck: Luck,
}

impl Drift {
    #[must_use]
    pub fn new(mut luck: Luck, sd: f64, tau_s: f64) -> Self {
        let value = sd * luck.normal();
        Self { value, sd, keep: (-1.0 / tau_s.max(1.0)).exp(), luck }
    }

    /// Steps one second and returns the factor, with mean 1.
    pub fn step(&mut self) -> f64 {
        self.value = self.value * self.keep + self.sd * (1.0 - self.keep * self.keep).sqrt() * self.luck.normal();
        (self.value - self.sd * self.sd / 2.0).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_draws_the_same_whoever_else_draws() {
        let seed = Seed(7);
        let alone = seed.keyed(Concern::Visitor, 12).unit();
        let _ = seed.keyed(Concern::Visitor, 11).unit();
        assert_eq!(alone.to_bits(), seed.keyed(Concern::Visitor, 12).unit().to_bits());
        assert_ne!(alone.to_bits(), seed.keyed(Concern::Click, 12).unit().to_bits());
        assert_ne!(alone.to_bits(), Seed(8).keyed(Concern::Visitor, 12).unit().to_bits());
    }

    #[test]
    fn overdispersion_is_what_it_says() {
        let mut luck = Seed(1).stream(Concern::Mood);
        let counts: Vec<f64> = (0..20_000)
            .map(|_| {
                let mean = 4.0 * luck.burstiness(4.0, 1.5);
                luck.count(mean) as f64
            })
            .collect();
        let mean = counts.iter().sum::<f64>() / counts.len() as f64;
        let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / counts.len() as f64;
        assert!((mean - 4.0).abs() < 0.1, "{mean}");
        assert!((variance / mean - 1.5).abs() < 0.08, "{}", variance / mean);
    }

    #[test]
    fn a_drift_keeps_its_deviation_and_mean() {
        let mut sum = 0.0;
        let mut log_squares = 0.0;
        for key in 0..400 {
            let mut drift = Drift::new(Seed(3).keyed(Concern::Mood, key), 0.12, 900.0);
            let mut factor = 1.0;
            for _ in 0..300 {
                factor = drift.step();
            }
            sum += factor;
            log_squares += (factor.ln() + 0.0072).powi(2);
        }
        assert!((sum / 400.0 - 1.0).abs() < 0.03);
        assert!(((log_squares / 400.0).sqrt() - 0.12).abs() < 0.02);
    }

    #[test]
    fn shares_fall_by_weight() {
        let weights = [0.0, 1.0, 3.0];
        assert_eq!(share_out(0.0, weights.iter().copied()), Some(1));
        assert_eq!(share_out(0.3, weights.iter().copied()), Some(2));
        assert_eq!(share_out(0.9999, weights.iter().copied()), Some(2));
        assert_eq!(share_out(0.5, [0.0].into_iter()), None);
    }
}
