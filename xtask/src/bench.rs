//! `cargo xtask bench`: speed, memory and repeatability, each beside a peer or a promised bound.
//!
//! Both sides of a ratio are measured in the same run, on the same file and machine, so that the
//! ratio means the same elsewhere. Not a part of `cargo xtask test`: it takes the release build.

mod attribution;
mod duckdb;
mod files;
mod futures;
mod http;
mod measure;
pub mod pages;
mod pay;
mod python;
mod score;
mod tracking;
pub mod truth;

use crate::building;
use anyhow::{Context, Result, bail};
use measure::{Measured, measure};
use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::process::Command;

const TOUCHES: u64 = 1_000_000;
const DEALS: u64 = 100_000;
const ONE_GIB: u64 = 1 << 30;

/// At least a third as fast as DuckDB.
const IMPORT_RATIO_MAX: f64 = 3.0;
const JOURNAL_SECONDS_MAX: f64 = 10.0;
const MEMORY_MIB_MAX: f64 = 256.0;

type Benchmark = fn(&Bench) -> Result<Vec<Row>>;

const BENCHMARKS: &[(&str, Benchmark)] = &[
    ("import", import_touches),
    ("journal", import_deals),
    ("memory", memory_of_one_gib),
    ("seed", same_seed_same_bytes),
    ("futures", |bench| futures::rows(&bench.folder, &bench.profile)),
    ("score", score::rows),
    ("attribution", attribution::rows),
    ("tracking", tracking::rows),
    ("pay", pay::rows),
];

/// Runs the named benchmarks, or all, and prints one table; false when a bound is passed.
pub fn run(arguments: &[String]) -> Result<bool> {
    let Asked { names, profile, touches } = parse(arguments)?;
    let bench = Bench {
        profile: profile.to_owned(),
        touches,
        baton: OnceCell::new(),
        folder: building::target().join("bench"),
    };

    let mut rows = Vec::new();
    for (name, benchmark) in BENCHMARKS {
        if names.is_empty() || names.contains(name) {
            println!("Running `{name}` …");
            rows.extend(benchmark(&bench).with_context(|| format!("benchmark `{name}`"))?);
        }
    }
    print_table(&rows);
    if profile != "release" {
        println!("Figures of profile `{profile}` test the harness; they say nothing of speed.");
    }
    Ok(rows.iter().all(Row::holds))
}

#[derive(Debug, PartialEq, Eq)]
struct Asked<'a> {
    names: Vec<&'a str>,
    profile: &'a str,
    touches: u64,
}

fn parse(arguments: &[String]) -> Result<Asked<'_>> {
    let (mut names, mut touches) = (Vec::new(), attribution::TOUCHES);
    let mut profile = "release";
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        match argument {
            "--profile" => {
                profile = arguments.next().context("`--profile` takes dev or release")?
            }
            "--touches" => {
                let number = arguments.next().context("`--touches` takes a number")?;
                touches = number.parse().context("`--touches` takes a number")?;
            }
            name if BENCHMARKS.iter().any(|(known, _)| *known == name) => names.push(name),
            name => bail!(
                "`{name}` is no benchmark; there are {}",
                BENCHMARKS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
            ),
        }
    }
    Ok(Asked { names, profile, touches })
}

/// A million touches into the lake, beside DuckDB reading the same file into a table on disk.
fn import_touches(bench: &Bench) -> Result<Vec<Row>> {
    let file = bench.file("touches.csv");
    files::touches(&file, files::Until::Rows(TOUCHES))?;
    let peer = duckdb::create_table(&file, &bench.folder)?;
    let data = bench.company("touches")?;
    let ours = bench.import(&data, &file, "touches", &[])?;
    Ok(vec![
        Row {
            what: format!("import of {TOUCHES} touches"),
            ours: ours.seconds,
            unit: "s",
            beside: format!("DuckDB {:.2} s", peer.seconds),
            ratio: ours.seconds / peer.seconds,
            ratio_max: IMPORT_RATIO_MAX,
        },
        Row {
            what: "  its peak memory".to_owned(),
            ours: ours.peak_mib,
            unit: "MiB",
            beside: format!("DuckDB {:.0} MiB", peer.peak_mib),
            ratio: ours.peak_mib / peer.peak_mib,
            ratio_max: f64::INFINITY,
        },
    ])
}

