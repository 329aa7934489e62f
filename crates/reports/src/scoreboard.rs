//! The scoreboard: each leg of the relay, actual against expected, and the leg to fix.

pub mod week;

use domain::money::Money;
use domain::period::Period;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::{capital, chance, short};

/// What comes in a period varies so much around the pace of the days before.
const PACE_DEVIATION: f64 = 0.15;
/// The table of the steps.
pub const NEXT: &str = "What to do next";
/// A leg is behind when its pace is below this.
const ON_PACE: f64 = 0.95;
/// A leg is ahead when its pace is at least this.
const AHEAD: f64 = 1.05;
/// Standard deviations below 1 that chance alone exceeds once in twenty times.
const CHANCE_DEVIATIONS: f64 = 1.645;

#[derive(Clone, Debug, PartialEq)]
pub struct Scoreboard {
    pub as_of: Date,
    pub period: Period,
    /// The first day of the period.
    pub first: Date,
    pub goal: Option<Money>,
    /// The probability of the goal on the present course.
    pub probability: Option<f64>,
    pub legs: Vec<Leg>,
    /// What to do next, the most pressing first.
    pub steps: Vec<Step>,
    pub notes: Vec<String>,
}

/// Something to do next.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub text: String,
    /// The page that shows what it is about, with its query.
    pub see: &'static str,
}

/// One leg by its metric, from the period's first day to the as-of day.
#[derive(Clone, Debug, PartialEq)]
pub struct Leg {
    /// awareness, demand, hand-off, pipeline, close or loyalty
    pub leg: &'static str,
    /// The name of the metric in the catalogue.
    pub metric: &'static str,
    pub actual: Amount,
    /// Whether that is the metric's own figure, and not of a part of what it counts.
    pub is_whole: bool,
    /// What should have come by the as-of day, by the plan of the period's eve; `None` where
    /// nothing says what to expect.
    pub expected: Option<Amount>,
    /// What was to be expected of what the leg before has handed over by now; `None` for legs that
    /// none comes before.
    pub given_input: Option<Amount>,
    /// Actual over that, or over `expected` for the first leg; `None` for legs without a model.
    pub own_pace: Option<f64>,
    /// One standard deviation of that pace, or of that against `expected`, by chance alone.
    pub chance: f64,
    /// Expected and actual since the period began, by the end of each month; empty without a model.
    pub curve: Vec<Point>,
}

/// One day of a leg's curve. Money is in the minor unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub until: Date,
    pub expected: f64,
    /// `None` for days to come.
    pub actual: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    Count(f64),
    Money(Money),
}

impl Leg {
    pub fn without_model(leg: &'static str, metric: &'static str, actual: Amount) -> Leg {
        Leg {
            leg,
            metric,
            actual,
            is_whole: true,
            expected: None,
            given_input: None,
            own_pace: None,
            chance: PACE_DEVIATION,
            curve: Vec::new(),
        }
    }

    /// By how many standard deviations of chance the leg itself is behind; `None` if it is not.
    fn behind_by(&self) -> Option<f64> {
        let pace = self.judged_pace().filter(|pace| *pace < ON_PACE)?;
        Some((1.0 - pace) / self.chance)
    }

    /// Whether the leg itself is behind by more than chance alone explains.
    pub fn is_behind_beyond_chance(&self) -> bool {
        self.behind_by().is_some_and(|deviations| deviations > CHANCE_DEVIATIONS)
    }

    /// The pace by which the leg is judged: its own, or against the plan where it has no model.
    fn judged_pace(&self) -> Option<f64> {
        self.own_pace.or_else(|| self.pace())
    }

    /// Whether the leg itself is on pace or ahead; `None` where nothing says what to expect.
    pub fn is_green(&self) -> Option<bool> {
        self.judged_pace().map(|pace| pace >= ON_PACE)
    }

    /// How the leg itself stands, in words; empty where nothing says what to expect.
    fn standing(&self) -> &'static str {
        match self.judged_pace() {
            None => "",
            Some(pace) if pace >= AHEAD => "ahead",
            Some(pace) if pace >= ON_PACE => "on pace",
            Some(_) if self.is_behind_beyond_chance() => "behind",
            Some(_) => "maybe behind",
        }
    }

    /// Whether anything is known of the leg.
    pub fn has_figures(&self) -> bool {
        self.actual.size() != 0.0 || self.expected.is_some_and(|expected| expected.size() != 0.0)
    }

    /// Actual over expected; `None` without an expectation.
    pub fn pace(&self) -> Option<f64> {
        let expected = self.expected?.size();
        (expected > 0.0).then(|| self.actual.size() / expected)
    }
}

