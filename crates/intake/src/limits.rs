//! Every bound of this crate, in one place, with its unit.

/// The longest single cell, in bytes; a row with a longer one is refused.
pub const FIELD_BYTES_MAX: usize = 1 << 20;
/// The longest row, in bytes; a longer one is skipped without being held in memory.
pub const ROW_BYTES_MAX: usize = 8 << 20;
/// The most columns of a file.
pub const COLUMNS_MAX: usize = 4_096;
/// How much is read from a file at once, in bytes.
pub const READ_BYTES: usize = 256 << 10;
/// How much of a file tells its delimiter and the kind of its encoding, in bytes.
pub const SNIFF_BYTES: usize = 64 << 10;
/// How many rows tell the delimiter.
pub const SNIFF_ROWS: usize = 100;
/// How many non-ASCII characters settle the encoding.
pub const ENCODING_EVIDENCE: u64 = 1_000;

/// How many rows of touches are surveyed when nothing is left open; other kinds are surveyed
/// whole, because their stages and dates count.
pub const SURVEY_TOUCH_ROWS: u64 = 20_000;
/// The most distinct stages that a column of stages may have.
pub const STAGES_MAX: usize = 200;
/// How many rows tell what kind of data a file holds.
pub const RECOGNITION_ROWS: usize = 500;
/// How many rows a preview shows.
pub const SAMPLE_ROWS: usize = 5;
/// How many values an ambiguity shows.
pub const SAMPLE_VALUES: usize = 3;

/// How much of a refused value is shown, in characters.
pub const VALUE_CHARS_SHOWN: usize = 80;
/// How much of each cell of a refused row is kept, in bytes.
pub const REJECTED_CELL_BYTES_MAX: usize = 4 << 10;
/// How many cells of a refused row are kept.
pub const REJECTED_CELLS_MAX: usize = 256;
/// The longest id, in bytes.
pub const ID_BYTES_MAX: usize = 512;

/// The first year that is taken as real.
pub const YEAR_MIN: i16 = 1900;
/// How many years after the present a date may lie.
pub const YEARS_AHEAD_MAX: i16 = 50;

/// The largest workbook, unpacked, in bytes.
pub const WORKBOOK_BYTES_MAX: u64 = 2 << 30;
/// The largest part of a workbook that is held in memory, unpacked, in bytes.
pub const WORKBOOK_PART_BYTES_MAX: u64 = 64 << 20;
/// The most parts of a workbook.
pub const WORKBOOK_PARTS_MAX: usize = 10_000;
/// How many rows of a workbook or Parquet file are read ahead.
pub const ROWS_AHEAD: usize = 1_024;

/// How many bytes of touches make one block.
pub const TOUCH_BLOCK_BYTES: usize = 4 << 20;
/// How many touches of a workbook or Parquet file make one block.
pub const TOUCH_BLOCK_ROWS: usize = 32_768;
/// The most threads that read touches.
pub const TOUCH_THREADS_MAX: usize = 4;

/// The largest event that is taken, in bytes of JSON; Segment's own bound.
pub const EVENT_BYTES_MAX: usize = 32 << 10;
/// The largest request of events, unpacked, in bytes; Segment's bound is 500 kB.
pub const EVENTS_BYTES_MAX: usize = 512 << 10;
/// The most events of one request.
pub const EVENTS_PER_BATCH_MAX: usize = 2_500;
/// The longest name of what happened, of a campaign or a channel, in bytes; the rest is cut off.
pub const EVENT_NAME_BYTES_MAX: usize = 120;
/// How much of an address is kept, in bytes.
pub const URL_BYTES_KEPT: usize = 2 << 10;
/// How much of a refused event is kept, in bytes.
pub const REFUSED_EVENT_BYTES_KEPT: usize = 4 << 10;
/// How far ahead of our clock an event may say that it happened.
pub const EVENT_AHEAD_MAX: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
