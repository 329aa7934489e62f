//! `cargo xtask test`: everything that must hold, in order, each step named with its time.
//!
//! A check whose set-up is not to be had is *left out*, said at the end, and in CI a failure.

use crate::{building, dependencies, packages, postgres, readme, stories, tidy};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Runs all steps; with `strict`, a check that is left out counts as broken.
pub fn run(strict: bool) -> Result<bool> {
    let started = Instant::now();
    let mut steps = Steps::default();

    steps.run("format", || holds(building::cargo().args(["fmt", "--all", "--check"])));
    steps.run("tidy", || Ok(Outcome::of(tidy::run(false)?)));
    steps.run("licences", || Ok(Outcome::of(dependencies::have_allowed_licences()?)));
    steps.run("built once", || Ok(Outcome::of(dependencies::are_built_once()?)));
    steps.run("cargo deny", cargo_deny);
    let server_programs = steps.run_for("PostgreSQL set-up", set_up_postgres);
    let browser = steps.run_for("browser set-up", stories::set_up);

    let building = Instant::now();
    if steps.run("build", build_tests) {
        steps.run("clippy", clippy);
        let building = building.elapsed();
        steps.run("tests", || tests(server_programs.as_deref()));
        steps.run("doc tests", doc_tests);
        steps.run("README", readme::run);
        if let Some(browser) = &browser {
            steps.run("stories", || Ok(Outcome::of(stories::hold(browser, &[])?)));
        }
        println!("\nBuilding took {}.", building::spoken(building));
    }
    Ok(steps.close(strict, started.elapsed()))
}

/// What a step came to.
pub enum Outcome {
    Held,
    Broken,
    /// It could not be checked here: why, and what would change that.
    LeftOut(String),
}

impl Outcome {
    pub fn of(held: bool) -> Self {
        if held { Self::Held } else { Self::Broken }
    }
}

fn holds(command: &mut Command) -> Result<Outcome> {
    Ok(Outcome::of(building::holds(command)?))
}

fn cargo_deny() -> Result<Outcome> {
    if !building::available("cargo", &["deny", "--version"]) {
        // No loss: [licenses] was just held offline, and the lock file names one registry.
        println!("cargo-deny is not installed (`cargo install cargo-deny --locked` adds it).");
        return Ok(Outcome::Held);
    }
    holds(building::cargo().args([
        "deny",
        "--log-level=error",
        "check",
        "licenses",
        "bans",
        "sources",
    ]))
}

/// Finds or installs PostgreSQL's server; its programs' folder where there is one.
fn set_up_postgres() -> (Result<Outcome>, Option<PathBuf>) {
    let found = postgres::locate();
    if found.is_some() {
        return (Ok(Outcome::Held), found);
    }
    let installed = packages::install(postgres::PACKAGES);
    match (installed, postgres::locate()) {
        (_, Some(programs)) => (Ok(Outcome::Held), Some(programs)),
        (Err(error), None) => (Err(error), None),
        (Ok(_), None) => {
            let command = packages::command(postgres::PACKAGES);
            let reason = format!("the story on PostgreSQL; run `{command}`");
            (Ok(Outcome::LeftOut(reason)), None)
        }
    }
}

/// Builds the binary and every test, so that the steps after it show their own time.
fn build_tests() -> Result<Outcome> {
    building::baton("dev")?;
    holds(building::cargo().args(test_arguments()).arg("--no-run"))
}

fn test_arguments() -> Vec<&'static str> {
    let runner: &[&str] = match building::available("cargo", &["nextest", "--version"]) {
        true => &["nextest", "run"],
        false => &["test", "--lib", "--bins", "--tests"],
    };
    [runner, &building::QUICK].concat()
}

/// Lints our own crates on top of the artefacts that the tests were built from.
///
/// `cargo clippy` checks instead of building, and so would analyse every dependency once more
/// (minutes with DataFusion). This is what it does, with `build` in place of `check`: cargo calls
/// clippy's driver for the workspace's members only, and their dependencies stay as built. What
/// it builds is never run, so the hot crates of ours are not optimised here.
fn clippy() -> Result<Outcome> {
    if !building::available("clippy-driver", &["--version"]) {
        return Ok(Outcome::LeftOut("clippy; run `rustup component add clippy`".to_owned()));
    }
    holds(
        building::cargo()
            .arg("build")
            .args(building::QUICK)
            .arg("--all-targets")
            .args(unoptimised(&std::fs::read_to_string(building::root().join("Cargo.toml"))?)?)
            .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
            .env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__"),
    )
}

