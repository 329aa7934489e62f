//! A plan's statements of a period on their way to payroll: calculated, approved by somebody else,
//! locked.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::counted::Counted;
use super::facts::{Fact, What};
use crate::money::Currency;
use crate::period::Period;
use crate::time::AsOf;

/// Under what name a plan's owner signs it; no payee bears it.
pub const PLAN_OWNER: &str = "plan owner";

/// Statements as they were calculated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub id: Uuid,
    pub plan: String,
    pub version: u32,
    pub period: Period,
    /// What was true by when, and known by when.
    pub as_of: AsOf,
    pub currency: Currency,
    /// What all statements of the period sum to, in minor units.
    pub total: i64,
    /// Of the statements' texts, one after the other.
    pub sha256: String,
    /// What the reader must know of the facts.
    pub notes: Vec<String>,
    pub calculated: Step,
    pub approved: Option<Step>,
    pub locked: Option<Step>,
}

/// Who did something when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub actor: String,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Calculated,
    Approved,
    /// Nothing changes it any more.
    Locked,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    #[error("whoever calculated the statements does not approve them: four eyes do")]
    SameEyes,
    #[error("the statements are {state} already")]
    Already { state: &'static str },
    #[error("the statements are not approved yet: approve them first")]
    NotApproved,
    #[error("disputes are open: {open}; answer them first")]
    Disputed { open: usize },
}

impl Run {
    pub fn state(&self) -> State {
        match (&self.approved, &self.locked) {
            (_, Some(_)) => State::Locked,
            (Some(_), None) => State::Approved,
            (None, None) => State::Calculated,
        }
    }

    /// Whether somebody may approve it.
    ///
    /// # Errors
    /// When it is approved already, a dispute is open, or whoever calculated it would approve it.
    pub fn may_approve(&self, actor: &str, open: usize) -> Result<(), RunError> {
        match self.state() {
            State::Calculated if open > 0 => Err(RunError::Disputed { open }),
            State::Calculated if self.calculated.actor == actor => Err(RunError::SameEyes),
            State::Calculated => Ok(()),
            state => Err(RunError::Already { state: state.name() }),
        }
    }

    /// Whether it may be locked.
    ///
    /// # Errors
    /// When it is not approved, a dispute is open, or it is locked already.
    pub fn may_lock(&self, open: usize) -> Result<(), RunError> {
        match self.state() {
            State::Calculated => Err(RunError::NotApproved),
            State::Approved if open > 0 => Err(RunError::Disputed { open }),
            State::Approved => Ok(()),
            State::Locked => Err(RunError::Already { state: State::Locked.name() }),
        }
    }
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Calculated => "calculated",
            State::Approved => "approved",
            State::Locked => "locked",
        }
    }
}

/// How a dispute ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The payee is right: what is wrong is put right and calculated again.
    Upheld,
    Rejected,
}

impl Ruling {
    pub const ALL: [Ruling; 2] = [Ruling::Upheld, Ruling::Rejected];

