//! Recurring amounts: terms that run at a monthly rate until they end, and then perhaps go on at
//! another rate.
//!
//! Two things are learnt by segment: the age in days at which terms end, and the share of ended
//! terms that another one follows. The ages are a product-limit curve (Kaplan & Meier 1958,
//! "Nonparametric estimation from incomplete observations", J. Am. Stat. Assoc. 53), so that a
//! contract of fixed length shows as a step and an open-ended one as a slope, and nothing has to be
//! said of which it is; terms that still run are censored at the day of the fit. Other segments
//! count as some terms more in each. Both are drawn anew for the futures, the curve by the Bayesian
//! bootstrap (Lo 1993, "A Bayesian bootstrap for censored data", Ann. Stat. 21), the share by its
//! beta posterior, so that what is not known of them widens the intervals. Rates change when a term
//! goes on, by a ratio drawn from those that were seen.

mod curve;
mod futures;

use thiserror::Error;

use crate::proportion::{Proportion, wilson_95};
pub use futures::{Futures, Period};

/// Mean days of a month.
pub const MONTH_DAYS: f64 = 30.436_875;
/// A term that begins so many days after another has ended still follows it.
pub const FOLLOW_DAYS: i32 = 31;
/// Ended terms that what all segments show stands for in each.
const PRIOR_TERMS: f64 = 10.0;

/// One term: it runs from its first day to the day before `end_day`, at a rate per month.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    pub start_day: i32,
    pub end_day: Option<i32>,
    pub rate: f64,
}

/// Terms of one customer in order, each following the one before within [`FOLLOW_DAYS`].
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub segment: usize,
    pub terms: Vec<Term>,
}

/// Why nothing could be learnt.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RecurringError {
    #[error("no term was running or had ended by then")]
    NoTerm,
    #[error("no term has ended yet, so nothing is known of how many go on")]
    NoEnd,
    #[error("period end {day} is not after day {previous}: give the ends in order")]
    PeriodsOutOfOrder { day: i32, previous: i32 },
}

/// What was learnt from the terms up to a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    pub as_of_day: i32,
    /// By segment, and after the last one all together.
    pub segments: Vec<Counts>,
    /// Rate of a following term over that of the one before, of each pair that was seen.
    pub ratios: Vec<f64>,
    /// By age, ends before what still runs.
    ages: Vec<Age>,
    running: Vec<Running>,
}

/// What a segment shows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Ended terms of which it is known whether they went on, and how many did.
    pub decided: usize,
    pub went_on: usize,
    pub ended: usize,
    /// Terms running on the day, and their rates together.
    pub running: usize,
    pub running_rate: f64,
}

/// How old a term became, or is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Age {
    days: i32,
    has_ended: bool,
    segment: usize,
}

/// A term that runs on the day of the fit.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Running {
    segment: usize,
    age_days: i32,
    end_day: Option<i32>,
    rate: f64,
}

impl Term {
    /// The term as it was known at the end of a day: an end still to come is unknown, unless ends
    /// are agreed beforehand.
    #[must_use]
    pub fn known_by(self, day: i32, ends_are_agreed: bool) -> Option<Self> {
        let known = |end: &i32| ends_are_agreed || *end <= day;
        (self.start_day <= day).then_some(Self { end_day: self.end_day.filter(known), ..self })
    }
}

impl Counts {
    /// The share of ended terms that went on, with its interval of 95 %.
    #[must_use]
    pub fn share_that_goes_on(&self) -> Option<Proportion> {
        wilson_95(self.went_on, self.decided)
    }
}

impl Fitted {
    /// Learns from runs as they were known at the end of a day (see [`Term::known_by`]).
    ///
    /// # Errors
    /// Without any term, or when none of them has ended.
    pub fn new(runs: &[Run], as_of_day: i32) -> Result<Self, RecurringError> {
        let segments = runs.iter().map(|run| run.segment + 1).max().unwrap_or(0);
        let mut fitted = Self {
            as_of_day,
            segments: vec![Counts::default(); segments + 1],
            ratios: Vec::new(),
            ages: Vec::new(),
            running: Vec::new(),
        };
        for run in runs {
            for (place, term) in run.terms.iter().enumerate() {
                fitted.add(run.segment, *term, run.terms.get(place + 1));
            }
        }
        fitted.ages.sort_by_key(|age| (age.days, !age.has_ended, age.segment));
        let agreed = fitted.running.iter().any(|running| running.end_day.is_some());
        match fitted.all() {
            Counts { running: 0, ended: 0, .. } => Err(RecurringError::NoTerm),
            Counts { ended: 0, .. } if !agreed => Err(RecurringError::NoEnd),
            _ => Ok(fitted),
        }
    }

    /// What all segments show together.
    #[must_use]
    pub fn all(&self) -> &Counts {
        &self.segments[self.segments.len() - 1]
    }

    fn add(&mut self, segment: usize, term: Term, next: Option<&Term>) {
        let Term { start_day, end_day, rate } = term;
        let ended = end_day.filter(|end| *end <= self.as_of_day);
        let days = ended.unwrap_or(self.as_of_day) - start_day;
        self.ages.push(Age { days, has_ended: ended.is_some(), segment });
        let follows = |end: i32| next.filter(|next| next.start_day <= end + FOLLOW_DAYS);
        // Both outcomes are counted from the same day on, else the quick ones would be too many.
        let decided = ended.filter(|end| end + FOLLOW_DAYS <= self.as_of_day);
        let last = self.segments.len() - 1;
        for index in [segment, last] {
            let counts = &mut self.segments[index];
            counts.ended += usize::from(ended.is_some());
            counts.decided += usize::from(decided.is_some());
            counts.went_on += usize::from(decided.and_then(follows).is_some());
            if ended.is_none() {
                counts.running += 1;
                counts.running_rate += rate;
            }
        }
        if let Some(next) = ended.and_then(follows).filter(|_| rate > 0.0) {
            self.ratios.push(next.rate / rate);
        }
        if ended.is_none() {
            let age_days = self.as_of_day - start_day;
            self.running.push(Running { segment, age_days, end_day, rate });
        }
    }

    /// Draws futures of what runs on the day of the fit; nothing is sold anew in them. Periods
    /// begin after the day before and are given by their last days.
    ///
    /// # Errors
    /// When the periods' ends are out of order.
    pub fn futures(
        &self,
        period_end_days: &[i32],
        options: crate::simulation::Options,
    ) -> Result<Futures, RecurringError> {
        let mut previous = self.as_of_day;
        for &day in period_end_days {
            if day <= previous {
                return Err(RecurringError::PeriodsOutOfOrder { day, previous });
            }
            previous = day;
        }
        Ok(futures::draw(self, period_end_days, options))
    }
}

#[cfg(test)]
mod tests;
