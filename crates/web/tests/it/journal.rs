//! The journal, searched: narrowed by its address, in the scope of who asks, page by page.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use domain::access::Role;
use serde_json::Value;
use web::server::Entry;

use crate::site::Site;

async fn json(site: &Site, token: &str, path: &str) -> Value {
    let answer = site.get(path, Some(token)).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
    serde_json::from_str(&answer.text).expect("JSON")
}

fn entries(json: &Value) -> &[Value] {
    json["entries"].as_array().expect("entries")
}

async fn edit(site: &Site, token: &str, number: usize) {
    let form = format!("next_step=step+{number}&edit-reason=reason+{number}");
    let answer = site.post("/records/deals/o1", Some(token), &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rep_sees_what_was_written_of_own_records_alone() {
    let site = Site::new(Entry::Members).await;
    let ann = site.token(Role::SalesRep, Some("u1"), true).await;
    let nobody = site.token(Role::SalesRep, None, false).await;
    let mut path = "/api/v1/journal".to_owned();
    let mut subjects = BTreeSet::new();
    loop {
        let found = json(&site, &ann, &path).await;
        let told = entries(&found).iter().filter_map(|it| it["subject"].as_str());
        subjects.extend(told.map(str::to_owned));
        match found["after"].as_str() {
            Some(after) => path = format!("/api/v1/journal?after={after}"),
            None => break,
        }
    }
    let mut own: BTreeSet<String> = (0..60).map(|number| format!("deals:d{number}")).collect();
    own.extend(["deals:o1".to_owned(), "accounts:a1".to_owned()]);
    assert_eq!(subjects, own);
    assert_eq!(entries(&json(&site, &nobody, "/api/v1/journal").await).len(), 0);
    for path in ["/api/v1/journal?kind=member", "/api/v1/journal?kind=users"] {
        assert_eq!(site.get(path, Some(&ann)).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    // What may not be seen and what is not there answer alike.
    let hidden = site.get("/api/v1/journal?record=deals:s1", Some(&ann)).await;
    let absent = site.get("/api/v1/journal?record=deals:s9", Some(&ann)).await;
    assert_eq!(hidden.status, absent.status);
    assert_eq!(hidden.text.replace("s1", "s9"), absent.text);
    assert!(site.get("/", Some(&ann)).await.text.contains("href=\"/journal\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_read_the_journal_sees_no_settings() {
    let site = Site::new(Entry::Members).await;
    let viewer = site.token(Role::Viewer, None, false).await;
    let owner = site.token(Role::Owner, None, false).await;
    let kinds = |found: &Value| -> BTreeSet<String> {
        let kinds =
            entries(found).iter().filter_map(|it| it["subject"].as_str()?.split(':').next());
        kinds.map(str::to_owned).collect()
    };
    for kind in ["accounts", "deals"] {
        let told = json(&site, &viewer, &format!("/api/v1/journal?kind={kind}")).await;
        assert_eq!(kinds(&told), BTreeSet::from([kind.to_owned()]));
    }
    let settings = json(&site, &viewer, "/api/v1/journal?cause=setting").await;
    assert_eq!(entries(&settings).len(), 0);
    let told = kinds(&json(&site, &owner, "/api/v1/journal?cause=setting").await);
    for kind in ["company", "goal", "master", "member", "token"] {
        assert!(told.contains(kind), "{kind} is not among {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_journal_stand_still_while_it_is_written() {
    let site = Site::new(Entry::Members).await;
    let ann = site.token(Role::SalesRep, Some("u1"), true).await;
    edit(&site, &ann, 0).await;
    let first = json(&site, &ann, "/api/v1/journal?kind=deals").await;
    assert_eq!(entries(&first).len(), 100);
    let next =
        format!("/api/v1/journal?kind=deals&after={}", first["after"].as_str().expect("more"));
    let before = json(&site, &ann, &next).await;
    for number in 1..4 {
        edit(&site, &ann, number).await;
    }
    assert_eq!(json(&site, &ann, &next).await, before);
    let newest = json(&site, &ann, "/api/v1/journal?record=deals:o1&cause=edit").await;
    let reasons: Vec<&str> =
        entries(&newest).iter().filter_map(|entry| entry["reason"].as_str()).collect();
    assert_eq!(reasons, ["reason 3", "reason 2", "reason 1", "reason 0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_narrowed_and_leads_to_its_records() {
    let site = Site::new(Entry::Members).await;
    let owner = site.token(Role::Owner, None, true).await;
    edit(&site, &owner, 7).await;
    let page =
        site.get("/journal?record=Plain+sailing&cause=edit&who=owner", Some(&owner)).await.text;
    assert_eq!(page.matches("<tr>").count(), 2, "{page}");
    assert!(page.contains("/records/deals/o1") && page.contains("next step step 7"), "{page}");
    assert!(page.contains("value=\"Plain sailing\""), "{page}");
    let csv = site.get("/export/journal.csv?record=deals:o1&field=next_step", Some(&owner)).await;
    assert_eq!(csv.text.lines().count(), 2, "{}", csv.text);
    for (path, told) in [
        ("/api/v1/journal?kind=shoes", "choose one of"),
        ("/api/v1/journal?cause=shoes", "choose one of edit, import, undo, setting"),
        ("/api/v1/journal?after=shoes", "begin the search anew"),
        ("/api/v1/journal?record=shoes", "here is no record shoes"),
        ("/api/v1/journal?from=2026-05-02&to=2026-05-01", "give the earlier day first"),
    ] {
        let answer = site.get(path, Some(&owner)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(answer.text.contains(told), "{path}: {}", answer.text);
    }
}
