//! Which assumption matters most: each improved by a tenth, all else as it is.

use super::chance::{Case, Worlds, share_within};
use super::course::Parts;
use super::flow::Flow;
use super::lags::spreads;
use super::{Future, Goal, Lag, Model, PlanError, Step, UnderWay};

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
    worlds: &Worlds,
    goal: Goal,
    entries: f64,
) -> Result<Vec<Driver>, PlanError> {
    let steps = 0..model.assumptions.steps.len();
    let levers = [Lever::Amount, Lever::Entries].into_iter();
    let levers = levers.chain(steps.clone().map(Lever::Share)).chain(steps.map(Lever::Lag));
    let before = Case::new(model.parts.wins);
    let amount_before = amount(model, &before, entries);
    let probability_before = probability(model, worlds, goal, &before, entries);
    let mut drivers = Vec::new();
    for lever in levers {
        let case = improved(model, lever)?;
        let entries = if lever == Lever::Entries { entries * (1.0 + IMPROVEMENT) } else { entries };
        drivers.push(Driver {
            lever,
            probability_change: probability(model, worlds, goal, &case, entries)
                - probability_before,
            amount_change: super::round(amount(model, &case, entries) - amount_before),
        });
    }
    drivers.sort_by(|a, b| {
        let probability = b.probability_change.total_cmp(&a.probability_change);
        probability.then(b.amount_change.total_cmp(&a.amount_change))
    });
    Ok(drivers)
}

/// The amount that is to be expected of so many planned entries and all else.
fn amount(model: &Model, case: &Case, entries: f64) -> f64 {
    let mean = model.mean_amount() * case.amount_factor;
    case.wins.of(entries) * mean + model.in_goal(&model.under_way.open_by_month) * case.open_factor
}

/// The probability of the goal. On the present course its futures bring so much more or less; a
/// plan that nothing tells the course of is held against what its worlds need.
fn probability(model: &Model, worlds: &Worlds, goal: Goal, case: &Case, entries: f64) -> f64 {
    let UnderWay { course: Some(_), futures, .. } = &model.under_way else {
        return share_within(&worlds.entries_needed(case), entries);
    };
    let on_course = model.parts.wins.on_course().max(f64::MIN_POSITIVE);
    let new_factor = case.amount_factor * case.wins.of(entries) / on_course;
    let brings =
        |future: &Future| future.open_amount * case.open_factor + future.new_amount * new_factor;
    let reaches = |future: &&Future| brings(future) >= goal.amount - goal.booked;
    futures.iter().filter(reaches).count() as f64 / futures.len().max(1) as f64
}

fn improved(model: &Model, lever: Lever) -> Result<Case, PlanError> {
    let mut case = Case::new(model.parts.wins);
    let mut steps = model.assumptions.steps.clone();
    match lever {
        Lever::Entries => return Ok(case),
        Lever::Amount => {
            case.amount_factor = 1.0 + IMPROVEMENT;
            case.open_factor = 1.0 + IMPROVEMENT;
            return Ok(case);
        }
        Lever::Share(step) => {
            let share = &mut steps[step].share;
            let gain = (*share * (1.0 + IMPROVEMENT)).min(1.0) / *share;
            *share *= gain;
            // Those who are open have the last step before them.
            if step + 1 == steps.len() {
                case.open_factor = gain;
            }
        }
        Lever::Lag(step) => steps[step].lag = faster(&steps[step].lag),
    }
    case.wins = parts(model, &steps)?.wins;
    if model.parts.wins.besides > 0.0 {
        case.besides_factor = case.wins.besides / model.parts.wins.besides;
    }
    Ok(case)
}

/// What comes of the same entries when the steps are other ones.
fn parts(model: &Model, steps: &[Step]) -> Result<Parts, PlanError> {
    let spreads = spreads(steps, &model.grid)?;
    let flow = Flow { steps, spreads: &spreads, scale: &model.scale, grid: &model.grid };
    Ok(Parts::new(&flow, model.under_way.course.as_ref(), &model.landing))
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
