//! The desk: what the daemon knows, as pages.
//!
//! Pages are rendered on the server and read without JavaScript; one small
//! script keeps an open page true. Each request takes the same way:
//!
//! [`guard`] (is it asked for under a name of ours) → is it sent by a page of ours ([`CsrfLayer`]) →
//! [`access`] (who asks, and is it for them) → a handler in [`room`], which reads [`Rows`] or hands a form to the
//! clerk in a blocking thread → [`page`], a pure function of rows and time → response headers by [`guard`] again.
//!
//! Given up for that: no client-side state, and no partial updates on the server (an open page reads its whole self
//! again, a few kilobytes compressed).

mod access;
mod agent;
mod api;
mod asset;
mod coverage;
mod crowd;
mod desk;
mod door;
#[cfg(test)]
pub(crate) mod fixed;
mod form;
mod guard;
mod health;
mod listener;
mod live;
mod mark;
mod metrics;
mod month;
mod page;
mod presence;
mod qr;
mod room;
mod routes;
mod rows;
mod stall;
mod streamed;
#[cfg(test)]
mod tests;
mod trend;
mod when;
mod whispers;

use std::net::SocketAddr;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use caifeng_plugin_host::contract::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _};
use tower_http::csrf::CsrfLayer;
use tower_http::timeout::{RequestBodyDeadlineLayer, RequestBodyTimeoutLayer};

use crate::backup::kept::Backups;
use crate::config::Organisation;
use crate::control::Owner;
use crate::current::Current;
use crate::entrance::Entrance;
use crate::lang;
use crate::plugins::trials::Trials;
use crate::reach::{Strict, Way};

use self::crowd::Crowd;
use self::desk::{Asked, Desk};
use self::door::Door;
use self::lang::Lang;
use self::listener::Counting;
use self::month::Keeper;
use self::page::Trouble;
use self::room::public::Shown;
pub use self::room::subscribed::Subscribed;
pub use self::rows::{Became, Changed, Choices, Found, PostsQuery, Rows, Stored, Unanswered};
use self::whispers::Whispers;
pub use crate::asking::budget;

/// What the daemon hands the desk.
pub struct App {
    /// Where it reads.
    pub rows: Arc<dyn Rows>,
    /// Who does what people want.
    pub owner: Owner,
    /// The account of the machine that the daemon runs as: what forms say is said through it.
    pub account: u32,
    /// Whose desk it is.
    pub organisation: Current<Organisation>,
    /// Now, from the one clock of the daemon.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Seconds by which the machine's clock is ahead of that one, or behind it, where it is not followed; else 0.
    pub off: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// Why the store cannot write at present; `None` when it can.
    pub writable: Arc<dyn Fn() -> Option<String> + Send + Sync>,
    /// The number of the newest commit; pages are told when it changes.
    pub changes: watch::Receiver<u64>,
    /// When the scheduler last looked at its watches; 0 before the first time.
    pub pulse: Arc<AtomicI64>,
    /// Everything shown comes from the bundled recording.
    pub demo: bool,
    /// This is a drill: every page says so.
    pub drill: bool,
    /// Everybody may read what was approved for them.
    pub public: bool,
    /// Who is let in, and how.
    pub entrance: Arc<Entrance>,
    /// The desk is reached over HTTPS: cookies are sent over nothing else.
    pub secure: bool,
    /// When browsers are told that it never is otherwise.
    pub strict: Strict,
    /// Host names besides the loopback ones under which the desk is asked for.
    pub hosts: Vec<String>,
}

/// Why the desk does not open.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// What people type would travel in the open: the operator must name a certificate or a proxy.
    #[error("other machines reach {0}, and it speaks no HTTPS")]
    Bare(SocketAddr),
    /// The listener failed.
    #[error("listener failed: {0}")]
    Listen(#[from] std::io::Error),
}

/// Serves the desk until `stop` resolves; then open requests end and `/events` closes.
///
/// # Errors
/// [`ServeError::Bare`] when the listener is reachable from elsewhere and `way` is plain.
pub async fn serve(
    listener: TcpListener,
    app: App,
    way: Way,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let address = listener.local_addr()?;
    if matches!(way, Way::Plain) && !guard::is_loopback(address) {
        return Err(ServeError::Bare(address));
    }
    let (stopping, stopped) = watch::channel(false);
    let ending = async move {
        stop.await;
        // Nobody listens for it when no page is open.
        stopping.send_replace(true);
    };
    let (router, serving) = (router(app, stopped.clone()), stopped);
    tokio::join!(ending, listener::run(listener, router, (way, Counting::default()), serving));
    Ok(())
}

fn router(app: App, stop: watch::Receiver<bool>) -> Router {
    let directory = &app.owner.clerk.directory;
    let config = app.owner.setup.file.clone().unwrap_or_else(|| directory.config());
    let desk = Arc::new(Desk {
        backups: Backups::of(directory, config),
        trials: Trials::default(),
        offered: Mutex::default(),
        app,
        stop,
        seats: Arc::new(Semaphore::new(live::SEATS)),
        seats_of_addresses: Crowd::of(live::OF_ADDRESS),
        seats_of_sessions: Crowd::of(live::OF_SESSION),
        month: Keeper::default(),
        whispers: Whispers::default(),
        shown: Shown::default(),
        door: Door::default(),
        counted: metrics::Counted::default(),
        lists: Arc::new(Semaphore::new(1)),
        presence: presence::Presence::default(),
    });
    routes::router(&desk)
        .fallback(missing)
        .method_not_allowed_fallback(otherwise)
        .layer(from_fn_with_state(Arc::clone(&desk), dress))
        .layer(RequestBodyTimeoutLayer::new(stall::PATIENCE))
        .layer(RequestBodyDeadlineLayer::new(stall::WHOLE))
        .layer(
            CompressionLayer::new()
                .quality(CompressionLevel::Fastest)
                .compress_when(DefaultPredicate::new().and(NotForContentType::new(desk::ZIP))),
        )
        .layer(CsrfLayer::new())
        .layer(from_fn_with_state(Arc::clone(&desk), guard::guard))
        .with_state(desk)
}

fn troubled(lang: Lang, trouble: Trouble) -> Response {
    alone(page::trouble(lang, trouble))
}

/// A page that stands alone; [`dress`] puts the house around it.
fn alone(page: page::Alone) -> Response {
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Extension(page)).into_response()
}

/// Renders the pages that stand alone: only here it is known whether this is a drill.
async fn dress(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(page) = response.extensions_mut().remove::<page::Alone>()
        && let Ok(html) = page.render(desk.app.drill)
    {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        *response.body_mut() = html.into();
    }
    response
}

/// A page that needs no store, with its status.
fn html(status: StatusCode, page: page::Rendered) -> Response {
    match page {
        Ok(html) => (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn missing(asked: Asked) -> Response {
    if asked.path.starts_with(api::BASE) {
        return api::Problem::Missing.into_response();
    }
    troubled(asked.lang, Trouble::Missing)
}

async fn otherwise(asked: Asked) -> Response {
    if asked.path.starts_with(api::BASE) {
        return api::Problem::Method.into_response();
    }
    troubled(asked.lang, Trouble::Method)
}
