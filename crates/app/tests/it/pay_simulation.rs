//! What a plan will cost, against the forecast itself, and what moving wins would have paid, worked
//! out by hand.

use std::fmt::Write;

use app::forecast::forecast;
use app::pay::{forecast_cost, sandbagging};
use domain::kind::Kind;
use domain::period::Period;
use jiff::ToSpan;
use jiff::civil::date;
use reports::document::Report;
use serde_json::Value;
use testkit::TestCompany;

use crate::paying::question;

const USERS: &str = "user_id,name\nu1,Ann Ashe\nu2,Ben Birch\nu3,Cem Cedar\n";

const PLAN: &str = r#"
name = "Sales"
version = 1
currency = "USD"
first_period = "2025-Q4"

[[measure]]
name = "revenue won"
rate = "10 %"
tiers = [{ from = "0 %", times = "1" }]

[[payee]]
id = "u1"
name = "Ann"
starts_on = "2020-01-01"
quotas = { "revenue won" = "100000" }
"#;

const OTHERS: &str = r#"
[[payee]]
id = "u2"
name = "Ben"
starts_on = "2020-01-01"
quotas = { "revenue won" = "100000" }

[[payee]]
id = "u3"
name = "Cem"
starts_on = "2020-01-01"
quotas = { "revenue won" = "100000" }
"#;

/// Three deals every five days for a year and a half, of which one is won after a month, one lost,
/// and one won after two months; the youngest are open. All are of one owner.
fn deals(owner: &str) -> String {
    let mut text = String::from("deal_id,stage,amount,created_at,close_date,owner_id\n");
    let today = date(2026, 6, 1);
    for nth in 0..300_i64 {
        let created = date(2024, 12, 1).saturating_add((nth * 550 / 300).days());
        let (stage, days) = [("Won", 30), ("Lost", 40), ("Won", 60)][(nth % 3) as usize];
        let closed = created.saturating_add((days + nth % 7).days());
        let amount = 1_000 + nth * 137 % 4_000;
        let (stage, close) = match closed < today {
            true => (stage, closed.to_string()),
            false => ("Negotiation", String::new()),
        };
        writeln!(text, "D-{nth:03},{stage},{amount},{created},{close},{owner}").expect("is text");
    }
    text
}

async fn company(deals: &str) -> TestCompany {
    TestCompany::told(&[(Kind::Users, USERS), (Kind::Deals, deals)]).await
}

fn number(told: &Value) -> f64 {
    told.as_str().expect("is told").parse().expect("is a number")
}

