//! What the keys cost, as far as costs say whose they are.

use std::collections::HashMap;

use domain::history::{Fact, Latest};
use domain::kind::Kind;
use domain::money::Money;
use domain::name::plain;
use domain::time::day_of;
use domain::value::Value;
use jiff::civil::Date;
use reports::attribution::By;
use uuid::Uuid;

use super::key::Keys;
use crate::context::Context;
use crate::error::Error;
use crate::world::World;

struct Cost {
    channel: Option<String>,
    campaign: Option<Uuid>,
    team: Option<Uuid>,
    amount: Money,
}

/// The costs of some days by key; `None` of keys that no cost names.
pub async fn by_key(
    context: &Context,
    world: &World,
    by: By,
    days: (Option<Date>, Option<Date>),
    keys: &Keys,
) -> Result<Vec<Option<Money>>, Error> {
    let currency = context.company.currency;
    let costs = match by {
        By::Person => Vec::new(),
        _ => costs(context, world, days).await?,
    };
    let named = match by {
        By::Team => context.store.names(Kind::Teams).await?.into_iter().collect(),
        _ => campaigns(world, by).await?,
    };
    let mut sums: HashMap<String, i64> = HashMap::new();
    for cost in costs.iter().filter(|cost| cost.amount.currency == currency) {
        let of = |id: Option<Uuid>| id.and_then(|id| named.get(&id).cloned());
        let name = match by {
            By::Channel => cost.channel.clone().or_else(|| of(cost.campaign)),
            By::Campaign => of(cost.campaign),
            _ => of(cost.team),
        };
        if let Some(name) = name {
            let sum = sums.entry(plain(&name)).or_default();
            *sum = sum.saturating_add(cost.amount.minor);
        }
    }
    let of_key =
        |name: &String| sums.get(&plain(name)).map(|minor| Money { minor: *minor, currency });
    Ok(keys.names.iter().map(of_key).collect())
}

async fn costs(
    context: &Context,
    world: &World,
    (from, to): (Option<Date>, Option<Date>),
) -> Result<Vec<Cost>, Error> {
    let zone = &context.company.timezone;
    let cost = |_, facts: &[Fact]| {
        let last = Latest(facts);
        let day = day_of(last.instant("created_at")?, zone);
        let reference = |field: &str| last.get(field).and_then(Value::as_reference);
        let counts = from.is_none_or(|from| day >= from) && to.is_none_or(|to| day <= to);
        counts.then_some(Cost {
            channel: last.text("channel").map(str::to_owned),
            campaign: reference("campaign"),
            team: reference("team"),
            amount: last.get("amount").and_then(Value::as_money)?,
        })
    };
    Ok(world.tables.records(Kind::Costs, cost).await?.records)
}

/// The names of campaigns, or the channels of them.
async fn campaigns(world: &World, by: By) -> Result<HashMap<Uuid, String>, Error> {
    let campaign = |id: Uuid, facts: &[Fact]| {
        let last = Latest(facts);
        let name = match by {
            By::Channel => last.text("channel")?,
            _ => last.text("name").or_else(|| last.text("external_id"))?,
        };
        Some((id, name.to_owned()))
    };
    Ok(world.tables.records(Kind::Campaigns, campaign).await?.records.into_iter().collect())
}
