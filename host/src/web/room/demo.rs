//! The demo's people: one click, and whoever looks at the demo handles it as one of them. Nowhere but in a demo.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Deserialize;

use crate::control::Refusal;
use crate::incident::event::Role;
use crate::plan::show::role_key;
use crate::web::access::session_cookie;
use crate::web::desk::{Asked, Desk, Done, Refused, lead, refuse};
use crate::web::form::Sent;
use crate::web::page::Trouble;

/// As whom.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Entering {
    role: Role,
}

/// `POST /demo/enter`.
pub(in crate::web) async fn enter(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Entering { role }): Sent<Entering>,
) -> Response {
    if !desk.app.demo {
        return refuse(asked.lang, Refused::Trouble(Trouble::Missing));
    }
    let name = asked.lang.t(role_key(role));
    let secure = desk.app.secure;
    let work = move || {
        let now = (desk.app.clock)();
        desk.app.owner.clerk.store.rehearse(&name.replace(' ', "-"), role, now).map_err(Refusal::from)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(token)) => with_cookie(&session_cookie(Some(&token), secure), &Done::new("/", "done.entered")),
        Ok(Err(refusal)) => refuse(asked.lang, Refused::Refusal(refusal)),
        Err(error) => refuse(asked.lang, Refused::Refusal(Refusal::Internal(error.to_string()))),
    }
}

/// `POST /demo/leave`.
pub(in crate::web) async fn leave(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let secure = desk.app.secure;
    if let Some(known) = asked.visitor.person {
        let work = move || desk.app.owner.clerk.store.end_session(known.token, (desk.app.clock)());
        let _ = tokio::task::spawn_blocking(work).await;
    }
    with_cookie(&session_cookie(None, secure), &Done::new("/", "done.left"))
}

fn with_cookie(cookie: &str, done: &Done) -> Response {
    let mut response = lead(done);
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
