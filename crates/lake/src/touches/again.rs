//! The table `touches_again`: touches that a later import told of once more.
//!
//! A touch is in `touches` once, as the first import told it. What others told of it is kept here,
//! so that an undo of the first leaves the touch as the next one brought it. No metric reads it.

use datafusion::arrow::array::{Array, AsArray, BinaryArray, BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::error::ArrowError;
use deltalake::kernel::Action;
use deltalake::{DeltaTable, DeltaTableError, Path};
use uuid::Uuid;

use super::layout::{ENCODING, KeySet};
use super::{Part, SharedColumns, TABLE, key_at, keys_of};
use crate::delta::{Commit, DataFile, Delta};
use crate::error::LakeError;
use crate::limits::COMMIT_TRIES_MAX;
use crate::rewrite::{batches, data_file};

pub(crate) const AGAIN: &str = "touches_again";

/// Keeps the rows of a part that are in `touches` already.
pub(super) async fn keep(
    again: &Delta,
    part: Part,
    touches: SharedColumns,
    rows: Vec<u32>,
) -> Result<(), LakeError> {
    let file = super::encoded(touches, part, rows).await?;
    for _ in 0..COMMIT_TRIES_MAX {
        let table = again.load_or_create().await?;
        if again.has_transaction(&table, &part.name()).await? {
            return Ok(());
        }
        let actions = vec![Action::Add(again.write(&table, file.clone()).await?)];
        if again.commit(&table, actions, vec![part.name()]).await? == Commit::Done {
            return Ok(());
        }
    }
    Err(LakeError::Busy { table: AGAIN, tries: COMMIT_TRIES_MAX })
}

/// Forgets what an import told once more.
pub(super) async fn forget(again: &Delta, import_id: Uuid) -> Result<(), LakeError> {
    for _ in 0..COMMIT_TRIES_MAX {
        let Some(table) = again.load().await? else { return Ok(()) };
        let (_, actions) = super::removals(&table, import_id)?;
        if actions.is_empty() || again.commit(&table, actions, Vec::new()).await? == Commit::Done {
            return Ok(());
        }
    }
    Err(LakeError::Busy { table: AGAIN, tries: COMMIT_TRIES_MAX })
}

/// Files for `touches`, with their numbers of rows, of what other imports told of the touches in
/// the `own` files of an import that is undone: each touch as the first of them told it.
pub(super) async fn heirs(
    again: &Delta,
    table: &DeltaTable,
    own: &[Path],
    import_id: Uuid,
) -> Result<Vec<(DataFile, usize)>, LakeError> {
    let Some(told) = again.load().await? else { return Ok(Vec::new()) };
    let files = in_order(&told).map_err(LakeError::table(AGAIN, "read"))?;
    let mut heirs = Vec::new();
    for (number, path) in own.iter().enumerate().filter(|_| !files.is_empty()) {
        let mut orphans = keys(&batches(TABLE, table, path).await?)?;
        for file in &files {
            let rows = adopted(batches(AGAIN, &told, file).await?, &mut orphans)?;
            if !rows.is_empty() {
                let stem = file.filename().and_then(|name| name.split('.').next());
                let name =
                    format!("{}-after-{import_id}-{number}.parquet", stem.unwrap_or_default());
                let heir = data_file(&ENCODING, name, &rows);
                let count = rows.iter().map(RecordBatch::num_rows).sum();
                heirs.push((heir.map_err(LakeError::table(TABLE, "written"))?, count));
            }
        }
    }
    Ok(heirs)
}

/// The files by the time at which they were written.
fn in_order(told: &DeltaTable) -> Result<Vec<Path>, DeltaTableError> {
    let mut files: Vec<(i64, Path)> = (told.snapshot()?.log_data().iter())
        .map(|file| (file.modification_time(), file.object_store_path()))
        .collect();
    files.sort();
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

/// The rows of touches that nobody tells of any more; their keys leave the set.
fn adopted(batches: Vec<RecordBatch>, orphans: &mut KeySet) -> Result<Vec<RecordBatch>, LakeError> {
    let mut adopted = Vec::new();
    for batch in batches {
        let kept: BooleanArray = {
            let keys = key_column(&batch)?;
            (0..keys.len())
                .map(|row| Some(key_at(keys, row).is_some_and(|key| orphans.remove(&key))))
                .collect()
        };
        let batch = filter_record_batch(&batch, &kept)
            .map_err(LakeError::table::<ArrowError>(TABLE, "written"))?;
        if batch.num_rows() > 0 {
            adopted.push(batch);
        }
    }
    Ok(adopted)
}

fn keys(batches: &[RecordBatch]) -> Result<KeySet, LakeError> {
    let mut keys = KeySet::default();
    for batch in batches {
        keys.extend(keys_of(key_column(batch)?));
    }
    Ok(keys)
}

fn key_column(batch: &RecordBatch) -> Result<&BinaryArray, LakeError> {
    let place = batch.schema().index_of("touch_key");
    let place = place.map_err(LakeError::table::<ArrowError>(TABLE, "read"))?;
    Ok(batch.column(place).as_binary())
}
