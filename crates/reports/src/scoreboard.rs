//! The scoreboard: each leg of the relay, actual against expected, and the leg to fix.

use domain::money::Money;
use domain::period::Period;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::short;

/// A leg is behind when its pace is below this.
pub const ON_PACE: f64 = 0.95;

#[derive(Clone, Debug, PartialEq)]
pub struct Scoreboard {
    pub as_of: Date,
    pub period: Period,
    pub goal: Option<Money>,
    /// The probability of the goal on the present course.
    pub probability: Option<f64>,
    pub legs: Vec<Leg>,
    pub notes: Vec<String>,
}

/// One leg by its metric, from the period's first day to the as-of day.
#[derive(Clone, Debug, PartialEq)]
pub struct Leg {
    /// awareness, demand, hand-off, pipeline, close or loyalty
    pub leg: &'static str,
    /// The name of the metric in the catalogue.
    pub metric: &'static str,
    pub actual: Amount,
    /// What should have come by the as-of day, by the plan of the period's eve; `None` where
    /// nothing says what to expect.
    pub expected: Option<Amount>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    Count(f64),
    Money(Money),
}

impl Leg {
    /// Whether anything is known of the leg.
    fn has_figures(&self) -> bool {
        self.actual.size() != 0.0 || self.expected.is_some_and(|expected| expected.size() != 0.0)
    }

    /// Actual over expected; `None` without an expectation.
    pub fn pace(&self) -> Option<f64> {
        let expected = self.expected?.size();
        (expected > 0.0).then(|| self.actual.size() / expected)
    }
}

impl Scoreboard {
    /// The leg that is furthest behind, if any is behind at all.
    pub fn bottleneck(&self) -> Option<&Leg> {
        let paced = self.legs.iter().filter_map(|leg| Some((leg, leg.pace()?)));
        paced
            .filter(|(_, pace)| *pace < ON_PACE)
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(leg, _)| leg)
    }

    fn answer(&self) -> String {
        let course = match (self.goal, self.probability) {
            (Some(goal), Some(probability)) => format!(
                "{} in {}: {:.0} % likely on the present course.",
                short(goal),
                self.period,
                probability * 100.0
            ),
            (Some(goal), None) => format!("{} in {}.", short(goal), self.period),
            (None, _) => format!("No goal is set for {}: run `baton goal set`.", self.period),
        };
        match self.bottleneck() {
            Some(leg) => format!(
                "{course} {} is the leg to fix: {} stands at {:.0} % of where it should be.",
                leg.leg,
                leg.metric.replace('_', " "),
                leg.pace().unwrap_or(0.0) * 100.0
            ),
            None => format!("{course} No leg is behind."),
        }
    }
}

impl Amount {
    fn size(self) -> f64 {
        match self {
            Amount::Count(count) => count,
            Amount::Money(money) => money.minor as f64,
        }
    }

    fn cell(self) -> Cell {
        match self {
            Amount::Count(count) => Cell::Number(count),
            Amount::Money(money) => Cell::Money(money),
        }
    }

    fn json(self) -> Value {
        match self {
            Amount::Count(count) => json!(count),
            Amount::Money(money) => json!(money.to_decimal()),
        }
    }
}

impl Report for Scoreboard {
    fn document(&self) -> Document {
        let mut table = Table::new(
            &format!("{} up to {}", self.period, self.as_of),
            &["Leg", "Metric", ">Actual", ">Expected by now", ">Pace"],
        );
        for leg in self.legs.iter().filter(|leg| leg.has_figures()) {
            table.row([
                leg.leg.into(),
                leg.metric.replace('_', " ").into(),
                leg.actual.cell(),
                leg.expected.map_or(Cell::Missing, Amount::cell),
                leg.pace().map_or(Cell::Missing, Cell::Share),
            ]);
        }
        Document { answer: self.answer(), tables: vec![table], notes: self.notes.clone() }
    }

    fn json(&self) -> Value {
        let legs: Vec<Value> = self
            .legs
            .iter()
            .map(|leg| {
                json!({
                    "leg": leg.leg,
                    "metric": leg.metric,
                    "actual": leg.actual.json(),
                    "expected": leg.expected.map(Amount::json),
                    "pace": leg.pace(),
                })
            })
            .collect();
        json!({
            "as_of": self.as_of.to_string(),
            "period": self.period.to_string(),
            "goal": self.goal.map(Money::to_decimal),
            "probability": self.probability,
            "legs": legs,
            "bottleneck": self.bottleneck().map(|leg| leg.leg),
            "notes": self.notes,
        })
    }
}
