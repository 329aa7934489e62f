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

#[tokio::test]
async fn changes_that_begin_after_an_export_go_on_from_it_in_either_order() {
    let deals =
        "deal_id,stage,amount,created_at,close_date\n1,Prospecting,100,2017-01-10,2017-04-01\n";
    let changes = "deal_id,changed_at,stage,amount,close_date\n\
                   1,2017-02-05,Negotiation,150,2017-05-01\n\
                   1,2017-03-05,Closed Won,170,2017-03-05\n";
    let files = [(Kind::Deals, deals), (Kind::DealChanges, changes)];
    for order in [[0, 1], [1, 0]] {
        let company = TestCompany::new().await;
        for index in order {
            let (kind, text) = files[index];
            let how = How { observed_at: Some(date(2017, 1, 31)), ..How::default() };
            company.import_text(kind, text, how).await.expect("it is imported");
        }
        let open = async |day| {
            let report = pipeline::pipeline(&company.context, Some(day), None).await;
            let report = report.expect("a report");
            let stage = report.by_stage.first().map(|stage| stage.stage.clone());
            (report.deals, report.amount.to_decimal(), stage)
        };
        let prospecting = Some("Prospecting".to_owned());
        assert_eq!(open(date(2017, 1, 20)).await.2, prospecting, "{order:?}");
        let negotiation = (1, "150.00".to_owned(), Some("Negotiation".to_owned()));
        assert_eq!(open(date(2017, 2, 10)).await, negotiation, "{order:?}");
        assert_eq!(open(date(2017, 3, 10)).await.0, 0, "{order:?}");
    }
}

#[tokio::test]
async fn where_records_begin_follows_from_all_files() {
    let header = "deal_id,stage,amount,created_at,close_date\n";
    let files = [
        (date(2017, 1, 31), "1,Prospecting,100,2017-01-01,\n2,Negotiation,50,2017-01-02,\n"),
        (
            date(2017, 2, 28),
            "1,Negotiation,100,2017-01-01,\n2,Closed Lost,50,2017-01-02,2017-02-20\n",
        ),
        (
            date(2017, 3, 31),
            "1,Closed Won,90,2017-01-01,2017-03-20\n3,Negotiation,70,2017-03-01,\n",
        ),
    ];
    let mut expected: Option<String> = None;
    for order in [[0, 1, 2], [2, 0, 1], [2, 1, 0], [1, 0, 2]] {
        let company = TestCompany::new().await;
        for index in order {
            let (day, rows) = files[index];
            let how = How { observed_at: Some(day), ..How::default() };
            let text = format!("{header}{rows}");
            company.import_text(Kind::Deals, &text, how).await.expect("it is imported");
        }
        let mut found = String::new();
        for day in [date(2017, 1, 5), date(2017, 2, 10), date(2017, 3, 5), date(2017, 4, 1)] {
            let report = pipeline::pipeline(&company.context, Some(day), None).await;
            found.push_str(&report.expect("a report").json().to_string());
        }
        let expected = expected.get_or_insert_with(|| found.clone());
        assert_eq!(&found, expected, "{order:?}");
    }
}

#[tokio::test]
async fn what_was_undone_can_be_imported_again() {
    let company = TestCompany::new().await;
    let done = load(&company, [0, 1, 2]).await;
    let before = pictures(&company).await;
    for import in &done {
        imports::undo::undo(&company.context, &import.import_id).await.expect("it is undone");
    }
    let empty = pictures(&company).await;
    assert!(!empty.contains("Discovery"), "{empty}");
    load(&company, [0, 1, 2]).await;
    assert_eq!(pictures(&company).await, before);
}

#[tokio::test]
async fn a_refused_row_is_not_a_deleted_record() {
    let company = TestCompany::new().await;
    load(&company, [0, 1, 2]).await;
    let broken = MARCH.replace("300.00", "three hundred");
    let how = How { observed_at: Some(date(2025, 4, 30)), snapshot: true, ..How::default() };
    let done = company.import_text(Kind::Deals, &format!("{HEADER}{broken}"), how).await;
    assert_eq!(done.expect("it is imported").rows_rejected, 1);
    let report = pipeline::pipeline(&company.context, Some(date(2025, 5, 31)), None).await;
    assert_eq!(report.expect("a report").deals, 1, "d3 is still there");
}
