//! The journal of one subject, and the proof that the chain over the journal holds.

use domain::journal::{Change, Entry};
use serde_json::{Value, json};

use crate::document::{Document, Report, Table};
use crate::value::Shown;

/// What happened to one subject, by effective time.
#[derive(Clone, Debug)]
pub struct Log {
    pub subject: String,
    pub shown: Shown,
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

impl Report for Log {
    fn document(&self) -> Document {
        let mut table = Table::new(
            &format!("Journal of {}", self.subject),
            &["Effective", "Recorded", "Actor", "Field", "Before", "After", "Why"],
        );
        for entry in &self.entries {
            for change in entry.changes.iter().filter(|change| is_seen(change)) {
                table.row([
                    self.shown.instant(entry.effective_at).into(),
                    self.shown.instant(entry.recorded_at).into(),
                    entry.actor.as_str().into(),
                    change.field.into(),
                    change.before.as_ref().map(|value| self.shown.text(value)).into(),
                    change.after.as_ref().map(|value| self.shown.text(value)).into(),
                    entry.reason.as_str().into(),
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
                    "before": change.before.as_ref().map(|value| self.shown.json(value)),
                    "after": change.after.as_ref().map(|value| self.shown.json(value)),
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
                "Out of {} entries the name of an erased person was taken; erasures in the chain \
                 answer for each.",
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
