//! The layout of touches on disk: each key once, by bucket, person and time, in one file.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, DictionaryArray, Int32Array, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef, TimeUnit};
use parquet::errors::ParquetError;
use rayon::prelude::*;
use uuid::Uuid;

use super::{Coded, TouchColumns};
use crate::delta::DataFile;
use crate::limits::{PERSON_BUCKETS, ROW_GROUP_ROWS};
use crate::parquet::{Encoding, encode};

/// Touch keys are hashes already: their low half serves as it is.
pub(super) type KeySet = HashSet<u128, BuildHasherDefault<KeyHasher>>;

#[derive(Default)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = (key as u64) ^ ((key >> 64) as u64);
    }
}

/// The distinct keys, and the rows where each stands first, in order.
pub(super) fn first_of_each_key(keys: &[u128]) -> (KeySet, Vec<u32>) {
    let mut seen = KeySet::with_capacity_and_hasher(keys.len(), BuildHasherDefault::default());
    let rows =
        (0_u32..).zip(keys).filter(|(_, key)| seen.insert(**key)).map(|(row, _)| row).collect();
    (seen, rows)
}

pub(super) const ENCODING: Encoding = Encoding {
    plain: &["occurred_at", "touch_key", "url"],
    raw: &["touch_key"],
    sorted: &[0, 1, 2],
    ranged: &["bucket", "person_id", "occurred_at", "recorded_at"],
};

fn schema() -> SchemaRef {
    let coded = |of| DataType::Dictionary(Box::new(DataType::Int32), Box::new(of));
    let instant = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        Field::new("bucket", DataType::Int32, false),
        Field::new("person_id", coded(DataType::Binary), false),
        Field::new("occurred_at", instant(), false),
        Field::new("touch_key", DataType::Binary, false),
        Field::new("channel", coded(DataType::Utf8), true),
        Field::new("touch_kind", coded(DataType::Utf8), true),
        Field::new("campaign", coded(DataType::Utf8), true),
        Field::new("url", DataType::Utf8, true),
        Field::new("account_id", coded(DataType::Utf8), true),
        Field::new("import_id", coded(DataType::Utf8), false),
        Field::new("recorded_at", instant(), false),
    ]))
}

/// The bucket of a person: ids are random, so their last bytes spread people evenly.
fn bucket(person_id: &[u8; 16]) -> u16 {
    u16::from_be_bytes([person_id[14], person_id[15]]) % PERSON_BUCKETS
}

/// The value sets that the rows of a file share.
struct Shared {
    persons: ArrayRef,
    channels: ArrayRef,
    touch_kinds: ArrayRef,
    campaigns: ArrayRef,
    accounts: ArrayRef,
    import: ArrayRef,
}

impl TouchColumns {
    /// The data file that holds the given rows, sorted into the layout.
    pub(super) fn data_file(
        &self,
        import_id: Uuid,
        rows: Vec<u32>,
    ) -> Result<DataFile, ParquetError> {
        let rows = self.sorted(rows);
        let groups: Vec<&[u32]> = rows.chunks(ROW_GROUP_ROWS).collect();
        let shared = self.shared(import_id);
        let bytes = encode(&schema(), &ENCODING, groups.len(), |group| {
            Ok(RecordBatch::try_new(schema(), self.arrays(groups[group], &shared)?)?)
        })?;
        Ok(DataFile {
            path: format!("import-{import_id}.parquet"),
            bytes,
            written_at_ms: self.recorded_at / 1000,
            stats: serde_json::json!({ "numRecords": rows.len() }),
        })
    }

    /// Rows by bucket, person and time; touches of one instant keep the order of the source.
    fn sorted(&self, rows: Vec<u32>) -> Vec<u32> {
        let mut by_rank: Vec<u32> = (0..).take(self.persons.len()).collect();
        by_rank.sort_unstable_by_key(|&person| {
            let id = &self.persons[person as usize];
            (bucket(id), *id)
        });
        let mut rank = vec![0_u32; by_rank.len()];
        for (place, person) in (0_u32..).zip(by_rank) {
            rank[person as usize] = place;
        }
        let mut order: Vec<(u32, i64, u32)> = rows
            .into_iter()
            .map(|row| {
                let at = row as usize;
                (rank[self.person[at] as usize], self.occurred_at[at], row)
            })
            .collect();
        order.par_sort_unstable();
        order.into_iter().map(|(_, _, row)| row).collect()
    }

    fn shared(&self, import_id: Uuid) -> Shared {
        let names =
            |coded: &Coded| -> ArrayRef { Arc::new(StringArray::from_iter_values(&coded.names)) };
        let accounts = self.accounts.iter().map(|id| Uuid::from_bytes(*id).to_string());
        Shared {
            persons: Arc::new(BinaryArray::from_iter_values(&self.persons)),
            channels: names(&self.channel),
            touch_kinds: names(&self.touch_kind),
            campaigns: names(&self.campaign),
            accounts: Arc::new(StringArray::from_iter_values(accounts)),
            import: Arc::new(StringArray::from_iter_values([import_id.to_string()])),
        }
    }

    fn arrays(&self, rows: &[u32], shared: &Shared) -> Result<Vec<ArrayRef>, ParquetError> {
        let at = || rows.iter().map(|row| *row as usize);
        let buckets = at().map(|row| i32::from(bucket(&self.persons[self.person[row] as usize])));
        let persons = at().map(|row| Some(self.person[row]));
        let keys = at().map(|row| self.touch_key[row].to_be_bytes());
        let accounts = at().map(|row| self.account[row]);
        let instants = |micros: Vec<i64>| -> ArrayRef {
            Arc::new(TimestampMicrosecondArray::from(micros).with_timezone("UTC"))
        };
        Ok(vec![
            Arc::new(Int32Array::from_iter_values(buckets)),
            coded(persons, &shared.persons)?,
            instants(at().map(|row| self.occurred_at[row]).collect()),
            Arc::new(BinaryArray::from_iter_values(keys)),
            coded(at().map(|row| self.channel.code(row)), &shared.channels)?,
            coded(at().map(|row| self.touch_kind.code(row)), &shared.touch_kinds)?,
            coded(at().map(|row| self.campaign.code(row)), &shared.campaigns)?,
            self.urls(rows),
            coded(accounts, &shared.accounts)?,
            coded(at().map(|_| Some(0)), &shared.import)?,
            instants(vec![self.recorded_at; rows.len()]),
        ])
    }

    fn urls(&self, rows: &[u32]) -> ArrayRef {
        let mut urls = StringBuilder::with_capacity(rows.len(), rows.len() * 64);
        for row in rows {
            match self.url.get(*row as usize) {
                "" => urls.append_null(),
                url => urls.append_value(url),
            }
        }
        Arc::new(urls.finish())
    }
}

impl Coded {
    fn code(&self, row: usize) -> Option<u32> {
        let code = self.codes[row];
        (!self.names[code as usize].is_empty()).then_some(code)
    }
}

fn coded(
    codes: impl Iterator<Item = Option<u32>>,
    values: &ArrayRef,
) -> Result<ArrayRef, ParquetError> {
    let keys: Int32Array =
        codes.map(|code| code.and_then(|code| i32::try_from(code).ok())).collect();
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, values.clone())?))
}
