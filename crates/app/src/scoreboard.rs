//! The scoreboard: what each leg has brought since the period began, against what it should have.
//!
//! What should have come is computed on the eve of the period with what was true then: what was
//! under way brings its part, and new leads bring theirs in the measure that the goal asks for. So
//! the expected curve moves with cycle and course, and is no straight line.

use domain::deal::Deal;
use domain::goal::Goal;
use domain::lead::Lead;
use domain::lifecycle::{Lifecycle, Stay};
use domain::money::Money;
use domain::period::Days;
use domain::stage::Outcome;
use domain::time::day_number;
use jiff::ToSpan;
use jiff::civil::Date;
use lake::metric::{Cell, MetricQuery, catalogue};
use reports::scoreboard::{Amount, Leg, Scoreboard};
use stats::funnel::Unfitted;
use stats::funnel::history::{History, Kind, Move, OpenIndividual, Path, State};
use stats::simulation::{Options, simulate};

use crate::context::Context;
use crate::error::Error;
use crate::forecast::Outlook;
use crate::limits::FUTURES;
use crate::model::{counted, sound_leads};
use crate::plan::eve;
use crate::world::World;

/// The days before the period from which the pace of a leg without a model is taken.
const PACE_DAYS: i32 = 90;
/// Closed deals from which on an expectation is more than a guess.
const CLOSED_MIN: usize = 10;
/// The seed of the futures behind expectations: a scoreboard has no other randomness.
const SEED: u64 = 1;

/// The metric by which each leg is judged.
const LEGS: [(&str, &str); 6] = [
    ("awareness", "touches"),
    ("demand", "leads"),
    ("hand-off", "hand_offs_accepted"),
    ("pipeline", "opportunities_created"),
    ("close", "revenue"),
    ("loyalty", "renewed_monthly_amount"),
];

/// Every leg from the first day of its period to the as-of day.
pub async fn scoreboard(
    context: &Context,
    as_of: Option<Date>,
    known_at: Option<Date>,
) -> Result<Scoreboard, Error> {
    let pair = context.as_of(as_of, known_at);
    let world = World::at(context, pair).await?;
    let goal = goal_around(context, world.as_of).await?;
    let calendar = context.company.calendar;
    let period = goal.map_or_else(|| calendar.year_of(world.as_of), |goal| goal.period);
    let days = calendar.days(period);
    let before = World::at(context, context.as_of(Some(eve(days.first)), known_at)).await?;
    let expectation = Expectation::new(context, &before, goal, days, world.as_of)?;
    let mut legs = Vec::new();
    for (leg, metric) in LEGS {
        let Some(actual) = figure(context, &world, metric, days.first, world.as_of).await? else {
            continue;
        };
        let expected = match metric {
            "touches" | "renewed_monthly_amount" => {
                pace(context, &before, metric, days.first, world.as_of).await?
            }
            metric => expectation.of(metric),
        };
        legs.push(Leg { leg, metric, actual, expected });
    }
    let mut notes = expectation.notes.clone();
    notes.push(match goal {
        Some(_) => "Expected is what the goal asks for, from what was known on its eve.".to_owned(),
        None => "No goal covers the day: expected is the course on the year's eve.".to_owned(),
    });
    Ok(Scoreboard {
        as_of: world.as_of,
        period,
        goal: goal.map(|goal| goal.amount),
        probability: goal.map(|goal| probability(context, &world, goal)).transpose()?.flatten(),
        legs,
        notes,
    })
}

async fn goal_around(context: &Context, day: Date) -> Result<Option<Goal>, Error> {
    let goals = context.store.goals().await?;
    let calendar = context.company.calendar;
    let around = goals.into_iter().filter(|goal| calendar.days(goal.period).contains(day));
    Ok(around.max_by_key(|goal| calendar.days(goal.period).last))
}

fn probability(context: &Context, world: &World, goal: Goal) -> Result<Option<f64>, Error> {
    let deals = counted(&world.deals, goal.counts);
    if deals.is_empty() {
        return Ok(None);
    }
    let total = Outlook::new(context, world, &deals)?
        .total(context.company.calendar.days(goal.period), SEED)?;
    Ok(Some(total.share_at_least(goal.amount.minor as f64)))
}

