//! By what individuals are told apart: which of several ways would have forecast best.
//!
//! Every way labels each individual. The funnel is fitted to what was known some time ago with each
//! way's segments, all partially pooled, and asked how likely it thought what came since: who left
//! a state when, for which state, and with which amounts. The most likely way is kept, if it
//! beats telling nobody apart. It refuses to know what a label stands for.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::amounts::{Amounts, SegmentAmounts};
use super::hazards::Hazards;
use super::history::{Facts, FitError, History, Realised, Sojourn, cut_by};
use super::{Fitted, Unfitted};
use crate::sample::Sample;

/// Days since the fit on which ways are judged, at most and at least; never more than a third of
/// history.
const JUDGED_DAYS_MAX: i32 = 182;
const JUDGED_DAYS_MIN: i32 = 30;
/// Log likelihood that a way must gain over telling nobody apart.
const GAIN_MIN: f64 = 2.0;

/// One way: a label for each path of the history, in its order.
pub type Labels = Vec<u32>;

/// The way that would have forecast best, by its index; `None` when telling individuals apart
/// gains too little or history is too short to say.
///
/// # Errors
/// When the history contradicts itself or nobody had entered by `as_of_day`.
pub fn best(history: &History, ways: &[Labels], as_of_day: i32) -> Result<Option<usize>, FitError> {
    let entered = history.paths.iter().map(|path| path.entered_day);
    let first_day = entered.filter(|&day| day <= as_of_day).min();
    let first_day = first_day.ok_or(FitError::NobodyEntered { as_of_day })?;
    let history_days = as_of_day.saturating_sub(first_day);
    let judged_days = (history_days / 3).min(JUDGED_DAYS_MAX);
    if judged_days < JUDGED_DAYS_MIN {
        return Ok(None);
    }
    let fit_day = as_of_day - judged_days;
    let judge = |labels: Option<&Labels>| {
        let label = |path: usize| labels.and_then(|labels| labels.get(path)).copied().unwrap_or(0);
        let Ok(then) = cut_by(history, fit_day, &label) else { return Ok(f64::NEG_INFINITY) };
        let fitted = Unfitted::default().fit_facts(&then, &history.states, fit_day);
        Ok(likelihood(&fitted, &cut_by(history, as_of_day, &label)?, fit_day))
    };
    let all = [None].into_par_iter().chain(ways.par_iter().map(Some));
    let scores: Vec<f64> = all.map(judge).collect::<Result<_, FitError>>()?;
    let (mut best, mut most) = (None, scores[0] + GAIN_MIN);
    for (index, &score) in scores.iter().skip(1).enumerate() {
        if score > most {
            (best, most) = (Some(index), score);
        }
    }
    Ok(best)
}

/// What the most surprising exit or amount counts.
const LEAST_LOG: f64 = -12.0;

/// Log likelihood, up to a constant, of what happened after the day of the fit.
fn likelihood(fitted: &Fitted, facts: &Facts, fit_day: i32) -> f64 {
    let states: Vec<_> = fitted.hazards.iter().map(|one| one.as_ref().map(Leaving::new)).collect();
    let moves = facts.sojourns.iter().map(|sojourn| {
        states[sojourn.state].as_ref().map_or(0.0, |state| state.likelihood(sojourn, fit_day))
    });
    let after = facts.realised.iter().filter(|one| one.day > fit_day && one.amount > 0.0);
    let amounts = LogAmounts::new(&fitted.amounts);
    moves.sum::<f64>() + after.map(|one| amounts.likelihood(one)).sum::<f64>()
}

/// The hazards of one state with their sums up to each age, by cause.
struct Leaving<'a> {
    hazards: &'a Hazards,
    up_to: Vec<Vec<f64>>,
}

