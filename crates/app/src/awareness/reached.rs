//! How far people have come: the furthest that any of their leads or purchases tells of.

use std::collections::HashMap;

use domain::history::{Fact, Latest};
use domain::kind::Kind;
use domain::lifecycle::{Lifecycle, stays};
use domain::stage::{Outcome, Stages};
use domain::value::Value;
use jiff::tz::TimeZone;
use reports::awareness::Reached;
use uuid::Uuid;

use crate::error::Error;
use crate::world::World;

/// People, each as often as something is known of them, with what that is.
pub async fn by_person(world: &World, zone: &TimeZone) -> Result<Vec<(Uuid, Reached)>, Error> {
    let outcomes: HashMap<Uuid, Outcome> =
        world.deals.iter().map(|deal| (deal.id, deal.outcome)).collect();
    let of_lead = |_, facts: &[Fact]| {
        let last = Latest(facts);
        let reference = |field: &str| last.get(field).and_then(Value::as_reference);
        let deal = reference("deal").and_then(|deal| outcomes.get(&deal));
        let reached = match deal {
            Some(Outcome::Won) => Reached::Win,
            Some(_) => Reached::Opportunity,
            None => by_stage(facts, &world.lead_stages, zone),
        };
        Some((reference("person")?, reached))
    };
    let of_purchase = |_, facts: &[Fact]| {
        let person = Latest(facts).get("person").and_then(Value::as_reference)?;
        Some((person, Reached::Win))
    };
    let mut found = world.tables.records(Kind::Leads, of_lead).await?.records;
    found.extend(world.tables.records(Kind::Purchases, of_purchase).await?.records);
    Ok(found)
}

/// How far a lead came that no deal is known of.
fn by_stage(facts: &[Fact], stages: &Stages, zone: &TimeZone) -> Reached {
    let stays = stays(facts, stages, zone);
    if stays.iter().any(|stay| stay.outcome == Outcome::Won) {
        return Reached::Win;
    }
    match stays.iter().any(|stay| Lifecycle::of_stage(&stay.stage).is_some()) {
        true => Reached::Mql,
        false => Reached::Lead,
    }
}
