//! Huddles: the agenda as it was frozen, what was decided, who does what by when, and what the
//! metric of each action did since.

pub mod calendar;
pub mod markdown;

use domain::huddle::{Entry, Reading, What};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::document::{Align, Cell, Document, Report, Table};
use crate::render::{counted, shown};

/// A part of an agenda: what it says, and the table that proves it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    pub title: String,
    pub sentences: Vec<String>,
    pub table: Option<Table>,
    /// Whether it names single records, which not everybody may see.
    pub is_of_records: bool,
}

/// One huddle with its minutes.
#[derive(Clone, Debug, PartialEq)]
pub struct Minutes {
    pub company: String,
    pub number: u64,
    pub held_on: Date,
    pub by: String,
    pub is_open: bool,
    /// Of the agenda as it was frozen.
    pub agenda_sha256: String,
    pub agenda: Vec<Section>,
    pub lines: Vec<Line>,
    /// All actions that are open by now, of this huddle and earlier ones.
    pub open: Vec<Followed>,
    /// The numbers of all huddles, with their days.
    pub others: Vec<(u64, Date)>,
    pub mark: Mark,
}

/// How much of huddles there was when minutes were told: it tells whether they are the newest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    pub huddles: usize,
    pub closed: usize,
    pub entries: usize,
}

/// Something that was written down.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub entry: Entry,
    pub by: String,
}

/// An open action, and what its metric did since it was agreed on.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    pub number: u64,
    pub text: String,
    pub owner: String,
    pub due_on: Date,
    pub is_overdue: bool,
    pub expects: String,
    /// As it was then and as it is now.
    pub readings: Option<(Reading, Reading)>,
}

/// There is no huddle yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoHuddle;

impl Section {
    pub fn json(&self) -> Value {
        let table = self.table.as_ref().map(|table| {
            let heads = table.columns.iter().map(|column| match column.align {
                Align::Left => column.name.clone(),
                Align::Right => format!(">{}", column.name),
            });
            let rows = table.rows.iter().map(|row| row.iter().map(shown).collect::<Vec<_>>());
            json!({
                "title": table.title,
                "columns": heads.collect::<Vec<_>>(),
                "rows": rows.collect::<Vec<_>>(),
            })
        });
        json!({
            "title": self.title,
            "sentences": self.sentences,
            "table": table,
            "is_of_records": self.is_of_records,
        })
    }

    /// A section as it was frozen; `None` for what is none.
    pub fn frozen(frozen: &Value) -> Option<Section> {
        let texts = |value: &Value| -> Option<Vec<String>> {
            value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
        };
        let table = match &frozen["table"] {
            Value::Null => None,
            told => {
                let mut table = Table::new(told["title"].as_str()?, &texts(&told["columns"])?);
                for row in told["rows"].as_array()? {
                    let cells: Vec<Cell> = texts(row)?.into_iter().map(Cell::Text).collect();
                    if cells.len() == table.columns.len() {
                        table.row(cells);
                    }
                }
                Some(table)
            }
        };
        Some(Section {
            title: frozen["title"].as_str()?.to_owned(),
            sentences: texts(&frozen["sentences"])?,
            table,
            is_of_records: frozen["is_of_records"].as_bool()?,
        })
    }
}

impl Followed {
    /// What the metric did, in words.
    fn moved(&self) -> String {
        let Some((then, now)) = &self.readings else { return String::new() };
        let change = match (then.value, now.value) {
            (Some(then), Some(now)) if then != 0.0 => {
                format!(" ({:+.0} %)", (now / then - 1.0) * 100.0)
            }
            _ => String::new(),
        };
        format!("{}: {} → {}{change}", words(&then.metric), then.told, now.told)
    }

    fn json(&self) -> Value {
        let reading = |reading: &Reading| {
            json!({
                "metric": reading.metric,
                "from": reading.from.to_string(),
                "to": reading.to.to_string(),
                "value": reading.value,
                "told": reading.told,
            })
        };
        json!({
            "number": self.number,
            "text": self.text,
            "owner": self.owner,
            "due_on": self.due_on.to_string(),
            "is_overdue": self.is_overdue,
            "expects": self.expects,
            "then": self.readings.as_ref().map(|(then, _)| reading(then)),
            "now": self.readings.as_ref().map(|(_, now)| reading(now)),
        })
    }
}

fn words(metric: &str) -> String {
    metric.replace('_', " ")
}

