//! The rules of fit and engagement: the page that tries and keeps them, the same for programs, and
//! a lead's points on its page.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use app::context::Context;
use app::score::rules::{self, Question};
use askama::Template;
use axum::extract::Query;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use reports::document::{Document, Report};
use reports::score::rules::{RuleSets, Tried};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::{Answer, Wanted};
use super::api::{Program, answers, created, key_parameter, report_of};
use super::asked::{Asked, Page};
use super::fault::{Fault, Problem};
use super::frame::{Frame, Link, html, sentence};
use super::idempotency;
use super::lanes::Lane;
use super::pages::{action, downloads, frame, related};
use super::policy::Action;
use super::shared::Shared;
use super::visitor::Visitor;
use crate::review::unbroken;
use crate::table::TableView;

/// How long a lead's page waits for its points; afterwards it says where they are.
const PATIENCE: Duration = Duration::from_millis(400);
/// How many days after its creation a lead is scored where nothing is said.
const AGE_DAYS: u32 = 7;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/score-rules", get(page).post(write))
}

/// The same for programs, below the API's address.
pub(super) fn programs(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    let once = from_fn_with_state(shared.clone(), idempotency::once);
    Router::new()
        .route("/score-rules", report_of(Page::ScoreRules).post(told_rules).route_layer(once))
        .route("/score-rules/trial", post(told_trial))
}

#[derive(Template)]
#[template(path = "server/score_rules.html")]
struct RulesView {
    frame: Frame,
    related: Vec<Link>,
    answer: String,
    /// What a trial came to.
    tried: Option<String>,
    tables: Vec<TableView>,
    notes: Vec<String>,
    downloads: Vec<Link>,
    may_write: bool,
    typed: String,
    wrong: Option<String>,
}

/// Rules as they are typed, and whether they are only tried.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    terms: String,
    deed: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Terms {
    terms: String,
}

async fn page(
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    let asked = Asked::read(&query)?;
    shown(&visitor, &asked, StatusCode::OK, (None, None, None)).await
}

/// The page with what was typed, what a trial of it came to, and what is wrong with it.
async fn shown(
    visitor: &Visitor,
    asked: &Asked,
    status: StatusCode,
    (typed, tried, wrong): (Option<String>, Option<Document>, Option<String>),
) -> Result<Response, Fault> {
    visitor.check(action(Page::ScoreRules))?;
    let (found, _) = visitor.answer(Page::ScoreRules, &Asked::default(), Wanted::New).await?;
    let Answer::ScoreRules(rules) = found.as_ref() else {
        return Err(Fault::Broken("rules are answered otherwise".to_owned()));
    };
    let document = rules.document();
    let tables = tried.iter().flat_map(|tried| &tried.tables).chain(&document.tables);
    let notes = tried.iter().flat_map(|tried| &tried.notes).chain(&document.notes);
    let view = RulesView {
        frame: frame(visitor, Page::ScoreRules, asked),
        related: related(visitor, Page::ScoreRules, asked),
        answer: unbroken(&document.answer),
        tables: tables.filter_map(TableView::new).collect(),
        notes: notes.cloned().collect(),
        tried: tried.as_ref().map(|tried| unbroken(&tried.answer)),
        downloads: downloads(visitor, Page::ScoreRules, &Asked::default()),
        may_write: visitor.may(Action::WriteAgreement),
        typed: typed.or_else(|| rules.terms.clone()).unwrap_or_default(),
        wrong,
    };
    html(status, &view)
}

async fn saved(visitor: &Visitor, terms: String) -> Result<RuleSets, Fault> {
    let context = visitor.context(Action::WriteAgreement)?;
    let verb = async move |context: &Context| rules::save(context, &terms).await;
    visitor.shared.run(context, verb).await
}

async fn tried(visitor: &Visitor, terms: String) -> Result<Tried, Fault> {
    let context = visitor.context(Action::WriteAgreement)?;
    let question = Question { terms: Some(terms), age_days: AGE_DAYS, ..Question::default() };
    let verb = async move |context: &Context| rules::trial(context, &question).await;
    visitor.shared.compute(Lane::Usual, context, verb).await
}

async fn write(visitor: Visitor, Form(form): Form<Typed>) -> Result<Response, Fault> {
    let asked = Asked::default();
    let typed = Some(form.terms.clone());
    let outcome = match form.deed.as_str() {
        "save" => match saved(&visitor, form.terms).await {
            Ok(_) => return Ok(Redirect::to("/score-rules").into_response()),
            Err(fault) => Err(fault),
        },
        _ => tried(&visitor, form.terms).await,
    };
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    match outcome {
        Ok(tried) => {
            let tried = Some(tried.document());
            shown(&visitor, &asked, StatusCode::OK, (typed, tried, None)).await
        }
        Err(Fault::Field { why, .. } | Fault::Input(why)) => {
            shown(&visitor, &asked, refused, (typed, None, Some(sentence(&why)))).await
        }
        Err(fault) => Err(fault),
    }
}

async fn told_rules(
    Program(visitor): Program,
    body: Result<Json<Terms>, JsonRejection>,
) -> Result<Response, Problem> {
    visitor.check(Action::WriteAgreement)?;
    let Json(Terms { terms }) = body.map_err(|error| Fault::input(error.body_text()))?;
    Ok((StatusCode::CREATED, Json(saved(&visitor, terms).await?.json())).into_response())
}

async fn told_trial(
    Program(visitor): Program,
    body: Result<Json<Terms>, JsonRejection>,
) -> Result<Response, Problem> {
    visitor.check(Action::WriteAgreement)?;
    let Json(Terms { terms }) = body.map_err(|error| Fault::input(error.body_text()))?;
    Ok(Json(tried(&visitor, terms).await?.json()).into_response())
}

/// What programs may do with the rules: address, verb, description.
pub(super) fn described() -> [(String, &'static str, Value); 2] {
    let schema = json!({ "$ref": "#/components/schemas/Terms" });
    let content = json!({ "application/json": { "schema": schema } });
    let body = json!({ "required": true, "content": content });
    [
        (
            "/api/v1/score-rules".to_owned(),
            "post",
            json!({
                "operationId": "save_score_rules",
                "summary": "Keep a version of the rules of fit and engagement",
                "parameters": [key_parameter()], "requestBody": body,
                "responses": created("All versions as they then are.", "Report"),
            }),
        ),
        (
            "/api/v1/score-rules/trial".to_owned(),
            "post",
            json!({
                "operationId": "try_score_rules",
                "summary": "Try rules on leads of the past; nothing is written",
                "requestBody": body,
                "responses": answers("How they would have told leads apart.", "Report"),
            }),
        ),
    ]
}

/// A lead's points, as its page shows them.
pub(super) struct PointsView {
    pub answer: String,
    pub table: Option<TableView>,
    /// Where all of it is.
    pub href: String,
}

impl PointsView {
    /// The points of a lead, where there are rules.
    pub async fn of(visitor: &Visitor, lead: &str) -> Option<PointsView> {
        let asked = Asked { name: Some(lead.to_owned()), ..Asked::default() };
        let href = format!("/points{}", asked.query());
        let found = visitor.answer(Page::Points, &asked, Wanted::AtOnce);
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(Ok((found, _))) => {
                let document = found.report().document();
                let answer = unbroken(&document.answer);
                Some(PointsView {
                    answer,
                    table: document.tables.first().and_then(TableView::new),
                    href,
                })
            }
            // Without rules there are no points.
            Ok(Err(_)) => None,
            Err(_) => {
                let answer = "Its points are being added up.".to_owned();
                Some(PointsView { answer, table: None, href })
            }
        }
    }
}
