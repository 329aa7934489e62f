//! From what exports said to what was true when.
//!
//! An export is an *observation*: it says what a record looked like on the day it was taken. A
//! history file carries *dated rows*: what the source itself says happened, and when. `derive`
//! turns all of them into facts with effective times. It is a pure function of the set of
//! observations, so that dated exports loaded in any order give the same history.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::kind::{Field, Kind, TakesEffect};
use crate::master::leading;
use crate::stage::Stages;
use crate::value::Value;

/// The values of one record by field name. `None` says that the source had the field, empty.
pub type Values = BTreeMap<&'static str, Option<Value>>;

/// What one export said of one record.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// When the export was taken.
    pub observed_at: Timestamp,
    /// When the source last changed the record, where the export tells.
    pub modified_at: Option<Timestamp>,
    pub values: Values,
}

/// One row of a source's own history: these fields had these values from then on.
#[derive(Clone, Debug, PartialEq)]
pub struct DatedRow {
    pub changed_at: Timestamp,
    pub values: Values,
}

/// One fact: from `effective_at` on, the field had this value, until the next fact of the field.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    pub field: &'static str,
    pub effective_at: Timestamp,
    pub value: Option<Value>,
}

/// The facts that the observations and dated rows of one record amount to, sorted by effective
/// time, then by field. Neither slice needs to be sorted.
pub fn derive(
    kind: Kind,
    stages: &Stages,
    observations: &[Observation],
    dated: &[DatedRow],
) -> Vec<Fact> {
    let mut observations: Vec<&Observation> = observations.iter().collect();
    observations.sort_by_key(|observation| observation.observed_at);
    let mut dated: Vec<&DatedRow> = dated.iter().collect();
    dated.sort_by_key(|row| row.changed_at);
    let Some(created) = creation(kind, &observations, &dated) else { return Vec::new() };
    let record = Record { stages, created, observations: &observations, dated: &dated };
    let mut facts: Vec<Fact> =
        kind.fields().iter().flat_map(|field| record.facts_of(field)).collect();
    facts.sort_by(|a, b| (a.effective_at, a.field).cmp(&(b.effective_at, b.field)));
    facts
}

/// The state that facts amount to at an instant: for each field, the latest fact by then. Facts
/// of one field at one instant count in the order in which they stand, the last one holding.
pub fn state_at<'a>(facts: impl IntoIterator<Item = &'a Fact>, at: Timestamp) -> Values {
    let mut latest: BTreeMap<&'static str, (Timestamp, &Option<Value>)> = BTreeMap::new();
    for fact in facts.into_iter().filter(|fact| fact.effective_at <= at) {
        let newer = latest.get(fact.field).is_none_or(|(since, _)| *since <= fact.effective_at);
        if newer {
            latest.insert(fact.field, (fact.effective_at, &fact.value));
        }
    }
    latest.into_iter().map(|(field, (_, value))| (field, value.clone())).collect()
}

/// The last word on each field of facts in order of time. Nothing is copied.
#[derive(Clone, Copy, Debug)]
pub struct Latest<'a>(pub &'a [Fact]);

impl<'a> Latest<'a> {
    pub fn get(self, field: &str) -> Option<&'a Value> {
        self.0.iter().rfind(|fact| fact.field == field)?.value.as_ref()
    }

    pub fn text(self, field: &str) -> Option<&'a str> {
        self.get(field)?.as_text()
    }

    pub fn instant(self, field: &str) -> Option<Timestamp> {
        self.get(field)?.as_instant()
    }
}

/// What facts say of one field at an instant, as [`state_at`] does of all.
pub fn value_at(facts: &[Fact], field: &str, at: Timestamp) -> Option<Value> {
    let by_then = facts.iter().filter(|fact| fact.field == field && fact.effective_at <= at);
    // Of several that are the latest it is the last one.
    by_then.max_by_key(|fact| fact.effective_at)?.value.clone()
}

/// The facts to append so that a journal which holds `before`, in the order in which it holds
/// them, amounts to `after`.
///
/// Nothing is taken out of a journal: a fact that no longer holds is overlaid, at its own time,
/// by what holds then according to `after`.
pub fn amend(before: &[Fact], after: &[Fact]) -> Vec<Fact> {
    let same_slot = |a: &Fact, b: &Fact| a.field == b.field && a.effective_at == b.effective_at;
    let mut appended: Vec<Fact> = after
        .iter()
        .filter(|fact| last_in_slot(before, fact.field, fact.effective_at) != Some(&fact.value))
        .cloned()
        .collect();
    let is_last = |(place, old): &(usize, &Fact)| {
        !before[place + 1..].iter().any(|later| same_slot(later, old))
    };
    let lasting = before.iter().enumerate().filter(is_last).map(|(_, old)| old);
    for stale in lasting.filter(|old| !after.iter().any(|new| same_slot(new, old))) {
        let holds = value_at(after, stale.field, stale.effective_at);
        let overlay = Fact { value: holds, ..stale.clone() };
        if overlay.value != stale.value && !appended.contains(&overlay) {
            appended.push(overlay);
        }
    }
    appended.sort_by(|a, b| (a.effective_at, a.field).cmp(&(b.effective_at, b.field)));
    appended
}

