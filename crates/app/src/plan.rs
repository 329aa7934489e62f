//! The reverse-funnel plan: from the goal back to the leads, month by month.

pub mod assumptions;
pub mod basis;
mod budget;
pub mod chain;
pub mod changes;
pub mod course;

use std::path::PathBuf;

use domain::goal::Goal;
use domain::money::{Currency, Money, split};
use domain::period::{Days, FiscalCalendar, Period, month_of};
use domain::time::{date_of, day_number};
use jiff::ToSpan;
use jiff::civil::Date;
use rayon::prelude::*;
use reports::plan::{Assumption, Driver, Need, Plan, Row};
use stats::plan as engine;
use stats::plan::drivers::Lever;

use crate::context::Context;
use crate::error::Error;
use crate::goal;
use crate::model::{into_counted, won_within};
use crate::world::{Wanted, World};
use basis::{Basis, Span};
use budget::Budget;
use changes::Change;
use course::BESIDES;

/// Counts are stated to the tenth.
const TENTHS: f64 = 10.0;
/// Weights are whole numbers of this part of their sum.
const WEIGHTS: f64 = 1e12;

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
    prepare(context, question).await?.answer(&[])
}

/// Reads, fits and simulates all that a plan rests on, so that the plan and what becomes of it
/// under changes can then be told at once.
///
/// # Errors
/// See [`plan`].
pub async fn prepare(context: &Context, question: &Question) -> Result<Prepared, Error> {
    let goal = goal::find(context, question.period).await?;
    let calendar = context.company.calendar;
    let days = calendar.days(goal.period);
    let as_of = goal::from_when(context, goal, question.as_of);
    let wanted = Wanted { deals: true, leads: true, estimates: false };
    let mut world = World::of(context, context.as_of(as_of, question.known_at), wanted).await?;
    if days.last <= world.as_of {
        return Err(Error::Plan(format!(
            "{} ended on {}: choose an earlier --as-of, or set a goal for a later period",
            goal.period, days.last
        )));
    }
    let assumed = question.assume.as_deref().map(assumptions::read).transpose()?;
    world.deals = into_counted(std::mem::take(&mut world.deals), goal.counts);
    let span = Span { days, cut: None, seed: question.seed };
    let basis = Basis::new(context, &world, &world.deals, &span, assumed)?;
    let begun = |month: &Period| calendar.days(*month).first <= world.as_of;
    let booked_in = |month| (month, won_within(&world.deals, calendar.days(month)));
    let months: Vec<Period> = calendar.months(goal.period).into_iter().filter(begun).collect();
    let prepared = Prepared {
        goal,
        seed: question.seed,
        currency: context.company.currency,
        calendar,
        as_of: world.as_of,
        days,
        booked_months: months.into_par_iter().map(booked_in).collect(),
        is_reconstructed: world.reconstructed,
        budget: budget::of(context, &world, &basis.chain).await?,
        basis,
    };
    world.let_go();
    Ok(prepared)
}

/// The day before a day.
pub fn eve(day: Date) -> Date {
    day.saturating_sub(1.day())
}

/// What a plan rests on, of one picture of the company. It holds no deal, lead or connection, and
/// may be kept for as long as the facts stay as they are.
pub struct Prepared {
    pub goal: Goal,
    pub as_of: Date,
    seed: u64,
    currency: Currency,
    calendar: FiscalCalendar,
    days: Days,
    /// What was booked in each month of the goal that has begun, in minor units.
    booked_months: Vec<(Period, i64)>,
    is_reconstructed: bool,
    budget: Option<Budget>,
    basis: Basis,
}

