//! From a figure to the rows behind it, and from a row to its record.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use domain::access::Role;
use serde_json::Value;
use web::server::Entry;

use crate::site::Site;

async fn json(site: &Site, path: &str) -> Value {
    let answer = site.get(path, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
    serde_json::from_str(&answer.text).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_every_metric_are_told_with_its_own_figure() {
    let site = Site::new(Entry::Demo).await;
    let catalogue = json(&site, "/api/v1/metrics").await;
    let metrics = catalogue["metrics"].as_array().expect("metrics");
    assert!(metrics.len() > 20);
    for metric in metrics {
        let name = metric["name"].as_str().expect("a name");
        let figures = json(&site, &format!("/api/v1/metric?name={name}")).await;
        let behind = json(&site, &format!("/api/v1/metric-rows?name={name}")).await;
        assert_eq!(behind["figure"], figures["rows"][0]["value"], "{name}");
        if metric["unit"] == "count" {
            assert_eq!(behind["all"], behind["figure"], "{name}");
        }
    }
    // Won are every third of sixty, from February on.
    let wins = json(&site, "/api/v1/metric-rows?name=wins&from=2026-01-01&to=2026-06-01").await;
    let told = wins["rows"].as_array().expect("rows").iter();
    let told: BTreeSet<&str> = told.filter_map(|row| row["id"].as_str()).collect();
    let won: BTreeSet<String> = (0..60).step_by(3).map(|number| format!("d{number}")).collect();
    assert_eq!(told, won.iter().map(String::as_str).collect());
    let of_ann = "/api/v1/metric-rows?name=wins&by=owner&value=Ann+Rep&from=2026-01-01";
    assert_eq!(json(&site, of_ann).await["all"], 20);
    let of_bob = "/api/v1/metric-rows?name=wins&by=owner&value=Bob+Rep&from=2026-01-01";
    assert_eq!(json(&site, of_bob).await["all"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_figure_leads_to_its_rows_and_a_row_to_its_record() {
    let site = Site::new(Entry::Demo).await;
    let catalogue = site.get("/metrics", None).await.text;
    assert!(catalogue.contains("href=\"/metrics/win%5Frate\""), "{catalogue}");
    let board = site.get("/", None).await.text;
    assert!(board.contains("href=\"/metrics/opportunities%5Fcreated\""), "{board}");
    assert!(board.contains("/metrics/revenue/rows?from=2026-01-01&#38;to=2026-06-01"), "{board}");
    let page = site.get("/metrics/wins?by=month&from=2026-01-01", None).await.text;
    let rows = "/metrics/wins/rows?from=2026-01-01&#38;to=2026-06-01&#38;as_of=2026-06-01\
                &#38;by=month&#38;value=2026-03";
    assert!(page.contains(rows), "{page}");
    let rows = site.get(&rows.replace("&#38;", "&"), None).await.text;
    assert!(rows.contains("Wins of month 2026-03: "), "{rows}");
    assert!(rows.contains("href=\"/records/deals/d21\""), "{rows}");
    for (path, told) in [
        ("/api/v1/metric-rows?name=wins&value=2026-03", "ay by what figures are broken down"),
        ("/api/v1/metric-rows?name=wins&after=x", "begin the list anew"),
        ("/api/v1/metric-rows?name=shoes", "is not a metric"),
    ] {
        let answer = site.get(path, None).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(answer.text.contains(told), "{path}: {}", answer.text);
    }
}

/// Where the parts of a page's charts lead.
fn charted(page: &str) -> BTreeSet<String> {
    let marks = page.split("<a href=\"").skip(1).filter_map(|rest| rest.split_once('"'));
    let marks = marks.filter(|(_, rest)| rest.starts_with(" aria-label="));
    marks.map(|(href, _)| href.replace("&amp;", "&")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_a_chart_lead_to_what_they_are_made_of() {
    let site = Site::new(Entry::Demo).await;
    for (page, leads_to) in [
        ("/waterfall?from=2026-01-01", "/waterfall?from=2026-01-01&to=2026-06-01&step=won"),
        ("/forecast?period=2026", "/metrics/revenue/rows?from=2026-01-01&to=2026-06-01"),
    ] {
        let hrefs = charted(&site.get(page, None).await.text);
        assert!(hrefs.iter().any(|href| href.starts_with(leads_to)), "{page}: {hrefs:?}");
        for href in hrefs {
            assert_eq!(site.get(&href, None).await.status, StatusCode::OK, "{page} to {href}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deals_behind_a_step_of_the_waterfall_sum_to_it() {
    let site = Site::new(Entry::Demo).await;
    let path = "/api/v1/waterfall?from=2026-01-01&to=2026-06-01&step=won";
    let fall = json(&site, path).await;
    let deals = fall["behind"]["deals"].as_array().expect("deals");
    assert_eq!(Some(deals.len() as u64), fall["won_deals"].as_u64());
    let amount = |value: &Value| value.as_str().and_then(|text| text.parse::<f64>().ok());
    let sum: f64 = deals.iter().filter_map(|deal| amount(&deal["amount"])).sum();
    assert_eq!(Some(sum), amount(&fall["won"]));
    let page = site.get("/waterfall?from=2026-01-01&to=2026-06-01&step=won", None).await.text;
    assert!(page.contains("Behind “won”") && page.contains("/records/deals/"), "{page}");
    let none = site.get("/waterfall?step=shoes", None).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.text.contains("pushed_out"), "{}", none.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rep_finds_own_rows_alone() {
    let site = Site::new(Entry::Members).await;
    let ann = site.token(Role::SalesRep, Some("u1"), true).await;
    let path = "/api/v1/metric-rows?name=pipeline_amount&from=2026-01-01&to=2026-12-31";
    let told: Value = serde_json::from_str(&site.get(path, Some(&ann)).await.text).expect("JSON");
    let ids: Vec<&str> = told["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["id"].as_str())
        .collect();
    assert_eq!((ids, &told["figure"]), (vec!["o1"], &Value::from("5000.00")));
}
