//! A pay plan as a value that cannot be wrong: its terms are checked where they come in.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;

use super::counted::{Counted, Metric};
use super::exact::{Rate, Rounding};
use super::formula::Formula;
use super::limits::{
    AMOUNT_MAX_MINOR, CHANNELS_MAX, DAYS_MAX, MEASURES_MAX, NAME_BYTES_MAX, PAYEES_MAX,
    RAMP_PERIODS_MAX, RATE_MAX_MILLIONTHS, SPIFFS_MAX, TIERS_MAX,
};
use super::relay::Relay;
use super::run::PLAN_OWNER;
use crate::money::Currency;
use crate::period::{Days, FiscalCalendar, Period};

/// Checked terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan(Terms);

/// What a plan says. Amounts are minor units of its currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub name: String,
    pub version: u32,
    pub currency: Currency,
    pub calendar: FiscalCalendar,
    /// The first period that is paid; all others are of its length.
    pub first_period: Period,
    /// Days after a period's last day until its statements are frozen.
    pub freeze_days: u32,
    pub rounding: Rounding,
    pub measures: Vec<Measure>,
    pub payees: Vec<Payee>,
    pub spiffs: Vec<Spiff>,
    /// What a deal paid is taken back if it is cancelled within so many days of being won.
    pub clawback_days: Option<u32>,
    pub hold: Hold,
    pub relay: Option<Relay>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    pub name: String,
    /// What counts.
    pub metric: Metric,
    pub credit: CreditRule,
    /// Only deals with this tag (a type, a product) count; `None` is all.
    pub only: Option<String>,
    pub basis: Basis,
    /// What the credit of a period pays, in the place of basis and tiers.
    pub formula: Option<Formula>,
    /// The part of the variable pay, beside those of the other measures.
    pub weight: u32,
    pub tiers: Vec<Tier>,
    pub way: Way,
    /// Below this attainment nothing is earned.
    pub threshold: Option<Rate>,
    pub cap: Option<Cap>,
}

/// Whose records count towards a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditRule {
    /// The owner's, whole.
    Own,
    /// By the shares that were agreed on for the deal.
    Split,
    /// All that is credited by share to the payee's team.
    Team,
    /// What began with a touch of a channel that the payee answers for, whole.
    Sourced,
    /// What had any touch of a channel that the payee answers for, whole.
    Influenced,
}

/// What one minor unit of credit earns before multipliers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    Rate(Rate),
    /// An amount for each of what is counted.
    Each(i64),
    /// The variable pay at target ÷ the quota.
    Target,
}

/// From an attainment on, the multiplier of the basis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    pub from: Rate,
    pub multiplier: Rate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Each part of the credit by the tier in which it lies.
    Marginal,
    /// All credit by the tier that is reached.
    Retroactive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    Amount(i64),
    /// A share of the variable pay at target.
    OfTarget(Rate),
}

/// A special incentive on single deals, beside quota and cap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spiff {
    pub name: String,
    pub from: Date,
    pub to: Date,
    pub only: Option<String>,
    pub min_amount: i64,
    /// For the whole deal; shared like its credit.
    pub amount: i64,
}

/// What must have happened before a deal's pay is paid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    #[default]
    None,
    UntilInvoice,
    UntilCash,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payee {
    /// By which facts name the payee.
    pub id: String,
    pub name: String,
    pub starts_on: Date,
    pub ends_on: Option<Date>,
    /// Per fiscal year; both zero where pay goes by rates alone.
    pub base: i64,
    pub on_target: i64,
    /// For each measure, in their order, the quota of a whole period; `None` takes no part.
    pub quotas: Vec<Option<i64>>,
    /// Quotas of single periods, by period and place of the measure.
    pub quotas_of: BTreeMap<(Period, usize), i64>,
    /// The share of the quota in the first, second … period; whole afterwards.
    pub ramp: Vec<Rate>,
    pub draw: Option<Draw>,
    /// Ids of those whose credit a team measure adds up.
    pub team: Vec<String>,
    /// The channels that the payee answers for.
    pub channels: Vec<String>,
}

