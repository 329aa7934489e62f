//! The metrics catalogue, the figures of one metric beside its definition, and the rows behind
//! them.

use domain::kind::Kind;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Align, Cell, Column, Document, Report, Table};
use crate::render::{counted, grouped, shown};

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
    /// Why no rows stand behind its figures, where none do.
    pub without_rows: Option<String>,
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

/// The rows that a figure of a metric is made of, by their day, the latest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Behind {
    pub definition: Definition,
    pub from: Date,
    pub to: Date,
    pub as_of: Date,
    pub by: Option<String>,
    /// The segment whose rows they are; all, where none is named.
    pub value: Option<String>,
    /// The metric's own figure over them.
    pub figure: Cell,
    /// What each row is of; of touches, no record.
    pub records: Kind,
    /// What is shown of each row beside its record.
    pub columns: Vec<Column>,
    pub rows: Vec<RowBehind>,
    /// How many there are, shown or not.
    pub all: u64,
    /// How many of them come before those that are shown.
    pub skipped: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct RowBehind {
    /// The id by which its source knows the record.
    pub id: Option<String>,
    pub name: Option<String>,
    pub cells: Vec<Cell>,
}

impl Behind {
    /// How many come before those that follow, where more do.
    pub fn next(&self) -> Option<String> {
        let seen = self.skipped + self.rows.len();
        ((seen as u64) < self.all && !self.rows.is_empty()).then(|| seen.to_string())
    }

    fn answer(&self) -> String {
        let title = &self.definition.title;
        let of = match (&self.by, &self.value) {
            (Some(by), Some(value)) => format!(" of {by} {value}"),
            _ => String::new(),
        };
        let days = format!("from {} to {}", self.from, self.to);
        if let Some(reason) = &self.definition.without_rows {
            return format!("No rows stand behind {title} that could be shown: {reason}.");
        }
        let rows = counted(usize::try_from(self.all).unwrap_or(usize::MAX), "row");
        let rows = rows.replace(&self.all.to_string(), &grouped(&self.all.to_string()));
        match &self.figure {
            Cell::Missing => format!("{title}{of} is not known, {days}: {rows}."),
            figure => format!("{title}{of}: {}, {days}: {rows}.", shown(figure)),
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![format!("Formula: {}.", self.definition.formula)];
        let last = self.skipped + self.rows.len();
        if !self.rows.is_empty() && (last as u64 != self.all || self.skipped > 0) {
            let number = |number: usize| grouped(&number.to_string());
            notes.push(format!("Rows {} to {} are shown.", number(self.skipped + 1), number(last)));
        }
        notes
    }
}

impl Report for Behind {
    fn document(&self) -> Document {
        let heads = Table::new("", &["Record", "Name"]).columns;
        let columns: Vec<Column> = heads.into_iter().chain(self.columns.iter().cloned()).collect();
        let text = |text: &Option<String>| Cell::from(text.as_deref());
        let row = |row: &RowBehind| {
            let named = [text(&row.id), text(&row.name)];
            named.into_iter().chain(row.cells.iter().cloned()).collect()
        };
        // Touches are no records: they have neither id nor name.
        let skipped = if Kind::RECORDS.contains(&self.records) { 0 } else { 2 };
        let rows = self.rows.iter().map(row);
        let table = Table {
            title: format!("Behind {}", self.definition.title),
            columns: columns.into_iter().skip(skipped).collect(),
            rows: rows.map(|row: Vec<Cell>| row.into_iter().skip(skipped).collect()).collect(),
        };
        let tables = if self.rows.is_empty() { Vec::new() } else { vec![table] };
        Document { answer: self.answer(), tables, notes: self.notes() }
    }

    fn json(&self) -> Value {
        let row = |row: &RowBehind| {
            let names = self.columns.iter().map(|column| column.name.to_lowercase());
            let names = names.map(|name| name.replace(' ', "_"));
            let cells = names.zip(row.cells.iter().map(json_of));
            let named = [("id", &row.id), ("name", &row.name)];
            let named = named.map(|(name, text)| (name.to_owned(), json!(text)));
            Value::Object(named.into_iter().chain(cells).collect())
        };
        json!({
            "metric": self.definition.json(),
            "from": self.from.to_string(),
            "to": self.to.to_string(),
            "as_of": self.as_of.to_string(),
            "by": self.by,
            "value": self.value,
            "figure": json_of(&self.figure),
            "records": self.records.name(),
            "all": self.all,
            "skipped": self.skipped,
            "after": self.next(),
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
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
            "without_rows": self.without_rows,
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
                format!(
                    "{title} by {by}, from {} to {}: {}.",
                    self.from,
                    self.to,
                    counted(rows.len(), "row")
                )
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
