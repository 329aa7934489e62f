//! Sealing: from the journal into the lake, exactly once, whoever dies in between.

use std::collections::BTreeSet;

use domain::journal::{Change, Entry};
use lake::history::{Batch, HistoryRow};
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;
use crate::limits::FACTS_PER_COMMIT_MAX;

/// Chains what is committed and carries it into the lake until nothing is left.
pub async fn seal(context: &Context) -> Result<Sealed, Error> {
    Sealer::default().finish(context).await
}

/// What sealing has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    pub entries_chained: usize,
    pub facts_sealed: usize,
}

/// What sealing has just done, for whoever watches [`Context::after`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Everything in the store is linked.
    Chained,
    /// The lake holds some batches, or the touches of a segment.
    Committed,
    /// The store no longer holds the batches before.
    Forgotten,
    /// The store knows who is who among tracked events.
    Resolved,
    /// The store has written down what became of tracked events.
    Noted,
    /// A segment of tracked events is gone from the buffer.
    Removed,
}

/// Batches on their way into the lake, many in one commit.
///
/// A batch is written with its id as the name of a transaction, so that it arrives once. It is
/// forgotten when the next ones are sealed, so that a reader who pinned the lake just before still
/// finds its entries in the store. What an earlier run left is carried at the end.
#[derive(Default)]
pub struct Sealer {
    waiting: Vec<Batch>,
    /// What this sealer has carried and not forgotten.
    carried: Vec<Uuid>,
    facts_sealed: usize,
}

impl Sealer {
    /// Takes on a batch whose facts are at hand.
    pub fn add(&mut self, batch: Batch) {
        self.waiting.push(batch);
    }

    /// Carries what waits once it is enough for a commit.
    pub async fn relieve(&mut self, context: &Context) -> Result<(), Error> {
        let facts: usize = self.waiting.iter().map(|batch| batch.rows.len()).sum();
        if facts < FACTS_PER_COMMIT_MAX { Ok(()) } else { self.carry(context).await }
    }

    /// Carries what waits, and whatever else the store holds for the lake.
    pub async fn finish(mut self, context: &Context) -> Result<Sealed, Error> {
        self.carry(context).await?;
        let chained = context.store.chain(&context.new_id().to_string(), context.now).await?;
        (context.after)(Step::Chained);
        let known: Vec<Uuid> =
            context.store.batches().await?.into_iter().map(|batch| batch.id).collect();
        let sealed = context.lake.pin().await?.sealed_among(&known).await?;
        self.forget_earlier(context, &sealed).await?;
        for id in known.into_iter().filter(|id| !sealed.contains(id)) {
            let entries = context.store.entries_of_batch(id).await?;
            self.add(Batch { id, rows: entries.into_iter().flat_map(history_rows).collect() });
            self.relieve(context).await?;
        }
        self.carry(context).await?;
        let entries_chained = usize::try_from(chained.unwrap_or(0)).unwrap_or(usize::MAX);
        Ok(Sealed { entries_chained, facts_sealed: self.facts_sealed })
    }

    async fn carry(&mut self, context: &Context) -> Result<(), Error> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        let ids = waiting.iter().map(|batch| batch.id).collect();
        self.facts_sealed += waiting.iter().map(|batch| batch.rows.len()).sum::<usize>();
        context.lake.seal(waiting).await?;
        (context.after)(Step::Committed);
        context.store.forget_sealed(&std::mem::replace(&mut self.carried, ids)).await?;
        (context.after)(Step::Forgotten);
        Ok(())
    }

    async fn forget_earlier(
        &self,
        context: &Context,
        sealed: &BTreeSet<Uuid>,
    ) -> Result<(), Error> {
        let earlier: Vec<Uuid> =
            sealed.iter().filter(|id| !self.carried.contains(id)).copied().collect();
        context.store.forget_sealed(&earlier).await?;
        Ok(())
    }
}

/// The facts of an entry as the lake keeps them: without personal ones.
pub fn history_rows(entry: Entry) -> Vec<HistoryRow> {
    let Entry { id, kind, subject_id, effective_at, recorded_at, provenance, changes, .. } = entry;
    let is_personal =
        |change: &Change| kind.field(change.field).is_some_and(|field| field.personal);
    let row = |change: Change| HistoryRow {
        kind,
        subject_id,
        field: change.field,
        value: change.after,
        effective_at,
        recorded_at,
        entry_id: id,
        provenance,
    };
    changes.into_iter().filter(|change| !is_personal(change)).map(row).collect()
}
