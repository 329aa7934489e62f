//! The reverse funnel: how many must enter, and when, so that an amount is reached.
//!
//! A chain of stages, each with the share that goes on and the lag until it does, is run backward
//! from a goal. Where a forecast says what the present course brings, the chain is brought to it,
//! so that a plan which asks for no more than what comes anyway expects what the forecast expects.
//! Planned entries lie between the first and the last useful day; what follows downstream is the
//! convolution with the lags. The plan is made in expectation and at a confidence, net of what is
//! booked, of what open individuals will add and of what comes besides. It refuses to know what a
//! stage is called, and what a month is beyond its first day.

mod calendar;
mod chance;
pub mod changes;
mod course;
pub mod drivers;
mod flow;
mod lags;
#[cfg(test)]
mod tests;

use thiserror::Error;

use crate::funnel::CurvePoint;
use crate::sample::Sample;
use calendar::Grid;
use chance::Worlds;
use course::Parts;
use drivers::Driver;
use flow::{Flow, Scale};
use lags::{Landing, Spread};

/// Counts and amounts in results are rounded to this part of a unit, so that sums of shares that
/// binary fractions cannot hold come out as the decimal numbers that they are.
const ROUNDING: f64 = 1e6;
/// Share of those who would ever reach the target that must still reach it in time for an entry
/// day to be useful.
const USEFUL_SHARE: f64 = 0.5;

/// What is believed about the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Assumptions {
    /// The steps from each stage to the next; with `n` steps there are `n + 1` stages, and the last
    /// of them is the target.
    pub steps: Vec<Step>,
    /// Amount of one that reaches the target.
    pub amount: AmountAssumption,
}

/// From one stage to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Share that goes on, above 0 and at most 1.
    pub share: f64,
    /// Individuals from which the share is known; `None` takes it as certain.
    pub share_known_from: Option<f64>,
    pub lag: Lag,
}

/// How long those who go on take.
#[derive(Clone, Debug, PartialEq)]
pub enum Lag {
    /// The same day so many calendar months later (or the last day of a shorter month).
    Months(u32),
    /// Log-normal, from its median and 90 % quantile in days (`0 < median < p90`).
    LogNormal { median_days: f64, p90_days: f64 },
    /// Share that has gone on by the end of each day, from day 0 on, rising to 1.
    Empirical(Vec<f64>),
}

/// The amount of one individual at the target.
#[derive(Clone, Debug, PartialEq)]
pub enum AmountAssumption {
    Fixed(f64),
    /// Gamma distributed.
    MeanSd {
        mean: f64,
        sd: f64,
    },
    Empirical(Sample),
}

/// The days of the plan, counted from the first day of the first month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// First day on which one may enter; in the first month.
    pub start_day: i32,
    /// First day from which amounts count towards the goal.
    pub goal_start_day: i32,
    /// First day of every month, and last the day after the goal's deadline. Months may be cut in
    /// two where a figure is wanted up to a day within one.
    pub month_start_days: Vec<i32>,
}

/// The number to be reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    pub amount: f64,
    /// What already counts towards it.
    pub booked: f64,
    /// Wanted probability of reaching it, between 0 and 1.
    pub confidence: f64,
}

/// What is already under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnderWay {
    /// Futures of the goal's window on the present course; empty without history.
    pub futures: Vec<Future>,
    /// Expected amount by month of the calendar: from individuals open at the start, and from those
    /// who come later on the present course. As many as there are months, or none.
    pub open_by_month: Vec<f64>,
    pub new_by_month: Vec<f64>,
    /// How what open individuals bring is spread over the days from the start on, beyond the
    /// calendar too, as the chain has it: only its shape matters. Empty where nothing tells.
    pub open_by_day: Vec<f64>,
    /// `None` where the chain is not the one by which the present course runs.
    pub course: Option<Course>,
}

/// One future of the goal's window on the present course.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Future {
    /// Amount from individuals that are open at the start.
    pub open_amount: f64,
    /// Amount from individuals that arrive after the start.
    pub new_amount: f64,
    /// Arrivals before the window, and within it.
    pub arrivals: [f64; 2],
}

/// How individuals enter the chain on the present course, expected by day of the calendar.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// New individuals in the first stage.
    pub entering: Vec<f64>,
    /// Those who come to later stages without being planned for.
    pub besides: Vec<Source>,
    /// The stage whose arrivals the futures count, and those arrivals.
    pub arrival_stage: usize,
    pub arrivals: Vec<f64>,
}

/// Individuals who enter later stages otherwise: they were in an earlier one at the start, or come
/// there directly.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// By stage, then by day; stages beyond the last that is given have none.
    pub entering: Vec<Vec<f64>>,
    /// Whether they come from the stage before, so that its share is that of their entering.
    pub is_on_the_way: bool,
}

