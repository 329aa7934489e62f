//! Reports: (spec, rows) in, one `Report` out, and its renderings for terminal, CSV and JSON.
//!
//! Pure functions. Every screen, command and API shows the value that is computed here; nothing
//! here reads a file, a clock or a database, or knows HTML.

pub mod access;
pub mod agreement;
pub mod attribution;
pub mod awareness;
pub mod backtest;
pub mod board;
pub mod call;
pub mod check;
pub mod close;
pub mod company;
pub mod document;
pub mod forecast;
pub mod funnel;
pub mod goal;
pub mod handoff;
pub mod huddle;
pub mod imports;
pub mod journal;
pub mod listing;
pub mod metrics;
pub mod pay;
pub mod person;
pub mod pipeline;
pub mod plan;
pub mod plan_version;
pub mod record;
pub mod render;
pub mod retention;
pub mod review;
pub mod score;
pub mod scoreboard;
pub mod team;
pub mod tracking;
pub mod upkeep;
pub mod value;
pub mod webhook;
