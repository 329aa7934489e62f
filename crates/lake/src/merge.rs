//! Small data files written as one, so that a query opens few.
//!
//! What a table says stays the same, and so does what a reader finds who pinned it before: the old
//! files are there until they are deleted for being old ([`crate::rewrite::delete_removed_files`]).

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::{
    SortColumn, concat_batches, lexsort_to_indices, take_record_batch,
};
use datafusion::arrow::error::ArrowError;
use deltalake::kernel::{Action, Add};
use deltalake::{DeltaTable, Path};
use parquet::errors::ParquetError;
use uuid::Uuid;

use crate::delta::{Commit, DataFile, Delta};
use crate::error::LakeError;
use crate::limits::{
    COMMIT_TRIES_MAX, MERGED_FILES_MIN, MERGED_ROWS_MAX, ROW_GROUP_ROWS, SMALL_FILE_ROWS,
};
use crate::parquet::Encoding;
use crate::rewrite::{batches, data_file};

/// Merges a table's small files into one and gives how many there were; none as long as there are
/// few. `order` are the columns, by position, in whose order the rows of a file lie; only files of
/// `which` names are merged.
pub(crate) async fn merge(
    delta: &Delta,
    encoding: &Encoding,
    order: &[usize],
    which: fn(&str) -> bool,
) -> Result<usize, LakeError> {
    for _ in 0..COMMIT_TRIES_MAX {
        let Some(table) = delta.load().await? else { return Ok(0) };
        let small = small_files(delta.name, &table, which)?;
        if small.len() < MERGED_FILES_MIN {
            return Ok(0);
        }
        let mut rows = Vec::new();
        for file in &small {
            rows.extend(batches(delta.name, &table, &file.path).await?);
        }
        let failed = LakeError::table(delta.name, "merged");
        let merged = merged(&small, &rows, encoding, order).map_err(failed)?;
        let added = Add { data_change: false, ..delta.write(&table, merged).await? };
        let mut actions: Vec<Action> = small.iter().map(|file| file.removal.clone()).collect();
        actions.push(Action::Add(added));
        if delta.commit(&table, actions, Vec::new()).await? == Commit::Done {
            return Ok(small.len());
        }
    }
    Err(LakeError::Busy { table: delta.name, tries: COMMIT_TRIES_MAX })
}

struct SmallFile {
    path: Path,
    written_at_ms: i64,
    removal: Action,
}

/// The small files, by name, as many as one file holds.
fn small_files(
    name: &'static str,
    table: &DeltaTable,
    which: fn(&str) -> bool,
) -> Result<Vec<SmallFile>, LakeError> {
    let snapshot = table.snapshot().map_err(LakeError::table(name, "read"))?;
    let rows_of = |rows: Option<usize>| rows.unwrap_or(usize::MAX);
    let mut small: Vec<(usize, SmallFile)> = snapshot
        .log_data()
        .iter()
        .filter(|file| rows_of(file.num_records()) < SMALL_FILE_ROWS && which(&file.path()))
        .map(|file| {
            let small = SmallFile {
                path: file.object_store_path(),
                written_at_ms: file.modification_time(),
                removal: Action::Remove(file.remove_action(false)),
            };
            (rows_of(file.num_records()), small)
        })
        .collect();
    small.sort_by(|(_, one), (_, other)| one.path.cmp(&other.path));
    let mut room = MERGED_ROWS_MAX;
    let fits = |(rows, file): (usize, SmallFile)| {
        room = room.checked_sub(rows)?;
        Some(file)
    };
    Ok(small.into_iter().map_while(fits).collect())
}

/// The rows of small files as one file, whose name follows from theirs.
fn merged(
    small: &[SmallFile],
    rows: &[RecordBatch],
    encoding: &Encoding,
    order: &[usize],
) -> Result<DataFile, ParquetError> {
    let sorted = sorted(rows, order)?;
    let groups: Vec<RecordBatch> = (0..sorted.num_rows())
        .step_by(ROW_GROUP_ROWS)
        .map(|from| sorted.slice(from, ROW_GROUP_ROWS.min(sorted.num_rows() - from)))
        .collect();
    let names: Vec<&str> = small.iter().map(|file| file.path.as_ref()).collect();
    let name = Uuid::new_v5(&Uuid::NAMESPACE_OID, names.join("/").as_bytes());
    let file = data_file(encoding, format!("merged-{name}.parquet"), &groups)?;
    let written_at_ms = small.iter().map(|file| file.written_at_ms).max().unwrap_or(0);
    Ok(DataFile { written_at_ms, ..file })
}

fn sorted(rows: &[RecordBatch], order: &[usize]) -> Result<RecordBatch, ArrowError> {
    let Some(first) = rows.first() else {
        return Err(ArrowError::InvalidArgumentError("files without rows".to_owned()));
    };
    let all = concat_batches(&first.schema(), rows)?;
    let columns: Vec<SortColumn> = order
        .iter()
        .map(|place| SortColumn { values: all.column(*place).clone(), options: None })
        .collect();
    take_record_batch(&all, &lexsort_to_indices(&columns, None)?)
}
