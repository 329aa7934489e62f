//! The reverse funnel: how many must enter, and when, so that an amount is reached.
//!
//! A chain of stages, each with the share that goes on and the lag until it does, is run backward
//! from a goal. Planned entries lie between the first and the last useful day, evenly by month or
//! by season weights; what follows downstream is the convolution with the lags. The plan is made in
//! expectation and at a confidence, net of what is booked and of what open individuals will add. It
//! refuses to know what a stage is called, and what a month is beyond its first day.

mod calendar;
mod chance;
pub mod drivers;
mod lags;

use thiserror::Error;

use crate::funnel::CurvePoint;
use crate::sample::Sample;
use crate::simulation::{Futures, PeriodOutcome};
use calendar::Grid;
use chance::Chance;
use drivers::Driver;
use lags::Spread;

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
    /// Relative weight of entries by month of [`Calendar`]; empty for even months.
    pub season_weights: Vec<f64>,
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

/// The days of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// First day on which one may enter; in the first month.
    pub start_day: i32,
    /// First day from which amounts count towards the goal.
    pub goal_start_day: i32,
    /// First day of every month, and last the day after the goal's deadline.
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
    /// Futures of the funnel with the calendar's months as periods; `None` without history.
    pub futures: Option<Futures>,
    /// Expected amount from open individuals by the stage in which they are; only its proportions
    /// matter, for [`Driver`]s. May be empty.
    pub open_amount_by_stage: Vec<f64>,
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
    /// As many as reach the goal in expectation.
    pub expected: Schedule,
    /// As many as reach it with the wanted probability.
    pub at_confidence: Schedule,
    /// What a 10 % improvement of each assumption would do to the expected plan, greatest first.
    pub drivers: Vec<Driver>,
}

/// New individuals entering each stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Probability of the goal with this schedule.
    pub probability: f64,
    /// By stage, all months together.
    pub stage_totals: Vec<f64>,
    /// Expected amount of the new individuals that counts towards the goal.
    pub new_amount: f64,
    pub months: Vec<Month>,
}

/// One month of a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Month {
    pub first_day: i32,
    /// New individuals entering each stage; the last is the target.
    pub stages: Vec<f64>,
    /// Expected amount of new individuals.
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
    #[error("the confidence is {confidence}: it must lie between 0 and 1")]
    Confidence { confidence: f64 },
    #[error("the calendar's months must ascend and the first of them hold the start day")]
    Calendar,
    #[error("there are {weights} season weights for {months} months: give one non-negative each")]
    SeasonWeights { weights: usize, months: usize },
    #[error("the futures have {periods} periods for {months} months: simulate month by month")]
    Futures { periods: usize, months: usize },
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

/// Plans backward from the goal.
///
/// # Errors
/// When an assumption is no share, no distribution or no amount, or when the calendar, weights and
/// futures do not fit together; see [`PlanError`].
pub fn plan(
    assumptions: &Assumptions,
    goal: Goal,
    calendar: &Calendar,
    under_way: &UnderWay,
    options: Options,
) -> Result<Plan, PlanError> {
    let grid = Grid::new(calendar)?;
    check(assumptions, goal, under_way, grid.months())?;
    let mean_open = |month| mean_in(under_way, month, |outcome| outcome.open_amount);
    let open_by_month: Vec<f64> = (0..grid.months()).map(mean_open).collect();
    let open_amount =
        (0..grid.months()).filter(|&m| grid.counts(m)).map(|m| open_by_month[m]).sum();
    let draft = Draft { assumptions, goal, grid: &grid, under_way, options, open_by_month };
    Ok(Plan {
        probability_on_present_course: draft.present_course(),
        open_amount,
        entries: draft.entries(open_amount)?,
    })
}

