//! The files of touches, read column by column: what is seen at the as-of pair, in scope.

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, DictionaryArray, RecordBatch, StringArray,
};
use datafusion::arrow::datatypes::{
    DataType, Field, Int32Type, Schema, SchemaRef, TimestampMicrosecondType,
};
use datafusion::arrow::error::ArrowError;
use deltalake::{DeltaTable, ObjectStore, ObjectStoreError, Path};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::statistics::Statistics;
use rayon::prelude::*;

use super::whose::{Whose, bucket};
use super::{NO_ACCOUNT, Row, TouchKey};
use crate::error::LakeError;
use crate::limits::{JOURNEY_BATCH_ROWS, PERSON_BUCKETS};
use crate::tables::View;
use crate::touches::TABLE;

/// What is read at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Which names there are.
    Names,
    /// The touches of some buckets.
    Rows(Range<u16>),
}

/// The files of a version of the table, and what of them is seen.
pub(super) struct Files {
    files: Vec<File>,
    store: Option<Arc<dyn ObjectStore>>,
    key: TouchKey,
    effective_at: i64,
    known_at: i64,
}

struct File {
    path: Path,
    /// Where it is, if it is on this machine.
    local: Option<PathBuf>,
    rows: usize,
}

/// The rows of a file, by bucket.
pub(super) struct FileRows {
    rows: Vec<Row>,
    /// Where the rows of each bucket begin, and where those of the last one end.
    starts: Vec<usize>,
}

/// The names of keys, by the codes that they have while files are read.
#[derive(Default)]
pub(super) struct Names {
    codes: HashMap<String, u32>,
    /// Whether any touch has it.
    seen: Vec<bool>,
}

impl Files {
    pub fn new(view: &View, key: TouchKey) -> Result<Files, LakeError> {
        let (files, store) = match &view.touches {
            Some(table) => (files(table)?, Some(table.object_store())),
            None => (Vec::new(), None),
        };
        Ok(Files {
            files,
            store,
            key,
            effective_at: view.as_of.effective_at.as_microsecond(),
            known_at: view.as_of.known_at.as_microsecond(),
        })
    }

    /// How many touches there are, seen or not.
    pub fn rows(&self) -> usize {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Reads all files, several at the same time.
    pub async fn read(
        &self,
        read: Read,
        whose: &Whose,
        names: &Mutex<Names>,
    ) -> Result<Vec<FileRows>, LakeError> {
        let reading = Reading { files: self, read: &read, whose, names };
        let failed = || LakeError::table::<ParquetError>(TABLE, "read");
        let local: Option<Vec<&PathBuf>> =
            self.files.iter().map(|file| file.local.as_ref()).collect();
        if let Some(paths) = local {
            let rows = |path: &&PathBuf| reading.rows(std::fs::File::open(path)?);
            let read: Result<_, ParquetError> =
                paths.par_iter().with_max_len(1).map(rows).collect();
            return read.map_err(failed());
        }
        let Some(store) = &self.store else { return Ok(Vec::new()) };
        let mut all = Vec::with_capacity(self.files.len());
        for files in self.files.chunks(rayon::current_num_threads().max(1)) {
            let fetch = |file: &File| {
                let path = file.path.clone();
                async move { store.get_opts(&path, Default::default()).await?.bytes().await }
            };
            let fetched = futures::future::try_join_all(files.iter().map(fetch)).await;
            let fetched = fetched.map_err(LakeError::table::<ObjectStoreError>(TABLE, "read"))?;
            let read = fetched.into_par_iter().with_max_len(1).map(|bytes| reading.rows(bytes));
            all.extend(read.collect::<Result<Vec<_>, _>>().map_err(failed())?);
        }
        Ok(all)
    }
}

fn files(table: &DeltaTable) -> Result<Vec<File>, LakeError> {
    let snapshot = table.snapshot().map_err(LakeError::table(TABLE, "read"))?;
    let folder = table.table_url();
    let folder = (folder.scheme() == "file").then(|| folder.to_file_path().ok()).flatten();
    let file = |path: Path, rows: Option<usize>| File {
        local: folder.as_ref().map(|folder| folder.join(path.as_ref())),
        path,
        rows: rows.unwrap_or(0),
    };
    let live = snapshot.log_data();
    Ok(live.iter().map(|view| file(view.object_store_path(), view.num_records())).collect())
}

impl FileRows {
    fn new(mut rows: Vec<Row>) -> FileRows {
        let of_row = |row: &Row| bucket(row.person);
        if !rows.is_sorted_by_key(of_row) {
            rows.sort_by_key(of_row);
        }
        let start = |place: usize| rows.partition_point(|row| of_row(row) < place);
        let starts = (0..=usize::from(PERSON_BUCKETS)).map(start).collect();
        FileRows { rows, starts }
    }

