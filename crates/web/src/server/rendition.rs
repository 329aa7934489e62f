//! How a program wants a report: as JSON, or as the tables that the command line shows.
//!
//! Both are written exactly as `baton` writes them, so that it can show what a server tells.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use reports::document::Report;
use reports::render::terminal;
use serde_json::Value;

use super::fault::{Fault, Problem};

pub(super) const TEXT: &str = "text/plain";
pub(super) const WIDTH: &str = "width";
/// Columns of a page of text, unless told otherwise.
const WIDTH_USUAL: u16 = 110;
pub(super) const WIDTHS: std::ops::RangeInclusive<u16> = 20..=1000;

/// What of a request says how its answer is to be written.
pub(super) struct Rendition {
    is_text: bool,
    width: u16,
}

impl<S: Sync> FromRequestParts<S> for Rendition {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Rendition, Problem> {
        let accepted = parts.headers.get(header::ACCEPT).and_then(|kinds| kinds.to_str().ok());
        let first = accepted.and_then(|kinds| kinds.split([',', ';']).next());
        let query = parts.uri.query().unwrap_or_default();
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let width = match pairs.find(|(name, _)| name == WIDTH) {
            Some((_, given)) => read_width(&given)?,
            None => WIDTH_USUAL,
        };
        Ok(Rendition { is_text: first.is_some_and(|kind| kind.trim() == TEXT), width })
    }
}

impl Rendition {
    /// The report as it is wanted; `json` is its JSON, with what the answer adds to it.
    ///
    /// # Errors
    /// When it cannot be written, which no report is known to bring about.
    pub fn answer(&self, report: &dyn Report, json: &Value) -> Result<Response, Problem> {
        if self.is_text {
            let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            return Ok((kind, terminal(&report.document(), self.width)).into_response());
        }
        indented(json)
    }
}

/// A request whose query says nothing but how its answer is to be written.
pub(super) struct Unasked;

impl<S: Sync> FromRequestParts<S> for Unasked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Unasked, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        match url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name != WIDTH) {
            Some((name, _)) => {
                Err(Fault::input(format!("`{name}` is no parameter here: leave it out")).into())
            }
            None => Ok(Unasked),
        }
    }
}

fn read_width(given: &str) -> Result<u16, Fault> {
    let width = given.parse().ok().filter(|width| WIDTHS.contains(width));
    width.ok_or_else(|| {
        let (min, max) = (WIDTHS.start(), WIDTHS.end());
        Fault::input(format!("`{WIDTH}` is {given}: write a number from {min} to {max}"))
    })
}

fn indented(json: &Value) -> Result<Response, Problem> {
    let broken = |error: serde_json::Error| Fault::Broken(error.to_string());
    let text = serde_json::to_string_pretty(json).map_err(broken)? + "\n";
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}
