//! What a plan is reckoned from: the chain, the present course, and the forecast of it.
//!
//! Plan and scoreboard look at the same basis, so that what a leg is expected to have brought by a
//! day is what the plan asked of it.

use domain::deal::Deal;
use domain::goal::Goal;
use domain::period::Days;
use domain::time::day_number;
use jiff::ToSpan;
use jiff::civil::Date;
use stats::baseline::Window;
use stats::forecast::Ground;
use stats::plan::{self as engine, Calendar, Future, UnderWay};
use stats::simulation::{Futures, Options, PeriodOutcome};

use super::assumptions::Assumed;
use super::chain::Chain;
use super::course::{course, open_deals};
use crate::context::Context;
use crate::error::Error;
use crate::forecast::Outlook;
use crate::limits::FUTURES;
use crate::world::World;

pub struct Basis {
    pub chain: Chain,
    pub model: engine::Model,
    pub calendar: Calendar,
    /// Won in the period by the as-of day, in minor units.
    pub booked: i64,
    /// Whether the present course is known; where all is assumed, history does not tell of it.
    pub has_course: bool,
}

/// What is to be planned: a period, seen from the end of the as-of day.
pub struct Span {
    pub days: Days,
    /// A day up to which figures are wanted too.
    pub cut: Option<Date>,
    pub seed: u64,
}

impl Basis {
    /// Reckons from the deals that count towards a goal, and all leads.
    ///
    /// # Errors
    /// When neither history nor assumptions tell how leads become revenue.
    pub fn new(
        context: &Context,
        world: &World,
        deals: &[Deal],
        span: &Span,
        assumed: Option<Assumed>,
    ) -> Result<Basis, Error> {
        let calendar = calendar(world.as_of, span);
        let known = (!deals.is_empty()).then_some(deals);
        let (chain, outlook) = rayon::join(
            || Chain::new(context, world, deals, assumed),
            || known.map(|deals| Outlook::new(context, world, deals)).transpose(),
        );
        let (chain, outlook) = (chain?, outlook?);
        let booked = outlook.as_ref().map_or(0, |outlook| outlook.booked(span.days).minor);
        let under_way = match &outlook {
            Some(outlook) => {
                let views = Views::new(outlook, world, &calendar, span)?;
                let course = course(world, &chain, &calendar, &views.ground.fitted)?;
                let price_factor = price_factor(&chain);
                UnderWay {
                    open_by_day: open_deals(world, deals, &chain),
                    ..views.under_way(course, price_factor)
                }
            }
            None => UnderWay::default(),
        };
        let has_course = !under_way.futures.is_empty() && !chain.is_assumed;
        let model = engine::Model::new(chain.assumptions(), &calendar, under_way)
            .map_err(|error| Error::Plan(error.to_string()))?;
        Ok(Basis { chain, model, calendar, booked, has_course })
    }

    /// What must come so that a goal is reached in expectation.
    pub fn expected(&self, goal: &Goal) -> engine::Schedule {
        self.model.expected(self.goal(goal))
    }

    /// A goal beside what is booked towards it.
    pub fn goal(&self, goal: &Goal) -> engine::Goal {
        engine::Goal {
            amount: goal.amount.minor as f64,
            booked: self.booked as f64,
            confidence: goal.confidence,
        }
    }
}

/// What new deals bring as a multiple of what the forecast says, where their price is assumed.
fn price_factor(chain: &Chain) -> f64 {
    chain.past_mean.map_or(1.0, |past| chain.amount.mean() / past)
}

/// The first day of every month from the next day's on, and the day after the deadline.
fn calendar(as_of: Date, span: &Span) -> Calendar {
    let mut first = as_of.saturating_add(1.day()).first_of_month();
    let mut month_start_days = Vec::new();
    while first <= span.days.last {
        month_start_days.push(day_number(first));
        first = first.saturating_add(1.month());
    }
    if let Some(cut) = span.cut.filter(|cut| *cut > as_of && *cut < span.days.last) {
        month_start_days.push(day_number(cut) + 1);
        month_start_days.sort_unstable();
        month_start_days.dedup();
    }
    month_start_days.push(day_number(span.days.last) + 1);
    Calendar {
        start_day: day_number(as_of) + 1,
        goal_start_day: day_number(span.days.first),
        month_start_days,
    }
}

/// The same forecast of the period twice: as a whole, which is what `forecast` says of it, and its
/// means by month.
struct Views {
    ground: Ground,
    whole: Futures,
    /// The periods of `whole` that come before the goal's.
    skipped: usize,
    /// From open and from new deals.
    by_month: Vec<[f64; 2]>,
    months_before: usize,
}

impl Views {
    fn new(
        outlook: &Outlook,
        world: &World,
        calendar: &Calendar,
        span: &Span,
    ) -> Result<Views, Error> {
        let as_of = day_number(world.as_of);
        let ends: Vec<i32> = calendar.month_start_days.iter().skip(1).map(|day| day - 1).collect();
        let before = |end: &&i32| **end < calendar.goal_start_day;
        let months_before = ends.iter().filter(before).count();
        let mut whole_ends = vec![day_number(span.days.last)];
        if calendar.goal_start_day > calendar.start_day {
            whole_ends.insert(0, calendar.goal_start_day - 1);
        }
        let skipped = whole_ends.len() - 1;
        let record = outlook.record(&[as_of], day_number(span.days.last).abs_diff(as_of))?;
        let options = Options { seed: span.seed, futures: FUTURES };
        let after_day = as_of.max(calendar.goal_start_day - 1);
        let window = Window { after_day, until_day: day_number(span.days.last) };
        let ground = record.ground(as_of, window)?;
        let whole = ground.futures(&whole_ends, skipped, options)?;
        let by_month = ground.amounts(&ends)?;
        Ok(Views { whole, by_month, ground, skipped, months_before })
    }

    fn under_way(&self, course: Option<engine::Course>, price_factor: f64) -> UnderWay {
        let futures = &self.whole;
        let future = |periods: &[PeriodOutcome]| {
            let (before, within) = periods.split_at(self.skipped);
            let sum = |of: &[PeriodOutcome], figure: fn(&PeriodOutcome) -> f64| -> f64 {
                of.iter().map(figure).sum()
            };
            Future {
                open_amount: sum(within, |outcome| outcome.open_amount),
                new_amount: sum(within, |outcome| outcome.new_amount) * price_factor,
                arrivals: [before, within].map(|of| sum(of, |outcome| outcome.arrivals as f64)),
            }
        };
        let futures: Vec<Future> =
            futures.outcomes.chunks(futures.periods.max(1)).map(future).collect();
        let mean = |figure: fn(&Future) -> f64| {
            futures.iter().map(figure).sum::<f64>() / futures.len().max(1) as f64
        };
        let (open, new) = (mean(|future| future.open_amount), mean(|future| future.new_amount));
        UnderWay {
            open_by_month: self.months(open, |[open, _]| *open),
            new_by_month: self.months(new, |[_, new]| *new),
            futures,
            open_by_day: Vec::new(),
            course,
        }
    }

    /// Means by month, those of the goal brought to a sum.
    fn months(&self, whole: f64, figure: fn(&[f64; 2]) -> f64) -> Vec<f64> {
        let sum: f64 = self.by_month.iter().skip(self.months_before).map(figure).sum();
        let factor = if sum > 0.0 { whole / sum } else { 0.0 };
        let scaled = |(month, amounts): (usize, &[f64; 2])| match month < self.months_before {
            true => figure(amounts),
            false => figure(amounts) * factor,
        };
        self.by_month.iter().enumerate().map(scaled).collect()
    }
}
