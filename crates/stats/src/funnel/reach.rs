//! The probability of reaching a target, by forward recursion over days.
//!
//! A semi-Markov renewal recursion: whoever leaves a state enters the next one at age 0. Exact for
//! the given daily probabilities; all ages are carried at once, so one table answers every
//! individual of a segment. It refuses to know how the probabilities were found.

use super::hazards::Rates;

/// Sweeps after which moves within one day count as settled; exact without same-day cycles.
const SAME_DAY_SWEEPS: usize = 64;

/// Probabilities of having reached a target, for one segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// By horizon (one for all where days are alike), state, and days left on entering.
    fresh: Vec<Vec<Vec<f64>>>,
    /// By horizon, then state, then age already survived.
    aged: Vec<Vec<Vec<f64>>>,
}

/// Factors on the daily probabilities by state, cause and day from the first one on.
pub type DayFactors = Vec<Vec<Vec<f64>>>;

impl Reach {
    /// Builds the table for the states' daily `rates` (`None`: never left), with the states marked
    /// in `targets` as the ones to reach, for each of `horizons_days` (ascending).
    #[must_use]
    pub fn new(rates: &[Option<Rates>], targets: &[bool], horizons_days: &[u32]) -> Self {
        Recursion { rates, targets, factors: None }.run(horizons_days)
    }

    /// As [`Reach::new`], where days differ: `factors` multiply the probabilities of each day. A
    /// day beyond them is like an ordinary one.
    #[must_use]
    pub fn by_day(
        rates: &[Option<Rates>],
        targets: &[bool],
        horizons_days: &[u32],
        factors: &DayFactors,
    ) -> Self {
        let recursion = Recursion { rates, targets, factors: Some(factors) };
        let mut table = Self { fresh: Vec::new(), aged: Vec::new() };
        for &horizon in horizons_days {
            let one = recursion.run(&[horizon]);
            table.fresh.extend(one.fresh);
            table.aged.extend(one.aged);
        }
        table
    }

    /// Probability by the end of the `horizon`-th of the horizons for one that enters `state` with
    /// `days_left` days left after that of its entry. 0 for an unknown state.
    #[must_use]
    pub fn fresh(&self, state: usize, horizon: usize, days_left: u32) -> f64 {
        let curves = self.fresh.get(horizon).or(self.fresh.last());
        let Some(curve) = curves.and_then(|states| states.get(state)) else { return 0.0 };
        curve.get(days_left as usize).or(curve.last()).copied().unwrap_or(0.0)
    }

    /// Probability for one that has survived `age_days` in `state`, within the `horizon`-th of the
    /// horizons. 0 for an unknown state or horizon.
    #[must_use]
    pub fn aged(&self, state: usize, age_days: u32, horizon: usize) -> f64 {
        let Some(ages) = self.aged.get(horizon).and_then(|states| states.get(state)) else {
            return 0.0;
        };
        ages.get(age_days as usize).or(ages.last()).copied().unwrap_or(0.0)
    }
}

/// What the recursion runs on.
struct Recursion<'a> {
    rates: &'a [Option<Rates>],
    targets: &'a [bool],
    factors: Option<&'a DayFactors>,
}

impl Recursion<'_> {
    /// From no days left up to the last horizon; with factors, for that horizon alone.
    fn run(&self, horizons_days: &[u32]) -> Reach {
        let last = horizons_days.iter().max().copied().unwrap_or(0);
        let mut now = self.start();
        let mut curves = vec![Vec::with_capacity(last as usize + 1); self.rates.len()];
        let mut aged = Vec::with_capacity(horizons_days.len());
        for days_left in 0..=last {
            if days_left > 0 {
                self.advance(&mut now, (last - days_left) as usize);
            }
            self.settle(&mut now, last.checked_sub(days_left + 1).map(|day| day as usize));
            for (curve, &value) in curves.iter_mut().zip(&now.fresh) {
                curve.push(value);
            }
            for _ in horizons_days.iter().filter(|&&horizon| horizon == days_left) {
                aged.push(now.aged.clone());
            }
        }
        Reach { fresh: vec![curves], aged }
    }

    fn start(&self) -> Day {
        let is_there = |state: usize| f64::from(u8::from(self.targets[state]));
        let ages = |state: usize| self.rates[state].as_ref().map_or(1, |rates| rates.stay.len());
        let states = 0..self.rates.len();
        let aged = states.clone().map(|state| vec![is_there(state); ages(state)]).collect();
        Day { fresh: states.map(is_there).collect(), aged }
    }

    /// States that can be left on the way to a target.
    fn passed(&self) -> impl Iterator<Item = (usize, &Rates)> {
        let states = self.rates.iter().zip(self.targets).enumerate();
        states.filter_map(|(state, (rates, target))| {
            Some((state, rates.as_ref().filter(|_| !target)?))
        })
    }

    fn factor(&self, state: usize, cause: usize, day: Option<usize>) -> f64 {
        let of_cause = |factors: &'_ DayFactors| factors.get(state)?.get(cause)?.get(day?).copied();
        self.factors.and_then(of_cause).unwrap_or(1.0)
    }

    /// One day more to go.
    fn advance(&self, now: &mut Day, day: usize) {
        for (state, rates) in self.passed() {
            let factor = |cause: usize| self.factor(state, cause, Some(day));
            let factors: Vec<f64> = (0..rates.next.len()).map(factor).collect();
            now.aged[state] = match self.factors {
                Some(_) => grow_older(&rates.scaled(&factors), &now.fresh, &now.aged[state]),
                None => grow_older(rates, &now.fresh, &now.aged[state]),
            };
        }
    }

    /// Entering a state and leaving it on the same day.
    fn settle(&self, now: &mut Day, day: Option<usize>) {
        for _ in 0..SAME_DAY_SWEEPS {
            let before = now.fresh.clone();
            for (state, rates) in self.passed() {
                let leave =
                    |(cause, days): (usize, &Vec<f64>)| days[0] * self.factor(state, cause, day);
                let leave: Vec<f64> = rates.leave.iter().enumerate().map(leave).collect();
                now.fresh[state] = enter(&rates.next, &leave, &now.fresh, now.aged[state][0]);
            }
            if before == now.fresh {
                return;
            }
        }
    }
}

