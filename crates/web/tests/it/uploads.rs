//! Importing in the browser: looked at first, read on a word, and taken out again.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use domain::access::Role;
use web::server::Entry;

use crate::site::{Answer, Site, request};

const LEADS: &str = "lead_id,created_at,source,stage\n\
                     l1,2026-05-01,Webinar,New\n\
                     l2,2026-05-02,Web,New\n\
                     l3,not a day,Web,New\n";

fn multipart(kind: &str, name: &str, text: &str) -> (String, String) {
    let boundary = "baton-test-boundary";
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\n{kind}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: text/csv\r\n\r\n{text}\r\n--{boundary}--\r\n"
    );
    (format!("multipart/form-data; boundary={boundary}"), body)
}

async fn send(site: &Site, token: Option<&str>, kind: &str, name: &str, text: &str) -> Answer {
    let (media, body) = multipart(kind, name, text);
    let mut asked = request(Method::POST, "/uploads", token, Body::from(body));
    asked.headers_mut().insert(header::CONTENT_TYPE, media.parse().expect("a header"));
    site.ask(asked).await
}

/// The page of an upload once nothing is under way; asks a bounded number of times.
async fn settled(site: &Site, page: &str) -> Answer {
    for _ in 0..10_000 {
        let answer = site.get(page, None).await;
        if !answer.text.contains("http-equiv=\"refresh\"") {
            return answer;
        }
        tokio::task::yield_now().await;
    }
    panic!("{page} is still under way");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_looked_at_then_imported_then_undone() {
    let site = Site::new(Entry::Demo).await;
    let sent = send(&site, None, "leads", "../../my leads.csv", LEADS).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let page = sent.headers[header::LOCATION].to_str().expect("a text").to_owned();
    let looked = settled(&site, &page).await.text;
    assert!(looked.contains("Import it") && looked.contains("lead_id"), "{looked}");
    assert!(site.get("/api/v1/leads?outcome=any", None).await.text.contains("\"found\": 0"));
    let go_on = site.post(&page, None, "step=import").await;
    assert_eq!(go_on.status, StatusCode::SEE_OTHER, "{}", go_on.text);
    let done = settled(&site, &page).await.text;
    assert!(done.contains("It is in.") && done.contains("First refused"), "{done}");
    assert!(site.get("/api/v1/leads?outcome=any", None).await.text.contains("\"found\": 2"));
    let uploads = site.company.context.path("uploads");
    assert_eq!(std::fs::read_dir(uploads).expect("a folder").count(), 0);
    let refused = done.split("href=\"").find(|rest| rest.contains("refused.csv\""));
    let refused = refused.and_then(|rest| rest.split('"').next()).expect("a link");
    let refused = site.get(refused, None).await;
    assert!(refused.text.contains("l3,not a day"), "{}", refused.text);
    let nothing = "/imports/00000000-0000-7000-8000-000000000000/refused.csv";
    assert_eq!(site.get(nothing, None).await.status, StatusCode::NOT_FOUND);
    let imports = site.get("/api/v1/imports", None).await.text;
    assert!(imports.contains("\"my leads.csv\""), "{imports}");
    let imports: serde_json::Value = serde_json::from_str(&imports).expect("JSON");
    let id = imports["imports"][0]["import_id"].as_str().expect("an id");
    let undone = site.post("/imports/undo", None, &format!("import_id={id}")).await;
    assert_eq!(undone.status, StatusCode::SEE_OTHER, "{}", undone.text);
    assert!(site.get("/api/v1/leads?outcome=any", None).await.text.contains("\"found\": 0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_two_readings_is_settled_by_a_mapping() {
    let site = Site::new(Entry::Demo).await;
    let text = "lead_id,created_at,source\nl1,03/04/2026,Web\nl2,05/04/2026,Web\n";
    let sent = send(&site, None, "leads", "leads.csv", text).await;
    let page = sent.headers[header::LOCATION].to_str().expect("a text").to_owned();
    let asked = settled(&site, &page).await.text;
    assert!(!asked.contains("Import it") && asked.contains("Read it otherwise"), "{asked}");
    let early = site.post(&page, None, "step=import").await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mapping = "step=look&mapping=kind+%3D+%22leads%22%0Adate_order+%3D+%22day-first%22";
    assert_eq!(site.post(&page, None, mapping).await.status, StatusCode::SEE_OTHER);
    let looked = settled(&site, &page).await.text;
    assert!(looked.contains("Import it"), "{looked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_taken_from_those_who_may_alone() {
    let site = Site::new(Entry::Members).await;
    let manager = site.token(Role::SalesManager, None, true).await;
    let sent = send(&site, Some(&manager), "leads", "leads.csv", LEADS).await;
    assert_eq!(sent.status, StatusCode::FORBIDDEN);
    let owner = site.token(Role::Owner, None, true).await;
    for (kind, name) in [("leads", ""), ("shoes", "leads.csv")] {
        let sent = send(&site, Some(&owner), kind, name, LEADS).await;
        assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY, "{kind} {name}");
    }
}
