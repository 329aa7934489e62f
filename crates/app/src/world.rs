//! The company as it stood at an as-of pair: its deals, its leads, and tables for metrics.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use domain::access::Scope;
use domain::deal::Deal;
use domain::history::{Fact, Latest};
use domain::kind::Kind;
use domain::lead::Lead;
use domain::money::Money;
use domain::stage::Stages;
use domain::time::AsOf;
use domain::value::Value;
use jiff::civil::Date;
use lake::Pinned;
use lake::history::HistoryRow;
use lake::tables::{Agreed, Ground, Records, Tables};
use uuid::Uuid;

use crate::agreement;
use crate::context::Context;
use crate::error::Error;
use crate::limits::ENTRIES_PER_PAGE;
use crate::memo;
use crate::sealing::history_rows;

/// One picture of the company. Everything in it was true and known at the as-of pair.
pub struct World {
    pub as_of: Date,
    pub tables: Tables,
    /// In the order of creation and external id; none where they are not wanted, nor leads.
    pub deals: Vec<Deal>,
    pub leads: Vec<Lead>,
    pub deal_stages: Stages,
    pub lead_stages: Stages,
    /// Whether any history in it was put together from exports.
    pub reconstructed: bool,
    /// Deals whose amount is not in the company's currency, by external id.
    pub in_other_currency: Vec<String>,
}

/// What a picture is taken of, beside the deals as they were told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub deals: bool,
    pub leads: bool,
    /// What deals without an amount may be worth: a model of deals finds that by itself.
    pub estimates: bool,
}

/// Who had turned out to be whom by an as-of pair.
async fn same_people(context: &Context, as_of: AsOf) -> Result<HashMap<u128, u128>, Error> {
    let same = context.store.same_people().await?;
    let known = same.iter().filter(|same| same.learnt_at <= as_of.known_at);
    Ok(known.map(|same| (same.from.as_u128(), same.to.as_u128())).collect())
}

impl World {
    /// Takes the picture: pins the lake, adds what is not sealed yet, folds the facts.
    pub async fn at(context: &Context, as_of: AsOf) -> Result<World, Error> {
        World::of(context, as_of, Wanted { deals: true, leads: true, estimates: true }).await
    }

    /// As [`World::at`], for whoever asks nothing about leads: there are none in the picture.
    pub async fn of_deals(context: &Context, as_of: AsOf) -> Result<World, Error> {
        World::of(context, as_of, Wanted { deals: true, leads: false, estimates: true }).await
    }

    /// As [`World::at`], for whoever asks nothing but its tables: no deal or lead is put together.
    pub async fn of_tables(context: &Context, as_of: AsOf) -> Result<World, Error> {
        let wanted = Wanted { deals: false, leads: false, estimates: false };
        World::of(context, as_of, wanted).await
    }

    /// As [`World::at`], of no more than is wanted. Deals and leads are read at the same time.
    pub async fn of(context: &Context, as_of: AsOf, wanted: Wanted) -> Result<World, Error> {
        let pinned = context.lake.pin().await?;
        let tail = tail(context, &pinned).await?;
        let deal_stages = context.stages(Kind::Deals).await?;
        let lead_stages = context.stages(Kind::Leads).await?;
        let world = lake::world::World {
            currency: context.company.currency,
            timezone: context.company.timezone.clone(),
            calendar: context.company.calendar,
            deal_stages: deal_stages.clone(),
            lead_stages: lead_stages.clone(),
            same_people: Arc::new(same_people(context, as_of).await?),
            agreed: Arc::new(Agreed {
                handoffs: context.store.handoffs().await?,
                promises: agreement::promises(context).await?,
            }),
        };
        let tables = pinned.tables(as_of, context.scope.clone(), &tail, &world)?;
        if wanted.leads {
            tables.read_ahead(Kind::Leads);
        }
        let (mut deals, leads) =
            tokio::try_join!(deals(context, &tables, &deal_stages, wanted), async {
                match wanted.leads {
                    true => leads(context, &tables, &lead_stages).await,
                    false => Ok(Records::none()),
                }
            },)?;
        let in_other_currency = leave_out_other_currencies(&mut deals.records, context);
        Ok(World {
            as_of: context.day(as_of),
            tables,
            reconstructed: deals.reconstructed || leads.reconstructed,
            deals: deals.records,
            leads: leads.records,
            deal_stages,
            lead_stages,
            in_other_currency,
        })
    }

