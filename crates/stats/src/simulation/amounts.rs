//! Where the amounts of those who reach a target come from, by segment.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;

use crate::compound::Compound;
use crate::funnel::amounts::{Amounts, SegmentAmounts};
use crate::random::factor;

/// Where amounts come from, by segment.
pub(crate) struct AmountSources {
    segments: BTreeMap<u32, Compound>,
    pool: Compound,
    ratio: Option<Compound>,
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
        let segment = |(&segment, one): (&u32, &SegmentAmounts)| {
            (segment, Compound::new(one.own.clone(), pool.clone(), one.own_weight))
        };
        Self {
            segments: amounts.segments.iter().map(segment).collect(),
            pool: Compound::of(pool.clone()),
            ratio: amounts.realised_ratio.as_ref().cloned().map(Compound::of),
        }
    }

    pub(crate) fn draw_levels(&self, random: &mut ChaCha8Rng) -> Levels {
        let mut level = |source: &Compound| factor(source.mean_variation, random);
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
