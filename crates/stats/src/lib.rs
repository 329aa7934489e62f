//! Numbers in, numbers out: how individuals move through states, and what that means for a total.
//!
//! This crate knows states, ages in days, amounts and segments. It refuses to know what any of them
//! stands for, where they came from, what time it is, or how to read and write a file. Days are
//! absolute numbers (`i32`) whose origin is the caller's choice; every random draw comes from a
//! seed
//! that the caller gives, so one seed gives the same bytes on any number of threads.

pub mod attribution;
pub mod baseline;
mod compound;
pub mod forecast;
pub mod funnel;
pub mod plan;
pub mod propensity;
pub mod proportion;
mod random;
pub mod rates;
pub mod recurring;
pub mod remainder;
pub mod sample;
pub mod score;
pub mod simulation;
pub mod survival;
pub mod winners;
