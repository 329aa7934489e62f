//! Many possible futures of a fitted funnel, period by period.
//!
//! Open individuals and those still to arrive reach the target or not; amounts go with them. In
//! every future the parameters are drawn anew from their posteriors, so that the spread holds what
//! is not known as well as what is chance. This module refuses to know which future is wanted; it
//! has no clock and no randomness but the seed.
//!
//! Open individuals are not drawn one by one: those of one segment and of nearly the same amount
//! form a cell whose count is binomial with the mean and variance of the sum of their own chances
//! (the two-parameter binomial approximation of a Poisson-binomial: Ehm 1991; exact for a cell of
//! one or of equal chances). New ones form a Poisson process, thinned by the period of entry and of
//! reaching the target, which is exact.

mod amounts;
mod cells;
mod parameters;

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use thiserror::Error;

use crate::funnel::Fitted;
use crate::funnel::arrivals::STEP_DAYS;
use crate::funnel::history::OpenIndividual;
use crate::random::{binomial, factor, poisson, stream};
use crate::sample::Sample;
use amounts::{AmountSources, Levels};
use cells::{Cell, Cells};
use parameters::{Chances, Flow, ParameterSet};

/// Futures drawn from one random stream, one after the other.
const FUTURES_PER_CHUNK: usize = 64;

/// How much to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    pub seed: u64,
    pub futures: usize,
}

/// Why nothing was simulated.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SimulationError {
    #[error("there is no period to simulate: give at least one period end")]
    NoPeriod,
    #[error(
        "period end {day} is not after day {previous}: give the ends in order, after the start"
    )]
    PeriodsOutOfOrder { day: i32, previous: i32 },
}

/// What happens in one period of one future.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PeriodOutcome {
    /// Individuals open at the start that reach a target in the period.
    pub open_count: u64,
    pub open_amount: f64,
    /// Individuals that arrive after the start and reach a target in the period.
    pub new_count: u64,
    pub new_amount: f64,
    /// Individuals that arrive in the period.
    pub arrivals: u64,
}

impl PeriodOutcome {
    /// Amount from open and new individuals together.
    #[must_use]
    pub fn amount(&self) -> f64 {
        self.open_amount + self.new_amount
    }
}

/// All futures, each with the same periods.
#[derive(Clone, Debug, PartialEq)]
pub struct Futures {
    pub periods: usize,
    /// Future after future, period after period.
    pub outcomes: Vec<PeriodOutcome>,
}

impl Futures {
    /// The distribution of a figure summed over all periods.
    #[must_use]
    pub fn total(&self, figure: impl Fn(&PeriodOutcome) -> f64) -> Sample {
        let sum = |future: &[PeriodOutcome]| future.iter().map(&figure).sum();
        Sample::new(self.outcomes.chunks(self.periods.max(1)).map(sum).collect())
    }

    /// The distribution of a figure in one period, counted from 0; empty for an unknown period.
    #[must_use]
    pub fn in_period(&self, period: usize, figure: impl Fn(&PeriodOutcome) -> f64) -> Sample {
        let futures = self.outcomes.chunks(self.periods.max(1));
        Sample::new(futures.filter_map(|future| future.get(period)).map(figure).collect())
    }
}

/// Draws futures from the day after `open` was seen.
///
/// The first period begins on `start_day`, every other one on the day after its predecessor's end;
/// `period_end_days` are their last days. Ages in `open` are those on the day before `start_day`.
///
/// # Errors
/// When the periods are missing or out of order.
pub fn simulate(
    fitted: &Fitted,
    open: &[OpenIndividual],
    start_day: i32,
    period_end_days: &[i32],
    options: Options,
) -> Result<Futures, SimulationError> {
    let horizons_days = horizons(start_day, period_end_days)?;
    let cells = Cells::new(open);
    let sets = parameters::draw(fitted, &cells, start_day, &horizons_days, options);
    let sources = AmountSources::new(&fitted.amounts);
    let world = World { fitted, cells: &cells, sources: &sources, horizons_days: &horizons_days };
    let chunks = options.futures.div_ceil(FUTURES_PER_CHUNK);
    let chunk = |chunk: usize| {
        let mut random = stream(options.seed, chunk as u64);
        let first = chunk * FUTURES_PER_CHUNK;
        let futures = first..options.futures.min(first + FUTURES_PER_CHUNK);
        futures.flat_map(|f| world.future(&sets[f % sets.len()], &mut random)).collect::<Vec<_>>()
    };
    let outcomes: Vec<Vec<PeriodOutcome>> = (0..chunks).into_par_iter().map(chunk).collect();
    Ok(Futures { periods: horizons_days.len(), outcomes: outcomes.concat() })
}

