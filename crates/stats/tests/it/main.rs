//! The crate on real records: a back-test against what came, attribution on published paths.

mod attribution;
mod backtest;