impl Prepared {
    /// The plan under changes; without any, the plan itself. The same futures each bring so much
    /// more or less, and none is drawn anew.
    ///
    /// # Errors
    /// When a change is of something that the plan does not rest on.
    pub fn answer(&self, changes: &[Change]) -> Result<Plan, Error> {
        let refused = |error: engine::PlanError| Error::Plan(error.to_string());
        let changed = match changes {
            [] => None,
            _ => Some(self.basis.model.changed(&self.turned(changes)?).map_err(refused)?),
        };
        let model = changed.as_ref().unwrap_or(&self.basis.model);
        let goal = self.basis.goal(&self.goal);
        let options = engine::Options { seed: self.seed, draws: crate::limits::FUTURES };
        let made = model.plan(goal, options).map_err(refused)?;
        let mut plan = Planned { prepared: self, model }.report(&made);
        plan.what_if = changed.as_ref().map(|changed| self.what_if(changes, changed));
        Ok(plan)
    }
}

/// A plan with what it was made from, to be put into words.
struct Planned<'a> {
    prepared: &'a Prepared,
    /// As history and assumptions have it, or changed.
    model: &'a engine::Model,
}

impl Planned<'_> {
    fn report(&self, made: &engine::Plan) -> Plan {
        let Prepared { goal, as_of, basis, .. } = self.prepared;
        let planned = match &made.entries {
            engine::Entries::Planned(planned) => Some(planned),
            engine::Entries::TooLate { .. } => None,
        };
        let under_way = || self.need(&self.model.expected(basis.goal(goal)));
        let drivers = planned.iter().flat_map(|planned| &planned.drivers);
        let besides = BESIDES.iter().zip(&made.besides_amounts);
        Plan {
            goal: *goal,
            as_of: *as_of,
            probability: basis.has_course.then_some(made.probability_on_present_course),
            booked: self.money(basis.booked as f64),
            from_open: self.money(made.open_amount),
            besides: besides
                .map(|(name, amount)| ((*name).to_owned(), self.money(*amount)))
                .collect(),
            last_useful_lead_date: planned.map(|planned| date_of(planned.last_useful_day)),
            drivers: drivers.map(|driver| self.driver(driver)).collect(),
            stages: basis.chain.names.clone(),
            average_sales_price: self.money(self.model.mean_amount()),
            assumptions: self.assumptions(),
            expected: planned.map_or_else(under_way, |planned| self.need(&planned.expected)),
            expected_probability: planned.map(|planned| planned.expected_probability),
            at_confidence: planned
                .map_or_else(under_way, |planned| self.need(&planned.at_confidence)),
            present_course: made.present_course.as_ref().map(|course| self.need(course)),
            what_if: None,
            notes: self.notes(made),
        }
    }

    fn notes(&self, made: &engine::Plan) -> Vec<String> {
        let Prepared { basis, is_reconstructed, .. } = self.prepared;
        let mut notes = basis.chain.notes.clone();
        if let engine::Entries::TooLate { typical_days } = &made.entries {
            let days = typical_days.map_or(String::new(), |days| {
                format!(" Half of those who win take more than {days} days.")
            });
            notes.push(format!("It is too late for new leads to be won in time.{days}"));
        }
        if *is_reconstructed && !basis.chain.is_assumed {
            notes.push("History before the first export is reconstructed from its dates.".into());
        }
        notes
    }

    fn money(&self, minor: f64) -> Money {
        self.prepared.money(minor)
    }

    /// A schedule by month and quarter. Months of the goal that are over show what was booked; the
    /// parts sum to the whole, amounts to the minor unit and counts to the tenth.
    fn need(&self, schedule: &engine::Schedule) -> Need {
        let coming = &schedule.months;
        let amounts = whole_parts(coming.iter().map(|month| self.in_goal(month)), 1.0);
        let stages: Vec<Vec<i64>> = (0..self.names().len())
            .map(|stage| whole_parts(coming.iter().map(|month| month.stages[stage]), TENTHS))
            .collect();
        let counts = |of: &dyn Fn(&Vec<i64>) -> i64| -> Vec<f64> {
            stages.iter().map(|stage| of(stage) as f64 / TENTHS).collect()
        };
        let mut months = self.booked_months();
        for (index, (month, minor)) in coming.iter().zip(&amounts).enumerate() {
            let row = self.row(*minor, counts(&|stage| stage[index]));
            add(&mut months, month_of(date_of(month.first_day)), &row);
        }
        let booked_and_coming = self.prepared.basis.booked + amounts.iter().sum::<i64>();
        let total = self.row(booked_and_coming, counts(&|stage| stage.iter().sum()));
        Need { total, quarters: self.quarters(&months), months }
    }

    /// What a month brings towards the goal.
    fn in_goal(&self, month: &engine::Month) -> f64 {
        match month.first_day >= day_number(self.prepared.days.first) {
            true => month.new_amount + month.open_amount,
            false => 0.0,
        }
    }

    fn quarters(&self, months: &[(Period, Row)]) -> Vec<(Period, Row)> {
        let calendar = self.prepared.calendar;
        let mut quarters: Vec<(Period, Row)> = Vec::new();
        for (month, row) in months {
            add(&mut quarters, calendar.quarter_of(calendar.days(*month).first), row);
        }
        quarters
    }

    fn booked_months(&self) -> Vec<(Period, Row)> {
        let none = vec![0.0; self.names().len()];
        let month = |&(month, minor): &(Period, i64)| (month, self.row(minor, none.clone()));
        self.prepared.booked_months.iter().map(month).collect()
    }

    fn names(&self) -> &[String] {
        &self.prepared.basis.chain.names
    }

    fn row(&self, minor: i64, counts: Vec<f64>) -> Row {
        Row { revenue: Money { minor, currency: self.prepared.currency }, counts }
    }

    /// What the chain rests on, step by step.
    fn assumptions(&self) -> Vec<Assumption> {
        let assumption = |((step, used), pair): ((&engine::Step, f64), &[String])| Assumption {
            from: pair[0].clone(),
            to: pair[1].clone(),
            share: step.share,
            used,
            known_from: step.share_known_from,
            half_within: half_within(&step.lag),
        };
        let steps = self.model.assumptions().steps.iter().zip(self.model.shares());
        steps.zip(self.names().windows(2)).map(assumption).collect()
    }

    fn driver(&self, driver: &engine::drivers::Driver) -> Driver {
        let name = self.prepared.name_of(driver.lever);
        let revenue = self.money(driver.amount_change);
        Driver { name, revenue, probability: driver.probability_change }
    }
}

