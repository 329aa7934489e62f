//! `cargo xtask bench truth`: Baton's forecasts on simulated companies, beside every baseline and
//! beside what truly came.
//!
//! Each company is written as the files that a CRM would give, imported as anyone would import it,
//! and back-tested by `baton forecast backtest`; `baton forecast` is then asked for the quarter
//! under way and the next, of which no file knows the end. The table goes to `docs/truth.md`.
//!
//! With `--demo` it is the demo's parameters that are held against the truth.

mod recovered;
mod recovery;
mod section;
mod table;

use crate::building;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use simulator::yardstick::Quarter;
use simulator::yardstick::company::Company;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

const COMPANIES: u64 = 1_000;
/// Companies at a time.
const WORKERS: usize = 2;

/// What became of one company.
pub struct Graded {
    pub world: &'static str,
    pub is_inside: bool,
    /// Past days on which a forecast was graded.
    pub origins: Vec<Origin>,
    /// Baton first, then the baselines, as `forecast backtest` names them.
    pub methods: Vec<Method>,
    /// The quarter under way at the export, and the next.
    pub ahead: Vec<Ahead>,
}

/// One past day: what came, and what each method said, in the order of the methods. All amounts
/// are of what was still to come of the quarter.
pub struct Origin {
    pub came: f64,
    pub said: Vec<Option<Said>>,
}

/// A median, and the ends of the 80 % interval.
#[derive(Clone, Copy)]
pub struct Said {
    pub p10: f64,
    pub p50: f64,
    pub p90: f64,
}

/// A method's grades on one company as `forecast backtest` gives them; what could not be graded is
/// missing.
pub struct Method {
    pub name: String,
    pub coverage: [Option<f64>; 3],
}

/// A forecast of a quarter whose end no file knows, beside what truly came, in one unit.
pub struct Ahead {
    pub said: Said,
    pub truth: f64,
}

/// Runs the grid and writes the table; false when a company could not be graded for a fault.
pub fn run(arguments: &[String]) -> Result<bool> {
    if let [first, rest @ ..] = arguments
        && first == "--demo"
    {
        return recovery::run(rest);
    }
    let Wanted { companies, profile, baton } = parse(arguments)?;
    let baton = match baton {
        Some(path) => path,
        None => building::baton(profile)?.binary,
    };
    let grid = Grid { baton, folder: building::target().join("truth"), companies };
    let (graded, faults) = grid.grade();
    let document = table::document(&graded, &faults, companies);
    section::write("forecasts", &document)?;
    println!("{document}\nWritten to {}.", section::DOCUMENT);
    for (seed, fault) in &faults {
        println!("company {seed}: {fault}");
    }
    Ok(faults.is_empty())
}

struct Wanted<'a> {
    companies: u64,
    profile: &'a str,
    /// A binary that is built already.
    baton: Option<PathBuf>,
}

fn parse(arguments: &[String]) -> Result<Wanted<'_>> {
    let mut wanted = Wanted { companies: COMPANIES, profile: "release", baton: None };
    let mut arguments = arguments.iter().map(String::as_str);
    while let Some(argument) = arguments.next() {
        match (argument, arguments.next()) {
            ("--companies", Some(number)) => {
                let refused = || format!("`--companies {number}` is no number");
                wanted.companies = number.parse().with_context(refused)?;
            }
            ("--profile", Some(name)) => wanted.profile = name,
            ("--baton", Some(path)) => wanted.baton = Some(PathBuf::from(path)),
            _ => {
                bail!("`bench truth` takes [--companies N] [--profile dev|release] [--baton FILE]")
            }
        }
    }
    Ok(wanted)
}

struct Grid {
    baton: PathBuf,
    folder: PathBuf,
    companies: u64,
}

