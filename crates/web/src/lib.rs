//! Pages: report values in, HTML out.
//!
//! For now one page, the review, which is a file of its own: it asks nothing of any server, runs no
//! script, and reads in light and dark, on a phone and on paper. This crate knows no SQL and no
//! rule; every number on a page is a number of the report that it shows.

pub mod chart;
pub mod review;
pub mod server;

mod money;
mod svg;
mod table;
