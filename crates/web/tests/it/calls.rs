//! Forecast calls: submitted by owners, overridden with a reason, kept, and seen by who may.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use domain::access::Role;
use serde_json::Value;
use web::server::Entry;

use crate::site::{Answer, Site, request};

async fn say(site: &Site, token: Option<&str>, body: &str) -> Answer {
    let path = "/api/v1/forecast/calls";
    let mut asked = request(Method::POST, path, token, Body::from(body.to_owned()));
    asked.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().expect("a header"));
    site.ask(asked).await
}

async fn read(site: &Site, token: Option<&str>, query: &str) -> Value {
    let answer = site.get(&format!("/api/v1/forecast/calls{query}"), token).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    serde_json::from_str(&answer.text).expect("JSON")
}

fn owner<'a>(calls: &'a Value, id: &str) -> &'a Value {
    let owners = calls["owners"].as_array().expect("owners");
    owners.iter().find(|line| line["owner_id"] == id).expect("the owner has a line")
}

const ANNS: &str = r#"{"period":"2026-Q3","commit":"4000","best_case":"5000","note":"soon"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_last_counts_and_what_was_said_before_stays() {
    let site = Site::new(Entry::Members).await;
    let ann = site.token(Role::SalesRep, Some("u1"), true).await;
    let manager = site.token(Role::SalesManager, None, true).await;
    let said = say(&site, Some(&ann), ANNS).await;
    assert_eq!(said.status, StatusCode::CREATED, "{}", said.text);
    let over = r#"{"period":"2026-Q3","manner":"override","owner":"u1","commit":"3000",
        "best_case":"4500","note":"one deal slips"}"#;
    let over = say(&site, Some(&manager), over).await;
    assert_eq!(over.status, StatusCode::CREATED, "{}", over.text);
    assert!(over.text.contains("\"commit_before\":\"4000.00\""), "{}", over.text);
    let calls = read(&site, Some(&ann), "?period=2026-Q3").await;
    let line = owner(&calls, "u1");
    assert_eq!(line["call"]["commit"], "4000.00");
    assert_eq!(line["override"]["commit"], "3000.00");
    assert_eq!(line["override"]["by"], "sales manager");
    assert_eq!(line["pipeline"], "5000.00", "{line}");
    assert!(say(&site, Some(&ann), &ANNS.replace("4000", "4200")).await.status.is_success());
    let calls = read(&site, Some(&manager), "?period=2026-Q3").await;
    assert_eq!(owner(&calls, "u1")["override"], Value::Null);
    assert_eq!(calls["calls"].as_array().map(Vec::len), Some(3));
    let before = read(&site, Some(&manager), "?period=2026-Q3&as_of=2026-05-31").await;
    assert_eq!(before["calls"].as_array().map(Vec::len), Some(0));
    let verified = app::journal::verify(&site.company.context).await.expect("is walked");
    assert_eq!(verified.broken, None);
    let csv = site.get("/export/calls.csv?period=2026-Q3", Some(&manager)).await.text;
    assert!(csv.contains("one deal slips") && csv.contains("4200.00"), "{csv}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_calls_their_own_and_few_those_of_others() {
    let site = Site::new(Entry::Members).await;
    let ann = site.token(Role::SalesRep, Some("u1"), true).await;
    let loose = site.token(Role::SalesRep, None, false).await;
    let executive = site.token(Role::Executive, None, true).await;
    let manager = site.token(Role::SalesManager, None, true).await;
    let viewer = site.token(Role::Viewer, None, true).await;
    let of = |owner: &str| ANNS.replace("\"note\"", &format!("\"owner\":\"{owner}\",\"note\""));
    let over = |owner: &str| of(owner).replace("{\"", "{\"manner\":\"override\",\"");
    use StatusCode as Is;
    for (who, token, body, status) in [
        ("a rep own", &ann, ANNS.to_owned(), Is::CREATED),
        ("a rep another's", &ann, of("u2"), Is::NOT_FOUND),
        ("a rep the whole", &ann, of("whole"), Is::UNPROCESSABLE_ENTITY),
        ("a rep over", &ann, over("u1"), Is::FORBIDDEN),
        ("by a token that reads", &loose, ANNS.to_owned(), Is::FORBIDDEN),
        ("an executive the whole", &executive, ANNS.to_owned(), Is::CREATED),
        ("an executive another's", &executive, of("u1"), Is::UNPROCESSABLE_ENTITY),
        ("an executive over", &executive, over("u1"), Is::FORBIDDEN),
        ("a manager over", &manager, over("u1"), Is::CREATED),
        ("a manager nobody's", &manager, of("u9"), Is::UNPROCESSABLE_ENTITY),
        ("a viewer", &viewer, ANNS.to_owned(), Is::FORBIDDEN),
        ("without a reason", &manager, over("u1").replace("soon", ""), Is::UNPROCESSABLE_ENTITY),
        ("of what is over", &ann, ANNS.replace("26-Q3", "25-Q3"), Is::UNPROCESSABLE_ENTITY),
        ("no amount", &ann, ANNS.replace("4000", "much"), Is::UNPROCESSABLE_ENTITY),
        ("best case below", &ann, ANNS.replace("5000", "50"), Is::UNPROCESSABLE_ENTITY),
        ("an unknown field", &ann, ANNS.replace("note", "nota"), Is::UNPROCESSABLE_ENTITY),
    ] {
        let answer = say(&site, Some(token), &body).await;
        assert_eq!(answer.status, status, "{who}: {}", answer.text);
    }
    let seen = read(&site, Some(&ann), "?period=2026-Q3").await;
    assert_eq!(seen["whole"]["call"], Value::Null);
    assert_eq!(seen["owners"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_typed_on_the_page_and_what_is_wrong_stands_at_its_field() {
    let site = Site::new(Entry::Demo).await;
    let form = "period=2026-Q3&owner=u2&commit=1%2C000&best_case=9000&note=&manner=submission";
    let refused = site.post("/forecast", None, form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in ["id=\"call-commit-wrong\"", "value=\"1,000\"", "value=\"9000\""] {
        assert!(refused.text.contains(part), "{part}: {}", refused.text);
    }
    let taken = site.post("/forecast", None, &form.replace("%2C", "")).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text);
    let to = taken.headers[header::LOCATION].to_str().expect("a text");
    assert_eq!(to, "/forecast?period=2026-Q3&said=1#calls");
    let page = site.get("/forecast?period=2026-Q3&said=1", None).await.text;
    assert!(page.contains("Your call is in") && page.contains("Bob Rep"), "{page}");
    let past = site.get("/forecast?period=2026-Q2&as_of=2026-05-20", None).await.text;
    assert!(!past.contains("Submit the call"), "calls are of today");
}
