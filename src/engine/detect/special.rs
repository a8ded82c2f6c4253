//! Special functions that neither std nor `libm` has.

/// ln Γ(x) for x > 0.
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// ψ(x), the derivative of ln Γ, for x > 0: recurrence to x ≥ 6, then the asymptotic series (Abramowitz & Stegun 6.3.18).
#[must_use]
pub fn digamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 6.0 {
        shift -= 1.0 / x;
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    shift + x.ln() - 0.5 / x - y * (1.0 / 12.0 - y * (1.0 / 120.0 - y * (1.0 / 252.0 - y * (1.0 / 240.0 - y / 132.0))))
}

/// ψ'(x) for x > 0 (Abramowitz & Stegun 6.4.12).
#[must_use]
pub fn trigamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 6.0 {
        shift += 1.0 / (x * x);
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    shift + 1.0 / x + y / 2.0 + y / x * (1.0 / 6.0 - y * (1.0 / 30.0 - y * (1.0 / 42.0 - y / 30.0)))
}

/// The standard normal distribution function.
#[must_use]
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// Chance of at most `count` events where so many are expected: the Poisson distribution function, summed.
#[must_use]
pub fn poisson_at_most(count: u32, expected: f64) -> f64 {
    let (mut term, mut sum) = ((-expected).exp(), 0.0);
    for k in 0..=count {
        sum += term;
        term *= expected / (f64::from(k) + 1.0);
    }
    sum.min(1.0)
}

/// 97.5 % point of the standard normal: half-width of a 95 % interval in standard deviations.
pub const Z95: f64 = 1.959_963_984_540_054;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_met() {
        const EULER: f64 = 0.577_215_664_901_532_9;
        let pi2 = std::f64::consts::PI.powi(2);
        assert!((digamma(1.0) + EULER).abs() < 1e-10);
        assert!((digamma(0.5) + EULER + 2.0 * 2f64.ln()).abs() < 1e-10);
        assert!((trigamma(1.0) - pi2 / 6.0).abs() < 1e-9);
        assert!((trigamma(0.5) - pi2 / 2.0).abs() < 1e-9);
        assert!((normal_cdf(Z95) - 0.975).abs() < 1e-12);
        assert!((poisson_at_most(2, 3.0) - 0.423_190_081_126_843_6).abs() < 1e-12);
        assert!((poisson_at_most(0, 0.0) - 1.0).abs() < 1e-12);
    }
}
