//! Histories: exports in any order, the same file twice, undo, complete exports.

use app::{imports, journal, pipeline};
use domain::kind::Kind;
use jiff::civil::{Date, date};
use reports::document::Report;
use testkit::{How, TestCompany};

const HEADER: &str = "Deal Id,Deal Name,Stage,Amount,Create Date,Close Date\n";
const JANUARY: &str = "d1,One,Discovery,100.00,2025-01-05,2025-04-30\n\
                       d2,Two,Discovery,200.00,2025-01-20,2025-04-30\n";
const FEBRUARY: &str = "d1,One,Proposal,150.00,2025-01-05,2025-04-30\n\
                        d2,Two,Discovery,200.00,2025-01-20,2025-06-30\n\
                        d3,Three,Discovery,300.00,2025-02-02,2025-05-31\n";
const MARCH: &str = "d1,One,Closed Won,140.00,2025-01-05,2025-03-15\n\
                     d3,Three,Discovery,300.00,2025-02-02,2025-05-31\n";

fn exports() -> [(Date, &'static str); 3] {
    [(date(2025, 1, 31), JANUARY), (date(2025, 2, 28), FEBRUARY), (date(2025, 3, 31), MARCH)]
}

async fn load(company: &TestCompany, order: [usize; 3]) -> Vec<reports::imports::Import> {
    let mut done = Vec::new();
    for index in order {
        let (day, rows) = exports()[index];
        let how = How { observed_at: Some(day), snapshot: true, ..How::default() };
        let text = format!("{HEADER}{rows}");
        done.push(company.import_text(Kind::Deals, &text, how).await.expect("it is imported"));
    }
    done
}

/// The pipeline on some days, as text.
async fn pictures(company: &TestCompany) -> String {
    let mut pictures = String::new();
    for day in [
        date(2025, 1, 10),
        date(2025, 2, 1),
        date(2025, 2, 28),
        date(2025, 3, 14),
        date(2025, 3, 15),
        date(2025, 3, 31),
        date(2025, 12, 31),
    ] {
        let report = pipeline::pipeline(&company.context, Some(day), None).await.expect("a report");
        let stages: Vec<String> = (report.by_stage.iter())
            .map(|s| format!("{} {} {}", s.stage, s.deals, s.amount.to_decimal()))
            .collect();
        pictures.push_str(&format!("{day}: {}\n", stages.join(", ")));
    }
    pictures
}

#[tokio::test]
async fn dated_exports_in_any_order_give_the_same_history() {
    let mut expected: Option<String> = None;
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        let company = TestCompany::new().await;
        load(&company, order).await;
        let found = pictures(&company).await;
        let expected = expected.get_or_insert_with(|| found.clone());
        assert_eq!(&found, expected, "{order:?}");
        let verified = journal::verify(&company.context).await.expect("a verdict");
        assert_eq!((verified.broken, verified.entries_unchained), (None, 0));
    }
    let expected = expected.expect("a history");
    assert!(expected.contains("2025-02-28: Discovery 2 500.00, Proposal 1 150.00"), "{expected}");
    assert!(expected.contains("2025-03-31: Discovery 1 300.00"), "d2 was deleted: {expected}");
}

#[tokio::test]
async fn the_same_file_twice_changes_nothing() {
    let company = TestCompany::new().await;
    load(&company, [0, 1, 2]).await;
    let before = journal::verify(&company.context).await.expect("a verdict");
    let again = load(&company, [0, 1, 2]).await;
    for done in again {
        assert_eq!((done.rows_new, done.rows_updated), (0, 0), "{done:?}");
        assert_eq!(done.rows_unchanged, done.rows_read);
    }
    let after = journal::verify(&company.context).await.expect("a verdict");
    assert_eq!(after.entries_chained, before.entries_chained);
}

#[tokio::test]
async fn an_undone_import_leaves_the_history_as_if_it_had_not_been() {
    let (with, without) = (TestCompany::new().await, TestCompany::new().await);
    let done = load(&with, [0, 1, 2]).await;
    imports::undo::undo(&with.context, &done[1].import_id).await.expect("it is undone");
    for index in [0, 2] {
        let (day, rows) = exports()[index];
        let how = How { observed_at: Some(day), snapshot: true, ..How::default() };
        let text = format!("{HEADER}{rows}");
        without.import_text(Kind::Deals, &text, how).await.expect("it is imported");
    }
    assert_eq!(pictures(&with).await, pictures(&without).await);
    let twice = imports::undo::undo(&with.context, &done[1].import_id).await;
    assert!(twice.expect_err("only once").to_string().contains("undone before"));
}

#[tokio::test]
async fn a_deal_keeps_its_way_in_the_journal() {
    let company = TestCompany::new().await;
    load(&company, [0, 1, 2]).await;
    let log = journal::log(&company.context, "deals:d1").await.expect("a log");
    let stages: Vec<String> = (log.entries.iter())
        .flat_map(|entry| entry.changes.iter().map(move |change| (entry, change)))
        .filter(|(_, change)| change.field == "stage")
        .map(|(entry, change)| {
            let day = entry.effective_at.to_string()[..10].to_owned();
            format!("{day} {}", change.after.as_ref().map_or(String::new(), |v| v.encode()))
        })
        .collect();
    assert!(stages.contains(&"2025-02-28 Proposal".to_owned()), "{stages:?}");
    assert!(stages.contains(&"2025-03-15 Closed Won".to_owned()), "{stages:?}");
    assert!(log.document().answer.contains("deals:d1"));
}
