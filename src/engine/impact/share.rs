//! The share filter: what a product would have sold, from its share of a moving exposure.
//!
//! Bayesian-model-averaged discounted Gamma–Poisson filters over one-minute bins: treated events against an exposure (the
//! controls' orders, or viewers), so that mood and audience cancel. 102 filters: six discounts × (twelve that revert to the
//! session's mean, three that revert to a 20-minute mean), and twelve that persist. At the act the filters freeze and forecast.

use crate::engine::detect::special::{digamma, ln_gamma, trigamma};

use super::RateRatio;

/// Discount of the past per minute.
const DISCOUNTS: [f64; 6] = [0.7, 0.85, 0.93, 0.97, 0.99, 0.998];
/// Pull towards the target, in events.
const PULLS: [f64; 4] = [4.0, 12.0, 40.0, 150.0];
/// Dispersions considered.
const PHIS: [f64; 3] = [1.0, 1.5, 2.5];
/// Pull of the filters that revert to the 20-minute mean, and start of those that persist.
const RECENT_PULL: f64 = 12.0;
/// Least weight of "it would have stayed".
const PERSISTENT_FLOOR: f64 = 0.3;
/// Per minute, of the mean over about the last 20 minutes.
const RECENT_KEEP: f64 = 0.95;

/// What a filter believes the rate goes back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    /// The mean of the whole session: a dip recovers.
    Session,
    /// The mean of the last 20 minutes.
    Recent,
    /// Nothing: a dip stays.
    Stays,
}

#[derive(Clone, Copy, Debug)]
struct Filter {
    target: Target,
    discount: f64,
    pull: f64,
    phi: f64,
    shape: f64,
    rate: f64,
    ln_weight: f64,
}

/// The filters of one treated stream. Feed it every complete minute before the act, then ask for the effect.
#[derive(Clone, Debug)]
pub struct ShareFilter {
    filters: Vec<Filter>,
    session: (f64, f64),
    recent: (f64, f64),
    minutes: usize,
}

/// Which counterfactuals to weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// All, with a floor under "it would have stayed".
    Mixed,
    /// The dip would have recovered.
    Recovers,
    /// The dip would have stayed.
    Stays,
}

/// The forecast of the log mean rate: mean, variance, and the dispersion believed in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    pub ln_rate: f64,
    pub variance: f64,
    pub phi: f64,
}

impl Default for ShareFilter {
    fn default() -> Self {
        Self::new()
    }
}

impl ShareFilter {
    #[must_use]
    pub fn new() -> Self {
        let mut filters = Vec::with_capacity(102);
        for phi in PHIS {
            for discount in DISCOUNTS {
                for pull in PULLS {
                    filters.push(Filter::new(Target::Session, discount, pull, phi));
                }
                filters.push(Filter::new(Target::Recent, discount, RECENT_PULL, phi));
            }
            for discount in &DISCOUNTS[..4] {
                filters.push(Filter::new(Target::Stays, *discount, RECENT_PULL, phi));
            }
        }
        Self { filters, session: (0.0, 0.0), recent: (0.0, 0.0), minutes: 0 }
    }

    /// Takes one complete minute: events counted, exposure.
    pub fn push(&mut self, events: f64, exposure: f64) {
        if exposure <= 0.0 {
            return;
        }
        let session = mean(self.session);
        let recent = mean(self.recent);
        for filter in &mut self.filters {
            filter.forget(session, recent);
            filter.learn(events, exposure);
        }
        self.session = (self.session.0 + events, self.session.1 + exposure);
        self.recent = (self.recent.0 * RECENT_KEEP + events, self.recent.1 * RECENT_KEEP + exposure);
        self.minutes += 1;
    }

    /// Minutes that were taken.
    #[must_use]
    pub const fn minutes(&self) -> usize {
        self.minutes
    }

    /// Events per exposure of the whole session so far.
    #[must_use]
    pub fn session_rate(&self) -> Option<f64> {
        (self.session.0 > 0.0 && self.session.1 > 0.0).then(|| self.session.0 / self.session.1)
    }

    /// What the rate would be, on average, over the next `minutes` without the act.
    #[must_use]
    pub fn forecast(&self, minutes: usize, belief: Belief) -> Option<Forecast> {
        if self.minutes == 0 || minutes == 0 {
            return None;
        }
        let (session, recent) = (mean(self.session), mean(self.recent));
        let weights = self.weights(belief);
        let mut parts = Vec::with_capacity(self.filters.len());
        for (filter, weight) in self.filters.iter().zip(&weights).filter(|(_, weight)| **weight > 1e-9) {
            let mut ahead = *filter;
            let (mut rate, mut variance) = (0.0, 0.0);
            for _ in 0..minutes {
                ahead.forget(session, recent);
                rate += ahead.shape / ahead.rate;
                variance += 1.0 / ahead.shape;
            }
            #[expect(clippy::cast_precision_loss, reason = "minutes of an act")]
            let n = minutes as f64;
            parts.push((*weight, (rate / n).ln(), variance / n, filter.phi));
        }
        let ln_rate: f64 = parts.iter().map(|(w, m, _, _)| w * m).sum();
        let variance: f64 = parts.iter().map(|(w, m, v, _)| w * (v + (m - ln_rate).powi(2))).sum();
        let phi: f64 = parts.iter().map(|(w, _, _, phi)| w * phi).sum();
        ln_rate.is_finite().then_some(Forecast { ln_rate, variance, phi })
    }

