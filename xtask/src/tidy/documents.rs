//! Rules on what lies beside the code: links between documents, dated logs, the metrics catalogue,
//! and migrations that only append.

use super::{Finding, MIGRATIONS, Tree};
use crate::building;
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

const REQUIRED: &[&str] =
    &["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "DECISIONS.md", "LICENSE", "docs/develop.md"];
const DATED: &[&str] = &["CHANGELOG.md", "DECISIONS.md"];

const METRICS: &str = "crates/lake/metrics/";
const METRIC_PARTS: &[(&str, &str)] = &[
    ("sql", "the definition"),
    ("md", "formula, grain, unit, direction, owning leg and edge cases"),
    ("slt", "golden rows"),
];

/// Checks documents, metrics and migrations.
pub fn findings(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = missing(tree);
    findings.extend(DATED.iter().filter_map(|path| undated(path, tree.text(path))));
    findings.extend(tree.ending(".md").flat_map(|(path, text)| dead_links(tree, path, text)));
    findings.extend(incomplete_metrics(tree));
    findings.extend(changed_migrations(&migrations(tree), &listed(tree)?));
    Ok(findings)
}

/// Adds new migrations to the list; what is on it stays as it is.
pub fn bless(tree: &Tree) -> Result<()> {
    let mut list = migrations(tree);
    list.extend(listed(tree)?);
    let lines = list.into_iter().map(|(path, digest)| format!("{digest} {path}\n"));
    std::fs::write(building::root().join(MIGRATIONS), lines.collect::<String>())?;
    Ok(())
}

fn missing(tree: &Tree) -> Vec<Finding> {
    let absent = REQUIRED.iter().filter(|path| !tree.files.contains_key(**path));
    absent.map(|path| Finding::new(path, 0, "is missing; every reader expects it")).collect()
}

fn undated(path: &str, text: &str) -> Option<Finding> {
    let dated = text.lines().any(|line| line.starts_with('#') && holds_date(line));
    (!dated).then(|| Finding::new(path, 0, "has no heading with a date; write `## YYYY-MM-DD …`"))
}

fn holds_date(line: &str) -> bool {
    line.as_bytes().windows(10).any(|window| {
        window.iter().zip(b"0000-00-00").all(|(byte, shape)| match shape {
            b'-' => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
    })
}

/// Relative links that lead nowhere.
fn dead_links(tree: &Tree, path: &str, text: &str) -> Vec<Finding> {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let mut fenced = false;
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        for target in line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next()) {
            if !resolves(tree, folder, target) {
                let message = format!("the link to `{target}` leads nowhere; mend it");
                findings.push(Finding::new(path, index + 1, message));
            }
        }
    }
    findings
}

fn resolves(tree: &Tree, folder: &Path, target: &str) -> bool {
    let file = target.split('#').next().unwrap_or("");
    if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
        return true;
    }
    let Some(path) = plain(&folder.join(file)) else { return false };
    let path = path.to_string_lossy();
    let folder = format!("{}/", path.trim_end_matches('/'));
    tree.files.contains_key(&*path)
        || tree.binaries.iter().any(|binary| *binary == path)
        || tree.files.keys().any(|known| known.starts_with(&folder))
}

/// `path` without `.` and `..`; `None` when it leaves the project.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if plain.pop() => {}
            Component::Normal(part) => plain.push(part),
            _ => return None,
        }
    }
    Some(plain)
}

/// A metric is its definition, its explanation and its golden rows, or it is none.
fn incomplete_metrics(tree: &Tree) -> Vec<Finding> {
    let files = tree.files.keys().filter_map(|path| path.strip_prefix(METRICS));
    let is_part = |ending: &str| METRIC_PARTS.iter().any(|(part, _)| *part == ending);
    // Beside the metrics lies the small world that their golden rows are about.
    let parts = files.filter_map(|file| file.rsplit_once('.').filter(|(_, end)| is_part(end)));
    let names: BTreeSet<&str> = parts.map(|(name, _)| name).collect();
    let mut findings = Vec::new();
    for name in names {
        for (ending, holding) in METRIC_PARTS {
            let path = format!("{METRICS}{name}.{ending}");
            if !tree.files.contains_key(&path) {
                findings.push(Finding::new(&path, 0, format!("is missing; it holds {holding}")));
            }
        }
    }
    findings
}

