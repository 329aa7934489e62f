//! The periods of the company: which are closed, what is missing before the next, and closing it.

use std::collections::HashMap;
use std::sync::Arc;

use app::close::{self, Order};
use app::context::Context;
use app::limits::DESPITE_CHARACTERS_MAX;
use askama::Template;
use axum::extract::Query;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use reports::close::{Closing, Standing};
use reports::document::{Cell, Report, Table};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::{Answer, Question, Wanted};
use super::api::{Program, created, key_parameter, made, report_of};
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

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/periods", get(periods)).route("/periods/close", post(close_one))
}

/// The same for programs, below the API's address.
pub(super) fn programs(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    let once = from_fn_with_state(shared.clone(), idempotency::once);
    Router::new().route("/periods", report_of(Page::Periods).post(told_close).route_layer(once))
}

#[derive(Template)]
#[template(path = "server/periods.html")]
struct PeriodsView {
    frame: Frame,
    related: Vec<Link>,
    answer: String,
    list: Option<TableView>,
    /// Of the last period that is over and open: what is missing, in a sentence.
    checked: Option<String>,
    checklist: Option<TableView>,
    /// Where that is looked up, as long as it is not known.
    unchecked: Option<Link>,
    /// The period that the visitor may close.
    closable: Option<String>,
    /// Whether a reason is asked for.
    lacks: bool,
    downloads: Vec<Link>,
    wrong: Option<String>,
}

/// A period to be closed, as it is typed or sent.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    period: String,
    #[serde(default)]
    despite: Option<String>,
}

async fn periods(
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    shown(&visitor, &Asked::read(&query)?, StatusCode::OK, None).await
}

async fn shown(
    visitor: &Visitor,
    asked: &Asked,
    status: StatusCode,
    wrong: Option<String>,
) -> Result<Response, Fault> {
    visitor.check(action(Page::Periods))?;
    let (found, _) = visitor.answer(Page::Periods, &Asked::default(), Wanted::New).await?;
    let Answer::Periods(periods) = found.as_ref() else {
        return Err(Fault::Broken("periods are answered otherwise".to_owned()));
    };
    let over = periods.periods.iter().find(|it| it.standing == Standing::Over);
    let may_close = visitor.may(Action::ClosePeriods) && !periods.is_narrowed;
    let over = over.filter(|_| may_close).map(|over| over.period);
    // It goes through the whole journal, so the page does not wait for it.
    let checked = over.and_then(|period| {
        let asked = Asked { period: Some(period), ..Asked::default() };
        let question = Question::new(Page::PeriodChecklist, &asked, &visitor.scope);
        visitor.shared.answers.at_hand(&visitor.shared, question)
    });
    let closing = match checked.as_deref() {
        Some(Answer::PeriodChecklist(closing)) => Some(closing.as_ref()),
        _ => None,
    };
    let document = periods.document();
    let closable = closing.filter(|closing| closing.checklist.refusal().is_none());
    let view = PeriodsView {
        frame: frame(visitor, Page::Periods, asked),
        related: related(visitor, Page::Periods, asked),
        answer: unbroken(&document.answer),
        list: document.tables.first().and_then(linked),
        checked: closing.map(|closing| unbroken(&closing.document().answer)),
        checklist: closing.and_then(|it| it.document().tables.first().and_then(TableView::new)),
        closable: closable.map(|closing| closing.period.to_string()),
        unchecked: over.filter(|_| closing.is_none()).map(|period| {
            let href = format!("/{}?period={period}", Page::PeriodChecklist.name());
            Link::new(format!("What closing {period} asks for"), href)
        }),
        lacks: closable.is_some_and(|closing| closing.checklist.missing().next().is_some()),
        downloads: downloads(visitor, Page::Periods, &Asked::default()),
        wrong,
    };
    html(status, &view)
}

/// The list, where each closed period leads to its figures.
fn linked(table: &Table) -> Option<TableView> {
    let href = |row: &Vec<Cell>| match (row.first(), row.get(3)) {
        (Some(Cell::Text(period)), Some(Cell::Text(standing))) if standing == "closed" => {
            format!("/{}?period={period}", Page::Period.name())
        }
        _ => String::new(),
    };
    Some(TableView::new(table)?.linked(table.rows.iter().map(href)))
}

async fn closed(visitor: &Visitor, sent: &Sent) -> Result<Closing, Fault> {
    let context = visitor.context(Action::ClosePeriods)?;
    let wrong = |error: domain::period::PeriodError| Fault::Field {
        field: "period",
        why: error.to_string(),
    };
    let period = sent.period.parse().map_err(wrong)?;
    let order = Order { period, despite: sent.despite.clone(), dry_run: false };
    let verb = async move |context: &Context| close::close(context, &order).await;
    visitor.shared.run(context, verb).await
}

async fn close_one(visitor: Visitor, Form(sent): Form<Sent>) -> Result<Response, Fault> {
    match closed(&visitor, &sent).await {
        Ok(closing) => {
            let place = format!("/{}?period={}", Page::Period.name(), closing.period);
            Ok(Redirect::to(&place).into_response())
        }
        Err(Fault::Field { why, .. } | Fault::Input(why)) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            shown(&visitor, &Asked::default(), status, Some(sentence(&why))).await
        }
        Err(fault) => Err(fault),
    }
}

async fn told_close(
    Program(visitor): Program,
    body: Result<Json<Sent>, JsonRejection>,
) -> Result<Response, Problem> {
    visitor.check(Action::ClosePeriods)?;
    let Json(sent) = body.map_err(|error| Fault::input(error.body_text()))?;
    let closing = closed(&visitor, &sent).await?;
    let place = format!("/api/v1/{}?period={}", Page::Period.name(), closing.period);
    made(&place, Json(closing.json()).into_response())
}

/// What programs may do with periods: address, verb, description.
pub(super) fn described() -> [(String, &'static str, Value); 1] {
    let holds = json!({ "schema": { "$ref": "#/components/schemas/Close" } });
    [(
        "/api/v1/periods".to_owned(),
        "post",
        json!({
            "operationId": "close_period",
            "summary": "Close a period: its figures are frozen for good",
            "parameters": [key_parameter()],
            "requestBody": { "required": true, "content": { "application/json": holds } },
            "responses": created("The closed period.", "Report"),
        }),
    )]
}

/// What a program sends to close a period.
pub(super) fn sent() -> Value {
    json!({
        "type": "object",
        "required": ["period"],
        "additionalProperties": false,
        "properties": {
            "period": { "type": "string", "minLength": 1 },
            "despite": { "type": ["string", "null"], "maxLength": DESPITE_CHARACTERS_MAX },
        },
    })
}
