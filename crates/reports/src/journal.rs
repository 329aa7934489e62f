//! The journal of one subject, and the proof that the chain over the journal holds.

use std::collections::BTreeMap;

use domain::journal::{Change, Entry};
use domain::value::Value as FieldValue;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::document::{Document, Report, Table};

/// What happened to one subject, by effective time.
#[derive(Clone, Debug)]
pub struct Log {
    pub subject: String,
    pub timezone: TimeZone,
    /// The names of records that values refer to.
    pub names: BTreeMap<Uuid, String>,
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    pub entries_chained: u64,
    pub entries_unchained: u64,
    /// Entries out of which the name of an erased person was taken.
    pub entries_redacted: u64,
    /// The hash of the last link, in hexadecimal; empty for an empty journal.
    pub head: String,
    /// What is wrong with the first link that does not hold.
    pub broken: Option<String>,
}

impl Log {
    fn local(&self, at: Timestamp) -> String {
        if at == domain::history::BEGINNING {
            return "since ever".to_owned();
        }
        at.to_zoned(self.timezone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// A value as people write it.
    fn shown(&self, value: &FieldValue) -> String {
        match value {
            FieldValue::Money(money) => money.to_string(),
            FieldValue::Instant(at) => self.local(*at),
            FieldValue::Boolean(truth) => (if *truth { "yes" } else { "no" }).to_owned(),
            FieldValue::Ratio(parts_per_million) => {
                format!("{} %", *parts_per_million as f64 / 10_000.0)
            }
            FieldValue::Reference(id) => {
                self.names.get(id).cloned().unwrap_or_else(|| id.to_string())
            }
            other => other.encode(),
        }
    }
}

impl Report for Log {
    fn document(&self) -> Document {
        let mut table = Table::new(
            &format!("Journal of {}", self.subject),
            &["Effective", "Recorded", "Actor", "Field", "Before", "After"],
        );
        for entry in &self.entries {
            for change in entry.changes.iter().filter(|change| is_seen(change)) {
                table.row([
                    self.local(entry.effective_at).into(),
                    self.local(entry.recorded_at).into(),
                    entry.actor.as_str().into(),
                    change.field.into(),
                    change.before.as_ref().map(|value| self.shown(value)).into(),
                    change.after.as_ref().map(|value| self.shown(value)).into(),
                ]);
            }
        }
        let answer = format!("{} entries on {}.", self.entries.len(), self.subject);
        Document { answer, tables: vec![table], notes: Vec::new() }
    }

    fn json(&self) -> Value {
        let entries: Vec<Value> = self.entries.iter().map(|entry| self.entry_json(entry)).collect();
        json!({ "subject": self.subject, "entries": entries })
    }
}

/// An entry may overlay an older one with what holds anyway; that is no change to be shown.
fn is_seen(change: &Change) -> bool {
    change.before != change.after
}

impl Log {
    fn entry_json(&self, entry: &Entry) -> Value {
        let changes: Vec<Value> = entry
            .changes
            .iter()
            .filter(|change| is_seen(change))
            .map(|change| {
                json!({
                    "field": change.field,
                    "before": change.before.as_ref().map(|value| self.value_json(value)),
                    "after": change.after.as_ref().map(|value| self.value_json(value)),
                })
            })
            .collect();
        json!({
            "entry_id": entry.id.to_string(),
            "actor": entry.actor,
            "reason": entry.reason,
            "import_id": entry.import_id.map(|id| id.to_string()),
            "effective_at": entry.effective_at.to_string(),
            "recorded_at": entry.recorded_at.to_string(),
            "provenance": entry.provenance.name(),
            "changes": changes,
        })
    }

    /// A value for programs: amounts as decimal strings, times in ISO 8601, references by name.
    fn value_json(&self, value: &FieldValue) -> Value {
        match value {
            FieldValue::Money(money) => json!(money.to_decimal()),
            FieldValue::Instant(at) => json!(at.to_string()),
            FieldValue::Boolean(truth) => json!(truth),
            FieldValue::Integer(number) => json!(number),
            FieldValue::Ratio(parts_per_million) => json!(*parts_per_million as f64 / 1e6),
            other => json!(self.shown(other)),
        }
    }
}

impl Report for Verification {
    fn document(&self) -> Document {
        let answer = match &self.broken {
            Some(broken) => format!("The journal does NOT hold: {broken}."),
            None => format!(
                "The journal holds: {} entries chained, {} not yet chained.",
                self.entries_chained, self.entries_unchained
            ),
        };
        let mut notes = vec![format!("Head: {}", self.head)];
        if self.entries_redacted > 0 {
            notes.push(format!(
                "Out of {} entries the name of an erased person was taken; entries of their own \
                 account for that.",
                self.entries_redacted
            ));
        }
        Document { answer, tables: Vec::new(), notes }
    }

    fn json(&self) -> Value {
        json!({
            "holds": self.broken.is_none(),
            "broken": self.broken,
            "entries_chained": self.entries_chained,
            "entries_unchained": self.entries_unchained,
            "entries_redacted": self.entries_redacted,
            "head": self.head,
        })
    }
}
