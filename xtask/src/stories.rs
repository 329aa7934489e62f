//! The stories in a real browser (the folder `e2e`): set up, and run on the debug binary.
//!
//! What they need beyond Rust is Debian's Chromium, Node with npm, and the packages that
//! `e2e/package-lock.json` names. The stories start their servers themselves, on free ports of this
//! machine, and end them; all that they leave is in one folder of the target folder.

use crate::test::Outcome;
use crate::{building, packages};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

/// Where browsers that speak Chromium's protocol are found on the path, the usual one first.
const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// The oldest Node that runs them (major and minor).
const NODE_MIN: (u32, u32) = (18, 19);

/// A machine that can run the stories.
pub struct Ready {
    chromium: PathBuf,
}

/// Builds `baton`, sets up what is missing and runs the stories of the given names, or all.
pub fn run(names: &[String]) -> Result<bool> {
    match ready()? {
        Ok(ready) => hold(&ready, names),
        Err(advice) => anyhow::bail!("something that stories need is missing; run `{advice}`"),
    }
}

/// Finds or installs the browser, Node and npm's packages; with them, what the stories need.
pub fn set_up() -> (Result<Outcome>, Option<Ready>) {
    match ready() {
        Ok(Ok(ready)) => (Ok(Outcome::Held), Some(ready)),
        Ok(Err(advice)) => {
            (Ok(Outcome::LeftOut(format!("the stories in a browser; run `{advice}`"))), None)
        }
        Err(error) => (Err(error), None),
    }
}

/// Runs the stories; `false` when one did not hold and has said so.
pub fn hold(ready: &Ready, names: &[String]) -> Result<bool> {
    let baton = building::baton("dev")?.binary;
    building::holds(
        Command::new("node")
            .arg(folder().join("run.mjs"))
            .args(names)
            .env("BATON_BINARY", baton)
            .env("BATON_CHROMIUM", &ready.chromium)
            .env("BATON_SCRATCH", building::target().join("e2e"))
            .env("NODE_NO_WARNINGS", "1"),
    )
}

/// Ready, or the command that would make it so.
fn ready() -> Result<Result<Ready, String>> {
    let missing = missing();
    if !missing.is_empty() {
        packages::install(&missing)?;
    }
    if let Some(wanted) = Some(self::missing()).filter(|missing| !missing.is_empty()) {
        return Ok(Err(packages::command(&wanted)));
    }
    if !npm_packages()? {
        return Ok(Err("npm ci --prefix e2e".to_owned()));
    }
    let chromium = chromium().context("the browser that was there is gone")?;
    Ok(Ok(Ready { chromium }))
}

/// The Debian packages of what is not here.
fn missing() -> Vec<&'static str> {
    let needs = [
        ("chromium", chromium().is_some()),
        ("nodejs", node_version().is_some_and(|version| version >= NODE_MIN)),
        ("npm", building::available("npm", &["--version"])),
    ];
    needs.into_iter().filter(|(_, is_here)| !is_here).map(|(package, _)| package).collect()
}

fn chromium() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    let places = BROWSERS.iter().flat_map(|name| folders.iter().map(move |path| path.join(name)));
    places.into_iter().find(|place| place.exists())
}

fn node_version() -> Option<(u32, u32)> {
    let output = Command::new("node").arg("--version").output().ok()?;
    version(&String::from_utf8_lossy(&output.stdout))
}

/// Major and minor of a version such as `v20.1.0`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Installs the packages that the lock file names, unless these very ones are there.
fn npm_packages() -> Result<bool> {
    let wanted = std::fs::read(folder().join("package-lock.json"))
        .context("e2e/package-lock.json could not be read")?;
    let mark = folder().join("node_modules/.installed-from");
    if std::fs::read(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(true);
    }
    let installed = building::holds(
        Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(folder()),
    )?;
    if installed {
        std::fs::write(mark, wanted)?;
    }
    Ok(installed)
}

fn folder() -> PathBuf {
    building::root().join("e2e")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("v20.1.0\n"), Some((20, 1)));
        assert!(version("v9.11.2") < Some(NODE_MIN));
        assert!(version("v18.19.0") >= Some(NODE_MIN));
        assert_eq!(version("no node"), None);
    }
}
