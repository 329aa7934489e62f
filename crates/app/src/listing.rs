//! Lists of deals and leads as they stood, narrowed by what is asked for.

use std::collections::{BTreeMap, BTreeSet};

use domain::deal::Deal;
use domain::kind::Kind;
use domain::lead::Lead;
use domain::money::Money;
use domain::stage::Outcome;
use domain::time::day_number;
use jiff::civil::Date;
use reports::board::{Board, Column};
use reports::listing::{Deals, Leads, ListedDeal, ListedLead};
use uuid::Uuid;

use crate::access;
use crate::context::Context;
use crate::error::Error;
use crate::journal;
use crate::limits::{CARDS_MAX, LISTED_MAX};
use crate::world::World;

/// The open deals whose day of closing has passed.
const OVERDUE: &str = "overdue";

/// What a list is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Part of a name or of the source's id, in any case.
    pub text: Option<String>,
    pub stage: Option<String>,
    /// A user of the CRM by id, name or e-mail.
    pub owner: Option<String>,
    /// open, won, lost or overdue; open if left out, unless something else is asked for.
    pub outcome: Option<String>,
    /// The source's id of the one after which the list goes on.
    pub after: Option<String>,
}

/// Deals, those with the largest amounts first.
///
/// # Errors
/// When the outcome is none.
pub async fn deals(
    context: &Context,
    filter: &Filter,
    as_of: Option<Date>,
) -> Result<Deals, Error> {
    let world = World::at(context, context.as_of(as_of, None)).await?;
    let wanted = Wanted::new(context, filter).await?;
    let mut found: Vec<&Deal> =
        world.deals.iter().filter(|deal| wanted.deal(deal, world.as_of)).collect();
    let all = found.len();
    let minor = found.iter().map(|deal| worth(deal)).sum();
    let amount = Money { minor, currency: context.company.currency };
    found.sort_by_key(|deal| std::cmp::Reverse(deal.estimated_amount.map(|money| money.minor)));
    let skipped = skipped(filter, found.iter().map(|deal| deal.external_id.as_str()))?;
    found.drain(..skipped);
    found.truncate(LISTED_MAX);
    let deals = listed(context, &world, &found).await?;
    let stages = world.deal_stages.stages.iter().map(|stage| stage.name.clone()).collect();
    Ok(Deals { as_of: world.as_of, deals, all, skipped, amount, stages })
}

/// Open deals in columns by stage, those with the largest amounts first.
///
/// # Errors
/// When there is no such owner.
pub async fn board(
    context: &Context,
    filter: &Filter,
    as_of: Option<Date>,
) -> Result<Board, Error> {
    let world = World::of_deals(context, context.as_of(as_of, None)).await?;
    let open = Filter { outcome: Some(Outcome::Open.name().to_owned()), ..filter.clone() };
    let wanted = Wanted::new(context, &open).await?;
    let currency = context.company.currency;
    let mut found: Vec<&Deal> =
        world.deals.iter().filter(|deal| wanted.deal(deal, world.as_of)).collect();
    found.sort_by_key(|deal| std::cmp::Reverse(worth(deal)));
    let mut columns = Vec::new();
    for stage in stages_of(&world, &found) {
        let own: Vec<&Deal> =
            found.iter().copied().filter(|deal| is_in(deal, stage.as_deref())).collect();
        let shown = &own[..own.len().min(CARDS_MAX)];
        columns.push(Column {
            stage: stage.unwrap_or_else(|| STAGE_UNKNOWN.to_owned()),
            deals: own.len(),
            amount: Money { minor: own.iter().map(|deal| worth(deal)).sum(), currency },
            cards: listed(context, &world, shown).await?,
        });
    }
    let owners = world.deals.iter().filter(|deal| deal.is_open()).filter_map(|deal| deal.owner);
    let mut owners: Vec<String> =
        names(context, Kind::Users, owners).await?.into_values().collect();
    owners.sort_unstable();
    owners.dedup();
    Ok(Board {
        as_of: world.as_of,
        currency,
        first: world.deals.iter().map(|deal| deal.created_on).min().unwrap_or(world.as_of),
        columns,
        estimated: found.iter().filter(|deal| deal.amount.is_none()).count(),
        owners,
    })
}

