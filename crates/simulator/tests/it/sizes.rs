//! How many rows there are, that a seed fixes every byte, and what is refused.

use std::path::Path;

use jiff::civil::date;
use sha2::{Digest, Sha256};
use simulator::{Error, Settings, write_exports};

use crate::world::{settings, simulate};

/// Wanted and written must agree within 3 %.
fn check_sizes(leads: u64, deals: u64, touches: u64) {
    let exports = simulate(settings(leads, deals, touches)).exports;
    for (kind, wanted) in [("leads", leads), ("deals", deals), ("touches", touches)] {
        let written = exports.files.iter().find(|file| file.kind == kind).map_or(0, |f| f.rows);
        let error = written.abs_diff(wanted) as f64 / wanted.max(1) as f64;
        assert!(error <= 0.03, "{written} {kind} instead of {wanted}");
    }
}

#[test]
fn each_size_is_met_without_regard_to_the_others() {
    check_sizes(2_000, 500, 10_000);
    check_sizes(5_000, 100, 50_000);
    check_sizes(5_000, 5_000, 100);
    check_sizes(0, 300, 0);
    check_sizes(300, 0, 3_000);
    check_sizes(0, 0, 40);
}

#[test]
fn the_first_seed_has_these_rows() {
    let exports = simulate(settings(1_000, 200, 5_000)).exports;
    let rows: Vec<_> = exports.files.iter().map(|file| (file.kind, file.rows)).collect();
    let golden = [
        ("teams", 11),
        ("users", 157),
        ("products", 5),
        ("accounts", 561),
        ("people", 1_114),
        ("campaigns", 104),
        ("costs", 1_716),
        ("leads", 1_000),
        ("lead_changes", 2_117),
        ("deals", 200),
        ("deal_changes", 844),
        ("touches", 5_000),
        ("purchases", 184),
        ("subscriptions", 184),
    ];
    assert_eq!(rows, golden);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let small = settings(800, 150, 3_000);
    assert_eq!(digest(&small), digest(&small));
    assert_ne!(digest(&small), digest(&Settings { seed: 2, ..small }));
}

fn digest(settings: &Settings) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let exports = write_exports(settings, folder.path()).expect("an export");
    let mut hash = Sha256::new();
    for path in exports.files.iter().map(|file| &file.path).chain([&exports.truth]) {
        hash.update(std::fs::read(path).expect("a file"));
    }
    hash.finalize().to_vec()
}

#[test]
fn the_demo_ends_today() {
    let demo = Settings::demo(date(2026, 11, 21));
    assert_eq!((demo.start, demo.days), (date(2023, 11, 1), 1_116));
}

#[test]
fn what_cannot_be_simulated_is_refused() {
    let nowhere = Path::new("unused");
    let fine = settings(10, 10, 10);
    let refusal = |settings| write_exports(&settings, nowhere).expect_err("a refusal");
    assert!(matches!(refusal(Settings { days: 5, ..fine }), Error::Days(5)));
    assert!(matches!(refusal(Settings { days: 20_000, ..fine }), Error::Days(20_000)));
    let huge = refusal(Settings { leads: u64::MAX, ..fine });
    assert!(matches!(huge, Error::TooMany { kind: "leads", .. }));
    let late = refusal(Settings { start: date(9_999, 1, 1), ..fine });
    assert!(matches!(late, Error::Dates { .. }));
    assert!(!nowhere.exists());
}
