//! The desk: what the daemon knows, as pages.
//!
//! Pages are rendered on the server and read without JavaScript; one small
//! script keeps an open page true. Each request takes the same way:
//!
//! [`guard`] (is it this machine, is it only reading) → a handler here, which
//! reads [`Rows`] in a blocking thread → [`page`], a pure function of rows and
//! time → response headers by [`guard`] again.
//!
//! Given up for that: no client-side state, no partial updates on the server
//! (an open page reads its whole self again, a few kilobytes compressed), and
//! no writing over the web before people can sign in.

mod asset;
mod coverage;
#[cfg(test)]
mod fixed;
mod guard;
mod health;
mod hearing;
mod live;
mod mark;
mod month;
mod page;
mod rows;
mod stall;
mod subscribed;
#[cfg(test)]
mod tests;
mod trend;
mod when;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use axum::Router;
use axum::extract::{FromRequestParts, Path, RawQuery, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower_http::compression::CompressionLayer;

pub use crate::asking::budget;
use crate::calendar::Calendar;
use crate::lang;

use self::lang::Lang;
use self::month::Keeper;
use self::page::{
    Duties, HomeRows, IncidentRows, ListRows, PostsAsked, PostsRows, SweptWatch, ToldRows, Trouble, Visit,
};
pub use self::rows::{Became, Changed, Choices, Found, PostsQuery, Rows, Stored, Unanswered};
pub use self::subscribed::Subscribed;
use crate::plan::Plan;
use crate::store::model::{IncidentRow, PostRow, WatchRow};
use crate::store::{IncidentQuery, PostQuery};

/// Incidents on the first page.
const INCIDENTS: usize = 20;
/// Posts of each of them that are looked at for evidence and growth.
const GLANCE: usize = 40;
/// Latest posts on the first page.
const LATEST: usize = 12;
/// Newest notices that the first page chooses from.
const NOTICES: usize = 50;
/// Notices to people on the first page.
const TOLD: usize = 6;
/// What grows that the first page shows.
const RISEN: usize = 4;
/// Incidents on a page of `/incidents`.
const LIST: usize = 30;
/// Posts on a page of `/posts`.
const PAGE: usize = 40;
/// How far back a topic that was full is told, in seconds: as long as what is over is kept by default.
const FULL: i64 = 7 * 86_400;
/// Posts on the page of an incident.
const WHOLE: usize = 200;
/// Watches whose sweeps are drawn; those further down the list are only told.
const DRAWN: usize = 60;

/// What the daemon hands the desk.
pub struct App {
    /// Where it reads.
    pub rows: Arc<dyn Rows>,
    /// Whose desk it is.
    pub organisation: Organisation,
    /// Now, from the one clock of the daemon.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Seconds by which the machine's clock is ahead of that one, or behind it, where it is not followed; else 0.
    pub off: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// Which days are worked.
    pub calendar: Calendar,
    /// Why the store cannot write at present; `None` when it can.
    pub writable: Arc<dyn Fn() -> Option<String> + Send + Sync>,
    /// The number of the newest commit; pages are told when it changes.
    pub changes: watch::Receiver<u64>,
    /// When the scheduler last looked at its watches; 0 before the first time.
    pub pulse: Arc<AtomicI64>,
    /// Everything shown comes from the bundled recording.
    pub demo: bool,
    /// The plan in force: what clocks are called.
    pub plan: Arc<Plan>,
    /// This is a drill: every page says so.
    pub drill: bool,
    /// Host names besides the loopback ones under which the desk is asked for.
    pub hosts: Vec<String>,
}

/// What pages say about the organisation.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// Its name.
    pub name: String,
    /// The zone in which pages tell times.
    pub zone: TimeZone,
}

/// Why the desk does not open.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The operator must bind it to a loopback address.
    #[error("only loopback addresses until sign-in exists, such as 127.0.0.1:8420: {0}")]
    NotLoopback(SocketAddr),
    /// The listener failed.
    #[error("listener failed: {0}")]
    Listen(#[from] std::io::Error),
}

/// Serves the desk until `stop` resolves; then open requests end and `/events` closes.
///
/// # Errors
/// [`ServeError::NotLoopback`] when the listener is reachable from elsewhere.
pub async fn serve(
    listener: TcpListener,
    app: App,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let address = listener.local_addr()?;
    if !guard::is_loopback(address) {
        return Err(ServeError::NotLoopback(address));
    }
    let (stopping, stopped) = watch::channel(false);
    let ending = async move {
        stop.await;
        // Nobody listens for it when no page is open.
        stopping.send_replace(true);
    };
    axum::serve(stall::Guarded(listener), router(app, stopped)).with_graceful_shutdown(ending).await?;
    Ok(())
}

