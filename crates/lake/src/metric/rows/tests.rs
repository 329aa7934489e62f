//! Every figure of the catalogue is made anew from the rows that are said to stand behind it.

use std::collections::BTreeSet;

use domain::access::Scope;
use domain::kind::Kind;

use crate::fixture::{WORLD, as_of, id, lake, world};
use crate::metric::{Cell, Dimension, Metric, MetricQuery, MetricRows, Rows, RowsQuery, catalogue};
use crate::tables::Tables;

const TARGET_MINOR: i64 = 1_000_000;

/// The numbers of a column, where there are any.
fn numbers(found: &MetricRows, column: &str) -> Vec<f64> {
    let place = found.columns.iter().position(|name| name == column);
    let place = place.unwrap_or_else(|| panic!("no {column} among {:?}", found.columns));
    found.rows.iter().filter_map(|row| number(&row[place])).collect()
}

fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Integer(number) => Some(*number as f64),
        Cell::Number(number) => Some(*number),
        Cell::Null | Cell::Text(_) => None,
    }
}

fn count(found: &MetricRows, column: &str, text: &str) -> f64 {
    let place = found.columns.iter().position(|name| name == column).unwrap();
    found.rows.iter().filter(|row| row[place] == Cell::Text(text.to_owned())).count() as f64
}

fn sum(numbers: &[f64]) -> f64 {
    numbers.iter().sum()
}

fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| sum(numbers) / numbers.len() as f64)
}

/// The number below which a share of all lies, interpolated between two.
fn percentile(mut numbers: Vec<f64>, share: f64) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let place = share * (numbers.len().checked_sub(1)? as f64);
    let (below, above) = (numbers[place.floor() as usize], numbers[place.ceil() as usize]);
    Some(below + (above - below) * place.fract())
}

fn half_up(number: f64) -> f64 {
    (number + 0.5).floor()
}

/// A metric's figure from its rows; `booked_minor` is what the period brought so far.
fn recomputed(metric: &Metric, found: &MetricRows, booked_minor: f64) -> Option<f64> {
    let all = found.rows.len() as f64;
    match metric.name.as_str() {
        "leads"
        | "mqls"
        | "sqls"
        | "hand_offs_accepted"
        | "opportunities_created"
        | "pushes"
        | "touches"
        | "wins" => Some(all),
        "revenue" | "pipeline_created" | "costs" => Some(sum(&numbers(found, "amount_minor"))),
        "churned_monthly_amount" | "renewed_monthly_amount" => {
            Some(sum(&numbers(found, "monthly_amount_minor")))
        }
        "pipeline_amount" => Some(sum(&numbers(found, "estimated_amount_minor"))),
        "pipeline_coverage" if found.rows.is_empty() => None,
        "pipeline_coverage" => {
            let gap = TARGET_MINOR as f64 - booked_minor;
            Some(sum(&numbers(found, "estimated_amount_minor")) / gap)
        }
        "average_sales_price" => mean(&numbers(found, "amount_minor")).map(half_up),
        "cycle_days_p50" => percentile(numbers(found, "cycle_days"), 0.5),
        "cycle_days_p90" => percentile(numbers(found, "cycle_days"), 0.9),
        "open_deal_age_days" => percentile(numbers(found, "age_days"), 0.5),
        "win_rate" => Some(count(found, "outcome", "won") / all),
        "acceptance_rate" => Some(count(found, "is_accepted", "true") / all),
        "agreement_kept" => Some(count(found, "in_time", "true") / all),
        "stage_conversion" => Some(count(found, "moved_on", "true") / all),
        "pipeline_velocity" => velocity(found),
        other => panic!("nothing says how {other} follows from its rows"),
    }
}

fn velocity(found: &MetricRows) -> Option<f64> {
    let of_won = |column: &str| {
        let outcome = found.columns.iter().position(|name| name == "outcome").unwrap();
        let won = |row: &&Vec<Cell>| row[outcome] == Cell::Text("won".to_owned());
        let rows = found.rows.iter().filter(won).cloned().collect();
        mean(&numbers(&MetricRows { rows, ..found.clone() }, column))
    };
    let [open, won, lost] = ["open", "won", "lost"].map(|it| count(found, "outcome", it));
    let cycle_days = of_won("cycle_days").filter(|days| *days > 0.0)?;
    Some(half_up(open * (won / (won + lost)) * of_won("amount_minor")? / cycle_days))
}

async fn rows_of(
    tables: &Tables,
    metric: &Metric,
    query: MetricQuery,
    of: &[String],
) -> MetricRows {
    let asked = RowsQuery { query, segments: of.to_vec(), skip: 0, limit: 1_000 };
    tables.metric_rows(metric, &asked).await.unwrap()
}

/// Whole, by month, and for each metric by others of all dimensions.
fn broken_down(place: usize) -> [Option<Dimension>; 4] {
    let other = |step: usize| Some(Dimension::ALL[(place + step) % Dimension::ALL.len()]);
    [None, Some(Dimension::Month), other(0), other(5)]
}

