//! Data files read back whole, changed and written anew; what they held before is deleted at once.
//!
//! Only erasure does this at once; what merging leaves behind is deleted once it is old.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use deltalake::kernel::Action;
use deltalake::{DeltaTable, ObjectStore, ObjectStoreError, Path};
use futures::TryStreamExt;
use futures::future::ready;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

use crate::delta::{Commit, DataFile, Delta};
use crate::error::LakeError;
use crate::limits::{COMMIT_TRIES_MAX, ROW_GROUP_ROWS};
use crate::parquet::{Encoding, encode};

/// What a rewriting changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rewritten {
    pub rows: usize,
    /// Old files that were deleted for good.
    pub files: usize,
}

/// Applies a change of rows, which keeps their number and order and says how many it changed, to
/// every file that it touches. Old files are deleted before this returns: a reader that had pinned
/// them has to pin anew.
pub(crate) async fn rewrite(
    delta: &Delta,
    encoding: &Encoding,
    change: impl Fn(&RecordBatch) -> Result<(usize, RecordBatch), ParquetError>,
) -> Result<Rewritten, LakeError> {
    for _ in 0..COMMIT_TRIES_MAX {
        let Some(table) = delta.load().await? else { return Ok(Rewritten::default()) };
        let (rows, actions) = changed_files(delta, &table, encoding, &change).await?;
        if actions.is_empty() || delta.commit(&table, actions, Vec::new()).await? == Commit::Done {
            let files = delete_removed_files(delta, i64::MAX).await?;
            return Ok(Rewritten { rows, files });
        }
    }
    Err(LakeError::Busy { table: delta.name, tries: COMMIT_TRIES_MAX })
}

/// Writes every file that the change touches anew, and says how to put it in the old one's place.
async fn changed_files(
    delta: &Delta,
    table: &DeltaTable,
    encoding: &Encoding,
    change: &impl Fn(&RecordBatch) -> Result<(usize, RecordBatch), ParquetError>,
) -> Result<(usize, Vec<Action>), LakeError> {
    let failed = || LakeError::table::<ParquetError>(delta.name, "rewritten");
    let snapshot = table.snapshot().map_err(LakeError::table(delta.name, "read"))?;
    let next_version = snapshot.version() + 1;
    let (mut rows, mut actions) = (0, Vec::new());
    for view in snapshot.log_data().iter() {
        let mut batches = batches(delta.name, table, &view.object_store_path()).await?;
        let mut changed = 0;
        for batch in &mut batches {
            let (in_batch, with_change) = change(batch).map_err(failed())?;
            changed += in_batch;
            *batch = with_change;
        }
        if changed > 0 {
            let path = view.path();
            let stem = path.split('.').next().unwrap_or(&path);
            let path = format!("{stem}.{next_version}.parquet");
            let file = data_file(encoding, path, &batches).map_err(failed())?;
            let file = DataFile { written_at_ms: view.modification_time(), ..file };
            actions.push(Action::Remove(view.remove_action(true)));
            actions.push(Action::Add(delta.write(table, file).await?));
            rows += changed;
        }
    }
    Ok((rows, actions))
}

/// The rows of a file, a row group at a time, in their order.
pub(crate) async fn batches(
    name: &'static str,
    table: &DeltaTable,
    path: &Path,
) -> Result<Vec<RecordBatch>, LakeError> {
    let store = table.object_store();
    let held = store.get_opts(path, Default::default());
    let bytes = async { held.await?.bytes().await }
        .await
        .map_err(LakeError::table::<ObjectStoreError>(name, "read"))?;
    let read = || -> Result<Vec<RecordBatch>, ParquetError> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
        let batches = reader.with_batch_size(ROW_GROUP_ROWS).build()?;
        Ok(batches.collect::<Result<_, _>>()?)
    };
    read().map_err(LakeError::table(name, "read"))
}

/// A file of rows that are in the order of their layout.
pub(crate) fn data_file(
    encoding: &Encoding,
    path: String,
    batches: &[RecordBatch],
) -> Result<DataFile, ParquetError> {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let Some(first) = batches.first() else {
        return Err(ParquetError::General("a file without rows".to_owned()));
    };
    let schema = first.schema();
    let bytes = encode(&schema, encoding, batches.len(), |group| Ok(batches[group].clone()))?;
    let stats = serde_json::json!({ "numRecords": rows });
    Ok(DataFile { path, bytes, written_at_ms: 0, stats })
}

/// Deletes every file that the log says was removed before a moment (milliseconds since 1970), also
/// those of an erasure that was cut short, and gives their number.
pub(crate) async fn delete_removed_files(
    delta: &Delta,
    before_ms: i64,
) -> Result<usize, LakeError> {
    let failed = || LakeError::table(delta.name, "cleaned");
    let Some(table) = delta.load().await? else { return Ok(0) };
    let snapshot = table.snapshot().map_err(failed())?;
    let log = table.log_store();
    let live: HashSet<String> =
        snapshot.log_data().iter().map(|file| file.path().into_owned()).collect();
    let removed: Vec<String> = snapshot
        .all_tombstones(log.as_ref())
        .try_filter(|removed| ready(removed.deletion_timestamp().unwrap_or(0) < before_ms))
        .map_ok(|removed| removed.path().into_owned())
        .try_collect()
        .await
        .map_err(failed())?;
    let store: Arc<dyn ObjectStore> = table.object_store();
    let mut deleted = 0;
    for path in removed.iter().filter(|path| !live.contains(*path)) {
        match delete(store.as_ref(), path).await {
            Ok(()) => deleted += 1,
            Err(ObjectStoreError::NotFound { .. }) => {}
            Err(error) => return Err(LakeError::table(delta.name, "cleaned")(error)),
        }
    }
    delta.sync_folder()?;
    Ok(deleted)
}

async fn delete(store: &dyn ObjectStore, path: &str) -> Result<(), ObjectStoreError> {
    let path = deltalake::Path::from(path);
    let stream = futures::stream::once(async move { Ok(path) });
    store.delete_stream(Box::pin(stream)).try_collect::<Vec<_>>().await.map(|_| ())
}
