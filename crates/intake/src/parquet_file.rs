//! Parquet files as rows of cells, typed by the file's own schema. Nested columns are empty here.

use std::fs::File;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::Offset;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;

use crate::ahead::{Ahead, Sink, number_text};
use crate::limits::COLUMNS_MAX;
use crate::refusal::Refusal;
use crate::source::Record;

/// What the schema says of a column of whole numbers.
#[derive(Clone, Copy)]
struct Clock {
    is_nanoseconds: bool,
    /// Whether its times are instants; otherwise they are local.
    is_utc: bool,
}

/// Opens a file; its rows are preceded by one row of the columns' names.
pub fn open(path: &Path) -> Result<Ahead, Refusal> {
    let file =
        File::open(path).map_err(|source| Refusal::Unreadable { path: path.to_owned(), source })?;
    let reader = SerializedFileReader::new(file).map_err(|error| damaged(path, &error))?;
    let metadata = reader.metadata().file_metadata();
    let rows_total = u64::try_from(metadata.num_rows()).unwrap_or(0);
    let columns = metadata.schema_descr().root_schema().get_fields().to_vec();
    if columns.len() > COLUMNS_MAX {
        let (path, found) = (path.to_owned(), columns.len());
        return Err(Refusal::TooManyColumns { path, found, max: COLUMNS_MAX });
    }
    let names: Vec<String> = columns.iter().map(|column| column.name().to_owned()).collect();
    let clocks: Vec<Clock> = columns.iter().map(|column| clock(column)).collect();
    let owned_path = path.to_owned();
    Ok(Ahead::spawn(path, move |sink| {
        let mut header = Record::default();
        header.clear(0);
        names.iter().for_each(|name| header.push(name));
        if sink.push(header).is_err() {
            return Ok(());
        }
        produce(Box::new(reader), &clocks, rows_total, sink)
            .map_err(|error| damaged(&owned_path, &error))
    }))
}

fn produce(
    reader: Box<dyn FileReader>,
    clocks: &[Clock],
    rows_total: u64,
    sink: &mut Sink,
) -> Result<(), ParquetError> {
    for (index, row) in RowIter::from_file_into(reader).enumerate() {
        let mut record = Record::default();
        record.clear(index as u64 + 1);
        for ((_, field), clock) in row?.into_columns().iter().zip(clocks) {
            push(&mut record, field, *clock);
        }
        sink.set_progress(record.line, rows_total);
        if sink.push(record).is_err() {
            break;
        }
    }
    Ok(())
}

fn push(record: &mut Record, field: &Field, clock: Clock) {
    match field {
        Field::Str(text) => record.push(text),
        Field::Bytes(bytes) => record.push(bytes.as_utf8().unwrap_or_default()),
        Field::Null | Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => {
            record.push("");
        }
        Field::Long(number) if clock.is_nanoseconds => {
            push_time(record, Timestamp::from_nanosecond(i128::from(*number)), clock);
        }
        Field::TimestampMillis(number) => {
            push_time(record, Timestamp::from_millisecond(*number), clock);
        }
        Field::TimestampMicros(number) => {
            push_time(record, Timestamp::from_microsecond(*number), clock);
        }
        Field::Date(days) => record.push_typed(&domain::time::date_of(*days).to_string()),
        Field::Float(number) => record.push_typed(&number_text(f64::from(*number))),
        Field::Double(number) => record.push_typed(&number_text(*number)),
        other => record.push_typed(&other.to_string()),
    }
}

/// An instant as ISO text; a local time without an offset, so that the company's zone applies.
fn push_time(record: &mut Record, at: Result<Timestamp, jiff::Error>, clock: Clock) {
    match at {
        Ok(at) if clock.is_utc => record.push_typed(&at.to_string()),
        Ok(at) => record.push_typed(&Offset::UTC.to_datetime(at).to_string()),
        Err(_) => record.push_typed("a time beyond the year 9999"),
    }
}

fn clock(column: &Type) -> Clock {
    let info = column.get_basic_info();
    match info.logical_type_ref() {
        Some(LogicalType::Timestamp(timestamp)) => Clock {
            is_nanoseconds: matches!(timestamp.unit, TimeUnit::NANOS),
            is_utc: timestamp.is_adjusted_to_u_t_c,
        },
        _ => Clock { is_nanoseconds: false, is_utc: info.converted_type() != ConvertedType::NONE },
    }
}

fn damaged(path: &Path, error: &ParquetError) -> Refusal {
    Refusal::Damaged { path: path.to_owned(), detail: error.to_string() }
}
