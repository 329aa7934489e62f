//! A planted leak must fail: what happened later alters no number of an earlier day.

use app::backtest::{self, Origins};
use app::{forecast, goal, pipeline, plan, scoreboard};
use domain::goal::Counts;
use domain::kind::Kind;
use jiff::civil::{Date, date};
use reports::document::Report;
use testkit::{How, TestCompany, shared};

/// The deals of `maven_crm` with everything after a day changed: wins become losses at other
/// amounts, closings are taken back, new deals appear.
fn altered(text: &str, day: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        let closed_later = cells[6].as_str() > day && cells[0] != "opportunity_id";
        if closed_later && cells[0].as_str() < "M" {
            cells[4] = "Engaging".into();
            cells[6].clear();
            cells[7].clear();
        } else if closed_later {
            cells[4] = "Lost".into();
            cells[6] = "2017-12-30".into();
            cells[7] = "0".into();
        }
        if cells[5].as_str() <= day || cells[0] == "opportunity_id" || cells[5].is_empty() {
            lines.push(cells.join(","));
        }
    }
    lines.push("NEWDEAL1,Moses Frase,GTX Pro,Cancity,Won,2017-11-01,2017-12-01,99999".into());
    lines.join("\n") + "\n"
}

/// The head and every fourth row: enough to tell, and sooner told.
fn one_in_four(text: &str) -> String {
    text.lines().step_by(4).map(|line| format!("{line}\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn later_facts_alter_nothing() {
    let Some(path) = shared("maven_crm/sales_pipeline.csv") else { return };
    let text = one_in_four(&std::fs::read_to_string(path).expect("is read"));
    let as_of = date(2017, 9, 30);
    let (before, after) = (TestCompany::new().await, TestCompany::new().await);
    let products = shared("maven_crm/products.csv").expect("is beside the deals");
    for (company, text) in [(&before, text.clone()), (&after, altered(&text, "2017-09-30"))] {
        company.import(&products, Kind::Products, How::default()).await.expect("products");
        let how = How { observed_at: Some(date(2017, 12, 31)), ..How::default() };
        company.import_text(Kind::Deals, &text, how).await.expect("deals");
        goal::set(
            &company.context,
            "12000000",
            "2018".parse().expect("it reads"),
            Counts::All,
            0.8,
        )
        .await
        .expect("a goal");
    }
    assert_eq!(numbers(&before, as_of).await, numbers(&after, as_of).await);
}

/// Every number of a day, and what a back-test would have said on it.
async fn numbers(company: &TestCompany, as_of: Date) -> [String; 6] {
    let context = &company.context;
    let quarter = "2017-Q4".parse().expect("it reads");
    let day = Some(as_of);
    let to_plan = plan::Question { as_of: day, seed: 1, ..plan::Question::default() };
    let to_check = goal::Question { as_of: day, seed: 1, ..goal::Question::default() };
    let origins = Origins::Days(vec![as_of]);
    let graded = backtest::backtest(context, &origins, None, None, 1).await.expect("a back-test");
    [
        forecast::forecast(context, quarter, day, None, 1).await.expect("a forecast").json(),
        pipeline::pipeline(context, day, None).await.expect("a pipeline").json(),
        plan::plan(context, &to_plan).await.expect("a plan").json(),
        goal::check(context, &to_check).await.expect("a check").json(),
        scoreboard::scoreboard(context, day, None).await.expect("a scoreboard").json(),
        graded.json()["origins"][0]["quantiles"].clone(),
    ]
    .map(|json| json.to_string())
}
