//! Imports: which file was read when, what became of it, and whether it was undone.

use domain::kind::Kind;
use jiff::Timestamp;
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::error::Error;
use crate::record::{instant, parse_id};
use crate::{Store, Tx, db};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub id: Uuid,
    pub kind: Kind,
    /// The file's name without its folders.
    pub file_name: String,
    /// SHA-256 of the file's bytes, in hexadecimal.
    pub content_sha256: String,
    /// When the export was taken.
    pub observed_at: Timestamp,
    pub coverage: Coverage,
    pub actor: String,
    pub recorded_at: Timestamp,
    pub counts: RowCounts,
    pub status: Status,
}

/// Whether what is missing from the file was deleted at the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    Snapshot,
    Partial,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Done,
    Undone,
}

/// What became of the rows of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCounts {
    pub read: u64,
    pub new: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub rejected: u64,
}

#[derive(FromQueryResult)]
struct Row {
    id: String,
    kind: String,
    file_name: String,
    content_sha256: String,
    observed_at: i64,
    coverage: String,
    actor: String,
    recorded_at: i64,
    rows_read: i64,
    rows_new: i64,
    rows_updated: i64,
    rows_unchanged: i64,
    rows_rejected: i64,
    status: String,
}

impl Store {
    pub async fn import(&self, id: Uuid) -> Result<Option<Import>, Error> {
        let sql = "select * from import where id = $1";
        let row: Option<Row> =
            db::rows(&self.db.reader, sql, vec![id.to_string().into()]).await?.pop();
        row.map(Row::into_import).transpose()
    }

    /// All imports, the earliest recorded first.
    pub async fn imports(&self) -> Result<Vec<Import>, Error> {
        let sql = "select * from import order by recorded_at, id";
        let rows: Vec<Row> = db::rows(&self.db.reader, sql, Vec::new()).await?;
        rows.into_iter().map(Row::into_import).collect()
    }
}

impl Tx {
    /// Notes an import; putting it again under the same id replaces its counts and status.
    pub async fn put_import(&mut self, import: &Import) -> Result<(), Error> {
        let sql = "insert into import (id, kind, file_name, content_sha256, observed_at, coverage,
            actor, recorded_at, status,
            rows_read, rows_new, rows_updated, rows_unchanged, rows_rejected)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            on conflict (id) do update set status = excluded.status,
            rows_read = excluded.rows_read, rows_new = excluded.rows_new,
            rows_updated = excluded.rows_updated, rows_unchanged = excluded.rows_unchanged,
            rows_rejected = excluded.rows_rejected";
        let counts = import.counts;
        let mut values = vec![
            import.id.to_string().into(),
            import.kind.name().into(),
            import.file_name.clone().into(),
            import.content_sha256.clone().into(),
            import.observed_at.as_microsecond().into(),
            import.coverage.name().into(),
            import.actor.clone().into(),
            import.recorded_at.as_microsecond().into(),
            import.status.name().into(),
        ];
        let counts = [counts.read, counts.new, counts.updated, counts.unchanged, counts.rejected];
        values.extend(counts.map(crate::record::bounded));
        db::run(&self.sql, sql, values).await?;
        Ok(())
    }

    pub async fn set_import_undone(&mut self, id: Uuid) -> Result<(), Error> {
        let sql = "update import set status = $2 where id = $1";
        let values = vec![id.to_string().into(), Status::Undone.name().into()];
        match db::run(&self.sql, sql, values).await? {
            0 => Err(Error::UnknownImport(id)),
            _ => Ok(()),
        }
    }
}

impl Row {
    fn into_import(self) -> Result<Import, Error> {
        let damaged = |detail: &str| Error::damaged("an import", detail);
        let counts = RowCounts {
            read: self.rows_read.unsigned_abs(),
            new: self.rows_new.unsigned_abs(),
            updated: self.rows_updated.unsigned_abs(),
            unchanged: self.rows_unchanged.unsigned_abs(),
            rejected: self.rows_rejected.unsigned_abs(),
        };
        Ok(Import {
            id: parse_id(&self.id)?,
            kind: self.kind.parse().map_err(|_| damaged(&self.kind))?,
            file_name: self.file_name,
            content_sha256: self.content_sha256,
            observed_at: instant(self.observed_at)?,
            coverage: Coverage::parse(&self.coverage).ok_or_else(|| damaged(&self.coverage))?,
            actor: self.actor,
            recorded_at: instant(self.recorded_at)?,
            counts,
            status: Status::parse(&self.status).ok_or_else(|| damaged(&self.status))?,
        })
    }
}

impl Coverage {
    pub fn name(self) -> &'static str {
        match self {
            Coverage::Snapshot => "snapshot",
            Coverage::Partial => "partial",
        }
    }

    fn parse(text: &str) -> Option<Coverage> {
        [Coverage::Snapshot, Coverage::Partial].into_iter().find(|c| c.name() == text)
    }
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Status::Done => "done",
            Status::Undone => "undone",
        }
    }

    fn parse(text: &str) -> Option<Status> {
        [Status::Done, Status::Undone].into_iter().find(|status| status.name() == text)
    }
}