/// Seed and number of draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    pub seed: u64,
    /// At least as many are drawn as there are futures under way.
    pub draws: usize,
}

/// The plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Probability of the goal if individuals go on to arrive as they have.
    pub probability_on_present_course: f64,
    /// Expected amount that open individuals add towards the goal.
    pub open_amount: f64,
    /// Expected amount towards the goal by [`Course::besides`], in its order.
    pub besides_amounts: Vec<f64>,
    /// What comes on the present course; `None` where nothing tells.
    pub present_course: Option<Schedule>,
    pub entries: Entries,
}

/// What new individuals can do for the goal.
#[derive(Clone, Debug, PartialEq)]
pub enum Entries {
    /// Of those who enter on the first day and would reach the target, fewer than half can in time.
    TooLate {
        /// Days from entry until half of them have reached it, if that lies in the calendar.
        typical_days: Option<u32>,
    },
    Planned(Box<Planned>),
}

/// New individuals, by stage and month.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    pub first_useful_day: i32,
    /// Last entry day from which at least half of those who would ever reach the target still do.
    pub last_useful_day: i32,
    /// As many as reach the goal in expectation, and the probability that they do.
    pub expected: Schedule,
    pub expected_probability: f64,
    /// As many as reach it with the wanted probability.
    pub at_confidence: Schedule,
    /// What a 10 % improvement of each assumption would do to the present course, or where nothing
    /// tells of one to the expected plan; greatest first.
    pub drivers: Vec<Driver>,
}

/// Individuals entering each stage anew: planned ones, and those who come besides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule {
    /// Entries into the first stage on its useful days.
    pub planned_entries: f64,
    /// By stage, all months together.
    pub stage_totals: Vec<f64>,
    /// Expected amount that counts towards the goal, from all who were not open at the start.
    pub new_amount: f64,
    pub months: Vec<Month>,
}

/// One month of a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Month {
    pub first_day: i32,
    /// Individuals entering each stage anew; the last is the target.
    pub stages: Vec<f64>,
    /// Expected amount of those who reach the target and were not open at the start.
    pub new_amount: f64,
    /// Expected amount of individuals open at the start.
    pub open_amount: f64,
}

/// Why no plan can be made.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum PlanError {
    #[error("there is no step in the chain: give at least one stage before the target")]
    NoStep,
    #[error("step {step} has share {share}: it must be above 0 and at most 1")]
    Share { step: usize, share: f64 },
    #[error("the lag of step {step} is not a distribution: {problem}")]
    Lag { step: usize, problem: &'static str },
    #[error("the average amount is {mean}: it must be above 0")]
    Amount { mean: f64 },
    #[error("something is to be {factor} times as large: the factor must be above 0")]
    Factor { factor: f64 },
    #[error("the confidence is {confidence}: it must lie between 0 and 1")]
    Confidence { confidence: f64 },
    #[error("the calendar's months must ascend and the first of them hold the start day")]
    Calendar,
    #[error("there are {given} figures for {wanted} {of}: give one each")]
    Length { given: usize, wanted: usize, of: &'static str },
}

impl Step {
    /// The step that a curve of the fitted funnel shows: the share that has gone on by its end, and
    /// the lag of those; `None` for a curve that stays at 0.
    #[must_use]
    pub fn from_curve(curve: &[CurvePoint]) -> Option<Self> {
        let share = curve.last()?.cumulative;
        let known_from = curve.iter().map(|point| point.at_risk).max()? as f64;
        let mut by_day = Vec::new();
        let mut before = 0.0;
        for point in curve {
            by_day.resize(point.age_days as usize, before);
            before = point.cumulative / share;
            by_day.push(before);
        }
        let lag = Lag::Empirical(by_day);
        (share > 0.0).then_some(Self { share, share_known_from: Some(known_from), lag })
    }
}

impl AmountAssumption {
    /// The mean amount.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match self {
            Self::Fixed(amount) => *amount,
            Self::MeanSd { mean, .. } => *mean,
            Self::Empirical(sample) => sample.mean(),
        }
    }
}

/// The chain on its calendar, brought to what the forecast says of the present course.
pub struct Model {
    assumptions: Assumptions,
    grid: Grid,
    under_way: UnderWay,
    spreads: Vec<Spread>,
    landing: Landing,
    scale: Scale,
    parts: Parts,
    /// By future: how much one arrival brings beside the mean; empty where nothing tells.
    yields: Vec<f64>,
}

