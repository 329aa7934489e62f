//! Every metric against its golden rows, and breakdowns by every dimension.

use std::collections::BTreeSet;
use std::path::Path;

use domain::history::Fact;
use domain::kind::Kind;
use domain::value::Value;
use uuid::Uuid;

use super::*;
use crate::fixture::{WORLD, as_of, id, lake, rows, world};
use crate::history::HistoryRow;
use crate::tables::Tables;
use domain::access::Scope;

/// A question of a golden file, such as `from 2024-01-01 to 2024-03-31 as-of 2024-06-30 by month`.
fn read_question(line: &str) -> (MetricQuery, &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let get = |key: &str| words.iter().position(|word| *word == key).map(|at| words[at + 1]);
    let query = MetricQuery {
        from: get("from").unwrap().parse().unwrap(),
        to: get("to").unwrap().parse().unwrap(),
        by: get("by").map(|by| by.parse().unwrap()),
        target_minor: get("target").map(|target| target.parse().unwrap()),
    };
    (query, get("as-of").unwrap())
}

/// The rows as a golden file writes them, and the letters of their columns' types.
fn written(table: &MetricTable) -> (String, String) {
    let text = |cell: &Cell| match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Text(text) => text.clone(),
        Cell::Integer(number) => number.to_string(),
        Cell::Number(number) => format!("{number:.4}"),
    };
    let letter = |column: usize| {
        let cells = table.rows.iter().map(|row| &row[column]);
        cells.fold('?', |known, cell| match cell {
            Cell::Null => known,
            Cell::Text(_) => 'T',
            Cell::Integer(_) => 'I',
            Cell::Number(_) => 'R',
        })
    };
    let lines: Vec<String> =
        table.rows.iter().map(|row| row.iter().map(text).collect::<Vec<_>>().join(" ")).collect();
    (lines.join("\n"), (0..table.columns.len()).map(letter).collect())
}

#[tokio::test]
async fn golden_rows() {
    let (_folder, lake, tail) = lake(WORLD).await;
    let pinned = lake.pin().await.unwrap();
    for metric in catalogue().unwrap() {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("metrics/{}.slt", metric.name));
        let golden = std::fs::read_to_string(&path).unwrap();
        let records: Vec<&str> = golden.split("query ").skip(1).collect();
        assert!(!records.is_empty(), "{} has no golden rows", metric.name);
        for record in records {
            let (head, expected) = record.split_once("\n----\n").unwrap();
            let (types, question) = head.split_once('\n').unwrap();
            let expected = expected.split("\n\n").next().unwrap().trim_end();
            let (query, day) = read_question(question);
            let tables = pinned.tables(as_of(day), Scope::All, &tail, &world()).unwrap();
            let table = tables.ask(&metric, query).await.unwrap();
            let (rows, letters) = written(&table);
            assert_eq!(rows, expected, "{} {question}", metric.name);
            assert_eq!(types.len(), letters.len(), "{} {question}", metric.name);
            for (expected, letter) in types.chars().zip(letters.chars()) {
                assert!(letter == '?' || letter == expected, "{} {question}", metric.name);
            }
        }
    }
}

/// Every metric, whole and broken down, as one text.
async fn everything(tables: &Tables) -> String {
    let mut text = String::new();
    for by in [None, Some(Dimension::Account)] {
        for metric in catalogue().unwrap() {
            let (from, to) = ("2024-01-01".parse().unwrap(), "2024-06-30".parse().unwrap());
            let query = MetricQuery { from, to, by, target_minor: Some(1_000_000) };
            let table = tables.ask(&metric, query).await.unwrap();
            text += &format!("{} {by:?}\n{}\n", metric.name, written(&table).0);
        }
    }
    text
}

