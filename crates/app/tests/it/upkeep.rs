//! Upkeep: what it does to the files of a company, and that no figure knows of it.

use std::path::Path;

use app::context::Context;
use app::record::{self, Entered};
use app::{journal, pipeline, upkeep};
use domain::access::Scope;
use domain::kind::Kind;
use domain::master::Master;
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use reports::document::Report;
use reports::upkeep::Upkeep;
use testkit::{How, TestCompany};

const DEALS: &str = "deal_id,name,stage,amount,created_at,close_date\n\
                     d1,One,Discovery,100,2026-05-01,2026-07-31\n\
                     d2,Two,Discovery,200,2026-05-02,2026-07-31\n";

async fn with_deals(company: TestCompany) -> TestCompany {
    let how = How { observed_at: Some(date(2026, 5, 10)), ..How::default() };
    company.import_text(Kind::Deals, DEALS, how).await.expect("is imported");
    let realm = "deals.amount".parse().expect("a realm");
    record::set_master(&company.context, realm, Master::Baton).await.expect("is settled");
    company
}

/// The company some hours later.
fn later(company: &TestCompany, hours: i64) -> Context {
    let now = company.context.now + SignedDuration::from_hours(hours);
    company.context.renewed("test", now, Scope::All)
}

async fn set_amount(context: &Context, amount: i64) {
    let fields = vec![("amount".to_owned(), amount.to_string())];
    let entered = Entered { fields, ..Entered::default() };
    record::edit(context, "deals:d1", &entered).await.expect("is edited");
}

async fn figures(context: &Context) -> String {
    let open = pipeline::pipeline(context, None, None).await.expect("a report").json();
    let log = journal::log(context, "deals:d1").await.expect("a log").json();
    format!("{open} {log}")
}

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file"));
    entries.filter(|entry| entry.path().extension().is_some_and(|it| it == "parquet")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_are_sealed_and_their_small_files_become_one() {
    let company = with_deals(TestCompany::new().await).await;
    let history = company.folder.path().join("data/lake/history");
    let mut merged = 0;
    for hour in 1..=20 {
        let context = later(&company, hour);
        set_amount(&context, 1000 + hour).await;
        let before = figures(&context).await;
        assert!(!upkeep::chain(&context).await.expect("chains"), "little waits");
        let done = upkeep::tend(&context).await.expect("is done");
        assert_eq!((done.by_another, done.facts_sealed), (false, 1), "hour {hour}");
        assert_eq!(figures(&context).await, before, "hour {hour}");
        merged += done.files_merged;
    }
    assert!(merged >= 16, "{merged} files became fewer");
    let verified = journal::verify(&company.context).await.expect("a verdict");
    assert_eq!((verified.broken, verified.entries_unchained), (None, 0));

    let context = later(&company, 21);
    assert_eq!(upkeep::tend(&context).await.expect("is done"), Upkeep::default(), "nothing is due");
    let kept = files(&history);
    assert!(kept > 20, "files are kept for those who pinned them: {kept}");
    let pinned = context.lake.pin().await.expect("is pinned");
    let before = figures(&context).await;
    let next_century: Timestamp = "2126-01-01T00:00:00Z".parse().expect("a time");
    let long_after = company.context.renewed("test", next_century, Scope::All);
    let done = upkeep::tend(&long_after).await.expect("is done");
    assert_eq!(files(&history), kept - done.files_deleted);
    assert!(files(&history) <= 8, "few are left");
    assert_eq!(figures(&context).await, before);
    assert_eq!(pinned.versions(), context.lake.pin().await.expect("is pinned").versions());
}

#[tokio::test]
async fn one_process_at_a_time_tends() {
    let company = with_deals(TestCompany::new().await).await;
    let context = later(&company, 1);
    set_amount(&context, 5).await;
    assert!(context.store.lease("upkeep", "another", context.now).await.expect("is taken"));
    assert!(upkeep::tend(&context).await.expect("is done").by_another);
    let after = later(&company, 2);
    assert_eq!(upkeep::tend(&after).await.expect("is done").facts_sealed, 1, "the lease is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_at_a_url_is_a_lake_like_any_other() {
    let url = |folder: &Path| Some(format!("file://{}/a%20lake", folder.display()));
    let elsewhere = with_deals(TestCompany::with_lake(url).await).await;
    let usual = with_deals(TestCompany::new().await).await;
    assert!(files(&elsewhere.folder.path().join("a lake/history")) > 0);
    assert!(!elsewhere.folder.path().join("data/lake").exists());
    let mut told = Vec::new();
    for company in [&elsewhere, &usual] {
        let context = later(company, 1);
        set_amount(&context, 7).await;
        upkeep::tend(&context).await.expect("is done");
        let open = pipeline::pipeline(&context, None, None).await.expect("a report").json();
        told.push(open.to_string());
    }
    assert_eq!(told[0], told[1]);
}
