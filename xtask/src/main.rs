//! The project's automation: one command each for the demo, the tests, the benchmarks and tidiness.
//!
//! Knows how to start cargo, PostgreSQL and `baton`; knows nothing of what Baton computes.

mod api;
mod bench;
mod building;
mod demo;
mod dependencies;
mod packages;
mod postgres;
mod readme;
mod server;
mod stories;
mod test;
mod tidy;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  demo [OPTIONS]    build, create the demo company in a fresh data folder, run the main job;
                    OPTIONS go to `baton demo` (--deals N, --leads N, --touches N, --seed N)
  test              everything that must hold, with the set-up that it needs
  ci                test, where a check that is left out is a failure (CI=true does the same)
  stories [NAME…]   the stories in a real browser alone, or those of files in e2e/stories
  api [--profile dev|release]
                    the API alone, held against its description by Schemathesis as three roles
  tidy [--bless]    the house rules alone; --bless records new migrations and shorter functions
  bench [NAME…] [--profile dev|release]
                    speed, memory and repeatability beside a named peer: import journal memory seed
                    futures score attribution tracking
  bench pages --data DIR [--baton FILE] [--seconds N]
                    every page of a company at 20 requests a second, memory, and when an edit shows
  bench truth [--companies N] [--profile dev|release] [--baton FILE]
                    forecasts on simulated companies beside baselines and truth, to docs/truth.md
  bench truth --demo [--seeds N]
                    the demo's true parameters beside their 95 % intervals, to docs/truth.md
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the named command; `false` when a check did not hold and has said so.
fn run(arguments: &[String]) -> Result<bool> {
    let Some((command, rest)) = arguments.split_first() else {
        bail!("no command given\n\n{USAGE}");
    };
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    match (command.as_str(), rest) {
        ("demo", rest) => demo::run(rest),
        ("test", []) => test::run(ci),
        ("ci", []) => test::run(true),
        ("api", rest) => api::run(rest),
        ("stories", names) => stories::run(names),
        ("tidy", []) => tidy::run(false),
        ("tidy", [bless]) if bless == "--bless" => tidy::run(true),
        ("bench", [name, rest @ ..]) if name == "truth" => bench::truth::run(rest),
        ("bench", [name, rest @ ..]) if name == "pages" => bench::pages::run(rest),
        ("bench", rest) => bench::run(rest),
        ("help" | "--help" | "-h", _) => {
            print!("{USAGE}");
            Ok(true)
        }
        _ => bail!("`cargo xtask {}` is not a command\n\n{USAGE}", arguments.join(" ")),
    }
}
