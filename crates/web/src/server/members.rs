//! People and access: who may sign in as what, and the visitor's own tokens.

use std::sync::Arc;

use app::access::{self, Invited};
use app::context::Context;
use app::error::Error;
use askama::Template;
use axum::Form;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::access::{Member, Role};
use reports::access::Members;
use reports::document::Report;
use serde::Deserialize;

use super::asked::Asked;
use super::fault::Fault;
use super::frame::{Frame, html, sentence};
use super::policy::Action;
use super::shared::Shared;
use super::visitor::Visitor;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/members", get(page).post(add))
        .route("/members/remove", post(remove))
        .route("/account", get(account).post(make_token))
        .route("/account/tokens/end", post(end_token))
}

#[derive(Template)]
#[template(path = "server/members.html")]
struct MembersView {
    frame: Frame,
    answer: String,
    members: Vec<Member>,
    roles: Vec<&'static str>,
    /// What was typed, where it would not do.
    typed: Option<Typed>,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "server/account.html")]
struct AccountView {
    frame: Frame,
    member: Member,
    tokens: Vec<TokenView>,
    /// The secret of the token that was just made: it is shown this once.
    secret: Option<String>,
    wrong: Option<String>,
}

struct TokenView {
    name: String,
    scope: &'static str,
    until: String,
}

#[derive(Clone, Deserialize)]
struct Typed {
    name: String,
    email: String,
    role: String,
    #[serde(default)]
    user: String,
    password: String,
}

#[derive(Deserialize)]
struct ByEmail {
    email: String,
}

#[derive(Deserialize)]
struct ForToken {
    name: String,
    #[serde(default)]
    scope: String,
}

async fn page(visitor: Visitor) -> Result<Response, Fault> {
    shown(&visitor, StatusCode::OK, None, None).await
}

async fn shown(
    visitor: &Visitor,
    status: StatusCode,
    typed: Option<Typed>,
    wrong: Option<String>,
) -> Result<Response, Fault> {
    let context = visitor.context(Action::ManageMembers)?;
    let members = context.store.members().await.map_err(Error::from)?;
    let answer = Members { members: members.clone() }.document().answer;
    let frame = Frame::new(visitor, "People and access", "/members", None, &Asked::default());
    let roles = Role::ALL.map(Role::name).to_vec();
    html(status, &MembersView { frame, answer, members, roles, typed, wrong })
}

async fn add(visitor: Visitor, Form(form): Form<Typed>) -> Result<Response, Fault> {
    let context = visitor.context(Action::ManageMembers)?;
    let typed = form.clone();
    let verb = async move |context: &Context| {
        let invited = Invited {
            email: form.email,
            name: form.name,
            role: form.role.parse()?,
            user: Some(form.user),
            password: form.password,
        };
        access::add(context, invited).await
    };
    answered(&visitor, visitor.shared.run(context, verb).await, Some(typed)).await
}

async fn remove(visitor: Visitor, Form(form): Form<ByEmail>) -> Result<Response, Fault> {
    let context = visitor.context(Action::ManageMembers)?;
    let verb = async move |context: &Context| access::remove(context, &form.email).await;
    answered(&visitor, visitor.shared.run(context, verb).await, None).await
}

/// Back to the list, or the form again with what is wrong.
async fn answered<T>(
    visitor: &Visitor,
    done: Result<T, Fault>,
    typed: Option<Typed>,
) -> Result<Response, Fault> {
    match done {
        Ok(_) => Ok(Redirect::to("/members").into_response()),
        Err(Fault::Input(wrong)) => {
            let wrong = Some(sentence(&wrong));
            shown(visitor, StatusCode::UNPROCESSABLE_ENTITY, typed, wrong).await
        }
        Err(fault) => Err(fault),
    }
}

async fn account(visitor: Visitor) -> Result<Response, Fault> {
    own(&visitor, StatusCode::OK, None, None).await
}

async fn own(
    visitor: &Visitor,
    status: StatusCode,
    secret: Option<String>,
    wrong: Option<String>,
) -> Result<Response, Fault> {
    let (member, shared) = (visitor.member.clone(), &visitor.shared);
    let tokens = shared.company().store.tokens(member.id, shared.now()).await;
    let zone = &shared.company().company.timezone;
    let tokens = (tokens.map_err(Error::from)?.into_iter())
        .map(|token| TokenView {
            until: domain::time::day_of(token.expires_at, zone).to_string(),
            scope: if token.may_write { "reads and writes" } else { "reads" },
            name: token.name,
        })
        .collect();
    let frame = Frame::new(visitor, "My account", "/account", None, &Asked::default());
    html(status, &AccountView { frame, member, tokens, secret, wrong })
}

async fn make_token(visitor: Visitor, Form(form): Form<ForToken>) -> Result<Response, Fault> {
    let context = own_context(&visitor)?;
    let member = visitor.member.clone();
    let verb = async move |context: &Context| {
        let may_write = form.scope == "write";
        access::make_token(context, &member, &form.name, may_write, access::TOKEN_DAYS).await
    };
    match visitor.shared.run(context, verb).await {
        Ok(secret) => own(&visitor, StatusCode::OK, Some(secret), None).await,
        Err(Fault::Input(wrong)) => {
            own(&visitor, StatusCode::UNPROCESSABLE_ENTITY, None, Some(sentence(&wrong))).await
        }
        Err(fault) => Err(fault),
    }
}

async fn end_token(visitor: Visitor, Form(form): Form<ForToken>) -> Result<Response, Fault> {
    let context = own_context(&visitor)?;
    let member = visitor.member.id;
    let verb = async move |context: &Context| access::end_tokens(context, member, &form.name).await;
    visitor.shared.run(context, verb).await?;
    Ok(Redirect::to("/account").into_response())
}

/// For what concerns the visitor alone, which takes a session: a token makes no tokens.
fn own_context(visitor: &Visitor) -> Result<Context, Fault> {
    if visitor.is_demo || visitor.by_token {
        return Err(Fault::Forbidden("sign in: tokens are made by whom they act for"));
    }
    visitor.context(Action::ReadFigures)
}