impl Model {
    /// Checks what is given, and brings the chain to the present course.
    ///
    /// # Errors
    /// When an assumption is no share, no distribution or no amount, or when the calendar and what
    /// is under way do not fit together; see [`PlanError`].
    pub fn new(
        assumptions: Assumptions,
        calendar: &Calendar,
        under_way: UnderWay,
    ) -> Result<Self, PlanError> {
        let grid = Grid::new(calendar)?;
        check(&assumptions)?;
        check_lengths(&under_way, &grid)?;
        let spreads = lags::spreads(&assumptions.steps, &grid)?;
        let landing = Landing::new(&spreads, &grid);
        let scale = Scale::new(&assumptions, &spreads, &grid, &under_way);
        let flow =
            Flow { steps: &assumptions.steps, spreads: &spreads, scale: &scale, grid: &grid };
        let parts = Parts::new(&flow, under_way.course.as_ref(), &landing);
        let yields = Vec::new();
        let mut model =
            Self { assumptions, grid, under_way, spreads, landing, scale, parts, yields };
        model.yields = chance::yields(&model);
        Ok(model)
    }

    /// Plans backward from the goal.
    ///
    /// # Errors
    /// When the confidence is no probability.
    pub fn plan(&self, goal: Goal, options: Options) -> Result<Plan, PlanError> {
        if !(goal.confidence > 0.0 && goal.confidence < 1.0) {
            return Err(PlanError::Confidence { confidence: goal.confidence });
        }
        Ok(Plan {
            probability_on_present_course: self.present_probability(goal),
            open_amount: self.in_goal(&self.under_way.open_by_month),
            besides_amounts: self.besides_amounts(),
            present_course: self.present_course(),
            entries: self.entries(goal, options)?,
        })
    }

    /// What must come so that the goal is reached in expectation; where it is too late for new
    /// individuals, what comes on the present course.
    #[must_use]
    pub fn expected(&self, goal: Goal) -> Schedule {
        let entries = match self.landing.useful {
            Some(_) => self.expected_entries(goal),
            None => self.parts.wins.course_entries,
        };
        self.schedule(entries)
    }

    /// What comes on the present course; `None` where nothing tells.
    #[must_use]
    pub fn present_course(&self) -> Option<Schedule> {
        self.under_way.course.as_ref().map(|_| self.schedule(self.parts.wins.course_entries))
    }

    /// The amounts that come in the goal's window on the present course; empty without history.
    #[must_use]
    pub fn present_amounts(&self) -> Sample {
        let futures = self.under_way.futures.iter();
        Sample::new(futures.map(|future| future.open_amount + future.new_amount).collect())
    }

    /// The last entry day from which at least half of those who would ever reach the target do so
    /// in time; `None` when that day has passed.
    #[must_use]
    pub fn last_useful_day(&self) -> Option<i32> {
        self.landing.useful.map(|(_, last)| self.grid.day(last))
    }

    /// How individuals enter the chain on the present course; `None` where nothing tells.
    #[must_use]
    pub fn course(&self) -> Option<&Course> {
        self.under_way.course.as_ref()
    }

    /// What comes to every stage on each day when individuals enter the stages like this. The first
    /// index is the stage, the second the day.
    #[must_use]
    pub fn flow(&self, entering: &[Vec<f64>]) -> Vec<Vec<f64>> {
        self.flowing().run(entering)
    }

    /// The mean amount of one that reaches the target.
    #[must_use]
    pub fn mean_amount(&self) -> f64 {
        self.assumptions.amount.mean()
    }

    /// Squared coefficients of variation of one amount, and of the estimate of their mean.
    #[must_use]
    pub fn amount_variation(&self) -> (f64, f64) {
        let one = chance::Amounts::new(&self.assumptions.amount).variation();
        match &self.assumptions.amount {
            AmountAssumption::Empirical(sample) => (one, one / sample.sorted().len().max(1) as f64),
            _ => (one, 0.0),
        }
    }

    /// What the chain rests on, before it was brought to the present course.
    #[must_use]
    pub fn assumptions(&self) -> &Assumptions {
        &self.assumptions
    }

    /// The share of each step that the plan reckons with: the assumed one, brought to the forecast.
    #[must_use]
    pub fn shares(&self) -> Vec<f64> {
        let (arrival_stage, on_arrival) = self.scale.arrival;
        let steps = &self.assumptions.steps;
        let factor = |stage: usize| {
            let arriving = if stage == arrival_stage { on_arrival } else { 1.0 };
            if stage == steps.len() { arriving * self.scale.all_targets } else { arriving }
        };
        steps.iter().zip(1..).map(|(step, stage)| step.share * factor(stage)).collect()
    }

