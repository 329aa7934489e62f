//! What the lake does not hold yet: the journal's tail, and batches of chained entries.
//!
//! What is linked at one time is one batch, a range of the chain. A sealer writes batches to the
//! lake with their ids as names of the transaction, and forgets them once the lake has them. A
//! reader pins a version of the lake first and then asks for what is not in the batches that this
//! version holds. For a reader that pinned before a batch arrived and reads after it was
//! forgotten, forgetting comes late: the sealer forgets a batch when it seals the next one.

use domain::journal::Entry;
use domain::kind::Kind;
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::error::Error;
use crate::journal::{Row, SELECT};
use crate::record::{bounded, parse_id};
use crate::{Store, db};

/// Entries that go to the lake together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    pub id: Uuid,
    pub entries: u64,
}

#[derive(FromQueryResult)]
struct BatchRow {
    id: String,
    entries: i64,
}

impl Store {
    /// Entries that are in no batch of `in_lake` by id, personal fields left out: at most `limit`
    /// with ids behind `after`.
    pub async fn unsealed(
        &self,
        in_lake: &[Uuid],
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<Entry>, Error> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let mut values = vec![after.into(), bounded(limit)];
        values.extend(in_lake.iter().map(|batch| batch.to_string().into()));
        let held = match in_lake {
            [] => String::new(),
            _ => format!("where batch.id not in {}", db::parameters(3, in_lake.len())),
        };
        let sql = format!(
            "{SELECT} where journal.id > $1 and journal.kind in ({}) and journal.id in (
                select entry_id from journal_tail
                union all
                select link.entry_id from batch join journal_link as link
                    on link.position between batch.first_position and batch.last_position {held}
            ) order by journal.id limit $2",
            record_kinds()
        );
        let rows: Vec<Row> = db::rows(&self.db.reader, sql, values).await?;
        rows.into_iter().map(|row| row.into_entry(None)).collect()
    }

    /// The entries of a batch by id, personal fields left out.
    pub async fn entries_of_batch(&self, batch_id: Uuid) -> Result<Vec<Entry>, Error> {
        let sql = format!(
            "{SELECT} join journal_link as link on link.entry_id = journal.id
            join batch on link.position between batch.first_position and batch.last_position
            where batch.id = $1 and journal.kind in ({}) order by journal.id",
            record_kinds()
        );
        let values = vec![batch_id.to_string().into()];
        let rows: Vec<Row> = db::rows(&self.db.reader, sql, values).await?;
        rows.into_iter().map(|row| row.into_entry(None)).collect()
    }

    /// Batches that were not forgotten, in the order of the chain: sealed ones, and those that
    /// the lake is still to get.
    pub async fn batches(&self) -> Result<Vec<Batch>, Error> {
        let sql = "select id, cast(sum(last_position - first_position + 1) as bigint) as entries
            from batch group by id order by min(first_position)";
        let rows: Vec<BatchRow> = db::rows(&self.db.reader, sql, Vec::new()).await?;
        let batch = |row: &BatchRow| {
            Ok(Batch { id: parse_id(&row.id)?, entries: row.entries.unsigned_abs() })
        };
        rows.iter().map(batch).collect()
    }

    /// Forgets batches that the lake holds; returns how many were known. Forgetting is no change
    /// of any record and needs no author.
    pub async fn forget_sealed(&self, batches: &[Uuid]) -> Result<u64, Error> {
        let mut forgotten = 0;
        for ids in batches.chunks(crate::limits::KEYS_MAX) {
            let sql = format!("delete from batch where id in {}", db::parameters(1, ids.len()));
            let values = ids.iter().map(|id| id.to_string().into()).collect();
            forgotten += db::run(&self.db.writer, sql, values).await?;
        }
        Ok(forgotten)
    }
}

/// The kinds of records as a list of SQL texts: what is not a record does not go to the lake.
fn record_kinds() -> String {
    Kind::RECORDS.map(|kind| format!("'{}'", kind.name())).join(", ")
}
