//! Drops readers that stop reading.
//!
//! A connection whose peer takes no byte for [`PATIENCE`] although bytes wait is
//! closed. Without it a browser that sleeps would hold its seat at `/events`
//! until the kernel gives up, a quarter of an hour later.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long bytes may wait for their reader.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A connection that ends with [`io::ErrorKind::TimedOut`] when a write makes no progress.
pub(super) struct Impatient<T> {
    io: T,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<T> Impatient<T> {
    /// With as much patience as every connection has.
    pub(super) fn patient(io: T) -> Self {
        Self::new(io, PATIENCE)
    }

    fn new(io: T, patience: Duration) -> Self {
        Self { io, patience, waiting: None }
    }

    /// Passes progress on; otherwise waits no longer than patience allows.
    fn or_give_up<R>(&mut self, progress: Poll<io::Result<R>>, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        if progress.is_ready() {
            self.waiting = None;
            return progress;
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(waiting.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Impatient<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Impatient<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.io).poll_write(cx, buf);
        self.or_give_up(progress, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.or_give_up(progress, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let progress = Pin::new(&mut self.io).poll_flush(cx);
        self.or_give_up(progress, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let progress = Pin::new(&mut self.io).poll_shutdown(cx);
        self.or_give_up(progress, cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_reader_that_stops_reading_is_dropped() {
        let (mut ours, _theirs) = {
            let (a, b) = tokio::io::duplex(8);
            (Impatient::new(a, Duration::from_millis(20)), b)
        };
        ours.write_all(b"eight by").await.unwrap();
        let stuck = ours.write_all(b"one more").await.unwrap_err();
        assert_eq!(stuck.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_reader_that_reads_is_kept() {
        let (a, mut theirs) = tokio::io::duplex(8);
        let mut ours = Impatient::new(a, Duration::from_secs(60));
        let sent = tokio::spawn(async move { ours.write_all(&[7; 100]).await });
        let mut got = [0; 100];
        theirs.read_exact(&mut got).await.unwrap();
        sent.await.unwrap().unwrap();
    }
}
