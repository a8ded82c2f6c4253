//! Gamma-gamma: what a purchase comes to varies around each customer's own mean, and those means differ.

use libm::lgamma;
use serde::Serialize;

use super::fit::{self, Spread};
use super::history::Habit;

/// The parameters; v in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spending {
    pub p: f64,
    pub q: f64,
    pub v: f64,
}

impl Spending {
    /// The parameters of greatest likelihood with their spread, from those who bought again.
    #[must_use]
    pub fn fit(habits: &[Habit]) -> Option<(Self, Spread<3>)> {
        let again: Vec<Habit> = habits.iter().copied().filter(|habit| habit.repeats > 0 && habit.mean_minor > 0.0).collect();
        let mean = super::mean(&again, |habit| habit.mean_minor);
        if again.is_empty() || mean <= 0.0 {
            return None;
        }
        let cost = |logs: &[f64; 3]| {
            let [p, q, v] = logs.map(f64::exp);
            -Self { p, q, v }.log_likelihood(&again)
        };
        let found = fit::least(&cost, &[1.0, 1.0, mean.ln()])?;
        let [p, q, v] = found.map(f64::exp);
        Some((Self { p, q, v }, fit::spread(&cost, &found)?))
    }

    fn log_likelihood(&self, again: &[Habit]) -> f64 {
        let Self { p, q, v } = *self;
        let whole = q * v.ln() - lgamma(q);
        let one = |habit: &Habit| {
            let (x, m) = (f64::from(habit.repeats), habit.mean_minor);
            let px = p * x;
            whole + lgamma(px + q) - lgamma(px) + (px - 1.0) * m.ln() + px * x.ln() - (px + q) * (x * m + v).ln()
        };
        again.iter().map(one).sum()
    }

    /// The mean of a customer's purchases: between the customer's own and that of all.
    #[must_use]
    pub fn mean(&self, habit: &Habit) -> f64 {
        let Self { p, q, v } = *self;
        let x = f64::from(habit.repeats);
        let own = p * x / (p * x + q - 1.0);
        (1.0 - own) * (v * p / (q - 1.0)) + own * habit.mean_minor
    }
}
