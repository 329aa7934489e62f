//! `Idempotency-Key`: a write that a program sends again, because no answer came, is done once.
//!
//! After the draft of the IETF's HTTP API group, "The Idempotency-Key HTTP Header Field". Keys are
//! a member's own. One that was claimed and never answered may or may not have been done, so that
//! it is refused rather than tried again.

use std::sync::Arc;

use app::context::Context;
use app::request_key::{self, Claim};
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::FORM_BYTES_MAX;
use super::fault::{Fault, Problem};
use super::shared::Shared;
use super::visitor::Visitor;

pub(super) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const KEY_BYTES_MAX: usize = 255;
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// What of an answer is told again.
const HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Answered {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Does a write that bears a key once; others pass.
pub(super) async fn once(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let is_write = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    let Some(key) = key(request.headers())?.filter(|_| is_write) else {
        return Ok(next.run(request).await);
    };
    let (mut parts, body) = request.into_parts();
    let visitor = Visitor::from_request_parts(&mut parts, &shared).await?;
    let too_much = |_| Fault::input(format!("the body is larger than {FORM_BYTES_MAX} bytes"));
    let body = to_bytes(body, FORM_BYTES_MAX).await.map_err(too_much)?;
    let id = digest(&[visitor.actor().as_bytes(), key.as_bytes()]);
    let place = parts.uri.path().as_bytes();
    let version = parts.headers.get(header::IF_MATCH);
    let version = version.map(|version| version.as_bytes()).unwrap_or_default();
    let asked = digest(&[parts.method.as_str().as_bytes(), place, version, &body]);
    let context = shared.context(&visitor.actor(), visitor.scope.clone());
    match request_key::claim(&context, &id, &asked).await.map_err(Fault::from)? {
        Claim::New => {}
        Claim::Answered(answer) => return again(&answer),
        Claim::UnderWay => return Err(Fault::KeyUnderWay.into()),
        Claim::Differs => {
            let why = "the Idempotency-Key was used for another request: send a new one";
            return Err(Fault::input(why).into());
        }
    }
    // Who hangs up before the answer is the one who asks again: the write goes on and is answered.
    let request = Request::from_parts(parts, Body::from(body));
    let done = tokio::spawn(async move { answered(&context, &id, next.run(request).await).await });
    done.await.map_err(|_| Fault::Unready("the write failed"))?
}

/// Keeps the answer to a write under its key.
async fn answered(context: &Context, id: &str, response: Response) -> Result<Response, Problem> {
    // What was refused or failed has changed nothing, and may be tried again under its key.
    if !response.status().is_success() {
        request_key::release(context, id).await.map_err(Fault::from)?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, ANSWER_BYTES_MAX).await;
    let body = body.map_err(|error| Fault::Broken(format!("an answer: {error}")))?;
    let told = |name: &HeaderName| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    };
    let answered = Answered {
        status: parts.status.as_u16(),
        headers: HEADERS.iter().filter_map(told).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let text = serde_json::to_string(&answered);
    let text = text.map_err(|error| Fault::Broken(format!("an answer: {error}")))?;
    request_key::answer(context, id, &text).await.map_err(Fault::from)?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Fault> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().trim().trim_matches('"');
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        let why = format!("an Idempotency-Key has 1 to {KEY_BYTES_MAX} characters of ASCII");
        return Err(Fault::input(why));
    }
    Ok(Some(key.to_owned()))
}

/// The answer that was given before.
fn again(text: &str) -> Result<Response, Problem> {
    let broken = |error: String| Fault::Broken(format!("an answer that was kept: {error}"));
    let answered: Answered = serde_json::from_str(text).map_err(|e| broken(e.to_string()))?;
    let status = StatusCode::from_u16(answered.status).map_err(|e| broken(e.to_string()))?;
    let mut response = (status, answered.body).into_response();
    for (name, value) in answered.headers {
        let name: HeaderName = name.parse().map_err(|_| broken(name.clone()))?;
        let value = value.parse().map_err(|_| broken(value.clone()))?;
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// SHA-256 of parts, each with its length before it.
fn digest(parts: &[&[u8]]) -> String {
    let hash = parts.iter().fold(Sha256::new(), |hash, part| {
        hash.chain_update((part.len() as u64).to_le_bytes()).chain_update(part)
    });
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
