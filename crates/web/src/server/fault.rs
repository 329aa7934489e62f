//! What goes wrong with a request: a page for people, problem details (RFC 9457) for programs.

use std::any::Any;

use app::error::Error;
use askama::Template;
use axum::Json;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde_json::json;

use super::frame::sentence;
use super::huddles::CALENDAR;

/// Why a request is not answered as asked.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nobody is signed in.
    SignIn {
        next: String,
    },
    /// Too many wrong passwords.
    Throttled,
    /// The role does not permit it.
    Forbidden(&'static str),
    NotFound(String),
    /// What was sent will not do.
    Input(String),
    /// As `Input`, of one field of it.
    Field {
        field: &'static str,
        why: String,
    },
    /// Somebody else was faster.
    Changed(String),
    /// A write under this key is under way, or nobody saw how it ended.
    KeyUnderWay,
    Unready(&'static str),
    /// A defect or a broken store: the sentence goes to the log, not to the visitor.
    Broken(String),
}

/// A fault as programs read it.
pub(super) struct Problem(pub Fault);

impl Fault {
    pub fn input(text: impl Into<String>) -> Fault {
        Fault::Input(text.into())
    }

    fn status(&self) -> StatusCode {
        match self {
            Fault::SignIn { .. } => StatusCode::UNAUTHORIZED,
            Fault::Throttled => StatusCode::TOO_MANY_REQUESTS,
            Fault::Forbidden(_) => StatusCode::FORBIDDEN,
            Fault::NotFound(_) => StatusCode::NOT_FOUND,
            Fault::Input(_) | Fault::Field { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Fault::Changed(_) => StatusCode::PRECONDITION_FAILED,
            Fault::KeyUnderWay => StatusCode::CONFLICT,
            Fault::Unready(_) => StatusCode::SERVICE_UNAVAILABLE,
            Fault::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Fault::SignIn { .. } => "Sign in first",
            Fault::Throttled => "Too many attempts",
            Fault::Forbidden(_) => "Your role does not permit this",
            Fault::NotFound(_) => "There is nothing here",
            Fault::Input(_) | Fault::Field { .. } => "This cannot be done as asked",
            Fault::Changed(_) => "Somebody else was faster",
            Fault::KeyUnderWay => "This write was sent before",
            Fault::Unready(_) => "Not ready",
            Fault::Broken(_) => "Something broke on our side",
        }
    }

    /// What happened and what to do, without anything that the visitor may not know.
    pub fn detail(&self) -> String {
        match self {
            Fault::SignIn { .. } => "Sign in, or send a token: `Authorization: Bearer …`.".into(),
            Fault::Throttled => "Wait a minute, then try again.".into(),
            Fault::Forbidden(what) => {
                format!("It takes the permission to {what}. Ask an owner of the company for it.")
            }
            Fault::NotFound(what) => format!("{what} Look for it with the search."),
            Fault::Input(what) | Fault::Changed(what) => sentence(what),
            Fault::KeyUnderWay => "It is under way, or its answer was lost: wait a moment, look \
                 whether it was done, and send it under a new Idempotency-Key if not."
                .into(),
            Fault::Field { field, why } => format!("`{field}`: {}", sentence(why)),
            Fault::Unready(why) => format!("{} Try again in a moment.", sentence(why)),
            Fault::Broken(_) => "Nothing was changed. The server's log says what it was.".into(),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        match error {
            Error::NotSeen(_) => {
                Fault::NotFound("There is no such record that you may see.".into())
            }
            Error::Field { field, why } => Fault::Field { field, why },
            Error::Changed { .. } | Error::Taken { .. } => Fault::Changed(error.to_string()),
            Error::NotAMember => Fault::Input(error.to_string()),
            Error::Store(store) if store.is_inward() => Fault::Broken(store.to_string()),
            Error::Lake(lake) if lake.is_inward() => Fault::Broken(lake.to_string()),
            Error::File { .. } | Error::Buffer(_) => Fault::Broken(error.to_string()),
            error => Fault::Input(error.to_string()),
        }
    }
}

#[derive(Template)]
#[template(path = "server/fault.html")]
struct FaultPage<'a> {
    title: &'a str,
    detail: &'a str,
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        if let Fault::SignIn { next } = &self {
            if next == CALENDAR {
                // A calendar cannot sign in on a page: it asks for a password.
                let asks = [(header::WWW_AUTHENTICATE, "Basic realm=\"Baton\"")];
                return (self.status(), asks, self.title()).into_response();
            }
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("next", next)
                .finish();
            return Redirect::to(&format!("/sign-in?{query}")).into_response();
        }
        log(&self);
        let page = FaultPage { title: self.title(), detail: &self.detail() };
        match page.render() {
            Ok(html) => (self.status(), Html(html)).into_response(),
            Err(_) => (self.status(), self.title()).into_response(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Problem(fault) = self;
        log(&fault);
        let status = fault.status();
        let body = json!({
            "type": "about:blank",
            "title": fault.title(),
            "status": status.as_u16(),
            "detail": fault.detail(),
        });
        let body = Json(body).into_response().into_body();
        let mut response =
            (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Problem {
        Problem(fault)
    }
}

fn log(fault: &Fault) {
    if let Fault::Broken(what) = fault {
        eprintln!("baton: {what}");
    }
}

/// Tells the log of work that nobody asked for, and that is tried again.
pub(super) fn log_put_off(work: &str, fault: &Fault) {
    let why = match fault {
        Fault::Broken(what) => what.clone(),
        fault => fault.detail(),
    };
    eprintln!("baton: {work} was put off: {why}");
}

pub(super) async fn no_page() -> Fault {
    Fault::NotFound("No page has this address.".into())
}

/// A defect: the server goes on, and the visitor is told that nothing was changed.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response<Body> {
    Fault::Broken("a request ended by a panic".to_owned()).into_response()
}
