//! Individuals on their way through the chain, day by day, in expectation.
//!
//! The chain alone says what its shares and lags say. A scale brings it to what a forecast says of
//! the present course: so many arrivals at one stage, so much amount in each month. The forecast
//! has been held against past days, and knows places in the period and changes of pace that a chain
//! does not; without one, nothing is scaled.

use super::calendar::Grid;
use super::lags::Spread;
use super::{Assumptions, Course, Step, UnderWay};

/// How far a scale may lie from 1: beyond it the chain and the forecast speak of different things.
const SCALE_MAX: f64 = 10.0;
/// Part of the whole that a month's figure is smoothed with, so that an all but empty month does
/// not ask for a scale of its own.
const SMOOTHING: f64 = 0.01;

/// What the chain's figures are multiplied by.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    /// The stage that is arrived at, and the factor of those who come there through the chain.
    pub arrival: (usize, f64),
    /// Of those who reach the target, by month, and of all who do so in time to count.
    pub target: Vec<f64>,
    pub all_targets: f64,
}

/// The chain on its calendar.
pub(super) struct Flow<'a> {
    pub steps: &'a [Step],
    pub spreads: &'a [Spread],
    pub scale: &'a Scale,
    pub grid: &'a Grid,
}

impl Flow<'_> {
    /// Entries by stage and day, from entries from outside into some of the stages.
    pub(super) fn run(&self, entering: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let mut now = entering.first().cloned().unwrap_or_else(|| vec![0.0; self.grid.days()]);
        let mut stages = vec![now.clone()];
        for (index, (spread, step)) in self.spreads.iter().zip(self.steps).enumerate() {
            let stage = index + 1;
            let share = step.share * self.on_arrival(stage);
            now = spread.forward(&now, self.grid);
            now.iter_mut().for_each(|count| *count *= share);
            if let Some(direct) = entering.get(stage) {
                now.iter_mut().zip(direct).for_each(|(count, more)| *count += more);
            }
            if stage == self.steps.len() {
                self.grid.scale_months(&mut now, &self.scale.target);
            }
            stages.push(now.clone());
        }
        stages
    }

    /// The number that reaches the target in time to count, of what [`Flow::run`] gave.
    pub(super) fn wins(&self, stages: &[Vec<f64>]) -> f64 {
        stages.last().map_or(0.0, |wins| self.grid.sum_in_goal(wins))
    }

    fn on_arrival(&self, stage: usize) -> f64 {
        let (arrival_stage, factor) = self.scale.arrival;
        if stage == arrival_stage { factor } else { 1.0 }
    }
}

impl Scale {
    fn none(grid: &Grid) -> Self {
        Self { arrival: (0, 1.0), target: vec![1.0; grid.months()], all_targets: 1.0 }
    }

    /// The scale at which the chain brings on the present course what the forecast says.
    pub(super) fn new(
        assumptions: &Assumptions,
        spreads: &[Spread],
        grid: &Grid,
        under_way: &UnderWay,
    ) -> Self {
        let none = Self::none(grid);
        let Some(course) = &under_way.course else { return none };
        let run = |scale: &Self| {
            let flow = Flow { steps: &assumptions.steps, spreads, scale, grid };
            flow.run(&course.all())
        };
        let arrival = (course.arrival_stage, course.arrival_factor(&run(&none)));
        let arrived = Self { arrival, ..none };
        let stages = run(&arrived);
        let Some(wins) = stages.last() else { return arrived };
        let mean = assumptions.amount.mean();
        let amounts: Vec<f64> = grid.by_month(wins).iter().map(|wins| wins * mean).collect();
        let whole = |figures: &[f64]| figures.iter().sum::<f64>();
        let (chain, forecast) = (whole(&amounts), whole(&under_way.new_by_month));
        let month = |(now, wanted): (&f64, &f64)| {
            bounded((wanted + SMOOTHING * forecast) / (now + SMOOTHING * chain))
        };
        let target: Vec<f64> = amounts.iter().zip(&under_way.new_by_month).map(month).collect();
        Self { target, ..arrived }.matching_the_whole(&amounts, under_way, grid)
    }

    /// The same scale, brought to the exact sum of the months that count.
    fn matching_the_whole(mut self, amounts: &[f64], under_way: &UnderWay, grid: &Grid) -> Self {
        let counted = |figures: &[f64]| -> f64 {
            (0..grid.months()).filter(|&month| grid.counts(month)).map(|month| figures[month]).sum()
        };
        let scaled: Vec<f64> = amounts.iter().zip(&self.target).map(|(a, b)| a * b).collect();
        let forecast = counted(&under_way.new_by_month);
        let factor = bounded(forecast / counted(&scaled));
        self.target.iter_mut().for_each(|scale| *scale *= factor);
        self.all_targets = bounded(forecast / counted(amounts));
        self
    }
}

impl Course {
    /// All entries by stage and day.
    pub(super) fn all(&self) -> Vec<Vec<f64>> {
        let mut all = vec![self.entering.clone()];
        let sources = self.besides.iter().flat_map(|source| source.entering.iter().enumerate());
        for (stage, by_day) in sources {
            while all.len() <= stage {
                all.push(vec![0.0; self.entering.len()]);
            }
            all[stage].iter_mut().zip(by_day).for_each(|(sum, more)| *sum += more);
        }
        all
    }

    /// What those who arrive through the chain are to be multiplied by, so that with those who come
    /// directly there are as many arrivals as the forecast has.
    fn arrival_factor(&self, stages: &[Vec<f64>]) -> f64 {
        if self.arrival_stage == 0 {
            return 1.0;
        }
        let sum = |by_day: Option<&Vec<f64>>| by_day.map_or(0.0, |days| days.iter().sum::<f64>());
        let direct = sum(self.all().get(self.arrival_stage));
        let through = sum(stages.get(self.arrival_stage)) - direct;
        bounded((self.arrivals.iter().sum::<f64>() - direct) / through)
    }
}

/// A factor within reason; 1 for what is no number.
pub(super) fn bounded(factor: f64) -> f64 {
    if factor.is_finite() { factor.clamp(1.0 / SCALE_MAX, SCALE_MAX) } else { 1.0 }
}
