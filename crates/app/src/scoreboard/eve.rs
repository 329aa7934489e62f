//! What the eve of a period lets expect of it: by the plan where history tells of a leg, at the
//! pace of the days before where it does not.
//!
//! It rests on what was true on the eve, so that it is the same for as long as nobody tells
//! anything of the days before: it is computed once for all who ask.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::goal::{Counts, Goal};
use domain::lifecycle::Lifecycle;
use domain::money::Money;
use domain::period::Days;
use domain::time::day_number;
use jiff::ToSpan;
use jiff::civil::Date;
use reports::scoreboard::Amount;

use super::{KEPT, LEGS, SEED, figure};
use crate::context::Context;
use crate::error::Error;
use crate::memo;
use crate::model::counted;
use crate::plan::basis::{Basis, Span};
use crate::plan::chain::Origin;
use crate::plan::eve;
use crate::retention;
use crate::world::World;

/// Closed deals from which on an expectation is more than a guess.
const CLOSED_MIN: usize = 10;
/// The days before the period from which the pace of a leg without a model is taken.
const PACE_DAYS: i32 = 90;

/// What was to be expected up to a day of the period.
pub struct Eve {
    /// What the plan was made from; or why there was none.
    pub basis: Result<Basis, String>,
    /// What came in the days before, by metric.
    past: BTreeMap<&'static str, Amount>,
    /// What is kept by the day of what ran on the eve, and by what share chance alone moves it.
    pub kept: Option<(Money, f64)>,
}

impl Eve {
    /// The eve of a period, as of a day in it.
    ///
    /// # Errors
    /// When the store or the lake cannot be read.
    pub async fn of(
        context: &Context,
        goal: Option<Goal>,
        days: Days,
        as_of: Date,
        known_at: Option<Date>,
    ) -> Result<Arc<Eve>, Error> {
        let before = context.as_of(Some(eve(days.first)), known_at);
        let world_key = World::key(context, before).await?;
        let key = memo::key(&(world_key, goal, days, as_of, known_at));
        let memo = &context.memos.eves;
        if let Some(eve) = memo.find(key) {
            return Ok(eve);
        }
        let world = World::at(context, before).await?;
        let basis = basis(context, &world, goal, days, as_of)?;
        let mut past = BTreeMap::new();
        for metric in LEGS.map(|(_, metric)| metric).into_iter().filter(|name| *name != KEPT) {
            let first = days.first.saturating_sub(PACE_DAYS.days());
            let within = Days { first, last: eve(days.first) };
            past.extend(figure(context, &world, metric, within).await?.map(|came| (metric, came)));
        }
        let kept = retention::kept(context, &world, as_of, SEED).await?;
        let eve = Arc::new(Eve { basis, past, kept });
        memo.keep(key, eve.clone());
        world.let_go();
        Ok(eve)
    }

    /// What a metric would have come to at the pace of the days before the period.
    pub fn pace(&self, metric: &str, first: Date, as_of: Date) -> Option<Amount> {
        let elapsed = f64::from(day_number(as_of) - day_number(first) + 1);
        let past = self.past.get(metric)?;
        let carried = past.like(past.size() * elapsed / f64::from(PACE_DAYS));
        (carried.size() > 0.0).then_some(carried)
    }
}

/// The plan's basis on the eve, or why there is none.
fn basis(
    context: &Context,
    world: &World,
    goal: Option<Goal>,
    days: Days,
    as_of: Date,
) -> Result<Result<Basis, String>, Error> {
    let known = counted(&world.deals, goal.map_or(Counts::All, |goal| goal.counts));
    let closed = known.iter().filter(|deal| !deal.is_open()).count();
    let day = eve(days.first);
    if closed < CLOSED_MIN {
        return Ok(Err(match closed {
            0 => format!("No deal had closed by {day}, so nothing is expected."),
            _ => {
                format!("Only {closed} deals had closed by {day}: too few to say what to expect.")
            }
        }));
    }
    let span = Span { days, cut: Some(as_of), seed: SEED };
    match Basis::new(context, world, &known, &span, None) {
        Ok(basis) => Ok(Ok(basis)),
        Err(Error::Plan(problem)) => Ok(Err(problem)),
        Err(other) => Err(other),
    }
}

/// The stages of a plan by which legs are judged, with their metrics.
pub fn stages(basis: &Basis) -> Vec<(&'static str, usize)> {
    let names = &basis.chain.names;
    let won = names.len() - 1;
    let mut stages = Vec::new();
    if let Origin::Leads(_) = basis.chain.origin {
        let of = |wanted: &[Lifecycle]| {
            let is = |name: &String| {
                Lifecycle::of_stage(name).is_some_and(|stage| wanted.contains(&stage))
            };
            names[..won - 1].iter().position(is).filter(|&stage| stage > 0)
        };
        stages.push(("leads", 0));
        stages.extend(of(&[Lifecycle::Mql]).map(|stage| ("mqls", stage)));
        let accepted = of(&[Lifecycle::Sal, Lifecycle::Sql]);
        stages.extend(accepted.map(|stage| ("hand_offs_accepted", stage)));
    }
    stages.extend([("opportunities_created", won - 1), ("revenue", won)]);
    stages
}
