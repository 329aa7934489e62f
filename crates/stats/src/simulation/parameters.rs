//! Draws of the funnel's parameters, each worked out to chances per cell and flow.
//!
//! Working out a draw costs one recursion per segment, so a limited number of draws is made and the
//! futures share them in turn.

use std::collections::BTreeSet;

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::World;
use super::amounts::{AmountSources, Source};
use super::cells::{CellAmounts, Cells, Member};
use crate::compound::Moments;
use crate::funnel::Fitted;
use crate::funnel::hazards::{Factor, Hazards, Rates};
use crate::funnel::reach::Reach;
use crate::random::{gamma, stream};

/// Parameter draws, at most and at least.
const DRAWS_MAX: usize = 128;
const DRAWS_MIN: usize = 16;
/// Steps of the recursion and chances looked up that all draws together may cost.
const COST_MAX: usize = 100_000_000;
/// The first random stream of parameter draws; futures use those below.
const FIRST_STREAM: u64 = 1 << 32;

/// One draw of all parameters.
pub(crate) struct ParameterSet {
    pub lone: Vec<LoneChances>,
    pub cells: Vec<CellChances>,
    pub flows: Vec<Flow>,
}

/// The chances of one individual.
pub(crate) struct LoneChances {
    /// Of reaching a target in any of the periods.
    pub whole: f64,
    pub by_period: Vec<f64>,
}

/// The chances of one cell as those of `trials` equal individuals.
pub(crate) struct CellChances {
    pub trials: u64,
    /// Where amounts come from; `None` when they are known.
    pub source: Option<Source>,
    /// Standard deviation of what is expected of the members' known amounts.
    pub spread: f64,
    pub by_period: Vec<PeriodChance>,
}

/// One period of a cell.
pub(crate) struct PeriodChance {
    /// Probability of reaching a target in it.
    pub chance: f64,
    /// The amount of one that does, apart from its level, with what is not known of it.
    pub amount: Moments,
}

/// New individuals in one entry state, at one arrival on an average day.
pub(crate) struct Flow {
    pub state: usize,
    /// Expected arrivals by period.
    pub entering: Vec<f64>,
    /// Of all segments: expected to reach a target, by period of reaching it, then of entry.
    pub reaching: Vec<Vec<f64>>,
    pub segments: Vec<SegmentFlow>,
}

/// The part of one segment.
pub(crate) struct SegmentFlow {
    pub source: Source,
    /// As that of the flow.
    pub reaching: Vec<Vec<f64>>,
}

/// Draws the parameter sets, each from its own random stream.
pub(crate) fn draw(world: &World, start_day: i32, seed: u64, futures: usize) -> Vec<ParameterSet> {
    let World { fitted, cells, .. } = world;
    let arriving = fitted.arrivals.values().flat_map(|arrivals| arrivals.segment_shares.keys());
    let open = cells.lone.iter().map(|one| one.segment).chain(cells.members.keys().copied());
    let segments: BTreeSet<u32> = open.chain(arriving.copied()).collect();
    let count = draws(world, segments.len()).min(futures.max(1));
    let set = |index: usize| {
        let mut random = stream(seed, FIRST_STREAM + index as u64);
        let common = CommonFactors::draw(fitted, &mut random);
        let mut draft = Draft::new(world, start_day);
        for &segment in &segments {
            let rates = common.segment_rates(fitted, segment, &mut random);
            draft.add(segment, &fitted.reach(&rates, start_day, world.horizons_days));
        }
        draft.finish()
    };
    (0..count).into_par_iter().map(set).collect()
}

fn draws(world: &World, segments: usize) -> usize {
    let World { fitted, cells, horizons_days, .. } = world;
    let rates = fitted.segment_rates(u32::MAX);
    let steps = |rates: &Rates| rates.stay.len() * (rates.next.len() + 1);
    let day: usize = rates.iter().flatten().map(steps).sum();
    // Where days differ, each horizon has a recursion of its own.
    let days: u32 = match fitted.periods {
        Some(_) => horizons_days.iter().sum(),
        None => horizons_days.last().copied().unwrap_or(0),
    };
    let members: usize = cells.members.values().map(Vec::len).sum();
    let cost = day * days as usize * segments + members * horizons_days.len();
    (COST_MAX / cost.max(1)).clamp(DRAWS_MIN, DRAWS_MAX)
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
    let draw = |f: &Factor| gamma(f.shape, 1.0 / f.rate, random);
    factors.iter().map(draw).map(|factor| factor.unwrap_or(1.0)).collect()
}

/// A parameter set to which segments are still being added.
struct Draft<'a> {
    world: &'a World<'a>,
    start_day: i32,
    lone: Vec<LoneChances>,
    cells: Vec<Expected>,
    flows: Vec<Flow>,
}

/// What is expected of a cell.
#[derive(Clone)]
struct Expected {
    /// By period: those who reach a target, and the sum of their known amounts.
    by_period: Vec<[f64; 2]>,
    /// Sum of the members' squared chances over all periods.
    squares: f64,
}

impl<'a> Draft<'a> {
    fn new(world: &'a World, start_day: i32) -> Self {
        let periods = world.horizons_days.len();
        let none = Expected { by_period: vec![[0.0; 2]; periods], squares: 0.0 };
        let flow = |&state: &usize| Flow {
            state,
            entering: vec![0.0; periods],
            reaching: (0..periods).map(|period| vec![0.0; period + 1]).collect(),
            segments: Vec::new(),
        };
        Self {
            world,
            start_day,
            lone: Vec::with_capacity(world.cells.lone.len()),
            cells: vec![none; world.cells.cells.len()],
            flows: world.fitted.arrivals.keys().map(flow).collect(),
        }
    }

