//! The nouns of revenue performance management and their rules.
//!
//! Nothing here does I/O, reads a clock, draws a random number or knows a wire format: every
//! function is a value in, a value out, so it cannot fail for outside reasons.

pub mod access;
pub mod agreement;
pub mod business_hours;
pub mod call;
pub mod category;
pub mod channel;
pub mod company;
pub mod deal;
pub mod erasure;
pub mod expression;
pub mod goal;
pub mod handoff;
pub mod history;
pub mod huddle;
pub mod journal;
pub mod key;
pub mod kind;
pub mod lead;
pub mod lifecycle;
pub mod master;
pub mod money;
pub mod name;
pub mod pay;
pub mod period;
pub mod period_close;
pub mod plan_version;
pub mod score;
pub mod stage;
pub mod time;
pub mod value;
pub mod webhook;
