//! Many possible futures of a fitted funnel, period by period.
//!
//! Open individuals and those still to arrive reach the target or not; amounts go with them. In
//! every future the parameters are drawn anew from their posteriors, so that the spread holds what
//! is not known as well as what is chance. This module refuses to know which future is wanted; it
//! has no clock and no randomness but the seed.
//!
//! Of the open individuals only those with amounts that matter by themselves are drawn one by one.
//! The others of one state and of much the same age and amount form a cell. Its count is
//! multinomial over the periods, with the mean and variance of the sum of the members' own chances
//! (the two-parameter binomial approximation of a Poisson-binomial: Ehm 1991, "Binomial
//! approximation to the Poisson binomial distribution"); its amount is that of a sample without
//! replacement (Cochran 1977, "Sampling Techniques", 2.6), so who has gone in one period is missing
//! in the next. New ones form a Poisson process, thinned by the period of entry and of reaching the
//! target, which is exact.

mod amounts;
mod cells;
mod parameters;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use thiserror::Error;

use crate::compound::{EXACT_DRAWS_MAX, Moments};
use crate::funnel::Fitted;
use crate::funnel::arrivals::STEP_DAYS;
use crate::funnel::history::OpenIndividual;
use crate::random::{binomial, factor, poisson, stream};
use crate::sample::Sample;
use amounts::{AmountSources, Levels, Source};
use cells::{Cells, LONE_SHARE_MIN};
use parameters::{CellChances, Flow, ParameterSet};

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
    let sources = AmountSources::new(&fitted.amounts);
    let cells = Cells::new(open, LONE_SHARE_MIN, &sources);
    let world = World { fitted, cells: &cells, sources: &sources, horizons_days: &horizons_days };
    Ok(world.futures(start_day, options))
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
    fn futures(&self, start_day: i32, options: Options) -> Futures {
        let sets = parameters::draw(self, start_day, options.seed, options.futures);
        let lengths_days = lengths(self.horizons_days);
        let chunk = |chunk: usize| {
            let mut random = stream(options.seed, chunk as u64);
            let first = chunk * FUTURES_PER_CHUNK;
            let futures = first..options.futures.min(first + FUTURES_PER_CHUNK);
            let set = |future: usize| &sets[future % sets.len()];
            futures.flat_map(|f| self.future(set(f), &lengths_days, &mut random)).collect()
        };
        let chunks = options.futures.div_ceil(FUTURES_PER_CHUNK);
        let outcomes: Vec<Vec<PeriodOutcome>> = (0..chunks).into_par_iter().map(chunk).collect();
        Futures { periods: lengths_days.len(), outcomes: outcomes.concat() }
    }

    fn future(
        &self,
        set: &ParameterSet,
        lengths_days: &[f64],
        random: &mut ChaCha8Rng,
    ) -> Vec<PeriodOutcome> {
        let mut future = Future {
            world: self,
            pace: draw_factors(self.fitted.pace_variation, lengths_days, random),
            levels: self.sources.draw_levels(random),
            periods: vec![PeriodOutcome::default(); lengths_days.len()],
            many: vec![Many::default(); lengths_days.len()],
        };
        future.close_lone(set, random);
        set.cells.iter().for_each(|cell| future.close_cell(cell, random));
        for (flow, arrivals) in set.flows.iter().zip(self.fitted.arrivals.values()) {
            let rate = arrivals.rate_per_day * factor(arrivals.rate_variation(), random);
            let months = draw_factors(arrivals.overdispersion, lengths_days, random);
            let rates: Vec<f64> = months.iter().map(|month| rate * month).collect();
            future.arrive(&rates, flow, random);
        }
        future.finish(random)
    }
}

/// One future as it is drawn.
struct Future<'a> {
    world: &'a World<'a>,
    /// How fast each period runs compared with the fitted hazards.
    pace: Vec<f64>,
    levels: Levels,
    periods: Vec<PeriodOutcome>,
    /// By period: amounts of many, which are drawn together.
    many: Vec<Many>,
}

