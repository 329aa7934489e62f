//! The company as it stood at an as-of pair: its deals, its leads, and tables for metrics.

use std::collections::HashMap;

use domain::deal::Deal;
use domain::history::Fact;
use domain::journal::Provenance;
use domain::kind::Kind;
use domain::lead::Lead;
use domain::money::Money;
use domain::stage::Stages;
use domain::time::AsOf;
use jiff::civil::Date;
use lake::history::HistoryRow;
use lake::scope::Scope;
use lake::tables::Tables;
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;
use crate::limits::ENTRIES_PER_PAGE;
use crate::sealing::history_rows;

/// One picture of the company. Everything in it was true and known at the as-of pair.
pub struct World {
    pub as_of: Date,
    pub tables: Tables,
    /// In the order of creation and external id.
    pub deals: Vec<Deal>,
    pub leads: Vec<Lead>,
    pub deal_stages: Stages,
    pub lead_stages: Stages,
    /// Whether any history in it was put together from exports.
    pub reconstructed: bool,
    /// Deals whose amount is not in the company's currency, by external id.
    pub in_other_currency: Vec<String>,
}

impl World {
    /// Takes the picture: pins the lake, adds what is not sealed yet, folds the facts.
    pub async fn at(context: &Context, as_of: AsOf) -> Result<World, Error> {
        let pinned = context.lake.pin().await?;
        let batches = context.store.batches().await?;
        let ids: Vec<Uuid> = batches.into_iter().map(|batch| batch.id).collect();
        let sealed: Vec<Uuid> = pinned.sealed_among(&ids).await?.into_iter().collect();
        let tail = tail(context, &sealed).await?;
        let deal_stages = context.stages(Kind::Deals).await?;
        let lead_stages = context.stages(Kind::Leads).await?;
        let world = lake::world::World {
            currency: context.company.currency,
            timezone: context.company.timezone.clone(),
            calendar: context.company.calendar,
            deal_stages: deal_stages.clone(),
            lead_stages: lead_stages.clone(),
        };
        let tables = pinned.tables(as_of, Scope::All, &tail, &world).await?;
        let (mut deals, deals_reconstructed) = deals(context, &tables, &deal_stages);
        let in_other_currency = leave_out_other_currencies(&mut deals, context);
        let (leads, leads_reconstructed) = leads(context, &tables, &lead_stages);
        Ok(World {
            as_of: context.day(as_of),
            tables,
            deals,
            leads,
            deal_stages,
            lead_stages,
            reconstructed: deals_reconstructed || leads_reconstructed,
            in_other_currency,
        })
    }
}

/// The journal rows that the pinned lake lacks.
async fn tail(context: &Context, sealed: &[Uuid]) -> Result<Vec<HistoryRow>, Error> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let entries = context.store.unsealed(sealed, after, ENTRIES_PER_PAGE).await?;
        let Some(last) = entries.last() else { return Ok(rows) };
        after = Some(last.id);
        rows.extend(entries.into_iter().flat_map(history_rows));
    }
}

fn deals(context: &Context, tables: &Tables, stages: &Stages) -> (Vec<Deal>, bool) {
    let zone = &context.company.timezone;
    let (subjects, reconstructed) = subjects(tables, Kind::Deals);
    let deal = |(id, facts): &(Uuid, Vec<Fact>)| Deal::of_facts(*id, facts, stages, zone);
    let mut deals: Vec<Deal> = subjects.iter().filter_map(deal).collect();
    let estimates: HashMap<Uuid, i64> = (tables.deals().iter())
        .filter_map(|deal| Some((deal.id, deal.estimated_amount_minor?)))
        .collect();
    let currency = context.company.currency;
    for deal in &mut deals {
        deal.estimated_amount =
            estimates.get(&deal.id).map(|minor| Money { minor: *minor, currency });
    }
    (deals, reconstructed)
}

/// What is in another currency is left out of sums until there is a rate; says which deals.
fn leave_out_other_currencies(deals: &mut [Deal], context: &Context) -> Vec<String> {
    let currency = context.company.currency;
    let mut left_out = Vec::new();
    for deal in deals {
        if deal.amount.is_some_and(|amount| amount.currency != currency) {
            deal.amount = None;
            left_out.push(deal.external_id.clone());
        }
        deal.amounts.retain(|(_, amount)| amount.currency == currency);
    }
    left_out
}

fn leads(context: &Context, tables: &Tables, stages: &Stages) -> (Vec<Lead>, bool) {
    let zone = &context.company.timezone;
    let (subjects, reconstructed) = subjects(tables, Kind::Leads);
    let lead = |(id, facts): &(Uuid, Vec<Fact>)| Lead::of_facts(*id, facts, stages, zone);
    (subjects.iter().filter_map(lead).collect(), reconstructed)
}

/// The facts of each record of a kind, in order of time, and whether any is reconstructed.
pub fn subjects(tables: &Tables, kind: Kind) -> (Vec<(Uuid, Vec<Fact>)>, bool) {
    let fields: Vec<&str> = kind.fields().iter().map(|field| field.name).collect();
    let mut subjects: Vec<(Uuid, Vec<Fact>)> = Vec::new();
    let mut reconstructed = false;
    for row in tables.facts(kind, &fields) {
        reconstructed |= row.provenance == Provenance::Reconstructed;
        if subjects.last().is_none_or(|(id, _)| *id != row.subject_id) {
            subjects.push((row.subject_id, Vec::new()));
        }
        if let Some((_, facts)) = subjects.last_mut() {
            facts.push(Fact { field: row.field, effective_at: row.effective_at, value: row.value });
        }
    }
    (subjects, reconstructed)
}
