//! Erasing what touches may still tell of a person: the URLs, in every file, at once.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use deltalake::kernel::Action;
use deltalake::{DeltaTable, ObjectStore, ObjectStoreError};
use futures::TryStreamExt;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;

use super::TABLE;
use super::layout::ENCODING;
use crate::delta::{Commit, DataFile, Delta};
use crate::error::LakeError;
use crate::limits::{COMMIT_TRIES_MAX, ROW_GROUP_ROWS};
use crate::parquet::encode;

/// What an erasure changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// URLs that lost their query, or were blanked.
    pub urls: usize,
    /// Old files that were deleted for good.
    pub files: usize,
}

/// Takes queries and fragments off the URLs of a person, and blanks every URL, of anyone, that
/// still holds one of the traces (an e-mail address, a telephone number) in any spelling of
/// percent signs and capitals. Old files are deleted before this returns: a reader that had
/// pinned them has to pin anew.
pub(crate) async fn erase(
    delta: &Delta,
    person_id: [u8; 16],
    traces: &[String],
) -> Result<Erased, LakeError> {
    let mark = Mark::new(person_id, traces);
    for _ in 0..COMMIT_TRIES_MAX {
        let Some(table) = delta.load().await? else { return Ok(Erased { urls: 0, files: 0 }) };
        let (urls, actions) = rewrite(delta, &table, &mark).await?;
        if actions.is_empty() || delta.commit(&table, actions, Vec::new()).await? == Commit::Done {
            let files = delete_removed_files(delta).await?;
            return Ok(Erased { urls, files });
        }
    }
    Err(LakeError::Busy { table: TABLE, tries: COMMIT_TRIES_MAX })
}

/// Writes every file that the mark touches anew, and says how to put it in the old one's place.
async fn rewrite(
    delta: &Delta,
    table: &DeltaTable,
    mark: &Mark,
) -> Result<(usize, Vec<Action>), LakeError> {
    let failed = || LakeError::table::<ParquetError>(TABLE, "rewritten");
    let snapshot = table.snapshot().map_err(LakeError::table(TABLE, "read"))?;
    let next_version = snapshot.version() + 1;
    let (mut urls, mut actions) = (0, Vec::new());
    for view in snapshot.log_data().iter() {
        let (store, path) = (table.object_store(), view.object_store_path());
        let held = store.get_opts(&path, Default::default());
        let bytes = async { held.await?.bytes().await }
            .await
            .map_err(LakeError::table::<ObjectStoreError>(TABLE, "read"))?;
        let (changed, batches) = mark.apply(bytes).map_err(failed())?;
        if changed > 0 {
            let path = view.path();
            let stem = path.split('.').next().unwrap_or(&path);
            let file =
                data_file(format!("{stem}.{next_version}.parquet"), &batches).map_err(failed())?;
            let file = DataFile { written_at_ms: view.modification_time(), ..file };
            actions.push(Action::Remove(view.remove_action(true)));
            actions.push(Action::Add(delta.write(table, file).await?));
            urls += changed;
        }
    }
    Ok((urls, actions))
}

fn data_file(path: String, batches: &[RecordBatch]) -> Result<DataFile, ParquetError> {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let Some(first) = batches.first() else {
        return Err(ParquetError::General("a file without rows".to_owned()));
    };
    let schema = first.schema();
    let bytes = encode(&schema, &ENCODING, batches.len(), |group| Ok(batches[group].clone()))?;
    let stats = serde_json::json!({ "numRecords": rows });
    Ok(DataFile { path, bytes, written_at_ms: 0, stats })
}

/// Deletes every file that the log says was removed, also those of an erasure that was cut
/// short, and gives their number.
async fn delete_removed_files(delta: &Delta) -> Result<usize, LakeError> {
    let failed = || LakeError::table(TABLE, "cleaned");
    let Some(table) = delta.load().await? else { return Ok(0) };
    let snapshot = table.snapshot().map_err(failed())?;
    let log = table.log_store();
    let live: HashSet<String> =
        snapshot.log_data().iter().map(|file| file.path().into_owned()).collect();
    let removed: Vec<String> = snapshot
        .all_tombstones(log.as_ref())
        .map_ok(|tombstone| tombstone.path().into_owned())
        .try_collect()
        .await
        .map_err(failed())?;
    let store: Arc<dyn ObjectStore> = table.object_store();
    let mut deleted = 0;
    for path in removed.iter().filter(|path| !live.contains(*path)) {
        match delete(store.as_ref(), path).await {
            Ok(()) => deleted += 1,
            Err(ObjectStoreError::NotFound { .. }) => {}
            Err(error) => return Err(LakeError::table(TABLE, "cleaned")(error)),
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

/// Whose URLs lose their query, and what no URL may hold.
struct Mark {
    person_id: [u8; 16],
    /// Lower-case, without percent signs.
    traces: Vec<String>,
}

impl Mark {
    fn new(person_id: [u8; 16], traces: &[String]) -> Mark {
        let traces = traces.iter().map(|trace| plain(trace)).filter(|trace| !trace.is_empty());
        Mark { person_id, traces: traces.collect() }
    }

    /// How many URLs of a file change, and its rows with the URLs as they should be.
    fn apply(
        &self,
        file: impl ChunkReader + 'static,
    ) -> Result<(usize, Vec<RecordBatch>), ParquetError> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)?
            .with_batch_size(ROW_GROUP_ROWS)
            .build()?;
        let (mut changed, mut batches) = (0, Vec::new());
        for batch in reader {
            let (in_batch, batch) = self.apply_to_batch(&batch?)?;
            changed += in_batch;
            batches.push(batch);
        }
        Ok((changed, batches))
    }

    fn apply_to_batch(&self, batch: &RecordBatch) -> Result<(usize, RecordBatch), ParquetError> {
        let schema = batch.schema();
        let place = schema.index_of("url")?;
        let persons = batch.column(schema.index_of("person_id")?).as_binary::<i32>();
        let urls = batch.column(place).as_string::<i32>();
        let mut changed = 0;
        let cleaned: StringArray = (0..urls.len())
            .map(|row| {
                let url = urls.is_valid(row).then(|| urls.value(row))?;
                let clean = self.clean(url, persons.value(row) == self.person_id);
                changed += usize::from(clean != url);
                (!clean.is_empty()).then_some(clean)
            })
            .collect();
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        columns[place] = Arc::new(cleaned);
        Ok((changed, RecordBatch::try_new(schema, columns)?))
    }

    fn clean<'a>(&self, url: &'a str, own: bool) -> &'a str {
        let cut = if own { url.split(['?', '#']).next().unwrap_or("") } else { url };
        let spelled = plain(cut);
        if self.traces.iter().any(|trace| spelled.contains(trace.as_str())) { "" } else { cut }
    }
}

fn plain(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().to_lowercase()
}