/// A metric over days; `None` where there is nothing of the kind at all.
async fn figure(
    context: &Context,
    world: &World,
    metric: &str,
    from: Date,
    to: Date,
) -> Result<Option<Amount>, Error> {
    let query = MetricQuery { from, to, by: None, target_minor: None };
    let table = world.tables.metric(metric, query).await?;
    let is_money = catalogue()?
        .iter()
        .any(|known| known.name == metric && known.unit == lake::metric::Unit::Money);
    let value = table.rows.first().and_then(|row| row.get(1));
    let size = match value {
        Some(Cell::Integer(number)) => *number as f64,
        Some(Cell::Number(number)) => *number,
        _ => return Ok(None),
    };
    let currency = context.company.currency;
    let money = Money { minor: size.round() as i64, currency };
    Ok(Some(if is_money { Amount::Money(money) } else { Amount::Count(size) }))
}

/// What a metric would have come to at the pace of the days before the period.
async fn pace(
    context: &Context,
    before: &World,
    metric: &str,
    first: Date,
    as_of: Date,
) -> Result<Option<Amount>, Error> {
    let from = first.saturating_sub(PACE_DAYS.days());
    let past = figure(context, before, metric, from, eve(first)).await?;
    let elapsed = f64::from(day_number(as_of) - day_number(first) + 1);
    let share = elapsed / f64::from(PACE_DAYS);
    let past = past.filter(|past| match past {
        Amount::Count(count) => *count > 0.0,
        Amount::Money(money) => money.minor > 0,
    });
    Ok(past.map(|past| match past {
        Amount::Count(count) => Amount::Count(count * share),
        Amount::Money(money) => {
            Amount::Money(Money { minor: (money.minor as f64 * share).round() as i64, ..money })
        }
    }))
}

/// What is looked at: up to which day, of a period that ends on which, towards which goal.
#[derive(Clone, Copy)]
struct Span {
    goal: Option<Goal>,
    last: Date,
    as_of: Date,
}

/// What should have come by a day, as seen from the eve of the period.
struct Expectation {
    /// By metric: from what was under way, and from what is new.
    parts: Vec<(&'static str, f64, f64)>,
    /// By how much more must come anew than on the course of the eve so that the goal is met.
    stretch: f64,
    currency: domain::money::Currency,
    notes: Vec<String>,
}

impl Expectation {
    fn new(
        context: &Context,
        before: &World,
        goal: Option<Goal>,
        days: Days,
        as_of: Date,
    ) -> Result<Expectation, Error> {
        let mut expectation = Expectation {
            parts: Vec::new(),
            stretch: 1.0,
            currency: context.company.currency,
            notes: Vec::new(),
        };
        let deals = match goal {
            Some(goal) => counted(&before.deals, goal.counts),
            None => before.deals.clone(),
        };
        if deals.is_empty() && before.leads.is_empty() {
            let day = eve(days.first);
            expectation.notes.push(format!("Nothing is known by {day}, so nothing is expected."));
            return Ok(expectation);
        }
        if !deals.is_empty() {
            let span = Span { goal, last: days.last, as_of };
            expectation.add_deals(context, before, &deals, span)?;
        }
        if !before.leads.is_empty() {
            expectation.add_leads(before, as_of)?;
        }
        Ok(expectation)
    }

    fn of(&self, metric: &str) -> Option<Amount> {
        let part = self.parts.iter().find(|(name, ..)| *name == metric);
        let size =
            part.map(|(_, open, new)| open + self.stretch * new).filter(|size| *size > 0.0)?;
        let money = Money { minor: size.round() as i64, currency: self.currency };
        Some(if metric == "revenue" { Amount::Money(money) } else { Amount::Count(size) })
    }

