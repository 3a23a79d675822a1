//! Lets nobody keep a place by sending a body without end.
//!
//! Whoever has announced a body and does not send it, or sends it byte by byte, is told that it did not arrive, and the
//! connection is closed. Time runs from the first moment at which the body is waited for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// A body that ends with [`io::ErrorKind::TimedOut`] when it has not arrived in time.
pub(super) struct Arriving<B> {
    body: B,
    patience: Duration,
    /// Until when it is waited for; nothing before it was.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<B> Arriving<B> {
    /// Waits for `body` no longer than `patience`.
    pub(super) const fn new(body: B, patience: Duration) -> Self {
        Self { body, patience, waiting: None }
    }
}

impl<B: Body<Error: Into<BoxError>> + Unpin> Body for Arriving<B> {
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let late = self.waiting.as_mut().is_some_and(|until| until.as_mut().poll(cx).is_ready());
        if !late && let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(patience)));
        if late || waiting.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())));
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