    /// A key of what a picture at an as-of pair would be taken of: the same for as long as nothing
    /// is told that it would show.
    ///
    /// # Errors
    /// When the store or the lake cannot be read.
    pub async fn key(context: &Context, as_of: AsOf) -> Result<u64, Error> {
        let pinned = context.lake.pin().await?;
        let tail = tail(context, &pinned).await?;
        let told: Vec<_> = (pinned.seen(as_of, &tail))
            .map(|row| (row.entry_id, row.subject_id, row.field, &row.value))
            .collect();
        let stages = (context.stages(Kind::Deals).await?, context.stages(Kind::Leads).await?);
        let company = (context.company.currency, &context.company.timezone);
        let calendar = context.company.calendar;
        let scope = &context.scope;
        Ok(memo::key(&(
            pinned.versions(),
            told,
            stages,
            company,
            calendar,
            scope,
            as_of.effective_at,
        )))
    }

    /// Its leads, for whoever took the picture without them.
    ///
    /// # Errors
    /// When the lake cannot be read.
    pub async fn leads(&self, context: &Context) -> Result<Vec<Lead>, Error> {
        Ok(leads(context, &self.tables, &self.lead_stages).await?.records)
    }

    /// A key of a question and all that its answer rests on, for a memo; `None` for whoever sees a
    /// part only, of which nothing is kept.
    /// Whom or what records of a kind point to by a field, those that do.
    pub async fn pointed(
        &self,
        kind: Kind,
        field: &'static str,
    ) -> Result<HashMap<Uuid, Uuid>, Error> {
        let pointed = move |id: Uuid, facts: &[Fact]| {
            Some((id, Latest(facts).get(field).and_then(Value::as_reference)?))
        };
        Ok(self.tables.records(kind, pointed).await?.records.into_iter().collect())
    }

    /// Who owns each account, or else its latest deal. It needs the deals of the world.
    pub async fn account_owners(&self) -> Result<HashMap<Uuid, Uuid>, Error> {
        // Deals are in the order of their creation.
        let of_deals = self.deals.iter().filter_map(|deal| Some((deal.account?, deal.owner?)));
        let mut owners: HashMap<Uuid, Uuid> = of_deals.collect();
        owners.extend(self.pointed(Kind::Accounts, "owner").await?);
        Ok(owners)
    }

    pub fn memo_key(
        &self,
        context: &Context,
        ground: &Ground<'_>,
        question: &impl Debug,
    ) -> Option<u64> {
        let stages = (&self.deal_stages, &self.lead_stages);
        let company = (context.company.currency, &context.company.timezone);
        let settings = (stages, company, context.company.calendar);
        (context.scope == Scope::All).then(|| memo::key(&(ground, settings, question)))
    }

    /// Lets go of the picture beside whatever comes next: a hundred thousand records take a while.
    pub fn let_go(self) {
        rayon::spawn(move || drop(self));
    }
}

/// The journal rows that the pinned lake lacks.
async fn tail(context: &Context, pinned: &Pinned<'_>) -> Result<Vec<HistoryRow>, Error> {
    let batches = context.store.batches().await?;
    let ids: Vec<Uuid> = batches.into_iter().map(|batch| batch.id).collect();
    let sealed: Vec<Uuid> = pinned.sealed_among(&ids).await?.into_iter().collect();
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let entries = context.store.unsealed(&sealed, after, ENTRIES_PER_PAGE).await?;
        let Some(last) = entries.last() else { return Ok(rows) };
        after = Some(last.id);
        rows.extend(entries.into_iter().flat_map(history_rows));
    }
}

async fn deals(
    context: &Context,
    tables: &Tables,
    stages: &Stages,
    wanted: Wanted,
) -> Result<Records<Deal>, Error> {
    let (zone, currency) = (&context.company.timezone, context.company.currency);
    if !wanted.deals {
        return Ok(Records::none());
    }
    let deal = |id, facts: &[Fact]| Deal::of_facts(id, facts, stages, zone);
    let mut deals = tables.records(Kind::Deals, deal).await?;
    if !wanted.estimates {
        return Ok(deals);
    }
    // Both are in the same order, and every deal here is one there.
    let mut estimated = tables.deals().await?.iter();
    for deal in &mut deals.records {
        let found = estimated.find(|other| other.id == deal.id);
        let minor = found.and_then(|found| found.estimated_amount_minor);
        deal.estimated_amount = minor.map(|minor| Money { minor, currency });
    }
    Ok(deals)
}

async fn leads(
    context: &Context,
    tables: &Tables,
    stages: &Stages,
) -> Result<Records<Lead>, Error> {
    let lead = |id, facts: &[Fact]| Lead::of_facts(id, facts, stages, &context.company.timezone);
    Ok(tables.records(Kind::Leads, lead).await?)
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