/// The recursion's state after some number of days.
struct Day {
    fresh: Vec<f64>,
    aged: Vec<Vec<f64>>,
}

fn enter(next: &[usize], leave: &[f64], fresh: &[f64], survived: f64) -> f64 {
    let gone: f64 = leave.iter().sum();
    let moved: f64 = next.iter().zip(leave).map(|(&to, share)| share * fresh[to]).sum();
    moved / gone.max(1.0) + (1.0 - gone).max(0.0) * survived
}

/// One day more to go, for every age: tomorrow is lived at the next age.
fn grow_older(rates: &Rates, fresh: &[f64], aged: &[f64]) -> Vec<f64> {
    let last = aged.len() - 1;
    let mut older = Vec::with_capacity(aged.len());
    older.extend(aged[1..].iter().zip(&rates.stay[1..]).map(|(value, stay)| value * stay));
    older.push(aged[last] * rates.stay[last]);
    for (&to, days) in rates.next.iter().zip(&rates.leave) {
        let reached = fresh[to];
        older.iter_mut().zip(&days[1..]).for_each(|(value, hazard)| *value += hazard * reached);
        older[last] += days[last] * reached;
    }
    older
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Leaves for each of `next` with a hazard that never changes.
    fn constant(next: &[(usize, f64)]) -> Option<Rates> {
        let leave = next.iter().map(|&(_, hazard)| vec![hazard; 2]).collect();
        let stay = vec![1.0 - next.iter().map(|&(_, hazard)| hazard).sum::<f64>(); 2];
        Some(Rates { next: next.iter().map(|&(to, _)| to).collect(), leave, stay })
    }

    fn check(rates: &[Option<Rates>], target: usize, days: u32, fresh: f64, aged: f64) {
        let targets: Vec<bool> = (0..rates.len()).map(|state| state == target).collect();
        let reach = Reach::new(rates, &targets, &[0, days]);
        assert!((reach.fresh(0, 1, days) - fresh).abs() < 1e-12, "{}", reach.fresh(0, 1, days));
        assert!((reach.aged(0, 5, 1) - aged).abs() < 1e-12, "{}", reach.aged(0, 5, 1));
        assert_eq!(reach.aged(0, 5, 0), f64::from(u8::from(target == 0)));
    }

    #[test]
    fn chains_and_same_day_cycles_have_their_closed_forms() {
        // One step: geometric, with a competing state.
        let one = [constant(&[(1, 0.1), (2, 0.3)]), None, None];
        check(&one, 1, 2, 0.1 * (1.0 + 0.6 + 0.36), 0.1 * 1.6);
        // Two steps: by hand over three days.
        let two = [constant(&[(1, 0.5)]), constant(&[(2, 0.5)]), None];
        check(&two, 2, 1, 0.25 + 0.125 + 0.125, 0.25);
        // A cycle within the day: in all, 0 reaches 2 with 0.5 * 0.5 / (1 - 0.25) on day 0.
        let cycle = [constant(&[(1, 0.5)]), constant(&[(0, 0.5), (2, 0.5)]), None];
        check(&cycle, 2, 0, 0.25 / 0.75, 0.0);
        check(&one, 0, 3, 1.0, 1.0);
    }
}
