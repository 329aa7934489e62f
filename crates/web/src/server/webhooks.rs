//! Webhooks: the page and the API of endpoints, and the sending itself, which goes nowhere but to
//! the open internet.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use app::context::Context;
use app::webhook::{self, Answered, Claimed, New};
use askama::Template;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use domain::access::Scope;
use domain::webhook::Event;
use futures::future::join_all;
use reports::document::Report;
use reports::webhook::Webhooks;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, redirect};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::api::{Program, answers};
use super::asked::{Asked, Page};
use super::fault::{self, Fault, Problem};
use super::frame::{Frame, Link, html, sentence};
use super::pages::related;
use super::policy::Action;
use super::shared::Shared;
use super::visitor::Visitor;
use crate::table::TableView;

/// Where the page is.
pub(super) const ADDRESS: &str = "/webhooks";
/// Who signs what upkeep does here.
const ACTOR: &str = "webhooks";
/// How often it is looked for messages that are due.
const SENT_EVERY: Duration = Duration::from_secs(5);
/// Messages that are on their way at once.
const AT_ONCE: u64 = 16;
/// How long an endpoint has to answer.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(ADDRESS, get(page).post(make))
        .route("/webhooks/state", post(switch))
        .route("/webhooks/replay", post(replay))
}

/// The same for programs, below the API's address.
pub(super) fn programs() -> Router<Arc<Shared>> {
    Router::new()
        .route("/webhooks", get(told).post(told_new))
        .route("/webhooks/state", post(told_state))
        .route("/webhooks/replay", post(told_replay))
}

#[derive(Template)]
#[template(path = "server/webhooks.html")]
struct WebhooksView {
    frame: Frame,
    related: Vec<Link>,
    answer: String,
    webhooks: Webhooks,
    tables: Vec<TableView>,
    events: [&'static str; Event::ALL.len()],
    /// The secret of the endpoint that was just added: it is shown this once.
    secret: Option<String>,
    wrong: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asking {
    url: String,
    /// With commas between them; all if left out.
    #[serde(default)]
    events: String,
    #[serde(default)]
    loopback: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    url: String,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    allow_loopback: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    webhook: String,
    enabled: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    webhook: String,
    message: String,
}

async fn page(visitor: Visitor) -> Result<Response, Fault> {
    shown(&visitor, StatusCode::OK, (None, None)).await
}

async fn list(visitor: &Visitor) -> Result<Webhooks, Fault> {
    let context = visitor.context(Action::ManageWebhooks)?;
    visitor.shared.run(context, async |context: &Context| webhook::list(context).await).await
}

async fn shown(
    visitor: &Visitor,
    status: StatusCode,
    (secret, wrong): (Option<String>, Option<String>),
) -> Result<Response, Fault> {
    let webhooks = list(visitor).await?;
    let document = webhooks.document();
    let asked = Asked::default();
    let related = related(visitor, Page::Queue, &asked).into_iter();
    let view = WebhooksView {
        frame: Frame::new(visitor, "Webhooks", ADDRESS, Some(Page::Queue), &asked),
        related: related.map(|link| Link { is_here: link.href == ADDRESS, ..link }).collect(),
        answer: document.answer,
        tables: document.tables.iter().filter_map(TableView::new).collect(),
        webhooks,
        events: Event::ALL.map(Event::name),
        secret,
        wrong,
    };
    html(status, &view)
}

async fn added(visitor: &Visitor, new: New) -> Result<(String, String), Fault> {
    let context = visitor.context(Action::ManageWebhooks)?;
    let verb = async move |context: &Context| webhook::add(context, &new).await;
    let (id, secret) = visitor.shared.run(context, verb).await?;
    Ok((id.to_string(), secret))
}

/// The page again with what is wrong, where something is.
async fn back(visitor: &Visitor, done: Result<Webhooks, Fault>) -> Result<Response, Fault> {
    match done {
        Ok(_) => Ok(Redirect::to(ADDRESS).into_response()),
        Err(fault) => refused(visitor, fault).await,
    }
}

async fn refused(visitor: &Visitor, fault: Fault) -> Result<Response, Fault> {
    match fault {
        Fault::Field { why, .. } | Fault::Input(why) => {
            let wrong = Some(sentence(&why));
            shown(visitor, StatusCode::UNPROCESSABLE_ENTITY, (None, wrong)).await
        }
        fault => Err(fault),
    }
}

async fn make(visitor: Visitor, Form(form): Form<Asking>) -> Result<Response, Fault> {
    let events = form.events.split(',').map(str::trim).filter(|name| !name.is_empty());
    let new = New {
        url: form.url,
        events: events.map(str::to_owned).collect(),
        allows_loopback: form.loopback.is_some(),
    };
    match added(&visitor, new).await {
        Ok((_, secret)) => shown(&visitor, StatusCode::CREATED, (Some(secret), None)).await,
        Err(fault) => refused(&visitor, fault).await,
    }
}

async fn switched(visitor: &Visitor, state: State) -> Result<Webhooks, Fault> {
    let context = visitor.context(Action::ManageWebhooks)?;
    let verb = async move |context: &Context| {
        webhook::switch(context, &state.webhook, state.enabled).await
    };
    visitor.shared.run(context, verb).await
}

async fn replayed(visitor: &Visitor, again: Again) -> Result<Webhooks, Fault> {
    let context = visitor.context(Action::ManageWebhooks)?;
    let verb = async move |context: &Context| {
        webhook::replay(context, &again.message, &again.webhook).await
    };
    visitor.shared.run(context, verb).await
}

async fn switch(visitor: Visitor, Form(form): Form<State>) -> Result<Response, Fault> {
    let done = switched(&visitor, form).await;
    back(&visitor, done).await
}

async fn replay(visitor: Visitor, Form(form): Form<Again>) -> Result<Response, Fault> {
    let done = replayed(&visitor, form).await;
    back(&visitor, done).await
}

async fn told(Program(visitor): Program) -> Result<Response, Problem> {
    Ok(Json(list(&visitor).await?.json()).into_response())
}

fn body<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, Fault> {
    body.map(|Json(sent)| sent).map_err(|error| Fault::input(error.body_text()))
}

async fn told_new(
    Program(visitor): Program,
    sent: Result<Json<Sent>, JsonRejection>,
) -> Result<Response, Problem> {
    visitor.check(Action::ManageWebhooks)?;
    let Sent { url, events, allow_loopback } = body(sent)?;
    let new = New { url, events, allows_loopback: allow_loopback };
    let (id, secret) = added(&visitor, new).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "secret": secret }))).into_response())
}

