//! Forecasts of the rest of a calendar quarter on a public file of deals, as of past month ends.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path as FilePath;

use stats::funnel::Unfitted;
use stats::funnel::history::{History, Kind, KnownAmount, Move, Path, State};
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

#[test]
fn the_rest_of_a_quarter_on_a_real_file() {
    let Ok(text) = fs::read_to_string(FilePath::new(env!("CARGO_MANIFEST_DIR")).join(FILE)) else {
        eprintln!("SKIPPED: {FILE} is not there");
        return;
    };
    let history = history(&text);
    let (mut error, mut covered) = (0.0, 0);
    for (as_of, end) in CASES {
        let (as_of_day, end_day) = (day(as_of), day(end));
        let came = won(&history, as_of_day, end_day);
        let fitted = Unfitted::default().fit(&history, as_of_day).expect("a sound file");
        let open = open(&history, as_of_day);
        let options = Options { seed: 1, futures: 2_000 };
        let futures =
            simulate(&fitted, &open, as_of_day + 1, &[end_day], options).expect("ordered");
        let total = futures.total(PeriodOutcome::amount);
        let [low, median, high] = [0.05, 0.5, 0.95].map(|quantile| total.quantile(quantile));
        error += (median / came - 1.0).abs() / CASES.len() as f64;
        covered += usize::from(low <= came && came <= high);
        let hz = fitted.hazards[OPEN].as_ref().unwrap();
        let new = futures.total(|o| o.new_amount);
        println!(
            "{as_of} to {end}: {low:.0} {median:.0} {high:.0}, came {came:.0} ({:+.1} %); open {} new {:.0} arr {}d {:.2}/d od {:.3} pace {:.3} never {:.3} {} k {:?}",
            100.0 * (median / came - 1.0),
            open.len(),
            new.mean(),
            fitted.arrivals[&OPEN].window_days,
            fitted.arrivals[&OPEN].rate_per_day,
            fitted.arrivals[&OPEN].overdispersion,
            fitted.pace_variation,
            hz.never_leaving_share,
            hz.follow_up_suffices,
            hz.segments
                .values()
                .map(|f| (f[0].shape / f[0].rate * 100.).round())
                .collect::<Vec<_>>()
        );
    }
    println!(
        "mean absolute error of the median {:.1} %, 90 % interval covers {covered}",
        error * 100.0
    );
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

fn won(history: &History, after_day: i32, until_day: i32) -> f64 {
    let closed = history.paths.iter().flat_map(|path| path.moves.iter().zip(&path.amounts));
    let inside = closed.filter(|(at, _)| after_day < at.day && at.day <= until_day);
    inside.map(|(_, known)| known.amount).sum()
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
