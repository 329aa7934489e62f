//! The house rules that neither rustc nor clippy can hold, each as a table and a small check.
//!
//! Runs on the files that git knows or would add, in milliseconds, as `cargo xtask tidy` and as a
//! test. What a rule is *for* stands in its message, with what to do instead.

mod crates;
mod documents;
mod rust;
mod text;

use crate::building;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::Command;

/// Which of our crates may depend on which: the architecture, as a table.
///
/// Not listed is not allowed. A dev-dependency may follow the same edges, and `testkit` besides.
const EDGES: &[(&str, &[&str])] = &[
    ("baton", &["app", "cluster", "domain", "reports", "simulator", "web"]),
    ("web", &["app", "domain", "reports"]),
    ("app", &["domain", "intake", "lake", "reports", "stats", "store"]),
    ("cluster", &["domain", "lake"]),
    ("store", &["domain"]),
    ("lake", &["domain"]),
    ("intake", &["domain"]),
    ("reports", &["domain", "stats"]),
    ("simulator", &["domain"]),
    ("domain", &[]),
    ("stats", &[]),
    ("testkit", &["app", "domain", "reports", "simulator"]),
    ("xtask", &["simulator", "stats"]),
];

/// Crates that must build in seconds and know nothing of the tests' shared world.
const WITHOUT_TESTKIT: &[&str] = &["domain", "stats", "xtask"];

/// Heavy crates, by the start of their names, with the one crate of ours that may name them.
const HEAVY: &[(&str, &str)] = &[
    ("arrow", "lake"),
    ("askama", "web"),
    ("axum", "web"),
    ("ballista", "cluster"),
    ("cedar-policy", "web"),
    ("datafusion", "lake"),
    ("deltalake", "lake"),
    ("object_store", "lake"),
    ("rust_xlsxwriter", "web"),
    ("sea-orm", "store"),
    ("sqlx", "store"),
    ("tower", "web"),
    ("utoipa", "web"),
];

/// What the code of a crate may not name outside its tests: the crates, the words, the reason.
const ABSENCES: &[(&[&str], &[&str], &str)] = &[
    (
        &["domain", "stats", "reports"],
        &["std::fs", "std::net", "std::env", "std::process", "tokio::"],
        "knows no I/O; take values in and give values back",
    ),
    (
        &["domain", "stats", "reports", "intake", "store", "lake", "app", "simulator"],
        &["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now", "Utc::now"],
        "knows no clock; take the time as an argument",
    ),
    (
        &["domain", "stats", "reports", "intake", "store", "lake", "app", "simulator"],
        &["rand::rng", "thread_rng", "from_os_rng", "Uuid::now_v7", "Uuid::new_v4"],
        "knows no ambient randomness; take a seed, a generator or the id as an argument",
    ),
    (
        &["domain", "stats", "reports", "intake", "store", "lake", "app", "simulator"],
        &["println!", "eprintln!", "print!", "eprint!"],
        "does not talk to the terminal; return what is to be said",
    ),
    (
        &["web", "baton", "reports", "domain", "stats", "intake", "simulator"],
        &["select * from", "insert into", "delete from"],
        "knows no SQL; ask `store` or `lake` through `app`",
    ),
];

/// Words that no tracked file may hold: the word, in pieces so that this table may; the reason.
const WORDS: &[(&str, &str)] = &[
    (concat!("todo", "!("), "finish it, or open an issue"),
    (concat!("unimplemented", "!("), "finish it, or return an error that says so"),
    (concat!("dbg", "!("), "delete it"),
    (concat!("FIX", "ME"), "mend it, or open an issue"),
    (concat!("TO", "DO"), "finish it, or open an issue"),
    (concat!("X", "XX"), "say what is wrong, in words"),
    (concat!("#[ign", "ore"), "a test runs or goes; what it needs, `xtask test` sets up"),
    (concat!("/wo", "rk/"), "a path of one machine; make it relative to the workspace"),
    (concat!("/ro", "ot/"), "a path of one machine; make it relative to the workspace"),
    (concat!("/ho", "me/"), "a path of one machine; make it relative to the workspace"),
    (concat!("/t", "mp/"), "a path of one machine; use `tempfile` or the target folder"),
    (concat!("crates", ".io"), "a registry's host; name the package alone"),
    (concat!("registry.npm", "js.org"), "a registry's host; name the package alone"),
    (concat!("pypi", ".org"), "a registry's host; name the package alone"),
    (concat!("deb.deb", "ian.org"), "a registry's host; name the package alone"),
    (concat!("proxy.gol", "ang.org"), "a registry's host; name the package alone"),
];