    /// The effect of an act: `events` counted against `exposure` over `minutes` since the filters were frozen.
    /// `control_events` are those that the exposure was made of; their counting error widens the interval.
    #[must_use]
    pub fn effect(&self, events: f64, exposure: f64, minutes: usize, control_events: Option<f64>, belief: Belief) -> Option<RateRatio> {
        let forecast = self.forecast(minutes, belief)?;
        if exposure <= 0.0 {
            return None;
        }
        let counted = events / forecast.phi + 0.5;
        let ln_rate = digamma(counted) + forecast.phi.ln() - exposure.ln();
        let counting = trigamma(counted) + control_events.map_or(0.0, |controls| forecast.phi / controls.max(1.0));
        Some(RateRatio::from_log(ln_rate - forecast.ln_rate, (forecast.variance + counting).sqrt()))
    }

    /// Posterior weights of the filters, normalised.
    fn weights(&self, belief: Belief) -> Vec<f64> {
        let counts = |filter: &Filter| match belief {
            Belief::Mixed => true,
            Belief::Recovers => filter.target != Target::Stays,
            Belief::Stays => filter.target == Target::Stays,
        };
        let most = self.filters.iter().filter(|f| counts(f)).map(|f| f.ln_weight).fold(f64::NEG_INFINITY, f64::max);
        let mut weights: Vec<f64> = self.filters.iter().map(|f| if counts(f) { (f.ln_weight - most).exp() } else { 0.0 }).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        if belief == Belief::Mixed {
            let stays: f64 = self.filters.iter().zip(&weights).filter(|(f, _)| f.target == Target::Stays).map(|(_, w)| w).sum();
            if stays < PERSISTENT_FLOOR && stays > 0.0 {
                for (filter, weight) in self.filters.iter().zip(&mut weights) {
                    *weight *=
                        if filter.target == Target::Stays { PERSISTENT_FLOOR / stays } else { (1.0 - PERSISTENT_FLOOR) / (1.0 - stays) };
                }
            }
        }
        weights
    }
}

impl Filter {
    const fn new(target: Target, discount: f64, pull: f64, phi: f64) -> Self {
        Self { target, discount, pull, phi, shape: 0.0, rate: 0.0, ln_weight: 0.0 }
    }

    /// One minute passes: the past fades, the pull towards the target comes in.
    fn forget(&mut self, session: Option<f64>, recent: Option<f64>) {
        let keep = self.discount;
        let target = match self.target {
            Target::Session => session,
            Target::Recent => recent,
            Target::Stays => None,
        };
        self.shape *= keep;
        self.rate *= keep;
        if let Some(target) = target {
            self.shape += (1.0 - keep) * self.pull;
            self.rate += (1.0 - keep) * self.pull / target;
        }
    }

    /// Weighs the filter by how well it foresaw the minute (negative binomial), then takes it in.
    fn learn(&mut self, events: f64, exposure: f64) {
        let (x, e) = (events / self.phi, exposure / self.phi);
        if self.shape > 1e-6 && self.rate > 1e-12 {
            let ln_p = self.rate.ln() - (self.rate + e).ln();
            let ln_q = e.ln() - (self.rate + e).ln();
            self.ln_weight +=
                ln_gamma(self.shape + x) - ln_gamma(self.shape) - ln_gamma(x + 1.0) + self.shape * ln_p + x * ln_q - self.phi.ln();
        }
        self.shape += x;
        self.rate += e;
        if self.shape <= 0.0 {
            self.shape = 1e-3;
        }
    }
}

/// A pooled rate with a little of one event, so that a session without events yet has a target.
fn mean((events, exposure): (f64, f64)) -> Option<f64> {
    (exposure > 0.0).then(|| (events + 0.5) / exposure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubling_is_found_and_no_change_is_not_claimed() {
        let mut filter = ShareFilter::new();
        for minute in 0..40 {
            filter.push(if minute % 2 == 0 { 11.0 } else { 9.0 }, 20.0);
        }
        let same = filter.effect(100.0, 200.0, 10, Some(200.0), Belief::Mixed).unwrap();
        assert!(same.low < 1.0 && same.high > 1.0 && (same.ratio - 1.0).abs() < 0.08, "{same:?}");
        let double = filter.effect(200.0, 200.0, 10, Some(200.0), Belief::Mixed).unwrap();
        assert!(double.low > 1.0 && double.ratio > 1.8 && double.ratio < 2.1, "{double:?}");
    }

    #[test]
    fn after_a_dip_the_two_readings_differ_and_the_mixed_one_lies_between() {
        let mut filter = ShareFilter::new();
        for _ in 0..30 {
            filter.push(10.0, 20.0);
        }
        for _ in 0..6 {
            filter.push(4.0, 20.0);
        }
        let at = |belief| filter.effect(100.0, 200.0, 10, Some(200.0), belief).unwrap().ratio;
        assert!(at(Belief::Recovers) < at(Belief::Mixed) && at(Belief::Mixed) < at(Belief::Stays));
        assert!(at(Belief::Stays) > 1.5);
    }

    #[test]
    fn without_a_minute_before_the_act_there_is_no_forecast() {
        assert_eq!(ShareFilter::new().effect(10.0, 10.0, 5, None, Belief::Mixed), None);
    }
}