/// A history in which edits hold, and what sources said against them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edited {
    pub facts: Vec<Fact>,
    /// The last word of the sources on each field where it is newer than an edit and another.
    pub overruled: Vec<Fact>,
}

/// Lays edits over what sources say: from the first edit of a field on, only edits of it count.
/// Both slices are in order of time, the edits of one instant in the order in which they were made.
pub fn with_edits(derived: Vec<Fact>, edits: &[Fact]) -> Edited {
    let first = |field: &str| edits.iter().find(|edit| edit.field == field);
    let is_later = |fact: &Fact| {
        first(leading(fact.field)).is_some_and(|edit| edit.effective_at <= fact.effective_at)
    };
    let (later, mut facts): (Vec<Fact>, Vec<Fact>) = derived.into_iter().partition(is_later);
    let holding: BTreeMap<(Timestamp, &str), &Fact> =
        edits.iter().map(|edit| ((edit.effective_at, edit.field), edit)).collect();
    facts.extend(holding.into_values().cloned());
    facts.sort_by(|a, b| (a.effective_at, a.field).cmp(&(b.effective_at, b.field)));
    let last = |field: &str| edits.iter().rev().find(|edit| edit.field == field);
    let said: BTreeMap<&str, Fact> = later.into_iter().map(|fact| (fact.field, fact)).collect();
    let contradicts = |fact: &Fact| last(fact.field).is_some_and(|edit| edit.value != fact.value);
    Edited { facts, overruled: said.into_values().filter(contradicts).collect() }
}

struct Record<'a> {
    stages: &'a Stages,
    created: Created,
    observations: &'a [&'a Observation],
    dated: &'a [&'a DatedRow],
}

/// The values of one field in order of time, each holding until the next.
type Timeline = Vec<(Timestamp, Option<Value>)>;

/// An observation in its place among the others.
struct Seen<'a> {
    observation: &'a Observation,
    /// When the record was seen before.
    previous: Option<Timestamp>,
    /// The end of the source's own history of the field, where that lies before the observation.
    history_ends: Option<Timestamp>,
}

#[derive(Clone, Copy)]
struct Created {
    at: Timestamp,
    /// Whether the source told the time, or it is merely when the record was first seen.
    told: bool,
}

/// What holds since before anyone remembers takes effect here.
pub const BEGINNING: Timestamp = Timestamp::UNIX_EPOCH;

fn creation(kind: Kind, observations: &[&Observation], dated: &[&DatedRow]) -> Option<Created> {
    let told = observations.iter().rev().find_map(|observation| begun(kind, &observation.values));
    let first_row = dated.first().map(|row| row.changed_at);
    let first_seen = observations.first().map(|observation| observation.observed_at);
    match told {
        Some(at) => Some(Created { at, told: true }),
        None if kind.is_timeless() => {
            first_row.or(first_seen).map(|_| Created { at: BEGINNING, told: false })
        }
        None => first_row
            .map(|at| Created { at, told: true })
            .or(first_seen.map(|at| Created { at, told: false })),
    }
}

/// When a record says that it began. A subscription begins on its first day.
fn begun(kind: Kind, values: &Values) -> Option<Timestamp> {
    let started = || match kind {
        Kind::Subscriptions => noon(values, "started_on"),
        _ => None,
    };
    instant(values, "created_at").or_else(started)
}

/// Noon of a day in UTC, which is on that day in nearly every zone.
fn noon(values: &Values, field: &str) -> Option<Timestamp> {
    let Value::Date(day) = values.get(field)?.as_ref()? else { return None };
    day.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).ok().map(|noon| noon.timestamp())
}