    /// Segments come in ascending order.
    fn add(&mut self, segment: u32, reach: &Reach) {
        let Cells { lone, members, .. } = self.world.cells;
        for one in lone.iter().filter(|one| one.segment == segment) {
            self.lone.push(self.alone(reach, one.state, one.age_days));
        }
        for member in members.get(&segment).into_iter().flatten() {
            self.add_member(reach, member);
        }
        self.add_new(segment, reach);
    }

    fn alone(&self, reach: &Reach, state: usize, age_days: u32) -> LoneChances {
        let mut whole = 0.0;
        let in_period = |period: usize| {
            let before = whole;
            whole = reach.aged(state, age_days, period);
            whole - before
        };
        let by_period = (0..self.world.horizons_days.len()).map(in_period).collect();
        LoneChances { whole, by_period }
    }

    fn add_member(&mut self, reach: &Reach, member: &Member) {
        let state = self.world.cells.cells[member.cell].state;
        let expected = &mut self.cells[member.cell];
        let mut before = 0.0;
        for (period, [count, amount]) in expected.by_period.iter_mut().enumerate() {
            let by_now = reach.aged(state, member.age_days, period);
            *count += member.count * (by_now - before);
            *amount += member.amount * (by_now - before);
            before = by_now;
        }
        expected.squares += member.count * before * before;
    }

    fn add_new(&mut self, segment: u32, reach: &Reach) {
        let World { fitted, sources, horizons_days, .. } = self.world;
        let days = horizons_days.last().copied().unwrap_or(0);
        for (flow, arrivals) in self.flows.iter_mut().zip(fitted.arrivals.values()) {
            let Some(share) = arrivals.segment_shares.get(&segment) else { continue };
            let day = |ahead: u32| self.start_day.saturating_add_unsigned(ahead);
            let by_day: Vec<f64> =
                (0..days).map(|ahead| share * arrivals.factor_on(day(ahead))).collect();
            let entering = Entering { state: flow.state, by_day: &by_day, reach, horizons_days };
            for (sum, period) in flow.entering.iter_mut().zip(entering.periods()) {
                *sum += period.iter().sum::<f64>();
            }
            let reaching = entering.reaching();
            for (sum, of_segment) in
                flow.reaching.iter_mut().flatten().zip(reaching.iter().flatten())
            {
                *sum += of_segment;
            }
            flow.segments.push(SegmentFlow { source: sources.of_segment(segment), reaching });
        }
    }

    fn finish(self) -> ParameterSet {
        let cells = self.world.cells.cells.iter().zip(&self.cells);
        let cells = cells.map(|(cell, of_cell)| of_cell.chances(&cell.amounts, self.world.sources));
        ParameterSet { cells: cells.collect(), lone: self.lone, flows: self.flows }
    }
}

impl Expected {
    fn chances(&self, amounts: &CellAmounts, sources: &AmountSources) -> CellChances {
        let whole: f64 = self.by_period.iter().map(|[count, _]| count).sum();
        let trials = equal_trials(whole, self.squares);
        let period = |[count, sum]: &[f64; 2]| PeriodChance {
            chance: ratio(*count, trials as f64),
            amount: match amounts {
                CellAmounts::From(source) => sources.moments(*source),
                CellAmounts::Known(known) => {
                    sources.realised(Moments { mean: ratio(*sum, *count), ..*known })
                }
            },
        };
        let (source, spread) = match amounts {
            CellAmounts::From(source) => (Some(*source), 0.0),
            CellAmounts::Known(known) => (None, known.variance.sqrt() * sources.mean_ratio()),
        };
        let by_period = self.by_period.iter().map(period).collect();
        CellChances { trials, source, spread, by_period }
    }
}

/// The number of equal individuals whose count has the same mean and (nearly) variance.
fn equal_trials(expected: f64, squares: f64) -> u64 {
    ratio(expected * expected, squares).round().max(expected.ceil()) as u64
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// New individuals of one segment in one entry state, by day of entry.
struct Entering<'a> {
    state: usize,
    by_day: &'a [f64],
    reach: &'a Reach,
    horizons_days: &'a [u32],
}

impl Entering<'_> {
    /// The days of each period.
    fn periods(&self) -> impl Iterator<Item = &[f64]> {
        let starts = std::iter::once(&0).chain(self.horizons_days);
        starts
            .zip(self.horizons_days)
            .map(|(&from, &until)| &self.by_day[from as usize..until as usize])
    }

    /// Expected to reach a target, by period of reaching it, then of entry.
    fn reaching(&self) -> Vec<Vec<f64>> {
        let mut before = vec![0.0; self.horizons_days.len()];
        let in_period = |end: usize| {
            let now = self.by_end(end);
            let gained = now.iter().zip(&before).map(|(now, before)| (now - before).max(0.0));
            let gained = gained.collect();
            before[..=end].copy_from_slice(&now);
            gained
        };
        (0..self.horizons_days.len()).map(in_period).collect()
    }

    /// Those of each period of entry that have reached a target by the end of one.
    fn by_end(&self, end: usize) -> Vec<f64> {
        let last = self.horizons_days[end];
        let mut days_left = (0..last).rev();
        let of_period = |days: &[f64]| {
            let fresh = |days_left| self.reach.fresh(self.state, end, days_left);
            days.iter().zip(days_left.by_ref()).map(|(day, left)| day * fresh(left)).sum()
        };
        self.periods().take(end + 1).map(of_period).collect()
    }
}
