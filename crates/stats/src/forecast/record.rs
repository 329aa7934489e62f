//! What every candidate would have said on past days, and what came.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::candidates::{CANDIDATES, Candidate, Terms};
use crate::baseline::{Booking, Bookings, Window};
use crate::funnel::amounts::Means;
use crate::funnel::arrivals::STEP_DAYS;
use crate::funnel::expectation::{Expected, expect};
use crate::funnel::history::{Facts, FitError, History, Kind, OpenIndividual, cut};
use crate::funnel::place::Periods;
use crate::funnel::{Fitted, Unfitted};

/// Days between the past days on which candidates are asked.
const GRID_DAYS: i32 = 7;
/// The days of the grid are never further apart than this.
const EVERY_DAYS_MAX: i32 = 28;
/// Past days looked back on, the latest ones.
const ORIGINS_MAX: usize = 30;
const ORIGINS_MIN: usize = 6;
/// Days of history and resolved individuals before a candidate is asked for the first time.
const HISTORY_DAYS_MIN: i32 = 60;
const RESOLVED_MIN: usize = 15;
/// Chance of one individual more or less that no forecast is without.
const LONE_CHANCE: f64 = 0.1;
/// Individuals that all past fits together may look at, so that a large history asks fewer days.
const WORK_MAX: usize = 2_500_000;

/// The history with what had been said of it.
pub struct Record<'a> {
    pub(crate) history: &'a History,
    pub(crate) periods: &'a Periods,
    pub(crate) bookings: Bookings,
    /// Those on which anybody has been asked, by day.
    origins: Mutex<BTreeMap<i32, Arc<Origin>>>,
    as_of_days: BTreeSet<i32>,
    horizon_days: u32,
    grid: Grid,
    /// What was known on the last of the as-of days.
    last_day: i32,
    facts: Facts,
}

/// One past day.
#[derive(Debug)]
pub(crate) struct Origin {
    pub day: i32,
    /// By form of the model, in the order of the candidates.
    pub models: Vec<Course>,
    /// The open amount, each weighed by the share of its state that has reached a target.
    pub stage_weighted: f64,
}

/// What one form of the model expected, day by day ahead.
#[derive(Debug)]
pub(crate) struct Course {
    expected: Vec<Expected>,
    /// Squared coefficients of variation: of the arrival rate, of 30 days of arrivals, of 30 days'
    /// pace.
    variation: [f64; 3],
    /// The least variance that is believed: that of one individual that may come or not.
    variance_min: f64,
}

impl<'a> Record<'a> {
    /// The record for forecasts from any of `as_of_days`, up to `horizon_days` ahead of each. On
    /// the past days that one forecast looks back on every candidate is asked once it does; those
    /// of several are asked now, as they share most of them.
    ///
    /// # Errors
    /// When the history contradicts itself or nobody had entered by the last of the days.
    pub fn new(
        history: &'a History,
        periods: &'a Periods,
        as_of_days: &[i32],
        horizon_days: u32,
    ) -> Result<Self, FitError> {
        let last_day = as_of_days.iter().max().copied().unwrap_or(i32::MIN);
        let facts = cut(history, last_day)?;
        let booked = facts.realised.iter();
        let booked = booked.map(|one| Booking { day: one.day, amount: one.amount });
        let record = Self {
            history,
            periods,
            bookings: Bookings::new(booked.collect()),
            origins: Mutex::default(),
            as_of_days: as_of_days.iter().copied().collect(),
            horizon_days,
            grid: Grid::new(&facts, last_day),
            last_day,
            facts,
        };
        if let [_, _, ..] = as_of_days {
            let days = as_of_days.iter().flat_map(|&day| record.grid.days(day));
            record.asked_on(&days.collect::<BTreeSet<i32>>().into_iter().collect::<Vec<_>>());
        }
        Ok(record)
    }

    /// The model with some terms, fitted to what was known at the end of a day, and who is open.
    pub(crate) fn fit(
        &self,
        terms: Terms,
        as_of_day: i32,
    ) -> Result<(Fitted, Vec<OpenIndividual>), FitError> {
        let facts = known_on(self.history, as_of_day, (self.last_day, &self.facts))?;
        let unfitted = terms.unfitted(self.periods);
        let fitted = unfitted.fit_facts(&facts, &self.history.states, as_of_day);
        let open = match facts {
            Cow::Borrowed(facts) => facts.open.clone(),
            Cow::Owned(facts) => facts.open,
        };
        Ok((fitted, open))
    }