/// Amounts of which only the moments are known so far.
#[derive(Clone, Copy, Default)]
struct Many {
    open: Moments,
    new: Moments,
}

impl Future<'_> {
    fn close_lone(&mut self, set: &ParameterSet, random: &mut ChaCha8Rng) {
        let fastest = self.pace.iter().copied().fold(0.0, f64::max);
        for (one, chances) in self.world.cells.lone.iter().zip(&set.lone) {
            let mut drawn = random.random::<f64>();
            if drawn >= chances.whole * fastest {
                continue;
            }
            let reached = chances.by_period.iter().zip(&self.pace).position(|(chance, pace)| {
                drawn -= chance * pace;
                drawn < 0.0
            });
            if let Some(outcome) = reached.and_then(|period| self.periods.get_mut(period)) {
                outcome.open_count += 1;
                outcome.open_amount += self.world.sources.draw(one, &self.levels, random);
            }
        }
    }

    /// Spreads the cell's individuals over the periods, one period after the other. Who has been
    /// drawn is not there any more: if they were large, those left are small.
    fn close_cell(&mut self, cell: &CellChances, random: &mut ChaCha8Rng) {
        let level = self.levels.of(cell.source);
        let (mut trials, mut left, mut surplus) = (cell.trials, 1.0, 0.0);
        for (index, period) in cell.by_period.iter().enumerate() {
            let chance = (period.chance * self.pace[index]).min(left);
            let count = binomial(trials, chance / left, random);
            left = (left - chance).max(f64::MIN_POSITIVE);
            if count > 0 {
                let share = count as f64 / trials as f64;
                let mut sum = period.amount.times(count as f64);
                let gained = gained(cell.spread, count as f64, share, random) - share * surplus;
                // The normal curve knows no zero; amounts that are above it stay there.
                let gained = if sum.mean > 0.0 { gained.max(-sum.mean) } else { gained };
                surplus += gained;
                sum.mean += gained;
                self.many[index].open.add(sum.scaled(level));
                self.periods[index].open_count += count;
                trials -= count;
            }
        }
    }

    /// Lets individuals arrive at the given daily rates by period, and some reach the target.
    fn arrive(&mut self, rates: &[f64], flow: &Flow, random: &mut ChaCha8Rng) {
        let entering = flow.entering.iter().zip(rates);
        let mut others: Vec<f64> = entering.map(|(entering, rate)| entering * rate).collect();
        for reached in 0..rates.len() {
            let pace = self.pace[reached];
            let mut all = 0;
            for segment in &flow.segments {
                let expected = segment.reaching[reached].iter().zip(rates);
                let mean: f64 = expected.map(|(expected, rate)| expected * rate).sum();
                let count = poisson(pace * mean, random);
                self.add_new(segment.source, reached, count, random);
                all += count;
            }
            let expected = flow.reaching[reached].iter().zip(rates);
            let expected: Vec<f64> = expected.map(|(expected, rate)| expected * rate).collect();
            self.spread_over_entries(all, &expected, random);
            others.iter_mut().zip(&expected).for_each(|(others, mean)| *others -= pace * mean);
        }
        for (outcome, others) in self.periods.iter_mut().zip(others) {
            outcome.arrivals += poisson(others, random);
        }
    }

    fn add_new(&mut self, source: Source, reached: usize, count: u64, random: &mut ChaCha8Rng) {
        let sources = self.world.sources;
        self.periods[reached].new_count += count;
        if count <= EXACT_DRAWS_MAX {
            let amount = sources.sum(source, count, &self.levels, random);
            self.periods[reached].new_amount += amount;
        } else {
            let level = self.levels.of(Some(source));
            let sum = sources.moments(source).times(count as f64).scaled(level);
            self.many[reached].new.add(sum);
        }
    }

    /// Says when those who reach a target in one period have arrived: a multinomial draw, as they
    /// come from independent Poisson counts.
    fn spread_over_entries(&mut self, all: u64, expected: &[f64], random: &mut ChaCha8Rng) {
        let mut trials = all;
        let mut left: f64 = expected.iter().sum();
        for (outcome, mean) in self.periods.iter_mut().zip(expected) {
            let count = if *mean < left { binomial(trials, mean / left, random) } else { trials };
            outcome.arrivals += count;
            trials -= count;
            left -= mean;
        }
    }

    fn finish(mut self, random: &mut ChaCha8Rng) -> Vec<PeriodOutcome> {
        for (outcome, many) in self.periods.iter_mut().zip(&self.many) {
            outcome.open_amount += many.open.draw(random);
            outcome.new_amount += many.new.draw(random);
        }
        self.periods
    }
}

