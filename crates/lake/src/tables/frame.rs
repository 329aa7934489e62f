//! A table in the making: columns by name, a table of the query engine when complete.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use domain::time::day_number;
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::error::LakeError;

#[derive(Default)]
pub(crate) struct Frame {
    fields: Vec<Field>,
    columns: Vec<ArrayRef>,
}

impl Frame {
    fn push(&mut self, name: impl Into<String>, column: ArrayRef) {
        self.fields.push(Field::new(name, column.data_type().clone(), true));
        self.columns.push(column);
    }

    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name() == name)
    }

    pub fn texts<'a>(
        &mut self,
        name: impl Into<String>,
        values: impl Iterator<Item = Option<&'a str>>,
    ) {
        self.push(name, Arc::new(values.collect::<StringArray>()));
    }

    pub fn ids(&mut self, name: impl Into<String>, values: impl Iterator<Item = Option<Uuid>>) {
        let texts = values.map(|id| id.map(|id| id.to_string()));
        self.push(name, Arc::new(texts.collect::<StringArray>()));
    }

    pub fn bytes(&mut self, name: impl Into<String>, values: impl Iterator<Item = [u8; 16]>) {
        self.push(name, Arc::new(BinaryArray::from_iter_values(values)));
    }

    pub fn integers(&mut self, name: impl Into<String>, values: impl Iterator<Item = Option<i64>>) {
        self.push(name, Arc::new(values.collect::<Int64Array>()));
    }

    pub fn booleans(
        &mut self,
        name: impl Into<String>,
        values: impl Iterator<Item = Option<bool>>,
    ) {
        self.push(name, Arc::new(values.collect::<BooleanArray>()));
    }

    pub fn dates(&mut self, name: impl Into<String>, values: impl Iterator<Item = Option<Date>>) {
        let days = values.map(|date| date.map(day_number));
        self.push(name, Arc::new(days.collect::<Date32Array>()));
    }

    pub fn instants(
        &mut self,
        name: impl Into<String>,
        values: impl Iterator<Item = Option<Timestamp>>,
    ) {
        let micros = values.map(|at| at.map(Timestamp::as_microsecond));
        let column = micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC");
        self.push(name, Arc::new(column));
    }

    /// The table, complete; its name is for the error's sake.
    pub fn table(self, name: &str) -> Result<Arc<dyn TableProvider>, LakeError> {
        let schema = Arc::new(Schema::new(self.fields));
        let table = || -> Result<MemTable, DataFusionError> {
            let batch = RecordBatch::try_new(schema.clone(), self.columns)?;
            MemTable::try_new(schema, vec![vec![batch]])
        };
        Ok(Arc::new(table().map_err(LakeError::query(format!("the table `{name}`")))?))
    }
}
