//! What every handler shares: reading, acting, and saying what came of it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use tokio::sync::{Semaphore, mpsc, watch};

use super::access::{self, Access, Standing, Visitor};
use super::crowd::Crowd;
use super::door::Door;
use super::metrics::Counted;
use super::month::Keeper;
use super::page::{self, Duties, Trouble, Visit};
use super::presence::Presence;
use super::room::public::Shown;
use super::streamed::streamed;
use super::whispers::Whispers;
use super::{App, Rows, Unanswered, alone, guard, routes, troubled};
use crate::backup::kept::Backups;
use crate::config::edit::Change;
use crate::configuring::Configuring;
use crate::control::{Asked as Order, Line, Owner, Refusal};
use crate::fetch::secrets::NewSecrets;
use crate::handling::handout::Parcel;
use crate::handling::{Deed, Outcome, What, document};
use crate::lang::{Lang, refusal};
use crate::plugins::install::Offer;
use crate::plugins::trials::Trials;
use crate::store::model::{IncidentRow, LabelBy};
use crate::store::{Caller, IncidentQuery, Reader, StoreError};
use crate::user::right::Act;
use crate::user::session::Holder;
use crate::user::token::{Token, TokenId};

/// What parcels are.
pub(super) const ZIP: &str = "application/zip";
/// The cookie by which a page that somebody is led to says once what was done.
const SAID: &str = "caifeng_said";
/// The cookie in which `page.js` says where the reader is.
const ZONE: &str = "caifeng_zone";

/// The app, and what the open pages share.
pub(super) struct Desk {
    pub(super) app: App,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) seats: Arc<Semaphore>,
    pub(super) seats_of_addresses: Arc<Crowd<IpAddr>>,
    pub(super) seats_of_sessions: Arc<Crowd<TokenId>>,
    pub(super) month: Keeper,
    pub(super) whispers: Whispers,
    pub(super) shown: Shown,
    pub(super) door: Door,
    pub(super) counted: Counted,
    /// Copies of everything.
    pub(super) backups: Backups,
    /// Score cards of plugins.
    pub(super) trials: Trials,
    /// A plugin that somebody handed in.
    pub(super) offered: Mutex<Option<Arc<Offer>>>,
    /// One list of posts is written at a time.
    pub(super) lists: Arc<Semaphore>,
    /// Who is writing where.
    pub(super) presence: Presence,
}

/// Why a page is not shown, or something was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// The asker can do something about it.
    #[error("{0:?}")]
    Trouble(Trouble),
    /// It may not be, or not so; the words say who must act.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] Unanswered),
    /// The template did not render.
    #[error("page does not render: {0}")]
    Page(#[from] askama::Error),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(Unanswered(error.to_string()))
    }
}

/// Where somebody is led after something was done, and what is said there.
pub(super) struct Done {
    /// A path of the desk.
    pub(super) to: String,
    /// A key of the catalogue that begins with `done.`.
    pub(super) said: &'static str,
}

impl Done {
    /// Leads to `to`, where the words of a key `done.…` are said.
    pub(super) fn new(to: impl Into<String>, said: &'static str) -> Self {
        Self { to: to.into(), said }
    }
}

/// What a request says about its sender.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The language they read.
    pub(super) lang: Lang,
    /// Path and query without `lang`.
    pub(super) path: String,
    /// Who they are.
    pub(super) visitor: Visitor,
    /// What was done just before: a key below `done.`.
    pub(super) said: Option<String>,
    /// Where the browser says that they are.
    pub(super) zone: Option<TimeZone>,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self {
            lang: guard::language(&parts.headers),
            path: guard::without_lang(&parts.uri),
            visitor: parts.extensions.get::<Visitor>().cloned().unwrap_or_default(),
            said: said(&parts.headers),
            zone: zone(&parts.headers),
        })
    }
}

