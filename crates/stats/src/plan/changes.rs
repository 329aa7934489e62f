//! The same company under other assumptions: what if amounts, shares, times or entries were so many
//! times as large?
//!
//! The chain keeps what it was brought to (its scale, and how much an arrival brings in each future
//! beside the mean); what the changed chain brings more or less on the present course, every future
//! brings more or less. So no future is drawn anew, and a change of nothing changes nothing.
//! Individuals that are open have the last step before them: its share changes how many of them
//! reach the target, its lag how soon. It refuses to know what is done to change anything.

use super::course::Parts;
use super::flow::{Flow, bounded};
use super::lags::{self, Landing};
use super::{
    AmountAssumption, Assumptions, Course, Future, Lag, Model, PlanError, Source, Step, UnderWay,
};
use crate::sample::Sample;

/// Mean length of a month, for a fixed lag that is made longer or shorter.
const MONTH_DAYS: f64 = 30.436_875;

/// What assumptions are multiplied by; 1 leaves them as they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// Of one that reaches the target, open individuals included.
    pub amount: f64,
    /// How many enter the first stage on the present course.
    pub entries: f64,
    /// By step: the share that goes on, which stays at most 1. Steps beyond the last stay.
    pub shares: Vec<f64>,
    /// By step: how long those who go on take.
    pub lags: Vec<f64>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { amount: 1.0, entries: 1.0, shares: Vec::new(), lags: Vec::new() }
    }
}

/// Which entry days are useful after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Days {
    /// Those that are useful then.
    New,
    /// Those that were useful before.
    Kept,
}

impl Model {
    /// The model under changes.
    ///
    /// # Errors
    /// When a factor is not a number above 0.
    pub fn changed(&self, changes: &Changes) -> Result<Self, PlanError> {
        self.changed_on(changes, Days::New)
    }

    pub(super) fn changed_on(&self, changes: &Changes, days: Days) -> Result<Self, PlanError> {
        changes.check()?;
        let before = &self.assumptions.steps;
        let steps: Vec<Step> =
            before.iter().enumerate().map(|(index, step)| changes.step(index, step)).collect();
        let gains: Vec<f64> =
            steps.iter().zip(before).map(|(now, before)| now.share / before.share).collect();
        let amount = self.assumptions.amount.times(changes.amount);
        let spreads = lags::spreads(&steps, &self.grid)?;
        let landing = match days {
            Days::New => Landing::new(&spreads, &self.grid),
            Days::Kept => self.landing.clone(),
        };
        let course = self.under_way.course.as_ref();
        let course = course.map(|course| course.changed(changes.entries, &gains));
        let flow = Flow { steps: &steps, spreads: &spreads, scale: &self.scale, grid: &self.grid };
        let parts = Parts::new(&flow, course.as_ref(), &landing);
        let on_course = self.parts.wins.on_course();
        let gained = if on_course > 0.0 { parts.wins.on_course() / on_course } else { 1.0 };
        let last = steps.len() - 1;
        let open = Open { brings: changes.amount * gains[last], takes: changes.lag(last) };
        Ok(Self {
            under_way: self.under_way_then(course, changes.amount * gained, &open),
            assumptions: Assumptions { steps, amount },
            grid: self.grid.clone(),
            spreads,
            landing,
            scale: self.scale.clone(),
            parts,
            yields: self.yields.clone(),
        })
    }

    /// What is under way when new individuals bring so many times as much, and open ones as told.
    fn under_way_then(&self, course: Option<Course>, new_factor: f64, open: &Open) -> UnderWay {
        let UnderWay { futures, open_by_month, new_by_month, open_by_day, .. } = &self.under_way;
        let open_now = open.by_month(self);
        let (before, now) = (self.in_goal(open_by_month), self.in_goal(&open_now));
        let open_factor = if before > 0.0 { now / before } else { open.brings };
        let future = |future: &Future| Future {
            open_amount: future.open_amount * open_factor,
            new_amount: future.new_amount * new_factor,
            arrivals: future.arrivals,
        };
        UnderWay {
            futures: futures.iter().map(future).collect(),
            open_by_month: open_now,
            new_by_month: new_by_month.iter().map(|amount| amount * new_factor).collect(),
            open_by_day: open_by_day.clone(),
            course,
        }
    }
}