/// What every handler shares.
struct Desk {
    app: App,
    stop: watch::Receiver<bool>,
    seats: Arc<Semaphore>,
    month: Keeper,
}

fn router(app: App, stop: watch::Receiver<bool>) -> Router {
    let desk = Arc::new(Desk { app, stop, seats: Arc::new(Semaphore::new(live::SEATS)), month: Keeper::default() });
    Router::new()
        .route("/", get(home))
        .route("/incidents", get(incidents))
        .route("/incidents/{id}", get(incident))
        .route("/posts", get(posts))
        .route("/watches", get(watches))
        .route("/coverage", get(hearing::coverage))
        .route("/sweeps", get(hearing::sweeps))
        .route("/sweeps.csv", get(hearing::csv))
        .route("/sweeps.xlsx", get(hearing::xlsx))
        .route("/assets/{file}", get(asset::asset))
        .route("/events", get(live::events))
        .route("/feeds/{token}/{file}", get(subscribed::feed))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .fallback(missing)
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(Arc::clone(&desk), guard::guard))
        .with_state(desk)
}

/// Why a page is not shown.
#[derive(Debug, thiserror::Error)]
enum Refused {
    /// The asker can do something about it.
    #[error("{0:?}")]
    Trouble(Trouble),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] Unanswered),
    /// The template did not render.
    #[error("page does not render: {0}")]
    Page(#[from] askama::Error),
}

impl Desk {
    /// Reads and renders in a blocking thread; a panic there is a page of its own.
    async fn show<F>(self: Arc<Self>, asked: Asked, read: F) -> Response
    where
        F: FnOnce(&dyn Rows, &Visit) -> Result<String, Refused> + Send + 'static,
    {
        let lang = asked.lang;
        let work = move || {
            let visit = self.visit(asked);
            read(self.app.rows.as_ref(), &visit)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(html)) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
            Ok(Err(Refused::Trouble(trouble))) => troubled(lang, trouble),
            Ok(Err(error)) => {
                tracing::error!(%error, "page not shown");
                troubled(lang, Trouble::Ours)
            }
            Err(error) => {
                tracing::error!(%error, "page not shown");
                troubled(lang, Trouble::Ours)
            }
        }
    }

    fn duties(&self, rows: &dyn Rows, visit: &Visit) -> Result<Duties, Unanswered> {
        let today = jiff::Timestamp::from_second(visit.now).map(|at| at.to_zoned(visit.zone.clone()).date());
        let (unacknowledged, escalated) = rows.unacknowledged(page::ESCALATED)?;
        let governed = unacknowledged.into_iter().map(|one| {
            let plan = rows.governing(one.incident)?;
            Ok((one, plan))
        });
        Ok(Duties {
            unacknowledged: governed.collect::<Result<_, Unanswered>>()?,
            escalated,
            clock: (self.app.off)(),
            year: today.ok().and_then(|today| self.app.calendar.missing(today)),
        })
    }

    fn visit(&self, asked: Asked) -> Visit {
        Visit {
            lang: asked.lang,
            path: asked.path,
            organisation: self.app.organisation.name.clone(),
            zone: self.app.organisation.zone.clone(),
            now: (self.app.clock)(),
            demo: self.app.demo,
            plan: Arc::clone(&self.app.plan),
            drill: self.app.drill,
        }
    }
}

/// What a request says about its sender.
struct Asked {
    lang: Lang,
    path: String,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self { lang: guard::language(&parts.headers), path: guard::without_lang(&parts.uri) })
    }
}

fn troubled(lang: Lang, trouble: Trouble) -> Response {
    let status = StatusCode::from_u16(trouble.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match page::trouble(lang, trouble) {
        Ok(html) => (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(_) => status.into_response(),
    }
}

async fn missing(asked: Asked) -> Response {
    troubled(asked.lang, Trouble::Missing)
}

async fn home(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let query = IncidentQuery { limit: Some(INCIDENTS), ..IncidentQuery::default() };
        let incidents = glanced(rows, rows.incidents(&query)?)?;
        let commit = *ours.app.changes.borrow();
        let month = Some(ours.month.month(rows, commit, visit.now, &visit.zone)?);
        let latest = PostQuery { limit: Some(LATEST), ..PostQuery::default() };
        let posts = rows.posts(&PostsQuery { list: latest, ..PostsQuery::default() })?;
        let posts = posts.posts.into_iter().map(|(post, _)| post).collect();
        let (watches, notices) = (swept(rows, visit.now)?, rows.notices(NOTICES)?);
        let (figures, risen) = (rows.figures()?, rows.risen(visit.now, RISEN)?);
        let told = ToldRows { newest: rows.told(TOLD)?, health: rows.outbox_health(visit.now)? };
        let duties = ours.duties(rows, visit)?;
        Ok(page::home(visit, &HomeRows { figures, incidents, posts, watches, month, notices, risen, told, duties })?)
    })
    .await
}

