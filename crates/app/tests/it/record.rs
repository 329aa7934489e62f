//! Records edited and added by hand: who may, what holds against exports, and that no edit is lost.

use app::error::Error;
use app::record::{self, Entered};
use app::{check, imports, journal, pipeline};
use domain::kind::Kind;
use domain::master::Master;
use jiff::civil::{Date, date};
use reports::document::Report;
use reports::record::Edited;
use testkit::{How, TestCompany};

const MAY: &str = "deal_id,name,account,stage,amount,created_at,close_date,next_step\n\
                   d1,One,Acme,Discovery,100.00,2026-05-01,2026-07-31,call\n\
                   d2,Two,Acme,Discovery,200.00,2026-05-02,2026-07-31,call\n";
const JUNE: &str = "deal_id,name,account,stage,amount,created_at,close_date,next_step\n\
                    d1,One,Acme,Proposal,300.00,2026-05-01,2026-08-31,write\n\
                    d2,Two,Acme,Discovery,200.00,2026-05-02,2026-07-31,call\n";

async fn import(company: &TestCompany, day: Date, text: &str) -> reports::imports::Import {
    let how = How { observed_at: Some(day), ..How::default() };
    company.import_text(Kind::Deals, text, how).await.expect("is imported")
}

fn entered(fields: &[&str], on: Option<Date>) -> Entered {
    let pair = |field: &&str| {
        let (name, value) = field.split_once('=').expect("field=value");
        (name.to_owned(), value.to_owned())
    };
    Entered { fields: fields.iter().map(pair).collect(), on, ..Entered::default() }
}

async fn edit(
    company: &TestCompany,
    subject: &str,
    fields: &[&str],
    on: Option<Date>,
) -> Result<Edited, Error> {
    record::edit(&company.context, subject, &entered(fields, on)).await
}

async fn make_master(company: &TestCompany, realm: &str, master: Master) {
    let realm = realm.parse().expect("a realm");
    record::set_master(&company.context, realm, master).await.expect("is settled");
}

async fn field(company: &TestCompany, subject: &str, field: &str) -> String {
    let shown = record::show(&company.context, subject).await.expect("is shown").json();
    shown["fields"][field].as_str().unwrap_or("-").to_owned()
}

/// The open pipeline at the end of a day: deals, amount.
async fn open(company: &TestCompany, day: Date) -> (usize, String) {
    let report = pipeline::pipeline(&company.context, Some(day), None).await.expect("a report");
    let json = report.json();
    let deals = json["deals"].as_u64().expect("a count");
    (usize::try_from(deals).expect("few"), json["amount"].as_str().expect("an amount").to_owned())
}

#[tokio::test]
async fn a_field_of_the_crm_is_not_edited() {
    let company = TestCompany::new().await;
    import(&company, date(2026, 5, 10), MAY).await;
    let refused = edit(&company, "deals:d1", &["next_step=wait"], None).await;
    let message = refused.expect_err("is refused").to_string();
    assert!(message.contains("`baton record master deals.next_step baton`"), "{message}");
    assert_eq!(field(&company, "deals:d1", "next_step").await, "call");
}

#[tokio::test]
async fn what_was_edited_stays_when_a_newer_export_says_otherwise() {
    let company = TestCompany::new().await;
    import(&company, date(2026, 5, 10), MAY).await;
    make_master(&company, "deals.next_step", Master::Baton).await;
    let day = Some(date(2026, 5, 20));
    edit(&company, "deals:d1", &["next_step=wait"], day).await.expect("is edited");
    let done = import(&company, date(2026, 5, 31), JUNE).await;
    let found = |findings: &[reports::imports::Finding]| {
        let of_edits = findings.iter().find(|finding| finding.rule == "edited_in_baton");
        of_edits.map(|finding| finding.examples.clone()).unwrap_or_default()
    };
    assert_eq!(found(&done.findings), ["deals:d1 (next_step)"]);
    assert_eq!(found(&check::check(&company.context).await.expect("a check").findings).len(), 1);
    assert_eq!(field(&company, "deals:d1", "next_step").await, "wait");
    assert_eq!(field(&company, "deals:d1", "amount").await, "300.00", "the CRM is master of it");
    let verified = journal::verify(&company.context).await.expect("a verdict");
    assert_eq!((verified.broken, verified.entries_unchained), (None, 0));
    // Once the CRM is master again, its word counts from the next export on.
    make_master(&company, "deals.next_step", Master::Crm).await;
    import(&company, date(2026, 6, 1), &JUNE.replace("write", "sign")).await;
    assert_eq!(field(&company, "deals:d1", "next_step").await, "sign");
}

#[tokio::test]
async fn undoing_an_import_leaves_what_was_edited_since_and_says_so() {
    let company = TestCompany::new().await;
    import(&company, date(2026, 5, 10), MAY).await;
    let done = import(&company, date(2026, 5, 31), JUNE).await;
    make_master(&company, "deals.amount", Master::Baton).await;
    edit(&company, "deals:d1", &["amount=350"], None).await.expect("is edited");
    let undone = imports::undo::undo(&company.context, &done.import_id).await.expect("is undone");
    assert_eq!(undone.kept, ["deals:d1 amount"]);
    assert_eq!(field(&company, "deals:d1", "amount").await, "350.00");
    assert_eq!(field(&company, "deals:d1", "next_step").await, "call", "as before the import");
    assert_eq!(open(&company, date(2026, 6, 1)).await, (2, "550.00".to_owned()));
}

