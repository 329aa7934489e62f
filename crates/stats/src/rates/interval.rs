//! From an estimate and its variance to an interval of 95 %.

use super::Estimate;
use super::weights::Influences;
use crate::proportion::{self, Z_95};

/// A share among as many individuals as would have its variance, or `fallback` when it has none;
/// never more than there are.
pub(super) fn share(value: f64, variance: f64, fallback: f64, most: usize) -> Estimate {
    let alike = if variance > 0.0 { value * (1.0 - value) / variance } else { 0.0 };
    let trials = if alike > 0.0 { alike } else { fallback };
    proportion::wilson_95_of_share(value.clamp(0.0, 1.0), trials.min(most as f64)).into()
}

/// A mean whose error is skew. `None` when it has no spread to tell its error by.
pub(super) fn mean(found: &Influences) -> Option<Estimate> {
    let error = found.variance().sqrt();
    let degrees = found.known as f64 - 1.0;
    let unskewed = |quantile: f64| found.mean - error * student_of(quantile, found.skewness());
    let quantile = student_975(degrees);
    (error > 0.0).then(|| Estimate {
        value: found.mean,
        low: unskewed(quantile),
        high: unskewed(-quantile),
    })
}

/// The quantile of a studentised mean of this skewness that corresponds to a symmetric one: the
/// inverse of Hall's (1992) cubic T + γT²/3 + γ²T³/27 + γ/6.
fn student_of(quantile: f64, skewness: f64) -> f64 {
    if skewness.abs() < 1e-6 {
        return quantile;
    }
    let inner = 1.0 + skewness * (quantile - skewness / 6.0);
    3.0 * (libm::cbrt(inner) - 1.0) / skewness
}

/// The 97.5 % quantile of Student's t by the expansion of Fisher & Cornish (1960; Abramowitz &
/// Stegun 1964, 26.7.5), to 1 % from three degrees of freedom on.
pub(super) fn student_975(degrees: f64) -> f64 {
    let z = Z_95;
    let terms = [
        (z.powi(3) + z) / 4.0,
        (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0,
        (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0,
    ];
    let degrees = degrees.max(1.0);
    terms.iter().rev().fold(0.0, |sum, term| (sum + term) / degrees) + z
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table of the t distribution (Fisher & Yates).
    #[test]
    fn the_quantiles_are_those_of_the_table() {
        for (degrees, quantile) in [(3.0, 3.182), (5.0, 2.571), (10.0, 2.228), (30.0, 2.042)] {
            let found = student_975(degrees);
            assert!((found / quantile - 1.0).abs() < 0.01, "{degrees}: {found}");
        }
        assert!((student_975(1e9) - Z_95).abs() < 1e-6);
    }

    #[test]
    fn a_skew_error_reaches_further_to_its_side() {
        let cubic = |t: f64, g: f64| t + g * t * t / 3.0 + g * g * t.powi(3) / 27.0 + g / 6.0;
        for (quantile, skewness) in [(1.96, 0.4), (-1.96, 0.4), (1.96, -0.9), (-1.96, 1e-9)] {
            let found = student_of(quantile, skewness);
            assert!((cubic(found, skewness) - quantile).abs() < 1e-6, "{quantile} {skewness}");
        }
    }

    #[test]
    fn a_share_without_variance_is_one_of_a_few() {
        let none = share(0.0, 0.0, 20.0, 30);
        assert!((none.high - 0.1611).abs() < 1e-4, "{none:?}");
        assert_eq!(share(0.3, 1e-9, 20.0, 263).low, share(0.3, 0.0, 263.0, 263).low);
    }
}
