//! Asking again without doing again: `Idempotency-Key`.
//!
//! A program that lost the connection sends the same request with the same key, and gets the answer of the first one,
//! marked `Idempotency-Replayed`. The key is noted before anything is done. When Caifeng was ended in between, nobody
//! knows what came of it: the program is told so, and looks before it asks under another key.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::endpoint::answered;
use super::problem::Problem;
use crate::hex::hex;
use crate::store::{Begun, StoreError};
use crate::web::desk::Desk;

/// The field.
pub(super) const FIELD: &str = "idempotency-key";
/// Longest key, in bytes: room for a UUID in any writing.
pub(super) const LONGEST: usize = 100;

/// A request that is answered once.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// Who asks: keys of others are other keys.
    pub(super) user: String,
    /// The key.
    pub(super) key: String,
    /// What is asked.
    pub(super) print: String,
}

/// The key of a request.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut fields = headers.get_all(FIELD).iter();
    let Some(field) = fields.next() else { return Ok(None) };
    if fields.next().is_some() {
        return Err(Problem::Malformed(format!("{FIELD}: stands once")));
    }
    let wrong = || Problem::Malformed(format!("{FIELD}: between 1 and {LONGEST} printable ASCII characters"));
    let text = field.to_str().map_err(|_| wrong())?;
    let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| Some(text.to_owned())).ok_or_else(wrong)
}

/// What tells requests apart that come with one key.
pub(super) fn print(place: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update((place.len() as u64).to_be_bytes());
    hash.update(place.as_bytes());
    hash.update(body);
    hex(&hash.finalize())
}

/// Does `work` unless it was done under this key before.
pub(super) async fn once<O: Serialize>(
    desk: Arc<Desk>,
    kept: Kept,
    now: i64,
    work: impl Future<Output = Result<O, Problem>>,
) -> Response {
    let (ours, Kept { user, key, print }) = (Arc::clone(&desk), kept);
    let (by, name) = (user.clone(), key.clone());
    let begun = blocking(move || ours.app.owner.clerk.store.begin_once(&by, &name, &print, now)).await;
    match begun {
        Ok(Begun::New) => {}
        Ok(Begun::Other) => {
            return Problem::Unfit(format!("{FIELD}: this key came with another request before: take a new one"))
                .into_response();
        }
        Ok(Begun::Open) => {
            let words = "nobody knows what came of the request with this key: it is under way, or was cut off; look, then ask under another key";
            return Problem::Refused(words.to_owned()).into_response();
        }
        Ok(Begun::Done { status, body }) => return replayed(status, body),
        Err(error) => return Problem::from(error).into_response(),
    }
    let response = answered(work.await);
    let (parts, body) = response.into_parts();
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else { return Problem::Ours.into_response() };
    let (status, text) = (parts.status.as_u16(), body.to_vec());
    // What was done is done, whether or not its answer can be kept.
    if let Err(error) = blocking(move || desk.app.owner.clerk.store.end_once(&user, &key, status, text)).await {
        tracing::error!(%error, "the answer to a request with a key is not kept");
    }
    (parts, body).into_response()
}

fn replayed(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
    let mut response = (status, [(header::CONTENT_TYPE, kind)], Bytes::from(body)).into_response();
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(StoreError::Internal(error.to_string())))
}
