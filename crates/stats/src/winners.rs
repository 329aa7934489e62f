//! Who reaches the target in each of many futures that are known as a whole.
//!
//! A future says how many of those who are open reach the target, how many that are still to
//! arrive, and with which amounts together. Here its parts are drawn: of the open ones so many by
//! the odds of each (weighted sampling without replacement: Efraimidis & Spirakis 2006, "Weighted
//! random sampling with a reservoir"), with amounts that are brought to the whole; of the others
//! each goes to a group by its weight, all with the same amount. The whole stays as it was to the
//! unit.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::random::stream;
use crate::simulation::PeriodOutcome;

/// Futures drawn from one random stream, one after the other.
const FUTURES_PER_CHUNK: usize = 64;

/// One who is open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The probability to reach the target.
    pub chance: f64,
    /// The amount as it is known.
    pub amount: f64,
}

/// Who reached the target in one future, each with a whole amount.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Winners {
    /// Those who were open, by their places.
    pub open: Vec<(usize, i64)>,
    /// The groups of those who were still to arrive.
    pub new: Vec<(usize, i64)>,
}

/// Draws who reached the target in each future; `weights` are those of the groups that new ones go
/// to. One seed gives the same on any number of threads.
#[must_use]
pub fn draw(
    open: &[Candidate],
    weights: &[f64],
    outcomes: &[PeriodOutcome],
    seed: u64,
) -> Vec<Winners> {
    let bounds = bounds(weights);
    let chunk = |(chunk, outcomes): (usize, &[PeriodOutcome])| -> Vec<Winners> {
        let mut random = stream(seed, chunk as u64);
        let one = |outcome: &PeriodOutcome| Winners {
            open: drawn_open(open, outcome, &mut random),
            new: drawn_new(&bounds, outcome, &mut random),
        };
        outcomes.iter().map(one).collect()
    };
    let chunks = outcomes.par_chunks(FUTURES_PER_CHUNK).enumerate();
    chunks.map(chunk).collect::<Vec<_>>().concat()
}

/// Weights summed up.
fn bounds(weights: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let add = |weight: &f64| {
        sum += weight.max(0.0);
        sum
    };
    weights.iter().map(add).collect()
}

fn drawn_open(
    open: &[Candidate],
    outcome: &PeriodOutcome,
    random: &mut ChaCha8Rng,
) -> Vec<(usize, i64)> {
    let wanted = usize::try_from(outcome.open_count).unwrap_or(usize::MAX);
    if wanted == 0 {
        return Vec::new();
    }
    let key = |candidate: &Candidate| {
        let odds = candidate.chance / (1.0 - candidate.chance).max(f64::EPSILON);
        // An exponential wait at the rate of the odds: whoever waits least is drawn first.
        -(1.0 - random.random::<f64>()).ln() / odds
    };
    let mut keys: Vec<(f64, usize)> = open.iter().map(key).zip(0..).collect();
    keys.retain(|(key, _)| key.is_finite());
    if keys.len() > wanted {
        keys.select_nth_unstable_by(wanted, |one, other| one.0.total_cmp(&other.0));
        keys.truncate(wanted);
    }
    let mut places: Vec<usize> = keys.into_iter().map(|(_, place)| place).collect();
    places.sort_unstable();
    let amounts: Vec<f64> = places.iter().map(|place| open[*place].amount.max(0.0)).collect();
    let whole = whole(&amounts, outcome.open_amount);
    places.into_iter().zip(whole).collect()
}

fn drawn_new(
    bounds: &[f64],
    outcome: &PeriodOutcome,
    random: &mut ChaCha8Rng,
) -> Vec<(usize, i64)> {
    let Some(all) = bounds.last().copied().filter(|all| *all > 0.0) else { return Vec::new() };
    let count = usize::try_from(outcome.new_count).unwrap_or(usize::MAX);
    let group = |_: usize| {
        let at = random.random::<f64>() * all;
        bounds.partition_point(|bound| *bound <= at).min(bounds.len() - 1)
    };
    let groups: Vec<usize> = (0..count).map(group).collect();
    let whole = whole(&vec![1.0; count], outcome.new_amount);
    groups.into_iter().zip(whole).collect()
}

/// Amounts in proportion, rounded so that they sum to the rounded total.
fn whole(amounts: &[f64], total: f64) -> Vec<i64> {
    let sum: f64 = amounts.iter().sum();
    let weight = |amount: f64| if sum > 0.0 { amount / sum } else { 1.0 / amounts.len() as f64 };
    let (mut given, mut exact) = (0, 0.0);
    let part = |amount: &f64| {
        exact += weight(*amount) * total;
        let part = exact.round() as i64 - given;
        given += part;
        part
    };
    amounts.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTCOME: PeriodOutcome = PeriodOutcome {
        open_count: 2,
        open_amount: 1_000.4,
        new_count: 3,
        new_amount: 100.0,
        arrivals: 0,
    };

    fn candidates(chances: &[f64]) -> Vec<Candidate> {
        let one = |chance: &f64| Candidate { chance: *chance, amount: 30.0 };
        chances.iter().map(one).collect()
    }

    #[test]
    fn parts_sum_to_the_whole_and_nobody_is_drawn_twice() {
        let open = candidates(&[0.2, 0.5, 0.9, 0.0]);
        for winners in draw(&open, &[1.0, 0.0, 3.0], &[OUTCOME; 200], 7) {
            assert_eq!(winners.open.iter().map(|(_, amount)| amount).sum::<i64>(), 1_000);
            assert_eq!(winners.new.iter().map(|(_, amount)| amount).sum::<i64>(), 100);
            assert_eq!((winners.open.len(), winners.new.len()), (2, 3));
            assert!(winners.open[0].0 < winners.open[1].0 && winners.open[1].0 < 3, "{winners:?}");
            assert!(winners.new.iter().all(|(group, _)| *group != 1), "{winners:?}");
        }
    }

    #[test]
    fn one_of_two_is_drawn_by_the_odds() {
        let open = candidates(&[0.5, 0.2]);
        let one = PeriodOutcome { open_count: 1, ..OUTCOME };
        let drawn = draw(&open, &[], &[one; 20_000], 3);
        let first = drawn.iter().filter(|winners| winners.open[0].0 == 0).count();
        // Given that just one of them wins, it is the first with odds of 1 against a quarter: 0.8.
        let share = first as f64 / drawn.len() as f64;
        assert!((share - 0.8).abs() < 4.0 * (0.16_f64 / 20_000.0).sqrt(), "{share}");
    }

    #[test]
    fn new_ones_go_by_weight_and_a_seed_gives_the_same_on_any_number_of_threads() {
        let drawn = draw(&[], &[1.0, 3.0], &[OUTCOME; 5_000], 5);
        let second = drawn.iter().flat_map(|it| &it.new).filter(|(group, _)| *group == 1).count();
        let share = second as f64 / 15_000.0;
        assert!((share - 0.75).abs() < 4.0 * (0.1875_f64 / 15_000.0).sqrt(), "{share}");
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("a pool").install(|| draw(&[], &[1.0, 3.0], &[OUTCOME; 500], 5))
        };
        assert_eq!(on(1), on(2));
    }
}