/// The world without a user's records, and without what belongs to that user's accounts.
fn without_others() -> String {
    let other = |line: &&str| ["U2", "Birch", "cost "].iter().any(|word| line.contains(word));
    let key = |line: &str| line.split(" | ").nth(1).map(str::to_owned);
    let others: BTreeSet<_> = WORLD.lines().filter(other).map(key).collect();
    let own = WORLD.lines().filter(|line| key(line).is_none() || !others.contains(&key(line)));
    own.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn rows_out_of_scope_change_no_figure() {
    let scope = || Scope::Owners(BTreeSet::from([id(Kind::Users, "U1")]));
    let mut answers = Vec::new();
    for text in [WORLD, &without_others()] {
        let (_folder, lake, tail) = lake(text).await;
        let pinned = lake.pin().await.unwrap();
        let tables = pinned.tables(as_of("2024-06-30"), scope(), &tail, &world()).unwrap();
        assert_eq!(
            tables.deals().await.unwrap().iter().filter(|deal| deal.owner.is_none()).count(),
            0
        );
        answers.push(everything(&tables).await);
    }
    assert!(answers[0].contains("wins None\nall 2"), "{}", answers[0]);
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn facts_that_come_later_change_no_figure() {
    let (_folder, lake, _) = lake("").await;
    let pinned = lake.pin().await.unwrap();
    let day = as_of("2024-03-20");
    let mut answers = Vec::new();
    for altered in [false, true] {
        let alter = |mut row: HistoryRow| {
            if altered && row.recorded_at > day.known_at {
                row.value = match row.value {
                    Some(Value::Text(text)) => Some(Value::Text(format!("{text} altered"))),
                    _ => None,
                };
            }
            row
        };
        let tail: Vec<HistoryRow> = rows(WORLD).into_iter().map(alter).collect();
        let tables = pinned.tables(day, Scope::All, &tail, &world()).unwrap();
        answers.push(everything(&tables).await);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn figures_do_not_depend_on_random_ids() {
    let mut answers = Vec::new();
    for salt in [0, u128::MAX] {
        let (_folder, lake, _) = lake("").await;
        let resalt = |id: Uuid| Uuid::from_u128(id.as_u128() ^ salt);
        let tail: Vec<HistoryRow> = rows(WORLD)
            .into_iter()
            .map(|row| HistoryRow {
                subject_id: resalt(row.subject_id),
                value: row.value.map(|value| match value {
                    Value::Reference(id) => Value::Reference(resalt(id)),
                    other => other,
                }),
                ..row
            })
            .collect();
        let pinned = lake.pin().await.unwrap();
        let tables = pinned.tables(as_of("2024-06-30"), Scope::All, &tail, &world()).unwrap();
        let deals: Vec<_> =
            tables.deals().await.unwrap().iter().map(|deal| deal.external_id.clone()).collect();
        let told = |_, facts: Vec<Fact>| {
            let facts = facts.into_iter().filter(|fact| ["stage", "amount"].contains(&fact.field));
            Some(facts.collect::<Vec<_>>())
        };
        let facts = tables.records(Kind::Deals, told).await.unwrap().records;
        answers.push((deals, facts));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0[0].as_deref(), Some("D1"));
}

#[tokio::test]
async fn figures_can_be_broken_down_by_every_dimension() {
    let (_folder, lake, tail) = lake(WORLD).await;
    let pinned = lake.pin().await.unwrap();
    let tables = pinned.tables(as_of("2024-06-30"), Scope::All, &tail, &world()).unwrap();
    let (from, to) = ("2024-01-01".parse().unwrap(), "2024-06-30".parse().unwrap());
    for (by, expected) in [
        (Dimension::Source, "Event 1\nWeb 2"),
        (Dimension::Product, "Alpha 1\nBeta 2"),
        (Dimension::Account, "Acme 2\nBirch 1"),
        (Dimension::Industry, "Energy 1\nRetail 2"),
        (Dimension::Campaign, "(none) 2\nSpring 1"),
        (Dimension::Channel, "(none) 2\nemail 1"),
        (Dimension::Stage, "Won 3"),
        (Dimension::Month, "2024-02 1\n2024-03 1\n2024-04 1"),
        (Dimension::Quarter, "2025-Q1 3"),
    ] {
        let query = MetricQuery { from, to, by: Some(by), target_minor: None };
        let table = tables.metric("wins", query).await.unwrap();
        assert_eq!(written(&table).0, expected, "{by:?}");
    }
    let query = MetricQuery { from, to, by: Some(Dimension::Owner), target_minor: None };
    let table = tables.metric("wins", query).await.unwrap();
    let owner = Cell::Text(id(Kind::Users, "U1").to_string());
    assert!(table.rows.contains(&vec![owner, Cell::Integer(2)]));
    assert!("shoe size".parse::<Dimension>().is_err());
}

#[test]
fn the_catalogue_reads_and_every_file_belongs_to_it() {
    let names: BTreeSet<String> = catalogue().unwrap().into_iter().map(|m| m.name).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("metrics");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, files);
    let error = Metric::parse("x", "", "---\ntitle: X\n---\n").unwrap_err().to_string();
    assert!(error.contains("lacks `"), "{error}");
}
