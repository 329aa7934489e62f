//! The reverse-funnel plan: from the goal back to the leads, month by month.

pub mod assumptions;
pub mod chain;

use std::path::PathBuf;

use domain::goal::Goal;
use domain::money::{Money, split};
use domain::period::{Days, Period, month_of};
use domain::stage::Outcome;
use domain::time::{date_of, day_number};
use jiff::ToSpan;
use jiff::civil::Date;
use reports::plan::{Driver, Need, Plan, Row};
use stats::plan as engine;
use stats::plan::drivers::Lever;

use crate::context::Context;
use crate::error::Error;
use crate::forecast::Outlook;
use crate::goal;
use crate::limits::FUTURES;
use crate::model::counted;
use crate::world::World;
use assumptions::Assumed;
use chain::Chain;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Question {
    pub period: Option<Period>,
    pub as_of: Option<Date>,
    pub known_at: Option<Date>,
    pub assume: Option<PathBuf>,
    pub seed: u64,
}

/// Plans how the goal is met from the end of a day on. The goal of a period that is over is
/// planned from its eve, unless a day is given.
///
/// # Errors
/// When no goal is set, when its period is over on the day that is given, or when neither history
/// nor assumptions tell how leads become revenue.
pub async fn plan(context: &Context, question: &Question) -> Result<Plan, Error> {
    let goal = goal::find(context, question.period).await?;
    let days = context.company.calendar.days(goal.period);
    let as_of = question.as_of.or((days.last < context.today()).then(|| eve(days.first)));
    let world = World::at(context, context.as_of(as_of, question.known_at)).await?;
    if days.last <= world.as_of {
        return Err(Error::Plan(format!(
            "{} ended on {}: choose an earlier --as-of, or set a goal for a later period",
            goal.period, days.last
        )));
    }
    let assumed = question.assume.as_deref().map(assumptions::read).transpose()?;
    let planned = Planner::new(context, &world, goal, days, assumed)?.plan(question.seed)?;
    Ok(planned)
}

/// The day before a day.
pub fn eve(day: Date) -> Date {
    day.saturating_sub(1.day())
}

struct Planner<'a> {
    context: &'a Context,
    world: &'a World,
    goal: Goal,
    days: Days,
    deals: Vec<domain::deal::Deal>,
    chain: Chain,
    notes: Vec<String>,
}