/// A hundred thousand deals into the store, each with its journal entry.
fn import_deals(bench: &Bench) -> Result<Vec<Row>> {
    let file = bench.file("deals.csv");
    files::deals(&file, DEALS)?;
    let data = bench.company("deals")?;
    let ours = bench.import(&data, &file, "deals", &[])?;
    let what = format!("import of {DEALS} deals, journalled");
    Ok(vec![Row::bounded(what, ours.seconds, "s", JOURNAL_SECONDS_MAX)])
}

/// The memory that a file of one GiB takes at its peak: rehearsed, and imported.
fn memory_of_one_gib(bench: &Bench) -> Result<Vec<Row>> {
    let file = bench.file("one-gib.csv");
    files::touches(&file, files::Until::Bytes(ONE_GIB))?;
    let mut rows = Vec::new();
    for (what, more) in [("dry run of 1 GiB", &["--dry-run"][..]), ("import of 1 GiB", &[])] {
        let data = bench.company("memory")?;
        let ours = bench.import(&data, &file, "touches", more)?;
        println!("  the {what} took {:.1} s", ours.seconds);
        rows.push(Row::bounded(
            format!("{what}, peak memory"),
            ours.peak_mib,
            "MiB",
            MEMORY_MIB_MAX,
        ));
    }
    std::fs::remove_file(&file)?;
    bench.fresh("memory")?; // what it left is large
    Ok(rows)
}

/// Plan and forecast of the demo company on one thread and on two: the same bytes.
fn same_seed_same_bytes(bench: &Bench) -> Result<Vec<Row>> {
    let data = bench.fresh("seed")?;
    bench.baton(&["demo", "--data", &data.to_string_lossy(), "--seed", "7"], 2)?;
    let plan = bench.json_on_one_and_two_threads(&data, &["plan", "--seed", "7", "--json"])?;
    let period = first_period(&plan.0)?;
    let arguments = ["forecast", "--period", &period, "--seed", "7", "--json"];
    let forecast = bench.json_on_one_and_two_threads(&data, &arguments)?;
    Ok([("plan", plan), ("forecast", forecast)]
        .map(|(name, (one, two))| {
            let differing = differing_bytes(&one, &two);
            Row::bounded(format!("{name}, 1 and 2 threads: differing bytes"), differing, "", 0.0)
        })
        .into())
}

/// The first quarter or month that a plan's JSON speaks of.
fn first_period(plan: &[u8]) -> Result<String> {
    let plan: serde_json::Value = serde_json::from_slice(plan).context("`plan --json`")?;
    let period = plan.pointer("/expected/periods/0/period").and_then(serde_json::Value::as_str);
    Ok(period.context("`plan --json` names no period")?.to_owned())
}

fn differing_bytes(one: &[u8], two: &[u8]) -> f64 {
    let within = one.iter().zip(two).filter(|(a, b)| a != b).count();
    (within + one.len().abs_diff(two.len())) as f64
}

/// The binary under measurement, its profile, and the folder for all that it leaves.
struct Bench {
    profile: String,
    /// How many touches are attributed.
    touches: u64,
    /// Built when it is first needed.
    baton: OnceCell<PathBuf>,
    folder: PathBuf,
}

impl Bench {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A data folder that does not exist yet, in a folder that does.
    fn fresh(&self, name: &str) -> Result<PathBuf> {
        let data = self.folder.join("data").join(name);
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        std::fs::create_dir_all(self.folder.join("data"))?;
        Ok(data)
    }

    /// The fresh data folder of an empty company.
    fn company(&self, name: &str) -> Result<PathBuf> {
        let data = self.fresh(name)?;
        let folder = data.to_string_lossy();
        self.baton(&["--data", &folder, "init", "--name", "Bench", "--currency", "USD"], 2)?;
        Ok(data)
    }