/// An advance that makes up for what a period lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    pub amount: i64,
    pub is_recoverable: bool,
    pub from: Period,
    pub to: Period,
}

/// What is wrong with the terms: what, where, what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct PlanError {
    pub place: String,
    pub problem: String,
}

impl Plan {
    /// # Errors
    /// Names the first term that cannot be, where it stands, and what would be right.
    pub fn new(terms: Terms) -> Result<Plan, PlanError> {
        terms.check_whole()?;
        for measure in &terms.measures {
            measure.check()?;
        }
        unique("measure", terms.measures.iter().map(|measure| &measure.name))?;
        for payee in &terms.payees {
            payee.check(&terms)?;
        }
        unique("payee", terms.payees.iter().map(|payee| &payee.id))?;
        for spiff in &terms.spiffs {
            spiff.check()?;
        }
        unique("spiff", terms.spiffs.iter().map(|spiff| &spiff.name))?;
        if let Some(relay) = &terms.relay {
            relay.check(&terms)?;
        }
        Ok(Plan(terms))
    }

    pub fn terms(&self) -> &Terms {
        &self.0
    }

    /// The plan for one payee alone; a relay keeps its runners, who share its pool.
    pub fn alone(&self, payee: usize) -> Plan {
        let Terms {
            name,
            version,
            currency,
            calendar,
            first_period,
            freeze_days,
            rounding,
            measures,
            payees,
            spiffs,
            clawback_days,
            hold,
            relay,
        } = &self.0;
        Plan(Terms {
            name: name.clone(),
            version: *version,
            currency: *currency,
            calendar: *calendar,
            first_period: *first_period,
            freeze_days: *freeze_days,
            rounding: *rounding,
            measures: measures.clone(),
            payees: payees.get(payee).cloned().into_iter().collect(),
            spiffs: spiffs.clone(),
            clawback_days: *clawback_days,
            hold: *hold,
            relay: relay.clone(),
        })
    }

    /// What the plan's facts are about.
    pub fn counted(&self) -> BTreeSet<Counted> {
        let spiffs = self.0.spiffs.iter().map(|_| Counted::REVENUE);
        self.0.measures.iter().map(Measure::counted).chain(spiffs).collect()
    }

    /// The channels that anybody answers for, in order.
    pub fn channels(&self) -> Vec<&str> {
        let all = self.0.payees.iter().flat_map(|payee| &payee.channels);
        all.map(String::as_str).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The day up to which the statements of a period see what becomes known.
    pub fn frozen_on(&self, days: Days) -> Date {
        days.last.saturating_add(i64::from(self.0.freeze_days).days())
    }
}

impl Terms {
    fn check_whole(&self) -> Result<(), PlanError> {
        let place = "plan";
        check_name(place, "name", &self.name)?;
        at_most(place, "measures", self.measures.len(), MEASURES_MAX)?;
        at_most(place, "payees", self.payees.len(), PAYEES_MAX)?;
        at_most(place, "spiffs", self.spiffs.len(), SPIFFS_MAX)?;
        if self.measures.is_empty() {
            return refuse(place, "it has no measure: add at least one [[measure]]");
        }
        if self.payees.is_empty() {
            return refuse(place, "it has no payee: add at least one [[payee]]");
        }
        check_days(place, "freeze_days", self.freeze_days)?;
        check_days(place, "clawback_days", self.clawback_days.unwrap_or(0))
    }

    /// How many of a plan's periods make a year.
    pub fn periods_per_year(&self) -> usize {
        match self.first_period {
            Period::Year { .. } => 1,
            Period::Quarter { .. } => 4,
            Period::Month { .. } => 12,
        }
    }

    /// The period of the plan's length that holds a day.
    pub fn period_of(&self, day: Date) -> Period {
        match self.first_period {
            Period::Year { .. } => self.calendar.year_of(day),
            Period::Quarter { .. } => self.calendar.quarter_of(day),
            Period::Month { .. } => crate::period::month_of(day),
        }
    }

