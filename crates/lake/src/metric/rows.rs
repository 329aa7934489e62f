//! The rows that a figure of a metric is made of.
//!
//! A definition names the part of its question whose rows are counted. Those rows are asked for by
//! the same text up to its last `select`, so that figure and rows cannot part.

use datafusion::error::DataFusionError;
use datafusion::scalar::ScalarValue;
use domain::kind::Kind;

use super::query::{cells_of, expression};
use super::{Cell, Metric, MetricQuery, Rows};
use crate::error::LakeError;
use crate::tables::Tables;

/// Which rows of a metric are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsQuery {
    pub query: MetricQuery,
    /// Only rows that one of these segments counts; all, where there are none.
    pub segments: Vec<String>,
    /// Rows that come before.
    pub skip: usize,
    pub limit: usize,
}

/// Rows behind a figure, by their day, the latest first.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricRows {
    /// What each row is of; of a kind that is no record, rows have no id.
    pub records: Kind,
    /// `id`, `segment`, `owner` (a user's id), `day`, and what the definition shows.
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
    /// How many there are in all.
    pub all: u64,
}

impl Tables {
    /// The rows that a metric counts.
    ///
    /// # Errors
    /// [`LakeError::NoRows`] where the definition says that there are none.
    pub async fn metric_rows(
        &self,
        metric: &Metric,
        asked: &RowsQuery,
    ) -> Result<MetricRows, LakeError> {
        let (relation, records, shows) = match &metric.rows {
            Rows::Of { relation, records, shows } => (relation, *records, shows),
            Rows::None(reason) => {
                let (name, reason) = (metric.name.clone(), reason.clone());
                return Err(LakeError::NoRows { name, reason });
            }
        };
        let what = || LakeError::query::<DataFusionError>(format!("the rows of `{}`", metric.name));
        let by = expression(asked.query.by, self.world().calendar);
        let before = metric.question_before_answer().replace("$by", &by);
        let within = within(&by, asked.segments.len());
        let mut parameters = self.parameters(asked.query);
        let segment = |(place, name): (usize, &String)| {
            (format!("segment_{place}"), ScalarValue::Utf8(Some(name.clone())))
        };
        parameters.extend(asked.segments.iter().enumerate().map(segment));
        let id = if Kind::RECORDS.contains(&records) { "id" } else { "cast(null as varchar)" };
        let listed = format!(
            "{before}\nselect {id} as id, {by} as segment, owner, day, {} from {relation} {within} \
             order by day desc nulls last, {}, 1 limit {} offset {}",
            shows.join(", "),
            (5..5 + shows.len()).map(|place| place.to_string()).collect::<Vec<_>>().join(", "),
            asked.limit,
            asked.skip
        );
        let counted = format!("{before}\nselect count(*) as rows from {relation} {within}");
        let (columns, rows) =
            cells_of(&self.session, &listed, parameters.clone()).await.map_err(what())?;
        let (_, count) = cells_of(&self.session, &counted, parameters).await.map_err(what())?;
        let all = match count.first().and_then(|row| row.first()) {
            Some(Cell::Integer(count)) => count.unsigned_abs(),
            _ => 0,
        };
        Ok(MetricRows { records, columns, rows, all })
    }
}

impl Metric {
    /// The question up to the last `select`, which makes the figure.
    fn question_before_answer(&self) -> &str {
        self.sql.rfind("\nselect").map_or("", |end| &self.sql[..end])
    }
}

fn within(by: &str, segments: usize) -> String {
    let names: Vec<String> = (0..segments).map(|place| format!("$segment_{place}")).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!("where {by} in ({})", names.join(", ")),
    }
}

#[cfg(test)]
mod tests;
