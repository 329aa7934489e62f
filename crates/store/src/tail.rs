//! The journal's tail: entries that the lake does not hold yet.
//!
//! A sealer claims chained entries under a batch id, writes them to the lake with that id as the
//! transaction's name, and forgets the batch once the lake has it. A reader pins a version of the
//! lake first and then asks for the tail without the batches that this version holds. For a reader
//! that pinned before a batch arrived and reads after it was forgotten, forgetting comes late: the
//! sealer forgets a batch when it seals the next one, not at once.

use domain::journal::Entry;
use domain::kind::Kind;
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::error::Error;
use crate::journal::{Row, SELECT};
use crate::record::{bounded, parse_id};
use crate::{Store, db};

#[derive(FromQueryResult)]
struct Batch {
    batch_id: String,
}

impl Store {
    /// Entries in the tail by id, personal fields left out: at most `limit` with ids behind
    /// `after`, without those of the batches that the caller's version of the lake holds.
    pub async fn unsealed(
        &self,
        in_lake: &[Uuid],
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<Entry>, Error> {
        let mut values =
            vec![after.map(|id| id.to_string()).unwrap_or_default().into(), bounded(limit)];
        values.extend(in_lake.iter().map(|batch| batch.to_string().into()));
        let lacking = if in_lake.is_empty() {
            String::new()
        } else {
            let held = db::parameters(3, in_lake.len());
            format!("and (tail.batch_id is null or tail.batch_id not in {held})")
        };
        self.tail_entries(&lacking, values).await
    }

    /// The entries of a claimed batch by id, personal fields left out, a page at a time.
    pub async fn entries_of_batch(
        &self,
        batch_id: Uuid,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<Entry>, Error> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let values = vec![after.into(), bounded(limit), batch_id.to_string().into()];
        self.tail_entries("and tail.batch_id = $3", values).await
    }

    /// Batches that were claimed and not yet forgotten: sealed ones, and those whose sealer died.
    pub async fn batches(&self) -> Result<Vec<Uuid>, Error> {
        let sql = "select distinct batch_id from journal_tail
            where batch_id is not null order by batch_id";
        let batches: Vec<Batch> = db::rows(&self.db.reader, sql, Vec::new()).await?;
        batches.iter().map(|batch| parse_id(&batch.batch_id)).collect()
    }

    /// Claims up to `limit` chained entries that no batch has, oldest first; returns how many.
    /// Claiming is no change of any record and needs no author.
    pub async fn claim_for_sealing(&self, batch_id: Uuid, limit: u64) -> Result<u64, Error> {
        let sql = "update journal_tail set batch_id = $1 where batch_id is null
            and (recorded_at, entry_id) in (select recorded_at, entry_id from journal_tail
            where chained = 1 and batch_id is null order by recorded_at, entry_id limit $2)";
        db::run(&self.db.writer, sql, vec![batch_id.to_string().into(), bounded(limit)]).await
    }

    /// Takes a batch that the lake holds out of the tail; returns how many entries it had.
    pub async fn forget_sealed(&self, batch_id: Uuid) -> Result<u64, Error> {
        let sql = "delete from journal_tail where batch_id = $1";
        db::run(&self.db.writer, sql, vec![batch_id.to_string().into()]).await
    }

    async fn tail_entries(
        &self,
        condition: &str,
        values: Vec<sea_orm::Value>,
    ) -> Result<Vec<Entry>, Error> {
        let sql = format!(
            "{SELECT} join journal_tail as tail
            on tail.recorded_at = journal.recorded_at and tail.entry_id = journal.id
            where journal.id > $1 and journal.kind in ({}) {condition}
            order by journal.id limit $2",
            record_kinds()
        );
        let rows: Vec<Row> = db::rows(&self.db.reader, sql, values).await?;
        rows.into_iter().map(|row| row.into_entry(None)).collect()
    }
}

/// The kinds of records as a list of SQL texts: what is not a record does not go to the lake.
fn record_kinds() -> String {
    Kind::RECORDS.map(|kind| format!("'{}'", kind.name())).join(", ")
}
