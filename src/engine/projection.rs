//! Where the live will probably close: a range and its level.
//!
//! **Method.** The minutes that are complete are summed to blocks of [`BLOCK_MIN`]. Their level is a mean by exponential weights
//! ([`KEPT`] of a block's weight is left for the one before), the forecast of a level that wanders (Brown 1959; Muth 1960). What
//! is still to come is a product of how many come, how many of them buy and how dear, so that its error is a factor and not an
//! amount: the range is log-normal (Limpert, Stahel and Abbt 2001). For `R` blocks that are still to come, with `v` the variance
//! of the blocks around the level as it was before each, `k` the blocks seen and `a = 1 − KEPT`:
//!
//! ```text
//! rest  = level × R
//! s²    = v / level² × ( 1/R             noise of the coming blocks
//!                      + max(a, 1/k) )   the level itself is estimated
//!       + UNFORESEEN²                    the rest is another part of the evening than what the level was seen in
//! range = rest × exp(±t × s)             t: Student, k − 1 degrees of freedom
//! ```
//!
//! From [`LEAST_LIVES`] earlier lives of this kind on, each gives a second rest: what is reached now × what that live still made
//! after this share of its length ÷ what it had made; both rests are weighed by their variances, and the variance kept is
//! the mean of both with the square of their distance, so that two methods that disagree widen the range. The range holds
//! [`LEVEL`] of the closes, with earlier lives and without; `tests/projection.rs` holds it to that on other evenings than those
//! that [`UNFORESEEN`] was chosen on.

use super::Engine;
use super::earlier::median;
use super::metric::{Metric, Scope};
use super::time::{At, MINUTE_MS};

/// Minutes of a block: long enough that payments, polls and single orders even out.
pub const BLOCK_MIN: i64 = 5;
/// Blocks before anything is said: a quarter of an hour.
pub const LEAST_BLOCKS: usize = 3;
/// What is left of a block's weight for the one before it.
pub const KEPT: f64 = 0.85;
/// By how much, as the deviation of its logarithm, what is still to come differs from the present pace for reasons that the pace
/// cannot show: a dip, a surge, a dear product, a last call. It is 0.2 half an hour into an evening of two hours, and 0.6 at
/// minute 80. Chosen on seeds 1001 to 1024 of the scenarios `demo` and `full-evening` and 1001 to 1012 of `small-shop`
/// with a dip to a quarter, where the range then held 84 % of the closes (79 % with 0.35).
pub const UNFORESEEN: f64 = 0.4;
/// The range holds so much of the closes.
pub const LEVEL: f64 = 0.8;
/// Standard normal quantile at (1 + LEVEL) / 2.
const Z: f64 = 1.281_551_565_5;
/// Earlier lives whose shape is believed.
pub const LEAST_LIVES: usize = 3;

/// A close with its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Projection {
    /// In the metric's unit; minor units for money.
    pub expected: f64,
    pub low: f64,
    pub high: f64,
    /// Share of closes that the range holds.
    pub level: f64,
    /// Earlier lives whose shape is in it.
    pub lives: usize,
}

/// What is still to come, with its variance.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rest {
    mean: f64,
    variance: f64,
}

impl Engine {
    /// Where a sum (GMV, orders, leads) will close at the planned end. `None` before there are enough blocks, while nothing has
    /// come in, after the end, and where the live has no length.
    #[must_use]
    pub fn projection(&self, metric: Metric) -> Option<Projection> {
        let (start, end) = (self.started()?, self.plan().ends_at()?);
        if self.closed().is_some() || self.now() >= end {
            return None;
        }
        let until = self.reading(metric, Scope::Live, super::time::Span::Live).until?.min(self.now());
        let blocks = self.blocks(metric, start, until)?;
        let seen_to = start.plus_ms(blocks.len() as i64 * BLOCK_MIN * MINUTE_MS);
        let reached: f64 = blocks.iter().sum();
        let coming = minutes(end.since_ms(seen_to)) / minutes(BLOCK_MIN * MINUTE_MS);
        let pace = by_pace(&blocks, coming)?;
        let shares = self.rests_of_earlier(metric, seen_to, end);
        let rest = match by_shape(&shares, reached) {
            Some(shape) => weighed(pace, shape),
            None => pace,
        };
        let lives = if shares.len() >= LEAST_LIVES { shares.len() } else { 0 };
        let freedom = minutes(i64::try_from(blocks.len()).unwrap_or(i64::MAX) * MINUTE_MS) - 1.0;
        let factor = (student(freedom) * rest.variance.sqrt() / rest.mean).exp();
        let (low, high) = (reached + rest.mean / factor, reached + rest.mean * factor);
        Some(Projection { expected: reached + rest.mean, low, high, level: LEVEL, lives })
    }

    /// Sums of the whole blocks that are complete; `None` while there are too few.
    fn blocks(&self, metric: Metric, start: At, until: At) -> Option<Vec<f64>> {
        let count = usize::try_from(until.since_ms(start) / (BLOCK_MIN * MINUTE_MS)).ok().filter(|count| *count >= LEAST_BLOCKS)?;
        let first = start.minute();
        let sum = |block: usize| -> Option<f64> {
            let from = first + i64::try_from(block).ok()? * BLOCK_MIN;
            let values: Vec<f64> =
                (from..from + BLOCK_MIN).filter_map(|minute| self.reading_in_minute(metric, Scope::Live, minute).number()).collect();
            // a block with gaps is told by the minutes that it has
            let known = minutes(i64::try_from(values.len()).ok()? * MINUTE_MS);
            (known > 0.0).then(|| values.iter().sum::<f64>() * minutes(BLOCK_MIN * MINUTE_MS) / known)
        };
        let blocks: Vec<f64> = (0..count).filter_map(sum).collect();
        (blocks.len() == count).then_some(blocks)
    }

