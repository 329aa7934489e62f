//! The queue of sales and the agreement: pages with their forms, and the same for programs.

use std::collections::HashMap;
use std::sync::Arc;

use app::agreement;
use app::context::Context;
use app::handoff::{self, Deed, To};
use askama::Template;
use axum::extract::Query;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use domain::agreement::Side;
use domain::handoff::By;
use reports::agreement::Agreements;
use reports::document::Report;
use reports::handoff::{Handed, Line, Queue};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::{Answer, Wanted};
use super::api::{Program, created, key_parameter, of_write, report_of};
use super::asked::{Asked, Page};
use super::fault::{Fault, Problem};
use super::frame::{Frame, Link, html, sentence};
use super::idempotency;
use super::pages::{action, downloads, frame, related};
use super::policy::Action;
use super::shared::Shared;
use super::visitor::Visitor;
use crate::review::unbroken;
use crate::table::TableView;

/// What can be done with a lead, by name.
pub(super) const DEEDS: [&str; 10] = [
    "offer",
    "accept",
    "decline",
    "recycle",
    "call",
    "call in vain",
    "qualify",
    "open",
    "reopen",
    "release",
];
/// Under what name everybody is asked.
const EVERYBODY: &str = "everybody";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/queue", get(queue).post(do_from_queue))
        .route("/agreement", get(agreed).post(write))
        .route("/agreement/sign", post(sign))
}

/// The same for programs, below the API's address.
pub(super) fn programs(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    let once = || from_fn_with_state(shared.clone(), idempotency::once);
    Router::new()
        .route("/queue", report_of(Page::Queue).post(told_deed).route_layer(once()))
        .route("/agreement", report_of(Page::Agreement).post(told_terms).route_layer(once()))
        .route("/agreement/signatures", post(told_signature).route_layer(once()))
}

#[derive(Template)]
#[template(path = "server/queue.html")]
struct QueueView {
    frame: Frame,
    related: Vec<Link>,
    answer: String,
    queue: Queue,
    notes: Vec<String>,
    downloads: Vec<Link>,
    may_act: bool,
    /// Whether the visitor names who takes a lead, being no user of the CRM.
    names_user: bool,
    /// What the last action came to.
    done: Option<String>,
    wrong: Option<String>,
    is_stale: bool,
}

#[derive(Template)]
#[template(path = "server/agreement.html")]
struct AgreementView {
    frame: Frame,
    related: Vec<Link>,
    answer: String,
    /// How it was kept, in a sentence, and what was dropped.
    kept: Vec<String>,
    tables: Vec<TableView>,
    notes: Vec<String>,
    downloads: Vec<Link>,
    /// The sides for which the visitor may sign the newest version.
    sides: Vec<&'static str>,
    newest: u64,
    may_write: bool,
    typed: String,
    wrong: Option<String>,
}