#[tokio::test]
async fn a_record_of_an_undone_import_stays_if_it_was_edited() {
    let company = TestCompany::new().await;
    make_master(&company, "deals", Master::Baton).await;
    let done = import(&company, date(2026, 5, 10), MAY).await;
    edit(&company, "deals:d1", &["amount=350"], None).await.expect("is edited");
    let undone = imports::undo::undo(&company.context, &done.import_id).await.expect("is undone");
    assert_eq!(undone.kept, ["deals:d1 amount"]);
    assert_eq!(open(&company, date(2026, 6, 1)).await, (1, "350.00".to_owned()));
}

#[tokio::test]
async fn a_record_added_by_hand_goes_its_way() {
    let company = TestCompany::new().await;
    let account = entered(&["name=Acme Ltd", "employees=40"], None);
    record::add(&company.context, Kind::Accounts, &account).await.expect("is added");
    let deal = ["name=First", "stage=Prospecting", "amount=1250.50", "account=Acme Ltd"];
    let deal = entered(&deal, Some(date(2026, 5, 1)));
    let added = record::add(&company.context, Kind::Deals, &deal).await.expect("is added");
    assert_eq!(field(&company, &added.subject, "account").await, "Acme Ltd");
    assert_eq!(open(&company, date(2026, 4, 30)).await.0, 0);
    assert_eq!(open(&company, date(2026, 5, 1)).await, (1, "1250.50".to_owned()));
    let won = edit(&company, &added.subject, &["stage=Won"], Some(date(2026, 5, 20))).await;
    let refused = won.expect_err("no such stage yet").to_string();
    assert!(refused.contains("choose one of Prospecting"), "{refused}");
    import(&company, date(2026, 5, 10), &MAY.replace("d2,Two,Acme,Discovery", "d2,Two,Acme,Won"))
        .await;
    let on = Some(date(2026, 5, 20));
    edit(&company, &added.subject, &["stage=won"], on).await.expect("is won");
    assert_eq!(field(&company, &added.subject, "closed_at").await, "2026-05-20T23:59:59.999999Z");
    assert_eq!(open(&company, date(2026, 5, 19)).await.0, 3);
    assert_eq!(open(&company, date(2026, 5, 20)).await.0, 2);
    let back = edit(&company, &added.subject, &["stage=Prospecting"], Some(date(2026, 5, 10)));
    let refused = back.await.expect_err("an edit goes forward").to_string();
    assert!(refused.contains("since 2026-05-20"), "{refused}");
}

#[tokio::test]
async fn of_two_edits_of_one_version_one_is_refused() {
    let company = TestCompany::new().await;
    import(&company, date(2026, 5, 10), MAY).await;
    make_master(&company, "deals", Master::Baton).await;
    let seen = record::show(&company.context, "deals:d1").await.expect("is shown").version;
    let with = |step: &str| {
        let fields = vec![("next_step".to_owned(), step.to_owned())];
        Entered { fields, version: Some(seen.clone()), ..Entered::default() }
    };
    let (one, other) = (with("wait"), with("sign"));
    let context = &company.context;
    let (one, other) = tokio::join!(
        record::edit(context, "deals:d1", &one),
        record::edit(context, "deals:d1", &other)
    );
    let refused: Vec<&Error> =
        [&one, &other].into_iter().filter_map(|r| r.as_ref().err()).collect();
    assert!(matches!(refused[..], [Error::Changed { .. }]), "{refused:?}");
}

/// A value that a field cannot hold is refused with a message that holds `part`.
async fn check_refusal(company: &TestCompany, field: &str, part: &str) {
    let refused = edit(company, "deals:d1", &[field], None).await;
    let message = refused.expect_err(field).to_string();
    assert!(message.contains(part), "{field}: {message}");
}

#[tokio::test]
async fn what_a_field_cannot_hold_is_refused_by_name() {
    let company = TestCompany::new().await;
    import(&company, date(2026, 5, 10), MAY).await;
    make_master(&company, "deals", Master::Baton).await;
    for (field, part) in [
        ("amount=1,250", "is not an amount"),
        ("amount=10 XXL", "not an ISO 4217"),
        ("probability=half", "`probability` takes a share such as 12.5 %, not `half`"),
        ("expected_close_on=soon", "takes a day such as 2026-03-31"),
        ("stage=Signed", "have no stage `Signed`: choose one of Discovery"),
        ("owner=nobody", "there is no record users:nobody"),
        ("colour=red", "have no field `colour`"),
        ("created_at=2026-01-01", "kept by Baton"),
        ("closed_at=2026-01-01", "follows the stage"),
    ] {
        check_refusal(&company, field, part).await;
    }
    let nothing = edit(&company, "deals:d1", &["next_step=call"], None).await.expect("is taken");
    assert!(nothing.changes.is_empty(), "what holds already is no change");
}
