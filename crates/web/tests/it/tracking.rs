//! Events as the clients send them, the page about them, and the script of sites.

use app::tracking::{keys, status};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use domain::access::Role;
use serde_json::{Value, json};
use web::server::Entry;

use crate::site::{Answer, Site, request};

/// `{"batch":[…]}` with one event, as `gzip` packs it.
const PACKED: &str = "\
    1f8b08000000000002031d8bb10a80201806dfe59b0dd4a1c1adb1ada1a96830fd318822d2820adfbdbfe096\
    3bb807a34d6e82e91fa46b2318a4ddba190274d29ad81b56f21c8e487bedb91c8a6da1186da03f84bb50c883\
    40e4a5fa262d75594846b54a1b29990ef905c878f0326e000000";

async fn site() -> (Site, String) {
    let site = Site::new(Entry::Members).await;
    let key = keys::make(&site.company.context, "site").await.expect("a key");
    (site, key)
}

/// A post as a program of somebody else's sends it: it knows no session and no token.
async fn post(site: &Site, to: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut post = request(Method::POST, &format!("/v1/{to}"), None, body.into());
    for (name, value) in headers {
        let name: header::HeaderName = name.parse().expect("a name");
        post.headers_mut().insert(name, value.parse().expect("a value"));
    }
    site.ask(post).await
}

fn track(id: &str) -> Value {
    json!({ "type": "track", "event": "Signed Up", "userId": "u1", "messageId": id })
}

fn batch(key: &str, events: &[Value]) -> String {
    json!({ "batch": events, "writeKey": key }).to_string()
}

