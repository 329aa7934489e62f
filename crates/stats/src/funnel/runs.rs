//! Ages with the same daily probabilities, carried from day to day together.
//!
//! Hazards are constant within bins of age, so all ages of a bin go through the same step every
//! day. A run keeps what that step has done to all its ages as one number, and touches only the age
//! that comes in and the age that goes out: a day costs as much as there are bins, not ages. Exact
//! but for rounding. It refuses to know what is counted and what is reached.

use std::collections::VecDeque;

use super::hazards::Rates;

/// Below this the common step of a run is worked into its ages, before precision is lost.
const COMMON_MIN: f64 = 1e-60;

/// What is counted of individuals; they pass by the same rates, so one pass moves all of it.
pub(crate) type Mass = [f64; 4];

/// Adds a share of one mass to another.
pub(crate) fn add(to: &mut Mass, mass: &Mass, share: f64) {
    to.iter_mut().zip(mass).for_each(|(to, part)| *to += part * share);
}

/// Mass in one state by age, moved forward in time.
#[derive(Clone)]
pub(crate) struct Masses {
    runs: Vec<MassRun>,
    /// At the last age of the rates and every greater one.
    oldest: Mass,
}

#[derive(Clone)]
struct MassRun {
    /// By age, the youngest first; each is to be multiplied by `stayed`.
    masses: VecDeque<Mass>,
    stayed: f64,
    sum: Mass,
}

impl Masses {
    /// Masses by age, as many as the rates have ages.
    pub(crate) fn new(rates: &Rates, by_age: &[Mass]) -> Self {
        let run = |ends: &[usize]| {
            let masses: VecDeque<Mass> = by_age[ends[0]..ends[1]].iter().copied().collect();
            let mut sum = Mass::default();
            masses.iter().for_each(|mass| add(&mut sum, mass, 1.0));
            MassRun { masses, stayed: 1.0, sum }
        };
        let runs = rates.first_ages.windows(2).map(run).collect();
        Self { runs, oldest: by_age.last().copied().unwrap_or_default() }
    }

    /// One day: everyone grows older, then leaves or stays. What leaves is added to `entering`, by
    /// state.
    pub(crate) fn grow_older(&mut self, rates: &Rates, entering: &mut [Mass]) {
        let mut leave = |mass: &Mass, run: usize| {
            for (&to, runs) in rates.next.iter().zip(&rates.leave) {
                add(&mut entering[to], mass, runs[run]);
            }
            rates.stay[run]
        };
        let mut coming = Mass::default();
        for (index, run) in self.runs.iter_mut().enumerate() {
            coming = run.shift(&coming);
            run.keep(leave(&run.sum, index));
        }
        add(&mut self.oldest, &coming, 1.0);
        let stay = leave(&self.oldest, self.runs.len());
        self.oldest.iter_mut().for_each(|part| *part *= stay);
    }

    /// Adds those who came today and stay.
    pub(crate) fn enter(&mut self, mass: &Mass, share: f64) {
        let Some(run) = self.runs.first_mut() else { return add(&mut self.oldest, mass, share) };
        add(&mut run.sum, mass, share);
        run.masses.front_mut().into_iter().for_each(|to| add(to, mass, share / run.stayed));
    }
}

impl MassRun {
    /// Takes in the youngest, gives out the oldest.
    fn shift(&mut self, coming: &Mass) -> Mass {
        let mut going = Mass::default();
        add(&mut going, &self.masses.pop_back().unwrap_or_default(), self.stayed);
        self.masses.push_front(coming.map(|part| part / self.stayed));
        add(&mut self.sum, coming, 1.0);
        add(&mut self.sum, &going, -1.0);
        going
    }

    fn keep(&mut self, stay: f64) {
        self.sum.iter_mut().for_each(|part| *part *= stay);
        self.stayed *= stay;
        if self.stayed < COMMON_MIN {
            self.masses.iter_mut().flatten().for_each(|part| *part *= self.stayed);
            self.stayed = 1.0;
        }
    }
}

/// The chance of reaching a target by age already survived in one state, moved backward in time.
#[derive(Clone)]
pub(crate) struct Chances {
    runs: Vec<ChanceRun>,
    /// At the last age of the rates and every greater one; and at the one before, whose tomorrow is
    /// the same.
    oldest: f64,
}

/// Ages whose tomorrow is of one run.
#[derive(Clone)]
struct ChanceRun {
    /// The position of that run in the rates.
    run: usize,
    /// By age; each is to be multiplied by `stayed`, and `reached` added.
    chances: VecDeque<f64>,
    stayed: f64,
    reached: f64,
}

impl Chances {
    /// The same chance at all ages of the rates.
    pub(crate) fn new(rates: &Rates, chance: f64) -> Self {
        let run = |(run, ends): (usize, &[usize])| ChanceRun {
            run,
            // Nobody is of age 0 tomorrow.
            chances: vec![chance; ends[1] - ends[0].max(1)].into(),
            stayed: 1.0,
            reached: 0.0,
        };
        let runs = rates.first_ages.windows(2).enumerate().map(run);
        Self { runs: runs.filter(|run| !run.chances.is_empty()).collect(), oldest: chance }
    }

    /// One day more to go, with the chance of those who enter a state on it, by state.
    pub(crate) fn one_day_more(&mut self, rates: &Rates, fresh: &[f64]) {
        let reached = |run: usize| -> f64 {
            rates.next.iter().zip(&rates.leave).map(|(&to, runs)| runs[run] * fresh[to]).sum()
        };
        for index in 0..self.runs.len() {
            let coming = self.runs.get(index + 1).map_or(self.oldest, ChanceRun::first);
            let run = &mut self.runs[index];
            run.shift(coming);
            run.step(rates.stay[run.run], reached(run.run));
        }
        let last = rates.stay.len() - 1;
        self.oldest = rates.stay[last] * self.oldest + reached(last);
    }

