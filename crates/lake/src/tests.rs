//! Sealing, appending, undoing and erasing.

use std::path::Path;

use domain::erasure::Traces;
use domain::kind::Kind;
use domain::value::Value;
use uuid::Uuid;

use crate::fixture::{WORLD, as_of, lake, part, rows, touches, world};
use crate::history::{Batch, HistoryRow};
use crate::metric::{Cell, MetricQuery};
use crate::touches::{Appended, Coded, Texts, TouchColumns};
use crate::{Lake, Pinned};
use domain::access::Scope;

fn empty() -> (tempfile::TempDir, Lake) {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::open(folder.path().to_str().unwrap()).unwrap();
    (folder, lake)
}

async fn figure(pinned: &Pinned<'_>, tail: &[HistoryRow], metric: &str) -> Cell {
    let tables = pinned.tables(as_of("2024-06-30"), Scope::All, tail, &world()).unwrap();
    let (from, to) = ("2023-01-01".parse().unwrap(), "2024-06-30".parse().unwrap());
    let query = MetricQuery { from, to, by: None, target_minor: None };
    tables.metric(metric, query).await.unwrap().rows[0][1].clone()
}

#[tokio::test]
async fn a_batch_sealed_twice_changes_nothing() {
    let (_folder, lake) = empty();
    let (batch, rows) = (Uuid::from_u128(7), rows(WORLD));
    let before = lake.pin().await.unwrap();
    let of = |id| Batch { id, rows: rows.clone() };
    assert_eq!(lake.seal(vec![of(batch)]).await.unwrap(), 1);
    assert_eq!(lake.seal(vec![of(batch)]).await.unwrap(), 0);
    let after = lake.pin().await.unwrap();
    assert_eq!(figure(&after, &[], "wins").await, Cell::Integer(3));
    let other = Uuid::from_u128(8);
    assert_eq!(after.sealed_among(&[batch, other]).await.unwrap(), [batch].into());
    // The version that was pinned before still lacks the batch, so its rows count as the tail.
    assert_eq!(before.sealed_among(&[batch]).await.unwrap(), [].into());
    assert_eq!(figure(&before, &[], "wins").await, Cell::Integer(0));
    assert_eq!(figure(&before, &rows, "wins").await, Cell::Integer(3));
}

#[tokio::test]
async fn batches_sealed_at_the_same_time_are_each_there_once() {
    let (_folder, lake) = empty();
    let rows = rows(WORLD);
    let (deals, others): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| row.kind == Kind::Deals);
    let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let deals = Batch { id: one, rows: deals };
    let others = Batch { id: two, rows: others };
    let (a, b, c) = tokio::join!(
        lake.seal(vec![deals.clone()]),
        lake.seal(vec![others.clone(), deals.clone()]),
        lake.seal(vec![deals, others]),
    );
    assert_eq!([a, b, c].map(Result::unwrap).iter().sum::<usize>(), 2);
    let pinned = lake.pin().await.unwrap();
    assert_eq!(figure(&pinned, &[], "wins").await, Cell::Integer(3));
    assert_eq!(figure(&pinned, &[], "leads").await, Cell::Integer(4));
}

#[tokio::test]
async fn personal_fields_are_never_sealed() {
    let (folder, lake) = empty();
    let mut row = rows(WORLD).remove(0);
    (row.kind, row.field) = (Kind::People, "email");
    row.value = Some(Value::Text("ann@example.com".to_owned()));
    let error =
        lake.seal(vec![Batch { id: Uuid::from_u128(1), rows: vec![row] }]).await.unwrap_err();
    assert!(error.to_string().contains("personal"), "{error}");
    assert!(!holds(folder.path(), "ann@example.com"));
}