/// How far the sum of so many amounts, a share of all there are, lies from its expectation: that of
/// a sample without replacement.
fn gained(spread: f64, count: f64, share: f64, random: &mut ChaCha8Rng) -> f64 {
    if spread <= 0.0 {
        return 0.0;
    }
    let normal: f64 = StandardNormal.sample(random);
    spread * (count * (1.0 - share)).sqrt() * normal
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

    const CELL_FUTURES: usize = 20_000;

    /// Futures without a common pace, in which differences would drown.
    fn drawn(open: &[OpenIndividual], lone_share: f64) -> Futures {
        let fitted = Fitted { pace_variation: 0.0, ..fitted() };
        let sources = AmountSources::new(&fitted.amounts);
        let cells = Cells::new(open, lone_share, &sources);
        let horizons_days = horizons(AS_OF_DAY + 1, &ENDS).expect("periods in order");
        let world = World {
            fitted: &fitted,
            cells: &cells,
            sources: &sources,
            horizons_days: &horizons_days,
        };
        world.futures(AS_OF_DAY + 1, Options { seed: 3, futures: CELL_FUTURES })
    }

    /// Bounds are three to four standard errors, and a little for the approximation.
    fn check_same(cells: &Sample, alone: &Sample) {
        let error = (1.0 / CELL_FUTURES as f64).sqrt();
        let deviation = alone.variance().sqrt();
        let gap = (cells.mean() - alone.mean()) / deviation;
        assert!(gap.abs() < 5.0 * error, "mean {} is not {}", cells.mean(), alone.mean());
        let ratio = cells.variance() / alone.variance();
        assert!((ratio - 1.0).abs() < 6.0 * error + 0.02, "variance {ratio} times");
        let gap = cells.skewness() - alone.skewness();
        assert!(gap.abs() < 12.0 * error + 0.02, "skewness is off by {gap}");
        for probability in [0.1, 0.5, 0.9] {
            let quantile = alone.quantile(probability);
            let gap = cells.share_at_least(quantile) - alone.share_at_least(quantile);
            assert!(gap.abs() < 3.0 * error + 0.01, "quantile {probability} is off by {gap}");
        }
    }

    #[test]
    fn cells_are_distributed_as_individuals_drawn_one_by_one() {
        // From 50 to 5,000, and every fifth unknown; nearly none is left to reach the last period.
        let amount = |i: u32| {
            (!i.is_multiple_of(5)).then_some(50.0 * 100_f64.powf(f64::from(i % 97) / 97.0))
        };
        let open = open_people(1_200, amount);
        let [cells, alone] = [f64::INFINITY, 0.0].map(|lone_share| drawn(&open, lone_share));
        let check = |figure: &dyn Fn(&PeriodOutcome) -> f64| {
            check_same(&cells.total(figure), &alone.total(figure));
            check_same(&cells.in_period(0, figure), &alone.in_period(0, figure));
            check_same(&cells.in_period(1, figure), &alone.in_period(1, figure));
        };
        check(&|outcome| outcome.open_count as f64);
        check(&|outcome| outcome.open_amount);
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
