//! Handing leads from marketing to sales: offering, taking, passing back, and the clocks between.
//!
//! What is done is decided by `domain::handoff` on the hand-off as it stands, and written on the
//! condition that it still stands so: of many at once one is done, the others are told.

pub mod alignment;
pub mod keeping;
pub mod queue;
mod target;
pub mod tick;

use domain::agreement::{Agreement, Runner};
use domain::handoff::{Action, By, Handoff, NOTE_CHARACTERS_MAX, Refusal, State};
use domain::kind::Kind;
use jiff::Timestamp;
use reports::handoff::Handed;
use store::Tx;
use uuid::Uuid;

use crate::agreement::{InForce, in_force};
use crate::context::Context;
use crate::error::Error;
use crate::journal;
use crate::limits::TURNS_COUNTED;
use crate::listing::names;
use queue::Desk;
use target::Aim;

/// How often an action is tried anew on what others have changed meanwhile.
const TRIES: usize = 8;

/// What is to be done with the baton.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A lead that is not under way begins its next pass.
    Offer(To),
    Accept,
    Decline {
        reason: String,
    },
    Recycle {
        reason: String,
    },
    Call {
        was_reached: bool,
        note: String,
    },
    Qualify,
    Open,
    Reopen,
    Release {
        reason: String,
    },
}

/// To whom a lead is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// Whom the agreement's routing chooses.
    Routing,
    Everybody,
    /// A user of the CRM by id, name or e-mail.
    User(String),
}

/// Why an action was not done.
enum Halt {
    Error(Error),
    Refused(Refusal),
    /// Others were faster: it is to be looked at anew.
    Lost,
}

impl From<store::error::Error> for Halt {
    fn from(error: store::error::Error) -> Halt {
        Halt::Error(error.into())
    }
}

/// Does something with the baton of a lead, named by id.
///
/// # Errors
/// [`Error::Taken`] where somebody else has it, [`Error::NotSeen`] for what is out of scope, and
/// [`Error::Field`] where the state, the side or a reason does not permit it.
pub async fn act(context: &Context, lead: &str, deed: &Deed, by: By) -> Result<Handed, Error> {
    let agreed = agreed(context).await?;
    let found = journal::find(context, &format!("leads:{lead}")).await;
    let unseen = || Error::NotSeen(format!("lead {lead}"));
    let (_, lead) = found.map_err(|_| unseen())?;
    let target = Aim::of(context, lead).await?;
    let passes = context.store.passes(lead).await?;
    if !queue::is_seen(context, passes.last(), target.lead_owner) {
        return Err(unseen());
    }
    let was_so = *deed == Deed::Accept && passes.last().is_some_and(|last| is_had(last, by));
    let handoff = match was_so {
        true => passes.last().cloned().ok_or_else(unseen)?,
        false => done(context, &agreed, &target, deed, by).await?,
    };
    let desk = Desk::of(context, &agreed.terms, std::slice::from_ref(&handoff)).await?;
    let at = handoff.changed_at;
    Ok(Handed { line: desk.line(&handoff, by), at, was_so })
}

/// Who somebody is among the users of the CRM, by id, name or e-mail.
///
/// # Errors
/// When nobody is called so.
pub async fn user(context: &Context, named: &str) -> Result<Uuid, Error> {
    let found = journal::find(context, &format!("users:{}", named.trim())).await;
    Ok(found.map_err(Error::field("user"))?.1)
}

fn is_had(handoff: &Handoff, by: By) -> bool {
    handoff.is_open() && handoff.owner.is_some() && handoff.owner == by.user
}

/// The agreement in force.
async fn agreed(context: &Context) -> Result<InForce, Error> {
    in_force(context).await?.ok_or_else(|| {
        Error::Input(
            "no agreement is in force: `baton agreement set FILE.toml` writes one, and both sides \
             sign it"
                .to_owned(),
        )
    })
}

