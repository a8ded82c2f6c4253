//! BG/NBD: customers buy at rates that differ as a gamma(r, α), and after every purchase leave with probabilities that differ
//! as a beta(a, b).

use std::collections::BTreeMap;

use libm::lgamma;
use serde::Serialize;

use super::fit::{self, Spread};
use super::history::Habit;

/// Terms of the hypergeometric series, at most.
const TERMS: u32 = 5_000;

/// The parameters; α in days.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Buying {
    pub r: f64,
    pub alpha: f64,
    pub a: f64,
    pub b: f64,
}

/// Customers of the same habit, who are counted once.
type Alike = Vec<(Habit, f64)>;

impl Buying {
    /// The parameters of greatest likelihood with their spread; `None` where the search does not settle.
    #[must_use]
    pub fn fit(habits: &[Habit]) -> Option<(Self, Spread<4>)> {
        let alike = alike(habits);
        let longest = habits.iter().map(|habit| habit.age).fold(1.0, f64::max);
        let cost = |logs: &[f64; 4]| {
            let [r, alpha, a, b] = logs.map(f64::exp);
            -Self { r, alpha, a, b }.log_likelihood(&alike)
        };
        let found = fit::least(&cost, &[0.5f64.ln(), (longest / 5.0).ln(), 0.0, 1.0f64])?;
        let [r, alpha, a, b] = found.map(f64::exp);
        Some((Self { r, alpha, a, b }, fit::spread(&cost, &found)?))
    }

    fn log_likelihood(&self, alike: &Alike) -> f64 {
        let Self { r, alpha, a, b } = *self;
        let whole = lgamma(a + b) - lgamma(b) - lgamma(r) + r * alpha.ln();
        // These depend on the number of repeats alone.
        let mut by_repeats: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
        let one = |habit: &Habit, known: &mut BTreeMap<u32, (f64, f64)>| {
            let x = f64::from(habit.repeats);
            let (counted, left) = *known.entry(habit.repeats).or_insert_with(|| {
                let counted = whole + lgamma(r + x) + lgamma(b + x) - lgamma(a + b + x);
                (counted, a.ln() - (b + x.max(1.0) - 1.0).ln())
            });
            let stays = -(r + x) * (alpha + habit.age).ln();
            if habit.repeats == 0 {
                return counted + stays;
            }
            let leaves = left - (r + x) * (alpha + habit.recency).ln();
            let greater = stays.max(leaves);
            counted + greater + ((stays - greater).exp() + (leaves - greater).exp()).ln()
        };
        alike.iter().map(|(habit, times)| times * one(habit, &mut by_repeats)).sum()
    }

    /// How much likelier it is that the customer has left than that not.
    fn left_odds(&self, habit: &Habit) -> f64 {
        if habit.repeats == 0 {
            return 0.0;
        }
        let x = f64::from(habit.repeats);
        let quotient = (self.alpha + habit.age) / (self.alpha + habit.recency);
        self.a / (self.b + x - 1.0) * quotient.powf(self.r + x)
    }

    /// Probability that the customer still is one.
    #[must_use]
    pub fn alive(&self, habit: &Habit) -> f64 {
        1.0 / (1.0 + self.left_odds(habit))
    }

    /// Purchases to be expected in the next `days`.
    #[must_use]
    pub fn purchases(&self, habit: &Habit, days: f64) -> f64 {
        let x = f64::from(habit.repeats);
        // The formula divides by a − 1; beside that point it is smooth.
        let a = if (self.a - 1.0).abs() < 1e-6 { self.a + 2e-6 } else { self.a };
        let (begun, over) = (self.alpha + habit.age, self.alpha + habit.age + days);
        let series = hypergeometric(self.r + x, self.b + x, a + self.b + x - 1.0, days / over);
        let expected = (a + self.b + x - 1.0) / (a - 1.0) * (1.0 - (begun / over).powf(self.r + x) * series);
        expected / (1.0 + self.left_odds(habit))
    }
}

fn alike(habits: &[Habit]) -> Alike {
    let mut counted: BTreeMap<(u32, u64, u64), (Habit, f64)> = BTreeMap::new();
    for habit in habits {
        counted.entry((habit.repeats, habit.recency.to_bits(), habit.age.to_bits())).or_insert((*habit, 0.0)).1 += 1.0;
    }
    counted.into_values().collect()
}

/// ₂F₁(a, b; c; z) for 0 ≤ z < 1, by its series.
fn hypergeometric(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for place in 0..TERMS {
        let n = f64::from(place);
        term *= (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z;
        sum += term;
        if term.abs() <= 1e-15 * sum.abs() {
            break;
        }
    }
    sum
}
