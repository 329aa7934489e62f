//! The textbook plan, exactly.

use app::{goal, plan};
use domain::goal::Counts;
use jiff::civil::date;
use reports::document::Report;
use reports::plan::Plan;
use testkit::TestCompany;

const TEXTBOOK: &str = r#"
average_sales_price = 100000
[[stage]]
name = "inquiry"
to_next = 0.10
months_to_next = 2
[[stage]]
name = "mql"
to_next = 0.80
months_to_next = 1
[[stage]]
name = "sal"
to_next = 0.40
months_to_next = 3
[[stage]]
name = "opportunity"
to_next = 0.10
"#;

async fn textbook(as_of: Option<jiff::civil::Date>) -> Plan {
    let (company, question) = textbook_question(as_of).await;
    plan::plan(&company.context, &question).await.expect("a plan")
}

async fn textbook_question(as_of: Option<jiff::civil::Date>) -> (TestCompany, plan::Question) {
    let company = TestCompany::new().await;
    let year = "2025".parse().expect("it reads");
    goal::set(&company.context, "10000000", year, Counts::All, 0.8).await.expect("a goal");
    let assume = Some(company.file("assume.toml", TEXTBOOK));
    let question = plan::Question { as_of, assume, seed: 1, ..plan::Question::default() };
    (company, question)
}

#[tokio::test]
async fn a_company_without_history_plans_from_its_assumptions() {
    let plan = textbook(None).await;
    assert_eq!(plan.as_of, date(2024, 12, 31), "a past period is planned from its eve");
    assert_eq!(plan.stages, ["inquiry", "mql", "sal", "opportunity", "won"]);
    assert_eq!(plan.expected.total.counts, [31_250.0, 3_125.0, 2_500.0, 1_000.0, 100.0]);
    assert_eq!(plan.expected.total.revenue.to_decimal(), "10000000.00");
    let first = |stage: usize| {
        plan.expected.months.iter().position(|(_, row)| row.counts[stage] > 0.0).expect("some")
    };
    assert_eq!(first(4) - first(0), 6, "the first win comes six months after the first inquiry");
    for (more, expected) in plan.at_confidence.total.counts.iter().zip(&plan.expected.total.counts)
    {
        assert!(more > expected, "{more} is not more than {expected}");
    }
    assert_eq!(plan.last_useful_lead_date, Some(date(2025, 6, 30)));
    assert_eq!(plan.probability, None, "nothing tells how leads come now");
}

#[tokio::test]
async fn months_and_quarters_sum_to_the_totals() {
    let plan = textbook(Some(date(2025, 2, 10))).await;
    for need in [&plan.expected, &plan.at_confidence] {
        for rows in [&need.months, &need.quarters] {
            let minor: i64 = rows.iter().map(|(_, row)| row.revenue.minor).sum();
            assert_eq!(minor, need.total.revenue.minor);
            let first: f64 = rows.iter().map(|(_, row)| row.counts[0]).sum();
            assert!((first - need.total.counts[0]).abs() < 1e-3);
        }
    }
    let json = plan.json();
    assert_eq!(json["expected"]["totals"]["won"], 100.0);
    assert_eq!(json["expected"]["periods"][0]["period"], "2025-01");
}

#[tokio::test]
async fn a_plan_from_assumptions_answers_what_if_the_assumptions_were_others() {
    let (company, question) = textbook_question(None).await;
    let prepared = plan::prepare(&company.context, &question).await.expect("a plan");
    let check = |change: &str, counts: [f64; 5]| {
        let changes = [change.parse().expect("it reads")];
        let plan = prepared.answer(&changes).expect("a plan");
        assert_eq!(plan.expected.total.counts, counts, "{change}");
        assert_eq!(plan.probability, None);
    };
    check("asp=+25%", [25_000.0, 2_500.0, 2_000.0, 800.0, 80.0]);
    check("win-rate=+100%", [15_625.0, 1_562.5, 1_250.0, 500.0, 100.0]);
    check("mql=+25%", [25_000.0, 2_500.0, 2_500.0, 1_000.0, 100.0]);
    let leads = prepared.answer(&["leads=+10%".parse().expect("it reads")]);
    let refused = leads.expect_err("nobody knows how many come").to_string();
    assert!(refused.contains("nothing tells how many come"), "{refused}");
}