/// The cost of the first period that is told, by the names of its figures.
fn cost(json: &Value) -> impl Fn(&str) -> f64 + '_ {
    |name| number(&json["periods"][0]["cost"][name])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_rate_costs_its_share_of_the_forecast() {
    let company = company(&deals("u1")).await;
    let asked = question(&company, PLAN, "2026-Q2");
    let json = forecast_cost(&company.context, &asked, None, 1).await.expect("is told").json();
    let period: Period = "2026-Q2".parse().expect("is a period");
    let told = forecast(&company.context, period, None, None, 1).await.expect("is told");
    let cost = cost(&json);
    let near = |name: &str, minor: i64| {
        // A line is rounded to the cent, and there are some dozen lines.
        let gap = cost(name) - minor as f64 / 1_000.0;
        assert!(gap.abs() < 1.0, "{name}: {json:#} is not a tenth of {told:?}");
    };
    assert_eq!(json["futures"], told.futures, "{json:#}");
    near("so_far", told.booked.minor);
    near("mean", told.mean.minor);
    for name in ["p10", "p50", "p90"] {
        near(name, told.quantile(name).minor);
    }
    assert!(cost("p10") < cost("p90") && cost("so_far") <= cost("p10"), "{json:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tiers_bend_the_distribution_and_a_dearer_plan_is_dearer_in_every_future() {
    let company = company(&deals("u1")).await;
    let asked = question(&company, PLAN, "2026-Q2");
    let steep = PLAN.replace(
        "tiers = [{ from = \"0 %\", times = \"1\" }]",
        "tiers = [{ from = \"0 %\", times = \"1\" }, { from = \"60 %\", times = \"3\" }]",
    );
    let other = question(&company, &steep, "2026-Q2").plan;
    let report = forecast_cost(&company.context, &asked, Some(&other), 1).await;
    let json = report.expect("is told").json();
    let of = |cost: &str, name: &str| number(&json["periods"][0][cost][name]);
    for name in ["p10", "p50", "p90"] {
        // What is won follows from the plain tenth; beyond 60,000 it pays thrice.
        let won = of("cost", name) * 10.0;
        let expected = won.min(60_000.0) * 0.1 + (won - 60_000.0).max(0.0) * 0.3;
        let gap = of("other_cost", name) / expected - 1.0;
        assert!(gap.abs() < 0.002, "{name}: {json:#}");
    }
    assert!(of("cost", "p50") > 6_000.0, "the tier is reached: {json:#}");
    assert_eq!(json["periods"][0]["other_is_dearer"], 1.0, "{json:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wins_what_is_told_by_their_deals_and_payees_sum_to_the_plan() {
    let ann = deals("u1");
    let shared = ann.replace(",u1\n", ",u2\n");
    let (ann, ben) = (ann.lines(), shared.lines());
    // Every third deal, of all kinds in turn, is Ben's; Cem has none.
    let mixed = ann.zip(ben).enumerate().map(|(nth, (one, other))| {
        let line = if nth > 0 && nth % 4 == 0 { other } else { one };
        format!("{line}\n")
    });
    let company = company(&mixed.collect::<String>()).await;
    let plan = format!("{PLAN}{OTHERS}");
    let asked = question(&company, &plan, "2026-Q3");
    let json = forecast_cost(&company.context, &asked, None, 1).await.expect("is told").json();
    // The quarter that runs comes first, then the one that was asked for.
    let periods = json["periods"].as_array().expect("has periods");
    assert_eq!((periods.len(), &periods[1]["period"]), (2, &"2026-Q3".into()), "{json:#}");
    let means: Vec<f64> = (json["payees"].as_array().expect("has payees").iter())
        .map(|payee| number(&payee["pay"]["mean"]))
        .collect();
    let all = number(&periods[1]["cost"]["mean"]);
    assert!((means.iter().sum::<f64>() - all).abs() < 0.05, "{json:#}");
    assert_eq!(means[2], 0.0, "{json:#}");
    let share = means[1] / all;
    assert!((0.15..0.35).contains(&share), "{share}: {json:#}");
    let over = question(&company, &plan, "2026-Q1");
    let error = forecast_cost(&company.context, &over, None, 1).await.expect_err("is refused");
    assert!(error.to_string().contains("is over"), "{error}");
    let far = question(&company, &plan, "2028-Q1");
    let error = forecast_cost(&company.context, &far, None, 1).await.expect_err("is refused");
    assert!(error.to_string().contains("periods ahead"), "{error}");
}

/// Ann and Ben win at the end of the year, Cem at its beginning.
const AT_THE_END: &str = "deal_id,stage,amount,created_at,close_date,owner_id\n\
                          D-1,Won,90000,2025-10-01,2025-12-20,u1\n\
                          D-2,Won,60000,2025-10-01,2026-02-01,u1\n\
                          D-3,Won,20000,2025-10-01,2025-12-30,u2\n\
                          D-4,Won,95000,2025-10-01,2025-11-01,u3\n\
                          D-5,Won,10000,2025-10-01,2026-01-05,u3\n";

#[tokio::test]
async fn what_moving_wins_would_have_paid_is_what_a_pocket_calculator_says() {
    let company = company(AT_THE_END).await;
    let plan = format!("{PLAN}{OTHERS}").replace(
        "tiers = [{ from = \"0 %\", times = \"1\" }]",
        "tiers = [{ from = \"0 %\", times = \"1\" }, { from = \"100 %\", times = \"2\" }]",
    );
    let asked = question(&company, &plan, "2026-Q1");
    let found = sandbagging(&company.context, &asked).await.expect("is told");
    let json = found.json();
    let shifts: Vec<(&str, &str, &str, &str)> = (json["shifts"].as_array().expect("has shifts"))
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().expect("is told");
            (text("name"), text("way"), text("paid"), text("gain"))
        })
        .collect();
    assert_eq!(
        shifts,
        [
            // 9,000 and 6,000; held back, 150,000 in one quarter pay 10,000 and 10,000.
            ("Ann", "held back", "15000.00", "5000.00"),
            ("Ben", "held back", "2000.00", "0.00"),
            // 9,500 and 1,000; pulled in, 105,000 in one quarter pay 10,000 and 1,000.
            ("Cem", "pulled in", "10500.00", "500.00"),
        ]
    );
    assert_eq!(
        found.document().answer,
        "At 1 end of periods, wins of the last 14 days could have been held back 2 times: it \
         would have paid once, 5,000.00 USD in all and 5,000.00 USD at most."
    );
    // The second quarter still runs, so that its end tells nothing yet.
    let running = question(&company, &plan, "2026-Q2");
    let json = sandbagging(&company.context, &running).await.expect("is told").json();
    assert_eq!(json["ends"].as_array().map(Vec::len), Some(1), "{json:#}");
}
