//! The pipeline as a table and on a board, narrowed, on another day, and added to by hand.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use domain::access::Role;
use domain::time::day_number;
use web::server::Entry;

use crate::site::{Answer, Site, request};

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    answer.headers[header::LOCATION].to_str().expect("a text").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_and_the_table_show_the_same_deals() {
    let site = Site::new(Entry::Demo).await;
    let table = site.get("/pipeline", None).await.text;
    let board = site.get("/pipeline?view=board", None).await.text;
    for page in [&table, &board] {
        assert!(page.contains("2 open deals worth"), "{page}");
        assert!(page.contains("Plain sailing") && page.contains("Secret venture"), "{page}");
    }
    assert!(board.contains("class=\"card\"") && !table.contains("class=\"card\""));
    assert!(board.contains("closes 31 Jul 2026") && board.contains("988"), "{board}");
    let narrowed = site.get("/pipeline?view=board&owner=u1", None).await.text;
    assert!(narrowed.contains("Plain sailing") && !narrowed.contains("Secret venture"));
    assert!(narrowed.contains("name=\"view\" value=\"board\""), "the view holds");
    let json = site.get("/api/v1/board?owner=Bob+Rep", None).await.text;
    assert!(json.contains("\"deals\": 1,") && json.contains("987654.00"), "{json}");
    assert_eq!(site.get("/pipeline?owner=nobody", None).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_slider_leads_to_the_address_of_its_day() {
    let site = Site::new(Entry::Demo).await;
    let past = day_number(jiff::civil::date(2026, 5, 1));
    let asked = format!("/pipeline?view=board&owner=u1&day={past}");
    let address = location(&site.get(&asked, None).await);
    assert_eq!(address, "/pipeline?view=board&owner=u1&as_of=2026-05-01");
    let page = site.get(&address, None).await.text;
    assert!(page.contains("As of 1 May 2026") && page.contains("Plain sailing"), "{page}");
    let today = day_number(jiff::civil::date(2026, 6, 1));
    let asked = format!("/pipeline?day={today}");
    assert_eq!(location(&site.get(&asked, None).await), "/pipeline");
    let wrong = site.get("/pipeline?day=soon", None).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn deals_and_leads_are_added_and_what_is_wrong_stands_at_its_field() {
    let site = Site::new(Entry::Demo).await;
    let deal = "name=Fresh+start&amount=4200&stage=Discovery&expected_close_on=2026-08-31\
                &account=Open+Works&owner=u2";
    for (typed, wrong) in [
        (deal.replace("4200", "much"), "new-deals-amount-wrong"),
        (deal.replace("Open", "Closed"), "new-deals-account-wrong"),
        (deal.replace("Fresh+start", "+"), "new-deals-name-wrong"),
        (deal.replace("2026-08-31", "soon"), "new-deals-expected_close_on-wrong"),
    ] {
        let refused = site.post("/add/deals", None, &typed).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        assert!(refused.text.contains(wrong), "{wrong}: {}", refused.text);
    }
    let page = location(&site.post("/add/deals", None, deal).await);
    assert!(page.starts_with("/records/deals/") && page.ends_with("?saved=1"), "{page}");
    let shown = site.get(&page, None).await.text;
    assert!(shown.contains("Fresh start") && shown.contains("4200.00"), "{shown}");
    assert!(site.get("/pipeline?view=board", None).await.text.contains("Fresh start"));
    let lead = site.post("/add/leads", None, "source=Fair&stage=New&owner=u1").await;
    assert!(location(&lead).starts_with("/records/leads/"));
    assert!(site.get("/leads", None).await.text.contains("Fair"));
    assert_eq!(site.get("/add/shoes", None).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rep_adds_own_deals_alone() {
    let site = Site::new(Entry::Members).await;
    let ann = site.token(Role::SalesRep, Some("u1"), true).await;
    let viewer = site.token(Role::Viewer, None, true).await;
    assert!(!site.get("/add/deals", Some(&ann)).await.text.contains("Bob Rep"));
    let added = site.post("/add/deals", Some(&ann), "name=Mine&stage=Discovery").await;
    let page = location(&added);
    assert!(site.get(&page, Some(&ann)).await.text.contains("Mine"));
    assert!(site.get("/pipeline?owner=u1", Some(&ann)).await.text.contains("Mine"));
    let others = "name=Theirs&stage=Discovery&owner=u2";
    let refused = site.post("/add/deals", Some(&ann), others).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    let account = "name=Mine&stage=Discovery&account=Hidden+Harbour";
    let hidden = site.post("/add/deals", Some(&ann), account).await.text;
    let absent = account.replace("Hidden+Harbour", "No+Harbour");
    let absent = site.post("/add/deals", Some(&ann), &absent).await.text;
    assert_eq!(hidden.replace("Hidden Harbour", "X"), absent.replace("No Harbour", "X"));
    assert_eq!(site.get("/add/deals", Some(&viewer)).await.status, StatusCode::FORBIDDEN);
    let denied = site.post("/add/deals", Some(&viewer), "name=Mine").await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    let body = r#"{"fields":{"name":"By a program","stage":"Discovery"}}"#;
    let mut sent = request(Method::POST, "/api/v1/records/deals", Some(&ann), Body::from(body));
    sent.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().expect("a header"));
    let made = site.ask(sent).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let place = made.headers[header::LOCATION].to_str().expect("a text").to_owned();
    let read = site.get(&place, Some(&ann)).await;
    assert!(read.text.contains("By a program") && made.headers.get(header::ETAG).is_some());
    assert_eq!(read.headers[header::ETAG], made.headers[header::ETAG]);
}
