//! Attribution from imported files, against credits that were worked out by hand.

use app::attribution::{Question, attribution};
use app::context::Context;
use app::{imports, person};
use domain::access::Scope;
use domain::kind::Kind;
use jiff::civil::date;
use reports::attribution::{Attribution, By, Conversions, Model, NONE, Said};
use reports::document::Report;
use testkit::{How, TestCompany, import_file};

/// `p1` buys after email, web, email; `p2` never; `p3` without a touch; `p4` after social and a
/// visit of its own accord, with one more touch afterwards.
const TOUCHES: [&str; 8] = [
    "t1,2026-01-01T00:00:00Z,p1,Email",
    "t2,2026-01-02T00:00:00Z,p1,Web",
    "t3,2026-01-03T00:00:00Z,p1,Email",
    "t4,2026-01-02T00:00:00Z,p2,Web",
    "t5,2026-01-01T00:00:00Z,p4,Social",
    "t6,2026-01-02T00:00:00Z,p4,Direct",
    "t7,2026-01-05T00:00:00Z,p4,Email",
    "t8,2026-01-06T00:00:00Z,p5,Web",
];

const PURCHASES: &str = "purchase_id,time,person_id,value\n\
                         b1,2026-01-03T08:00:00Z,p1,100.00\n\
                         b2,2026-01-03T08:00:00Z,p3,50.00\n\
                         b3,2026-01-04T08:00:00Z,p4,60.00\n";

fn touches(lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    format!("touch_id,occurred_at,person_id,channel\n{lines}")
}

async fn company(files: &[&[&str]]) -> TestCompany {
    let company = TestCompany::new().await;
    for lines in files {
        let text = touches(lines);
        company.import_text(Kind::Touches, &text, How::default()).await.expect("touches");
    }
    company.import_text(Kind::Purchases, PURCHASES, How::default()).await.expect("purchases");
    company
}

async fn asked(context: &Context, question: Question) -> Attribution {
    attribution(context, &question, &|| 0.0).await.expect("a report")
}

async fn all(context: &Context) -> Attribution {
    asked(context, Question::default()).await
}

/// What a model gives to each key.
fn values(report: &Attribution, model: Model) -> Vec<(&str, i64)> {
    let part = report.parts.iter().find(|part| part.model == model).expect("it was asked");
    let Said::Credits(credits) = &part.said else { panic!("{part:?}") };
    let names = report.keys.iter().map(|key| key.name.as_str());
    names.zip(credits.iter().map(|credit| credit.value.minor)).collect()
}

#[tokio::test]
async fn credits_are_those_that_were_worked_out_by_hand() {
    let report = all(&company(&[&TOUCHES]).await.context).await;
    assert_eq!(report.conversion, Conversions::Purchases, "no deal was won");
    // p1, p2, p4, p5 and what p4 did afterwards.
    assert_eq!((report.journeys, report.conversions, report.value.minor), (5, 2, 16_000));
    assert_eq!((report.untouched.conversions, report.untouched.value.minor), (1, 5_000));
    let check = |model, [direct, email, social, web]: [i64; 4]| {
        let expected = [("Direct", direct), ("Email", email), ("Social", social), ("Web", web)];
        assert_eq!(values(&report, model), expected, "{model:?}");
    };
    check(Model::First, [0, 10_000, 6_000, 0]);
    check(Model::Last, [6_000, 10_000, 0, 0]);
    check(Model::LastNonDirect, [0, 10_000, 6_000, 0]);
    check(Model::Linear, [3_000, 6_667, 3_000, 3_333]);
    check(Model::UShaped, [3_000, 8_000, 3_000, 2_000]);
    // A day makes 2^(-1/7) = 0.90572: p1 has weights 0.82034, 0.90572 and 1.
    check(Model::TimeDecay, [3_148, 6_678, 2_852, 3_322]);
    // The chain: start → Email 2/5 (p1, and p4 afterwards), Web 2/5, Social 1/5; Email → Web 1/3,
    // bought 1/3, lost 1/3; Web → Email 1/3, lost 2/3; Social → Direct → bought.
    // From Email e = w/3 + 1/3, from Web w = e/3, so e = 3/8 and w = 1/8. Of five journeys
    // 5(2/5·3/8 + 2/5·1/8 + 1/5) = 2 convert. Without Email or Web: 1 and 2/5·1/3·5 + 1 = 5/3;
    // without Social or Direct 1. Lost are 1 (Email), 1/3 (Web), 1 and 1: 3/10 each, 1/10 of Web.
    let markov = report.parts.iter().find(|part| part.model == Model::Markov1).expect("asked");
    let Said::Credits(credits) = &markov.said else { panic!("{markov:?}") };
    for (credit, expected) in credits.iter().zip([0.6, 0.6, 0.6, 0.2]) {
        assert!((credit.conversions - expected).abs() < 1e-12, "{credits:?}");
    }
    for model in [Model::WShaped, Model::FullPath] {
        let part = report.parts.iter().find(|part| part.model == model).expect("asked");
        assert!(matches!(&part.said, Said::Unavailable(why) if why.contains("lead")), "{part:?}");
    }
    for part in &report.parts {
        let Said::Credits(credits) = &part.said else { continue };
        let sum: i64 = credits.iter().map(|credit| credit.value.minor).sum();
        assert_eq!(sum, 16_000, "{:?}", part.model);
    }
}

