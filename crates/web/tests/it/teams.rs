//! Teams in the browser and for programs, and what a sales manager sees for them.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use domain::access::Role;
use web::server::Entry;

use crate::access::{call_secretly, seen};
use crate::site::{Site, request};

async fn write(site: &Site, verb: Method, path: &str, token: &str, body: &str) -> StatusCode {
    let mut asked = request(verb, path, Some(token), Body::from(body.to_owned()));
    asked.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().expect("a header"));
    site.ask(asked).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_makes_a_team_and_puts_users_into_it() {
    let site = Site::new(Entry::Members).await;
    let owner = site.token(Role::Owner, None, true).await;
    let made = site.post("/teams", Some(&owner), "name=North").await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
    let again = site.post("/teams", Some(&owner), "name=north").await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.text.contains("There is a team north already"), "{}", again.text);
    let early = site.post("/teams/join", Some(&owner), "team=North&user=u1").await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY, "the CRM is master");
    assert_eq!(site.post("/teams/keep", Some(&owner), "").await.status, StatusCode::SEE_OTHER);
    let joined = site.post("/teams/join", Some(&owner), "team=North&user=Ann+Rep").await;
    assert_eq!(joined.status, StatusCode::SEE_OTHER, "{}", joined.text);
    let page = site.get("/teams", Some(&owner)).await.text;
    assert!(page.contains("1 of 2 users in 1 team") && page.contains("Ann Rep"), "{page}");
    let text = site.get("/api/v1/teams", Some(&owner)).await.text;
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["teams"][0]["members"][0]["user"], "u1");
    assert_eq!(json["in_no_team"][0]["name"], "Bob Rep");
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_change_teams_with_a_token_that_writes() {
    let site = Site::new(Entry::Members).await;
    let owner = site.token(Role::Owner, None, true).await;
    let reader = site.token(Role::Owner, None, false).await;
    let manager = site.token(Role::SalesManager, None, true).await;
    assert_eq!(site.post("/teams/keep", Some(&owner), "").await.status, StatusCode::SEE_OTHER);
    let (teams, north) = ("/api/v1/teams", "/api/v1/teams/North");
    let ann = "/api/v1/teams/North/members/u1";
    let named = r#"{"name":"North"}"#;
    for token in [&reader, &manager] {
        let refused = write(&site, Method::POST, teams, token, named).await;
        assert_eq!(refused, StatusCode::FORBIDDEN);
        assert_eq!(write(&site, Method::PUT, ann, token, "").await, StatusCode::FORBIDDEN);
    }
    for (verb, path, body, status) in [
        (Method::POST, teams, named, StatusCode::CREATED),
        (Method::POST, teams, named, StatusCode::UNPROCESSABLE_ENTITY),
        (Method::POST, teams, r#"{"title":"South"}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (Method::PUT, ann, "", StatusCode::OK),
        (Method::PUT, "/api/v1/teams/North/members/u9", "", StatusCode::UNPROCESSABLE_ENTITY),
        (Method::DELETE, ann, "", StatusCode::OK),
        (Method::DELETE, ann, "", StatusCode::UNPROCESSABLE_ENTITY),
        (Method::PATCH, north, r#"{"name":"South"}"#, StatusCode::OK),
        (Method::PATCH, north, r#"{"name":"East"}"#, StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        assert_eq!(write(&site, verb, path, &owner, body).await, status, "{path} {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sales_manager_sees_the_deals_of_the_team_alone() {
    let site = Site::new(Entry::Members).await;
    call_secretly(&site).await;
    let owner = site.token(Role::Owner, None, true).await;
    let manager = site.token(Role::SalesManager, Some("u1"), false).await;
    let showing = |seen: Vec<(String, bool)>| -> Vec<String> {
        seen.into_iter().filter(|(_, shows)| *shows).map(|(at, _)| at).collect()
    };
    assert_eq!(showing(seen(&site, &manager).await), Vec::<String>::new());
    let deals = site.get("/deals", Some(&manager)).await.text;
    assert!(deals.contains("Plain sailing"), "{deals}");
    assert_eq!(site.get("/journal/proof", Some(&manager)).await.status, StatusCode::FORBIDDEN);

    for form in ["name=North", ""] {
        let path = if form.is_empty() { "/teams/keep" } else { "/teams" };
        assert_eq!(site.post(path, Some(&owner), form).await.status, StatusCode::SEE_OTHER);
    }
    for user in ["u1", "u2"] {
        let form = format!("team=North&user={user}");
        let joined = site.post("/teams/join", Some(&owner), &form).await;
        assert_eq!(joined.status, StatusCode::SEE_OTHER);
    }
    let deals = site.get("/deals", Some(&manager)).await.text;
    assert!(deals.contains("Secret venture"), "who joins the team is seen at once: {deals}");
    assert_eq!(site.get("/journal/proof", Some(&manager)).await.status, StatusCode::FORBIDDEN);
}
