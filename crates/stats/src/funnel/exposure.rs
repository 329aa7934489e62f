//! Who was there to leave, and who left: stays counted once for every form of the model.
//!
//! Forms differ in which days they look at and in which days are alike to them. Days that no form
//! tells apart are of one kind, and individuals are counted by kind of day and age (the person-days
//! of a Lexis diagram), so that a form's own counts are sums of a few rows. It refuses to know what
//! a form does with them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rayon::prelude::*;

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

/// All stays up to the as-of day.
pub(crate) struct Exposure<'a> {
    views: &'a [View<'a>],
    calendar: Calendar,
    /// Segments seen, ascending.
    segments: Vec<u32>,
    states: Vec<Stays>,
    /// Moves to a target in each whole step of 30 days back from the as-of day.
    pub reached_by_step: Vec<f64>,
}

impl<'a> Exposure<'a> {
    pub(crate) fn new(
        facts: &Facts,
        states: &[State],
        views: &'a [View<'a>],
        as_of_day: i32,
    ) -> Self {
        let first_day = facts.first_day(as_of_day);
        let calendar = Calendar::new(views, first_day, as_of_day);
        let mut segments: Vec<u32> = facts.entries.iter().map(|entry| entry.segment).collect();
        segments.sort_unstable();
        segments.dedup();
        let steps = ((as_of_day.abs_diff(first_day) + 1) / STEP_DAYS).min(STEPS_MAX);
        let mut reached_by_step = vec![0.0; steps as usize];
        let mut by_state = vec![Vec::new(); states.len()];
        for sojourn in &facts.sojourns {
            by_state[sojourn.state].push(sojourn);
            if sojourn.next.is_some_and(|next| states[next].is_target) {
                let step = as_of_day.abs_diff(sojourn.last_day()) / STEP_DAYS;
                reached_by_step.get_mut(step as usize).into_iter().for_each(|count| *count += 1.0);
            }
        }
        let count = |sojourns: &Vec<&Sojourn>| Stays::count(sojourns, &calendar, &segments);
        let states = by_state.par_iter().map(count).collect();
        Self { views, calendar, segments, states, reached_by_step }
    }

    /// The stays in each state as one of the views sees them.
    pub(crate) fn states(&self, view: usize) -> impl Iterator<Item = Seen<'_>> {
        self.states.iter().map(move |stays| Seen { exposure: self, stays, view })
    }
}

/// The stays in one state as one view sees them.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    exposure: &'a Exposure<'a>,
    stays: &'a Stays,
    view: usize,
}

impl<'a> Seen<'a> {
    /// Whether days differ by their place in a period.
    pub(crate) fn has_periods(&self) -> bool {
        self.exposure.views[self.view].periods.is_some()
    }

    /// The next states of all stays in the state, ascending, seen by this view or not.
    pub(crate) fn next(&self) -> &'a [usize] {
        &self.stays.next
    }

    /// All segments of all states, ascending.
    pub(crate) fn segments(&self) -> &'a [u32] {
        &self.exposure.segments
    }

    /// Individuals there by age on the days looked at, in rows that each have their part of the
    /// period.
    pub(crate) fn there(&self) -> impl Iterator<Item = (usize, &'a [u32])> {
        self.rows(&self.stays.there)
    }

    /// Exits by one cause by age, in rows as above; they end with the oldest exit by any cause.
    pub(crate) fn exits(&self, cause: usize) -> impl Iterator<Item = (usize, &'a [u32])> {
        self.rows(&self.stays.exits[cause])
    }

    /// By segment: stays looked at on some day.
    pub(crate) fn stays_by_segment(&self) -> Vec<u64> {
        self.sum(&self.stays.ends_by_segment)
    }

    /// By segment: exits by one cause.
    pub(crate) fn exits_by_segment(&self, cause: usize) -> Vec<u64> {
        self.sum(&self.stays.exits_by_segment[cause])
    }

    /// By segment: a figure by age, summed over all days of all stays that are looked at; from
    /// the oldest exit on it counts as 0.
    pub(crate) fn sum_by_segment(&self, figure_by_age: &[f64]) -> Vec<f64> {
        let calendar = &self.exposure.calendar;
        let (eras, there) = (calendar.eras.len(), &self.stays.there_by_segment);
        let sum = |segment: usize| {
            let rows = (0..eras).filter(|&era| calendar.eras[era][self.view]);
            let rows = rows.map(|era| there.row(segment * eras + era));
            rows.map(|row| product(row, figure_by_age)).sum()
        };
        (0..self.segments().len()).map(sum).collect()
    }

    /// Individuals there by age on the days of the steps back, whether looked at or not, in rows
    /// that each have their step and part of the period.
    pub(crate) fn there_by_step(&self) -> impl Iterator<Item = (usize, usize, &'a [u32])> {
        let (kinds, view) = (&self.exposure.calendar.kinds, self.view);
        kinds
            .iter()
            .zip(self.stays.there.rows())
            .filter_map(move |(kind, row)| Some((kind.step? as usize, kind.seen[view].part, row)))
    }

    /// The rows of the kinds of days looked at.
    fn rows(&self, table: &'a Table) -> impl Iterator<Item = (usize, &'a [u32])> {
        let (kinds, view) = (&self.exposure.calendar.kinds, self.view);
        let seen = kinds.iter().map(move |kind| kind.seen[view]).zip(table.rows());
        seen.filter_map(|(day, row)| day.is_looked_at.then_some((day.part, row)))
    }

    fn sum(&self, table: &'a Table) -> Vec<u64> {
        let mut sums = vec![0; table.width];
        for (_, row) in self.rows(table) {
            sums.iter_mut().zip(row).for_each(|(sum, &count)| *sum += u64::from(count));
        }
        sums
    }
}