    /// The past days on which a forecast from `as_of_day` may look back, ascending.
    pub(crate) fn looking_back(&self, as_of_day: i32) -> Vec<i32> {
        let mut days = self.grid.days(as_of_day);
        days.pop_if(|last| *last == as_of_day);
        days
    }

    /// What was said on one of the as-of days; `None` of any other day.
    pub(crate) fn said_on(&self, as_of_day: i32) -> Option<Arc<Origin>> {
        let is_known = self.as_of_days.contains(&as_of_day);
        if is_known { self.asked_on(&[as_of_day]).pop() } else { None }
    }

    /// What was said on days. Nobody waits here for another's asking, which could wait for them: of
    /// two who ask on one day at the same moment both do.
    pub(crate) fn asked_on(&self, days: &[i32]) -> Vec<Arc<Origin>> {
        let known = || self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        let missing: Vec<i32> = {
            let known = known();
            days.iter().filter(|day| !known.contains_key(day)).copied().collect()
        };
        let ask = |&day: &i32| {
            // What is sound on the last of the days is so on every day before.
            let facts = known_on(self.history, day, (self.last_day, &self.facts)).ok()?;
            let origin = Origin::new(self.history, self.periods, day, &facts, self.horizon_days);
            Some((day, Arc::new(origin)))
        };
        let asked: Vec<_> = missing.par_iter().filter_map(ask).collect();
        let mut known = known();
        known.extend(asked);
        days.iter().filter_map(|day| known.get(day).cloned()).collect()
    }
}

/// What was known on a day: as it has been cut out of the history already, or cut now.
fn known_on<'a>(
    history: &History,
    day: i32,
    (cut_day, facts): (i32, &'a Facts),
) -> Result<Cow<'a, Facts>, FitError> {
    match day == cut_day {
        true => Ok(Cow::Borrowed(facts)),
        false => cut(history, day).map(Cow::Owned),
    }
}

/// Which past days are looked back on: a matter of what was known on the day alone.
struct Grid {
    first_day: i32,
    /// Days on which a stay began, and on which one ended, ascending.
    began: Vec<i32>,
    ended: Vec<i32>,
}

impl Grid {
    fn new(facts: &Facts, as_of_day: i32) -> Self {
        let ended = facts.sojourns.iter().filter(|sojourn| sojourn.next.is_some());
        let ended =
            ended.map(|sojourn| sojourn.start_day.saturating_add_unsigned(sojourn.age_days));
        let mut ended: Vec<i32> = ended.collect();
        let mut began: Vec<i32> = facts.sojourns.iter().map(|one| one.start_day).collect();
        rayon::join(|| ended.par_sort_unstable(), || began.par_sort_unstable());
        Self { first_day: facts.first_day(as_of_day), began, ended }
    }

    /// The last days of the weekly grid (every second, fourth … of a long or large history) from
    /// when enough had happened, and the as-of day itself.
    fn days(&self, as_of_day: i32) -> Vec<i32> {
        let enough = self.ended.get(RESOLVED_MIN - 1).copied().unwrap_or(as_of_day);
        let from = enough.max(self.first_day.saturating_add(HISTORY_DAYS_MIN));
        let known = self.began.partition_point(|&day| day <= as_of_day);
        let most = (WORK_MAX / (known + 1)).clamp(ORIGINS_MIN, ORIGINS_MAX) as i32;
        let mut every = GRID_DAYS;
        while as_of_day.saturating_sub(from) / every > most && every < EVERY_DAYS_MAX {
            every *= 2;
        }
        let on_grid = |day: &i32| day.rem_euclid(every) == 0;
        let mut days: Vec<i32> =
            (from..as_of_day).rev().filter(on_grid).take(most as usize).collect();
        days.reverse();
        days.push(as_of_day);
        days
    }
}

