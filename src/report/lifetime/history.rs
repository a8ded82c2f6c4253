//! Who bought on which day for how much.

use std::collections::BTreeMap;

/// Purchases of customers by day.
#[derive(Clone, Debug, Default)]
pub struct History {
    customers: BTreeMap<String, BTreeMap<i32, i64>>,
    until: Option<i32>,
}

/// What the models know of a customer; times in days.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Habit {
    /// Days on which the customer bought, but for the first.
    pub repeats: u32,
    /// From the first purchase to the last.
    pub recency: f64,
    /// From the first purchase to the end of the history.
    pub age: f64,
    /// Mean of the repeat purchases, in minor units.
    pub mean_minor: f64,
}

impl History {
    /// Takes a purchase; `day` counts from 1970-01-01.
    pub fn add(&mut self, customer: &str, day: i32, minor: i64) {
        if !self.customers.contains_key(customer) {
            self.customers.insert(customer.to_owned(), BTreeMap::new());
        }
        if let Some(days) = self.customers.get_mut(customer) {
            let spent = days.entry(day).or_default();
            *spent = spent.saturating_add(minor);
        }
        self.until = Some(self.until.map_or(day, |until| until.max(day)));
    }

    /// The history was looked at until this day.
    pub fn seen_until(&mut self, day: i32) {
        self.until = Some(self.until.map_or(day, |until| until.max(day)));
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.customers.is_empty()
    }

    /// Days from the first purchase of all to the end.
    #[must_use]
    pub fn days(&self) -> u32 {
        let first = self.customers.values().filter_map(|days| days.first_key_value()).map(|(day, _)| *day).min();
        first.zip(self.until).map_or(0, |(first, until)| until.abs_diff(first))
    }

    /// Every customer's habit, by customer.
    #[must_use]
    pub fn habits(&self) -> Vec<Habit> {
        let until = self.until.unwrap_or_default();
        self.customers.values().filter_map(|days| habit(days, until)).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "money of one customer")]
fn habit(days: &BTreeMap<i32, i64>, until: i32) -> Option<Habit> {
    let (first, last) = (*days.first_key_value()?.0, *days.last_key_value()?.0);
    let repeats = u32::try_from(days.len() - 1).ok()?;
    let spent: i64 = days.values().skip(1).fold(0, |sum, minor| sum.saturating_add(*minor));
    Some(Habit {
        repeats,
        recency: f64::from(last) - f64::from(first),
        age: f64::from(until.max(last)) - f64::from(first),
        mean_minor: if repeats > 0 { spent as f64 / f64::from(repeats) } else { 0.0 },
    })
}
