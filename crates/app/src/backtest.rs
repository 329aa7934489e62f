//! The back-test: what Baton and each simple method would have said on past days, graded.
//!
//! Only what had happened by the end of a day is used for that day. What was learnt late, such as
//! an amount that an export brought with an earlier date, counts from the day on which it held.

use domain::deal::Deal;
use domain::money::{Money, decimals};
use domain::period::Period;
use domain::time::{date_of, day_number};
use jiff::civil::Date;
use jiff::{Span, ToSpan};
use rayon::prelude::*;
use reports::backtest::{Backtest, Method, Origin};
use reports::forecast::QUANTILES;
use stats::baseline::Window;
use stats::forecast::{Grades, Outcome, Record, SIMPLE, Simple};
use stats::sample::Sample;
use stats::simulation::{Options, PeriodOutcome};

use crate::context::Context;
use crate::error::Error;
use crate::forecast::Outlook;
use crate::limits::BACKTEST_FUTURES;
use crate::world::World;

/// Closed deals by an origin from which on it is worth asking.
const CLOSED_MIN: usize = 15;
/// Days without any event after which records are taken to have ended.
const QUIET_DAYS_MAX: i64 = 14;

/// On which past days forecasts are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    Days(Vec<Date>),
    Every(Step),
}

/// The step between past days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Every Thursday.
    Week,
    /// Every month's last day.
    Month,
}

/// Grades forecasts of the rest of the fiscal quarter made on past days.
///
/// # Errors
/// When a day is given whose quarter is not over, or when no past day has enough behind it.
pub async fn backtest(
    context: &Context,
    origins: &Origins,
    as_of: Option<Date>,
    known_at: Option<Date>,
    seed: u64,
) -> Result<Backtest, Error> {
    let world = World::of_deals(context, context.as_of(as_of, known_at)).await?;
    backtest_of(context, &world, origins, seed)
}

/// As [`backtest`], on a picture of the company that has been taken already.
///
/// # Errors
/// See [`backtest`].
pub fn backtest_of(
    context: &Context,
    world: &World,
    origins: &Origins,
    seed: u64,
) -> Result<Backtest, Error> {
    let cases = cases(context, world, origins)?;
    let first = cases.iter().map(|case| case.as_of).min().unwrap_or(world.as_of);
    let outlook = Outlook::learnt_by(context, world, &world.deals, first)?;
    let days: Vec<i32> = cases.iter().map(Case::day).collect();
    let horizon = cases.iter().map(|case| case.end().abs_diff(case.day())).max().unwrap_or(0);
    let record = outlook.record(&days, horizon)?;
    let graded: Result<Vec<Graded>, Error> =
        cases.par_iter().map(|case| case.grade(&outlook, &record, seed)).collect();
    let graded = graded?;
    let method = |index: usize| {
        let outcomes = graded.iter().filter_map(|graded| graded.outcomes[index].clone());
        method(index, &outcomes.collect::<Vec<_>>())
    };
    Ok(Backtest {
        methods: (0..=SIMPLE.len()).map(method).collect(),
        origins: graded.into_iter().map(|graded| graded.origin).collect(),
        currency: context.company.currency,
        reconstructed: world.reconstructed,
        notes: vec![
            "Errors and scores are of what was still to come of the quarter on each day; amounts \
             by day are of the whole quarter, booked included."
                .to_owned(),
        ],
    })
}

/// One past day and the quarter whose rest is forecast.
struct Case {
    as_of: Date,
    period: Period,
    period_start: Date,
    period_end: Date,
}

impl Case {
    fn new(context: &Context, as_of: Date) -> Self {
        let calendar = context.company.calendar;
        let period = calendar.quarter_of(as_of.saturating_add(1.day()));
        let days = calendar.days(period);
        Self { as_of, period, period_start: days.first, period_end: days.last }
    }

    fn day(&self) -> i32 {
        day_number(self.as_of)
    }

    fn end(&self) -> i32 {
        day_number(self.period_end)
    }