#[tokio::test]
async fn touches_are_a_set() {
    let (_folder, lake) = empty();
    let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let appended = |new, duplicates| Appended { new, duplicates };
    assert_eq!(lake.append_touches(part(first), touches()).await.unwrap(), appended(5, 0));
    assert_eq!(lake.append_touches(part(first), touches()).await.unwrap(), appended(0, 5));
    assert_eq!(lake.append_touches(part(second), touches()).await.unwrap(), appended(0, 5));
    let mut doubled = touches();
    doubled.touch_key = vec![9, 9, 9, 1 << 64, 8];
    assert_eq!(
        lake.append_touches(part(Uuid::from_u128(3)), doubled).await.unwrap(),
        appended(2, 3)
    );
    assert_eq!(figure(&lake.pin().await.unwrap(), &[], "touches").await, Cell::Integer(7));
}

/// Touches of one person with these keys.
fn many(keys: impl Iterator<Item = u128>) -> TouchColumns {
    let touch_key: Vec<u128> = keys.map(|key| key << 64).collect();
    let count = touch_key.len();
    let coded = |coded: Coded| Coded { codes: vec![0; count], ..coded };
    let TouchColumns { channel, touch_kind, campaign, occurred_at, .. } = touches();
    TouchColumns {
        touch_key,
        occurred_at: vec![occurred_at[0]; count],
        person: vec![0; count],
        channel: coded(channel),
        touch_kind: coded(touch_kind),
        campaign: coded(campaign),
        url: Texts { text: String::new(), ends: vec![0; count] },
        account: vec![None; count],
        ..touches()
    }
}

/// Imports parts and gives how many touches were new, and how many were there.
async fn append(lake: &Lake, import: u128, parts: Vec<TouchColumns>) -> (usize, usize) {
    let mut appender = lake.touch_appender(Uuid::from_u128(import)).unwrap();
    let (mut new, mut duplicates) = (0, 0);
    for part in parts {
        let appended = appender.append(part).await.unwrap();
        (new, duplicates) = (new + appended.new, duplicates + appended.duplicates);
    }
    let rest = appender.finish().await.unwrap();
    (new + rest.new, duplicates + rest.duplicates)
}

#[tokio::test]
async fn the_parts_of_an_import_are_a_set() {
    let (_folder, lake) = empty();
    let parts = || vec![many(0..300), many(299..600), many([].into_iter())];
    assert_eq!(append(&lake, 1, parts()).await, (600, 1), "one waits until the end");
    assert_eq!(append(&lake, 2, parts()).await, (0, 601), "all are looked up at once");
    let few = vec![many((597..600).chain(1000..1300))];
    assert_eq!(append(&lake, 3, few).await, (300, 3));
    let some = vec![many((1290..1300).chain(2000..2100)), many(1299..1400)];
    assert_eq!(append(&lake, 4, some).await, (200, 11));
    assert_eq!(count(&lake).await, 1100);
    assert_eq!(lake.remove_touches(Uuid::from_u128(1)).await.unwrap(), 0, "others told them too");
    assert_eq!(lake.remove_touches(Uuid::from_u128(2)).await.unwrap(), 597);
    assert_eq!(count(&lake).await, 503);
}

/// Two importers at work at one time: neither writes what the other one has.
#[tokio::test]
async fn importers_of_one_moment_add_each_touch_once() {
    let (_folder, lake) = empty();
    let mut one = lake.touch_appender(Uuid::from_u128(1)).unwrap();
    let mut two = lake.touch_appender(Uuid::from_u128(2)).unwrap();
    let (a, b) = tokio::join!(one.append(many(0..100)), two.append(many(0..100)));
    assert_eq!(a.unwrap().new + b.unwrap().new, 100);
    let appended = |new, duplicates| Appended { new, duplicates };
    assert_eq!(one.append(many(50..150)).await.unwrap(), appended(50, 50));
    assert_eq!(two.append(many(100..200)).await.unwrap(), appended(50, 50));
    assert_eq!(one.append(many(200..300)).await.unwrap(), appended(100, 0));
    assert_eq!(two.finish().await.unwrap(), appended(0, 0));
    assert_eq!(count(&lake).await, 300);
}

