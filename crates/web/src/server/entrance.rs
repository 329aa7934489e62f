//! Coming in: the first owner, signing in and out, and no more tries than a person makes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use app::access::{self, Invited};
use app::error::Error;
use askama::Template;
use axum::Form;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::access::{Role, Scope};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::fault::Fault;
use super::frame;
use super::shared::{Entry, Shared};
use super::visitor::{self, COOKIE};

/// Wrong passwords for one address within the window after which it has to wait.
const TRIES_MAX: usize = 10;
const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// Addresses that are remembered; beyond that the oldest tries are forgotten.
const ADDRESSES_MAX: usize = 10_000;
/// Who signs what happens before anybody has come in.
const ACTOR: &str = "the entrance";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sign-in", get(sign_in_page).post(sign_in))
        .route("/start", get(start_page).post(start))
}

#[derive(Template)]
#[template(path = "server/sign_in.html")]
struct SignInPage {
    next: String,
    email: String,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "server/start.html")]
struct StartPage {
    company: String,
    email: String,
    name: String,
    wrong: Option<String>,
}

#[derive(Deserialize)]
struct SignIn {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct Start {
    email: String,
    name: String,
    password: String,
}

async fn sign_in_page(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    if shared.entry == Entry::Demo {
        return Ok(Redirect::to("/").into_response());
    }
    if has_no_members(&shared).await? {
        return Ok(Redirect::to("/start").into_response());
    }
    let next = query.get("next").cloned().unwrap_or_default();
    frame::html(StatusCode::OK, &SignInPage { next, email: String::new(), wrong: None })
}

async fn sign_in(
    State(shared): State<Arc<Shared>>,
    Form(form): Form<SignIn>,
) -> Result<Response, Fault> {
    let now = shared.now();
    let address = form.email.trim().to_lowercase();
    if !shared.throttle.lets_in(&address, now) {
        return Err(Fault::Throttled);
    }
    let context = shared.context(ACTOR, Scope::All);
    let (email, password) = (form.email.clone(), form.password);
    let verb = async move |context: &_| access::sign_in(context, &email, password).await;
    match shared.run(context, verb).await {
        Ok(secret) => {
            shared.throttle.forget(&address);
            Ok(with_session(&secret, inside(&form.next)))
        }
        Err(Fault::Input(_)) => {
            shared.throttle.remember(address, now);
            let wrong = Some(frame::sentence(&Error::NotAMember.to_string()));
            let again = SignInPage { next: form.next, email: form.email, wrong };
            frame::html(StatusCode::UNPROCESSABLE_ENTITY, &again)
        }
        Err(fault) => Err(fault),
    }
}

async fn start_page(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    if shared.entry == Entry::Demo || !has_no_members(&shared).await? {
        return Ok(Redirect::to("/").into_response());
    }
    refuse_from_outside(&shared, &headers)?;
    frame::html(StatusCode::OK, &start_again(&shared, None, None))
}

/// Makes the owner. Only this machine may: before there is one, nobody else is anybody.
async fn start(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Form(form): Form<Start>,
) -> Result<Response, Fault> {
    if shared.entry == Entry::Demo {
        return Err(Fault::input("a demo has no members"));
    }
    refuse_from_outside(&shared, &headers)?;
    let context = shared.context(ACTOR, Scope::All);
    let invited = Invited {
        email: form.email.clone(),
        name: form.name.clone(),
        role: Role::Owner,
        user: None,
        password: form.password.clone(),
    };
    let verb = async move |context: &_| {
        let member = access::found(context, invited).await?;
        access::open_session(context, &member).await
    };
    match shared.run(context, verb).await {
        Ok(secret) => Ok(with_session(&secret, "/".to_owned())),
        Err(Fault::Input(wrong)) => {
            let again = start_again(&shared, Some(&form), Some(frame::sentence(&wrong)));
            frame::html(StatusCode::UNPROCESSABLE_ENTITY, &again)
        }
        Err(fault) => Err(fault),
    }
}

/// A proxy on this machine would make everybody a visitor from here: by its headers it is known.
fn refuse_from_outside(shared: &Shared, headers: &HeaderMap) -> Result<(), Fault> {
    match visitor::is_local(shared, headers) {
        true => Ok(()),
        false => Err(Fault::input(
            "the first owner is made on the machine itself, not from outside or through a proxy: \
             run `baton member add EMAIL --name NAME --role owner` there, then sign in",
        )),
    }
}

fn start_again(shared: &Shared, form: Option<&Start>, wrong: Option<String>) -> StartPage {
    StartPage {
        company: shared.company().company.name.clone(),
        email: form.map(|form| form.email.clone()).unwrap_or_default(),
        name: form.map(|form| form.name.clone()).unwrap_or_default(),
        wrong,
    }
}

pub(super) async fn sign_out(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    if let Some(secret) = visitor::session(&headers) {
        let (context, secret) = (shared.context(ACTOR, Scope::All), secret.to_owned());
        let verb = async move |context: &_| access::sign_out(context, &secret).await;
        shared.run(context, verb).await?;
    }
    let over = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    Ok(([(header::SET_COOKIE, over)], Redirect::to("/sign-in")).into_response())
}

async fn has_no_members(shared: &Shared) -> Result<bool, Fault> {
    Ok(shared.company().store.members().await.map_err(Error::from)?.is_empty())
}

fn with_session(secret: &str, next: String) -> Response {
    let seconds = access::SESSION.as_secs();
    let cookie =
        format!("{COOKIE}={secret}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    ([(header::SET_COOKIE, cookie)], Redirect::to(&next)).into_response()
}

/// Where to go on to: a page of ours, whatever the form says.
fn inside(next: &str) -> String {
    let is_ours = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\');
    if is_ours { next.to_owned() } else { "/".to_owned() }
}

/// Who tried with a wrong password lately, by address.
#[derive(Default)]
pub(super) struct Throttle {
    tries: Mutex<HashMap<String, Vec<Timestamp>>>,
}

impl Throttle {
    fn lets_in(&self, address: &str, now: Timestamp) -> bool {
        let tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = |at: &&Timestamp| now.duration_since(**at) < WINDOW;
        tries.get(address).is_none_or(|tries| tries.iter().filter(recent).count() < TRIES_MAX)
    }

    fn remember(&self, address: String, now: Timestamp) {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= ADDRESSES_MAX {
            let recent = |at: &Timestamp| now.duration_since(*at) < WINDOW;
            tries.retain(|_, tries| tries.iter().any(recent));
        }
        let of_address = tries.entry(address).or_default();
        of_address.retain(|at| now.duration_since(*at) < WINDOW);
        of_address.push(now);
    }

    fn forget(&self, address: &str) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_on_leads_to_our_own_pages_alone() {
        for (next, leads_to) in [
            ("/plan?as_of=2026-01-31", "/plan?as_of=2026-01-31"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("", "/"),
        ] {
            assert_eq!(inside(next), leads_to, "{next}");
        }
    }

    #[test]
    fn an_address_waits_after_many_wrong_passwords() {
        let throttle = Throttle::default();
        let start = Timestamp::UNIX_EPOCH;
        for _ in 0..TRIES_MAX {
            assert!(throttle.lets_in("ada@example.com", start));
            throttle.remember("ada@example.com".to_owned(), start);
        }
        assert!(!throttle.lets_in("ada@example.com", start));
        assert!(throttle.lets_in("bob@example.com", start));
        assert!(throttle.lets_in("ada@example.com", start + WINDOW));
        throttle.forget("ada@example.com");
        assert!(throttle.lets_in("ada@example.com", start));
    }
}
