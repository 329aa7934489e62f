//! What a payee's statement would be if open deals of theirs were won today, and which these are.

use std::collections::BTreeSet;

use domain::access::Scope;
use domain::kind::Kind;
use domain::lifecycle::{outcome_of, reference, text};
use domain::money::Money;
use domain::pay::counted::Counted;
use domain::pay::facts::{Fact, What, Won};
use domain::pay::plan::Payee;
use domain::period::Period;
use domain::stage::Outcome;
use domain::time::AsOf;
use domain::value::Value;
use jiff::civil::Date;
use reports::pay::Paid;
use reports::pay::what_if::{Pick, Picks, WhatIf};
use store::record::Record;
use uuid::Uuid;

use super::people::People;
use super::place;
use super::plans::{self, Kept, Saved};
use super::runs::{found, paying};
use super::told::{products, tags};
use crate::context::Context;
use crate::error::Error;
use crate::limits::{OWN_DEALS_MAX, WHAT_IF_DEALS_MAX};
use crate::world::{Wanted, World};

/// What a payee's statement would be if open deals of theirs were won today, each at its amount.
///
/// # Errors
/// [`Error::NotSeen`] for a payee or a deal that is not within reach.
pub async fn what_if(
    context: &Context,
    (plan, period): (&str, Period),
    payee: &str,
    deals: &[String],
    reach: &Scope,
) -> Result<WhatIf, Error> {
    let absent = || Error::NotSeen(format!("statement of `{payee}` for {period}"));
    if deals.is_empty() || deals.len() > WHAT_IF_DEALS_MAX {
        let why = format!("name from one to {WHAT_IF_DEALS_MAX} open deals");
        return Err(Error::Field { field: "deals", why });
    }
    // The rules look at the whole team's deals, whoever asks; of them nothing else is shown.
    let whole = context.renewed(&context.actor, context.now, Scope::All);
    let kept = paying(&whole, plan, period).await.map_err(|_| absent())?;
    let as_of = AsOf { effective_at: context.now, known_at: context.now };
    let (mut found, _) = found(&whole, &kept, period, as_of).await?;
    let (named, own) = within(&found.people, &kept, payee, reach)?.ok_or_else(absent)?;
    let (id, name) = (named.id.clone(), named.name.clone());
    let runs = whole.store.pay_runs().await?;
    let judged = || kept.judged(&whole, &runs, period);
    let now = found.paid(&whole, judged(), period)?;
    let counted = kept.plan.counted();
    found.facts.extend(open_deals(&whole, deals, own, &counted).await?);
    let then = found.paid(&whole, judged(), period)?;
    let total = |paid: &Paid| -> Result<Money, Error> {
        let place = place(paid.plan.terms(), &id)?;
        let own = paid.of_period().find(|one| one.payee == place);
        Ok(Money { minor: own.map_or(0, |one| one.total), currency: paid.calculation.currency })
    };
    let (now, total) = (total(&now)?, total(&then)?);
    let lines = then.lines_of(place(then.plan.terms(), &id)?, deals);
    Ok(WhatIf { name, period, now, then: total, deals: deals.to_vec(), lines })
}

/// A payee who is within reach, and who that is among the users of the CRM.
fn within<'k>(
    people: &People,
    kept: &'k Kept,
    payee: &str,
    reach: &Scope,
) -> Result<Option<(&'k Payee, Option<Uuid>)>, Error> {
    let payees = &kept.plan.terms().payees;
    let users = people.users(payees)?;
    let named = payees.iter().find(|it| it.id == payee || it.name == payee);
    let with_user = named.map(|named| (named, users.get(&named.id).copied()));
    Ok(with_user.filter(|(_, user)| reach.shows(*user)))
}

