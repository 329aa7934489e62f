//! Which assumption matters most: each improved by a tenth, all else as planned.

use super::chance::{Chance, share_within};
use super::lags::spreads;
use super::{Draft, Lag, Landing, PlanError};

/// The improvement that is tried.
const IMPROVEMENT: f64 = 0.1;
/// Mean length of a month, for a fixed lag that is made a tenth shorter.
const MONTH_DAYS: f64 = 30.436_875;

/// An assumption that can be improved. Steps are positions in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lever {
    Amount,
    Share(usize),
    Lag(usize),
    Entries,
}

/// What a 10 % improvement does while the expected plan's entries stay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Driver {
    pub lever: Lever,
    /// Added to the probability of the goal.
    pub probability_change: f64,
    /// Added to the expected amount by the goal's deadline.
    pub amount_change: f64,
}

/// All drivers, the greatest gain in probability first, then in amount.
pub(super) fn rank(
    draft: &Draft,
    base: &Chance,
    weights: &[f64],
    entries: f64,
    needed: &[f64],
) -> Result<Vec<Driver>, PlanError> {
    let steps = 0..draft.assumptions.steps.len();
    let levers = [Lever::Amount, Lever::Entries].into_iter();
    let levers = levers.chain(steps.clone().map(Lever::Share)).chain(steps.map(Lever::Lag));
    let before = Outcome::of(draft, base, entries, share_within(needed, entries));
    let mut drivers = Vec::new();
    for lever in levers {
        let (chance, entries) = improved(draft, base, weights, entries, lever)?;
        let probability = share_within(&chance.entries_needed(), entries);
        let after = Outcome::of(draft, &chance, entries, probability);
        drivers.push(Driver {
            lever,
            probability_change: after.probability - before.probability,
            amount_change: super::round(after.amount - before.amount),
        });
    }
    drivers.sort_by(|a, b| {
        let probability = b.probability_change.total_cmp(&a.probability_change);
        probability.then(b.amount_change.total_cmp(&a.amount_change))
    });
    Ok(drivers)
}

struct Outcome {
    probability: f64,
    amount: f64,
}

impl Outcome {
    fn of(draft: &Draft, chance: &Chance, entries: f64, probability: f64) -> Self {
        let mean = draft.assumptions.amount.mean() * chance.amount_factor;
        let months = (0..draft.grid.months()).filter(|&month| draft.grid.counts(month));
        let open: f64 = months.map(|month| draft.open_by_month[month]).sum();
        let amount = entries * chance.share_in_goal() * mean + open * chance.open_factor;
        Self { probability, amount }
    }
}

fn improved(
    draft: &Draft,
    base: &Chance,
    weights: &[f64],
    entries: f64,
    lever: Lever,
) -> Result<(Chance, f64), PlanError> {
    let mut chance = base.clone();
    match lever {
        Lever::Entries => return Ok((chance, entries * (1.0 + IMPROVEMENT))),
        Lever::Amount => {
            chance.amount_factor = 1.0 + IMPROVEMENT;
            chance.open_factor = 1.0 + IMPROVEMENT;
        }
        Lever::Share(step) => {
            let share = &mut chance.shares[step].0;
            let gain = (*share * (1.0 + IMPROVEMENT)).min(1.0) / *share;
            *share *= gain;
            chance.open_factor = 1.0 + (gain - 1.0) * open_before(draft, step);
        }
        Lever::Lag(step) => chance.useful = useful_when_faster(draft, weights, step)?,
    }
    Ok((chance, entries))
}

/// Part of the open amount that has yet to take a step.
fn open_before(draft: &Draft, step: usize) -> f64 {
    let by_stage = &draft.under_way.open_amount_by_stage;
    let whole: f64 = by_stage.iter().sum();
    let before: f64 = by_stage.iter().take(step + 1).sum();
    if whole > 0.0 { before / whole } else { 0.0 }
}

/// Share of planned entries in time when one lag is a tenth shorter.
fn useful_when_faster(draft: &Draft, weights: &[f64], step: usize) -> Result<f64, PlanError> {
    let mut steps = draft.assumptions.steps.clone();
    steps[step].lag = faster(&steps[step].lag);
    let landing = Landing::new(&spreads(&steps, draft.grid)?, draft.grid);
    Ok(weights.iter().zip(&landing.in_goal).map(|(weight, share)| weight * share).sum())
}

fn faster(lag: &Lag) -> Lag {
    let left = 1.0 - IMPROVEMENT;
    match lag {
        Lag::Months(0) => Lag::Months(0),
        Lag::Months(months) => {
            let days = (f64::from(*months) * MONTH_DAYS * left).round() as usize;
            let mut by_day = vec![0.0; days];
            by_day.push(1.0);
            Lag::Empirical(by_day)
        }
        Lag::LogNormal { median_days, p90_days } => {
            Lag::LogNormal { median_days: median_days * left, p90_days: p90_days * left }
        }
        Lag::Empirical(by_day) => {
            let at = |day: usize| ((day as f64 / left).round() as usize).min(by_day.len() - 1);
            let last = (by_day.len() as f64 * left).ceil() as usize;
            Lag::Empirical((0..=last).map(|day| by_day[at(day)]).collect())
        }
    }
}
