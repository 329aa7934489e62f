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

use super::{Coded, Part, TouchColumns};
use crate::delta::DataFile;
use crate::limits::{PERSON_BUCKETS, ROW_GROUP_ROWS};
use crate::parquet::{Encoding, encode};

/// Touch keys are hashes already: their low half serves as it is.
pub(crate) type KeySet = HashSet<u128, BuildHasherDefault<KeyHasher>>;

#[derive(Default)]
pub(crate) struct KeyHasher(u64);

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

/// The distinct keys of some rows, and the rows where each stands first, in order.
pub(super) fn first_of_each_key(keys: &[u128], rows: &[u32]) -> (KeySet, Vec<u32>) {
    let mut seen = KeySet::with_capacity_and_hasher(rows.len(), BuildHasherDefault::default());
    let first = rows.iter().copied().filter(|row| seen.insert(keys[*row as usize])).collect();
    (seen, first)
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
pub(crate) fn bucket(person_id: &[u8; 16]) -> u16 {
    u16::from_be_bytes([person_id[14], person_id[15]]) % PERSON_BUCKETS
}

/// The value sets that the rows of a file share.
struct Shared {
    /// By rank.
    persons: ArrayRef,
    channels: ArrayRef,
    touch_kinds: ArrayRef,
    campaigns: ArrayRef,
    accounts: ArrayRef,
    import: ArrayRef,
}

/// What the sort does not move along, together, so that following the sorted order costs one
/// jump in memory a row rather than one a column. Codes are `None` where there is nothing.
#[derive(Clone, Copy)]
struct Packed {
    key: u128,
    url_start: u32,
    url_end: u32,
    channel: Option<i32>,
    touch_kind: Option<i32>,
    campaign: Option<i32>,
    account: Option<i32>,
}

/// The place of a row in the layout, as one number: rank of the person, time, row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place(u128);

impl Place {
    fn new(rank: u32, occurred_at: i64, row: u32) -> Place {
        // Flipping the sign bit makes times before 1970 the smaller ones.
        let time = occurred_at.cast_unsigned() ^ (1 << 63);
        Place((u128::from(rank) << 96) | (u128::from(time) << 32) | u128::from(row))
    }

    fn rank(self) -> u32 {
        (self.0 >> 96) as u32
    }

    fn occurred_at(self) -> i64 {
        (((self.0 >> 32) as u64) ^ (1 << 63)).cast_signed()
    }

    fn row(self) -> usize {
        self.0 as u32 as usize
    }
}

impl TouchColumns {
    /// The data file that holds the given rows, sorted into the layout.
    pub(super) fn data_file(&self, part: Part, rows: &[u32]) -> Result<DataFile, ParquetError> {
        let persons = self.persons_by_rank();
        let places = self.places(rows, &persons);
        let shared = self.shared(part.import_id, &persons);
        let buckets: Vec<i32> =
            persons.iter().map(|&p| i32::from(bucket(&self.persons[p as usize]))).collect();
        let packed: Vec<Packed> =
            (0..self.touch_key.len()).into_par_iter().map(|row| self.packed(row)).collect();
        let groups: Vec<&[Place]> = places.chunks(ROW_GROUP_ROWS).collect();
        let bytes = encode(&schema(), &ENCODING, groups.len(), |group| {
            let columns = self.arrays(groups[group], &packed, &buckets, &shared)?;
            Ok(RecordBatch::try_new(schema(), columns)?)
        })?;
        Ok(DataFile {
            path: format!("{}.parquet", part.name()),
            bytes,
            written_at_ms: self.recorded_at / 1000,
            stats: serde_json::json!({ "numRecords": rows.len() }),
        })
    }

    /// The persons by bucket and id: a person's place therein is its rank.
    fn persons_by_rank(&self) -> Vec<u32> {
        let mut persons: Vec<u32> = (0..).take(self.persons.len()).collect();
        persons.par_sort_unstable_by_key(|&person| {
            let id = &self.persons[person as usize];
            (bucket(id), *id)
        });
        persons
    }

    /// Rows by bucket, person and time; touches of one instant keep the order of the source.
    fn places(&self, rows: &[u32], persons: &[u32]) -> Vec<Place> {
        let mut rank = vec![0_u32; persons.len()];
        for (place, person) in (0_u32..).zip(persons) {
            rank[*person as usize] = place;
        }
        let place = |row: &u32| {
            let at = *row as usize;
            Place::new(rank[self.person[at] as usize], self.occurred_at[at], *row)
        };
        let mut places: Vec<Place> = rows.par_iter().map(place).collect();
        places.par_sort_unstable();
        places
    }

    fn packed(&self, row: usize) -> Packed {
        Packed {
            key: self.touch_key[row],
            url_start: if row == 0 { 0 } else { self.url.ends[row - 1] },
            url_end: self.url.ends[row],
            channel: self.channel.code(row),
            touch_kind: self.touch_kind.code(row),
            campaign: self.campaign.code(row),
            account: self.account[row].and_then(|account| i32::try_from(account).ok()),
        }
    }

    fn shared(&self, import_id: Uuid, persons: &[u32]) -> Shared {
        let names =
            |coded: &Coded| -> ArrayRef { Arc::new(StringArray::from_iter_values(&coded.names)) };
        let accounts = self.accounts.iter().map(|id| Uuid::from_bytes(*id).to_string());
        let persons = persons.iter().map(|person| &self.persons[*person as usize]);
        Shared {
            persons: Arc::new(BinaryArray::from_iter_values(persons)),
            channels: names(&self.channel),
            touch_kinds: names(&self.touch_kind),
            campaigns: names(&self.campaign),
            accounts: Arc::new(StringArray::from_iter_values(accounts)),
            import: Arc::new(StringArray::from_iter_values([import_id.to_string()])),
        }
    }

    fn arrays(
        &self,
        places: &[Place],
        packed: &[Packed],
        buckets: &[i32],
        shared: &Shared,
    ) -> Result<Vec<ArrayRef>, ParquetError> {
        let rows: Vec<Packed> = places.iter().map(|place| packed[place.row()]).collect();
        let of_person = places.iter().map(|place| buckets[place.rank() as usize]);
        let persons = places.iter().map(|place| i32::try_from(place.rank()).ok());
        let instants = |micros: Vec<i64>| -> ArrayRef {
            Arc::new(TimestampMicrosecondArray::from(micros).with_timezone("UTC"))
        };
        let codes = |of: fn(&Packed) -> Option<i32>| rows.iter().map(of);
        let keys = rows.iter().map(|row| row.key.to_be_bytes());
        Ok(vec![
            Arc::new(Int32Array::from_iter_values(of_person)),
            coded(persons, &shared.persons)?,
            instants(places.iter().map(|place| place.occurred_at()).collect()),
            Arc::new(BinaryArray::from_iter_values(keys)),
            coded(codes(|row| row.channel), &shared.channels)?,
            coded(codes(|row| row.touch_kind), &shared.touch_kinds)?,
            coded(codes(|row| row.campaign), &shared.campaigns)?,
            self.urls(&rows),
            coded(codes(|row| row.account), &shared.accounts)?,
            coded(rows.iter().map(|_| Some(0)), &shared.import)?,
            instants(vec![self.recorded_at; rows.len()]),
        ])
    }

    fn urls(&self, rows: &[Packed]) -> ArrayRef {
        let bytes = rows.iter().map(|row| (row.url_end - row.url_start) as usize).sum();
        let mut urls = StringBuilder::with_capacity(rows.len(), bytes);
        for row in rows {
            match &self.url.text[row.url_start as usize..row.url_end as usize] {
                "" => urls.append_null(),
                url => urls.append_value(url),
            }
        }
        Arc::new(urls.finish())
    }
}

impl Coded {
    fn code(&self, row: usize) -> Option<i32> {
        let code = self.codes[row];
        if self.names[code as usize].is_empty() { None } else { i32::try_from(code).ok() }
    }
}

fn coded(
    codes: impl Iterator<Item = Option<i32>>,
    values: &ArrayRef,
) -> Result<ArrayRef, ParquetError> {
    let keys: Int32Array = codes.collect();
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, values.clone())?))
}
