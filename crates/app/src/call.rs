//! Forecast calls: saying one, and all that was said beside what is in hand and what came.

mod lines;

use std::collections::BTreeMap;

use domain::call::{Call, Manner, Whose};
use domain::kind::Kind;
use domain::money::Money;
use domain::period::{Days, Period};
use domain::time::day_of;
use jiff::civil::Date;
use reports::call::graded::Graded;
use reports::call::{Calls, Said};
use store::Tx;
use store::call::Said as Kept;
use uuid::Uuid;

use crate::access;
use crate::context::Context;
use crate::error::Error;
use crate::journal;
use crate::world::World;
use lines::Names;

/// What a person says.
#[derive(Clone, Debug)]
pub struct Order {
    pub period: Period,
    pub manner: Manner,
    /// Whose deals it is of: a user of the CRM by id, name or e-mail, or `whole`. Left out, it is
    /// the speaker's own, or the whole where the speaker is no user of the CRM.
    pub whose: Option<String>,
    /// Who speaks among the users of the CRM.
    pub speaker: Option<Uuid>,
    /// Whether the speaker may say something of others as well.
    pub speaks_for_others: bool,
    pub commit: String,
    pub best_case: String,
    pub note: String,
}

/// Which calls are looked at, and from when.
#[derive(Clone, Copy, Debug, Default)]
pub struct Question {
    /// The quarter around the day if left out.
    pub period: Option<Period>,
    pub as_of: Option<Date>,
    pub known_at: Option<Date>,
    /// Whether Baton says something of each owner, beside the whole: that takes as many forecasts.
    pub of_owners: bool,
    pub seed: u64,
}

/// What stands for the whole company where an owner is named.
pub const WHOLE: &str = "whole";

/// Says a call: it is added to what was said before, and counts from now on.
///
/// # Errors
/// [`Error::Field`] where a part of it will not do, [`Error::NotSeen`] for what is out of scope.
pub async fn say(context: &Context, order: &Order) -> Result<Said, Error> {
    let days = context.company.calendar.days(order.period);
    if days.last < context.today() {
        let why = format!("{} is over: a call is of what is still to come", order.period);
        return Err(Error::Field { field: "period", why });
    }
    let amount = |field: &'static str, text: &str| {
        Money::parse(text.trim(), context.company.currency).map_err(Error::field(field))
    };
    let call = Call {
        period: order.period,
        whose: whose(context, order).await?,
        manner: order.manner,
        commit: amount("commit", &order.commit)?,
        best_case: amount("best_case", &order.best_case)?,
        note: order.note.trim().to_owned(),
    };
    let call = call.checked().map_err(|wrong| Error::field(wrong.field())(wrong))?;
    let reason = match call.note.as_str() {
        "" => format!("forecast call of {}", call.period),
        note => note.to_owned(),
    };
    let id = context.new_id();
    let write = async |tx: &mut Tx| {
        tx.say(id, &call).await?;
        tx.chain().await?;
        Ok::<_, Error>(())
    };
    context.store.write(context.author(reason), write).await?;
    let all = heard(context, &Question::default()).await?;
    let names = Names::of(context, &all).await?;
    let said = all.iter().position(|kept| kept.id == id).map(|at| names.said(context, &all, at));
    said.ok_or_else(|| Error::Input("the call is kept, and cannot be read back".to_owned()))
}

async fn whose(context: &Context, order: &Order) -> Result<Whose, Error> {
    let named = order.whose.as_deref().map(str::trim).filter(|whose| !whose.is_empty());
    let own = order.speaker.map_or(Whose::Whole, Whose::User);
    let whose = match named {
        None => own,
        Some(WHOLE) => Whose::Whole,
        Some(name) => {
            let found = journal::find(context, &format!("users:{name}")).await;
            Whose::User(found.map_err(Error::field("owner"))?.1)
        }
    };
    if context.scope != domain::access::Scope::All && whose == Whose::Whole {
        let why = match order.speaker {
            Some(_) => "the whole is called by who sees the whole: call an owner's",
            None => "you are no user of the CRM: ask an owner of the company to name you as one",
        };
        return Err(Error::Field { field: "owner", why: why.to_owned() });
    }
    if let Whose::User(user) = whose {
        access::seen(context, Some(user), &format!("owner {}", named.unwrap_or_default()))?;
    }
    if whose != own && whose != Whose::Whole && !order.speaks_for_others {
        let why = "that is another's call: call your own, or have it overridden by who may";
        return Err(Error::Field { field: "owner", why: why.to_owned() });
    }
    Ok(whose)
}