    pub fn name(self) -> &'static str {
        match self {
            Ruling::Upheld => "upheld",
            Ruling::Rejected => "rejected",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no ruling: write upheld or rejected")]
pub struct UnknownRuling(String);

impl FromStr for Ruling {
    type Err = UnknownRuling;

    fn from_str(text: &str) -> Result<Ruling, UnknownRuling> {
        let found = Ruling::ALL.into_iter().find(|ruling| ruling.name() == text.trim());
        found.ok_or_else(|| UnknownRuling(text.to_owned()))
    }
}

/// Facts as they are now beside those that locked statements rest on, which stay as they were.
///
/// What locked statements cannot hold keeps the days of its facts: a deal that was won after the
/// day up to which `locked_through` has what it counts towards as locked, or that counts towards
/// nothing that is locked. Whatever else differs now is a fact of `known_on`, the day up to which
/// the next statement sees; a deal that is won no more is withdrawn on it.
pub fn since_locked(
    frozen: &[Fact],
    now: Vec<Fact>,
    locked_through: &BTreeMap<Counted, Date>,
    known_on: Date,
) -> Vec<Fact> {
    let mut last: BTreeMap<(Counted, &str, u8), &Fact> = BTreeMap::new();
    for fact in frozen {
        let key = (fact.of, fact.deal.as_str(), fact.what.kind());
        let newest = last.entry(key).or_insert(fact);
        if fact.known_on > newest.known_on {
            *newest = fact;
        }
    }
    let after = |before: &Fact| known_on.max(before.known_on.tomorrow().unwrap_or(known_on));
    let mut by_deal: BTreeMap<(Counted, String, u8), Vec<Fact>> = BTreeMap::new();
    for fact in now {
        by_deal.entry((fact.of, fact.deal.clone(), fact.what.kind())).or_default().push(fact);
    }
    let mut all = frozen.to_vec();
    for before in last.values().filter(|before| matches!(before.what, What::Won(_))) {
        if !by_deal.contains_key(&(before.of, before.deal.clone(), before.what.kind())) {
            let (of, deal, known_on) = (before.of, before.deal.clone(), after(before));
            all.push(Fact { of, deal, known_on, what: What::Withdrawn });
        }
    }
    for ((of, deal, kind), mut facts) in by_deal {
        facts.sort_by_key(|fact| fact.known_on);
        match (last.get(&(of, deal.as_str(), kind)), facts.pop()) {
            (Some(before), Some(now)) if before.what == now.what => {}
            (Some(before), Some(now)) => all.push(Fact { known_on: after(before), ..now }),
            (None, Some(now)) if is_after(&now, locked_through.get(&of).copied()) => {
                all.extend(facts.into_iter().chain([now]));
            }
            (None, Some(now)) => all.push(Fact { known_on, ..now }),
            (_, None) => {}
        }
    }
    all
}

/// Whether a fact took effect after a day, or there is none.
fn is_after(fact: &Fact, day: Option<Date>) -> bool {
    let on = match &fact.what {
        What::Won(won) => won.on,
        What::Invoiced { on } | What::Paid { on } | What::Cancelled { on } => *on,
        What::Withdrawn => fact.known_on,
    };
    day.is_none_or(|day| on > day)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::facts::Won;
    use super::*;

    fn won(deal: &str, on: Date, amount: i64) -> Fact {
        let (owner, splits, tags) = ("ann".to_owned(), Vec::new(), Vec::new());
        let won = Won { on, amount, owner, splits, tags, touched: Vec::new() };
        Fact { of: Counted::REVENUE, deal: deal.to_owned(), known_on: on, what: What::Won(won) }
    }

    #[test]
    fn what_is_locked_stays_and_what_differs_now_is_of_the_next_statement() {
        let (march, may) = (date(2026, 3, 1), date(2026, 5, 5));
        let locked = BTreeMap::from([(Counted::REVENUE, date(2026, 3, 31))]);
        let known_on = date(2026, 7, 15);
        let frozen = [won("same", march, 10), won("more", march, 10), won("gone", march, 10)];
        let now = vec![
            won("same", march, 10),
            won("more", march, 20),
            won("late", march, 30),
            won("new", may, 40),
        ];
        let all = since_locked(&frozen, now, &locked, known_on);
        let mut told: Vec<(&str, Date, bool)> = all
            .iter()
            .map(|fact| (fact.deal.as_str(), fact.known_on, fact.what == What::Withdrawn))
            .collect();
        told.sort();
        assert_eq!(
            told,
            [
                ("gone", march, false),
                ("gone", known_on, true),
                ("late", known_on, false),
                ("more", march, false),
                ("more", known_on, false),
                ("new", may, false),
                ("same", march, false),
            ]
        );
    }

    #[test]
    fn no_two_facts_of_a_deal_are_of_one_day() {
        let day = date(2026, 4, 20);
        let locked = BTreeMap::from([(Counted::REVENUE, day)]);
        let all = since_locked(&[won("a", day, 10)], vec![won("a", day, 20)], &locked, day);
        assert_eq!(all[1].known_on, date(2026, 4, 21));
    }

    #[test]
    fn four_eyes_approve_and_only_then_it_is_locked() {
        let step = |actor: &str| Step { actor: actor.to_owned(), at: Timestamp::UNIX_EPOCH };
        let at = Timestamp::UNIX_EPOCH;
        let mut run = Run {
            id: Uuid::nil(),
            plan: "Sales".to_owned(),
            version: 1,
            period: "2026-Q1".parse().unwrap(),
            as_of: AsOf { effective_at: at, known_at: at },
            currency: crate::money::parse_currency("USD").unwrap(),
            total: 0,
            sha256: String::new(),
            notes: Vec::new(),
            calculated: step("ann"),
            approved: None,
            locked: None,
        };
        assert!(matches!(run.may_approve("ann", 0), Err(RunError::SameEyes)));
        assert_eq!(run.may_approve("ben", 2), Err(RunError::Disputed { open: 2 }));
        assert_eq!(run.may_lock(0), Err(RunError::NotApproved));
        assert_eq!(run.may_approve("ben", 0), Ok(()));
        run.approved = Some(step("ben"));
        assert_eq!(run.may_lock(1), Err(RunError::Disputed { open: 1 }));
        assert_eq!(run.may_lock(0), Ok(()));
        run.locked = Some(step("ann"));
        assert_eq!(run.state(), State::Locked);
        assert!(run.may_approve("ben", 0).is_err() && run.may_lock(0).is_err());
    }
}