#[tokio::test]
async fn touches_shuffled_tripled_and_late_give_the_same_bytes() {
    let expected = all(&company(&[&TOUCHES]).await.context).await.json().to_string();
    let mut shuffled = TOUCHES;
    shuffled.reverse();
    shuffled.swap(1, 6);
    let tripled = [TOUCHES, shuffled, TOUCHES].concat();
    for files in [
        vec![&shuffled[..]],
        vec![&tripled],
        vec![&TOUCHES, &shuffled, &TOUCHES],
        vec![&TOUCHES[4..], &TOUCHES[2..5], &TOUCHES[..3]],
    ] {
        let found = all(&company(&files).await.context).await.json().to_string();
        assert_eq!(found, expected);
    }
    // Thirty days after the purchases, and after the others.
    let late = company(&[&TOUCHES[1..]]).await;
    let now = late.context.now + jiff::SignedDuration::from_hours(30 * 24);
    let context = late.context.renewed("test", now, Scope::All);
    let file = late.file("late.csv", touches(&TOUCHES[..1]));
    import_file(&context, &file, Kind::Touches, How::default()).await.expect("touches");
    let as_of = Some(date(2026, 6, 1));
    let then = asked(&context, Question { as_of, ..Question::default() }).await;
    assert_eq!(then.json().to_string(), expected);
    // What was known before that day lacks it: p1 came from Web first.
    let before = Question { as_of, known_at: as_of, ..Question::default() };
    let first = asked(&context, before).await;
    assert_eq!(values(&first, Model::First)[3], ("Web", 10_000));
}

#[tokio::test]
async fn an_undone_import_and_an_erased_person() {
    let company = company(&[&TOUCHES]).await;
    let expected = all(&company.context).await;
    let more = touches(&["x1,2025-12-31T00:00:00Z,p1,Fair", "t1,2026-01-01T00:00:00Z,p1,Email"]);
    let import = company.import_text(Kind::Touches, &more, How::default()).await.expect("more");
    let with = all(&company.context).await;
    assert_eq!(values(&with, Model::First)[2], ("Fair", 10_000));
    imports::undo::undo(&company.context, &import.import_id).await.expect("is undone");
    assert_eq!(all(&company.context).await, expected);
    // What tells who it was goes; that somebody came by email and bought stays.
    company
        .import_text(Kind::People, "person_id,email\np1,ann@example.com\n", How::default())
        .await
        .expect("people");
    person::erase(&company.context, "people:p1").await.expect("is erased");
    assert_eq!(all(&company.context).await, expected);
}

#[tokio::test]
async fn long_looped_and_simultaneous_journeys() {
    let mut lines: Vec<String> = (0..10_000)
        .map(|place| {
            let at = jiff::Timestamp::from_second(1_767_225_600 + place).expect("a time");
            format!("l{place},{at},p1,{}", if place % 4 == 0 { "Email" } else { "Web" })
        })
        .collect();
    lines.extend((0..5).map(|place| format!("s{place},2026-01-01T00:00:0{place}Z,p3,Social")));
    // At one instant the names decide: Email comes before Web, however they are told.
    lines.push("e1,2026-01-01T00:00:00Z,p4,Web".to_owned());
    lines.push("e2,2026-01-01T00:00:00Z,p4,Email".to_owned());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let report = all(&company(&[&lines]).await.context).await;
    assert_eq!((report.journeys, report.conversions, report.untouched.conversions), (3, 3, 0));
    assert_eq!(
        values(&report, Model::Linear),
        [("Email", 2_500 + 3_000), ("Social", 5_000), ("Web", 7_500 + 3_000)]
    );
    assert_eq!(values(&report, Model::First), [("Email", 16_000), ("Social", 5_000), ("Web", 0)]);
    let backward: Vec<&str> = lines.iter().rev().copied().collect();
    assert_eq!(all(&company(&[&backward]).await.context).await, report);
}

#[tokio::test]
async fn days_limit_conversions_and_how_far_back_touches_count() {
    let company = company(&[&TOUCHES]).await;
    let day = |from, to| Question { from, to, ..Question::default() };
    let third = asked(&company.context, day(None, Some(date(2026, 1, 3)))).await;
    // p4 bought later: its touches are neither bought nor lost.
    assert_eq!((third.journeys, third.conversions), (2, 1));
    let fourth = asked(&company.context, day(Some(date(2026, 1, 4)), None)).await;
    assert_eq!((fourth.conversions, fourth.value.minor), (1, 6_000));
    let lookback_days = Some(1);
    let short = asked(&company.context, Question { lookback_days, ..Question::default() }).await;
    assert_eq!((short.conversions, short.untouched.conversions), (1, 2));
    assert_eq!(values(&short, Model::First)[1], ("Email", 10_000));
    let wrong = Question { lookback_days: Some(0), ..Question::default() };
    let refused = attribution(&company.context, &wrong, &|| 0.0).await.expect_err("no days");
    assert!(refused.to_string().contains("lookback-days"), "{refused}");
    let none = Question { conversion: Some(Conversions::Wins), ..Question::default() };
    let refused = attribution(&company.context, &none, &|| 0.0).await.expect_err("no wins");
    assert!(refused.to_string().contains("no wins are known"), "{refused}");
}

