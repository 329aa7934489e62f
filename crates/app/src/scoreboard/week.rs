//! What changed since last week, and how the probability of the goal came to where it is.

use domain::deal::Deal;
use domain::goal::Goal;
use domain::period::Days;
use domain::stage::Outcome;
use jiff::ToSpan;
use jiff::civil::Date;
use reports::scoreboard::Amount;
use reports::scoreboard::week::{ClosedDeal, LegWeek, Week};

use super::{KEPT, LEGS, figure, goal_around, probability, told};
use crate::context::Context;
use crate::error::Error;
use crate::memo;
use crate::pipeline;
use crate::world::World;

const WEEK_DAYS: i32 = 7;
/// Past weeks of which the probability is told.
const WEEKS: i32 = 4;
/// The weeks whose mean is a usual week.
const USUAL_WEEKS: i32 = 13;
/// Deals that are named.
const NAMED_MAX: usize = 10;

/// The week that ends with a day, today if none is given.
///
/// # Errors
/// When the store or the lake cannot be read.
pub async fn week(context: &Context, as_of: Option<Date>) -> Result<Week, Error> {
    let world = World::of_deals(context, context.as_of(as_of, None)).await?;
    let until = world.as_of;
    let from = days_before(until, WEEK_DAYS);
    let goal = goal_around(context, until).await?;
    let calendar = context.company.calendar;
    let mut course = Vec::new();
    if let Some(goal) = goal {
        for weeks in (1..=WEEKS).rev() {
            let day = days_before(until, weeks * WEEK_DAYS);
            course.extend(past_probability(context, day, goal).await?.map(|share| (day, share)));
        }
        course.extend(told(probability(context, &world, goal))?.map(|share| (until, share)));
    }
    Ok(Week {
        as_of: until,
        from,
        period: goal.map_or_else(|| calendar.year_of(until), |goal| goal.period),
        goal: goal.map(|goal| goal.amount),
        course,
        legs: legs(context, &world, until).await?,
        pipeline: pipeline::waterfall(context, from, until, None, None).await?,
        closed: closed(
            &world.deals,
            Days { first: days_before(until, WEEK_DAYS - 1), last: until },
        ),
    })
}

fn days_before(day: Date, days: i32) -> Date {
    day.saturating_sub(days.days())
}

/// The probability as it stood at the end of a day, by all that is told of it by now.
async fn past_probability(context: &Context, day: Date, goal: Goal) -> Result<Option<f64>, Error> {
    let as_of = context.as_of(Some(day), None);
    let key = memo::key(&(World::key(context, as_of).await?, goal));
    let memo = &context.memos.probabilities;
    if let Some(probability) = memo.find(key) {
        return Ok(probability);
    }
    let world = World::of_deals(context, as_of).await?;
    let probability = told(probability(context, &world, goal))?;
    memo.keep(key, probability);
    world.let_go();
    Ok(probability)
}

async fn legs(context: &Context, world: &World, until: Date) -> Result<Vec<LegWeek>, Error> {
    let weeks_ago = |weeks: i32| days_before(until, weeks * WEEK_DAYS);
    let days = |from: i32, to: i32| Days {
        first: weeks_ago(from).saturating_add(1.day()),
        last: weeks_ago(to),
    };
    let mut legs = Vec::new();
    for (leg, metric) in LEGS.into_iter().filter(|(_, metric)| *metric != KEPT) {
        let this_week = figure(context, world, metric, days(1, 0)).await?;
        let week_before = figure(context, world, metric, days(2, 1)).await?;
        let quarter = figure(context, world, metric, days(USUAL_WEEKS + 1, 1)).await?;
        let (Some(this_week), Some(week_before), Some(quarter)) = (this_week, week_before, quarter)
        else {
            continue;
        };
        let usual: Amount = quarter.like(quarter.size() / f64::from(USUAL_WEEKS));
        if usual.size() > 0.0 || this_week.size() > 0.0 {
            legs.push(LegWeek { leg, metric, this_week, week_before, usual });
        }
    }
    Ok(legs)
}

/// The largest deals that closed within days.
fn closed(deals: &[Deal], days: Days) -> Vec<ClosedDeal> {
    let sound = deals.iter().filter(|deal| !deal.contradictory);
    let mut found: Vec<(&Deal, Date)> = sound
        .filter_map(|deal| Some((deal, deal.closed_on?)))
        .filter(|(_, day)| days.contains(*day))
        .collect();
    let size = |deal: &Deal| deal.estimated_amount.map_or(0, |amount| amount.minor);
    found.sort_by_key(|(deal, _)| std::cmp::Reverse(size(deal)));
    found.truncate(NAMED_MAX);
    let named = |(deal, on): (&Deal, Date)| ClosedDeal {
        id: deal.external_id.clone(),
        name: deal.name.clone(),
        is_won: deal.outcome == Outcome::Won,
        amount: deal.amount.or(deal.estimated_amount),
        on,
    };
    found.into_iter().map(named).collect()
}
