//! What leads and deals share: the stays in stages by which they go through their lifecycle.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::history::{Fact, Values};
use crate::name::plain;
use crate::stage::{Outcome, Stages, outcome_by_name};
use crate::time::day_of;
use crate::value::Value;

/// The entry into a stage; it lasts until the next stay, or to the as-of moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Stay {
    pub stage: String,
    pub outcome: Outcome,
    pub entered_at: Timestamp,
    pub entered_on: Date,
}

/// The stays that facts in order of time tell of.
pub fn stays(facts: &[Fact], stages: &Stages, zone: &TimeZone) -> Vec<Stay> {
    let mut stays: Vec<Stay> = Vec::new();
    for fact in facts.iter().filter(|fact| fact.field == "stage") {
        let Some(stage) = fact.value.as_ref().and_then(Value::as_text) else { continue };
        // A later entry at the same instant overlays the earlier one.
        if stays.last().is_some_and(|last| last.entered_at == fact.effective_at) {
            stays.pop();
        }
        if stays.last().is_some_and(|last| last.stage == stage) {
            continue;
        }
        stays.push(Stay {
            stage: stage.to_owned(),
            outcome: outcome_of(Some(stage), stages),
            entered_at: fact.effective_at,
            entered_on: day_of(fact.effective_at, zone),
        });
    }
    stays
}

/// What a stage means: as the company says, else as its name tells, else open.
pub fn outcome_of(stage: Option<&str>, stages: &Stages) -> Outcome {
    let Some(stage) = stage else { return Outcome::Open };
    stages.outcome(stage).or_else(|| outcome_by_name(stage)).unwrap_or(Outcome::Open)
}

/// Whether something was closed before it was created.
pub fn contradictory(created_at: Timestamp, closed_at: Option<Timestamp>, stays: &[Stay]) -> bool {
    let before = |at: Timestamp| at < created_at;
    closed_at.is_some_and(before) || stays.iter().any(|stay| before(stay.entered_at))
}

pub fn text(state: &Values, field: &str) -> Option<String> {
    Some(state.get(field)?.as_ref()?.as_text()?.to_owned())
}

pub fn reference(state: &Values, field: &str) -> Option<Uuid> {
    state.get(field)?.as_ref()?.as_reference()
}

/// Whether a stage lies beside the way from first contact to winning, by its name: who is in it has
/// neither gone on nor been lost.
pub fn is_beside_the_way(stage: &str) -> bool {
    ["recycled", "nurture", "onhold", "parked", "other"].contains(&plain(stage).as_str())
}

/// A lead's place in the hand-off from marketing to sales, whatever a company calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// Marketing qualified: shows intent and fits the market.
    Mql,
    /// Sales accepted: sales agreed to work on it.
    Sal,
    /// Sales qualified: a seller found it to be a good fit.
    Sql,
}

impl Lifecycle {
    pub fn name(self) -> &'static str {
        match self {
            Lifecycle::Mql => "mql",
            Lifecycle::Sal => "sal",
            Lifecycle::Sql => "sql",
        }
    }

    /// What a stage's name tells by itself; most names tell nothing.
    pub fn of_stage(name: &str) -> Option<Lifecycle> {
        match plain(name).as_str() {
            "mql" | "mqls" | "marketingqualified" | "marketingqualifiedlead" => {
                Some(Lifecycle::Mql)
            }
            "sal" | "sals" | "salesaccepted" | "salesacceptedlead" | "accepted" => {
                Some(Lifecycle::Sal)
            }
            "sql" | "sqls" | "salesqualified" | "salesqualifiedlead" => Some(Lifecycle::Sql),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_found_by_what_companies_call_them() {
        for (name, lifecycle) in [
            ("MQL", Some(Lifecycle::Mql)),
            ("Marketing Qualified Lead", Some(Lifecycle::Mql)),
            ("marketingqualifiedlead", Some(Lifecycle::Mql)),
            ("Sales-Accepted", Some(Lifecycle::Sal)),
            ("salesqualifiedlead", Some(Lifecycle::Sql)),
            ("Qualification", None),
        ] {
            assert_eq!(Lifecycle::of_stage(name), lifecycle, "{name}");
        }
    }
}
