//! One record, what an edit changed of it, and who is master of which fields.

use domain::journal::Change;
use domain::master::{Master, Realm};
use domain::value::Value as FieldValue;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::document::{Document, Report, Table};

/// A record as it stands.
#[derive(Clone, Debug)]
pub struct Shown {
    /// `kind:id`.
    pub subject: String,
    /// Another whenever any value is another.
    pub version: String,
    pub fields: Vec<Field>,
    pub shown: crate::value::Shown,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: &'static str,
    pub value: Option<FieldValue>,
    pub master: Master,
}

/// What an edit did.
#[derive(Clone, Debug)]
pub struct Edited {
    pub subject: String,
    pub is_new: bool,
    /// The version after the edit.
    pub version: String,
    pub effective_on: Date,
    pub changes: Vec<Change>,
    pub shown: crate::value::Shown,
}

/// Who is master, where that was settled; of the rest the CRM is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masters {
    pub settled: Vec<(Realm, Master)>,
}

impl Report for Shown {
    fn document(&self) -> Document {
        let mut table = Table::new("Fields", &["Field", "Value", "Master"]);
        for field in &self.fields {
            let Some(value) = &field.value else { continue };
            let text = self.shown.text(value);
            table.row([field.name.into(), text.into(), field.master.name().into()]);
        }
        let empty: Vec<&str> = self
            .fields
            .iter()
            .filter(|field| field.value.is_none())
            .map(|field| field.name)
            .collect();
        let (filled, all) = (self.fields.len() - empty.len(), self.fields.len());
        let answer = format!("{} has {filled} of {all} fields filled.", self.subject);
        let mut notes = vec![format!("Version {}.", self.version)];
        if !empty.is_empty() {
            notes.push(format!("Empty: {}.", empty.join(", ")));
        }
        Document { answer, tables: vec![table], notes }
    }

    fn json(&self) -> Value {
        let value = |field: &Field| field.value.as_ref().map(|value| self.shown.json(value));
        let fields: Map<String, Value> =
            self.fields.iter().map(|field| (field.name.to_owned(), json!(value(field)))).collect();
        let masters: Map<String, Value> = self
            .fields
            .iter()
            .map(|field| (field.name.to_owned(), json!(field.master.name())))
            .collect();
        json!({
            "subject": self.subject,
            "version": self.version,
            "fields": fields,
            "masters": masters,
        })
    }
}

impl Report for Edited {
    fn document(&self) -> Document {
        let mut table = Table::new("Changes", &["Field", "Before", "After"]);
        for change in &self.changes {
            let text = |value: &Option<FieldValue>| value.as_ref().map(|it| self.shown.text(it));
            let (before, after) = (text(&change.before), text(&change.after));
            table.row([change.field.into(), before.into(), after.into()]);
        }
        let Edited { subject, effective_on, .. } = self;
        let answer = match (self.is_new, self.changes.is_empty()) {
            (true, _) => format!("{subject} is added, as of {effective_on}."),
            (false, true) => format!("{subject} is as it was: nothing changed."),
            (false, false) => format!("{subject} is edited, as of {effective_on}."),
        };
        Document { answer, tables: vec![table], notes: Vec::new() }
    }

    fn json(&self) -> Value {
        let change = |change: &Change| {
            json!({
                "field": change.field,
                "before": change.before.as_ref().map(|value| self.shown.json(value)),
                "after": change.after.as_ref().map(|value| self.shown.json(value)),
            })
        };
        json!({
            "subject": self.subject,
            "version": self.version,
            "effective_on": self.effective_on.to_string(),
            "changes": self.changes.iter().map(change).collect::<Vec<_>>(),
        })
    }
}

impl Report for Masters {
    fn document(&self) -> Document {
        let mut table = Table::new("Masters", &["Of", "Master"]);
        for (realm, master) in &self.settled {
            table.row([realm.to_string().into(), master.name().into()]);
        }
        let answer = match self.settled.as_slice() {
            [] => "The CRM is master of every field.".to_owned(),
            _ => "Of what is not listed, the CRM is master.".to_owned(),
        };
        Document { answer, tables: vec![table], notes: Vec::new() }
    }

    fn json(&self) -> Value {
        let settled: Map<String, Value> = self
            .settled
            .iter()
            .map(|(realm, master)| (realm.to_string(), json!(master.name())))
            .collect();
        json!({ "masters": settled })
    }
}
