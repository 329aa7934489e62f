//! Shares of credit, invoices, payments and cancellations as imports tell them, against amounts
//! that were worked out by hand.

use app::pay::{Deed, Saved, advance, calculate, payroll, save, sheet, sign, slip};
use domain::access::Scope;
use domain::kind::Kind;
use jiff::ToSpan;
use reports::document::Report;
use testkit::{How, TestCompany};

use crate::paying::{of, question, totals};

const USERS: &str = "user_id,name,email\n\
                     u1,Ann Ashe,ann@test.example\n\
                     u2,Ben Birch,ben@test.example\n\
                     u3,Cem Cedar,cem@test.example\n";

/// Ann shares the first with Ben, the second with both; the shares of the third make no sense.
const DEALS: &str = "\
deal_id,stage,amount,created_at,close_date,owner_id,second_owner,second_owner_share,third_owner,\
third_owner_share,invoice_date,payment_date,cancelled_on
D-1,Won,100000.01,2025-12-01,2026-01-20,u1,u2,40%,,,2026-02-01,2026-04-10,
D-2,Won,50000,2025-12-01,2026-02-20,u1,u2,25%,u3,25%,2026-04-05,,
D-3,Won,10000,2025-12-01,2026-03-01,u1,u2,70%,u3,60%,2026-03-02,2026-03-03,
D-4,Won,20000,2025-12-01,2026-03-10,u3,,,,,2026-03-11,2026-03-12,2026-04-20
";

const PLAN: &str = r#"
name = "Shared"
version = 1
currency = "USD"
first_period = "2026-Q1"
freeze_days = 5
clawback_days = 90

[[measure]]
name = "revenue won"
credit = "split"
rate = "10 %"

[[payee]]
id = "u1"
starts_on = "2025-01-01"
quotas = { "revenue won" = "100000" }

[[payee]]
id = "ben@test.example"
name = "Ben"
starts_on = "2025-01-01"
quotas = { "revenue won" = "100000" }

[[payee]]
id = "u3"
starts_on = "2025-01-01"
quotas = { "revenue won" = "100000" }
"#;

async fn company() -> TestCompany {
    TestCompany::told(&[(Kind::Users, USERS), (Kind::Deals, DEALS)]).await
}

#[tokio::test]
async fn credit_is_shared_as_the_import_says_and_a_cancelled_deal_is_taken_back() {
    let company = company().await;
    let asked = question(&company, PLAN, "2026-Q1");
    let json = payroll(&company.context, &asked).await.expect("is paid").json();
    // Ann: 60,000.01 and 25,000 and the whole 10,000; Ben: 40,000.00 and 12,500; Cem: 12,500 and
    // 20,000. A tenth of each.
    assert_eq!(totals(&json), ["9500.00", "5250.00", "3250.00"], "{json:#}");
    let notes = json["notes"].to_string();
    assert!(notes.contains("beyond 100 %, so that the owner has all: D-3."), "{notes}");
    let ben = slip(&company.context, &asked, "Ben").await.expect("has a statement").json();
    let told = "credit of 40000.00 USD out of 100000.01 USD: 40000.00 USD × 10 % = 4000.00 USD";
    assert!(ben.to_string().contains(told), "{ben:#}");
    // Cancelled 41 days after it was won.
    let second = payroll(&company.context, &question(&company, PLAN, "2026-Q2")).await;
    assert_eq!(totals(&second.expect("is paid").json()), ["0.00", "0.00", "-2000.00"]);
}

#[tokio::test]
async fn what_is_held_is_paid_out_with_the_invoice_or_the_cash() {
    let company = company().await;
    let held = |until: &str| PLAN.replace("clawback_days = 90", &format!("hold = \"{until}\""));
    let paid = async |until: &str, period: &str| {
        let asked = question(&company, &held(until), period);
        let json = payroll(&company.context, &asked).await.expect("is paid").json();
        totals(&json).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    // The second deal is invoiced in April.
    assert_eq!(paid("invoice", "2026-Q1").await, ["7000.00", "4000.00", "2000.00"]);
    assert_eq!(paid("invoice", "2026-Q2").await, ["2500.00", "1250.00", "1250.00"]);
    // The first one's cash comes in April, the second one's has not come.
    assert_eq!(paid("cash", "2026-Q1").await, ["1000.00", "0.00", "2000.00"]);
    assert_eq!(paid("cash", "2026-Q2").await, ["6000.00", "4000.00", "0.00"]);
}

#[tokio::test]
async fn a_share_that_is_agreed_after_the_lock_is_an_adjustment() {
    let company = company().await;
    let context = &company.context;
    let at =
        |actor: &str, hours: i64| context.renewed(actor, context.now + hours.hours(), Scope::All);
    save(context, PLAN).await.expect("is kept");
    let which = Saved { name: "Shared".to_owned(), version: None };
    sign(context, &which, None, &Scope::All).await.expect("is signed");
    let (first, second) = (of("2026-Q1"), of("2026-Q2"));
    calculate(&at("ops", 1), "Shared", first).await.expect("is calculated");
    advance(&at("chief", 1), "Shared", first, Deed::Approve).await.expect("is approved");
    advance(&at("ops", 1), "Shared", first, Deed::Lock).await.expect("is locked");
    let change = "deal_id,changed_at,second_owner,second_owner_share\n\
                  D-4,2026-05-10T00:00:00Z,u2,50%\n";
    company.import_text(Kind::DealChanges, change, How::default()).await.expect("is imported");
    let run = calculate(&at("ops", 2), "Shared", second).await.expect("is calculated");
    // Half of 2,000 goes from Cem to Ben; then the deal is cancelled, and both give back what they
    // have.
    let totals: Vec<String> = run.statements.iter().map(|sum| sum.total.to_decimal()).collect();
    assert_eq!(totals, ["0.00", "0.00", "-2000.00"]);
    let ben = sheet(context, ("Shared", second), "Ben", &Scope::All).await.expect("is there");
    let told = ben.json().to_string();
    assert!(told.contains("its credit was changed"), "{told}");
}
