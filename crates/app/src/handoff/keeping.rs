//! How both sides keep the agreement, week by week, and where the baton was dropped.

use std::collections::BTreeMap;

use domain::access::Scope;
use domain::agreement::Agreement;
use domain::handoff::{Clock, Handoff, Standing, State};
use domain::time::day_of;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use reports::handoff::keeping::{Band, Drop, Dropped, Keeping, Kept, Week};

use super::agreed;
use super::queue::{Desk, is_seen};
use crate::context::Context;
use crate::error::Error;
use crate::limits::{DROPPED_SHOWN_MAX, KEPT_WEEKS, KEPT_WEEKS_MAX};

/// The bands of speed to lead, in minutes by the clock.
const BANDS: [Option<i64>; 5] = [Some(60), Some(240), Some(1_440), Some(4_320), None];

/// The days that a report is of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Question {
    /// The last quarter of a year if left out, as far as there was an agreement.
    pub from: Option<Date>,
    /// Today if left out.
    pub to: Option<Date>,
}

impl Question {
    fn days(self, context: &Context) -> Result<(Date, Date), Error> {
        let to = self.to.unwrap_or_else(|| context.today());
        let from = self.from.unwrap_or_else(|| monday(to).saturating_sub((KEPT_WEEKS - 1).weeks()));
        let wrong = |why: String| Err(Error::Field { field: "from", why });
        if from > to {
            return wrong("the first day comes after the last one".to_owned());
        }
        if from.saturating_add(KEPT_WEEKS_MAX.weeks()) < to {
            return wrong(format!("these are more than {KEPT_WEEKS_MAX} weeks: choose fewer"));
        }
        Ok((from, to))
    }
}

fn monday(day: Date) -> Date {
    day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days())
}

/// How both sides kept the agreement. The number is the team's, and so it is of all hand-offs.
///
/// # Errors
/// When no agreement is in force, or the days are none.
pub async fn keeping(context: &Context, question: Question) -> Result<Keeping, Error> {
    let agreed = agreed(context).await?;
    let question = since_agreed(context, question).await?;
    let (from, to) = question.days(context)?;
    let all = context.store.handoffs().await?;
    Ok(kept(&all, &agreed.terms, (from, to), context.now))
}

/// Before there was an agreement nobody owed anything.
async fn since_agreed(context: &Context, question: Question) -> Result<Question, Error> {
    if question.from.is_some() {
        return Ok(question);
    }
    let all = context.store.agreements().await?;
    let first = all.iter().filter_map(|version| version.in_force_since()).min();
    let (from, to) = question.days(context)?;
    let first = first.map_or(from, |at| monday(day_of(at, &context.company.timezone)));
    Ok(Question { from: Some(from.max(first.min(to))), to: Some(to) })
}

/// The same from the hand-offs themselves.
pub(crate) fn kept(
    all: &[Handoff],
    terms: &Agreement,
    (from, to): (Date, Date),
    now: Timestamp,
) -> Keeping {
    let zone = terms.hours.zone();
    let is_within = |at: Timestamp| (from..=to).contains(&day_of(at, zone));
    let mut weeks = weeks(terms, from, to);
    let mut count = |at: Option<Timestamp>, add: &mut dyn FnMut(&mut Week)| {
        let day = at.filter(|at| is_within(*at)).map(|at| monday(day_of(at, zone)));
        if let Some(week) = weeks.iter_mut().find(|week| Some(week.monday) == day) {
            add(week);
        }
    };
    for it in all {
        let first = (it.pass == 1).then_some(it.qualified_at);
        count(first, &mut |week| week.qualified += 1);
        for (clock, since, standing) in it.clocks(now) {
            count(Some(since), &mut |week| match clock {
                Clock::Accept => tally(&mut week.accepted, standing),
                Clock::Contact => tally(&mut week.contacted, standing),
            });
        }
        let dropped = it.ended_at.filter(|_| it.state == State::Expired);
        count(dropped, &mut |week| week.dropped += 1);
    }
    let ended = |state| {
        let is_it = move |it: &&Handoff| {
            it.state == state
                && it.ended_at.is_some_and(|at| (from..=to).contains(&day_of(at, zone)))
        };
        reasons(all.iter().filter(is_it))
    };
    let called: Vec<&Handoff> =
        all.iter().filter(|it| it.first_call_at.is_some_and(is_within)).collect();
    let is_decided = |it: &&&Handoff| !it.is_open() || it.sales_qualified_at.is_some();
    let undecided = called.len() - called.iter().filter(is_decided).count();
    Keeping {
        from,
        to,
        declined: ended(State::Declined),
        recycled: ended(State::Recycled),
        speed: speed(called.iter().filter(is_decided).copied()),
        undecided,
        weeks,
    }
}

