//! A planted leak must fail: what happened later alters no number of an earlier day.

use app::{forecast, goal, pipeline, plan};
use domain::goal::Counts;
use domain::kind::Kind;
use jiff::civil::date;
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

#[tokio::test(flavor = "multi_thread")]
async fn later_facts_alter_nothing() {
    let Some(path) = shared("maven_crm/sales_pipeline.csv") else { return };
    let text = std::fs::read_to_string(path).expect("is read");
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
    let numbers = async |company: &TestCompany| {
        let context = &company.context;
        let quarter = "2017-Q4".parse().expect("it reads");
        let question = plan::Question { as_of: Some(as_of), seed: 1, ..plan::Question::default() };
        [
            forecast::forecast(context, quarter, Some(as_of), None, 1)
                .await
                .expect("a forecast")
                .json(),
            pipeline::pipeline(context, Some(as_of), None).await.expect("a pipeline").json(),
            plan::plan(context, &question).await.expect("a plan").json(),
        ]
        .map(|json| json.to_string())
    };
    assert_eq!(numbers(&before).await, numbers(&after).await);
}
