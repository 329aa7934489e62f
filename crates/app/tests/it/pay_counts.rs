//! Pay by other metrics than revenue, against amounts that were worked out by hand and against the
//! catalogue's own figures.

use app::attribution::{self, attribution};
use app::context::Context;
use app::metrics;
use app::pay::{Deed, Saved, advance, calculate, payroll, save, sheet, sign, slip};
use domain::access::Scope;
use domain::kind::Kind;
use domain::period::Period;
use jiff::ToSpan;
use jiff::civil::date;
use reports::attribution::{By, Conversions, Model, Said};
use reports::document::{Cell, Report};
use serde_json::Value;
use testkit::{How, TestCompany};

use crate::paying::{of, question, totals};

const USERS: &str = "user_id,name,email\n\
                     u1,Ann Ashe,ann@test.example\n\
                     u2,Ben Birch,ben@test.example\n\
                     u3,Cem Cedar,cem@test.example\n";

const LEADS: &str = "lead_id,created_at,stage,owner_id,source\n\
                     L-1,2026-01-05,sql,u1,Web\n\
                     L-2,2026-02-05,sql,u2,Web\n\
                     L-3,2026-03-05,inquiry,u3,Event\n\
                     L-4,2026-03-06,inquiry,u3,Web\n";

/// Marketing has them until sales accepts them; who qualifies `L-2` accepts it thereby.
const LEAD_CHANGES: &str = "lead_id,changed_at,stage,owner_id\n\
                            L-1,2026-01-10T09:00:00Z,mql,u3\n\
                            L-1,2026-01-12T09:00:00Z,sal,u1\n\
                            L-1,2026-02-01T09:00:00Z,sql,u1\n\
                            L-2,2026-02-10T09:00:00Z,mql,u3\n\
                            L-2,2026-03-01T09:00:00Z,sql,u2\n\
                            L-3,2026-03-20T09:00:00Z,mql,u3\n\
                            L-3,2026-04-02T09:00:00Z,sal,u1\n";

const DEALS: &str = "deal_id,stage,amount,created_at,close_date,owner_id,account_id\n\
                     D-1,Negotiation,10000,2026-01-15,2026-07-01,u1,A-1\n\
                     D-2,Lost,20000,2026-03-05,2026-04-05,u2,A-2\n\
                     D-3,Won,30000,2025-12-20,2026-02-20,u1,A-1\n\
                     D-4,Won,5000,2025-12-20,2026-02-25,u2,A-2\n";

const ACCOUNTS: &str = "account_id,name,owner_id\n\
                        A-1,Acme,u3\n\
                        A-2,Birch,u3\n";

/// `S-2` is renewed by `S-3`, and `S-4` is lost.
const SUBSCRIPTIONS: &str = "id,account_id,product,started_on,ended_on,monthly_amount\n\
                             S-1,A-1,Alpha,2025-06-01,,1000\n\
                             S-2,A-2,Alpha,2025-02-10,2026-02-10,500\n\
                             S-3,A-2,Alpha,2026-03-01,,700\n\
                             S-4,A-1,Beta,2025-02-01,2026-02-01,900\n";

const PLAN: &str = r#"
name = "Counts"
version = 1
currency = "USD"
first_period = "2026-Q1"
freeze_days = 5

[[measure]]
name = "qualified"
metric = "mqls"
each = "10"

[[measure]]
name = "accepted"
metric = "hand_offs_accepted"
each = "20"

[[measure]]
name = "found good"
metric = "sqls"
each = "50"

[[measure]]
name = "pipeline"
metric = "pipeline_created"
rate = "1 %"

[[measure]]
name = "kept"
metric = "renewed_monthly_amount"
rate = "2 %"

[[payee]]
id = "u1"
starts_on = "2025-01-01"
quotas = { "accepted" = "4", "found good" = "2", "pipeline" = "50000" }

[[payee]]
id = "u2"
starts_on = "2025-01-01"
quotas = { "accepted" = "4", "found good" = "2", "pipeline" = "50000" }

[[payee]]
id = "u3"
starts_on = "2025-01-01"
quotas = { "qualified" = "3", "kept" = "2000" }
"#;

