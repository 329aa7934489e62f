//! What can go wrong in the lake, in sentences for the person who reads them.

use domain::value::DecodeError;
use uuid::Uuid;

type Source = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    #[error("the lake cannot be at `{location}`: {reason}")]
    Location { location: String, reason: String },

    #[error("the lake's table `{table}` could not be {action}: {source}")]
    Table { table: &'static str, action: &'static str, source: Source },

    #[error(
        "the lake's table `{table}` is written by others so often that {tries} tries failed; \
         try again"
    )]
    Busy { table: &'static str, tries: usize },

    #[error(
        "`{field}` of {kind} is personal: it may not be sealed into the lake, since nothing there \
         can be erased by destroying a key"
    )]
    Personal { kind: &'static str, field: &'static str },

    #[error(
        "{kind} has no field `{field}`: the lake was written by a newer version, or is damaged"
    )]
    UnknownField { kind: String, field: String },

    #[error("`{field}` of {kind} {subject_id} is damaged in the lake: {source}")]
    Damaged { kind: &'static str, field: &'static str, subject_id: Uuid, source: DecodeError },

    #[error("a batch holds {rows} rows, more than the {max} that fit one: cut it into several")]
    TooManyRows { rows: usize, max: usize },

    #[error("touch columns do not fit together: {0}")]
    TouchColumns(String),

    #[error("`{name}` is not a metric: choose one of {all}")]
    UnknownMetric { name: String, all: String },

    #[error("the metric `{name}` is not written as it should be: {reason}")]
    MetricText { name: String, reason: String },

    #[error("no rows stand behind `{name}` that could be shown: {reason}")]
    NoRows { name: String, reason: String },

    #[error("figures cannot be broken down by `{by}`: choose one of {all}")]
    UnknownDimension { by: String, all: String },

    #[error("{what} could not be computed: {source}")]
    Query { what: String, source: Source },
}

impl LakeError {
    /// Whether it tells of the inside of the lake, not of what somebody asked for.
    pub fn is_inward(&self) -> bool {
        use LakeError::{NoRows, UnknownDimension, UnknownMetric};
        !matches!(self, UnknownMetric { .. } | UnknownDimension { .. } | NoRows { .. })
    }

    /// For `map_err`: a failure of doing `action` to `table`.
    pub(crate) fn table<E: Into<Source>>(
        table: &'static str,
        action: &'static str,
    ) -> impl FnOnce(E) -> LakeError {
        move |source| LakeError::Table { table, action, source: source.into() }
    }

    pub(crate) fn query<E: Into<Source>>(what: impl Into<String>) -> impl FnOnce(E) -> LakeError {
        move |source| LakeError::Query { what: what.into(), source: source.into() }
    }
}
