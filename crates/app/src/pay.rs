//! Pay: a plan applied to the won deals of the company's picture. A plan is a file, or one that
//! Baton keeps, whose statements go from calculated over approved to locked.

mod dispute;
mod file;
mod gate;
mod people;
mod plans;
mod runs;
mod sandbagging;
mod simulation;
mod told;
mod what_if;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use domain::access::Scope;
use domain::pay::calculate as rules;
use domain::pay::counted::Metric;
use domain::pay::facts::{Fact, Facts, Seen, What};
use domain::pay::plan::{Plan, Terms};
use domain::period::Period;
use domain::time::{AsOf, day_of};
use jiff::civil::Date;
use reports::pay::{Explained, Paid, Payroll, Simulated, Slip};

use crate::context::Context;
use crate::error::Error;
use crate::world::{Wanted, World};
use file::Read;
use people::People;
use told::{Needs, Told, told};

pub use dispute::{Remark, dispute};
pub use gate::outlook;
pub use plans::{Saved, judge, save, sign};
pub use runs::{Deed, advance, calculate, desk, export, sheet};
pub use sandbagging::sandbagging;
pub use simulation::{forecast_cost, tried};
pub use what_if::{picks, what_if};

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
    let read = read(context, &question.plan).await?;
    let found = Found::of(context, question, &Needs::of([&read.plan])).await?;
    Ok(Payroll(found.paid(context, read, question.period)?))
}

/// One payee's statement of a period.
///
/// # Errors
/// As [`payroll`], and when the plan has no such payee.
pub async fn slip(context: &Context, question: &Question, payee: &str) -> Result<Slip, Error> {
    let read = read(context, &question.plan).await?;
    let found = Found::of(context, question, &Needs::of([&read.plan])).await?;
    let payee = place(read.plan.terms(), payee)?;
    let paid = found.paid_one(context, read, question.period, Some(payee))?;
    Ok(Slip { paid, payee: 0 })
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
    let plan = read(context, &question.plan).await?;
    let other = match other {
        Some(plan) => Some(read(context, plan).await?),
        None => None,
    };
    let both = std::iter::once(&plan).chain(&other).map(|read| &read.plan);
    let found = Found::of(context, question, &Needs::of(both)).await?;
    let paid = found.paid(context, plan, question.period)?;
    let other = other.map(|read| found.paid(context, read, question.period)).transpose()?;
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

fn place(terms: &Terms, payee: &str) -> Result<usize, Error> {
    let found = terms.payees.iter().position(|one| one.id == payee || one.name == payee);
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
    async fn of(context: &Context, question: &Question, needs: &Needs) -> Result<Found, Error> {
        Found::at(context, context.as_of(question.as_of, question.known_at), needs).await
    }

    async fn at(context: &Context, as_of: AsOf, needs: &Needs) -> Result<Found, Error> {
        if context.scope != Scope::All {
            return Err(Error::NotSeen("pay".to_owned()));
        }
        let world =
            World::of(context, as_of, Wanted { deals: true, leads: false, estimates: false })
                .await?;
        let people = People::of(context).await?;
        let Told { facts, mut notes } = told(context, &world, needs).await?;
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
        self.paid_one(context, read, period, None)
    }

    /// As [`Found::paid`], of one payee alone where one is meant.
    fn paid_one(
        &self,
        context: &Context,
        read: Read,
        period: Period,
        payee: Option<usize>,
    ) -> Result<Paid, Error> {
        let terms = read.plan.terms();
        if terms.currency != context.company.currency {
            let (plan, company) = (terms.currency.code(), context.company.currency.code());
            return Err(Error::Input(format!(
                "the plan is in {plan} and the deals are in {company}: write it in {company}"
            )));
        }
        let input = |error: &dyn std::fmt::Display| Error::Input(error.to_string());
        let payees = self.people.payees(&terms.payees)?;
        let counted = read.plan.counted();
        let counts =
            |fact: &&Fact| counted.contains(&fact.of) && Found::is_as_long(fact, &read.plan);
        let own = self.facts.iter().filter(counts);
        let facts = own.map(|fact| owned(fact, &payees)).collect();
        let facts = Facts::new(facts, read.judgements.clone()).map_err(|error| input(&error))?;
        let made = match payee {
            Some(payee) => rules::calculate_one(&read.plan, &facts, payee, (period, self.seen)),
            None => rules::calculate(&read.plan, &facts, period, self.seen)
                .map(|calculation| (read.plan.clone(), calculation)),
        };
        let (plan, calculation) = made.map_err(|error| input(&error))?;
        let relay = terms.relay.as_ref().filter(|relay| relay.period == period);
        let gate = relay.map(|relay| relay.outcome(&read.judgements, self.seen.known_on));
        let mut notes = self.notes.clone();
        notes.extend(self.unheard(&read.plan));
        Ok(Paid { plan, calculation, gate, notes })
    }

    /// What is kept by periods counts towards plans that pay by the like of them.
    fn is_as_long(fact: &Fact, plan: &Plan) -> bool {
        fact.of.metric != Metric::RenewedMonthlyAmount
            || told::is_as_long(fact, plan.terms().first_period)
    }

    /// Channels of a plan that no touch has: they may be misspelt.
    fn unheard(&self, plan: &Plan) -> Option<String> {
        let touched = self.facts.iter().filter_map(|fact| match &fact.what {
            What::Won(won) if fact.of.by_touch => Some(&won.touched),
            _ => None,
        });
        let heard: BTreeSet<&str> = touched.flatten().map(String::as_str).collect();
        let mut unheard = plan.channels();
        unheard.retain(|channel| !heard.contains(channel));
        let told = !unheard.is_empty() && plan.counted().iter().any(|it| it.by_touch);
        told.then(|| format!("Channels that led to nothing here: {}.", unheard.join(", ")))
    }
}

/// What the domain refuses is the question's fault.
fn input(error: impl std::fmt::Display) -> Error {
    Error::Input(error.to_string())
}

/// A fact with its owners as a plan calls them.
fn owned(fact: &Fact, payees: &HashMap<String, String>) -> Fact {
    let mut fact = fact.clone();
    if let What::Won(won) = &mut fact.what {
        let all = std::iter::once(&mut won.owner).chain(won.splits.iter_mut().map(|(id, _)| id));
        for id in all {
            if let Some(payee) = payees.get(id) {
                id.clone_from(payee);
            }
        }
    }
    fact
}
