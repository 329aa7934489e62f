//! What the binary shows, held against what the files themselves say.

mod handoff;
mod rates;
mod remote;
mod review;
mod score;
