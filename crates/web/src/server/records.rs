//! The page of one record: its fields, its whole history, and edits in place.

use std::collections::HashMap;
use std::sync::Arc;

use app::context::Context;
use app::error::Error;
use app::record::{self, Entered};
use app::{call, journal};
use askama::Template;
use axum::Form;
use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::access::Scope;
use domain::kind::Kind;
use domain::master::Master;
use domain::stage::{Outcome, Stage};
use domain::value::Value;
use reports::document::Report;
use reports::journal::Log;
use reports::record::{Edited, Shown};
use uuid::Uuid;

use super::asked::{Asked, Page};
use super::fault::Fault;
use super::field::{self, Choice};
use super::frame::{Frame, html, sentence};
use super::pages::record_href;
use super::policy::Action;
use super::scores::PointsView;
use super::shared::Shared;
use super::visitor::Visitor;
use crate::table::TableView;

/// The kinds that have pages: people's are not among them until each field's reader is settled.
pub(super) const SHOWN: [Kind; 3] = [Kind::Deals, Kind::Leads, Kind::Accounts];
/// The fields of a form that are no fields of a record.
const OF_FORM: [&str; 2] = ["seen-version", "edit-reason"];
/// Before a field's name: what the page said of it when the form was made.
const SAID: &str = "said-";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/records/{kind}/{id}", get(page).post(edit))
        .route("/add/{kind}", get(add_page).post(add))
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
    /// Of a lead: its fit and engagement, and how they came about.
    points: Option<PointsView>,
    log: Option<TableView>,
    wrong: Option<String>,
    was_saved: bool,
    /// The reason that was typed.
    reason: String,
}

#[derive(Template)]
#[template(path = "server/add.html")]
struct AddView {
    frame: Frame,
    kind: &'static str,
    one: &'static str,
    fields: Vec<field::Field>,
    /// What is wrong with none of the fields by itself.
    wrong: Option<String>,
}

struct FieldView {
    name: &'static str,
    label: String,
    /// What the record says.
    said: String,
    /// What is shown: what was typed, where an edit was refused.
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
    let seen = if query.contains_key("saved") { Seen::Saved } else { Seen::AsItIs };
    shown(&visitor, &kind, &id, seen).await
}

/// How a record's page comes to be seen.
enum Seen {
    AsItIs,
    Saved,
    /// What is wrong with an edit, and what was typed.
    Refused(String, Entered),
}

async fn shown(visitor: &Visitor, kind: &str, id: &str, seen: Seen) -> Result<Response, Fault> {
    let (kind, subject) = subject(kind, id)?;
    let context = visitor.context(Action::ReadRecords)?;
    let verb = async move |context: &Context| look(context, &subject).await;
    let (record, log) = visitor.shared.run(context, verb).await.map_err(absent)?;
    let was_saved = matches!(seen, Seen::Saved);
    let (status, wrong, typed) = match seen {
        Seen::Refused(wrong, typed) => (StatusCode::UNPROCESSABLE_ENTITY, Some(wrong), typed),
        _ => (StatusCode::OK, None, Entered::default()),
    };
    let here = if kind == Kind::Leads { Page::Leads } else { Page::Pipeline };
    let text = |field: &str| {
        let field = record.fields.iter().find(|known| known.name == field)?;
        field.value.as_ref().map(|value| record.shown.text(value))
    };
    let name = text("name").unwrap_or_else(|| id.to_owned());
    let points = match kind {
        Kind::Leads => PointsView::of(visitor, id).await,
        _ => None,
    };
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
        fields: fields(&record, visitor.may(Action::EditRecords), &typed),
        version: record.version.clone(),
        may_edit: visitor.may(Action::EditRecords),
        points,
        log: log.document().tables.first().and_then(TableView::new),
        wrong,
        was_saved,
        reason: typed.reason.unwrap_or_default(),
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

/// The fields that say something or can be edited here, with what was entered over them.
fn fields(record: &Shown, may_edit: bool, entered: &Entered) -> Vec<FieldView> {
    let entered = |name: &str| {
        let found = entered.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, text)| text.clone())
    };
    let view = |field: &reports::record::Field| {
        let said = field.value.as_ref().map(|value| typed(record, value)).unwrap_or_default();
        FieldView {
            name: field.name,
            label: field.name.replace('_', " "),
            text: entered(field.name).unwrap_or_else(|| said.clone()),
            said,
            is_ours: may_edit && field.master == Master::Baton && is_edited(field.name),
        }
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
    let entered = entered(&form);
    let typed = entered.clone();
    let verb = async move |context: &Context| {
        record::show(context, &subject).await?;
        record::edit(context, &subject, &entered).await
    };
    match visitor.shared.run(context, verb).await {
        Ok(_) => {
            let page = format!("{}?saved=1", record_href(kind_known, &id));
            Ok(Redirect::to(&page).into_response())
        }
        Err(fault @ (Fault::Input(_) | Fault::Changed(_) | Fault::Field { .. })) => {
            shown(&visitor, &kind, &id, Seen::Refused(fault.detail(), typed)).await
        }
        Err(fault) => Err(fault),
    }
}

