//! How much the pace of reaching a target varies from month to month, beyond chance.
//!
//! In each past step of 30 days the hazards expect a number; what came differs from it by more than
//! a Poisson count would. The method of moments gives the variation of a Gamma factor (negative
//! binomial counts). It refuses to know why a month was good or bad.

use super::exposure::{Exposure, product};
use super::hazards::Hazards;
use super::history::State;
use super::place::PARTS;

/// Steps below which the variation is the assumed one.
const STEPS_MIN: usize = 3;
/// Squared coefficient of variation that is assumed then: a relative standard deviation of 10 %.
const VARIATION_UNKNOWN: f64 = 0.01;

/// Squared coefficient of variation of the pace over 30 days.
pub(crate) fn variation(
    exposure: &Exposure,
    view: usize,
    states: &[State],
    hazards: &[Option<Hazards>],
) -> f64 {
    let seen = &exposure.reached_by_step;
    if seen.len() < STEPS_MIN {
        return VARIATION_UNKNOWN;
    }
    let mut expected = vec![0.0; seen.len()];
    for (hazards, in_state) in hazards.iter().zip(exposure.states(view)) {
        let Some(hazards) = hazards else { continue };
        let by_part = target_hazard(hazards, states);
        for (step, part, there) in in_state.there_by_step() {
            let moves = product(there, &by_part[part]);
            expected.get_mut(step).into_iter().for_each(|expected| *expected += moves);
        }
    }
    let (mut beyond, mut scale) = (0.0, 0.0);
    for (seen, expected) in seen.iter().zip(&expected) {
        beyond += (seen - expected).powi(2) - expected;
        scale += expected.powi(2);
    }
    if scale > 0.0 { (beyond / scale).max(0.0) } else { VARIATION_UNKNOWN }
}

/// Hazard of moving to a target, by part and by age as far as exits were seen.
fn target_hazard(hazards: &Hazards, states: &[State]) -> [Vec<f64>; PARTS] {
    let is_target = |cause: &usize| states[hazards.next[*cause]].is_target;
    let causes: Vec<usize> = (0..hazards.next.len()).filter(is_target).collect();
    std::array::from_fn(|part| {
        let daily =
            |cause: usize, age: usize| hazards.daily[cause][age] * hazards.places[cause][part];
        let day = |age: usize| causes.iter().map(|&cause| daily(cause, age)).sum();
        (0..hazards.exits.len()).map(day).collect()
    })
}
