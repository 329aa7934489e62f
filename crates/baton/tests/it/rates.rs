//! The rates of the funnel equal those that are computed here from the exports alone, by another
//! way; and the intervals of a company hold the truth that it was simulated from.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use jiff::civil::{Date, date};
use serde_json::Value;
use simulator::{Exports, Settings, write_exports};

type Row = BTreeMap<String, String>;

/// An end that misses, or the target; `None` while still there.
#[derive(Clone, Copy)]
struct Life {
    age_days: i64,
    reached: Option<bool>,
    amount: f64,
}

const SETTINGS: Settings = Settings {
    seed: 11,
    start: date(2023, 3, 1),
    days: 1_000,
    leads: 2_500,
    deals: 800,
    touches: 500,
};

#[test]
fn every_rate_is_recomputed_from_the_exports() {
    let folder = tempfile::tempdir().expect("a folder");
    let exports = write_exports(&SETTINGS, &folder.path().join("exports")).expect("exports");
    let data = folder.path().join("data");
    imported(&data, &exports);
    let (deals, changes) = (rows(&exports, "deals"), rows(&exports, "lead_changes"));
    // On a past day only what was known then counts.
    for days in [999, 700] {
        let as_of = SETTINGS.start.saturating_add(jiff::Span::new().days(days));
        let rates = rates(&data, as_of, &[]);
        check_deals(&rates["deals"], &lives(&deals, as_of, |_| true));
        for group in rates["groups"].as_array().expect("two types") {
            check_deals(group, &lives(&deals, as_of, |row| group["name"] == row["type"].as_str()));
        }
        check_leads(&rates["leads"], &changes, as_of);
        check_truth(&rates, &exports);
    }
    let as_of = SETTINGS.start.saturating_add(jiff::Span::new().days(999));
    let by_product = self::rates(&data, as_of, &["--by", "product"]);
    let names = by_product["groups"].as_array().expect("products").iter();
    let names: Vec<&str> = names.filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names.len(), 5);
    assert_eq!(names[0], "Lantern Core", "most deals first");
}

fn imported(data: &Path, exports: &Exports) {
    baton(data, &["init", "--name", "Lantern", "--currency", "USD"]);
    for file in &exports.files {
        let path = file.path.to_string_lossy();
        baton(data, &["import", &path, "--kind", file.kind, "--observed-at", "2025-11-25"]);
    }
}

fn rates(data: &Path, as_of: Date, more: &[&str]) -> Value {
    let as_of = as_of.to_string();
    let arguments = [&["funnel", "rates", "--as-of", &as_of, "--json"], more].concat();
    serde_json::from_slice(&baton(data, &arguments)).expect("is JSON")
}

fn baton(data: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
    let run = command.arg("--data").arg(data).args(arguments).output().expect("it runs");
    assert!(run.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
    run.stdout
}

fn rows(exports: &Exports, kind: &str) -> Vec<Row> {
    let file = exports.files.iter().find(|file| file.kind == kind).expect("a file of the kind");
    let mut reader = csv::Reader::from_path(&file.path).expect("opens");
    reader.deserialize().map(|row| row.expect("is a row")).collect()
}

fn day(text: &str) -> Date {
    text[..10].parse().expect("a date")
}

fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).expect("a span").get_days().into()
}

fn lives(deals: &[Row], as_of: Date, is_asked: impl Fn(&Row) -> bool) -> Vec<Life> {
    let life = |row: &Row| {
        let closed = day(&row["close_date"]);
        let is_closed = row["stage"].starts_with("Closed") && closed <= as_of;
        let last = if is_closed { closed } else { as_of };
        Life {
            age_days: days_between(day(&row["created_at"]), last),
            reached: is_closed.then(|| row["stage"] == "Closed Won"),
            amount: row["amount"].parse().expect("an amount"),
        }
    };
    let is_there = |row: &&Row| is_asked(row) && day(&row["created_at"]) <= as_of;
    deals.iter().filter(is_there).map(life).collect()
}

/// Who reached it within the follow-up and how much each stands for, and what missed it and what
/// remains: each stands for one, and whoever is seen no longer hands what it stands for to all who
/// are seen longer (Efron 1967, redistribution to the right).
fn redistributed(lives: &[Life], follow_up_days: i64) -> (Vec<(Life, f64)>, f64, f64) {
    let cut = |life: &Life| match life.age_days > follow_up_days {
        true => Life { age_days: follow_up_days, reached: None, ..*life },
        false => *life,
    };
    let mut lives: Vec<Life> = lives.iter().map(cut).collect();
    lives.sort_by_key(|life| (life.age_days, life.reached.is_none()));
    let last = lives.iter().rposition(|life| life.age_days < follow_up_days).unwrap_or(0);
    let all = lives.len() as f64;
    let mut stands_for = 1.0 / all;
    let (mut reached, mut missed, mut remaining) = (Vec::new(), 0.0, 0.0);
    for (place, life) in lives.iter().enumerate() {
        match life.reached {
            Some(true) => reached.push((*life, stands_for)),
            Some(false) => missed += stands_for,
            None if place <= last => stands_for *= 1.0 + 1.0 / (all - place as f64 - 1.0),
            None => remaining += stands_for,
        }
    }
    (reached, missed, remaining)
}

fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).expect("a number")
}

#[track_caller]
fn check(found: &Value, expected: f64) {
    let value = number(&found["value"]);
    assert!((value - expected).abs() < 1e-6 * expected.abs() + 0.006, "{found} {expected}");
    assert!(number(&found["low"]) < value && value < number(&found["high"]), "{found}");
}

fn check_deals(found: &Value, lives: &[Life]) {
    let follow_up = found["follow_up_days"].as_i64().expect("days");
    assert_eq!(found["deals"].as_u64(), Some(lives.len() as u64));
    let seen = |is: bool| {
        let by_then = |life: &&Life| life.reached == Some(is) && life.age_days <= follow_up;
        Some(lives.iter().filter(by_then).count() as u64)
    };
    assert_eq!((found["won"].as_u64(), found["lost"].as_u64()), (seen(true), seen(false)));
    let (won, lost, open) = redistributed(lives, follow_up);
    let share: f64 = won.iter().map(|(_, stands_for)| stands_for).sum();
    for (name, expected) in [
        ("won_share", share),
        ("lost_share", lost),
        ("open_share", open),
        ("won_of_closing_share", share / (share + lost)),
    ] {
        let value = number(&found[name]["value"]);
        assert!((value - expected).abs() < 1e-9, "{name}: {value} {expected}");
    }
    let mean = |of: fn(&Life) -> f64| {
        won.iter().map(|(life, stands_for)| of(life) * stands_for).sum::<f64>() / share
    };
    check(&found["days_to_win_mean"], mean(|life| life.age_days as f64));
    check(&found["won_amount_mean"], mean(|life| life.amount));
    let mut passed = 0.0;
    let half = won.iter().find(|(_, stands_for)| {
        passed += stands_for;
        passed >= 0.5 * share - 1e-12
    });
    check(&found["days_to_win_median"], half.expect("a median").0.age_days as f64);
}

fn check_leads(found: &Value, changes: &[Row], as_of: Date) {
    let steps = found.as_array().expect("steps");
    let known: Vec<&Row> = changes.iter().filter(|row| day(&row["changed_at"]) <= as_of).collect();
    let named = steps.iter().map(|step| (step["from"].as_str(), step["to"].as_str()));
    let expected = [("inquiry", "mql"), ("mql", "sal"), ("sal", "sql"), ("sql", "opportunity")];
    assert!(named.eq(expected.map(|(from, to)| (Some(from), Some(to)))), "{steps:?}");
    for (step, (from, to)) in steps.iter().zip(expected) {
        let stay = |(index, row): (usize, &&Row)| {
            let next = known.get(index + 1).filter(|next| next["lead_id"] == row["lead_id"]);
            let until = next.map_or(as_of, |next| day(&next["changed_at"]));
            (row["stage"] == from).then(|| Life {
                age_days: days_between(day(&row["changed_at"]), until),
                reached: next.map(|next| next["stage"] == to),
                amount: 0.0,
            })
        };
        let stays: Vec<Life> = known.iter().enumerate().filter_map(stay).collect();
        let (gone_on, ..) = redistributed(&stays, step["follow_up_days"].as_i64().expect("days"));
        let share: f64 = gone_on.iter().map(|(_, stands_for)| stands_for).sum();
        assert_eq!(step["entered"].as_u64(), Some(stays.len() as u64));
        assert!((number(&step["goes_on_share"]["value"]) - share).abs() < 1e-9, "{step}");
    }
}

/// Of the figures of one company nearly all are held by their intervals.
fn check_truth(rates: &Value, exports: &Exports) {
    let truth = std::fs::read_to_string(&exports.truth).expect("the truth");
    let truth: Value = serde_json::from_str(&truth).expect("is JSON");
    let mut pairs: Vec<(&Value, f64)> = Vec::new();
    for group in rates["groups"].as_array().expect("two types") {
        let truth = &truth["in_the_long_run"]["by_type"][group["name"].as_str().expect("a name")];
        for (name, of_truth) in [
            ("open_share", "never_closing"),
            ("won_of_closing_share", "win_share"),
            ("days_to_win_median", "days_to_win_median"),
            ("days_to_win_mean", "days_to_win_mean"),
            ("won_amount_mean", "won_amount_mean"),
        ] {
            pairs.push((&group[name], number(&truth[of_truth])));
        }
    }
    let steps = rates["leads"].as_array().expect("steps").iter();
    for (step, name) in
        steps.zip(["inquiry_to_mql", "mql_to_sal", "sal_to_sql", "sql_to_opportunity"])
    {
        pairs.push((&step["goes_on_share"], number(&truth["expected"][name])));
    }
    let is_held = |(found, truth): &&(&Value, f64)| {
        (number(&found["low"])..=number(&found["high"])).contains(truth)
    };
    let held = pairs.iter().filter(is_held).count();
    assert_eq!(pairs.len(), 14);
    assert!(held >= 12, "{held} of 14 hold: {pairs:?}");
}