fn check(
    assumptions: &Assumptions,
    goal: Goal,
    under_way: &UnderWay,
    months: usize,
) -> Result<(), PlanError> {
    if assumptions.steps.is_empty() {
        return Err(PlanError::NoStep);
    }
    let wrong = |step: &Step| !(step.share > 0.0 && step.share <= 1.0);
    if let Some(step) = assumptions.steps.iter().position(wrong) {
        return Err(PlanError::Share { step, share: assumptions.steps[step].share });
    }
    let mean = assumptions.amount.mean();
    if !(mean > 0.0 && mean.is_finite()) {
        return Err(PlanError::Amount { mean });
    }
    if !(goal.confidence > 0.0 && goal.confidence < 1.0) {
        return Err(PlanError::Confidence { confidence: goal.confidence });
    }
    let weights = &assumptions.season_weights;
    let usable = weights.iter().all(|&weight| weight >= 0.0 && weight.is_finite());
    if !weights.is_empty() && (weights.len() != months || !usable) {
        return Err(PlanError::SeasonWeights { weights: weights.len(), months });
    }
    match &under_way.futures {
        Some(futures) if futures.periods != months => {
            Err(PlanError::Futures { periods: futures.periods, months })
        }
        _ => Ok(()),
    }
}

fn mean_in(under_way: &UnderWay, month: usize, figure: fn(&PeriodOutcome) -> f64) -> f64 {
    under_way.futures.as_ref().map_or(0.0, |futures| futures.in_period(month, figure).mean())
}

/// Everything that the plan is made from.
struct Draft<'a> {
    assumptions: &'a Assumptions,
    goal: Goal,
    grid: &'a Grid,
    under_way: &'a UnderWay,
    options: Options,
    open_by_month: Vec<f64>,
}

impl Draft<'_> {
    fn present_course(&self) -> f64 {
        let missing = self.goal.amount - self.goal.booked;
        let Some(futures) = &self.under_way.futures else {
            return f64::from(u8::from(missing <= 0.0));
        };
        let sums = chance::sums_in_goal(futures, self.grid, PeriodOutcome::amount);
        Sample::new(sums).share_at_least(missing)
    }

    fn entries(&self, open_amount: f64) -> Result<Entries, PlanError> {
        let spreads = lags::spreads(&self.assumptions.steps, self.grid)?;
        let landing = Landing::new(&spreads, self.grid);
        let Some((first, last)) = landing.useful else {
            let typical_days = landing.typical_days(&spreads, self.grid);
            return Ok(Entries::TooLate { typical_days });
        };
        let weights = self.grid.weights(&landing.in_goal, &self.assumptions.season_weights);
        let Some(weights) = weights else { return Ok(Entries::TooLate { typical_days: None }) };
        let useful: f64 = weights.iter().zip(&landing.in_goal).map(|(w, share)| w * share).sum();
        let unit = self.unit_schedule(&spreads, &weights);
        let chance = Chance::new(self, useful);
        let missing = (self.goal.amount - self.goal.booked - open_amount).max(0.0);
        let expected = missing / (chance.share_in_goal() * self.assumptions.amount.mean());
        let needed = chance.entries_needed();
        let at_confidence = chance::at_confidence(&needed, self.goal.confidence);
        Ok(Entries::Planned(Box::new(Planned {
            first_useful_day: self.grid.day(first),
            last_useful_day: self.grid.day(last),
            expected: self.schedule(&unit, useful, expected, &needed),
            at_confidence: self.schedule(&unit, useful, at_confidence, &needed),
            drivers: drivers::rank(self, &chance, &weights, expected, &needed)?,
        })))
    }

    /// By stage and month, what one planned entry leads to.
    fn unit_schedule(&self, spreads: &[Spread], weights: &[f64]) -> Vec<Vec<f64>> {
        let mut now = weights.to_vec();
        let mut stages = vec![self.grid.by_month(&now)];
        for (spread, step) in spreads.iter().zip(&self.assumptions.steps) {
            now = spread.forward(&now, self.grid);
            now.iter_mut().for_each(|count| *count *= step.share);
            stages.push(self.grid.by_month(&now));
        }
        stages
    }

    fn schedule(&self, unit: &[Vec<f64>], useful: f64, entries: f64, needed: &[f64]) -> Schedule {
        let mean = self.assumptions.amount.mean();
        let share: f64 = self.assumptions.steps.iter().map(|step| step.share).product();
        let month = |month: usize| {
            let stages: Vec<f64> = unit.iter().map(|stage| round(stage[month] * entries)).collect();
            let wins = unit.last().map_or(0.0, |stage| stage[month] * entries);
            Month {
                first_day: self.grid.month_start(month),
                new_amount: round(wins * mean),
                open_amount: round(self.open_by_month[month]),
                stages,
            }
        };
        Schedule {
            probability: chance::share_within(needed, entries),
            stage_totals: unit
                .iter()
                .map(|stage| round(stage.iter().sum::<f64>() * entries))
                .collect(),
            new_amount: round(entries * useful * share * mean),
            months: (0..self.grid.months()).map(month).collect(),
        }
    }
}

