//! Every dependency's licence against the list that deny.toml allows.
//!
//! Reads what cargo already has on disk, so it takes a second and no network; `cargo deny`, which
//! takes minutes to install, reads the same list and is run as well where it is installed.

use crate::building;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use spdx::{Expression, LicenseReq, Licensee, ParseMode};
use std::process::Stdio;

/// Prints what no allowed licence covers; true when nothing was found.
pub fn run() -> Result<bool> {
    let allowed = allowed(&std::fs::read_to_string(building::root().join("deny.toml"))?)?;
    let refused: Vec<String> =
        packages()?.iter().filter_map(|package| refusal(package, &allowed)).collect();
    for line in &refused {
        eprintln!("{line}");
    }
    Ok(refused.is_empty())
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

fn packages() -> Result<Vec<Value>> {
    let output = building::cargo()
        .args(["metadata", "--format-version=1", "--locked"])
        .stderr(Stdio::inherit())
        .output()
        .context("cargo could not be started")?;
    if !output.status.success() {
        bail!("`cargo metadata` failed; its messages are above");
    }
    let mut metadata: Value = serde_json::from_slice(&output.stdout)?;
    match metadata.get_mut("packages").map(Value::take) {
        Some(Value::Array(packages)) => Ok(packages),
        _ => bail!("`cargo metadata` listed no packages"),
    }
}

/// Why `package` may not come into the build, or `None`.
fn refusal(package: &Value, allowed: &[Licensee]) -> Option<String> {
    let text = |key: &str| package.get(key).and_then(Value::as_str).unwrap_or("");
    let named = format!("{} {}", text("name"), text("version"));
    let licence = text("license");
    let Ok(expression) = Expression::parse_mode(licence, ParseMode::LAX) else {
        return Some(format!("{named}: its licence `{licence}` is not an SPDX expression"));
    };
    let satisfied = |required: &LicenseReq| allowed.iter().any(|one| one.satisfies(required));
    if expression.evaluate(satisfied) {
        return None;
    }
    Some(format!("{named}: deny.toml does not allow `{licence}`; use another crate"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_held_against_the_list() {
        let allowed = allowed("[licenses]\nallow = ['MIT', 'Apache-2.0']").unwrap();
        let check = |licence: &str, refused: bool| {
            let package = serde_json::json!({"name": "a", "version": "1.0.0", "license": licence});
            assert_eq!(refusal(&package, &allowed).is_some(), refused, "{licence}");
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
