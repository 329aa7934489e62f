//! Which assumption matters most: each improved by a tenth, all else as it is.

use super::chance::{Worlds, share_within};
use super::changes::{Changes, Days};
use super::{Goal, Model, Options, PlanError};

/// The improvement that is tried.
const IMPROVEMENT: f64 = 0.1;

/// An assumption that can be improved. Steps are positions in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lever {
    Amount,
    Share(usize),
    Lag(usize),
    Entries,
}

/// What a 10 % improvement does while as many enter as before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Driver {
    pub lever: Lever,
    /// Added to the probability of the goal.
    pub probability_change: f64,
    /// Added to the expected amount by the goal's deadline.
    pub amount_change: f64,
}

/// All drivers, the greatest gain in probability first, then in amount, while so many entries are
/// made.
pub(super) fn rank(
    model: &Model,
    goal: Goal,
    options: Options,
    entries: f64,
) -> Result<Vec<Driver>, PlanError> {
    let steps = 0..model.assumptions.steps.len();
    let levers = [Lever::Amount, Lever::Entries].into_iter();
    let levers = levers.chain(steps.clone().map(Lever::Share)).chain(steps.map(Lever::Lag));
    let amount_before = amount(model, entries);
    let probability_before = probability(model, goal, options, entries);
    let mut drivers = Vec::new();
    for lever in levers {
        let changed = model.changed_on(&lever.improved(), Days::Kept)?;
        let entries = if lever == Lever::Entries { entries * (1.0 + IMPROVEMENT) } else { entries };
        drivers.push(Driver {
            lever,
            probability_change: probability(&changed, goal, options, entries) - probability_before,
            amount_change: super::round(amount(&changed, entries) - amount_before),
        });
    }
    drivers.sort_by(|a, b| {
        let probability = b.probability_change.total_cmp(&a.probability_change);
        probability.then(b.amount_change.total_cmp(&a.amount_change))
    });
    Ok(drivers)
}

impl Lever {
    fn improved(self) -> Changes {
        let more = 1.0 + IMPROVEMENT;
        let at = |step: usize, factor: f64| {
            let mut factors = vec![1.0; step];
            factors.push(factor);
            factors
        };
        match self {
            Self::Amount => Changes { amount: more, ..Changes::default() },
            Self::Entries => Changes { entries: more, ..Changes::default() },
            Self::Share(step) => Changes { shares: at(step, more), ..Changes::default() },
            Self::Lag(step) => Changes { lags: at(step, 1.0 - IMPROVEMENT), ..Changes::default() },
        }
    }
}

/// The amount that is to be expected: on the present course, or where nothing tells of one, of so
/// many planned entries and all else.
fn amount(model: &Model, entries: f64) -> f64 {
    let wins = match model.under_way.course {
        Some(_) => model.parts.wins.on_course(),
        None => model.parts.wins.of(entries),
    };
    wins * model.mean_amount() + model.in_goal(&model.under_way.open_by_month)
}

/// The probability of the goal on the present course; a plan that nothing tells the course of is
/// held against what its worlds need.
fn probability(model: &Model, goal: Goal, options: Options, entries: f64) -> f64 {
    match model.under_way.course {
        Some(_) => model.present_probability(goal),
        None => share_within(&Worlds::new(model, goal, options).entries_needed(), entries),
    }
}
