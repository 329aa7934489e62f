//! A lead as it stood at an as-of pair, with the way that it had come by then.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::history::{Fact, Latest};
use crate::lifecycle::{Stay, contradictory, outcome_of, stays};
use crate::stage::{Outcome, Stages};
use crate::time::day_of;
use crate::value::Value;

#[derive(Clone, Debug, PartialEq)]
pub struct Lead {
    pub id: Uuid,
    /// The id by which the source knows it; with `created_at` it fixes the order of leads.
    pub external_id: String,
    pub created_at: Timestamp,
    /// The day in the company's zone.
    pub created_on: Date,
    pub stage: Option<String>,
    pub outcome: Outcome,
    pub source: Option<String>,
    pub campaign: Option<Uuid>,
    pub owner: Option<Uuid>,
    pub deal: Option<Uuid>,
    /// The stages that it has been in by then, in order of time.
    pub stays: Vec<Stay>,
    /// Whether its dates contradict one another (won before first contact): it is shown, and left
    /// out of every rate and curve that it would falsify.
    pub contradictory: bool,
}

impl Lead {
    /// The lead that facts in order of time amount to, or `None` where they do not make one: the
    /// source had deleted it, or it was not yet created.
    pub fn of_facts(id: Uuid, facts: &[Fact], stages: &Stages, zone: &TimeZone) -> Option<Lead> {
        let last = Latest(facts);
        if last.get("deleted") == Some(&Value::Boolean(true)) {
            return None;
        }
        let created_at = last.instant("created_at")?;
        let text = |field: &str| last.text(field).map(str::to_owned);
        let reference = |field: &str| last.get(field).and_then(Value::as_reference);
        let stays = stays(facts, stages, zone);
        let stage = text("stage");
        Some(Lead {
            id,
            external_id: text("external_id").unwrap_or_else(|| id.to_string()),
            created_at,
            created_on: day_of(created_at, zone),
            outcome: outcome_of(stage.as_deref(), stages),
            stage,
            source: text("source"),
            campaign: reference("campaign"),
            owner: reference("owner"),
            deal: reference("deal"),
            contradictory: contradictory(created_at, last.instant("closed_at"), &stays),
            stays,
        })
    }
}
