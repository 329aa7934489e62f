//! Complete exports: what they lack was deleted at the source.

use std::collections::HashSet;

use domain::kind::Kind;
use jiff::Timestamp;
use store::import::{Coverage, Status};
use uuid::Uuid;

use super::chunk::Chunk;
use crate::context::Context;
use crate::error::Error;
use crate::limits::ROWS_PER_CHUNK;

/// The records that a file told of.
#[derive(Default)]
pub struct Seen {
    ids: HashSet<Uuid>,
}

impl Seen {
    pub fn add(&mut self, id: Uuid) {
        self.ids.insert(id);
    }

    /// Marks the records that were seen before and that the export lacks; returns how many.
    pub async fn delete_missing(&self, chunk: &Chunk<'_>, dry_run: bool) -> Result<u64, Error> {
        let store = &chunk.context.store;
        let (mut after, mut deleted) = (None, 0);
        loop {
            let records = store.records_page(chunk.kind, after, ROWS_PER_CHUNK as u64).await?;
            let Some(last) = records.last() else { return Ok(deleted) };
            after = Some(last.id);
            let missing: Vec<Uuid> = records
                .iter()
                .map(|record| record.id)
                .filter(|id| !self.ids.contains(id))
                .collect();
            let evidence = store.observations(chunk.kind, &missing).await?;
            let seen_before = |id: &Uuid| {
                let seen = evidence.get(id).map(|evidence| &evidence.observations);
                seen.is_some_and(|seen| {
                    seen.iter().any(|seen| seen.observed_at < chunk.observed_at)
                })
            };
            let missing: Vec<Uuid> = missing.into_iter().filter(seen_before).collect();
            deleted += chunk.write_absences(&missing, dry_run).await?;
        }
    }
}

/// When the other complete exports of a kind were taken.
pub async fn others(
    context: &Context,
    kind: Kind,
    import_id: Uuid,
) -> Result<Vec<Timestamp>, Error> {
    let imports = context.store.imports().await?;
    let mut at: Vec<Timestamp> = imports
        .iter()
        .filter(|import| import.kind == kind && import.id != import_id)
        .filter(|import| import.coverage == Coverage::Snapshot && import.status == Status::Done)
        .map(|import| import.observed_at)
        .collect();
    at.sort_unstable();
    at.dedup();
    Ok(at)
}