    fn import(&self, data: &Path, file: &Path, kind: &str, more: &[&str]) -> Result<Measured> {
        let (data, file) = (data.to_string_lossy(), file.to_string_lossy());
        let arguments = ["--data", &data, "import", &file, "--kind", kind, "--json"];
        let measured = self.baton(&[&arguments, more].concat(), 2)?;
        let report: serde_json::Value =
            serde_json::from_slice(&measured.output).context("`import --json`")?;
        if report.get("rows_rejected").and_then(serde_json::Value::as_u64) != Some(0) {
            bail!("the import refused rows of {file}, so its time would not count: {report}");
        }
        Ok(measured)
    }

    fn json_on_one_and_two_threads(
        &self,
        data: &Path,
        arguments: &[&str],
    ) -> Result<(Vec<u8>, Vec<u8>)> {
        let data = data.to_string_lossy();
        let arguments = [&["--data", &*data], arguments].concat();
        Ok((self.baton(&arguments, 1)?.output, self.baton(&arguments, 2)?.output))
    }

    fn binary(&self) -> Result<&Path> {
        if let Some(binary) = self.baton.get() {
            return Ok(binary);
        }
        let built = building::baton(&self.profile)?;
        println!("Built ({}) in {}.", self.profile, building::spoken(built.took));
        Ok(self.baton.get_or_init(|| built.binary))
    }

    fn baton(&self, arguments: &[&str], threads: u32) -> Result<Measured> {
        let threads = threads.to_string();
        let mut command = Command::new(self.binary()?);
        command
            .args(arguments)
            .env("RAYON_NUM_THREADS", &threads)
            .env("TOKIO_WORKER_THREADS", &threads);
        measure(&mut command)
    }
}

/// One line of the table.
struct Row {
    what: String,
    ours: f64,
    unit: &'static str,
    /// What it is held against.
    beside: String,
    /// Ours over the other; smaller is better.
    ratio: f64,
    ratio_max: f64,
}

impl Row {
    /// A figure held against a bound of its own unit.
    fn bounded(what: String, ours: f64, unit: &'static str, bound: f64) -> Self {
        let ratio = if bound == 0.0 { ours } else { ours / bound };
        let ratio_max = if bound == 0.0 { 0.0 } else { 1.0 };
        Self { what, ours, unit, beside: format!("at most {bound} {unit}"), ratio, ratio_max }
    }

    fn holds(&self) -> bool {
        self.ratio <= self.ratio_max
    }
}

fn print_table(rows: &[Row]) {
    println!("\n{:<40} {:>12}  {:<20} {:>7}  held", "", "ours", "beside", "ratio");
    for row in rows {
        let ours = format!("{:.2} {:<3}", row.ours, row.unit);
        let held = if row.holds() { "yes" } else { "NO" };
        println!("{:<40} {ours:>12}  {:<20} {:>7.2}  {held}", row.what, row.beside, row.ratio);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_profile_are_read() {
        let check = |arguments: &[&str], expected: Option<(&[&str], &str)>| {
            let arguments: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
            let parsed = parse(&arguments).ok();
            let parsed = parsed.as_ref().map(|it| (it.names.as_slice(), it.profile));
            assert_eq!(parsed, expected);
        };
        check(&[], Some((&[], "release")));
        check(&["seed", "--profile", "dev"], Some((&["seed"], "dev")));
        check(&["speed"], None);
        check(&["--profile"], None);
        check(&["attribution", "--touches", "10"], Some((&["attribution"], "release")));
        check(&["--touches", "many"], None);
    }

    #[test]
    fn a_bound_is_held_or_passed() {
        let check = |ours: f64, bound: f64, held: bool| {
            assert_eq!(Row::bounded(String::new(), ours, "s", bound).holds(), held);
        };
        check(9.9, 10.0, true);
        check(10.1, 10.0, false);
        check(0.0, 0.0, true);
        check(1.0, 0.0, false);
    }

    #[test]
    fn bytes_differ_by_place_and_by_length() {
        assert_eq!(differing_bytes(b"abc", b"abc"), 0.0);
        assert_eq!(differing_bytes(b"abc", b"axcd"), 2.0);
    }
}