    pub fn bucket(&self, place: usize) -> &[Row] {
        &self.rows[self.starts[place]..self.starts[place + 1]]
    }
}

impl Names {
    /// Names whose codes are their places.
    pub fn of(names: &[String]) -> Names {
        Names { codes: names.iter().cloned().zip(0..).collect(), seen: vec![true; names.len()] }
    }

    fn code(&mut self, name: &str) -> u32 {
        if let Some(code) = self.codes.get(name) {
            return *code;
        }
        let code = u32::try_from(self.seen.len()).unwrap_or(u32::MAX);
        self.codes.insert(name.to_owned(), code);
        self.seen.push(false);
        code
    }

    /// The names that touches have, in order, and the place of each code's among them.
    pub fn in_order(self) -> (Vec<String>, Vec<u32>) {
        let mut places = vec![0; self.seen.len()];
        let is_seen = |(_, code): &(String, u32)| self.seen[*code as usize];
        let mut seen: Vec<(String, u32)> = self.codes.into_iter().filter(is_seen).collect();
        seen.sort_unstable();
        for (place, (_, code)) in (0_u32..).zip(&seen) {
            places[*code as usize] = place;
        }
        (seen.into_iter().map(|(name, _)| name).collect(), places)
    }
}

/// The reading of one file.
struct Reading<'a> {
    files: &'a Files,
    read: &'a Read,
    whose: &'a Whose,
    names: &'a Mutex<Names>,
}

/// Columns of a batch, as far as they were read.
struct Columns<'a> {
    person: Option<&'a BinaryArray>,
    occurred_at: &'a [i64],
    recorded_at: Option<&'a [i64]>,
    key: &'a DictionaryArray<Int32Type>,
    account: Option<&'a DictionaryArray<Int32Type>>,
}