/// What a deal without a recorded stage is listed under.
const STAGE_UNKNOWN: &str = "(stage not recorded)";

/// The open stages in their order, then those that deals tell beside them; `None` for none.
fn stages_of(world: &World, found: &[&Deal]) -> Vec<Option<String>> {
    let open = world.deal_stages.stages.iter().filter(|stage| stage.outcome == Outcome::Open);
    let mut stages: Vec<Option<String>> = open.map(|stage| Some(stage.name.clone())).collect();
    for deal in found {
        if !stages.iter().any(|stage| is_in(deal, stage.as_deref())) {
            stages.push(deal.stage.clone());
        }
    }
    stages
}

fn is_in(deal: &Deal, stage: Option<&str>) -> bool {
    match (deal.stage.as_deref(), stage) {
        (Some(own), Some(stage)) => own.eq_ignore_ascii_case(stage),
        (own, stage) => own.is_none() && stage.is_none(),
    }
}

/// What a deal brings, as far as it can be told, in the minor unit.
fn worth(deal: &Deal) -> i64 {
    deal.amount.or(deal.estimated_amount).map_or(0, |money| money.minor)
}

async fn listed(
    context: &Context,
    world: &World,
    found: &[&Deal],
) -> Result<Vec<ListedDeal>, Error> {
    let owners = found.iter().filter_map(|deal| deal.owner);
    let accounts = found.iter().filter_map(|deal| deal.account);
    let owners = names(context, Kind::Users, owners).await?;
    let accounts = names(context, Kind::Accounts, accounts).await?;
    let name = |names: &BTreeMap<Uuid, String>, id: Option<Uuid>| names.get(&id?).cloned();
    let listed = |deal: &&Deal| ListedDeal {
        id: deal.external_id.clone(),
        name: deal.name.clone(),
        account: name(&accounts, deal.account),
        owner: name(&owners, deal.owner),
        stage: deal.stage.clone(),
        outcome: deal.outcome,
        amount: deal.amount.or(deal.estimated_amount),
        is_estimated: deal.amount.is_none(),
        age_days: days(deal.created_on, deal.closed_on.unwrap_or(world.as_of)),
        expected_close_on: deal.closed_on.or(deal.expected_close_on),
        is_overdue: deal.is_overdue(world.as_of),
    };
    Ok(found.iter().map(listed).collect())
}

/// Leads, the newest first.
///
/// # Errors
/// As [`deals`].
pub async fn leads(
    context: &Context,
    filter: &Filter,
    as_of: Option<Date>,
) -> Result<Leads, Error> {
    let world = World::at(context, context.as_of(as_of, None)).await?;
    let wanted = Wanted::new(context, filter).await?;
    let matches = |lead: &&Lead| {
        let texts = [Some(lead.external_id.as_str()), lead.source.as_deref()];
        wanted.owns(lead.owner) && wanted.matches(lead.outcome, lead.stage.as_deref(), &texts)
    };
    let mut found: Vec<&Lead> = world.leads.iter().filter(matches).collect();
    let all = found.len();
    found.sort_by_key(|lead| std::cmp::Reverse(lead.created_at));
    let skipped = skipped(filter, found.iter().map(|lead| lead.external_id.as_str()))?;
    found.drain(..skipped);
    found.truncate(LISTED_MAX);
    let owners = names(context, Kind::Users, found.iter().filter_map(|lead| lead.owner)).await?;
    let listed = |lead: &&Lead| ListedLead {
        id: lead.external_id.clone(),
        source: lead.source.clone(),
        owner: lead.owner.and_then(|owner| owners.get(&owner).cloned()),
        stage: lead.stage.clone(),
        outcome: lead.outcome,
        age_days: days(lead.created_on, world.as_of),
        created_on: lead.created_on,
    };
    let leads = found.iter().map(listed).collect();
    let stages = world.lead_stages.stages.iter().map(|stage| stage.name.clone()).collect();
    Ok(Leads { as_of: world.as_of, leads, all, skipped, stages })
}

