//! The listener: takes connections, speaks TLS where it must, and lets nobody keep a place by being slow.
//!
//! Each connection is a task of its own, so that a handshake that does not end keeps nobody else waiting. It ends when the
//! handshake or the head of a request takes longer than [`HEAD`], when nothing is read of what waits to be sent
//! ([`stall`](super::stall)), and there are never more than [`MOST`] at once, nor more than [`EACH`] of one address. Behind a
//! proxy, whose connections are everybody's, it is what one address asks at a time that is counted.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
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
use super::crowd::{Crowd, Held, counted};
use super::stall::Impatient;
use crate::reach::Way;

/// How long a handshake may take, and the head of a request, also the next on the same connection.
pub(super) const HEAD: Duration = Duration::from_secs(15);
/// Connections at once; whoever comes then waits until one ends.
pub(super) const MOST: usize = 2048;
/// Connections of one address at once, a quarter of all: an office behind one address has as many. Whoever has more is closed.
pub(super) const EACH: usize = MOST / 4;
/// How long open requests may take to end when the desk closes.
const ENDING: Duration = Duration::from_secs(10);

/// Who is counted, and up to how many.
#[derive(Clone)]
pub(super) struct Counting {
    /// What each holds.
    pub(super) crowd: Arc<Crowd<IpAddr>>,
    /// What an address counts as, if it does.
    pub(super) as_whom: fn(IpAddr) -> Option<IpAddr>,
}

impl Default for Counting {
    fn default() -> Self {
        Self { crowd: Crowd::of(EACH), as_whom: counted }
    }
}

impl Counting {
    /// A place for an address, or that it has too many.
    fn enter(&self, address: IpAddr) -> Result<Option<Held<IpAddr>>, Crowded> {
        match (self.as_whom)(address) {
            Some(who) => self.crowd.enter(who).map(Some).ok_or(Crowded),
            None => Ok(None),
        }
    }
}

/// An address has as many places as it may.
struct Crowded;

/// Takes connections until `stop` says so, then lets open requests end.
pub(super) async fn run(listener: TcpListener, router: Router, how: (Way, Counting), stop: watch::Receiver<bool>) {
    take(listener, router, how, (MOST, stop)).await;
}

/// The same, with `most` connections at once.
pub(super) async fn take(
    mut listener: TcpListener,
    router: Router,
    (way, counting): (Way, Counting),
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
        let (router, way, stop, counting) = (router.clone(), way.clone(), stop.clone(), counting.clone());
        // A proxy's connections are everybody's.
        let own = if matches!(way, Way::Behind(_)) { Ok(None) } else { counting.enter(peer.ip()) };
        let Ok(own) = own else { continue };
        connections.spawn(async move {
            let _places = (place, own);
            let stream = Impatient::patient(stream);
            match way {
                Way::Plain => answer(stream, router, Whom::Peer(peer), (None, stop)).await,
                Way::Behind(proxies) => {
                    if proxies.contains(&peer.ip().to_canonical()) {
                        answer(stream, router, Whom::Behind(peer), (Some(counting), stop)).await;
                    }
                }
                Way::Tls(config) => {
                    // What does not speak TLS here is nobody's business.
                    if let Ok(Ok(stream)) = timeout(HEAD, TlsAcceptor::from(config).accept(stream)).await {
                        answer(stream, router, Whom::Peer(peer), (None, stop)).await;
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

/// Answers what is asked on a connection. `counting`: what one address asks at a time is counted here.
async fn answer<T>(
    stream: T,
    router: Router,
    whom: Whom,
    (counting, mut stop): (Option<Counting>, watch::Receiver<bool>),
) where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let peer = whom.of(request.headers());
        let place = counting.as_ref().map_or(Ok(None), |counting| counting.enter(peer.ip()));
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(Peer::at(peer)));
        let router = router.clone();
        async move {
            // Until the head of its answer is there: what pages listen to is counted by itself.
            let Ok(_place) = place else { return Ok::<_, Infallible>(crowded()) };
            Ok(router.oneshot(request).await.unwrap_or_else(|never| match never {}))
        }
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

fn crowded() -> Response {
    let text = "too much is asked from this address at once: wait for what was asked before\n";
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "5"), (header::CACHE_CONTROL, "no-store")], text)
        .into_response()
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
