//! The forecast of an amount over a window of days: the funnel model, held to account.
//!
//! On past days (a weekly grid) every form of the model, and every simple baseline, is asked what
//! it would have said over a window as long and as far ahead; what came since then weighs them and
//! widens or narrows the spread. Nothing that was not known on a day is used for that day. This
//! module refuses to know what the amount is, and what is done about the forecast.

mod candidates;
mod combination;
mod methods;
mod record;
mod shape;

use std::sync::Arc;

use thiserror::Error;

use crate::baseline::Window;
use crate::funnel::Fitted;
use crate::funnel::history::{FitError, OpenIndividual};
use crate::sample::Sample;
use crate::simulation::{Futures, Options, PeriodOutcome, SimulationError, simulate};

pub use candidates::{CANDIDATES, Candidate, Terms};
pub use combination::Combination;
pub use methods::{Grades, Outcome, SIMPLE, Simple};
pub use record::Record;

use combination::{ahead, course};
use record::Origin;

/// Why nothing was forecast.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ForecastError {
    #[error(transparent)]
    Fit(#[from] FitError),
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    #[error("the record does not reach from day {day} to day {until_day}: ask it for both")]
    NotAsked { day: i32, until_day: i32 },
}

/// Futures of a window, brought to what the combination says of it.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// Futures with one outcome for each period that was asked for.
    pub futures: Futures,
    pub combination: Combination,
    pub fitted: Fitted,
}

/// What forecasts of one window from one day stand on.
#[derive(Clone, Debug)]
pub struct Ground {
    pub combination: Combination,
    /// The form of the model that is simulated.
    pub fitted: Fitted,
    open: Vec<OpenIndividual>,
    /// What every form expects from the as-of day on.
    said: Arc<Origin>,
}

impl Record<'_> {
    /// Forecasts from one of the as-of days that the record was made for. `ends` are the last days
    /// of consecutive periods after it; those up to `skipped` come before the window in question,
    /// the others make it up.
    ///
    /// # Errors
    /// When the ends are out of order, or the record was not made for the day or so far ahead.
    pub fn forecast(
        &self,
        as_of_day: i32,
        ends: &[i32],
        skipped: usize,
        options: Options,
    ) -> Result<Forecast, ForecastError> {
        let Some(&until_day) = ends.last() else { return Err(SimulationError::NoPeriod.into()) };
        let after_day = skipped.checked_sub(1).and_then(|last| ends.get(last).copied());
        let window = Window { after_day: after_day.unwrap_or(as_of_day), until_day };
        let ground = self.ground(as_of_day, window)?;
        let futures = ground.futures(ends, skipped, options)?;
        Ok(Forecast { futures, combination: ground.combination, fitted: ground.fitted })
    }

    /// What to forecast a window from, be it as a whole or by the periods in it.
    ///
    /// # Errors
    /// When the record was not made for the day or so far ahead.
    pub fn ground(&self, as_of_day: i32, window: Window) -> Result<Ground, ForecastError> {
        let until_day = window.until_day;
        let not_asked = ForecastError::NotAsked { day: as_of_day, until_day };
        let combination = Combination::new(self, as_of_day, window);
        let ground = combination.zip(self.said_on(as_of_day));
        let (combination, said) = ground.ok_or_else(|| not_asked.clone())?;
        let terms = combination.best_terms().ok_or(not_asked)?;
        let (fitted, open) = self.fit(terms, as_of_day)?;
        Ok(Ground { combination, fitted, open, said })
    }
}

impl Ground {
    /// Mean amounts of open and of new individuals in consecutive periods with these last days, as
    /// the form that is simulated expects them.
    ///
    /// # Errors
    /// When the ends are out of order, or the record was not made so far ahead.
    pub fn amounts(&self, ends: &[i32]) -> Result<Vec<[f64; 2]>, ForecastError> {
        let day = self.said.day;
        let mut from = day;
        let mut period = |&until: &i32| {
            let window = Window { after_day: from, until_day: until };
            from = until;
            let (from, until_ahead) = ahead(day, window)?;
            course(&self.said, self.combination.best)?.amounts(from, until_ahead)
        };
        let not_asked = |until_day| ForecastError::NotAsked { day, until_day };
        ends.iter().map(|end| period(end).ok_or(not_asked(*end))).collect()
    }

    /// Futures of the window, with the periods as for [`Record::forecast`].
    ///
    /// # Errors
    /// When the ends are out of order.
    pub fn futures(
        &self,
        ends: &[i32],
        skipped: usize,
        options: Options,
    ) -> Result<Futures, ForecastError> {
        let first_day = self.fitted.as_of_day.saturating_add(1);
        let mut futures = simulate(&self.fitted, &self.open, first_day, ends, options)?;
        bring(&mut futures, skipped, &self.combination);
        Ok(futures)
    }
}

/// Scales the amounts of the window in every future so that together they have the combination's
/// mean and spread.
fn bring(futures: &mut Futures, skipped: usize, combination: &Combination) {
    let periods = futures.periods.max(1);
    let total = |future: &[PeriodOutcome]| -> f64 {
        future.iter().skip(skipped).map(PeriodOutcome::amount).sum()
    };
    let sample = Sample::new(futures.outcomes.chunks(periods).map(total).collect());
    let deviation = combination.deviation(sample.variance().sqrt());
    let shape = shape::Shape::new(&sample, combination.mean, deviation);
    for future in futures.outcomes.chunks_mut(periods) {
        let amount = total(future);
        let factor = if amount > 0.0 { shape.of(amount) / amount } else { 1.0 };
        for outcome in future.iter_mut().skip(skipped) {
            outcome.open_amount *= factor;
            outcome.new_amount *= factor;
        }
    }
}