    /// Revenue by the as-of day, the stretch that the goal asks for, and the deals to be created.
    fn add_deals(
        &mut self,
        context: &Context,
        before: &World,
        deals: &[Deal],
        span: Span,
    ) -> Result<(), Error> {
        let outlook = Outlook::new(context, before, deals)?;
        if outlook.model.closed < CLOSED_MIN {
            self.notes.push(format!(
                "Only {} deals had closed by {}: too few to say what to expect.",
                outlook.model.closed, before.as_of
            ));
            return Ok(());
        }
        let ends = ends(span.as_of, span.last);
        let futures = outlook.forecast(&ends, 0, SEED)?.futures;
        let mean = |figure: &dyn Fn(&stats::simulation::PeriodOutcome) -> f64| {
            (futures.in_period(0, figure).mean(), futures.total(figure).mean())
        };
        let (open_by_now, open) = mean(&|outcome| outcome.open_amount);
        let (new_by_now, new) = mean(&|outcome| outcome.new_amount);
        let (created_by_now, _) = mean(&|outcome| outcome.arrivals as f64);
        if let Some(goal) = span.goal.filter(|_| new > 0.0) {
            self.stretch = ((goal.amount.minor as f64 - open) / new).max(0.0);
        }
        self.parts.push(("revenue", open_by_now, new_by_now));
        self.parts.push(("opportunities_created", 0.0, created_by_now));
        Ok(())
    }

    /// Leads to come, and those that sales should have accepted.
    fn add_leads(&mut self, before: &World, as_of: Date) -> Result<(), Error> {
        let is_accepted = |stay: &Stay| Lifecycle::of_stage(&stay.stage) == Some(Lifecycle::Sal);
        let leads = sound_leads(&before.leads);
        let Some(brought) = reached(&leads, before.as_of, as_of, &is_accepted)? else {
            return Ok(());
        };
        self.parts.push(("leads", 0.0, brought.arrivals));
        self.parts.push(("hand_offs_accepted", brought.from_open, brought.from_new));
        Ok(())
    }
}

/// The last days of the part of the period up to the as-of day, and of the rest of it.
fn ends(as_of: Date, last: Date) -> Vec<i32> {
    let mut ends = vec![day_number(as_of), day_number(last)];
    ends.dedup();
    ends
}

/// What leads bring within days.
struct Brought {
    arrivals: f64,
    from_open: f64,
    from_new: f64,
}

/// The expected number of leads that arrive, and that enter a stage, from the end of one day to
/// that of another.
fn reached(
    leads: &[&Lead],
    eve: Date,
    as_of: Date,
    is_target: &dyn Fn(&Stay) -> bool,
) -> Result<Option<Brought>, Error> {
    let state = |kind, is_target| State { kind, is_target };
    let mut history = History {
        states: vec![
            state(Kind::Transient, false),
            state(Kind::Absorbing, true),
            state(Kind::Absorbing, false),
        ],
        paths: Vec::new(),
    };
    let mut open = Vec::new();
    for lead in leads {
        let entered_day = day_number(lead.created_on);
        let ended = lead.stays.iter().find(|s| is_target(s) || s.outcome != Outcome::Open);
        let moves = ended.map(|stay| Move {
            day: day_number(stay.entered_on),
            state: if is_target(stay) || stay.outcome == Outcome::Won { 1 } else { 2 },
        });
        if moves.is_none() {
            let age_days = (day_number(eve) - entered_day).unsigned_abs();
            open.push(OpenIndividual { segment: 0, state: 0, age_days, amount: None });
        }
        history.paths.push(Path {
            segment: 0,
            entered_day,
            entry_state: 0,
            moves: moves.into_iter().collect(),
            amounts: Vec::new(),
        });
    }
    if history.paths.is_empty() {
        return Ok(None);
    }
    let fitted = Unfitted::default().fit(&history, day_number(eve))?;
    let options = Options { seed: SEED, futures: FUTURES };
    let futures = simulate(&fitted, &open, day_number(eve) + 1, &[day_number(as_of)], options)?;
    Ok(Some(Brought {
        arrivals: futures.in_period(0, |outcome| outcome.arrivals as f64).mean(),
        from_open: futures.in_period(0, |outcome| outcome.open_count as f64).mean(),
        from_new: futures.in_period(0, |outcome| outcome.new_count as f64).mean(),
    }))
}
