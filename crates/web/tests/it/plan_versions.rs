//! Saved plans: saved on the page and by programs, by who may set the goal; seen by who sees all.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use domain::access::Role;
use serde_json::Value;
use web::server::Entry;

use crate::site::{Answer, Site, request};

/// An executive saves the plan under a name, by the API.
pub async fn save(site: &Site, name: &str) {
    let executive = site.token(Role::Executive, None, true).await;
    let saved = post(site, Some(&executive), &format!(r#"{{"name":"{name}"}}"#), None).await;
    assert_eq!(saved.status, StatusCode::CREATED, "{}", saved.text);
}

async fn post(site: &Site, token: Option<&str>, body: &str, key: Option<&str>) -> Answer {
    let path = "/api/v1/plan-versions";
    let mut asked = request(Method::POST, path, token, Body::from(body.to_owned()));
    asked.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().expect("a header"));
    if let Some(key) = key {
        asked.headers_mut().insert("idempotency-key", key.parse().expect("a header"));
    }
    site.ask(asked).await
}

async fn json(site: &Site, path: &str, token: Option<&str>) -> Value {
    let answer = site.get(path, token).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    serde_json::from_str(&answer.text).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_saved_on_its_page_and_held_against_others() {
    let site = Site::new(Entry::Demo).await;
    let page = site.get("/plan?change.asp=10", None).await.text;
    assert!(page.contains("name=\"change.asp\" value=\"10\"") && page.contains("Save the plan"));
    for (name, change) in [("board", ""), ("dearer", "&change.asp=10")] {
        let saved = site.post("/plan-versions/save", None, &format!("name={name}{change}")).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
        assert_eq!(saved.headers[header::LOCATION], format!("/plan-version?name={name}").as_str());
    }
    let list = site.get("/plan-versions", None).await.text;
    assert!(list.contains("2 plans saved") && list.contains("asp=1.1"), "{list}");
    let one = site.get("/plan-version?name=dearer", None).await.text;
    assert!(one.contains("what came last year") && one.contains("The reverse funnel as saved"));
    for with in ["dearer", "now", "last-year"] {
        let path = format!("/plan-comparison?name=board&with={with}");
        let page = site.get(&path, None).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains("By month") && page.text.contains("<svg"), "{}", page.text);
    }
    let csv = site.get("/export/plan-comparison.csv?name=board&with=last-year", None).await.text;
    assert!(csv.contains("Came in 2025"), "{csv}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_will_not_do_is_told_at_its_field() {
    let site = Site::new(Entry::Demo).await;
    let form = "name=board&as_of=2026-05-20";
    assert_eq!(site.post("/plan-versions/save", None, form).await.status, StatusCode::SEE_OTHER);
    let refused = site.post("/plan-versions/save", None, form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in ["value=\"board\"", "id=\"saved-name-wrong\"", "2026-05-20"] {
        assert!(refused.text.contains(part), "{part}: {}", refused.text);
    }
    assert!(refused.text.contains("choose another name"), "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_save_once_under_a_key() {
    let site = Site::new(Entry::Members).await;
    let executive = site.token(Role::Executive, None, true).await;
    let body = r#"{"name":"board, June","period":"2026","changes":{"asp":"+10%"}}"#;
    let first = post(&site, Some(&executive), body, Some("k1")).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
    let again = post(&site, Some(&executive), body, Some("k1")).await;
    assert_eq!((again.status, &again.text), (StatusCode::CREATED, &first.text));
    assert_eq!(first.headers[header::ETAG], again.headers[header::ETAG]);
    let other = post(&site, Some(&executive), body, Some("k2")).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "the name is taken");
    let place = first.headers[header::LOCATION].to_str().expect("an address").to_owned();
    let read = json(&site, &place, Some(&executive)).await;
    assert_eq!(read["by"], "executive");
    assert_eq!(read["changes"][0], "asp=1.1");
    let list = json(&site, "/api/v1/plan-versions", Some(&executive)).await;
    assert_eq!(list["versions"].as_array().map(Vec::len), Some(1));
    for wrong in [r#"{"name":""}"#, r#"{"name":"x","period":"soon"}"#, r#"{"nam":"x"}"#] {
        let refused = post(&site, Some(&executive), wrong, None).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_set_the_goal_saves_and_who_sees_all_looks() {
    let site = Site::new(Entry::Members).await;
    save(&site, "board").await;
    let manager = site.token(Role::SalesManager, None, true).await;
    let rep = site.token(Role::SalesRep, Some("u1"), true).await;
    for token in [&manager, &rep] {
        let refused = post(&site, Some(token), r#"{"name":"own"}"#, None).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        let plan = site.get("/plan", Some(token)).await.text;
        assert!(!plan.contains("Save the plan"), "{plan}");
    }
    let path = "/api/v1/plan-comparison?name=board&with=last-year";
    assert_eq!(json(&site, path, Some(&manager)).await["b"], "2025");
    assert_eq!(site.get(path, Some(&rep)).await.status, StatusCode::NOT_FOUND);
    let list = json(&site, "/api/v1/plan-versions", Some(&rep)).await;
    assert_eq!(list["versions"].as_array().map(Vec::len), Some(0));
}
