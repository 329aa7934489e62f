//! Events from a company's sites and products: Segment's HTTP API, as its official clients use it.
//!
//! Source: Segment, "HTTP Tracking API", and the clients' own code. These addresses stand outside
//! of the API that is described: they are another's, take no token but a write key, and answer any
//! site. Servers send `/v1/batch`; browsers send single events, as `text/plain` so that they need
//! ask nobody first. So a body is read for what it is, whatever it says that it is.

use std::sync::Arc;
use std::time::Duration;

use app::error::Error;
use app::limits::EVENTS_BYTES_MAX;
use app::tracking::{Refusal, Request as Sent, Tracking};
use axum::body::to_bytes;
use axum::error_handling::HandleErrorLayer;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{BoxError, Json, Router, middleware};
use domain::access::Scope;
use serde_json::json;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use super::authorization::{self, Authorization};
use super::fault::{self, Fault};
use super::shared::Shared;
use super::visitor;

/// Requests of events under way; who comes beyond that is asked to come again.
const REQUESTS_AT_ONCE_MAX: usize = 512;
/// A request that takes longer is given up.
const REQUEST_SECONDS_MAX: u64 = 30;
/// What senders are asked to wait when there is no room.
const WAIT_SECONDS: u64 = 10;
/// How long a browser may remember that it may send here.
const PREFLIGHT_SECONDS: &str = "86400";
/// Who signs what tracking writes.
pub(super) const ACTOR: &str = "tracking";

/// What older browser clients look for beside `Retry-After`.
const WAIT_UNTIL: HeaderName = HeaderName::from_static("x-ratelimit-reset");

pub(super) fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/{to}", post(take).options(async || ()))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            Duration::from_secs(REQUEST_SECONDS_MAX),
        ))
        .layer(middleware::from_fn_with_state(shared.clone(), visitor::known_host))
        .layer(CatchPanicLayer::custom(fault::panicked))
        .layer(
            ServiceBuilder::new()
                .layer(HandleErrorLayer::new(async |_: BoxError| Refused::busy()))
                .load_shed()
                .concurrency_limit(REQUESTS_AT_ONCE_MAX),
        )
        .layer(middleware::map_response(open_to_all))
}

/// Any site may send, and read what it is answered: who may is a matter of the key.
async fn open_to_all(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, x-retry-count"),
        (header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Why a request is not taken. Clients look for `code` and `message`.
struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
    wait_seconds: Option<u64>,
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, message: impl ToString) -> Refused {
        Refused { status, code, message: message.to_string(), wait_seconds: None }
    }

    fn busy() -> Refused {
        let why = "too many send at the same time: send it again in a moment";
        let refused = Refused::new(StatusCode::TOO_MANY_REQUESTS, "busy", why);
        Refused { wait_seconds: Some(1), ..refused }
    }

    fn too_large() -> Refused {
        let why = format!("a request has at most {} kB", EVENTS_BYTES_MAX / 1024);
        Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", why)
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Refused {
        let status = match &refusal {
            Refusal::UnknownAddress(_) => StatusCode::NOT_FOUND,
            refusal if refusal.is_of_size() => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Unreadable(_) => StatusCode::BAD_REQUEST,
            Refusal::MissingKey | Refusal::UnknownKey => StatusCode::UNAUTHORIZED,
            Refusal::Full => StatusCode::TOO_MANY_REQUESTS,
            Refusal::OutOfOrder(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        if let Refusal::OutOfOrder(error) = &refusal {
            fault::log_put_off(ACTOR, &Fault::Broken(error.to_string()));
        }
        let may_come_again = matches!(refusal, Refusal::Full | Refusal::OutOfOrder(_));
        let wait_seconds = may_come_again.then_some(WAIT_SECONDS);
        Refused { wait_seconds, ..Refused::new(status, refusal.code(), &refusal) }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Refused { status, code, message, wait_seconds } = self;
        let body = json!({
            "success": false,
            "code": code,
            "message": message,
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": message,
        });
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = wait_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            headers.insert(WAIT_UNTIL, HeaderValue::from(seconds));
        }
        response
    }
}

async fn take(
    State(shared): State<Arc<Shared>>,
    Path(to): Path<String>,
    request: Request,
) -> Result<Response, Refused> {
    let received_at = shared.now();
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, EVENTS_BYTES_MAX).await.map_err(|_| Refused::too_large())?;
    let write_key = in_headers(&parts.headers);
    let sent = Sent {
        to: &to,
        body: &body,
        is_gzip: is_gzip(&parts.headers)?,
        write_key: write_key.as_deref(),
        received_at,
    };
    let context = shared.context(ACTOR, Scope::All);
    let tracking = shared.tracking().await.map_err(Refusal::OutOfOrder)?;
    tracking.take(&context, sent).await?;
    Ok(Json(json!({ "success": true })).into_response())
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Refused> {
    let coding = headers.get(header::CONTENT_ENCODING).and_then(|coding| coding.to_str().ok());
    match coding.map(|coding| coding.trim().to_ascii_lowercase()).as_deref() {
        None | Some("" | "identity") => Ok(false),
        Some("gzip") => Ok(true),
        Some(other) => Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unknown_encoding",
            format!("`{other}` is not unpacked here: send gzip, or plain JSON"),
        )),
    }
}

/// The write key in the headers: the user name of basic authentication, or a bearer's.
fn in_headers(headers: &HeaderMap) -> Option<String> {
    match authorization::told(headers)? {
        Authorization::Bearer(token) => Some(token.to_owned()),
        Authorization::Basic { name, .. } => Some(name),
    }
}

impl Shared {
    /// Whether the buffer of events is open.
    pub fn is_tracking(&self) -> bool {
        self.tracking.initialized()
    }

    /// The buffer of events, opened when it is first needed.
    pub async fn tracking(&self) -> Result<&Tracking, Error> {
        let folder = self.company().folder.clone();
        let open = async move || {
            let opened = tokio::task::spawn_blocking(move || Tracking::open(&folder)).await;
            opened.unwrap_or_else(|_| Err(Error::Input("the server is stopping".to_owned())))
        };
        self.tracking.get_or_try_init(open).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_found_in_the_header() {
        let check = |told: &str, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, told.parse().expect("a header"));
            assert_eq!(in_headers(&headers).as_deref(), expected, "{told}");
        };
        check("Basic YmF0b25fd3JpdGVfMTo=", Some("baton_write_1"));
        check("basic YTpi", Some("a"));
        check("Basic YWI6YzpkPz8/", Some("ab"));
        check("Bearer abc", Some("abc"));
        check("Basic !!!", None);
        check("Digest abc", None);
        check("Basic", None);
        // Some clients leave the padding out.
        check("Basic YmF0b25fd3JpdGVfMTo", Some("baton_write_1"));
        assert_eq!(in_headers(&HeaderMap::new()), None);
    }
}
