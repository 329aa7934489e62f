//! How many entries each possible world needs to reach the goal.
//!
//! Of those who enter each reaches the target in time with one probability, so the entries between
//! two that do are geometric. Adding up amounts until a world's missing amount is there gives the
//! entries which that world needs; the share of worlds that need no more than a plan has is the
//! plan's probability, and a quantile of what they need is the plan at a confidence. Entries on
//! days that bring more or fewer wins count for that much more or less, as if time ran faster or
//! slower there.
//!
//! Worlds differ by chance (who goes on, and with which amount), by what open individuals bring, by
//! shares that are known from few, and by how much each arrival brings in a future of the forecast.
//! That last part is what the forecast has learnt of its own errors on past days; how many arrive
//! is not part of it, since a plan decides that.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution};
use rayon::prelude::*;

use super::course::Wins;
use super::{AmountAssumption, Course, Future, Goal, Model, Options};
use crate::compound::Compound;
use crate::random::{factor, gamma, stream};
use crate::sample::Sample;

/// The first random stream of plans; simulations use lower ones.
const FIRST_STREAM: u64 = 1 << 33;
/// The least that an arrival brings, beside the mean.
const YIELD_MIN: f64 = 0.05;

/// All worlds.
pub(super) struct Worlds {
    worlds: Vec<World>,
    /// Share and number it is known from, of the steps whose share is uncertain.
    shares: Vec<(f64, f64)>,
    amounts: Amounts,
    /// How many of each part reach the target.
    wins: Wins,
    /// Whether the mean amount is known no better than its sample tells.
    has_uncertain_level: bool,
    seed: u64,
}

/// What one world has in store.
#[derive(Clone, Copy, Debug)]
struct World {
    /// Goal less what is booked.
    missing: f64,
    open: f64,
    /// From those who come to later stages besides.
    besides: f64,
    /// How much one arrival brings, beside the mean.
    yields: f64,
}

#[derive(Clone)]
pub(super) enum Amounts {
    Fixed(f64),
    Gamma { mean: f64, variation: f64 },
    Empirical(Compound),
}

impl Worlds {
    pub(super) fn new(model: &Model, goal: Goal, options: Options) -> Self {
        let futures = &model.under_way.futures;
        let course = model.under_way.course.as_ref();
        let amounts = Amounts::new(&model.assumptions.amount);
        let wins = model.parts.wins;
        let besides_share = if wins.besides > 0.0 { wins.besides / wins.on_course() } else { 0.0 };
        let world = |index: usize| {
            let future = futures.get(index % futures.len().max(1)).copied().unwrap_or_default();
            World {
                missing: goal.amount - goal.booked,
                open: future.open_amount,
                besides: future.new_amount * besides_share,
                yields: model.yields.get(index % model.yields.len().max(1)).copied().unwrap_or(1.0),
            }
        };
        let steps = &model.assumptions.steps;
        // What the forecast says of an arrival holds what is not known of the steps behind it.
        let open_to_doubt = course.map_or(steps.len(), |course| course.arrival_stage);
        let uncertain = steps.iter().take(open_to_doubt);
        Self {
            worlds: (0..options.draws.max(futures.len()).max(1)).map(world).collect(),
            shares: uncertain
                .filter_map(|step| Some((step.share, step.share_known_from?)))
                .collect(),
            amounts,
            wins,
            has_uncertain_level: course.is_none(),
            seed: options.seed,
        }
    }

    /// Entries that each world needs; 0 where what comes besides suffices.
    pub(super) fn entries_needed(&self) -> Vec<f64> {
        let need = |(index, world): (usize, &World)| {
            let mut random = stream(self.seed, FIRST_STREAM + index as u64);
            self.entries(world, &mut random)
        };
        self.worlds.par_iter().enumerate().map(need).collect()
    }

    fn entries(&self, world: &World, random: &mut ChaCha8Rng) -> f64 {
        let drawn =
            |&(share, known_from): &(f64, f64)| draw_share(share, known_from, random) / share;
        let luck = world.yields * self.shares.iter().map(drawn).product::<f64>();
        let level = self.draw_level(random);
        let missing = world.missing - world.open - world.besides;
        if missing <= 0.0 {
            return 0.0;
        }
        let share = self.wins.of_one();
        let trials = self.trials(missing, share * luck, level, random);
        self.wins.entries_for(trials * share)
    }

    fn draw_level(&self, random: &mut ChaCha8Rng) -> f64 {
        if self.has_uncertain_level { self.amounts.draw_level(random) } else { 1.0 }
    }