    /// At age 0.
    pub(crate) fn first(&self) -> f64 {
        self.runs.first().map_or(self.oldest, ChanceRun::first)
    }

    /// By age; the last one holds for every greater age.
    pub(crate) fn by_age(&self) -> Vec<f64> {
        let of_runs = self.runs.iter().flat_map(|run| run.chances.iter().map(|c| run.value(*c)));
        of_runs.chain([self.oldest]).collect()
    }
}

impl ChanceRun {
    fn value(&self, chance: f64) -> f64 {
        self.stayed * chance + self.reached
    }

    fn first(&self) -> f64 {
        self.value(self.chances.front().copied().unwrap_or(0.0))
    }

    /// Each age gets the chance of the next one; the oldest that of the next run's first.
    fn shift(&mut self, coming: f64) {
        self.chances.pop_front();
        self.chances.push_back((coming - self.reached) / self.stayed);
    }

    fn step(&mut self, stay: f64, reached: f64) {
        self.stayed *= stay;
        self.reached = stay * self.reached + reached;
        if self.stayed < COMMON_MIN {
            let (stayed, reached) = (self.stayed, self.reached);
            self.chances.iter_mut().for_each(|chance| *chance = stayed * *chance + reached);
            (self.stayed, self.reached) = (1.0, 0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Leaves for two states with hazards by age.
    struct Ages {
        hazards: Vec<f64>,
        rates: Rates,
    }

    impl Ages {
        fn new(hazards: Vec<f64>) -> Self {
            let last = hazards.len() - 1;
            let begins = |age: &usize| *age == 0 || hazards[*age] != hazards[*age - 1];
            let first_ages: Vec<usize> = (0..last).filter(begins).chain([last]).collect();
            let of_runs = |share: f64| first_ages.iter().map(|&age| share * hazards[age]).collect();
            let stay = first_ages.iter().map(|&age| 1.0 - hazards[age]).collect();
            let leave = vec![of_runs(0.25), of_runs(0.75)];
            Self { rates: Rates { next: vec![0, 1], first_ages, leave, stay }, hazards }
        }

        fn forward_as_each_age_by_itself(&self) {
            let last = self.hazards.len() - 1;
            let mut plain: Vec<f64> = (0..=last).map(|age| 1.0 + age as f64).collect();
            let by_age: Vec<Mass> =
                plain.iter().map(|mass| [*mass, 2.0 * mass, 0.0, 1.0]).collect();
            let mut masses = Masses::new(&self.rates, &by_age);
            for day in (0..400).map(f64::from) {
                let oldest = plain.pop().unwrap_or(0.0);
                plain.insert(0, 0.0);
                plain[last] += oldest;
                let left: f64 = plain.iter().zip(&self.hazards).map(|(m, hazard)| m * hazard).sum();
                plain.iter_mut().zip(&self.hazards).for_each(|(mass, h)| *mass *= 1.0 - h);
                plain[0] += day;
                let mut entering = [Mass::default(); 2];
                masses.grow_older(&self.rates, &mut entering);
                masses.enter(&[1.0, 2.0, 0.0, 0.0], day);
                let near =
                    |found: f64, wanted: f64| (found - wanted).abs() < 1e-11 * (1.0 + wanted);
                assert!(near(entering[0][0], 0.25 * left) && near(entering[1][0], 0.75 * left));
                assert!(near(entering[1][1], 1.5 * left) && entering[1][2] == 0.0, "{entering:?}");
            }
        }

        fn backward_as_each_age_by_itself(&self) {
            let last = self.hazards.len() - 1;
            let mut plain = vec![0.0; last + 1];
            let mut chances = Chances::new(&self.rates, 0.0);
            for day in 0..400 {
                let fresh = [1.0, f64::from(day % 7) / 7.0];
                let reached = 0.25 * fresh[0] + 0.75 * fresh[1];
                let tomorrow = |age: usize| {
                    let age = (age + 1).min(last);
                    (1.0 - self.hazards[age]) * plain[age] + self.hazards[age] * reached
                };
                plain = (0..=last).map(tomorrow).collect();
                chances.one_day_more(&self.rates, &fresh);
                assert!((chances.first() - plain[0]).abs() < 1e-13);
                let by_age = chances.by_age();
                for (age, wanted) in plain.iter().enumerate() {
                    let found = by_age.get(age).or(by_age.last()).copied().unwrap_or(f64::NAN);
                    assert!((found - wanted).abs() < 1e-13, "age {age} on day {day}");
                }
            }
        }
    }

    fn check(ages: usize, hazard: impl Fn(usize) -> f64) {
        let ages = Ages::new((0..ages).map(hazard).collect());
        ages.forward_as_each_age_by_itself();
        ages.backward_as_each_age_by_itself();
    }

    #[test]
    fn runs_do_what_each_age_would_do_by_itself() {
        check(1, |_| 0.2);
        check(2, |_| 0.2);
        check(40, |_| 0.05);
        check(60, |age| [0.02, 0.3, 0.0, 0.1, 0.4][age * 7 / 60 % 5]);
        // Everyone leaves within a run, and each age is a run of its own.
        check(30, |age| f64::from(u8::from((10..15).contains(&age))));
        check(30, |age| 0.5 / (1.0 + age as f64));
    }
}
