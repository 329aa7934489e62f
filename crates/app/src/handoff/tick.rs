//! A turn of the clock: who is to be told is told, what ran out is dropped, what comes back comes
//! back, what waits for room is offered. Each step is a write of its own that is done once, by
//! however many processes and after however many restarts.

use std::collections::HashMap;

use domain::agreement::{self, Whom};
use domain::handoff::{Action, By, Handoff, State};
use domain::journal::Entry;
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
use crate::agreement::definition::Definition;
use crate::agreement::{InForce, in_force};
use crate::context::Context;
use crate::error::Error;
use crate::limits::TICK_MAX;
use crate::world::World;

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
    if agreed.terms.entry == agreement::Entry::ByStage {
        done.offered += entered(context, &agreed, agreed.since).await?;
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
    Ok(Ticked { offered: entered(context, &agreed, since).await?, ..Ticked::default() })
}

/// Offers the leads that became marketing-qualified from an instant on and were never handed over.
/// Returns how many somebody has room for; the others wait.
async fn entered(context: &Context, agreed: &InForce, since: Timestamp) -> Result<usize, Error> {
    let stages = context.stages(Kind::Leads).await?;
    let mqls: Vec<&str> = (stages.stages.iter().map(|stage| stage.name.as_str()))
        .filter(|name| Lifecycle::of_stage(name) == Some(Lifecycle::Mql))
        .collect();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = context.store.unhanded_leads(&mqls, after, LEADS_PER_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(*last);
        let entries = context.store.entries_of(Kind::Leads, &page).await?;
        for lead in page {
            let told = entries.get(&lead).map_or(&[][..], Vec::as_slice);
            let entered_at = stage_entered_at(told);
            found.extend(entered_at.filter(|at| *at >= since).map(|at| (at, lead)));
        }
    }
    fitting(context, agreed, &mut found).await?;
    // Who has waited longest comes first.
    found.sort_unstable();
    let mut count = 0;
    for (_, lead) in found {
        count += usize::from(offered(context, agreed, lead).await?);
    }
    Ok(count)
}

/// Keeps the leads that fit the agreement's definition today, where that is a condition.
async fn fitting(
    context: &Context,
    agreed: &InForce,
    found: &mut Vec<(Timestamp, Uuid)>,
) -> Result<(), Error> {
    let Some(condition) = agreed.terms.qualifies.as_ref().filter(|_| !found.is_empty()) else {
        return Ok(());
    };
    let ids: Vec<Uuid> = found.iter().map(|(_, lead)| *lead).collect();
    let records = context.store.records(Kind::Leads, &ids).await?;
    let id = |record: &Record| Some((record.id, text(&record.values, "external_id")?));
    let ids: HashMap<Uuid, String> = records.iter().filter_map(id).collect();
    let world = World::of_tables(context, context.as_of(None, None)).await?;
    let definition =
        Definition::of_today(context, &world, condition, &ids.values().cloned().collect()).await?;
    let today = context.today();
    found.retain(|(_, lead)| ids.get(lead).is_some_and(|id| definition.fits(id, today)));
    world.let_go();
    Ok(())
}

/// Since when a lead is in its stage, by its entries; `None` for one that is no more. An entry may
/// say again what held before.
fn stage_entered_at(entries: &[Entry]) -> Option<Timestamp> {
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_by_key(|entry| (entry.effective_at, entry.id));
    let (mut stage, mut since) = (None, None);
    for entry in entries {
        let change = entry.changes.iter().find(|change| change.field == "stage");
        if let Some(change) = change.filter(|change| change.after != stage) {
            (stage, since) = (change.after.clone(), Some(entry.effective_at));
        }
    }
    since
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
