//! What is to be expected of a fitted funnel, day by day ahead.
//!
//! A forward recursion of expected mass: how many individuals (and how much amount) are in each
//! state at each age tomorrow, given who is there today and who arrives. It is the mean of the
//! simulation without drawing any future, for every horizon in one pass. It refuses to know what
//! is not certain: the parameters are taken as fitted.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::Fitted;
use super::amounts::Means;
use super::hazards::Rates;
use super::history::OpenIndividual;
use super::runs::{Mass, Masses, add};

/// Sweeps after which moves within one day count as settled; exact without same-day cycles.
const SAME_DAY_SWEEPS: usize = 64;

/// What has reached a target by the end of one day ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expected {
    /// Of the individuals that were open.
    pub open: Reached,
    /// Of those that arrived after.
    pub new: Reached,
}

/// Expected number, amount and sum of squared amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reached {
    pub count: f64,
    pub amount: f64,
    /// The variance of the amount when individuals come independently and are many.
    pub squares: f64,
}

impl Reached {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.amount += other.amount;
        self.squares += other.squares;
    }
}

impl Expected {
    fn add(&mut self, other: &Self) {
        self.open.add(&other.open);
        self.new.add(&other.new);
    }

    #[must_use]
    pub fn amount(&self) -> f64 {
        self.open.amount + self.new.amount
    }

    #[must_use]
    pub fn squares(&self) -> f64 {
        self.open.squares + self.new.squares
    }
}

/// What moves through the funnel together: of the open individuals their number, amount and squared
/// amount, of the new ones their number.
const NEW: usize = 3;

/// Cumulative expectations, the first of `days` being the day after the as-of day. `means` are
/// those of the fitted amounts.
pub(crate) fn expect(
    fitted: &Fitted,
    open: &[OpenIndividual],
    means: &Means,
    days: u32,
) -> Vec<Expected> {
    let arriving = fitted.arrivals.values().flat_map(|arrivals| arrivals.segment_shares.keys());
    let segments: BTreeSet<u32> =
        open.iter().map(|one| one.segment).chain(arriving.copied()).collect();
    let mut open_by_segment: BTreeMap<u32, Vec<&OpenIndividual>> = BTreeMap::new();
    for one in open {
        open_by_segment.entry(one.segment).or_default().push(one);
    }
    let segments: Vec<u32> = segments.into_iter().collect();
    let run = |&segment: &u32| {
        let there = open_by_segment.get(&segment).map_or(&[][..], Vec::as_slice);
        Segment::new(fitted, segment, there, means.of(segment)).run(days)
    };
    let courses: Vec<Vec<Expected>> = segments.par_iter().map(run).collect();
    let mut total = vec![Expected::default(); days as usize];
    // One segment after the other, so that sums do not depend on the number of threads.
    for course in courses {
        total.iter_mut().zip(&course).for_each(|(sum, of_segment)| sum.add(of_segment));
    }
    total
}

/// One segment on its way through the days.
struct Segment<'a> {
    fitted: &'a Fitted,
    rates: Vec<Option<Rates>>,
    flow: Flow,
    /// By state: the share of its arrivals that are of this segment.
    shares: Vec<f64>,
    /// Mean amount of a new individual, and mean squared amount.
    of_new: [f64; 2],
}

impl<'a> Segment<'a> {
    fn new(fitted: &'a Fitted, segment: u32, there: &[&OpenIndividual], of_new: [f64; 2]) -> Self {
        let rates = fitted.segment_rates(segment);
        let oldest = |rates: &Option<Rates>| rates.as_ref()?.first_ages.last().copied();
        let mut by_age: Vec<Vec<Mass>> =
            rates.iter().map(|rates| vec![[0.0; 4]; oldest(rates).unwrap_or(0) + 1]).collect();
        let ratio = fitted.amounts.realised_ratio.as_ref();
        let [level, square] = ratio.map_or([1.0, 1.0], |r| [r.mean(), r.mean_square()]);
        for one in there {
            let [amount, squared] = match one.amount {
                Some(amount) => [amount * level, amount * amount * square],
                None => of_new,
            };
            let age = (one.age_days as usize).min(by_age[one.state].len() - 1);
            add(&mut by_age[one.state][age], &[1.0, amount, squared, 0.0], 1.0);
        }
        let flow = Flow::new(&rates, &by_age);
        let mut shares = vec![0.0; rates.len()];
        for (&state, arrivals) in &fitted.arrivals {
            shares[state] = arrivals.segment_shares.get(&segment).copied().unwrap_or(0.0);
        }
        Self { fitted, rates, flow, shares, of_new }
    }

    fn run(mut self, days: u32) -> Vec<Expected> {
        let by_part = self.fitted.rates_by_part(&self.rates);
        let none = || vec![Mass::default(); self.rates.len()];
        let (mut entering, mut onward) = (none(), none());
        let on_day = |ahead: u32| {
            let day = self.fitted.as_of_day.saturating_add_unsigned(ahead);
            let part = self.fitted.periods.as_ref().map_or(0, |periods| periods.part(day));
            let step = Step { fitted: self.fitted, rates: &by_part[part] };
            self.arrive_on(day, &mut entering);
            step.advance(&mut self.flow, &mut entering, &mut onward);
            self.reached()
        };
        (1..=days).map(on_day).collect()
    }