/// Days from the start to each period's end, the start included.
fn horizons(start_day: i32, period_end_days: &[i32]) -> Result<Vec<u32>, SimulationError> {
    let mut previous = start_day.saturating_sub(1);
    let mut horizons_days = Vec::with_capacity(period_end_days.len());
    for &day in period_end_days {
        if day <= previous {
            return Err(SimulationError::PeriodsOutOfOrder { day, previous });
        }
        previous = day;
        horizons_days.push(day.abs_diff(start_day) + 1);
    }
    if horizons_days.is_empty() { Err(SimulationError::NoPeriod) } else { Ok(horizons_days) }
}

/// What all futures share.
struct World<'a> {
    fitted: &'a Fitted,
    cells: &'a Cells,
    sources: &'a AmountSources,
    horizons_days: &'a [u32],
}

impl World<'_> {
    fn future(&self, set: &ParameterSet, random: &mut ChaCha8Rng) -> Vec<PeriodOutcome> {
        let lengths_days = lengths(self.horizons_days);
        let pace = draw_factors(self.fitted.pace_variation, &lengths_days, random);
        let levels = self.sources.draw_levels(random);
        let periods = vec![PeriodOutcome::default(); lengths_days.len()];
        let mut future = Future { world: self, pace, levels, periods };
        for (cell, chances) in self.cells.open.iter().zip(&set.chances) {
            future.close_open(cell, chances, random);
        }
        for (&state, arrivals) in &self.fitted.arrivals {
            let rate = arrivals.rate_per_day * factor(arrivals.rate_variation(), random);
            let months = draw_factors(arrivals.overdispersion, &lengths_days, random);
            let rates: Vec<f64> = months.iter().map(|month| rate * month).collect();
            future.arrive(&rates, set.flows.iter().filter(|flow| flow.state == state), random);
        }
        future.periods
    }
}

/// One future as it is drawn.
struct Future<'a> {
    world: &'a World<'a>,
    /// How fast each period runs compared with the fitted hazards.
    pace: Vec<f64>,
    levels: Levels,
    periods: Vec<PeriodOutcome>,
}

impl Future<'_> {
    /// Spreads the cell's individuals over the periods, one period after the other.
    fn close_open(&mut self, cell: &Cell, chances: &Chances, random: &mut ChaCha8Rng) {
        let (mut trials, mut left) = (chances.trials, 1.0);
        for (index, outcome) in self.periods.iter_mut().enumerate() {
            let pace = self.pace[index];
            let chance = (chances.by_period[index] * pace).min(left);
            let count = binomial(trials, chance / left, random);
            trials -= count;
            left = (left - chance).max(f64::MIN_POSITIVE);
            outcome.open_count += count;
            let sources = self.world.sources;
            outcome.open_amount += match cell.has_amount {
                true => sources.realised(chances.mean_amount[index], count, &self.levels, random),
                false => sources.sum(cell.segment, count, &self.levels, random),
            };
        }
    }

    /// Lets individuals arrive at the given daily rates by period, and some reach the target.
    fn arrive<'f>(
        &mut self,
        rates: &[f64],
        flows: impl Iterator<Item = &'f Flow>,
        random: &mut ChaCha8Rng,
    ) {
        for flow in flows {
            for (entered, rate) in rates.iter().enumerate() {
                let mut others = rate * flow.entering[entered];
                for (reached, expected) in flow.reaching[entered].iter().enumerate() {
                    let mean = rate * expected * self.pace[entered + reached];
                    others -= mean;
                    let count = poisson(mean, random);
                    self.add_new(flow.segment, entered, entered + reached, count, random);
                }
                self.periods[entered].arrivals += poisson(others, random);
            }
        }
    }

    fn add_new(
        &mut self,
        segment: u32,
        entered: usize,
        reached: usize,
        count: u64,
        random: &mut ChaCha8Rng,
    ) {
        let amount = self.world.sources.sum(segment, count, &self.levels, random);
        self.periods[entered].arrivals += count;
        self.periods[reached].new_count += count;
        self.periods[reached].new_amount += amount;
    }
}

/// Length of each period in days.
fn lengths(horizons_days: &[u32]) -> Vec<f64> {
    let starts = std::iter::once(&0).chain(horizons_days);
    horizons_days.iter().zip(starts).map(|(end, start)| f64::from(end - start)).collect()
}

