//! The reverse-funnel plan: from the goal back to the leads, month by month.

pub mod assumptions;
pub mod basis;
pub mod chain;
pub mod course;

use std::path::PathBuf;

use domain::deal::Deal;
use domain::goal::Goal;
use domain::money::{Money, split};
use domain::period::{Days, Period, month_of};
use domain::time::{date_of, day_number};
use jiff::ToSpan;
use jiff::civil::Date;
use reports::plan::{Assumption, Driver, Need, Plan, Row};
use stats::plan as engine;
use stats::plan::drivers::Lever;

use crate::context::Context;
use crate::error::Error;
use crate::goal;
use crate::model::{counted, won_within};
use crate::world::World;
use basis::{Basis, Span};
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
    let goal = goal::find(context, question.period).await?;
    let days = context.company.calendar.days(goal.period);
    let as_of = goal::from_when(context, goal, question.as_of);
    let world = World::at(context, context.as_of(as_of, question.known_at)).await?;
    if days.last <= world.as_of {
        return Err(Error::Plan(format!(
            "{} ended on {}: choose an earlier --as-of, or set a goal for a later period",
            goal.period, days.last
        )));
    }
    let assumed = question.assume.as_deref().map(assumptions::read).transpose()?;
    let deals = counted(&world.deals, goal.counts);
    let span = Span { days, cut: None, seed: question.seed };
    let basis = Basis::new(context, &world, &deals, &span, assumed)?;
    let made = basis.plan(&goal, question.seed)?;
    let planned = Planned { context, world: &world, goal, days, deals: &deals, basis: &basis };
    Ok(planned.report(&made))
}

/// The day before a day.
pub fn eve(day: Date) -> Date {
    day.saturating_sub(1.day())
}

/// A plan with what it was made from, to be put into words.
struct Planned<'a> {
    context: &'a Context,
    world: &'a World,
    goal: Goal,
    days: Days,
    deals: &'a [Deal],
    basis: &'a Basis,
}

impl Planned<'_> {
    fn report(&self, made: &engine::Plan) -> Plan {
        let planned = match &made.entries {
            engine::Entries::Planned(planned) => Some(planned),
            engine::Entries::TooLate { .. } => None,
        };
        let under_way = || self.need(&self.basis.expected(&self.goal));
        let drivers = planned.iter().flat_map(|planned| &planned.drivers);
        let besides = BESIDES.iter().zip(&made.besides_amounts);
        Plan {
            goal: self.goal,
            as_of: self.world.as_of,
            probability: self.basis.has_course.then_some(made.probability_on_present_course),
            booked: self.money(self.basis.booked as f64),
            from_open: self.money(made.open_amount),
            besides: besides
                .map(|(name, amount)| ((*name).to_owned(), self.money(*amount)))
                .collect(),
            last_useful_lead_date: planned.map(|planned| date_of(planned.last_useful_day)),
            drivers: drivers.map(|driver| self.driver(driver)).collect(),
            stages: self.basis.chain.names.clone(),
            average_sales_price: self.money(self.basis.model.mean_amount()),
            assumptions: self.assumptions(),
            expected: planned.map_or_else(under_way, |planned| self.need(&planned.expected)),
            expected_probability: planned.map(|planned| planned.expected_probability),
            at_confidence: planned
                .map_or_else(under_way, |planned| self.need(&planned.at_confidence)),
            present_course: made.present_course.as_ref().map(|course| self.need(course)),
            notes: self.notes(made),
        }
    }

    fn notes(&self, made: &engine::Plan) -> Vec<String> {
        let mut notes = self.basis.chain.notes.clone();
        if let engine::Entries::TooLate { typical_days } = &made.entries {
            let days = typical_days.map_or(String::new(), |days| {
                format!(" Half of those who win take more than {days} days.")
            });
            notes.push(format!("It is too late for new leads to be won in time.{days}"));
        }
        if self.world.reconstructed && !self.basis.chain.is_assumed {
            notes.push("History before the first export is reconstructed from its dates.".into());
        }
        notes
    }

    fn money(&self, minor: f64) -> Money {
        Money { minor: minor.round() as i64, currency: self.context.company.currency }
    }

    /// A schedule by month and quarter. Months of the goal that are over show what was booked; the
    /// parts sum to the whole, amounts to the minor unit and counts to the tenth.
    fn need(&self, schedule: &engine::Schedule) -> Need {
        let coming = &schedule.months;
        let amounts = whole_parts(coming.iter().map(|month| self.in_goal(month)), 1.0);
        let stages: Vec<Vec<i64>> = (0..self.basis.chain.names.len())
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
        let booked_and_coming = self.basis.booked + amounts.iter().sum::<i64>();
        let total = self.row(booked_and_coming, counts(&|stage| stage.iter().sum()));
        Need { total, quarters: self.quarters(&months), months }
    }

    /// What a month brings towards the goal.
    fn in_goal(&self, month: &engine::Month) -> f64 {
        match month.first_day >= day_number(self.days.first) {
            true => month.new_amount + month.open_amount,
            false => 0.0,
        }
    }

    fn quarters(&self, months: &[(Period, Row)]) -> Vec<(Period, Row)> {
        let calendar = self.context.company.calendar;
        let mut quarters: Vec<(Period, Row)> = Vec::new();
        for (month, row) in months {
            add(&mut quarters, calendar.quarter_of(calendar.days(*month).first), row);
        }
        quarters
    }

    /// What was booked in each month of the goal that has begun.
    fn booked_months(&self) -> Vec<(Period, Row)> {
        let calendar = self.context.company.calendar;
        let begun = |month: &Period| calendar.days(*month).first <= self.world.as_of;
        let booked_in = |month: Period| won_within(self.deals, calendar.days(month));
        let none = vec![0.0; self.basis.chain.names.len()];
        let months = calendar.months(self.goal.period).into_iter().filter(begun);
        months.map(|month| (month, self.row(booked_in(month), none.clone()))).collect()
    }

    fn row(&self, minor: i64, counts: Vec<f64>) -> Row {
        Row { revenue: Money { minor, currency: self.context.company.currency }, counts }
    }

    /// What the chain rests on, step by step.
    fn assumptions(&self) -> Vec<Assumption> {
        let names = &self.basis.chain.names;
        let assumption = |((step, used), pair): ((&engine::Step, f64), &[String])| Assumption {
            from: pair[0].clone(),
            to: pair[1].clone(),
            share: step.share,
            used,
            known_from: step.share_known_from,
            half_within: match &step.lag {
                engine::Lag::Months(months) => format!("{months} months"),
                engine::Lag::LogNormal { median_days, .. } => format!("{median_days:.0} days"),
                engine::Lag::Empirical(by_day) => {
                    let half = by_day.partition_point(|share| *share < 0.5);
                    format!("{half} days")
                }
            },
        };
        let steps = self.basis.chain.steps.iter().zip(self.basis.model.shares());
        steps.zip(names.windows(2)).map(assumption).collect()
    }

    fn driver(&self, driver: &engine::drivers::Driver) -> Driver {
        let names = &self.basis.chain.names;
        let stage = |index: usize| names.get(index).map_or("", String::as_str);
        let name = match driver.lever {
            Lever::Amount => "average sales price".to_owned(),
            Lever::Share(step) => format!("share from {} to {}", stage(step), stage(step + 1)),
            Lever::Lag(step) => format!("time from {} to {}", stage(step), stage(step + 1)),
            Lever::Entries => format!("number of {}", reports::plan::plural(stage(0))),
        };
        let revenue = self.money(driver.amount_change);
        Driver { name, revenue, probability: driver.probability_change }
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
