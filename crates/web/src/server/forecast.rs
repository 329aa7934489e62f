//! The forecast page: the range in which the period ends, who has what in hand, what each called,
//! and the form in which one calls.

use std::collections::HashMap;
use std::sync::Arc;

use app::call::{self, Order, WHOLE};
use app::context::Context;
use askama::Template;
use axum::Form;
use axum::Json;
use axum::Router;
use axum::extract::Query;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::access::Scope;
use domain::call::Manner;
use domain::period::Period;
use reports::call::{Calls, Said};
use reports::document::Report;
use serde::Deserialize;

use super::answers::{Answer, Wanted};
use super::api::Program;
use super::asked::{Asked, Page};
use super::fault::{Fault, Problem};
use super::field::{Choice, Field};
use super::figures::figures;
use super::frame::{Frame, Link, html, sentence};
use super::pages::{action, downloads, frame, related, tables};
use super::policy::Action;
use super::shared::Shared;
use super::visitor::Visitor;
use crate::chart::Figure;
use crate::review::unbroken;
use crate::table::TableView;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/forecast", get(page).post(submit))
}

#[derive(Template)]
#[template(path = "server/forecast.html")]
struct ForecastView {
    frame: Frame,
    answer: String,
    related: Vec<Link>,
    figures: Vec<Figure>,
    /// What was called, in a sentence.
    called: String,
    /// What is in hand and what was called.
    calls: Vec<TableView>,
    form: Option<CallForm>,
    was_said: bool,
    /// Where the forecast comes from.
    tables: Vec<TableView>,
    notes: Vec<String>,
    /// Where Baton says something of each owner as well; empty where it does.
    by_owner: String,
    call_downloads: Vec<Link>,
    downloads: Vec<Link>,
    is_stale: bool,
}

/// The form of a call.
struct CallForm {
    fields: Vec<Field>,
    may_override: bool,
}

/// A call as it is typed or sent.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    period: String,
    #[serde(default)]
    manner: String,
    #[serde(default)]
    owner: Option<String>,
    commit: String,
    best_case: String,
    #[serde(default)]
    note: String,
}

async fn page(
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    let asked = Asked::read(&query)?;
    shown(&visitor, &asked, None, query.contains_key("said")).await
}