    /// Of every comparable life whose curve is known: what it still made after this share of its length, over what it had made.
    fn rests_of_earlier(&self, metric: Metric, seen_to: At, end: At) -> Vec<f64> {
        let Some(start) = self.started() else { return Vec::new() };
        let share = minutes(seen_to.since_ms(start)) / minutes(end.since_ms(start));
        let rest = |live: &super::earlier::EarlierLive| {
            let then = live.reached_at_share(metric, share).filter(|then| *then > 0.0)?;
            Some((live.closed_at(metric)? - then) / then)
        };
        self.earlier_lives().into_iter().filter(|live| !live.straight).filter_map(rest).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "minutes of a broadcast")]
fn minutes(ms: i64) -> f64 {
    ms as f64 / MINUTE_MS as f64
}

/// The rest by this live's own pace.
fn by_pace(blocks: &[f64], coming: f64) -> Option<Rest> {
    let (mut weight, mut sum, mut total) = (1.0, 0.0, 0.0);
    for block in blocks.iter().rev() {
        sum += block * weight;
        total += weight;
        weight *= KEPT;
    }
    let level = sum / total;
    if level <= 0.0 || coming <= 0.0 {
        return None;
    }
    // around a level that follows: every block against what the blocks before it foretold
    let mut foretold = *blocks.first()?;
    let (mut squares, mut count) = (0.0, 0.0);
    for (seen, block) in (1u32..).zip(&blocks[1..]) {
        let follows = (1.0 - KEPT).max(1.0 / (f64::from(seen) + 1.0));
        squares += (block - foretold) * (block - foretold) / (1.0 + follows);
        count += 1.0;
        foretold += (block - foretold) * follows;
    }
    let variance = squares / f64::max(count, 1.0);
    let gain = 1.0 - KEPT;
    let seen = f64::from(u32::try_from(blocks.len()).ok()?);
    let noise = variance / (level * level) * (1.0 / coming + gain.max(1.0 / seen));
    let mean = level * coming;
    Some(Rest { mean, variance: mean * mean * (noise + UNFORESEEN * UNFORESEEN) })
}

/// The rest by the shape of earlier lives.
fn by_shape(rests: &[f64], reached: f64) -> Option<Rest> {
    if rests.len() < LEAST_LIVES || reached <= 0.0 {
        return None;
    }
    let count = f64::from(u32::try_from(rests.len()).ok()?);
    let middle = median(rests.to_vec())?;
    let spread = rests.iter().map(|rest| (rest - middle) * (rest - middle)).sum::<f64>() / (count - 1.0);
    Some(Rest { mean: reached * middle, variance: reached * reached * spread * (1.0 + 1.0 / count) })
}

/// Two rests by their variances; where they disagree, the range is wider.
fn weighed(a: Rest, b: Rest) -> Rest {
    let precision = |rest: Rest| 1.0 / rest.variance.max(f64::MIN_POSITIVE);
    let share = precision(a) / (precision(a) + precision(b));
    let mean = a.mean * share + b.mean * (1.0 - share);
    let apart = (a.mean - b.mean) * (a.mean - b.mean);
    Rest { mean, variance: a.variance * share + b.variance * (1.0 - share) + apart * share * (1.0 - share) }
}

/// Student's t quantile for [`LEVEL`] (Cornish and Fisher's first terms: within 1 % from three degrees of freedom on).
fn student(freedom: f64) -> f64 {
    let freedom = freedom.max(1.0);
    let cube = Z * Z * Z;
    Z + (cube + Z) / (4.0 * freedom) + (5.0 * cube * Z * Z + 16.0 * cube + 3.0 * Z) / (96.0 * freedom * freedom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_pace_is_drawn_out_and_a_wild_one_has_a_wide_range() {
        let even = by_pace(&[10.0; 6], 12.0).unwrap();
        assert!((even.mean - 120.0).abs() < 1e-9 && (even.variance - (120.0 * UNFORESEEN).powi(2)).abs() < 1e-6, "{even:?}");
        let wild = by_pace(&[2.0, 18.0, 4.0, 16.0, 2.0, 18.0], 12.0).unwrap();
        assert!(wild.variance.sqrt() / wild.mean > 1.4 * UNFORESEEN, "{wild:?}");
        assert_eq!(by_pace(&[0.0; 6], 12.0), None, "nothing says nothing");
        let rising = by_pace(&[10.0, 12.0, 14.0, 16.0], 1.0).unwrap();
        assert!(rising.mean > 13.0, "the latest weigh most: {rising:?}");
    }

    #[test]
    fn earlier_lives_speak_from_three_on_and_disagreement_widens() {
        assert_eq!(by_shape(&[1.0, 1.0], 50.0), None);
        let shape = by_shape(&[0.9, 1.0, 1.1], 50.0).unwrap();
        assert!((shape.mean - 50.0).abs() < 1e-9 && shape.variance > 0.0);
        let pace = Rest { mean: 80.0, variance: shape.variance };
        let both = weighed(pace, shape);
        assert!((both.mean - 65.0).abs() < 1e-9 && both.variance > shape.variance + 200.0);
    }

    #[test]
    fn students_quantile_is_near_its_table() {
        for (freedom, quantile) in [(3.0, 1.638), (5.0, 1.476), (10.0, 1.372), (30.0, 1.310)] {
            assert!((student(freedom) - quantile).abs() < 0.02, "{freedom}: {}", student(freedom));
        }
    }
}
