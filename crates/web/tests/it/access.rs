//! Whoever may not see a deal finds it on no page, in no download and in no aggregate.

use axum::http::StatusCode;
use domain::access::Role;
use web::server::Entry;

use crate::pages::PAGES;
use crate::site::Site;

/// What tells of Bob's deal: its name, id's page, account, amount, and sums that hold the amount.
const SECRETS: [&str; 6] =
    ["Secret venture", "Hidden Harbour", "987654", "987,654", "992,654", "992654"];

fn addresses() -> Vec<String> {
    let mut all = vec![
        "/".to_owned(),
        "/search?q=secret".to_owned(),
        "/search?q=s1".to_owned(),
        "/records/deals/s1".to_owned(),
        "/records/accounts/a2".to_owned(),
        "/api/v1/records/deals/s1".to_owned(),
        "/api/v1/records/deals/s1/journal".to_owned(),
        "/deals?outcome=any".to_owned(),
        "/deals?q=secret".to_owned(),
        "/metrics/pipeline_amount?by=owner".to_owned(),
        "/metrics/pipeline_amount?by=account".to_owned(),
        "/api/v1/metric?name=pipeline_amount".to_owned(),
        "/export/metric.csv?name=pipeline_amount".to_owned(),
        "/metrics/pipeline_amount/rows?to=2026-12-31".to_owned(),
        "/waterfall?from=2026-01-01&to=2026-12-31&step=end".to_owned(),
        "/api/v1/waterfall?from=2026-01-01&to=2026-12-31&step=end".to_owned(),
        "/export/waterfall.csv?from=2026-01-01&to=2026-12-31&step=end".to_owned(),
        "/metrics/pipeline_amount/rows?by=owner&value=Bob+Rep&to=2026-12-31".to_owned(),
        "/metrics/opportunities_created/rows?by=account".to_owned(),
        "/api/v1/metric-rows?name=pipeline_amount&to=2026-12-31".to_owned(),
        "/export/metric-rows.csv?name=pipeline_amount&to=2026-12-31".to_owned(),
        "/forecast?period=2026-Q3".to_owned(),
        "/calls?period=2026-Q3".to_owned(),
        "/api/v1/forecast/calls?period=2026-Q3".to_owned(),
        "/export/calls.csv?period=2026-Q3".to_owned(),
        "/plan-version?name=board".to_owned(),
        "/api/v1/plan-version?name=board".to_owned(),
        "/plan-comparison?name=board&with=last-year".to_owned(),
        "/api/v1/plan-comparison?name=board&with=now".to_owned(),
        "/export/plan-comparison.csv?name=board".to_owned(),
        "/pipeline?view=board".to_owned(),
        "/pipeline?view=board&as_of=2026-05-20".to_owned(),
        "/pipeline?owner=u2".to_owned(),
        "/deals?owner=u2".to_owned(),
        "/api/v1/board?owner=u2".to_owned(),
        "/add/deals".to_owned(),
        "/add/leads".to_owned(),
        "/review".to_owned(),
        "/journal?q=secret".to_owned(),
        "/journal?q=harbour".to_owned(),
        "/journal?record=deals:s1".to_owned(),
        "/journal?record=s1".to_owned(),
        "/journal?kind=deals&field=amount".to_owned(),
        "/api/v1/journal?kind=deals".to_owned(),
        "/api/v1/journal?kind=accounts&cause=import".to_owned(),
        "/api/v1/journal?record=accounts:a2".to_owned(),
        "/export/journal.csv?kind=deals".to_owned(),
        "/export/journal.json?q=s1".to_owned(),
    ];
    for page in PAGES {
        all.push(format!("/{page}"));
        all.push(format!("/api/v1/{page}"));
        all.push(format!("/export/{page}.csv"));
        all.push(format!("/export/{page}.json"));
        all.push(format!("/{page}?as_of=2026-05-20"));
    }
    all
}

