//! What comes into the build: licences that deny.toml allows, and one set of artefacts.
//!
//! Both ask `cargo tree`, which takes a second and no network. `cargo deny`, which takes minutes to
//! install, reads the same list of licences and is run as well where it is installed.

use crate::building;
use anyhow::{Context, Result, bail};
use spdx::{Expression, LicenseReq, Licensee, ParseMode};
use std::collections::BTreeSet;
use std::process::Stdio;

/// Prints the dependencies whose licence deny.toml does not allow; true when there is none.
pub fn have_allowed_licences() -> Result<bool> {
    let deny = std::fs::read_to_string(building::root().join("deny.toml"))
        .context("deny.toml could not be read")?;
    let allowed = allowed(&deny)?;
    let packages = tree(&building::WHOLE, "normal,build,dev", "{p};{l}")?;
    let refused: Vec<String> = packages.iter().filter_map(|line| refusal(line, &allowed)).collect();
    for line in &refused {
        eprintln!("{line}");
    }
    println!("{} packages hold the licences that deny.toml allows.", packages.len());
    Ok(refused.is_empty())
}

/// Prints the dependencies that tests would build with other features than the demo does.
///
/// Each of them, and all that rest on it, would be built twice: with DataFusion on top, that
/// doubles the time to the first green test.
pub fn are_built_once() -> Result<bool> {
    let packages = |edges| tree(&building::QUICK, edges, "{p} {f}");
    let (demo, tests) = (packages("normal,build")?, packages("normal,build,dev")?);
    let twice: Vec<&String> = demo.difference(&tests).collect();
    for package in &twice {
        eprintln!("{package}: a dev-dependency asks for more features; give them to all or none");
    }
    Ok(twice.is_empty())
}

/// The packages of a selection over `edges` on this platform, a line each in cargo's `format`.
fn tree(selection: &[&str], edges: &str, format: &str) -> Result<BTreeSet<String>> {
    let output = building::cargo()
        .arg("tree")
        .args(selection)
        .arg("--prefix=none")
        .args(["--edges", edges, "--format", format])
        .stderr(Stdio::inherit())
        .output()
        .context("cargo could not be started")?;
    if !output.status.success() {
        bail!("`cargo tree` failed; its messages are above");
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().map(|line| line.trim_end_matches(" (*)").to_owned());
    Ok(lines.filter(|line| !line.is_empty()).collect())
}

/// The allow list of a deny.toml.
fn allowed(deny: &str) -> Result<Vec<Licensee>> {
    let deny: toml::Table = deny.parse().context("deny.toml is not TOML")?;
    let names = deny
        .get("licenses")
        .and_then(|licenses| licenses.get("allow")?.as_array())
        .context("deny.toml has no [licenses] allow list")?;
    names
        .iter()
        .map(|name| {
            let name = name.as_str().context("deny.toml allows something that is not a name")?;
            Licensee::parse(name).with_context(|| format!("deny.toml allows `{name}`, no SPDX id"))
        })
        .collect()
}

/// Why the package of a `name version;licence` line may not come into the build, or `None`.
fn refusal(line: &str, allowed: &[Licensee]) -> Option<String> {
    let (package, licence) = line.rsplit_once(';').unwrap_or((line, ""));
    let Ok(expression) = Expression::parse_mode(licence, ParseMode::LAX) else {
        return Some(format!("{package}: its licence `{licence}` is not an SPDX expression"));
    };
    let satisfied = |required: &LicenseReq| allowed.iter().any(|one| one.satisfies(required));
    if expression.evaluate(satisfied) {
        return None;
    }
    Some(format!("{package}: deny.toml does not allow `{licence}`; use another crate"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_held_against_the_list() {
        let allowed = allowed("[licenses]\nallow = ['MIT', 'Apache-2.0']").unwrap();
        let check = |licence: &str, refused: bool| {
            let line = format!("a v1.0.0;{licence}");
            assert_eq!(refusal(&line, &allowed).is_some(), refused, "{licence}");
        };
        check("MIT", false);
        check("MIT/Apache-2.0", false);
        check("GPL-3.0-only OR MIT", false);
        check("MIT AND GPL-3.0-only", true);
        check("AGPL-3.0-or-later", true);
        check("Apache-2.0 WITH LLVM-exception", true);
        check("", true);
    }
}