/// Incidents with some of their posts, for evidence and growth.
fn glanced(rows: &dyn Rows, incidents: Vec<IncidentRow>) -> Result<Vec<(IncidentRow, Vec<PostRow>)>, Unanswered> {
    let glance = |incident: IncidentRow| {
        let posts = rows.posts_of(incident.id, GLANCE)?;
        Ok((incident, posts))
    };
    incidents.into_iter().map(glance).collect()
}

async fn incidents(State(desk): State<Arc<Desk>>, RawQuery(query): RawQuery, asked: Asked) -> Response {
    desk.show(asked, move |rows, visit| {
        let wanted = page::asked_for(query.as_deref().unwrap_or_default());
        let mut asked = wanted.ok_or(Refused::Trouble(Trouble::Address))?;
        asked.limit = Some(LIST + 1);
        let mut incidents = rows.incidents(&asked)?;
        let more = incidents.len() > LIST;
        incidents.truncate(LIST);
        let incidents = glanced(rows, incidents)?;
        let (figures, watches) = (rows.figures()?, rows.watches()?);
        Ok(page::incidents(visit, &ListRows { figures, watches, asked, incidents, more })?)
    })
    .await
}

async fn incident(State(desk): State<Arc<Desk>>, Path(id): Path<String>, asked: Asked) -> Response {
    desk.show(asked, move |rows, visit| {
        let missing = || Refused::Trouble(Trouble::Missing);
        let id = id.parse().map_err(|_| missing())?;
        let incident = rows.incident(id)?.ok_or_else(missing)?;
        let posts = rows.posts_of(id, WHOLE)?;
        let (watches, lives, reach) = (rows.watches()?, rows.lives(&posts)?, rows.reach(id)?);
        let (figures, course, opinion) = (rows.figures()?, rows.course(id)?, rows.opinion(id)?);
        let (plan, disclosures) = (rows.governing(id)?, rows.disclosures(id)?);
        let told = IncidentRows { figures, watches, incident, posts, lives, course, reach, opinion, plan, disclosures };
        Ok(page::incident(visit, &told)?)
    })
    .await
}

async fn posts(State(desk): State<Arc<Desk>>, RawQuery(query): RawQuery, asked: Asked) -> Response {
    desk.show(asked, move |rows, visit| {
        let asked = PostsAsked::of(query.as_deref().unwrap_or_default());
        let asked = asked.ok_or(Refused::Trouble(Trouble::Address))?;
        let found = rows.posts(&asked.query(&visit.zone, PAGE))?;
        let (figures, watches, choices) = (rows.figures()?, rows.watches()?, rows.choices()?);
        let full = rows.full_days(visit.now - FULL)?;
        Ok(page::posts(visit, &PostsRows { figures, watches, choices, full, asked, found })?)
    })
    .await
}

async fn watches(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    desk.show(asked, |rows, visit| {
        let offset = jiff::Timestamp::from_second(visit.now).map_or(0, |at| visit.zone.to_offset(at).seconds());
        let services = rows.services(budget::day(visit.now, offset))?;
        Ok(page::watches(visit, rows.figures()?, &swept(rows, visit.now)?, &rows.permissions()?, &services)?)
    })
    .await
}

/// All watches in the order of the page, the first of them with their sweeps.
fn swept(rows: &dyn Rows, now: Timestamp) -> Result<Vec<SweptWatch>, Unanswered> {
    let mut watches: Vec<WatchRow> = rows.watches()?;
    watches.retain(|w| !w.watch.recorded);
    page::order(&mut watches, now);
    let with_sweeps = |(at, row): (usize, WatchRow)| {
        let sweeps = if at < DRAWN { rows.sweeps(&row.watch.id, page::SWEEPS)? } else { Vec::new() };
        Ok(SweptWatch { row, sweeps })
    };
    watches.into_iter().enumerate().map(with_sweeps).collect()
}
