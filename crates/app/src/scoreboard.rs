//! The scoreboard: what each leg has brought since the period began, against what it should have.
//!
//! What should have come is the plan of the period's eve, made from what was true then: what was
//! under way brings its part, and new leads bring theirs in the measure that the goal asks for. So
//! the expected curve moves with season and cycle, and is no straight line. Each leg is also held
//! against what the leg before has truly handed to it, so that a leg is not blamed for another.

pub mod arrivals;
pub mod eve;
mod expectation;
mod steps;
pub mod week;

use std::sync::Arc;

use domain::goal::{Counts, Goal};
use domain::money::Money;
use domain::period::Days;
use jiff::civil::Date;
use reports::document::Cell;
use reports::scoreboard::{Amount, Leg, Scoreboard};

use crate::context::Context;
use crate::error::Error;
use crate::forecast::Outlook;
use crate::metrics;
use crate::model::{counted, won_within};
use crate::world::World;
use arrivals::Arrivals;
use eve::Eve;
use expectation::Expectation;

/// The seed of the futures behind expectations: a scoreboard has no other randomness.
const SEED: u64 = 1;

/// The metrics by which each leg is judged.
const LEGS: [(&str, &str); 7] = [
    ("awareness", "touches"),
    ("demand", "leads"),
    ("demand", "mqls"),
    ("hand-off", "hand_offs_accepted"),
    ("pipeline", "opportunities_created"),
    ("close", "revenue"),
    ("loyalty", KEPT),
];
/// What ran on the first day and is kept: its expectation is that of what goes on.
const KEPT: &str = "renewed_monthly_amount";

/// Every leg from the first day of its period to the as-of day.
pub async fn scoreboard(
    context: &Context,
    as_of: Option<Date>,
    known_at: Option<Date>,
) -> Result<Scoreboard, Error> {
    let world = Arc::new(World::of_deals(context, context.as_of(as_of, known_at)).await?);
    let goal = goal_around(context, world.as_of).await?;
    let calendar = context.company.calendar;
    let period = goal.map_or_else(|| calendar.year_of(world.as_of), |goal| goal.period);
    let days = calendar.days(period);
    let eve = Eve::of(context, goal, days, world.as_of, known_at).await?;
    let board = Board { context, world: &world, eve: &eve, goal, days };
    let arrivals = Arrivals::of(context, &world, &eve, days).await?;
    let known = Known { world: world.clone(), eve: eve.clone(), arrivals: arrivals.clone() };
    let (expected, came) = tokio::join!(known.expected(context, goal, days), board.actuals());
    let ((expectation, probability), came) = (expected?, came?);
    let leg = |((leg, metric), actual)| board.leg(leg, metric, actual, &expectation);
    let legs = LEGS.into_iter().zip(came).filter_map(leg).collect();
    let mut notes = expectation.notes.clone();
    notes.push(match goal {
        Some(_) => "Expected is what the goal asks for, from what was known on its eve.".to_owned(),
        None => "No goal covers the day: expected is the course on the year's eve.".to_owned(),
    });
    notes.push(
        "Own pace holds a leg against what is to be expected of what the leg before handed to it."
            .to_owned(),
    );
    let mut board = Scoreboard {
        as_of: world.as_of,
        period,
        first: days.first,
        goal: goal.map(|goal| goal.amount),
        probability,
        legs,
        steps: Vec::new(),
        notes,
    };
    board.steps = steps::steps(context, &world, &arrivals, board.bottleneck());
    Ok(board)
}

async fn goal_around(context: &Context, day: Date) -> Result<Option<Goal>, Error> {
    let goals = context.store.goals().await?;
    let calendar = context.company.calendar;
    let around = goals.into_iter().filter(|goal| calendar.days(goal.period).contains(day));
    Ok(around.max_by_key(|goal| calendar.days(goal.period).last))
}

/// What expectations are made from.
struct Known {
    world: Arc<World>,
    eve: Arc<Eve>,
    arrivals: Arc<Arrivals>,
}

impl Known {
    /// What should have come by the day, and how likely the goal is: computed beside what is read.
    async fn expected(
        self,
        context: &Context,
        goal: Option<Goal>,
        days: Days,
    ) -> Result<(Expectation, Option<f64>), Error> {
        let context = context.renewed(&context.actor, context.now, context.scope.clone());
        let work = move || {
            let Known { world, eve, arrivals } = self;
            let probability = goal.map(|goal| probability(&context, &world, goal)).transpose()?;
            Ok((Expectation::new(&eve, &world, &arrivals, goal, days), probability.flatten()))
        };
        let done = tokio::task::spawn_blocking(work).await.map_err(|error| error.try_into_panic());
        match done {
            Ok(found) => found,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            Err(Err(_)) => Err(Error::Input("it was stopped: ask again".to_owned())),
        }
    }
}

