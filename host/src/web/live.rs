//! `GET /events`: tells open pages that something was committed.
//!
//! An event carries the number of the newest commit, also as its id, and nothing else; the page then reads itself
//! again. So a replay is one line and nothing is buffered: a reader that comes back with the id of what it heard last
//! is told at once if anything happened since, and a reader that missed ten commits is told of the tenth. What a slow
//! reader leaves unread is one line, and [`stall`](super::stall) drops it in the end. That somebody began or stopped
//! [writing](super::presence) is told on the same line, as an event of its own kind with no more than a number.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{Stream, unfold};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::access::Whence;
use super::crowd::{Held, counted};
use super::desk::{Asked, Desk};
use crate::user::token::TokenId;

/// Browsers that may listen at the same time; a further one still reads itself every half minute.
pub(super) const SEATS: usize = 1_024;
/// Seats of one address, a quarter of all: an office behind one address listens with as many browsers.
pub(super) const OF_ADDRESS: usize = SEATS / 4;
/// Seats of one session: a browser listens once for all its pages, and the next page takes over before the last lets go.
pub(super) const OF_SESSION: usize = 8;

/// At most one event in this time: a burst of commits is one event.
const PACE: Duration = Duration::from_millis(300);

/// A comment this often shows a dead connection to both sides.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A page that listens. Dropping it frees the seat.
struct Listening {
    changes: watch::Receiver<u64>,
    writing: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    /// The newest commit that it knows of.
    heard: Option<u64>,
    _seat: OwnedSemaphorePermit,
    _own: Own,
}

/// The seats that an address and a session hold of those that are theirs.
#[derive(Default)]
struct Own {
    _address: Option<Held<IpAddr>>,
    _session: Option<Held<TokenId>>,
}

/// The stream of commits, or 503 when every seat is taken.
pub(super) async fn events(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    whence: Whence,
    headers: HeaderMap,
) -> Response {
    let Some(own) = own_seats(&desk, &asked, &whence) else {
        let text = "too many pages of one browser or address are listening: this one reads itself every half minute\n";
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "60")], text).into_response();
    };
    let Ok(seat) = Arc::clone(&desk.seats).try_acquire_owned() else {
        let text = "too many pages are listening: this one reads itself every half minute\n";
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "60")], text).into_response();
    };
    let heard = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let (changes, writing, stop) = (desk.app.changes.clone(), desk.presence.changes(), desk.stop.clone());
    let listening = Listening { changes, writing, stop, heard, _seat: seat, _own: own };
    Sse::new(commits(listening)).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response()
}

/// The seats of an address and of a session; nothing when either has taken all of its own.
fn own_seats(desk: &Desk, asked: &Asked, whence: &Whence) -> Option<Own> {
    // Whoever is on this machine is not counted.
    let Some(address) = counted(whence.address) else { return Some(Own::default()) };
    let session = asked.visitor.person.as_ref().map(|known| known.token);
    let session = match session {
        Some(session) => Some(desk.seats_of_sessions.enter(session)?),
        None => None,
    };
    Some(Own { _address: Some(desk.seats_of_addresses.enter(address)?), _session: session })
}

/// The current number at once unless it is known, then each later one; ends when the daemon stops.
fn commits(listening: Listening) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold((listening, true), |(mut l, first)| async move {
        if !first {
            tokio::select! {
                () = tokio::time::sleep(PACE) => {}
                _ = l.stop.wait_for(|stop| *stop) => return None,
            }
        }
        let heard = l.heard;
        let event = tokio::select! {
            changed = l.changes.wait_for(|number| Some(*number) != heard) => {
                let number = *changed.ok()?;
                l.heard = Some(number);
                Event::default().event("commit").id(number.to_string()).data(number.to_string())
            }
            changed = l.writing.changed() => {
                changed.ok()?;
                // Not where, and not who: the page reads that itself, if it may. What is missed is not told later.
                Event::default().event("writing").data(l.writing.borrow_and_update().to_string())
            }
            _ = l.stop.wait_for(|stop| *stop) => return None,
        };
        Some((Ok(event), (l, false)))
    })
}
