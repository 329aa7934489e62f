//! Leads that count on the day on which they first got somewhere, for who had them then.

use std::collections::{BTreeMap, HashMap};

use domain::history::{Fact as Told, Latest, value_at};
use domain::kind::Kind;
use domain::lifecycle::{Lifecycle, stays};
use domain::pay::counted::{Counted, Metric};
use domain::pay::facts::{Fact, What, Won};
use domain::value::Value;
use uuid::Uuid;

use super::Found;
use crate::context::Context;
use crate::error::Error;
use crate::world::World;

/// The leads that count towards a metric, each on its first day in such a stage. An accepted one
/// is of who accepted it, where it was handed over here; any other of its owner at that moment.
pub(super) async fn of_leads(
    context: &Context,
    world: &World,
    metric: Metric,
    products: &BTreeMap<Uuid, String>,
) -> Result<Vec<Found>, Error> {
    let accepted = accepted_by(context, metric).await?;
    let (stages, zone) = (&world.lead_stages, &context.company.timezone);
    let lead = |id: Uuid, facts: &[Told]| {
        let last = Latest(facts);
        if last.get("deleted") == Some(&Value::Boolean(true)) {
            return None;
        }
        last.instant("created_at")?;
        let stays = stays(facts, stages, zone);
        let counts = |stage: &str| Lifecycle::of_stage(stage).is_some_and(|it| is_of(metric, it));
        let stay =
            stays.iter().filter(|stay| counts(&stay.stage)).min_by_key(|it| it.entered_on)?;
        let then = value_at(facts, "owner", stay.entered_at);
        let owner = then.as_ref().and_then(Value::as_reference);
        let owner = accepted.get(&id).copied().or(owner);
        let product = last.get("product").and_then(Value::as_reference);
        let product = product.and_then(|product| products.get(&product)).cloned();
        let won = Won {
            on: stay.entered_on,
            amount: 1,
            owner: owner.map(|owner| owner.to_string()).unwrap_or_default(),
            splits: Vec::new(),
            tags: last.text("source").map(str::to_owned).into_iter().chain(product).collect(),
            touched: Vec::new(),
        };
        let fact = Fact {
            of: Counted { metric, by_touch: false },
            deal: last.text("external_id").map_or_else(|| id.to_string(), str::to_owned),
            known_on: won.on,
            what: What::Won(won),
        };
        Some(Found { record: id, owner, facts: vec![fact] })
    };
    Ok(world.tables.records(Kind::Leads, lead).await?.records)
}

/// As the metrics of the catalogue have it: who qualifies a lead has accepted it.
fn is_of(metric: Metric, lifecycle: Lifecycle) -> bool {
    match metric {
        Metric::Mqls => lifecycle == Lifecycle::Mql,
        Metric::HandOffsAccepted => matches!(lifecycle, Lifecycle::Sal | Lifecycle::Sql),
        _ => lifecycle == Lifecycle::Sql,
    }
}

/// Who first accepted each lead that was handed over here.
async fn accepted_by(context: &Context, metric: Metric) -> Result<HashMap<Uuid, Uuid>, Error> {
    let mut accepted = HashMap::new();
    if metric == Metric::HandOffsAccepted {
        for handoff in context.store.handoffs().await? {
            if let (Some(_), Some(owner)) = (handoff.accepted_at, handoff.owner) {
                accepted.entry(handoff.lead).or_insert(owner);
            }
        }
    }
    Ok(accepted)
}