pub(crate) fn probability(
    context: &Context,
    world: &World,
    goal: Goal,
) -> Result<Option<f64>, Error> {
    let deals = counted(&world.deals, goal.counts);
    if deals.is_empty() {
        return Ok(None);
    }
    let total = Outlook::new(context, world, &deals)?
        .total(context.company.calendar.days(goal.period), SEED)?;
    Ok(Some(total.share_at_least(goal.amount.minor as f64)))
}

/// What the legs are read from.
struct Board<'a> {
    context: &'a Context,
    world: &'a World,
    eve: &'a Eve,
    goal: Option<Goal>,
    days: Days,
}

impl Board<'_> {
    /// What has come of each leg.
    async fn actuals(&self) -> Result<Vec<Option<Amount>>, Error> {
        let mut came = Vec::with_capacity(LEGS.len());
        for (_, metric) in LEGS {
            came.push(self.actual(metric).await?);
        }
        Ok(came)
    }

    /// A leg by one metric; `None` where there is nothing of the kind at all.
    fn leg(
        &self,
        leg: &'static str,
        metric: &'static str,
        actual: Option<Amount>,
        expectation: &Expectation,
    ) -> Option<Leg> {
        let modelled = expectation.of(metric);
        if metric == "mqls" && modelled.is_none() {
            return None;
        }
        let actual = actual?;
        let amount = |size: f64| actual.like(size);
        let is_all = self.goal.is_none_or(|goal| goal.counts == Counts::All);
        let is_whole = is_all || !["revenue", "opportunities_created"].contains(&metric);
        let leg = match modelled {
            Some(modelled) => Leg {
                leg,
                metric,
                actual,
                is_whole: true,
                expected: Some(amount(modelled.expected)),
                given_input: modelled.given_input.map(amount),
                own_pace: modelled.own_pace,
                chance: modelled.chance,
                curve: modelled.curve.clone(),
            },
            None if metric == KEPT => {
                // What is left of what ran is no flow that a pace could be taken of.
                let plain = Leg::without_model(leg, metric, actual);
                match self.eve.kept {
                    Some((expected, chance)) => {
                        Leg { expected: Some(Amount::Money(expected)), chance, ..plain }
                    }
                    None => plain,
                }
            }
            None => {
                let expected = self.eve.pace(metric, self.days.first, self.world.as_of);
                Leg { expected, ..Leg::without_model(leg, metric, actual) }
            }
        };
        Some(Leg { is_whole, ..leg })
    }

    /// What has come since the period began, of what counts towards the goal.
    async fn actual(&self, metric: &str) -> Result<Option<Amount>, Error> {
        let counts = self.goal.map_or(Counts::All, |goal| goal.counts);
        let deals = || counted(&self.world.deals, counts);
        let within = Days { first: self.days.first, last: self.world.as_of };
        Ok(match metric {
            "revenue" if counts != Counts::All => {
                let minor = won_within(&deals(), within);
                Some(Amount::Money(Money { minor, currency: self.context.company.currency }))
            }
            "opportunities_created" if counts != Counts::All => {
                let deals = deals();
                let sound = deals.iter().filter(|deal| !deal.contradictory);
                let created = sound.filter(|deal| within.contains(deal.created_on)).count();
                Some(Amount::Count(created as f64))
            }
            _ => figure(self.context, self.world, metric, within).await?,
        })
    }
}

/// A day of which too little was known has no probability and no forecast; that is no fault of
/// today's.
pub(crate) fn told<T>(found: Result<Option<T>, Error>) -> Result<Option<T>, Error> {
    match found {
        Err(Error::Fit(_) | Error::Forecast(_) | Error::Plan(_) | Error::Input(_)) => Ok(None),
        other => other,
    }
}

/// A metric over days; `None` where there is nothing of the kind at all.
async fn figure(
    context: &Context,
    world: &World,
    metric: &str,
    days: Days,
) -> Result<Option<Amount>, Error> {
    Ok(match metrics::total(context, world, metric, days).await? {
        Cell::Count(count) => Some(Amount::Count(count as f64)),
        Cell::Number(number) => Some(Amount::Count(number)),
        Cell::Money(money) => Some(Amount::Money(money)),
        _ => None,
    })
}
