//! Effects of the same kind of act over several lives, pooled: random effects (DerSimonian and Laird 1986).

use super::RateRatio;
use crate::engine::detect::special::Z95;

/// Pools rate ratios by inverse variance with a between-lives variance. `None` without any.
#[must_use]
pub fn pool(effects: &[RateRatio]) -> Option<RateRatio> {
    let known: Vec<(f64, f64)> = effects
        .iter()
        .filter(|e| e.low > 0.0 && e.high.is_finite() && e.high > e.low)
        .map(|e| (e.ratio.ln(), ((e.high.ln() - e.low.ln()) / (2.0 * Z95)).powi(2)))
        .collect();
    if known.is_empty() {
        return None;
    }
    let fixed: f64 = known.iter().map(|(_, v)| 1.0 / v).sum();
    let mean: f64 = known.iter().map(|(m, v)| m / v).sum::<f64>() / fixed;
    let q: f64 = known.iter().map(|(m, v)| (m - mean).powi(2) / v).sum();
    #[expect(clippy::cast_precision_loss, reason = "a handful of lives")]
    let freedom = (known.len() - 1) as f64;
    let scale = fixed - known.iter().map(|(_, v)| (1.0 / v).powi(2)).sum::<f64>() / fixed;
    let between = if scale > 0.0 { ((q - freedom) / scale).max(0.0) } else { 0.0 };
    let weight: f64 = known.iter().map(|(_, v)| 1.0 / (v + between)).sum();
    let pooled = known.iter().map(|(m, v)| m / (v + between)).sum::<f64>() / weight;
    Some(RateRatio::from_log(pooled, weight.sqrt().recip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreeing_lives_narrow_the_interval_and_disagreeing_ones_widen_it() {
        let one = RateRatio::from_log(1.4f64.ln(), 0.3);
        let four = pool(&[one; 4]).unwrap();
        assert!((four.ratio - 1.4).abs() < 1e-9 && four.low > one.low && four.high < one.high);
        let split = pool(&[RateRatio::from_log(0.7, 0.1), RateRatio::from_log(-0.7, 0.1)]).unwrap();
        assert!(split.low < 0.6 && split.high > 1.6, "{split:?}");
        assert_eq!(pool(&[]), None);
    }
}
