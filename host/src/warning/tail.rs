//! The upper tail of a count: how unlikely so many posts are.
//!
//! Posts come in clusters, and the rate they come at is itself estimated, so counts vary more than independent ones
//! would: a negative binomial with a given mean and variance, which is a Poisson where the two are equal.

/// Terms that are added up one by one; what is left after them is bounded by a geometric series.
const TERMS: u32 = 4_096;

/// −ln of the probability of at least `count` posts where `mean` are expected with a `variance`; 0 for a count that is
/// not above the mean.
#[must_use]
pub fn surprise(count: u64, mean: f64, variance: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of posts")]
    let k = count as f64;
    if k <= mean || mean <= 0.0 {
        return 0.0;
    }
    // Barely wider than a Poisson: the limit without its special case.
    let excess = (variance - mean).max(mean * 1e-6);
    let shape = mean * mean / excess;
    let share = mean / (shape + mean);
    let first = ln_gamma(k + shape) - ln_gamma(k + 1.0) - ln_gamma(shape)
        + shape * (shape / (shape + mean)).ln()
        + k * share.ln();
    -(first + series(k, shape, share).ln()).min(0.0)
}

/// The tail in units of its first term.
fn series(k: f64, shape: f64, share: f64) -> f64 {
    let (mut sum, mut term, mut j) = (0.0, 1.0, k);
    let mut ratio = 0.0;
    for _ in 0..TERMS {
        sum += term;
        ratio = (j + shape) / (j + 1.0) * share;
        term *= ratio;
        j += 1.0;
        if term < sum * 1e-12 {
            return sum;
        }
    }
    sum + term / (1.0 - ratio.max(share)).max(1e-12)
}

/// Stirling's series, from 8 on; below it by the recurrence Γ(x+1) = x·Γ(x).
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 8.0 {
        shift += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poisson_tail_is_what_its_sum_says() {
        // 1 − e⁻²·(1 + 2 + 2 + 4/3 + 2/3), by hand.
        let five = 1.0 - (-2.0_f64).exp() * (1.0 + 2.0 + 2.0 + 4.0 / 3.0 + 2.0 / 3.0);
        assert!((surprise(5, 2.0, 2.0) + five.ln()).abs() < 1e-4, "{}", surprise(5, 2.0, 2.0));
        // P(X ≥ 1) = 1 − e^−μ.
        assert!((surprise(1, 0.01, 0.01) + (1.0 - (-0.01_f64).exp()).ln()).abs() < 1e-4);
    }

    #[test]
    fn a_geometric_tail_is_a_power() {
        // Shape 1: P(X ≥ k) = (μ / (1 + μ))^k.
        for (k, mean) in [(4, 0.25_f64), (50, 6.0), (900, 24.0)] {
            let exact = -f64::from(k) * (mean / (1.0 + mean)).ln();
            let found = surprise(u64::try_from(k).unwrap(), mean, mean + mean * mean);
            assert!((found - exact).abs() < 1e-6 * exact, "{found} {exact}");
        }
    }

    #[test]
    fn more_is_never_likelier_and_nothing_is_endless() {
        for (mean, variance) in [(0.001, 0.001), (3.0, 9.0), (500.0, 80_000.0), (1e6, 1e7)] {
            let mut before = 0.0;
            for count in [1, 2, 5, 20, 1_000, 1_000_000, u64::MAX] {
                let now = surprise(count, mean, variance);
                assert!(now.is_finite() && now >= before, "{count} of {mean}: {now} after {before}");
                before = now;
            }
        }
        assert!(surprise(3, 3.0, 9.0).abs() < f64::EPSILON && surprise(7, 0.0, 0.0).abs() < f64::EPSILON);
    }
}
