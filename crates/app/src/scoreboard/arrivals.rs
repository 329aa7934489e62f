//! What the leads of a period come to on a scoreboard. It is made anew only after something was
//! told of leads: an edited deal does not have a hundred thousand of them read again.

use std::sync::Arc;

use domain::kind::Kind;
use domain::lead::Lead;
use domain::name::plain;
use domain::period::Days;
use domain::stage::Outcome;
use domain::time::day_number;
use jiff::civil::Date;

use super::eve::Eve;
use crate::context::Context;
use crate::error::Error;
use crate::model::sound_leads;
use crate::plan::basis::Basis;
use crate::world::World;

/// Days within which a new lead is to be worked, and after which it is no longer a new one.
const UNWORKED_DAYS: std::ops::Range<i32> = 2..91;

/// How far leads have come.
#[derive(Clone, Debug, Default)]
pub struct Arrivals {
    /// How many first came to each stage of leads, or beyond it, on each day of the calendar.
    by_stage: Vec<Vec<f64>>,
    /// New leads that have not moved since they came; `None` where no lead's history is known.
    pub unworked: Option<usize>,
}

impl Arrivals {
    /// By the stages of an eve's plan.
    pub async fn of(
        context: &Context,
        world: &World,
        eve: &Eve,
        days: Days,
    ) -> Result<Arc<Arrivals>, Error> {
        let basis = eve.basis.as_ref().ok();
        let chain = basis.map(|basis| (&basis.chain.names, &basis.calendar.month_start_days));
        let ground = world.tables.ground_of_kind(Kind::Leads);
        let key = world.memo_key(context, &ground, &("arrivals", chain, days));
        let memo = &context.memos.arrivals;
        if let Some(arrivals) = key.and_then(|key| memo.find(key)) {
            return Ok(arrivals);
        }
        let leads = world.leads(context).await?;
        let sound = sound_leads(&leads);
        let stage = |basis: &Basis, stage: usize| {
            let days_reached = sound.iter().filter_map(|lead| reached(lead, stage, basis));
            by_day(days_reached, basis, days)
        };
        let stages = |basis: &Basis| {
            (0..basis.chain.names.len().saturating_sub(2)).map(|at| stage(basis, at)).collect()
        };
        let by_stage = basis.map_or_else(Vec::new, stages);
        let arrivals = Arc::new(Arrivals { by_stage, unworked: unworked(&leads, world.as_of) });
        if let Some(key) = key {
            memo.keep(key, arrivals.clone());
        }
        Ok(arrivals)
    }

    /// How many came to a stage of leads on each day of the calendar.
    pub fn by_day(&self, stage: usize) -> Vec<f64> {
        self.by_stage.get(stage).cloned().unwrap_or_default()
    }
}

/// How many of these days, as far as they lie within others, fall on each day of the calendar.
pub fn by_day(found: impl Iterator<Item = Date>, basis: &Basis, within: Days) -> Vec<f64> {
    let starts = &basis.calendar.month_start_days;
    let first = starts.first().copied().unwrap_or_default();
    let last = starts.last().copied().unwrap_or_default();
    let mut by_day = vec![0.0; usize::try_from(last - first).unwrap_or(0)];
    for day in found.filter(|day| within.contains(*day)) {
        let position = usize::try_from(day_number(day) - first).ok();
        if let Some(count) = position.and_then(|position| by_day.get_mut(position)) {
            *count += 1.0;
        }
    }
    by_day
}

/// The day on which a lead first came to a stage or beyond it.
fn reached(lead: &Lead, stage: usize, basis: &Basis) -> Option<Date> {
    if stage == 0 {
        return Some(lead.created_on);
    }
    let names = &basis.chain.names;
    let is_there = |stay: &&domain::lifecycle::Stay| {
        let position = names.iter().position(|name| *name == stay.stage);
        position.is_some_and(|position| position >= stage)
            || stay.outcome == Outcome::Won
            || plain(&stay.stage) == "opportunity"
    };
    lead.stays.iter().find(is_there).map(|stay| stay.entered_on)
}

/// Of leads whose history is not known it cannot be said that they have not moved.
fn unworked(leads: &[Lead], as_of: Date) -> Option<usize> {
    let today = day_number(as_of);
    let is_waiting = |lead: &&Lead| {
        lead.outcome == Outcome::Open
            && lead.stays.len() == 1
            && UNWORKED_DAYS.contains(&(today - day_number(lead.created_on)))
    };
    let has_history = leads.iter().any(|lead| lead.stays.len() > 1);
    has_history.then(|| leads.iter().filter(is_waiting).count())
}
