//! Forecast calls: the latest counts, earlier ones stay, past ones are graded.

use app::call::{self, Order, Question};
use app::context::Context;
use app::error::Error;
use app::journal;
use domain::call::Manner;
use domain::kind::Kind;
use jiff::Timestamp;
use jiff::civil::date;
use reports::call::{Calls, Said};
use testkit::TestCompany;

const TEAMS: &str = "team_id,name\nt1,North\n";
const USERS: &str = "user_id,name,email,team\nu1,Ann,ann@example.com,North\n\
                     u2,Bob,bob@example.com,North\n";
const DEALS: &str = "deal_id,name,owner_id,stage,amount,created_at,close_date,forecast_category\n\
                     d1,One,u1,Closed Won,100.00,2026-01-10,2026-02-10,Closed\n\
                     d2,Two,u1,Closed Won,300.00,2026-04-02,2026-05-05,Closed\n\
                     d3,Three,u1,Discovery,500.00,2026-05-01,2026-06-20,Commit\n\
                     d4,Four,u2,Discovery,700.00,2026-05-01,2026-06-25,\n\
                     d5,Five,,Discovery,900.00,2026-05-01,,\n";

async fn company() -> TestCompany {
    TestCompany::told(&[(Kind::Teams, TEAMS), (Kind::Users, USERS), (Kind::Deals, DEALS)]).await
}

/// The company on the morning of a day.
fn on(company: &TestCompany, day: &str) -> Context {
    let now: Timestamp = format!("{day}T08:00:00Z").parse().expect("a moment");
    company.context.renewed("test", now, company.context.scope.clone())
}

async fn say(
    context: &Context,
    period: &str,
    (manner, owner): (Manner, Option<&str>),
    (commit, best_case): (&str, &str),
) -> Result<Said, Error> {
    let order = Order {
        period: period.parse().expect("a period"),
        manner,
        whose: owner.map(str::to_owned),
        speaker: None,
        speaks_for_others: true,
        commit: commit.to_owned(),
        best_case: best_case.to_owned(),
        note: "as discussed".to_owned(),
    };
    call::say(context, &order).await
}

async fn calls(context: &Context, question: Question) -> Calls {
    call::calls(context, &Question { seed: 1, of_owners: true, ..question })
        .await
        .expect("calls are read")
}

#[tokio::test]
async fn owners_stand_under_their_team_with_what_they_have_in_hand() {
    let company = company().await;
    let calls = calls(&company.context, Question::default()).await;
    assert_eq!(calls.period.to_string(), "2026-Q2");
    let lines: Vec<(Option<&str>, &str, i64, i64, i64)> = (calls.lines.iter())
        .map(|line| {
            let hand = line.hand;
            (line.team.as_deref(), line.name.as_str(), hand.booked, hand.commit, hand.pipeline)
        })
        .collect();
    assert_eq!(
        lines,
        [(Some("North"), "Ann", 30_000, 50_000, 0), (Some("North"), "Bob", 0, 0, 70_000)]
    );
    assert_eq!(calls.whole.hand.undated, 1);
    assert!(calls.notes().iter().any(|note| note.contains("1 of the open deals tell")));
}

#[tokio::test]
async fn the_latest_call_counts_as_of_any_day() {
    let company = company().await;
    let april = on(&company, "2026-04-03");
    let first = say(&april, "2026-Q2", (Manner::Submission, Some("u1")), ("800", "900")).await;
    assert_eq!(first.expect("is said").from, None);
    let may = on(&company, "2026-05-04");
    let over = say(&may, "2026-Q2", (Manner::Override, Some("Ann")), ("600", "800")).await;
    let over = over.expect("is said");
    assert_eq!(over.from.map(|(commit, _)| commit.minor), Some(80_000));
    let answer = reports::document::Report::document(&over).answer;
    assert!(answer.starts_with("Override of Ann for 2026-Q2"), "{answer}");
    let counts = async |day| {
        let calls = calls(&company.context, Question { as_of: day, ..Question::default() }).await;
        // Who has nothing in hand and called nothing has no line yet.
        let ann = calls.lines.iter().find(|line| line.name == "Ann")?;
        ann.counts().map(|said| said.commit.minor)
    };
    assert_eq!(counts(Some(date(2026, 4, 2))).await, None);
    assert_eq!(counts(Some(date(2026, 4, 30))).await, Some(80_000));
    assert_eq!(counts(None).await, Some(60_000));
    let verified = journal::verify(&company.context).await.expect("is walked");
    assert_eq!(verified.broken, None);
}

#[tokio::test]
async fn past_calls_are_graded_by_what_was_booked() {
    let company = company().await;
    let own = (Manner::Submission, Some("u1"));
    for (day, commit) in [("2026-01-05", "200"), ("2026-03-20", "110")] {
        let said = say(&on(&company, day), "2026-Q1", own, (commit, "400")).await;
        said.expect("is said");
    }
    let late = say(&company.context, "2026-Q1", own, ("100", "100")).await;
    assert!(matches!(late, Err(Error::Field { field: "period", .. })));
    let calls = calls(&company.context, Question::default()).await;
    let [graded] = calls.graded.as_slice() else { panic!("one call is graded") };
    assert_eq!(graded.first.map(|money| money.minor), Some(20_000));
    assert_eq!(graded.last.map(|money| money.minor), Some(11_000));
    assert_eq!(graded.booked.minor, 10_000);
}

#[tokio::test]
async fn what_does_not_hold_together_is_refused_at_its_field() {
    let company = company().await;
    let context = &company.context;
    for (owner, commit, best_case, wrong) in [
        (Some("u9"), "1", "1", "owner"),
        (None, "much", "1", "commit"),
        (None, "-1", "1", "commit"),
        (None, "2", "1.005", "best_case"),
        (None, "2", "1", "best_case"),
    ] {
        let said = say(context, "2026-Q2", (Manner::Submission, owner), (commit, best_case)).await;
        let Err(Error::Field { field, .. }) = said else { panic!("{owner:?} {commit} is taken") };
        assert_eq!(field, wrong);
    }
    assert!(calls(context, Question::default()).await.said.is_empty());
}
