//! Pay in the browser and by the API: who calculates, approves and locks, and that nobody reaches
//! another's statement by any route, export or error message.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use domain::access::Role;
use serde_json::{Value, json};
use web::server::Entry;

use crate::site::{Answer, Site, request};

const PLAN: &str = r#"
name = "Sales"
version = 1
currency = "EUR"
first_period = "2026-Q1"

[[measure]]
name = "revenue won"
rate = "10 %"

[[payee]]
id = "u1"
name = "Ann Ashe"
starts_on = "2025-01-01"
quotas = { "revenue won" = "100000" }

[[payee]]
id = "u2"
name = "Bob Birch"
starts_on = "2025-01-01"
quotas = { "revenue won" = "77777" }
"#;

async fn send(site: &Site, deed: &str, token: &str, body: Value) -> Answer {
    let place = format!("/api/v1/pay/{deed}");
    let mut asked = request(Method::POST, &place, Some(token), Body::from(body.to_string()));
    asked.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().expect("a header"));
    site.ask(asked).await
}

/// A company whose first quarter is calculated.
async fn paying(site: &Site, operations: &str) {
    let currency = site.company.context.company.currency.code();
    let terms = PLAN.replace("EUR", currency);
    for (deed, body) in [
        ("plans", json!({ "terms": terms })),
        ("signatures", json!({ "plan": "Sales" })),
        ("runs", json!({ "plan": "Sales", "period": "2026-Q1" })),
    ] {
        let answer = send(site, deed, operations, body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{deed}: {}", answer.text);
    }
}

const OF_ANN: &str = "plan=Sales&period=2026-Q1&payee=u1";
const OF_BOB: &str = "plan=Sales&period=2026-Q1&payee=u2";

#[tokio::test(flavor = "multi_thread")]
async fn a_payee_reaches_own_pay_and_nobody_elses() {
    let site = Site::new(Entry::Members).await;
    let operations = site.token(Role::RevenueOperations, None, true).await;
    paying(&site, &operations).await;
    let ann = site.token(Role::SalesRep, Some("u1"), true).await;
    let own = site.get(&format!("/pay/statement?{OF_ANN}"), Some(&ann)).await;
    assert!(own.status == StatusCode::OK && own.text.contains("Ann Ashe"), "{}", own.text);
    let run = json!({ "plan": "Sales", "period": "2026-Q1", "payee": "u2", "text": "mine" });
    // What Ann can ask for Bob, and for one who is not there: the answers differ by the name alone.
    for path in ["/pay/statement", "/api/v1/pay/statement"] {
        let hidden = site.get(&format!("{path}?{OF_BOB}"), Some(&ann)).await;
        let absent = format!("{path}?{}", OF_BOB.replace("u2", "u9"));
        let absent = site.get(&absent, Some(&ann)).await;
        assert_eq!((hidden.status, absent.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
        assert_eq!(hidden.text.replace("u2", "u9"), absent.text);
    }
    for path in [
        format!("/api/v1/pay/statement?{OF_BOB}&if=s1"),
        "/api/v1/pay/deals?plan=Sales&payee=u2".to_owned(),
        "/pay/simulation?plan=Sales".to_owned(),
        "/api/v1/pay/simulation?plan=Sales".to_owned(),
        format!("/pay/export?{OF_BOB}"),
        "/pay".to_owned(),
        "/api/v1/pay".to_owned(),
        "/journal".to_owned(),
        "/api/v1/journal".to_owned(),
        "/search?q=Bob".to_owned(),
    ] {
        let answer = site.get(&path, Some(&ann)).await;
        for part in ["Bob Birch", "77777"] {
            assert!(!answer.text.contains(part), "{path}: {}", answer.text);
        }
    }
    for deed in ["disputes", "signatures", "runs", "approvals", "locks", "plans", "judgements"] {
        let mut body = run.clone();
        if deed == "signatures" {
            body = json!({ "plan": "Sales", "payee": "Bob Birch" });
        }
        let answer = send(&site, deed, &ann, body).await;
        let refused =
            [StatusCode::NOT_FOUND, StatusCode::FORBIDDEN, StatusCode::UNPROCESSABLE_ENTITY];
        assert!(refused.contains(&answer.status), "{deed}: {}", answer.text);
        assert!(!answer.text.contains("77777"), "{deed}: {}", answer.text);
    }
    // Those who see all records, and answer for no pay, see no pay either.
    for role in [Role::Marketing, Role::Product, Role::CustomerSuccess, Role::Viewer] {
        let other = site.token(role, None, true).await;
        let path = format!("/api/v1/pay/statement?{OF_BOB}");
        assert_eq!(site.get(&path, Some(&other)).await.status, StatusCode::NOT_FOUND, "{role}");
        let desk = site.get("/api/v1/pay", Some(&other)).await.text;
        assert!(!desk.contains("Bob") && !desk.contains("Ann"), "{role}: {desk}");
        // The journal says that pay was calculated, and never how much.
        let journal = site.get("/api/v1/journal?kind=pay_run", Some(&other)).await;
        assert!(!journal.text.contains("total"), "{}", journal.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_go_from_calculated_over_approved_to_locked_by_the_right_hands() {
    let site = Site::new(Entry::Members).await;
    let operations = site.token(Role::RevenueOperations, None, true).await;
    paying(&site, &operations).await;
    let run = || json!({ "plan": "Sales", "period": "2026-Q1" });
    let executive = site.token(Role::Executive, None, true).await;
    let reads = site.token(Role::Executive, None, false).await;
    for (deed, token, status) in [
        ("locks", &operations, StatusCode::UNPROCESSABLE_ENTITY),
        ("approvals", &operations, StatusCode::UNPROCESSABLE_ENTITY),
        ("approvals", &reads, StatusCode::FORBIDDEN),
        ("runs", &executive, StatusCode::FORBIDDEN),
        ("approvals", &executive, StatusCode::CREATED),
        ("locks", &executive, StatusCode::FORBIDDEN),
        ("locks", &operations, StatusCode::CREATED),
        ("runs", &operations, StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let answer = send(&site, deed, token, run()).await;
        assert_eq!(answer.status, status, "{deed}: {}", answer.text);
    }
    let csv = site.get("/pay/export?plan=Sales&period=2026-Q1", Some(&operations)).await;
    assert!(
        csv.status == StatusCode::OK && csv.text.contains("u2,Bob Birch,Sales,1"),
        "{}",
        csv.text
    );
    let hidden = site.get("/pay/export?plan=Sales&period=2026-Q1", Some(&executive)).await;
    assert_eq!(hidden.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_leads_from_a_plan_to_a_statement_and_says_what_is_wrong() {
    let site = Site::new(Entry::Demo).await;
    let empty = site.get("/pay", None).await;
    assert!(empty.text.contains("No pay plan is kept yet"), "{}", empty.text);
    let currency = site.company.context.company.currency.code();
    let terms = PLAN.replace("EUR", currency);
    let form = |pairs: &[(&str, &str)]| {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    };
    let broken = terms.replace("10 %", "ten");
    let wrong = site.post("/pay/plans", None, &form(&[("terms", &broken)])).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("`ten` is not a rate"), "{}", wrong.text);
    for (path, pairs) in [
        ("/pay/plans", vec![("terms", terms.as_str())]),
        ("/pay/signatures", vec![("plan", "Sales"), ("version", "1")]),
        ("/pay/runs", vec![("plan", "Sales"), ("period", "2026-Q1")]),
    ] {
        let done = site.post(path, None, &form(&pairs)).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{path}: {}", done.text);
    }
    let page = site.get("/pay?plan=Sales&period=2026-Q1", None).await.text;
    for part in ["Approve 2026-Q1", "Ann Ashe", "payee=u1", "Fingerprint"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let run = form(&[("plan", "Sales"), ("period", "2026-Q1")]);
    let own = site.post("/pay/approvals", None, &run).await;
    assert!(own.status == StatusCode::UNPROCESSABLE_ENTITY && own.text.contains("four eyes"));
    // The open deal is Ann's to tick; won today, it is on the statement of the quarter that runs.
    let page = site.get(&format!("/pay/statement?{OF_ANN}"), None).await.text;
    assert!(page.contains("name=\"if\" value=\"o1\"> o1"), "{page}");
    let asked = site.get(&format!("/pay/statement?{OF_ANN}&if=o1"), None).await;
    assert!(asked.status == StatusCode::OK, "{}", asked.text);
    for part in ["value=\"o1\" checked", "With o1 won today, 2026-Q2 pays", "500.00", "deal o1"] {
        assert!(asked.text.contains(part), "{part}: {}", asked.text);
    }
    let of_bob = site.get(&format!("/pay/statement?{OF_BOB}&if=o1&if=zz"), None).await;
    assert!(of_bob.text.contains("There is no open deal"), "{}", of_bob.text);
    let deals = site.get("/api/v1/pay/deals?plan=Sales&payee=u1", None).await;
    assert!(deals.text.contains("\"amount\": \"5000.00\""), "{}", deals.text);
    let tried = site.get("/pay/simulation?plan=Sales", None).await;
    assert!(tried.text.contains("2026-Q2 will cost"), "{}", tried.text);
    assert!(tried.text.contains("From 2026-Q1 to 2026-Q1 the plan costs"), "{}", tried.text);
    let said = [("plan", "Sales"), ("period", "2026-Q1"), ("payee", "u1"), ("text", "d3 is more")];
    let said = site.post("/pay/disputes", None, &form(&said)).await;
    assert_eq!(said.status, StatusCode::SEE_OTHER, "{}", said.text);
    let page = site.get(&format!("/pay/statement?{OF_ANN}"), None).await.text;
    assert!(page.contains("d3 is more") && page.contains("Uphold the dispute"), "{page}");
}
