//! Plans that were saved: which there are, and what one of them says.

pub mod comparison;

use domain::goal::Goal;
use domain::money::{Currency, Money};
use domain::period::Period;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Cell, Document, Report, Table};
use crate::plan::{Need, Row, plural};
use crate::render::{code, counted, grouped, short};

/// A saved plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    pub id: String,
    pub name: String,
    /// Who saved it.
    pub by: String,
    pub at: Timestamp,
    /// The day of it in the company's zone.
    pub on: Date,
    pub seed: u64,
    pub known_at: Timestamp,
    /// What was changed in it, such as `asp=1.05`.
    pub changes: Vec<String>,
    /// The name of the file of assumptions, where there was one.
    pub assumed_from: Option<String>,
    pub planned: Planned,
}

/// What a plan says, as far as it is kept and compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    pub goal: Goal,
    /// The day from whose end it is planned; counts are of what comes later.
    pub as_of: Date,
    /// The probability of the goal on the present course.
    pub probability: Option<f64>,
    /// The probability of the goal with what is needed on average.
    pub expected_probability: Option<f64>,
    pub stages: Vec<String>,
    pub present_course: Option<Need>,
    pub expected: Need,
    pub at_confidence: Need,
}

/// All that were saved, the first one first.
#[derive(Clone, Debug, PartialEq)]
pub struct Versions {
    pub currency: Currency,
    pub versions: Vec<Version>,
    /// Whether plans of the whole company are kept from who asks.
    pub is_narrowed: bool,
}

impl Planned {
    /// How many must come to a stage in all, by a need.
    fn total(&self, need: &Need, stage: usize) -> Option<f64> {
        need.total.counts.get(stage).copied()
    }

    fn confidence(&self) -> f64 {
        self.goal.confidence * 100.0
    }

    /// `90 wins, and 120 for 80 % confidence`
    fn takes(&self) -> String {
        let last = self.stages.len().saturating_sub(1);
        let wins = |need: &Need| grouped(&format!("{:.0}", self.total(need, last).unwrap_or(0.0)));
        format!(
            "{} wins on average, {} for {:.0} % confidence",
            wins(&self.expected),
            wins(&self.at_confidence),
            self.confidence()
        )
    }

    fn json(&self) -> Value {
        json!({
            "goal": self.goal.amount.to_decimal(),
            "currency": self.goal.amount.currency.code(),
            "period": self.goal.period.to_string(),
            "counts": self.goal.counts.name(),
            "confidence": self.goal.confidence,
            "as_of": self.as_of.to_string(),
            "probability": self.probability,
            "expected_probability": self.expected_probability,
            "stages": self.stages,
            "present_course": self.present_course.as_ref().map(|need| need.json(&self.stages)),
            "expected": self.expected.json(&self.stages),
            "at_confidence": self.at_confidence.json(&self.stages),
        })
    }

    fn tables(&self) -> Vec<Table> {
        let currency = self.goal.amount.currency;
        let mut tables = vec![self.glance()];
        let mut add =
            |title: &str, need: &Need| tables.push(need.table(title, &self.stages, currency));
        if let Some(course) = &self.present_course {
            let quarters = Need { months: Vec::new(), ..course.clone() };
            add("The present course then", &quarters);
        }
        add("What it takes, on average", &self.expected);
        let title = format!("What it takes, for {:.0} % confidence", self.confidence());
        add(&title, &self.at_confidence);
        tables
    }

    fn glance(&self) -> Table {
        let stages = self.stages.iter().map(|stage| format!(">{stage}"));
        let mut columns = vec![String::new()];
        columns.extend(stages);
        let code = self.goal.amount.currency.code();
        columns.extend([format!(">Revenue {code}"), ">Goal reached".to_owned()]);
        let mut table = Table::new("At a glance", &columns);
        let mut add = |name: String, need: &Need, probability: Option<f64>| {
            let mut cells = vec![Cell::Text(name)];
            cells.extend(need.total.counts.iter().map(|count| Cell::Number(*count)));
            cells.extend([need.total.revenue.into(), probability.map(Cell::Share).into()]);
            table.row(cells);
        };
        if let Some(course) = &self.present_course {
            add("the present course then".to_owned(), course, self.probability);
        }
        let on_average = "what it takes on average".to_owned();
        add(on_average, &self.expected, self.expected_probability);
        let name = format!("what it takes for {:.0} %", self.confidence());
        add(name, &self.at_confidence, Some(self.goal.confidence));
        table
    }
}

