//! Tracked touches: small parts that come all day long, each one segment of the buffer.
//!
//! Which touches the table holds already is remembered from part to part by a filter of its keys,
//! so that a part is added without reading the table, as long as nobody else writes to it and the
//! filter has no doubts.

use std::sync::Arc;

use datafusion::prelude::SessionContext;
use deltalake::DeltaTable;
use uuid::Uuid;

use super::known::Known;
use super::layout::{ENCODING, KeySet};
use super::{
    Appended, Part, SharedColumns, TABLE, TRACKED, TouchColumns, again, commit, first_of_each_key,
    known_among,
};
use crate::Lake;
use crate::delta::{Commit, Delta};
use crate::error::LakeError;
use crate::limits::COMMIT_TRIES_MAX;
use crate::merge::merge;

/// The columns by which the rows of a file are sorted: bucket, person and time.
const ORDER: [usize; 3] = [0, 1, 2];

/// Adds segments of tracked touches, each exactly once.
pub struct Tracked {
    lake: Lake,
    session: SessionContext,
    /// As it was when the segment before came.
    table: Option<DeltaTable>,
    known: Known,
}

impl Tracked {
    pub(crate) fn new(lake: Lake, session: SessionContext) -> Tracked {
        Tracked { lake, session, table: None, known: Known::new() }
    }

    /// Adds the touches of a segment that are not there yet. A segment that was added before adds
    /// nothing.
    ///
    /// # Errors
    /// When the lake cannot be read or written.
    pub async fn append(
        &mut self,
        segment: Uuid,
        touches: TouchColumns,
    ) -> Result<Appended, LakeError> {
        touches.check()?;
        if touches.touch_key.is_empty() {
            return Ok(Appended::default());
        }
        let part = Part { import_id: segment, number: 0, is_tracked: true };
        let touches = Arc::new(touches);
        for _ in 0..COMMIT_TRIES_MAX {
            if let Some(appended) = self.try_append(part, touches.clone()).await? {
                return Ok(appended);
            }
        }
        Err(LakeError::Busy { table: TABLE, tries: COMMIT_TRIES_MAX })
    }

    /// `None` where somebody else was faster.
    async fn try_append(
        &mut self,
        part: Part,
        touches: SharedColumns,
    ) -> Result<Option<Appended>, LakeError> {
        let delta = &self.lake.touches;
        let total = touches.touch_key.len();
        let table = delta.follow(self.table.take()).await?;
        if delta.has_transaction(&table, &part.name()).await? {
            self.table = Some(table);
            return Ok(Some(Appended { new: 0, duplicates: total }));
        }
        self.known.follow(&self.session, &table).await?;
        let rows: Vec<u32> = (0..).take(total).collect();
        let (_, once) = first_of_each_key(&touches.touch_key, &rows);
        let key = |row: &u32| touches.touch_key[*row as usize];
        let (doubtful, mut new): (Vec<u32>, Vec<u32>) =
            once.into_iter().partition(|row| self.known.meets(key(row)));
        let doubts: KeySet = doubtful.iter().map(key).collect();
        let known = known_among(&self.session, &table, &doubts).await?;
        let (told_again, unknown): (Vec<u32>, Vec<u32>) =
            doubtful.into_iter().partition(|row| known.contains(&key(row)));
        new.extend(unknown);
        if commit(delta, &table, part, (touches.clone(), &new)).await? == Commit::Outrun {
            return Ok(None);
        }
        self.known.committed();
        self.table = Some(table);
        if !told_again.is_empty() {
            again::keep(&self.lake.touches_again, part, touches, told_again).await?;
        }
        Ok(Some(Appended { new: new.len(), duplicates: total - new.len() }))
    }
}

/// How many touches were tracked.
pub(crate) async fn tracked(delta: &Delta) -> Result<u64, LakeError> {
    let Some(table) = delta.load().await? else { return Ok(0) };
    let snapshot = table.snapshot().map_err(LakeError::table(TABLE, "read"))?;
    let live = snapshot.log_data();
    let files = live.iter().filter(|file| is_tracked(&file.path()));
    Ok(files.filter_map(|file| file.num_records()).sum::<usize>() as u64)
}

/// Merges small files of tracked touches, and gives how many there were.
pub(crate) async fn merge_small_files(delta: &Delta) -> Result<usize, LakeError> {
    merge(delta, &ENCODING, &ORDER, is_tracked).await
}

/// Whether a file holds tracked touches, and no others.
fn is_tracked(path: &str) -> bool {
    path.starts_with(TRACKED) || path.starts_with("merged-")
}
