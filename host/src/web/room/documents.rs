//! `/documents/{digest}`: what somebody handed in, as it is kept.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use crate::handling::document;
use crate::web::desk::{Asked, Desk};
use crate::web::page::Trouble;
use crate::web::troubled;

/// `GET /documents/{digest}`: pictures are shown, everything else is handed out as a file that no browser opens.
pub(in crate::web) async fn one(State(desk): State<Arc<Desk>>, Path(digest): Path<String>, asked: Asked) -> Response {
    let folder = desk.app.owner.clerk.directory.documents();
    let kept = digest.clone();
    let read = move || document::is_kept(&folder, &kept).then(|| std::fs::read(document::place(&folder, &kept)).ok());
    let Ok(Some(Some(bytes))) = tokio::task::spawn_blocking(read).await else {
        return troubled(asked.lang, Trouble::Missing);
    };
    let short = digest.get(..16).unwrap_or_default();
    let (kind, how) = match document::picture(&bytes) {
        Some(kind) => (kind, "inline".to_owned()),
        None => ("application/octet-stream", format!("attachment; filename=\"{short}.bin\"")),
    };
    // What is kept by its digest never changes; it is for those who may see it only.
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, how),
        (header::CACHE_CONTROL, "private, max-age=86400, immutable".to_owned()),
    ];
    (headers, bytes).into_response()
}
