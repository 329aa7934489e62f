//! Explicit scores: fit and engagement, by rules that people write, and how each point came about.
//!
//! Points are a function of a version of the rules and of what was known of a lead by the end of a
//! day: the same facts give the same points, to the thousandth.

pub mod decay;
pub mod expression;
pub mod points;
pub mod rules;

/// Thousandths of a point are what is counted: decay leaves fractions.
pub const MILLI: i64 = 1_000;
