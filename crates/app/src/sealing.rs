//! Sealing: from the journal's tail into the lake, exactly once, whoever dies in between.

use domain::journal::Entry;
use lake::history::HistoryRow;

use crate::context::Context;
use crate::error::Error;
use crate::limits::ENTRIES_PER_BATCH_MAX;

/// Chains what is committed and carries it into the lake, batch by batch, until nothing is left.
///
/// A batch is claimed under an id, written to the lake with that id as the transaction's name, and
/// only then forgotten; a batch that an earlier run left claimed is finished first.
pub async fn seal(context: &Context) -> Result<(), Error> {
    context.store.chain(&context.new_id().to_string(), context.now).await?;
    for batch in context.store.batches().await? {
        carry(context, batch).await?;
    }
    loop {
        let batch = context.new_id();
        if context.store.claim_for_sealing(batch, ENTRIES_PER_BATCH_MAX).await? == 0 {
            return Ok(());
        }
        carry(context, batch).await?;
    }
}

async fn carry(context: &Context, batch: uuid::Uuid) -> Result<(), Error> {
    let entries = context.store.entries_of_batch(batch, None, ENTRIES_PER_BATCH_MAX).await?;
    let rows: Vec<HistoryRow> = entries.into_iter().flat_map(history_rows).collect();
    context.lake.seal(batch, &rows).await?;
    context.store.forget_sealed(batch).await?;
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