/// What is to be done with a lead, as it is typed or sent.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    lead: String,
    deed: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    user: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Terms {
    terms: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signing {
    side: String,
    #[serde(default)]
    version: Option<u64>,
}

impl Sent {
    fn deed(&self) -> Result<Deed, Fault> {
        let text = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
        let (reason, note, to) = (text(&self.reason), text(&self.note), text(&self.to));
        Ok(match self.deed.as_str() {
            "offer" if to.is_empty() => Deed::Offer(To::Routing),
            "offer" if to == EVERYBODY => Deed::Offer(To::Everybody),
            "offer" => Deed::Offer(To::User(to)),
            "accept" => Deed::Accept,
            "decline" => Deed::Decline { reason },
            "recycle" => Deed::Recycle { reason },
            "call" => Deed::Call { was_reached: true, note },
            "call in vain" => Deed::Call { was_reached: false, note },
            "qualify" => Deed::Qualify,
            "open" => Deed::Open,
            "reopen" => Deed::Reopen,
            "release" => Deed::Release { reason },
            other => {
                let why = format!("`{other}` is none of {}", DEEDS.join(", "));
                return Err(Fault::Field { field: "deed", why });
            }
        })
    }
}

/// Does something with a lead as the visitor, or for a user whom the visitor names.
async fn done(visitor: &Visitor, sent: &Sent) -> Result<Handed, Fault> {
    let context = visitor.context(Action::HandOver)?;
    let named = sent.user.as_deref().map(str::trim).filter(|user| !user.is_empty());
    if named.is_some() {
        visitor.check(Action::DirectQueue)?;
    }
    let (named, lead, deed) = (named.map(str::to_owned), sent.lead.clone(), sent.deed()?);
    let sides = Side::of(visitor.member.role);
    let by = By {
        user: visitor.member.user,
        is_marketing: sides.contains(&Side::Marketing),
        is_sales: sides.contains(&Side::Sales),
        may_act_for_others: visitor.may(Action::DirectQueue),
    };
    let verb = async move |context: &Context| {
        let user = match named {
            Some(named) => Some(handoff::user(context, &named).await?),
            None => by.user,
        };
        handoff::act(context, &lead, &deed, By { user, ..by }).await
    };
    visitor.shared.run(context, verb).await
}

async fn queue(
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    let asked = Asked::read(&query)?;
    queue_shown(&visitor, &asked, StatusCode::OK, (None, None)).await
}

async fn queue_shown(
    visitor: &Visitor,
    asked: &Asked,
    status: StatusCode,
    (done, wrong): (Option<String>, Option<String>),
) -> Result<Response, Fault> {
    visitor.check(action(Page::Queue))?;
    // A queue is of now, whatever day holds from page to page.
    let (answer, is_stale) = visitor.answer(Page::Queue, &Asked::default(), Wanted::New).await?;
    let Answer::Queue(queue) = answer.as_ref() else {
        return Err(Fault::Broken("queues are answered otherwise".to_owned()));
    };
    let document = queue.document();
    let mut notes = document.notes;
    if asked.as_of.is_some() {
        notes.insert(0, "The queue is of now; the day above holds on other pages.".to_owned());
    }
    let view = QueueView {
        frame: frame(visitor, Page::Queue, asked),
        related: related(visitor, Page::Queue, asked),
        answer: unbroken(&document.answer),
        notes,
        downloads: downloads(visitor, Page::Queue, &Asked::default()),
        queue: queue.as_ref().clone(),
        may_act: visitor.may(Action::HandOver),
        names_user: visitor.member.user.is_none() && visitor.may(Action::DirectQueue),
        done,
        wrong,
        is_stale,
    };
    html(status, &view)
}

async fn do_from_queue(visitor: Visitor, Form(sent): Form<Sent>) -> Result<Response, Fault> {
    let asked = Asked::default();
    let (status, told) = match done(&visitor, &sent).await {
        Ok(handed) => (StatusCode::OK, (Some(handed.document().answer), None)),
        Err(Fault::Field { why, .. } | Fault::Input(why) | Fault::Changed(why)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, (None, Some(sentence(&why))))
        }
        Err(fault) => return Err(fault),
    };
    queue_shown(&visitor, &asked, status, told).await
}

async fn agreed(
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    let asked = Asked::read(&query)?;
    agreement_shown(&visitor, &asked, StatusCode::OK, (String::new(), None)).await
}

async fn agreement_shown(
    visitor: &Visitor,
    asked: &Asked,
    status: StatusCode,
    (typed, wrong): (String, Option<String>),
) -> Result<Response, Fault> {
    visitor.check(action(Page::Agreement))?;
    let answer = async |page| visitor.answer(page, asked, Wanted::New).await;
    let (found, _) = answer(Page::Agreement).await?;
    let Answer::Agreement(agreements) = found.as_ref() else {
        return Err(Fault::Broken("agreements are answered otherwise".to_owned()));
    };
    let own = agreements.document();
    let (mut kept, mut tables, mut notes) = (Vec::new(), Vec::new(), own.notes.clone());
    for page in [Page::Keeping, Page::Dropped] {
        if !visitor.may(action(page)) {
            continue;
        }
        match answer(page).await {
            Ok((found, _)) => {
                let document = found.report().document();
                kept.push(unbroken(&document.answer));
                tables.extend(document.tables.iter().filter_map(TableView::new));
                notes.extend(document.notes);
            }
            // Without an agreement in force there is nothing to keep.
            Err(Fault::Input(_)) => {}
            Err(fault) => return Err(fault),
        }
    }
    tables.extend(own.tables.iter().filter_map(TableView::new));
    let view = AgreementView {
        frame: frame(visitor, Page::Agreement, asked),
        related: related(visitor, Page::Agreement, asked),
        answer: unbroken(&own.answer),
        kept,
        tables,
        notes,
        downloads: downloads(visitor, Page::Agreement, asked),
        sides: sides(visitor, agreements),
        newest: agreements.versions.last().map_or(0, |version| version.number),
        may_write: visitor.may(Action::WriteAgreement),
        typed,
        wrong,
    };
    html(status, &view)
}

/// For which sides the visitor may sign the newest version.
fn sides(visitor: &Visitor, agreements: &Agreements) -> Vec<&'static str> {
    let Some(newest) = agreements.versions.last() else { return Vec::new() };
    if !visitor.may(Action::SignAgreement) {
        return Vec::new();
    }
    let own = Side::of(visitor.member.role);
    let is_own = |side: &&str| own.iter().any(|own| own.name() == *side);
    newest.missing().into_iter().filter(is_own).collect()
}

