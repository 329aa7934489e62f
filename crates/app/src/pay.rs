//! Pay: a plan applied to the won deals of the company's picture. A plan is a file, or one that
//! Baton keeps, whose statements go from calculated over approved to locked.

mod dispute;
mod file;
mod gate;
mod people;
mod plans;
mod runs;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use domain::access::Scope;
use domain::deal::Deal;
use domain::kind::Kind;
use domain::pay::calculate as rules;
use domain::pay::facts::{Fact, Facts, Seen, What, Won};
use domain::period::Period;
use domain::stage::Outcome;
use domain::time::{AsOf, day_of};
use jiff::civil::Date;
use reports::pay::{Explained, Paid, Payroll, Simulated, Slip};
use uuid::Uuid;

use crate::context::Context;
use crate::error::Error;
use crate::world::{Wanted, World};
use file::Read;
use people::People;

pub use dispute::{Remark, dispute};
pub use gate::outlook;
pub use plans::{Saved, judge, save, sign};
pub use runs::{Deed, advance, calculate, desk, export, sheet, what_if};

/// A plan by which is paid.
#[derive(Clone, Debug)]
pub enum PlanOf {
    File(PathBuf),
    /// One that Baton keeps, in its newest version.
    Kept(String),
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    pub plan: PlanOf,
    pub period: Period,
    pub as_of: Option<Date>,
    pub known_at: Option<Date>,
}

/// Everybody's statement of a period.
///
/// # Errors
/// When the plan or a fact cannot be, the period is not the plan's, or not everything is seen.
pub async fn payroll(context: &Context, question: &Question) -> Result<Payroll, Error> {
    let found = Found::of(context, question).await?;
    let read = read(context, &question.plan).await?;
    Ok(Payroll(found.paid(context, read, question.period)?))
}

/// One payee's statement of a period.
///
/// # Errors
/// As [`payroll`], and when the plan has no such payee.
pub async fn slip(context: &Context, question: &Question, payee: &str) -> Result<Slip, Error> {
    let Payroll(paid) = payroll(context, question).await?;
    let payee = place(&paid, payee)?;
    Ok(Slip { paid, payee })
}

/// All that a deal has brought a payee up to a period.
///
/// # Errors
/// As [`slip`].
pub async fn explained(
    context: &Context,
    question: &Question,
    payee: &str,
    deal: &str,
) -> Result<Explained, Error> {
    let Slip { paid, payee } = slip(context, question, payee).await?;
    Ok(Explained { paid, payee, deal: deal.to_owned() })
}

/// What a plan would have paid from its first period on, perhaps beside another.
///
/// # Errors
/// As [`payroll`].
pub async fn simulated(
    context: &Context,
    question: &Question,
    other: Option<&PlanOf>,
) -> Result<Simulated, Error> {
    let found = Found::of(context, question).await?;
    let paid = found.paid(context, read(context, &question.plan).await?, question.period)?;
    let other = match other {
        Some(plan) => Some(found.paid(context, read(context, plan).await?, question.period)?),
        None => None,
    };
    let currency = paid.calculation.currency;
    if other.as_ref().is_some_and(|other| other.calculation.currency != currency) {
        return Err(Error::Input("the two plans are in different currencies".to_owned()));
    }
    Ok(Simulated { paid, other })
}

async fn read(context: &Context, plan: &PlanOf) -> Result<Read, Error> {
    match plan {
        PlanOf::File(path) => file::read(path, context.company.calendar),
        PlanOf::Kept(name) => {
            let which = Saved { name: name.clone(), version: None };
            Ok(plans::find(context, &which).await?.read())
        }
    }
}

fn place(paid: &Paid, payee: &str) -> Result<usize, Error> {
    let payees = &paid.plan.terms().payees;
    let found = payees.iter().position(|one| one.id == payee || one.name == payee);
    found.ok_or_else(|| Error::Input(format!("the plan has no payee `{payee}`")))
}

/// What was won, as the picture has it.
struct Found {
    people: People,
    /// With the owners by the ids of users.
    facts: Vec<Fact>,
    seen: Seen,
    notes: Vec<String>,
}

