//! Asking a metric of the tables of a view.

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;
use domain::period::FiscalCalendar;
use domain::time::day_number;
use jiff::civil::Date;

use super::{Cell, Dimension, Metric, MetricQuery, MetricTable, Unit, catalogue};
use crate::error::LakeError;
use crate::limits::METRIC_ROWS_MAX;
use crate::tables::Tables;

/// The segment of rows that the dimension says nothing about.
const NO_SEGMENT: &str = "(none)";
/// The only segment where nothing is broken down.
const WHOLE: &str = "all";

impl Tables {
    /// Asks a metric of the catalogue.
    pub async fn metric(&self, name: &str, query: MetricQuery) -> Result<MetricTable, LakeError> {
        let catalogue = catalogue()?;
        let Some(metric) = catalogue.iter().find(|metric| metric.name == name) else {
            let names: Vec<&str> = catalogue.iter().map(|metric| metric.name.as_str()).collect();
            return Err(LakeError::UnknownMetric { name: name.to_owned(), all: names.join(", ") });
        };
        self.ask(metric, query).await
    }

    /// Asks any metric, be it from the catalogue or a user's own.
    pub async fn ask(&self, metric: &Metric, query: MetricQuery) -> Result<MetricTable, LakeError> {
        let what = || LakeError::query::<DataFusionError>(format!("the metric `{}`", metric.name));
        let by = expression(query.by, self.world().calendar);
        let sql = metric.sql.replace("$by", &by);
        let (columns, mut rows) =
            cells_of(&self.session, &sql, self.parameters(query)).await.map_err(what())?;
        rows.truncate(METRIC_ROWS_MAX);
        if rows.is_empty() && query.by.is_none() {
            rows.push(row_of_nothing(metric.unit, columns.len()));
        }
        Ok(MetricTable { columns, rows, unit: metric.unit, currency: self.world().currency })
    }

    pub(super) fn parameters(&self, query: MetricQuery) -> Vec<(String, ScalarValue)> {
        let day = |date: Date| ScalarValue::Date32(Some(day_number(date)));
        let all = [
            ("first_day", day(query.from)),
            ("last_day", day(query.to)),
            ("as_of_day", day(self.as_of_day())),
            ("target_minor", ScalarValue::Int64(query.target_minor)),
        ];
        all.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

/// The columns and rows of a query with its parameters.
pub(super) async fn cells_of(
    session: &SessionContext,
    sql: &str,
    parameters: Vec<(String, ScalarValue)>,
) -> Result<(Vec<String>, Vec<Vec<Cell>>), DataFusionError> {
    let frame = session.sql(sql).await?.with_param_values(parameters)?;
    let columns = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut rows = Vec::new();
    for batch in frame.collect().await? {
        append_rows(&batch, &mut rows)?;
    }
    Ok((columns, rows))
}

/// The expression that stands for `$by`. It is made from names that are known here alone, so no
/// text from outside reaches the query.
pub(super) fn expression(by: Option<Dimension>, calendar: FiscalCalendar) -> String {
    let labelled = |column: &str| format!("coalesce({column}, '{NO_SEGMENT}')");
    match by {
        None => format!("'{WHOLE}'"),
        Some(Dimension::Source) => labelled("source"),
        Some(Dimension::Owner) => labelled("owner"),
        Some(Dimension::Product) => labelled("product_name"),
        Some(Dimension::Account) => labelled("account_name"),
        Some(Dimension::Industry) => labelled("industry"),
        Some(Dimension::Campaign) => labelled("campaign_name"),
        Some(Dimension::Channel) => labelled("channel"),
        Some(Dimension::Stage) => labelled("stage"),
        Some(Dimension::Month) => labelled("to_char(day, '%Y-%m')"),
        Some(Dimension::Quarter) => labelled(&fiscal_quarter(calendar)),
    }
}

/// Moving a day on by the months that are missing to a calendar year's start makes the fiscal
/// year and quarter those of the calendar.
fn fiscal_quarter(calendar: FiscalCalendar) -> String {
    let months = (13 - i32::from(calendar.start_month())) % 12;
    let moved = format!("(day + interval '{months} months')");
    format!(
        "cast(date_part('year', {moved}) as varchar) || '-Q' \
         || cast(date_part('quarter', {moved}) as varchar)"
    )
}

/// Nothing counts as none; a rate or an age of nothing is not known.
fn row_of_nothing(unit: Unit, columns: usize) -> Vec<Cell> {
    let value = match unit {
        Unit::Count | Unit::Money => Cell::Integer(0),
        Unit::Ratio | Unit::Days => Cell::Null,
    };
    let mut row = vec![Cell::Text(WHOLE.to_owned()), value];
    row.resize(columns.max(2), Cell::Null);
    row
}

fn append_rows(batch: &RecordBatch, rows: &mut Vec<Vec<Cell>>) -> Result<(), DataFusionError> {
    let columns: Vec<Vec<Cell>> =
        batch.columns().iter().map(|column| cells(column)).collect::<Result<_, _>>()?;
    for row in 0..batch.num_rows() {
        rows.push(columns.iter().map(|column| column[row].clone()).collect());
    }
    Ok(())
}

fn cells(column: &dyn Array) -> Result<Vec<Cell>, DataFusionError> {
    let cell_or_null = |row: usize, cell: Cell| if column.is_null(row) { Cell::Null } else { cell };
    let rows = 0..column.len();
    let cells = match column.data_type() {
        kind if kind.is_integer() => {
            let numbers = cast(column, &DataType::Int64)?;
            let numbers = numbers.as_primitive::<Int64Type>();
            rows.map(|row| cell_or_null(row, Cell::Integer(numbers.value(row)))).collect()
        }
        kind if kind.is_floating() => {
            let numbers = cast(column, &DataType::Float64)?;
            let numbers = numbers.as_primitive::<Float64Type>();
            rows.map(|row| cell_or_null(row, Cell::Number(numbers.value(row)))).collect()
        }
        _ => {
            let texts = cast(column, &DataType::Utf8)?;
            let texts = texts.as_string::<i32>();
            rows.map(|row| cell_or_null(row, Cell::Text(texts.value(row).to_owned()))).collect()
        }
    };
    Ok(cells)
}