async fn told_state(
    Program(visitor): Program,
    sent: Result<Json<State>, JsonRejection>,
) -> Result<Response, Problem> {
    visitor.check(Action::ManageWebhooks)?;
    Ok(Json(switched(&visitor, body(sent)?).await?.json()).into_response())
}

async fn told_replay(
    Program(visitor): Program,
    sent: Result<Json<Again>, JsonRejection>,
) -> Result<Response, Problem> {
    visitor.check(Action::ManageWebhooks)?;
    Ok(Json(replayed(&visitor, body(sent)?).await?.json()).into_response())
}

/// What programs may do with webhooks: address, verb, description.
pub(super) fn described() -> [(String, &'static str, Value); 4] {
    let text = || json!({ "type": "string", "minLength": 1 });
    let body = |required: &[&str], properties: Value| {
        let schema = json!({
            "type": "object", "additionalProperties": false, "required": required,
            "properties": properties,
        });
        json!({ "required": true, "content": { "application/json": { "schema": schema } } })
    };
    let events = json!({ "type": "array", "items": { "enum": Event::ALL.map(Event::name) } });
    let mut made = answers("Its id, and its secret, which is told this once.", "Report");
    made["201"] = made["200"].take();
    if let Some(made) = made.as_object_mut() {
        made.remove("200");
    }
    let path = |beneath: &str| format!("/api/v1/webhooks{beneath}");
    let all = || answers("All webhooks and the latest messages.", "Report");
    [
        (
            path(""),
            "get",
            json!({
                "operationId": "webhooks", "summary": "Webhooks and their latest messages",
                "responses": all(),
            }),
        ),
        (
            path(""),
            "post",
            json!({
                "operationId": "add_webhook", "summary": "Send events of hand-offs to an address",
                "requestBody": body(
                    &["url"],
                    json!({
                        "url": text(), "events": events,
                        "allow_loopback": { "type": "boolean" },
                    }),
                ),
                "responses": made,
            }),
        ),
        (
            path("/state"),
            "post",
            json!({
                "operationId": "switch_webhook", "summary": "Enable or disable a webhook",
                "requestBody": body(
                    &["webhook", "enabled"],
                    json!({ "webhook": text(), "enabled": { "type": "boolean" } }),
                ),
                "responses": all(),
            }),
        ),
        (
            path("/replay"),
            "post",
            json!({
                "operationId": "replay_message", "summary": "Send a message again",
                "requestBody": body(
                    &["webhook", "message"],
                    json!({ "webhook": text(), "message": text() }),
                ),
                "responses": all(),
            }),
        ),
    ]
}

/// Looks up names, and keeps what may be reached: the connection then goes to that very address.
struct Guard {
    allows_loopback: bool,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let allows_loopback = self.allows_loopback;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let open: Vec<SocketAddr> =
                found.filter(|it| webhook::may_reach(it.ip(), allows_loopback)).collect();
            if open.is_empty() {
                return Err("the name leads into a private network".into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

/// Who sends: to the open internet, and where it is allowed to this machine.
pub struct Sender {
    open: Client,
    here: Client,
}

impl Sender {
    /// # Errors
    /// When the system has no certificates to check others by.
    pub fn new() -> Result<Sender, String> {
        let client = |allows_loopback: bool| {
            Client::builder()
                .dns_resolver(Arc::new(Guard { allows_loopback }))
                .redirect(redirect::Policy::none())
                .no_proxy()
                .timeout(PATIENCE)
                .user_agent(concat!("Baton/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| error.to_string())
        };
        Ok(Sender { open: client(false)?, here: client(true)? })
    }

    /// Sends everything that is due; returns how many messages were delivered and how many not.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn send(&self, context: &Context) -> Result<(usize, usize), app::error::Error> {
        let (mut delivered, mut failed) = (0, 0);
        loop {
            let claimed = webhook::claim(context, AT_ONCE).await?;
            if claimed.is_empty() {
                return Ok((delivered, failed));
            }
            let said = join_all(claimed.iter().map(|message| self.one(message))).await;
            for (message, said) in claimed.iter().zip(&said) {
                match webhook::settle(context, message, said).await? {
                    true => delivered += 1,
                    false => failed += 1,
                }
            }
        }
    }

    async fn one(&self, message: &Claimed) -> Answered {
        let failed = |problem: String| Answered { problem: Some(problem), ..Answered::default() };
        // The address may be from a time when more was allowed; numbers are not looked up.
        let url = match webhook::checked(&message.url, message.allows_loopback) {
            Ok(url) => url,
            Err(why) => return failed(why),
        };
        let client = if message.allows_loopback { &self.here } else { &self.open };
        let mut request = client.post(url).header("content-type", "application/json");
        for (name, value) in &message.headers {
            request = request.header(*name, value);
        }
        match request.body(message.body.clone()).send().await {
            Ok(answer) => Answered {
                status: Some(answer.status().as_u16()),
                retry_after_seconds: retry_after(&answer),
                problem: None,
            },
            Err(error) if error.is_timeout() => {
                failed(format!("no answer within {} s", PATIENCE.as_secs()))
            }
            Err(error) if error.is_connect() => failed("it cannot be reached".to_owned()),
            Err(_) => failed("the answer cannot be read".to_owned()),
        }
    }
}

/// For how many seconds an endpoint asks to be left alone.
fn retry_after(answer: &reqwest::Response) -> Option<i64> {
    let told = answer.headers().get("retry-after")?.to_str().ok()?.trim();
    told.parse().ok().or_else(|| {
        let until = jiff::fmt::rfc2822::parse(told).ok()?.timestamp();
        Some(until.as_second() - jiff::Timestamp::now().as_second())
    })
}

/// Sends what is due until it is told to end.
pub(super) fn start(shared: &Arc<Shared>) -> AbortHandle {
    let shared = shared.clone();
    let work = async move {
        let sender = match Sender::new() {
            Ok(sender) => Arc::new(sender),
            Err(why) => return fault::log_put_off(ACTOR, &Fault::Broken(why)),
        };
        let mut turns = interval(SENT_EVERY);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            turns.tick().await;
            let (own, context) = (sender.clone(), shared.context(ACTOR, Scope::All));
            // Who waits for an endpoint's answer holds up nobody who asks for a record.
            let handle = Handle::current();
            let work = move || handle.block_on(async move { own.send(&context).await });
            let done = tokio::task::spawn_blocking(work).await;
            let done = done.map_err(|error| Fault::Broken(error.to_string()));
            if let Err(fault) = done.and_then(|sent| sent.map_err(Fault::from)) {
                fault::log_put_off(ACTOR, &fault);
            }
        }
    };
    tokio::spawn(work).abort_handle()
}