fn tally(kept: &mut Kept, standing: Standing) {
    match standing {
        Standing::InTime => kept.in_time += 1,
        Standing::Late => kept.late += 1,
        Standing::Running => kept.running += 1,
    }
}

/// The weeks of some days, each with what is promised in those of its working days.
fn weeks(terms: &Agreement, from: Date, to: Date) -> Vec<Week> {
    let mut weeks: Vec<Week> = Vec::new();
    let mut day = from;
    while day <= to {
        let monday = monday(day);
        if weeks.last().is_none_or(|week| week.monday != monday) {
            weeks.push(Week {
                monday,
                qualified: 0,
                promised: 0.0,
                accepted: Kept::default(),
                contacted: Kept::default(),
                dropped: 0,
            });
        }
        if let Some(week) = weeks.last_mut() {
            week.promised += terms.promised_on(day);
        }
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    weeks
}

/// Reasons with how often, the most frequent first.
fn reasons<'a>(handoffs: impl Iterator<Item = &'a Handoff>) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in handoffs.filter_map(|it| it.reason.as_deref()) {
        *counts.entry(reason).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> =
        counts.into_iter().map(|(reason, count)| (reason.to_owned(), count)).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

fn speed<'a>(decided: impl Iterator<Item = &'a Handoff>) -> Vec<Band> {
    let empty = |minutes_max| Band { minutes_max, leads: 0, sales_qualified: 0 };
    let mut bands = BANDS.map(empty);
    for it in decided {
        let Some(called_at) = it.first_call_at else { continue };
        let minutes = it.qualified_at.duration_until(called_at).as_mins();
        let is_in = |band: &&mut Band| band.minutes_max.is_none_or(|most| minutes <= most);
        if let Some(band) = bands.iter_mut().find(is_in) {
            band.leads += 1;
            band.sales_qualified += usize::from(it.sales_qualified_at.is_some());
        }
    }
    bands.to_vec()
}

/// The batons that were dropped in some days, the last one first, as far as they are in scope.
///
/// # Errors
/// When no agreement is in force, or the days are none.
pub async fn dropped(context: &Context, question: Question) -> Result<Dropped, Error> {
    let agreed = agreed(context).await?;
    let (from, to) = question.days(context)?;
    let zone = agreed.terms.hours.zone();
    let is_within =
        |at: Option<Timestamp>| at.is_some_and(|at| (from..=to).contains(&day_of(at, zone)));
    let all = context.store.handoffs().await?;
    let mut last: BTreeMap<uuid::Uuid, u32> = BTreeMap::new();
    for it in &all {
        let pass = last.entry(it.lead).or_default();
        *pass = it.pass.max(*pass);
    }
    let is_all = context.scope == Scope::All;
    let is_shown = |it: &&Handoff| is_all || is_seen(context, Some(it), None);
    let offered = all.iter().filter(|it| is_within(it.offered_at)).filter(is_shown).count();
    let is_dropped = |it: &&Handoff| it.state == State::Expired && is_within(it.ended_at);
    let mut drops: Vec<Handoff> = all.iter().filter(is_dropped).filter(is_shown).cloned().collect();
    drops.sort_by_key(|it| std::cmp::Reverse((it.ended_at, it.id)));
    drops.truncate(DROPPED_SHOWN_MAX);
    let desk = Desk::of(context, &agreed.terms, &drops).await?;
    let drop = |it: &Handoff| {
        let (lead, name) = desk.called(it.lead);
        let (at, since) = match it.accepted_at {
            Some(accepted_at) => (Clock::Contact, accepted_at),
            None => (Clock::Accept, it.offered_at.unwrap_or(it.qualified_at)),
        };
        let ended_at = it.ended_at.unwrap_or(since);
        Drop {
            lead,
            name,
            pass: it.pass,
            on: day_of(ended_at, zone),
            at,
            waited_minutes: agreed.terms.hours.between(since, ended_at).as_mins(),
            is_picked_up: last.get(&it.lead).is_some_and(|last| *last > it.pass),
        }
    };
    Ok(Dropped { from, to, drops: drops.iter().map(drop).collect(), offered })
}
