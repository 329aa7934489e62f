//! Forecasts of the rest of a calendar quarter on a public file of deals, as of past month ends.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path as FilePath;

use stats::baseline::{Booking, Window};
use stats::forecast::{Grades, Outcome, Record, Simple};
use stats::funnel::history::{History, Kind, KnownAmount, Move, Path, State};
use stats::funnel::place::Periods;
use stats::simulation::{Options, PeriodOutcome};

const FILE: &str = "../../../shared/data/maven_crm/sales_pipeline.csv";
const WON: usize = 1;
const LOST: usize = 2;

/// Month end, and the end of the quarter that is forecast.
const CASES: [(&str, &str); 6] = [
    ("2017-06-30", "2017-09-30"),
    ("2017-07-31", "2017-09-30"),
    ("2017-08-31", "2017-09-30"),
    ("2017-09-30", "2017-12-31"),
    ("2017-10-31", "2017-12-31"),
    ("2017-11-30", "2017-12-31"),
];

const QUARTERS: [&str; 7] = [
    "2016-07-01",
    "2016-10-01",
    "2017-01-01",
    "2017-04-01",
    "2017-07-01",
    "2017-10-01",
    "2018-01-01",
];

#[test]
fn the_rest_of_a_quarter_on_a_real_file() {
    let Ok(text) = fs::read_to_string(FilePath::new(env!("CARGO_MANIFEST_DIR")).join(FILE)) else {
        eprintln!("SKIPPED: {FILE} is not there");
        return;
    };
    let history = history(&text);
    let periods = Periods { first_days: QUARTERS.map(day).to_vec() };
    let days = CASES.map(|(as_of, _)| day(as_of));
    let record = Record::new(&history, &periods, &days, 92).expect("a sound file");
    let grade = |method: Option<Simple>| {
        let outcomes = CASES.map(|(as_of, end)| outcome(&record, &history, method, as_of, end));
        let grades = Grades::new(&outcomes);
        eprintln!("{method:?}: {grades:?}");
        grades
    };
    let model = grade(None);
    assert!(model.mean_absolute_error_percent.expect("six windows") < 12.0);
    assert!(model.coverage_80.expect("six windows") >= 4.0 / 6.0);
    // As measured on the same file by other means.
    let check = |method, percent: f64| {
        let error = grade(Some(method)).mean_absolute_error_percent.expect("six windows");
        assert!((error - percent).abs() < 0.5, "{method:?}: {error}");
    };
    check(Simple::RunRate, 9.6);
    check(Simple::LastPeriod, 7.1);
    check(Simple::StageWeighted, 87.4);
}

fn outcome(
    record: &Record,
    history: &History,
    method: Option<Simple>,
    as_of: &str,
    end: &str,
) -> Outcome {
    let window = Window { after_day: day(as_of), until_day: day(end) };
    let options = Options { seed: 1, futures: 2_000 };
    let forecast = match method {
        Some(method) => method.forecast(record, day(as_of), window).expect("it says something"),
        None => {
            let forecast = record.forecast(day(as_of), &[day(end)], 0, options);
            forecast.expect("a forecast").futures.total(PeriodOutcome::amount)
        }
    };
    Outcome { forecast, came: won(&bookings(history), window) }
}

fn history(text: &str) -> History {
    let mut products = BTreeMap::new();
    let paths = text.lines().skip(1).filter_map(|line| path(line, &mut products)).collect();
    let absorbing = |is_target| State { kind: Kind::Absorbing, is_target };
    let open = State { kind: Kind::Transient, is_target: false };
    History { states: vec![open, absorbing(true), absorbing(false)], paths }
}

/// One deal from its engagement on; the file has no quoted fields.
fn path(line: &str, products: &mut BTreeMap<String, u32>) -> Option<Path> {
    let fields: Vec<&str> = line.split(',').collect();
    let [_, _, product, _, stage, engaged, closed, value] = fields[..] else { return None };
    let next = products.len() as u32;
    let segment = *products.entry(product.to_owned()).or_insert(next);
    let (moves, amounts) = match stage {
        "Won" => (
            vec![Move { day: day(closed), state: WON }],
            vec![KnownAmount { day: day(closed), amount: value.parse().ok()? }],
        ),
        "Lost" => (vec![Move { day: day(closed), state: LOST }], Vec::new()),
        _ => (Vec::new(), Vec::new()),
    };
    (!engaged.is_empty()).then(|| Path {
        segment,
        entered_day: day(engaged),
        entry_state: 0,
        moves,
        amounts,
    })
}

/// Days since 1 January 1970 (Hinnant's civil calendar).
fn day(date: &str) -> i32 {
    let parts: Vec<i32> = date.split('-').map(|part| part.parse().expect("a number")).collect();
    let (month, day) = (parts[1], parts[2]);
    let year = parts[0] - i32::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn bookings(history: &History) -> Vec<Booking> {
    let known = history.paths.iter().flat_map(|path| &path.amounts);
    known.map(|known| Booking { day: known.day, amount: known.amount }).collect()
}

fn won(bookings: &[Booking], rest: Window) -> f64 {
    let inside = |one: &&Booking| rest.after_day < one.day && one.day <= rest.until_day;
    bookings.iter().filter(inside).map(|one| one.amount).sum()
}
