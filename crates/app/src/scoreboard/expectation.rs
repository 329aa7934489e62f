//! What each leg should have brought by a day: by the plan of the period's eve, and given what the
//! leg before has handed to it since.

use domain::deal::Deal;
use domain::goal::{Counts, Goal};
use domain::period::Days;
use domain::stage::Outcome;
use domain::time::{date_of, day_number};
use reports::scoreboard::Point;
use stats::plan::Schedule;

use super::arrivals::{Arrivals, by_day};
use super::eve::{Eve, stages};
use crate::model::{counted, won_within};
use crate::plan::basis::Basis;
use crate::world::World;

/// What a leg's figure varies by from period to period beside the chance of single records, as a
/// share of it (one standard deviation).
const COMMON_DEVIATION: f64 = 0.05;

/// What should have come by a day.
#[derive(Default)]
pub struct Expectation {
    legs: Vec<Modelled>,
    pub notes: Vec<String>,
}

/// A leg that the plan's chain goes through. Money is in the minor unit.
pub struct Modelled {
    metric: &'static str,
    pub expected: f64,
    /// What was to be expected of what the leg before has truly handed over; `None` for the first.
    pub given_input: Option<f64>,
    /// Actual over what was to be expected of its input, or of the plan for the first leg.
    pub own_pace: Option<f64>,
    /// One standard deviation of that pace by chance alone.
    pub chance: f64,
    pub curve: Vec<Point>,
}

impl Expectation {
    /// By an eve, beside what has come since.
    pub fn new(
        eve: &Eve,
        world: &World,
        arrivals: &Arrivals,
        goal: Option<Goal>,
        days: Days,
    ) -> Expectation {
        let basis = match &eve.basis {
            Ok(basis) => basis,
            Err(reason) => return Expectation::none(reason.clone()),
        };
        let deals = counted(&world.deals, goal.map_or(Counts::All, |goal| goal.counts));
        let schedule = match goal {
            Some(goal) => Some(basis.expected(&goal)),
            None => basis.model.present_course(),
        };
        let notes = basis.chain.notes.clone();
        let Some(schedule) = schedule else { return Expectation { legs: Vec::new(), notes } };
        let reading = Reading { basis, schedule, world, arrivals, deals: &deals, days };
        Expectation { legs: reading.legs(), notes }
    }

    fn none(reason: String) -> Expectation {
        Expectation { legs: Vec::new(), notes: vec![reason] }
    }

    pub fn of(&self, metric: &str) -> Option<&Modelled> {
        self.legs.iter().find(|leg| leg.metric == metric && leg.expected > 0.0)
    }
}

/// The plan of the eve beside what has come since.
struct Reading<'a> {
    basis: &'a Basis,
    schedule: Schedule,
    world: &'a World,
    arrivals: &'a Arrivals,
    deals: &'a [Deal],
    days: Days,
}

