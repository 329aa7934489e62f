//! The forecast of a period: booked, plus what open and new deals will add by its end.

use std::collections::HashMap;

use domain::deal::Deal;
use domain::money::Money;
use domain::period::{Days, Period};
use domain::stage::Outcome;
use domain::time::day_number;
use jiff::ToSpan;
use jiff::civil::Date;
use reports::forecast::{Forecast, QUANTILES, Voice};
use stats::forecast::{CANDIDATES, Candidate, Forecast as Graded, Record};
use stats::funnel::Fitted;
use stats::funnel::place::Periods;
use stats::funnel::reach::Reach;
use stats::sample::Sample;
use stats::simulation::{Options, PeriodOutcome};

use crate::context::Context;
use crate::error::Error;
use crate::limits::FUTURES;
use crate::model::{DealModel, won_within};
use crate::world::{Wanted, World};

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
    let wanted = Wanted { deals: true, leads: false, estimates: false };
    let world = World::of(context, context.as_of(as_of, known_at), wanted).await?;
    let outlook = Outlook::new(context, &world, &world.deals)?;
    let forecast = forecast_of(&world, &outlook, period, seed);
    drop(outlook);
    world.let_go();
    forecast
}

/// As [`forecast`], from a picture of the company that has been taken already.
///
/// # Errors
/// See [`forecast`].
pub fn forecast_of(
    world: &World,
    outlook: &Outlook,
    period: Period,
    seed: u64,
) -> Result<Forecast, Error> {
    let days = outlook.context.company.calendar.days(period);
    if days.last > world.as_of && !world.deals.iter().any(|deal| deal.outcome == Outcome::Won) {
        return Err(Error::Input(format!(
            "nothing had been won by {}, so there is nothing to forecast from: choose a later \
             --as-of, or plan with --assume",
            world.as_of
        )));
    }
    let booked = outlook.booked(days);
    let coming = outlook.coming(days, seed)?;
    let (open, new, total) = match &coming {
        Some(coming) => coming.parts(booked),
        None => (0.0, 0.0, Sample::new(vec![booked.minor as f64])),
    };
    let currency = outlook.context.company.currency;
    let money = |minor: f64| Money { minor: minor.round() as i64, currency };
    let (from_open, from_new) = (money(open), money(new));
    Ok(Forecast {
        period,
        as_of: world.as_of,
        booked,
        open_deals: outlook.model.open,
        from_open,
        from_new,
        mean: Money { minor: booked.minor + from_open.minor + from_new.minor, currency },
        quantiles: QUANTILES.map(|(_, level)| money(total.quantile(level))),
        voices: coming.iter().flat_map(|coming| coming.voices(booked)).collect(),
        past_windows: coming.as_ref().map_or(0.0, |c| c.forecast.combination.independent_windows),
        closed_deals: outlook.model.closed,
        told_apart_by: outlook.model.told_apart_by,
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
    periods: Periods,
}

impl<'a> Outlook<'a> {
    /// Prepares the deals of a picture, all of them or those that count towards a goal.
    ///
    /// # Errors
    /// When no deal had been created by then.
    pub fn new(context: &'a Context, world: &World, deals: &'a [Deal]) -> Result<Self, Error> {
        Self::learnt_by(context, world, deals, world.as_of)
    }

    /// As [`Outlook::new`], where what tells deals apart is found from what was known by a day, so
    /// that forecasts from then on may be graded.
    ///
    /// # Errors
    /// When no deal had been created by the as-of day.
    pub fn learnt_by(
        context: &'a Context,
        world: &World,
        deals: &'a [Deal],
        learnt_by: Date,
    ) -> Result<Self, Error> {
        let mut model = DealModel::new(deals, &world.deal_stages);
        if model.history.paths.is_empty() {
            return Err(Error::Input(format!(
                "no deal had been created by {}: import deals, or choose a later --as-of",
                world.as_of
            )));
        }
        let entered = model.history.paths.iter().map(|path| path.entered_day).min();
        if entered.is_some_and(|first| first <= day_number(learnt_by)) {
            model.tell_apart(learnt_by)?;
        }
        let periods = quarters(context, deals, world.as_of);
        Ok(Outlook { context, as_of: world.as_of, deals, model, periods })
    }

    /// What was won within days, by the as-of day.
    pub fn booked(&self, days: Days) -> Money {
        let currency = self.context.company.currency;
        Money { minor: won_within(self.deals, days), currency }
    }

    /// What candidates said on the past days that forecasts from any of `days` look back on.
    pub fn record(&self, days: &[i32], horizon_days: u32) -> Result<Record<'_>, Error> {
        Ok(Record::new(&self.model.history, &self.periods, days, horizon_days)?)
    }

    /// Futures from the day after the as-of day on, one outcome for each of the periods that end on
    /// the days of `ends`; those from the `skipped`-th on are the window that is forecast.
    pub fn forecast(&self, ends: &[i32], skipped: usize, seed: u64) -> Result<Graded, Error> {
        let as_of = day_number(self.as_of);
        let horizon_days = ends.last().map_or(0, |&last| last.abs_diff(as_of));
        let record = self.record(&[as_of], horizon_days)?;
        let options = Options { seed, futures: FUTURES };
        Ok(record.forecast(as_of, ends, skipped, options)?)
    }

    /// What remains of `days`; `None` when they are over.
    pub fn coming(&self, days: Days, seed: u64) -> Result<Option<Coming>, Error> {
        if days.last <= self.as_of {
            return Ok(None);
        }
        let mut ends = vec![day_number(days.last)];
        if days.first > self.as_of.saturating_add(1.day()) {
            ends.insert(0, day_number(days.first) - 1);
        }
        let period = ends.len() - 1;
        Ok(Some(Coming { forecast: self.forecast(&ends, period, seed)?, period }))
    }

    /// The open deals by their places, each with the chance that a fitted model gives it by itself
    /// to be won on one of `days`.
    pub fn chances(&self, fitted: &Fitted, days: Days) -> Vec<(usize, f64)> {
        let as_of = day_number(self.as_of);
        let ahead = |day: i32| u32::try_from(day - as_of).unwrap_or(0);
        let horizons = [ahead(day_number(days.first) - 1), ahead(day_number(days.last))];
        let mut reaches: HashMap<u32, Reach> = HashMap::new();
        let mut chances = Vec::new();
        for (place, path) in self.model.sound(self.deals).into_iter().zip(&self.model.history.paths)
        {
            let last = path.moves.last();
            let state = last.map_or(path.entry_state, |last| last.state);
            let since = last.map_or(path.entered_day, |last| last.day);
            if state >= self.model.won() || since > as_of {
                continue;
            }
            let reach = reaches.entry(path.segment).or_insert_with(|| {
                fitted.reach(&fitted.segment_rates(path.segment), as_of + 1, &horizons)
            });
            let by = |horizon: usize| match horizons[horizon] {
                0 => 0.0,
                _ => reach.aged(state, (as_of - since).unsigned_abs(), horizon),
            };
            chances.push((place, (by(1) - by(0)).max(0.0)));
        }
        chances
    }

    /// The distribution of the whole of `days`, booked included, in minor units.
    pub fn total(&self, days: Days, seed: u64) -> Result<Sample, Error> {
        let booked = self.booked(days);
        Ok(match self.coming(days, seed)? {
            Some(coming) => coming.parts(booked).2,
            None => Sample::new(vec![booked.minor as f64]),
        })
    }
}

/// What is still to come of a period.
pub struct Coming {
    pub forecast: Graded,
    /// Which of the simulated periods it is.
    period: usize,
}

impl Coming {
    /// What each future brings in the period beside what is booked.
    pub fn outcomes(&self) -> Vec<PeriodOutcome> {
        let futures = &self.forecast.futures;
        let futures = futures.outcomes.chunks(futures.periods.max(1));
        futures.filter_map(|future| future.get(self.period)).copied().collect()
    }

    /// The means from open and from new deals, and the distribution of the whole with what is
    /// booked, in minor units.
    fn parts(&self, booked: Money) -> (f64, f64, Sample) {
        let futures = &self.forecast.futures;
        let booked = booked.minor as f64;
        (
            futures.in_period(self.period, |outcome| outcome.open_amount).mean(),
            futures.in_period(self.period, |outcome| outcome.new_amount).mean(),
            futures.in_period(self.period, |outcome| booked + outcome.amount()),
        )
    }

    /// Who was listened to: the model in all its forms, then each baseline that has a say.
    fn voices(&self, booked: Money) -> Vec<Voice> {
        let combination = &self.forecast.combination;
        let mut voices: Vec<(String, f64, f64)> = Vec::new();
        let said = combination.weights.iter().zip(&combination.says).zip(CANDIDATES);
        for ((&weight, says), (candidate, _)) in said {
            let Some(says) = says.filter(|_| weight > 0.0) else { continue };
            let name = voice_name(candidate);
            match voices.iter_mut().find(|(other, ..)| *other == name) {
                Some((_, weights, sum)) => {
                    (*weights, *sum) = (*weights + weight, *sum + weight * says)
                }
                None => voices.push((name, weight, weight * says)),
            }
        }
        let voice = |(name, weight, sum): (String, f64, f64)| Voice {
            name,
            weight,
            total: Money { minor: booked.minor + (sum / weight).round() as i64, ..booked },
        };
        voices.into_iter().map(voice).collect()
    }
}

fn voice_name(candidate: Candidate) -> String {
    match candidate {
        Candidate::Model(_) => "funnel model".to_owned(),
        Candidate::RunRate(days) => format!("run rate of {days} days"),
        Candidate::LastPeriod => "same days of last quarter".to_owned(),
        Candidate::LastYear => "same days of last year".to_owned(),
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