async fn shown(
    visitor: &Visitor,
    asked: &Asked,
    refused: Option<(Typed, (&'static str, String))>,
    was_said: bool,
) -> Result<Response, Fault> {
    visitor.check(action(Page::Forecast))?;
    let answer = async |page| visitor.answer(page, asked, Wanted::AtOnce).await;
    // What was just said is on the page.
    let wanted = if was_said { Wanted::New } else { Wanted::AtOnce };
    let (calls, are_old) = visitor.answer(Page::Calls, asked, wanted).await?;
    let Answer::Calls(calls) = calls.as_ref() else {
        return Err(Fault::Broken("calls are answered otherwise".to_owned()));
    };
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut view = ForecastView {
        frame: frame(visitor, Page::Forecast, asked),
        answer: String::new(),
        related: related(visitor, Page::Forecast, asked),
        figures: Vec::new(),
        called: unbroken(&calls.answer()),
        calls: [calls.in_hand(), calls.called()].iter().filter_map(TableView::new).collect(),
        form: form(visitor, asked, calls, refused).await?,
        was_said,
        tables: Vec::new(),
        notes: calls.notes(),
        by_owner: by_owner(asked),
        call_downloads: downloads(visitor, Page::Calls, asked),
        downloads: downloads(visitor, Page::Forecast, asked),
        is_stale: are_old,
    };
    match answer(Page::Forecast).await {
        Ok((forecast, is_old)) => {
            let document = forecast.report().document();
            view.answer = unbroken(&document.answer);
            let calendar = visitor.shared.company().company.calendar;
            view.figures = figures(&forecast, None, calendar);
            view.tables = tables(&forecast, &document, &asked.held());
            view.notes.extend(document.notes);
            view.is_stale |= is_old;
        }
        Err(Fault::Input(why)) => view.answer = sentence(&why),
        Err(fault) => return Err(fault),
    }
    html(status, &view)
}

fn by_owner(asked: &Asked) -> String {
    match asked.by {
        Some(_) => String::new(),
        None => {
            let by = Some("owner".to_owned());
            format!("/forecast{}#calls", Asked { by, ..asked.clone() }.query())
        }
    }
}

/// The form, for those who may call and a period that is not over, looked at from today.
async fn form(
    visitor: &Visitor,
    asked: &Asked,
    calls: &Calls,
    refused: Option<(Typed, (&'static str, String))>,
) -> Result<Option<CallForm>, Fault> {
    let is_today = asked.as_of.is_none_or(|day| day >= visitor.shared.today());
    if !visitor.may(Action::SubmitCalls) || !is_today || calls.is_over {
        return Ok(None);
    }
    let (typed, wrong) = match refused {
        Some((typed, wrong)) => (typed, Some(wrong)),
        None => (Typed { period: calls.period.to_string(), ..Typed::default() }, None),
    };
    let filled = |field: Field, value: &str| field.filled(value, wrong.as_ref());
    let own = visitor.member.user.map_or(WHOLE.to_owned(), |own| own.to_string());
    let owner = Field {
        choices: choices(visitor, calls).await?,
        ..filled(Field::new("call", "owner", "Of"), typed.owner.as_deref().unwrap_or(&own))
    };
    let period = Field { size: 8, ..Field::new("call", "period", "Period") };
    let note = Field { size: 32, is_required: false, ..Field::new("call", "note", "Note") };
    let fields = vec![
        owner,
        filled(period, &typed.period),
        filled(Field::amount("call", "commit", "Commit"), &typed.commit),
        filled(Field::amount("call", "best_case", "Best case"), &typed.best_case),
        filled(note, &typed.note),
    ];
    Ok(Some(CallForm { fields, may_override: visitor.may(Action::OverrideCalls) }))
}

/// Whose call the visitor can make.
async fn choices(visitor: &Visitor, calls: &Calls) -> Result<Vec<Choice>, Fault> {
    let context = visitor.context(Action::SubmitCalls)?;
    let known = visitor.shared.run(context, async |context| call::owners(context).await).await?;
    let (own, may_override) = (visitor.member.user, visitor.may(Action::OverrideCalls));
    let has_line = |name: &str| calls.lines.iter().any(|line| line.name == name);
    let mut choices: Vec<Choice> = (known.into_iter())
        .filter(|(user, name)| own == Some(*user) || may_override && has_line(name))
        .map(|(user, name)| Choice { value: user.to_string(), name })
        .collect();
    if visitor.scope == Scope::All {
        let name = "the whole company".to_owned();
        choices.insert(0, Choice { value: WHOLE.to_owned(), name });
    }
    Ok(choices)
}

async fn submit(visitor: Visitor, Form(typed): Form<Typed>) -> Result<Response, Fault> {
    match said(&visitor, typed.clone()).await {
        Ok(said) => {
            let page = format!("/forecast?period={}&said=1#calls", said.period);
            Ok(Redirect::to(&page).into_response())
        }
        Err(Fault::Field { field, why }) => {
            let period = typed.period.parse().ok();
            let asked = Asked { period, ..Asked::default() };
            shown(&visitor, &asked, Some((typed, (field, sentence(&why)))), false).await
        }
        Err(fault) => Err(fault),
    }
}

/// Says a call as the visitor.
async fn said(visitor: &Visitor, typed: Typed) -> Result<Said, Fault> {
    let field = |field, why: &dyn std::fmt::Display| Fault::Field { field, why: why.to_string() };
    let manner = match typed.manner.as_str() {
        "" => Manner::Submission,
        manner => manner.parse().map_err(|error| field("manner", &error))?,
    };
    let context = visitor.context(match manner {
        Manner::Submission => Action::SubmitCalls,
        Manner::Override => Action::OverrideCalls,
    })?;
    let period: Period = typed.period.parse().map_err(|error| field("period", &error))?;
    let order = Order {
        period,
        manner,
        whose: typed.owner,
        speaker: visitor.member.user,
        speaks_for_others: visitor.may(Action::OverrideCalls),
        commit: typed.commit,
        best_case: typed.best_case,
        note: typed.note,
    };
    let verb = async move |context: &Context| call::say(context, &order).await;
    visitor.shared.run(context, verb).await
}

/// Says a call for a program.
pub(super) async fn say(
    Program(visitor): Program,
    body: Result<Json<Typed>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(typed) = body.map_err(|error| Fault::input(error.body_text()))?;
    let said = said(&visitor, typed).await?;
    Ok((StatusCode::CREATED, Json(said.json())).into_response())
}
