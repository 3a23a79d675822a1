//! Who is slow: in saying what they want, in sending it, in reading the answer. Nobody else waits for them, and they keep no
//! place. Time stands still and is moved on when everybody waits.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;

/// A desk that takes so many connections at once.
async fn desk(most: usize) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (commit, changes) = watch::channel(0);
    let (stop, stopped) = watch::channel(false);
    let router = router(app(Arc::new(Fixed), changes), stopped.clone());
    tokio::spawn(async move {
        let _ends = (commit, stop);
        listener::take(listener, router, (Way::Plain, listener::Counting::default()), (most, stopped)).await;
    });
    address
}

#[expect(clippy::disallowed_methods, reason = "a test visits the page")]
async fn connected(address: std::net::SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// A way to be slow.
#[derive(Clone, Copy, Debug)]
enum Slow {
    /// The head comes byte by byte.
    Head,
    /// The body is announced, and comes byte by byte.
    Body,
    /// The same, where somebody must be signed in first.
    Program,
    /// What is asked for is never read.
    Reader,
}

impl Slow {
    const ALL: [Self; 4] = [Self::Head, Self::Body, Self::Program, Self::Reader];

    /// Goes on until the desk has had enough.
    async fn go_on(self, mut stream: TcpStream) {
        let begun = match self {
            Self::Head => "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ".to_owned(),
            Self::Body => {
                "POST /sign-in HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-www-form-urlencoded\r\n\
                           content-length: 100000\r\n\r\nname="
                    .to_owned()
            }
            Self::Program => {
                "POST /api/v1/submissions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
                              transfer-encoding: chunked\r\n\r\n1\r\n{\r\n"
                    .to_owned()
            }
            Self::Reader => "GET /incidents/12 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".repeat(4000),
        };
        let _ = stream.write_all(begun.as_bytes()).await;
        let (mut read, mut write) = stream.into_split();
        let dripping = async {
            if matches!(self, Self::Reader) {
                std::future::pending::<()>().await;
            }
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let more: &[u8] = if matches!(self, Self::Program) { b"1\r\n \r\n" } else { b"x" };
                if write.write_all(more).await.is_err() {
                    break;
                }
            }
        };
        let ending = async {
            if matches!(self, Self::Reader) {
                // Whoever never reads learns of the end by what they write.
                std::future::pending::<()>().await;
            }
            let mut rest = [0; 4096];
            while read.read(&mut rest).await.is_ok_and(|read| read > 0) {}
        };
        tokio::select! { () = dripping => {}, () = ending => {} }
    }
}

/// Asks for a page as anybody does.
async fn answered(address: std::net::SocketAddr) -> bool {
    let mut stream = connected(address).await;
    let asked = b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
    let mut answer = Vec::new();
    stream.write_all(asked).await.is_ok()
        && stream.read_to_end(&mut answer).await.is_ok()
        && answer.starts_with(b"HTTP/1.1 200")
}

#[tokio::test(start_paused = true)]
async fn who_sends_slowly_is_let_go_of() {
    let address = desk(listener::MOST).await;
    for slow in [Slow::Head, Slow::Body, Slow::Program] {
        let ended = timeout(stall::WHOLE * 2, slow.go_on(connected(address).await)).await;
        assert!(ended.is_ok(), "{slow:?} keeps its place");
    }
}

#[tokio::test]
async fn a_crowd_of_slow_ones_keeps_nobody_else_waiting() {
    let address = desk(listener::MOST).await;
    for slow in Slow::ALL {
        for _ in 0..60 {
            tokio::spawn(slow.go_on(connected(address).await));
        }
    }
    for _ in 0..50 {
        let quick = timeout(Duration::from_secs(10), answered(address)).await;
        assert_eq!(quick, Ok(true));
    }
}

#[tokio::test(start_paused = true)]
async fn more_slow_ones_than_there_are_places_are_waited_for_no_longer_than_they_may_take() {
    let address = desk(16).await;
    for slow in Slow::ALL {
        for _ in 0..8 {
            tokio::spawn(slow.go_on(connected(address).await));
        }
    }
    let patience = listener::HEAD + stall::WHOLE + stall::PATIENCE;
    assert_eq!(timeout(patience * 3, answered(address)).await, Ok(true));
}