impl Reading<'_> {
    fn rows<R: ChunkReader + 'static>(&self, file: R) -> Result<FileRows, ParquetError> {
        // Touches of who turned out to be another lie in a bucket of their own: then all is read,
        // and what other passes are about is left out row by row.
        let buckets = self.pass().filter(|_| self.whose.is_plain());
        let policy = PageIndexPolicy::from(buckets.is_some());
        let options = ArrowReaderOptions::new().with_page_index_policy(policy);
        let plain = ArrowReaderMetadata::load(&file, options.clone())?;
        let hint = coded_schema(plain.schema());
        let metadata =
            ArrowReaderMetadata::try_new(plain.metadata().clone(), options.with_schema(hint))?;
        let parquet = metadata.metadata().clone();
        let groups: Vec<usize> =
            (0..parquet.num_row_groups()).filter(|group| self.is_known(&parquet, *group)).collect();
        let mask = ProjectionMask::columns(
            parquet.file_metadata().schema_descr(),
            self.columns(&parquet, &groups),
        );
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
            .with_batch_size(JOURNEY_BATCH_ROWS)
            .with_projection(mask)
            .with_row_groups(groups.clone());
        if let Some(buckets) = buckets {
            builder = builder.with_row_selection(selection(&parquet, &groups, buckets));
        }
        let mut found = Found::default();
        if self.pass().is_none() && *self.read != Read::Names {
            let rows = groups.iter().map(|group| parquet.row_group(*group).num_rows()).sum::<i64>();
            found.rows.reserve_exact(usize::try_from(rows).unwrap_or(0));
        }
        for batch in builder.build()? {
            self.add(&batch?, &mut found)?;
        }
        self.note_seen(&found.seen);
        Ok(FileRows::new(found.rows))
    }

    /// The buckets that are read, where it is not all of them.
    fn pass(&self) -> Option<&Range<u16>> {
        match self.read {
            Read::Rows(buckets) if buckets.len() < usize::from(PERSON_BUCKETS) => Some(buckets),
            _ => None,
        }
    }

    /// Whether anything in a row group was recorded by then.
    fn is_known(&self, parquet: &ParquetMetaData, group: usize) -> bool {
        let range = recorded(parquet.row_group(group));
        range.is_none_or(|(first, _)| first <= self.files.known_at)
    }

    fn columns(&self, parquet: &ParquetMetaData, groups: &[usize]) -> Vec<&'static str> {
        let mut columns = vec!["occurred_at", self.files.key.column()];
        let all_known = |group: &usize| {
            let range = recorded(parquet.row_group(*group));
            range.is_some_and(|(_, last)| last <= self.files.known_at)
        };
        if !groups.iter().all(all_known) {
            columns.push("recorded_at");
        }
        if *self.read != Read::Names || self.whose.wants_accounts() {
            columns.push("person_id");
        }
        if self.whose.wants_accounts() {
            columns.push("account_id");
        }
        columns
    }

    /// Takes in the rows of a batch that are seen.
    fn add(&self, batch: &RecordBatch, found: &mut Found) -> Result<(), ParquetError> {
        let columns = Columns::of(batch, self.files.key)?;
        found.learn(&columns, self)?;
        let keys = columns.key.keys().values();
        let accounts = columns.account.map(|account| account.keys().values());
        let pass = self.pass().filter(|_| !self.whose.is_plain());
        let is_of_pass = |person: u128| {
            pass.is_none_or(|pass| u16::try_from(bucket(person)).is_ok_and(|it| pass.contains(&it)))
        };
        for (row, at) in columns.occurred_at.iter().enumerate() {
            let is_known = columns.recorded_at.is_none_or(|at| at[row] <= self.files.known_at);
            if *at > self.files.effective_at || !is_known {
                continue;
            }
            let person = columns.person.map_or(0, |ids| self.whose.person(id(ids.value(row))));
            let (account, shown) = match (columns.account, accounts) {
                (Some(column), Some(keys)) if column.is_valid(row) => {
                    found.accounts[usize::try_from(keys[row]).unwrap_or(0)]
                }
                _ => (NO_ACCOUNT, false),
            };
            if !shown && !self.whose.shows_person(person) {
                continue;
            }
            let key = match columns.key.is_valid(row) {
                true => found.codes[usize::try_from(keys[row]).unwrap_or(0)],
                false => found.none,
            };
            found.seen[key as usize] = true;
            if *self.read != Read::Names && is_of_pass(person) {
                found.rows.push(Row { person, at: *at, key, account });
            }
        }
        Ok(())
    }

    fn note_seen(&self, seen: &[bool]) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        for (all, seen) in names.seen.iter_mut().zip(seen) {
            *all |= seen;
        }
    }
}

/// What was found in a file so far.
#[derive(Default)]
struct Found {
    rows: Vec<Row>,
    /// By code: whether a row has that name.
    seen: Vec<bool>,
    /// The code of no name.
    none: u32,
    /// Codes and accounts by their places in the dictionaries that these were made for.
    codes: Vec<u32>,
    accounts: Vec<(u32, bool)>,
    dictionaries: [Option<ArrayRef>; 2],
}

