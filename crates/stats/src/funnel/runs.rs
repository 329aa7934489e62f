//! Ages with the same daily probabilities, carried from day to day together.
//!
//! Hazards are constant within bins of age, so all ages of a bin go through the same step every
//! day. A run keeps what that step has done to all its ages as one number, and touches only the age
//! that comes in and the age that goes out: a day costs as much as there are bins, not ages. Exact
//! but for rounding. It refuses to know what is counted and what is reached.

use super::hazards::Rates;

/// Below this the common step of a run is worked into its ages, before precision is lost.
const COMMON_MIN: f64 = 1e-60;

/// What is counted of individuals; they pass by the same rates, so one pass moves all of it.
pub(crate) type Mass = [f64; 4];

/// Adds a share of one mass to another.
pub(crate) fn add(to: &mut Mass, mass: &Mass, share: f64) {
    to.iter_mut().zip(mass).for_each(|(to, part)| *to += part * share);
}

/// Mass in one state by age, moved forward in time. What runs have in common lies side by side, one
/// list a figure, so that a day passes over all runs at once.
#[derive(Clone)]
pub(crate) struct Masses {
    rings: Rings<Mass>,
    /// By run: what its ages are to be multiplied by, and their sum.
    stayed: Vec<f64>,
    sums: Vec<Mass>,
    /// At the last age of the rates and every greater one.
    oldest: Mass,
}

impl Masses {
    /// Masses by age, as many as the rates have ages.
    pub(crate) fn new(rates: &Rates, by_age: &[Mass]) -> Self {
        let sum = |ends: &[usize]| {
            let mut sum = Mass::default();
            by_age[ends[0]..ends[1]].iter().for_each(|mass| add(&mut sum, mass, 1.0));
            sum
        };
        // The oldest first, as it is the next to be taken out.
        let oldest_first =
            |ends: &[usize]| by_age[ends[0]..ends[1]].iter().rev().copied().collect();
        let runs = || rates.first_ages.windows(2);
        Self {
            rings: Rings::new(runs().map(oldest_first)),
            stayed: vec![1.0; runs().len()],
            sums: runs().map(sum).collect(),
            oldest: by_age.last().copied().unwrap_or_default(),
        }
    }

    /// One day: everyone grows older, then leaves or stays. What leaves is added to `entering`, by
    /// state.
    pub(crate) fn grow_older(&mut self, rates: &Rates, entering: &mut [Mass]) {
        let coming = self.shift();
        add(&mut self.oldest, &coming, 1.0);
        for (&to, shares) in rates.next.iter().zip(&rates.leave) {
            let there = self.sums.iter().chain([&self.oldest]);
            there.zip(shares).for_each(|(mass, share)| add(&mut entering[to], mass, *share));
        }
        for (sum, stay) in self.sums.iter_mut().chain([&mut self.oldest]).zip(&rates.stay) {
            sum.iter_mut().for_each(|part| *part *= stay);
        }
        for run in 0..self.stayed.len() {
            self.stayed[run] *= rates.stay[run];
            if self.stayed[run] < COMMON_MIN {
                let stayed = std::mem::replace(&mut self.stayed[run], 1.0);
                let all = self.rings.of(run).iter_mut().flatten();
                all.for_each(|part| *part *= stayed);
            }
        }
    }

    /// Adds those who came today and stay.
    pub(crate) fn enter(&mut self, mass: &Mass, share: f64) {
        let (Some(sum), Some(stayed)) = (self.sums.first_mut(), self.stayed.first()) else {
            return add(&mut self.oldest, mass, share);
        };
        add(sum, mass, share);
        add(self.rings.last_of_first(), mass, share / stayed);
    }

    /// Every run takes in what the one before gives out; gives what the last one does.
    fn shift(&mut self) -> Mass {
        let mut coming = Mass::default();
        for ((run, sum), &stayed) in self.sums.iter_mut().enumerate().zip(&self.stayed) {
            let oldest = self.rings.turn(run, coming.map(|part| part / stayed));
            let mut going = Mass::default();
            add(&mut going, &oldest, stayed);
            add(sum, &coming, 1.0);
            add(sum, &going, -1.0);
            coming = going;
        }
        coming
    }
}

/// The chance of reaching a target by age already survived in one state, moved backward in time. As
/// with masses, one list a figure.
#[derive(Clone)]
pub(crate) struct Chances {
    /// By run of ages whose tomorrow is of one run of the rates, the youngest first; each age is to
    /// be multiplied by `stayed`, and `reached` added.
    rings: Rings<f64>,
    stayed: Vec<f64>,
    reached: Vec<f64>,
    /// The chance at the first age of each run, all worked in.
    firsts: Vec<f64>,
    /// The runs of the rates that nobody is in tomorrow: the first, if it is of age 0 alone.
    skipped: usize,
    /// At the last age of the rates and every greater one; and at the one before, whose tomorrow is
    /// the same.
    oldest: f64,
    /// By run of the rates, the chance that comes of those who leave: kept to save its making.
    leaving: Vec<f64>,
}

