//! What looks wrong in a record's own history. An import looks at what a file tells, a check at
//! what is known.

use domain::history::{Fact, Observation, Values, instant, state_at};
use domain::kind::Kind;
use domain::money::Currency;
use domain::stage::{Outcome, Stages};
use domain::value::Value;
use jiff::Timestamp;

use super::findings::{Findings, Rule};

/// A record of which a file tells.
pub struct Look<'a> {
    pub kind: Kind,
    /// What findings call it.
    pub name: String,
    pub stages: &'a Stages,
    pub currency: Currency,
    /// When the file was taken.
    pub observed_at: Timestamp,
    /// Whether the file dates the record's creation.
    pub tells_creation: bool,
    /// Whether the file is one of records of the kind, and not of their changes.
    pub is_own_file: bool,
}

impl Look<'_> {
    /// Looks at the whole history of the record.
    pub fn at(&self, facts: &[Fact], findings: &mut Findings) {
        let state = state_at(facts, Timestamp::MAX);
        if ends_before_it_starts(&state) {
            findings.add(Rule::EndsBeforeItStarts, || self.subject());
        }
        if self.kind.has_stages() {
            self.at_stages(facts, &state, findings);
        }
    }

    fn at_stages(&self, facts: &[Fact], state: &Values, findings: &mut Findings) {
        let stage = value(state, "stage").and_then(Value::as_text);
        let outcome = stage.and_then(|stage| self.stages.outcome(stage));
        if let Some(stage) = stage.filter(|_| outcome.is_none()) {
            findings.add(Rule::UnknownStage, || format!("{} ({stage})", self.subject()));
        }
        let Some(created_at) = instant(state, "created_at") else { return };
        let early = |fact: &Fact| {
            matches!(fact.field, "stage" | "closed_at") && fact.effective_at < created_at
        };
        if facts.iter().any(early) {
            findings.add(Rule::ClosedBeforeCreated, || self.subject());
        } else if self.tells_creation && created_at > self.observed_at {
            findings.add(Rule::CreatedLaterThanSeen, || self.subject());
        } else if !self.tells_creation && self.is_own_file {
            findings.add(Rule::NoCreationDate, || self.subject());
        }
        if self.kind == Kind::Deals && self.is_own_file {
            self.at_closing(state, outcome, findings);
        }
    }

    fn at_closing(&self, state: &Values, outcome: Option<Outcome>, findings: &mut Findings) {
        let Some(outcome) = outcome.filter(|outcome| *outcome != Outcome::Open) else { return };
        if lacks_closing_date(state) {
            findings.add(Rule::ClosedWithoutDate, || self.subject());
        }
        let is_won = outcome == Outcome::Won;
        match value(state, "amount").and_then(Value::as_money) {
            None if is_won => findings.add(Rule::WonWithoutAmount, || self.subject()),
            Some(amount) if is_won && amount.minor == 0 => {
                findings.add(Rule::WonWithoutAmount, || self.subject());
            }
            Some(amount) if amount.currency != self.currency => {
                findings.add(Rule::OtherCurrency, || self.subject());
            }
            _ => {}
        }
    }

    fn subject(&self) -> String {
        format!("{}:{}", self.kind, self.name)
    }
}

/// Whether the values of a closed record do not say when it was closed.
pub fn lacks_closing_date(values: &Values) -> bool {
    value(values, "closed_at").is_none()
}

/// Whether the values of a record say that it ends before it starts.
pub fn ends_before_it_starts(values: &Values) -> bool {
    let day = |field: &str| match value(values, field) {
        Some(Value::Date(day)) => Some(*day),
        _ => None,
    };
    let spans = [("started_on", "ended_on"), ("starts_on", "ends_on")];
    spans.iter().any(|(start, end)| day(start).zip(day(end)).is_some_and(|(from, to)| to < from))
}

/// When a record came to be, where an export says so.
pub fn told_creation(seen: &Observation) -> Option<Timestamp> {
    instant(&seen.values, "created_at")
}

fn value<'a>(values: &'a Values, field: &str) -> Option<&'a Value> {
    values.get(field).and_then(Option::as_ref)
}
