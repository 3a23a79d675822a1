//! `GET /feeds/TOKEN/FILE`: what calendars and readers subscribe to.
//!
//! The secret in the address is all that its reader has to show: such programs can keep nothing else. Whoever asks with a
//! secret that is wrong, revoked or of another feed is told what everybody is told who asks for a page that is not there.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use caifeng_plugin_host::contract::Timestamp;

use crate::feed::Kind;
use crate::user::token::Token;
use crate::web::page::Trouble;
use crate::web::{Asked, Desk, troubled};

/// A feed that somebody asks for.
#[derive(Clone, Debug)]
pub struct Subscribed {
    /// The secret of its address.
    pub token: Token,
    /// What is subscribed to.
    pub kind: Kind,
    /// Whose it is.
    pub organisation: String,
    /// Now.
    pub now: Timestamp,
}

/// Serves a feed.
pub(in crate::web) async fn feed(
    State(desk): State<Arc<Desk>>,
    Path((token, file)): Path<(String, String)>,
    asked: Asked,
) -> Response {
    let kind = Kind::ALL.into_iter().find(|kind| kind.file() == file);
    let (Some(kind), Ok(token)) = (kind, token.parse::<Token>()) else { return troubled(asked.lang, Trouble::Missing) };
    let subscribed =
        Subscribed { token, kind, organisation: desk.app.organisation.get().name.clone(), now: (desk.app.clock)() };
    let rows = Arc::clone(&desk.app.rows);
    match tokio::task::spawn_blocking(move || rows.feed(&subscribed)).await {
        Ok(Ok(Some(body))) => ([(header::CONTENT_TYPE, kind.media_type())], body).into_response(),
        Ok(Ok(None)) => troubled(asked.lang, Trouble::Missing),
        Ok(Err(error)) => {
            tracing::error!(%error, "a feed is not served");
            troubled(asked.lang, Trouble::Ours)
        }
        Err(error) => {
            tracing::error!(%error, "a feed is not served");
            troubled(asked.lang, Trouble::Ours)
        }
    }
}
