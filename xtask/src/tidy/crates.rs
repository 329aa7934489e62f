//! Rules on manifests: the edges between our crates, heavy crates behind their one edge, and one
//! place for versions, features and lints.

use super::{EDGES, Finding, HEAVY, Tree, WITHOUT_TESTKIT};
use anyhow::{Context, Result};
use toml::{Table, Value};

/// Checks every member's manifest.
pub fn findings(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending("/Cargo.toml") {
        let manifest: Table = text.parse().with_context(|| format!("{path} is not TOML"))?;
        findings.extend(manifest_findings(path, &manifest));
    }
    Ok(findings)
}

fn manifest_findings(path: &str, manifest: &Table) -> Vec<Finding> {
    let name = path.rsplit('/').nth(1).unwrap_or("");
    let mut messages = Vec::new();
    if lookup(manifest, &["package", "name"]).and_then(Value::as_str) != Some(name) {
        messages.push("the package is not named as its folder; name both alike".to_owned());
    }
    if lookup(manifest, &["lints", "workspace"]) != Some(&Value::Boolean(true)) {
        messages.push("add `[lints] workspace = true`".to_owned());
    }
    match EDGES.iter().find(|(from, _)| *from == name) {
        None => messages.push(format!("`{name}` is not in the table of edges; add it there")),
        Some((_, allowed)) => {
            for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
                let dependencies = manifest.get(section).and_then(Value::as_table);
                for (dependency, entry) in dependencies.into_iter().flatten() {
                    messages.extend(refusal(name, allowed, section, dependency));
                    messages.extend(careless_entry(section, dependency, entry));
                }
            }
        }
    }
    messages.into_iter().map(|message| Finding::new(path, 0, message)).collect()
}

fn lookup<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = table.get(*first)?;
    if rest.is_empty() { Some(value) } else { lookup(value.as_table()?, rest) }
}

/// Why crate `name` may not depend on `dependency`, or `None`.
fn refusal(name: &str, allowed: &[&str], section: &str, dependency: &str) -> Option<String> {
    if dependency == "testkit" {
        let permitted = section == "dev-dependencies" && !WITHOUT_TESTKIT.contains(&name);
        return (!permitted).then(|| {
            format!("`testkit` is for tests outside {WITHOUT_TESTKIT:?}; not in [{section}] here")
        });
    }
    let ours = EDGES.iter().any(|(from, _)| *from == dependency);
    if ours && !allowed.contains(&dependency) {
        return Some(format!(
            "the edge {name} → {dependency} is not in the architecture; allowed are {allowed:?}"
        ));
    }
    let (_, home) = HEAVY.iter().find(|(heavy, _)| is_of_family(dependency, heavy))?;
    (*home != name).then(|| format!("`{dependency}` lives behind `{home}`; ask that crate"))
}

/// True for `family` itself and for `family-…` and `family_…`.
fn is_of_family(dependency: &str, family: &str) -> bool {
    dependency
        .strip_prefix(family)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

/// Versions and features stand in the workspace, so that every command builds one set of artefacts.
fn careless_entry(section: &str, dependency: &str, entry: &Value) -> Option<String> {
    let entry = entry.as_table();
    let flag = |key: &str| entry.and_then(|entry| entry.get(key));
    if flag("workspace") != Some(&Value::Boolean(true)) {
        return Some(format!(
            "[{section}] {dependency}: write `{dependency}.workspace = true`, the version in the \
             root Cargo.toml"
        ));
    }
    flag("features").map(|_| {
        format!(
            "[{section}] {dependency}: move its features to the root Cargo.toml; features that \
             differ by crate make cargo build the dependency once more"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, dependencies: &str, expected: &[&str]) {
        let manifest = format!("package.name = '{name}'\nlints.workspace = true\n{dependencies}");
        let found =
            manifest_findings(&format!("crates/{name}/Cargo.toml"), &manifest.parse().unwrap());
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (finding, part) in found.iter().zip(expected) {
            assert!(finding.message.contains(part), "{finding:?}");
        }
    }

    #[test]
    fn edges_follow_the_table() {
        check("app", "dependencies.store.workspace = true", &[]);
        check("store", "dependencies.lake.workspace = true", &["store → lake"]);
        check("stats", "dependencies.domain.workspace = true", &["stats → domain"]);
        check("simulator", "dev-dependencies.stats.workspace = true", &["simulator → stats"]);
        check("unheard", "", &["not in the table"]);
    }

    #[test]
    fn testkit_is_for_tests() {
        check("app", "dev-dependencies.testkit.workspace = true", &[]);
        check("app", "dependencies.testkit.workspace = true", &["for tests"]);
        check("stats", "dev-dependencies.testkit.workspace = true", &["for tests"]);
    }

    #[test]
    fn heavy_crates_stay_behind_one_edge() {
        check("lake", "dependencies.datafusion-expr.workspace = true", &[]);
        check("app", "dependencies.datafusion.workspace = true", &["behind `lake`"]);
        check("baton", "dependencies.sea-orm.workspace = true", &["behind `store`"]);
        check("reports", "dependencies.arrowhead.workspace = true", &[]);
    }

    #[test]
    fn versions_and_features_stand_in_the_workspace() {
        check("app", "dependencies.anyhow = '1'", &["anyhow.workspace = true"]);
        let features = "dev-dependencies.tokio = { workspace = true, features = ['full'] }";
        check("app", features, &["move its features"]);
    }
}
