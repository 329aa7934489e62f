//! A plan's file on imported deals, against amounts that were worked out by hand.

use app::error::Error;
use app::pay::{Question, explained, payroll, simulated, slip};
use domain::access::Scope;
use domain::kind::Kind;
use jiff::civil::date;
use reports::document::Report;
use std::collections::BTreeSet;
use testkit::{How, TestCompany};

use crate::paying::{question, totals};

const USERS: &str = "user_id,name,email\n\
                     u1,Ann Ashe,ann@test.example\n\
                     u2,Ben Birch,ben@test.example\n\
                     u3,Ben Birch,other@test.example\n";

/// Ann wins 80,000 and 60,000 in the first quarter and 10,000 in the second; Ben 30,000.
const DEALS: &str = "deal_id,stage,amount,created_at,close_date,owner_id\n\
                     D-1,Won,80000,2025-12-01,2026-01-20,u1\n\
                     D-2,Won,60000,2026-01-05,2026-02-20,u1\n\
                     D-3,Won,10000,2026-02-01,2026-04-20,u1\n\
                     D-4,Won,30000,2026-02-01,2026-03-31,u2\n\
                     D-5,Lost,99000,2026-02-01,2026-03-01,u2\n\
                     D-6,Negotiation,50000,2026-02-01,2026-07-01,u2\n";

const PLAN: &str = r#"
name = "Sales 2026"
version = 1
currency = "USD"
first_period = "2026-Q1"
freeze_days = 15

[[measure]]
name = "revenue won"
rate = "10 %"
tiers = [
  { from = "0 %", times = "1" },
  { from = "100 %", times = "1.5" },
  { from = "125 %", times = "2" },
]

[[payee]]
id = "u1"
name = "Ann"
starts_on = "2025-01-01"
quotas = { "revenue won" = "100000" }

[[payee]]
id = "ben@test.example"
starts_on = "2025-01-01"
quotas = { "revenue won" = "100000" }

[relay]
name = "The quarter together"
period = "2026-Q1"
pool = "1000"

[[relay.leg]]
name = "close"
judge = "revenue operations"
mark = "150"
unit = "thousand USD"
share = 1
runners = ["u1", "ben@test.example"]

[[judgement]]
leg = "close"
known_on = "2026-04-02"
reached = "170"
"#;

async fn company() -> TestCompany {
    TestCompany::told(&[(Kind::Users, USERS), (Kind::Deals, DEALS)]).await
}

#[tokio::test]
async fn a_quarter_is_paid_as_a_pocket_calculator_says() {
    let company = company().await;
    let asked = question(&company, PLAN, "2026-Q1");
    let json = payroll(&company.context, &asked).await.expect("is paid").json();
    // Ann: 10 % of 100,000 once, of 25,000 at 1.5, of 15,000 at 2; Ben: 10 % of 30,000. The gate of
    // 150 is met by 170, and 1,000 go to two in equal parts.
    assert_eq!(totals(&json), ["17250.00", "3500.00"], "{json:#}");
    let own = slip(&company.context, &asked, "Ann").await.expect("has a statement");
    let told = own.document();
    let lines: Vec<String> = told
        .tables
        .iter()
        .flat_map(|table| &table.rows)
        .flatten()
        .map(reports::render::shown)
        .collect();
    let all = lines.join("\n");
    assert!(all.contains("15000.00 USD × 10 % × 2"), "{all}");
    let deal = explained(&company.context, &asked, "u1", "D-1").await.expect("is explained").json();
    assert!(deal.to_string().contains("80000.00 USD × 10 % = 8000.00 USD"), "{deal:#}");
    // The next quarter starts anew.
    let next = question(&company, PLAN, "2026-Q2");
    let json = payroll(&company.context, &next).await.expect("is paid").json();
    assert_eq!(totals(&json), ["1000.00", "0.00"], "{json:#}");
    let both = simulated(&company.context, &next, Some(&asked.plan)).await.expect("is simulated");
    let json = both.json();
    assert_eq!((&json["cost"], &json["other_cost"]), (&"21750.00".into(), &"21750.00".into()));
}

#[tokio::test]
async fn an_amount_that_changes_late_is_an_adjustment_and_changes_no_statement() {
    let company = company().await;
    let first = question(&company, PLAN, "2026-Q1");
    let before = payroll(&company.context, &first).await.expect("is paid").json();
    let change = "deal_id,changed_at,field,old_value,new_value\n\
                  D-4,2026-05-10T00:00:00Z,amount,30000,40000\n";
    company.import_text(Kind::DealChanges, change, How::default()).await.expect("is imported");
    let after = payroll(&company.context, &first).await.expect("is paid").json();
    assert_eq!(after["statements"], before["statements"]);
    let second = question(&company, PLAN, "2026-Q2");
    let json = payroll(&company.context, &second).await.expect("is paid").json();
    assert_eq!(totals(&json)[1], "1000.00", "{json:#}");
}

#[tokio::test]
async fn what_cannot_be_paid_is_refused_with_what_to_do() {
    let company = company().await;
    let refused = async |plan: &str, period: &str| {
        let asked = question(&company, plan, period);
        payroll(&company.context, &asked).await.expect_err("is refused").to_string()
    };
    let two = PLAN.replace("ben@test.example", "Ben Birch");
    let error = refused(&two, "2026-Q1").await;
    assert!(error.contains("any of several users") && error.contains("u2 or u3"), "{error}");
    let twice = PLAN.replace("ben@test.example", "ann@test.example");
    assert!(refused(&twice, "2026-Q1").await.contains("are one user"));
    let euros = PLAN.replace("\"USD\"", "\"EUR\"");
    assert!(refused(&euros, "2026-Q1").await.contains("write it in USD"));
    assert!(refused(PLAN, "2025-Q4").await.contains("2025-Q4"));
    let as_of = Some(date(2026, 4, 30));
    let asked = Question { as_of, ..question(&company, PLAN, "2026-Q1") };
    let nobody = slip(&company.context, &asked, "Zoe").await.expect_err("is refused");
    assert!(nobody.to_string().contains("no payee `Zoe`"), "{nobody}");
    // Who sees own records alone is told no pay at all.
    let context = &company.context;
    let narrow = context.renewed("test", context.now, Scope::Owners(BTreeSet::new()));
    let hidden = payroll(&narrow, &asked).await.expect_err("is hidden");
    assert!(matches!(hidden, Error::NotSeen(_)), "{hidden}");
}