async fn done(
    context: &Context,
    agreed: &InForce,
    target: &Aim,
    deed: &Deed,
    by: By,
) -> Result<Handoff, Error> {
    let (action, reason) = action(context, deed).await?;
    for _ in 0..TRIES {
        let author = context.author(reason.clone());
        let write = async |tx: &mut Tx| match deed {
            Deed::Offer(to) => offer(context, tx, agreed, target, (to, &action), by).await,
            _ => pass(tx, &agreed.terms, target.lead, &action, by, context.now).await,
        };
        match context.store.write(author, write).await {
            Ok(handoff) => return Ok(handoff),
            Err(Halt::Lost) => {}
            Err(Halt::Error(error)) => return Err(error),
            Err(Halt::Refused(refusal)) => return Err(told(context, refusal).await?),
        }
    }
    Err(Error::Input("others change this hand-off all the time: try again".to_owned()))
}

/// The action of a deed, and what the journal gives as its reason.
async fn action(context: &Context, deed: &Deed) -> Result<(Action, String), Error> {
    let action = match deed.clone() {
        Deed::Offer(To::User(named)) => {
            let found = journal::find(context, &format!("users:{named}")).await;
            Action::Offer { to: Some(found.map_err(Error::field("to"))?.1) }
        }
        Deed::Offer(_) => Action::Offer { to: None },
        Deed::Accept => Action::Accept,
        Deed::Decline { reason } => Action::Decline { reason },
        Deed::Recycle { reason } => Action::Recycle { reason },
        Deed::Call { was_reached, note } => {
            if note.chars().count() > NOTE_CHARACTERS_MAX {
                let why = format!("the note has more than {NOTE_CHARACTERS_MAX} characters");
                return Err(Error::Field { field: "note", why });
            }
            let reached = if was_reached { "reached" } else { "nobody reached" };
            let note = note.trim();
            let said = if note.is_empty() { String::new() } else { format!(": {note}") };
            return Ok((Action::Call { was_reached }, format!("called, {reached}{said}")));
        }
        Deed::Qualify => Action::Qualify,
        Deed::Open => Action::Open,
        Deed::Reopen => Action::Reopen,
        Deed::Release { reason } => Action::Release { reason },
    };
    let reason = format!("lead {}", action.done());
    Ok((action, reason))
}

/// One action on the pass that is under way.
async fn pass(
    tx: &mut Tx,
    terms: &Agreement,
    lead: Uuid,
    action: &Action,
    by: By,
    now: Timestamp,
) -> Result<Handoff, Halt> {
    let Some(before) = tx.passes(lead).await?.pop() else {
        let why = "this lead was never offered: offer it first".to_owned();
        return Err(Halt::Error(Error::Input(why)));
    };
    let after = before.step(action, by, now, terms).map_err(Halt::Refused)?;
    if *action == Action::Accept {
        room(tx, terms, &before, by, now).await?;
    }
    changed(tx, terms, &before, after).await
}

/// Whoever takes a lead that was not offered to them in person needs room for it.
async fn room(
    tx: &mut Tx,
    terms: &Agreement,
    before: &Handoff,
    by: By,
    now: Timestamp,
) -> Result<(), Halt> {
    let is_meant = |runner: &&Runner| Some(runner.user) == by.user;
    let Some(runner) = terms.runners.iter().find(is_meant) else { return Ok(()) };
    if before.offered_to == Some(runner.user) {
        return Ok(());
    }
    tx.hold_routing().await?;
    let since = now.saturating_sub(TURNS_COUNTED).unwrap_or(Timestamp::MIN);
    let open = tx.loads(since).await?.get(&runner.user).map_or(0, |load| load.open);
    if open < runner.capacity { Ok(()) } else { Err(Halt::Refused(Refusal::Full { open })) }
}

/// Writes a change with what is to be told of its clock.
async fn changed(
    tx: &mut Tx,
    terms: &Agreement,
    before: &Handoff,
    after: Handoff,
) -> Result<Handoff, Halt> {
    if !tx.change_handoff(before, &after).await? {
        return Err(Halt::Lost);
    }
    tx.plan_notices(after.id, &after.notices(terms)).await?;
    Ok(after)
}