    /// Trials with a chance each until the missing amount is there.
    fn trials(&self, missing: f64, share: f64, level: f64, random: &mut ChaCha8Rng) -> f64 {
        let (mut missing, mut entries) = (missing, 0.0);
        while missing > 0.0 {
            // Far from the goal many at once, half of what is expected to be missing.
            let wins = (missing / (level * self.amounts.mean()) / 2.0).floor().max(1.0);
            entries += trials_until(wins, share, random);
            missing -= level * self.amounts.sum(wins as u64, random);
        }
        entries
    }
}

/// Trials until so many successes: geometric waiting times, summed (a Gamma of the same mean and
/// variance for several).
fn trials_until(successes: f64, share: f64, random: &mut ChaCha8Rng) -> f64 {
    if share >= 1.0 {
        return successes / share;
    }
    let shape = successes / (1.0 - share);
    gamma(shape, (1.0 - share) / share, random).unwrap_or(f64::INFINITY)
}

fn draw_share(share: f64, known_from: f64, random: &mut ChaCha8Rng) -> f64 {
    let beta = Beta::new(share * known_from + 0.5, (1.0 - share) * known_from + 0.5);
    beta.map_or(share, |beta| beta.sample(random)).max(f64::MIN_POSITIVE)
}

/// How much one arrival brings in each future beside the mean, without the part of its spread that
/// the chance of single individuals explains: that is drawn for the plan's own number of them.
/// Empty where nothing tells of a course.
pub(super) fn yields(model: &Model) -> Vec<f64> {
    let futures = &model.under_way.futures;
    let Some(course) = model.under_way.course.as_ref().filter(|_| !futures.is_empty()) else {
        return Vec::new();
    };
    let amount_variation = Amounts::new(&model.assumptions.amount).variation();
    let wins = wins_of_arrivals(model, course);
    let mean_arrivals = [0, 1].map(|period| {
        futures.iter().map(|future| future.arrivals[period]).sum::<f64>() / futures.len() as f64
    });
    let raw = |future: &Future| {
        let part = |period: usize| match mean_arrivals[period] > 0.0 {
            true => wins[period] * future.arrivals[period] / mean_arrivals[period],
            false => 0.0,
        };
        future.new_amount / (part(0) + part(1))
    };
    let raw: Vec<f64> = futures.iter().map(raw).collect();
    let sample = Sample::new(raw.clone());
    let mean = sample.mean();
    let variation = sample.variance() / (mean * mean);
    let chance = (1.0 + amount_variation) / (wins[0] + wins[1]);
    let kept = ((variation - chance) / variation).max(0.0).sqrt();
    let brought = |value: f64| (1.0 + kept * (value / mean - 1.0)).max(YIELD_MIN);
    let usable = |value: f64| if value.is_finite() && mean > 0.0 { brought(value) } else { 1.0 };
    raw.into_iter().map(usable).collect()
}

/// How many in the goal's window come of the arrivals before it, and of those within.
fn wins_of_arrivals(model: &Model, course: &Course) -> [f64; 2] {
    let flow = model.flowing();
    let goal_days = model.grid.goal_days();
    [0.0, 1.0].map(|within| {
        let none = vec![0.0; course.arrivals.len()];
        let mut entering = vec![none; course.arrival_stage + 1];
        let days = course.arrivals.iter().zip(&goal_days);
        entering[course.arrival_stage] = days
            .map(|(arrivals, counts)| if *counts == within { *arrivals } else { 0.0 })
            .collect();
        flow.wins(&flow.run(&entering))
    })
}

impl Amounts {
    pub(super) fn new(assumption: &AmountAssumption) -> Self {
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

    /// Squared coefficient of variation of one amount.
    pub(super) fn variation(&self) -> f64 {
        match self {
            Self::Fixed(_) => 0.0,
            Self::Gamma { variation, .. } => *variation,
            Self::Empirical(compound) => compound.one.variance / compound.one.mean.powi(2),
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
            _ if count == 0 => 0.0,
            Self::Fixed(amount) => amount * count as f64,
            Self::Gamma { mean, variation } => {
                let sum = count as f64 * mean;
                sum * factor(variation / count as f64, random)
            }
            Self::Empirical(compound) => compound.sum(count, random),
        }
    }
}

/// The least number of entries that suffices in at least this share of worlds.
pub(super) fn at_confidence(needed: &[f64], confidence: f64) -> f64 {
    let mut sorted = needed.to_vec();
    sorted.sort_by(f64::total_cmp);
    let enough = (confidence * sorted.len() as f64).ceil() as usize;
    sorted.get(enough.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// Share of worlds that need no more than these entries.
pub(super) fn share_within(needed: &[f64], entries: f64) -> f64 {
    let enough = needed.iter().filter(|&&need| need <= entries).count();
    enough as f64 / needed.len().max(1) as f64
}
