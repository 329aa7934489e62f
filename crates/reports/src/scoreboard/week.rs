//! What changed in the last week: the probability of the goal, what came of each leg, and the
//! deals that were won and lost.

use domain::money::Money;
use domain::period::Period;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::Amount;
use crate::document::{Cell, Document, Report, Table};
use crate::pipeline::Waterfall;
use crate::render::{capital, counted, short};

/// The table of the legs.
pub const LEGS: &str = "What came of each leg";
/// Probabilities that differ by less, in percentage points, are the same to the eye.
const SAME_POINTS: f64 = 1.0;

#[derive(Clone, Debug, PartialEq)]
pub struct Week {
    /// The last day of the week.
    pub as_of: Date,
    /// The day on whose end the week begins.
    pub from: Date,
    pub period: Period,
    pub goal: Option<Money>,
    /// The probability of the goal on past days and today, oldest first; empty without a goal.
    pub course: Vec<(Date, f64)>,
    pub legs: Vec<LegWeek>,
    pub pipeline: Waterfall,
    /// The largest deals that were won or lost.
    pub closed: Vec<ClosedDeal>,
}

/// What came of a leg in a week.
#[derive(Clone, Debug, PartialEq)]
pub struct LegWeek {
    pub leg: &'static str,
    pub metric: &'static str,
    pub this_week: Amount,
    pub week_before: Amount,
    /// The mean week of the quarter of a year before.
    pub usual: Amount,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ClosedDeal {
    pub id: String,
    pub name: Option<String>,
    pub is_won: bool,
    pub amount: Option<Money>,
    pub on: Date,
}

impl Week {
    /// The probability at the beginning and the end of the week.
    pub fn moved(&self) -> Option<(f64, f64)> {
        let now = self.course.last().filter(|(day, _)| *day == self.as_of)?.1;
        let before = self.course.iter().find(|(day, _)| *day == self.from)?.1;
        Some((before, now))
    }

    /// How the probability moved, in words; empty without a goal.
    pub fn movement(&self) -> String {
        let Some((before, now)) = self.moved() else { return String::new() };
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        let points = (now - before) * 100.0;
        match points {
            _ if points.abs() < SAME_POINTS => {
                format!("the probability of the goal stayed at {}", percent(now))
            }
            _ => format!(
                "the probability of the goal {} from {} to {}",
                if points > 0.0 { "rose" } else { "fell" },
                percent(before),
                percent(now)
            ),
        }
    }

    /// What became of deals, in words.
    pub fn events(&self) -> String {
        let told = |step: crate::pipeline::Step, what: &str| match step.deals {
            0 => format!("no deal {what}"),
            deals => format!("{} {what} ({})", counted(deals, "deal"), short(step.amount)),
        };
        let fall = &self.pipeline;
        format!(
            "{}, {}, {}",
            told(fall.won, "won"),
            told(fall.lost, "lost"),
            told(fall.created, "created")
        )
    }

    fn legs_table(&self) -> Table {
        let mut table =
            Table::new(LEGS, &["Leg", "Metric", ">This week", ">The week before", ">A usual week"]);
        for leg in &self.legs {
            table.row([
                leg.leg.into(),
                leg.metric.replace('_', " ").into(),
                leg.this_week.cell(),
                leg.week_before.cell(),
                leg.usual.cell(),
            ]);
        }
        table
    }

    fn course_table(&self) -> Table {
        let mut table = Table::new("The probability of the goal", &["Day", ">Probability"]);
        for (day, probability) in &self.course {
            table.row([(*day).into(), Cell::Share(*probability)]);
        }
        table
    }

    fn closed_table(&self) -> Table {
        let code = self.pipeline.end.amount.currency.code();
        let amount = format!(">Amount {code}");
        let mut table = Table::new(
            "The largest deals that closed",
            &["Deal", "Name", "Outcome", &amount, "On"],
        );
        for deal in &self.closed {
            table.row([
                deal.id.clone().into(),
                deal.name.clone().unwrap_or_default().into(),
                if deal.is_won { "won" } else { "lost" }.into(),
                deal.amount.into(),
                deal.on.into(),
            ]);
        }
        table
    }
}

impl Report for Week {
    fn document(&self) -> Document {
        let movement = self.movement();
        let joint = if movement.is_empty() { "" } else { ". " };
        let tables = vec![self.legs_table(), self.closed_table(), self.course_table()];
        Document {
            answer: format!(
                "In the week to {}{}{movement}{joint}{}.",
                self.as_of,
                if movement.is_empty() { ": " } else { " " },
                capital(&self.events()),
            ),
            tables: tables.into_iter().filter(|table| !table.rows.is_empty()).collect(),
            notes: vec![
                "Past probabilities are of what was true on the day, by the model of today; an \
                 import of older facts changes them."
                    .to_owned(),
            ],
        }
    }

    fn json(&self) -> Value {
        let leg = |leg: &LegWeek| {
            json!({
                "leg": leg.leg,
                "metric": leg.metric,
                "this_week": leg.this_week.json(),
                "week_before": leg.week_before.json(),
                "usual": leg.usual.json(),
            })
        };
        let closed = |deal: &ClosedDeal| {
            json!({
                "id": deal.id,
                "name": deal.name,
                "outcome": if deal.is_won { "won" } else { "lost" },
                "amount": deal.amount.map(Money::to_decimal),
                "on": deal.on.to_string(),
            })
        };
        let day =
            |(day, share): &(Date, f64)| json!({"day": day.to_string(), "probability": share});
        json!({
            "from": self.from.to_string(),
            "as_of": self.as_of.to_string(),
            "period": self.period.to_string(),
            "goal": self.goal.map(Money::to_decimal),
            "course": self.course.iter().map(day).collect::<Vec<_>>(),
            "legs": self.legs.iter().map(leg).collect::<Vec<_>>(),
            "pipeline": self.pipeline.json(),
            "closed": self.closed.iter().map(closed).collect::<Vec<_>>(),
        })
    }
}
