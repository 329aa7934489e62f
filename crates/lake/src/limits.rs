//! Every limit of the lake, with its unit.

/// Memory that queries may take before they spill to disk.
pub const QUERY_MEMORY_BYTES_MAX: usize = 1 << 30;

/// Rows that one batch of history may hold.
pub const SEAL_ROWS_MAX: usize = 8_000_000;

/// Touches that one append may hold; a larger import is cut into several, each with its own id.
pub const TOUCHES_PER_APPEND_MAX: usize = 8_000_000;

/// Rows of one row group: the unit that is encoded by one thread and skipped by readers.
pub const ROW_GROUP_ROWS: usize = 1 << 17;

/// Buckets over which people are spread; the first sort key of the touches.
pub const PERSON_BUCKETS: u16 = 64;

/// How often a commit is tried anew after another writer was faster.
pub const COMMIT_TRIES_MAX: usize = 20;

/// Rows that one metric may return.
pub const METRIC_ROWS_MAX: usize = 10_000;