impl Reading<'_> {
    /// The legs that the chain goes through, each handing on to the next.
    fn legs(&self) -> Vec<Modelled> {
        let mut legs: Vec<Modelled> = Vec::new();
        let mut before: Option<(usize, Vec<f64>)> = None;
        for (metric, stage) in stages(self.basis) {
            let came = self.came(stage);
            legs.push(self.leg(metric, stage, &came, before.as_ref()));
            before = Some((stage, came));
        }
        legs
    }

    fn leg(
        &self,
        metric: &'static str,
        stage: usize,
        came: &[f64],
        before: Option<&(usize, Vec<f64>)>,
    ) -> Modelled {
        let is_money = metric == "revenue";
        let model = &self.basis.model;
        let counts = self.by_month(|month| month.stages[stage]);
        let sizes = match is_money {
            true => self.by_month(|month| month.new_amount + month.open_amount),
            false => counts,
        };
        let expected = self.until_now(&sizes);
        let given_input = before.map(|(input, handed)| {
            let flowed = self.flowed(*input, handed, stage);
            match is_money {
                true => {
                    flowed * model.mean_amount() + self.until_now(&self.by_month(|m| m.open_amount))
                }
                false => flowed,
            }
        });
        let actual: f64 = if is_money { self.revenue() } else { came.iter().sum() };
        let own = given_input.unwrap_or(expected);
        Modelled {
            metric,
            expected,
            given_input,
            own_pace: (own > 0.0).then(|| actual / own),
            chance: self.chance(own, is_money),
            curve: self.curve(&sizes, came, is_money),
        }
    }

    /// One standard deviation of a leg's pace by chance: of so many records, of the amounts of wins
    /// and of their mean, and of what all records have in common.
    fn chance(&self, size: f64, is_money: bool) -> f64 {
        let model = &self.basis.model;
        let (amounts, mean) = model.amount_variation();
        let of_records = match is_money {
            true => (1.0 + amounts) * model.mean_amount() / size.max(model.mean_amount()) + mean,
            false => 1.0 / size.max(1.0),
        };
        (of_records + COMMON_DEVIATION.powi(2)).sqrt()
    }

    fn by_month(&self, figure: impl Fn(&stats::plan::Month) -> f64) -> Vec<f64> {
        self.schedule.months.iter().map(figure).collect()
    }

    /// The sum of the months up to the as-of day; the calendar is cut there.
    fn until_now(&self, by_month: &[f64]) -> f64 {
        let today = day_number(self.world.as_of);
        let months = self.schedule.months.iter().zip(by_month);
        months.filter(|(month, _)| month.first_day <= today).map(|(_, size)| size).sum()
    }

    /// How many come to a stage by the as-of day, of those who truly came to an earlier one.
    fn flowed(&self, input: usize, handed: &[f64], stage: usize) -> f64 {
        let days = handed.len();
        let mut entering = vec![vec![0.0; days]; stage + 1];
        entering[input] = handed.to_vec();
        let besides = self.basis.model.course().map_or(&[][..], |course| &course.besides);
        for source in besides {
            for (sums, more) in entering.iter_mut().zip(&source.entering).skip(input + 1) {
                sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
            }
        }
        let flow = self.basis.model.flow(&entering);
        flow[stage].iter().take(self.elapsed_days()).sum()
    }

    fn elapsed_days(&self) -> usize {
        let first = self.first_day();
        usize::try_from(day_number(self.world.as_of) - first + 1).unwrap_or(0)
    }

    fn first_day(&self) -> i32 {
        self.basis.calendar.month_start_days.first().copied().unwrap_or_default()
    }

    /// How many came to a stage on each day of the calendar; for the last one, what is known of the
    /// wins.
    fn came(&self, stage: usize) -> Vec<f64> {
        let won = self.basis.chain.names.len() - 1;
        let sound = || self.deals.iter().filter(|deal| !deal.contradictory);
        let is_won = |deal: &&Deal| deal.outcome == Outcome::Won;
        match stage {
            _ if stage == won => {
                let closed = sound().filter(is_won).filter_map(|deal| deal.closed_on);
                by_day(closed, self.basis, self.days)
            }
            _ if stage + 1 == won => {
                by_day(sound().map(|deal| deal.created_on), self.basis, self.days)
            }
            _ => self.arrivals.by_day(stage),
        }
    }

    /// What was won by the as-of day, in the minor unit.
    fn revenue(&self) -> f64 {
        won_within(self.deals, self.days) as f64
    }

    /// Expected and actual by the end of each month, the days from the period's first on together.
    fn curve(&self, sizes: &[f64], came: &[f64], is_money: bool) -> Vec<Point> {
        let ends = self.basis.calendar.month_start_days.iter().skip(1).map(|day| day - 1);
        let today = day_number(self.world.as_of);
        let mut expected = 0.0;
        let point = |(end, size): (i32, &f64)| {
            expected += size;
            let days = usize::try_from(end - self.first_day() + 1).unwrap_or(0);
            let within = Days { first: self.days.first, last: date_of(end) };
            let actual = match is_money {
                true => won_within(self.deals, within) as f64,
                false => came.iter().take(days).sum(),
            };
            Point { until: date_of(end), expected, actual: (end <= today).then_some(actual) }
        };
        ends.zip(sizes).map(point).collect()
    }
}
