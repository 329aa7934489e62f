//! What a payee is told of a period: lines, each with its working.

use jiff::civil::Date;

use super::counted::Metric;
use super::exact::Rate;
use super::facts::Seen;
use super::quota::Quota;
use super::rates::Base;
use crate::money::Currency;
use crate::period::Period;

/// All statements from a plan's first period to the one that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calculation {
    pub plan: String,
    pub version: u32,
    pub currency: Currency,
    pub through: Period,
    pub seen: Seen,
    /// In the order of period and payee.
    pub statements: Vec<Statement>,
    /// The records that lines are about, which name them by place.
    pub deals: Vec<Named>,
    /// The channels that credit came through; lines name them by place.
    pub channels: Vec<String>,
    /// What each payee's facts come to as last seen, without draws; statements sum to it.
    pub ledger: Vec<i64>,
}

/// A deal, or what else counts, by its id in its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub metric: Metric,
    pub id: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The place among the plan's payees.
    pub payee: usize,
    pub period: Period,
    /// For each measure.
    pub attainments: Vec<Option<Attainment>>,
    pub lines: Vec<Line>,
    pub total: i64,
    /// What of recoverable draws is still to be made up for.
    pub draw_balance: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attainment {
    pub quota: Quota,
    pub credit: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The period that it is about: an earlier one for an adjustment.
    pub about: Period,
    pub deal: Option<u32>,
    pub amount: i64,
    pub working: Working,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Working {
    Commission(Commission),
    Spiff { spiff: u16, whole: i64, share: Rate },
    Hold { until_cash: bool },
    Release { on: Date, cancelled: bool },
    Clawback { won_on: Date, cancelled_on: Date, within_days: u32 },
    Relay { pool: i64 },
    Adjustment { of: Source, before: i64, after: i64, reason: Reason },
    Draw { earned: i64, guaranteed: i64, recoverable: bool },
    Recovery { earned: i64, guaranteed: i64, owed: i64 },
}

/// The product that a commission line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commission {
    pub measure: u16,
    pub deal_amount: i64,
    /// The payee's credit of the deal, and the piece of it that this line is about.
    pub deal_credit: i64,
    pub credit: i64,
    pub base: Base,
    pub from: Rate,
    pub multiplier: Rate,
    pub quota: i64,
    pub earned: i64,
    /// The cap, where it let less than all through.
    pub cap: Option<i64>,
    pub is_below_threshold: bool,
    /// The channel of the touch that brought the credit.
    pub through: Option<u16>,
}

/// What an amount is for; with payee, period and deal it is the amount's name in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Commission(u16),
    Spiff(u16),
    Hold,
    Release,
    Clawback,
    Relay,
}

/// Why an amount of an earlier period is another now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Known {
        on: Option<Date>,
    },
    Withdrawn {
        on: Option<Date>,
    },
    Amount {
        from: i64,
        to: i64,
        on: Option<Date>,
    },
    Credit {
        on: Option<Date>,
    },
    Moved {
        from: Date,
        to: Date,
    },
    Event,
    Judged,
    /// Other deals of that period changed, and with them its tier, threshold or cap.
    Others,
}
