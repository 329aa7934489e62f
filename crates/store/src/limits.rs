//! Every size, rate and time that the store holds itself to.

use std::time::Duration;

/// The embedded database in a data folder.
pub const FILE_NAME: &str = "baton.sqlite";

/// How long a writer waits for another process to finish its transaction.
pub const BUSY_WAIT: Duration = Duration::from_secs(60);

/// Connections that read at the same time.
pub const READERS_MAX: u32 = 4;

/// Pages that the writer of the embedded database keeps in memory, in KiB.
pub const WRITER_CACHE_KIB: u32 = 32_768;

/// Pages that each reader of the embedded database keeps in memory, in KiB.
pub const READER_CACHE_KIB: u32 = 16_384;

/// How long a connection that nobody uses is kept, with its pages in memory.
pub const IDLE_CONNECTION: Duration = Duration::from_secs(10);

/// Pages of the write-ahead log, of 4 KiB, after which it is folded into the file: pages that every
/// chunk of an import changes are then written there once in several chunks.
pub const LOG_PAGES: u32 = 8_192;

/// Rows that the embedded database may be ahead of who reads them.
pub const ROWS_AHEAD: usize = 1_000;

/// Parameters of one statement. SQLite takes 32,766 and PostgreSQL 65,535; between 2,000 and
/// 30,000 the processor time of a bulk insert was the same when measured.
pub const PARAMETERS_MAX: usize = 8_000;

/// Keys or ids asked for in one statement.
pub const KEYS_MAX: usize = 500;

/// Journal entries that the sequencer links in one transaction, and that `verify` holds at once.
pub const LINKS_MAX: u64 = 5_000;

/// How long a sequencer may hold its lease without showing up again.
pub const LEASE: Duration = Duration::from_secs(60);

/// How long the key of a request is remembered.
pub const REQUEST_KEY_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Entries that may match a search of the journal for an index to gather them all at once.
pub const GATHERED_MAX: u64 = 20_000;

/// Entries that one page of a search of the journal looks at where no index gathers them.
pub const SEARCHED_MAX: u64 = 50_000;

/// Records whose names have the text of a search, for the changes that refer to them to be found.
pub const REFERRED_MAX: usize = 20;

/// Refused events that are kept, the newest; their number is counted whatever is kept.
pub const QUARANTINED_MAX: usize = 10_000;

/// How long a refused event is kept.
pub const QUARANTINE_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
