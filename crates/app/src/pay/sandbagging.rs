//! What a payee would have gained by letting wins slip across the end of a period: an exact
//! counterfactual on past periods, in which nothing but the days of those wins is another.

use std::collections::{BTreeMap, BTreeSet};

use domain::pay::calculate::calculate;
use domain::pay::counted::Counted;
use domain::pay::facts::{Fact, Facts, Seen, What};
use domain::pay::plan::{Payee, Plan};
use domain::period::{Days, Period};
use jiff::ToSpan;
use jiff::civil::Date;
use rayon::prelude::*;
use reports::pay::sandbagging::{Sandbagging, Shift};

use super::simulation::bare;
use super::told::Needs;
use super::{Found, Question, input, owned, read};
use crate::context::Context;
use crate::error::Error;

/// Days at a period's end, or beginning, whose wins are moved.
const DAYS: i64 = 14;

/// For each payee and each end of a period with another behind it that is over too: what both
/// periods would have paid if the wins of the last two weeks had been won on the first day of the
/// next, and if those of the first two weeks had been won on the last day of the one before.
///
/// # Errors
/// As `payroll`.
pub async fn sandbagging(context: &Context, question: &Question) -> Result<Sandbagging, Error> {
    let read = read(context, &question.plan).await?;
    let found = Found::of(context, question, &Needs::of([&read.plan])).await?;
    let plan = bare(&read.plan)?;
    let payees = found.people.payees(&plan.terms().payees)?;
    let counted = plan.counted();
    let facts =
        found.facts.iter().filter(|fact| counted.contains(&fact.of) && fact.of.is_of_winners());
    let facts: Vec<Fact> = latest(facts.map(|fact| owned(fact, &payees)));
    let ends = ends(&plan, question.period, found.seen.effective_on);
    let of_payee = |payee: &Payee| -> Result<Vec<Shift>, Error> {
        let own = Own::new(&plan, payee, &facts)?;
        let mut shifts = Vec::new();
        for (before, after) in &ends {
            shifts.extend(own.shifts(*before, *after)?);
        }
        Ok(shifts)
    };
    let all = plan.terms().payees.par_iter().map(of_payee).collect::<Result<Vec<_>, Error>>()?;
    Ok(Sandbagging {
        plan: plan.terms().name.clone(),
        version: plan.terms().version,
        currency: plan.terms().currency,
        days: DAYS,
        ends: ends.iter().map(|(before, after)| (before.0, after.0)).collect(),
        shifts: all.concat(),
        payees: plan.terms().payees.len(),
    })
}

/// Each deal as it is known last, as if that had always been known.
fn latest(facts: impl Iterator<Item = Fact>) -> Vec<Fact> {
    let mut last: BTreeMap<(Counted, String), (Date, Fact)> = BTreeMap::new();
    for mut fact in facts {
        let known_on = fact.known_on;
        if let What::Won(won) = &fact.what {
            fact.known_on = won.on;
        }
        let key = (fact.of, fact.deal.clone());
        match last.get(&key) {
            Some((newest, _)) if *newest > known_on => {}
            _ => {
                last.insert(key, (known_on, fact));
            }
        }
    }
    last.into_values().map(|(_, fact)| fact).collect()
}

type Dated = (Period, Days);

/// Periods that follow each other, both of them over.
fn ends(plan: &Plan, through: Period, as_of: Date) -> Vec<(Dated, Dated)> {
    let terms = plan.terms();
    let until = terms.calendar.days(through).last.min(as_of);
    let dated = |period: Period| (period, terms.calendar.days(period));
    let following = terms.calendar.following(terms.first_period);
    let pairs = following.map(|period| (dated(period), dated(terms.calendar.next(period))));
    pairs.take_while(|(_, after)| after.1.last <= until).collect()
}

/// A plan of one payee alone, with the deals that may bring them credit.
struct Own {
    plan: Plan,
    /// Whose deals are the payee's to move.
    id: String,
    name: String,
    facts: Vec<Fact>,
}

impl Own {
    fn new(plan: &Plan, payee: &Payee, facts: &[Fact]) -> Result<Own, Error> {
        let mut terms = plan.terms().clone();
        terms.payees = vec![payee.clone()];
        let plan = Plan::new(terms).map_err(input)?;
        let people: BTreeSet<&str> =
            payee.team.iter().map(String::as_str).chain([payee.id.as_str()]).collect();
        let concerns = |fact: &&Fact| match &fact.what {
            What::Won(won) => {
                let mut shared = won.splits.iter().map(|(id, _)| id.as_str());
                people.contains(won.owner.as_str()) || shared.any(|id| people.contains(id))
            }
            _ => false,
        };
        let facts = facts.iter().filter(concerns).cloned().collect();
        Ok(Own { plan, id: payee.id.clone(), name: payee.name.clone(), facts })
    }

    fn shifts(&self, before: Dated, after: Dated) -> Result<Vec<Shift>, Error> {
        let (end, start) = (before.1.last, after.1.first);
        let late = |on: Date| on > end.saturating_sub(DAYS.days()) && on <= end;
        let early = |on: Date| on >= start && on < start.saturating_add(DAYS.days());
        let now = self.paid((before, after), &|on| on)?;
        let mut shifts = Vec::new();
        for (is_held_back, is_moved, to) in
            [(true, &late as &dyn Fn(Date) -> bool, start), (false, &early, end)]
        {
            let (wins, amount) = self.moved(is_moved);
            if wins == 0 {
                continue;
            }
            let moved = |on: Date| if is_moved(on) { to } else { on };
            let then = self.paid((before, after), &moved)?;
            shifts.push(Shift {
                payee: self.id.clone(),
                name: self.name.clone(),
                before: before.0,
                after: after.0,
                is_held_back,
                wins,
                amount,
                paid: now,
                would: then,
            });
        }
        Ok(shifts)
    }

    /// How many deals of the payee's own would be won on another day, and their amount.
    fn moved(&self, is_moved: &dyn Fn(Date) -> bool) -> (usize, i64) {
        let mut deals: BTreeMap<&str, i64> = BTreeMap::new();
        for fact in &self.facts {
            if let What::Won(won) = &fact.what
                && won.owner == self.id
                && is_moved(won.on)
            {
                let amount = if fact.of.metric.unit().is_some() { 0 } else { won.amount };
                let known = deals.entry(fact.deal.as_str()).or_default();
                *known = amount.max(*known);
            }
        }
        (deals.len(), deals.values().sum())
    }

    /// What both periods together pay if the payee's own deals are won on other days.
    fn paid(
        &self,
        (before, after): (Dated, Dated),
        day: &dyn Fn(Date) -> Date,
    ) -> Result<i64, Error> {
        let moved = |fact: &Fact| {
            let mut fact = fact.clone();
            if let What::Won(won) = &mut fact.what
                && won.owner == self.id
            {
                won.on = day(won.on);
                fact.known_on = won.on;
            }
            fact
        };
        let is_within = |fact: &Fact| match &fact.what {
            What::Won(won) => before.1.first <= won.on && won.on <= after.1.last,
            _ => false,
        };
        let facts = self.facts.iter().filter(|fact| is_within(fact)).map(moved).collect();
        let facts = Facts::new(facts, Vec::new()).map_err(input)?;
        let known_on = self.plan.frozen_on(after.1);
        let seen = Seen { effective_on: after.1.last, known_on };
        let found = calculate(&self.plan, &facts, after.0, seen).map_err(input)?;
        Ok(found.statements.iter().map(|one| one.total).sum())
    }
}
