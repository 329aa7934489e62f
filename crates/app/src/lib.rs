//! The verbs: what a person can do with Baton, one module a capability.
//!
//! The only place that composes writes. A verb reads from store and lake, computes with `stats`,
//! and returns a report. It knows neither HTTP nor SQL, and reads no clock.

pub mod access;
mod actor;
pub mod agreement;
pub mod attribution;
pub mod awareness;
pub mod backtest;
pub mod call;
pub mod check;
pub mod close;
pub mod context;
pub mod error;
pub mod forecast;
pub mod funnel;
pub mod goal;
pub mod handoff;
pub mod huddle;
pub mod imports;
pub mod journal;
pub mod limits;
pub mod listing;
pub mod memo;
pub mod metrics;
pub mod model;
pub mod pay;
pub mod person;
pub mod pipeline;
pub mod plan;
pub mod plan_version;
pub mod record;
pub mod request_key;
pub mod retention;
pub mod review;
pub mod score;
pub mod scoreboard;
pub mod sealing;
pub mod team;
pub mod tracking;
pub mod upkeep;
pub mod webhook;
pub mod world;
