//! Every bound of a pay plan and of its facts, with its unit.

/// The largest amount of a deal, quota, draw or pool, in minor units: a trillion with three
/// decimals.
pub const AMOUNT_MAX_MINOR: i64 = 1_000_000_000_000_000;
/// The largest rate or multiplier, in millionths: twenty times.
pub const RATE_MAX_MILLIONTHS: i64 = 20_000_000;
pub const PAYEES_MAX: usize = 20_000;
pub const MEASURES_MAX: usize = 20;
/// Channels that one payee answers for.
pub const CHANNELS_MAX: usize = 200;
pub const TIERS_MAX: usize = 50;
pub const SPIFFS_MAX: usize = 50;
pub const RAMP_PERIODS_MAX: usize = 24;
/// Periods from the first of a plan to the one that is asked for.
pub const PERIODS_MAX: usize = 60;
pub const SPLITS_MAX: usize = 50;
pub const LEGS_MAX: usize = 20;
/// People who share what one leg gets of the pool.
pub const RUNNERS_MAX: usize = 20_000;
pub const DAYS_MAX: u32 = 3_660;
pub const FACTS_MAX: usize = 10_000_000;
pub const NAME_BYTES_MAX: usize = 200;
