//! The simulated companies as files and as what they claim to be: a seed fixes every byte, the
//! files agree with the truth beside them, and each world does what its name says.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::{Date, Weekday};
use serde_json::Value;
use sha2::{Digest, Sha256};
use simulator::yardstick::company::{Company, Habits, Holiday, Review};
use simulator::yardstick::world::World;
use simulator::yardstick::{Deal, quarter_end};

fn digest(seed: u64) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let exports = Company::draw(seed).write(folder.path()).expect("an export");
    let mut hash = Sha256::new();
    for path in exports.files.iter().map(|file| &file.path).chain([&exports.truth]) {
        hash.update(std::fs::read(path).expect("a file"));
    }
    hash.finalize().to_vec()
}

#[test]
fn a_seed_gives_the_same_bytes_and_another_seed_others() {
    let digests: BTreeSet<Vec<u8>> = [14, 17, 19, 30].map(digest).into();
    assert_eq!(digests.len(), 4);
    assert_eq!(digest(17), digest(17));
}

#[test]
fn half_of_the_companies_are_outside_and_every_world_occurs() {
    let companies: Vec<Company> = (1..=1_000).map(Company::draw).collect();
    assert_eq!(companies.iter().filter(|company| company.is_inside).count(), 500);
    for world in World::INSIDE.iter().chain(&World::OUTSIDE) {
        let count = companies.iter().filter(|company| company.world == *world).count();
        assert!(count >= 25, "{}: {count}", world.name());
    }
    assert!(companies.iter().all(|company| company.also.is_empty() || !company.is_inside));
}

#[test]
fn companies_are_of_many_sizes() {
    let mut sizes: Vec<usize> = (0..104)
        .map(|seed| {
            let company = Company::draw(seed);
            company.seen(&company.deals(), company.export_on).len()
        })
        .collect();
    sizes.sort_unstable();
    assert!(sizes[0] >= 15 && sizes[10] < 80, "{sizes:?}");
    assert!((200..2_000).contains(&sizes[52]), "{sizes:?}");
    assert!(sizes[103] > 8_000 && sizes[103] < 40_000, "{sizes:?}");
}

fn rows(path: &Path) -> Vec<Vec<String>> {
    let reader = csv::Reader::from_path(path).expect("a file");
    let row = |record: Result<csv::StringRecord, _>| {
        record.expect("a row").iter().map(str::to_owned).collect()
    };
    reader.into_records().map(row).collect()
}

/// What was booked in each quarter, in minor units, by the rows of `deals.csv`.
fn booked_by_quarter(rows: &[Vec<String>]) -> Vec<(String, i64)> {
    let mut quarters = std::collections::BTreeMap::new();
    for row in rows.iter().filter(|row| row[7] == "Closed Won") {
        let day: Date = row[10].parse().expect("a closing day");
        let amount: i64 = row[8].replace('.', "").parse().expect("an amount");
        *quarters.entry(quarter_end(day).to_string()).or_insert(0) += amount;
    }
    quarters.into_iter().collect()
}

/// Of clean exports: the quarters that were over by the export are in the file as they are in
/// truth.
#[test]
fn the_files_agree_with_the_truth() {
    for seed in [2, 6, 9, 14, 16, 30, 33, 38, 40, 41] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let company = Company::draw(seed);
        let exports = company.write(folder.path()).expect("an export");
        let text = std::fs::read_to_string(&exports.truth).expect("a truth");
        let truth: Value = serde_json::from_str(&text).expect("JSON");
        let rows = rows(&exports.files[0].path);
        assert_eq!(truth["deals"].as_u64(), Some(rows.len() as u64), "seed {seed}");
        let known: i64 = truth["quarters"].as_array().expect("a list").iter().map(sum).sum();
        let next: i64 = ["next_from_open", "next_from_new"]
            .into_iter()
            .flat_map(|name| truth[name].as_array().expect("a list"))
            .map(sum)
            .sum();
        let told: i64 = booked_by_quarter(&rows).iter().map(|(_, amount)| amount).sum();
        assert_eq!(told, known - next, "seed {seed}");
        for (quarter, amount) in booked_by_quarter(&rows) {
            if quarter < company.export_on.to_string() {
                let list = truth["quarters"].as_array().expect("a list").iter();
                let of_truth = list.filter(|it| it["ends_on"] == quarter.as_str()).map(sum);
                assert_eq!(of_truth.sum::<i64>(), amount, "seed {seed}, {quarter}");
            }
        }
    }
}