/// Offers a lead, and begins its next pass where none is under way. Where routing finds nobody
/// who has room, it waits.
async fn offer(
    context: &Context,
    tx: &mut Tx,
    agreed: &InForce,
    target: &Aim,
    (to, action): (&To, &Action),
    by: By,
) -> Result<Handoff, Halt> {
    tx.hold_routing().await?;
    let passes = tx.passes(target.lead).await?;
    let before = match passes.last() {
        Some(last) if last.is_open() => last.clone(),
        last => begun(context, tx, agreed, target.lead, last).await?,
    };
    let action = match to {
        To::Routing => match chosen(context, tx, agreed, target, &passes).await? {
            Some(user) => Action::Offer { to: Some(user) },
            // Nobody has room: it waits, and the clock offers it as soon as somebody has.
            None if before.state == State::Qualified => return Ok(before),
            None => return Err(Halt::Error(Error::Input("nobody else has room".to_owned()))),
        },
        To::Everybody | To::User(_) => action.clone(),
    };
    let after = before.step(&action, by, context.now, &agreed.terms).map_err(Halt::Refused)?;
    changed(tx, &agreed.terms, &before, after).await
}

/// The next pass of a lead.
async fn begun(
    context: &Context,
    tx: &mut Tx,
    agreed: &InForce,
    lead: Uuid,
    last: Option<&Handoff>,
) -> Result<Handoff, Halt> {
    let refused = |why: String| Err(Halt::Error(Error::Input(why)));
    if last.is_some_and(|last| last.state == State::Opportunity) {
        return refused("this lead is an opportunity already".to_owned());
    }
    let pass = last.map_or(1, |last| last.pass + 1);
    if pass > agreed.terms.passes_max {
        return refused(format!("this lead was offered {} times, as agreed at most", pass - 1));
    }
    let at = last.map_or(context.now, |last| context.now.max(last.changed_at));
    let new = Handoff::new(context.new_id(), lead, pass, at);
    if tx.begin_handoff(&new).await? { Ok(new) } else { Err(Halt::Lost) }
}

/// Whom routing chooses: who dropped the lead before is asked only where nobody else has room.
async fn chosen(
    context: &Context,
    tx: &mut Tx,
    agreed: &InForce,
    target: &Aim,
    passes: &[Handoff],
) -> Result<Option<Uuid>, Halt> {
    let since = context.now.saturating_sub(TURNS_COUNTED).unwrap_or(Timestamp::MIN);
    let loads = tx.loads(since).await?;
    let load = |user: Uuid| loads.get(&user).copied().unwrap_or_default();
    let day = domain::time::day_of(context.now, agreed.terms.hours.zone());
    let is_let_go = |pass: &&Handoff| pass.state == State::Expired || pass.is_open();
    let not: Vec<Uuid> = passes.iter().filter(is_let_go).filter_map(Handoff::runner).collect();
    let mut target = target.target.clone();
    let anybody = agreed.terms.route(day, &target, load);
    target.not = not;
    let other = agreed.terms.route(day, &target, load);
    Ok(other.or(anybody).map(|(user, _)| user))
}

/// A refusal with the name of whom it speaks of.
async fn told(context: &Context, refusal: Refusal) -> Result<Error, Error> {
    let name = async |user: Uuid| -> Result<String, Error> {
        let mut names = names(context, Kind::Users, std::iter::once(user)).await?;
        Ok(names.remove(&user).unwrap_or_else(|| format!("user {user}")))
    };
    let field = |field: &'static str| Error::field(field)(&refusal);
    Ok(match &refusal {
        Refusal::Taken { owner } => Error::Taken { owner: name(*owner).await? },
        Refusal::NotYours { owner } => Error::Taken { owner: name(*owner).await? },
        Refusal::OfferedToAnother { to } => Error::Input(format!(
            "it is offered to {}: ask for it to be offered to you",
            name(*to).await?
        )),
        Refusal::UnknownReason(_) | Refusal::NoReason => field("reason"),
        Refusal::NoUser => field("user"),
        _ => Error::Input(refusal.to_string()),
    })
}
