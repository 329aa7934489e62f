//! The reverse-funnel plan: what each month and quarter must bring so that the goal is met.

use domain::goal::Goal;
use domain::money::Money;
use domain::period::Period;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::render::short;

#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub goal: Goal,
    pub as_of: Date,
    /// The probability of the goal if new leads keep coming as they do now; `None` where there is
    /// no history that tells how they come.
    pub probability: Option<f64>,
    /// Won in the goal's period by the as-of day.
    pub booked: Money,
    /// What the open pipeline is expected to add within the period.
    pub from_open: Money,
    /// The last day on which a new lead still counts; `None` when that day has passed.
    pub last_useful_lead_date: Option<Date>,
    pub drivers: Vec<Driver>,
    /// The names of the stages, first to last.
    pub stages: Vec<String>,
    /// What is needed on average. It reaches the goal only about half of the time.
    pub expected: Need,
    /// What is needed so that the goal is reached with its confidence.
    pub at_confidence: Need,
    pub notes: Vec<String>,
}

/// What is needed from new leads on, on top of what is booked and open.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    pub total: Row,
    pub months: Vec<(Period, Row)>,
    pub quarters: Vec<(Period, Row)>,
}

/// The revenue of a period and the number that enters each stage in it, in the order of stages.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub revenue: Money,
    pub counts: Vec<f64>,
}

/// What a ten per cent better value of one assumption changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Driver {
    pub name: String,
    /// The change of the expected revenue of the period.
    pub revenue: Money,
    /// The change of the probability of the goal.
    pub probability: f64,
}

impl Row {
    /// Adds another row of the same stages.
    pub fn add(&mut self, other: &Row) {
        self.revenue.minor += other.revenue.minor;
        for (sum, count) in self.counts.iter_mut().zip(&other.counts) {
            *sum += count;
        }
    }
}

impl Plan {
    fn answer(&self) -> String {
        let goal = short(self.goal.amount);
        let last = self.stages.len().saturating_sub(1);
        let (first_name, last_name) = match (self.stages.first(), self.stages.last()) {
            (Some(first), Some(last)) => (first.as_str(), last.as_str()),
            _ => ("lead", "won"),
        };
        let count =
            |need: &Need, index: usize| need.total.counts.get(index).copied().unwrap_or(0.0);
        if self.last_useful_lead_date.is_none() {
            return self.answer_too_late(&goal);
        }
        let course = match self.probability {
            Some(probability) => format!(
                " On the present course the goal is reached with {:.0} % probability.",
                probability * 100.0
            ),
            None => String::new(),
        };
        format!(
            "{goal} in {} needs {:.0} {last_name} from {:.0} {first_name} on average; to reach it \
             with {:.0} % confidence, {:.0} {last_name} from {:.0} {first_name}.{course}",
            self.goal.period,
            count(&self.expected, last),
            count(&self.expected, 0),
            self.goal.confidence * 100.0,
            count(&self.at_confidence, last).ceil(),
            count(&self.at_confidence, 0).ceil(),
        )
    }

    /// The answer when no new lead can count any more.
    fn answer_too_late(&self, goal: &str) -> String {
        let chance = self.probability.unwrap_or(0.0) * 100.0;
        format!(
            "{goal} in {} can only come from what is under way: {} is booked and {} is expected \
             from the open pipeline. The goal is reached with {chance:.0} % probability.",
            self.goal.period,
            short(self.booked),
            short(self.from_open),
        )
    }

    fn need_table(&self, title: &str, need: &Need) -> Table {
        let code = self.goal.amount.currency.code();
        let mut columns = vec!["Period".to_owned()];
        columns.extend(self.stages.iter().map(|stage| format!(">{stage}")));
        columns.push(format!(">Revenue {code}"));
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let mut table = Table::new(title, &columns);
        let mut add = |name: String, row: &Row| {
            let mut cells = vec![Cell::Text(name)];
            cells.extend(row.counts.iter().map(|count| Cell::Number(*count)));
            cells.push(row.revenue.into());
            table.row(cells);
        };
        need.months.iter().for_each(|(period, row)| add(period.to_string(), row));
        need.quarters.iter().for_each(|(period, row)| add(period.to_string(), row));
        add("Total".to_owned(), &need.total);
        table
    }

