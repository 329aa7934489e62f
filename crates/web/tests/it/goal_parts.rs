//! The goal is broken down and signed for in the browser.

use axum::http::StatusCode;
use domain::access::Role;
use web::server::Entry;

use crate::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn a_goal_is_broken_down_and_signed_for() {
    let site = Site::new(Entry::Members).await;
    let owner = site.token(Role::Owner, None, true).await;
    let split = "period=2026&part=&by=team&how=named&named=North+%3D+3%0ASouth+%3D+1";
    let answer = site.post("/goal-parts/split", Some(&owner), split).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let page = site.get("/goal-parts?period=2026", Some(&owner)).await.text;
    assert!(page.contains("150,000") && page.contains("50,000"), "{page}");
    let signed = site.post("/goal-parts/sign", Some(&owner), "period=2026&part=North").await;
    assert_eq!(signed.status, StatusCode::SEE_OTHER);
    let json = site.get("/api/v1/goal-parts?period=2026", Some(&owner)).await.text;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["parts"][0]["amount"], "150000.00");
    assert!(json["parts"][0]["signed"]["on"].is_string(), "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_will_not_do_is_told_where_it_was_typed() {
    let site = Site::new(Entry::Members).await;
    let owner = site.token(Role::Owner, None, true).await;
    let split = "period=2026&part=&by=team&how=named&named=North";
    let answer = site.post("/goal-parts/split", Some(&owner), split).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("two parts at least"), "{}", answer.text);
    let planted = site.get("/goal-parts?wrong=Call+this+number", Some(&owner)).await;
    assert!(!planted.text.contains("Call this number"), "an address puts no words on a page");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rep_signs_and_does_not_share_out() {
    let site = Site::new(Entry::Members).await;
    let rep = site.token(Role::SalesRep, Some("u1"), true).await;
    let viewer = site.token(Role::Viewer, None, true).await;
    let split = "period=2026&part=&by=team&how=evenly&named=";
    let refused = site.post("/goal-parts/split", Some(&rep), split).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let goal = "period=2026&part=";
    let signed = site.post("/goal-parts/sign", Some(&rep), goal).await;
    assert_eq!(signed.status, StatusCode::SEE_OTHER);
    let refused = site.post("/goal-parts/sign", Some(&viewer), goal).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_if_is_told_of_the_plan_that_stands() {
    let site = Site::new(Entry::Demo).await;
    let plan = site.get("/plan", None).await.text;
    assert!(plan.contains("change.asp") && plan.contains("The reverse funnel"), "{plan}");
    let json = |text: String| serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
    let now = json(site.get("/api/v1/plan", None).await.text);
    let then = json(site.get("/api/v1/plan?change.asp=25", None).await.text);
    assert_eq!(then["what_if"]["probability_before"], now["probability"]);
    let brings = |plan: &serde_json::Value| -> f64 {
        let revenue = plan["present_course"]["totals"]["revenue"].as_str().expect("an amount");
        revenue.parse().expect("a number")
    };
    assert!(brings(&then) > brings(&now), "{then}");
    assert_eq!(json(site.get("/api/v1/plan?change.asp=0", None).await.text), now);
    let refused = site.get("/plan?change.moon=5", None).await;
    assert!(refused.text.contains("cannot be changed"), "{}", refused.text);
}