/// What becomes of individuals that are open.
struct Open {
    /// So many times as much is brought by them,
    brings: f64,
    /// and it takes them so many times as long.
    takes: f64,
}

impl Open {
    fn by_month(&self, model: &Model) -> Vec<f64> {
        let UnderWay { open_by_month, open_by_day, .. } = &model.under_way;
        if self.takes == 1.0 || open_by_month.is_empty() {
            return open_by_month.iter().map(|amount| amount * self.brings).collect();
        }
        let course = OpenCourse::new(&model.grid.month_ends_ahead(), open_by_month, open_by_day);
        let mut before = 0.0;
        let in_month = |end: &f64| {
            let by_now = course.by(end / self.takes) * self.brings;
            let gained = by_now - before;
            before = by_now;
            gained
        };
        course.ends.iter().map(in_month).collect()
    }
}

/// What open individuals bring as time goes on: evenly within each month of the calendar, and
/// beyond it as the chain goes on.
struct OpenCourse {
    /// Days ahead of the start.
    ends: Vec<f64>,
    /// Brought by then.
    sums: Vec<f64>,
    /// By day, as the chain has it.
    chain: Vec<f64>,
}

impl OpenCourse {
    fn new(ends: &[f64], by_month: &[f64], chain: &[f64]) -> Self {
        let chain = sums(chain);
        Self { ends: ends.to_vec(), sums: sums(by_month), chain }
    }

    fn by(&self, ahead: f64) -> f64 {
        let (Some(&last_end), Some(&whole)) = (self.ends.last(), self.sums.last()) else {
            return 0.0;
        };
        if ahead > last_end {
            let factor = bounded(along(&self.chain, ahead) / along(&self.chain, last_end));
            return whole * factor.max(1.0);
        }
        let month = self.ends.partition_point(|&end| end < ahead);
        let (start, before) = match month.checked_sub(1) {
            Some(previous) => (self.ends[previous], self.sums[previous]),
            None => (0.0, 0.0),
        };
        let part = (ahead - start) / (self.ends[month] - start);
        before + part * (self.sums[month] - before)
    }
}

/// The sums up to each figure, itself included.
fn sums(figures: &[f64]) -> Vec<f64> {
    let add = |sum: &mut f64, figure: &f64| {
        *sum += figure;
        Some(*sum)
    };
    figures.iter().scan(0.0, add).collect()
}

/// A curve by whole days, the first of them day 1, at some point between two of them; flat beyond
/// its end.
fn along(by_day: &[f64], days: f64) -> f64 {
    let at = |day: usize| match day.checked_sub(1) {
        Some(index) => by_day.get(index).or(by_day.last()).copied().unwrap_or(0.0),
        None => 0.0,
    };
    let whole = days.floor();
    let (low, high) = (at(whole as usize), at(whole as usize + 1));
    (low + (days - whole) * (high - low)).min(high)
}

impl Changes {
    fn check(&self) -> Result<(), PlanError> {
        let all = [self.amount, self.entries].into_iter().chain(self.shares.iter().copied());
        let mut all = all.chain(self.lags.iter().copied());
        match all.find(|factor| !(*factor > 0.0 && factor.is_finite())) {
            Some(factor) => Err(PlanError::Factor { factor }),
            None => Ok(()),
        }
    }

    fn step(&self, index: usize, step: &Step) -> Step {
        let share = self.shares.get(index).copied().unwrap_or(1.0);
        Step {
            share: (step.share * share).min(1.0),
            share_known_from: step.share_known_from,
            lag: step.lag.times(self.lag(index)),
        }
    }

    fn lag(&self, step: usize) -> f64 {
        self.lags.get(step).copied().unwrap_or(1.0)
    }
}

impl AmountAssumption {
    fn times(&self, factor: f64) -> Self {
        match self {
            Self::Fixed(amount) => Self::Fixed(amount * factor),
            Self::MeanSd { mean, sd } => Self::MeanSd { mean: mean * factor, sd: sd * factor },
            Self::Empirical(sample) => {
                let times = |amount: &f64| amount * factor;
                Self::Empirical(Sample::new(sample.sorted().iter().map(times).collect()))
            }
        }
    }
}