/// How many of a list were seen: those up to the one after which it goes on.
fn skipped<'a>(filter: &Filter, mut ids: impl Iterator<Item = &'a str>) -> Result<usize, Error> {
    let Some(after) = filter.after.as_deref() else { return Ok(0) };
    let gone = || Error::Input(format!("`{after}` is not in this list: begin it anew"));
    ids.position(|id| id == after).map(|place| place + 1).ok_or_else(gone)
}

/// A filter that was read.
struct Wanted {
    text: Option<String>,
    stage: Option<String>,
    owner: Option<Uuid>,
    outcome: Option<Outcome>,
    is_overdue: bool,
}

impl Wanted {
    async fn new(context: &Context, filter: &Filter) -> Result<Wanted, Error> {
        let given = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_lowercase)
        };
        let (text, stage) = (given(&filter.text), given(&filter.stage));
        let owner = match filter.owner.as_deref().map(str::trim).filter(|it| !it.is_empty()) {
            Some(name) => Some(owner(context, name).await?),
            None => None,
        };
        let is_plain = text.is_none() && stage.is_none() && owner.is_none();
        let named = given(&filter.outcome);
        let is_overdue = named.as_deref() == Some(OVERDUE);
        let outcome = match named.as_deref() {
            Some(OVERDUE) => Some(Outcome::Open),
            None if is_plain => Some(Outcome::Open),
            None | Some("any") => None,
            Some(name) => Some(outcome(name)?),
        };
        Ok(Wanted { text, stage, owner, outcome, is_overdue })
    }

    fn deal(&self, deal: &Deal, today: Date) -> bool {
        let texts = [Some(deal.external_id.as_str()), deal.name.as_deref()];
        (!self.is_overdue || deal.is_overdue(today))
            && self.owns(deal.owner)
            && self.matches(deal.outcome, deal.stage.as_deref(), &texts)
    }

    fn owns(&self, owner: Option<Uuid>) -> bool {
        self.owner.is_none() || self.owner == owner
    }

    fn matches(&self, outcome: Outcome, stage: Option<&str>, texts: &[Option<&str>]) -> bool {
        let holds =
            |text: &str| texts.iter().flatten().any(|known| known.to_lowercase().contains(text));
        let is_stage = |wanted: &str| stage.is_some_and(|stage| stage.to_lowercase() == wanted);
        self.outcome.is_none_or(|wanted| wanted == outcome)
            && self.stage.as_deref().is_none_or(is_stage)
            && self.text.as_deref().is_none_or(holds)
    }
}

/// A user of the CRM. One out of scope is told as one that does not exist.
async fn owner(context: &Context, name: &str) -> Result<Uuid, Error> {
    let found = journal::find(context, &format!("users:{name}")).await;
    let (_, user) = found.map_err(|_| Error::NotSeen(format!("owner {name}")))?;
    access::seen(context, Some(user), &format!("owner {name}"))?;
    Ok(user)
}

fn outcome(name: &str) -> Result<Outcome, Error> {
    Outcome::parse(name).ok_or_else(|| {
        Error::Input(format!("`{name}` is no outcome: choose open, overdue, won, lost or any"))
    })
}

/// What records are called, by id: their name, else the id of their source.
pub async fn names(
    context: &Context,
    kind: Kind,
    ids: impl Iterator<Item = Uuid>,
) -> Result<BTreeMap<Uuid, String>, Error> {
    let ids: Vec<Uuid> = ids.collect::<BTreeSet<Uuid>>().into_iter().collect();
    let records = context.store.records(kind, &ids).await?;
    let name = |record: &store::record::Record| {
        let text = |field: &str| record.values.get(field)?.as_ref()?.as_text().map(str::to_owned);
        text("name").or_else(|| text("external_id"))
    };
    Ok(records.iter().filter_map(|record| Some((record.id, name(record)?))).collect())
}

fn days(from: Date, to: Date) -> i64 {
    i64::from(day_number(to) - day_number(from))
}
