//! What leads and deals share: the stays in stages by which they go through their lifecycle.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::history::{Fact, Values};
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

pub fn instant(state: &Values, field: &str) -> Option<Timestamp> {
    state.get(field)?.as_ref()?.as_instant()
}

pub fn text(state: &Values, field: &str) -> Option<String> {
    Some(state.get(field)?.as_ref()?.as_text()?.to_owned())
}

pub fn reference(state: &Values, field: &str) -> Option<Uuid> {
    state.get(field)?.as_ref()?.as_reference()
}