/// A count by age times a figure by age, summed over the ages that both have.
pub(crate) fn product(counts: &[u32], figures: &[f64]) -> f64 {
    counts.iter().zip(figures).map(|(&count, figure)| f64::from(count) * figure).sum()
}

/// The stays in one state, counted.
struct Stays {
    /// Next states that occur, ascending.
    next: Vec<usize>,
    /// Individuals there, by kind of day and age.
    there: Table,
    /// By segment and era, and age up to the oldest exit.
    there_by_segment: Table,
    /// By cause: exits by kind of day and age up to the oldest exit.
    exits: Vec<Table>,
    /// By cause: exits by kind of day and segment.
    exits_by_segment: Vec<Table>,
    /// Stays by kind of their last day and segment.
    ends_by_segment: Table,
}

impl Stays {
    fn count(sojourns: &[&Sojourn], calendar: &Calendar, segments: &[u32]) -> Self {
        let next: BTreeSet<usize> = sojourns.iter().filter_map(|sojourn| sojourn.next).collect();
        let ages = |of: &&Sojourn| of.age_days as usize + 1;
        let oldest = sojourns.iter().map(ages).max().unwrap_or(0);
        let left = sojourns.iter().filter(|sojourn| sojourn.next.is_some());
        let oldest_exit = left.map(ages).max().unwrap_or(0);
        let kinds = calendar.kinds.len();
        let by_segment = || Table::new(kinds, segments.len());
        let mut stays = Self {
            there: Table::new(kinds, oldest),
            there_by_segment: Table::new(segments.len() * calendar.eras.len(), oldest_exit),
            exits: next.iter().map(|_| Table::new(kinds, oldest_exit)).collect(),
            exits_by_segment: next.iter().map(|_| by_segment()).collect(),
            ends_by_segment: by_segment(),
            next: next.into_iter().collect(),
        };
        for sojourn in sojourns {
            stays.add(sojourn, calendar, segments.partition_point(|&one| one < sojourn.segment));
        }
        stays.there_by_segment.sum_steps();
        for (start_day, alive) in Cohorts::new(sojourns, calendar).alive() {
            for (kind, ages) in calendar.stretches(start_day, alive.len() as u32 - 1) {
                let ages = ages.start as usize..ages.end as usize;
                let there = stays.there.row_mut(kind)[ages.clone()].iter_mut();
                there.zip(&alive[ages]).for_each(|(sum, alive)| *sum += alive);
            }
        }
        stays
    }

    /// All of a stay but who is there by kind of day. Those who are there by segment are steps up
    /// and down first.
    fn add(&mut self, sojourn: &Sojourn, calendar: &Calendar, segment: usize) {
        for (era, ages) in calendar.eras_of(sojourn) {
            self.there_by_segment.add_steps(segment * calendar.eras.len() + era, ages);
        }
        let (last_kind, _) = calendar.at(sojourn.last_day());
        self.ends_by_segment.add(last_kind, segment);
        if let Some(to) = sojourn.next {
            let cause = self.next.partition_point(|&state| state < to);
            self.exits[cause].add(last_kind, sojourn.age_days as usize);
            self.exits_by_segment[cause].add(last_kind, segment);
        }
    }
}

