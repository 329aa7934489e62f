//! Every size and time that a verb keeps to, with its unit.

use jiff::SignedDuration;

/// Rows of a file that become one transaction.
pub const ROWS_PER_CHUNK: usize = 5_000;
/// Touches that are added to the lake at a time.
pub const TOUCHES_PER_PART_MAX: usize = 200_000;
/// Examples that a finding names.
pub const EXAMPLES_PER_FINDING_MAX: usize = 5;
/// Journal entries that are read from the store at a time.
pub const ENTRIES_PER_PAGE: u64 = 100_000;
/// Facts that wait in memory for one commit of the lake.
pub const FACTS_PER_COMMIT_MAX: usize = 250_000;
/// Keys of records that an import remembers at a time.
pub const REMEMBERED_KEYS_MAX: usize = 500_000;
/// Simulated futures of a forecast or a plan.
pub const FUTURES: usize = 4_000;
/// Simulated futures of each past day of a back-test.
pub const BACKTEST_FUTURES: usize = 1_000;
/// Groups by which deals may be told apart in the funnel model.
pub const SEGMENTS_MAX: usize = 60;
/// Files that one review looks at.
pub const REVIEW_FILES_MAX: usize = 200;
/// Quarters behind the as-of day of which a review shows how the pipeline moved.
pub const REVIEW_QUARTERS_BACK: usize = 4;
/// Whole quarters ahead that a review forecasts.
pub const REVIEW_QUARTERS_AHEAD: usize = 2;
/// Groups of deals of which rates are shown, those with most deals first.
pub const RATE_GROUPS_MAX: usize = 40;
/// Deals or leads that one list shows.
pub const LISTED_MAX: usize = 500;
/// Owners of whom a forecast of their own is made, those with most closed deals first.
pub const OWNER_FORECASTS_MAX: usize = 60;
/// Closed deals from which on an owner's own deals tell enough for a forecast.
pub const OWNER_CLOSED_MIN: usize = 20;
/// Cards that a column of the board shows.
pub const CARDS_MAX: usize = 40;
/// Splits that one backtest of the learned probability learns from.
pub const SCORE_REPEAT_MAX: u32 = 1_000;
/// Open leads that a page of scores tells of, the likeliest first.
pub const SCORES_PER_PAGE: usize = 100;
/// Open leads that one list of scores tells of.
pub const SCORES_SHOWN_MAX: usize = 1_000;
/// Rows that are scored to time it, the held-out ones again and again if they are fewer.
pub const SCORE_TIMED_ROWS: usize = 100_000;
/// Chained entries that wait in the store before they are sealed out of turn: each is read anew by
/// whoever computes a report.
pub const ENTRIES_WAITING_MAX: u64 = 10_000;
/// How long a file of the lake that is no longer part of it is kept for those who still read it.
pub const REMOVED_FILES_KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Rows behind a figure that one page shows.
pub const ROWS_SHOWN_MAX: usize = 200;
/// Rows behind a figure that a download holds.
pub const ROWS_DOWNLOADED_MAX: usize = 100_000;
/// Journal entries that one page of a search shows.
pub const ENTRIES_SHOWN_MAX: usize = 100;
/// Journal entries that a download of a search holds.
pub const ENTRIES_DOWNLOADED_MAX: usize = 10_000;
/// Records of one name that are told apart.
pub const NAMESAKES_MAX: u64 = 5;
/// Characters of a text that entries are searched for.
pub const SEARCH_CHARACTERS_MAX: usize = 200;
/// Bytes of tracked events that wait to be sealed; beyond that senders are told to wait.
pub const BUFFER_BYTES_MAX: u64 = 1 << 30;
/// Bytes that a request of events may have, as it comes.
pub const EVENTS_BYTES_MAX: usize = intake::limits::EVENTS_BYTES_MAX;
/// Write keys that are valid at one time.
pub const WRITE_KEYS_MAX: usize = 100;
/// Characters of a write key's name.
pub const WRITE_KEY_NAME_CHARACTERS_MAX: usize = 80;
/// Days of tracked events that are shown.
pub const TRACKED_DAYS_SHOWN: usize = 14;
/// Refused events that are shown.
pub const QUARANTINE_SHOWN_MAX: u64 = 50;
/// Bytes that the text of an agreement may have.
pub const AGREEMENT_BYTES_MAX: usize = 256 * 1024;
/// Bytes that the rules of scores may have.
pub const SCORE_RULES_BYTES_MAX: usize = 256 * 1024;
/// Days after its creation on which a past lead may be scored.
pub const SCORE_AGE_DAYS_MAX: u32 = 365;
/// Webhooks that are enabled at one time.
pub const WEBHOOKS_MAX: usize = 20;
/// Bytes that the address of a webhook may have.
pub const WEBHOOK_URL_BYTES_MAX: usize = 2_000;
/// For how long a message is one process's to send; longer than any endpoint has to answer.
pub const WEBHOOK_LEASE: SignedDuration = SignedDuration::from_secs(60);
/// For how long a message is kept after it was delivered or given up.
pub const WEBHOOK_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Messages that are shown, the newest ones.
pub const WEBHOOK_DELIVERIES_SHOWN_MAX: u64 = 200;
/// Hand-offs that one page of the queue shows.
pub const QUEUE_SHOWN_MAX: usize = 200;
/// Hand-offs that one turn of the clock drops, returns, offers or tells of; the next does more.
pub const TICK_MAX: usize = 1_000;
/// How far back turns of runners are counted.
pub const TURNS_COUNTED: SignedDuration = SignedDuration::from_hours(28 * 24);
/// Quarters that alignment is told of.
pub const ALIGNED_QUARTERS: usize = 8;

/// Weeks that the keeping of the agreement goes back where nothing else is asked for.
pub const KEPT_WEEKS: i64 = 13;
/// Weeks that one report of keeping may have.
pub const KEPT_WEEKS_MAX: i64 = 530;
/// Dropped batons that one report lists.
pub const DROPPED_SHOWN_MAX: usize = 5_000;
/// Quarters up to now that the list of periods shows, beside those that are closed.
pub const PERIODS_SHOWN: usize = 6;
/// Characters of the reason for which a period is closed with something missing.
pub const DESPITE_CHARACTERS_MAX: usize = 500;
/// Bytes that the text of a pay plan may have.
pub const PAY_PLAN_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Characters of what is said of a statement at once.
pub const DISPUTE_CHARACTERS_MAX: usize = 4_000;
/// Open deals that one question takes as won.
pub const WHAT_IF_DEALS_MAX: usize = 50;
/// Periods ahead of which the cost of a plan is forecast.
pub const FORECAST_PERIODS_MAX: usize = 4;
/// Deals and payees that are gone through in all futures of the cost of a plan together; there are
/// as many futures as that allows, up to those of a forecast.
pub const PAY_FUTURES_WORK: usize = 40_000_000;
pub const PAY_FUTURES_MIN: usize = 200;
/// Deals of one owner that are looked through for open ones, those that changed last first.
pub const OWN_DEALS_MAX: u64 = 5_000;
/// Characters of what is written down at a huddle at once.
pub const HUDDLE_CHARACTERS_MAX: usize = 2_000;
