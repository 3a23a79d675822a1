//! `POST /presence`: somebody is writing, or has stopped.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use crate::web::desk::{Asked, Desk};
use crate::web::form::Sent;
use crate::web::page::Trouble;
use crate::web::presence::Writer;
use crate::web::troubled;

/// Where, and whether it is over.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Said {
    place: String,
    gone: Option<String>,
}

/// Takes what a page says in which a form was touched. Nothing is answered, also where nobody may read the place: its
/// page tells of it, and no other.
pub(in crate::web) async fn say(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Said { place, gone }): Sent<Said>,
) -> Response {
    let (Ok(place), Some(known)) = (place.parse(), asked.visitor.person) else {
        return troubled(asked.lang, Trouble::Form);
    };
    if gone.is_some() {
        desk.presence.leave(place, &known.user);
    } else {
        let name = known.name.unwrap_or_else(|| known.user.clone());
        desk.presence.note(Writer { place, user: known.user, name, since: (desk.app.clock)() });
    }
    StatusCode::NO_CONTENT.into_response()
}