/// A zone by its name in the data base; whatever else stands there says nothing.
fn zone(headers: &HeaderMap) -> Option<TimeZone> {
    let name = headers.get_all(header::COOKIE).iter().find_map(|field| access::cookie(field.to_str().ok()?, ZONE))?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'+' | b'-');
    (name.len() <= 40 && name.bytes().all(fits)).then(|| TimeZone::get(name).ok())?
}

/// Only our own words are said: what the cookie holds is a key.
fn said(headers: &HeaderMap) -> Option<String> {
    let key = headers.get_all(header::COOKIE).iter().find_map(|field| access::cookie(field.to_str().ok()?, SAID))?;
    (!key.is_empty() && key.len() <= 40 && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
        .then(|| key.to_owned())
}

impl Desk {
    /// Who is known by a token, and whether reading takes nobody in particular.
    pub(super) async fn standing(
        self: Arc<Self>,
        token: Option<Token>,
        access: Access,
    ) -> Result<Standing, Unanswered> {
        if access == Access::Everybody && token.is_none() {
            return Ok(Standing { open: true, ..Standing::default() });
        }
        let work = move || {
            let clerk = &self.app.owner.clerk;
            let failed = |error: StoreError| Unanswered(error.to_string());
            // What a demo shows is invented; anything else is for whoever is known, from the first day on.
            let open = self.app.demo;
            let Some(token) = token else { return Ok(Standing { open, ..Standing::default() }) };
            let holder = clerk.reader.holder(&token, (self.app.clock)()).map_err(failed)?;
            if let Holder::Known(known) = &holder {
                clerk.store.note_use(known, (self.app.clock)()).map_err(failed)?;
            }
            Ok(access::standing_of(holder, token, open))
        };
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(Unanswered(error.to_string())))
    }

    /// Reads and renders in a blocking thread; a panic there is a page of its own.
    pub(super) async fn show<F>(self: Arc<Self>, asked: Asked, read: F) -> Response
    where
        F: FnOnce(&dyn Rows, &Visit) -> Result<String, Refused> + Send + 'static,
    {
        let lang = asked.lang;
        let was_said = asked.said.is_some();
        let work = move || {
            let rows = self.rows(asked.visitor.user());
            let visit = self.visit(asked);
            read(rows.as_ref(), &visit)
        };
        let mut response = match tokio::task::spawn_blocking(work).await {
            Ok(Ok(html)) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
            Ok(Err(refused)) => refuse(lang, refused),
            Err(error) => {
                tracing::error!(%error, "page not shown");
                troubled(lang, Trouble::Ours)
            }
        };
        if was_said {
            let gone = HeaderValue::from_static("caifeng_said=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
            response.headers_mut().append(header::SET_COOKIE, gone);
        }
        response
    }

    /// What the store holds, as far as a user sees it, by identifier; `None`: as far as everybody does.
    pub(super) fn reader(&self, user: Option<&str>) -> Reader {
        self.app.owner.clerk.reader.seen_by(user)
    }

    /// The same for the machine itself, which everything is shown to: where nothing is told of incidents.
    pub(super) fn unveiled(&self) -> &Reader {
        &self.app.owner.clerk.reader
    }

    /// What pages read, as far as a user sees it, by identifier; `None`: as far as everybody does.
    pub(super) fn rows(&self, user: Option<&str>) -> Arc<dyn Rows> {
        self.app.rows.seen_by(user).unwrap_or_else(|| Arc::clone(&self.app.rows))
    }

    /// Does what somebody wants, and leads them on when it is on disk; a refusal is a page that says who must act.
    pub(super) async fn act(self: Arc<Self>, asked: Asked, act: What, done: impl FnOnce(&Outcome) -> Done) -> Response {
        let lang = asked.lang;
        match self.carry_out(&asked, act).await {
            Ok(outcome) => lead(&done(&outcome)),
            Err(refusal) => refuse(lang, Refused::Refusal(refusal)),
        }
    }

    /// Does what somebody wants; when it comes back it is on disk.
    pub(super) async fn carry_out(self: Arc<Self>, asked: &Asked, act: What) -> Result<Outcome, Refusal> {
        let deed = Deed { token: asked.visitor.token.clone(), act };
        let work = move || self.app.owner.clerk.carry_out(deed, self.app.account);
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(Refusal::Internal(error.to_string())))
    }

    /// Does something of the owner's in a blocking thread, as whoever asks.
    pub(super) async fn tend<T: Send + 'static>(
        self: Arc<Self>,
        asked: &Asked,
        work: impl FnOnce(&Owner, &Caller) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let caller = Caller { token: asked.visitor.token.clone(), account: self.app.account };
        let work = move || work(&self.app.owner, &caller);
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(Refusal::Internal(error.to_string())))
    }

    /// The same, and leads on when it is done; a refusal is a page that says who must act.
    pub(super) async fn tend_and_lead<T: Send + 'static>(
        self: Arc<Self>,
        asked: Asked,
        work: impl FnOnce(&Owner, &Caller) -> Result<T, Refusal> + Send + 'static,
        done: impl FnOnce(T) -> Done,
    ) -> Response {
        match self.tend(&asked, work).await {
            Ok(came) => lead(&done(came)),
            Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
        }
    }

    /// Keeps a file that somebody handed in; its SHA-256, in hex.
    pub(super) async fn keep(&self, file: Vec<u8>) -> Result<String, Refusal> {
        let folder = self.app.owner.clerk.directory.documents();
        let kept = tokio::task::spawn_blocking(move || document::keep_bytes(&folder, &file)).await;
        let failed = |error: &dyn std::fmt::Display| Refusal::Internal(format!("the file cannot be kept: {error}"));
        kept.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
    }

    /// Gives an order to the daemon; everything it told, when it is done.
    pub(super) async fn order(self: Arc<Self>, order: Order) -> Result<Vec<Line>, Refusal> {
        let (tell, mut told) = mpsc::channel(16);
        let ours = Arc::clone(&self);
        let work = async move { order.carry_out(&ours.app.owner, ours.app.account, &tell).await };
        let listen = async {
            let mut lines = Vec::new();
            while let Some(line) = told.recv().await {
                lines.push(line);
            }
            lines
        };
        let (outcome, lines) = tokio::join!(work, listen);
        outcome.map(|()| lines)
    }

    /// Changes the configuration, and leads on when it is in force.
    pub(super) async fn configure(self: Arc<Self>, asked: Asked, change: Change, done: Done) -> Response {
        let configure =
            Configuring { token: asked.visitor.token.clone(), configure: change, secrets: NewSecrets::default() };
        match self.order(Order::Configure(Box::new(configure))).await {
            Ok(_) => lead(&done),
            Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
        }
    }

    /// Incidents of a list, each with what shows best why its category is suggested.
    pub(super) fn told(
        &self,
        rows: &dyn Rows,
        query: &IncidentQuery,
    ) -> Result<Vec<(IncidentRow, Option<LabelBy>)>, Unanswered> {
        let commit = *self.app.changes.borrow();
        self.whispers.of(commit, rows.incidents(query)?, |id, category| rows.strongest(id, category))
    }

    /// What must be done before all else.
    pub(super) fn duties(&self, rows: &dyn Rows, visit: &Visit) -> Result<Duties, Unanswered> {
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
            plan: visit.may(Act::AdoptPlan) && self.unveiled().plan_proposal()?.is_some(),
            year: today.ok().and_then(|today| self.app.owner.setup.calendar.get().missing(today)),
        })
    }

    fn visit(&self, asked: Asked) -> Visit {
        let roles = asked.visitor.person.as_ref().map(|known| known.roles.as_slice());
        // What is shown at all is open to whoever is shown it.
        let open = |room: &page::Room| routes::leads_in(room.path(), roles);
        Visit {
            rooms: page::Room::ALL.into_iter().filter(open).collect(),
            lang: asked.lang,
            path: asked.path,
            organisation: self.app.organisation.get().name.clone(),
            reader: asked.zone.unwrap_or_else(|| self.app.organisation.get().zone()),
            zone: self.app.organisation.get().zone(),
            now: (self.app.clock)(),
            demo: self.app.demo,
            plan: self.app.owner.setup.plan.get(),
            drill: self.app.drill,
            // Whoever only looks is told of nobody.
            writers: if asked.visitor.person.is_some() { self.presence.writers() } else { Vec::new() },
            person: asked.visitor.person,
            said: asked.said.and_then(|key| asked.lang.known(&format!("done.{key}"))),
        }
    }
}

