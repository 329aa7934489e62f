//! Huddles in the browser and by the API.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use domain::access::Role;
use serde_json::{Value, json};
use web::server::Entry;

use crate::site::{Answer, Site, request};

async fn send(site: &Site, token: &str, body: Value) -> Answer {
    let body = Body::from(body.to_string());
    let mut asked = request(Method::POST, "/api/v1/huddle", Some(token), body);
    asked.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().expect("a header"));
    site.ask(asked).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huddle_is_held_on_its_page() {
    let site = Site::new(Entry::Demo).await;
    let empty = site.get("/huddle", None).await;
    assert!(empty.text.contains("Begin the next huddle"), "{}", empty.text);
    assert_eq!(site.get("/huddle/minutes.md", None).await.status, StatusCode::NOT_FOUND);
    let begun = site.post("/huddle", None, "deed=open").await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text);
    let wrong = "deed=action&text=Call+ten&owner=Ann&due=2026-01-01";
    let wrong = site.post("/huddle", None, wrong).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in ["2026-01-01 is past", "value=\"Call ten\"", "value=\"Ann\""] {
        assert!(wrong.text.contains(part), "{part}: {}", wrong.text);
    }
    for form in [
        "deed=decision&text=Call+first",
        "deed=action&text=Call+ten&owner=Ann&due=2026-06-05&metric=win_rate&expects=more",
    ] {
        assert_eq!(site.post("/huddle", None, form).await.status, StatusCode::SEE_OTHER, "{form}");
    }
    let page = site.get("/huddle", None).await.text;
    for part in ["Where we stand", "Call first", "win rate", "End the huddle", "2: Call ten"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for form in ["deed=done&of=2&text=all+called", "deed=close"] {
        assert_eq!(site.post("/huddle", None, form).await.status, StatusCode::SEE_OTHER, "{form}");
    }
    let file = site.get("/huddle/minutes.md?number=1", None).await;
    assert!(file.status == StatusCode::OK && file.text.contains("no. 2 is done"), "{}", file.text);
    let strange = site.get("/huddle?number=7", None).await;
    assert_eq!(strange.status, StatusCode::NOT_FOUND, "{}", strange.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_who_runs_speaks_and_who_looks_on_does_not() {
    let site = Site::new(Entry::Members).await;
    let rep = site.token(Role::SalesRep, Some("u1"), true).await;
    let viewer = site.token(Role::Viewer, None, true).await;
    let reads = site.token(Role::Owner, None, false).await;
    for (token, status) in [
        (&viewer, StatusCode::FORBIDDEN),
        (&reads, StatusCode::FORBIDDEN),
        (&rep, StatusCode::CREATED),
        (&rep, StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let answer = send(&site, token, json!({ "deed": "open" })).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    let note = send(&site, &rep, json!({ "deed": "note", "text": "a good week" })).await;
    assert_eq!(note.status, StatusCode::CREATED, "{}", note.text);
    let sung = send(&site, &rep, json!({ "deed": "sing", "text": "la" })).await;
    assert_eq!(sung.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", sung.text);
    let read = site.get("/api/v1/huddle", Some(&viewer)).await;
    assert!(read.status == StatusCode::OK && read.text.contains("a good week"), "{}", read.text);
}

/// Base 64 of RFC 4648, as calendars send a password.
fn base64(text: &str) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let sign = |bits: u32| char::from(SIGNS[(bits & 63) as usize]);
    let group = |bytes: &[u8]| {
        let held = bytes.iter().fold(0, |held, byte| held << 8 | u32::from(*byte));
        let held = held << (8 * (3 - bytes.len()));
        let signs = (0..4).map(|place| sign(held >> (18 - 6 * place)));
        let kept: String = signs.take(bytes.len() + 1).collect();
        format!("{kept:=<4}")
    };
    text.as_bytes().chunks(3).map(group).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn calendars_subscribe_with_a_token_as_their_password() {
    const CALENDAR: &str = "/huddle/calendar.ics";
    let site = Site::new(Entry::Members).await;
    let rep = site.token(Role::SalesRep, Some("u1"), true).await;
    assert_eq!(send(&site, &rep, json!({ "deed": "open" })).await.status, StatusCode::CREATED);
    let action = json!({
        "deed": "action", "text": "Call ten", "owner": "Ann", "due": "2026-06-05",
    });
    assert_eq!(send(&site, &rep, action).await.status, StatusCode::CREATED);

    let asks = site.get(CALENDAR, None).await;
    assert_eq!(asks.status, StatusCode::UNAUTHORIZED);
    assert_eq!(asks.headers[header::WWW_AUTHENTICATE], "Basic realm=\"Baton\"");
    let basic = |path: &str, password: &str| {
        let mut asked = request(Method::GET, path, None, Body::empty());
        let told = format!("Basic {}", base64(&format!("ann:{password}")));
        asked.headers_mut().insert(header::AUTHORIZATION, told.parse().expect("a header"));
        site.ask(asked)
    };
    let found = basic(CALENDAR, &rep).await;
    assert_eq!(found.status, StatusCode::OK, "{}", found.text);
    assert_eq!(found.headers[header::CONTENT_TYPE], "text/calendar; charset=utf-8");
    for part in ["RRULE:FREQ=WEEKLY", "DTSTART;VALUE=DATE:20260605", "SUMMARY:Due: Call ten (Ann)"]
    {
        assert!(found.text.contains(part), "{part}: {}", found.text);
    }
    assert_eq!(basic(CALENDAR, "wrong").await.status, StatusCode::UNAUTHORIZED);
    // Nothing else takes a password: a browser would send it along unasked.
    let elsewhere = basic("/huddle", &rep).await;
    assert_eq!(elsewhere.status, StatusCode::SEE_OTHER, "{}", elsewhere.text);
}
