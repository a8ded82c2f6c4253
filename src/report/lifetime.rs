//! What customers are worth over the next year, by a published model: BG/NBD for how often they buy again and whether they
//! still will (Fader, Hardie, Lee 2005), gamma-gamma for what they spend (Fader, Hardie 2013). Pure: a history in, figures out.
//!
//! A customer's purchases of one day are one purchase; the first makes a customer, the others are repeats. Parameters are those
//! of greatest likelihood; intervals come from its curvature (delta method, 95 %), so they tell how well the parameters are
//! known, not how much one customer differs from another.

mod buying;
mod fit;
mod history;
mod spending;

use serde::Serialize;

pub use buying::Buying;
pub use history::{Habit, History};
pub use spending::Spending;

/// Days of a month, as the published packages count them.
pub const MONTH_DAYS: f64 = 30.0;
/// Months that the value looks ahead.
pub const MONTHS: u32 = 12;
/// Money of a month later is worth so much less.
pub const DISCOUNT: f64 = 0.01;
/// Customers who bought again, below which no model is fitted.
pub const LEAST_REPEATS: usize = 30;
/// Customers that a model is fitted to: of more, every n-th.
const MOST_FITTED: usize = 20_000;
/// Standard deviations of a 95 % interval.
const Z95: f64 = 1.959_963_984_540_054;

/// Where a history comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A file of purchases.
    File,
    /// The ledger of this installation's lives.
    Ledger,
}

/// A number with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// What a history says of its customers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lifetime {
    pub origin: Origin,
    pub customers: usize,
    /// They bought on one day.
    pub once: usize,
    /// They bought on more days.
    pub again: usize,
    /// Days from the first purchase of all to the end of the history.
    pub days: u32,
    /// None where too few bought again, or the model does not settle.
    pub model: Option<Model>,
}

/// The fitted models and what follows from them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Model {
    /// Customers that it was fitted to.
    pub fitted: usize,
    pub buying: Buying,
    pub spending: Spending,
    pub months: u32,
    pub discount: f64,
    /// Purchases that a customer will make on average.
    pub purchases: f64,
    /// Share of customers who are still customers.
    pub alive: f64,
    /// What an average customer will still spend, in minor units.
    pub value_minor: Interval,
    /// The same for those who bought once, and for those who bought again.
    pub once_minor: f64,
    pub again_minor: f64,
}

impl Lifetime {
    /// The figures of a history.
    #[must_use]
    pub fn of(history: &History, origin: Origin) -> Self {
        let habits = history.habits();
        let again = habits.iter().filter(|habit| habit.repeats > 0).count();
        Self {
            origin,
            customers: habits.len(),
            once: habits.len() - again,
            again,
            days: history.days(),
            model: (again >= LEAST_REPEATS).then(|| Model::of(&habits)).flatten(),
        }
    }
}

impl Model {
    fn of(habits: &[Habit]) -> Option<Self> {
        let step = habits.len().div_ceil(MOST_FITTED);
        let sample: Vec<Habit> = habits.iter().copied().step_by(step).collect();
        let (buying, buying_spread) = Buying::fit(&sample)?;
        let (spending, spending_spread) = Spending::fit(&sample)?;
        let value = |parameters: &[f64; 7]| {
            let (buying, spending) = split(parameters);
            mean(&sample, |habit| value_of(habit, &buying, &spending))
        };
        let at = joined(&buying, &spending);
        let variance = fit::variance(&value, &at, (&buying_spread, &spending_spread))?;
        let average = value(&at);
        // On the scale of logarithms, so that the interval stays above nothing.
        let half = (Z95 * variance.sqrt() / average).exp();
        let part = |again: bool| {
            let part: Vec<Habit> = sample.iter().copied().filter(|habit| (habit.repeats > 0) == again).collect();
            mean(&part, |habit| value_of(habit, &buying, &spending))
        };
        let model = Self {
            fitted: sample.len(),
            months: MONTHS,
            discount: DISCOUNT,
            purchases: mean(&sample, |habit| buying.purchases(habit, MONTH_DAYS * f64::from(MONTHS))),
            alive: mean(&sample, |habit| buying.alive(habit)),
            value_minor: Interval { value: average, low: average / half, high: average * half },
            once_minor: part(false),
            again_minor: part(true),
            buying,
            spending,
        };
        let told = [model.purchases, model.alive, model.value_minor.value, model.value_minor.low, model.value_minor.high];
        told.iter().all(|number| number.is_finite() && *number >= 0.0).then_some(model)
    }
}

/// What a customer will still spend: each month's purchases at the customer's mean, discounted by the month.
fn value_of(habit: &Habit, buying: &Buying, spending: &Spending) -> f64 {
    let mut before = 0.0;
    let mut sum = 0.0;
    for month in 1..=MONTHS {
        let until = buying.purchases(habit, MONTH_DAYS * f64::from(month));
        sum += (until - before) / (1.0 + DISCOUNT).powi(i32::try_from(month).unwrap_or(i32::MAX));
        before = until;
    }
    sum * spending.mean(habit)
}

#[expect(clippy::cast_precision_loss, reason = "a count of customers")]
fn mean(habits: &[Habit], of: impl Fn(&Habit) -> f64) -> f64 {
    if habits.is_empty() { 0.0 } else { habits.iter().map(of).sum::<f64>() / habits.len() as f64 }
}

/// Both models' parameters as logarithms.
fn joined(buying: &Buying, spending: &Spending) -> [f64; 7] {
    [buying.r, buying.alpha, buying.a, buying.b, spending.p, spending.q, spending.v].map(f64::ln)
}

fn split(parameters: &[f64; 7]) -> (Buying, Spending) {
    let [r, alpha, a, b, p, q, v] = parameters.map(f64::exp);
    (Buying { r, alpha, a, b }, Spending { p, q, v })
}

#[cfg(test)]
mod tests;
