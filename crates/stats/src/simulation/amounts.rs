//! Where the amounts of those who reach a target come from.

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;

use crate::compound::{Compound, Moments};
use crate::funnel::amounts::{Amounts, SegmentAmounts};
use crate::funnel::history::OpenIndividual;
use crate::random::factor;

/// Amounts by segment, and what known ones are realised at.
pub(crate) struct AmountSources {
    /// Ascending; their sources stand in the same order, the pool's last.
    segments: Vec<u32>,
    sources: Vec<Compound>,
    ratio: Option<Compound>,
}

/// How far the true mean of each source lies from its estimate in one future, as a factor.
pub(crate) struct Levels {
    by_source: Vec<f64>,
    ratio: f64,
}

impl AmountSources {
    pub(crate) fn new(amounts: &Amounts) -> Self {
        let pool = Arc::new(amounts.pool.clone());
        let segment = |one: &SegmentAmounts| Compound::new(one.own.clone(), &pool, one.own_weight);
        let own = amounts.segments.values().map(segment);
        Self {
            segments: amounts.segments.keys().copied().collect(),
            sources: own.chain([Compound::of(amounts.pool.clone())]).collect(),
            ratio: amounts.realised_ratio.clone().map(Compound::of),
        }
    }

    pub(crate) fn draw_levels(&self, random: &mut ChaCha8Rng) -> Levels {
        let mut level = |source: &Compound| factor(source.mean_variation, random);
        Levels {
            by_source: self.sources.iter().map(&mut level).collect(),
            ratio: self.ratio.as_ref().map_or(1.0, level),
        }
    }

    /// The source of a segment's amounts: its own, or the pool for an unknown one.
    pub(crate) fn of_segment(&self, segment: u32) -> Source {
        Source(self.segments.binary_search(&segment).unwrap_or(self.segments.len()))
    }

    /// The moments of one amount of a source, apart from its level.
    pub(crate) fn moments(&self, source: Source) -> Moments {
        self.sources[source.0].one
    }

    /// What an open individual brings in the mean if it reaches a target.
    pub(crate) fn expected(&self, one: &OpenIndividual) -> f64 {
        let of_segment = || self.moments(self.of_segment(one.segment)).mean;
        one.amount.map_or_else(of_segment, |known| known * self.mean_ratio())
    }

    /// The sum of `count` amounts of a source.
    pub(crate) fn sum(
        &self,
        source: Source,
        count: u64,
        levels: &Levels,
        random: &mut ChaCha8Rng,
    ) -> f64 {
        levels.of(Some(source)) * self.sources[source.0].sum(count, random)
    }

    /// What known amounts are realised at in the mean, apart from the level.
    pub(crate) fn mean_ratio(&self) -> f64 {
        self.ratio.as_ref().map_or(1.0, |ratio| ratio.one.mean)
    }

    /// The mean of what one of several known amounts is realised at, given their moments, and the
    /// other moments of what it is realised at beside its expectation; all apart from the level.
    pub(crate) fn realised(&self, known: Moments) -> Moments {
        let Moments { mean, variance, third } = known;
        let (square, cube) =
            (variance + mean.powi(2), third + 3.0 * mean * variance + mean.powi(3));
        let ratio = self.ratio.as_ref().map(|ratio| ratio.one);
        let ratio = ratio.unwrap_or(Moments { mean: 1.0, variance: 0.0, third: 0.0 });
        Moments {
            mean: mean * ratio.mean,
            variance: square * ratio.variance,
            third: cube * ratio.third,
        }
    }

    /// The amount of one open individual, if it reaches a target.
    pub(crate) fn draw(
        &self,
        one: &OpenIndividual,
        levels: &Levels,
        random: &mut ChaCha8Rng,
    ) -> f64 {
        let Some(known) = one.amount else {
            return self.sum(self.of_segment(one.segment), 1, levels, random);
        };
        known * levels.ratio * self.ratio.as_ref().map_or(1.0, |ratio| ratio.draw(random))
    }
}

/// Position of a source of amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source(usize);

impl Levels {
    /// The level of a source; without one, that of realised amounts.
    pub(crate) fn of(&self, source: Option<Source>) -> f64 {
        source.map_or(self.ratio, |source| self.by_source[source.0])
    }
}
