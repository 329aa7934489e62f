//! Simulated futures of a year, beside NumPy simulating the same company deal by deal.
//!
//! Builds the example of the `stats` crate alone, not `baton`. Knows nothing of the model but the
//! numbers that the example leaves for its peer.

use super::Row;
use super::measure::measure;
use crate::building;
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Command;

const FUTURES: u32 = 10_000;
const SECONDS_MAX: f64 = 1.0;
/// At least ten times as fast as NumPy.
const PEER_RATIO_MAX: f64 = 0.1;
/// The peer draws fewer futures, whose time is scaled: each costs the same.
const PEER_FUTURES: u32 = 200;
/// How far apart the two means may be: NumPy takes the parameters as known, and draws few.
const APART_MAX: f64 = 0.01;

/// Per future one factor of pace and of arrivals a period; a uniform number per open deal, compared
/// with its chances only if it is low enough for any; winners among new deals are Poisson counts;
/// amounts are drawn one by one.
const SCRIPT: &str = "
import numpy, sys, time
folder, futures = sys.argv[1], int(sys.argv[2])
read = lambda name: numpy.fromfile(f'{folder}/{name}')
known, amounts, ratios = map(read, ('known', 'amounts', 'ratios'))
pace, rate, months = read('variations')
chances = read('chances').reshape(len(known), -1)
periods = chances.shape[1]
winners = read('winners').reshape(-1, periods, periods).sum(axis=0)
random = numpy.random.default_rng(1)
def factor(variation, size):
    return random.gamma(1 / variation, variation, size) if variation > 0 else numpy.ones(size)
totals = numpy.empty((futures, periods))
started = time.perf_counter()
whole = chances.sum(axis=1)
for future in range(futures):
    paces = factor(pace, periods)
    drawn = random.random(len(known))
    low = numpy.flatnonzero(drawn < whole * paces.max())
    period = (drawn[low, None] >= (chances[low] * paces).cumsum(axis=1)).sum(axis=1)
    won = low[period < periods]
    realised = known[won] * random.choice(ratios, len(won))
    open_sums = numpy.bincount(period[period < periods], realised, periods)
    rates = factor(rate, 1) * factor(months, periods)
    counts = random.poisson((winners * rates[:, None]).sum(axis=0) * paces)
    reached = numpy.repeat(numpy.arange(periods), counts)
    new_sums = numpy.bincount(reached, random.choice(amounts, len(reached)), periods)
    totals[future] = open_sums + new_sums
seconds = time.perf_counter() - started
print(seconds, totals.sum(axis=1).mean(), totals.sum(axis=1).std())
";

/// Ten thousand futures on one thread and on two: their time, and the bytes that differ.
pub fn rows(folder: &Path, profile: &str) -> Result<Vec<Row>> {
    let program = building::example("stats", "futures", profile)?;
    let company = folder.join("futures");
    std::fs::create_dir_all(&company)?;
    let alone = ours(&program, &company, 1)?;
    let both = ours(&program, &company, 2)?;
    let what = format!("{FUTURES} futures of a year");
    let differing = f64::from(u8::from(alone.digest != both.digest));
    let mut rows = vec![
        Row::bounded(what.clone(), both.seconds, "s", SECONDS_MAX),
        Row::bounded("  on 1 and 2 threads: differing results".to_owned(), differing, "", 0.0),
    ];
    match peer(&company)? {
        Some(peer) => rows.extend(beside(what, &both, peer)),
        None => println!("NumPy is left out: `python3 -c 'import numpy'` fails here."),
    }
    Ok(rows)
}

fn beside(what: String, ours: &Ours, (seconds, mean): (f64, f64)) -> [Row; 2] {
    let seconds = seconds * f64::from(FUTURES) / f64::from(PEER_FUTURES);
    let apart = (ours.mean / mean - 1.0).abs();
    let compared =
        Row::bounded("  their mean, apart from NumPy's".to_owned(), apart, "", APART_MAX);
    let timed = Row {
        what,
        ours: ours.seconds,
        unit: "s",
        beside: format!("NumPy {seconds:.1} s"),
        ratio: ours.seconds / seconds,
        ratio_max: PEER_RATIO_MAX,
    };
    [timed, compared]
}

/// What the example said of its futures.
struct Ours {
    seconds: f64,
    mean: f64,
    digest: String,
}

fn ours(program: &Path, company: &Path, threads: u32) -> Result<Ours> {
    let mut command = Command::new(program);
    command.arg(FUTURES.to_string()).arg(company).env("RAYON_NUM_THREADS", threads.to_string());
    let output = measure(&mut command)?.output;
    let output = String::from_utf8_lossy(&output);
    let [seconds, mean, _, digest] = output.split_whitespace().collect::<Vec<_>>()[..] else {
        bail!("the example said `{output}`, not seconds, mean, deviation and digest");
    };
    Ok(Ours { seconds: seconds.parse()?, mean: mean.parse()?, digest: digest.to_owned() })
}

/// Seconds for [`PEER_FUTURES`] and their mean; `None` without NumPy.
fn peer(company: &Path) -> Result<Option<(f64, f64)>> {
    if !building::available("python3", &["-c", "import numpy"]) {
        return Ok(None);
    }
    let mut command = Command::new("python3");
    command.args(["-c", SCRIPT]).arg(company).arg(PEER_FUTURES.to_string());
    let output = measure(&mut command)?.output;
    let output = String::from_utf8_lossy(&output);
    let mut numbers = output.split_whitespace().map(str::parse::<f64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(seconds)), Some(Ok(mean))) => Ok(Some((seconds, mean))),
        _ => bail!("NumPy's script said `{output}`, not seconds and mean"),
    }
}
