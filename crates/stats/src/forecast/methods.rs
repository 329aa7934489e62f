//! What the model and each simple method say of one window, as distributions that can be graded.
//!
//! The interval of a simple method comes from its own past errors over windows as long and as far
//! ahead, measured in the deviation that the model states, so that it may widen and narrow as the
//! model's does. With so few windows the errors' own quantiles are too narrow; the interval is that
//! of the next of some normal errors around nothing with an unknown variance (Student 1908, "The
//! probable error of a mean", Biometrika 6). One error as large as the model states stands in for
//! what a short past has not shown.

use super::candidates::Candidate;
use super::combination::{Pasts, deviation, independent_windows, says_of};
use super::record::{Origin, Record};
use crate::baseline::Window;
use crate::random::{stream, student_t};
use crate::sample::Sample;
use crate::score::{Interval, absolute_percent_error, crps, pinball_loss};

/// A simple method that every forecast is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Simple {
    /// Each open amount times the share of its stage that is won.
    StageWeighted,
    RunRate,
    LastYear,
    LastPeriod,
    /// The mean of the two of the others that have been nearest so far.
    BestTwo,
}

/// All of them.
pub const SIMPLE: [Simple; 5] =
    [Simple::StageWeighted, Simple::RunRate, Simple::LastYear, Simple::LastPeriod, Simple::BestTwo];

const RUN_RATE_DAYS: u32 = 90;
/// Draws of a simple method's errors, one each way; enough for its 5 % to 95 % quantiles.
const DRAWS: usize = 1_000;
/// The draws are the same for every method and day.
const SEED: u64 = 0;

impl Simple {
    /// What the method would have said on `as_of_day` of a window after it; `None` where it had
    /// nothing to go by.
    #[must_use]
    pub fn forecast(self, record: &Record, as_of_day: i32, window: Window) -> Option<Sample> {
        let now = record.said_on(as_of_day)?;
        let pasts = Pasts::new(record, as_of_day, window);
        let asked = Asked { record, pasts: &pasts };
        let point = asked.point(self, &now, window)?;
        let errors = asked.errors(self);
        let independent = independent_windows(&pasts.list, pasts.days).min(errors.len() as f64);
        let squares: f64 = errors.iter().map(|error| error * error).sum();
        let mean_square = squares / (errors.len() as f64).max(1.0);
        let freedom = independent + 1.0;
        let scale = ((mean_square * independent + 1.0) / freedom).sqrt();
        let scale = scale * deviation(&now, 0, as_of_day, window)?;
        let mut random = stream(SEED, 0);
        // Both ways, so that what the method says stays in the middle.
        let spread = (0..DRAWS).map(|_| student_t(freedom, &mut random) * scale);
        let drawn = spread.flat_map(|error| [point + error, point - error]);
        Some(Sample::new(drawn.map(|total| total.max(0.0)).collect()))
    }
}

/// Where the methods are asked.
struct Asked<'a> {
    record: &'a Record<'a>,
    pasts: &'a Pasts,
}

impl Asked<'_> {
    fn point(&self, method: Simple, origin: &Origin, window: Window) -> Option<f64> {
        let say = |candidate| says_of(self.record, origin, candidate, window);
        match method {
            Simple::StageWeighted => Some(origin.stage_weighted),
            Simple::RunRate => say(Candidate::RunRate(RUN_RATE_DAYS)),
            Simple::LastYear => say(Candidate::LastYear),
            Simple::LastPeriod => say(Candidate::LastPeriod),
            Simple::BestTwo => {
                let [one, other] = self.best_two()?;
                Some((self.point(one, origin, window)? + self.point(other, origin, window)?) / 2.0)
            }
        }
    }

    fn best_two(&self) -> Option<[Simple; 2]> {
        let others = SIMPLE.into_iter().filter(|&method| method != Simple::BestTwo);
        let mut scored: Vec<(f64, Simple)> = others
            .filter_map(|method| {
                let errors = self.errors(method);
                let count = errors.len();
                let mean = errors.iter().map(|error| error.abs()).sum::<f64>() / count as f64;
                (count > 0).then_some((mean, method))
            })
            .collect();
        scored.sort_by(|a, b| a.0.total_cmp(&b.0));
        Some([scored.first()?.1, scored.get(1)?.1])
    }

    /// Past errors in stated deviations.
    fn errors(&self, method: Simple) -> Vec<f64> {
        let error = |past: &super::combination::Past| {
            let point = self.point(method, &past.origin, past.window)?;
            Some((past.came - point) / past.deviation)
        };
        self.pasts.list.iter().filter_map(error).collect()
    }
}

/// A forecast beside what came.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub forecast: Sample,
    pub came: f64,
}

/// Scores of a method over many past days; `None` where it could not be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Grades {
    /// Mean over the days of |median − came| ÷ came, in percent.
    pub mean_absolute_error_percent: Option<f64>,
    /// Mean pinball loss over the levels 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95.
    pub pinball: Option<f64>,
    pub interval_score_80: Option<f64>,
    pub crps: Option<f64>,
    pub coverage_50: Option<f64>,
    pub coverage_80: Option<f64>,
    pub coverage_95: Option<f64>,
    /// Sum of (median − came) ÷ sum of what came, in percent.
    pub bias_percent: Option<f64>,
}

const LEVELS: [f64; 7] = [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95];

impl Grades {
    /// Grades forecasts, each with equal weight.
    #[must_use]
    pub fn new(outcomes: &[Outcome]) -> Self {
        let median = |one: &Outcome| one.forecast.quantile(0.5);
        let percent = |one: &Outcome| absolute_percent_error(median(one), one.came);
        let pinball = |one: &Outcome| {
            let loss = |&level: &f64| pinball_loss(one.forecast.quantile(level), level, one.came);
            LEVELS.iter().map(loss).sum::<f64>() / LEVELS.len() as f64
        };
        let came: f64 = outcomes.iter().map(|one| one.came).sum();
        let gap: f64 = outcomes.iter().map(|one| median(one) - one.came).sum();
        Self {
            mean_absolute_error_percent: mean(outcomes.iter().filter_map(percent))
                .map(|e| e * 100.0),
            pinball: mean(outcomes.iter().map(pinball)),
            interval_score_80: mean(outcomes.iter().map(|one| interval(one, 0.8).score(one.came))),
            crps: mean(outcomes.iter().filter_map(|one| crps(&one.forecast, one.came))),
            coverage_50: coverage(outcomes, 0.5),
            coverage_80: coverage(outcomes, 0.8),
            coverage_95: coverage(outcomes, 0.95),
            bias_percent: (came != 0.0).then(|| gap / came * 100.0),
        }
    }
}

fn interval(one: &Outcome, level: f64) -> Interval {
    let tail = (1.0 - level) / 2.0;
    let [low, high] = [tail, 1.0 - tail].map(|at| one.forecast.quantile(at));
    Interval { low, high, level }
}

fn coverage(outcomes: &[Outcome], level: f64) -> Option<f64> {
    let covered: Vec<_> = outcomes.iter().map(|one| (interval(one, level), one.came)).collect();
    crate::score::coverage(&covered)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}