/// Files that the word list does not cover: the registry stands in the first by cargo's doing.
const WORDS_EXEMPT: &[&str] = &["Cargo.lock", "LICENSE"];

/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc"];

const FUNCTION_LINES_MAX: usize = 70;
const LINE_COLUMNS_MAX: usize = 100;

/// The functions that were too long when the ratchet was set; may only shrink.
const LONG_FUNCTIONS: &str = "xtask/src/tidy/long_functions.txt";
/// Every migration with the digest of its content; may only grow.
const MIGRATIONS: &str = "xtask/src/tidy/migrations.txt";

/// Prints every finding; true when there is none. `bless` brings the two lists up to date first.
pub fn run(bless: bool) -> Result<bool> {
    let tree = Tree::read(building::root())?;
    if bless {
        rust::bless(&tree)?;
        documents::bless(&tree)?;
        return run(false);
    }
    let findings = findings(&tree)?;
    for finding in &findings {
        eprintln!("{finding}");
    }
    if !findings.is_empty() {
        eprintln!("{} findings; each says what to do instead.", findings.len());
    }
    Ok(findings.is_empty())
}

fn findings(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = crates::findings(tree)?;
    findings.extend(rust::findings(tree)?);
    findings.extend(text::findings(tree));
    findings.extend(documents::findings(tree)?);
    Ok(findings)
}

/// A broken rule: where, and what to do.
#[derive(Debug, PartialEq)]
struct Finding {
    path: String,
    /// From 1; 0 for the whole file.
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}", self.path, self.message),
            line => write!(out, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// The text files that git knows or would add, by their path from the root.
struct Tree {
    files: BTreeMap<String, String>,
    /// Paths of the files that are not UTF-8 text, such as pictures.
    binaries: Vec<String>,
}

impl Tree {
    fn read(root: &Path) -> Result<Self> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .context("`git` could not be started; tidy asks it which files are the project's")?;
        if !listed.status.success() {
            bail!("`git ls-files` failed: {}", String::from_utf8_lossy(&listed.stderr).trim());
        }
        let mut tree = Self { files: BTreeMap::new(), binaries: Vec::new() };
        for path in String::from_utf8(listed.stdout)?.split_terminator('\0') {
            // A file that git still lists but that is gone is about to be deleted.
            let Ok(bytes) = std::fs::read(root.join(path)) else { continue };
            match String::from_utf8(bytes) {
                Ok(text) => drop(tree.files.insert(path.to_owned(), text)),
                Err(_) => tree.binaries.push(path.to_owned()),
            }
        }
        Ok(tree)
    }

    fn text(&self, path: &str) -> &str {
        self.files.get(path).map_or("", String::as_str)
    }

    /// The files whose path ends in `ending`.
    fn ending<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files
            .iter()
            .filter(move |(path, _)| path.ends_with(ending))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_tidy() {
        let tree = Tree::read(building::root()).unwrap();
        let findings: Vec<String> =
            findings(&tree).unwrap().iter().map(Finding::to_string).collect();
        assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
    }

    /// A tree of made-up files, for the tests of the single rules.
    pub fn tree(files: &[(&str, &str)]) -> Tree {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        Tree { files: files.collect(), binaries: Vec::new() }
    }
}
