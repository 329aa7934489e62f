//! Edits by page and by API: each is journalled, shows at once, and loses nobody else's.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use domain::access::Role;
use web::server::Entry;

use crate::site::{Answer, Site, request};

async fn patch(site: &Site, token: &str, version: Option<&str>, body: &str) -> Answer {
    let path = "/api/v1/records/deals/o1";
    let mut asked = request(Method::PATCH, path, Some(token), Body::from(body.to_owned()));
    let json = "application/json".parse().expect("a header");
    asked.headers_mut().insert(header::CONTENT_TYPE, json);
    if let Some(version) = version {
        asked.headers_mut().insert(header::IF_MATCH, version.parse().expect("a header"));
    }
    site.ask(asked).await
}

fn version(answer: &Answer) -> String {
    answer.headers[header::ETAG].to_str().expect("a text").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_edits_of_one_version_one_is_refused() {
    let site = Site::new(Entry::Members).await;
    let ann = site.token(Role::SalesRep, Some("u1"), true).await;
    let read = site.get("/api/v1/records/deals/o1", Some(&ann)).await;
    let seen = version(&read);
    let first = patch(&site, &ann, Some(&seen), r#"{"fields":{"amount":"7000"}}"#).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    let second = patch(&site, &ann, Some(&seen), r#"{"fields":{"next_step":"call"}}"#).await;
    assert_eq!(second.status, StatusCode::PRECONDITION_FAILED, "{}", second.text);
    let now = site.get("/api/v1/records/deals/o1", Some(&ann)).await;
    assert_eq!(version(&now), version(&first));
    assert!(now.text.contains("7000.00"), "{}", now.text);
    let journal = site.get("/api/v1/records/deals/o1/journal", Some(&ann)).await.text;
    assert!(journal.contains("member:") && journal.contains("7000.00"), "{journal}");
    let asked = site.get("/api/v1/records/deals/o1/journal?since=2026", Some(&ann)).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", asked.text);
    assert!(asked.text.contains("`since` is no parameter here"), "{}", asked.text);
    let pipeline = site.get("/api/v1/pipeline", Some(&ann)).await.text;
    assert!(pipeline.contains("7000.00"), "{pipeline}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_without_a_version_or_with_a_wrong_value_changes_nothing() {
    let site = Site::new(Entry::Members).await;
    let ann = site.token(Role::SalesRep, Some("u1"), true).await;
    let seen = version(&site.get("/api/v1/records/deals/o1", Some(&ann)).await);
    for (held, body) in [
        (None, r#"{"fields":{"amount":"7000"}}"#),
        (Some(seen.as_str()), r#"{"fields":{"amount":"much"}}"#),
        (Some(seen.as_str()), r#"{"fields":{"shoe size":"44"}}"#),
        (Some(seen.as_str()), r#"{"felds":{}}"#),
        (Some(seen.as_str()), "no JSON"),
    ] {
        let answer = patch(&site, &ann, held, body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", answer.text);
    }
    let now = site.get("/api/v1/records/deals/o1", Some(&ann)).await;
    assert_eq!(version(&now), seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_changes_what_was_changed_in_it_alone() {
    let site = Site::new(Entry::Demo).await;
    let seen = version(&site.get("/api/v1/records/deals/o1", None).await).replace('"', "");
    let form = format!(
        "seen-version={seen}&name=Plain+sailing&said-name=Plain+sailing&amount=5000.00\
         &said-amount=5000.00&next_step=call&said-next_step=&edit-reason=asked+to"
    );
    let answer = site.post("/records/deals/o1", None, &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let journal = site.get("/api/v1/records/deals/o1/journal", None).await.text;
    let journal: serde_json::Value = serde_json::from_str(&journal).expect("JSON");
    let last = journal["entries"].as_array().and_then(|entries| entries.last()).expect("entries");
    assert_eq!(last["reason"], "asked to");
    assert_eq!(last["changes"].as_array().map(Vec::len), Some(1), "{last}");
    let stale = site.post("/records/deals/o1", None, &form.replace("call", "write")).await;
    assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(stale.text.contains("changed by somebody else"), "{}", stale.text);
    // What was typed is still in the form, beside what the record says now.
    for kept in
        [r#"value="write"><input type="hidden" name="said-next_step" value="call""#, "asked to"]
    {
        assert!(stale.text.contains(kept), "{kept}: {}", stale.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goal_is_set_and_what_is_wrong_is_said_beside_what_was_typed() {
    let site = Site::new(Entry::Demo).await;
    let set = "period=2027&amount=250000&counts=all&confidence=80";
    assert_eq!(site.post("/goal/set", None, set).await.status, StatusCode::SEE_OTHER);
    assert!(site.get("/api/v1/goal", None).await.text.contains("250000.00"));
    for (typed, wrong) in [
        (set.replace("250000", "much"), "much"),
        (set.replace("2027", "2027-Q9"), "2027-Q9"),
        (set.replace("=80", "=certain"), "certain"),
    ] {
        let answer = site.post("/goal/set", None, &typed).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        assert!(answer.text.contains(wrong) && answer.text.contains("role=\"alert\""), "{typed}");
    }
}

/// Adds a deal under a key.
async fn add(site: &Site, token: &str, key: &str, body: &str) -> Answer {
    let path = "/api/v1/records/deals";
    let mut asked = request(Method::POST, path, Some(token), Body::from(body.to_owned()));
    let json = "application/json".parse().expect("a header");
    asked.headers_mut().insert(header::CONTENT_TYPE, json);
    asked.headers_mut().insert("idempotency-key", key.parse().expect("a header"));
    site.ask(asked).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_sent_again_under_its_key_is_done_once() {
    let site = Site::new(Entry::Members).await;
    let owner = site.token(Role::Owner, None, true).await;
    let found = async || {
        let deals = site.get("/api/v1/deals?outcome=any", Some(&owner)).await.text;
        let deals: serde_json::Value = serde_json::from_str(&deals).expect("JSON");
        deals["found"].as_u64().expect("a number")
    };
    let before = found().await;
    let body = r#"{"fields":{"name":"Twice sent"}}"#;
    let first = add(&site, &owner, "k1", body).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
    let again = add(&site, &owner, "k1", body).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    for name in [header::ETAG, header::LOCATION, header::CONTENT_TYPE] {
        assert_eq!(again.headers.get(&name), first.headers.get(&name), "{name}");
    }
    assert_eq!(found().await, before + 1);

    let other = add(&site, &owner, "k1", r#"{"fields":{"name":"Another"}}"#).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", other.text);
    let refused = add(&site, &owner, "k2", r#"{"fields":{"amount":"much"}}"#).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    let mended = add(&site, &owner, "k2", body).await;
    assert_eq!(mended.status, StatusCode::CREATED, "what was refused was not done");
    let by_another = site.token(Role::RevenueOperations, None, true).await;
    let third = add(&site, &by_another, "k1", body).await;
    assert_eq!(third.status, StatusCode::CREATED, "keys are a member's own: {}", third.text);
    assert_eq!(found().await, before + 3);
}