impl Chances {
    /// The same chance at all ages of the rates.
    pub(crate) fn new(rates: &Rates, chance: f64) -> Self {
        // Nobody is of age 0 tomorrow.
        let ages = |ends: &[usize]| ends[1] - ends[0].max(1);
        let lengths: Vec<usize> = rates.first_ages.windows(2).map(ages).collect();
        let skipped = lengths.iter().take_while(|&&ages| ages == 0).count();
        let lengths = &lengths[skipped..];
        Self {
            rings: Rings::new(lengths.iter().map(|&ages| vec![chance; ages])),
            stayed: vec![1.0; lengths.len()],
            reached: vec![0.0; lengths.len()],
            firsts: vec![chance; lengths.len()],
            skipped,
            oldest: chance,
            leaving: vec![0.0; rates.stay.len()],
        }
    }

    /// One day more to go, with the chance of those who enter a state on it, by state.
    pub(crate) fn one_day_more(&mut self, rates: &Rates, fresh: &[f64]) {
        self.leaving.fill(0.0);
        for (&to, shares) in rates.next.iter().zip(&rates.leave) {
            let chance = fresh[to];
            self.leaving.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share * chance);
        }
        let steps = rates.stay.iter().zip(&self.leaving).skip(self.skipped);
        let common = self.stayed.iter_mut().zip(&mut self.reached);
        for (run, ((stayed, reached), (&stay, &leaving))) in common.zip(steps).enumerate() {
            let coming = self.firsts.get(run + 1).copied().unwrap_or(self.oldest);
            self.rings.turn(run, (coming - *reached) / *stayed);
            *stayed *= stay;
            *reached = stay * *reached + leaving;
            if *stayed < COMMON_MIN {
                let all = self.rings.of(run).iter_mut();
                all.for_each(|chance| *chance = *stayed * *chance + *reached);
                (*stayed, *reached) = (1.0, 0.0);
            }
            self.firsts[run] = *stayed * self.rings.first(run) + *reached;
        }
        let last = rates.stay.len() - 1;
        self.oldest = rates.stay[last] * self.oldest + self.leaving[last];
    }

    /// At age 0.
    pub(crate) fn first(&self) -> f64 {
        self.firsts.first().copied().unwrap_or(self.oldest)
    }

    /// By age; the last one holds for every greater age.
    pub(crate) fn by_age(&self) -> Vec<f64> {
        let mut by_age = Vec::with_capacity(self.rings.items.len() + 1);
        for (run, (stayed, reached)) in self.stayed.iter().zip(&self.reached).enumerate() {
            by_age.extend(self.rings.in_order(run).map(|chance| stayed * chance + reached));
        }
        by_age.push(self.oldest);
        by_age
    }
}

/// One queue of fixed length a run, end to end in one list: who is put in takes the place of who is
/// taken out.
#[derive(Clone)]
struct Rings<T> {
    items: Vec<T>,
    /// Where each queue begins in the list, and where the last one ends.
    starts: Vec<usize>,
    /// The place of each queue's first item.
    heads: Vec<usize>,
}

impl<T: Copy> Rings<T> {
    fn new(queues: impl Iterator<Item = Vec<T>>) -> Self {
        let (mut items, mut starts) = (Vec::new(), vec![0]);
        for queue in queues {
            items.extend(queue);
            starts.push(items.len());
        }
        let heads = starts[..starts.len() - 1].to_vec();
        Self { items, starts, heads }
    }

    /// Takes out the first item of a queue and puts in a last one.
    fn turn(&mut self, run: usize, last: T) -> T {
        let place = self.heads[run];
        let end = self.starts[run + 1];
        self.heads[run] = if place + 1 == end { self.starts[run] } else { place + 1 };
        std::mem::replace(&mut self.items[place], last)
    }

    fn first(&self, run: usize) -> T {
        self.items[self.heads[run]]
    }

    /// The last item of the first queue.
    fn last_of_first(&mut self) -> &mut T {
        let (head, end) = (self.heads[0], self.starts[1]);
        let place = if head == 0 { end - 1 } else { head - 1 };
        &mut self.items[place]
    }

    /// A queue's items, from wherever it has got to.
    fn of(&mut self, run: usize) -> &mut [T] {
        &mut self.items[self.starts[run]..self.starts[run + 1]]
    }

    fn in_order(&self, run: usize) -> impl Iterator<Item = T> {
        let (start, head, end) = (self.starts[run], self.heads[run], self.starts[run + 1]);
        self.items[head..end].iter().chain(&self.items[start..head]).copied()
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
