//! Tracking as a page: the keys by which sites send events, and what became of the events.

use std::sync::Arc;

use app::context::Context;
use app::tracking::{keys, status};
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use reports::document::Report;
use reports::tracking::{Keys, Tracked};
use serde::Deserialize;

use super::asked::{Asked, Page};
use super::fault::Fault;
use super::frame::{Frame, Link, html, sentence};
use super::pages::related;
use super::policy::Action;
use super::shared::Shared;
use super::visitor::Visitor;
use crate::table::TableView;

/// Where the page is.
pub(super) const ADDRESS: &str = "/tracking";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route(ADDRESS, get(page).post(make)).route("/tracking/revoke", post(revoke))
}

#[derive(Template)]
#[template(path = "server/tracking.html")]
struct TrackingView {
    frame: Frame,
    related: Vec<Link>,
    answer: String,
    keys: Keys,
    tables: Vec<TableView>,
    notes: Vec<String>,
    /// The secret of the key that was just made: it is shown this once.
    secret: Option<String>,
    /// Where the script is served, as the visitor reached this server.
    origin: String,
    wrong: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

async fn page(visitor: Visitor, headers: HeaderMap) -> Result<Response, Fault> {
    shown(&visitor, &headers, StatusCode::OK, None, None).await
}

async fn shown(
    visitor: &Visitor,
    headers: &HeaderMap,
    code: StatusCode,
    secret: Option<String>,
    wrong: Option<String>,
) -> Result<Response, Fault> {
    let context = visitor.context(Action::ManageTracking)?;
    let read = async |context: &Context| Ok((keys::list(context).await?, status(context).await?));
    let (keys, tracked): (Keys, Tracked) = visitor.shared.run(context, read).await?;
    let document = tracked.document();
    let asked = Asked::default();
    let frame = Frame::new(visitor, "Tracking", ADDRESS, Some(Page::Quality), &asked);
    let related = related(visitor, Page::Imports, &asked).into_iter();
    let view = TrackingView {
        frame,
        related: related.map(|link| Link { is_here: link.href == ADDRESS, ..link }).collect(),
        answer: document.answer.clone(),
        keys,
        tables: document.tables.iter().filter_map(TableView::new).collect(),
        notes: document.notes.clone(),
        secret,
        origin: origin(headers),
        wrong,
    };
    html(code, &view)
}

/// The server's own address as the browser wrote it; a demo or a test is reached without TLS.
fn origin(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_local = ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| host.starts_with(name));
    let scheme = if is_local { "http" } else { "https" };
    format!("{scheme}://{host}")
}

async fn make(
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<Named>,
) -> Result<Response, Fault> {
    let context = visitor.context(Action::ManageTracking)?;
    let verb = async move |context: &Context| keys::make(context, &form.name).await;
    match visitor.shared.run(context, verb).await {
        Ok(secret) => shown(&visitor, &headers, StatusCode::OK, Some(secret), None).await,
        Err(Fault::Input(wrong)) => {
            let wrong = Some(sentence(&wrong));
            shown(&visitor, &headers, StatusCode::UNPROCESSABLE_ENTITY, None, wrong).await
        }
        Err(fault) => Err(fault),
    }
}

async fn revoke(
    visitor: Visitor,
    State(shared): State<Arc<Shared>>,
    Form(form): Form<Named>,
) -> Result<Response, Fault> {
    let context = visitor.context(Action::ManageTracking)?;
    let verb = async move |context: &Context| keys::revoke(context, &form.name).await;
    shared.run(context, verb).await?;
    Ok(Redirect::to(ADDRESS).into_response())
}
