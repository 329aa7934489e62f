//! Teams, beside the members: who works in which, on a page and for programs.

use std::sync::Arc;

use app::context::Context;
use app::error::Error;
use app::team;
use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, patch, post, put};
use axum::{Form, Json, Router};
use reports::document::Report;
use reports::team::Teams;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Program, answers, created, key_parameter, of_write, report_of};
use super::asked::{Asked, Page};
use super::fault::{Fault, Problem};
use super::frame::{Frame, Link, html, sentence};
use super::idempotency;
use super::pages::downloads;
use super::policy::Action;
use super::shared::Shared;
use super::visitor::Visitor;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/teams", get(page).post(add))
        .route("/teams/rename", post(rename))
        .route("/teams/join", post(join))
        .route("/teams/leave", post(leave))
        .route("/teams/keep", post(keep))
}

/// The same for programs, below the API's address.
pub(super) fn programs(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    let once = || from_fn_with_state(shared.clone(), idempotency::once);
    Router::new()
        .route("/teams", report_of(Page::Teams).post(told_add).route_layer(once()))
        .route("/teams/{team}", patch(told_rename).route_layer(once()))
        .route("/teams/{team}/members/{user}", put(told_join).delete(told_leave))
}

#[derive(Template)]
#[template(path = "server/teams.html")]
struct TeamsView {
    frame: Frame,
    answer: String,
    teams: Teams,
    downloads: Vec<Link>,
    /// Why the last change was not made.
    wrong: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Renamed {
    team: String,
    name: String,
}

#[derive(Deserialize)]
struct Membership {
    team: String,
    user: String,
}

async fn page(visitor: Visitor) -> Result<Response, Fault> {
    shown(&visitor, StatusCode::OK, None).await
}

async fn shown(
    visitor: &Visitor,
    status: StatusCode,
    wrong: Option<String>,
) -> Result<Response, Fault> {
    let context = visitor.context(Action::ManageMembers)?;
    let teams = visitor.shared.run(context, async |context| team::list(context).await).await?;
    let asked = Asked::default();
    let frame = Frame::new(visitor, Page::Teams.title(), "/teams", None, &asked);
    let answer = teams.document().answer;
    let downloads = downloads(visitor, Page::Teams, &asked);
    html(status, &TeamsView { frame, answer, teams, downloads, wrong })
}

/// Does something to teams as the visitor.
async fn changed<W>(visitor: &Visitor, verb: W) -> Result<Teams, Fault>
where
    W: AsyncFnOnce(&Context) -> Result<Teams, Error> + Send + 'static,
{
    let context = visitor.context(Action::ManageMembers)?;
    visitor.shared.run(context, verb).await
}

/// Back to the list, or the list again with what is wrong.
async fn answered(visitor: &Visitor, done: Result<Teams, Fault>) -> Result<Response, Fault> {
    match done {
        Ok(_) => Ok(Redirect::to("/teams").into_response()),
        Err(Fault::Input(wrong)) => {
            shown(visitor, StatusCode::UNPROCESSABLE_ENTITY, Some(sentence(&wrong))).await
        }
        Err(fault) => Err(fault),
    }
}

async fn add(visitor: Visitor, Form(form): Form<Named>) -> Result<Response, Fault> {
    let verb = async move |context: &Context| team::add(context, &form.name).await;
    answered(&visitor, changed(&visitor, verb).await).await
}

async fn rename(visitor: Visitor, Form(form): Form<Renamed>) -> Result<Response, Fault> {
    let verb = async move |context: &Context| team::rename(context, &form.team, &form.name).await;
    answered(&visitor, changed(&visitor, verb).await).await
}

async fn join(visitor: Visitor, Form(form): Form<Membership>) -> Result<Response, Fault> {
    let verb = async move |context: &Context| team::join(context, &form.team, &form.user).await;
    answered(&visitor, changed(&visitor, verb).await).await
}

async fn leave(visitor: Visitor, Form(form): Form<Membership>) -> Result<Response, Fault> {
    let verb = async move |context: &Context| team::leave(context, &form.team, &form.user).await;
    answered(&visitor, changed(&visitor, verb).await).await
}

async fn keep(visitor: Visitor) -> Result<Response, Fault> {
    let done = changed(&visitor, async |context: &Context| team::keep(context).await).await;
    answered(&visitor, done).await
}

async fn told_add(
    Program(visitor): Program,
    body: Result<Json<Named>, JsonRejection>,
) -> Result<Response, Problem> {
    visitor.check(Action::ManageMembers)?;
    let Json(Named { name }) = body.map_err(|error| Fault::input(error.body_text()))?;
    let verb = async move |context: &Context| team::add(context, &name).await;
    let teams = changed(&visitor, verb).await?;
    Ok((StatusCode::CREATED, Json(teams.json())).into_response())
}

async fn told_rename(
    Program(visitor): Program,
    Path(team): Path<String>,
    body: Result<Json<Named>, JsonRejection>,
) -> Result<Response, Problem> {
    visitor.check(Action::ManageMembers)?;
    let Json(Named { name }) = body.map_err(|error| Fault::input(error.body_text()))?;
    let verb = async move |context: &Context| team::rename(context, &team, &name).await;
    Ok(Json(changed(&visitor, verb).await?.json()).into_response())
}

async fn told_join(
    Program(visitor): Program,
    Path((team, user)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let verb = async move |context: &Context| team::join(context, &team, &user).await;
    Ok(Json(changed(&visitor, verb).await?.json()).into_response())
}

async fn told_leave(
    Program(visitor): Program,
    Path((team, user)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let verb = async move |context: &Context| team::leave(context, &team, &user).await;
    Ok(Json(changed(&visitor, verb).await?.json()).into_response())
}

/// What programs may do to teams, beside reading them: address, verb, description.
pub(super) fn described() -> [(String, &'static str, Value); 4] {
    let path = |name: &str, about: &str| {
        json!({
            "name": name, "in": "path", "required": true, "description": about,
            "schema": { "type": "string", "minLength": 1 },
        })
    };
    let team = path("team", "A team by its id or name.");
    let user = path("user", "A user of the CRM by id, name or e-mail.");
    let named = json!({ "schema": { "$ref": "#/components/schemas/Name" } });
    let body = json!({ "required": true, "content": { "application/json": named } });
    let address = |beneath: &str| format!("/api/v1/teams{beneath}");
    let member = address("/{team}/members/{user}");
    let all = "All teams as they then are.";
    [
        (
            address(""),
            "post",
            json!({
                "operationId": "add_team", "summary": "Make a team",
                "parameters": [key_parameter()],
                "requestBody": body, "responses": created(all, "Report"),
            }),
        ),
        (
            address("/{team}"),
            "patch",
            json!({
                "operationId": "rename_team", "summary": "Give a team another name",
                "parameters": [team, key_parameter()], "requestBody": body,
                "responses": of_write(answers(all, "Report")),
            }),
        ),
        (
            member.clone(),
            "put",
            json!({
                "operationId": "join_team", "summary": "Put a user into a team",
                "parameters": [team, user], "responses": answers(all, "Report"),
            }),
        ),
        (
            member,
            "delete",
            json!({
                "operationId": "leave_team", "summary": "Take a user out of a team",
                "parameters": [team, user], "responses": answers(all, "Report"),
            }),
        ),
    ]
}
