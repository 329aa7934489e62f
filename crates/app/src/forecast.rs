//! The forecast of a period: booked, plus what open and new deals will add by its end.

use domain::deal::Deal;
use domain::money::Money;
use domain::period::{Days, Period};
use domain::stage::Outcome;
use domain::time::day_number;
use jiff::ToSpan;
use jiff::civil::Date;
use reports::forecast::{Forecast, QUANTILES};
use stats::funnel::history::FitError;
use stats::funnel::place::Periods;
use stats::funnel::{Fitted, Unfitted};
use stats::sample::Sample;
use stats::simulation::{Futures, Options, simulate};

use crate::context::Context;
use crate::error::Error;
use crate::limits::FUTURES;
use crate::model::DealModel;
use crate::world::World;

/// Forecasts a period from the end of a day, with what was known at the end of another.
///
/// # Errors
/// When there is no deal by then from which anything could be learnt.
pub async fn forecast(
    context: &Context,
    period: Period,
    as_of: Option<Date>,
    known_at: Option<Date>,
    seed: u64,
) -> Result<Forecast, Error> {
    let world = World::at(context, context.as_of(as_of, known_at)).await?;
    let days = context.company.calendar.days(period);
    let outlook = Outlook::new(context, &world, &world.deals)?;
    if days.last > world.as_of && !world.deals.iter().any(|deal| deal.outcome == Outcome::Won) {
        return Err(Error::Input(format!(
            "nothing had been won by {}, so there is nothing to forecast from: choose a later \
             --as-of, or plan with --assume",
            world.as_of
        )));
    }
    let booked = outlook.booked(days);
    let (open, new) = match outlook.futures(days, seed)? {
        Some((futures, period)) => (
            futures.in_period(period, |outcome| outcome.open_amount),
            futures.in_period(period, |outcome| outcome.new_amount),
        ),
        None => (Sample::new(vec![0.0]), Sample::new(vec![0.0])),
    };
    let total = outlook.total(days, seed)?;
    let currency = context.company.currency;
    let money = |minor: f64| Money { minor: minor.round() as i64, currency };
    let from_open = money(open.mean());
    let from_new = money(new.mean());
    Ok(Forecast {
        period,
        as_of: world.as_of,
        booked,
        open_deals: outlook.model.open.len(),
        from_open,
        from_new,
        mean: Money { minor: booked.minor + from_open.minor + from_new.minor, currency },
        quantiles: QUANTILES.map(|(_, level)| money(total.quantile(level))),
        closed_deals: outlook.model.closed,
        reconstructed: world.reconstructed,
        futures: FUTURES,
        is_over: days.last <= world.as_of,
    })
}

/// What a picture of the company says of the time to come.
pub struct Outlook<'a> {
    context: &'a Context,
    as_of: Date,
    deals: &'a [Deal],
    pub model: DealModel,
    pub fitted: Fitted,
}

impl<'a> Outlook<'a> {
    /// Fits the funnel to deals of a picture, all of them or those that count towards a goal.
    ///
    /// # Errors
    /// When nobody had entered the funnel by then.
    pub fn new(context: &'a Context, world: &World, deals: &'a [Deal]) -> Result<Self, Error> {
        let model = DealModel::new(deals, &world.deal_stages, world.as_of);
        let periods = Some(quarters(context, deals, world.as_of));
        let unfitted = Unfitted { unsmoothed: false, periods };
        let fitted =
            unfitted.fit(&model.history, day_number(world.as_of)).map_err(|error| match error {
                FitError::NobodyEntered { .. } => Error::Input(format!(
                    "no deal had been created by {}: import deals, or choose a later --as-of",
                    world.as_of
                )),
                error => Error::Fit(error),
            })?;
        Ok(Outlook { context, as_of: world.as_of, deals, model, fitted })
    }

    /// What was won within days, by the as-of day.
    pub fn booked(&self, days: Days) -> Money {
        let currency = self.context.company.currency;
        let won = self.deals.iter().filter(|deal| deal.outcome == Outcome::Won);
        let within = won.filter(|deal| deal.closed_on.is_some_and(|day| days.contains(day)));
        let amounts = within.filter_map(|deal| deal.amount.filter(|a| a.currency == currency));
        Money { minor: amounts.map(|amount| amount.minor).sum(), currency }
    }

    /// Futures in which one period is what remains of `days`, and the place of that period;
    /// `None` when the days are over.
    pub fn futures(&self, days: Days, seed: u64) -> Result<Option<(Futures, usize)>, Error> {
        if days.last <= self.as_of {
            return Ok(None);
        }
        let start = self.as_of.saturating_add(1.day());
        let mut ends = vec![day_number(days.last)];
        if days.first > start {
            ends.insert(0, day_number(days.first) - 1);
        }
        let period = ends.len() - 1;
        Ok(Some((self.simulate(&ends, seed)?, period)))
    }

    /// Futures with the given last days of periods, from the day after the as-of day on.
    pub fn simulate(&self, ends: &[i32], seed: u64) -> Result<Futures, Error> {
        let options = Options { seed, futures: FUTURES };
        let start = day_number(self.as_of) + 1;
        Ok(simulate(&self.fitted, &self.model.open, start, ends, options)?)
    }

    /// The distribution of the whole of `days`, booked included, in minor units.
    pub fn total(&self, days: Days, seed: u64) -> Result<Sample, Error> {
        let booked = self.booked(days).minor as f64;
        Ok(match self.futures(days, seed)? {
            Some((futures, period)) => {
                futures.in_period(period, |outcome| booked + outcome.amount())
            }
            None => Sample::new(vec![booked]),
        })
    }
}

/// The first days of fiscal quarters from before the first deal to well behind the as-of day.
fn quarters(context: &Context, deals: &[Deal], as_of: Date) -> Periods {
    let calendar = context.company.calendar;
    let first = deals.iter().map(|deal| deal.created_on).min().unwrap_or(as_of).min(as_of);
    let last = as_of.saturating_add(3.years());
    let mut first_days = Vec::new();
    let mut day = calendar.days(calendar.quarter_of(first)).first;
    while day <= last {
        first_days.push(day_number(day));
        day = day.saturating_add(3.months());
    }
    Periods { first_days }
}
