//! Sums of amounts: exact draws for a few, a curve with the same three moments for many.
//!
//! It knows samples and counts, and not what is added up.

use std::sync::Arc;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::random::gamma;
use crate::sample::Sample;

/// Sums of up to so many amounts are drawn one by one.
pub(crate) const EXACT_DRAWS_MAX: u64 = 16;
/// Skewness of a sum below which it is taken as normal.
const SKEWNESS_MIN: f64 = 1e-3;

/// Mean, variance and third central moment; those of independent amounts add up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Moments {
    pub mean: f64,
    pub variance: f64,
    pub third: f64,
}

impl Moments {
    /// Of one sample, each value equally likely.
    pub(crate) fn of(sample: &Sample) -> Self {
        let mean = sample.mean();
        let cubes = sample.sorted().iter().map(|value| (value - mean).powi(3)).sum::<f64>();
        let third = cubes / (sample.sorted().len().max(1) as f64);
        Self { mean, variance: sample.variance(), third }
    }

    /// Of a draw from one with a probability, else from the other.
    pub(crate) fn mix(self, probability: f64, other: Self) -> Self {
        let mix = |one: f64, other: f64| probability * one + (1.0 - probability) * other;
        let mean = mix(self.mean, other.mean);
        // Second and third moment about the common mean.
        let about = |one: Self| {
            let gap = one.mean - mean;
            (one.variance + gap.powi(2), one.third + 3.0 * gap * one.variance + gap.powi(3))
        };
        let (one, other) = (about(self), about(other));
        Self { mean, variance: mix(one.0, other.0), third: mix(one.1, other.1) }
    }

    /// Of the sum of so many independent amounts.
    pub(crate) fn times(self, count: f64) -> Self {
        Self { mean: count * self.mean, variance: count * self.variance, third: count * self.third }
    }

    /// Of the amount times a known factor.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        Self {
            mean: factor * self.mean,
            variance: factor.powi(2) * self.variance,
            third: factor.powi(3) * self.third,
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.mean += other.mean;
        self.variance += other.variance;
        self.third += other.third;
    }

    /// A Pearson type III (shifted Gamma) draw with these moments.
    pub(crate) fn draw(self, random: &mut ChaCha8Rng) -> f64 {
        if self.variance <= 0.0 {
            return self.mean;
        }
        let sd = self.variance.sqrt();
        let skewness = self.third / (self.variance * sd);
        let shape = 4.0 / (skewness * skewness);
        let standard = match skewness.abs() < SKEWNESS_MIN {
            true => StandardNormal.sample(random),
            false => gamma(shape, 1.0, random)
                .map_or(0.0, |drawn| (drawn - shape) / shape.sqrt() * skewness.signum()),
        };
        self.mean + sd * standard
    }
}

/// One mixture of two samples, with its moments.
#[derive(Clone)]
pub(crate) struct Compound {
    own: Sample,
    pool: Arc<Sample>,
    own_weight: f64,
    pub one: Moments,
    /// Squared coefficient of variation of the mean's estimate.
    pub mean_variation: f64,
}

impl Compound {
    /// Amounts of one sample.
    pub(crate) fn of(sample: Sample) -> Self {
        Self::new(sample, &Arc::new(Sample::new(Vec::new())), 1.0)
    }

    /// Amounts of `own` with probability `own_weight`, else of `pool`.
    pub(crate) fn new(own: Sample, pool: &Arc<Sample>, own_weight: f64) -> Self {
        let one = Moments::of(&own).mix(own_weight, Moments::of(pool));
        let error = |sample: &Sample| sample.variance() / (sample.sorted().len().max(1) as f64);
        let squared_weights = (own_weight.powi(2), (1.0 - own_weight).powi(2));
        let mean_variance = squared_weights.0 * error(&own) + squared_weights.1 * error(pool);
        let squared_mean = one.mean.powi(2);
        let mean_variation = if squared_mean > 0.0 { mean_variance / squared_mean } else { 0.0 };
        Self { own, pool: Arc::clone(pool), own_weight, one, mean_variation }
    }

    /// The sum of `count` amounts.
    pub(crate) fn sum(&self, count: u64, random: &mut ChaCha8Rng) -> f64 {
        match count {
            0..=EXACT_DRAWS_MAX => (0..count).map(|_| self.draw(random)).sum(),
            _ => self.one.times(count as f64).draw(random),
        }
    }

    /// One amount.
    pub(crate) fn draw(&self, random: &mut ChaCha8Rng) -> f64 {
        let is_own = self.own_weight >= 1.0 || random.random::<f64>() < self.own_weight;
        let values = if is_own { self.own.sorted() } else { self.pool.sorted() };
        let last = values.len().saturating_sub(1);
        values.get(random.random_range(0..=last)).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream;

    #[test]
    fn sums_have_the_moments_of_their_parts() {
        let skewed = Sample::new(vec![1.0, 1.0, 1.0, 2.0, 3.0, 20.0]);
        let check = |count: u64| {
            let compound = Compound::of(skewed.clone());
            let mut random = stream(1, count);
            let sums = Sample::new((0..20_000).map(|_| compound.sum(count, &mut random)).collect());
            let n = count as f64;
            assert!((sums.mean() / (n * skewed.mean()) - 1.0).abs() < 0.02);
            assert!((sums.variance() / (n * skewed.variance()) - 1.0).abs() < 0.05);
            assert!((sums.skewness() - skewed.skewness() / n.sqrt()).abs() < 0.1);
        };
        check(4);
        check(EXACT_DRAWS_MAX);
        check(EXACT_DRAWS_MAX + 1);
        check(1_000);
    }

    #[test]
    fn moments_of_mixtures_and_multiples_are_those_of_all_values() {
        let a = Moments::of(&Sample::new(vec![1.0, 2.0, 6.0]));
        let check = |found: Moments, wanted: Moments| {
            let close = |a: f64, b: f64| (a - b).abs() < 1e-9 * (1.0 + b.abs());
            assert!(close(found.mean, wanted.mean), "{found:?} {wanted:?}");
            assert!(close(found.variance, wanted.variance), "{found:?} {wanted:?}");
            assert!(close(found.third, wanted.third), "{found:?} {wanted:?}");
        };
        let halves = Moments::of(&Sample::new(vec![1.0, 2.0, 6.0, 1.0, 2.0, 6.0, 3.0, 3.0]));
        check(a.mix(0.75, Moments::of(&Sample::new(vec![3.0]))), halves);
        check(a.scaled(3.0), Moments::of(&Sample::new(vec![3.0, 6.0, 18.0])));
        let mut twice = a;
        twice.add(a);
        check(a.times(2.0), twice);
    }

    #[test]
    fn a_mixture_draws_from_both() {
        let zero = Arc::new(Sample::new(vec![0.0]));
        let mixed = Compound::new(Sample::new(vec![10.0]), &zero, 0.25);
        assert_eq!((mixed.one.mean, mixed.mean_variation), (2.5, 0.0));
        let mut random = stream(3, 0);
        let share = mixed.sum(16, &mut random) / 160.0;
        assert!(share > 0.0 && share < 1.0);
        assert_eq!(Compound::of(Sample::new(Vec::new())).sum(5, &mut random), 0.0);
    }
}