/// Open actions with what their metrics did.
pub fn followed(open: &[Followed]) -> Option<Table> {
    let columns = [">No.", "Action", "Owner", "Due", "Expected", "Metric, then → now"];
    let mut table = Table::new("Open actions", &columns);
    for one in open {
        let due = if one.is_overdue {
            format!("{}, overdue", one.due_on)
        } else {
            one.due_on.to_string()
        };
        table.row([
            Cell::Count(i64::try_from(one.number).unwrap_or(i64::MAX)),
            one.text.as_str().into(),
            one.owner.as_str().into(),
            due.into(),
            one.expects.as_str().into(),
            one.moved().into(),
        ]);
    }
    (!table.rows.is_empty()).then_some(table)
}

impl Minutes {
    /// What was written down, in order.
    pub fn written(&self) -> Option<Table> {
        let mut table = Table::new("Written down", &[">No.", "What", "Text", "Who", "Due"]);
        for Line { entry, by } in &self.lines {
            let (who, due) = match &entry.what {
                What::Action(action) => (action.owner.clone(), Cell::from(action.due_on)),
                _ => (by.clone(), Cell::from("")),
            };
            let what = match entry.what {
                What::Ended { of, is_done: true } => format!("no. {of} is done"),
                What::Ended { of, is_done: false } => format!("no. {of} is dropped"),
                _ => entry.what.name().to_owned(),
            };
            table.row([
                Cell::Count(i64::try_from(entry.number).unwrap_or(i64::MAX)),
                what.into(),
                entry.text.as_str().into(),
                who.into(),
                due,
            ]);
        }
        (!table.rows.is_empty()).then_some(table)
    }

    fn answer(&self) -> String {
        let count =
            |name: &str| self.lines.iter().filter(|line| line.entry.what.name() == name).count();
        format!(
            "Huddle {} of {}{}: {}, {}; {} open in all.",
            self.number,
            self.held_on,
            if self.is_open { " is under way" } else { "" },
            counted(count("decision"), "decision"),
            counted(count("action"), "action"),
            counted(self.open.len(), "action"),
        )
    }
}

impl Report for Minutes {
    fn document(&self) -> Document {
        let mut tables = Vec::new();
        for section in &self.agenda {
            let mut said = Table::new(&section.title, &[""]);
            section.sentences.iter().for_each(|text| said.row([Cell::from(text.as_str())]));
            tables.extend((!said.rows.is_empty()).then_some(said));
            tables.extend(section.table.clone());
        }
        tables.extend(self.written());
        tables.extend(followed(&self.open));
        let notes = vec![format!(
            "The agenda's figures are those of {}; fingerprint (SHA-256): {}.",
            self.held_on, self.agenda_sha256
        )];
        Document { answer: self.answer(), tables, notes }
    }

    fn json(&self) -> Value {
        let line = |Line { entry, by }: &Line| {
            let (owner, due_on) = match &entry.what {
                What::Action(action) => {
                    (Some(action.owner.clone()), Some(action.due_on.to_string()))
                }
                _ => (None, None),
            };
            let about = match entry.what {
                What::Ended { of, .. } => Some(of),
                _ => None,
            };
            json!({
                "number": entry.number,
                "what": entry.what.name(),
                "text": entry.text,
                "by": by,
                "owner": owner,
                "due_on": due_on,
                "about": about,
            })
        };
        let other = |(number, on): &(u64, Date)| json!({ "number": number, "on": on.to_string() });
        json!({
            "number": self.number,
            "held_on": self.held_on.to_string(),
            "by": self.by,
            "is_open": self.is_open,
            "agenda_sha256": self.agenda_sha256,
            "agenda": self.agenda.iter().map(Section::json).collect::<Vec<_>>(),
            "written": self.lines.iter().map(line).collect::<Vec<_>>(),
            "open_actions": self.open.iter().map(Followed::json).collect::<Vec<_>>(),
            "huddles": self.others.iter().map(other).collect::<Vec<_>>(),
        })
    }
}

impl Report for NoHuddle {
    fn document(&self) -> Document {
        let answer = "There was no huddle yet: `baton huddle open` begins the first, with an \
                      agenda that writes itself.";
        Document { answer: answer.to_owned(), ..Document::default() }
    }

    fn json(&self) -> Value {
        json!({ "number": null, "huddles": [] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_section_is_read_as_it_was_shown() {
        let mut table = Table::new("Legs", &["Leg", ">Pace"]);
        table.row([Cell::from("close"), Cell::Share(0.87)]);
        let section = Section {
            title: "Where we stand".to_owned(),
            sentences: vec!["Behind.".to_owned()],
            table: Some(table),
            is_of_records: true,
        };
        let read = Section::frozen(&section.json()).expect("is read");
        assert_eq!(read.json(), section.json());
        let table = read.table.expect("is there");
        assert_eq!(table.rows[0][1], Cell::Text("87.0 %".to_owned()));
        assert_eq!(table.columns[1].align, Align::Right);
        assert!(Section::frozen(&json!({ "title": 1 })).is_none());
    }
}
