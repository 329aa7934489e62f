//! What follows a won deal: yearly terms that are renewed at another price or end, and the days on
//! which the customer is ready to buy more. It writes nothing.

use crate::calendar::Day;
use crate::model::{CUSTOMERS, PRODUCTS};
use crate::random::Stream;
use crate::rows::Money;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Status {
    Active,
    Renewed,
    Churned,
}

impl Status {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Renewed => "renewed",
            Self::Churned => "churned",
        }
    }
}

/// A contract's term. It ends on the day on which the next one starts, or nothing follows.
pub struct Term {
    pub started: Day,
    pub ended: Option<Day>,
    pub yearly: Money,
    pub status: Status,
}

/// The terms of a contract signed on `started` until it ends or the `end` comes. Anniversaries
/// before the first day are behind it: who left then is not in the export.
pub fn terms(stream: &mut Stream, product: usize, signed: Term, end: Day) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut term = signed;
    let mut anniversary = term.started + CUSTOMERS.term_days;
    while anniversary < end {
        if anniversary > 0 {
            let stays = !stream.chance(PRODUCTS[product].churn_per_term);
            let next = renewal(stream, &term, anniversary);
            term.ended = Some(anniversary);
            term.status = if stays { Status::Renewed } else { Status::Churned };
            terms.push(term);
            if !stays {
                return terms;
            }
            term = next;
        }
        anniversary += CUSTOMERS.term_days;
    }
    terms.push(term);
    terms
}

impl Term {
    pub const fn signed(started: Day, yearly: Money) -> Self {
        Self { started, ended: None, yearly, status: Status::Active }
    }
}

fn renewal(stream: &mut Stream, term: &Term, day: Day) -> Term {
    let (min, max) = (CUSTOMERS.renewal_uplift_min, CUSTOMERS.renewal_uplift_max);
    Term::signed(day, term.yearly.times(min + (max - min) * stream.uniform()))
}

/// Days in `from..until` on which the customer opens an expansion deal: a Poisson process.
pub fn expansion_days(stream: &mut Stream, from: Day, until: Day) -> Vec<Day> {
    let mut days = Vec::new();
    let mut day = from;
    loop {
        day += 1 + stream.exponential(CUSTOMERS.expansion_gap_mean_days) as Day;
        if day >= until {
            return days;
        }
        days.push(day);
    }
}