    fn flowing(&self) -> Flow<'_> {
        let Self { assumptions, spreads, scale, grid, .. } = self;
        Flow { steps: &assumptions.steps, spreads, scale, grid }
    }

    /// Probability of the goal if individuals go on to arrive as they have; without futures,
    /// whether what is booked suffices.
    #[must_use]
    pub fn present_probability(&self, goal: Goal) -> f64 {
        let missing = goal.amount - goal.booked;
        match self.under_way.futures.is_empty() {
            true => f64::from(u8::from(missing <= 0.0)),
            false => self.present_amounts().share_at_least(missing),
        }
    }

    fn besides_amounts(&self) -> Vec<f64> {
        let mean = self.mean_amount();
        self.parts.besides_wins.iter().map(|wins| round(wins * mean)).collect()
    }

    /// The sum over the months that count.
    fn in_goal(&self, by_month: &[f64]) -> f64 {
        let counted = by_month.iter().enumerate().filter(|&(month, _)| self.grid.counts(month));
        counted.map(|(_, amount)| amount).sum()
    }

    fn entries(&self, goal: Goal, options: Options) -> Result<Entries, PlanError> {
        let Some((first, last)) = self.landing.useful else {
            let typical_days = self.landing.typical_days(&self.spreads, &self.grid);
            return Ok(Entries::TooLate { typical_days });
        };
        let expected = self.expected_entries(goal);
        let needed = Worlds::new(self, goal, options).entries_needed();
        let at_confidence = chance::at_confidence(&needed, goal.confidence);
        let tried = self.under_way.course.as_ref().map(|_| self.parts.wins.course_entries);
        Ok(Entries::Planned(Box::new(Planned {
            first_useful_day: self.grid.day(first),
            last_useful_day: self.grid.day(last),
            expected: self.schedule(expected),
            expected_probability: chance::share_within(&needed, expected),
            at_confidence: self.schedule(at_confidence),
            drivers: drivers::rank(self, goal, options, tried.unwrap_or(expected))?,
        })))
    }

    fn expected_entries(&self, goal: Goal) -> f64 {
        let open = self.in_goal(&self.under_way.open_by_month);
        let wins = (goal.amount - goal.booked - open) / self.mean_amount();
        self.parts.wins.entries_for(wins - self.parts.wins.besides)
    }

    /// What so many planned entries lead to, with all that comes besides.
    fn schedule(&self, entries: f64) -> Schedule {
        let by_month: Vec<Vec<f64>> =
            self.parts.stages(entries).iter().map(|stage| self.grid.by_month(stage)).collect();
        let mean = self.mean_amount();
        let wins = by_month.last().map_or(&[][..], Vec::as_slice);
        let month = |month: usize| Month {
            first_day: self.grid.month_start(month),
            stages: by_month.iter().map(|stage| round(stage[month])).collect(),
            new_amount: round(wins[month] * mean),
            open_amount: self.under_way.open_by_month.get(month).map_or(0.0, |open| round(*open)),
        };
        Schedule {
            planned_entries: round(entries),
            stage_totals: by_month.iter().map(|stage| round(stage.iter().sum())).collect(),
            new_amount: round(self.in_goal(wins) * mean),
            months: (0..self.grid.months()).map(month).collect(),
        }
    }
}

fn check(assumptions: &Assumptions) -> Result<(), PlanError> {
    if assumptions.steps.is_empty() {
        return Err(PlanError::NoStep);
    }
    let wrong = |step: &Step| !(step.share > 0.0 && step.share <= 1.0);
    if let Some(step) = assumptions.steps.iter().position(wrong) {
        return Err(PlanError::Share { step, share: assumptions.steps[step].share });
    }
    let mean = assumptions.amount.mean();
    match mean > 0.0 && mean.is_finite() {
        true => Ok(()),
        false => Err(PlanError::Amount { mean }),
    }
}

fn check_lengths(under_way: &UnderWay, grid: &Grid) -> Result<(), PlanError> {
    let months = |of: &[f64]| (of.len(), grid.months(), "months");
    let days = |of: &[f64]| (of.len(), grid.days(), "days");
    let mut lengths = Vec::new();
    if !under_way.futures.is_empty() {
        lengths.extend([months(&under_way.open_by_month), months(&under_way.new_by_month)]);
    }
    if let Some(course) = &under_way.course {
        lengths.extend([days(&course.entering), days(&course.arrivals)]);
        let stages = course.besides.iter().flat_map(|source| &source.entering);
        lengths.extend(stages.map(|stage| days(stage)));
    }
    match lengths.into_iter().find(|(given, wanted, _)| given != wanted) {
        Some((given, wanted, of)) => Err(PlanError::Length { given, wanted, of }),
        None => Ok(()),
    }
}

fn round(value: f64) -> f64 {
    (value * ROUNDING).round() / ROUNDING
}
