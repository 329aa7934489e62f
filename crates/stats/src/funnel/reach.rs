//! The probability of reaching a target, by forward recursion over days.
//!
//! A semi-Markov renewal recursion: whoever leaves a state enters the next one at age 0. Exact for
//! the given daily probabilities; all ages are carried at once, in runs, so one table answers every
//! individual of a segment. It refuses to know how the probabilities were found.

use super::hazards::Rates;
use super::runs::Chances;

/// Sweeps after which moves within one day count as settled; exact without same-day cycles.
const SAME_DAY_SWEEPS: usize = 64;

/// Probabilities of having reached a target, for one segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// By horizon (one for all where days are alike), state, and days left on entering.
    fresh: Vec<Vec<Vec<f64>>>,
    /// By horizon, then state, then age already survived; the last age holds for every greater one.
    aged: Vec<Vec<Vec<f64>>>,
}

impl Reach {
    /// Builds the table for the states' daily `rates` (`None`: never left), with the states marked
    /// in `targets` as the ones to reach, for each of `horizons_days` (ascending).
    #[must_use]
    pub fn new(rates: &[Option<Rates>], targets: &[bool], horizons_days: &[u32]) -> Self {
        Recursion { rates: &|_| rates, targets }.run(horizons_days)
    }

    /// As [`Reach::new`], where days differ: each has the rates of its part. `parts` has the part
    /// of every day from the first one that is lived up to the last horizon.
    #[must_use]
    pub fn by_part(
        rates_by_part: &[Vec<Option<Rates>>],
        parts: &[usize],
        targets: &[bool],
        horizons_days: &[u32],
    ) -> Self {
        let on = |day: Option<usize>| {
            let part = day.and_then(|day| parts.get(day)).copied().unwrap_or(0);
            rates_by_part.get(part).map_or(&[][..], Vec::as_slice)
        };
        let recursion = Recursion { rates: &on, targets };
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
    /// Daily probabilities of every state on a day, counted from the first one that is lived;
    /// `None` is the day before.
    rates: &'a dyn Fn(Option<usize>) -> &'a [Option<Rates>],
    targets: &'a [bool],
}

impl Recursion<'_> {
    /// From no days left up to the last horizon; where days differ, for that horizon alone.
    fn run(&self, horizons_days: &[u32]) -> Reach {
        let last = horizons_days.iter().max().copied().unwrap_or(0);
        let mut now = self.start();
        let mut curves = vec![Vec::with_capacity(last as usize + 1); now.fresh.len()];
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
                aged.push(now.aged.iter().map(Chances::by_age).collect());
            }
        }
        Reach { fresh: vec![curves], aged }
    }

    fn start(&self) -> Day {
        let is_there = |state: usize| f64::from(u8::from(self.targets[state]));
        let rates = (self.rates)(None);
        let never_left =
            Rates { next: Vec::new(), first_ages: vec![0], leave: Vec::new(), stay: vec![1.0] };
        let aged = |state: usize| {
            Chances::new(rates[state].as_ref().unwrap_or(&never_left), is_there(state))
        };
        let aged = (0..rates.len()).map(aged).collect();
        Day { fresh: (0..rates.len()).map(is_there).collect(), aged }
    }

    /// States that can be left on the way to a target, on one day.
    fn passed(&self, day: Option<usize>) -> impl DoubleEndedIterator<Item = (usize, &Rates)> {
        let states = (self.rates)(day).iter().zip(self.targets).enumerate();
        states.filter_map(|(state, (rates, target))| {
            Some((state, rates.as_ref().filter(|_| !target)?))
        })
    }

    /// One day more to go.
    fn advance(&self, now: &mut Day, day: usize) {
        for (state, rates) in self.passed(Some(day)) {
            now.aged[state].one_day_more(rates, &now.fresh);
        }
    }

    /// Entering a state and leaving it on the same day: last states first, as most ways lead on.
    fn settle(&self, now: &mut Day, day: Option<usize>) {
        for _ in 0..SAME_DAY_SWEEPS {
            let mut is_settled = true;
            for (state, rates) in self.passed(day).rev() {
                let value = enter(rates, &now.fresh, now.aged[state].first());
                is_settled &= value == now.fresh[state];
                now.fresh[state] = value;
            }
            if is_settled {
                return;
            }
        }
    }
}

/// The recursion's state after some number of days.
struct Day {
    fresh: Vec<f64>,
    aged: Vec<Chances>,
}

fn enter(rates: &Rates, fresh: &[f64], survived: f64) -> f64 {
    let leave = || rates.leave.iter().map(|runs| runs[0]);
    let gone: f64 = leave().sum();
    let moved: f64 = rates.next.iter().zip(leave()).map(|(&to, share)| share * fresh[to]).sum();
    moved / gone.max(1.0) + (1.0 - gone).max(0.0) * survived
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Leaves for each of `next` with a hazard that never changes.
    fn constant(next: &[(usize, f64)]) -> Option<Rates> {
        let leave = next.iter().map(|&(_, hazard)| vec![hazard]).collect();
        let stay = vec![1.0 - next.iter().map(|&(_, hazard)| hazard).sum::<f64>()];
        let next = next.iter().map(|&(to, _)| to).collect();
        Some(Rates { next, first_ages: vec![0], leave, stay })
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
