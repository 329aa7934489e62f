//! Keys by which programs name their writes, so that one that is sent again is not done again.

use crate::context::Context;
use crate::error::Error;

pub use store::request_key::Claim;

/// Claims a key for a request of the actor's, told from others by its digest.
///
/// # Errors
/// When the store cannot be written.
pub async fn claim(context: &Context, id: &str, request_digest: &str) -> Result<Claim, Error> {
    Ok(context.store.claim_request(id, request_digest, context.now).await?)
}

/// Keeps the answer to the request of a key.
///
/// # Errors
/// When the store cannot be written.
pub async fn answer(context: &Context, id: &str, answer: &str) -> Result<(), Error> {
    Ok(context.store.answer_request(id, answer).await?)
}

/// Lets a key go whose request was refused.
///
/// # Errors
/// When the store cannot be written.
pub async fn release(context: &Context, id: &str) -> Result<(), Error> {
    Ok(context.store.release_request(id).await?)
}
