//! The table `history`: the sealed history of records, one row a fact.
//!
//! It holds no personal field, ever: what is sealed cannot be erased by destroying a key.

use std::cmp::Ordering;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, RecordBatch, StringArray,
    StringViewArray, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType as Arrow, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
};
use datafusion::logical_expr::{Expr, col, lit};
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;
use deltalake::DeltaTable;
use deltalake::kernel::{DataType, StructField};
use domain::erasure::Traces;
use domain::history::Fact;
use domain::journal::Provenance;
use domain::kind::{self, Holds, Kind};
use domain::time::AsOf;
use domain::value::Value;
use jiff::Timestamp;
use parquet::errors::ParquetError;
use rayon::prelude::*;
use uuid::Uuid;

use crate::delta::{DataFile, Delta};
use crate::error::LakeError;
use crate::limits::{ROW_GROUP_ROWS, SEAL_ROWS_MAX};
use crate::merge::merge;
use crate::parquet::{Encoding, encode};
use crate::rewrite::{Rewritten, rewrite};

/// One fact of one record: from `effective_at` on, as learnt at `recorded_at`, its field had
/// this value (`None`: it was empty).
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRow {
    /// One of `Kind::RECORDS`.
    pub kind: Kind,
    pub subject_id: Uuid,
    /// The name of a field of the kind.
    pub field: &'static str,
    pub value: Option<Value>,
    pub effective_at: Timestamp,
    pub recorded_at: Timestamp,
    /// The journal entry that the fact comes from.
    pub entry_id: Uuid,
    pub provenance: Provenance,
}

/// Facts that go into the lake together, under an id that no other batch has.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    pub id: Uuid,
    pub rows: Vec<HistoryRow>,
}

pub(crate) const TABLE: &str = "history";

pub(crate) fn columns() -> Vec<StructField> {
    vec![
        StructField::not_null("subject_kind", DataType::STRING),
        StructField::not_null("subject_id", DataType::BINARY),
        StructField::not_null("field", DataType::STRING),
        StructField::nullable("value", DataType::STRING),
        StructField::not_null("effective_at", DataType::TIMESTAMP),
        StructField::not_null("recorded_at", DataType::TIMESTAMP),
        StructField::not_null("entry_id", DataType::BINARY),
        StructField::not_null("provenance", DataType::STRING),
    ]
}

fn instant() -> Arrow {
    Arrow::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("subject_kind", Arrow::Utf8, false),
        Field::new("subject_id", Arrow::Binary, false),
        Field::new("field", Arrow::Utf8, false),
        Field::new("value", Arrow::Utf8, true),
        Field::new("effective_at", instant(), false),
        Field::new("recorded_at", instant(), false),
        Field::new("entry_id", Arrow::Binary, false),
        Field::new("provenance", Arrow::Utf8, false),
    ]))
}

/// The columns, by position, in whose order the rows of a file lie: kind, subject, effective and
/// recorded time, journal entry, field.
const ORDER: [usize; 6] = [0, 1, 4, 5, 6, 2];

const ENCODING: Encoding = Encoding {
    plain: &["effective_at", "recorded_at"],
    raw: &[],
    sorted: &[0, 1, 4],
    ranged: &["subject_kind", "effective_at", "recorded_at"],
};

