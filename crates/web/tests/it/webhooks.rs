//! Events of hand-offs as a receiver gets them: once each, signed, again after failures, and not
//! into networks within.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use app::agreement;
use app::context::Context;
use app::handoff::{Deed, To, act};
use app::webhook::{self, New, signature};
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use domain::access::Role;
use domain::agreement::Side;
use domain::handoff::By;
use domain::kind::Kind;
use jiff::{SignedDuration, Timestamp};
use testkit::How;
use web::server::{Entry, Sender};

use crate::handoffs::TERMS;
use crate::site::Site;

const BY: By = By { user: None, is_marketing: true, is_sales: true, may_act_for_others: true };

/// A server on this machine that answers as it is told, and keeps what it got.
#[derive(Clone, Default)]
struct Receiver {
    got: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answers: Arc<Mutex<VecDeque<Response>>>,
}

impl Receiver {
    async fn start() -> (Receiver, String) {
        let receiver = Receiver::default();
        let own = receiver.clone();
        let answer = async move |headers: HeaderMap, body: String| -> Response {
            own.got.lock().expect("free").push((headers, body));
            let next = own.answers.lock().expect("free").pop_front();
            next.unwrap_or_else(|| StatusCode::NO_CONTENT.into_response())
        };
        let app = Router::new().route("/hooks", post(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hooks", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        (receiver, url)
    }

    fn then(&self, answer: impl IntoResponse) {
        self.answers.lock().expect("free").push_back(answer.into_response());
    }

    /// What came: the id and the event.
    fn ids(&self) -> Vec<(String, String)> {
        let got = self.got.lock().expect("free");
        let told = |(headers, body): &(HeaderMap, String)| {
            let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
            let id = headers["webhook-id"].to_str().expect("a text").to_owned();
            (id, body["type"].as_str().expect("a type").to_owned())
        };
        got.iter().map(told).collect()
    }
}

/// A company with an agreement in force, a lead, and a webhook at an address.
async fn company(url: &str) -> (Site, String) {
    let site = Site::new(Entry::Members).await;
    let leads = "lead_id,created_at,stage,source,account_id\nh1,2026-05-20,MQL,Webinar,a1\n";
    site.company.import_text(Kind::Leads, leads, How::default()).await.expect("is imported");
    let context = &site.company.context;
    agreement::set(context, TERMS).await.expect("is written");
    for side in Side::ALL {
        agreement::sign(context, side, None).await.expect("is signed");
    }
    let new = New { url: url.to_owned(), allows_loopback: true, ..New::default() };
    let (_, secret) = webhook::add(context, &new).await.expect("is added");
    (site, secret)
}

fn later(site: &Site, seconds: i64) -> Context {
    let context = &site.company.context;
    let now = context.now.saturating_add(SignedDuration::from_secs(seconds));
    let now: Timestamp = now.expect("a time");
    context.renewed("upkeep", now, context.scope.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_comes_once_signed_and_again_after_failures_under_the_same_id() {
    let (receiver, url) = Receiver::start().await;
    let (site, secret) = company(&url).await;
    let context = &site.company.context;
    act(context, "h1", &Deed::Offer(To::User("u1".to_owned())), BY).await.expect("is offered");
    let sender = Sender::new().expect("a sender");
    receiver.then((StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "60")]));
    receiver.then((StatusCode::FOUND, [("location", "http://127.0.0.1:1/")]));
    assert_eq!(sender.send(context).await.expect("is sent"), (0, 2));
    // Neither is due yet: one after five seconds, the one that asked for it after sixty.
    assert_eq!(sender.send(context).await.expect("nothing"), (0, 0));
    assert_eq!(sender.send(&later(&site, 30)).await.expect("is sent"), (1, 0));
    assert_eq!(sender.send(&later(&site, 70)).await.expect("is sent"), (1, 0));
    assert_eq!(sender.send(&later(&site, 7_000)).await.expect("nothing"), (0, 0));
    let ids = receiver.ids();
    let mut events: Vec<&str> = ids[2..].iter().map(|(_, event)| event.as_str()).collect();
    events.sort_unstable();
    assert_eq!((ids.len(), events), (4, vec!["handoff.offered", "handoff.qualified"]));
    let mut first: Vec<&String> = ids[..2].iter().map(|(id, _)| id).collect();
    let mut again: Vec<&String> = ids[2..].iter().map(|(id, _)| id).collect();
    first.sort_unstable();
    again.sort_unstable();
    assert_eq!(first, again);
    for (headers, body) in receiver.got.lock().expect("free").iter() {
        let text = |name: &str| headers[name].to_str().expect("a text");
        let seconds = text("webhook-timestamp").parse().expect("seconds");
        let expected = signature(&secret, text("webhook-id"), seconds, body).expect("a signature");
        assert_eq!(text("webhook-signature"), expected);
        assert!(body.contains("\"lead\":\"h1\"") && !body.contains("Ann"), "{body}");
    }
    let told = format!("{:?} {:?}", context.store.webhooks().await, webhook::list(context).await);
    assert!(!told.contains("whsec_"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_senders_send_each_message_once_and_a_dead_ones_are_taken_up() {
    let (receiver, url) = Receiver::start().await;
    let (site, _) = company(&url).await;
    let context = &site.company.context;
    act(context, "h1", &Deed::Offer(To::Everybody), BY).await.expect("is offered");
    // Claimed by a process that dies before it sends.
    assert_eq!(webhook::claim(context, 1).await.expect("is claimed").len(), 1);
    let sender = Sender::new().expect("a sender");
    let (one, other) = tokio::join!(sender.send(context), sender.send(context));
    let (one, other) = (one.expect("is sent"), other.expect("is sent"));
    assert_eq!((one.0 + other.0, receiver.ids().len()), (1, 1));
    // Once its lease is over, the other message comes too.
    assert_eq!(sender.send(&later(&site, 61)).await.expect("is sent"), (1, 0));
    let mut ids = receiver.ids();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_gone_is_disabled_and_a_replay_is_sent_under_the_same_id() {
    let (receiver, url) = Receiver::start().await;
    let (site, _) = company(&url).await;
    let context = &site.company.context;
    act(context, "h1", &Deed::Offer(To::Everybody), BY).await.expect("is offered");
    let sender = Sender::new().expect("a sender");
    receiver.then(StatusCode::GONE);
    receiver.then(StatusCode::GONE);
    assert_eq!(sender.send(context).await.expect("is sent"), (0, 2));
    let listed = webhook::list(context).await.expect("a list");
    let endpoint = &listed.endpoints[0];
    assert!(endpoint.disabled.as_ref().is_some_and(|why| why.contains("410")), "{endpoint:?}");
    let message = listed.deliveries[0].message.clone();
    let refused = webhook::replay(context, &message, &endpoint.id).await.expect_err("is disabled");
    assert!(refused.to_string().contains("enable it first"));
    // What happens meanwhile is not kept for it.
    let ann = By { user: None, ..BY };
    let user = app::handoff::user(context, "u1").await.expect("a user");
    act(context, "h1", &Deed::Accept, By { user: Some(user), ..ann }).await.expect("is accepted");
    webhook::switch(context, &endpoint.id, true).await.expect("is enabled");
    assert_eq!(sender.send(&later(&site, 1)).await.expect("nothing"), (0, 0));
    webhook::replay(context, &message, &endpoint.id).await.expect("is replayed");
    assert_eq!(sender.send(&later(&site, 2)).await.expect("is sent"), (1, 0));
    let ids = receiver.ids();
    assert_eq!((ids.len(), &ids[2].0), (3, &message));
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_for_owners_and_their_secret_is_told_once() {
    let site = Site::new(Entry::Members).await;
    let owner = site.token(Role::Owner, None, true).await;
    let marketing = site.token(Role::Marketing, None, true).await;
    assert_eq!(site.get("/webhooks", Some(&marketing)).await.status, StatusCode::FORBIDDEN);
    for private in ["https%3A%2F%2F169.254.169.254%2F", "http%3A%2F%2F127.0.0.1%3A9%2F"] {
        let refused = site.post("/webhooks", Some(&owner), &format!("url={private}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    }
    let form = "url=https%3A%2F%2Fexample.com%2Fhooks&events=handoff.accepted%2C+handoff.dropped";
    let made = site.post("/webhooks", Some(&owner), form).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.text.matches("whsec_").count(), 1);
    let page = site.get("/webhooks", Some(&owner)).await;
    assert!(page.text.contains("handoff.accepted, handoff.dropped"), "{}", page.text);
    let api = site.get("/api/v1/webhooks", Some(&owner)).await;
    let log = site.get("/journal", Some(&owner)).await;
    for told in [&page, &api, &log] {
        assert_eq!(told.status, StatusCode::OK);
        assert!(!told.text.contains("whsec_"), "{}", told.text);
    }
}
