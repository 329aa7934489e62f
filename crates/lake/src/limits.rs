//! Every limit of the lake, with its unit.

/// Memory that queries may take before they spill to disk.
pub const QUERY_MEMORY_BYTES_MAX: usize = 1 << 30;

/// Rows that one batch of history may hold.
pub const SEAL_ROWS_MAX: usize = 8_000_000;

/// Touches that one append may hold; a larger import is cut into several, each with its own id.
pub const TOUCHES_PER_APPEND_MAX: usize = 8_000_000;

/// The smallest filter that tells new touches from known ones, in bytes; it grows fourfold.
pub const FILTER_BYTES_MIN: usize = 2 << 20;

/// The largest such filter, in bytes. Beyond 45 million touches it has more doubts, and appending
/// is slower.
pub const FILTER_BYTES_MAX: usize = 64 << 20;

/// Bits of the filter for each touch, below which it grows: it is in doubt over 4 of 1,000.
pub const FILTER_BITS_PER_KEY: usize = 12;

/// The share of a part's touches that may wait to be looked up in the table with others.
pub const DOUBTFUL_SHARE_MAX: f64 = 0.02;

/// How many touches wait at most.
pub const TOUCHES_WAITING_MAX: usize = 50_000;

/// Rows of one row group: the unit that is encoded by one thread and skipped by readers.
pub const ROW_GROUP_ROWS: usize = 1 << 17;

/// Rows below which a file of the history is small, and may be merged with others.
pub const SMALL_FILE_ROWS: usize = ROW_GROUP_ROWS;

/// Small files from which on they are merged: merging two again and again would write the same rows
/// each time.
pub const MERGED_FILES_MIN: usize = 8;

/// Rows that a merged file holds at most, which bounds the memory of merging.
pub const MERGED_ROWS_MAX: usize = 2 * SMALL_FILE_ROWS;

/// Buckets over which people are spread; the first sort key of the touches.
pub const PERSON_BUCKETS: u16 = 64;

/// How often a commit is tried anew after another writer was faster.
pub const COMMIT_TRIES_MAX: usize = 20;

/// Touches that journeys are made of at a time: 32 bytes each. More are read in several passes.
pub const JOURNEY_ROWS_MAX: usize = 16_000_000;

/// Touches that are decoded at a time by each thread.
pub const JOURNEY_BATCH_ROWS: usize = 1 << 15;

/// Rows that one metric may return.
pub const METRIC_ROWS_MAX: usize = 10_000;

/// How the names of the buffer's segments end.
pub const SEGMENT_FILE_ENDING: &str = "segment";

/// Bytes after which a segment is ended and another begun: what is carried into a table at a time.
pub const SEGMENT_BYTES_MAX: u64 = 16 << 20;

/// Bytes that are synced at one time, if more wait.
pub const COMMIT_BYTES_MAX: usize = 8 << 20;

/// Bytes that one record of the buffer may have.
pub const RECORD_BYTES_MAX: usize = 1 << 20;
