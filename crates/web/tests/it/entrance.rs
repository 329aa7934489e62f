//! Coming in: the first owner, signing in and out, and what is refused at the door.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use web::server::Entry;

use crate::site::{Answer, PASSWORD, Site, request};

const OWNER: &str = "name=Ada&email=Ada%40example.com&password=correct+horse+battery";

/// The cookie that an answer sets, as it is sent back.
fn cookie(answer: &Answer) -> String {
    let set = answer.headers[header::SET_COOKIE].to_str().expect("a text");
    set.split(';').next().expect("a pair").to_owned()
}

async fn with_cookie(site: &Site, path: &str, cookie: &str) -> Answer {
    let mut asked = request(Method::GET, path, None, Body::empty());
    asked.headers_mut().insert(header::COOKIE, cookie.parse().expect("a header"));
    site.ask(asked).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_owner_is_made_once_and_signs_in_and_out() {
    let site = Site::new(Entry::Members).await;
    let home = site.get("/", None).await;
    assert_eq!(home.status, StatusCode::SEE_OTHER);
    assert_eq!(site.get("/sign-in", None).await.headers[header::LOCATION], "/start");
    let short = OWNER.replace("correct+horse+battery", "short");
    let refused = site.post("/start", None, &short).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("at least 12") && refused.text.contains("Ada"));
    let made = site.post("/start", None, OWNER).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
    let set = made.headers[header::SET_COOKIE].to_str().expect("a text").to_owned();
    for part in ["__Host-baton=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    assert_eq!(with_cookie(&site, "/", &cookie(&made)).await.status, StatusCode::OK);
    let again = site.post("/start", None, &OWNER.replace("Ada%40", "eve%40")).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", again.text);

    let form =
        format!("email=ada%40example.com&password={}&next=%2Fplan", PASSWORD.replace(' ', "+"));
    let entered = site.post("/sign-in", None, &form).await;
    assert_eq!(entered.headers[header::LOCATION], "/plan");
    let cookie = cookie(&entered);
    let mut out = request(Method::POST, "/sign-out", None, Body::empty());
    out.headers_mut().insert(header::COOKIE, cookie.parse().expect("a header"));
    assert_eq!(site.ask(out).await.status, StatusCode::SEE_OTHER);
    assert_eq!(with_cookie(&site, "/", &cookie).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_becomes_the_owner_through_a_proxy() {
    let site = Site::new(Entry::Members).await;
    let form: header::HeaderValue = "application/x-www-form-urlencoded".parse().expect("a header");
    for (name, value) in [
        ("forwarded", "for=203.0.113.9"),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-real-ip", "203.0.113.9"),
        ("host", "baton.example.com"),
    ] {
        for (method, body) in [(Method::GET, ""), (Method::POST, OWNER)] {
            let mut asked = request(method, "/start", None, Body::from(body));
            asked.headers_mut().insert(name, value.parse().expect("a header"));
            asked.headers_mut().insert(header::CONTENT_TYPE, form.clone());
            let answer = site.ask(asked).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
            assert!(answer.text.contains("baton member add"), "{}", answer.text);
        }
    }
    let members = site.company.context.store.members().await.expect("are read");
    assert!(members.is_empty());
    assert_eq!(site.post("/start", None, OWNER).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_and_unknown_addresses_are_told_alike_and_slowed_down() {
    let site = Site::new(Entry::Members).await;
    assert_eq!(site.post("/start", None, OWNER).await.status, StatusCode::SEE_OTHER);
    let known = site.post("/sign-in", None, "email=ada%40example.com&password=wrong").await;
    let unknown = site.post("/sign-in", None, "email=bob%40example.com&password=wrong").await;
    assert_eq!(known.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(known.text.replace("ada@", "bob@"), unknown.text);
    for _ in 0..9 {
        site.post("/sign-in", None, "email=ada%40example.com&password=wrong").await;
    }
    let right = format!("email=ada%40example.com&password={}", PASSWORD.replace(' ', "+"));
    let slowed = site.post("/sign-in", None, &right).await;
    assert_eq!(slowed.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_without_a_session_or_token() {
    let site = Site::new(Entry::Members).await;
    for path in ["/", "/deals", "/export/deals.csv", "/records/deals/o1", "/metrics/wins"] {
        let answer = site.get(path, None).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        let to = answer.headers[header::LOCATION].to_str().expect("a text");
        assert!(to.starts_with("/sign-in?next="), "{to}");
    }
    for token in [None, Some("baton_wrong")] {
        let answer = site.get("/api/v1/deals", token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_cannot_write_and_other_names_reach_no_demo() {
    let site = Site::new(Entry::Demo).await;
    let mut forged = request(Method::POST, "/goal/set", None, Body::from("amount=1"));
    forged.headers_mut().insert("sec-fetch-site", "cross-site".parse().expect("a header"));
    assert_eq!(site.ask(forged).await.status, StatusCode::FORBIDDEN);
    let mut rebound = request(Method::GET, "/deals", None, Body::empty());
    rebound.headers_mut().insert(header::HOST, "evil.example".parse().expect("a header"));
    let answer = site.ask(rebound).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!answer.text.contains("Secret venture"));
}