/// Stays by the day on which they began: those of one day are of the same age on every other day,
/// so that they are counted together.
struct Cohorts {
    first_day: i32,
    /// Ages of all stays, those of one day side by side.
    ages: Vec<u32>,
    /// By day: the place of its first age.
    firsts: Vec<usize>,
}

impl Cohorts {
    fn new(sojourns: &[&Sojourn], calendar: &Calendar) -> Self {
        let first_day = calendar.first_day;
        let day = |sojourn: &Sojourn| sojourn.start_day.abs_diff(first_day) as usize;
        let mut firsts = vec![0; calendar.of_day.len() + 1];
        sojourns.iter().for_each(|sojourn| firsts[day(sojourn) + 1] += 1);
        for index in 1..firsts.len() {
            firsts[index] += firsts[index - 1];
        }
        let (mut places, mut ages) = (firsts.clone(), vec![0; sojourns.len()]);
        for sojourn in sojourns {
            let place = &mut places[day(sojourn)];
            ages[*place] = sojourn.age_days;
            *place += 1;
        }
        Self { first_day, ages, firsts }
    }

    /// Each day on which stays began, with how many of them lasted to each age.
    fn alive(&self) -> impl Iterator<Item = (i32, Vec<u32>)> {
        let days = self.firsts.windows(2).zip(self.first_day..);
        days.filter_map(|(ends, day)| {
            let ages = &self.ages[ends[0]..ends[1]];
            let mut alive = vec![0; *ages.iter().max()? as usize + 1];
            ages.iter().for_each(|&age| alive[age as usize] += 1);
            for age in (1..alive.len()).rev() {
                alive[age - 1] += alive[age];
            }
            Some((day, alive))
        })
    }
}

/// Rows of counts.
struct Table {
    width: usize,
    cells: Vec<u32>,
}

impl Table {
    fn new(rows: usize, width: usize) -> Self {
        Self { width, cells: vec![0; rows * width] }
    }

    fn rows(&self) -> impl Iterator<Item = &[u32]> {
        // No row is lost: without width there is nothing to sum.
        self.cells.chunks_exact(self.width.max(1))
    }

    fn row(&self, row: usize) -> &[u32] {
        &self.cells[row * self.width..(row + 1) * self.width]
    }

    fn row_mut(&mut self, row: usize) -> &mut [u32] {
        &mut self.cells[row * self.width..(row + 1) * self.width]
    }

    fn add(&mut self, row: usize, column: usize) {
        self.cells[row * self.width + column] += 1;
    }

    /// A step up at the start and, wrapping, one down after the end, as far as the row goes.
    fn add_steps(&mut self, row: usize, columns: Range<u32>) {
        let row = self.row_mut(row);
        let step = |column: Option<&mut u32>, by: u32| {
            column.into_iter().for_each(|count| *count = count.wrapping_add(by));
        };
        step(row.get_mut(columns.start as usize), 1);
        step(row.get_mut(columns.end as usize), u32::MAX);
    }

    /// Turns steps into what they lead to.
    fn sum_steps(&mut self) {
        for row in self.cells.chunks_exact_mut(self.width.max(1)) {
            let mut now = 0_u32;
            for cell in row {
                now = now.wrapping_add(*cell);
                *cell = now;
            }
        }
    }
}

/// The days from the first fact to the as-of day, each with its kind.
struct Calendar {
    first_day: i32,
    kinds: Vec<KindOfDay>,
    /// By era and view: whether its days are looked at.
    eras: Vec<Vec<bool>>,
    /// Eras as they follow one another, each with its first and last day.
    era_runs: Vec<(usize, i32, i32)>,
    /// By day: its kind, and the last day of the run of days of that kind.
    of_day: Vec<(usize, i32)>,
}

/// Days that no form tells apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct KindOfDay {
    /// By view.
    seen: Vec<SeenDay>,
    /// The step of 30 days back from the as-of day, counted from 0.
    step: Option<u32>,
    /// Days that the same views look at are of one era.
    era: usize,
}

/// What a day is to one view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SeenDay {
    is_looked_at: bool,
    /// Part of the period; 0 without periods.
    part: usize,
}

