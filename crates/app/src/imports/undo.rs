//! Undoing an import: its observations are withdrawn, and histories follow from what remains.

use domain::history::{BEGINNING, Fact, derive};
use domain::kind::Kind;
use domain::value::Value;
use reports::imports::Undo;
use store::Tx;
use store::import::Status;
use store::observation::Evidence;
use uuid::Uuid;

use super::amendment::Amendment;
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
    let mut changes: Vec<(Kind, Uuid, Vec<Fact>)> = Vec::new();
    for kind in Kind::RECORDS {
        for subject in context.store.subjects_of_import(kind, id).await? {
            changes.push((kind, subject, Vec::new()));
        }
    }
    note_before(context, &mut changes).await?;
    let author = context.author(format!("undo of import {import_id}"));
    context
        .store
        .write(author, async |tx: &mut Tx| {
            tx.remove_observations(id).await?;
            tx.set_import_undone(id).await?;
            Ok::<(), Error>(())
        })
        .await?;
    withdraw(context, changes, &mut undo).await?;
    seal(context).await?;
    Ok(undo)
}

/// Notes the histories as they are with the import.
async fn note_before(
    context: &Context,
    changes: &mut [(Kind, Uuid, Vec<Fact>)],
) -> Result<(), Error> {
    for page in changes.chunks_mut(ROWS_PER_CHUNK) {
        for kind in Kind::RECORDS {
            let stages = context.stages(kind).await?;
            let ids: Vec<Uuid> =
                page.iter().filter(|change| change.0 == kind).map(|change| change.1).collect();
            let mut evidence = context.store.observations(kind, &ids).await?;
            for (_, id, facts) in page.iter_mut().filter(|change| change.0 == kind) {
                let Evidence { observations, dated } = evidence.remove(id).unwrap_or_default();
                *facts = derive(kind, &stages, &observations, &dated);
            }
        }
    }
    Ok(())
}

async fn withdraw(
    context: &Context,
    changes: Vec<(Kind, Uuid, Vec<Fact>)>,
    undo: &mut Undo,
) -> Result<(), Error> {
    for page in changes.chunks(ROWS_PER_CHUNK) {
        let mut writes = Vec::new();
        for kind in Kind::RECORDS {
            let of_kind: Vec<&(Kind, Uuid, Vec<Fact>)> =
                page.iter().filter(|change| change.0 == kind).collect();
            let ids: Vec<Uuid> = of_kind.iter().map(|change| change.1).collect();
            let stages = context.stages(kind).await?;
            let mut evidence = context.store.observations(kind, &ids).await?;
            for (_, id, before) in of_kind {
                let Evidence { observations, dated } = evidence.remove(id).unwrap_or_default();
                let mut after = derive(kind, &stages, &observations, &dated);
                if after.is_empty() {
                    undo.records_removed += 1;
                    after = gone();
                } else {
                    undo.records_changed += 1;
                }
                let amendment = Amendment {
                    context,
                    kind,
                    id: *id,
                    is_unstored: false,
                    reason: &format!("undo of import {}", undo.import_id),
                    import_id: None,
                };
                writes.extend(amendment.write(before, &after));
            }
        }
        let author = context.author(format!("undo of import {}", undo.import_id));
        let store = &context.store;
        store.write(author, async |tx: &mut Tx| Ok::<(), Error>(tx.apply(writes).await?)).await?;
    }
    Ok(())
}

/// The history of a record that nobody tells of any more: it never was.
pub fn gone() -> Vec<Fact> {
    vec![Fact { field: "deleted", effective_at: BEGINNING, value: Some(Value::Boolean(true)) }]
}
