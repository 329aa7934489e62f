//! Lists of deals and leads as they stood, narrowed by what is asked for.

use std::collections::{BTreeMap, BTreeSet};

use domain::deal::Deal;
use domain::kind::Kind;
use domain::lead::Lead;
use domain::money::Money;
use domain::stage::Outcome;
use domain::time::day_number;
use jiff::civil::Date;
use reports::listing::{Deals, Leads, ListedDeal, ListedLead};
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;
use crate::limits::LISTED_MAX;
use crate::world::World;

/// The open deals whose day of closing has passed.
const OVERDUE: &str = "overdue";

/// What a list is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Part of a name or of the source's id, in any case.
    pub text: Option<String>,
    pub stage: Option<String>,
    /// open, won, lost or overdue; open if left out, unless a text or stage is asked for.
    pub outcome: Option<String>,
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
    let wanted = Wanted::new(filter)?;
    let matches = |deal: &&Deal| {
        let texts = [Some(deal.external_id.as_str()), deal.name.as_deref()];
        (!wanted.is_overdue || deal.is_overdue(world.as_of))
            && wanted.matches(deal.outcome, deal.stage.as_deref(), &texts)
    };
    let mut found: Vec<&Deal> = world.deals.iter().filter(matches).collect();
    let all = found.len();
    let worth = |deal: &&Deal| deal.amount.or(deal.estimated_amount).map_or(0, |money| money.minor);
    let amount = Money { minor: found.iter().map(worth).sum(), currency: context.company.currency };
    found.sort_by_key(|deal| std::cmp::Reverse(deal.estimated_amount.map(|money| money.minor)));
    found.truncate(LISTED_MAX);
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
    };
    let deals = found.iter().map(listed).collect();
    let stages = world.deal_stages.stages.iter().map(|stage| stage.name.clone()).collect();
    Ok(Deals { as_of: world.as_of, deals, all, amount, stages })
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
    let wanted = Wanted::new(filter)?;
    let matches = |lead: &&Lead| {
        let texts = [Some(lead.external_id.as_str()), lead.source.as_deref()];
        wanted.matches(lead.outcome, lead.stage.as_deref(), &texts)
    };
    let mut found: Vec<&Lead> = world.leads.iter().filter(matches).collect();
    let all = found.len();
    found.sort_by_key(|lead| std::cmp::Reverse(lead.created_at));
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
    Ok(Leads { as_of: world.as_of, leads, all, stages })
}

/// A filter that was read.
struct Wanted {
    text: Option<String>,
    stage: Option<String>,
    outcome: Option<Outcome>,
    is_overdue: bool,
}

impl Wanted {
    fn new(filter: &Filter) -> Result<Wanted, Error> {
        let given = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_lowercase)
        };
        let (text, stage) = (given(&filter.text), given(&filter.stage));
        let named = given(&filter.outcome);
        let is_overdue = named.as_deref() == Some(OVERDUE);
        let outcome = match named.as_deref() {
            Some(OVERDUE) => Some(Outcome::Open),
            None if text.is_none() && stage.is_none() => Some(Outcome::Open),
            None | Some("any") => None,
            Some(name) => Some(outcome(name)?),
        };
        Ok(Wanted { text, stage, outcome, is_overdue })
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