impl Calendar {
    fn new(views: &[View], first_day: i32, as_of_day: i32) -> Self {
        let (mut eras, mut kinds) = (Numbers::new(), Numbers::new());
        let kind = |day: i32| {
            let seen: Vec<SeenDay> = views.iter().map(|view| view.seen(day)).collect();
            let era = number(&mut eras, seen.iter().map(|seen| seen.is_looked_at).collect());
            let step = Some(as_of_day.abs_diff(day) / STEP_DAYS).filter(|&step| step < STEPS_MAX);
            KindOfDay { seen, step, era }
        };
        let days = (first_day..=as_of_day).map(kind).map(|kind| number(&mut kinds, kind));
        let mut of_day: Vec<(usize, i32)> = days.zip(first_day..=as_of_day).collect();
        for index in (1..of_day.len()).rev() {
            let (kind, end) = of_day[index];
            if of_day[index - 1].0 == kind {
                of_day[index - 1].1 = end;
            }
        }
        let (kinds, eras) = (in_order(kinds), in_order(eras));
        let mut era_runs: Vec<(usize, i32, i32)> = Vec::new();
        for (&(kind, _), day) in of_day.iter().zip(first_day..) {
            let era = kinds[kind].era;
            match era_runs.last_mut().filter(|(last, ..)| *last == era) {
                Some((_, _, last_day)) => *last_day = day,
                None => era_runs.push((era, day, day)),
            }
        }
        Self { first_day, kinds, eras, era_runs, of_day }
    }

    /// The kind of a day, and the last day of its run.
    fn at(&self, day: i32) -> (usize, i32) {
        self.of_day[day.abs_diff(self.first_day) as usize]
    }

    /// The stretches of ages that a stay from a day up to an age spent on days of one kind.
    fn stretches(
        &self,
        start_day: i32,
        age_days: u32,
    ) -> impl Iterator<Item = (usize, Range<u32>)> {
        let mut age = 0;
        std::iter::from_fn(move || {
            (age <= age_days).then(|| {
                let (kind, run_end) = self.at(start_day.saturating_add_unsigned(age));
                let from = age;
                age = (run_end.abs_diff(start_day)).min(age_days) + 1;
                (kind, from..age)
            })
        })
    }

    /// The stretches of ages that a sojourn spent in each era.
    fn eras_of(&self, sojourn: &Sojourn) -> impl Iterator<Item = (usize, Range<u32>)> {
        let Sojourn { start_day, age_days, .. } = *sojourn;
        let age_on = move |day: i32| day.saturating_sub(start_day).max(0) as u32;
        self.era_runs.iter().filter_map(move |&(era, first_day, last_day)| {
            let until = age_on(last_day.saturating_add(1)).min(age_days + 1);
            let from = age_on(first_day);
            (from < until).then_some((era, from..until))
        })
    }
}

impl View<'_> {
    fn seen(&self, day: i32) -> SeenDay {
        SeenDay {
            is_looked_at: day >= self.first_day,
            part: self.periods.map_or(0, |periods| periods.part(day)),
        }
    }
}

/// Things numbered in the order in which they were first met.
type Numbers<T> = BTreeMap<T, usize>;

fn number<T: Ord>(numbers: &mut Numbers<T>, thing: T) -> usize {
    let next = numbers.len();
    *numbers.entry(thing).or_insert(next)
}

fn in_order<T>(numbers: Numbers<T>) -> Vec<T> {
    let mut things: Vec<(T, usize)> = numbers.into_iter().collect();
    things.sort_unstable_by_key(|&(_, number)| number);
    things.into_iter().map(|(thing, _)| thing).collect()
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
        let calendar = Calendar::new(&views, -200, 600);
        let check = |start_day: i32, age_days: u32| {
            let sojourn = Sojourn { segment: 7, state: 0, start_day, age_days, next: Some(1) };
            let stays = Stays::count(&[&sojourn], &calendar, &[3, 7]);
            for age in 0..=age_days {
                let day = start_day + age as i32;
                let kinds = calendar.kinds.iter().zip(stays.there.rows());
                let counted: Vec<_> = kinds.filter(|(_, row)| row[age as usize] > 0).collect();
                let [(kind, row)] = counted[..] else { panic!("{day} is counted more than once") };
                assert_eq!(row[age as usize], 1);
                let seen = |is_looked_at, part| SeenDay { is_looked_at, part };
                assert_eq!(kind.seen, [seen(true, periods.part(day)), seen(day >= 300, 0)]);
                assert_eq!(kind.step, Some((600 - day) as u32 / 30).filter(|&step| step < 12));
                let eras = [0, 1].map(|era| stays.there_by_segment.row(2 + era)[age as usize]);
                assert_eq!(eras, if day < 300 { [1, 0] } else { [0, 1] });
            }
        };
        check(0, 0);
        check(-200, 800);
        check(91, 400);
        check(290, 20);
    }
}
