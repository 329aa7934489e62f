//! Draws of the funnel's parameters, each worked out to chances per cell and flow.
//!
//! Working out a draw costs one recursion per segment, so a limited number of draws is made and the
//! futures share them in turn.

use std::collections::BTreeSet;

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Options;
use super::cells::{Cell, Cells};
use crate::funnel::Fitted;
use crate::funnel::hazards::{Hazards, Rates};
use crate::funnel::reach::Reach;
use crate::random::{gamma, stream};

/// Parameter draws, at most and at least.
const DRAWS_MAX: usize = 128;
const DRAWS_MIN: usize = 8;
/// Multiplications that all draws together may cost.
const COST_MAX: usize = 200_000_000;
/// The first random stream of parameter draws; futures use those below.
const FIRST_STREAM: u64 = 1 << 32;

/// One draw of all parameters.
pub(crate) struct ParameterSet {
    /// By cell.
    pub chances: Vec<Chances>,
    pub flows: Vec<Flow>,
}

/// The chances of one cell as those of `trials` equal individuals.
pub(crate) struct Chances {
    pub trials: u64,
    /// Probability of reaching a target in each period.
    pub by_period: Vec<f64>,
    /// Mean amount, as known, of those who reach it in each period.
    pub mean_amount: Vec<f64>,
}

/// New individuals of one segment in one entry state, at an arrival rate of one a day over all
/// segments of the state.
pub(crate) struct Flow {
    pub state: usize,
    pub segment: u32,
    /// Expected arrivals by period, at an arrival a day of an average day over all segments.
    pub entering: Vec<f64>,
    /// Expected to reach a target, by period of entry and number of periods later.
    pub reaching: Vec<Vec<f64>>,
}

/// Draws the parameter sets, each from its own random stream.
pub(crate) fn draw(
    fitted: &Fitted,
    cells: &Cells,
    start_day: i32,
    horizons_days: &[u32],
    options: Options,
) -> Vec<ParameterSet> {
    let arriving = fitted.arrivals.values().flat_map(|arrivals| arrivals.segment_shares.keys());
    let segments: BTreeSet<u32> =
        cells.open.iter().map(|cell| cell.segment).chain(arriving.copied()).collect();
    let count = draws(fitted, segments.len(), horizons_days).min(options.futures.max(1));
    let set = |index: usize| {
        let mut random = stream(options.seed, FIRST_STREAM + index as u64);
        let common = CommonFactors::draw(fitted, &mut random);
        let mut set = ParameterSet { chances: Vec::new(), flows: Vec::new() };
        for &segment in &segments {
            let rates = common.segment_rates(fitted, segment, &mut random);
            let reach = fitted.reach(&rates, start_day, horizons_days);
            let of_segment = cells.open.iter().filter(|cell| cell.segment == segment);
            set.chances.extend(of_segment.map(|cell| chances(cell, &reach, horizons_days.len())));
            set.flows.extend(flows(fitted, segment, start_day, &reach, horizons_days));
        }
        set
    };
    (0..count).into_par_iter().map(set).collect()
}

fn draws(fitted: &Fitted, segments: usize, horizons_days: &[u32]) -> usize {
    let cells = |hazards: &Hazards| (hazards.exits.len() + 1) * (hazards.next.len() + 1);
    let day: usize = fitted.hazards.iter().flatten().map(cells).sum();
    let days = match fitted.periods {
        Some(_) => horizons_days.iter().map(|&days| days as usize).sum(),
        None => horizons_days.last().copied().unwrap_or(0) as usize,
    };
    (COST_MAX / (day * days * segments).max(1)).clamp(DRAWS_MIN, DRAWS_MAX)
}

/// What one draw says of all segments: by state, a factor per cause and one past the oldest exit.
struct CommonFactors(Vec<Option<(Vec<f64>, f64)>>);

impl CommonFactors {
    fn draw(fitted: &Fitted, random: &mut ChaCha8Rng) -> Self {
        let mut mean_one = |events: f64| gamma(events, 1.0 / events, random).unwrap_or(1.0);
        let mut state = |hazards: &Hazards| {
            let causes = hazards.events.iter().map(|&events| mean_one(events as f64)).collect();
            (causes, mean_one(hazards.tail_events))
        };
        Self(fitted.hazards.iter().map(|hazards| hazards.as_ref().map(&mut state)).collect())
    }

