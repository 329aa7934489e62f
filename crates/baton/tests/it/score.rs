//! `baton score backtest` on files without a data folder: its figures, and what it refuses.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Rows with a number and a category that tell, an id and a date that do not.
fn file(folder: &Path) -> String {
    let mut text = "id;won;visits;source;created;empty\n".to_owned();
    let mut state = 7_u64;
    for row in 0..1_500 {
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        let (visits, source) = (draw(40), draw(3));
        let is_won = draw(100) < 10 + visits + 15 * source;
        let won = if is_won { "Yes" } else { "No" };
        let source = ["web", "fair", "partner"][source as usize];
        let (day, month) = (1 + draw(28), 1 + draw(12));
        writeln!(text, "row-{row};{won};{visits},5;{source};{day:02}.{month:02}.2026;")
            .expect("text");
    }
    let path = folder.join("leads.csv");
    std::fs::write(&path, text).expect("a file");
    path.to_string_lossy().into_owned()
}

fn backtest(file: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
    command.args(["score", "backtest", file]).args(more).output().expect("baton runs")
}

#[test]
fn figures_are_printed_and_the_same_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = file(folder.path());
    let asked = "--target won --exclude id --test-every 3 --repeat 2 --json";
    let asked: Vec<&str> = asked.split(' ').collect();
    let run = || -> Value {
        let output = backtest(&file, &asked);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let found = run();
    let number = |name: &str| found[name].as_f64().expect("a number");
    assert!((0.62..0.85).contains(&number("auc")), "{found}");
    assert!(number("log_loss") < 0.68 && number("brier") < 0.25, "{found}");
    assert!(number("calibration_error") < 0.1, "{found}");
    assert_eq!(found["splits"][0]["rows_test"], 500);
    assert_eq!(found["splits"][0]["rows_train"], 1_000);
    assert!(number("train_seconds") > 0.0 && number("rows_scored_per_second") > 0.0);
    assert_eq!(found["positive"], "Yes");
    let columns = found["columns"].as_array().expect("columns");
    assert_eq!(columns.len(), 4, "{columns:?}");
    assert_eq!(run()["log_loss"], found["log_loss"]);
}

#[test]
fn what_cannot_be_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = file(folder.path());
    let check = |more: &[&str], says: &str| {
        let output = backtest(&file, more);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(says), "{more:?}: {said}");
    };
    let every = ["--test-every", "5"];
    let with = |more: &[&'static str]| [more, &every[..]].concat();
    check(&with(&["--target", "win"]), "no column `win`; there are id, won, visits");
    check(&with(&["--target", "won", "--exclude", "tags"]), "no column `tags`");
    check(&with(&["--target", "empty"]), "has one value");
    check(&with(&["--target", "source"]), "--positive: ");
    check(&with(&["--target", "won", "--positive", "maybe"]), "never `maybe`; it is");
    check(&with(&["--target", "won", "--test-column", "id"]), "must hold whole numbers");
    check(&["--target", "won", "--test-every", "1"], "2 or more");
    let gone = Command::new(env!("CARGO_BIN_EXE_baton"))
        .args(["score", "backtest", "gone.csv", "--target", "won", "--test-every", "5"])
        .output()
        .expect("baton runs");
    assert!(String::from_utf8_lossy(&gone.stderr).contains("gone.csv"));
}
