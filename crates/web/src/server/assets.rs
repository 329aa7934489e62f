//! Styles and scripts: part of the binary, asked for by a name that changes with them. htmx and
//! ECharts are there where the build had Node; ECharts is asked for when a figure is explored.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::fault::Fault;

/// A file under the name by which it is asked for.
pub(crate) struct Asset {
    pub name: LazyLock<String>,
    media: &'static str,
    text: &'static str,
}

macro_rules! asset {
    ($stem:literal, $ending:literal, $media:literal, $text:expr) => {
        Asset {
            name: LazyLock::new(|| format!("{}-{}.{}", $stem, mark($text), $ending)),
            media: $media,
            text: $text,
        }
    };
}

const STYLES: &str =
    concat!(include_str!("../style/base.css"), "\n", include_str!("../style/server.css"));
const PAGES_SCRIPT: &str = include_str!("../../ui/src/pages.js");
const HTMX_SCRIPT: &str = include_str!(concat!(env!("OUT_DIR"), "/ui/htmx.js"));
const CHARTS_SCRIPT: &str = include_str!(concat!(env!("OUT_DIR"), "/ui/charts.js"));

/// Whether the build had what replaces parts of pages and draws charts to explore.
pub const HAS_PARTS: bool = !HTMX_SCRIPT.is_empty();

pub(crate) static STYLE: Asset = asset!("baton", "css", "text/css; charset=utf-8", STYLES);
pub(crate) static PAGES: Asset =
    asset!("baton", "js", "text/javascript; charset=utf-8", PAGES_SCRIPT);
pub(crate) static HTMX: Asset = asset!("htmx", "js", "text/javascript; charset=utf-8", HTMX_SCRIPT);
pub(crate) static CHARTS: Asset =
    asset!("charts", "js", "text/javascript; charset=utf-8", CHARTS_SCRIPT);

/// What other sites load, by a name that stays.
const TRACKER: &str = include_str!("../style/baton.js");

impl Asset {
    /// Whether the build had what it is made of.
    pub fn is_there(&self) -> bool {
        !self.text.is_empty()
    }

    /// Where it is served.
    pub fn href(&self) -> String {
        format!("/assets/{}", self.name.as_str())
    }
}

fn mark(text: &str) -> String {
    Sha256::digest(text.as_bytes())[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, Fault> {
    let all = [&STYLE, &PAGES, &HTMX, &CHARTS].into_iter();
    let found = all.filter(|asset| asset.is_there()).find(|asset| *asset.name == name);
    let asset = found.ok_or_else(|| Fault::NotFound("There is no such file.".into()))?;
    let headers = [
        (header::CONTENT_TYPE, asset.media),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, asset.text).into_response())
}

/// The script of tracked sites.
pub(super) async fn tracker() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, TRACKER).into_response()
}