async fn written(visitor: &Visitor, terms: String) -> Result<Agreements, Fault> {
    let context = visitor.context(Action::WriteAgreement)?;
    let verb = async move |context: &Context| agreement::set(context, &terms).await;
    visitor.shared.run(context, verb).await
}

async fn signed(visitor: &Visitor, signing: &Signing) -> Result<Agreements, Fault> {
    let context = visitor.context(Action::SignAgreement)?;
    let wrong = |why: String| Fault::Field { field: "side", why };
    let side: Side = signing
        .side
        .parse()
        .map_err(|error: domain::agreement::AgreementError| wrong(error.to_string()))?;
    if !Side::of(visitor.member.role).contains(&side) {
        return Err(wrong(format!("your role does not speak for {side}")));
    }
    let version = signing.version;
    let verb = async move |context: &Context| agreement::sign(context, side, version).await;
    visitor.shared.run(context, verb).await
}

/// Back to the page, or the page again with what is wrong.
async fn back(
    visitor: &Visitor,
    done: Result<Agreements, Fault>,
    typed: String,
) -> Result<Response, Fault> {
    match done {
        Ok(_) => Ok(Redirect::to("/agreement").into_response()),
        Err(Fault::Field { why, .. } | Fault::Input(why)) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let told = (typed, Some(sentence(&why)));
            agreement_shown(visitor, &Asked::default(), status, told).await
        }
        Err(fault) => Err(fault),
    }
}

async fn write(visitor: Visitor, Form(form): Form<Terms>) -> Result<Response, Fault> {
    let done = written(&visitor, form.terms.clone()).await;
    back(&visitor, done, form.terms).await
}

async fn sign(visitor: Visitor, Form(form): Form<Signing>) -> Result<Response, Fault> {
    let done = signed(&visitor, &form).await;
    back(&visitor, done, String::new()).await
}

async fn told_deed(
    Program(visitor): Program,
    body: Result<Json<Sent>, JsonRejection>,
) -> Result<Response, Problem> {
    visitor.check(Action::HandOver)?;
    let Json(sent) = body.map_err(|error| Fault::input(error.body_text()))?;
    Ok(Json(done(&visitor, &sent).await?.json()).into_response())
}

async fn told_terms(
    Program(visitor): Program,
    body: Result<Json<Terms>, JsonRejection>,
) -> Result<Response, Problem> {
    visitor.check(Action::WriteAgreement)?;
    let Json(Terms { terms }) = body.map_err(|error| Fault::input(error.body_text()))?;
    Ok((StatusCode::CREATED, Json(written(&visitor, terms).await?.json())).into_response())
}

async fn told_signature(
    Program(visitor): Program,
    body: Result<Json<Signing>, JsonRejection>,
) -> Result<Response, Problem> {
    visitor.check(Action::SignAgreement)?;
    let Json(signing) = body.map_err(|error| Fault::input(error.body_text()))?;
    Ok((StatusCode::CREATED, Json(signed(&visitor, &signing).await?.json())).into_response())
}

/// What programs may do with leads and the agreement: address, verb, description.
pub(super) fn described() -> [(String, &'static str, Value); 3] {
    let body = |schema: &str| {
        let schema = format!("#/components/schemas/{schema}");
        let holds = json!({ "schema": { "$ref": schema } });
        json!({ "required": true, "content": { "application/json": holds } })
    };
    let mut deed = of_write(super::api::answers("What became of the lead.", "Report"));
    deed["412"] = deed["422"].clone();
    deed["412"]["description"] = "Somebody else has the lead: the detail says who.".into();
    let address = |beneath: &str| format!("/api/v1/{beneath}");
    let all = "All versions as they then are.";
    [
        (
            address("queue"),
            "post",
            json!({
                "operationId": "hand_over", "summary": "Do something with a lead",
                "parameters": [key_parameter()], "requestBody": body("Deed"), "responses": deed,
            }),
        ),
        (
            address("agreement"),
            "post",
            json!({
                "operationId": "write_agreement", "summary": "Write a version of the agreement",
                "parameters": [key_parameter()], "requestBody": body("Terms"),
                "responses": created(all, "Report"),
            }),
        ),
        (
            address("agreement/signatures"),
            "post",
            json!({
                "operationId": "sign_agreement", "summary": "Sign the agreement for a side",
                "parameters": [key_parameter()], "requestBody": body("Signature"),
                "responses": created(all, "Report"),
            }),
        ),
    ]
}

impl QueueView {
    /// Where the lead's record is.
    fn href(line: &Line) -> String {
        let id =
            percent_encoding::utf8_percent_encode(&line.lead, percent_encoding::NON_ALPHANUMERIC);
        format!("/records/leads/{id}")
    }

    fn why(line: &Line) -> String {
        line.why.join(", ")
    }

    fn clock(line: &Line) -> Option<String> {
        line.clock.map(|clock| clock.text())
    }
}
