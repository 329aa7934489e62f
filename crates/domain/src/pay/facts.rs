//! What pay is calculated from: deals with their credit, frozen, each with the day it was known.

use std::collections::HashSet;

use jiff::civil::Date;

use super::counted::Counted;
use super::exact::Rate;
use super::limits::{AMOUNT_MAX_MINOR, FACTS_MAX, SPLITS_MAX};
use super::plan::Plan;
use super::relay::Judgement;

/// Checked facts in an order of their own: in which order they came makes no difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub(super) deals: Vec<Fact>,
    pub(super) judgements: Vec<Judgement>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    pub of: Counted,
    /// The id of the deal, or of the lead or subscription that counts, in its source.
    pub deal: String,
    /// The day on which it was recorded.
    pub known_on: Date,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Won, or counted in another way, with all that was known of it then; replaces what was known
    /// before.
    Won(Won),
    /// Not won, or not counted, after all.
    Withdrawn,
    Invoiced {
        on: Date,
    },
    Paid {
        on: Date,
    },
    Cancelled {
        on: Date,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Won {
    pub on: Date,
    /// In minor units of the plan's currency, or one of what is counted.
    pub amount: i64,
    /// Nobody where it is told by touches.
    pub owner: String,
    /// Who is credited with which share; together the whole. Empty is the owner alone.
    pub splits: Vec<(String, Rate)>,
    /// Its type, its product: what measures and spiffs may ask for.
    pub tags: Vec<String>,
    /// The channels of the touches that led to it, in the order of their first touch.
    pub touched: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactError {
    #[error(
        "deal {deal}: its amount of {amount} minor units must lie between 0 and {max}; correct \
         it at its source",
        max = AMOUNT_MAX_MINOR
    )]
    Amount { deal: String, amount: i64 },
    #[error("deal {deal}: its split adds up to {sum}, not 100 %; correct the shares")]
    Split { deal: String, sum: String },
    #[error("deal {deal}: {count} people share its credit; {max} at most", max = SPLITS_MAX)]
    TooManyShares { deal: String, count: usize },
    #[error("deal {deal}: two different things were recorded of it on {on}; keep the right one")]
    Contradiction { deal: String, on: Date },
    #[error("leg {0} was judged twice; a judgement is said once, so keep the first")]
    JudgedTwice(String),
    #[error("{0} facts are too many; {max} at most", max = FACTS_MAX)]
    TooMany(usize),
}

impl Facts {
    /// # Errors
    /// When a fact cannot be, or two contradict each other.
    pub fn new(mut deals: Vec<Fact>, mut judgements: Vec<Judgement>) -> Result<Facts, FactError> {
        if deals.len() > FACTS_MAX {
            return Err(FactError::TooMany(deals.len()));
        }
        for fact in &mut deals {
            if let What::Won(won) = &mut fact.what {
                won.check(&fact.deal)?;
            }
        }
        deals.sort_unstable();
        deals.dedup();
        let contradictory = |pair: &&[Fact]| {
            (pair[0].of, &pair[0].deal) == (pair[1].of, &pair[1].deal)
                && pair[0].known_on == pair[1].known_on
                && pair[0].what.kind() == pair[1].what.kind()
        };
        if let Some(pair) = deals.windows(2).find(contradictory) {
            let Fact { deal, known_on, .. } = &pair[0];
            return Err(FactError::Contradiction { deal: deal.clone(), on: *known_on });
        }
        judgements.sort();
        judgements.dedup();
        match judgements.windows(2).find(|pair| pair[0].leg == pair[1].leg) {
            Some(pair) => Err(FactError::JudgedTwice(pair[0].leg.clone())),
            None => Ok(Facts { deals, judgements }),
        }
    }
}