impl Found {
    /// Looks up what stands in the dictionaries of a batch, unless it was looked up before.
    fn learn(&mut self, columns: &Columns<'_>, reading: &Reading<'_>) -> Result<(), ParquetError> {
        let is_same = |known: &Option<ArrayRef>, now: &ArrayRef| {
            known.as_ref().is_some_and(|known| Arc::ptr_eq(known, now))
        };
        if !is_same(&self.dictionaries[0], columns.key.values()) {
            let texts = texts(columns.key.values())?;
            let mut names = reading.names.lock().unwrap_or_else(PoisonError::into_inner);
            self.none = names.code("");
            self.codes = texts.iter().map(|name| names.code(name.unwrap_or(""))).collect();
            self.seen.resize(names.seen.len(), false);
            self.dictionaries[0] = Some(columns.key.values().clone());
        }
        if let Some(account) = columns.account
            && !is_same(&self.dictionaries[1], account.values())
        {
            let texts = texts(account.values())?;
            let named = texts.iter().map(|id| reading.whose.named_account(id.unwrap_or("")));
            self.accounts = named.collect();
            self.dictionaries[1] = Some(account.values().clone());
        }
        Ok(())
    }
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch, key: TouchKey) -> Result<Columns<'a>, ParquetError> {
        let column = |name: &str| batch.column_by_name(name);
        let instants = |name: &str| -> Option<&'a [i64]> {
            let column = column(name)?.as_primitive_opt::<TimestampMicrosecondType>()?;
            Some(column.values())
        };
        let coded = |name: &str| column(name)?.as_dictionary_opt::<Int32Type>();
        let (Some(occurred_at), Some(key)) = (instants("occurred_at"), coded(key.column())) else {
            return Err(ParquetError::General("touches are laid out otherwise".to_owned()));
        };
        Ok(Columns {
            person: column("person_id").and_then(|ids| ids.as_binary_opt()),
            occurred_at,
            recorded_at: instants("recorded_at"),
            key,
            account: coded("account_id"),
        })
    }
}

fn texts(values: &ArrayRef) -> Result<&StringArray, ParquetError> {
    let other = || ArrowError::CastError("names of touches are texts".to_owned());
    Ok(values.as_string_opt().ok_or_else(other)?)
}

/// Ids that are not 16 bytes long cannot come from us; they are all nobody's.
fn id(bytes: &[u8]) -> u128 {
    bytes.try_into().map_or(0, u128::from_be_bytes)
}

/// A schema whose columns of names come as codes, just as they lie in the file.
fn coded_schema(plain: &SchemaRef) -> SchemaRef {
    let coded = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let names = [TouchKey::Channel, TouchKey::Campaign, TouchKey::Account].map(TouchKey::column);
    let field = |field: &Arc<Field>| match names.contains(&field.name().as_str()) {
        true => Arc::new(field.as_ref().clone().with_data_type(coded())),
        false => field.clone(),
    };
    Arc::new(Schema::new(plain.fields().iter().map(field).collect::<Vec<_>>()))
}

/// The first and last time of recording in a row group, where it tells.
fn recorded(group: &RowGroupMetaData) -> Option<(i64, i64)> {
    let column =
        group.columns().iter().find(|column| column.column_path().string() == "recorded_at");
    match column?.statistics()? {
        Statistics::Int64(values) => Some((*values.min_opt()?, *values.max_opt()?)),
        _ => None,
    }
}

/// The pages of row groups that may hold touches of some buckets.
fn selection(parquet: &ParquetMetaData, groups: &[usize], buckets: &Range<u16>) -> RowSelection {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    for group in groups {
        let metadata = parquet.row_group(*group);
        let rows = usize::try_from(metadata.num_rows()).unwrap_or(0);
        let all = || std::iter::once(0..rows).collect();
        let of_group = pages(parquet, *group, rows, buckets).unwrap_or_else(all);
        ranges.extend(of_group.into_iter().map(|page| start + page.start..start + page.end));
        start += rows;
    }
    RowSelection::from_consecutive_ranges(ranges.into_iter(), start)
}

fn pages(
    parquet: &ParquetMetaData,
    group: usize,
    rows: usize,
    buckets: &Range<u16>,
) -> Option<Vec<Range<usize>>> {
    let columns = parquet.row_group(group).columns();
    let place = columns.iter().position(|column| column.column_path().string() == "bucket")?;
    let ColumnIndexMetaData::INT32(index) = parquet.column_index()?.get(group)?.get(place)? else {
        return None;
    };
    let locations = parquet.offset_index()?.get(group)?.get(place)?.page_locations();
    let begins = |page: usize| {
        let location = locations.get(page)?;
        usize::try_from(location.first_row_index).ok()
    };
    let (first, last) = (i32::from(buckets.start), i32::from(buckets.end) - 1);
    let mut pages = Vec::new();
    for page in 0..locations.len() {
        let is_beside = match (index.min_value(page), index.max_value(page)) {
            (Some(min), Some(max)) => *min > last || *max < first,
            _ => false,
        };
        if !is_beside {
            pages.push(begins(page)?..begins(page + 1).unwrap_or(rows));
        }
    }
    Some(pages)
}
