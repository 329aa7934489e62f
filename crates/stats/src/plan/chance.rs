//! How many entries each future needs to reach the goal.
//!
//! Of planned entries each reaches the target in time with one probability, so the entries between
//! two that do are geometric. Adding up amounts until a future's missing amount is there gives the
//! entries which that future needs; the share of futures that need no more than a plan has is the
//! plan's probability, and a quantile of what they need is the plan at a confidence. The spread of
//! the binomial count, of amounts, of open individuals and of the shares themselves is all in it.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution};
use rayon::prelude::*;

use super::calendar::Grid;
use super::{AmountAssumption, Draft};
use crate::compound::Compound;
use crate::random::{factor, gamma, stream};
use crate::simulation::{Futures, PeriodOutcome};

/// The first random stream of plans; simulations use lower ones.
const FIRST_STREAM: u64 = 1 << 33;

/// What decides how many entries are needed.
#[derive(Clone)]
pub(super) struct Chance {
    /// Share and, if uncertain, the number it is known from, by step.
    pub shares: Vec<(f64, Option<f64>)>,
    /// Share of planned entries that, going on, reach the target within the goal's window.
    pub useful: f64,
    amounts: Amounts,
    pub amount_factor: f64,
    /// Amount still missing after booked and open, by future.
    missing: Vec<f64>,
    /// What open individuals add, by future.
    open: Vec<f64>,
    pub open_factor: f64,
    seed: u64,
}

#[derive(Clone)]
enum Amounts {
    Fixed(f64),
    Gamma { mean: f64, variation: f64 },
    Empirical(Compound),
}

impl Chance {
    pub(super) fn new(draft: &Draft, useful: f64) -> Self {
        let steps = &draft.assumptions.steps;
        let open = match &draft.under_way.futures {
            Some(futures) => sums_in_goal(futures, draft.grid, |outcome| outcome.open_amount),
            None => Vec::new(),
        };
        let draws = draft.options.draws.max(open.len()).max(1);
        let open = match open.is_empty() {
            true => vec![0.0; draws],
            false => open.iter().copied().cycle().take(draws).collect(),
        };
        Self {
            shares: steps.iter().map(|step| (step.share, step.share_known_from)).collect(),
            useful,
            amounts: Amounts::new(&draft.assumptions.amount),
            amount_factor: 1.0,
            missing: vec![draft.goal.amount - draft.goal.booked; draws],
            open,
            open_factor: 1.0,
            seed: draft.options.seed,
        }
    }

    /// Probability that a planned entry reaches the target within the goal's window.
    pub(super) fn share_in_goal(&self) -> f64 {
        self.useful * self.shares.iter().map(|(share, _)| share).product::<f64>()
    }

    /// Entries that each future needs; 0 where open individuals suffice.
    pub(super) fn entries_needed(&self) -> Vec<f64> {
        let need = |(index, (missing, open)): (usize, (&f64, &f64))| {
            let mut random = stream(self.seed, FIRST_STREAM + index as u64);
            self.entries(missing - open * self.open_factor, &mut random)
        };
        let futures: Vec<_> = self.missing.iter().zip(&self.open).enumerate().collect();
        futures.into_par_iter().map(need).collect()
    }

    fn entries(&self, missing: f64, random: &mut ChaCha8Rng) -> f64 {
        let draw =
            |&(share, known_from): &(f64, Option<f64>)| draw_share(share, known_from, random);
        let share = self.useful * self.shares.iter().map(draw).product::<f64>();
        let level = self.amount_factor * self.amounts.draw_level(random);
        let (mut missing, mut entries) = (missing, 0.0);
        while missing > 0.0 {
            // Far from the goal many at once, half of what is expected to be missing.
            let wins = (missing / (level * self.amounts.mean()) / 2.0).floor().max(1.0);
            entries += trials(wins, share, random);
            missing -= level * self.amounts.sum(wins as u64, random);
        }
        entries
    }
}

/// Trials until so many successes: geometric waiting times, summed (a Gamma of the same mean and
/// variance for several).
fn trials(successes: f64, share: f64, random: &mut ChaCha8Rng) -> f64 {
    if share >= 1.0 {
        return successes;
    }
    let shape = successes / (1.0 - share);
    gamma(shape, (1.0 - share) / share, random).unwrap_or(f64::INFINITY)
}

fn draw_share(share: f64, known_from: Option<f64>, random: &mut ChaCha8Rng) -> f64 {
    let Some(trials) = known_from else { return share };
    let beta = Beta::new(share * trials + 0.5, (1.0 - share) * trials + 0.5);
    beta.map_or(share, |beta| beta.sample(random)).max(f64::MIN_POSITIVE)
}

impl Amounts {
    fn new(assumption: &AmountAssumption) -> Self {
        match assumption {
            AmountAssumption::Fixed(amount) => Self::Fixed(*amount),
            AmountAssumption::MeanSd { mean, sd } => {
                Self::Gamma { mean: *mean, variation: (sd / mean).powi(2) }
            }
            AmountAssumption::Empirical(sample) => Self::Empirical(Compound::of(sample.clone())),
        }
    }

    fn mean(&self) -> f64 {
        match self {
            Self::Fixed(amount) => *amount,
            Self::Gamma { mean, .. } => *mean,
            Self::Empirical(compound) => compound.one.mean,
        }
    }

    /// How far the true mean lies from its estimate, as a factor.
    fn draw_level(&self, random: &mut ChaCha8Rng) -> f64 {
        match self {
            Self::Empirical(compound) => factor(compound.mean_variation, random),
            _ => 1.0,
        }
    }

    fn sum(&self, count: u64, random: &mut ChaCha8Rng) -> f64 {
        match self {
            Self::Fixed(amount) => amount * count as f64,
            Self::Gamma { mean, variation } => {
                let sum = count as f64 * mean;
                sum * factor(variation / count as f64, random)
            }
            Self::Empirical(compound) => compound.sum(count, random),
        }
    }
}

/// A figure summed over the months that count towards the goal, by future.
pub(super) fn sums_in_goal(
    futures: &Futures,
    grid: &Grid,
    figure: impl Fn(&PeriodOutcome) -> f64,
) -> Vec<f64> {
    let sum = |future: &[PeriodOutcome]| {
        future
            .iter()
            .enumerate()
            .filter(|&(month, _)| grid.counts(month))
            .map(|(_, o)| figure(o))
            .sum()
    };
    futures.outcomes.chunks(futures.periods.max(1)).map(sum).collect()
}

/// The least number of entries that suffices in at least this share of futures.
pub(super) fn at_confidence(needed: &[f64], confidence: f64) -> f64 {
    let mut sorted = needed.to_vec();
    sorted.sort_by(f64::total_cmp);
    let enough = (confidence * sorted.len() as f64).ceil() as usize;
    sorted.get(enough.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// Share of futures that need no more than these entries.
pub(super) fn share_within(needed: &[f64], entries: f64) -> f64 {
    let enough = needed.iter().filter(|&&need| need <= entries).count();
    enough as f64 / needed.len().max(1) as f64
}
