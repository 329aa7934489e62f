//! Sums of amounts: exact draws for a few, a curve with the same three moments for many.

use std::collections::BTreeMap;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::funnel::amounts::Amounts;
use crate::random::{factor, gamma};
use crate::sample::Sample;

/// Sums of up to so many amounts are drawn one by one.
const EXACT_DRAWS_MAX: u64 = 64;
/// Skewness of a sum below which it is taken as normal.
const SKEWNESS_MIN: f64 = 1e-3;

/// Where amounts come from, by segment.
pub(crate) struct AmountSources {
    segments: BTreeMap<u32, Source>,
    pool: Source,
    ratio: Option<Source>,
}

/// One mixture of two samples, with its moments.
struct Source {
    own: Sample,
    pool: Sample,
    own_weight: f64,
    mean: f64,
    sd: f64,
    skewness: f64,
    /// Squared coefficient of variation of the mean's estimate.
    mean_variation: f64,
}

/// How far each source's true mean lies from its estimate in one future, as a factor.
pub(crate) struct Levels {
    segments: BTreeMap<u32, f64>,
    pool: f64,
    ratio: f64,
}

impl AmountSources {
    pub(crate) fn new(amounts: &Amounts) -> Self {
        let pool = &amounts.pool;
        let segment = |(&segment, one): (&u32, &crate::funnel::amounts::SegmentAmounts)| {
            (segment, Source::new(one.own.clone(), pool.clone(), one.own_weight))
        };
        let alone = |sample: &Sample| Source::new(sample.clone(), Sample::new(Vec::new()), 1.0);
        Self {
            segments: amounts.segments.iter().map(segment).collect(),
            pool: alone(pool),
            ratio: amounts.realised_ratio.as_ref().map(alone),
        }
    }

    pub(crate) fn draw_levels(&self, random: &mut ChaCha8Rng) -> Levels {
        let mut level = |source: &Source| factor(source.mean_variation, random);
        Levels {
            segments: self.segments.iter().map(|(&segment, one)| (segment, level(one))).collect(),
            pool: level(&self.pool),
            ratio: self.ratio.as_ref().map_or(1.0, level),
        }
    }

    /// The sum of `count` amounts of a segment.
    pub(crate) fn sum(
        &self,
        segment: u32,
        count: u64,
        levels: &Levels,
        random: &mut ChaCha8Rng,
    ) -> f64 {
        let level = levels.segments.get(&segment).unwrap_or(&levels.pool);
        level * self.segments.get(&segment).unwrap_or(&self.pool).sum(count, random)
    }

    /// What `count` amounts, known with the mean `known`, come to.
    pub(crate) fn realised(
        &self,
        known: f64,
        count: u64,
        levels: &Levels,
        random: &mut ChaCha8Rng,
    ) -> f64 {
        let ratios = self.ratio.as_ref().map_or(count as f64, |ratio| ratio.sum(count, random));
        known * ratios * levels.ratio
    }
}

impl Source {
    fn new(own: Sample, pool: Sample, own_weight: f64) -> Self {
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

    fn sum(&self, count: u64, random: &mut ChaCha8Rng) -> f64 {
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