impl Grid {
    /// What became of every company, and the faults, in the order of their seeds.
    fn grade(&self) -> (Vec<Graded>, Vec<(u64, String)>) {
        let next = AtomicU64::new(1);
        let results = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(|| self.work(&next, &results));
            }
        });
        let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        results.sort_by_key(|(seed, _)| *seed);
        let (mut graded, mut faults) = (Vec::new(), Vec::new());
        for (seed, result) in results {
            match result {
                Ok(company) => graded.push(company),
                Err(fault) => faults.push((seed, format!("{fault:#}"))),
            }
        }
        (graded, faults)
    }

    fn work(&self, next: &AtomicU64, results: &Mutex<Vec<(u64, Result<Graded>)>>) {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > self.companies {
                return;
            }
            let result = self.company(seed);
            if let Ok(mut results) = results.lock() {
                results.push((seed, result));
                if results.len().is_multiple_of(25) {
                    println!("{} of {} companies", results.len(), self.companies);
                }
            }
        }
    }

    fn company(&self, seed: u64) -> Result<Graded> {
        let folder = self.folder.join(format!("company-{seed}"));
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let company = Company::draw(seed);
        let exports = company.write(&folder)?;
        let data = folder.join("data").to_string_lossy().into_owned();
        let told = |arguments: &[&str]| self.told(&data, arguments);
        told(&["init", "--name", &format!("Company {seed}"), "--currency", "USD"])?;
        // The export was made at midnight after its last day.
        let taken_on = company.export_on.tomorrow()?.to_string();
        for file in &exports.files {
            let path = file.path.to_string_lossy();
            told(&["import", &path, "--kind", file.kind, "--observed-at", &taken_on])?;
        }
        let as_of = company.export_on.to_string();
        let past = ["forecast", "backtest", "--every", "month", "--as-of", &as_of, "--json"];
        let backtest = json(&told(&past)?)?;
        let quarters = company.quarters(&company.deals());
        let to_come = quarters.iter().filter(|quarter| quarter.ends_on > company.export_on);
        let ahead = to_come.take(2).map(|quarter| {
            let period = period(quarter);
            let arguments = ["forecast", "--period", &period, "--as-of", &as_of, "--json"];
            ahead(&json(&told(&arguments)?)?, quarter)
        });
        let ahead = ahead.collect::<Result<_>>()?;
        std::fs::remove_dir_all(&folder)?;
        graded(&company, &backtest, ahead)
    }

    /// Runs `baton` and gives what it wrote; a failure is an error with what it said.
    fn told(&self, data: &str, arguments: &[&str]) -> Result<Vec<u8>> {
        let mut command = Command::new(&self.baton);
        command.args(["--data", data]).args(arguments).stdin(Stdio::null());
        let output = command.env("RAYON_NUM_THREADS", "1").output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let first = said.lines().find(|line| !line.is_empty()).unwrap_or_default();
            bail!("`baton {}` failed: {first}", arguments.join(" "));
        }
        Ok(output.stdout)
    }
}

fn json(text: &[u8]) -> Result<Value> {
    serde_json::from_slice(text).context("`baton` wrote something other than JSON")
}

fn graded(company: &Company, backtest: &Value, ahead: Vec<Ahead>) -> Result<Graded> {
    let methods = backtest["methods"].as_array().context("a back-test without `methods`")?;
    let methods: Vec<Method> = methods.iter().map(method).collect();
    let origins = backtest["origins"].as_array().context("a back-test without `origins`")?;
    let origins = origins.iter().map(|it| origin(it, &methods));
    Ok(Graded {
        world: company.world.name(),
        is_inside: company.is_inside,
        origins: origins.collect::<Result<_>>()?,
        methods,
        ahead,
    })
}

fn method(method: &Value) -> Method {
    let share = |name: &str| method[name].as_f64();
    Method {
        name: method["name"].as_str().unwrap_or_default().to_owned(),
        coverage: ["coverage_50", "coverage_80", "coverage_95"].map(share),
    }
}

fn origin(origin: &Value, methods: &[Method]) -> Result<Origin> {
    let booked = amount(&origin["booked"]).context("a past day without `booked`")?;
    let actual = amount(&origin["actual"]).context("a past day without `actual`")?;
    let said = |method: &Method| {
        let ends = &origin["intervals_80"][&method.name];
        let rest = |value: &Value| Some(amount(value)? - booked);
        let p50 = rest(&origin["medians"][&method.name])?;
        Some(Said { p10: rest(&ends[0])?, p50, p90: rest(&ends[1])? })
    };
    Ok(Origin { came: actual - booked, said: methods.iter().map(said).collect() })
}

/// Amounts are decimals in text, so that no digit is lost.
fn amount(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// For example `2025-Q3`.
fn period(quarter: &Quarter) -> String {
    format!("{}-Q{}", quarter.ends_on.year(), quarter.ends_on.month() / 3)
}

fn ahead(forecast: &Value, quarter: &Quarter) -> Result<Ahead> {
    let at = |name: &str| {
        amount(&forecast["quantiles"][name])
            .with_context(|| format!("a forecast without the quantile {name}"))
    };
    let said = Said { p10: at("p10")?, p50: at("p50")?, p90: at("p90")? };
    Ok(Ahead { said, truth: quarter.booked as f64 / 100.0 })
}
