//! The queue and the agreement: who sees what, who may do what, and one who gets the lead.

use app::agreement;
use app::handoff::{Deed, To, act};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use domain::access::Role;
use domain::agreement::Side;
use domain::handoff::By;
use domain::kind::Kind;
use serde_json::{Value, json};
use testkit::How;
use web::server::Entry;

use crate::site::{Answer, Site, request};

pub const TERMS: &str = r#"
definition = "asked for a demo"
promised_monthly = 20
accept_minutes = 120
contact_minutes = 240
grace_minutes = 60
calls_min = 0
decline_reasons = ["No fit"]
recycle_reasons = ["Bad timing"]
recycle_days = 30
passes_max = 3
routing = ["round robin"]
[hours]
working_days = ["monday", "tuesday", "wednesday", "thursday", "friday"]
opens = "09:00"
closes = "17:00"
[[runner]]
user = "u1"
capacity = 10
[[runner]]
user = "u2"
capacity = 10
"#;

/// A site with an agreement in force; h1 is offered to Ann, h2 (of the hidden account) to Bob, and
/// h3 to everybody.
async fn site() -> Site {
    let site = Site::new(Entry::Members).await;
    let leads = "lead_id,created_at,stage,source,account_id\nh1,2026-05-20,MQL,Webinar,a1\n\
                 h2,2026-05-20,MQL,Secret venture,a2\nh3,2026-05-20,MQL,Event,\n";
    site.company.import_text(Kind::Leads, leads, How::default()).await.expect("is imported");
    let context = &site.company.context;
    agreement::set(context, TERMS).await.expect("is written");
    for side in Side::ALL {
        agreement::sign(context, side, None).await.expect("is signed");
    }
    let by = By { user: None, is_marketing: true, is_sales: true, may_act_for_others: true };
    for (lead, to) in [
        ("h1", To::User("u1".to_owned())),
        ("h2", To::User("u2".to_owned())),
        ("h3", To::Everybody),
    ] {
        act(context, lead, &Deed::Offer(to), by).await.expect("is offered");
    }
    site
}

async fn send(site: &Site, path: &str, token: &str, body: &Value) -> Answer {
    let mut request = request(Method::POST, path, Some(token), Body::from(body.to_string()));
    let kind = "application/json".parse().expect("a header");
    request.headers_mut().insert(header::CONTENT_TYPE, kind);
    site.ask(request).await
}

