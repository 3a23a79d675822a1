//! `GET /events`: tells open pages that something was committed.
//!
//! An event carries the number of the newest commit, also as its id, and nothing else; the page then reads itself
//! again. So a replay is one line and nothing is buffered: a reader that comes back with the id of what it heard last
//! is told at once if anything happened since, and a reader that missed ten commits is told of the tenth. What a slow
//! reader leaves unread is one line, and [`stall`](super::stall) drops it in the end. That somebody began or stopped
//! [writing](super::presence) is told on the same line, as an event of its own kind with no more than a number.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{Stream, unfold};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::desk::Desk;

/// Browsers that may listen at the same time; a further one still reads itself every half minute.
pub(super) const SEATS: usize = 1_024;

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
}

/// The stream of commits, or 503 when every seat is taken.
pub(super) async fn events(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    let Ok(seat) = Arc::clone(&desk.seats).try_acquire_owned() else {
        let text = "too many pages are listening: this one reads itself every half minute\n";
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "60")], text).into_response();
    };
    let heard = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let (changes, writing, stop) = (desk.app.changes.clone(), desk.presence.changes(), desk.stop.clone());
    let listening = Listening { changes, writing, stop, heard, _seat: seat };
    Sse::new(commits(listening)).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response()
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
