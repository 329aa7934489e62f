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
    /// By state, then days since entering it.
    fresh: Vec<Vec<f64>>,
    /// By horizon, then state, then age already survived.
    aged: Vec<Vec<Vec<f64>>>,
}

impl Reach {
    /// Builds the table for the states' daily `rates` (`None`: never left), with the states marked
    /// in `targets` as the ones to reach, for each of `horizons_days` (ascending).
    #[must_use]
    pub fn new(rates: &[Option<Rates>], targets: &[bool], horizons_days: &[u32]) -> Self {
        let mut now = Day::first(rates, targets);
        let mut table = Self { fresh: vec![Vec::new(); rates.len()], aged: Vec::new() };
        let mut day = 0;
        loop {
            for (curve, &value) in table.fresh.iter_mut().zip(&now.fresh) {
                curve.push(value);
            }
            for _ in horizons_days.iter().filter(|&&horizon| horizon == day) {
                table.aged.push(now.aged.clone());
            }
            if horizons_days.iter().all(|&horizon| horizon <= day) {
                return table;
            }
            now.advance(rates, targets);
            day += 1;
        }
    }

    /// Probability for one that enters `state` today, within `days` (at most the last horizon;
    /// today counts as day 0). 0 for an unknown state.
    #[must_use]
    pub fn fresh(&self, state: usize, days: u32) -> f64 {
        let Some(curve) = self.fresh.get(state) else { return 0.0 };
        curve.get(days as usize).or(curve.last()).copied().unwrap_or(0.0)
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

/// The recursion's state after some number of days.
struct Day {
    fresh: Vec<f64>,
    aged: Vec<Vec<f64>>,
}

impl Day {
    fn first(rates: &[Option<Rates>], targets: &[bool]) -> Self {
        let ages = |state: usize| rates[state].as_ref().map_or(1, |rates| rates.stay.len());
        let is_there = |state: usize| f64::from(u8::from(targets[state]));
        let states = 0..rates.len();
        let aged = states.clone().map(|state| vec![is_there(state); ages(state)]).collect();
        let mut day = Self { fresh: states.map(is_there).collect(), aged };
        day.settle(rates, targets);
        day
    }

    fn advance(&mut self, rates: &[Option<Rates>], targets: &[bool]) {
        for (state, rates) in rates.iter().enumerate() {
            if let (Some(rates), false) = (rates, targets[state]) {
                self.aged[state] = grow_older(rates, &self.fresh, &self.aged[state]);
            }
        }
        self.settle(rates, targets);
    }

    /// Entering a state and leaving it on the same day.
    fn settle(&mut self, rates: &[Option<Rates>], targets: &[bool]) {
        for _ in 0..SAME_DAY_SWEEPS {
            let before = self.fresh.clone();
            for (state, rates) in rates.iter().enumerate() {
                if let (Some(rates), false) = (rates, targets[state]) {
                    self.fresh[state] = enter(rates, &self.fresh, self.aged[state][0]);
                }
            }
            if before == self.fresh {
                return;
            }
        }
    }
}

fn enter(rates: &Rates, fresh: &[f64], survived: f64) -> f64 {
    let moved = rates.next.iter().zip(&rates.leave).map(|(&to, days)| days[0] * fresh[to]);
    moved.sum::<f64>() + rates.stay[0] * survived
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
        assert!((reach.fresh(0, days) - fresh).abs() < 1e-12, "{}", reach.fresh(0, days));
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
