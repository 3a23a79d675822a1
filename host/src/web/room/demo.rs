//! The demo's people: one click, and whoever looks at the demo handles it as one of them. Nowhere but in a demo.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Deserialize;
use tokio::time::timeout;

use crate::control::{Asked as Order, Refusal, Upkeep};
use crate::incident::event::Role;
use crate::plan::show::role_key;
use crate::web::access::{Whence, session_cookie};
use crate::web::desk::{Asked, Desk, Done, Refused, lead, refuse};
use crate::web::form::Sent;
use crate::web::page::{Room, Trouble};
use crate::web::routes;

/// How long the answer waits for the desk to take no more connections.
const LEAVING: Duration = Duration::from_secs(5);

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
        Ok(Ok(token)) => with_cookie(&session_cookie(Some(&token), secure), &Done::new(first(role), "done.entered")),
        Ok(Err(refusal)) => refuse(asked.lang, Refused::Refusal(refusal)),
        Err(error) => refuse(asked.lang, Refused::Refusal(Refusal::Internal(error.to_string()))),
    }
}

/// The first room that is open to a role.
fn first(role: Role) -> &'static str {
    let open = |room: &Room| routes::leads_in(room.path(), Some(&[role]));
    Room::ALL.into_iter().find(open).map_or("/account", Room::path)
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

/// Nothing but the button, which stands below what it does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Confirmed {}

/// `POST /demo/end`: everything recorded of the demo goes, and the first steps begin.
pub(in crate::web) async fn end(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    whence: Whence,
    Sent(Confirmed {}): Sent<Confirmed>,
) -> Response {
    if !desk.app.demo {
        return refuse(asked.lang, Refused::Trouble(Trouble::Missing));
    }
    // Whoever is nobody in particular is believed on this machine only.
    if asked.visitor.person.is_none() && !whence.here {
        return refuse(asked.lang, Refused::Trouble(Trouble::Others));
    }
    let (secure, mut stop) = (desk.app.secure, desk.stop.clone());
    let order = Order::Upkeep(Upkeep::EndDemo { token: asked.visitor.token });
    if let Err(refusal) = desk.order(order).await {
        return refuse(asked.lang, Refused::Refusal(refusal));
    }
    // From here on no connection is taken before the real thing is there: whoever is led there waits for it.
    let _ = timeout(LEAVING, stop.wait_for(|stop| *stop)).await;
    with_cookie(&session_cookie(None, secure), &Done::new("/set-up-password", ""))
}

fn with_cookie(cookie: &str, done: &Done) -> Response {
    let mut response = lead(done);
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
