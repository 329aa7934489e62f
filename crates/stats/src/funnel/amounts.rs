//! How large the amounts of individuals that reach a target are.
//!
//! Empirical distributions by segment, pulled towards that of all segments where a segment has few:
//! the pool's share of the mixture follows the credibility weight of Bühlmann (1967), "Experience
//! rating and credibility", ASTIN Bulletin 4. Where an individual had an amount before, the ratio
//! of the realised to that amount is kept. It refuses to know the unit.

use std::collections::BTreeMap;

use super::history::Realised;
use crate::sample::Sample;

/// Ratios below which an individual's own amount is taken as it stands.
const RATIOS_MIN: usize = 20;
/// Ratios outside these quantiles are drawn in to them: an amount of 1 is often only a placeholder.
const RATIO_QUANTILES: [f64; 2] = [0.01, 0.99];

/// Amounts of individuals that reached a target.
#[derive(Clone, Debug, PartialEq)]
pub struct Amounts {
    /// All segments together.
    pub pool: Sample,
    pub segments: BTreeMap<u32, SegmentAmounts>,
    /// Realised amount ÷ the amount known before; `None` when there is too little to say.
    pub realised_ratio: Option<Sample>,
}

/// The amounts of one segment.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentAmounts {
    pub own: Sample,
    /// Probability that a draw comes from `own` rather than from the pool.
    pub own_weight: f64,
}

/// Mean and mean squared amount by segment.
pub(crate) struct Means {
    pub pool: [f64; 2],
    segments: BTreeMap<u32, [f64; 2]>,
}

impl Means {
    /// Those of a segment; the pool's for an unknown one.
    pub(crate) fn of(&self, segment: u32) -> [f64; 2] {
        self.segments.get(&segment).copied().unwrap_or(self.pool)
    }
}

impl Amounts {
    pub(crate) fn fit(realised: &[Realised]) -> Self {
        let mut by_segment: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        for one in realised {
            by_segment.entry(one.segment).or_default().push(one.amount);
        }
        let samples = by_segment.into_iter().map(|(segment, own)| (segment, Sample::new(own)));
        let samples: BTreeMap<u32, Sample> = samples.collect();
        let prior = prior_amounts(&samples);
        let weigh = |(segment, own): (u32, Sample)| {
            let count = own.sorted().len() as f64;
            (segment, SegmentAmounts { own, own_weight: count / (count + prior) })
        };
        Self {
            pool: Sample::new(realised.iter().map(|one| one.amount).collect()),
            segments: samples.into_iter().map(weigh).collect(),
            realised_ratio: ratios(realised),
        }
    }

    /// The mean amount of a segment; the pool's for an unknown one.
    #[must_use]
    pub fn mean(&self, segment: u32) -> f64 {
        self.mixed(segment, Sample::mean)
    }

    /// The mean squared amount of a segment; the pool's for an unknown one.
    #[must_use]
    pub fn mean_square(&self, segment: u32) -> f64 {
        self.mixed(segment, Sample::mean_square)
    }

    /// What [`Amounts::mean`] and [`Amounts::mean_square`] say of every segment, each sample looked
    /// at once.
    pub(crate) fn means(&self) -> Means {
        let moments = |sample: &Sample| [sample.mean(), sample.mean_square()];
        let pool = moments(&self.pool);
        let mix = |(&segment, one): (&u32, &SegmentAmounts)| {
            let own = moments(&one.own);
            let mixed = |of: usize| one.own_weight * own[of] + (1.0 - one.own_weight) * pool[of];
            (segment, [mixed(0), mixed(1)])
        };
        Means { pool, segments: self.segments.iter().map(mix).collect() }
    }

    fn mixed(&self, segment: u32, moment: impl Fn(&Sample) -> f64) -> f64 {
        let pool = moment(&self.pool);
        let mixed = |own: &SegmentAmounts| {
            own.own_weight * moment(&own.own) + (1.0 - own.own_weight) * pool
        };
        self.segments.get(&segment).map_or(pool, mixed)
    }
}

/// Bühlmann's `k`: variance within segments ÷ variance between their means, in amounts.
fn prior_amounts(segments: &BTreeMap<u32, Sample>) -> f64 {
    let count = |sample: &Sample| sample.sorted().len() as f64;
    let all: f64 = segments.values().map(count).sum();
    let groups = segments.len() as f64;
    if groups < 2.0 || all <= groups {
        return 1.0;
    }
    let within = segments.values().map(|s| count(s) * s.variance()).sum::<f64>() / (all - groups);
    let mean = segments.values().map(|s| count(s) * s.mean()).sum::<f64>() / all;
    let spread: f64 = segments.values().map(|s| count(s) * (s.mean() - mean).powi(2)).sum();
    let effective = all - segments.values().map(|s| count(s).powi(2)).sum::<f64>() / all;
    let between = (spread - (groups - 1.0) * within) / effective;
    if between > 0.0 { within / between } else { all }
}

fn ratios(realised: &[Realised]) -> Option<Sample> {
    let ratio = |one: &Realised| Some(one.amount / one.known_before.filter(|&known| known > 0.0)?);
    let raw = Sample::new(realised.iter().filter_map(ratio).collect());
    if raw.sorted().len() < RATIOS_MIN {
        return None;
    }
    let [low, high] = RATIO_QUANTILES.map(|quantile| raw.quantile(quantile));
    Some(Sample::new(raw.sorted().iter().map(|ratio| ratio.clamp(low, high)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realised(segment: u32, amounts: &[f64]) -> impl Iterator<Item = Realised> {
        let one = move |&amount: &f64| Realised {
            segment,
            day: 0,
            amount,
            known_before: Some(2.0 * amount),
        };
        amounts.iter().map(one).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn few_amounts_lean_on_the_pool_and_many_stand_alone() {
        let many: Vec<f64> = (0..200).map(|i| 90.0 + f64::from(i % 21)).collect();
        let other: Vec<f64> = many.iter().map(|amount| amount * 2.0).collect();
        let all = realised(0, &many).chain(realised(1, &other)).chain(realised(2, &[100.0]));
        let fitted = Amounts::fit(&all.collect::<Vec<_>>());
        let weight = |segment: u32| fitted.segments[&segment].own_weight;
        assert!(weight(0) > 0.99 && weight(2) < weight(0), "{} {}", weight(0), weight(2));
        assert!((fitted.mean(0) - 100.0).abs() < 1.0);
        assert_eq!(fitted.mean(9), fitted.pool.mean());
        let ratio = fitted.realised_ratio.expect("enough ratios");
        assert_eq!((ratio.quantile(0.0), ratio.quantile(1.0)), (0.5, 0.5));
    }

    #[test]
    fn without_amounts_the_mean_is_zero() {
        let fitted = Amounts::fit(&[]);
        assert_eq!((fitted.mean(1), fitted.realised_ratio), (0.0, None));
    }
}
