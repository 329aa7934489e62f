//! Columns to Parquet bytes: row groups are encoded on all cores and come out in order, so that
//! the bytes are the same on any number of threads.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves,
};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use rayon::prelude::*;

/// How the columns of a file are encoded. What is not named is dictionary-encoded.
pub(crate) struct Encoding {
    /// Columns without repetition, for which a dictionary would be built in vain.
    pub plain: &'static [&'static str],
    /// Columns that do not compress, such as random keys.
    pub raw: &'static [&'static str],
    /// The columns, by position, by which the rows are sorted, the first one first.
    pub sorted: &'static [i32],
    /// Columns whose smallest and largest value are kept for skipping row groups.
    pub ranged: &'static [&'static str],
}

/// Writes `groups` row groups, the n-th of which `build(n)` makes.
pub(crate) fn encode(
    schema: &SchemaRef,
    encoding: &Encoding,
    groups: usize,
    build: impl Fn(usize) -> Result<RecordBatch, ParquetError> + Sync,
) -> Result<Vec<u8>, ParquetError> {
    // Without Arrow's own schema in the footer other engines see plain Parquet types.
    let options = ArrowWriterOptions::new()
        .with_properties(encoding.properties()?)
        .with_skip_arrow_metadata(true);
    let writer = ArrowWriter::try_new_with_options(Vec::new(), schema.clone(), options)?;
    let (mut file, factory) = writer.into_serialized_writer()?;
    let encoded: Vec<Vec<ArrowColumnChunk>> = (0..groups)
        .into_par_iter()
        .map(|group| encode_group(&factory, group, &build(group)?))
        .collect::<Result<_, _>>()?;
    for columns in encoded {
        let mut group = file.next_row_group()?;
        for column in columns {
            column.append_to_row_group(&mut group)?;
        }
        group.close()?;
    }
    file.into_inner()
}

fn encode_group(
    factory: &ArrowRowGroupWriterFactory,
    group: usize,
    batch: &RecordBatch,
) -> Result<Vec<ArrowColumnChunk>, ParquetError> {
    let mut chunks = Vec::with_capacity(batch.num_columns());
    let writers = factory.create_column_writers(group)?;
    let schema = batch.schema();
    for ((mut writer, field), column) in
        writers.into_iter().zip(schema.fields()).zip(batch.columns())
    {
        for leaf in compute_leaves(field, column)? {
            writer.write(&leaf)?;
        }
        chunks.push(writer.close()?);
    }
    Ok(chunks)
}

impl Encoding {
    fn properties(&self) -> Result<WriterProperties, ParquetError> {
        let column = |name: &&str| ColumnPath::from(*name);
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_statistics_enabled(EnabledStatistics::None)
            .set_max_row_group_row_count(None);
        let ascending =
            |&column_idx| SortingColumn { column_idx, descending: false, nulls_first: true };
        properties =
            properties.set_sorting_columns(Some(self.sorted.iter().map(ascending).collect()));
        for name in self.plain {
            properties = properties.set_column_dictionary_enabled(column(name), false);
        }
        for name in self.raw {
            properties = properties.set_column_compression(column(name), Compression::UNCOMPRESSED);
        }
        for name in self.ranged {
            properties =
                properties.set_column_statistics_enabled(column(name), EnabledStatistics::Page);
        }
        Ok(properties.build())
    }
}