async fn company() -> TestCompany {
    TestCompany::told(&[
        (Kind::Users, USERS),
        (Kind::Accounts, ACCOUNTS),
        (Kind::Leads, LEADS),
        (Kind::LeadChanges, LEAD_CHANGES),
        (Kind::Deals, DEALS),
        (Kind::Subscriptions, SUBSCRIPTIONS),
    ])
    .await
}

/// What all payees together are credited with of a measure.
fn credited(json: &Value, measure: &str) -> f64 {
    let statements = json["statements"].as_array().expect("has statements").iter();
    let all = statements.flat_map(|one| one["attainment"].as_array().expect("is told"));
    let own = all.filter(|one| one["measure"] == measure);
    own.map(|one| one["credit"].as_str().expect("is told").parse::<f64>().expect("a number")).sum()
}

/// A metric of the catalogue over the first quarter; money in whole units.
async fn figure(context: &Context, name: &str) -> f64 {
    let question = metrics::Question {
        name: name.to_owned(),
        from: Some(date(2026, 1, 1)),
        to: Some(date(2026, 3, 31)),
        ..metrics::Question::default()
    };
    match metrics::show(context, &question).await.expect("a figure").rows[0][1] {
        Cell::Count(count) => count as f64,
        Cell::Money(money) => money.minor as f64 / 100.0,
        ref other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_is_paid_for_own_records_and_all_together_are_the_catalogues_figure() {
    let company = company().await;
    let asked = question(&company, PLAN, "2026-Q1");
    let json = payroll(&company.context, &asked).await.expect("is paid").json();
    // Ann accepts one and qualifies one, and makes a deal of 10,000; Ben the same with 20,000; Cem
    // has three MQLs, and 1,500 a month are kept.
    assert_eq!(totals(&json), ["170.00", "270.00", "60.00"], "{json:#}");
    for (measure, metric) in [
        ("qualified", "mqls"),
        ("accepted", "hand_offs_accepted"),
        ("found good", "sqls"),
        ("pipeline", "pipeline_created"),
        ("kept", "renewed_monthly_amount"),
    ] {
        let figure = figure(&company.context, metric).await;
        assert_eq!(credited(&json, measure), figure, "{metric}: {json:#}");
    }
    let own = slip(&company.context, &asked, "u3").await.expect("has a statement").json();
    let told = own["statement"].to_string();
    for part in [
        "lead L-1: qualified, credit of 1 MQL: 1 MQL × 10.00 USD each = 10.00 USD",
        "subscription S-2 in 2026-Q1: kept, credit of 500.00 USD: 500.00 USD × 2 % = 10.00 USD",
    ] {
        assert!(told.contains(part), "{part}: {own:#}");
    }
    let second = payroll(&company.context, &question(&company, PLAN, "2026-Q2")).await;
    // Only the hand-off of April; the quarter's subscriptions count once it is over.
    assert_eq!(totals(&second.expect("is paid").json()), ["20.00", "0.00", "0.00"]);
}

#[tokio::test]
async fn wins_and_tags_count_as_they_do_for_revenue() {
    let company = company().await;
    let plan = PLAN
        .replace("metric = \"mqls\"", "metric = \"mqls\"\nonly = \"Web\"")
        .replace("metric = \"hand_offs_accepted\"", "metric = \"wins\"");
    let asked = question(&company, &plan, "2026-Q1");
    let json = payroll(&company.context, &asked).await.expect("is paid").json();
    // Two of three MQLs came by the web; one win each.
    assert_eq!(totals(&json), ["170.00", "270.00", "50.00"], "{json:#}");
    assert_eq!(credited(&json, "accepted"), figure(&company.context, "wins").await);
}

/// An event too long before the win, a webinar, an e-mail, and a partner after it.
const TOUCHES: &str = "touch_id,occurred_at,person_id,channel,account_id\n\
                       t1,2025-10-01T00:00:00Z,p1,Event,A-1\n\
                       t2,2026-01-10T00:00:00Z,p1,Webinar,A-1\n\
                       t3,2026-02-01T00:00:00Z,p2,Email,A-1\n\
                       t4,2026-03-01T00:00:00Z,p1,Partner,A-1\n\
                       t5,2026-02-01T00:00:00Z,p3,Email,A-2\n";

const BY_TOUCH: &str = r#"
name = "Marketing"
version = 1
currency = "USD"
first_period = "2026-Q1"

[[measure]]
name = "sourced"
credit = "sourced"
rate = "1 %"

[[measure]]
name = "influenced"
credit = "influenced"
rate = "0.5 %"

[[payee]]
id = "u1"
starts_on = "2025-01-01"
channels = ["Webinar", "Event"]
quotas = { "sourced" = "100000", "influenced" = "100000" }

[[payee]]
id = "u2"
starts_on = "2025-01-01"
channels = ["Email", "Emial"]
quotas = { "sourced" = "100000", "influenced" = "100000" }
"#;

#[tokio::test]
async fn who_answers_for_a_channel_is_credited_as_the_first_touch_model_says() {
    let company = company().await;
    company.import_text(Kind::Touches, TOUCHES, How::default()).await.expect("is imported");
    let asked = question(&company, BY_TOUCH, "2026-Q1");
    let json = payroll(&company.context, &asked).await.expect("is paid").json();
    // The webinar began 30,000: 300 and 150. The e-mail began 5,000 and helped with both: 50 and
    // 175.
    assert_eq!(totals(&json), ["450.00", "225.00"], "{json:#}");
    assert!(json["notes"].to_string().contains("led to nothing here: Emial, Event."), "{json:#}");
    let question = attribution::Question {
        conversion: Some(Conversions::Wins),
        by: By::Channel,
        model: Some(Model::First),
        ..attribution::Question::default()
    };
    let found = attribution(&company.context, &question, &|| 0.0).await.expect("is told");
    let Said::Credits(credits) = &found.parts[0].said else { panic!("{found:?}") };
    let first: i64 = credits.iter().map(|credit| credit.value.minor).sum();
    assert_eq!(credited(&json, "sourced"), first as f64 / 100.0);
}

fn newest(name: &str) -> Saved {
    Saved { name: name.to_owned(), version: None }
}

#[tokio::test]
async fn locked_counts_stay_and_another_plan_is_not_touched_by_them() {
    let company = company().await;
    let at = |actor: &str, hours: i64| {
        let context = &company.context;
        context.renewed(actor, context.now + hours.hours(), Scope::All)
    };
    let revenue = PLAN
        .replace("\"Counts\"", "\"Sales\"")
        .replace("metric = \"pipeline_created\"", "metric = \"revenue\"");
    for (name, plan) in [("Counts", PLAN), ("Sales", revenue.as_str())] {
        save(&company.context, plan).await.expect("is kept");
        sign(&company.context, &newest(name), None, &Scope::All).await.expect("is signed");
    }
    let (first, second) = (of("2026-Q1"), of("2026-Q2"));
    calculate(&at("ops", 1), "Counts", first).await.expect("is calculated");
    advance(&at("chief", 1), "Counts", first, Deed::Approve).await.expect("is approved");
    advance(&at("ops", 1), "Counts", first, Deed::Lock).await.expect("is locked");
    let told = async |plan: &str, period: Period, payee: &str| {
        let sheet = sheet(&company.context, (plan, period), payee, &Scope::All).await;
        sheet.expect("is there").json()
    };
    let before = told("Counts", first, "u2").await;
    let late = "lead_id,changed_at,stage,owner_id\n\
                L-4,2026-03-25T09:00:00Z,sql,u2\n";
    company.import_text(Kind::LeadChanges, late, How::default()).await.expect("is imported");
    calculate(&at("ops", 2), "Counts", second).await.expect("is calculated");
    assert_eq!(told("Counts", first, "u2").await["statement"], before["statement"]);
    let ben = told("Counts", second, "u2").await["statement"].clone();
    // Qualified and thereby accepted in March.
    assert_eq!(ben["total"], "70.00", "{ben:#}");
    assert!(ben.to_string().contains("lead L-4, found good of 2026-Q1: it became known"), "{ben}");
    // The other plan has locked nothing, so that the late lead is on its first statement.
    let run = calculate(&at("ops", 3), "Sales", first).await.expect("is calculated");
    let total = |place: usize| run.statements[place].total.to_decimal();
    assert_eq!((total(0), total(1)), ("370.00".to_owned(), "190.00".to_owned()));
}
