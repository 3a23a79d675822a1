//! The listener: takes connections, speaks TLS where it must, and lets nobody keep a place by being slow.
//!
//! Each connection is a task of its own, so that a handshake that does not end keeps nobody else waiting. It ends when the
//! handshake or the head of a request takes longer than [`HEAD`], when a body has not arrived after [`BODY`]
//! ([`arrival`](super::arrival)), when nothing is read of what waits to be sent ([`stall`](super::stall)), and there are
//! never more than [`MOST`] at once.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::access::Peer;
use super::arrival::Arriving;
use super::stall::Impatient;
use crate::reach::Way;

/// How long a handshake may take, and the head of a request, also the next on the same connection.
pub(super) const HEAD: Duration = Duration::from_secs(15);
/// How long a body may take to arrive: the largest one over a slow line.
pub(super) const BODY: Duration = Duration::from_secs(120);
/// Connections at once; whoever comes then waits until one ends.
pub(super) const MOST: usize = 2048;
/// How long open requests may take to end when the desk closes.
const ENDING: Duration = Duration::from_secs(10);

/// Takes connections until `stop` says so, then lets open requests end.
pub(super) async fn run(listener: TcpListener, router: Router, way: Way, stop: watch::Receiver<bool>) {
    take(listener, router, way, (MOST, stop)).await;
}

/// The same, with `most` connections at once.
pub(super) async fn take(
    mut listener: TcpListener,
    router: Router,
    way: Way,
    (most, mut stop): (usize, watch::Receiver<bool>),
) {
    let places = Arc::new(Semaphore::new(most));
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (Listener::accept(&mut listener).await, place)
        };
        let ((stream, peer), place) = tokio::select! {
            accepted = accepted => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        while connections.try_join_next().is_some() {}
        let (router, way, stop) = (router.clone(), way.clone(), stop.clone());
        connections.spawn(async move {
            let _place = place;
            let stream = Impatient::patient(stream);
            match way {
                Way::Plain => answer(stream, router, Whom::Peer(peer), stop).await,
                Way::Behind(proxies) => {
                    if proxies.contains(&peer.ip().to_canonical()) {
                        answer(stream, router, Whom::Behind(peer), stop).await;
                    }
                }
                Way::Tls(config) => {
                    // What does not speak TLS here is nobody's business.
                    if let Ok(Ok(stream)) = timeout(HEAD, TlsAcceptor::from(config).accept(stream)).await {
                        answer(stream, router, Whom::Peer(peer), stop).await;
                    }
                }
            }
        });
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(ENDING, ended).await;
}

/// Who asks.
#[derive(Clone, Copy)]
enum Whom {
    /// Whoever is at the other end.
    Peer(SocketAddr),
    /// Whoever the proxy at the other end names.
    Behind(SocketAddr),
}

impl Whom {
    /// A proxy adds the address that it sees to the end of the list; what stands before it anybody may have written.
    fn of(self, headers: &hyper::HeaderMap) -> SocketAddr {
        let peer = match self {
            Self::Peer(peer) => return peer,
            Self::Behind(peer) => peer,
        };
        let last = headers.get_all("x-forwarded-for").iter().next_back().and_then(|field| field.to_str().ok());
        let named = last.and_then(|field| field.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
        named.map_or(peer, |address| SocketAddr::new(address, 0))
    }
}

async fn answer<T>(stream: T, router: Router, whom: Whom, mut stop: watch::Receiver<bool>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let peer = Peer::at(whom.of(request.headers()));
        let mut request = request.map(|body| Body::new(Arriving::new(body, BODY)));
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // Whoever has gone away, or was slow, is told nothing.
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_names_who_asks_and_nobody_else_does() {
        let peer: SocketAddr = "192.0.2.1:4000".parse().unwrap();
        let mut headers = hyper::HeaderMap::new();
        assert_eq!(Whom::Behind(peer).of(&headers), peer);
        headers.insert("x-forwarded-for", "127.0.0.1, 198.51.100.7".parse().unwrap());
        assert_eq!(Whom::Behind(peer).of(&headers).ip().to_string(), "198.51.100.7");
        assert_eq!(Whom::Peer(peer).of(&headers), peer);
        headers.append("x-forwarded-for", "2001:db8::1".parse().unwrap());
        assert_eq!(Whom::Behind(peer).of(&headers).ip().to_string(), "2001:db8::1");
        headers.insert("x-forwarded-for", "unknown".parse().unwrap());
        assert_eq!(Whom::Behind(peer).of(&headers), peer);
    }
}