/// A file that a browser keeps: it opens it as no page of ours.
pub(super) struct Attached {
    /// Its media type.
    pub(super) kind: &'static str,
    /// Its name, of letters, figures, hyphens and points.
    pub(super) name: String,
    /// What is in it.
    pub(super) bytes: Vec<u8>,
}

/// Makes a file in a blocking thread and hands it out.
pub(super) async fn attach(lang: Lang, make: impl FnOnce() -> Result<Attached, Refused> + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(make).await {
        Ok(Ok(Attached { kind, name, bytes })) => {
            let how = format!("attachment; filename=\"{name}\"");
            ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, how)], bytes).into_response()
        }
        Ok(Err(refused)) => refuse(lang, refused),
        Err(error) => refuse(lang, Refused::Refusal(Refusal::Internal(error.to_string()))),
    }
}

/// Packs something in a blocking thread and hands it out as it is read from the disk.
pub(super) async fn hand(lang: Lang, pack: impl FnOnce() -> Result<Parcel, Refused> + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(pack).await {
        Ok(Ok(parcel)) => handed(parcel),
        Ok(Err(refused)) => refuse(lang, refused),
        Err(error) => refuse(lang, Refused::Refusal(Refusal::Internal(error.to_string()))),
    }
}

/// An archive that a browser keeps, part by part.
pub(super) fn handed(Parcel { name, file, length }: Parcel) -> Response {
    let how = format!("attachment; filename=\"{name}\"");
    let fields = [
        (header::CONTENT_TYPE, ZIP.to_owned()),
        (header::CONTENT_DISPOSITION, how),
        (header::CONTENT_LENGTH, length.to_string()),
    ];
    (fields, streamed(file)).into_response()
}

