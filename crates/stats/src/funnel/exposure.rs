//! Who was there to leave, and who left: stays counted once for every form of the model.
//!
//! Forms differ in which days they look at and in which days are alike to them. Days that no form
//! tells apart are of one kind, and individuals are counted by kind of day and age (the person-days
//! of a Lexis diagram), so that a form's own counts are sums of a few rows. It refuses to know what
//! a form does with them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::arrivals::STEP_DAYS;
use super::history::{Facts, Sojourn, State};
use super::place::Periods;

/// The most steps back from the as-of day over which paces are compared.
const STEPS_MAX: u32 = 12;

/// How one form of the model looks at days.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct View<'a> {
    /// The first day that is looked at; stays under way are entered late.
    pub first_day: i32,
    pub periods: Option<&'a Periods>,
}

/// Days that no form tells apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct KindOfDay {
    /// By view: whether it looks at the day, and the part of its period (0 without periods).
    seen: Vec<(bool, usize)>,
    /// The step of 30 days back from the as-of day, counted from 0.
    step: Option<u32>,
}

/// All stays up to the as-of day.
pub(crate) struct Exposure<'a> {
    views: &'a [View<'a>],
    calendar: Calendar,
    /// By state.
    states: Vec<StaysInState>,
    /// Moves to a target in each whole step of 30 days back from the as-of day.
    pub reached_by_step: Vec<f64>,
}

/// The stays in one state.
struct StaysInState {
    stays: Vec<Stay>,
    /// Segments seen, ascending.
    segments: Vec<u32>,
    /// By kind of day and age: individuals there.
    there: Vec<Vec<u32>>,
}

/// One stay; what it says of time is relative to nothing, as in [`Sojourn`].
#[derive(Clone, Copy)]
pub(crate) struct Stay {
    pub start_day: i32,
    pub age_days: u32,
    /// Position in the segments of its state.
    pub segment: u32,
    pub next: Option<usize>,
}

impl Stay {
    /// The last day on which it is looked at: that of leaving, or the as-of day.
    pub(crate) fn last_day(&self) -> i32 {
        self.start_day.saturating_add_unsigned(self.age_days)
    }
}

impl<'a> Exposure<'a> {
    pub(crate) fn new(
        facts: &Facts,
        states: &[State],
        views: &'a [View<'a>],
        as_of_day: i32,
    ) -> Self {
        let first_day = facts.first_day(as_of_day);
        let calendar = Calendar::new(views, first_day..=as_of_day);
        let steps = ((as_of_day.abs_diff(first_day) + 1) / STEP_DAYS).min(STEPS_MAX);
        let mut reached_by_step = vec![0.0; steps as usize];
        for sojourn in facts.sojourns.iter().filter(|one| is_target(one, states)) {
            let day = sojourn.start_day.saturating_add_unsigned(sojourn.age_days);
            let step = (as_of_day.abs_diff(day) / STEP_DAYS) as usize;
            reached_by_step.get_mut(step).into_iter().for_each(|count| *count += 1.0);
        }
        let mut by_state = vec![Vec::new(); states.len()];
        facts.sojourns.iter().for_each(|sojourn| by_state[sojourn.state].push(sojourn));
        let states = by_state.iter().map(|of| StaysInState::new(of, &calendar)).collect();
        Self { views, calendar, states, reached_by_step }
    }

    /// The stays in each state as one of the views sees them.
    pub(crate) fn states(&self, view: usize) -> impl Iterator<Item = Seen<'_>> {
        self.states.iter().map(move |state| Seen { exposure: self, state, view })
    }
}

fn is_target(sojourn: &Sojourn, states: &[State]) -> bool {
    sojourn.next.is_some_and(|next| states[next].is_target)
}

impl StaysInState {
    fn new(sojourns: &[&Sojourn], calendar: &Calendar) -> Self {
        let mut segments: Vec<u32> = sojourns.iter().map(|sojourn| sojourn.segment).collect();
        segments.sort_unstable();
        segments.dedup();
        let stay = |sojourn: &&Sojourn| Stay {
            start_day: sojourn.start_day,
            age_days: sojourn.age_days,
            segment: segments.partition_point(|&segment| segment < sojourn.segment) as u32,
            next: sojourn.next,
        };
        let stays: Vec<Stay> = sojourns.iter().map(stay).collect();
        let there = calendar.there(&stays);
        Self { stays, segments, there }
    }
}

/// The stays in one state as one view sees them.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    exposure: &'a Exposure<'a>,
    state: &'a StaysInState,
    view: usize,
}

