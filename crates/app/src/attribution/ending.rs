//! What journeys end in: wins, opportunities, MQLs and purchases, with who converted.

use std::collections::HashMap;

use domain::history::{Fact, Latest};
use domain::kind::Kind;
use domain::lifecycle::{Lifecycle, stays};
use domain::stage::Outcome;
use domain::time::{day_of, end_of_day, start_of_day};
use domain::value::Value;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use lake::journeys::Converter;
use lake::tables::Deal;
use reports::attribution::Conversions;
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;
use crate::world::World;

/// A conversion. Instants are microseconds since 1970, the value is in minor units.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    /// The deal, lead or purchase.
    pub record: Uuid,
    pub converter: Converter,
    pub at: i64,
    pub value: i64,
    pub lead_at: Option<i64>,
    pub opportunity_at: Option<i64>,
}

/// All conversions of a kind, in order of time.
pub struct Endings {
    pub kind: Conversions,
    pub all: Vec<Ending>,
    /// How many have no value, or one in another currency: they count for nothing but themselves.
    pub without_value: usize,
}

impl Endings {
    /// Those of the kind that is asked for, or of the first kind that there is any of.
    pub async fn find(
        context: &Context,
        world: &World,
        asked: Option<Conversions>,
    ) -> Result<Endings, Error> {
        let kinds = asked.map_or(Conversions::ALL.to_vec(), |kind| vec![kind]);
        for kind in &kinds {
            let found = Endings::of(context, world, *kind).await?;
            if !found.all.is_empty() {
                return Ok(found);
            }
        }
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        Err(Error::Input(format!(
            "no {} are known by {}: import some, or choose a later day",
            names.join(", "),
            world.as_of
        )))
    }

    /// Those of a kind, be there any or none.
    pub async fn of(context: &Context, world: &World, kind: Conversions) -> Result<Endings, Error> {
        let zone = &context.company.timezone;
        let all = match kind {
            Conversions::Wins | Conversions::Opportunities => of_deals(world, kind, zone).await?,
            Conversions::Mqls => of_leads(world, zone).await?,
            Conversions::Purchases => of_purchases(context, world).await?,
        };
        let without_value = match kind {
            Conversions::Mqls => 0,
            _ => all.iter().filter(|(_, value)| value.is_none()).count(),
        };
        let all = all.into_iter().map(|(ending, value)| Ending {
            at: end_of_bare_day(ending.at, zone),
            value: value.unwrap_or(0),
            ..ending
        });
        let mut all: Vec<Ending> = all.collect();
        all.sort_by_key(|ending| ending.at);
        Ok(Endings { kind, all, without_value })
    }

    pub fn converters(&self) -> Vec<Converter> {
        self.all.iter().map(|ending| ending.converter).collect()
    }
}

/// A source that tells a day and no time means all of that day: the touches of the day count.
fn end_of_bare_day(at: i64, zone: &TimeZone) -> i64 {
    let Ok(instant) = Timestamp::from_microsecond(at) else { return at };
    let day = day_of(instant, zone);
    if start_of_day(day, zone) == instant { end_of_day(day, zone).as_microsecond() } else { at }
}

type Valued = (Ending, Option<i64>);

/// A lead as far as journeys go through it.
struct Lead {
    id: Uuid,
    created_at: i64,
    mql_at: Option<i64>,
    person: Option<Uuid>,
    account: Option<Uuid>,
    deal: Option<Uuid>,
}

impl Lead {
    fn converter(&self) -> Converter {
        match (self.person, self.account) {
            (Some(person), _) => Converter::Person(person),
            (None, Some(account)) => Converter::Account(account),
            (None, None) => Converter::Nobody,
        }
    }
}

async fn leads(world: &World, zone: &TimeZone) -> Result<Vec<Lead>, Error> {
    let stages = &world.lead_stages;
    let lead = |id, facts: &[Fact]| {
        let last = Latest(facts);
        let reference = |field: &str| last.get(field).and_then(Value::as_reference);
        let stays = stays(facts, stages, zone);
        let mql =
            stays.iter().find(|stay| Lifecycle::of_stage(&stay.stage) == Some(Lifecycle::Mql));
        Some(Lead {
            id,
            created_at: last.instant("created_at")?.as_microsecond(),
            mql_at: mql.map(|stay| stay.entered_at.as_microsecond()),
            person: reference("person"),
            account: reference("account"),
            deal: reference("deal"),
        })
    };
    Ok(world.tables.records(Kind::Leads, lead).await?.records)
}

/// When deals were won, or opportunities made: with the account's people, else the lead's person.
async fn of_deals(world: &World, kind: Conversions, zone: &TimeZone) -> Result<Vec<Valued>, Error> {
    let leads = leads(world, zone).await?;
    let mut of_deal: HashMap<Uuid, &Lead> = HashMap::new();
    let by_id: HashMap<Uuid, &Lead> = leads.iter().map(|lead| (lead.id, lead)).collect();
    for lead in &leads {
        if let Some(deal) = lead.deal {
            of_deal.entry(deal).or_insert(lead);
        }
    }
    let ending = |deal: &Deal| {
        let lead = deal.lead.and_then(|id| by_id.get(&id)).or(of_deal.get(&deal.id));
        let won_at = deal.closed_at.filter(|_| deal.outcome == Outcome::Won);
        let at = match kind {
            Conversions::Wins => won_at?,
            _ => deal.created_at,
        };
        let converter = match deal.account {
            Some(account) => Converter::Account(account),
            None => lead.map_or(Converter::Nobody, |lead| lead.converter()),
        };
        let ending = Ending {
            record: deal.id,
            converter,
            at: at.as_microsecond(),
            value: 0,
            lead_at: lead.map(|lead| lead.created_at),
            opportunity_at: Some(deal.created_at.as_microsecond()),
        };
        Some((ending, deal.amount_minor))
    };
    let sound = world.tables.deals().await?.iter().filter(|deal| !deal.impossible_order);
    Ok(sound.filter_map(ending).collect())
}

async fn of_leads(world: &World, zone: &TimeZone) -> Result<Vec<Valued>, Error> {
    let ending = |lead: &Lead| {
        let ending = Ending {
            record: lead.id,
            converter: lead.converter(),
            at: lead.mql_at?,
            value: 0,
            lead_at: Some(lead.created_at),
            opportunity_at: None,
        };
        Some((ending, None))
    };
    Ok(leads(world, zone).await?.iter().filter_map(ending).collect())
}

/// Each purchase for itself, however many somebody made.
async fn of_purchases(context: &Context, world: &World) -> Result<Vec<Valued>, Error> {
    let currency = context.company.currency;
    let purchase = |record, facts: &[Fact]| {
        let last = Latest(facts);
        let reference = |field: &str| last.get(field).and_then(Value::as_reference);
        let converter = match (reference("person"), reference("account")) {
            (Some(person), _) => Converter::Person(person),
            (None, Some(account)) => Converter::Account(account),
            (None, None) => Converter::Nobody,
        };
        let at = last.instant("created_at")?.as_microsecond();
        let (value, lead_at, opportunity_at) = (0, None, None);
        let ending = Ending { record, converter, at, value, lead_at, opportunity_at };
        let amount = last.get("amount").and_then(Value::as_money);
        let minor = amount.filter(|amount| amount.currency == currency).map(|amount| amount.minor);
        Some((ending, minor))
    };
    Ok(world.tables.records(Kind::Purchases, purchase).await?.records)
}
