//! What a request says of who it is from in its header `Authorization`.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// A scheme's secret.
pub(super) enum Authorization<'a> {
    /// RFC 6750.
    Bearer(&'a str),
    /// RFC 7617.
    Basic { name: String, password: String },
}

/// What the header tells, if it is there and is one of the schemes.
pub(super) fn told(headers: &HeaderMap) -> Option<Authorization<'_>> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = header.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(Authorization::Bearer(secret.trim())),
        "basic" => basic(secret.trim()),
        _ => None,
    }
}

fn basic(secret: &str) -> Option<Authorization<'static>> {
    // Some clients leave the padding out.
    let lenient =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let pair = GeneralPurpose::new(&STANDARD, lenient).decode(secret).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    let (name, password) = pair.split_once(':')?;
    Some(Authorization::Basic { name: name.to_owned(), password: password.to_owned() })
}
