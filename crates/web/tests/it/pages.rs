//! Every page answers, bears the headers that keep it safe, and says what to do where it cannot.

use axum::http::{StatusCode, header};
use testkit::TestCompany;
use web::server::Entry;

use crate::site::Site;

pub const PAGES: [&str; 30] = [
    "scoreboard",
    "week",
    "goal",
    "goal-parts",
    "plan",
    "plan-versions",
    "leads",
    "score-rules",
    "deals",
    "pipeline",
    "board",
    "waterfall",
    "forecast",
    "calls",
    "backtest",
    "rates",
    "retention",
    "attribution",
    "awareness",
    "metrics",
    "quality",
    "imports",
    "journal",
    "journal/proof",
    "teams",
    "queue",
    "agreement",
    "keeping",
    "dropped",
    "alignment",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_page_answers_with_one_heading_and_no_inline_code() {
    let site = Site::new(Entry::Demo).await;
    let others = [
        "/",
        "/metrics/wins",
        "/metrics/wins/rows",
        "/records/deals/o1",
        "/search?q=plain",
        "/pipeline?view=board",
        "/add/deals",
        "/add/leads",
        "/review",
        "/keys",
        "/design",
    ];
    let paths = PAGES.iter().map(|page| format!("/{page}"));
    for path in paths.chain(others.map(str::to_owned)) {
        let answer = site.get(&path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        assert_eq!(answer.text.matches("<h1>").count(), 1, "{path}");
        for inline in ["<style", " style=", "<script>", " onclick=", "javascript:"] {
            assert!(!answer.text.contains(inline), "{path} has {inline}");
        }
        let policy = answer.headers.get("content-security-policy").expect("a policy");
        assert!(policy.to_str().is_ok_and(|policy| !policy.contains("unsafe")), "{path}");
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_a_page_are_those_of_the_verb() {
    let site = Site::new(Entry::Demo).await;
    let pipeline = app::pipeline::pipeline(&site.company.context, None, None).await.expect("reads");
    let answer = site.get("/api/v1/pipeline", None).await;
    let json: serde_json::Value = serde_json::from_str(&answer.text).expect("JSON");
    assert_eq!(json, reports::document::Report::json(&pipeline));
    assert_eq!(json["deals"], 2);
    let page = site.get("/pipeline", None).await.text;
    assert!(page.contains("992,654"), "{page}");
    let past = site.get("/api/v1/pipeline?as_of=2026-05-01", None).await;
    let json: serde_json::Value = serde_json::from_str(&past.text).expect("JSON");
    assert_eq!(json["as_of"], "2026-05-01");
    assert!(site.get("/pipeline?as_of=2026-05-01", None).await.text.contains("1 May 2026"));
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_hold_the_tables_of_their_page() {
    let site = Site::new(Entry::Demo).await;
    let csv = site.get("/export/deals.csv", None).await;
    assert!(csv.text.contains("Secret venture") && csv.text.contains("987654.00"), "{}", csv.text);
    let workbook = site.get("/export/deals.xlsx", None).await;
    assert!(workbook.text.starts_with("PK"));
    assert_eq!(site.get("/export/deals.exe", None).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_addresses_and_queries_are_told_apart() {
    let site = Site::new(Entry::Demo).await;
    for (path, status) in [
        ("/nothing", StatusCode::NOT_FOUND),
        ("/metric", StatusCode::NOT_FOUND),
        ("/records/deals/none", StatusCode::NOT_FOUND),
        ("/records/people/p1", StatusCode::NOT_FOUND),
        ("/plan?as_of=soon", StatusCode::UNPROCESSABLE_ENTITY),
        ("/api/v1/nothing", StatusCode::NOT_FOUND),
        ("/api/v1/forecast?period=2026-Q9", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        assert_eq!(site.get(path, None).await.status, status, "{path}");
    }
    let problem = site.get("/api/v1/plan?as_of=soon", None).await;
    assert_eq!(problem.headers[header::CONTENT_TYPE], "application/problem+json");
    assert!(problem.text.contains("write a day"), "{}", problem.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_without_data_says_what_to_do_first() {
    let company = TestCompany::new().await;
    let address = ([127, 0, 0, 1], 7700).into();
    let clock = || -> jiff::Timestamp { "2026-06-01T12:00:00Z".parse().expect("a moment") };
    let scope = company.context.scope.clone();
    let context = company.context.renewed("the server", clock(), scope);
    let router = web::server::application(context, Entry::Demo, address, clock).expect("reads");
    let site = Site { company, router };
    for page in PAGES {
        let answer = site.get(&format!("/{page}"), None).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}: {}", answer.text);
    }
    assert!(site.get("/", None).await.text.contains("1. Import the files of your CRM"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_of_the_api_names_every_page() {
    let site = Site::new(Entry::Demo).await;
    let text = site.get("/api/v1/openapi.json", None).await.text;
    let api: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(api["openapi"], "3.1.0");
    for page in PAGES {
        assert!(api["paths"].get(format!("/api/v1/{page}")).is_some(), "{page}");
    }
    let edit = &api["paths"]["/api/v1/records/{kind}/{id}"]["patch"]["responses"];
    for status in ["200", "401", "403", "404", "412", "422"] {
        assert!(edit[status]["description"].is_string(), "{status}: {edit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn days_at_the_ends_of_the_calendar_break_nothing() {
    let site = Site::new(Entry::Demo).await;
    for page in PAGES {
        for query in ["as_of=0001-01-01", "as_of=9999-12-31", "from=9999-12-31&to=0001-01-01"] {
            let answer = site.get(&format!("/api/v1/{page}?{query}"), None).await;
            let may_be = [StatusCode::OK, StatusCode::UNPROCESSABLE_ENTITY];
            assert!(may_be.contains(&answer.status), "{page}?{query}: {}", answer.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_is_read_page_by_page() {
    let site = Site::new(Entry::Demo).await;
    let mut text = "lead_id,created_at,source,stage\n".to_owned();
    for number in 0..1_100 {
        let day = 1 + number % 28;
        text.push_str(&format!("l{number},2026-04-{day:02},Web,New\n"));
    }
    let how = testkit::How::default();
    site.company.import_text(domain::kind::Kind::Leads, &text, how).await.expect("is imported");
    let mut path = "/api/v1/leads?stage=New".to_owned();
    let mut seen = std::collections::BTreeSet::new();
    let mut pages = 0;
    loop {
        let json: serde_json::Value =
            serde_json::from_str(&site.get(&path, None).await.text).expect("JSON");
        pages += 1;
        let leads = json["leads"].as_array().expect("leads");
        seen.extend(leads.iter().filter_map(|lead| lead["id"].as_str().map(str::to_owned)));
        assert_eq!(json["found"], 1_100);
        match json["next"].as_str() {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }
    assert_eq!((pages, seen.len()), (3, 1_100));
    assert!(site.get("/leads?stage=New", None).await.text.contains("Go on in the list"));
    let gone = site.get("/api/v1/leads?after=none", None).await;
    assert_eq!(gone.status, StatusCode::UNPROCESSABLE_ENTITY);
}