/// Two accounts of two owners, with a won deal each; what Ann's people did, and Bob's.
async fn accounts() -> TestCompany {
    let company = TestCompany::new().await;
    let import = async |kind, text: &str| {
        let how = How { observed_at: Some(date(2026, 5, 1)), ..How::default() };
        company.import_text(kind, text, how).await.expect("is imported")
    };
    import(Kind::Teams, "team_id,name\nx,North\ny,South\n").await;
    import(Kind::Users, "user_id,name,team\nu1,Ann,x\nu2,Bob,y\n").await;
    import(Kind::Accounts, "account_id,name,owner_id\na1,Acme,u1\na2,Birch,u2\n").await;
    import(Kind::People, "person_id,account_id\nq1,a1\nq2,a1\nq3,a2\n").await;
    import(Kind::Campaigns, "campaign_id,name,channel\nc1,Spring,Email\n").await;
    import(Kind::Costs, "cost_id,date,campaign_id,amount\nk1,2026-01-01,c1,40\n").await;
    import(
        Kind::Leads,
        "lead_id,created_at,person_id,account_id,stage\n\
         l1,2026-01-02T12:00:00Z,q1,a1,MQL\n",
    )
    .await;
    import(
        Kind::Deals,
        "deal_id,account_id,owner_id,lead_id,stage,amount,created_at,close_date\n\
         d1,a1,u1,l1,Won,1000,2026-01-04,2026-01-10\n\
         d2,a2,u2,,Won,500,2026-01-04,2026-01-10\n",
    )
    .await;
    let text = "touch_id,occurred_at,person_id,channel,campaign_id,account_id\n\
                t1,2026-01-01T00:00:00Z,q1,Email,c1,a1\n\
                t2,2026-01-03T00:00:00Z,q2,Web,,a1\n\
                t3,2026-01-10T20:00:00Z,q1,Event,,\n\
                t4,2026-01-05T00:00:00Z,q3,Web,c1,a2\n";
    import(Kind::Touches, text).await;
    company
}

#[tokio::test]
async fn a_win_has_the_touches_of_all_people_of_the_account() {
    let company = accounts().await;
    let report = all(&company.context).await;
    assert_eq!((report.conversion, report.journeys, report.conversions), (Conversions::Wins, 2, 2));
    // The touch of the winning day counts, since the deal tells no time.
    assert_eq!(
        values(&report, Model::Linear),
        [("Email", 33_334), ("Event", 33_333), ("Web", 33_333 + 50_000)]
    );
    // First, by which the lead came: Email; by which the deal came: Web; Event for the rest.
    assert_eq!(values(&report, Model::WShaped)[..2], [("Email", 60_000), ("Event", 10_000)]);
    let spring =
        asked(&company.context, Question { by: By::Campaign, ..Question::default() }).await;
    assert_eq!(values(&spring, Model::First), [(NONE, 0), ("Spring", 150_000)]);
    assert_eq!(spring.keys[1].cost.map(|cost| cost.minor), Some(4_000));
    assert_eq!(report.keys[0].cost.map(|cost| cost.minor), Some(4_000), "the campaign's channel");
    let people = asked(&company.context, Question { by: By::Person, ..Question::default() }).await;
    assert_eq!(values(&people, Model::Last), [(NONE, 100_000), ("Ann", 0), ("Bob", 50_000)]);
    let teams = asked(&company.context, Question { by: By::Team, ..Question::default() }).await;
    assert_eq!(values(&teams, Model::First), [(NONE, 0), ("North", 100_000), ("South", 50_000)]);
    let mqls = Question { conversion: Some(Conversions::Mqls), ..Question::default() };
    let mqls = asked(&company.context, mqls).await;
    assert_eq!((mqls.conversions, mqls.value.minor), (1, 0));
}

#[tokio::test]
async fn nobody_sees_touches_out_of_scope() {
    let company = accounts().await;
    let users = company.context.store.names(Kind::Users).await.expect("users");
    let bob = users.iter().find(|(_, name)| name == "Bob").map(|(id, _)| *id).expect("Bob");
    let narrow = company.context.renewed("Bob", company.context.now, Scope::Owners([bob].into()));
    let report = all(&narrow).await;
    assert_eq!((report.journeys, report.conversions, report.value.minor), (1, 1, 50_000));
    assert_eq!(values(&report, Model::Last), [("Web", 50_000)]);
    let json = report.json().to_string();
    assert!(!json.contains("Email") && !json.contains("Event"), "{json}");
    let nobody = company.context.renewed("Eve", company.context.now, Scope::Owners([].into()));
    attribution(&nobody, &Question::default(), &|| 0.0).await.expect_err("nothing is seen");
}
