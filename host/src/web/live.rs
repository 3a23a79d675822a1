//! `GET /events`: tells open pages that something was committed.
//!
//! An event carries the number of the newest commit and nothing else; the page
//! then reads itself again. So there is nothing to replay and nothing to buffer:
//! a reader that missed ten commits is told of the tenth. What a slow reader
//! leaves unread is one line, and [`stall`](super::stall) drops it in the end.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{Stream, unfold};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::desk::Desk;

/// Pages that may listen at the same time; a further one still reads itself every half minute.
pub(super) const SEATS: usize = 64;

/// At most one event in this time: a burst of commits is one event.
const PACE: Duration = Duration::from_millis(300);

/// A comment this often shows a dead connection to both sides.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A page that listens. Dropping it frees the seat.
struct Listening {
    changes: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    greeted: bool,
    _seat: OwnedSemaphorePermit,
}

/// The stream of commits, or 503 when every seat is taken.
pub(super) async fn events(State(desk): State<Arc<Desk>>) -> Response {
    let Ok(seat) = Arc::clone(&desk.seats).try_acquire_owned() else {
        let text = "too many pages are listening: this one reads itself every half minute\n";
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "60")], text).into_response();
    };
    let listening =
        Listening { changes: desk.app.changes.clone(), stop: desk.stop.clone(), greeted: false, _seat: seat };
    Sse::new(commits(listening)).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response()
}

/// The current number at once, then each later one; ends when the daemon stops.
fn commits(listening: Listening) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold(listening, |mut l| async move {
        if l.greeted {
            tokio::select! {
                () = tokio::time::sleep(PACE) => {}
                _ = l.stop.wait_for(|stop| *stop) => return None,
            }
            tokio::select! {
                changed = l.changes.changed() => changed.ok()?,
                _ = l.stop.wait_for(|stop| *stop) => return None,
            }
        }
        l.greeted = true;
        let number = *l.changes.borrow_and_update();
        Some((Ok(Event::default().event("commit").data(number.to_string())), l))
    })
}
