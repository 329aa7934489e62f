//! A review in the browser: without an account on this machine, gone afterwards, or kept.

use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use domain::access::Role;
use web::server::Entry;

use crate::site::{Answer, Site, request};

/// Deals that begin and end every few days of a year.
fn deals() -> String {
    let mut text = "deal_id,name,owner,stage,amount,created_at,close_date\n".to_owned();
    for number in 0..90_u32 {
        let (month, day) = (1 + number % 11, 1 + number % 28);
        let stage = if number % 3 == 0 { "Closed Won" } else { "Closed Lost" };
        text.push_str(&format!("x{number},Sample {number},Ann,{stage},{}.00,", 900 + number));
        text.push_str(&format!("2025-{month:02}-{day:02},2025-{:02}-{day:02}\n", month + 1));
    }
    text
}

fn asked(files: &[(&str, &str)], token: Option<&str>) -> Request<Body> {
    let boundary = "baton-test-boundary";
    let mut body = String::new();
    for (name, text) in files {
        body.push_str(&format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"files\"; \
             filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n{text}\r\n"
        ));
    }
    body.push_str(&format!("--{boundary}--\r\n"));
    let mut asked = request(Method::POST, "/review", token, Body::from(body));
    let media = format!("multipart/form-data; boundary={boundary}");
    asked.headers_mut().insert(header::CONTENT_TYPE, media.parse().expect("a header"));
    asked
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    answer.headers[header::LOCATION].to_str().expect("a text").to_owned()
}

async fn settled(site: &Site, page: &str, token: Option<&str>) -> String {
    for _ in 0..10_000_000 {
        let answer = site.get(page, token).await;
        if !answer.text.contains("http-equiv=\"refresh\"") {
            return answer.text;
        }
        tokio::task::yield_now().await;
    }
    panic!("{page} is still under way");
}

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, |inside| inside.count())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_reviewed_without_an_account_and_gone_afterwards() {
    let site = Site::new(Entry::Members).await;
    assert!(site.get("/review", None).await.text.contains("Review the files"));
    let files = [("../deals.csv", deals()), ("notes.csv", "a,b\n1,2\n".to_owned())];
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    let page = location(&site.ask(asked(&files, None)).await);
    let done = settled(&site, &page, None).await;
    assert!(done.contains("Open the review") && done.contains("Sign in to keep it"), "{done}");
    let review = site.get(&format!("{page}/page"), None).await;
    assert!(review.text.contains("deals.csv") && !review.text.contains("<script"));
    let policy = review.headers["content-security-policy"].to_str().expect("a text");
    assert!(policy.contains("style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    let folder = site.company.context.path("reviews");
    let inside = folder.join(page.trim_start_matches("/review/"));
    assert_eq!(count(&inside), 1, "the files alone are left");
    let deals = site.company.context.store.record_count(domain::kind::Kind::Deals).await;
    assert_eq!(deals.ok(), Some(62), "nothing of the company is touched");
    let kept = site.post(&format!("{page}/keep"), None, "").await;
    assert!(location(&kept).starts_with("/sign-in?next="));
    assert_eq!(location(&site.post(&format!("{page}/end"), None, "").await), "/review");
    assert_eq!(site.get(&page, None).await.status, StatusCode::NOT_FOUND);
    assert_eq!(count(&folder), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_import_keeps_the_files() {
    let site = Site::new(Entry::Members).await;
    let owner = site.token(Role::Owner, None, true).await;
    let text = deals();
    let page = location(&site.ask(asked(&[("deals.csv", &text)], Some(&owner))).await);
    assert!(settled(&site, &page, Some(&owner)).await.contains("Keep it"));
    assert_eq!(site.get(&page, None).await.status, StatusCode::NOT_FOUND, "it is the owner's");
    location(&site.post(&format!("{page}/keep"), Some(&owner), "").await);
    let kept = settled(&site, &page, Some(&owner)).await;
    assert!(kept.contains("1 of 1 files are imports") && kept.contains("90 rows"), "{kept}");
    let imports = site.get("/api/v1/imports", Some(&owner)).await.text;
    assert!(imports.contains("deals.csv"), "{imports}");
    let deals = site.company.context.store.record_count(domain::kind::Kind::Deals).await;
    assert_eq!(deals.ok(), Some(152));
    assert_eq!(count(&site.company.context.path("reviews")), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_this_machine_a_review_takes_the_permission_to_import() {
    let site = Site::new(Entry::Members).await;
    let rep = site.token(Role::SalesRep, Some("u1"), true).await;
    for (name, value) in [("x-forwarded-for", "203.0.113.9"), ("host", "baton.example.com")] {
        let value = HeaderValue::from_static(value);
        for (token, status) in [(None, StatusCode::SEE_OTHER), (Some(&rep), StatusCode::FORBIDDEN)]
        {
            let mut form =
                request(Method::GET, "/review", token.map(String::as_str), Body::empty());
            form.headers_mut().insert(name, value.clone());
            assert_eq!(site.ask(form).await.status, status, "{name}");
            let mut sent = asked(&[("deals.csv", "a\n1\n")], token.map(String::as_str));
            sent.headers_mut().insert(name, value.clone());
            assert_eq!(site.ask(sent).await.status, status, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_tell_nothing_say_so() {
    let site = Site::new(Entry::Demo).await;
    let empty = site.ask(asked(&[], None)).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = location(&site.ask(asked(&[("shoes.csv", "size,colour\n44,red\n")], None)).await);
    let failed = settled(&site, &page, None).await;
    assert!(failed.contains("none of the files") || failed.contains("None of the files"));
    assert!(failed.contains("Choose other files"), "{failed}");
}