/// Every migration of the store, by path, with its digest.
fn migrations(tree: &Tree) -> BTreeMap<String, String> {
    tree.files
        .iter()
        .filter(|(path, _)| is_migration(path))
        .map(|(path, text)| (path.clone(), digest(text)))
        .collect()
}

/// A file of the store whose name, or whose folder's name, is `m` or `v` and digits, or digits.
fn is_migration(path: &str) -> bool {
    path.starts_with("crates/store/")
        && path.split_once("/migration").is_some_and(|(_, below)| {
            below.split('/').skip(1).any(|part| {
                part.trim_start_matches(['m', 'v']).starts_with(|c: char| c.is_ascii_digit())
            })
        })
}

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The committed list: path to digest.
fn listed(tree: &Tree) -> Result<BTreeMap<String, String>> {
    tree.text(MIGRATIONS)
        .lines()
        .map(|line| {
            let (digest, path) =
                line.split_once(' ').context("migrations.txt: a line is `digest path`")?;
            Ok((path.to_owned(), digest.to_owned()))
        })
        .collect()
}

fn changed_migrations(
    present: &BTreeMap<String, String>,
    listed: &BTreeMap<String, String>,
) -> Vec<Finding> {
    let new = present.keys().filter(|path| !listed.contains_key(*path)).map(|path| {
        Finding::new(path, 0, "is a new migration; record it: `cargo xtask tidy --bless`")
    });
    let changed = listed.iter().filter(|(path, digest)| present.get(*path) != Some(digest));
    let changed = changed.map(|(path, _)| {
        let message = "was altered after it was recorded; undo that and write a new migration";
        Finding::new(path, 0, message)
    });
    new.chain(changed).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    #[test]
    fn links_lead_somewhere() {
        let check = |link: &str, dead: bool| {
            let text = format!("see [it]({link})");
            let tree = tree(&[("docs/a.md", &text), ("README.md", ""), ("docs/b/c.md", "")]);
            assert_eq!(!dead_links(&tree, "docs/a.md", &text).is_empty(), dead, "{link}");
        };
        check("../README.md", false);
        check("b/c.md#part", false);
        check("b", false);
        check("#part", false);
        check("https://example.org/x", false);
        check("missing.md", true);
        check("../../outside.md", true);
    }

    #[test]
    fn logs_are_dated() {
        assert!(undated("CHANGELOG.md", "# Changes\n\n## 2026-01-31\n").is_none());
        assert!(undated("CHANGELOG.md", "# Changes\n\n2026-01-31\n").is_some());
    }

    #[test]
    fn a_metric_has_three_parts() {
        let check = |files: &[&str], missing: usize| {
            let files: Vec<(String, &str)> =
                files.iter().map(|file| (format!("{METRICS}{file}"), "")).collect();
            let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), *t)).collect();
            assert_eq!(incomplete_metrics(&tree(&files)).len(), missing);
        };
        check(&["wins.sql", "wins.md", "wins.slt"], 0);
        check(&["wins.sql"], 2);
        check(&["wins.sql", "wins.md", "wins.slt", "asp.md"], 2);
    }

    #[test]
    fn migrations_only_append() {
        let path = "crates/store/src/migrations/m0001_records.rs";
        let list = |text: &str| BTreeMap::from([(path.to_owned(), digest(text))]);
        assert_eq!(migrations(&tree(&[(path, "a")])), list("a"));
        assert_eq!(migrations(&tree(&[("crates/store/src/migrations/mod.rs", "a")])).len(), 0);
        assert_eq!(changed_migrations(&list("a"), &list("a")), []);
        assert_eq!(changed_migrations(&list("a"), &BTreeMap::new()).len(), 1);
        assert_eq!(changed_migrations(&list("b"), &list("a")).len(), 1);
        assert_eq!(changed_migrations(&BTreeMap::new(), &list("a")).len(), 1);
    }
}
