//! The goal: the one number, for a period, and whether history lets one sign for it.

mod smart;
pub mod tree;

use domain::goal::tree::Tree;
use domain::goal::{Counts, Goal};
use domain::money::Money;
use domain::period::Period;
use jiff::civil::Date;
use reports::goal::{Check, Goals};
use store::Tx;

use crate::context::Context;
use crate::error::Error;
use crate::plan::eve;
use crate::world::World;

/// The seed of the futures behind a check, where none is asked for.
pub const SEED: u64 = 1;

/// Which goal is to be checked, and from when.
#[derive(Clone, Copy, Debug, Default)]
pub struct Question {
    pub period: Option<Period>,
    pub as_of: Option<Date>,
    pub known_at: Option<Date>,
    pub seed: u64,
}

/// Sets the goal of a period, whatever its check says; an earlier one is kept as a version, and
/// the goal's parts change in proportion.
///
/// # Errors
/// When the amount or the confidence cannot be a goal's.
pub async fn set(
    context: &Context,
    amount: &str,
    period: Period,
    counts: Counts,
    confidence: f64,
) -> Result<Goals, Error> {
    let amount = Money::parse(amount, context.company.currency)?;
    let goal = Goal::new(amount, period, counts, confidence)?;
    let author = context.author(format!("goal of {period}"));
    let store = &context.store;
    let write = async |tx: &mut Tx| {
        tx.set_goal(&goal).await?;
        let mut tree = Tree { amount, parts: tx.goal_parts(period).await? };
        tree.resize(amount);
        tx.set_goal_parts(period, &tree.parts).await?;
        Ok::<(), Error>(())
    };
    store.write(author, write).await?;
    store.chain(&context.new_id().to_string(), context.now).await?;
    let question = Question { period: Some(period), seed: SEED, ..Question::default() };
    let checks = vec![check(context, &question).await?];
    Ok(Goals { goals: context.store.goals().await?, checks })
}

/// Every goal that is set, each with its check.
pub async fn show(context: &Context) -> Result<Goals, Error> {
    let goals = context.store.goals().await?;
    let mut worlds: Vec<(Option<Date>, World)> = Vec::new();
    let mut checks = Vec::new();
    for goal in &goals {
        let as_of = from_when(context, *goal, None);
        if !worlds.iter().any(|(known, _)| *known == as_of) {
            worlds.push((as_of, World::at(context, context.as_of(as_of, None)).await?));
        }
        let world = worlds.iter().find(|(known, _)| *known == as_of).map(|(_, world)| world);
        if let Some(world) = world {
            checks.push(smart::check(context, world, *goal, &goals, SEED)?);
        }
    }
    Ok(Goals { goals, checks })
}

/// Holds one goal against history. That of a period that is over is checked from its eve, unless a
/// day is given.
///
/// # Errors
/// When no goal is set.
pub async fn check(context: &Context, question: &Question) -> Result<Check, Error> {
    let goal = find(context, question.period).await?;
    let as_of = from_when(context, goal, question.as_of);
    let world = World::at(context, context.as_of(as_of, question.known_at)).await?;
    smart::check(context, &world, goal, &context.store.goals().await?, question.seed)
}

/// The day from which a goal is looked at: today, or the eve of a period that is over.
pub fn from_when(context: &Context, goal: Goal, as_of: Option<Date>) -> Option<Date> {
    let days = context.company.calendar.days(goal.period);
    as_of.or((days.last < context.today()).then(|| eve(days.first)))
}

/// The goal of a period, or where none is named the only goal, or the one whose period is next to
/// end.
///
/// # Errors
/// When no goal is set.
pub async fn find(context: &Context, period: Option<Period>) -> Result<Goal, Error> {
    let goals = context.store.goals().await?;
    let days = |goal: &Goal| context.company.calendar.days(goal.period);
    let chosen = match period {
        Some(period) => goals.iter().find(|goal| goal.period == period),
        None => {
            let today = context.today();
            let running = goals.iter().filter(|goal| days(goal).last >= today);
            let latest = || goals.iter().max_by_key(|goal| days(goal).last);
            running.min_by_key(|goal| days(goal).last).or_else(latest)
        }
    };
    let named = period.map_or(String::new(), |period| format!(" for {period}"));
    chosen.copied().ok_or_else(|| {
        Error::Input(format!(
            "no goal is set{named}: run `baton goal set --amount AMOUNT --period PERIOD`"
        ))
    })
}