/// How many touches there are once all is sealed; the site's server has ended.
async fn sealed(site: Site) -> (u64, u64) {
    let Site { company, router } = site;
    drop(router);
    app::tracking::seal(&company.context).await.expect("is sealed");
    let status = status(&company.context).await.expect("a status");
    (status.touches, status.events("quarantined"))
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_send_their_key_in_any_of_their_ways() {
    let (site, key) = site().await;
    let basic = format!("Basic {}", base64(&format!("{key}:")));
    let bearer = format!("Bearer {key}");
    let without = json!({ "batch": [track("m1")] }).to_string();
    let json_type = ("content-type", "application/json");
    let as_text = ("content-type", "text/plain;charset=UTF-8");
    for (to, headers, body) in [
        ("batch", vec![json_type, ("authorization", basic.as_str())], without.clone()),
        ("import", vec![json_type, ("authorization", bearer.as_str())], without.clone()),
        ("batch", vec![json_type], batch(&key, &[track("m2")])),
        ("b", vec![as_text, ("origin", "https://acme.example")], batch(&key, &[track("m3")])),
        (
            "b",
            vec![as_text, ("sec-fetch-site", "cross-site"), ("origin", "https://acme.example")],
            json!({ "batch": [{ "type": "page", "anonymousId": "a", "messageId": "m4",
                "writeKey": key }] })
            .to_string(),
        ),
        (
            "t",
            vec![as_text],
            json!({ "event": "e", "userId": "u", "messageId": "m5",
            "writeKey": key })
            .to_string(),
        ),
        ("identify", vec![as_text], json!({ "userId": "u", "writeKey": key }).to_string()),
    ] {
        let answer = post(&site, to, &headers, body).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, r#"{"success":true}"#));
        assert_eq!(answer.headers["access-control-allow-origin"], "*", "{to}");
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    assert_eq!(sealed(site).await, (5, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_batches_are_unpacked() {
    let (site, key) = site().await;
    let hex = PACKED.as_bytes().chunks(2).map(|pair| {
        u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16).expect("a byte")
    });
    let packed: Vec<u8> = hex.collect();
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-encoding", "gzip")];
    let answer = post(&site, "batch", &headers, packed).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let answer = post(&site, "batch", &headers, "{}").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
    assert_eq!(sealed(site).await, (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_said_as_clients_read_it() {
    let (site, key) = site().await;
    let many = batch(&key, &vec![json!(0); 2_501]);
    let long = batch(&key, &[json!({ "x": "x".repeat(600_000) })]);
    let brotli = ("content-encoding", "br");
    for (to, headers, body, status, code) in [
        (
            "batch",
            vec![],
            batch("no", &[track("m")]),
            StatusCode::UNAUTHORIZED,
            "unknown_write_key",
        ),
        ("t", vec![], track("m").to_string(), StatusCode::UNAUTHORIZED, "unknown_write_key"),
        ("batch", vec![], "{".to_owned(), StatusCode::BAD_REQUEST, "unreadable_json"),
        ("batch", vec![], track("m").to_string(), StatusCode::BAD_REQUEST, "missing_batch"),
        ("shoes", vec![], batch(&key, &[]), StatusCode::NOT_FOUND, "unknown_address"),
        ("batch", vec![], many, StatusCode::PAYLOAD_TOO_LARGE, "too_many_events"),
        ("batch", vec![], long, StatusCode::PAYLOAD_TOO_LARGE, "request_too_large"),
        (
            "batch",
            vec![brotli],
            batch(&key, &[]),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unknown_encoding",
        ),
    ] {
        let answer = post(&site, to, &headers, body).await;
        assert_eq!(answer.status, status, "{code}: {}", answer.text);
        let told: Value = serde_json::from_str(&answer.text).expect("is JSON");
        assert_eq!(told["code"], code);
        assert!(told["message"].as_str().is_some_and(|message| message.len() > 10), "{told}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
    }
    assert_eq!(sealed(site).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_of_other_sites_are_let_in() {
    let (site, _) = site().await;
    let asked = Request::builder().method(Method::OPTIONS).uri("/v1/batch");
    let asked = asked.header("host", "localhost").header("origin", "https://acme.example");
    let asked = asked.header("access-control-request-method", "POST").body(Body::empty());
    let answer = site.ask(asked.expect("a request")).await;
    assert_eq!(answer.status, StatusCode::OK);
    for (name, holds) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "content-type"),
        ("access-control-allow-headers", "authorization"),
    ] {
        assert!(answer.headers[name].to_str().expect("text").contains(holds), "{name}");
    }
    let script = site.get("/baton.js", None).await;
    assert_eq!(script.status, StatusCode::OK);
    assert!(script.headers["content-type"].to_str().expect("text").starts_with("text/javascript"));
    assert!(!script.headers.contains_key("set-cookie") && !script.text.contains("document.cookie"));
}

#[tokio::test(flavor = "multi_thread")]
async fn write_keys_are_made_shown_once_and_revoked_on_the_page() {
    let site = Site::new(Entry::Members).await;
    let operations = site.token(Role::RevenueOperations, None, true).await;
    let empty = site.get("/tracking", Some(&operations)).await;
    assert!(empty.text.contains("No event has come in yet"), "{}", empty.text);
    let made = site.post("/tracking", Some(&operations), "name=Web+shop").await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    let (_, rest) = made.text.split_once("<code>baton_write_").expect("the key is shown");
    let (digits, _) = rest.split_once("</code>").expect("it ends");
    let key = format!("baton_write_{digits}");
    let page = site.get("/tracking", Some(&operations)).await.text;
    assert!(page.contains("Web shop") && !page.contains(digits), "it is shown once");
    let sent =
        post(&site, "batch", &[], batch(&key, &[track("m"), json!({ "type": "page" })])).await;
    assert_eq!(sent.status, StatusCode::OK);
    let twice = site.post("/tracking", Some(&operations), "name=Web+shop").await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    let revoked = site.post("/tracking/revoke", Some(&operations), "name=Web+shop").await;
    assert_eq!(revoked.status, StatusCode::SEE_OTHER, "{}", revoked.text);
    let refused = post(&site, "batch", &[], batch(&key, &[track("n")])).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let journal = site.get("/api/v1/journal?kind=write_key", Some(&operations)).await.text;
    assert!(journal.matches("Web shop").count() >= 2 && !journal.contains(digits), "{journal}");
    for role in [Role::Viewer, Role::SalesRep, Role::Marketing] {
        let other = site.token(role, None, true).await;
        for answer in [
            site.get("/tracking", Some(&other)).await,
            site.post("/tracking", Some(&other), "name=mine").await,
            site.post("/tracking/revoke", Some(&other), "name=Web+shop").await,
        ] {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{role}");
        }
    }
    let reader = site.token(Role::Owner, None, false).await;
    let answer = site.post("/tracking", Some(&reader), "name=mine").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "its token reads alone");
    let Site { company, router } = site;
    drop(router);
    app::tracking::seal(&company.context).await.expect("is sealed");
    let status = status(&company.context).await.expect("a status");
    assert_eq!((status.touches, status.quarantined.len()), (1, 1));
}

/// A text in base 64, by the table of RFC 4648.
fn base64(text: &str) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut coded = String::new();
    for bytes in text.as_bytes().chunks(3) {
        let byte = |place: usize| u32::from(bytes.get(place).copied().unwrap_or(0));
        let held = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let sign = SIGNS[(held >> (18 - 6 * place)) as usize & 63];
            coded.push(if place > bytes.len() { '=' } else { char::from(sign) });
        }
    }
    coded
}