impl Origin {
    fn new(
        history: &History,
        periods: &Periods,
        day: i32,
        facts: &Facts,
        horizon_days: u32,
    ) -> Self {
        let form = |(candidate, _): &(Candidate, f64)| match candidate {
            Candidate::Model(terms) => Some(terms.unfitted(periods)),
            _ => None,
        };
        let forms: Vec<Unfitted> = CANDIDATES.iter().filter_map(form).collect();
        let fits = Unfitted::fit_all(&forms, facts, &history.states, day);
        let Some(first) = fits.first() else {
            return Self { day, models: Vec::new(), stage_weighted: 0.0 };
        };
        // All forms have the same amounts.
        let means = first.amounts.means();
        let course = |fitted: &Fitted| Course::new(fitted, facts, &means, horizon_days);
        let models = fits.par_iter().map(course).collect();
        Self { day, models, stage_weighted: stage_weighted(history, facts, &means, day) }
    }
}

impl Course {
    fn new(fitted: &Fitted, facts: &Facts, means: &Means, horizon_days: u32) -> Self {
        let rate: f64 = fitted.arrivals.values().map(|one| one.rate_per_day).sum();
        let weigh = |variation: fn(&crate::funnel::arrivals::Arrivals) -> f64| -> f64 {
            let weighed = fitted.arrivals.values().map(|one| one.rate_per_day * variation(one));
            weighed.sum::<f64>() / rate.max(f64::MIN_POSITIVE)
        };
        Self {
            expected: expect(fitted, &facts.open, means, horizon_days),
            variation: [
                weigh(|one| one.rate_variation()),
                weigh(|one| one.overdispersion),
                fitted.pace_variation,
            ],
            variance_min: means.pool[1] * LONE_CHANCE,
        }
    }

    /// Mean amounts of open and of new individuals in the days `from..until` ahead; `None` beyond
    /// the horizon.
    pub(crate) fn amounts(&self, from: u32, until: u32) -> Option<[f64; 2]> {
        let (start, end) = (self.by(from)?, self.by(until)?);
        let [open, new] = [|by: &Expected| by.open.amount, |by: &Expected| by.new.amount];
        Some([open(&end) - open(&start), new(&end) - new(&start)])
    }

    /// What has come by the end of so many days; `None` beyond the horizon.
    fn by(&self, days: u32) -> Option<Expected> {
        match days.checked_sub(1) {
            Some(last) => self.expected.get(last as usize).copied(),
            None => Some(Expected::default()),
        }
    }

    /// Mean and variance of the amount in the days `from..until` ahead (0 is the first one);
    /// `None` beyond the horizon.
    pub(crate) fn window(&self, from: u32, until: u32) -> Option<(f64, f64)> {
        let (start, end) = (self.by(from)?, self.by(until)?);
        let mean = end.amount() - start.amount();
        let new = end.new.amount - start.new.amount;
        let months = f64::from(until - from).max(1.0) / f64::from(STEP_DAYS);
        let [rate, arrivals, pace] = self.variation;
        let common = new.powi(2) * (rate + arrivals / months) + mean.powi(2) * pace / months;
        let variance = end.squares() - start.squares() + common;
        Some((mean, variance.max(self.variance_min)))
    }
}

/// The pipeline as it is weighed by hand: each open amount times the share of those once in its
/// state, and out of the funnel since, that have reached a target.
fn stage_weighted(history: &History, facts: &Facts, means: &Means, as_of_day: i32) -> f64 {
    let states = history.states.len();
    let (mut resolved, mut reached) = (vec![0.0; states], vec![0.0; states]);
    for path in &history.paths {
        let known = path.moves.iter().take_while(|next| next.day <= as_of_day);
        let last = known.clone().last().map_or(path.entry_state, |last| last.state);
        let is_open = history.states[last].kind == Kind::Transient;
        if path.entered_day > as_of_day || is_open {
            continue;
        }
        let target = f64::from(u8::from(history.states[last].is_target));
        let passed = std::iter::once(path.entry_state).chain(known.map(|next| next.state));
        for state in passed {
            resolved[state] += 1.0;
            reached[state] += target;
        }
    }
    let chances: Vec<f64> =
        resolved.iter().zip(&reached).map(|(n, won): (&f64, &f64)| won / n.max(1.0)).collect();
    let open: Vec<(usize, f64)> = (facts.open.iter())
        .map(|one| (one.state, one.amount.unwrap_or_else(|| means.of(one.segment)[0])))
        .collect();
    crate::baseline::stage_weighted(&open, &chances)
}

/// The window that lies as far ahead of another day.
pub(crate) fn moved(window: Window, from_day: i32, to_day: i32) -> Window {
    window.back(from_day.saturating_sub(to_day))
}
