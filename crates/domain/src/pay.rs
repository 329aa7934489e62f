//! Pay plans: who is paid what for which deals, exactly, and why.
//!
//! A [`plan::Plan`] is a checked value. [`calculate::calculate`] makes statements of it and of
//! frozen [`facts`]; every line keeps its working, from which [`sentence`] makes a sentence that
//! a pocket calculator confirms. Amounts are whole minor units, rates whole millionths: nothing
//! here is a floating-point number. The [`relay`] gate pays a pool to all or to none.

pub mod calculate;
pub mod counted;
mod credit;
mod draw;
pub mod exact;
pub mod facts;
pub mod formula;
mod ledger;
pub mod limits;
pub mod plan;
pub mod quota;
pub mod rates;
pub mod relay;
pub mod run;
pub mod sentence;
pub mod statement;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod properties;
