//! The metrics catalogue: every figure defined once, asked in one way.
//!
//! A metric is three files of one name: the question in SQL, its definition in words, and golden
//! rows. SQL sees the tables of a view and these parameters:
//!
//! - `$first_day`, `$last_day`: the period, both days within it, in the company's zone
//! - `$as_of_day`: the day on which the view stands
//! - `$target_minor`: what the period is to bring, or null
//! - `$by`: what to break down by, an expression over the row at hand, which has to have the
//!   label columns and a `day`
//!
//! It answers with `segment`, `value`, and any further columns that the value is made of. Its last
//! `select` stands at the beginning of a line: what is before it gives the rows that are counted.

mod definition;
mod query;
mod rows;

use std::str::FromStr;

use domain::money::Currency;
use jiff::civil::Date;

pub use definition::{Direction, Leg, Metric, Rows, Unit, catalogue};
pub use rows::{MetricRows, RowsQuery};

use crate::error::LakeError;

/// What is asked of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricQuery {
    pub from: Date,
    /// The last day, within the period.
    pub to: Date,
    pub by: Option<Dimension>,
    /// What the period is to bring in minor units, for figures against a target.
    pub target_minor: Option<i64>,
}

/// The answer: `columns` are `segment`, `value` and what the value is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricTable {
    pub columns: Vec<String>,
    /// By segment, in order. Without a breakdown it is one row, whose segment is `all`.
    pub rows: Vec<Vec<Cell>>,
    pub unit: Unit,
    /// Of money values, which are integers in its minor unit.
    pub currency: Currency,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Not known, such as a rate of nothing.
    Null,
    Text(String),
    Integer(i64),
    Number(f64),
}

/// What a figure can be broken down by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    Source,
    /// By the user's id: names of people are not in the lake.
    Owner,
    Product,
    Account,
    Industry,
    Campaign,
    Channel,
    Stage,
    /// Calendar month of the row's day, such as `2017-04`.
    Month,
    /// Fiscal quarter of the row's day, such as `2017-Q2`.
    Quarter,
}

impl Dimension {
    pub const ALL: [Dimension; 10] = [
        Dimension::Source,
        Dimension::Owner,
        Dimension::Product,
        Dimension::Account,
        Dimension::Industry,
        Dimension::Campaign,
        Dimension::Channel,
        Dimension::Stage,
        Dimension::Month,
        Dimension::Quarter,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Dimension::Source => "source",
            Dimension::Owner => "owner",
            Dimension::Product => "product",
            Dimension::Account => "account",
            Dimension::Industry => "industry",
            Dimension::Campaign => "campaign",
            Dimension::Channel => "channel",
            Dimension::Stage => "stage",
            Dimension::Month => "month",
            Dimension::Quarter => "quarter",
        }
    }
}

impl FromStr for Dimension {
    type Err = LakeError;

    fn from_str(text: &str) -> Result<Dimension, LakeError> {
        let known = |dimension: &Dimension| dimension.name().eq_ignore_ascii_case(text.trim());
        Dimension::ALL.into_iter().find(known).ok_or_else(|| LakeError::UnknownDimension {
            by: text.to_owned(),
            all: Dimension::ALL.map(Dimension::name).join(", "),
        })
    }
}

#[cfg(test)]
mod tests;