    /// Those who arrive on a day, by state.
    fn arrive_on(&self, day: i32, entering: &mut [Mass]) {
        entering.fill(Mass::default());
        for (&state, arrivals) in &self.fitted.arrivals {
            entering[state][NEW] = self.shares[state] * arrivals.rate_on(day);
        }
    }

    fn reached(&self) -> Expected {
        let [count, amount, squares, new] = self.flow.reached;
        let [mean, mean_square] = self.of_new;
        Expected {
            open: Reached { count, amount, squares },
            new: Reached { count: new, amount: new * mean, squares: new * mean_square },
        }
    }
}

/// Mass by state and age, and what has reached a target so far.
struct Flow {
    /// `None` for a state that nobody leaves.
    masses: Vec<Option<Masses>>,
    reached: Mass,
}

impl Flow {
    fn new(rates: &[Option<Rates>], by_age: &[Vec<Mass>]) -> Self {
        let state = |(rates, by_age): (&Option<Rates>, &Vec<Mass>)| {
            rates.as_ref().map(|rates| Masses::new(rates, by_age))
        };
        Self { masses: rates.iter().zip(by_age).map(state).collect(), reached: [0.0; 4] }
    }
}

/// One day with its probabilities.
struct Step<'a> {
    fitted: &'a Fitted,
    rates: &'a [Option<Rates>],
}

impl Step<'_> {
    /// Everyone grows a day older or leaves; then who enters a state may leave it the same day.
    /// `onward` is room to reckon in.
    fn advance(&self, flow: &mut Flow, entering: &mut Vec<Mass>, onward: &mut Vec<Mass>) {
        for (masses, rates) in flow.masses.iter_mut().zip(self.rates) {
            if let (Some(masses), Some(rates)) = (masses, rates) {
                masses.grow_older(rates, entering);
            }
        }
        for _ in 0..SAME_DAY_SWEEPS {
            onward.fill(Mass::default());
            for (state, mass) in entering.iter().enumerate().filter(|(_, mass)| is_any(mass)) {
                self.enter(flow, state, mass, onward);
            }
            if !onward.iter().any(is_any) {
                return;
            }
            std::mem::swap(entering, onward);
        }
    }

    fn enter(&self, flow: &mut Flow, state: usize, mass: &Mass, onward: &mut [Mass]) {
        if self.fitted.states[state].is_target {
            add(&mut flow.reached, mass, 1.0);
            return;
        }
        let (Some(masses), Some(rates)) = (&mut flow.masses[state], &self.rates[state]) else {
            return;
        };
        masses.enter(mass, rates.stay[0]);
        for (&to, runs) in rates.next.iter().zip(&rates.leave) {
            add(&mut onward[to], mass, runs[0]);
        }
    }
}

fn is_any(mass: &Mass) -> bool {
    mass[0] > 0.0 || mass[NEW] > 0.0
}

#[cfg(test)]
mod tests {
    use super::super::place::Periods;
    use super::super::tests::{OPEN, made_history};
    use super::*;
    use crate::funnel::Unfitted;

    /// The forward recursion of mass agrees with the backward recursion of probabilities.
    fn check(periods: Option<Periods>) {
        let as_of_day = 700;
        let history = made_history(5, 6_000, 900);
        let unfitted = Unfitted { periods, ..Unfitted::default() };
        let fitted = unfitted.fit(&history, as_of_day).expect("sound");
        let open: Vec<OpenIndividual> = (0..400)
            .map(|i| OpenIndividual { segment: i % 3, state: OPEN, age_days: i % 80, amount: None })
            .collect();
        let expected = expect(&fitted, &open, &fitted.amounts.means(), 90);
        let chance = |one: &OpenIndividual| fitted.probability(one.segment, OPEN, one.age_days, 90);
        let count: f64 = open.iter().map(chance).sum();
        assert!((expected[89].open.count / count - 1.0).abs() < 1e-9);
        let amount: f64 =
            open.iter().map(|one| chance(one) * fitted.amounts.mean(one.segment)).sum();
        assert!((expected[89].open.amount / amount - 1.0).abs() < 1e-9);
        let arrivals = &fitted.arrivals[&OPEN];
        let new = |segment: u32| -> f64 {
            let reach = fitted.reach(&fitted.segment_rates(segment), as_of_day + 1, &[90]);
            let days = (0..90).map(|left| reach.fresh(OPEN, 0, left)).sum::<f64>();
            days * arrivals.segment_shares[&segment] * arrivals.rate_per_day
        };
        let count: f64 = (0..3).map(new).sum();
        assert!((expected[89].new.count / count - 1.0).abs() < 1e-9, "{:?} {count}", expected[89]);
    }

    #[test]
    fn mass_runs_forward_as_chances_run_back() {
        check(None);
        check(Some(Periods { first_days: (0..12).map(|period| period * 91).collect() }));
    }
}