/// The amounts of every answer, told apart by whether the secret shows.
pub async fn seen(site: &Site, token: &str) -> Vec<(String, bool)> {
    let mut seen = Vec::new();
    for address in addresses() {
        let answer = site.get(&address, Some(token)).await;
        assert!(!answer.status.is_server_error(), "{address}: {}", answer.text);
        // What was asked for may be repeated; it is no secret to who typed it.
        let text = answer.text.replace("“secret”", "");
        seen.push((address, SECRETS.iter().any(|secret| text.contains(secret))));
    }
    seen
}

/// What a manager calls of Bob, and of the whole.
pub async fn call_secretly(site: &Site) {
    let manager = site.token(Role::SalesManager, None, true).await;
    for (owner, commit) in [("u2", "987654"), ("whole", "992654")] {
        let form = format!(
            "period=2026-Q3&manner=override&owner={owner}&commit={commit}&best_case={commit}\
             &note=Secret+venture"
        );
        let answer = site.post("/forecast", Some(&manager), &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    }
    let calls = site.get("/calls?period=2026-Q3", Some(&manager)).await.text;
    assert!(calls.contains("987,654") && calls.contains("Secret venture"), "{calls}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sales_rep_sees_nothing_of_the_deals_of_others() {
    let site = Site::new(Entry::Members).await;
    call_secretly(&site).await;
    crate::plan_versions::save(&site, "board").await;
    let ann = site.token(Role::SalesRep, Some("u1"), true).await;
    let showing: Vec<String> =
        seen(&site, &ann).await.into_iter().filter(|(_, shows)| *shows).map(|(at, _)| at).collect();
    assert_eq!(showing, Vec::<String>::new());
    let own = site.get("/records/deals/o1", Some(&ann)).await;
    assert!(own.status == StatusCode::OK && own.text.contains("Plain sailing"));
    let pipeline = site.get("/api/v1/pipeline", Some(&ann)).await.text;
    assert!(pipeline.contains("5000.00"), "{pipeline}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_there_for_those_who_may_see_it() {
    let site = Site::new(Entry::Members).await;
    let manager = site.token(Role::SalesManager, None, true).await;
    let seen = seen(&site, &manager).await;
    let shows = |wanted: &str| seen.iter().any(|(address, shows)| address == wanted && *shows);
    for address in [
        "/deals",
        "/records/deals/s1",
        "/api/v1/pipeline",
        "/export/deals.csv",
        "/search?q=secret",
        "/journal?q=secret",
        "/journal?record=s1",
        "/export/journal.csv?kind=deals",
        "/metrics/pipeline_amount/rows?to=2026-12-31",
        "/export/metric-rows.csv?name=pipeline_amount&to=2026-12-31",
    ] {
        assert!(shows(address), "{address}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rep_without_a_user_of_the_crm_sees_no_record() {
    let site = Site::new(Entry::Members).await;
    let nobody = site.token(Role::SalesRep, None, true).await;
    assert_eq!(site.get("/records/deals/o1", Some(&nobody)).await.status, StatusCode::NOT_FOUND);
    assert!(site.get("/api/v1/deals", Some(&nobody)).await.text.contains("\"found\": 0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_may_not_do_is_refused() {
    let site = Site::new(Entry::Members).await;
    let viewer = site.token(Role::Viewer, None, true).await;
    let rep = site.token(Role::SalesRep, Some("u1"), true).await;
    let goal = "amount=1&period=2026&counts=all&confidence=80";
    for (token, path, form) in [
        (&viewer, "/goal/set", goal),
        (&rep, "/goal/set", goal),
        (&viewer, "/records/deals/o1", "next_step=call"),
    ] {
        let answer = site.post(path, Some(token), form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    for path in [
        "/journal/proof",
        "/api/v1/journal/proof",
        "/imports",
        "/quality",
        "/export/imports.csv",
        "/api/v1/imports",
    ] {
        assert_eq!(site.get(path, Some(&rep)).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let reader = site.token(Role::Owner, None, false).await;
    let answer = site.post("/goal/set", Some(&reader), goal).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(site.get("/journal/proof", Some(&reader)).await.status, StatusCode::OK);
}