impl Prepared {
    fn money(&self, minor: f64) -> Money {
        Money { minor: minor.round() as i64, currency: self.currency }
    }

    fn name_of(&self, lever: Lever) -> String {
        let names = &self.basis.chain.names;
        let stage = |index: usize| names.get(index).map_or("", String::as_str);
        match lever {
            Lever::Amount => "average sales price".to_owned(),
            Lever::Share(step) => format!("share from {} to {}", stage(step), stage(step + 1)),
            Lever::Lag(step) => format!("time from {} to {}", stage(step), stage(step + 1)),
            Lever::Entries => format!("number of {}", reports::plan::plural(stage(0))),
        }
    }
}

/// The time within which half of those who go on do so.
fn half_within(lag: &engine::Lag) -> String {
    match lag {
        engine::Lag::Months(months) => format!("{months} months"),
        engine::Lag::LogNormal { median_days, .. } => format!("{median_days:.0} days"),
        engine::Lag::Empirical(by_day) => {
            format!("{} days", by_day.partition_point(|share| *share < 0.5))
        }
    }
}

/// Adds a row to that of its period.
fn add(rows: &mut Vec<(Period, Row)>, period: Period, row: &Row) {
    match rows.iter_mut().find(|(other, _)| *other == period) {
        Some((_, sum)) => sum.add(row),
        None => rows.push((period, row.clone())),
    }
}

/// Sizes as whole numbers of so many parts of one, which sum to the rounded sum.
fn whole_parts(sizes: impl Iterator<Item = f64>, parts_of_one: f64) -> Vec<i64> {
    let sizes: Vec<f64> = sizes.map(|size| size.max(0.0)).collect();
    let sum: f64 = sizes.iter().sum();
    let weight = |size: &f64| if sum > 0.0 { (size / sum * WEIGHTS).round() as u64 } else { 0 };
    let weights: Vec<u64> = sizes.iter().map(weight).collect();
    split((sum * parts_of_one).round() as i64, &weights)
}