impl Scoreboard {
    /// The leg that holds the team back: of those that are behind by more than chance explains, the
    /// one that brings least of what its input lets one expect; those with a model come first.
    /// Where chance may explain it all, the leg that is least likely to be behind by chance.
    pub fn bottleneck(&self) -> Option<&Leg> {
        let beyond = |has_model: bool| {
            let legs = self.legs.iter().filter(move |leg| leg.own_pace.is_some() == has_model);
            let behind = legs.filter(|leg| leg.is_behind_beyond_chance());
            let paced = behind.filter_map(|leg| Some((leg, leg.judged_pace()?)));
            paced.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(leg, _)| leg)
        };
        let by_chance = || {
            let behind = self.legs.iter().filter_map(|leg| Some((leg, leg.behind_by()?)));
            behind.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(leg, _)| leg)
        };
        beyond(true).or_else(|| beyond(false)).or_else(by_chance)
    }

    fn answer(&self) -> String {
        let course = match (self.goal, self.probability) {
            (Some(goal), Some(probability)) => format!(
                "{} in {}: {} likely on the present course.",
                short(goal),
                self.period,
                chance(probability)
            ),
            (Some(goal), None) => format!("{} in {}.", short(goal), self.period),
            (None, _) => format!("No goal is set for {}: run `baton goal set`.", self.period),
        };
        match self.bottleneck() {
            Some(leg) => format!(
                "{course} {} is the leg to {}: {} stands at {:.0} % of {}{}.",
                capital(leg.leg),
                if leg.is_behind_beyond_chance() { "fix" } else { "look at first" },
                leg.metric.replace('_', " "),
                leg.judged_pace().unwrap_or(0.0) * 100.0,
                match leg.given_input {
                    Some(_) => "what is to be expected of what the leg before handed to it",
                    None => "where it should be",
                },
                if leg.is_behind_beyond_chance() { "" } else { ", which chance may explain" },
            ),
            None => format!("{course} No leg is behind."),
        }
    }
}

impl Amount {
    /// The count, or the amount in the minor unit.
    pub fn size(self) -> f64 {
        match self {
            Amount::Count(count) => count,
            Amount::Money(money) => money.minor as f64,
        }
    }

    /// A size in the same unit.
    pub fn like(self, size: f64) -> Amount {
        match self {
            Amount::Count(_) => Amount::Count(size),
            Amount::Money(money) => Amount::Money(Money { minor: size.round() as i64, ..money }),
        }
    }

    fn cell(self) -> Cell {
        match self {
            Amount::Count(count) => Cell::Count(count.round() as i64),
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
            &["Leg", "Metric", ">Actual", ">Expected by now", ">Pace", ">Own pace", "Standing"],
        );
        for leg in self.legs.iter().filter(|leg| leg.has_figures()) {
            table.row([
                leg.leg.into(),
                leg.metric.replace('_', " ").into(),
                leg.actual.cell(),
                leg.expected.map_or(Cell::Missing, Amount::cell),
                leg.pace().map_or(Cell::Missing, Cell::Share),
                leg.own_pace.map_or(Cell::Missing, Cell::Share),
                leg.standing().into(),
            ]);
        }
        let mut next = Table::new(NEXT, &["Step"]);
        self.steps.iter().for_each(|step| next.row([step.text.clone().into()]));
        let tables = [table, next].into_iter().filter(|table| !table.rows.is_empty());
        Document { answer: self.answer(), tables: tables.collect(), notes: self.notes.clone() }
    }

    fn json(&self) -> Value {
        let point = |leg: &Leg, point: &Point| {
            json!({
                "until": point.until.to_string(),
                "expected": leg.actual.like(point.expected).json(),
                "actual": point.actual.map(|actual| leg.actual.like(actual).json()),
            })
        };
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
                    "given_input": leg.given_input.map(Amount::json),
                    "own_pace": leg.own_pace,
                    "curve": leg.curve.iter().map(|at| point(leg, at)).collect::<Vec<_>>(),
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
            "beyond_chance": self.bottleneck().map(Leg::is_behind_beyond_chance),
            "next": self.steps.iter().map(|step| &step.text).collect::<Vec<_>>(),
            "notes": self.notes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A leg by its own pace and how much that varies by chance.
    fn leg(leg: &'static str, own_pace: Option<f64>, chance: f64) -> Leg {
        let actual = Amount::Count(80.0);
        Leg {
            expected: Some(Amount::Count(100.0)),
            own_pace,
            chance,
            ..Leg::without_model(leg, "leads", actual)
        }
    }

    #[track_caller]
    fn check(legs: &[Leg], wanted: Option<&str>, said: &str) {
        let board = Scoreboard {
            as_of: jiff::civil::date(2026, 6, 1),
            period: Period::Year { year: 2026 },
            first: jiff::civil::date(2026, 1, 1),
            goal: None,
            probability: None,
            legs: legs.to_vec(),
            steps: Vec::new(),
            notes: Vec::new(),
        };
        assert_eq!(board.bottleneck().map(|leg| leg.leg), wanted);
        let answer = board.document().answer;
        assert!(answer.contains(said), "{answer}");
    }

    #[test]
    fn the_leg_that_holds_the_team_back_is_behind_by_more_than_chance() {
        let demand = leg("demand", Some(0.8), 0.05);
        let close = leg("close", Some(0.7), 0.4);
        check(&[demand.clone(), close.clone()], Some("demand"), "Demand is the leg to fix");
        check(&[close], Some("close"), "which chance may explain");
        check(&[leg("demand", Some(0.96), 0.01)], None, "No leg is behind");
    }

    #[test]
    fn a_leg_without_a_model_is_named_last() {
        let awareness = leg("awareness", None, 0.01);
        let close = leg("close", Some(0.9), 0.01);
        check(&[awareness.clone(), close], Some("close"), "Close is the leg to fix");
        check(&[awareness], Some("awareness"), "80 % of where it should be");
    }
}
