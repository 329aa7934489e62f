//! Huddles: an agenda that is frozen, actions that are followed up, minutes that name no records to
//! whom they are not shown.

use app::context::Context;
use app::error::Error;
use app::huddle::{Order, Wanted, close, minutes, open, write_down};
use app::journal;
use domain::access::Scope;
use domain::kind::Kind;
use jiff::ToSpan;
use jiff::civil::date;
use reports::document::Report;
use reports::huddle::markdown;
use testkit::{How, TestCompany};

const DEALS: &str = "deal_id,deal_name,stage,amount,created_at,close_date\n\
                     D-1,Plain sailing,Won,80000,2026-01-01,2026-05-29\n\
                     D-2,Rough sea,Lost,60000,2026-01-05,2026-05-20\n\
                     D-3,Calm lake,Won,10000,2026-01-05,2026-04-02\n";
/// Won a day after the first huddle.
const LATER: &str = "deal_id,deal_name,stage,amount,created_at,close_date\n\
                     D-4,Fair wind,Won,30000,2026-01-05,2026-06-02\n";

fn order(text: &str, what: Wanted) -> Order {
    Order { text: text.to_owned(), what }
}

fn action(metric: Option<&str>) -> Wanted {
    Wanted::Action {
        owner: "Ann".to_owned(),
        due_on: Some(date(2026, 6, 5)),
        metric: metric.map(str::to_owned),
        expects: "two more wins".to_owned(),
    }
}

/// Somebody at work so many days later.
fn at(company: &TestCompany, days: i64) -> Context {
    let context = &company.context;
    context.renewed("ann", context.now + (24 * days).hours(), Scope::All)
}

fn why(error: &Error) -> String {
    error.to_string()
}

#[tokio::test]
async fn an_agenda_is_frozen_and_actions_are_followed_up() {
    let company = TestCompany::new().await;
    company.import_text(Kind::Deals, DEALS, How::default()).await.expect("is imported");
    let context = &company.context;
    assert!(minutes(context, None).await.expect("is asked").is_none());
    let early = write_down(context, &order("too early", Wanted::Note)).await;
    assert!(why(&early.expect_err("is refused")).contains("no huddle is under way"));

    let first = open(context).await.expect("begins");
    let agenda = first.json()["agenda"].clone();
    let text = agenda.to_string();
    for part in ["Where we stand", "1 deal won", "Plain sailing", "This is the first huddle"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("Calm lake"), "won long ago: {text}");
    let twice = open(context).await.expect_err("is refused");
    assert!(why(&twice).contains("huddle 1 of 2026-06-01 is under way"), "{twice}");
    let unknown = write_down(context, &order("x", action(Some("luck")))).await;
    assert!(why(&unknown.expect_err("is refused")).contains("`luck` is no metric"));
    write_down(context, &order("Call first", Wanted::Decision)).await.expect("is written");
    let agreed = write_down(context, &order("Call ten deals", action(Some("wins")))).await;
    // 28 days to 1 June: one win.
    let followed = agreed.expect("is written").json()["open_actions"][0].clone();
    assert_eq!((&followed["number"], &followed["then"]["value"]), (&2.into(), &1.0.into()));
    close(context).await.expect("ends");

    company.import_text(Kind::Deals, LATER, How::default()).await.expect("is imported");
    let week = at(&company, 7);
    let second = open(&week).await.expect("begins");
    let followed = second.json()["open_actions"][0].clone();
    assert_eq!(followed["now"]["value"], 2.0, "{followed:#}");
    assert_eq!(followed["is_overdue"], true);
    let told = second.json()["agenda"].to_string();
    for part in ["The huddle before was on 2026-06-01", "wins: 1 → 2 (+100 %)", "overdue"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // The first agenda is what it was, although its days look otherwise by now.
    let again = minutes(&week, Some(1)).await.expect("is asked").expect("is there");
    assert_eq!(again.json()["agenda"], agenda);
    assert_eq!(again.agenda_sha256, first.agenda_sha256);

    let done = |of: u64, is_done: bool| order("all called", Wanted::Ended { of, is_done });
    let none = write_down(&week, &done(1, true)).await.expect_err("is a decision");
    assert!(why(&none).contains("no open action has the number 1"), "{none}");
    let ended = write_down(&week, &done(2, true)).await.expect("is done");
    assert!(ended.open.is_empty());
    assert!(write_down(&week, &done(2, false)).await.is_err(), "it is done already");
    let text = markdown::minutes(&ended);
    for part in ["huddle 2 of 2026-06-08", "no. 2 is done", "| all called |"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let proof = journal::verify(&week).await.expect("is verified").json();
    assert_eq!(proof["holds"], true, "{proof}");
}

#[tokio::test]
async fn who_sees_own_records_alone_is_told_no_names_of_others() {
    let company = TestCompany::new().await;
    company.import_text(Kind::Deals, DEALS, How::default()).await.expect("is imported");
    let context = &company.context;
    let narrow = context.renewed("rep", context.now, Scope::Owners([].into()));
    // Whoever begins it, the agenda is of the whole team.
    let seen = open(&narrow).await.expect("begins").json().to_string();
    assert!(seen.contains("1 deal won") && !seen.contains("Plain sailing"), "{seen}");
    let whole = minutes(context, None).await.expect("is asked").expect("is there").json();
    assert!(whole.to_string().contains("Plain sailing"));
    let text =
        markdown::minutes(&minutes(&narrow, None).await.expect("is asked").expect("is there"));
    assert!(!text.contains("Plain sailing"), "{text}");
}

#[tokio::test]
async fn what_will_not_do_is_refused_with_its_field() {
    let company = TestCompany::new().await;
    company.import_text(Kind::Deals, DEALS, How::default()).await.expect("is imported");
    let context = &company.context;
    open(context).await.expect("begins");
    let late = Wanted::Action {
        owner: "Ann".to_owned(),
        due_on: Some(date(2026, 5, 1)),
        metric: None,
        expects: String::new(),
    };
    let nobody = Wanted::Action {
        owner: " ".to_owned(),
        due_on: None,
        metric: None,
        expects: String::new(),
    };
    for (what, text, field) in [
        (Wanted::Note, " ", "text"),
        (late, "call", "due"),
        (nobody, "call", "owner"),
        (action(Some("luck")), "call", "metric"),
        (Wanted::Ended { of: 9, is_done: true }, "done", "of"),
    ] {
        let error = write_down(context, &order(text, what)).await.expect_err("is refused");
        assert!(matches!(error, Error::Field { field: named, .. } if named == field), "{error}");
    }
}
