//! Closed periods in the browser and by the API: who may close, what is shown, what is refused.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use domain::access::Role;
use serde_json::Value;
use web::server::Entry;

use crate::site::{Answer, Site, request};

async fn post(site: &Site, token: Option<&str>, body: &str) -> Answer {
    let mut asked = request(Method::POST, "/api/v1/periods", token, Body::from(body.to_owned()));
    asked.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().expect("a header"));
    site.ask(asked).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_is_closed_on_its_page_and_shown_with_its_proof() {
    let site = Site::new(Entry::Demo).await;
    let unchecked = site.get("/periods", None).await.text;
    assert!(unchecked.contains("href=\"/period-checklist?period=2026-Q1\""), "{unchecked}");
    let checklist = site.get("/period-checklist?period=2026-Q1", None).await;
    assert_eq!(checklist.status, StatusCode::OK, "{}", checklist.text);
    let page = site.get("/periods", None).await.text;
    for part in ["Before it is closed", "Close 2026-Q1", "to be closed"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for path in ["/period", "/restatements", "/period-proof"] {
        let page = site.get(path, None).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: nothing is closed yet");
    }
    let early = site.post("/periods/close", None, "period=2026-Q2").await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(early.text.contains("wait for the day after"), "{}", early.text);
    let body = "period=2026-Q1&despite=as+agreed";
    let closed = site.post("/periods/close", None, body).await;
    assert_eq!(closed.status, StatusCode::SEE_OTHER, "{}", closed.text);
    assert_eq!(closed.headers[header::LOCATION], "/period?period=2026-Q1");
    for (path, part) in [
        ("/period?period=2026-Q1", "What it rests on"),
        ("/restatements?period=2026-Q1", "2026-Q1"),
        ("/period-proof?period=2026-Q1", "The proof of 2026-Q1 holds"),
        ("/periods", "href=\"/period?period=2026-Q1\""),
    ] {
        let page = site.get(path, None).await;
        assert!(page.status == StatusCode::OK && page.text.contains(part), "{path}: {}", page.text);
    }
    let again = site.post("/periods/close", None, body).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    let csv = site.get("/export/period.csv?period=2026-Q1", None).await;
    assert!(csv.status == StatusCode::OK && csv.text.contains("figures"), "{}", csv.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_answer_for_the_figures_close_and_a_rep_sees_none() {
    let site = Site::new(Entry::Members).await;
    let body = r#"{"period":"2026-Q1","despite":"as agreed"}"#;
    for role in [Role::Executive, Role::SalesManager, Role::Marketing, Role::Viewer] {
        let token = site.token(role, None, true).await;
        assert_eq!(post(&site, Some(&token), body).await.status, StatusCode::FORBIDDEN, "{role}");
    }
    let reads = site.token(Role::RevenueOperations, None, false).await;
    assert_eq!(post(&site, Some(&reads), body).await.status, StatusCode::FORBIDDEN);
    let operations = site.token(Role::RevenueOperations, None, true).await;
    let closed = post(&site, Some(&operations), body).await;
    assert_eq!(closed.status, StatusCode::CREATED, "{}", closed.text);
    assert_eq!(closed.headers[header::LOCATION], "/api/v1/period?period=2026-Q1");
    let executive = site.token(Role::Executive, None, false).await;
    let shown = site.get("/api/v1/period?period=2026-Q1", Some(&executive)).await;
    let json: Value = serde_json::from_str(&shown.text).expect("JSON");
    assert_eq!(json["period"], "2026-Q1");
    let rep = site.token(Role::SalesRep, Some("u1"), true).await;
    for path in ["period", "restatements", "period-proof"] {
        let path = format!("/api/v1/{path}?period=2026-Q1");
        assert_eq!(site.get(&path, Some(&rep)).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/periods", "/api/v1/periods", "/export/periods.json"] {
        let text = site.get(path, Some(&rep)).await.text;
        assert!(
            !text.contains("figures_sha256\":\"") && !text.contains("closed_by\":\""),
            "{path}"
        );
    }
    let bad = post(&site, Some(&operations), r#"{"period":"soon"}"#).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", bad.text);
}