fn sum(quarter: &Value) -> i64 {
    quarter["booked"].as_i64().expect("an amount")
}

#[test]
fn a_history_ends_where_the_export_does() {
    let mut with_history = 0;
    for seed in 0..20 {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let company = Company::draw(seed);
        let exports = company.write(folder.path()).expect("an export");
        let Some(changes) = exports.files.get(1) else { continue };
        with_history += 1;
        let mut last = std::collections::BTreeMap::new();
        for row in rows(&changes.path) {
            assert!(
                row[1].as_str() < company.export_on.tomorrow().expect("a day").to_string().as_str()
            );
            last.insert(row[0].clone(), row[2].clone());
        }
        for row in rows(&exports.files[0].path) {
            assert_eq!(last[&row[0]], row[7], "seed {seed}, {}", row[0]);
        }
    }
    assert!(with_history > 4);
}

/// A company of the plainest world, big enough to show what a habit does.
fn plain(habits: Habits) -> Company {
    let mut company = Company::draw(0);
    company.arrivals.per_day = 3.0;
    company.classes[0].cycle_days_median = 30.0;
    company.classes[0].win_share = 0.3;
    company.habits = habits;
    company
}

fn closings(company: &Company, is_won: bool) -> Vec<Date> {
    let deals = company.deals();
    let closed = deals.iter().filter_map(|deal: &Deal| deal.closed);
    closed.filter(|closed| closed.is_won == is_won).map(|closed| closed.on).collect()
}

fn share(days: &[Date], holds: impl Fn(Date) -> bool) -> f64 {
    days.iter().filter(|day| holds(**day)).count() as f64 / days.len().max(1) as f64
}

fn days_left(day: Date) -> i32 {
    day.until(quarter_end(day)).map_or(0, |span| span.get_days())
}

#[test]
fn habits_move_closings_as_they_say() {
    let at_the_end = |habits| share(&closings(&plain(habits), true), |day| days_left(day) < 5);
    let usual = at_the_end(Habits::default());
    let stick = at_the_end(Habits { hockey_stick: 0.8, ..Habits::default() });
    assert!(usual < 0.12 && stick > 0.7, "{usual} {stick}");

    let at_the_start = |habits| share(&closings(&plain(habits), true), |day| days_left(day) > 78);
    let usual = at_the_start(Habits::default());
    let kept = at_the_start(Habits { quota: 0.5, sandbagging: 0.9, ..Habits::default() });
    assert!(usual < 0.25 && kept > usual + 0.1, "{usual} {kept}");
}

#[test]
fn reviews_leave_closings_on_their_days_alone() {
    let habits = Habits { review: Some(Review::Fridays), ..Habits::default() };
    let company = plain(habits);
    for is_won in [true, false] {
        let fridays = share(&closings(&company, is_won), |day| day.weekday() == Weekday::Friday);
        assert!((fridays - 1.0).abs() < 1e-9, "{fridays}");
    }
    let habits = Habits { review: Some(Review::MonthEnds), ..Habits::default() };
    let ends = share(&closings(&plain(habits), true), |day| day == day.last_of_month());
    assert!((ends - 1.0).abs() < 1e-9, "{ends}");
}

#[test]
fn sellers_win_no_more_than_they_can() {
    let unlimited = closings(&plain(Habits::default()), true).len();
    let mut company = plain(Habits::default());
    let weeks = company.start.until(company.end).expect("days").get_days() as f64 / 7.0;
    let limit = 0.5 * unlimited as f64 / weeks / company.sellers.len() as f64;
    company.habits.wins_a_week_max = Some(limit);
    let limited = closings(&company, true).len();
    assert!(limited as f64 <= 0.55 * unlimited as f64, "{limited} of {unlimited}");
    assert!(limited as f64 >= 0.35 * unlimited as f64, "{limited} of {unlimited}");
}