    fn driver_table(&self) -> Table {
        let code = self.goal.amount.currency.code();
        let mut table = Table::new(
            "What ten per cent more of each would change",
            &["Driver", &format!(">Revenue {code}"), ">Probability, points"],
        );
        for driver in &self.drivers {
            let points = format!("{:+.1}", driver.probability * 100.0);
            table.row([driver.name.as_str().into(), driver.revenue.into(), points.into()]);
        }
        table
    }

    fn need_json(&self, need: &Need) -> Value {
        let row = |row: &Row| {
            let mut fields = Map::new();
            fields.insert("revenue".into(), json!(row.revenue.to_decimal()));
            for (stage, count) in self.stages.iter().zip(&row.counts) {
                fields.insert(stage.clone(), json!(count));
            }
            fields
        };
        let periods = |rows: &[(Period, Row)]| -> Vec<Value> {
            let named = |(period, counts): &(Period, Row)| {
                let mut fields = Map::new();
                fields.insert("period".into(), json!(period.to_string()));
                fields.extend(row(counts));
                Value::Object(fields)
            };
            rows.iter().map(named).collect()
        };
        json!({
            "totals": row(&need.total),
            "periods": periods(&need.months),
            "quarters": periods(&need.quarters),
        })
    }
}

impl Report for Plan {
    fn document(&self) -> Document {
        let mut base = Table::new("What is there already", &["Part", ">Amount"]);
        base.row(["booked in the period".into(), Cell::Money(self.booked)]);
        base.row(["expected from the open pipeline".into(), Cell::Money(self.from_open)]);
        let mut notes = self.notes.clone();
        notes.push(match self.last_useful_lead_date {
            Some(date) => {
                format!("A lead that comes after {date} is too late for {}.", self.goal.period)
            }
            None => format!(
                "No lead that comes from {} on is in time for {}.",
                self.as_of, self.goal.period
            ),
        });
        let confidence = self.goal.confidence * 100.0;
        let needs = if self.last_useful_lead_date.is_some() {
            notes.push("Counts are of new leads; revenue is booked, open and new together.".into());
            let title = format!("What it takes, for {confidence:.0} % confidence");
            vec![
                self.need_table("What it takes, on average", &self.expected),
                self.need_table(&title, &self.at_confidence),
                self.driver_table(),
            ]
        } else {
            vec![self.need_table("What is under way brings", &self.expected)]
        };
        let tables = [vec![base], needs].concat();
        Document { answer: self.answer(), tables, notes }
    }

    fn json(&self) -> Value {
        let drivers: Vec<Value> = self
            .drivers
            .iter()
            .map(|driver| {
                json!({
                    "driver": driver.name,
                    "revenue_change": driver.revenue.to_decimal(),
                    "probability_change": driver.probability,
                })
            })
            .collect();
        json!({
            "goal": self.goal.amount.to_decimal(),
            "currency": self.goal.amount.currency.code(),
            "period": self.goal.period.to_string(),
            "counts": self.goal.counts.name(),
            "as_of": self.as_of.to_string(),
            "confidence": self.goal.confidence,
            "probability": self.probability,
            "booked": self.booked.to_decimal(),
            "from_open": self.from_open.to_decimal(),
            "last_useful_lead_date": self.last_useful_lead_date.map(|date| date.to_string()),
            "drivers": drivers,
            "stages": self.stages,
            "expected": self.need_json(&self.expected),
            "at_confidence": self.need_json(&self.at_confidence),
            "notes": self.notes,
        })
    }
}