impl Seen<'_> {
    fn first_day(&self) -> i32 {
        self.exposure.views[self.view].first_day
    }

    /// Whether days differ by their place in a period.
    pub(crate) fn has_periods(&self) -> bool {
        self.exposure.views[self.view].periods.is_some()
    }

    /// Stays that are looked at on some day.
    pub(crate) fn stays(&self) -> impl Iterator<Item = &Stay> {
        let first_day = self.first_day();
        self.state.stays.iter().filter(move |stay| stay.last_day() >= first_day)
    }

    /// The age from which on a stay is looked at (left truncation); 0 for the whole stay.
    pub(crate) fn from_age_days(&self, stay: &Stay) -> u32 {
        let late = i64::from(self.first_day()) - i64::from(stay.start_day);
        u32::try_from(late.max(0)).unwrap_or(u32::MAX)
    }

    /// Segments of the state, ascending, seen by this view or not.
    pub(crate) fn segments(&self) -> &[u32] {
        &self.state.segments
    }

    /// The part of the period on a day.
    pub(crate) fn part(&self, day: i32) -> usize {
        self.exposure.calendar.kind(day).seen[self.view].1
    }

    /// Rows of individuals there by age, each with the part of the period, on the days looked at.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (usize, &[u32])> {
        let kinds = self.exposure.calendar.kinds.iter().zip(&self.state.there);
        kinds.filter_map(|(kind, there)| {
            let (is_seen, part) = kind.seen[self.view];
            is_seen.then_some((part, there.as_slice()))
        })
    }

    /// Rows of individuals there by age on the days of the steps back, whether looked at or not,
    /// each with its step and part of the period.
    pub(crate) fn rows_by_step(&self) -> impl Iterator<Item = (usize, usize, &[u32])> {
        let kinds = self.exposure.calendar.kinds.iter().zip(&self.state.there);
        kinds.filter_map(|(kind, there)| {
            Some((kind.step? as usize, kind.seen[self.view].1, there.as_slice()))
        })
    }
}

/// The days from the first fact to the as-of day, each with its kind.
struct Calendar {
    first_day: i32,
    kinds: Vec<KindOfDay>,
    /// By day: its kind, and the last day of the run of days of that kind.
    of_day: Vec<(usize, i32)>,
}

impl Calendar {
    fn new(views: &[View], days: RangeInclusive<i32>) -> Self {
        let (first_day, as_of_day) = (*days.start(), *days.end());
        let kind = |day: i32| KindOfDay {
            seen: views.iter().map(|view| view.seen(day)).collect(),
            step: Some(as_of_day.abs_diff(day) / STEP_DAYS).filter(|&step| step < STEPS_MAX),
        };
        let mut numbers = BTreeMap::new();
        let mut of_day: Vec<(usize, i32)> = Vec::new();
        for day in days {
            let number = numbers.len();
            of_day.push((*numbers.entry(kind(day)).or_insert(number), day));
        }
        for index in (1..of_day.len()).rev() {
            let (kind, end) = of_day[index];
            if of_day[index - 1].0 == kind {
                of_day[index - 1].1 = end;
            }
        }
        let mut kinds: Vec<(usize, KindOfDay)> =
            numbers.into_iter().map(|(kind, number)| (number, kind)).collect();
        kinds.sort_unstable_by_key(|&(number, _)| number);
        Self { first_day, kinds: kinds.into_iter().map(|(_, kind)| kind).collect(), of_day }
    }

    fn kind(&self, day: i32) -> &KindOfDay {
        &self.kinds[self.of_day[day.abs_diff(self.first_day) as usize].0]
    }

    /// By kind of day and age: how many are there.
    fn there(&self, stays: &[Stay]) -> Vec<Vec<u32>> {
        let ages = stays.iter().map(|stay| stay.age_days as usize + 1).max().unwrap_or(0);
        // Steps up and, wrapping, down first; then their running sum.
        let mut there = vec![vec![0_u32; ages + 1]; self.kinds.len()];
        for stay in stays {
            self.for_each_stretch(stay, |kind, stretch| {
                let row = &mut there[kind];
                let (from, until) = (*stretch.start() as usize, *stretch.end() as usize + 1);
                row[from] = row[from].wrapping_add(1);
                row[until] = row[until].wrapping_sub(1);
            });
        }
        for row in &mut there {
            let mut now = 0_u32;
            for step in row.iter_mut() {
                now = now.wrapping_add(*step);
                *step = now;
            }
            row.truncate(ages);
        }
        there
    }

    /// Calls `visit` with each stretch of ages that a stay spent on days of one kind.
    fn for_each_stretch(&self, stay: &Stay, mut visit: impl FnMut(usize, RangeInclusive<u32>)) {
        let mut day = stay.start_day;
        while day <= stay.last_day() {
            let (kind, run_end) = self.of_day[day.abs_diff(self.first_day) as usize];
            let end = run_end.min(stay.last_day());
            visit(kind, day.abs_diff(stay.start_day)..=end.abs_diff(stay.start_day));
            day = end.saturating_add(1);
        }
    }
}

impl View<'_> {
    fn seen(&self, day: i32) -> (bool, usize) {
        (day >= self.first_day, self.periods.map_or(0, |periods| periods.part(day)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_a_stay_is_counted_once_in_its_kind() {
        let periods = Periods { first_days: vec![0, 92, 182, 272] };
        let views = [
            View { first_day: i32::MIN, periods: Some(&periods) },
            View { first_day: 300, periods: None },
        ];
        let calendar = Calendar::new(&views, -200..=600);
        let check = |start_day: i32, age_days: u32| {
            let stay = Stay { start_day, age_days, segment: 0, next: None };
            let there = calendar.there(&[stay]);
            for age in 0..=age_days {
                let day = start_day + age as i32;
                let kinds = calendar.kinds.iter().zip(&there);
                let counted: Vec<_> = kinds.filter(|(_, row)| row[age as usize] > 0).collect();
                let [(kind, row)] = counted[..] else { panic!("{day} is counted more than once") };
                assert_eq!(row[age as usize], 1);
                assert_eq!(kind.seen, [(true, periods.part(day)), (day >= 300, 0)]);
                assert_eq!(kind.step, Some((600 - day) as u32 / 30).filter(|&step| step < 12));
            }
        };
        check(0, 0);
        check(-200, 800);
        check(91, 400);
        check(290, 20);
    }
}
