//! Who is credited with what part of a deal, to the minor unit.

use std::collections::HashMap;

use super::counted::Counted;
use super::facts::{State, Won};
use super::plan::{CreditRule, Measure, Plan};
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
    /// The channel of the touch that brought it, by its place among the plan's.
    pub through: Option<u16>,
}

/// Who is who: ids of facts to places of payees.
pub(super) struct Roster<'p> {
    plan: &'p Plan,
    by_id: HashMap<&'p str, u32>,
    /// Whose team measures each person's credit counts towards.
    leads: HashMap<&'p str, Vec<u32>>,
    /// The place of each channel, and who answers for it.
    channels: HashMap<&'p str, (u16, Vec<u32>)>,
}

impl<'p> Roster<'p> {
    pub fn new(plan: &'p Plan) -> Roster<'p> {
        let mut by_id = HashMap::new();
        let mut leads: HashMap<&str, Vec<u32>> = HashMap::new();
        let mut channels: HashMap<&str, (u16, Vec<u32>)> =
            (0..).zip(plan.channels()).map(|(place, name)| (name, (place, vec![]))).collect();
        for (place, payee) in (0..).zip(&plan.terms().payees) {
            by_id.insert(payee.id.as_str(), place);
            for member in &payee.team {
                leads.entry(member).or_default().push(place);
            }
            for channel in &payee.channels {
                if let Some((_, own)) = channels.get_mut(channel.as_str()) {
                    own.push(place);
                }
            }
        }
        Roster { plan, by_id, leads, channels }
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
            self.credit_one((state.of, won), (deal, place), &mut credits);
        }
        let on = |credit: &Credit| states[credit.deal as usize].won.map(|won| won.on);
        credits.sort_by_key(|credit| {
            (credit.payee, credit.place, credit.measure, on(credit), credit.deal)
        });
        credits
    }

    fn credit_one(
        &self,
        (of, won): (Counted, &Won),
        (deal, place): (u32, u16),
        credits: &mut Vec<Credit>,
    ) {
        for (measure, terms) in (0..).zip(&self.plan.terms().measures) {
            let lacks_tag = terms.only.as_ref().is_some_and(|tag| !won.tags.contains(tag));
            if terms.counted() != of || lacks_tag {
                continue;
            }
            let from = credits.len();
            for (payee, amount, through) in self.credited(terms, won) {
                let takes_part = self.plan.terms().payees[payee as usize].quotas[measure as usize];
                if takes_part.is_none() || !self.employed(payee, won) {
                    continue;
                }
                match credits[from..].iter_mut().find(|one| one.payee == payee) {
                    // The same record counts once, through the first touch; shares add up.
                    Some(_) if through.is_some() => {}
                    Some(credit) => credit.amount += amount,
                    None => {
                        credits.push(Credit { payee, place, measure, deal, amount, through });
                    }
                }
            }
        }
    }

    /// Who is credited with how much of what was won, and through which channel.
    fn credited(&self, measure: &Measure, won: &Won) -> Vec<(u32, i64, Option<u16>)> {
        let answering = |channel: &String| {
            let (place, own) = self.channels.get(channel.as_str())?;
            Some(own.iter().map(|payee| (*payee, won.amount, Some(*place))))
        };
        match measure.credit {
            CreditRule::Own => {
                let owner = self.payee(&won.owner).into_iter();
                owner.map(|payee| (payee, won.amount, None)).collect()
            }
            CreditRule::Split => {
                let parts = self.parts(won, won.amount).into_iter();
                parts.filter_map(|(id, part)| Some((self.payee(id)?, part, None))).collect()
            }
            CreditRule::Team => {
                let leads = |id: &str| self.leads.get(id).into_iter().flatten();
                let parts = self.parts(won, won.amount).into_iter();
                parts
                    .flat_map(|(id, part)| leads(id).map(move |payee| (*payee, part, None)))
                    .collect()
            }
            CreditRule::Sourced => {
                won.touched.first().and_then(answering).into_iter().flatten().collect()
            }
            CreditRule::Influenced => won.touched.iter().filter_map(answering).flatten().collect(),
        }
    }
}

/// The place of the period that holds a day.
pub(super) fn place_of(day: jiff::civil::Date, periods: &[Days]) -> Option<u16> {
    let place = periods.partition_point(|days| days.last < day);
    periods.get(place).filter(|days| days.first <= day).and_then(|_| u16::try_from(place).ok())
}