impl Found {
    /// For a plan's file: as if everything had always been known.
    async fn of(context: &Context, question: &Question) -> Result<Found, Error> {
        Found::at(context, context.as_of(question.as_of, question.known_at)).await
    }

    async fn at(context: &Context, as_of: AsOf) -> Result<Found, Error> {
        if context.scope != Scope::All {
            return Err(Error::NotSeen("pay".to_owned()));
        }
        let world =
            World::of(context, as_of, Wanted { deals: true, leads: false, estimates: false })
                .await?;
        let people = People::of(context).await?;
        let products = products(context).await?;
        let (mut facts, mut without) = (Vec::new(), 0_usize);
        for deal in world.deals.iter().filter(|deal| deal.outcome == Outcome::Won) {
            let told = facts_of(deal, &products);
            without += usize::from(told.is_empty());
            facts.extend(told);
        }
        let mut notes = Vec::new();
        if without > 0 {
            notes.push(format!(
                "Won deals without an owner, a day or an amount, which pay nobody: {without}."
            ));
        }
        if !world.in_other_currency.is_empty() {
            let left_out = world.in_other_currency.len();
            notes.push(format!("Deals in another currency, left out: {left_out}."));
        }
        let known_on = day_of(as_of.known_at, &context.company.timezone);
        let seen = Seen { effective_on: world.as_of, known_on };
        world.let_go();
        Ok(Found { people, facts, seen, notes })
    }

    fn paid(&self, context: &Context, read: Read, period: Period) -> Result<Paid, Error> {
        let terms = read.plan.terms();
        if terms.currency != context.company.currency {
            let (plan, company) = (terms.currency.code(), context.company.currency.code());
            return Err(Error::Input(format!(
                "the plan is in {plan} and the deals are in {company}: write it in {company}"
            )));
        }
        let input = |error: &dyn std::fmt::Display| Error::Input(error.to_string());
        let payees = self.people.payees(&terms.payees)?;
        let facts = self.facts.iter().map(|fact| owned(fact, &payees)).collect();
        let facts = Facts::new(facts, read.judgements.clone()).map_err(|error| input(&error))?;
        let calculation = rules::calculate(&read.plan, &facts, period, self.seen);
        let calculation = calculation.map_err(|error| input(&error))?;
        let relay = terms.relay.as_ref().filter(|relay| relay.period == period);
        let gate = relay.map(|relay| relay.outcome(&read.judgements, self.seen.known_on));
        Ok(Paid { plan: read.plan, calculation, gate, notes: self.notes.clone() })
    }
}

async fn products(context: &Context) -> Result<BTreeMap<Uuid, String>, Error> {
    Ok(context.store.names(Kind::Products).await?.into_iter().collect())
}

/// The winning with the amount of its day, and each amount that became known later. A deal is
/// taken as known on the day of its closing. The owner is named by the id of the user.
fn facts_of(deal: &Deal, products: &BTreeMap<Uuid, String>) -> Vec<Fact> {
    let (Some(owner), Some(on)) = (deal.owner, deal.closed_on) else { return Vec::new() };
    let tags = tags(deal, products);
    // One amount a day: the last of it.
    let known: BTreeMap<Date, i64> =
        deal.amounts.iter().map(|(day, amount)| ((*day).max(on), amount.minor)).collect();
    let fact = |(known_on, amount): (Date, i64)| {
        let (owner, tags) = (owner.to_string(), tags.clone());
        let won = Won { on, amount, owner, splits: Vec::new(), tags };
        Fact { deal: deal.external_id.clone(), known_on, what: What::Won(won) }
    };
    known.into_iter().map(fact).collect()
}

/// What measures and SPIFFs may ask for.
fn tags(deal: &Deal, products: &BTreeMap<Uuid, String>) -> Vec<String> {
    let product = deal.product.and_then(|product| products.get(&product));
    let mut tags: Vec<String> = deal.deal_type.iter().chain(product).cloned().collect();
    tags.sort();
    tags
}

/// A fact with its owner as a plan calls them.
fn owned(fact: &Fact, payees: &HashMap<String, String>) -> Fact {
    let mut fact = fact.clone();
    if let What::Won(won) = &mut fact.what
        && let Some(payee) = payees.get(&won.owner)
    {
        won.owner.clone_from(payee);
    }
    fact
}
