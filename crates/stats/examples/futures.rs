//! Times the simulation of a year: 100,000 open deals, 500,000 arrivals, twelve periods.
//!
//! Usage: `futures COUNT FOLDER`. Prints the seconds, what was simulated, and a digest of every
//! byte of it; writes to FOLDER what another program needs to simulate the same company deal by
//! deal. Knows nothing of that program.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use stats::funnel::history::{History, Kind, KnownAmount, Move, OpenIndividual, Path, State};
use stats::funnel::place::Periods;
use stats::funnel::{Fitted, Unfitted};
use stats::simulation::{Futures, Options, PeriodOutcome, simulate};
use std::error::Error;
use std::hash::{DefaultHasher, Hasher};
use std::path::Path as File;
use std::time::Instant;

const OPEN: usize = 100_000;
const ARRIVALS: f64 = 500_000.0;
const HISTORY: usize = 50_000;
const AS_OF_DAY: i32 = 1_095;
const PERIODS: u32 = 12;
const PERIOD_DAYS: u32 = 30;
const SEGMENTS: u32 = 7;
/// Open stages; won and lost follow them.
const STAGES: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, count, folder] = arguments.as_slice() else {
        return Err("usage: futures COUNT FOLDER".into());
    };
    let options = Options { seed: 1, futures: count.parse()? };
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let fitted = fit(&mut random)?;
    let open: Vec<OpenIndividual> = (0..OPEN).map(|_| open_deal(&mut random)).collect();
    let ends: Vec<i32> =
        horizons_days().into_iter().map(|days| AS_OF_DAY.saturating_add_unsigned(days)).collect();
    let started = Instant::now();
    let futures = simulate(&fitted, &open, AS_OF_DAY + 1, &ends, options)?;
    let seconds = started.elapsed().as_secs_f64();
    let total = futures.total(PeriodOutcome::amount);
    let deviation = total.variance().sqrt();
    println!("{seconds} {} {deviation} {:x}", total.mean(), digest(&futures));
    write_company(File::new(folder), &fitted, &open)
}

fn horizons_days() -> Vec<u32> {
    (1..=PERIODS).map(|period| period * PERIOD_DAYS).collect()
}

/// Three years of deals, some stages long; quarters have an effect of place.
fn fit(random: &mut ChaCha8Rng) -> Result<Fitted, Box<dyn Error>> {
    let open = State { kind: Kind::Transient, is_target: false };
    let closed = |is_target| State { kind: Kind::Absorbing, is_target };
    let states = [vec![open; STAGES], vec![closed(true), closed(false)]].concat();
    let history = History { states, paths: (0..HISTORY).map(|_| path(random)).collect() };
    let periods = Periods { first_days: (0..20).map(|quarter| quarter * 91).collect() };
    let unfitted = Unfitted { periods: Some(periods), ..Unfitted::default() };
    let mut fitted = unfitted.fit(&history, AS_OF_DAY)?;
    for arrivals in fitted.arrivals.values_mut() {
        arrivals.rate_per_day = ARRIVALS / f64::from(PERIODS * PERIOD_DAYS);
    }
    Ok(fitted)
}

/// Exponential stays; a quarter are lost in each stage, of the others all but a tenth go on.
fn path(random: &mut ChaCha8Rng) -> Path {
    let entered_day = random.random_range(0..AS_OF_DAY);
    let amount = amount(random);
    let mut path = Path {
        segment: random.random_range(0..SEGMENTS),
        entered_day,
        entry_state: 0,
        moves: Vec::new(),
        amounts: vec![KnownAmount { day: entered_day, amount }],
    };
    let mut day = entered_day;
    for stage in 0..STAGES {
        day += (-25.0 * (1.0 - random.random::<f64>()).ln()) as i32;
        let state = match random.random_range(0..20) {
            0..5 => STAGES + 1,
            5..7 => break,
            _ => stage + 1,
        };
        path.moves.push(Move { day, state });
        if state > STAGES {
            break;
        }
        if state == STAGES {
            let amount = amount * random.random_range(0.7..1.0);
            path.amounts.push(KnownAmount { day, amount });
        }
    }
    path
}

