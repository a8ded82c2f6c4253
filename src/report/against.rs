//! This live beside earlier ones, like for like: the same length from the start, the same products, the same channels, each
//! quotient with its interval.
//!
//! Shares have the interval of their counts. Sums over the live have one from how much blocks of ten minutes differ, which
//! carries that neighbouring minutes are alike; a live of fewer than four blocks has none.

use std::collections::BTreeMap;

use serde::Serialize;

use super::measure::verdict;
use crate::engine::Engine;
use crate::engine::impact::RateRatio;
use crate::engine::metric::{Metric, Reading, Scope, Unit, definition};
use crate::engine::time::{At, MINUTE_MS, Span};
use crate::summary::Folded;

/// Lives that are compared at once.
pub const MOST: usize = 20;
/// Minutes of a block.
const BLOCK: i64 = 10;
/// Blocks below which nothing is said of how they differ.
const LEAST_BLOCKS: usize = 4;
/// Products that are compared, by what sold most.
const PRODUCTS: usize = 15;

/// Figures of the whole live that are compared.
const COMPARED: [Metric; 16] = [
    Metric::GmvPaid,
    Metric::OrdersPlaced,
    Metric::CvrUv,
    Metric::CoRate,
    Metric::Aov,
    Metric::ViewersUv,
    Metric::Pcu,
    Metric::Acu,
    Metric::AvgWatchS,
    Metric::InteractionRate,
    Metric::ChatMessages,
    Metric::CartAbandon,
    Metric::CheckoutAbandon,
    Metric::Roas,
    Metric::Cac,
    Metric::Leads,
];
/// Sums whose interval comes from their blocks.
const SUMMED: [Metric; 4] = [Metric::GmvPaid, Metric::OrdersPlaced, Metric::ChatMessages, Metric::Leads];

/// A figure with what its interval is made from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Known {
    value: f64,
    /// Variance of its logarithm.
    variance: Option<f64>,
}

/// The figures of one live, up to a length.
#[derive(Clone, Debug)]
pub struct Side {
    title: String,
    started: Option<At>,
    minutes: i64,
    figures: Vec<(Metric, Known)>,
    products: BTreeMap<String, (f64, Known)>,
    channels: BTreeMap<String, Known>,
}

/// One earlier live, or all of them together.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Title of the earlier live; empty for all of them together.
    pub title: String,
    pub started: Option<At>,
    /// Lives that it stands on.
    pub lives: usize,
    /// Minutes from the start that are compared.
    pub minutes: i64,
    pub rows: Vec<Row>,
    pub products: Vec<Row>,
    pub channels: Vec<Row>,
}

/// A figure of both sides.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// A metric id, a sku or a channel.
    pub name: String,
    /// The metric that it is.
    pub metric: &'static str,
    /// In the metric's unit, minor units for money.
    pub now: f64,
    pub earlier: f64,
    pub ratio: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// `better` `worse` `no_visible_change` `cant_tell`; absent without an interval.
    pub verdict: Option<&'static str>,
}

/// Minutes that a live went on.
#[must_use]
pub fn minutes(engine: &Engine) -> i64 {
    let end = engine.closed().or(engine.tally().to);
    engine.started().zip(end).map_or(0, |(from, to)| to.since_ms(from).max(0) / MINUTE_MS)
}

impl Side {
    /// What is compared of a live that was folded to its first `minutes`.
    #[must_use]
    pub fn of(folded: &Folded, minutes: i64) -> Self {
        let engine = &folded.engine;
        let read = |metric, scope| engine.reading(metric, scope, Span::Live);
        let share = |metric, scope| known(metric, &read(metric, scope));
        let whole = |metric| {
            let mut figure = known(metric, &read(metric, Scope::Live))?;
            if SUMMED.contains(&metric) {
                figure.variance = block_variance(engine, metric, minutes);
            }
            Some((metric, figure))
        };
        let sold = |scope| read(Metric::OrdersPlaced, scope).number().unwrap_or(0.0);
        let products = engine.products().into_iter().filter_map(|view| {
            let scope = Scope::Product(view.sym);
            Some((view.sku.to_owned(), (sold(scope), share(Metric::CoRate, scope)?)))
        });
        let channels = engine.channels().into_iter();
        let channels = channels.filter_map(|view| Some((view.name.to_owned(), share(Metric::CvrUv, Scope::Channel(view.sym))?)));
        let plan = engine.plan();
        Self {
            title: if plan.title.is_empty() { plan.name.clone() } else { plan.title.clone() },
            started: engine.started(),
            minutes,
            figures: COMPARED.into_iter().filter_map(whole).collect(),
            products: products.collect(),
            channels: channels.collect(),
        }
    }

