//! Attribution from stored touches, beside Polars building paths and ChannelAttribution on them:
//! the same file, the same run.

use super::measure::{Measured, measure};
use super::{Bench, Row, files, python};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Touches where no other number is asked for: of a million people.
pub const TOUCHES: u64 = 4_600_000;
/// Touches up to which the peer is asked: it holds all paths as texts.
const PEER_TOUCHES_MAX: u64 = 10_000_000;

/// At least twenty times as fast, with a third of the memory.
const SECONDS_RATIO_MAX: f64 = 1.0 / 20.0;
const MEMORY_RATIO_MAX: f64 = 1.0 / 3.0;
/// What any number of touches may take.
const MEMORY_MIB_MAX: f64 = 2_048.0;

const PACKAGES: &[&str] =
    &["polars==2.1.0", "pyarrow", "pandas", "numpy", "matplotlib", "ChannelAttribution==2.2.5"];

/// A CSV file as Parquet.
const CONVERT: &str = "
import sys, polars
polars.read_csv(sys.argv[1]).with_columns(
    polars.col('occurred_at').str.to_datetime(time_zone='UTC')).write_parquet(sys.argv[2])
";

/// Paths from touches and purchases, then first, last and linear touch and a chain of order 1 with
/// the journeys that did not convert. Prints the conversions of each channel by linear touch.
const SCRIPT: &str = "
import sys, polars
from ChannelAttribution import heuristic_models, markov_model
touches, purchases = polars.read_parquet(sys.argv[1]), polars.read_csv(sys.argv[2])
paths = (touches.sort('person_id', 'occurred_at').group_by('person_id')
    .agg(polars.col('channel').str.join(' > ').alias('path')))
bought = purchases.group_by('person_id').agg(
    polars.len().alias('conversions'), polars.col('value').sum())
paths = (paths.join(bought, on='person_id', how='left')
    .with_columns(polars.col('conversions').is_null().cast(polars.Int64).alias('lost'))
    .group_by('path').agg(polars.col('conversions').sum(), polars.col('value').sum(),
                          polars.col('lost').sum())).to_pandas()
heuristic = heuristic_models(paths, 'path', 'conversions', var_value='value')
markov_model(paths, 'path', 'conversions', var_value='value', var_null='lost', order=1)
for _, row in heuristic.iterrows():
    print('LINEAR', row['channel_name'], row['linear_touch_conversions'], sep='\\t')
";

pub fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let touches = bench.touches;
    let [csv, bought] = ["journeys.csv", "purchases.csv"].map(|name| bench.file(name));
    files::journeys(&csv, &bought, touches)?;
    let home = bench.folder.join("channelattribution");
    let modules = "polars, pyarrow, ChannelAttribution";
    let python = match python::environment(&home, modules, PACKAGES) {
        Ok(python) => Some(python),
        Err(error) => {
            println!("  LEFT OUT: Polars and ChannelAttribution: {error:#}");
            None
        }
    };
    let file = match &python {
        Some(python) => converted(python, &csv)?,
        None => csv,
    };
    let data = bench.company("attribution")?;
    let import = bench.import(&data, &file, "touches", &[])?;
    println!("  importing {touches} touches took {:.1} s", import.seconds);
    let purchases = bench.import(&data, &bought, "purchases", &[])?;
    println!("  importing their purchases took {:.1} s", purchases.seconds);
    let (ours, said) = ours(bench, &data)?;
    println!("  {} journeys, {} conversions", said["journeys"], said["conversions"]);
    let what = format!("attribution of {touches} touches");
    let python = python.filter(|_| touches <= PEER_TOUCHES_MAX);
    let Some(python) = python else {
        println!("  {what} took {:.2} s", ours.seconds);
        let memory = "  its peak memory".to_owned();
        return Ok(vec![Row::bounded(memory, ours.peak_mib, "MiB", MEMORY_MIB_MAX)]);
    };
    let mut command = Command::new(python);
    let peer = measure(command.args(["-c", SCRIPT]).arg(&file).arg(&bought))?;
    same_linear(&said, &String::from_utf8_lossy(&peer.output))?;
    let beside = |what: String, ours: f64, unit, peer: f64, ratio_max| Row {
        what,
        ours,
        unit,
        beside: format!("4 of peer {peer:.1} {unit}"),
        ratio: ours / peer,
        ratio_max,
    };
    Ok(vec![
        beside(what, ours.seconds, "s", peer.seconds, SECONDS_RATIO_MAX),
        beside("  its peak memory".into(), ours.peak_mib, "MiB", peer.peak_mib, MEMORY_RATIO_MAX),
    ])
}

fn converted(python: &Path, csv: &Path) -> Result<PathBuf> {
    let parquet = csv.with_extension("parquet");
    let mut command = Command::new(python);
    measure(command.args(["-c", CONVERT]).arg(csv).arg(&parquet))?;
    std::fs::remove_file(csv)?;
    Ok(parquet)
}

/// All models of the stored touches: the best of three runs, since each is short.
fn ours(bench: &Bench, data: &Path) -> Result<(Measured, serde_json::Value)> {
    let data = data.to_string_lossy();
    let asked = ["--data", &data, "attribution", "--model", "all", "--lookback-days", "all"];
    let mut best: Option<Measured> = None;
    for _ in 0..3 {
        let run = bench.baton(&[&asked[..], &["--json"]].concat(), 2)?;
        if best.as_ref().is_none_or(|best| run.seconds < best.seconds) {
            best = Some(run);
        }
    }
    let best = best.context("no run")?;
    let said = serde_json::from_slice(&best.output).context("`attribution --json`")?;
    Ok((best, said))
}

/// Both sides have to have seen the same journeys: linear touch gives the same conversions.
fn same_linear(ours: &serde_json::Value, peer: &str) -> Result<()> {
    let models = ours["models"].as_array().context("no models")?;
    let linear = models.iter().find(|model| model["model"] == "linear").context("no linear")?;
    let told = peer.lines().filter_map(|line| {
        let mut parts = line.strip_prefix("LINEAR\t")?.split('\t');
        Some((parts.next()?.to_owned(), parts.next()?.trim().parse::<f64>().ok()?))
    });
    let mut compared = 0;
    for (channel, conversions) in told {
        let credits = linear["credits"].as_array().context("no credits")?;
        let own = credits.iter().find(|credit| credit["key"] == channel.as_str());
        let own = own.and_then(|own| own["conversions"].as_f64()).unwrap_or(0.0);
        if (own - conversions).abs() > conversions.abs() * 1e-4 + 1.0 {
            bail!("{channel} has {own} conversions, by the peer {conversions}");
        }
        compared += 1;
    }
    if compared == 0 { bail!("the peer told of no channel: {peer}") } else { Ok(()) }
}
