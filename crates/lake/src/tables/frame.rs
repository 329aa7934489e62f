//! A table in the making: columns by name, each made only if it is wanted.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use domain::time::day_number;
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::error::LakeError;

const ZONE: &str = "UTC";

/// All columns of a table by name and type, and those that are wanted with their values.
#[derive(Default)]
pub(crate) struct Frame {
    fields: Vec<Field>,
    /// By index; `None` wants all.
    wanted: Option<BTreeSet<usize>>,
    /// Those that are wanted, in order.
    columns: Vec<ArrayRef>,
}

impl Frame {
    /// A table of which only the columns at these indices are made.
    pub fn of(wanted: BTreeSet<usize>) -> Frame {
        Frame { wanted: Some(wanted), ..Frame::default() }
    }

    fn push(
        &mut self,
        name: impl Into<String>,
        data_type: DataType,
        column: impl FnOnce() -> ArrayRef,
    ) {
        if self.wants_next() {
            self.columns.push(column());
        }
        self.fields.push(Field::new(name, data_type, true));
    }

    /// Whether the column that is named next is made.
    pub fn wants_next(&self) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(&self.fields.len()))
    }

    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name() == name)
    }

    pub fn texts<'a>(
        &mut self,
        name: impl Into<String>,
        values: impl Iterator<Item = Option<&'a str>>,
    ) {
        self.push(name, DataType::Utf8, || Arc::new(values.collect::<StringArray>()));
    }

    pub fn ids(&mut self, name: impl Into<String>, values: impl Iterator<Item = Option<Uuid>>) {
        let texts = values.map(|id| id.map(|id| id.to_string()));
        self.push(name, DataType::Utf8, || Arc::new(texts.collect::<StringArray>()));
    }

    pub fn bytes(&mut self, name: impl Into<String>, values: impl Iterator<Item = [u8; 16]>) {
        let column = || -> ArrayRef { Arc::new(BinaryArray::from_iter_values(values)) };
        self.push(name, DataType::Binary, column);
    }

    pub fn integers(&mut self, name: impl Into<String>, values: impl Iterator<Item = Option<i64>>) {
        self.push(name, DataType::Int64, || Arc::new(values.collect::<Int64Array>()));
    }

    pub fn numbers(&mut self, name: impl Into<String>, values: impl Iterator<Item = Option<f64>>) {
        self.push(name, DataType::Float64, || Arc::new(values.collect::<Float64Array>()));
    }

    pub fn booleans(
        &mut self,
        name: impl Into<String>,
        values: impl Iterator<Item = Option<bool>>,
    ) {
        self.push(name, DataType::Boolean, || Arc::new(values.collect::<BooleanArray>()));
    }

    pub fn dates(&mut self, name: impl Into<String>, values: impl Iterator<Item = Option<Date>>) {
        let days = values.map(|date| date.map(day_number));
        self.push(name, DataType::Date32, || Arc::new(days.collect::<Date32Array>()));
    }

    pub fn instants(
        &mut self,
        name: impl Into<String>,
        values: impl Iterator<Item = Option<Timestamp>>,
    ) {
        let micros = values.map(|at| at.map(Timestamp::as_microsecond));
        let data_type = DataType::Timestamp(TimeUnit::Microsecond, Some(ZONE.into()));
        self.push(name, data_type, || {
            Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone(ZONE))
        });
    }

    /// All columns, wanted or not.
    pub fn schema(self) -> Schema {
        Schema::new(self.fields)
    }

    /// The columns that are wanted, in order.
    pub fn columns(self) -> Vec<ArrayRef> {
        self.columns
    }

    /// The table, where all of it is wanted; its name is for the error's sake.
    pub fn table(self, name: &str) -> Result<Arc<dyn TableProvider>, LakeError> {
        let schema = Arc::new(Schema::new(self.fields));
        let table = || -> Result<MemTable, DataFusionError> {
            let batch = RecordBatch::try_new(schema.clone(), self.columns)?;
            MemTable::try_new(schema, vec![vec![batch]])
        };
        Ok(Arc::new(table().map_err(LakeError::query(format!("the table `{name}`")))?))
    }
}
