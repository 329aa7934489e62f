//! The goal: the one number, for a period.

use domain::goal::{Counts, Goal};
use domain::money::Money;
use domain::period::Period;
use reports::goal::Goals;
use store::Tx;

use crate::context::Context;
use crate::error::Error;

/// Sets the goal of a period; an earlier one is kept as a version.
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
    store.write(author, async |tx: &mut Tx| Ok::<(), Error>(tx.set_goal(&goal).await?)).await?;
    store.chain(&context.new_id().to_string(), context.now).await?;
    show(context).await
}

pub async fn show(context: &Context) -> Result<Goals, Error> {
    Ok(Goals { goals: context.store.goals().await? })
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