    fn segment_rates(
        &self,
        fitted: &Fitted,
        segment: u32,
        random: &mut ChaCha8Rng,
    ) -> Vec<Option<Rates>> {
        let state = |(hazards, common): (&Option<Hazards>, &Option<(Vec<f64>, f64)>)| {
            let (hazards, (causes, tail)) = (hazards.as_ref()?, common.as_ref()?);
            let own = segment_factors(hazards, segment, random);
            let factors: Vec<f64> = causes.iter().zip(own).map(|(all, own)| all * own).collect();
            Some(hazards.rates(&factors, *tail))
        };
        fitted.hazards.iter().zip(&self.0).map(state).collect()
    }
}

fn segment_factors(hazards: &Hazards, segment: u32, random: &mut ChaCha8Rng) -> Vec<f64> {
    let Some(factors) = hazards.segments.get(&segment) else {
        return vec![1.0; hazards.next.len()];
    };
    let draw = |f: &crate::funnel::hazards::Factor| gamma(f.shape, 1.0 / f.rate, random);
    factors.iter().map(draw).map(|factor| factor.unwrap_or(1.0)).collect()
}

fn chances(cell: &Cell, reach: &Reach, periods: usize) -> Chances {
    let mut expected = vec![0.0; periods];
    let mut amount = vec![0.0; periods];
    let mut squares = 0.0;
    for member in &cell.members {
        let mut before = 0.0;
        for period in 0..periods {
            let by_now = reach.aged(member.state, member.age_days, period);
            expected[period] += member.count * (by_now - before);
            amount[period] += member.amount * (by_now - before);
            before = by_now;
        }
        squares += member.count * before * before;
    }
    let whole: f64 = expected.iter().sum();
    let trials = equal_trials(whole, squares);
    Chances {
        trials,
        mean_amount: amount.iter().zip(&expected).map(|(sum, n)| ratio(*sum, *n)).collect(),
        by_period: expected.iter().map(|n| ratio(*n, trials as f64)).collect(),
    }
}

/// The number of equal individuals whose count has the same mean and (nearly) variance.
fn equal_trials(expected: f64, squares: f64) -> u64 {
    ratio(expected * expected, squares).round().max(expected.ceil()) as u64
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn flows<'a>(
    fitted: &'a Fitted,
    segment: u32,
    start_day: i32,
    reach: &'a Reach,
    horizons_days: &'a [u32],
) -> impl Iterator<Item = Flow> + 'a {
    let days = horizons_days.last().copied().unwrap_or(0);
    fitted.arrivals.iter().filter_map(move |(&state, arrivals)| {
        let share = *arrivals.segment_shares.get(&segment)?;
        let day = |ahead: u32| share * arrivals.factor_on(start_day.saturating_add_unsigned(ahead));
        let entering_by_day: Vec<f64> = (0..days).map(day).collect();
        let entering = Entering { state, by_day: &entering_by_day, reach, horizons_days };
        let whole = |(&from, &until): (&u32, &u32)| {
            entering_by_day[from as usize..until as usize].iter().sum()
        };
        let starts = std::iter::once(&0).chain(horizons_days);
        Some(Flow {
            state,
            segment,
            entering: starts.zip(horizons_days).map(whole).collect(),
            reaching: entering.reaching(),
        })
    })
}

/// New individuals of one segment in one entry state, by day of entry.
struct Entering<'a> {
    state: usize,
    by_day: &'a [f64],
    reach: &'a Reach,
    horizons_days: &'a [u32],
}

impl Entering<'_> {
    /// Expected to reach a target by period of entry and periods later.
    fn reaching(&self) -> Vec<Vec<f64>> {
        let periods = self.horizons_days.len();
        let by_end: Vec<Vec<f64>> = (0..periods).map(|end| self.by_end(end)).collect();
        let row = |entered: usize| {
            let mut before = 0.0;
            let step = |end: usize| {
                let now = by_end[end][entered];
                let gained = (now - before).max(0.0);
                before = now;
                gained
            };
            (entered..periods).map(step).collect()
        };
        (0..periods).map(row).collect()
    }

    /// Those of each period of entry that have reached a target by the end of one.
    fn by_end(&self, end: usize) -> Vec<f64> {
        let last = self.horizons_days[end];
        let starts = std::iter::once(&0).chain(self.horizons_days);
        let fresh = |day: u32| {
            self.by_day[day as usize] * self.reach.fresh(self.state, end, last - 1 - day)
        };
        let period = |(&from, &until): (&u32, &u32)| (from..until).map(fresh).sum();
        starts.zip(&self.horizons_days[..=end]).map(period).collect()
    }
}
