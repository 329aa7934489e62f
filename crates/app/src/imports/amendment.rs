//! What a journal lacks: from the history as it is to the history as it should be.

use std::collections::HashMap;

use domain::history::{Fact, amend, state_at, value_at};
use domain::journal::{Change, Entry, Provenance};
use domain::kind::Kind;
use domain::master::{Master, Masters};
use jiff::Timestamp;
use store::Tx;
use store::record::SubjectWrite;
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;

/// What the journal holds of a record.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// In the order in which facts count.
    pub facts: Vec<Fact>,
    /// Those of them that people entered in fields of which Baton is master.
    pub edits: Vec<Fact>,
}

/// What the journal holds of some records.
pub async fn pasts(
    context: &Context,
    kind: Kind,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Past>, Error> {
    let masters = context.store.masters().await?;
    let mut pasts: HashMap<Uuid, Past> = HashMap::with_capacity(ids.len());
    let mut by_id = context.store.entries_of(kind, ids).await?;
    for id in ids {
        let mut entries = by_id.remove(id).unwrap_or_default();
        entries.sort_by_key(|entry| (entry.effective_at, entry.recorded_at, entry.id));
        let past = pasts.entry(*id).or_default();
        for entry in entries {
            past.add(entry, &masters);
        }
    }
    Ok(pasts)
}

impl Past {
    fn add(&mut self, entry: Entry, masters: &Masters) {
        let Entry { kind, effective_at, provenance, changes, .. } = entry;
        for Change { field, after: value, .. } in changes {
            let fact = Fact { field, effective_at, value };
            if provenance == Provenance::Live && masters.of(kind, field) == Master::Baton {
                self.edits.push(fact.clone());
            }
            self.facts.push(fact);
        }
    }
}

/// Appends what histories lack, in one transaction.
pub async fn append(context: &Context, reason: &str, writes: &[SubjectWrite]) -> Result<(), Error> {
    let write = async |tx: &mut Tx| {
        tx.apply(writes).await?;
        tx.chain().await?;
        Ok::<(), Error>(())
    };
    context.store.write(context.author(reason), write).await
}

/// One record whose history changes, and why.
pub struct Amendment<'a> {
    pub context: &'a Context,
    pub kind: Kind,
    pub id: Uuid,
    pub is_unstored: bool,
    pub reason: &'a str,
    pub import_id: Option<Uuid>,
}

impl Amendment<'_> {
    /// The entries that lead from `before` to `after`, one an instant, and the record as it then
    /// is; `None` where nothing is lacking.
    pub fn write(&self, before: &[Fact], after: &[Fact]) -> Option<SubjectWrite> {
        let mut entries: Vec<Entry> = Vec::new();
        for fact in amend(before, after) {
            if entries.last().is_none_or(|last| last.effective_at != fact.effective_at) {
                entries.push(self.entry(fact.effective_at));
            }
            let held = value_at(before, fact.field, fact.effective_at);
            if let Some(entry) = entries.last_mut() {
                entry.changes.push(Change { field: fact.field, before: held, after: fact.value });
            }
        }
        let mut current = state_at(after, Timestamp::MAX);
        current.retain(|_, value| value.is_some());
        let (kind, id, is_new) = (self.kind, self.id, self.is_unstored);
        (!entries.is_empty()).then_some(SubjectWrite { kind, id, is_new, current, entries })
    }

    fn entry(&self, effective_at: Timestamp) -> Entry {
        Entry {
            id: self.context.new_id(),
            kind: self.kind,
            subject_id: self.id,
            actor: self.context.actor.clone(),
            reason: self.reason.to_owned(),
            import_id: self.import_id,
            effective_at,
            recorded_at: self.context.now,
            provenance: Provenance::Reconstructed,
            changes: Vec::new(),
        }
    }
}
