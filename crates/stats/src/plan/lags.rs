//! Lags as spreads over days: forward for counts, backward for chances.

use super::calendar::Grid;
use super::{Lag, PlanError, ROUNDING, Step, USEFUL_SHARE};

/// Standard normal quantile of 90 %.
const NORMAL_P90: f64 = 1.281_551_565_544_600_4;

/// A lag on the plan's grid.
pub(super) enum Spread {
    Months(u32),
    /// Probability of each number of days.
    Days(Vec<f64>),
}

/// The spread of every step.
pub(super) fn spreads(steps: &[Step], grid: &Grid) -> Result<Vec<Spread>, PlanError> {
    let spread = |(step, of): (usize, &Step)| {
        Spread::new(&of.lag, grid.days()).map_err(|problem| PlanError::Lag { step, problem })
    };
    steps.iter().enumerate().map(spread).collect()
}

impl Spread {
    fn new(lag: &Lag, days: usize) -> Result<Self, &'static str> {
        match lag {
            Lag::Months(months) => Ok(Self::Months(*months)),
            Lag::LogNormal { median_days, p90_days } => log_normal(*median_days, *p90_days, days),
            Lag::Empirical(by_day) => empirical(by_day, days),
        }
    }

    /// Where counts on each day come to be.
    pub(super) fn forward(&self, from: &[f64], grid: &Grid) -> Vec<f64> {
        let mut to = vec![0.0; from.len()];
        for (position, &count) in from.iter().enumerate().filter(|&(_, &count)| count != 0.0) {
            match self {
                Self::Months(months) => {
                    if let Some(later) = grid.later(position, *months) {
                        to[later] += count;
                    }
                }
                Self::Days(lag) => {
                    to[position..].iter_mut().zip(lag).for_each(|(to, share)| *to += count * share);
                }
            }
        }
        to
    }

    /// The mean on each day of what lies the lag later; 0 beyond the grid.
    pub(super) fn backward(&self, later: &[f64], grid: &Grid) -> Vec<f64> {
        let at = |position: usize| match self {
            Self::Months(months) => grid.later(position, *months).map_or(0.0, |to| later[to]),
            Self::Days(lag) => {
                later[position..].iter().zip(lag).map(|(to, share)| to * share).sum()
            }
        };
        (0..later.len()).map(at).collect()
    }
}

/// Which entry days are in time for the goal.
#[derive(Clone)]
pub(super) struct Landing {
    /// First day that is useful for the goal, and last day that is in time.
    pub useful: Option<(usize, usize)>,
    /// The days from which at least half of those who would ever reach the target do so in the
    /// goal's window.
    pub useful_days: Vec<bool>,
}

impl Landing {
    pub(super) fn new(spreads: &[Spread], grid: &Grid) -> Self {
        let back = |target: Vec<f64>| {
            spreads.iter().rev().fold(target, |later, spread| spread.backward(&later, grid))
        };
        let in_goal = back(grid.goal_days());
        let in_time = back(vec![1.0; grid.days()]);
        let enough = |share: &f64| *share >= USEFUL_SHARE - 1.0 / ROUNDING;
        let first = grid.start().max(in_goal.iter().position(enough).unwrap_or(usize::MAX));
        let last = in_time.iter().rposition(enough).unwrap_or(0);
        let useful = (first <= last).then_some((first, last));
        let is_useful = |(day, share)| useful.is_some() && day >= grid.start() && enough(share);
        Self { useful, useful_days: in_goal.iter().enumerate().map(is_useful).collect() }
    }

    /// Days from the first possible entry until half of those who reach the target have.
    pub(super) fn typical_days(&self, spreads: &[Spread], grid: &Grid) -> Option<u32> {
        let mut entered = vec![0.0; grid.days()];
        *entered.get_mut(grid.start())? = 1.0;
        let reached = spreads.iter().fold(entered, |now, spread| spread.forward(&now, grid));
        let mut sum = 0.0;
        let half = reached.iter().position(|share| {
            sum += share;
            sum >= USEFUL_SHARE
        })?;
        Some((half - grid.start()) as u32)
    }
}

fn log_normal(median_days: f64, p90_days: f64, days: usize) -> Result<Spread, &'static str> {
    if !(median_days > 0.0 && p90_days > median_days && p90_days.is_finite()) {
        return Err("the median must be above 0 and below the 90 % quantile");
    }
    let sigma = (p90_days / median_days).ln() / NORMAL_P90;
    // Days are whole, so that lag `d` stands for all from `d - 1/2` to `d + 1/2`.
    let by = |day: usize| normal_share(((day as f64 + 0.5) / median_days).ln() / sigma);
    Ok(Spread::Days(differences((0..days).map(by))))
}

/// Standard normal distribution function.
fn normal_share(standard: f64) -> f64 {
    0.5 * libm::erfc(-standard / std::f64::consts::SQRT_2)
}

fn empirical(by_day: &[f64], days: usize) -> Result<Spread, &'static str> {
    let rises = by_day.windows(2).all(|pair| pair[0] <= pair[1]);
    let ends_at_one = by_day.last().is_some_and(|last| (last - 1.0).abs() < 1e-9);
    let starts = by_day.first().is_some_and(|&first| first >= 0.0);
    if !(rises && ends_at_one && starts) {
        return Err("its daily shares must rise from at least 0 to 1");
    }
    Ok(Spread::Days(differences(by_day.iter().copied().take(days))))
}

fn differences(cumulative: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut before = 0.0;
    let step = |now: f64| {
        let gained = now - before;
        before = now;
        gained
    };
    cumulative.map(step).collect()
}
