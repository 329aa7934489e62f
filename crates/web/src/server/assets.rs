//! Styles and the script: our own, part of the binary, asked for by a name that changes with them.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::fault::Fault;

const STYLE: &str =
    concat!(include_str!("../style/base.css"), "\n", include_str!("../style/server.css"));
const SCRIPT: &str = include_str!("../style/server.js");
/// What other sites load, by a name that stays.
const TRACKER: &str = include_str!("../style/baton.js");

/// The names under which the style and the script are asked for.
pub(super) static STYLE_NAME: LazyLock<String> =
    LazyLock::new(|| format!("baton-{}.css", mark(STYLE)));
pub(super) static SCRIPT_NAME: LazyLock<String> =
    LazyLock::new(|| format!("baton-{}.js", mark(SCRIPT)));

fn mark(text: &str) -> String {
    Sha256::digest(text.as_bytes())[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, Fault> {
    let (media, text) = match name {
        name if name == *STYLE_NAME => ("text/css; charset=utf-8", STYLE),
        name if name == *SCRIPT_NAME => ("text/javascript; charset=utf-8", SCRIPT),
        _ => return Err(Fault::NotFound("There is no such file.".into())),
    };
    let headers = [
        (header::CONTENT_TYPE, media),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, text).into_response())
}

/// The script of tracked sites.
pub(super) async fn tracker() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, TRACKER).into_response()
}
