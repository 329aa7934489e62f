//! Which touches the table holds already: by a filter for most of them, by its keys for the rest.

use std::collections::HashSet;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType as Arrow;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use deltalake::DeltaTable;
use futures::StreamExt;
use parquet::bloom_filter::Sbbf;

use super::layout::KeySet;
use super::{TABLE, keys_of};
use crate::error::LakeError;
use crate::limits::{FILTER_BITS_PER_KEY, FILTER_BYTES_MAX, FILTER_BYTES_MIN};

/// The keys of the table at one version, as a split block Bloom filter (Putze, Sanders, Singler
/// 2007): what it has not seen is in no row; what it has seen may be.
pub(super) struct Known {
    filter: Sbbf,
    keys: usize,
    bytes: usize,
    version: Option<u64>,
}

impl Known {
    /// Of a table that nobody has looked at yet.
    pub fn new() -> Known {
        Known {
            filter: Sbbf::new_with_num_of_bytes(FILTER_BYTES_MIN),
            keys: 0,
            bytes: FILTER_BYTES_MIN,
            version: None,
        }
    }

    /// Reads the keys of the table, if it is another than the one that was followed so far or has
    /// outgrown the filter.
    pub async fn follow(
        &mut self,
        session: &SessionContext,
        table: &DeltaTable,
    ) -> Result<(), LakeError> {
        if self.version == table.version() && grown(self.bytes, self.keys) == self.bytes {
            return Ok(());
        }
        let snapshot = table.snapshot().map_err(LakeError::table(TABLE, "read"))?;
        let rows = snapshot.log_data().iter().filter_map(|file| file.num_records()).sum();
        self.bytes = grown(FILTER_BYTES_MIN, rows);
        self.filter = Sbbf::new_with_num_of_bytes(self.bytes);
        self.keys = 0;
        each_key(session, table, |key| self.add(key)).await?;
        self.version = table.version();
        Ok(())
    }

    /// Takes note of a key; whether it may have been there before.
    pub fn meets(&mut self, key: u128) -> bool {
        let met = self.filter.check(&key.to_be_bytes()[..]);
        if !met {
            self.add(key);
        }
        met
    }

    fn add(&mut self, key: u128) {
        self.filter.insert(&key.to_be_bytes()[..]);
        self.keys += 1;
    }

    /// The keys that were met since have gone into the table's next version.
    pub fn committed(&mut self) {
        self.version = self.version.map(|version| version + 1);
    }
}

/// The size of a filter that tells so many keys apart well, if it is to be `bytes` at least.
fn grown(bytes: usize, keys: usize) -> usize {
    let mut bytes = bytes;
    while keys > bytes * 8 / FILTER_BITS_PER_KEY && bytes < FILTER_BYTES_MAX {
        bytes = (bytes * 4).min(FILTER_BYTES_MAX);
    }
    bytes
}

/// Which of the keys are in the table: read in a stream, so memory grows with `keys` alone.
pub(super) async fn known_among(
    session: &SessionContext,
    table: &DeltaTable,
    keys: &KeySet,
) -> Result<HashSet<u128>, LakeError> {
    let mut known = HashSet::new();
    if !keys.is_empty() {
        let note = |key| {
            if keys.contains(&key) {
                known.insert(key);
            }
        };
        each_key(session, table, note).await?;
    }
    Ok(known)
}

/// Goes through the keys of the table, in a stream and in any order.
async fn each_key(
    session: &SessionContext,
    table: &DeltaTable,
    mut each: impl FnMut(u128),
) -> Result<(), LakeError> {
    let snapshot = table.snapshot().map_err(LakeError::table(TABLE, "read"))?;
    if snapshot.log_data().num_files() == 0 {
        return Ok(());
    }
    let failed = || LakeError::table::<DataFusionError>(TABLE, "read");
    let provider = table.table_provider().await.map_err(LakeError::table(TABLE, "read"))?;
    let mut stream = session
        .read_table(provider)
        .and_then(|frame| frame.select_columns(&["touch_key"]))
        .map_err(failed())?
        .execute_stream()
        .await
        .map_err(failed())?;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(failed())?;
        let column =
            cast(batch.column(0), &Arrow::Binary).map_err(LakeError::table(TABLE, "read"))?;
        keys_of(column.as_binary()).for_each(&mut each);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_grows_with_its_keys_up_to_a_bound() {
        let check = |keys, mib: usize| assert_eq!(grown(FILTER_BYTES_MIN, keys), mib << 20);
        check(0, 2);
        check(1_300_000, 2);
        check(1_500_000, 8);
        check(13_000_000, 32);
        check(1_000_000_000, 64);
        assert_eq!(grown(8 << 20, 0), 8 << 20, "it never shrinks");
    }

    #[test]
    fn what_a_filter_has_not_met_is_new() {
        let mut known = Known::new();
        let keys = || (0..10_000_u128).map(|key| key << 64);
        assert!(keys().filter(|key| known.meets(*key)).count() < 10, "few doubts");
        assert!(keys().all(|key| known.meets(key)));
    }
}
