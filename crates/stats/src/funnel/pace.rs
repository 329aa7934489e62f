//! How much the pace of reaching a target varies from month to month, beyond chance.
//!
//! In each past step of 30 days the hazards by age expect a number; what came differs from it by
//! more than a Poisson count would. The method of moments gives the variation of a Gamma factor
//! (negative binomial counts). It refuses to know why a month was good or bad.

use super::arrivals::STEP_DAYS;
use super::hazards::Hazards;
use super::history::{Facts, Sojourn, State};

/// The most steps back that are compared.
const STEPS_MAX: u32 = 12;
/// Steps below which the variation is the assumed one.
const STEPS_MIN: usize = 3;
/// Squared coefficient of variation that is assumed then: a relative standard deviation of 10 %.
const VARIATION_UNKNOWN: f64 = 0.01;

/// Squared coefficient of variation of the pace over 30 days.
pub(crate) fn variation(
    facts: &Facts,
    states: &[State],
    hazards: &[Option<Hazards>],
    as_of_day: i32,
) -> f64 {
    let first_day = facts.entries.iter().map(|entry| entry.day).min().unwrap_or(as_of_day);
    let steps = ((as_of_day.abs_diff(first_day) + 1) / STEP_DAYS).min(STEPS_MAX) as usize;
    if steps < STEPS_MIN {
        return VARIATION_UNKNOWN;
    }
    let cumulative: Vec<Vec<f64>> = hazards.iter().map(|h| target_hazard(h, states)).collect();
    let mut tally = vec![Step::default(); steps];
    for sojourn in &facts.sojourns {
        let is_target = sojourn.next.is_some_and(|next| states[next].is_target);
        for (back, step) in tally.iter_mut().enumerate() {
            step.add(sojourn, &cumulative[sojourn.state], is_target, as_of_day, back);
        }
    }
    excess(&tally)
}

/// What was seen and expected in one step.
#[derive(Clone, Default)]
struct Step {
    seen: f64,
    expected: f64,
}

impl Step {
    fn add(
        &mut self,
        sojourn: &Sojourn,
        cumulative: &[f64],
        reached: bool,
        as_of_day: i32,
        back: usize,
    ) {
        let step_days = STEP_DAYS as i32;
        let until = as_of_day - step_days * back as i32 - sojourn.start_day;
        let from = until - step_days;
        let left = sojourn.age_days as i32;
        self.seen += f64::from(u8::from(reached && from < left && left <= until));
        self.expected += at(cumulative, until.min(left)) - at(cumulative, from.min(left));
    }
}

fn at(cumulative: &[f64], age_days: i32) -> f64 {
    let Ok(age) = usize::try_from(age_days) else { return 0.0 };
    cumulative.get(age).or(cumulative.last()).copied().unwrap_or(0.0)
}

/// Cumulative hazard of moving to a target by age, for the ages at which exits were seen.
fn target_hazard(hazards: &Option<Hazards>, states: &[State]) -> Vec<f64> {
    let Some(hazards) = hazards else { return Vec::new() };
    let mut total = 0.0;
    let daily = |age: usize| {
        let causes = hazards.next.iter().zip(&hazards.daily);
        let to_target = causes.filter(|&(&next, _)| states[next].is_target);
        total += to_target.map(|(_, days)| days[age]).sum::<f64>();
        total
    };
    (0..hazards.exits.len()).map(daily).collect()
}

fn excess(steps: &[Step]) -> f64 {
    let beyond: f64 = steps.iter().map(|s| (s.seen - s.expected).powi(2) - s.expected).sum();
    let scale: f64 = steps.iter().map(|step| step.expected.powi(2)).sum();
    if scale > 0.0 { (beyond / scale).max(0.0) } else { VARIATION_UNKNOWN }
}
