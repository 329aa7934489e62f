//! The page of one record: its fields, its whole history, and edits in place.

use std::collections::HashMap;
use std::sync::Arc;

use app::context::Context;
use app::error::Error;
use app::journal;
use app::record::{self, Entered};
use askama::Template;
use axum::Form;
use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::kind::Kind;
use domain::master::Master;
use domain::value::Value;
use reports::document::Report;
use reports::journal::Log;
use reports::record::Shown;

use super::asked::{Asked, Page};
use super::fault::Fault;
use super::frame::{Frame, html, sentence};
use super::pages::record_href;
use super::policy::Action;
use super::shared::Shared;
use super::visitor::Visitor;
use crate::table::TableView;

/// The kinds that have pages: people's are not among them until each field's reader is settled.
const SHOWN: [Kind; 3] = [Kind::Deals, Kind::Leads, Kind::Accounts];
/// The fields of a form that are no fields of a record.
const OF_FORM: [&str; 2] = ["seen-version", "edit-reason"];

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/records/{kind}/{id}", get(page).post(edit))
        .route("/journal/find", post(find))
}

#[derive(Template)]
#[template(path = "server/record.html")]
struct RecordView {
    frame: Frame,
    kind: String,
    heading: String,
    fields: Vec<FieldView>,
    version: String,
    may_edit: bool,
    log: Option<TableView>,
    wrong: Option<String>,
    was_saved: bool,
}

struct FieldView {
    name: &'static str,
    label: String,
    text: String,
    /// Whether it is edited here: Baton is master of it, and the visitor may.
    is_ours: bool,
}

/// The kind and subject of an address.
pub(super) fn subject(kind: &str, id: &str) -> Result<(Kind, String), Fault> {
    let unknown = || Fault::NotFound("There is no such kind of record.".into());
    let kind: Kind = kind.parse().map_err(|_| unknown())?;
    if !SHOWN.contains(&kind) {
        return Err(unknown());
    }
    Ok((kind, format!("{}:{id}", kind.name())))
}

async fn page(
    visitor: Visitor,
    Path((kind, id)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    let was_saved = query.contains_key("saved");
    shown(&visitor, &kind, &id, None, was_saved).await
}

async fn shown(
    visitor: &Visitor,
    kind: &str,
    id: &str,
    wrong: Option<String>,
    was_saved: bool,
) -> Result<Response, Fault> {
    let (kind, subject) = subject(kind, id)?;
    let context = visitor.context(Action::ReadRecords)?;
    let verb = async move |context: &Context| look(context, &subject).await;
    let (record, log) = visitor.shared.run(context, verb).await.map_err(absent)?;
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let here = if kind == Kind::Leads { Page::Leads } else { Page::Pipeline };
    let text = |field: &str| {
        let field = record.fields.iter().find(|known| known.name == field)?;
        field.value.as_ref().map(|value| record.shown.text(value))
    };
    let name = text("name").unwrap_or_else(|| id.to_owned());
    let stage = text("stage").map(|stage| format!(" · {stage}")).unwrap_or_default();
    let amount = text("amount").map(|amount| format!(" · {amount}")).unwrap_or_default();
    let view = RecordView {
        frame: Frame::new(
            visitor,
            name.clone(),
            &record_href(kind, id),
            Some(here),
            &Asked::default(),
        ),
        kind: kind.name().to_owned(),
        heading: format!("{name}{stage}{amount}"),
        fields: fields(&record, visitor.may(Action::EditRecords)),
        version: record.version.clone(),
        may_edit: visitor.may(Action::EditRecords),
        log: log.document().tables.first().and_then(TableView::new),
        wrong,
        was_saved,
    };
    html(status, &view)
}

/// A record and its history.
pub(super) async fn look(context: &Context, subject: &str) -> Result<(Shown, Log), Error> {
    Ok((record::show(context, subject).await?, journal::log(context, subject).await?))
}

/// A record that is not there and one that is not to be seen answer alike.
pub(super) fn absent(fault: Fault) -> Fault {
    match fault {
        Fault::Input(_) => Fault::NotFound("There is no such record that you may see.".into()),
        fault => fault,
    }
}

/// The fields that say something or can be edited here.
fn fields(record: &Shown, may_edit: bool) -> Vec<FieldView> {
    let view = |field: &reports::record::Field| FieldView {
        name: field.name,
        label: field.name.replace('_', " "),
        text: field.value.as_ref().map(|value| typed(record, value)).unwrap_or_default(),
        is_ours: may_edit && field.master == Master::Baton && is_edited(field.name),
    };
    let fields = record.fields.iter().map(view);
    fields.filter(|field| field.is_ours || !field.text.is_empty()).collect()
}

/// What follows from other fields, or names the record, is not typed.
fn is_edited(field: &str) -> bool {
    !["external_id", "created_at", "closed_at", "stage_entered_at", "deleted"].contains(&field)
}

/// A value as one types it.
fn typed(record: &Shown, value: &Value) -> String {
    match value {
        Value::Money(money) => money.to_decimal(),
        value => record.shown.text(value),
    }
}

async fn edit(
    visitor: Visitor,
    Path((kind, id)): Path<(String, String)>,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let (kind_known, subject) = subject(&kind, &id)?;
    let context = visitor.context(Action::EditRecords)?;
    let verb = async move |context: &Context| {
        let record = record::show(context, &subject).await?;
        record::edit(context, &subject, &entered(&record, form)).await
    };
    match visitor.shared.run(context, verb).await {
        Ok(_) => {
            let page = format!("{}?saved=1", record_href(kind_known, &id));
            Ok(Redirect::to(&page).into_response())
        }
        Err(Fault::Input(wrong) | Fault::Changed(wrong)) => {
            shown(&visitor, &kind, &id, Some(sentence(&wrong)), false).await
        }
        Err(fault) => Err(fault),
    }
}

/// What a form changes: the fields that no longer say what the page said.
fn entered(record: &Shown, form: Vec<(String, String)>) -> Entered {
    let given = |name: &str| {
        let found = form.iter().find(|(field, _)| field == name);
        found.map(|(_, text)| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let [version, reason] = OF_FORM.map(given);
    let said = |name: &str| {
        let field = record.fields.iter().find(|field| field.name == name);
        field.and_then(|field| field.value.as_ref()).map(|value| typed(record, value))
    };
    let is_changed =
        |(name, text): &(String, String)| text.trim() != said(name).unwrap_or_default();
    let fields = (form.into_iter())
        .filter(|(name, _)| !OF_FORM.contains(&name.as_str()))
        .filter(is_changed)
        .collect();
    Entered { fields, on: None, reason, version }
}

/// From a subject as it is typed, `deals:D-1`, to its page.
async fn find(
    visitor: Visitor,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Response, Fault> {
    visitor.check(Action::ReadRecords)?;
    let typed = form.get("subject").map(|text| text.trim()).unwrap_or_default();
    let (kind, id) = typed
        .split_once(':')
        .ok_or_else(|| Fault::input("name the record as kind:id, such as deals:D-000123"))?;
    let (kind, _) = subject(kind, id)?;
    Ok(Redirect::to(&record_href(kind, id)).into_response())
}