    pub fn is_of_length(&self, period: Period) -> bool {
        std::mem::discriminant(&period) == std::mem::discriminant(&self.first_period)
    }
}

impl Measure {
    /// What the facts are about that it counts.
    pub fn counted(&self) -> Counted {
        let by_touch = matches!(self.credit, CreditRule::Sourced | CreditRule::Influenced);
        Counted { metric: self.metric, by_touch }
    }

    /// A count is never cut in two, and no share of it is money.
    fn check_counted(&self, place: &str) -> Result<(), PlanError> {
        let name = self.metric.name();
        match (self.metric.unit(), self.basis) {
            (Some(unit), Basis::Rate(_)) => {
                let problem = format!("{name} are counted: write each, an amount for one {unit}");
                return refuse(place, &problem);
            }
            (None, Basis::Each(_)) => {
                let problem = format!("{name} is an amount: write rate, a share of it");
                return refuse(place, &problem);
            }
            (_, Basis::Each(amount)) => check_amount(place, "each", amount)?,
            _ => {}
        }
        let is_plain = self.basis == Basis::Target
            && self.tiers == [Tier { from: Rate::default(), multiplier: Rate::ONE }];
        if self.formula.is_some() && !is_plain {
            return refuse(place, "its formula says it all: leave rate, each and tiers out");
        }
        if self.credit == CreditRule::Split && self.metric != Metric::Revenue {
            return refuse(place, "only revenue is split by shares: use own or team");
        }
        if self.counted().by_touch && !self.metric.has_touches() {
            let problem = format!("no touch leads to {name}: use own or team");
            return refuse(place, &problem);
        }
        Ok(())
    }

    fn check(&self) -> Result<(), PlanError> {
        let place = format!("measure `{}`", self.name);
        check_name(&place, "name", &self.name)?;
        self.check_counted(&place)?;
        at_most(&place, "tiers", self.tiers.len(), TIERS_MAX)?;
        let Some(first) = self.tiers.first() else {
            return refuse(&place, "it has no tier: give one from 0 % with multiplier 1");
        };
        if first.from.millionths != 0 {
            return refuse(&place, "its first tier must be from 0 %");
        }
        if self.tiers.windows(2).any(|pair| pair[0].from >= pair[1].from) {
            return refuse(&place, "its tiers must rise: each `from` above the one before");
        }
        let rates = self.tiers.iter().flat_map(|tier| [tier.from, tier.multiplier]);
        for rate in rates.chain(self.threshold) {
            check_rate(&place, rate)?;
        }
        if let Basis::Rate(rate) = self.basis {
            check_rate(&place, rate)?;
        }
        match self.cap {
            Some(Cap::Amount(amount)) => check_amount(&place, "cap", amount)?,
            Some(Cap::OfTarget(rate)) => check_rate(&place, rate)?,
            None => {}
        }
        if self.weight == 0 && self.basis == Basis::Target {
            return refuse(&place, "its weight is 0, so it could pay nothing: give 1 or more");
        }
        Ok(())
    }
}

impl Payee {
    fn check(&self, terms: &Terms) -> Result<(), PlanError> {
        let place = format!("payee `{}`", self.id);
        check_name(&place, "id", &self.id)?;
        check_name(&place, "name", &self.name)?;
        if [&self.id, &self.name].into_iter().any(|called| called == PLAN_OWNER) {
            return refuse(&place, "who signs the plan as its owner is called so: use another");
        }
        check_amount(&place, "base", self.base)?;
        check_amount(&place, "on_target", self.on_target)?;
        if self.on_target < self.base {
            return refuse(&place, "on_target earnings include the base: they cannot be below it");
        }
        if self.ends_on.is_some_and(|end| end < self.starts_on) {
            return refuse(&place, "ends_on is before starts_on");
        }
        if self.quotas.len() != terms.measures.len() {
            return refuse(&place, "it must have a quota, or none, for each measure");
        }
        for quota in self.quotas.iter().flatten().chain(self.quotas_of.values()) {
            check_amount(&place, "quota", *quota)?;
            if *quota == 0 {
                return refuse(&place, "a quota must be above zero");
            }
        }
        for (period, measure) in self.quotas_of.keys() {
            if !terms.is_of_length(*period) {
                let problem = format!("the quota of {period} is of another length than the plan");
                return refuse(&place, &problem);
            }
            if self.quotas.get(*measure).is_none_or(Option::is_none) {
                return refuse(&place, "a quota of a period is for a measure that it lacks");
            }
        }
        at_most(&place, "channels", self.channels.len(), CHANNELS_MAX)?;
        for channel in &self.channels {
            check_name(&place, "channel", channel)?;
        }
        at_most(&place, "ramp", self.ramp.len(), RAMP_PERIODS_MAX)?;
        for share in &self.ramp {
            check_rate(&place, *share)?;
            if share.millionths == 0 {
                return refuse(&place, "a ramp's share must be above 0 %");
            }
        }
        self.check_draw(&place, terms)
    }