/// The open deals of a payee that may be taken as won in the period that runs, those that are to
/// close next first; `None` where the plan pays them nothing in it.
///
/// # Errors
/// [`Error::NotSeen`] for a plan that is not there; when the store cannot be read.
pub async fn picks(
    context: &Context,
    plan: &str,
    payee: &str,
    reach: &Scope,
) -> Result<Option<Picks>, Error> {
    let newest = plans::find(context, &Saved { name: plan.to_owned(), version: None }).await?;
    let period = newest.plan.terms().period_of(context.today());
    let Ok(kept) = paying(context, plan, period).await else { return Ok(None) };
    let people = People::of(context).await?;
    let found = within(&people, &kept, payee, reach)?;
    let Some((Payee { id, name, .. }, Some(user))) = found else { return Ok(None) };
    let stages = context.stages(Kind::Deals).await?;
    let owned = context.store.owned(Kind::Deals, user, OWN_DEALS_MAX).await?;
    let is_open = |record: &&Record| {
        let stage = text(&record.values, "stage");
        let is_deleted = record.values.get("deleted") == Some(&Some(Value::Boolean(true)));
        outcome_of(stage.as_deref(), &stages) == Outcome::Open
            && reference(&record.values, "owner") == Some(user)
            && !is_deleted
    };
    let open = owned.iter().filter(is_open).filter_map(|deal| pick(context, deal));
    let mut deals: Vec<Pick> = open.collect();
    deals.sort_by(|one, other| {
        let key = |pick: &Pick| (pick.expected_close_on.is_none(), pick.expected_close_on);
        (key(one), &one.id).cmp(&(key(other), &other.id))
    });
    let left_out = deals.len().saturating_sub(WHAT_IF_DEALS_MAX);
    deals.truncate(WHAT_IF_DEALS_MAX);
    let (plan, payee, name) = (plan.to_owned(), id.clone(), name.clone());
    Ok(Some(Picks { plan, payee, name, period, deals, left_out }))
}

/// An open deal with an amount in the company's currency.
fn pick(context: &Context, deal: &Record) -> Option<Pick> {
    let value = |field: &str| deal.values.get(field)?.as_ref();
    let amount = value("amount").and_then(Value::as_money)?;
    let expected_close_on = match value("expected_close_on") {
        Some(Value::Date(date)) => Some(*date),
        _ => None,
    };
    (amount.currency == context.company.currency).then(|| Pick {
        id: text(&deal.values, "external_id").unwrap_or_else(|| deal.id.to_string()),
        name: text(&deal.values, "name"),
        stage: text(&deal.values, "stage"),
        amount,
        expected_close_on,
    })
}

/// Open deals of a user as if they were won today.
async fn open_deals(
    context: &Context,
    deals: &[String],
    own: Option<Uuid>,
    counted: &BTreeSet<Counted>,
) -> Result<Vec<Fact>, Error> {
    let as_of = context.as_of(None, None);
    let world =
        World::of(context, as_of, Wanted { deals: true, leads: false, estimates: false }).await?;
    let products = products(context).await?;
    let today: Date = world.as_of;
    let fact = |id: &String| {
        let absent = || Error::Field {
            field: "deals",
            why: format!("there is no open deal `{id}` of this payee with an amount"),
        };
        let is_meant = |deal: &&domain::deal::Deal| {
            deal.external_id == *id && deal.outcome == Outcome::Open && deal.owner == own
        };
        let deal = world.deals.iter().find(is_meant).ok_or_else(absent)?;
        let owner = deal.owner.ok_or_else(absent)?.to_string();
        let amount = deal.amounts.last().ok_or_else(absent)?.1.minor;
        let (splits, tags, touched) = (Vec::new(), tags(deal, &products), Vec::new());
        let won = Won { on: today, amount, owner, splits, tags, touched };
        let of_wins = counted.iter().filter(|of| of.is_of_winners());
        let fact = |of: &Counted| {
            let won = Won { amount: of.metric.size(amount), ..won.clone() };
            Fact { of: *of, deal: id.clone(), known_on: today, what: What::Won(won) }
        };
        Ok(of_wins.map(fact).collect())
    };
    let facts: Result<Vec<Vec<Fact>>, Error> = deals.iter().map(fact).collect();
    world.let_go();
    Ok(facts?.concat())
}
