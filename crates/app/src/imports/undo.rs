//! Undoing an import: its observations are withdrawn, and histories follow from what remains.

use std::collections::BTreeSet;

use domain::history::{BEGINNING, Fact, derive, state_at, with_edits};
use domain::journal::UNDO;
use domain::kind::Kind;
use domain::lifecycle::text;
use domain::value::Value;
use jiff::Timestamp;
use reports::imports::Undo;
use store::Tx;
use store::import::Status;
use store::observation::Evidence;
use store::record::SubjectWrite;
use uuid::Uuid;

use super::amendment::{Amendment, Past, append, pasts};
use crate::context::Context;
use crate::error::Error;
use crate::limits::ROWS_PER_CHUNK;
use crate::sealing::seal;

/// Takes an import back: compensating entries are appended, nothing is removed from the journal.
///
/// # Errors
/// When there is no such import, or it was undone before.
pub async fn undo(context: &Context, import_id: &str) -> Result<Undo, Error> {
    let unknown =
        || Error::Input(format!("there is no import {import_id}: see `baton import list`"));
    let id: Uuid = import_id.parse().map_err(|_| unknown())?;
    let import = context.store.import(id).await?.ok_or_else(unknown)?;
    if import.status == Status::Undone {
        return Err(Error::Input(format!("import {import_id} was undone before")));
    }
    let mut undo = Undo { import_id: import_id.to_owned(), ..Undo::default() };
    if import.kind == Kind::Touches {
        undo.touches_removed = context.lake.remove_touches(id).await? as u64;
    }
    let mut subjects: Vec<(Kind, Uuid)> = Vec::new();
    for kind in Kind::RECORDS {
        let of_kind = context.store.subjects_of_import(kind, id).await?;
        subjects.extend(of_kind.into_iter().map(|subject| (kind, subject)));
    }
    let author = context.author(format!("{UNDO}{import_id}"));
    context
        .store
        .write(author, async |tx: &mut Tx| {
            tx.remove_observations(id).await?;
            tx.set_import_undone(id).await?;
            Ok::<(), Error>(())
        })
        .await?;
    withdraw(context, &subjects, &mut undo).await?;
    seal(context).await?;
    Ok(undo)
}

/// Appends what follows for the histories of records now that the import tells nothing.
async fn withdraw(
    context: &Context,
    subjects: &[(Kind, Uuid)],
    undo: &mut Undo,
) -> Result<(), Error> {
    for page in subjects.chunks(ROWS_PER_CHUNK) {
        let mut writes = Vec::new();
        for kind in Kind::RECORDS {
            let of_kind = page.iter().filter(|(other, _)| *other == kind);
            let ids: Vec<Uuid> = of_kind.map(|(_, id)| *id).collect();
            writes.extend(withdrawn(context, kind, &ids, undo).await?);
        }
        append(context, &format!("{UNDO}{}", undo.import_id), &writes).await?;
    }
    Ok(())
}

async fn withdrawn(
    context: &Context,
    kind: Kind,
    ids: &[Uuid],
    undo: &mut Undo,
) -> Result<Vec<SubjectWrite>, Error> {
    let stages = context.stages(kind).await?;
    let mut evidence = context.store.observations(kind, ids).await?;
    let mut journal = pasts(context, kind, ids).await?;
    let reason = format!("{UNDO}{}", undo.import_id);
    let mut writes = Vec::new();
    for id in ids {
        let Evidence { observations, dated } = evidence.remove(id).unwrap_or_default();
        let told = derive(kind, &stages, &observations, &dated);
        let past = journal.remove(id).unwrap_or_default();
        let amendment = Amendment {
            context,
            kind,
            id: *id,
            is_unstored: false,
            reason: &reason,
            import_id: None,
        };
        writes.extend(amendment.write(&past.facts, &remaining(kind, told, &past, undo)));
    }
    Ok(writes)
}

/// The history of a record by what is still told of it. What was edited since stays; a record of
/// which nobody tells any more but which somebody edited stays as it is.
fn remaining(kind: Kind, told: Vec<Fact>, past: &Past, undo: &mut Undo) -> Vec<Fact> {
    let edited: BTreeSet<&str> = past.edits.iter().map(|edit| edit.field).collect();
    let state = state_at(&past.facts, Timestamp::MAX);
    let name = text(&state, "external_id").unwrap_or_default();
    undo.kept.extend(edited.iter().map(|field| format!("{kind}:{name} {field}")));
    match (told.is_empty(), edited.is_empty()) {
        (true, true) => {
            undo.records_removed += 1;
            gone()
        }
        (true, false) => past.facts.clone(),
        (false, _) => {
            undo.records_changed += 1;
            with_edits(told, &past.edits).facts
        }
    }
}

/// The history of a record that nobody tells of any more: it never was.
fn gone() -> Vec<Fact> {
    vec![Fact { field: "deleted", effective_at: BEGINNING, value: Some(Value::Boolean(true)) }]
}