    /// Several lives as one: the mean of each figure over the lives that know it, shares by their sums being left to each.
    fn together(sides: &[Self]) -> Self {
        let figures = COMPARED.into_iter().filter_map(|metric| {
            let each = sides.iter().filter_map(|side| side.figures.iter().find(|(known, _)| *known == metric).map(|(_, figure)| *figure));
            Some((metric, mean(&each.collect::<Vec<_>>())?))
        });
        let skus: std::collections::BTreeSet<&String> = sides.iter().flat_map(|side| side.products.keys()).collect();
        let products = skus.into_iter().filter_map(|sku| {
            let each: Vec<(f64, Known)> = sides.iter().filter_map(|side| side.products.get(sku).copied()).collect();
            Some((sku.clone(), (each.iter().map(|(sold, _)| sold).sum(), mean(&each.iter().map(|(_, known)| *known).collect::<Vec<_>>())?)))
        });
        let names: std::collections::BTreeSet<&String> = sides.iter().flat_map(|side| side.channels.keys()).collect();
        let channels = names.into_iter().filter_map(|name| {
            let each: Vec<Known> = sides.iter().filter_map(|side| side.channels.get(name).copied()).collect();
            Some((name.clone(), mean(&each)?))
        });
        Self {
            title: String::new(),
            started: None,
            minutes: sides.iter().map(|side| side.minutes).min().unwrap_or(0),
            figures: figures.collect(),
            products: products.collect(),
            channels: channels.collect(),
        }
    }
}

/// The comparison with each earlier live, and with all of them together where there are several. Each pair is this live
/// and an earlier one, folded to the same length.
#[must_use]
pub fn compare(pairs: &[(Side, Side)]) -> Vec<Comparison> {
    let mut found: Vec<Comparison> = pairs.iter().map(|(now, earlier)| comparison(now, earlier, 1)).collect();
    if pairs.len() > 1 {
        let (now, earlier): (Vec<Side>, Vec<Side>) = pairs.iter().cloned().unzip();
        // The shortest of the cuts of this live: all of them lie within it.
        if let Some(now) = now.iter().min_by_key(|side| side.minutes) {
            found.insert(0, comparison(now, &Side::together(&earlier), pairs.len()));
        }
    }
    found
}

fn comparison(now: &Side, earlier: &Side, lives: usize) -> Comparison {
    let of = |side: &Side, metric| side.figures.iter().find(|(known, _)| *known == metric).map(|(_, figure)| *figure);
    let rows = COMPARED.into_iter().filter_map(|metric| Some(row(metric.id(), metric, of(now, metric)?, of(earlier, metric)?)));
    let mut shared: Vec<(&String, f64, Known, Known)> =
        now.products.iter().filter_map(|(sku, (sold, figure))| Some((sku, *sold, *figure, earlier.products.get(sku)?.1))).collect();
    shared.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let channels = now.channels.iter().filter_map(|(name, figure)| Some(row(name, Metric::CvrUv, *figure, *earlier.channels.get(name)?)));
    Comparison {
        title: earlier.title.clone(),
        started: earlier.started,
        lives,
        minutes: now.minutes.min(earlier.minutes),
        rows: rows.collect(),
        products: shared.iter().take(PRODUCTS).map(|(sku, _, now, earlier)| row(sku, Metric::CoRate, *now, *earlier)).collect(),
        channels: channels.collect(),
    }
}