impl Facts {
    /// All that is known of the records of which a plan's payees, or their teams, have any credit.
    pub(super) fn concerning(&self, plan: &Plan) -> Facts {
        let payees = &plan.terms().payees;
        let people: HashSet<&str> = payees
            .iter()
            .flat_map(|payee| payee.team.iter().chain([&payee.id]))
            .map(String::as_str)
            .collect();
        let channels: HashSet<&str> = plan.channels().into_iter().collect();
        let concerns = |fact: &Fact| match &fact.what {
            What::Won(won) => {
                people.contains(won.owner.as_str())
                    || won.splits.iter().any(|(id, _)| people.contains(id.as_str()))
                    || won.touched.iter().any(|name| channels.contains(name.as_str()))
            }
            _ => false,
        };
        let same = |one: &Fact, other: &Fact| (one.of, &one.deal) == (other.of, &other.deal);
        let records = self.deals.chunk_by(same);
        let own = records.filter(|facts| facts.iter().any(concerns)).flatten().cloned();
        Facts { deals: own.collect(), judgements: self.judgements.clone() }
    }
}

impl What {
    /// Facts of one kind replace each other.
    pub fn kind(&self) -> u8 {
        match self {
            What::Won(_) | What::Withdrawn => 0,
            What::Invoiced { .. } => 1,
            What::Paid { .. } => 2,
            What::Cancelled { .. } => 3,
        }
    }
}

impl Won {
    fn check(&mut self, deal: &str) -> Result<(), FactError> {
        let deal = || deal.to_owned();
        if !(0..=AMOUNT_MAX_MINOR).contains(&self.amount) {
            return Err(FactError::Amount { deal: deal(), amount: self.amount });
        }
        if self.splits.is_empty() {
            self.splits.push((self.owner.clone(), Rate::ONE));
        }
        if self.splits.len() > SPLITS_MAX {
            return Err(FactError::TooManyShares { deal: deal(), count: self.splits.len() });
        }
        // The order decides who gets the last minor unit, so it is theirs and not the source's.
        self.splits.sort();
        self.tags.sort();
        let sum: i64 = self.splits.iter().map(|(_, share)| share.millionths).sum();
        if sum != Rate::ONE.millionths || self.splits.iter().any(|(_, s)| s.millionths < 0) {
            let sum = Rate { millionths: sum }.percent();
            return Err(FactError::Split { deal: deal(), sum });
        }
        Ok(())
    }
}

/// A deal with all that was ever recorded of it.
#[derive(Clone, Copy)]
pub(super) struct Recorded<'f> {
    pub of: Counted,
    pub id: &'f str,
    pub facts: &'f [Fact],
}

/// The days up to which facts are seen: those on which they took effect and were recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub effective_on: Date,
    pub known_on: Date,
}

/// A deal as it stood.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) struct State<'f> {
    pub of: Counted,
    pub won: Option<&'f Won>,
    /// When the winning as it stands was recorded.
    pub known_on: Option<Date>,
    pub invoiced_on: Option<Date>,
    pub paid_on: Option<Date>,
    pub cancelled_on: Option<Date>,
}

impl Facts {
    /// The deals in the order of what they count towards and of their ids.
    pub(super) fn recorded(&self) -> Vec<Recorded<'_>> {
        let same = |one: &Fact, other: &Fact| (one.of, &one.deal) == (other.of, &other.deal);
        let groups = self.deals.chunk_by(same);
        groups.map(|facts| Recorded { of: facts[0].of, id: &facts[0].deal, facts }).collect()
    }
}

impl<'f> Recorded<'f> {
    pub fn state(&self, seen: Seen) -> State<'f> {
        let mut state = State { of: self.of, ..State::default() };
        for fact in self.facts.iter().filter(|fact| fact.known_on <= seen.known_on) {
            let took_effect = |on: Date| Some(on).filter(|on| *on <= seen.effective_on);
            match &fact.what {
                What::Won(won) => {
                    state.won = Some(won).filter(|won| won.on <= seen.effective_on);
                    state.known_on = Some(fact.known_on);
                }
                What::Withdrawn => (state.won, state.known_on) = (None, Some(fact.known_on)),
                What::Invoiced { on } => state.invoiced_on = took_effect(*on),
                What::Paid { on } => state.paid_on = took_effect(*on),
                What::Cancelled { on } => state.cancelled_on = took_effect(*on),
            }
        }
        state
    }
}