/// Leads a browser on after a form (303: the page is asked for, the form not sent again).
pub(super) fn lead(done: &Done) -> Response {
    let key = done.said.strip_prefix("done.").unwrap_or_default();
    let said = format!("{SAID}={key}; Path=/; Max-Age=30; HttpOnly; SameSite=Strict");
    let (Ok(to), Ok(said)) = (HeaderValue::from_str(own_path(&done.to)), HeaderValue::from_str(&said)) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    if !key.is_empty() {
        response.headers_mut().append(header::SET_COOKIE, said);
    }
    response
}

/// A place that somebody named, if it is one of ours; else the first page. `//host` and `/\\host` would leave for another site.
pub(super) fn own_path(place: &str) -> &str {
    let ours = place.starts_with('/')
        && !place.starts_with("//")
        && !place.contains('\\')
        && place.bytes().all(|b| b.is_ascii_graphic());
    if ours { place } else { "/" }
}

/// The page of a refusal.
pub(super) fn refuse(lang: Lang, refused: Refused) -> Response {
    match refused {
        Refused::Trouble(trouble) => troubled(lang, trouble),
        Refused::Refusal(Refusal::Usage(words)) => said_why(lang, StatusCode::UNPROCESSABLE_ENTITY, &words),
        Refused::Refusal(Refusal::Refused(words)) => said_why(lang, StatusCode::CONFLICT, &words),
        Refused::Refusal(Refusal::Denied(words)) => said_why(lang, StatusCode::FORBIDDEN, &words),
        error => {
            tracing::error!(%error, "page not shown");
            troubled(lang, Trouble::Ours)
        }
    }
}

fn said_why(lang: Lang, status: StatusCode, words: &str) -> Response {
    alone(page::refusal(lang, status.as_u16(), &refusal::told(lang, words)))
}