/// cargo's options that take back what `[profile.dev.package]` asks for the workspace's members.
fn unoptimised(manifest: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = manifest.parse().context("the root Cargo.toml is not TOML")?;
    let table =
        |path: &[&str]| path.iter().try_fold(&manifest, |table, key| table.get(*key)?.as_table());
    let dependencies = table(&["workspace", "dependencies"]).context("no dependencies")?;
    let profiles = table(&["profile", "dev", "package"]).into_iter().flatten();
    let ours = profiles.map(|(name, _)| name).filter(|name| {
        dependencies.get(*name).is_some_and(|dependency| dependency.get("path").is_some())
    });
    Ok(ours.map(|name| format!("--config=profile.dev.package.{name}.opt-level=0")).collect())
}

fn tests(server_programs: Option<&Path>) -> Result<Outcome> {
    let server = server_programs.map(postgres::start).transpose()?;
    let mut command = building::cargo();
    command.args(test_arguments());
    match &server {
        Some(server) => command.env("BATON_TEST_POSTGRES_URL", &server.url),
        None => command.env_remove("BATON_TEST_POSTGRES_URL"),
    };
    holds(&mut command)
}

fn doc_tests() -> Result<Outcome> {
    holds(building::cargo().args(["test", "--quiet", "--doc"]).args(building::QUICK))
}

/// The steps that were run, with their outcomes.
#[derive(Default)]
struct Steps {
    done: Vec<(&'static str, Outcome, Duration)>,
}

impl Steps {
    /// Runs one step and says how it went; true when it held.
    fn run(&mut self, name: &'static str, step: impl FnOnce() -> Result<Outcome>) -> bool {
        self.run_for(name, || (step(), ()));
        matches!(self.done.last(), Some((_, Outcome::Held, _)))
    }

    /// Like [`Steps::run`] for a step that hands on a value.
    fn run_for<T>(&mut self, name: &'static str, step: impl FnOnce() -> (Result<Outcome>, T)) -> T {
        println!("\n== {name}");
        let started = Instant::now();
        let (outcome, value) = step();
        let outcome = outcome.unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Outcome::Broken
        });
        let took = started.elapsed();
        println!("== {name}: {} in {}", word(&outcome), building::spoken(took));
        self.done.push((name, outcome, took));
        value
    }

    /// Prints the summary; true when everything held.
    fn close(&self, strict: bool, took: Duration) -> bool {
        println!("\nSummary");
        for (name, outcome, took) in &self.done {
            println!("  {name:<18} {:<9} {:>13}", word(outcome), building::spoken(*took));
        }
        let left_out: Vec<&String> = self.done.iter().filter_map(|step| step.1.reason()).collect();
        for reason in &left_out {
            println!("Left out: {reason}");
        }
        let broken = self.done.iter().filter(|step| matches!(step.1, Outcome::Broken)).count();
        let held = self.done.len() - broken - left_out.len();
        println!("All of it took {}.", building::spoken(took));
        if strict && !left_out.is_empty() {
            println!("In CI a check that is left out is a failure.");
        }
        println!("steps: {held} passed, {broken} failed, {} skipped", left_out.len());
        broken == 0 && (left_out.is_empty() || !strict)
    }
}

impl Outcome {
    fn reason(&self) -> Option<&String> {
        match self {
            Self::LeftOut(reason) => Some(reason),
            Self::Held | Self::Broken => None,
        }
    }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Held => "held",
        Outcome::Broken => "BROKEN",
        Outcome::LeftOut(_) => "left out",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_crates_are_not_optimised() {
        let manifest = "[workspace.dependencies]\nstats.path = 'crates/stats'\nrand = '1'\n\
                        [profile.dev.package]\nstats.opt-level = 3\nrand.opt-level = 3\n";
        let expected = ["--config=profile.dev.package.stats.opt-level=0"];
        assert_eq!(unoptimised(manifest).unwrap(), expected);
    }

    #[test]
    fn what_is_left_out_fails_in_ci_only() {
        let check = |outcome: Outcome, by_hand: bool, in_ci: bool| {
            let mut steps = Steps::default();
            steps.run("step", || Ok(outcome));
            assert_eq!(steps.close(false, Duration::ZERO), by_hand);
            assert_eq!(steps.close(true, Duration::ZERO), in_ci);
        };
        check(Outcome::Held, true, true);
        check(Outcome::Broken, false, false);
        check(Outcome::LeftOut("why".to_owned()), true, false);
    }
}