/// All that was called of a period by the as-of pair, beside what is in hand and what Baton says;
/// and the calls of periods that are over beside what was booked.
pub async fn calls(context: &Context, question: &Question) -> Result<Calls, Error> {
    let as_of = context.as_of(question.as_of, question.known_at);
    let world = World::of_deals(context, as_of).await?;
    let calendar = context.company.calendar;
    let period = question.period.unwrap_or_else(|| calendar.quarter_of(world.as_of));
    let days = calendar.days(period);
    let heard = heard(context, question).await?;
    let names = Names::of(context, &heard).await?;
    let standing = standing(heard.iter().enumerate(), period);
    let Question { of_owners, seed, .. } = *question;
    let found = lines::Finder { context, world: &world, days, of_owners, seed };
    let said = |at: usize| names.said(context, &heard, at);
    let call = |whose: Whose| {
        let (own, over) = standing.get(&whose).copied().unwrap_or_default();
        (own.map(said), over.filter(|over| own.is_none_or(|own| *over > own)).map(said))
    };
    let (lines, whole) = found.lines(&standing.keys().copied().collect::<Vec<_>>(), call).await?;
    Ok(Calls {
        period,
        as_of: world.as_of,
        currency: context.company.currency,
        is_over: days.last <= world.as_of,
        lines,
        whole,
        said: (0..heard.len()).filter(|at| heard[*at].call.period == period).map(said).collect(),
        graded: graded(context, &world, &heard, &names),
    })
}

/// The calls that were said by the as-of pair and are in scope, the first one first.
async fn heard(context: &Context, question: &Question) -> Result<Vec<Kept>, Error> {
    let as_of = context.as_of(question.as_of, question.known_at);
    let by = as_of.effective_at.min(as_of.known_at);
    let mut all = context.store.calls().await?;
    all.retain(|kept| kept.recorded_at <= by && is_seen(context, kept.call.whose));
    Ok(all)
}

/// A call of the whole tells of everybody's deals.
fn is_seen(context: &Context, whose: Whose) -> bool {
    match whose {
        Whose::Whole => context.scope == domain::access::Scope::All,
        Whose::User(user) => context.scope.shows(Some(user)),
    }
}

/// The places of the last submission and of the last override of each.
type Standing = BTreeMap<Whose, (Option<usize>, Option<usize>)>;

fn standing<'a>(heard: impl Iterator<Item = (usize, &'a Kept)>, period: Period) -> Standing {
    let mut standing = Standing::new();
    for (place, kept) in heard.filter(|(_, kept)| kept.call.period == period) {
        let (own, over) = standing.entry(kept.call.whose).or_default();
        match kept.call.manner {
            Manner::Submission => *own = Some(place),
            Manner::Override => *over = Some(place),
        }
    }
    standing
}

/// Calls of periods that are over, by period and whose they are; what was said after the period's
/// end does not count.
fn graded(context: &Context, world: &World, heard: &[Kept], names: &Names) -> Vec<Graded> {
    let calendar = context.company.calendar;
    let zone = &context.company.timezone;
    let mut periods: Vec<(Days, Period)> = (heard.iter())
        .map(|kept| (calendar.days(kept.call.period), kept.call.period))
        .filter(|(days, _)| days.last <= world.as_of)
        .collect();
    periods.sort_by_key(|(days, period)| (std::cmp::Reverse((days.last, days.first)), *period));
    periods.dedup();
    let mut graded = Vec::new();
    for (days, period) in periods {
        let is_timely = |kept: &Kept| day_of(kept.recorded_at, zone) <= days.last;
        let timely = || heard.iter().enumerate().filter(|(_, kept)| is_timely(kept));
        let mut rows: Vec<Graded> = (standing(timely(), period).into_iter())
            .map(|(whose, (own, over))| {
                let is_own = |(_, kept): &(usize, &Kept)| {
                    let call = &kept.call;
                    (call.period, call.whose, call.manner) == (period, whose, Manner::Submission)
                };
                let commit = |place: usize| heard[place].call.commit;
                Graded {
                    period,
                    whose: names.whose(whose),
                    first: timely().find(is_own).map(|(_, kept)| kept.call.commit),
                    last: own.map(commit),
                    overridden: over.filter(|over| own.is_none_or(|own| *over > own)).map(commit),
                    booked: lines::booked(context, world, days, whose),
                }
            })
            .collect();
        rows.sort_by(|a, b| a.whose.cmp(&b.whose));
        graded.extend(rows);
    }
    graded
}

/// The users of the CRM of whom the speaker may say something: their ids, and what to call them.
///
/// # Errors
/// When the store cannot be read.
pub async fn owners(context: &Context) -> Result<Vec<(Uuid, String)>, Error> {
    let mut owners = context.store.names(Kind::Users).await?;
    owners.retain(|(user, _)| context.scope.shows(Some(*user)));
    Ok(owners)
}