fn round(value: f64) -> f64 {
    (value * ROUNDING).round() / ROUNDING
}

/// For each entry day, the share of those who would ever reach the target that do in time.
struct Landing {
    /// Within the goal's window.
    in_goal: Vec<f64>,
    /// First day that is useful for the goal, and last day that is in time.
    useful: Option<(usize, usize)>,
}

impl Landing {
    fn new(spreads: &[Spread], grid: &Grid) -> Self {
        let back = |target: Vec<f64>| {
            spreads.iter().rev().fold(target, |later, spread| spread.backward(&later, grid))
        };
        let in_goal = back(grid.goal_days());
        let in_time = back(vec![1.0; grid.days()]);
        let enough = |share: &f64| *share >= USEFUL_SHARE - 1.0 / ROUNDING;
        let first = grid.start().max(in_goal.iter().position(enough).unwrap_or(usize::MAX));
        let last = in_time.iter().rposition(enough).unwrap_or(0);
        let useful = (first <= last).then_some((first, last));
        Self { in_goal: in_goal.into_iter().map(|share| share.max(0.0)).collect(), useful }
    }

    /// Days from the first possible entry until half of those who reach the target have.
    fn typical_days(&self, spreads: &[Spread], grid: &Grid) -> Option<u32> {
        let mut entered = vec![0.0; grid.days()];
        *entered.get_mut(grid.start())? = 1.0;
        let reached = spreads.iter().fold(entered, |now, spread| spread.forward(&now, grid));
        let mut sum = 0.0;
        let half = reached.iter().position(|share| {
            sum += share;
            sum >= USEFUL_SHARE
        })?;
        Some((half - grid.start()) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::drivers::Lever;
    use super::*;

    /// The twelve months of a year of 365 days, and a start on its first day.
    fn year() -> Calendar {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let mut month_start_days = vec![0];
        for length in lengths {
            month_start_days.push(month_start_days.last().copied().unwrap_or(0) + length);
        }
        Calendar { start_day: 0, goal_start_day: 0, month_start_days }
    }

    fn step(share: f64, lag: Lag) -> Step {
        Step { share, share_known_from: None, lag }
    }

    fn textbook() -> Assumptions {
        let chain = [(0.10, 2), (0.80, 1), (0.40, 3), (0.10, 0)];
        Assumptions {
            steps: chain.map(|(share, months)| step(share, Lag::Months(months))).to_vec(),
            amount: AmountAssumption::Fixed(100_000.0),
            season_weights: Vec::new(),
        }
    }

    const GOAL: Goal = Goal { amount: 10_000_000.0, booked: 0.0, confidence: 0.8 };

    fn made(assumptions: &Assumptions, goal: Goal, calendar: &Calendar) -> Plan {
        let options = Options { seed: 9, draws: 4_000 };
        plan(assumptions, goal, calendar, &UnderWay::default(), options).expect("sound assumptions")
    }

    fn planned(plan: &Plan) -> &Planned {
        match &plan.entries {
            Entries::Planned(planned) => planned,
            Entries::TooLate { .. } => panic!("the window is long enough"),
        }
    }

    #[test]
    fn the_textbook_plan_is_exact() {
        let plan = made(&textbook(), GOAL, &year());
        let Planned { expected, at_confidence, last_useful_day, .. } = planned(&plan);
        assert_eq!(expected.stage_totals, [31_250.0, 3_125.0, 2_500.0, 1_000.0, 100.0]);
        assert_eq!(expected.new_amount, 10_000_000.0);
        let first = |stage: usize| expected.months.iter().position(|m| m.stages[stage] > 0.0);
        assert_eq!([0, 1, 2, 3, 4].map(first), [0, 2, 3, 6, 6].map(Some));
        assert_eq!(*last_useful_day, 180, "30 June");
        // Binomial: the least n for which 100 wins are 80 % probable expects about 109.
        assert!((108.0..110.5).contains(&at_confidence.stage_totals[4]), "{at_confidence:?}");
        assert!((at_confidence.probability - 0.8).abs() < 1e-3);
        assert!((expected.probability - 0.5).abs() < 0.05);
        assert_eq!(plan.probability_on_present_course, 0.0);
        for (all, few) in at_confidence.stage_totals.iter().zip(&expected.stage_totals) {
            assert!(all > few);
        }
    }

    #[test]
    fn months_sum_to_totals_and_seasons_shape_them() {
        let mut assumptions = textbook();
        assumptions.steps[0].lag = Lag::LogNormal { median_days: 40.0, p90_days: 90.0 };
        assumptions.season_weights = vec![0., 3., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1.];
        let plan = made(&assumptions, GOAL, &year());
        let expected = &planned(&plan).expected;
        for (stage, total) in expected.stage_totals.iter().enumerate() {
            let sum: f64 = expected.months.iter().map(|month| month.stages[stage]).sum();
            assert!((sum - total).abs() < 1e-4);
        }
        assert_eq!(expected.months[0].stages[0], 0.0);
        let ratio = expected.months[1].stages[0] / expected.months[2].stages[0];
        assert!((ratio - 3.0).abs() < 1e-6);
        assert!((expected.new_amount - GOAL.amount).abs() < 1.0);
    }

    #[test]
    fn a_window_shorter_than_the_lags_is_too_late() {
        let mut calendar = year();
        calendar.month_start_days.truncate(7);
        let plan = made(&textbook(), GOAL, &calendar);
        assert_eq!(plan.entries, Entries::TooLate { typical_days: None });
    }

    #[test]
    fn uncertain_shares_need_more_and_bookings_less() {
        let wins = |assumptions: &Assumptions, goal: Goal| {
            planned(&made(assumptions, goal, &year())).at_confidence.stage_totals[4]
        };
        let certain = wins(&textbook(), GOAL);
        let mut uncertain = textbook();
        uncertain.steps[3].share_known_from = Some(50.0);
        assert!(wins(&uncertain, GOAL) > certain * 1.2);
        let mut spread = textbook();
        spread.amount = AmountAssumption::MeanSd { mean: 100_000.0, sd: 200_000.0 };
        assert!(wins(&spread, GOAL) > certain * 1.05);
        assert!(wins(&textbook(), Goal { booked: 5_000_000.0, ..GOAL }) < certain * 0.6);
        assert_eq!(wins(&textbook(), Goal { booked: 2e7, ..GOAL }), 0.0);
    }

    #[test]
    fn drivers_come_greatest_first() {
        let plan = made(&textbook(), GOAL, &year());
        let drivers = &planned(&plan).drivers;
        assert_eq!(drivers.len(), 2 + 4 + 4);
        assert!(drivers.is_sorted_by(|a, b| a.probability_change >= b.probability_change));
        for driver in drivers {
            let gain = if matches!(driver.lever, Lever::Lag(_)) { 0.0 } else { 1_000_000.0 };
            assert_eq!(driver.amount_change, gain, "{driver:?}");
            assert!((driver.probability_change > 0.2) == (gain > 0.0), "{driver:?}");
        }
    }

    /// Two hundred futures of twelve months; each brings 100,000 a month from open individuals in
    /// every future, and as much from new ones in every other future.
    fn under_way() -> UnderWay {
        let outcome = |index: usize| PeriodOutcome {
            open_amount: 100_000.0,
            new_amount: if (index / 12).is_multiple_of(2) { 100_000.0 } else { 0.0 },
            ..PeriodOutcome::default()
        };
        let futures = Futures { periods: 12, outcomes: (0..200 * 12).map(outcome).collect() };
        UnderWay { futures: Some(futures), open_amount_by_stage: vec![0.0, 0.0, 1.0, 3.0] }
    }

    #[test]
    fn the_plan_is_net_of_what_is_under_way() {
        let options = Options { seed: 9, draws: 1_000 };
        let goal = Goal { amount: 2_000_000.0, booked: 100_000.0, confidence: 0.8 };
        let made = || plan(&textbook(), goal, &year(), &under_way(), options).expect("sound");
        let net = made();
        assert_eq!((net.open_amount, net.probability_on_present_course), (1_200_000.0, 0.5));
        let planned_net = planned(&net);
        assert_eq!(planned_net.expected.stage_totals[4], 7.0);
        assert_eq!(planned_net.expected.months[3].open_amount, 100_000.0);
        let change = |lever| {
            let driver = planned_net.drivers.iter().find(|driver| driver.lever == lever);
            driver.map(|driver| driver.amount_change)
        };
        assert_eq!(change(Lever::Share(2)), Some(70_000.0 + 30_000.0));
        assert_eq!(change(Lever::Share(3)), Some(70_000.0 + 120_000.0));
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("a pool").install(|| format!("{:?}", made()))
        };
        assert_eq!(on(1), on(2));
    }

    #[test]
    fn amounts_before_the_goal_starts_do_not_count() {
        let mut calendar = year();
        calendar.goal_start_day = calendar.month_start_days[9];
        let plan = plan(&textbook(), GOAL, &calendar, &under_way(), Options { seed: 1, draws: 9 });
        let plan = plan.expect("sound");
        assert_eq!(plan.open_amount, 300_000.0);
        let planned = planned(&plan);
        assert_eq!((planned.first_useful_day, planned.last_useful_day), (90, 180));
        assert_eq!(planned.expected.new_amount, 9_700_000.0);
    }

    #[test]
    fn wrong_assumptions_are_named() {
        let check = |change: &dyn Fn(&mut Assumptions, &mut Goal), wanted: PlanError| {
            let (mut assumptions, mut goal) = (textbook(), GOAL);
            change(&mut assumptions, &mut goal);
            let options = Options { seed: 1, draws: 10 };
            let result = plan(&assumptions, goal, &year(), &UnderWay::default(), options);
            assert_eq!(result, Err(wanted));
        };
        check(&|a, _| a.steps.clear(), PlanError::NoStep);
        check(&|a, _| a.steps[1].share = 1.5, PlanError::Share { step: 1, share: 1.5 });
        check(&|a, _| a.amount = AmountAssumption::Fixed(0.0), PlanError::Amount { mean: 0.0 });
        check(&|_, g| g.confidence = 1.0, PlanError::Confidence { confidence: 1.0 });
        let weights = PlanError::SeasonWeights { weights: 1, months: 12 };
        check(&|a, _| a.season_weights = vec![1.0], weights);
        let problem = "its daily shares must rise from at least 0 to 1";
        let falling = |a: &mut Assumptions| a.steps[2].lag = Lag::Empirical(vec![0.5, 0.4]);
        check(&|a, _| falling(a), PlanError::Lag { step: 2, problem });
    }
}
