//! The journal of one subject, a search of all of it, and the proof that its chain holds.

use std::collections::BTreeMap;

use domain::journal::{Change, Entry, Found, FoundChange};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::document::{Cell, Document, Report, Table};
use crate::render::counted;
use crate::value::Shown;

/// Characters of an entry's changes that a table shows.
const CHANGES_CHARACTERS_MAX: usize = 400;
/// Characters of a setting's name that a table shows: some are named by a digest.
const SETTING_CHARACTERS_MAX: usize = 32;
/// Characters of one value among them.
const VALUE_CHARACTERS_MAX: usize = 80;

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

/// What a search of the journal found, the newest first.
#[derive(Clone, Debug)]
pub struct Entries {
    pub entries: Vec<Found>,
    /// What the records are called that entries are on; a record that is gone is not among them.
    pub subjects: BTreeMap<Uuid, Subject>,
    /// What actors are called.
    pub actors: BTreeMap<String, String>,
    pub shown: Shown,
    /// The entry behind which the search goes on; `None` at its end.
    pub next: Option<String>,
    /// How far back it was looked, where that ended before the page was full.
    pub searched_back_to: Option<Timestamp>,
    /// Whether a field was asked for that is personal.
    pub is_personal_field: bool,
    /// Whether more names have the text than are followed to what refers to them.
    pub is_widespread: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub external_id: Option<String>,
    pub name: Option<String>,
}

impl Entries {
    /// What the subject of an entry is called; a record that is gone, by its id.
    fn subject<'a>(&'a self, entry: &'a Found) -> &'a str {
        let known = entry.record().and_then(|(_, id)| self.subjects.get(&id));
        let called = known.and_then(|it| it.name.as_deref().or(it.external_id.as_deref()));
        called.unwrap_or(&entry.subject)
    }

    /// As [`Entries::subject`]; a long name of a setting is cut.
    fn short_subject(&self, entry: &Found) -> String {
        let subject = self.subject(entry);
        match entry.record() {
            Some(_) => subject.to_owned(),
            None => short(subject, SETTING_CHARACTERS_MAX),
        }
    }

    /// The id by which an entry's subject is found.
    pub fn subject_id<'a>(&'a self, entry: &'a Found) -> &'a str {
        let known = entry.record().and_then(|(_, id)| self.subjects.get(&id));
        known.and_then(|it| it.external_id.as_deref()).unwrap_or(&entry.subject)
    }

    /// Whether the record of an entry is still there.
    pub fn is_there(&self, entry: &Found) -> bool {
        entry.record().is_some_and(|(_, id)| self.subjects.contains_key(&id))
    }

    fn actor<'a>(&'a self, entry: &'a Found) -> &'a str {
        self.actors.get(&entry.actor).unwrap_or(&entry.actor)
    }

    fn answer(&self) -> String {
        let count = counted(self.entries.len(), "entry");
        match (self.entries.is_empty(), self.next.is_some()) {
            (true, false) => "No entry of the journal matches.".to_owned(),
            (true, true) => "No entry matches yet: older ones are still to be searched.".to_owned(),
            (false, true) => format!("{count}, the newest first; older ones follow."),
            (false, false) => format!("{count}, the newest first."),
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(at) = self.searched_back_to {
            notes.push(format!(
                "Searched back to {}; the search goes on from there.",
                self.shown.instant(at)
            ));
        }
        if let Some(next) = &self.next {
            notes.push(format!("Older ones come after entry {next}."));
        }
        if self.is_personal_field {
            notes.push(
                "Personal fields are ciphertext in the journal: no search sees them.".to_owned(),
            );
        }
        if self.is_widespread {
            notes.push(
                "Many records have the text in their names: changes that refer to one of them are \
                 found by more of its name."
                    .to_owned(),
            );
        }
        notes
    }

    /// The changes in words; of a first entry, what became known.
    fn changes(&self, entry: &Found) -> String {
        let seen = entry.changes.iter().filter(|change| change.is_seen());
        let mut parts: Vec<String> = seen.map(|change| self.change(change)).collect();
        if entry.has_personal {
            parts.push("personal fields".to_owned());
        }
        match parts.is_empty() {
            true => "as before".to_owned(),
            false => short(&parts.join(" · "), CHANGES_CHARACTERS_MAX),
        }
    }

    fn change(&self, change: &FoundChange) -> String {
        let text = |value: &domain::value::Value| {
            let text = self.shown.text(value).replace(['\n', '\r'], " ");
            short(&text, VALUE_CHARACTERS_MAX)
        };
        let field = change.field.replace('_', " ");
        match (&change.before, &change.after) {
            (None, Some(after)) => format!("{field} {}", text(after)),
            (Some(before), Some(after)) => format!("{field} {} → {}", text(before), text(after)),
            (Some(before), None) => format!("{field} {} → –", text(before)),
            (None, None) => field,
        }
    }

    fn entry_json(&self, entry: &Found) -> Value {
        let value = |value: &Option<domain::value::Value>| {
            value.as_ref().map(|value| self.shown.json(value))
        };
        let changes = entry.changes.iter().filter(|change| change.is_seen()).map(|change| {
            json!({
                "field": change.field,
                "before": value(&change.before),
                "after": value(&change.after),
            })
        });
        json!({
            "entry_id": entry.id.to_string(),
            "subject": format!("{}:{}", entry.kind, self.subject_id(entry)),
            "name": self.subject(entry),
            "cause": entry.cause().name(),
            "actor": entry.actor,
            "who": self.actor(entry),
            "reason": entry.reason,
            "import_id": entry.import_id.map(|id| id.to_string()),
            "effective_at": entry.effective_at.to_string(),
            "recorded_at": entry.recorded_at.to_string(),
            "provenance": entry.provenance.name(),
            "changes": changes.collect::<Vec<_>>(),
            "has_personal": entry.has_personal,
        })
    }
}

impl Report for Entries {
    fn document(&self) -> Document {
        let columns =
            ["Recorded", "Kind", "Record", "What changed", "Cause", "Who", "Why", "True since"];
        let mut table = Table::new("Journal", &columns);
        for entry in &self.entries {
            table.row([
                Cell::Text(self.shown.instant(entry.recorded_at)),
                entry.kind.as_str().into(),
                self.short_subject(entry).into(),
                self.changes(entry).into(),
                entry.cause().name().into(),
                self.actor(entry).into(),
                entry.reason.as_str().into(),
                Cell::Text(self.shown.instant(entry.effective_at)),
            ]);
        }
        Document { answer: self.answer(), tables: vec![table], notes: self.notes() }
    }

    fn json(&self) -> Value {
        let entries: Vec<Value> = self.entries.iter().map(|entry| self.entry_json(entry)).collect();
        json!({
            "entries": entries,
            "after": self.next,
            "searched_back_to": self.searched_back_to.map(|at| at.to_string()),
        })
    }
}

/// A text up to so many characters.
fn short(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
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