impl Record<'_> {
    fn facts_of(&self, field: &'static Field) -> Vec<Fact> {
        if field.name == "created_at" {
            let value = Some(Value::Instant(self.created.at));
            return vec![Fact { field: field.name, effective_at: self.created.at, value }];
        }
        if field.name == "deleted" {
            return self.deletions(field);
        }
        let dated = self.dated_timeline(field);
        let covered = dated.first().map(|first| first.0).zip(dated.last().map(|last| last.0));
        let mut timeline = self.beginning(field, covered.map(|(first, _)| first));
        let mut previous = None;
        for observation in self.observations {
            let at = observation.observed_at;
            if covered.is_none_or(|(first, _)| at < first) {
                let seen = Seen { observation, previous, history_ends: None };
                self.overlay(field, &mut timeline, &seen);
            }
            previous = Some(at);
        }
        if let Some((first, last)) = covered {
            timeline.retain(|(at, _)| *at < first);
            timeline.extend(dated);
            let mut previous = None;
            for observation in self.observations.iter().filter(|seen| seen.observed_at > last) {
                let seen = Seen { observation, previous, history_ends: Some(last) };
                self.overlay(field, &mut timeline, &seen);
                previous = Some(observation.observed_at);
            }
            timeline.dedup_by(|later, earlier| later.1 == earlier.1);
        }
        let fact = |(effective_at, value)| Fact { field: field.name, effective_at, value };
        timeline.into_iter().map(fact).collect()
    }

    /// A record that an export shows is there; it is deleted from the export on that says so.
    fn deletions(&self, field: &'static Field) -> Vec<Fact> {
        let mut facts: Vec<Fact> = Vec::new();
        let mut deleted = false;
        for observation in self.observations {
            let told = observation.values.get(field.name);
            let now = told == Some(&Some(Value::Boolean(true)));
            if now != deleted {
                let (effective_at, value) = (observation.observed_at, Some(Value::Boolean(now)));
                facts.push(Fact { field: field.name, effective_at, value });
            }
            deleted = now;
        }
        facts
    }

    fn dated_timeline(&self, field: &Field) -> Timeline {
        let mut timeline = Timeline::new();
        for row in self.dated {
            let Some(value) = row.values.get(field.name) else { continue };
            if timeline.last().is_none_or(|(_, last)| last != value) {
                timeline.push((row.changed_at, value.clone()));
            }
        }
        timeline
    }

    /// A record whose creation is dated begins in the entry stage, unless its history says else.
    fn beginning(&self, field: &Field, history_begins: Option<Timestamp>) -> Timeline {
        let entry = self.stages.entry.as_ref().filter(|_| field.name == "stage");
        let dated_from_creation = history_begins.is_some_and(|at| at <= self.created.at);
        match entry {
            Some(entry) if self.created.told && !dated_from_creation => {
                vec![(self.created.at, Some(Value::Text(entry.clone())))]
            }
            _ => Timeline::new(),
        }
    }

    /// Lays what an observation says over the timeline: later knowledge overrules earlier.
    fn overlay(&self, field: &Field, timeline: &mut Timeline, seen: &Seen) {
        let Some(value) = seen.observation.values.get(field.name) else { return };
        let unchanged = timeline.last().is_some_and(|(_, last)| last == value);
        let never_filled = timeline.is_empty() && value.is_none();
        if unchanged || never_filled {
            return;
        }
        let mut effective_at = self.effective_at(field, seen, timeline.is_empty());
        if let Some(end) = seen.history_ends.filter(|end| effective_at <= *end) {
            effective_at = end + SignedDuration::from_micros(1);
        }
        timeline.retain(|(at, _)| *at < effective_at);
        if timeline.last().is_none_or(|(_, last)| last != value) {
            timeline.push((effective_at, value.clone()));
        }
    }

    /// The source's own time where it has one, else the time at which the value was first seen.
    fn effective_at(&self, field: &Field, seen: &Seen, first: bool) -> Timestamp {
        let Seen { observation, previous, .. } = *seen;
        let at_closing = matches!(field.name, "stage" | "amount" | "expected_close_on")
            || field.takes_effect == TakesEffect::AtClosing;
        if let Some(closed_at) = self.closing(observation).filter(|_| at_closing) {
            return closed_at;
        }
        // That a subscription ended is true from its last day on; an end to come, once it is seen.
        let ended = noon(&observation.values, "ended_on");
        let at_the_end = matches!(field.name, "ended_on" | "status");
        if let Some(ended) = ended.filter(|at| at_the_end && *at <= observation.observed_at) {
            return ended.max(self.created.at);
        }
        let entered = instant(&observation.values, "stage_entered_at");
        if let Some(entered) = entered.filter(|_| field.name == "stage") {
            return entered;
        }
        if first && field.takes_effect == TakesEffect::AtCreation {
            return self.created.at;
        }
        let told = observation.modified_at.filter(|modified| {
            *modified <= observation.observed_at && previous.is_none_or(|seen| seen < *modified)
        });
        told.unwrap_or(observation.observed_at).max(self.created.at.min(observation.observed_at))
    }

    /// When the record was closed, where the observation saw it closed and dated.
    fn closing(&self, observation: &Observation) -> Option<Timestamp> {
        let stage = observation.values.get("stage").and_then(Option::as_ref);
        let closed = match stage.and_then(Value::as_text) {
            Some(stage) => self.stages.is_closed(stage),
            None => true,
        };
        instant(&observation.values, "closed_at").filter(|_| closed)
    }
}

/// The instant that a field holds, if it holds one.
pub fn instant(values: &Values, field: &str) -> Option<Timestamp> {
    values.get(field)?.as_ref()?.as_instant()
}

fn last_in_slot<'a>(
    facts: &'a [Fact],
    field: &str,
    effective_at: Timestamp,
) -> Option<&'a Option<Value>> {
    facts
        .iter()
        .rev()
        .find(|fact| fact.field == field && fact.effective_at == effective_at)
        .map(|fact| &fact.value)
}

#[cfg(test)]
mod tests;
