//! Attribution as a page, a download and an answer of the API, for those who may see it.

use axum::http::StatusCode;
use domain::access::{Role, Scope};
use domain::kind::Kind;
use testkit::How;
use web::server::Entry;

use crate::site::Site;

const PEOPLE: &str = "person_id,account_id\np1,a1\np2,a2\n";
const TOUCHES: &str = "touch_id,occurred_at,person_id,channel\n\
                       t1,2026-01-01T00:00:00Z,p1,Webinar\n\
                       t2,2026-01-01T00:00:00Z,p2,Fair\n";

async fn site(entry: Entry) -> Site {
    let site = Site::new(entry).await;
    for (kind, text) in [(Kind::People, PEOPLE), (Kind::Touches, TOUCHES)] {
        site.company.import_text(kind, text, How::default()).await.expect("is imported");
    }
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_are_those_of_the_verb() {
    let site = site(Entry::Demo).await;
    let context = site.company.context.renewed("test", site.company.context.now, Scope::All);
    let question = app::attribution::Question { lookback_days: None, ..Default::default() };
    let report = app::attribution::attribution(&context, &question, &|| 0.0).await.expect("reads");
    let answer = site.get("/api/v1/attribution?lookback_days=all", None).await;
    let mut json: serde_json::Value = serde_json::from_str(&answer.text).expect("JSON");
    json["seconds"] = 0.0.into();
    assert_eq!(json, reports::document::Report::json(&report));
    assert_eq!(json["conversion"], "wins");
    assert_eq!((&json["conversions"], &json["journeys"]), (&20.into(), &21.into()));
    let page = site.get("/attribution?by=campaign&conversion=opportunities", None).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(page.text.contains("How far the models are apart"), "{}", page.text);
    let link = "/attribution?by=channel&amp;conversion=opportunities";
    let escaped = "/attribution?by=channel&#38;conversion=opportunities";
    assert!(page.text.contains(link) || page.text.contains(escaped), "{}", page.text);
    let csv = site.get("/export/attribution.csv", None).await;
    assert!(csv.text.contains("Webinar"), "{}", csv.text);
    for query in ["conversion=dreams", "model=gut", "lookback_days=some", "half_life_days=-1"] {
        let refused = site.get(&format!("/api/v1/attribution?{query}"), None).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sales_rep_sees_touches_of_own_accounts_alone() {
    let site = site(Entry::Members).await;
    let ask = async |token: String| {
        let path = "/api/v1/attribution?conversion=opportunities&lookback_days=all";
        site.get(path, Some(&token)).await.text
    };
    let all = ask(site.token(Role::RevenueOperations, None, false).await).await;
    assert!(all.contains("Webinar") && all.contains("Fair"), "{all}");
    let own = ask(site.token(Role::SalesRep, Some("u1"), false).await).await;
    assert!(own.contains("Webinar") && !own.contains("Fair"), "{own}");
}