/// Holds every metric against its rows by so many dimensions; returns how many figures.
async fn hold(tables: &Tables, (from, to): (&str, &str), dimensions: usize) -> usize {
    let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
    let metrics = catalogue().unwrap();
    let whole = MetricQuery { from, to, by: None, target_minor: Some(TARGET_MINOR) };
    let revenue = metrics.iter().find(|metric| metric.name == "revenue").unwrap();
    let booked = sum(&numbers(&rows_of(tables, revenue, whole, &[]).await, "amount_minor"));
    let mut held = 0;
    for (place, metric) in metrics.iter().enumerate().filter(|(_, it)| has_rows(it)) {
        for by in broken_down(place).into_iter().take(dimensions) {
            let query = MetricQuery { by, ..whole };
            let table = tables.ask(metric, query).await.unwrap();
            let all = rows_of(tables, metric, query, &[]).await;
            assert_eq!(all.all, all.rows.len() as u64, "{} by {by:?}", metric.name);
            let mut counted = 0;
            for (place, row) in table.rows.iter().enumerate() {
                let found = of_segment(&all, &row[0]);
                held += usize::from(is_same(metric, row, recomputed(metric, &found, booked)));
                counted += found.rows.len() as u64;
                let Cell::Text(segment) = &row[0] else { panic!("{row:?}") };
                if place == 0 && matches!(by, Some(Dimension::Owner | Dimension::Account)) {
                    let asked = rows_of(tables, metric, query, std::slice::from_ref(segment)).await;
                    assert_eq!(asked.rows, found.rows, "{} of {segment}", metric.name);
                    assert_eq!(asked.all, found.rows.len() as u64);
                }
            }
            assert_eq!(counted, all.all, "{} by {by:?}: segments share the rows", metric.name);
        }
    }
    held
}

fn has_rows(metric: &Metric) -> bool {
    matches!(metric.rows, Rows::Of { .. })
}

/// The rows that a segment counts.
fn of_segment(all: &MetricRows, segment: &Cell) -> MetricRows {
    let rows = all.rows.iter().filter(|row| row[1] == *segment).cloned().collect();
    MetricRows { rows, ..all.clone() }
}

/// Whether a figure is known, after it was held against what its rows give.
fn is_same(metric: &Metric, row: &[Cell], again: Option<f64>) -> bool {
    let told = format!("{} {row:?}, by its rows {again:?}", metric.name);
    let again = again.filter(|again| !again.is_nan());
    match number(&row[1]) {
        Some(figure) => {
            let near = |again: f64| (figure - again).abs() <= 1e-9 * figure.abs().max(1.0);
            assert!(again.is_some_and(near), "{told}");
            true
        }
        None => {
            assert!(again.is_none(), "{told}");
            false
        }
    }
}

#[tokio::test]
async fn every_figure_follows_from_the_rows_behind_it() {
    let (_folder, lake, tail) = lake(WORLD).await;
    let pinned = lake.pin().await.unwrap();
    let tables = pinned.tables(as_of("2024-06-30"), Scope::All, &tail, &world()).unwrap();
    let held = hold(&tables, ("2024-01-01", "2024-06-30"), 4).await;
    assert!(held > 100, "{held}");
    let own = Scope::Owners(BTreeSet::from([id(Kind::Users, "U1")]));
    let tables = pinned.tables(as_of("2024-06-30"), own, &tail, &world()).unwrap();
    let held = hold(&tables, ("2024-03-01", "2024-04-30"), 1).await;
    assert!(held > 12, "{held}");
}

#[tokio::test]
async fn rows_out_of_scope_are_behind_nothing() {
    let (_folder, lake, tail) = lake(WORLD).await;
    let pinned = lake.pin().await.unwrap();
    let own = id(Kind::Users, "U1");
    let scope = Scope::Owners(BTreeSet::from([own]));
    let tables = pinned.tables(as_of("2024-06-30"), scope, &tail, &world()).unwrap();
    let (from, to) = ("2024-01-01".parse().unwrap(), "2024-06-30".parse().unwrap());
    let query = MetricQuery { from, to, by: None, target_minor: None };
    for metric in catalogue().unwrap().into_iter().filter(has_rows) {
        let found = rows_of(&tables, &metric, query, &[]).await;
        let owner = Cell::Text(own.to_string());
        assert!(found.rows.iter().all(|row| row[2] == owner), "{}: {found:?}", metric.name);
        let Rows::Of { shows, .. } = &metric.rows else { panic!("{}", metric.name) };
        assert_eq!(found.columns.len(), 4 + shows.len());
    }
}

#[tokio::test]
async fn rows_go_on_where_a_page_ends() {
    let (_folder, lake, tail) = lake(WORLD).await;
    let pinned = lake.pin().await.unwrap();
    let tables = pinned.tables(as_of("2024-06-30"), Scope::All, &tail, &world()).unwrap();
    let metric = catalogue().unwrap().into_iter().find(|it| it.name == "stage_conversion").unwrap();
    let (from, to) = ("2024-01-01".parse().unwrap(), "2024-06-30".parse().unwrap());
    let query = MetricQuery { from, to, by: None, target_minor: None };
    let all = rows_of(&tables, &metric, query, &[]).await;
    let mut pages = Vec::new();
    for skip in (0..all.rows.len()).step_by(2) {
        let asked = RowsQuery { query, segments: Vec::new(), skip, limit: 2 };
        let page = tables.metric_rows(&metric, &asked).await.unwrap();
        assert_eq!(page.all, all.all);
        pages.extend(page.rows);
    }
    assert!(all.rows.len() > 4);
    assert_eq!(pages, all.rows);
}

#[test]
fn a_metric_without_rows_says_why() {
    let head = "---\ntitle: X\nunit: count\ndirection: up\nleg: close\ngrain: one\nformula: f\n\
                source: s\n";
    let told = format!("{head}rows: none, it is computed from others\n---\n");
    let metric = Metric::parse("x", "select 1", &told).unwrap();
    assert_eq!(metric.rows, Rows::None("it is computed from others".to_owned()));
    let lacking = Metric::parse("x", "select 1", &format!("{head}---\n")).unwrap_err();
    assert!(lacking.to_string().contains("lacks `rows`"), "{lacking}");
}