/// The kinds that are added by hand, each with what one of them is called.
fn addable(kind: &str) -> Result<(Kind, &'static str), Fault> {
    match kind.parse() {
        Ok(Kind::Deals) => Ok((Kind::Deals, "deal")),
        Ok(Kind::Leads) => Ok((Kind::Leads, "lead")),
        _ => Err(Fault::NotFound("Deals and leads are added by hand, nothing else.".into())),
    }
}

async fn add_page(visitor: Visitor, Path(kind): Path<String>) -> Result<Response, Fault> {
    visitor.check(Action::EditRecords)?;
    to_add(&visitor, &kind, &[], None).await
}

/// The form of a new record, with what was typed and what is wrong with it.
async fn to_add(
    visitor: &Visitor,
    kind: &str,
    typed: &[(String, String)],
    wrong: Option<(&'static str, String)>,
) -> Result<Response, Fault> {
    let (kind, one) = addable(kind)?;
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let fields = fields_to_add(visitor, kind, typed, wrong.as_ref()).await?;
    let is_at_field = fields.iter().any(|field| !field.wrong.is_empty());
    let here = if kind == Kind::Leads { Page::Leads } else { Page::Pipeline };
    let path = format!("/add/{}", kind.name());
    let view = AddView {
        frame: Frame::new(visitor, format!("Add a {one}"), &path, Some(here), &Asked::default()),
        kind: here.title(),
        one,
        fields,
        wrong: wrong.filter(|_| !is_at_field).map(|(_, why)| why),
    };
    html(status, &view)
}

/// The fields of a new record. Whoever sees own records alone adds own ones.
pub(super) async fn fields_to_add(
    visitor: &Visitor,
    kind: Kind,
    typed: &[(String, String)],
    wrong: Option<&(&'static str, String)>,
) -> Result<Vec<field::Field>, Fault> {
    let context = visitor.context(Action::EditRecords)?;
    let verb = async move |context: &Context| {
        Ok::<_, Error>((context.stages(kind).await?, call::owners(context).await?))
    };
    let (stages, owners) = visitor.shared.run(context, verb).await?;
    let form = format!("new-{kind}");
    let text = |name, label: &str| field::Field {
        is_required: false,
        ..field::Field::new(&form, name, label)
    };
    let open = stages.stages.iter().filter(|stage| stage.outcome == Outcome::Open);
    let stage = |stage: &Stage| Choice { value: stage.name.clone(), name: stage.name.clone() };
    let stage = field::Field { choices: open.map(stage).collect(), ..text("stage", "Stage") };
    let own = visitor.member.user.map(|user| user.to_string()).unwrap_or_default();
    let nobody = Choice { value: String::new(), name: "nobody".to_owned() };
    let owner = |(user, name): (Uuid, String)| Choice { value: user.to_string(), name };
    let owners = std::iter::once(nobody).chain(owners.into_iter().map(owner)).collect();
    let owner = field::Field { choices: owners, value: own, ..text("owner", "Owner") };
    let account = text("account", "Account, by name or id");
    let mut fields = match kind {
        Kind::Leads => vec![text("source", "Source"), stage, account, owner],
        _ => vec![
            field::Field::new(&form, "name", "Name"),
            field::Field { is_required: false, ..field::Field::amount(&form, "amount", "Amount") },
            stage,
            field::Field { input: "date", ..text("expected_close_on", "Expected to close") },
            account,
            owner,
        ],
    };
    fields.retain(|field| field.name != "owner" || visitor.scope == Scope::All);
    let filled = |field: field::Field| {
        let given = typed.iter().find(|(name, _)| name == field.name);
        let value = given.map_or(field.value.clone(), |(_, value)| value.clone());
        field.filled(&value, wrong)
    };
    Ok(fields.into_iter().map(filled).collect())
}

async fn add(
    visitor: Visitor,
    Path(kind): Path<String>,
    Form(typed): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let (known, _) = addable(&kind)?;
    visitor.check(Action::EditRecords)?;
    let is_named = typed.iter().any(|(name, text)| name == "name" && !text.trim().is_empty());
    if known == Kind::Deals && !is_named {
        let wrong = ("name", "The deal needs a name.".to_owned());
        return to_add(&visitor, &kind, &typed, Some(wrong)).await;
    }
    let entered = Entered { fields: typed.clone(), ..Entered::default() };
    match added(&visitor, known, entered).await {
        Ok(added) => {
            let (_, id) = added.subject.split_once(':').unwrap_or_default();
            let page = format!("{}?saved=1", record_href(known, id));
            Ok(Redirect::to(&page).into_response())
        }
        Err(Fault::Field { field, why }) => {
            to_add(&visitor, &kind, &typed, Some((field, sentence(&why)))).await
        }
        Err(Fault::Input(why)) => to_add(&visitor, &kind, &typed, Some(("", sentence(&why)))).await,
        Err(fault) => Err(fault),
    }
}

/// Adds a record as the visitor: whoever sees own records alone owns what they add.
pub(super) async fn added(
    visitor: &Visitor,
    kind: Kind,
    mut entered: Entered,
) -> Result<Edited, Fault> {
    let context = visitor.context(Action::EditRecords)?;
    entered.fields.retain(|(_, text)| !text.trim().is_empty());
    let is_owned = entered.fields.iter().any(|(name, _)| name == "owner");
    if visitor.scope != Scope::All && !is_owned {
        let own = visitor.member.user.ok_or_else(|| Fault::Field {
            field: "owner",
            why: "you are no user of the CRM: ask an owner of the company to name you as one"
                .into(),
        })?;
        entered.fields.push(("owner".to_owned(), own.to_string()));
    }
    let verb = async move |context: &Context| record::add(context, kind, &entered).await;
    visitor.shared.run(context, verb).await
}

/// What a form changes: the fields that no longer say what the page said.
fn entered(form: &[(String, String)]) -> Entered {
    let given = |name: &str| {
        let found = form.iter().find(|(field, _)| field == name);
        found.map(|(_, text)| text.trim().to_owned())
    };
    let [version, reason] = OF_FORM.map(|name| given(name).filter(|text| !text.is_empty()));
    // A field of one line drops the ends of lines, which is no change of the visitor's.
    let on_one_line = |text: &str| text.trim().replace(['\r', '\n'], "");
    let is_changed = |(name, text): &&(String, String)| {
        let said = given(&format!("{SAID}{name}")).unwrap_or_default();
        on_one_line(text) != on_one_line(&said)
    };
    let fields = (form.iter())
        .filter(|(name, _)| !OF_FORM.contains(&name.as_str()) && !name.starts_with(SAID))
        .filter(is_changed)
        .cloned()
        .collect();
    Entered { fields, on: None, reason, version }
}
