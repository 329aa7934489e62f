//! A turn of the clock: who is to be told is told, what ran out is dropped, what comes back comes
//! back, what waits for room is offered. Each step is a write of its own that is done once, by
//! however many processes and after however many restarts.

use std::collections::BTreeSet;

use domain::agreement::Whom;
use domain::handoff::{Action, By, Handoff, State};
use domain::kind::Kind;
use domain::lifecycle::{Lifecycle, reference, text};
use domain::time::start_of_day;
use jiff::Timestamp;
use jiff::civil::Date;
use reports::handoff::Ticked;
use store::Tx;
use store::handoff::Due;
use store::record::Record;
use uuid::Uuid;

use super::target::Aim;
use super::{Halt, To, begun, changed, offer};
use crate::agreement::{InForce, in_force};
use crate::check::is_deleted;
use crate::context::Context;
use crate::error::Error;
use crate::limits::TICK_MAX;

/// Leads that are read at a time.
const LEADS_PER_PAGE: u64 = 1_000;

/// Does what is due; without an agreement in force nothing is.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn tick(context: &Context) -> Result<Ticked, Error> {
    let Some(agreed) = in_force(context).await? else { return Ok(Ticked::default()) };
    let mut done = Ticked::default();
    for due in context.store.due_notices(context.now).await?.into_iter().take(TICK_MAX) {
        done.told += usize::from(told(context, &due).await?);
    }
    let open = context.store.open_handoffs().await?;
    let is_over = |handoff: &&Handoff| {
        handoff.drops_at(&agreed.terms).is_some_and(|drops_at| drops_at <= context.now)
    };
    for handoff in open.iter().filter(is_over).take(TICK_MAX) {
        done.dropped += usize::from(dropped(context, &agreed, handoff).await?);
    }
    for handoff in context.store.returning_handoffs(context.now).await?.iter().take(TICK_MAX) {
        done.returned += usize::from(returned(context, &agreed, handoff).await?);
    }
    let waiting = context.store.open_handoffs().await?;
    let waits = |handoff: &&Handoff| handoff.state == State::Qualified;
    for handoff in waiting.iter().filter(waits).take(TICK_MAX) {
        if !offered(context, &agreed, handoff.lead).await? {
            // Nobody has room for the one that has waited longest.
            break;
        }
        done.offered += 1;
    }
    Ok(done)
}

/// Offers every lead that is marketing-qualified in the CRM and was never handed over: those that
/// got there from a day on, the one on which the agreement came into force if left out.
///
/// # Errors
/// When no agreement is in force, or the store cannot be read or written.
pub async fn gather(context: &Context, since: Option<Date>) -> Result<Ticked, Error> {
    let agreed = super::agreed(context).await?;
    let zone = &context.company.timezone;
    let since = since.map_or(agreed.since, |day| start_of_day(day, zone));
    let known: BTreeSet<Uuid> =
        context.store.handoffs().await?.iter().map(|handoff| handoff.lead).collect();
    let (mut done, mut after) = (Ticked::default(), None);
    loop {
        let page = context.store.records_page(Kind::Leads, after, LEADS_PER_PAGE).await?;
        let Some(last) = page.last() else { return Ok(done) };
        after = Some(last.id);
        let is_new = |lead: &&Record| !known.contains(&lead.id) && is_qualified(lead);
        for lead in page.iter().filter(is_new) {
            if stage_entered_at(context, lead.id).await? >= Some(since) {
                done.offered += usize::from(offered(context, &agreed, lead.id).await?);
            }
        }
    }
}

/// Whether a lead is in a stage that means marketing-qualified.
fn is_qualified(lead: &Record) -> bool {
    let stage = text(&lead.values, "stage");
    let is_mql = stage.is_some_and(|stage| Lifecycle::of_stage(&stage) == Some(Lifecycle::Mql));
    is_mql && !is_deleted(lead)
}

/// Since when a lead is in its stage, by the journal. An entry may say again what held before.
async fn stage_entered_at(context: &Context, lead: Uuid) -> Result<Option<Timestamp>, Error> {
    let mut entries = context.store.entries(Kind::Leads, lead).await?;
    entries.sort_by_key(|entry| (entry.effective_at, entry.id));
    let (mut stage, mut since) = (None, None);
    for entry in &entries {
        let change = entry.changes.iter().find(|change| change.field == "stage");
        if let Some(change) = change.filter(|change| change.after != stage) {
            (stage, since) = (change.after.clone(), Some(entry.effective_at));
        }
    }
    Ok(since)
}

/// What another did meanwhile is not done again.
fn settled(outcome: Result<bool, Halt>) -> Result<bool, Error> {
    match outcome {
        Ok(is_done) => Ok(is_done),
        Err(Halt::Error(error)) => Err(error),
        Err(Halt::Lost | Halt::Refused(_)) => Ok(false),
    }
}

async fn told(context: &Context, due: &Due) -> Result<bool, Error> {
    let user = whom(context, due).await?;
    let author = context.author(format!("told of the clock to {}", due.notice.clock.name()));
    let write = async |tx: &mut Tx| tx.tell(due, user).await;
    Ok(context.store.write::<_, store::error::Error, _>(author, write).await?)
}

async fn whom(context: &Context, due: &Due) -> Result<Option<Uuid>, Error> {
    if let Whom::User(user) = due.notice.whom {
        return Ok(Some(user));
    }
    let open = context.store.handoff(due.handoff).await?;
    let runner = open.and_then(|handoff| handoff.runner());
    match (due.notice.whom, runner) {
        (Whom::Manager, Some(runner)) => {
            let record = context.store.record(Kind::Users, runner).await?;
            Ok(record.and_then(|record| reference(&record.values, "manager")))
        }
        (_, runner) => Ok(runner),
    }
}

async fn dropped(context: &Context, agreed: &InForce, seen: &Handoff) -> Result<bool, Error> {
    let write = async |tx: &mut Tx| {
        let Some(before) = tx.passes(seen.lead).await?.pop() else { return Ok(false) };
        let after = before.step(&Action::Expire, By::CLOCK, context.now, &agreed.terms);
        changed(tx, &agreed.terms, &before, after.map_err(Halt::Refused)?).await?;
        Ok(true)
    };
    settled(context.store.write(context.author("the clock ran out"), write).await)
}

async fn returned(context: &Context, agreed: &InForce, last: &Handoff) -> Result<bool, Error> {
    if last.pass >= agreed.terms.passes_max {
        return Ok(false);
    }
    let write = async |tx: &mut Tx| {
        begun(context, tx, agreed, last.lead, Some(last)).await?;
        Ok(true)
    };
    settled(context.store.write(context.author("a recycled lead came back"), write).await)
}

/// Offers one that waits; `false` where nobody has room.
async fn offered(context: &Context, agreed: &InForce, lead: Uuid) -> Result<bool, Error> {
    let target = Aim::of(context, lead).await?;
    let to = (&To::Routing, &Action::Offer { to: None });
    let write = async |tx: &mut Tx| {
        let after = offer(context, tx, agreed, &target, to, By::CLOCK).await?;
        Ok(after.state == State::Offered)
    };
    settled(context.store.write(context.author("lead offered"), write).await)
}