/// One factor a period, of mean 1, whose variation is given for 30 days and averages out over
/// longer periods.
fn draw_factors(variation_30_days: f64, lengths_days: &[f64], random: &mut ChaCha8Rng) -> Vec<f64> {
    let draw = |days: &f64| factor(variation_30_days * f64::from(STEP_DAYS) / days, random);
    lengths_days.iter().map(draw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::funnel::Unfitted;
    use crate::funnel::tests::{OPEN, made_history};

    const AS_OF_DAY: i32 = 700;
    const ENDS: [i32; 3] = [730, 760, 790];

    fn fitted() -> Fitted {
        Unfitted::default().fit(&made_history(5, 6_000, 900), AS_OF_DAY).expect("sound")
    }

    fn open_people(count: u32, amount: impl Fn(u32) -> Option<f64>) -> Vec<OpenIndividual> {
        let one =
            |i| OpenIndividual { segment: i % 3, state: OPEN, age_days: i % 50, amount: amount(i) };
        (0..count).map(one).collect()
    }

    fn run(fitted: &Fitted, open: &[OpenIndividual], futures: usize) -> Futures {
        let options = Options { seed: 42, futures };
        simulate(fitted, open, AS_OF_DAY + 1, &ENDS, options).expect("periods in order")
    }

    fn check_mean(futures: &Futures, figure: impl Fn(&PeriodOutcome) -> f64, wanted: f64) {
        let mean = futures.total(figure).mean();
        assert!((mean / wanted - 1.0).abs() < 0.05, "{mean} is not near {wanted}");
    }

    #[test]
    fn means_are_those_of_the_recursion() {
        let fitted = fitted();
        let open = open_people(400, |i| (i % 2 == 0).then_some(100.0 + f64::from(i)));
        let futures = run(&fitted, &open, 2_000);
        let chance = |one: &OpenIndividual| fitted.probability(one.segment, OPEN, one.age_days, 90);
        check_mean(&futures, |o| o.open_count as f64, open.iter().map(chance).sum());
        let amount = |one: &OpenIndividual| {
            let ratio = fitted.amounts.realised_ratio.as_ref().map_or(1.0, Sample::mean);
            let own = one.amount.map(|own| own * ratio);
            chance(one) * own.unwrap_or_else(|| fitted.amounts.mean(one.segment))
        };
        check_mean(&futures, |o| o.open_amount, open.iter().map(amount).sum());
        let arrivals = &fitted.arrivals[&OPEN];
        let arriving = |segment, days: u32| -> f64 {
            let fresh = |back| fitted.probability_of_new(segment, OPEN, back);
            (0..days).map(fresh).sum::<f64>() * arrivals.segment_shares[&segment]
        };
        let new: f64 = (0..3).map(|segment| arriving(segment, 90)).sum();
        check_mean(&futures, |o| o.new_count as f64, new * arrivals.rate_per_day);
        check_mean(&futures, |o| o.arrivals as f64, 90.0 * arrivals.rate_per_day);
        let in_periods: f64 =
            (0..3).map(|k| futures.in_period(k, PeriodOutcome::amount).mean()).sum();
        assert!((in_periods / futures.total(PeriodOutcome::amount).mean() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn an_individual_alone_is_a_bernoulli_trial_with_its_own_amount() {
        let fitted = fitted();
        let lone = [OpenIndividual { segment: 0, state: OPEN, age_days: 3, amount: Some(777.0) }];
        let futures = run(&fitted, &lone, 4_000);
        let won = futures.total(|o| o.open_count as f64);
        assert_eq!(won.quantile(1.0), 1.0);
        let chance = fitted.probability(0, OPEN, 3, 90);
        assert!((won.mean() - chance).abs() < 0.03, "{} is not {chance}", won.mean());
        let each = futures.total(|o| o.open_amount / o.open_count.max(1) as f64);
        let levels = 0.02;
        assert!((each.quantile(1.0) / (777.0 * 0.9) - 1.0).abs() < levels, "{each:?}");
    }

    #[test]
    fn one_seed_gives_one_result_on_any_number_of_threads() {
        let fitted = fitted();
        let open = open_people(300, |i| Some(f64::from(i)));
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("a pool").install(|| format!("{:?}", run(&fitted, &open, 500)))
        };
        assert_eq!(on(1), on(2));
    }

    #[test]
    fn periods_must_be_in_order() {
        let check = |ends: &[i32], wanted| {
            let options = Options { seed: 1, futures: 1 };
            let result = simulate(&fitted(), &[], AS_OF_DAY + 1, ends, options);
            assert_eq!(result, Err(wanted));
        };
        check(&[], SimulationError::NoPeriod);
        check(&[700], SimulationError::PeriodsOutOfOrder { day: 700, previous: 700 });
        check(&[720, 710], SimulationError::PeriodsOutOfOrder { day: 710, previous: 720 });
    }
}