impl<'a> Leaving<'a> {
    fn new(hazards: &'a Hazards) -> Self {
        let sums = |days: &Vec<f64>| {
            let sum = |total: &mut f64, hazard: &f64| {
                *total += hazard;
                Some(*total)
            };
            days.iter().scan(0.0, sum).collect()
        };
        Self { hazards, up_to: hazards.daily.iter().map(sums).collect() }
    }

    /// A stay's part after the day of the fit: the hazard survived, and that of the exit. Ages past
    /// the oldest exit are all one.
    fn likelihood(&self, sojourn: &Sojourn, fit_day: i32) -> f64 {
        if sojourn.start_day.saturating_add_unsigned(sojourn.age_days) <= fit_day {
            return 0.0;
        }
        let lived = fit_day.saturating_sub(sojourn.start_day);
        let factors = self.hazards.segment_factors(sojourn.segment);
        let age = sojourn.age_days as usize;
        let cause = |(cause, factor): (usize, f64)| {
            let (days, up_to) = (&self.hazards.daily[cause], &self.up_to[cause]);
            let last = days.len() - 1;
            let before = usize::try_from(lived).map_or(0.0, |age| up_to[age.min(last)]);
            let survived = factor * (up_to[age.min(last)] - before);
            let exit = factor * days[age.min(last)];
            let left = f64::from(u8::from(sojourn.next == Some(self.hazards.next[cause])));
            left * exit.max(f64::MIN_POSITIVE).ln().max(LEAST_LOG) - survived
        };
        factors.into_iter().enumerate().map(cause).sum()
    }
}

/// Lognormal amounts by segment, each pulled towards the pool as the amounts themselves are.
struct LogAmounts {
    pool: Logs,
    segments: BTreeMap<u32, Logs>,
}

impl LogAmounts {
    fn new(amounts: &Amounts) -> Self {
        let pool = Logs::new(&amounts.pool);
        let segment = |(&segment, one): (&u32, &SegmentAmounts)| {
            let own = Logs::new(&one.own);
            let mix = |own: f64, pool: f64| one.own_weight * own + (1.0 - one.own_weight) * pool;
            let mean = mix(own.mean, pool.mean);
            (segment, Logs { mean, variance: mix(own.variance, pool.variance) })
        };
        Self { segments: amounts.segments.iter().map(segment).collect(), pool }
    }

    fn likelihood(&self, one: &Realised) -> f64 {
        let logs = self.segments.get(&one.segment).unwrap_or(&self.pool);
        let variance = logs.variance.max(LOG_VARIANCE_MIN);
        let error = one.amount.ln() - logs.mean;
        (-0.5 * (error * error / variance + variance.ln())).max(LEAST_LOG)
    }
}

/// Amounts of one price still differ by a percent.
const LOG_VARIANCE_MIN: f64 = 1e-4;

/// Mean and variance of the logarithms of amounts.
struct Logs {
    mean: f64,
    variance: f64,
}

impl Logs {
    fn new(sample: &Sample) -> Self {
        let positive = sample.sorted().iter().filter(|amount| **amount > 0.0);
        let logs = Sample::new(positive.map(|amount| amount.ln()).collect());
        Self { mean: logs.mean(), variance: logs.variance() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{WON, made_history};
    use super::*;

    #[test]
    fn what_matters_is_told_apart_and_noise_is_not() {
        let as_of_day = 600;
        let mut history = made_history(9, 4_000, 600);
        let noise: Labels = (0..4_000).map(|index| index * 7 % 5).collect();
        assert_eq!(best(&history, std::slice::from_ref(&noise), as_of_day), Ok(None));
        // Every fourth individual is worth ten times as much when it is won.
        let matters: Labels = (0..4_000).map(|index| u32::from(index % 4 == 0)).collect();
        for path in history.paths.iter_mut().step_by(4) {
            let won = path.moves.iter().any(|next| next.state == WON);
            path.amounts.iter_mut().filter(|_| won).for_each(|known| known.amount *= 10.0);
        }
        assert_eq!(best(&history, &[noise, matters], as_of_day), Ok(Some(1)));
    }
}
