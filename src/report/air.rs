//! What viewers, clicks and chat did while a product was on air, against the rest of the live: what a live teaches of its fit.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::engine::Engine;
use crate::engine::metric::{Metric, Scope, Value};
use crate::engine::time::Span;
use crate::summary::Figures;

/// Events in the minutes of a product and in the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pace {
    pub on: i64,
    pub off: i64,
}

/// A product that was on air.
#[derive(Clone, Debug, Serialize)]
pub struct Air {
    pub sku: String,
    /// Minutes that it was on air for most of.
    pub minutes: i64,
    pub other_minutes: i64,
    /// Viewers gained or lost over its minutes, and over how many of them it is known.
    pub viewers_change: i64,
    pub known_minutes: i64,
    /// Of the product itself.
    pub clicks: Option<Pace>,
    pub adds: Option<Pace>,
    pub orders: Option<Pace>,
    /// Of the whole live.
    pub messages: Option<Pace>,
    pub questions: Option<Pace>,
}

impl Pace {
    /// Events a minute with the product on air, and without.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of a broadcast")]
    pub fn rates(self, minutes: i64, others: i64) -> (Option<f64>, Option<f64>) {
        let rate = |count: i64, minutes: i64| (minutes > 0).then(|| count as f64 / minutes as f64);
        (rate(self.on, minutes), rate(self.off, others))
    }
}

/// Products that were on air, those with most minutes first.
#[must_use]
pub fn fits(engine: &Engine, figures: &Figures, on_air: &[Option<String>]) -> Vec<Air> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, sku) in on_air.iter().enumerate() {
        if let Some(sku) = sku {
            places.entry(sku).or_default().push(place);
        }
    }
    let all = i64::try_from(on_air.iter().flatten().count()).unwrap_or(i64::MAX);
    let mut rows: Vec<Air> = places.iter().map(|(sku, places)| air(engine, figures, sku, places, all)).collect();
    rows.sort_by(|a, b| b.minutes.cmp(&a.minutes).then_with(|| a.sku.cmp(&b.sku)));
    rows
}

fn air(engine: &Engine, figures: &Figures, sku: &str, places: &[usize], all: i64) -> Air {
    let minutes = i64::try_from(places.len()).unwrap_or(i64::MAX);
    let viewers = |place: usize| figures.minutes.get(place).and_then(|row| super::model::count(&row.metrics, Metric::Ccu));
    let changes = places.iter().filter_map(|place| Some(viewers(*place)? - viewers(place.checked_sub(1)?)?));
    let changes: Vec<i64> = changes.collect();
    let product = engine.products().iter().find(|view| view.sku == sku).map(|view| Scope::Product(view.sym));
    let own = |metric| {
        let scope = product?;
        let on = places.iter().filter_map(|place| figures.minutes.get(*place));
        let on = on.filter_map(|row| whole(engine.reading_in_minute(metric, scope, row.at.minute()).value)).sum();
        Some(Pace { on, off: whole(engine.reading(metric, scope, Span::Live).value)? - on })
    };
    let said = |gestures: &[&str]| {
        let rows = figures.gestures.iter().filter(|row| gestures.contains(&row.gesture));
        let (mut on, mut sum) = (0, 0);
        for row in rows {
            on += places.iter().filter_map(|place| row.minutes.get(*place).copied().flatten()).sum::<i64>();
            sum += row.minutes.iter().flatten().sum::<i64>();
        }
        Pace { on, off: sum - on }
    };
    let messages = super::model::count(&figures.broadcast, Metric::ChatMessages).map(|sum| {
        let on = places.iter().filter_map(|place| super::model::count(&figures.minutes.get(*place)?.metrics, Metric::ChatMessages)).sum();
        Pace { on, off: sum - on }
    });
    Air {
        sku: sku.to_owned(),
        minutes,
        other_minutes: all - minutes,
        viewers_change: changes.iter().sum(),
        known_minutes: i64::try_from(changes.len()).unwrap_or(i64::MAX),
        clicks: own(Metric::Clicks),
        adds: own(Metric::Adds),
        orders: own(Metric::OrdersPlaced),
        questions: messages.map(|_| said(&["price", "stock", "link", "shipping", "coupon", "payment"])),
        messages,
    }
}

const fn whole(value: Value) -> Option<i64> {
    match value {
        Value::Count(count) => Some(count),
        Value::Money(_) | Value::Number(_) | Value::Unknown(_) => None,
    }
}