/// Three imports: five touches, the first two of them again with one of their own, and the first
/// once more. Undone in any order, what is left is what the others brought.
#[tokio::test]
async fn an_undo_leaves_what_other_imports_brought() {
    let ids = [1, 2, 3].map(Uuid::from_u128);
    let keys = [vec![1, 2, 3, 4, 5], vec![1, 2, 9], vec![1]];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [2, 0, 1], [2, 1, 0]] {
        let (_folder, lake) = empty();
        for (id, keys) in ids.into_iter().zip(&keys) {
            lake.append_touches(part(id), touches_of(keys)).await.unwrap();
        }
        let mut left: Vec<&Vec<u128>> = keys.iter().collect();
        for undone in order {
            left.retain(|told| *told != &keys[undone]);
            let expected: std::collections::BTreeSet<&u128> =
                left.iter().copied().flatten().collect();
            let before = count(&lake).await;
            let removed = lake.remove_touches(ids[undone]).await.unwrap();
            let after = count(&lake).await;
            assert_eq!((after, before - after), (expected.len(), removed), "{order:?} {undone}");
            assert_eq!(lake.remove_touches(ids[undone]).await.unwrap(), 0, "once");
        }
    }
}

async fn count(lake: &Lake) -> usize {
    match figure(&lake.pin().await.unwrap(), &[], "touches").await {
        Cell::Integer(count) => usize::try_from(count).unwrap(),
        other => panic!("a number of touches was expected, not {other:?}"),
    }
}

/// As many touches as keys, made of the first ones of the fixture.
fn touches_of(keys: &[u128]) -> TouchColumns {
    let mut columns = touches();
    let count = keys.len();
    columns.touch_key = keys.to_vec();
    columns.occurred_at.truncate(count);
    columns.person.truncate(count);
    columns.channel.codes.truncate(count);
    columns.touch_kind.codes.truncate(count);
    columns.campaign.codes.truncate(count);
    columns.url.ends.truncate(count);
    columns.account.truncate(count);
    columns
}

#[tokio::test]
async fn touch_columns_that_do_not_fit_are_refused() {
    let (_folder, lake) = empty();
    let mut short = touches();
    short.person.pop();
    let mut beyond = touches();
    beyond.channel.codes[0] = 2;
    let mut cut = touches();
    cut.url.ends[0] = 1000;
    for (columns, name) in [(short, "person"), (beyond, "channel"), (cut, "url")] {
        let error = lake.append_touches(part(Uuid::from_u128(1)), columns).await.unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[tokio::test]
async fn an_erased_person_leaves_no_byte() {
    let (folder, lake, tail) = lake(WORLD).await;
    let undone = Uuid::from_u128(5);
    let mut again = touches();
    again.touch_key.iter_mut().for_each(|key| *key += 1);
    lake.append_touches(part(undone), again).await.unwrap();
    lake.remove_touches(undone).await.unwrap();
    let traces = ["ann@example.com".to_owned()];
    let names = Traces::new(["Spring"]);
    assert!(holds(folder.path(), "Spring"));
    assert!(holds(folder.path(), "email=ann%40example.com"));
    let erased = lake.erase_person([1; 16], &traces, &names).await.unwrap();
    assert_eq!((erased.urls, erased.files), (3, 3));
    assert!(erased.facts > 0);
    for trace in ["Spring", "ann%40example.com", "ANN@example.com", "email=", "@example", "#top"] {
        assert!(!holds(folder.path(), trace), "{trace}");
    }
    let pinned = lake.pin().await.unwrap();
    assert_eq!(figure(&pinned, &tail, "touches").await, Cell::Integer(5));
    let nothing = lake.erase_person([1; 16], &traces, &names).await.unwrap();
    assert_eq!((nothing.urls, nothing.facts, nothing.files), (0, 0, 0));
}

/// Whether any file under a folder holds a text, in a compressed page or outside of it.
fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = std::fs::read(&path).unwrap();
        let found = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        let parquet = path.extension().is_some_and(|extension| extension == "parquet");
        found(&bytes) || parquet && found(texts_of(bytes).as_bytes())
    })
}

/// The texts of a Parquet file as readers see them.
fn texts_of(bytes: Vec<u8>) -> String {
    use datafusion::arrow::util::pretty::pretty_format_batches;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file.reopen().unwrap()).unwrap();
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    pretty_format_batches(&batches).unwrap().to_string()
}
