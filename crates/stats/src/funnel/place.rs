//! Place in the period: whether individuals leave faster in one part of a period than in another.
//!
//! Every period (whose first days the caller gives) is cut into equal parts. Each cause of leaving
//! gets one factor per part, shrunk towards 1 as strongly as the parts are alike. Whether the
//! factors are worth having, the past decides: see `forecast`. It refuses to know what a period is.

use std::ops::RangeInclusive;

use super::hazards::Hazards;
use super::history::{Facts, Sojourn, State};

/// Parts of a period.
pub(crate) const PARTS: usize = 6;

/// The first days of periods, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Periods {
    /// They should reach from the first fact to the end of what is forecast; outside, the nearest
    /// period's length goes on.
    pub first_days: Vec<i32>,
}

impl Periods {
    /// The part of its period in which a day lies; 0 without two period starts.
    #[must_use]
    pub fn part(&self, day: i32) -> usize {
        let (start, length) = self.period(day);
        let past = (i64::from(day) - start).rem_euclid(length);
        (past * PARTS as i64 / length) as usize
    }

    /// Start and length of the period around a day, or of the nearest one.
    fn period(&self, day: i32) -> (i64, i64) {
        let count = self.first_days.len();
        if count < 2 {
            return (0, i64::MAX);
        }
        let index = self.first_days.partition_point(|&first| first <= day).clamp(1, count - 1);
        let start = i64::from(self.first_days[index - 1]);
        (start, (i64::from(self.first_days[index]) - start).max(1))
    }

    /// The last day from `day` on that lies in the same part without a break.
    fn part_end(&self, day: i32) -> i32 {
        let (start, length) = self.period(day);
        let past = (i64::from(day) - start).rem_euclid(length);
        let next_part = past * PARTS as i64 / length + 1;
        // The first offset that lies in the next part.
        let next = (next_part * length + PARTS as i64 - 1) / PARTS as i64;
        i32::try_from(i64::from(day) + next - 1 - past).unwrap_or(i32::MAX)
    }
}

/// The parts of a run of days, looked up once.
pub(crate) struct Parts {
    first_day: i32,
    /// By day: its part, and the last day of that part.
    of_day: Vec<(usize, i32)>,
}

impl Parts {
    pub(crate) fn new(periods: &Periods, days: RangeInclusive<i32>) -> Self {
        let first_day = *days.start();
        Self {
            first_day,
            of_day: days.map(|day| (periods.part(day), periods.part_end(day))).collect(),
        }
    }

    /// The part of a day, and the last day of that part; beyond the run, part 0 without end.
    pub(crate) fn at(&self, day: i32) -> (usize, i32) {
        let position = usize::try_from(i64::from(day) - i64::from(self.first_day)).ok();
        position.and_then(|position| self.of_day.get(position)).copied().unwrap_or((0, i32::MAX))
    }
}

/// Calls `visit` with each stretch of ages that a sojourn spent in one part, between the two days.
pub(crate) fn for_each_stretch(
    sojourn: &Sojourn,
    parts: Option<&Parts>,
    days: RangeInclusive<i32>,
    mut visit: impl FnMut(usize, RangeInclusive<u32>),
) {
    let last_day = sojourn.start_day.saturating_add_unsigned(sojourn.age_days).min(*days.end());
    let mut day = sojourn.start_day.max(*days.start());
    while day <= last_day {
        let (part, part_end) = parts.map_or((0, i32::MAX), |parts| parts.at(day));
        let end = part_end.min(last_day);
        visit(part, day.abs_diff(sojourn.start_day)..=end.abs_diff(sojourn.start_day));
        day = end.saturating_add(1);
    }
}

/// Moves to a target within some days.
pub(crate) struct Reached {
    pub seen: f64,
    /// From the hazards, given who was there.
    pub expected: f64,
}

/// What was seen and what the hazards say between the two days.
pub(crate) fn reached(
    facts: &Facts,
    states: &[State],
    hazards: &[Option<Hazards>],
    parts: Option<&Parts>,
    days: RangeInclusive<i32>,
) -> Reached {
    let cumulative: Vec<Vec<Vec<f64>>> =
        hazards.iter().map(|hazards| target_hazard(hazards.as_ref(), states)).collect();
    let mut result = Reached { seen: 0.0, expected: 0.0 };
    for sojourn in &facts.sojourns {
        let left_day = sojourn.start_day.saturating_add_unsigned(sojourn.age_days);
        if left_day < *days.start() || *days.end() < sojourn.start_day {
            continue;
        }
        let is_target = sojourn.next.is_some_and(|next| states[next].is_target);
        result.seen += f64::from(u8::from(is_target && days.contains(&left_day)));
        let by_part = &cumulative[sojourn.state];
        for_each_stretch(sojourn, parts, days.clone(), |part, ages| {
            let Some(by_age) = by_part.get(part) else { return };
            let before = ages.start().checked_sub(1).map_or(0.0, |age| at(by_age, age));
            result.expected += at(by_age, *ages.end()) - before;
        });
    }
    result
}

fn at(cumulative: &[f64], age_days: u32) -> f64 {
    cumulative.get(age_days as usize).or(cumulative.last()).copied().unwrap_or(0.0)
}

/// Cumulative hazard of moving to a target, by part and by age as far as exits were seen.
fn target_hazard(hazards: Option<&Hazards>, states: &[State]) -> Vec<Vec<f64>> {
    let Some(hazards) = hazards else { return Vec::new() };
    let is_target = |cause: &usize| states[hazards.next[*cause]].is_target;
    let causes: Vec<usize> = (0..hazards.next.len()).filter(is_target).collect();
    let part = |part: usize| {
        let mut total = 0.0;
        let day = |age: usize| {
            let daily = |&cause: &usize| hazards.daily[cause][age] * hazards.places[cause][part];
            total += causes.iter().map(daily).sum::<f64>();
            total
        };
        (0..hazards.exits.len()).map(day).collect()
    };
    (0..PARTS).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_cover_every_day_once_and_keep_to_their_part() {
        let periods = Periods { first_days: vec![0, 92, 182, 272] };
        let check = |start_day: i32, age_days: u32| {
            let sojourn =
                Sojourn { segment: 0, state: 0, start_day, from_age_days: 0, age_days, next: None };
            let mut next = 0;
            let parts = Parts::new(&periods, start_day..=start_day + age_days as i32);
            for_each_stretch(&sojourn, Some(&parts), i32::MIN..=i32::MAX, |part, ages| {
                assert_eq!(*ages.start(), next);
                next = ages.end() + 1;
                for age in ages {
                    assert_eq!(periods.part(start_day + age as i32), part);
                }
            });
            assert_eq!(next, age_days + 1);
        };
        check(0, 0);
        check(-200, 700);
        check(91, 400);
        assert_eq!([0, 30, 31, 61, 62, 91, 92].map(|day| periods.part(day)), [0, 1, 2, 3, 4, 5, 0]);
    }
}
