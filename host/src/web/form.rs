//! Forms: what a page of ours sent, read once at the edge into one typed value.

use axum::extract::{Form, FromRequest, Request};
use axum::response::Response;
use serde::de::DeserializeOwned;

use super::page::Trouble;
use super::{guard, troubled};

/// A form read into `T`; what `T` does not know (`deny_unknown_fields`) or cannot hold is refused with a page.
pub(super) struct Sent<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let lang = guard::language(request.headers());
        match Form::<T>::from_request(request, state).await {
            Ok(Form(form)) => Ok(Self(form)),
            Err(error) => {
                tracing::info!(%error, "a form was not understood");
                Err(troubled(lang, Trouble::Form))
            }
        }
    }
}
