//! A simulated company with known truth: a believable B2B software firm of 120 people, as its CRM
//! and marketing tools would export it. [`write_exports`] writes the files; `truth.json` beside
//! them has every true parameter (documented in the module `model`) and the realised totals, so
//! that an estimator can be held against what it should have found.
//!
//! Everything is drawn from the seed: the same settings give the same bytes. Records stream to
//! disk as they are made, so memory does not grow with their number.
//!
//! It knows no store, lake, network, clock or estimator.

mod calendar;
mod campaigns;
mod customer;
mod deal;
mod expected;
mod export;
mod journey;
mod lead;
pub mod lives;
mod long_run;
mod market;
mod model;
mod random;
mod rows;
mod story;
mod truth;
mod workforce;
pub mod yardstick;

use std::io;
use std::path::{Path, PathBuf};

use jiff::ToSpan;
use jiff::civil::Date;

use crate::calendar::Calendar;
use crate::campaigns::Campaigns;
use crate::export::Sink;
use crate::journey::Rates;
use crate::model::{Arrivals, Model};
use crate::workforce::Workforce;

/// What to simulate. Each of the three sizes can be chosen without regard to the others.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Settings {
    pub seed: u64,
    /// The first day, on which the firm began to use its CRM.
    #[serde(serialize_with = "as_text")]
    pub start: Date,
    /// How many days are simulated; the export is taken at midnight after the last.
    pub days: u32,
    /// Leads that arrive, exactly.
    pub leads: u64,
    /// Deals opened, of all types: exactly, unless leads bring a few more than that.
    pub deals: u64,
    /// Touches, exactly, unless the known people alone have more.
    pub touches: u64,
}

/// At least this many days are needed to have a quarter behind and one under way.
pub const DAYS_MIN: u32 = 120;
/// Some 27 years.
pub const DAYS_MAX: u32 = 10_000;
/// Limit of each of leads, deals and touches.
pub const ROWS_MAX: u64 = 1_000_000_000;

impl Settings {
    /// The demo company: three years that end the day before `today`, begun on a month's first.
    pub fn demo(today: Date) -> Self {
        let start = today.saturating_sub(3.years()).first_of_month();
        let days = start.until(today).map_or(DAYS_MIN, |span| span.get_days().unsigned_abs());
        Self { seed: 1, start, days, leads: 12_000, deals: 2_400, touches: 60_000 }
    }
}

/// What was written, in the order in which it can be imported: what is referred to comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exports {
    pub files: Vec<Export>,
    /// The true parameters and realised totals, JSON.
    pub truth: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    pub path: PathBuf,
    /// The import kind, which is also the file's stem: `leads`, `deal_changes`, …
    pub kind: &'static str,
    pub rows: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the simulation cannot run for {0} days: choose {DAYS_MIN} to {DAYS_MAX}")]
    Days(u32),
    #[error("{count} {kind} are too many: choose at most {ROWS_MAX}")]
    TooMany { kind: &'static str, count: u64 },
    #[error("{days} days from {start} leave the calendar: choose another start")]
    Dates { start: Date, days: i64, source: jiff::Error },
    #[error("cannot create {path}: check that the folder exists and can be written")]
    Create { path: PathBuf, source: io::Error },
    #[error("cannot write {path}: check the space left on the disk")]
    Write { path: PathBuf, source: io::Error },
    #[error("the truth has a number that JSON cannot hold")]
    Truth(#[source] serde_json::Error),
}

/// Simulates the firm and writes its exports into a folder, which is made if need be; files of the
/// same names are replaced.
///
/// # Errors
/// Settings outside the limits, dates that leave the calendar, and a folder or file that cannot be
/// written.
pub fn write_exports(settings: &Settings, folder: &Path) -> Result<Exports, Error> {
    let world = World::new(settings)?;
    let mut sink = Sink::create(folder)?;
    story::tell(&world, &mut sink)?;
    let files = sink.finish()?;
    let truth = truth::write(&world, &sink.totals, &files, folder)?;
    Ok(Exports { files, truth })
}

/// What does not change while the story is told.
struct World {
    settings: Settings,
    calendar: Calendar,
    model: Model,
    workforce: Workforce,
    campaigns: Campaigns,
    rates: Rates,
}

impl World {
    fn new(settings: &Settings) -> Result<Self, Error> {
        check(settings)?;
        let Settings { seed, start, days, leads, deals, touches } = *settings;
        let calendar = Calendar::new(start, days, &Arrivals::TRUE)?;
        Ok(Self {
            settings: *settings,
            model: Model::new(mql_scale(leads, deals)),
            workforce: Workforce::new(seed, &calendar),
            campaigns: Campaigns::new(seed, &calendar, leads),
            rates: Rates::new(leads, deals, touches),
            calendar,
        })
    }
}

fn check(settings: &Settings) -> Result<(), Error> {
    let Settings { days, leads, deals, touches, .. } = *settings;
    if !(DAYS_MIN..=DAYS_MAX).contains(&days) {
        return Err(Error::Days(days));
    }
    let sizes = [("leads", leads), ("deals", deals), ("touches", touches)];
    match sizes.into_iter().find(|(_, count)| *count > ROWS_MAX) {
        Some((kind, count)) => Err(Error::TooMany { kind, count }),
        None => Ok(()),
    }
}

/// Few deals from many leads: fewer leads qualify, so that leads bring at most four of five deals,
/// and by four standard errors no more deals than wanted.
fn mql_scale(leads: u64, deals: u64) -> f64 {
    let wanted = deals as f64;
    let most = (0.8 * wanted).min(wanted - 4.0 * wanted.sqrt()).max(0.0);
    (most / (leads as f64 * model::deals_per_lead()).max(1e-9)).min(1.0)
}

fn as_text<S: serde::Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(date)
}