#[test]
fn nothing_closes_on_a_holiday() {
    let mut company = plain(Habits::default());
    company.calendar.holidays = vec![Holiday { month: 8, from: 1, to: 31 }];
    for is_won in [true, false] {
        assert!(share(&closings(&company, is_won), |day| day.month() == 8) == 0.0);
    }
}

#[test]
fn losses_that_are_never_marked_stay_open() {
    let mut company = plain(Habits::default());
    let wins = closings(&company, true).len();
    company.deals.unmarked_losses = 1.0;
    assert!(closings(&company, false).is_empty());
    assert_eq!(closings(&company, true).len(), wins);
}

/// Share won, and median days of the wins, among deals old enough to be done with.
fn outcome(company: &Company) -> (f64, i32) {
    let until = company.export_on;
    let deals = company.deals();
    let done = deals.iter().filter(|deal| deal.created < until).filter_map(|deal| {
        let closed = deal.closed?;
        Some((closed.is_won, deal.created.until(closed.on).ok()?.get_days()))
    });
    let done: Vec<(bool, i32)> = done.collect();
    let mut days: Vec<i32> = done.iter().filter(|it| it.0).map(|it| it.1).collect();
    days.sort_unstable();
    (days.len() as f64 / done.len() as f64, days[days.len() / 2])
}

/// With one stage, no segments and no calendar, what was asked for is what comes out.
#[test]
fn the_plainest_company_has_the_win_share_and_the_cycle_that_it_was_given() {
    let mut company = plain(Habits::default());
    company.stages.truncate(1);
    (company.stages[0].of_days, company.stages[0].of_losses) = (1.0, 1.0);
    company.products.truncate(1);
    company.sources.truncate(1);
    company.sellers.truncate(1);
    company.products[0].win_effect = 1.0;
    company.products[0].pace_effect = 1.0;
    company.sources[0].win_effect = 1.0;
    company.sources[0].pace_effect = 1.0;
    company.sellers[0].win_effect = 1.0;
    company.deals.entered_when_won = 0.0;
    company.classes[0].win_share = 0.4;
    company.classes[0].cycle_days_median = 30.0;
    company.classes[0].lost_lag = 1.0;
    let (won, days) = outcome(&company);
    assert!((won - 0.4).abs() < 0.05, "{won}");
    assert!((26..=34).contains(&days), "{days}");
}

#[test]
fn dirt_is_as_frequent_as_it_says() {
    let mut company = plain(Habits::default());
    company.records.has_products = true;
    company.records.missing_product = 0.05;
    company.records.missing_amount = 0.04;
    company.records.duplicated = 0.03;
    company.records.closed_undated = 0.02;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let exports = company.write(folder.path()).expect("an export");
    let rows = rows(&exports.files[0].path);
    let ids: BTreeSet<&String> = rows.iter().map(|row| &row[0]).collect();
    let count = |holds: &dyn Fn(&Vec<String>) -> bool| {
        rows.iter().filter(|row| holds(row)).count() as f64 / rows.len() as f64
    };
    let checks = [
        ("duplicates", 1.0 - ids.len() as f64 / rows.len() as f64, 0.03),
        ("products", count(&|row| row[3].is_empty()), 0.05),
        ("undated", count(&|row| row[7].starts_with("Closed") && row[10].is_empty()), 0.02),
    ];
    for (name, found, truth) in checks {
        assert!((found - truth).abs() < 0.02, "{name}: {found}");
    }
}

/// Deals in the export and cents booked in the next full quarter: the grid that figures in
/// documents speak of.
#[test]
fn the_first_companies_are_these() {
    let found: Vec<(usize, i64)> = (1..=6)
        .map(|seed| {
            let company = Company::draw(seed);
            let deals = company.deals();
            let seen = company.seen(&deals, company.export_on).len();
            let quarters = company.quarters(&deals).into_iter();
            let next = quarters.filter(|quarter| quarter.ends_on > company.export_on).nth(1);
            (seen, next.map_or(0, |quarter| quarter.booked))
        })
        .collect();
    let golden = [
        (68, 0),
        (1_061, 6_480_000),
        (2_053, 15_337_500),
        (113, 1_371_900),
        (1_321, 492_201_300),
        (59, 0),
    ];
    assert_eq!(found, golden);
}