impl<'a> Planner<'a> {
    fn new(
        context: &'a Context,
        world: &'a World,
        goal: Goal,
        days: Days,
        assumed: Option<Assumed>,
    ) -> Result<Planner<'a>, Error> {
        let deals = counted(&world.deals, goal.counts);
        let chain = Chain::new(context, world, &deals, assumed)?;
        let mut notes = chain.notes.clone();
        if world.reconstructed && !chain.is_assumed {
            notes.push("History before the first export is reconstructed from its dates.".into());
        }
        Ok(Planner { context, world, goal, days, deals, chain, notes })
    }

    fn plan(self, seed: u64) -> Result<Plan, Error> {
        let months = self.months();
        let outlook = match self.deals.is_empty() {
            true => None,
            false => Some(Outlook::new(self.context, self.world, &self.deals)?),
        };
        let booked = outlook.as_ref().map_or(0, |outlook| outlook.booked(self.days).minor);
        let futures = match &outlook {
            Some(outlook) => {
                let ends: Vec<i32> = months.iter().skip(1).map(|first| first - 1).collect();
                let goal_start = day_number(self.days.first);
                let before = ends.iter().filter(|&&end| end < goal_start).count();
                Some(outlook.forecast(&ends, before, seed)?.futures)
            }
            None => None,
        };
        let has_course = futures.is_some();
        let under_way = engine::UnderWay { futures, open_amount_by_stage: Vec::new() };
        let engine_goal = engine::Goal {
            amount: self.goal.amount.minor as f64,
            booked: booked as f64,
            confidence: self.goal.confidence,
        };
        let calendar = engine::Calendar {
            start_day: day_number(self.world.as_of) + 1,
            goal_start_day: day_number(self.days.first),
            month_start_days: months,
        };
        let options = engine::Options { seed, draws: FUTURES };
        let assumptions = self.chain.assumptions();
        let made = engine::plan(&assumptions, engine_goal, &calendar, &under_way, options)
            .map_err(|error| Error::Plan(error.to_string()))?;
        let open = open_by_month(&calendar, &under_way);
        Ok(self.report(made, booked, has_course.then_some(open)))
    }

    /// The first day of every month from the next day's on, and the day after the deadline.
    fn months(&self) -> Vec<i32> {
        let mut first = self.world.as_of.saturating_add(1.day()).first_of_month();
        let mut months = Vec::new();
        while first <= self.days.last {
            months.push(day_number(first));
            first = first.saturating_add(1.month());
        }
        months.push(day_number(self.days.last) + 1);
        months
    }

    /// `open` is the schedule of what is under way alone, where there is history.
    fn report(mut self, made: engine::Plan, booked: i64, open: Option<Vec<engine::Month>>) -> Plan {
        let has_course = open.is_some();
        let currency = self.context.company.currency;
        let money = |minor: f64| Money { minor: minor.round() as i64, currency };
        let (expected, at_confidence, last_useful, drivers) = match &made.entries {
            engine::Entries::Planned(planned) => (
                self.need(&planned.expected, booked),
                self.need(&planned.at_confidence, booked),
                Some(date_of(planned.last_useful_day)),
                planned.drivers.iter().map(|driver| self.driver(driver)).collect(),
            ),
            engine::Entries::TooLate { typical_days } => {
                let days = typical_days.map_or(String::new(), |days| {
                    format!(" Half of those who win take more than {days} days.")
                });
                self.notes.push(format!(
                    "It is too late for new leads: only the open pipeline can still count.{days}"
                ));
                let none = engine::Schedule {
                    probability: made.probability_on_present_course,
                    stage_totals: vec![0.0; self.chain.names.len()],
                    new_amount: 0.0,
                    months: open.unwrap_or_default(),
                };
                (self.need(&none, booked), self.need(&none, booked), None, Vec::new())
            }
        };
        Plan {
            goal: self.goal,
            as_of: self.world.as_of,
            probability: has_course.then_some(made.probability_on_present_course),
            booked: Money { minor: booked, currency },
            from_open: money(made.open_amount),
            last_useful_lead_date: last_useful,
            drivers,
            stages: self.chain.names,
            expected,
            at_confidence,
            notes: self.notes,
        }
    }

    /// A schedule by month and quarter. Months of the goal that are over show what was booked; the
    /// parts sum to the whole to the minor unit.
    fn need(&self, schedule: &engine::Schedule, booked: i64) -> Need {
        let mut months = self.booked_months();
        let counts_from = day_number(self.days.first);
        let coming = |month: &engine::Month| {
            let counts = month.first_day >= counts_from || month_holds(month, self.days.first);
            if counts { month.new_amount + month.open_amount } else { 0.0 }
        };
        let amounts: Vec<f64> = schedule.months.iter().map(coming).collect();
        let total: f64 = amounts.iter().sum();
        let weights: Vec<u64> =
            amounts.iter().map(|amount| amount.max(0.0).round() as u64).collect();
        let parts = split(total.round() as i64, &weights);
        for (month, minor) in schedule.months.iter().zip(parts) {
            let period = month_of(date_of(month.first_day));
            let mut counts = month.stages.clone();
            counts.resize(self.chain.names.len(), 0.0);
            let row = self.row(minor, counts);
            match months.iter_mut().find(|(other, _)| *other == period) {
                Some((_, other)) => other.add(&row),
                None => months.push((period, row)),
            }
        }
        let calendar = self.context.company.calendar;
        let mut quarters: Vec<(Period, Row)> = Vec::new();
        for (month, row) in &months {
            let quarter = calendar.quarter_of(calendar.days(*month).first);
            match quarters.iter_mut().find(|(other, _)| *other == quarter) {
                Some((_, sum)) => sum.add(row),
                None => quarters.push((quarter, row.clone())),
            }
        }
        let total = self.row(booked + total.round() as i64, schedule.stage_totals.clone());
        Need { total, months, quarters }
    }

    /// What was booked in each month of the goal that has begun.
    fn booked_months(&self) -> Vec<(Period, Row)> {
        let calendar = self.context.company.calendar;
        let begun = |month: &Period| calendar.days(*month).first <= self.world.as_of;
        let booked_in = |month: Period| {
            let days = calendar.days(month);
            let won = self.deals.iter().filter(|deal| deal.outcome == Outcome::Won);
            let within = won.filter(|deal| deal.closed_on.is_some_and(|day| days.contains(day)));
            let amounts = within.filter_map(|deal| deal.amount);
            let same = amounts.filter(|amount| amount.currency == self.context.company.currency);
            same.map(|amount| amount.minor).sum()
        };
        let months = calendar.months(self.goal.period).into_iter().filter(begun);
        months.map(|month| (month, self.row(booked_in(month), self.no_counts()))).collect()
    }

    fn no_counts(&self) -> Vec<f64> {
        vec![0.0; self.chain.names.len()]
    }

    fn row(&self, minor: i64, counts: Vec<f64>) -> Row {
        Row { revenue: Money { minor, currency: self.context.company.currency }, counts }
    }

    fn driver(&self, driver: &engine::drivers::Driver) -> Driver {
        let stage = |index: usize| self.chain.names.get(index).map_or("", String::as_str);
        let name = match driver.lever {
            Lever::Amount => "average sales price".to_owned(),
            Lever::Share(step) => {
                format!("share of {} that become {}", stage(step), stage(step + 1))
            }
            Lever::Lag(step) => format!("time from {} to {}", stage(step), stage(step + 1)),
            Lever::Entries => format!("number of {}", stage(0)),
        };
        let currency = self.context.company.currency;
        let revenue = Money { minor: driver.amount_change.round() as i64, currency };
        Driver { name, revenue, probability: driver.probability_change }
    }
}

/// What is under way brings by month, without anything new.
fn open_by_month(calendar: &engine::Calendar, under_way: &engine::UnderWay) -> Vec<engine::Month> {
    let Some(futures) = &under_way.futures else { return Vec::new() };
    let month = |(index, first_day): (usize, &i32)| engine::Month {
        first_day: *first_day,
        stages: Vec::new(),
        new_amount: 0.0,
        open_amount: futures.in_period(index, |outcome| outcome.open_amount).mean(),
    };
    let months = calendar.month_start_days.len().saturating_sub(1);
    calendar.month_start_days.iter().take(months).enumerate().map(month).collect()
}

/// Whether a month of a schedule, which may begin late in its calendar month, holds a day.
fn month_holds(month: &engine::Month, day: Date) -> bool {
    month_of(date_of(month.first_day)) == month_of(day)
}