/// True for what should be little.
#[must_use]
pub const fn less_is_better(metric: Metric) -> bool {
    matches!(metric, Metric::Cac | Metric::Cpa | Metric::Cpl | Metric::CartAbandon | Metric::CheckoutAbandon | Metric::RefundRate)
}

fn row(name: &str, metric: Metric, now: Known, earlier: Known) -> Row {
    let ratio = (now.value > 0.0 && earlier.value > 0.0).then(|| now.value / earlier.value);
    let interval = ratio.zip(now.variance.zip(earlier.variance));
    let interval = interval.map(|(ratio, (now, earlier))| RateRatio::from_log(ratio.ln(), (now + earlier).sqrt()));
    Row {
        name: name.to_owned(),
        metric: metric.id(),
        now: now.value,
        earlier: earlier.value,
        ratio,
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
        verdict: interval.map(|interval| verdict(interval, less_is_better(metric)).id()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "sums of a broadcast")]
fn known(metric: Metric, reading: &Reading) -> Option<Known> {
    let value = reading.number().filter(|value| value.is_finite())?;
    let definition = definition(metric);
    let is_share = definition.unit == Unit::Ratio && !definition.numerator.starts_with("gmv");
    let variance = reading.numerator.zip(reading.denominator).filter(|(over, under)| is_share && *over > 0 && over <= under);
    Some(Known { value, variance: variance.map(|(over, under)| 1.0 / over as f64 - 1.0 / under as f64) })
}

#[expect(clippy::cast_precision_loss, reason = "a few lives")]
fn mean(each: &[Known]) -> Option<Known> {
    let count = (!each.is_empty()).then_some(each.len() as f64)?;
    let value = each.iter().map(|known| known.value).sum::<f64>() / count;
    let spread = each.iter().map(|known| known.variance.map(|variance| variance * known.value * known.value));
    let spread: Option<f64> = spread.sum::<Option<f64>>();
    let variance = spread.filter(|_| value > 0.0).map(|spread| spread / (count * count * value * value));
    Some(Known { value, variance })
}

/// Variance of the logarithm of a sum, from how its blocks differ.
#[expect(clippy::cast_precision_loss, reason = "blocks of a broadcast")]
fn block_variance(engine: &Engine, metric: Metric, minutes: i64) -> Option<f64> {
    let first = engine.started()?.minute();
    let block = |place: i64| {
        let minute = |minute: i64| engine.reading_in_minute(metric, Scope::Live, minute).number().unwrap_or(0.0);
        (0..BLOCK).map(|offset| minute(first + place * BLOCK + offset)).sum::<f64>()
    };
    let blocks: Vec<f64> = (0..minutes / BLOCK).map(block).collect();
    let sum: f64 = blocks.iter().sum();
    if blocks.len() < LEAST_BLOCKS || sum <= 0.0 {
        return None;
    }
    let count = blocks.len() as f64;
    let middle = sum / count;
    let spread = blocks.iter().map(|block| (block - middle).powi(2)).sum::<f64>() / (count - 1.0);
    Some(count * spread / (sum * sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_of_lives_is_known_better_than_one_of_them() {
        let one = Known { value: 0.1, variance: Some(0.04) };
        let all = mean(&[one, one, one, one]).unwrap();
        assert!((all.value - 0.1).abs() < 1e-12 && (all.variance.unwrap() - 0.01).abs() < 1e-12);
        assert_eq!(mean(&[one, Known { value: 0.1, variance: None }]).unwrap().variance, None);
    }

    #[test]
    fn less_of_what_costs_is_better() {
        let known = |value| Known { value, variance: Some(0.001) };
        assert_eq!(row("x", Metric::CartAbandon, known(0.4), known(0.8)).verdict, Some("better"));
        assert_eq!(row("x", Metric::CvrUv, known(0.4), known(0.8)).verdict, Some("worse"));
        assert_eq!(row("x", Metric::Acu, Known { value: 5.0, variance: None }, known(4.0)).verdict, None);
    }
}
