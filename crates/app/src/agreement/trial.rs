//! An agreement tried on the leads of a period before anybody signs it.

use std::collections::{HashMap, HashSet};

use domain::agreement::trial::{Carried, Past};
use domain::agreement::{Agreement, Target};
use domain::history::{Fact, Latest};
use domain::kind::Kind;
use domain::lifecycle::{Lifecycle, Stay, is_beside_the_way, stays};
use domain::period::Days;
use domain::stage::Outcome;
use domain::time::day_of;
use domain::value::Value;
use jiff::civil::Date;
use reports::agreement::trial::Tried;
use uuid::Uuid;

use super::definition::Definition;
use super::sheet::Sheet;
use crate::context::Context;
use crate::error::Error;
use crate::listing::names;
use crate::plan::eve;
use crate::world::World;

/// What is tried, and on what.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// An agreement as it is written, in place of a version that is kept.
    pub terms: Option<String>,
    /// The newest version if left out.
    pub version: Option<u64>,
    /// The fiscal quarter before this one if left out.
    pub from: Option<Date>,
    pub to: Option<Date>,
}

/// What an agreement would have made of the leads that qualified in some days.
///
/// # Errors
/// When there is no such version, the text will not do, or the days are none.
pub async fn trial(context: &Context, question: &Question) -> Result<Tried, Error> {
    let (sheet, version) = match &question.terms {
        Some(text) => (Sheet::read(text)?.settled(context).await?, None),
        None => kept(context, question.version).await?,
    };
    let terms = sheet.agreement(context)?;
    let Days { first, last } = days(context, question)?;
    let mut past = past(context, &terms, (first, last)).await?;
    past.sort_by_key(|lead| lead.qualified_at);
    let trial = terms.tried_on(&past, (first, last), context.now);
    let users = terms.runners.iter().map(|runner| runner.user);
    let known = names(context, Kind::Users, users).await?;
    let name = |runner: &Carried| {
        known.get(&runner.user).cloned().unwrap_or_else(|| runner.user.to_string())
    };
    let names = trial.runners.iter().map(name).collect();
    Ok(Tried { first, last, version, trial, names })
}

async fn kept(context: &Context, version: Option<u64>) -> Result<(Sheet, Option<u64>), Error> {
    let kept = context.store.agreements().await?;
    let wanted = version.or(kept.last().map(|it| it.number));
    let found = kept.iter().find(|it| Some(it.number) == wanted);
    let found = found.ok_or_else(|| Error::Field {
        field: "version",
        why: "there is no such version: name a file, or see `baton agreement show`".to_owned(),
    })?;
    Ok((Sheet::kept(&found.terms)?, Some(found.number)))
}

fn days(context: &Context, question: &Question) -> Result<Days, Error> {
    let calendar = context.company.calendar;
    let this = calendar.days(calendar.quarter_of(context.today()));
    let before = calendar.days(calendar.quarter_of(eve(this.first)));
    let first = question.from.unwrap_or(before.first);
    let last =
        question.to.unwrap_or(if question.from.is_some() { context.today() } else { before.last });
    if first > last {
        let why = "the first day comes after the last one".to_owned();
        return Err(Error::Field { field: "from", why });
    }
    Ok(Days { first, last })
}

/// The leads that qualified in some days, by what is known of them now.
async fn past(
    context: &Context,
    terms: &Agreement,
    (first, last): (Date, Date),
) -> Result<Vec<Past>, Error> {
    let world = World::of_tables(context, context.as_of(None, None)).await?;
    let account = |id: Uuid, facts: &[Fact]| {
        let latest = Latest(facts);
        let place = |field: &str| latest.text(field).map(str::to_owned);
        Some((
            id,
            Target {
                account_owner: latest.get("owner").and_then(Value::as_reference),
                places: ["country", "region"].into_iter().filter_map(place).collect(),
                not: Vec::new(),
            },
        ))
    };
    let accounts: HashMap<Uuid, Target> =
        world.tables.records(Kind::Accounts, account).await?.records.into_iter().collect();
    let (zone, stages) = (&context.company.timezone, &world.lead_stages);
    let lead = |_, facts: &[Fact]| {
        let stays = stays(facts, stages, zone);
        let is_mql = |stage: &str| Lifecycle::of_stage(stage) == Some(Lifecycle::Mql);
        let place = stays.iter().position(|stay| is_mql(&stay.stage))?;
        let qualified = &stays[place];
        if !(first..=last).contains(&qualified.entered_on) {
            return None;
        }
        let later = &stays[place + 1..];
        let is_end = |stay: &&Stay| stay.outcome != Outcome::Open || is_beside_the_way(&stay.stage);
        let is_score = |it: &&Fact| it.field == "score" && it.effective_at <= qualified.entered_at;
        let score = facts.iter().rfind(is_score).and_then(|fact| fact.value.as_ref());
        let target = Latest(facts).get("account").and_then(Value::as_reference);
        let id = Latest(facts).text("external_id").unwrap_or_default().to_owned();
        let past = Past {
            qualified_at: qualified.entered_at,
            moved_at: later.first().map(|stay| stay.entered_at),
            ended_at: later.iter().find(is_end).map(|stay| stay.entered_at),
            score: match score {
                Some(Value::Integer(score)) => Some(*score),
                _ => None,
            },
            qualifies: true,
            target: target.and_then(|id| accounts.get(&id)).cloned().unwrap_or_default(),
        };
        Some((id, past))
    };
    let mut found: Vec<(String, Past)> = world.tables.records(Kind::Leads, lead).await?.records;
    if let Some(condition) = &terms.qualifies {
        let wanted: HashSet<String> = found.iter().map(|(id, _)| id.clone()).collect();
        let definition = Definition::of(context, &world, condition, &wanted).await?;
        for (id, past) in &mut found {
            past.qualifies = definition.fits(id, day_of(past.qualified_at, zone));
        }
    }
    world.let_go();
    Ok(found.into_iter().map(|(_, past)| past).collect())
}