fn leads(answer: &Answer) -> Vec<String> {
    let json: Value = serde_json::from_str(&answer.text).expect("JSON");
    let lines = json["lines"].as_array().expect("lines").iter();
    lines.filter_map(|line| line["lead"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rep_sees_own_leads_and_those_for_everybody_and_takes_them() {
    let site = site().await;
    let ann = site.token(Role::SalesRep, Some("u1"), true).await;
    assert_eq!(leads(&site.get("/api/v1/queue", Some(&ann)).await), ["h1", "h3"]);
    for path in ["/queue", "/dropped", "/export/queue.csv", "/export/queue.json"] {
        let text = site.get(path, Some(&ann)).await.text;
        assert!(!text.contains("Secret venture") && !text.contains("Hidden"), "{path}");
    }
    let page = site.get("/queue", Some(&ann)).await.text;
    for part in ["Open Works", "value=\"accept\"", "value=\"decline\"", "No fit", "due 2026-06-01"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    let hidden = json!({ "lead": "h2", "deed": "accept" });
    let unseen = send(&site, "/api/v1/queue", &ann, &hidden).await;
    assert_eq!(unseen.status, StatusCode::NOT_FOUND);
    let taken = site.post("/queue", Some(&ann), "lead=h3&deed=accept").await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text);
    assert!(taken.text.contains("is accepted by Ann Rep"), "{}", taken.text);
    let bob = site.token(Role::SalesManager, Some("u2"), true).await;
    let late = send(&site, "/api/v1/queue", &bob, &json!({ "lead": "h3", "deed": "accept" })).await;
    // A manager of no team sees own records, and the lead is Ann's now.
    assert!(
        [StatusCode::NOT_FOUND, StatusCode::PRECONDITION_FAILED].contains(&late.status),
        "{}",
        late.text
    );
    let refused = site.post("/queue", Some(&ann), "lead=h1&deed=decline&reason=whatever").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("none of the agreed reasons"), "{}", refused.text);
    let for_bob = json!({ "lead": "h1", "deed": "accept", "user": "u2" });
    let refused = send(&site, "/api/v1/queue", &ann, &for_bob).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_late_is_told_who_has_the_lead() {
    let site = site().await;
    let ann = site.token(Role::SalesRep, Some("u1"), true).await;
    let owner = site.token(Role::Owner, None, true).await;
    let accept = |user: Option<&str>| json!({ "lead": "h3", "deed": "accept", "user": user });
    let nobody = send(&site, "/api/v1/queue", &owner, &accept(None)).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", nobody.text);
    let taken = send(&site, "/api/v1/queue", &ann, &accept(None)).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text);
    let late = send(&site, "/api/v1/queue", &owner, &accept(Some("u2"))).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    assert!(late.text.contains("Ann Rep has this lead already"), "{}", late.text);
}

/// What each role may do, route by route.
#[tokio::test(flavor = "multi_thread")]
async fn roles_do_what_is_theirs() {
    let site = site().await;
    let deed = json!({ "lead": "h3", "deed": "decline", "reason": "nothing of that name" });
    let terms = json!({ "terms": "nothing" });
    let signing = json!({ "side": "neither" });
    for role in Role::ALL {
        let token = site.token(role, None, true).await;
        let reads = site.token(role, None, false).await;
        for (path, body, may) in [
            ("/api/v1/queue", &deed, hands_over(role)),
            ("/api/v1/agreement", &terms, agrees(role)),
            ("/api/v1/agreement/signatures", &signing, agrees(role)),
        ] {
            let wanted = match may {
                true => StatusCode::UNPROCESSABLE_ENTITY,
                false => StatusCode::FORBIDDEN,
            };
            let answer = send(&site, path, &token, body).await;
            assert_eq!(answer.status, wanted, "{role} {path}: {}", answer.text);
            let answer = send(&site, path, &reads, body).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{role} {path} reads alone");
        }
        for path in ["/queue", "/agreement", "/keeping", "/dropped"] {
            assert_eq!(site.get(path, Some(&token)).await.status, StatusCode::OK, "{role} {path}");
        }
    }
}

fn hands_over(role: Role) -> bool {
    use Role::{Marketing, Owner, RevenueOperations, SalesManager, SalesRep};
    matches!(role, Owner | RevenueOperations | Marketing | SalesManager | SalesRep)
}

fn agrees(role: Role) -> bool {
    use Role::{Executive, Marketing, Owner, RevenueOperations, SalesManager};
    matches!(role, Owner | Executive | RevenueOperations | Marketing | SalesManager)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_side_signs_for_itself() {
    let site = site().await;
    let marketing = site.token(Role::Marketing, None, true).await;
    let sales = site.token(Role::SalesManager, None, true).await;
    let more = json!({ "terms": TERMS.replace("= 20", "= 30") });
    let written = send(&site, "/api/v1/agreement", &marketing, &more).await;
    assert_eq!(written.status, StatusCode::CREATED, "{}", written.text);
    let page = site.get("/agreement", Some(&marketing)).await.text;
    assert!(page.contains("Sign version 2 for marketing"), "{page}");
    assert!(!page.contains("Sign version 2 for sales"), "{page}");
    assert!(page.contains("Week by week"), "{page}");
    let for_sales = json!({ "side": "sales" });
    let other = send(&site, "/api/v1/agreement/signatures", &marketing, &for_sales).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    let form = "side=marketing&version=2";
    let signed = site.post("/agreement/sign", Some(&marketing), form).await;
    assert_eq!(signed.status, StatusCode::SEE_OTHER, "{}", signed.text);
    let signed = send(&site, "/api/v1/agreement/signatures", &sales, &for_sales).await;
    assert_eq!(signed.status, StatusCode::CREATED, "{}", signed.text);
    let json: Value = serde_json::from_str(&signed.text).expect("JSON");
    assert_eq!(
        (&json["in_force"], &json["versions"][1]["promised_monthly"]),
        (&json!(2), &json!(30))
    );
}