    fn grade(&self, outlook: &Outlook, record: &Record, seed: u64) -> Result<Graded, Error> {
        let days = |first, last| domain::period::Days { first, last };
        let whole = outlook.booked(days(self.period_start, self.period_end));
        let booked = outlook.booked(days(self.period_start, self.as_of));
        let came = (whole.minor - booked.minor) as f64;
        let options = Options { seed, futures: BACKTEST_FUTURES };
        let forecast = record.forecast(self.day(), &[self.end()], 0, options)?;
        let window = Window { after_day: self.day(), until_day: self.end() };
        let mut said = vec![Some(forecast.futures.total(PeriodOutcome::amount))];
        said.extend(SIMPLE.iter().map(|method| method.forecast(record, self.day(), window)));
        let total =
            |rest: f64| Money { minor: booked.minor.saturating_add(rest.round() as i64), ..booked };
        let at = |said: &Option<Sample>, level: f64| Some(total(said.as_ref()?.quantile(level)));
        let origin = Origin {
            as_of: self.as_of,
            period: self.period,
            period_end: self.period_end,
            booked,
            actual: whole,
            quantiles: QUANTILES.map(|(_, level)| at(&said[0], level).unwrap_or(booked)),
            medians: said.iter().map(|said| at(said, 0.5)).collect(),
            intervals_80: said.iter().map(|said| Some([at(said, 0.1)?, at(said, 0.9)?])).collect(),
        };
        let outcome = |forecast: Option<Sample>| {
            forecast.map(|sample| Outcome {
                forecast: in_units(&sample, &whole),
                came: units(came, &whole),
            })
        };
        Ok(Graded { origin, outcomes: said.into_iter().map(outcome).collect() })
    }
}

struct Graded {
    origin: Origin,
    /// By method, Baton first.
    outcomes: Vec<Option<Outcome>>,
}

/// Scores are stated in the currency's unit.
fn units(minor: f64, like: &Money) -> f64 {
    minor / f64::from(10_u32.pow(decimals(like.currency)))
}

fn in_units(sample: &Sample, like: &Money) -> Sample {
    Sample::new(sample.sorted().iter().map(|&minor| units(minor, like)).collect())
}

fn method(index: usize, outcomes: &[Outcome]) -> Method {
    let grades = Grades::new(outcomes);
    Method {
        name: index.checked_sub(1).map_or("Baton", |simple| name(SIMPLE[simple])),
        mean_absolute_error_percent: grades.mean_absolute_error_percent,
        pinball: grades.pinball,
        interval_score_80: grades.interval_score_80,
        crps: grades.crps,
        coverage_50: grades.coverage_50,
        coverage_80: grades.coverage_80,
        coverage_95: grades.coverage_95,
        bias_percent: grades.bias_percent,
    }
}

fn name(method: Simple) -> &'static str {
    match method {
        Simple::StageWeighted => "stage-weighted",
        Simple::RunRate => "run rate",
        Simple::LastYear => "same period last year",
        Simple::LastPeriod => "same days of last quarter",
        Simple::BestTwo => "mean of the best two",
    }
}

fn cases(context: &Context, world: &World, origins: &Origins) -> Result<Vec<Case>, Error> {
    let case = |day: &Date| Case::new(context, *day);
    match origins {
        Origins::Days(days) => {
            let cases: Vec<Case> = days.iter().map(case).collect();
            match cases.iter().find(|case| case.period_end > world.as_of) {
                Some(case) => Err(Error::Input(format!(
                    "what came after {} is not known yet: {} ends on {}, and the facts reach to \
                     {}; choose an earlier day",
                    case.as_of, case.period, case.period_end, world.as_of
                ))),
                None => Ok(cases),
            }
        }
        Origins::Every(step) => {
            let days = every(*step, &world.deals, world.as_of);
            let cases: Vec<Case> = days.iter().map(case).collect();
            let until = last_event(&world.deals).saturating_add(QUIET_DAYS_MAX.days());
            let is_over = |case: &Case| case.period_end <= world.as_of.min(until);
            let cases: Vec<Case> = cases.into_iter().filter(is_over).collect();
            if cases.is_empty() {
                return Err(Error::Input(format!(
                    "no past day has {CLOSED_MIN} closed deals behind it and the end of its \
                     quarter by {}: there is nothing to grade yet",
                    world.as_of
                )));
            }
            Ok(cases)
        }
    }
}

/// The last day on which a deal was created or closed: beyond it an old export says nothing.
fn last_event(deals: &[Deal]) -> Date {
    let days = deals.iter().flat_map(|deal| [Some(deal.created_on), deal.closed_on]).flatten();
    days.max().unwrap_or(Date::MIN)
}

/// The days of a step from when enough deals had closed up to the as-of day.
fn every(step: Step, deals: &[Deal], as_of: Date) -> Vec<Date> {
    let mut closed: Vec<Date> = deals.iter().filter_map(|deal| deal.closed_on).collect();
    closed.sort_unstable();
    let Some(&first) = closed.get(CLOSED_MIN - 1) else { return Vec::new() };
    let (mut day, span): (Date, Span) = match step {
        // Thursdays are the days that forecasts look back on.
        Step::Week => (date_of((day_number(first) + 6).div_euclid(7) * 7), 7.days()),
        Step::Month => (first.last_of_month(), 1.month()),
    };
    let mut days = Vec::new();
    while day <= as_of {
        days.push(day);
        day = day.saturating_add(span);
        if step == Step::Month {
            day = day.last_of_month();
        }
    }
    days
}
