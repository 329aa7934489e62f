//! The relay gate: a pool on top of individual pay, for all runners or for none.
//!
//! Legs, marks, judges and shares are stated beforehand. The pool is paid when every leg meets
//! its mark; nothing here can lower what somebody has earned otherwise.

use jiff::civil::Date;

use super::exact::decimal;
use super::limits::{LEGS_MAX, RUNNERS_MAX};
use super::plan::{PlanError, Terms, at_most, check_amount, check_name, refuse, unique};
use crate::money::split;
use crate::period::Period;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    pub name: String,
    pub period: Period,
    /// The pool in minor units of the plan's currency.
    pub pool: i64,
    pub legs: Vec<Leg>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    pub name: String,
    /// Who says whether the mark was met.
    pub judge: String,
    /// What is to be reached at least, in millionths of its unit.
    pub mark_millionths: i64,
    /// What the mark counts, such as `SQLs` or `%`.
    pub unit: String,
    /// The metric of the catalogue that says what was reached, where one does.
    pub metric: Option<String>,
    /// The leg's part of the pool, beside those of the others.
    pub share: u32,
    /// Ids of the payees who run the leg; they share its part equally.
    pub runners: Vec<String>,
}

/// What a judge found of a leg.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Judgement {
    pub leg: String,
    pub known_on: Date,
    pub reached_millionths: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Legs that nobody has judged yet.
    Open(Vec<String>),
    Missed(Vec<Miss>),
    /// What each runner gets, by id, in the order of the ids; it sums to the pool.
    Met(Vec<(String, i64)>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    pub leg: String,
    pub judge: String,
    pub mark_millionths: i64,
    pub reached_millionths: i64,
    pub unit: String,
}

impl Relay {
    pub(super) fn check(&self, terms: &Terms) -> Result<(), PlanError> {
        let place = format!("relay `{}`", self.name);
        check_name(&place, "name", &self.name)?;
        check_amount(&place, "pool", self.pool)?;
        if !terms.is_of_length(self.period) || self.period < terms.first_period {
            return refuse(&place, "its period is none of the plan's");
        }
        at_most(&place, "legs", self.legs.len(), LEGS_MAX)?;
        if self.legs.is_empty() {
            return refuse(&place, "it has no leg: add at least one [[relay.leg]]");
        }
        unique("leg", self.legs.iter().map(|leg| &leg.name))?;
        for leg in &self.legs {
            leg.check(terms)?;
        }
        unique("runner", self.legs.iter().flat_map(|leg| &leg.runners))
    }

    /// Judges the gate by what was known by a day. The order of judgements does not matter.
    pub fn outcome(&self, judgements: &[Judgement], known_on: Date) -> Outcome {
        let mut open = Vec::new();
        let mut misses = Vec::new();
        for leg in &self.legs {
            let known = |one: &&Judgement| one.leg == leg.name && one.known_on <= known_on;
            match judgements.iter().find(known) {
                None => open.push(leg.name.clone()),
                Some(one) if one.reached_millionths < leg.mark_millionths => {
                    misses.push(leg.missed(one.reached_millionths));
                }
                Some(_) => {}
            }
        }
        if !misses.is_empty() {
            Outcome::Missed(misses)
        } else if open.is_empty() {
            Outcome::Met(self.shares())
        } else {
            Outcome::Open(open)
        }
    }

    /// The pool by legs, then each leg's part by runners, both by largest remainder.
    pub fn shares(&self) -> Vec<(String, i64)> {
        let weights: Vec<u64> = self.legs.iter().map(|leg| u64::from(leg.share)).collect();
        let mut shares = Vec::new();
        for (leg, part) in self.legs.iter().zip(split(self.pool, &weights)) {
            let mut runners = leg.runners.clone();
            runners.sort();
            let parts = split(part, &vec![1; runners.len()]);
            shares.extend(runners.into_iter().zip(parts));
        }
        shares.sort();
        shares
    }
}

impl Leg {
    fn check(&self, terms: &Terms) -> Result<(), PlanError> {
        let place = format!("leg `{}`", self.name);
        check_name(&place, "name", &self.name)?;
        check_name(&place, "judge", &self.judge)?;
        check_amount(&place, "mark", self.mark_millionths)?;
        at_most(&place, "runners", self.runners.len(), RUNNERS_MAX)?;
        if self.share == 0 {
            return refuse(&place, "its share is 0: all are paid or none, so give 1 or more");
        }
        if self.runners.is_empty() {
            return refuse(&place, "nobody runs it: name its runners by their ids");
        }
        for runner in &self.runners {
            if !terms.payees.iter().any(|payee| payee.id == *runner) {
                let problem = format!("its runner `{runner}` is no payee: add a [[payee]]");
                return refuse(&place, &problem);
            }
        }
        Ok(())
    }

    /// A figure of the leg with its unit.
    pub fn told(&self, millionths: i64) -> String {
        format!("{} {}", decimal(millionths, 6), self.unit)
    }

    fn missed(&self, reached_millionths: i64) -> Miss {
        Miss {
            leg: self.name.clone(),
            judge: self.judge.clone(),
            mark_millionths: self.mark_millionths,
            reached_millionths,
            unit: self.unit.clone(),
        }
    }
}

impl Miss {
    pub fn sentence(&self) -> String {
        let Miss { leg, judge, unit, .. } = self;
        let (reached, mark) =
            (decimal(self.reached_millionths, 6), decimal(self.mark_millionths, 6));
        let lack = decimal(self.mark_millionths.saturating_sub(self.reached_millionths), 6);
        format!(
            "leg {leg} reached {reached} {unit} of {mark} {unit} by the word of {judge}: {lack} \
             {unit} short, so nobody gets a share of the pool"
        )
    }
}