    fn check_draw(&self, place: &str, terms: &Terms) -> Result<(), PlanError> {
        let Some(draw) = self.draw else { return Ok(()) };
        check_amount(place, "draw", draw.amount)?;
        if !terms.is_of_length(draw.from) || !terms.is_of_length(draw.to) {
            return refuse(place, "its draw names periods of another length than the plan's");
        }
        if draw.to < draw.from {
            return refuse(place, "its draw ends before it begins");
        }
        Ok(())
    }
}

impl Spiff {
    fn check(&self) -> Result<(), PlanError> {
        let place = format!("spiff `{}`", self.name);
        check_name(&place, "name", &self.name)?;
        check_amount(&place, "amount", self.amount)?;
        check_amount(&place, "min_amount", self.min_amount)?;
        if self.to < self.from {
            return refuse(&place, "its last day is before its first");
        }
        Ok(())
    }
}

pub(super) fn refuse(place: &str, problem: &str) -> Result<(), PlanError> {
    Err(PlanError { place: place.to_owned(), problem: problem.to_owned() })
}

pub(super) fn check_name(place: &str, what: &str, name: &str) -> Result<(), PlanError> {
    if name.trim().is_empty() {
        return refuse(place, &format!("its {what} is empty: give one"));
    }
    at_most(place, &format!("bytes of its {what}"), name.len(), NAME_BYTES_MAX)
}

pub(super) fn check_amount(place: &str, what: &str, minor: i64) -> Result<(), PlanError> {
    if (0..=AMOUNT_MAX_MINOR).contains(&minor) {
        return Ok(());
    }
    refuse(place, &format!("its {what} must lie between 0 and {AMOUNT_MAX_MINOR} minor units"))
}

pub(super) fn at_most(place: &str, what: &str, count: usize, max: usize) -> Result<(), PlanError> {
    if count <= max {
        return Ok(());
    }
    refuse(place, &format!("{count} {what} are too many: {max} at most"))
}

pub(super) fn unique<'a>(
    what: &str,
    names: impl Iterator<Item = &'a String>,
) -> Result<(), PlanError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return refuse(&format!("{what} `{name}`"), "it is there twice: give each its own");
        }
    }
    Ok(())
}

fn check_rate(place: &str, rate: Rate) -> Result<(), PlanError> {
    if (0..=RATE_MAX_MILLIONTHS).contains(&rate.millionths) {
        return Ok(());
    }
    refuse(place, &format!("{} must lie between 0 % and 2000 %", rate.percent()))
}

fn check_days(place: &str, what: &str, days: u32) -> Result<(), PlanError> {
    if days <= DAYS_MAX {
        return Ok(());
    }
    refuse(place, &format!("its {what} must be at most {DAYS_MAX}"))
}
