//! The crate on real records: a back-test against what came.

mod backtest;
