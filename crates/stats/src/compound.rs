//! Sums of amounts: exact draws for a few, a curve with the same three moments for many.
//!
//! It knows samples and counts, and not what is added up.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::random::gamma;
use crate::sample::Sample;

/// Sums of up to so many amounts are drawn one by one.
const EXACT_DRAWS_MAX: u64 = 16;
/// Skewness of a sum below which it is taken as normal.
const SKEWNESS_MIN: f64 = 1e-3;

/// One mixture of two samples, with its moments.
#[derive(Clone)]
pub(crate) struct Compound {
    own: Sample,
    pool: Sample,
    own_weight: f64,
    pub mean: f64,
    sd: f64,
    skewness: f64,
    /// Squared coefficient of variation of the mean's estimate.
    pub mean_variation: f64,
}

impl Compound {
    /// Amounts of one sample.
    pub(crate) fn of(sample: Sample) -> Self {
        Self::new(sample, Sample::new(Vec::new()), 1.0)
    }

    /// Amounts of `own` with probability `own_weight`, else of `pool`.
    pub(crate) fn new(own: Sample, pool: Sample, own_weight: f64) -> Self {
        let mix = |own: f64, pool: f64| own_weight * own + (1.0 - own_weight) * pool;
        let mean = mix(own.mean(), pool.mean());
        let about = |sample: &Sample, power: i32| {
            let sum: f64 = sample.sorted().iter().map(|value| (value - mean).powi(power)).sum();
            sum / (sample.sorted().len().max(1) as f64)
        };
        let variance = mix(about(&own, 2), about(&pool, 2));
        let third = mix(about(&own, 3), about(&pool, 3));
        let error = |sample: &Sample| sample.variance() / (sample.sorted().len().max(1) as f64);
        let squared_weights = (own_weight.powi(2), (1.0 - own_weight).powi(2));
        let mean_variance = squared_weights.0 * error(&own) + squared_weights.1 * error(&pool);
        Self {
            own_weight,
            mean,
            sd: variance.sqrt(),
            skewness: if variance > 0.0 { third / variance.powf(1.5) } else { 0.0 },
            mean_variation: if mean == 0.0 { 0.0 } else { mean_variance / (mean * mean) },
            own,
            pool,
        }
    }

    /// The sum of `count` amounts.
    pub(crate) fn sum(&self, count: u64, random: &mut ChaCha8Rng) -> f64 {
        match count {
            0..=EXACT_DRAWS_MAX => (0..count).map(|_| self.draw(random)).sum(),
            _ => self.curve(count as f64, random),
        }
    }

    fn draw(&self, random: &mut ChaCha8Rng) -> f64 {
        let is_own = self.own_weight >= 1.0 || random.random::<f64>() < self.own_weight;
        let values = if is_own { self.own.sorted() } else { self.pool.sorted() };
        let last = values.len().saturating_sub(1);
        values.get(random.random_range(0..=last)).copied().unwrap_or(0.0)
    }

    /// A Pearson type III (shifted Gamma) draw with the mean, variance and skewness of the sum.
    fn curve(&self, count: f64, random: &mut ChaCha8Rng) -> f64 {
        let skewness = self.skewness / count.sqrt();
        let shape = 4.0 / (skewness * skewness);
        let standard = match skewness.abs() < SKEWNESS_MIN {
            true => StandardNormal.sample(random),
            false => gamma(shape, 1.0, random)
                .map_or(0.0, |drawn| (drawn - shape) / shape.sqrt() * skewness.signum()),
        };
        count * self.mean + count.sqrt() * self.sd * standard
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
    fn a_mixture_draws_from_both() {
        let mixed = Compound::new(Sample::new(vec![10.0]), Sample::new(vec![0.0]), 0.25);
        assert_eq!((mixed.mean, mixed.mean_variation), (2.5, 0.0));
        let mut random = stream(3, 0);
        let share = mixed.sum(16, &mut random) / 160.0;
        assert!(share > 0.0 && share < 1.0);
        assert_eq!(Compound::of(Sample::new(Vec::new())).sum(5, &mut random), 0.0);
    }
}
