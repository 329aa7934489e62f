//! Every figure on the page of a review equals one that is computed here from the files alone, by
//! other code; and the page is one file that asks nothing of anybody.

mod demo;
mod figures;
mod in_the_end;
mod maven;
mod olist;
mod page;
mod recomputed;

use std::path::{Path, PathBuf};
use std::process::Command;

use figures::Figures;
use page::Page;
use serde_json::Value;

/// A page may have this many bytes.
const PAGE_BYTES_MAX: usize = 2_000_000;

/// What one run of the command gave.
struct Reviewed {
    page: Page,
    json: Value,
}

/// Reviews files, and checks what holds for every page.
fn reviewed(paths: &[PathBuf]) -> Reviewed {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("review.html");
    let run = Command::new(env!("CARGO_BIN_EXE_baton"))
        .arg("review")
        .args(paths)
        .arg("--out")
        .arg(&out)
        .arg("--json")
        .current_dir(folder.path())
        .output()
        .expect("the command runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("is there").collect();
    assert_eq!(left.len(), 1, "nothing but the page is left behind: {left:?}");
    let html = std::fs::read_to_string(&out).expect("the page is written");
    let page = Page::parse(html);
    check_page(&page);
    Reviewed { page, json: serde_json::from_slice(&run.stdout).expect("is JSON") }
}

fn check_page(page: &Page) {
    let html = &page.html;
    assert!(html.len() < PAGE_BYTES_MAX, "{} bytes", html.len());
    for word in ["http", "//", "<script", "<link", "<iframe", "<img", "url(", "@import", " on"] {
        let found =
            html.match_indices(word).filter(|(at, _)| word != " on" || is_handler(html, *at));
        let shown: Vec<&str> =
            found.map(|(at, _)| html.get(at..at + 40).unwrap_or_default()).collect();
        assert!(shown.is_empty(), "`{word}` stands in the page: {shown:?}");
    }
    let mut ids = page.attributes("id");
    let anchors = page.attributes("href");
    assert!(!anchors.is_empty());
    for anchor in anchors {
        let target = anchor.strip_prefix('#').unwrap_or_else(|| panic!("{anchor} leads away"));
        assert!(ids.iter().any(|id| id == target), "nothing is called {target}");
    }
    for described in page.attributes("aria-labelledby") {
        assert!(described.split(' ').all(|id| ids.iter().any(|other| other == id)), "{described}");
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "every id is used once");
    assert_eq!(html.matches("<h1").count(), 1);
    let not_numbers: Vec<&str> = html.matches("NaN").chain(html.matches("inf ")).collect();
    assert!(not_numbers.is_empty(), "{not_numbers:?} stand in the page");
}

/// Whether an attribute such as `onclick=` begins here.
fn is_handler(html: &str, at: usize) -> bool {
    let rest: String = html[at + 1..].chars().take_while(char::is_ascii_alphanumeric).collect();
    html[at + 1 + rest.len()..].starts_with('=')
}

/// Holds every table of a page against the figures that the files gave.
fn check(page: &Page, figures: &Figures) {
    for (caption, rows) in &page.tables {
        figures.check(caption, rows);
    }
    for (caption, wanted) in figures.tables() {
        let is_shown = page.tables.iter().any(|(shown, _)| shown == caption);
        assert!(is_shown || wanted == 0, "the page lacks the table `{caption}`");
    }
}

/// The rows of a CSV file as maps from header to cell.
fn rows(path: &Path) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).expect("opens");
    reader.deserialize().map(|row| row.expect("is a row")).collect()
}

#[test]
fn files_that_hold_nothing_are_refused_with_reasons() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("colours.csv");
    std::fs::write(&path, "name,colour\nsky,blue\n").expect("is written");
    let run = Command::new(env!("CARGO_BIN_EXE_baton"))
        .args(["review", "colours.csv"])
        .current_dir(folder.path())
        .output()
        .expect("the command runs");
    assert!(!run.status.success());
    let message = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(message.contains("colours.csv") && message.contains("deals"), "{message}");
    assert!(!folder.path().join("review.html").exists());
}
