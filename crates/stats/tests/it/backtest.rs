//! Forecasts of the rest of a calendar quarter on a public file of deals, as of past month ends.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path as FilePath;

use stats::baseline::{Booking, Window, run_rate};
use stats::funnel::Unfitted;
use stats::funnel::history::{History, Kind, KnownAmount, Move, Path, State};
use stats::funnel::place::Periods;
use stats::score::{Interval, absolute_percent_error};
use stats::simulation::{OpenIndividual, Options, PeriodOutcome, simulate};

const FILE: &str = "../../../shared/data/maven_crm/sales_pipeline.csv";
const OPEN: usize = 0;
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
    let graded: Vec<Graded> = CASES.map(|(as_of, end)| grade(&history, as_of, end)).to_vec();
    for (case, graded) in CASES.iter().zip(&graded) {
        eprintln!("{case:?}: {graded:?}");
    }
    let mean = |error: fn(&Graded) -> f64| graded.iter().map(error).sum::<f64>() / 6.0;
    let (model, run_rate) = (mean(|g| g.error), mean(|g| g.run_rate_error));
    eprintln!("mean absolute error: {model:.3} of the median, {run_rate:.3} of the run rate");
    assert!(model < 0.20, "{model}");
    assert!(graded.iter().filter(|graded| graded.covered).count() >= 5);
}

/// One forecast against what came; errors as shares of it.
#[derive(Clone, Debug)]
#[expect(dead_code, reason = "all of it is printed")]
struct Graded {
    came: f64,
    quantiles: [f64; 3],
    error: f64,
    run_rate_error: f64,
    covered: bool,
    places: bool,
}

fn grade(history: &History, as_of: &str, end: &str) -> Graded {
    let (as_of_day, end_day) = (day(as_of), day(end));
    let periods = Some(Periods { first_days: QUARTERS.map(day).to_vec() });
    let unfitted = Unfitted { periods, ..Unfitted::default() };
    let fitted = unfitted.fit(history, as_of_day).expect("a sound file");
    let options = Options { seed: 1, futures: 2_000 };
    let open = open(history, as_of_day);
    let futures = simulate(&fitted, &open, as_of_day + 1, &[end_day], options).expect("in order");
    let total = futures.total(PeriodOutcome::amount);
    let quantiles = [0.05, 0.5, 0.95].map(|quantile| total.quantile(quantile));
    let rest = Window { after_day: as_of_day, until_day: end_day };
    let bookings = bookings(history);
    let came = won(&bookings, rest);
    let error = |forecast| absolute_percent_error(forecast, came).expect("something came");
    Graded {
        came,
        quantiles,
        error: error(quantiles[1]),
        run_rate_error: error(run_rate(&bookings, 90, rest)),
        covered: Interval { low: quantiles[0], high: quantiles[2], level: 0.9 }.covers(came),
        places: fitted.periods.is_some(),
    }
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
        entry_state: OPEN,
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

fn open(history: &History, as_of_day: i32) -> Vec<OpenIndividual> {
    let is_open = |path: &&Path| {
        path.entered_day <= as_of_day && path.moves.iter().all(|next| next.day > as_of_day)
    };
    let individual = |path: &Path| OpenIndividual {
        segment: path.segment,
        state: OPEN,
        age_days: as_of_day.abs_diff(path.entered_day),
        amount: None,
    };
    history.paths.iter().filter(is_open).map(individual).collect()
}
