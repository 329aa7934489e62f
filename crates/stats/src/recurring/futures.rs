//! Futures of running terms: each ends at an age, and goes on or not.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::curve::Curve;
use super::{Counts, Fitted, MONTH_DAYS, PRIOR_TERMS, Running};
use crate::random::{gamma, stream};
use crate::sample::Sample;
use crate::simulation::Options;

/// Futures drawn from one random stream, with the same ages of ending.
const FUTURES_PER_CHUNK: usize = 16;

/// What the running terms come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Futures {
    pub periods: Vec<Period>,
    /// At the last period's end over the day of the fit: of each term's rate what is left of it and
    /// no more, and all of it.
    pub gross_kept: Sample,
    pub net_kept: Sample,
}

/// One period in all futures.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    /// What runs in the period, in months' rates.
    pub amount: Sample,
    /// The rates that run on its last day.
    pub rate: Sample,
    /// Rates whose terms end in the period, and those of them that go on, before any change.
    pub ending_rate: Sample,
    pub kept_rate: Sample,
}

/// What one future draws of a segment.
struct Parameters<'a> {
    ages: &'a Curve,
    goes_on: f64,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    amount: f64,
    rate: f64,
    ending_rate: f64,
    kept_rate: f64,
}

struct Future {
    periods: Vec<Tally>,
    gross: f64,
    net: f64,
}

pub(super) fn draw(fitted: &Fitted, period_end_days: &[i32], options: Options) -> Futures {
    let chunks = options.futures.div_ceil(FUTURES_PER_CHUNK);
    let drawn: Vec<Vec<Future>> = (0..chunks)
        .into_par_iter()
        .map(|chunk| {
            let left = options.futures - chunk * FUTURES_PER_CHUNK;
            let mut random = stream(options.seed, chunk as u64);
            let world = World { fitted, period_end_days };
            let ages = Curve::draw(&fitted.ages, fitted.segments.len() - 1, &mut random);
            let future = |_| world.future(&ages, &mut random);
            (0..left.min(FUTURES_PER_CHUNK)).map(future).collect()
        })
        .collect();
    let drawn: Vec<Future> = drawn.into_iter().flatten().collect();
    let now = fitted.all().running_rate;
    let share = |of: fn(&Future) -> f64| {
        Sample::new(drawn.iter().filter(|_| now > 0.0).map(|future| of(future) / now).collect())
    };
    let period = |index: usize| {
        let sample = |of: fn(&Tally) -> f64| {
            Sample::new(drawn.iter().map(|future| of(&future.periods[index])).collect())
        };
        Period {
            amount: sample(|tally| tally.amount),
            rate: sample(|tally| tally.rate),
            ending_rate: sample(|tally| tally.ending_rate),
            kept_rate: sample(|tally| tally.kept_rate),
        }
    };
    Futures {
        periods: (0..period_end_days.len()).map(period).collect(),
        gross_kept: share(|future| future.gross),
        net_kept: share(|future| future.net),
    }
}

struct World<'a> {
    fitted: &'a Fitted,
    period_end_days: &'a [i32],
}

impl World<'_> {
    fn future(&self, ages: &[Curve], random: &mut ChaCha8Rng) -> Future {
        let all = self.fitted.all();
        let parameters: Vec<Parameters> = (self.fitted.segments.iter().zip(ages))
            .map(|(counts, ages)| Parameters { ages, goes_on: goes_on(counts, all, random) })
            .collect();
        let shift = self.shift(random);
        let mut future = Future {
            periods: vec![Tally::default(); self.period_end_days.len()],
            gross: 0.0,
            net: 0.0,
        };
        for running in &self.fitted.running {
            self.follow(*running, &parameters[running.segment], shift, &mut future, random);
        }
        future
    }

    /// A factor on all ratios: how sure their mean is (on the scale of logarithms).
    fn shift(&self, random: &mut ChaCha8Rng) -> f64 {
        let logs: Vec<f64> =
            self.fitted.ratios.iter().filter(|ratio| **ratio > 0.0).map(|it| it.ln()).collect();
        let deviation = Sample::new(logs.clone()).variance().sqrt();
        let normal: f64 = random.sample(rand_distr::StandardNormal);
        (normal * deviation / (logs.len().max(1) as f64).sqrt()).exp()
    }

    /// One term and what follows it, to the last period's end.
    fn follow(
        &self,
        running: Running,
        parameters: &Parameters<'_>,
        shift: f64,
        future: &mut Future,
        random: &mut ChaCha8Rng,
    ) {
        let as_of_day = self.fitted.as_of_day;
        let last_day = self.period_end_days.last().copied().unwrap_or(as_of_day);
        let ages = parameters.ages;
        let mut end = running
            .end_day
            .unwrap_or_else(|| as_of_day.saturating_add(ages.days_left(running.age_days, random)));
        let (mut from_day, mut rate) = (as_of_day + 1, running.rate);
        loop {
            self.add_rate(from_day, end, rate, future);
            if end > last_day {
                future.gross += rate.min(running.rate);
                future.net += rate;
                return;
            }
            let goes_on = random.random::<f64>() < parameters.goes_on;
            if let Some(tally) = self.period_of(end).and_then(|at| future.periods.get_mut(at)) {
                tally.ending_rate += rate;
                tally.kept_rate += if goes_on { rate } else { 0.0 };
            }
            if !goes_on {
                return;
            }
            from_day = end;
            end = end.saturating_add(ages.days_left(0, random));
            rate *= self.ratio(random) * shift;
        }
    }

    fn ratio(&self, random: &mut ChaCha8Rng) -> f64 {
        match self.fitted.ratios.as_slice() {
            [] => 1.0,
            ratios => ratios[random.random_range(0..ratios.len())],
        }
    }

    fn period_of(&self, day: i32) -> Option<usize> {
        let place = self.period_end_days.partition_point(|end| *end < day);
        (place < self.period_end_days.len()).then_some(place)
    }

    /// Adds a rate that runs from a day to the day before another.
    fn add_rate(&self, from_day: i32, end_day: i32, rate: f64, future: &mut Future) {
        let mut first = self.fitted.as_of_day + 1;
        for (last, tally) in self.period_end_days.iter().zip(&mut future.periods) {
            let days = (end_day.min(last + 1) - from_day.max(first)).max(0);
            tally.amount += rate * f64::from(days) / MONTH_DAYS;
            if from_day <= *last && *last < end_day {
                tally.rate += rate;
            }
            first = last + 1;
        }
    }
}

/// The share of ended terms that another one follows.
fn goes_on(counts: &Counts, all: &Counts, random: &mut ChaCha8Rng) -> f64 {
    let pooled = (all.went_on as f64 + 0.5) / (all.decided as f64 + 1.0);
    // All segments count as some terms, but not as more than there are in the others.
    let prior = PRIOR_TERMS.min((all.decided - counts.decided) as f64 + 1.0);
    let went_on = counts.went_on as f64 + prior * pooled;
    let left = (counts.decided - counts.went_on) as f64 + prior * (1.0 - pooled);
    beta(went_on, left, random)
}

/// A beta draw by two gamma draws; the mean where a parameter is too small to draw.
fn beta(successes: f64, failures: f64, random: &mut ChaCha8Rng) -> f64 {
    let (one, other) = (gamma(successes, 1.0, random), gamma(failures, 1.0, random));
    match (one, other) {
        (Some(one), Some(other)) if one + other > 0.0 => one / (one + other),
        _ => (successes / (successes + failures)).clamp(0.0, 1.0),
    }
}
