//! Saved plans: they stay as they were saved, and are held against others and against last year.

use app::context::Context;
use app::error::Error;
use app::{goal, journal, metrics, plan, plan_version};
use domain::goal::Counts;
use domain::kind::Kind;
use domain::period::Period;
use reports::document::Report;
use reports::plan_version::comparison::{Measure, Other, Pair};
use testkit::{How, TestCompany};

/// Deals of two years: one in three is won, some forty days after it came.
fn deals() -> String {
    let mut text = "deal_id,name,stage,amount,created_at,close_date\n".to_owned();
    for number in 0..240_u32 {
        let (year, month, day) =
            (2024 + number / 120, 1 + number % 10, 1 + number.wrapping_mul(7) % 28);
        let stage = if number % 3 == 0 { "Closed Won" } else { "Closed Lost" };
        let amount = 1_000 + number % 50;
        text.push_str(&format!("d{number},Deal {number},{stage},{amount}.00,"));
        let closes = month + 1 + number % 2;
        text.push_str(&format!("{year}-{month:02}-{day:02},{year}-{closes:02}-{day:02}\n"));
    }
    text
}

async fn company() -> TestCompany {
    let company = TestCompany::new().await;
    company.import_text(Kind::Deals, &deals(), How::default()).await.expect("is imported");
    set_goal(&company.context, "200000").await;
    company
}

async fn set_goal(context: &Context, amount: &str) {
    let year = "2026".parse().expect("a year");
    goal::set(context, amount, year, Counts::All, 0.8).await.expect("is set");
}

fn question() -> plan::Question {
    plan::Question { seed: 1, ..plan::Question::default() }
}

#[tokio::test]
async fn a_saved_plan_stays_as_it_was_saved() {
    let company = company().await;
    let context = &company.context;
    let made = plan::plan(context, &question()).await.expect("a plan");
    let saved = plan_version::save(context, " board ", &question(), &[]).await.expect("is saved");
    assert_eq!((saved.name.as_str(), saved.by.as_str()), ("board", "test"));
    assert_eq!(saved.planned.expected, made.expected);
    assert_eq!(saved.planned.at_confidence, made.at_confidence);
    set_goal(context, "900000").await;
    let now = plan::plan(context, &question()).await.expect("a plan");
    assert_ne!(now.expected, made.expected);
    let shown = plan_version::show(context, "Board").await.expect("is there");
    assert_eq!(shown, saved);
    let verified = journal::verify(context).await.expect("is walked");
    assert_eq!((verified.broken, verified.entries_unchained), (None, 0));
}

#[tokio::test]
async fn a_name_is_given_once_and_by_who_sees_the_whole() {
    let company = company().await;
    let context = &company.context;
    let change = ["asp=+10%".parse().expect("it reads")];
    let saved = plan_version::save(context, "dearer", &question(), &change).await.expect("saved");
    assert_eq!(saved.changes, ["asp=1.1"]);
    for name in ["Dearer", " ", "now", "last year"] {
        let refused = plan_version::save(context, name, &question(), &[]).await;
        assert!(matches!(refused, Err(Error::Field { field: "name", .. })), "{name}");
    }
    assert_eq!(plan_version::list(context).await.expect("read").versions.len(), 1);
    let scope = domain::access::Scope::Owners(std::collections::BTreeSet::new());
    let rep = context.renewed("rep", context.now, scope);
    assert!(plan_version::save(&rep, "own", &question(), &[]).await.is_err());
    assert!(matches!(plan_version::show(&rep, "dearer").await, Err(Error::NotSeen(_))));
    assert!(matches!(plan_version::compare(&rep, "dearer", "now").await, Err(Error::NotSeen(_))));
    assert_eq!(plan_version::list(&rep).await.expect("read").versions, []);
}

#[tokio::test]
async fn versions_stand_beside_one_another_period_by_period() {
    let company = company().await;
    let context = &company.context;
    plan_version::save(context, "first", &question(), &[]).await.expect("is saved");
    set_goal(context, "300000").await;
    plan_version::save(context, "second", &question(), &[]).await.expect("is saved");
    let compared = plan_version::compare(context, "first", "second").await.expect("compared");
    let now = plan_version::compare(context, "first", "now").await.expect("compared");
    for measure in compared.measures() {
        let all = compared.on_average(None, measure);
        let parts: f64 = (compared.months().into_iter())
            .filter_map(|month| compared.on_average(Some(month), measure).difference())
            .sum();
        let whole = all.difference().expect("both have it");
        assert!((parts - whole).abs() < 0.05, "{measure:?}: {parts} is not {whole}");
        assert_eq!(now.on_average(None, measure), all, "the second is the plan as it is now");
    }
    let Pair { a, b } = compared.on_average(None, Measure::Revenue);
    assert_eq!((a, b), (Some(20_000_000.0), Some(30_000_000.0)));
    let answer = compared.document().answer;
    let said = "From “first” to “second” the goal goes from 200 k USD to 300 k USD";
    assert!(answer.starts_with(said), "{answer}");
    let json = compared.json();
    assert_eq!(json["totals"][0]["measure"], compared.measures()[0].name());
    assert!(plan_version::compare(context, "first", "third").await.is_err());
}

#[tokio::test]
async fn what_came_last_year_is_what_the_metrics_say() {
    let company = company().await;
    let context = &company.context;
    plan_version::save(context, "board", &question(), &[]).await.expect("is saved");
    let compared = plan_version::compare(context, "board", "last-year").await.expect("compared");
    assert_eq!(compared.other_name, "2025");
    let Other::Came { need, stages, until } = &compared.other else { panic!("it came") };
    assert_eq!((stages.len(), need.months.len(), *until), (2, 12, None));
    for (metric, came) in [
        ("opportunities_created", need.total.counts[0]),
        ("wins", need.total.counts[1]),
        ("revenue", need.total.revenue.minor as f64 / 100.0),
    ] {
        let day = |text: &str| text.parse().ok();
        let question = metrics::Question {
            name: metric.to_owned(),
            from: day("2025-01-01"),
            to: day("2025-12-31"),
            ..metrics::Question::default()
        };
        let figures = metrics::show(context, &question).await.expect("is known").json();
        let value = &figures["rows"][0]["value"];
        let told = value.as_f64().or_else(|| value.as_str()?.parse().ok());
        assert_eq!(told, Some(came), "{metric}");
    }
    let june: Period = "2026-06".parse().expect("a month");
    let pair = compared.on_average(Some(june), Measure::Revenue);
    let (_, june_before) = &need.months[5];
    assert_eq!(pair.b, Some(june_before.revenue.minor as f64));
}
