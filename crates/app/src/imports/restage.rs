//! New knowledge of stages: histories that leant on the old are put right.

use domain::history::{derive, with_edits};
use domain::kind::Kind;
use domain::stage::Stages;
use uuid::Uuid;

use super::amendment::{Amendment, append, pasts};
use crate::context::Context;
use crate::error::Error;
use crate::limits::ROWS_PER_CHUNK;

const REASON: &str = "the stages are known better";

/// Derives the histories of a kind under its new stages, and appends what differs: where records
/// begin, and which stages end them, follows from all files and not from the first.
pub async fn restage(context: &Context, kind: Kind, after: &Stages) -> Result<(), Error> {
    let mut last = None;
    loop {
        let records = context.store.records_page(kind, last, ROWS_PER_CHUNK as u64).await?;
        let ids: Vec<Uuid> = records.iter().map(|record| record.id).collect();
        let Some(id) = ids.last() else { return Ok(()) };
        last = Some(*id);
        let mut evidence = context.store.observations(kind, &ids).await?;
        let mut journal = pasts(context, kind, &ids).await?;
        let mut writes = Vec::new();
        for id in ids {
            let Some(evidence) = evidence.remove(&id) else { continue };
            let after = derive(kind, after, &evidence.observations, &evidence.dated);
            let amendment = Amendment {
                context,
                kind,
                id,
                is_unstored: false,
                reason: REASON,
                import_id: None,
            };
            let past = journal.remove(&id).unwrap_or_default();
            writes.extend(amendment.write(&past.facts, &with_edits(after, &past.edits).facts));
        }
        if !writes.is_empty() {
            append(context, REASON, &writes).await?;
        }
    }
}
