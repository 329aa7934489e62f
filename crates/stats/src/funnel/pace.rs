//! How much the pace of reaching a target varies from month to month, beyond chance.
//!
//! In each past step of 30 days the hazards expect a number; what came differs from it by more than
//! a Poisson count would. The method of moments gives the variation of a Gamma factor (negative
//! binomial counts). It refuses to know why a month was good or bad.

use super::arrivals::STEP_DAYS;
use super::hazards::Hazards;
use super::history::{Facts, State};
use super::place::{Parts, reached};

/// The most steps back that are compared.
const STEPS_MAX: u32 = 12;
/// Steps below which the variation is the assumed one.
const STEPS_MIN: u32 = 3;
/// Squared coefficient of variation that is assumed then: a relative standard deviation of 10 %.
const VARIATION_UNKNOWN: f64 = 0.01;

/// Squared coefficient of variation of the pace over 30 days.
pub(crate) fn variation(
    facts: &Facts,
    states: &[State],
    hazards: &[Option<Hazards>],
    parts: Option<&Parts>,
    as_of_day: i32,
) -> f64 {
    let first_day = facts.first_day(as_of_day);
    let steps = ((as_of_day.abs_diff(first_day) + 1) / STEP_DAYS).min(STEPS_MAX);
    if steps < STEPS_MIN {
        return VARIATION_UNKNOWN;
    }
    let (mut beyond, mut scale) = (0.0, 0.0);
    for back in 0..steps {
        let last = as_of_day.saturating_sub_unsigned(back * STEP_DAYS);
        let days = last.saturating_sub_unsigned(STEP_DAYS - 1)..=last;
        let step = reached(facts, states, hazards, parts, days);
        beyond += (step.seen - step.expected).powi(2) - step.expected;
        scale += step.expected.powi(2);
    }
    if scale > 0.0 { (beyond / scale).max(0.0) } else { VARIATION_UNKNOWN }
}