/// Refuses what may not be sealed: personal fields, unknown fields, more than a commit holds.
pub(crate) fn check(batches: &[Batch]) -> Result<(), LakeError> {
    let rows: usize = batches.iter().map(|batch| batch.rows.len()).sum();
    if rows > SEAL_ROWS_MAX {
        return Err(LakeError::TooManyRows { rows, max: SEAL_ROWS_MAX });
    }
    for row in batches.iter().flat_map(|batch| &batch.rows) {
        match row.kind.field(row.field) {
            None => {
                let (kind, field) = (row.kind.name().to_owned(), row.field.to_owned());
                return Err(LakeError::UnknownField { kind, field });
            }
            Some(field) if field.personal => {
                let (kind, field) = (row.kind.name(), field.name);
                return Err(LakeError::Personal { kind, field });
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The data file of batches, in their [`ORDER`]. Its name follows from
/// theirs, so that whoever writes the same batches at the same time writes the same file.
pub(crate) fn data_file(batches: &[&Batch]) -> Result<DataFile, ParquetError> {
    let mut sorted: Vec<&HistoryRow> = batches.iter().flat_map(|batch| &batch.rows).collect();
    sorted.par_sort_unstable_by_key(|row| {
        let kind = row.kind.name();
        (kind, row.subject_id, row.effective_at, row.recorded_at, row.entry_id, row.field)
    });
    let chunks: Vec<&[&HistoryRow]> = sorted.chunks(ROW_GROUP_ROWS).collect();
    let bytes = encode(&schema(), &ENCODING, chunks.len(), |group| {
        RecordBatch::try_new(schema(), arrays(chunks[group])).map_err(Into::into)
    })?;
    let ids: Vec<u8> = batches.iter().flat_map(|batch| batch.id.into_bytes()).collect();
    Ok(DataFile {
        path: format!("batches-{}.parquet", Uuid::new_v5(&Uuid::NAMESPACE_OID, &ids)),
        bytes,
        written_at_ms: sorted.iter().map(|row| row.recorded_at.as_millisecond()).max().unwrap_or(0),
        stats: serde_json::json!({ "numRecords": sorted.len() }),
    })
}

fn arrays(rows: &[&HistoryRow]) -> Vec<ArrayRef> {
    let instants = |of: fn(&HistoryRow) -> Timestamp| -> ArrayRef {
        let micros = rows.iter().map(|row| of(row).as_microsecond());
        Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
    };
    let ids = |of: fn(&HistoryRow) -> &Uuid| -> ArrayRef {
        Arc::new(BinaryArray::from_iter_values(rows.iter().map(|row| of(row).as_bytes())))
    };
    let texts = |of: fn(&HistoryRow) -> &'static str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| of(row))))
    };
    let values: StringArray =
        rows.iter().map(|row| row.value.as_ref().map(Value::encode)).collect();
    vec![
        texts(|row| row.kind.name()),
        ids(|row| &row.subject_id),
        texts(|row| row.field),
        Arc::new(values),
        instants(|row| row.effective_at),
        instants(|row| row.recorded_at),
        ids(|row| &row.entry_id),
        texts(|row| row.provenance.name()),
    ]
}

/// Every sealed fact of a kind that was true and known at the as-of pair, in no order.
pub(crate) async fn read(
    session: &SessionContext,
    table: &DeltaTable,
    kind: Kind,
    as_of: AsOf,
) -> Result<Vec<Columns>, LakeError> {
    let failed = || LakeError::table(TABLE, "read");
    let provider = table.table_provider().await.map_err(failed())?;
    let seen = (col("subject_kind").eq(lit(kind.name())))
        .and(at_most("effective_at", as_of.effective_at))
        .and(at_most("recorded_at", as_of.known_at));
    let batches = session
        .read_table(provider)
        .and_then(|frame| frame.filter(seen)?.select_columns(&READ))
        .map_err(failed())?
        .collect()
        .await
        .map_err(failed())?;
    batches.par_iter().map(|batch| Columns::of(kind, batch)).collect()
}

/// That an instant column is not later than an instant.
pub(crate) fn at_most(column: &str, at: Timestamp) -> Expr {
    let micros = Some(at.as_microsecond());
    col(column).lt_eq(lit(ScalarValue::TimestampMicrosecond(micros, Some("UTC".into()))))
}

/// The columns that make facts.
const READ: [&str; 7] =
    ["subject_id", "field", "value", "effective_at", "recorded_at", "entry_id", "provenance"];

/// Facts of one kind as they were read, column by column.
pub(crate) struct Columns {
    kind: Kind,
    /// The kind's fields in the order of their names, and each fact's place among them.
    fields: Vec<&'static kind::Field>,
    field: Vec<u8>,
    subject_id: BinaryViewArray,
    value: StringViewArray,
    effective_at: TimestampMicrosecondArray,
    recorded_at: TimestampMicrosecondArray,
    entry_id: BinaryViewArray,
    provenance: StringViewArray,
}

impl Columns {
    /// Facts of a kind that are not sealed yet, as if they had been.
    pub fn of_rows(kind: Kind, rows: &[&HistoryRow]) -> Result<Columns, LakeError> {
        let batch = RecordBatch::try_new(schema(), arrays(rows))
            .map_err(LakeError::table(TABLE, "read"))?;
        Columns::of(kind, &batch)
    }

    fn of(kind: Kind, batch: &RecordBatch) -> Result<Columns, LakeError> {
        let column = |name: &str, held_as: &Arrow| -> Result<ArrayRef, LakeError> {
            let failed = || LakeError::table(TABLE, "read");
            let held = batch.column(batch.schema().index_of(name).map_err(failed())?);
            cast(held, held_as).map_err(failed())
        };
        let text = |name| column(name, &Arrow::Utf8View).map(|it| it.as_string_view().clone());
        let id = |name| column(name, &Arrow::BinaryView).map(|it| it.as_binary_view().clone());
        let instant = |name| {
            let array = column(name, &instant())?;
            Ok::<_, LakeError>(array.as_primitive::<TimestampMicrosecondType>().clone())
        };
        let mut fields: Vec<&kind::Field> = kind.fields().iter().collect();
        fields.sort_unstable_by_key(|field| field.name);
        Ok(Columns {
            kind,
            field: places(kind, &fields, &text("field")?)?,
            fields,
            subject_id: id("subject_id")?,
            value: text("value")?,
            effective_at: instant("effective_at")?,
            recorded_at: instant("recorded_at")?,
            entry_id: id("entry_id")?,
            provenance: text("provenance")?,
        })
    }

    pub fn rows(&self) -> usize {
        self.field.len()
    }

    pub fn subject_id(&self, row: usize) -> Uuid {
        id_at(&self.subject_id, row)
    }

    pub fn provenance(&self, row: usize) -> Provenance {
        Provenance::parse(self.provenance.value(row)).unwrap_or(Provenance::Reconstructed)
    }

    /// Where a fact stands beside another of its record: by time, then by field; of one field at
    /// one time in the order of recording, then of journal entries.
    pub fn order((one, row): (&Columns, usize), (other, at): (&Columns, usize)) -> Ordering {
        let instants = |of: fn(&Columns) -> &TimestampMicrosecondArray| {
            of(one).value(row).cmp(&of(other).value(at))
        };
        instants(|columns| &columns.effective_at)
            .then_with(|| one.field[row].cmp(&other.field[at]))
            .then_with(|| instants(|columns| &columns.recorded_at))
            .then_with(|| one.entry_id.value(row).cmp(other.entry_id.value(at)))
    }

    pub fn fact(&self, row: usize) -> Result<Fact, LakeError> {
        let field = self.fields[usize::from(self.field[row])];
        let value = (self.value.is_valid(row))
            .then(|| Value::decode(field.holds, self.value.value(row)))
            .transpose()
            .map_err(|source| LakeError::Damaged {
                kind: self.kind.name(),
                field: field.name,
                subject_id: self.subject_id(row),
                source,
            })?;
        let effective_at = instant_at(&self.effective_at, row);
        Ok(Fact { field: field.name, effective_at, value })
    }
}

/// Views of names that are remembered: those of one kind's fields, a few times over.
const KNOWN_VIEWS_MAX: usize = 64;

/// The place of each name among the fields of a kind, which are in the order of their names.
fn places(
    kind: Kind,
    fields: &[&'static kind::Field],
    names: &StringViewArray,
) -> Result<Vec<u8>, LakeError> {
    let place = |name: &str| {
        let found = fields.binary_search_by(|field| field.name.cmp(name)).ok();
        let unknown = || LakeError::UnknownField { kind: kind.name().into(), field: name.into() };
        found.and_then(|place| u8::try_from(place).ok()).ok_or_else(unknown)
    };
    // A view is the name itself, or tells where a dictionary holds it: there are few of them.
    let mut known: Vec<(u128, u8)> = Vec::new();
    let mut places = Vec::with_capacity(names.len());
    for (row, view) in names.views().iter().enumerate() {
        let found = match known.iter().find(|(other, _)| other == view) {
            Some((_, place)) => *place,
            None => {
                let place = place(names.value(row))?;
                if known.len() < KNOWN_VIEWS_MAX {
                    known.push((*view, place));
                }
                place
            }
        };
        places.push(found);
    }
    Ok(places)
}

/// Ids that are not 16 bytes long cannot come from us; they read as the nil id.
fn id_at(ids: &BinaryViewArray, index: usize) -> Uuid {
    Uuid::from_slice(ids.value(index)).unwrap_or_default()
}

fn instant_at(instants: &TimestampMicrosecondArray, index: usize) -> Timestamp {
    Timestamp::from_microsecond(instants.value(index)).unwrap_or(Timestamp::MAX)
}

/// Merges small files, and gives how many there were.
pub(crate) async fn merge_small_files(delta: &Delta) -> Result<usize, LakeError> {
    merge(delta, &ENCODING, &ORDER, |_| true).await
}

/// Takes the traces of a person out of the texts of facts, in every file, at once.
pub(crate) async fn redact(delta: &Delta, traces: &Traces) -> Result<Rewritten, LakeError> {
    if traces.is_empty() {
        return Ok(Rewritten::default());
    }
    rewrite(delta, &ENCODING, |batch| redacted(batch, traces)).await
}

fn redacted(batch: &RecordBatch, traces: &Traces) -> Result<(usize, RecordBatch), ParquetError> {
    let schema = batch.schema();
    let text =
        |name: &str| Ok::<_, ParquetError>(batch.column(schema.index_of(name)?).as_string::<i32>());
    let (kinds, fields, values) = (text("subject_kind")?, text("field")?, text("value")?);
    let is_text = |row: usize| {
        let kind = Kind::RECORDS.into_iter().find(|kind| kind.name() == kinds.value(row));
        let field = kind.and_then(|kind| kind.field(fields.value(row)));
        field.is_some_and(|field| field.holds == Holds::Text)
    };
    let mut changed = 0;
    let cleaned: StringArray = (0..batch.num_rows())
        .map(|row| {
            let value = values.is_valid(row).then(|| values.value(row))?;
            let clean = traces.redacted(value).filter(|_| is_text(row));
            changed += usize::from(clean.is_some());
            Some(clean.unwrap_or_else(|| value.to_owned()))
        })
        .collect();
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    columns[schema.index_of("value")?] = Arc::new(cleaned);
    Ok((changed, RecordBatch::try_new(schema, columns)?))
}
