//! Sealing: from the journal's tail into the lake, exactly once, whoever dies in between.

use domain::journal::Entry;
use lake::history::HistoryRow;

use crate::context::Context;
use crate::error::Error;
use crate::limits::ENTRIES_PER_BATCH_MAX;

/// Chains what is committed and carries it into the lake, batch by batch, until nothing is left.
///
/// A batch is claimed under an id and written to the lake with that id as the transaction's name.
/// It is forgotten when the next one is sealed, so that a reader who pinned the lake just before
/// still finds its entries in the tail. A batch that an earlier run left claimed is finished first.
pub async fn seal(context: &Context) -> Result<(), Error> {
    context.store.chain(&context.new_id().to_string(), context.now).await?;
    let batches = context.store.batches().await?;
    let sealed = context.lake.pin().await?.sealed_among(&batches).await?;
    for batch in batches {
        if !sealed.contains(&batch) {
            carry(context, batch).await?;
        }
        context.store.forget_sealed(batch).await?;
    }
    let mut last = None;
    loop {
        let batch = context.new_id();
        if context.store.claim_for_sealing(batch, ENTRIES_PER_BATCH_MAX).await? == 0 {
            return Ok(());
        }
        carry(context, batch).await?;
        if let Some(last) = last.replace(batch) {
            context.store.forget_sealed(last).await?;
        }
    }
}

async fn carry(context: &Context, batch: uuid::Uuid) -> Result<(), Error> {
    let entries = context.store.entries_of_batch(batch, None, ENTRIES_PER_BATCH_MAX).await?;
    let rows: Vec<HistoryRow> = entries.into_iter().flat_map(history_rows).collect();
    context.lake.seal(batch, &rows).await?;
    Ok(())
}

/// The facts of an entry as the lake keeps them.
pub fn history_rows(entry: Entry) -> Vec<HistoryRow> {
    let Entry { id, kind, subject_id, effective_at, recorded_at, provenance, changes, .. } = entry;
    let row = |change: domain::journal::Change| HistoryRow {
        kind,
        subject_id,
        field: change.field,
        value: change.after,
        effective_at,
        recorded_at,
        entry_id: id,
        provenance,
    };
    changes.into_iter().map(row).collect()
}
