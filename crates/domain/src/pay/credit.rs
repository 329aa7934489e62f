//! Who is credited with what part of a deal, to the minor unit.

use std::collections::HashMap;

use super::facts::{State, Won};
use super::plan::{CreditRule, Plan};
use crate::money::split;
use crate::period::Days;

/// Credit of one deal towards one measure of one payee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Credit {
    pub payee: u32,
    pub place: u16,
    pub measure: u16,
    /// The deal by its place among all, in the order of ids.
    pub deal: u32,
    pub amount: i64,
}

/// Who is who: ids of facts to places of payees.
pub(super) struct Roster<'p> {
    plan: &'p Plan,
    by_id: HashMap<&'p str, u32>,
    /// Whose team measures each person's credit counts towards.
    leads: HashMap<&'p str, Vec<u32>>,
}

impl<'p> Roster<'p> {
    pub fn new(plan: &'p Plan) -> Roster<'p> {
        let mut by_id = HashMap::new();
        let mut leads: HashMap<&str, Vec<u32>> = HashMap::new();
        for (place, payee) in (0..).zip(&plan.terms().payees) {
            by_id.insert(payee.id.as_str(), place);
            for member in &payee.team {
                leads.entry(member).or_default().push(place);
            }
        }
        Roster { plan, by_id, leads }
    }

    pub fn payee(&self, id: &str) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    /// Whether somebody was there on the day.
    pub fn employed(&self, payee: u32, won: &Won) -> bool {
        let payee = &self.plan.terms().payees[payee as usize];
        payee.starts_on <= won.on && payee.ends_on.is_none_or(|end| won.on <= end)
    }

    /// Each payee's part of an amount by the deal's shares; what is left belongs to people whom
    /// the plan does not know.
    pub fn parts<'w>(&self, won: &'w Won, amount: i64) -> Vec<(&'w str, i64)> {
        let weights: Vec<u64> =
            won.splits.iter().map(|(_, share)| share.millionths.unsigned_abs()).collect();
        let ids = won.splits.iter().map(|(id, _)| id.as_str());
        ids.zip(split(amount, &weights)).collect()
    }

    /// All credit, in the order of payee, period, measure, day and deal.
    pub fn credits(&self, states: &[State<'_>], periods: &[Days]) -> Vec<Credit> {
        let mut credits = Vec::new();
        for (deal, state) in (0..).zip(states) {
            let Some(won) = state.won else { continue };
            let Some(place) = place_of(won.on, periods) else { continue };
            self.credit_one(won, (deal, place), &mut credits);
        }
        let on = |credit: &Credit| states[credit.deal as usize].won.map(|won| won.on);
        credits.sort_by_key(|credit| {
            (credit.payee, credit.place, credit.measure, on(credit), credit.deal)
        });
        credits
    }

    fn credit_one(&self, won: &Won, (deal, place): (u32, u16), credits: &mut Vec<Credit>) {
        let parts = self.parts(won, won.amount);
        for (measure, terms) in (0..).zip(&self.plan.terms().measures) {
            if terms.only.as_ref().is_some_and(|tag| !won.tags.contains(tag)) {
                continue;
            }
            let from = credits.len();
            let mut push = |payee: u32, amount: i64| {
                let takes_part = self.plan.terms().payees[payee as usize].quotas[measure as usize];
                if takes_part.is_some() && self.employed(payee, won) {
                    let there = credits[from..].iter_mut().find(|one| one.payee == payee);
                    match there {
                        Some(credit) => credit.amount += amount,
                        None => credits.push(Credit { payee, place, measure, deal, amount }),
                    }
                }
            };
            match terms.credit {
                CreditRule::Own => {
                    self.payee(&won.owner).into_iter().for_each(|payee| push(payee, won.amount));
                }
                CreditRule::Split => {
                    for (id, amount) in &parts {
                        self.payee(id).into_iter().for_each(|payee| push(payee, *amount));
                    }
                }
                CreditRule::Team => {
                    for (id, amount) in &parts {
                        let leads = self.leads.get(id).into_iter().flatten();
                        leads.for_each(|payee| push(*payee, *amount));
                    }
                }
            }
        }
    }
}

/// The place of the period that holds a day.
pub(super) fn place_of(day: jiff::civil::Date, periods: &[Days]) -> Option<u16> {
    let place = periods.partition_point(|days| days.last < day);
    periods.get(place).filter(|days| days.first <= day).and_then(|_| u16::try_from(place).ok())
}
