//! A sample brought to another mean and spread, its shape kept as far as it can be.
//!
//! Amounts are not negative, so the sample is not moved and stretched but raised to a power and
//! scaled: what is nothing stays nothing, and what spreads wider leans further to the right. It
//! refuses to know what is in the sample.

use crate::sample::Sample;

/// Powers that are tried.
const POWER_MAX: f64 = 16.0;
/// Halvings of the interval in which the power is sought.
const STEPS: usize = 60;

/// `value ↦ scale · value ^ power`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    scale: f64,
    power: f64,
}

impl Shape {
    /// What brings a sample to a mean and a standard deviation; the deviation as near as powers
    /// up to 16 get. A sample of zeros is left as it is.
    #[must_use]
    pub fn new(sample: &Sample, mean: f64, deviation: f64) -> Self {
        let level = sample.mean();
        if level <= 0.0 || mean <= 0.0 {
            return Self { scale: if mean > 0.0 { 1.0 } else { 0.0 }, power: 1.0 };
        }
        let wanted = deviation / mean;
        let (mut low, mut high) = (0.0, POWER_MAX);
        for _ in 0..STEPS {
            let middle = (low + high) / 2.0;
            match variation(sample, level, middle) < wanted {
                true => low = middle,
                false => high = middle,
            }
        }
        let power = (low + high) / 2.0;
        let (raised, _) = moments(sample, level, power);
        Self { scale: mean / raised / level.powf(power), power }
    }

    /// The value brought along.
    #[must_use]
    pub fn of(&self, value: f64) -> f64 {
        if value > 0.0 { self.scale * value.powf(self.power) } else { 0.0 }
    }
}

/// Standard deviation ÷ mean of the sample raised to a power.
fn variation(sample: &Sample, level: f64, power: f64) -> f64 {
    let (mean, square) = moments(sample, level, power);
    if mean > 0.0 { (square / mean.powi(2) - 1.0).max(0.0).sqrt() } else { f64::INFINITY }
}

fn moments(sample: &Sample, level: f64, power: f64) -> (f64, f64) {
    let raised = |value: &f64| if *value > 0.0 { (value / level).powf(power) } else { 0.0 };
    let count = sample.sorted().len().max(1) as f64;
    let sums = sample.sorted().iter().map(raised).fold((0.0, 0.0), |(a, b), x| (a + x, b + x * x));
    (sums.0 / count, sums.1 / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation_are_as_asked_and_zero_stays_zero() {
        let sample = Sample::new((0..1_000).map(|i| f64::from(i % 97) * 3.0 + 50.0).collect());
        let check = |mean: f64, deviation: f64| {
            let shape = Shape::new(&sample, mean, deviation);
            let shaped = Sample::new(sample.sorted().iter().map(|&x| shape.of(x)).collect());
            assert!((shaped.mean() / mean - 1.0).abs() < 1e-9);
            assert!((shaped.variance().sqrt() / deviation - 1.0).abs() < 1e-6);
            assert!(shaped.sorted()[0] >= 0.0);
        };
        check(100.0, 10.0);
        check(1e9, 8e8);
        check(3.0, 0.1);
        let zeros = Sample::new(vec![0.0; 9]);
        assert_eq!(Shape::new(&zeros, 5.0, 1.0).of(0.0), 0.0);
    }
}