impl Version {
    fn answer(&self) -> String {
        let Planned { goal, probability, as_of, .. } = &self.planned;
        let reached = probability.map_or(String::new(), |probability| {
            format!(" was reached with {:.0} % probability, and", probability * 100.0)
        });
        format!(
            "“{}”: {} in {}{reached} takes {}, as planned from the end of {as_of}.",
            self.name,
            short(goal.amount),
            goal.period,
            self.planned.takes(),
        )
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![format!("Saved by {} on {}.", self.by, self.on)];
        if !self.changes.is_empty() {
            let changes = self.changes.join(", ");
            notes.push(format!("It is a plan under changes, each so many times: {changes}."));
        }
        if let Some(file) = &self.assumed_from {
            notes.push(format!("It rests on the assumptions of {file}."));
        }
        let first = self.planned.stages.first().map_or_else(|| "leads".into(), |name| plural(name));
        notes.push(format!(
            "Counts are of the {first} and the others that were to come after {}; revenue is \
             booked, open and new together.",
            self.planned.as_of
        ));
        notes
    }
}

impl Report for Version {
    fn document(&self) -> Document {
        let tables = self.planned.tables();
        Document { answer: self.answer(), tables, notes: self.notes() }
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "by": self.by,
            "saved_at": self.at.to_string(),
            "known_at": self.known_at.to_string(),
            "seed": self.seed,
            "changes": self.changes,
            "assumed_from": self.assumed_from,
            "plan": self.planned.json(),
        })
    }
}

impl Report for Versions {
    fn document(&self) -> Document {
        let code = code(self.currency);
        let has_changes = self.versions.iter().any(|version| !version.changes.is_empty());
        let mut columns = vec![
            "Name".to_owned(),
            "Saved on".to_owned(),
            "By".to_owned(),
            "Period".to_owned(),
            "As of".to_owned(),
            format!(">Goal {code}"),
            ">Reached then".to_owned(),
            ">Wins on average".to_owned(),
            ">Wins for its confidence".to_owned(),
        ];
        columns.extend(has_changes.then(|| "Under changes".to_owned()));
        let mut table = Table::new("Saved plans", &columns);
        for Version { name, by, on, changes, planned, .. } in self.versions.iter().rev() {
            let last = planned.stages.len().saturating_sub(1);
            let wins = |need: &Need| planned.total(need, last).map(Cell::Number);
            let mut cells: Vec<Cell> = vec![
                name.as_str().into(),
                (*on).into(),
                by.as_str().into(),
                planned.goal.period.to_string().into(),
                planned.as_of.into(),
                planned.goal.amount.into(),
                planned.probability.map(Cell::Share).into(),
                wins(&planned.expected).into(),
                wins(&planned.at_confidence).into(),
            ];
            cells.extend(has_changes.then(|| Cell::Text(changes.join(", "))));
            table.row(cells);
        }
        let answer = match (self.versions.len(), self.is_narrowed) {
            (_, true) => "Saved plans tell of everybody's deals: you may not see them.".to_owned(),
            (0, false) => {
                "No plan is saved yet: save one, and later plans are held against it.".to_owned()
            }
            (count, false) => format!("{} saved.", counted(count, "plan")),
        };
        Document { answer, tables: vec![table], notes: Vec::new() }
    }

    fn json(&self) -> Value {
        json!({ "versions": self.versions.iter().map(Report::json).collect::<Vec<_>>() })
    }
}

/// A need from its months: quarters and the total are their sums. `quarter_of` tells of a month in
/// which quarter it is.
pub fn need(
    stages: usize,
    currency: Currency,
    months: Vec<(Period, Row)>,
    quarter_of: impl Fn(Period) -> Period,
) -> Need {
    let none = || Row { revenue: Money { minor: 0, currency }, counts: vec![0.0; stages] };
    let mut total = none();
    let mut quarters: Vec<(Period, Row)> = Vec::new();
    for (month, row) in &months {
        total.add(row);
        let quarter = quarter_of(*month);
        match quarters.iter_mut().find(|(other, _)| *other == quarter) {
            Some((_, sum)) => sum.add(row),
            None => quarters.push((quarter, row.clone())),
        }
    }
    Need { total, months, quarters }
}
