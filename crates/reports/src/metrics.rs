//! The metrics catalogue, and the figures of one metric beside its definition.

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Align, Cell, Column, Document, Report, Table};
use crate::render::shown;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    pub metrics: Vec<Definition>,
}

/// What a metric means, in words and in SQL.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Definition {
    pub name: String,
    pub title: String,
    pub formula: String,
    pub grain: String,
    pub unit: &'static str,
    /// Which way is good: up or down.
    pub direction: &'static str,
    pub leg: &'static str,
    pub source: String,
    pub edge_cases: String,
    pub sql: String,
}

/// The figures of a metric from one day to another; `rows` are segment, value and its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    pub definition: Definition,
    pub from: Date,
    pub to: Date,
    pub as_of: Date,
    pub by: Option<String>,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

impl Definition {
    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "title": self.title,
            "formula": self.formula,
            "grain": self.grain,
            "unit": self.unit,
            "direction": self.direction,
            "leg": self.leg,
            "source": self.source,
            "sql": self.sql,
        })
    }
}

impl Report for Catalogue {
    fn document(&self) -> Document {
        let mut table = Table::new("Metrics", &["Leg", "Name", "Formula", "Unit", "Good is"]);
        for metric in &self.metrics {
            table.row([
                metric.leg.into(),
                metric.name.as_str().into(),
                metric.formula.as_str().into(),
                metric.unit.into(),
                metric.direction.into(),
            ]);
        }
        let answer = format!("{} metrics are defined.", self.metrics.len());
        let notes = vec!["`baton metrics show NAME` gives definition and figures.".to_owned()];
        Document { answer, tables: vec![table], notes }
    }

    fn json(&self) -> Value {
        json!({ "metrics": self.metrics.iter().map(Definition::json).collect::<Vec<_>>() })
    }
}

impl Figures {
    fn answer(&self) -> String {
        let title = &self.definition.title;
        match (self.by.as_deref(), self.rows.as_slice()) {
            (None, [row]) => {
                let value = row.get(1).map_or_else(|| "not known".to_owned(), shown);
                format!("{title}: {value}, from {} to {}.", self.from, self.to)
            }
            (None, _) => format!("{title} is not known from {} to {}.", self.from, self.to),
            (Some(by), rows) => {
                format!("{title} by {by}, from {} to {}: {} rows.", self.from, self.to, rows.len())
            }
        }
    }
}

impl Report for Figures {
    fn document(&self) -> Document {
        let align = |index: usize| if index == 0 { Align::Left } else { Align::Right };
        let column =
            |(index, name): (usize, &String)| Column { name: name.clone(), align: align(index) };
        let table = Table {
            title: self.definition.title.clone(),
            columns: self.columns.iter().enumerate().map(column).collect(),
            rows: self.rows.clone(),
        };
        let mut notes = vec![format!("Formula: {}.", self.definition.formula)];
        let cases = self.definition.edge_cases.lines().map(str::trim).filter(|l| !l.is_empty());
        notes.extend(cases.map(|line| line.trim_start_matches("- ").to_owned()));
        Document { answer: self.answer(), tables: vec![table], notes }
    }

    fn json(&self) -> Value {
        let row = |cells: &Vec<Cell>| {
            let named =
                self.columns.iter().zip(cells).map(|(name, cell)| (name.clone(), json_of(cell)));
            Value::Object(named.collect())
        };
        json!({
            "metric": self.definition.json(),
            "from": self.from.to_string(),
            "to": self.to.to_string(),
            "as_of": self.as_of.to_string(),
            "by": self.by,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}

fn json_of(cell: &Cell) -> Value {
    match cell {
        Cell::Text(text) => json!(text),
        Cell::Count(count) => json!(count),
        Cell::Number(number) | Cell::Share(number) | Cell::Days(number) => json!(number),
        Cell::Money(money) => json!(money.to_decimal()),
        Cell::Date(date) => json!(date.to_string()),
        Cell::Missing => Value::Null,
    }
}
