//! The main job on real data: counts, sums, curves that are known from elsewhere.

use app::{forecast, funnel, goal, pipeline, plan};
use domain::goal::Counts;
use domain::kind::Kind;
use jiff::civil::date;
use reports::document::Report;
use testkit::{How, TestCompany, shared};

/// The company of `maven_crm`, its deals imported after accounts, products and sellers.
async fn maven() -> Option<TestCompany> {
    let company = TestCompany::new().await;
    for (file, kind) in [
        ("accounts", Kind::Accounts),
        ("products", Kind::Products),
        ("sales_teams", Kind::Users),
        ("sales_pipeline", Kind::Deals),
    ] {
        let path = shared(&format!("maven_crm/{file}.csv"))?;
        let done = company.import(&path, kind, How::default()).await.expect("it is imported");
        assert_eq!(done.rows_rejected, 0, "{file}");
        if kind == Kind::Deals {
            assert_eq!(done.rows_read, 8_800);
            assert_eq!(done.rows_new, 8_800);
            let finding = |rule: &str| done.findings.iter().find(|f| f.rule == rule);
            assert_eq!(finding("missing_account").expect("is found").rows, 1_425);
            assert!(finding("name_spelled_differently").is_some(), "GTXPro for GTX Pro");
        }
    }
    Some(company)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pipeline_of_past_days_is_rebuilt() {
    let Some(company) = maven().await else { return };
    for (day, open) in [(date(2017, 6, 30), 1_686), (date(2017, 10, 31), 2_604)] {
        let report = pipeline::pipeline(&company.context, Some(day), None).await.expect("a report");
        assert_eq!(report.deals, open, "{day}");
        assert!(report.by_stage.iter().all(|stage| stage.stage == "Engaging"), "{report:?}");
    }
    let now = pipeline::pipeline(&company.context, None, None).await.expect("a report");
    let stage = |name: &str| now.by_stage.iter().find(|stage| stage.stage == name);
    assert_eq!(stage("Engaging").expect("is there").deals, 1_589);
    assert_eq!(stage("Prospecting").expect("is there").deals, 500);
    let fall =
        pipeline::waterfall(&company.context, date(2017, 6, 30), date(2017, 12, 31), None, None)
            .await
            .expect("a waterfall");
    assert_eq!(fall.start.deals, 1_686);
    let year =
        forecast::forecast(&company.context, "2017".parse().expect("it reads"), None, None, 1)
            .await
            .expect("a forecast");
    assert_eq!(year.booked.to_decimal(), "10005534.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn forecast_and_plan_run_for_every_past_month_end() {
    let Some(company) = maven().await else { return };
    let context = &company.context;
    goal::set(context, "12000000", "2018".parse().expect("it reads"), Counts::All, 0.8)
        .await
        .expect("a goal");
    for month in 3..=12 {
        let day = date(2017, month, 1).last_of_month();
        let quarter = context.company.calendar.quarter_of(day.tomorrow().expect("a day"));
        let report = forecast::forecast(context, quarter, Some(day), None, 1).await;
        let report = report.unwrap_or_else(|error| panic!("{day}: {error}"));
        assert!(report.quantiles.windows(2).all(|pair| pair[0] <= pair[1]), "{report:?}");
        let question = plan::Question { as_of: Some(day), seed: 1, ..plan::Question::default() };
        let made = plan::plan(context, &question).await;
        let made = made.unwrap_or_else(|error| panic!("{day}: {error}"));
        assert!(made.at_confidence.total.counts[0] >= made.expected.total.counts[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_seed_gives_the_same_bytes() {
    let (Some(one), Some(other)) = (maven().await, maven().await) else { return };
    let ask = async |company: &TestCompany| {
        let day = Some(date(2017, 10, 31));
        let quarter = "2017-Q4".parse().expect("it reads");
        let report = forecast::forecast(&company.context, quarter, day, None, 5).await;
        report.expect("a forecast").json().to_string()
    };
    assert_eq!(ask(&one).await, ask(&other).await, "the ids of two data folders differ");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_curve_from_lead_to_won_is_that_of_aalen_and_johansen() {
    let company = TestCompany::new().await;
    let (Some(leads), Some(won)) = (
        shared("olist_funnel/olist_marketing_qualified_leads_dataset.csv"),
        shared("olist_funnel/olist_closed_deals_dataset.csv"),
    ) else {
        return;
    };
    let read = company.import(&leads, Kind::Leads, How::default()).await.expect("leads");
    assert_eq!((read.rows_read, read.rows_new), (8_000, 8_000));
    let read = company.import(&won, Kind::LeadChanges, How::default()).await.expect("changes");
    assert_eq!(read.rows_read, 842);
    let early = read.findings.iter().find(|f| f.rule == "closed_before_created");
    assert_eq!(early.expect("one was won before its first contact").rows, 1);
    let question = funnel::Question {
        from: "lead".to_owned(),
        to: "won".to_owned(),
        as_of: Some(date(2018, 11, 14)),
        known_at: None,
        unsmoothed: true,
    };
    let curve = funnel::curve(&company.context, &question).await.expect("a curve");
    assert_eq!((curve.entered, curve.arrived, curve.contradictory), (7_999, 841, 1));
    let expected = product_limit(&leads, &won, date(2018, 11, 14));
    assert_eq!(curve.points.len(), expected.len());
    for (point, (age_days, at_risk, cumulative)) in curve.points.iter().zip(expected) {
        assert_eq!((point.age_days, point.at_risk), (age_days, at_risk));
        assert!((point.cumulative - cumulative).abs() < 1e-12, "{age_days}");
    }
}

/// The same curve from the files alone: one cause and no competing risk, so 1 − Kaplan–Meier.
fn product_limit(
    leads: &std::path::Path,
    won: &std::path::Path,
    as_of: jiff::civil::Date,
) -> Vec<(u32, u64, f64)> {
    let rows = |path| -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(path).expect("is read");
        text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
    };
    let won: std::collections::HashMap<String, jiff::civil::Date> = rows(won)
        .into_iter()
        .map(|row| (row[0].clone(), row[4][..10].parse().expect("it reads")))
        .collect();
    let days = |from: jiff::civil::Date, to: jiff::civil::Date| (to - from).get_days();
    let ages: Vec<(i32, bool)> = rows(leads)
        .into_iter()
        .filter_map(|row| {
            let first: jiff::civil::Date = row[1].parse().expect("it reads");
            let age = won.get(&row[0]).map_or(days(first, as_of), |day| days(first, *day));
            (age >= 0).then_some((age, won.contains_key(&row[0])))
        })
        .collect();
    let mut event_ages: Vec<i32> = ages.iter().filter(|a| a.1).map(|a| a.0).collect();
    event_ages.sort_unstable();
    event_ages.dedup();
    let mut survival = 1.0;
    let mut curve = Vec::new();
    for age in event_ages {
        let at_risk = ages.iter().filter(|a| a.0 >= age).count() as u64;
        let events = ages.iter().filter(|a| a.1 && a.0 == age).count();
        survival *= 1.0 - events as f64 / at_risk as f64;
        curve.push((age.unsigned_abs(), at_risk, 1.0 - survival));
    }
    curve
}
