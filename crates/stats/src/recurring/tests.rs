//! Runs with a known truth: what is learnt, and that forecasts hold what comes.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::random::stream;
use crate::simulation::Options;

const YEAR: i32 = 365;

/// Customers of yearly terms who began on any day of the years before `until_day`.
fn yearly(goes_on: f64, customers: usize, until_day: i32, random: &mut ChaCha8Rng) -> Vec<Run> {
    let run = |random: &mut ChaCha8Rng| {
        let mut start_day = random.random_range(until_day - 3 * YEAR..until_day - YEAR);
        let mut rate = 100.0 + 200.0 * random.random::<f64>();
        let mut terms = Vec::new();
        loop {
            terms.push(Term { start_day, end_day: Some(start_day + YEAR), rate });
            if start_day > until_day || random.random::<f64>() >= goes_on {
                return Run { segment: 0, terms };
            }
            start_day += YEAR;
            rate *= 0.97 + 0.12 * random.random::<f64>();
        }
    };
    (0..customers).map(|_| run(random)).collect()
}

fn known_by(runs: &[Run], day: i32) -> Vec<Run> {
    let known = |run: &Run| Run {
        segment: run.segment,
        terms: run.terms.iter().filter_map(|term| term.known_by(day, false)).collect(),
    };
    runs.iter().map(known).filter(|run| !run.terms.is_empty()).collect()
}

fn rate_on(runs: &[Run], day: i32) -> f64 {
    let runs_on = |term: &&Term| term.start_day <= day && term.end_day.is_none_or(|end| day < end);
    runs.iter().flat_map(|run| &run.terms).filter(runs_on).map(|term| term.rate).sum()
}

#[test]
fn ends_and_what_goes_on_are_counted_as_of_the_day() {
    let term = |start_day, end_day, rate| Term { start_day, end_day, rate };
    let runs = [
        Run { segment: 0, terms: vec![term(0, Some(365), 10.0), term(365, None, 12.0)] },
        Run { segment: 1, terms: vec![term(0, Some(365), 10.0)] },
        // It ended a few days ago: not known yet.
        Run { segment: 1, terms: vec![term(20, Some(385), 10.0)] },
    ];
    let fitted = Fitted::new(&runs, 400).expect("is learnt");
    let all = fitted.all();
    assert_eq!((all.decided, all.went_on, all.running), (2, 1, 1));
    assert_eq!(fitted.ratios, [1.2]);
    assert_eq!(all.ended, 3);
    assert_eq!(fitted.segments[1].went_on, 0);
}

#[test]
fn where_nothing_ended_nothing_is_forecast_unless_ends_are_agreed() {
    let run = |end_day| Run { segment: 0, terms: vec![Term { start_day: 0, end_day, rate: 1.0 }] };
    assert_eq!(Fitted::new(&[], 10), Err(RecurringError::NoTerm));
    assert_eq!(Fitted::new(&[run(None)], 10), Err(RecurringError::NoEnd));
    assert!(Fitted::new(&[run(Some(20))], 10).is_ok());
}

#[test]
fn of_yearly_terms_a_year_keeps_the_share_that_goes_on() {
    let mut random = stream(7, 0);
    let runs = known_by(&yearly(0.8, 20_000, 2_000, &mut random), 2_000);
    let fitted = Fitted::new(&runs, 2_000).expect("is learnt");
    let months: Vec<i32> = (1..=12).map(|month| 2_000 + month * 30 + month / 2).collect();
    let futures = fitted.futures(&months, Options { seed: 1, futures: 200 }).expect("futures");
    let share = fitted.all().share_that_goes_on().expect("ends").share;
    assert!((share - 0.8).abs() < 0.01, "{share}");
    let kept: f64 = futures.net_kept.mean();
    assert!((kept - 0.8 * 1.03).abs() < 0.02, "{kept}");
    assert!(futures.gross_kept.mean() < 0.8 && futures.gross_kept.mean() > 0.77);
    let ending: f64 = futures.periods.iter().map(|period| period.ending_rate.mean()).sum();
    let now = fitted.all().running_rate;
    assert!((ending / now - 366.0 / 365.0).abs() < 0.05, "each term ends once a year: {ending}");
}

#[test]
fn intervals_hold_what_comes() {
    let (mut held_80, mut held_50, cases) = (0, 0, 200);
    for case in 0..cases {
        let mut random = stream(11, case);
        let goes_on = 0.6 + 0.35 * random.random::<f64>();
        let customers = random.random_range(40..200);
        let mut lived = yearly(goes_on, customers, 2_400, &mut random);
        // Who comes later is not in the forecast.
        lived.retain(|run| run.terms[0].start_day <= 2_000);
        let fitted = Fitted::new(&known_by(&lived, 2_000), 2_000).expect("is learnt");
        let ends: Vec<i32> = (1..=4).map(|quarter| 2_000 + quarter * 91).collect();
        let futures = fitted.futures(&ends, Options { seed: case, futures: 400 }).expect("futures");
        let came = rate_on(&lived, 2_364);
        let said = &futures.periods[3].rate;
        let holds = |low, high| (said.quantile(low)..=said.quantile(high)).contains(&came);
        held_80 += u32::from(holds(0.1, 0.9));
        held_50 += u32::from(holds(0.25, 0.75));
    }
    // Three standard errors of a share of 200 around the level.
    assert!((143..=177).contains(&held_80), "{held_80} of 200");
    assert!((79..=121).contains(&held_50), "{held_50} of 200");
}

#[test]
fn one_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let mut random = stream(3, 0);
    let runs = known_by(&yearly(0.7, 100, 2_000, &mut random), 2_000);
    let fitted = Fitted::new(&runs, 2_000).expect("is learnt");
    let draw = || fitted.futures(&[2_100, 2_200], Options { seed: 5, futures: 100 });
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(draw)
    };
    assert_eq!(on(1), on(2));
    assert_eq!(on(1), on(7));
}
