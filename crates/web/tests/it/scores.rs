//! The rules of fit and engagement over HTTP: who may keep them, what a trial says, a lead's page.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use domain::access::Role;
use domain::kind::Kind;
use serde_json::{Value, json};
use testkit::How;
use web::server::Entry;

use crate::site::{Answer, Site, request};

const RULES: &str = "fit_cap = 50\nengagement_cap = 50\n\n[[rule]]\nname = \"By a fair\"\n\
                     score = \"fit\"\nwhen = 'lead.source == \"Fair\"'\npoints = 20\n";

async fn send(site: &Site, path: &str, token: &str, terms: &str) -> Answer {
    let body = json!({ "terms": terms }).to_string();
    let mut request = request(Method::POST, path, Some(token), Body::from(body));
    let kind = "application/json".parse().expect("a header");
    request.headers_mut().insert(header::CONTENT_TYPE, kind);
    site.ask(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_tried_kept_and_told_on_the_page_of_a_lead() {
    let site = Site::new(Entry::Members).await;
    let leads = "lead_id,created_at,stage,source,owner_id\nl1,2026-01-20,MQL,Fair,u1\n\
                 l2,2026-01-21,MQL,Web,u2\n";
    site.company.import_text(Kind::Leads, leads, How::default()).await.expect("is imported");
    let marketing = site.token(Role::Marketing, None, true).await;
    let rep = site.token(Role::SalesRep, Some("u1"), true).await;
    let refused = send(&site, "/api/v1/score-rules", &rep, RULES).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let wrong = RULES.replace("lead.source", "lead.sauce");
    let refused = send(&site, "/api/v1/score-rules", &marketing, &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("`lead.sauce` is no column"), "{}", refused.text);
    let tried = send(&site, "/api/v1/score-rules/trial", &marketing, RULES).await;
    assert_eq!(tried.status, StatusCode::OK, "{}", tried.text);
    let tried: Value = serde_json::from_str(&tried.text).expect("JSON");
    assert_eq!((&tried["leads"], &tried["rules"][0]["leads"]), (&json!(2), &json!(1)));
    let typed = "terms=fit_cap+%3D+0&deed=try";
    let page = site.post("/score-rules", Some(&marketing), typed).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("The rules cannot be read"), "{}", page.text);
    let saved = send(&site, "/api/v1/score-rules", &marketing, RULES).await;
    assert_eq!(saved.status, StatusCode::CREATED, "{}", saved.text);
    let page = site.get("/score-rules", Some(&rep)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("By a fair") && !page.text.contains("<textarea"), "{}", page.text);
    let points = site.get("/api/v1/points?name=l1", Some(&rep)).await;
    let points: Value = serde_json::from_str(&points.text).expect("JSON");
    assert_eq!(points["fit_milli_points"], 20_000);
    assert_eq!(points["log"][0]["why"], "By a fair");
    let hidden = site.get("/api/v1/points?name=l2", Some(&rep)).await;
    assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{}", hidden.text);
    let page = site.get("/points?name=l1", Some(&rep)).await;
    assert!(page.text.contains("20 points of fit"), "{}", page.text);
    let lead = site.get("/records/leads/l1", Some(&rep)).await;
    assert!(lead.text.contains("Fit and engagement"), "{}", lead.text);
    assert!(lead.text.contains("By a fair"), "{}", lead.text);
}