fn amount(random: &mut ChaCha8Rng) -> f64 {
    1_000.0 * (1.0 + 20.0 * random.random::<f64>().powi(2))
}

fn open_deal(random: &mut ChaCha8Rng) -> OpenIndividual {
    OpenIndividual {
        segment: random.random_range(0..SEGMENTS),
        state: random.random_range(0..STAGES),
        age_days: random.random_range(0..100),
        amount: Some(amount(random)),
    }
}

fn digest(futures: &Futures) -> u64 {
    let mut hasher = DefaultHasher::new();
    for one in &futures.outcomes {
        let counts = [one.open_count, one.new_count, one.arrivals];
        let amounts = [one.open_amount, one.new_amount].map(f64::to_bits);
        counts.into_iter().chain(amounts).for_each(|figure| hasher.write_u64(figure));
    }
    hasher.finish()
}

/// The model at its best estimates, as rows of numbers in the machine's byte order: by open deal,
/// its chance of each period; by segment and period of entry, the winners expected in each period;
/// the samples of amounts; three variations.
fn write_company(
    folder: &File,
    fitted: &Fitted,
    open: &[OpenIndividual],
) -> Result<(), Box<dyn Error>> {
    let horizons = horizons_days();
    let reach = |segment| fitted.reach(&fitted.segment_rates(segment), AS_OF_DAY + 1, &horizons);
    let reaches: Vec<_> = (0..SEGMENTS).map(reach).collect();
    let chances = open.iter().flat_map(|one| {
        let reach = &reaches[one.segment as usize];
        steps((0..horizons.len()).map(|end| reach.aged(one.state, one.age_days, end)).collect())
    });
    let entering =
        (0..SEGMENTS).flat_map(|segment| (0..PERIODS).map(move |entry| (segment, entry)));
    let winners = entering.flat_map(|(segment, entry)| {
        let arrivals = &fitted.arrivals[&0];
        let daily = arrivals.rate_per_day * arrivals.segment_shares[&segment];
        let days = entry * PERIOD_DAYS..(entry + 1) * PERIOD_DAYS;
        let by_end = |(end, &last): (usize, &u32)| -> f64 {
            let left = days.clone().filter_map(|day| last.checked_sub(day + 1));
            left.map(|left| daily * reaches[segment as usize].fresh(0, end, left)).sum()
        };
        steps(horizons.iter().enumerate().map(by_end).collect())
    });
    let arrivals = &fitted.arrivals[&0];
    let ratio = fitted.amounts.realised_ratio.as_ref().map_or(&[1.0][..], |ratio| ratio.sorted());
    let variations = [fitted.pace_variation, arrivals.rate_variation(), arrivals.overdispersion];
    write(folder, "chances", chances)?;
    write(folder, "known", open.iter().filter_map(|one| one.amount))?;
    write(folder, "winners", winners)?;
    write(folder, "amounts", fitted.amounts.pool.sorted().iter().copied())?;
    write(folder, "ratios", ratio.iter().copied())?;
    write(folder, "variations", variations.into_iter())
}

/// What each figure adds to the one before.
fn steps(cumulative: Vec<f64>) -> impl Iterator<Item = f64> {
    let mut before = 0.0;
    cumulative.into_iter().map(move |now| now - std::mem::replace(&mut before, now))
}

fn write(
    folder: &File,
    name: &str,
    numbers: impl Iterator<Item = f64>,
) -> Result<(), Box<dyn Error>> {
    let bytes: Vec<u8> = numbers.flat_map(f64::to_ne_bytes).collect();
    Ok(std::fs::write(folder.join(name), bytes)?)
}
