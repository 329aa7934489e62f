//! Readers: files in, typed rows out, or a named refusal with its line and column.
//!
//! A file is first *inspected* (`preview::inspect`): what format it has, which column is which
//! field, and what has two readings. What was found is a `Mapping`, which a person may correct
//! and which is saved. Then it is *read* under that mapping (`reader::read`, for touches
//! `touches::read`): each row comes out typed by the catalogue, or as a reject.
//!
//! This crate must not know where rows go: no store, no lake, no identity beyond the file.

pub mod dates;
pub mod detect;
pub mod encoding;
pub mod headers;
pub mod limits;
pub mod mapping;
pub mod numbers;
pub mod preview;
pub mod reader;
pub mod recognition;
pub mod refusal;
pub mod rejects;
pub mod rows;
pub mod source;
pub mod table;
pub mod touches;
pub mod tracking;

mod ahead;
mod digests;
mod parquet_file;
mod plan;
mod survey;
#[cfg(test)]
mod tests;
mod workbook;

use domain::money::Currency;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What a file does not say about itself, and the company does.
#[derive(Clone, Debug)]
pub struct Assumptions {
    /// The currency of amounts without one.
    pub currency: Currency,
    /// The zone of times without an offset; a bare date is the start of that day in it.
    pub timezone: TimeZone,
    /// The present, by which absurd dates are told from planned ones.
    pub now: Timestamp,
}