impl Lag {
    /// The lag of those who take so many times as long.
    fn times(&self, factor: f64) -> Self {
        match self {
            _ if factor == 1.0 => self.clone(),
            Self::Months(0) => Self::Months(0),
            Self::Months(months) => {
                let days = (f64::from(*months) * MONTH_DAYS * factor).round() as usize;
                let mut by_day = vec![0.0; days];
                by_day.push(1.0);
                Self::Empirical(by_day)
            }
            Self::LogNormal { median_days, p90_days } => {
                Self::LogNormal { median_days: median_days * factor, p90_days: p90_days * factor }
            }
            Self::Empirical(by_day) => {
                let Some((first, later)) = by_day.split_first() else { return self.clone() };
                // What happens on the day of entry still does.
                let rises: Vec<f64> = later.iter().map(|share| share - first).collect();
                let days = (later.len() as f64 * factor).ceil() as usize;
                let at = |day: usize| (first + along(&rises, day as f64 / factor)).min(1.0);
                let mut stretched: Vec<f64> = (0..=days).map(at).collect();
                stretched.last_mut().into_iter().for_each(|last| *last = 1.0);
                Self::Empirical(stretched)
            }
        }
    }
}

impl Course {
    /// With so many times the entries; those on the way from one stage to the next as the step
    /// between has gained.
    fn changed(&self, entries: f64, gains: &[f64]) -> Self {
        let times = |by_day: &[f64], factor: f64| by_day.iter().map(|one| one * factor).collect();
        let stage = |(stage, by_day): (usize, &Vec<f64>)| {
            let gain = stage.checked_sub(1).and_then(|step| gains.get(step)).copied();
            times(by_day, gain.unwrap_or(1.0))
        };
        let source = |source: &Source| match source.is_on_the_way {
            true => Source {
                entering: source.entering.iter().enumerate().map(stage).collect(),
                is_on_the_way: true,
            },
            false => source.clone(),
        };
        Self {
            entering: times(&self.entering, entries),
            besides: self.besides.iter().map(source).collect(),
            arrival_stage: self.arrival_stage,
            arrivals: self.arrivals.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_of_so_many_times_the_days_reaches_its_shares_so_much_later() {
        let lag = Lag::Empirical(vec![0.1, 0.2, 0.5, 1.0]);
        let check = |factor: f64, wanted: &[f64]| {
            let Lag::Empirical(found) = lag.times(factor) else { panic!("it stays by day") };
            let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
            assert!(found.len() == wanted.len() && found.iter().zip(wanted).all(near), "{found:?}");
        };
        check(1.0, &[0.1, 0.2, 0.5, 1.0]);
        check(2.0, &[0.1, 0.15, 0.2, 0.35, 0.5, 0.75, 1.0]);
        check(0.5, &[0.1, 0.5, 1.0]);
        assert_eq!(Lag::Months(2).times(1.0), Lag::Months(2));
        let Lag::Empirical(months) = Lag::Months(2).times(0.5) else { panic!("days now") };
        assert_eq!((months.len(), months[29], months[30]), (31, 0.0, 1.0));
    }

    #[test]
    fn open_individuals_bring_sooner_what_comes_anyway() {
        // A hundred in each of two months of 30 days; the chain brings half as much in the next.
        let chain = [vec![1.0; 60], vec![0.5; 30]].concat();
        let course = OpenCourse::new(&[30.0, 60.0], &[100.0, 100.0], &chain);
        let check = |ahead: f64, wanted: f64| {
            assert!((course.by(ahead) - wanted).abs() < 1e-9, "{ahead}: {}", course.by(ahead));
        };
        check(0.0, 0.0);
        check(15.0, 50.0);
        check(60.0, 200.0);
        check(75.0, 200.0 * 67.5 / 60.0);
        check(1e6, 250.0);
        let unknown = OpenCourse::new(&[30.0], &[100.0], &[]);
        assert_eq!(unknown.by(60.0), 100.0, "nothing tells of more");
    }
}
