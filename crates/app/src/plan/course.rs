//! The present course by day: how leads and opportunities come if nothing is done about it.

use std::collections::BTreeMap;

use domain::deal::Deal;
use domain::lead::Lead;
use domain::stage::Outcome;
use domain::time::day_number;
use rayon::prelude::*;
use stats::funnel::history::{History, Kind, Path, State};
use stats::funnel::{Fitted, Unfitted};
use stats::plan::{Calendar, Course, Source};

use super::chain::{Chain, FromLeads, Origin};
use crate::error::Error;
use crate::model::sound_leads;
use crate::world::World;

/// What [`Course::besides`] holds, in its order.
pub const BESIDES: [&str; 2] = ["open leads", "opportunities without a lead"];

/// The present course of a chain that history tells; `None` for an assumed one.
pub fn course(
    world: &World,
    chain: &Chain,
    calendar: &Calendar,
    fitted: &Fitted,
) -> Result<Option<Course>, Error> {
    let days = Days::of(calendar);
    let arrivals =
        days.each(|day| fitted.arrivals.values().map(|arriving| arriving.rate_on(day)).sum());
    match &chain.origin {
        Origin::Assumed | Origin::LeadsAlone => Ok(None),
        Origin::Deals(_) => {
            let entering = arrivals.clone();
            Ok(Some(Course { entering, besides: Vec::new(), arrival_stage: 0, arrivals }))
        }
        Origin::Leads(from_leads) => {
            let arrival_stage = from_leads.curves.len();
            let mut direct = vec![days.each(|_| 0.0); arrival_stage];
            direct.push(arrivals.iter().map(|count| count * (1.0 - from_leads.share)).collect());
            let leads = sound_leads(&world.leads);
            let (open, entering) = rayon::join(
                || open_leads(world, chain, from_leads, &days),
                || lead_rates(&leads, world, &days),
            );
            let besides = vec![
                Source { entering: open, is_on_the_way: true },
                Source { entering: direct, is_on_the_way: false },
            ];
            Ok(Some(Course { entering: entering?, besides, arrival_stage, arrivals }))
        }
    }
}

/// The days of a calendar; before its start nothing comes.
struct Days {
    first: i32,
    start: i32,
    after: i32,
}

impl Days {
    fn of(calendar: &Calendar) -> Days {
        let months = &calendar.month_start_days;
        let first = months.first().copied().unwrap_or(calendar.start_day);
        let after = months.last().copied().unwrap_or(first);
        Days { first, start: calendar.start_day, after }
    }

    fn each(&self, figure: impl Fn(i32) -> f64) -> Vec<f64> {
        let on = |day: i32| if day >= self.start { figure(day) } else { 0.0 };
        (self.first..self.after).map(on).collect()
    }
}

/// How many leads are to be expected on each day, by season where two years tell one.
fn lead_rates(leads: &[&Lead], world: &World, days: &Days) -> Result<Vec<f64>, Error> {
    let state = |kind, is_target| State { kind, is_target };
    let path = |lead: &&Lead| Path {
        segment: 0,
        entered_day: day_number(lead.created_on),
        entry_state: 0,
        moves: Vec::new(),
        amounts: Vec::new(),
    };
    let history = History {
        states: vec![state(Kind::Transient, false), state(Kind::Absorbing, true)],
        paths: leads.iter().map(path).collect(),
    };
    let unfitted = Unfitted { season: true, ..Unfitted::default() };
    let fitted = unfitted.fit(&history, day_number(world.as_of))?;
    Ok(days.each(|day| fitted.arrivals.values().map(|arriving| arriving.rate_on(day)).sum()))
}

/// By stage and day, the leads that are open now and go on into it from the stage that they are in.
fn open_leads(world: &World, chain: &Chain, from_leads: &FromLeads, days: &Days) -> Vec<Vec<f64>> {
    let names = &chain.names[..from_leads.curves.len()];
    let mut ages: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    let leads = sound_leads(&world.leads);
    let standings = leads.par_iter().filter_map(|lead| standing(lead, names, world));
    for standing in standings.collect::<Vec<_>>() {
        *ages.entry(standing).or_default() += 1.0;
    }
    let mut entering = vec![days.each(|_| 0.0); names.len() + 1];
    let before = (days.start - days.first).unsigned_abs() as usize;
    for ((stage, age_days), count) in ages {
        let curve = &from_leads.curves[stage];
        for (ahead, sum) in (1..).zip(entering[stage + 1].iter_mut().skip(before)) {
            *sum += count * curve.chance(age_days, ahead);
        }
    }
    entering
}

/// How the amounts of open deals are spread over the days after the as-of day, were all of them to
/// be won or lost as their ages tell; empty where the chain does not tell.
pub fn open_deals(world: &World, deals: &[Deal], chain: &Chain) -> Vec<f64> {
    let curve = match &chain.origin {
        Origin::Deals(won) => won,
        Origin::Leads(from_leads) => &from_leads.won,
        Origin::Assumed | Origin::LeadsAlone => return Vec::new(),
    };
    let usual = chain.amount.mean();
    let mut amounts: BTreeMap<usize, f64> = BTreeMap::new();
    for deal in deals.iter().filter(|deal| deal.is_open() && !deal.contradictory) {
        let age_days = (day_number(world.as_of) - day_number(deal.created_on)).unsigned_abs();
        let amount = deal.amount.map_or(usual, |amount| amount.minor as f64);
        *amounts.entry(age_days as usize).or_default() += amount;
    }
    let mut by_day = vec![0.0; curve.gone_on.len()];
    for (age_days, amount) in amounts {
        for (ahead, sum) in (1..).zip(by_day.iter_mut()) {
            *sum += amount * curve.chance(age_days, ahead);
        }
    }
    by_day
}

/// The furthest stage of a lead on its way, and the days since it got there; `None` for leads that
/// are closed or have become an opportunity.
fn standing(lead: &Lead, names: &[String], world: &World) -> Option<(usize, usize)> {
    let is_open = lead.outcome == Outcome::Open && lead.deal.is_none();
    let position = |stage: &str| names.iter().position(|name| name == stage);
    let has_gone_on = lead.stays.iter().any(|stay| {
        stay.outcome == Outcome::Won || domain::name::plain(&stay.stage) == "opportunity"
    });
    if !is_open || has_gone_on {
        return None;
    }
    let stays =
        lead.stays.iter().filter_map(|stay| Some((position(&stay.stage)?, stay.entered_on)));
    let furthest = stays.reduce(|best, next| if next.0 > best.0 { next } else { best });
    let (stage, since) = furthest.filter(|(stage, _)| *stage > 0).unwrap_or((0, lead.created_on));
    Some((stage, (day_number(world.as_of) - day_number(since)).unsigned_abs() as usize))
}
