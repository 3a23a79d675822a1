//! The web itself.
//!
//! Each hop of a request goes the same way: grant, guard, robots.txt, pace,
//! then one exchange within limits. Redirects are followed here and not by the
//! client, so that no hop escapes that. A page that the site cannot give just now is asked for again, at most
//! twice, and only where the site wants no longer pause than [`Limits::patience`]; otherwise its host rests, for every watch.
//!
//! There are two clients, which share nothing. The public one resolves
//! names by a resolver that refuses every address the guard refuses, and connects to
//! what that resolver returned, so a name cannot change its mind between
//! check and use. The private one resolves freely and serves only the pairs that
//! the operator listed. The client does not ask a resolver about
//! addresses in a URL; those the guard checks before.
//!
//! Two things leave that are no pages: a notice to a robot or a webhook ([`Live::deliver`]) and a letter ([`Live::mail`]). Both
//! go where the operator said and nowhere else: past the same guard, without robots.txt, redirects, cookies or a recording.
//! Plugins come from registries and go to them ([`Live::pull`], [`Live::push`]), past the guard at every hop.
//!
//! Given up: `http/3`; zstd; ranges; a body that is larger than the limit is refused, not cut. An answer that says only
//! that nothing has changed (304) is not recorded, for no page could be read from it.

mod client;
mod deliver;
mod hop;
mod mail;
mod registry;
mod settings;

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use caifeng_plugin_host::contract::{Method, Request, Timestamp};
use reqwest::Client;
use reqwest::header::{HeaderMap, HeaderValue};
use url::Url;

pub use self::client::{Looking, Lookup};
use self::client::{Resolver, client};
pub use self::deliver::{Answered, Undelivered};
use self::hop::{Body, Hop, guest_fields};
pub use self::mail::{MailServer, Unposted};
pub use self::registry::Kept;
pub use self::settings::{Limits, Settings, user_agent};
use super::guard::{Policy, Refusal};
use super::pace::{Pace, Turn};
use super::permit::permit;
use super::replay::decoded;
use super::validator::Validator;
use super::{Allow, FetchError, Fetched, MAX_HOPS, Session, address, allowed, allowed_after, kept, redirect, robots};
use super::{Spent, settle};
use crate::evidence::warc::{Exchange, Sent, field};

/// Tells the time; the daemon passes its clock.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Fetches from the web.
pub struct Live {
    public: Client,
    private: Client,
    settings: Settings,
    pace: Pace,
    robots: robots::Cache,
    lookup: Lookup,
    now: Now,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("settings", &self.settings).field("pace", &self.pace).finish_non_exhaustive()
    }
}

impl Live {
    /// A fetcher that resolves names as the system does.
    ///
    /// # Errors
    /// The client cannot be set up. Missing root certificates are not one: without them, https sites are not read.
    pub fn new(settings: Settings, now: Now) -> Result<Self, FetchError> {
        let lookup: Lookup =
            Arc::new(|name| Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) }));
        Self::with_lookup(settings, now, lookup)
    }

    /// A fetcher with its own resolver.
    ///
    /// # Errors
    /// As [`Live::new`].
    pub fn with_lookup(settings: Settings, now: Now, lookup: Lookup) -> Result<Self, FetchError> {
        super::install_tls();
        let public = client(&settings, Resolver { lookup: Arc::clone(&lookup), checked: true })?;
        let private = client(&settings, Resolver { lookup: Arc::clone(&lookup), checked: false })?;
        let pace = Pace::new(settings.at_once, settings.limits.patience);
        let robots = robots::Cache::new(&settings.user_agent);
        Ok(Self { public, private, settings, pace, robots, lookup, now })
    }

    /// Asks for one page.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn fetch(
        &self,
        session: &mut Session,
        request: &Request,
        allow: Allow<'_>,
    ) -> Result<Fetched, FetchError> {
        let known = session.known.take();
        let mut hop = Hop::first(address(&request.url)?, request.method.clone());
        let fields = guest_fields(&request.headers)?;
        for _ in 0..=MAX_HOPS {
            match hop.from {
                None => allowed(&hop.url, allow)?,
                Some(_) => allowed_after(&hop.url, allow)?,
            }
            hop.check(self.policy(session))?;
            let wanted = self.rules(&hop.url, session).await?;
            let asked = known.as_ref().filter(|_| hop.from.is_none());
            let limit = Body::Refused(self.settings.limits.body);
            let (exchange, cookies) = self.tried(&hop, &fields, asked, session, limit, wanted).await?;
            for cookie in &cookies {
                session.cookies.set(&hop.url, cookie);
            }
            match redirect(&hop.url, exchange.status, &exchange.headers) {
                Some(next) => hop = hop.to(next?, exchange.status),
                None if exchange.status == 304 && asked.is_some() => {
                    return Err(FetchError::Unchanged { url: exchange.sent.url });
                }
                None => return finished(&hop, exchange),
            }
        }
        Err(FetchError::Network { detail: format!("more than {MAX_HOPS} redirects: {}", request.url) })
    }

    /// What may be reached beside the public web.
    fn policy(&self, session: &Session) -> &Policy {
        static PUBLIC: Policy = Policy { private: Vec::new() };
        if session.public_only { &PUBLIC } else { &self.settings.policy }
    }

    /// Whether the site lets robots read this address, and the pause that it wants.
    async fn rules(&self, url: &Url, session: &Session) -> Result<Duration, FetchError> {
        if permit(&self.settings.permitted, url).is_some() {
            return Ok(Duration::ZERO);
        }
        self.robots.check(url, |file| self.robots_file(file, session)).await
    }

    async fn robots_file(&self, file: Url, crawl: &Session) -> robots::Asked {
        // Its own session: no cookie says who reads the rules.
        let mut session = Session {
            pace: crawl.pace,
            recorder: crawl.recorder.clone(),
            public_only: crawl.public_only,
            ..Session::default()
        };
        let mut hop = Hop::first(file, Method::Get);
        for _ in 0..=MAX_HOPS {
            hop.check(self.policy(&session))?;
            let limit = Body::Cut(robots::MAX_BYTES);
            let (exchange, _) = self.tried(&hop, &HeaderMap::new(), None, &mut session, limit, Duration::ZERO).await?;
            match redirect(&hop.url, exchange.status, &exchange.headers) {
                Some(next) => hop = hop.to(next?, exchange.status),
                None => {
                    settle(exchange.status, &exchange.headers, exchange.date)?;
                    return Ok((exchange.status, exchange.body));
                }
            }
        }
        // RFC 9309 §2.3.1.2: as if there were no file.
        Ok((404, Vec::new()))
    }

    /// An exchange, and again where the site could not answer just now. A host that asks for rest gets it from every watch.
    async fn tried(
        &self,
        hop: &Hop,
        fields: &HeaderMap,
        known: Option<&Validator>,
        session: &mut Session,
        body: Body,
        wanted: Duration,
    ) -> Result<(Exchange, Vec<String>), FetchError> {
        let mut left = if hop.method == Method::Get { AGAIN } else { 0 };
        loop {
            let (exchange, cookies) = self.exchange(hop, fields, known, session, body, wanted).await?;
            let patience = self.settings.limits.patience;
            match settle(exchange.status, &exchange.headers, exchange.date) {
                Err(error @ FetchError::RetryAfter { status, wait }) => {
                    self.pace.rest(&self.queue(&hop.url), status, wait);
                    if left == 0 || wait > patience {
                        return Err(error);
                    }
                }
                Err(FetchError::Faulty { .. }) if left > 0 => {}
                Err(error @ FetchError::Faulty { .. }) => return Err(error),
                // Other statuses are judged where it is known what was asked.
                _ => return Ok((exchange, cookies)),
            }
            left -= 1;
        }
    }

    /// What the pace counts by: a host has one, however its name is written; a permit with a pace of its own, too.
    fn queue(&self, url: &Url) -> String {
        let own = permit(&self.settings.permitted, url).filter(|permit| permit.pace.is_some());
        own.map_or_else(|| host_of(url), |permit| permit.host.to_string())
    }

    async fn turn(&self, url: &Url, session: &Session, wanted: Duration) -> Result<Turn, FetchError> {
        let own = permit(&self.settings.permitted, url).and_then(|permit| permit.pace);
        let floor = match own {
            Some(own) => own,
            // Where the operator switches pausing off for everybody, nobody else can switch it on.
            None if self.settings.pace.is_zero() => Duration::ZERO,
            None => self.settings.pace.max(session.pace).max(wanted),
        };
        let turn = self.pace.turn(&self.queue(url), floor).await;
        turn.map_err(|resting| FetchError::RetryAfter { status: resting.status, wait: resting.wait })
    }

    /// One request and its answer, in turn and within limits; also the cookies that it sets.
    async fn exchange(
        &self,
        hop: &Hop,
        fields: &HeaderMap,
        known: Option<&Validator>,
        session: &mut Session,
        body: Body,
        wanted: Duration,
    ) -> Result<(Exchange, Vec<String>), FetchError> {
        let private = hop.check(self.policy(session))?;
        let turn = self.turn(&hop.url, session, wanted).await?;
        if private {
            tracing::info!(url = %hop.url, "private address reached: [network] private lists it");
        }
        let asking = self.asking(hop, fields, known, session, private);
        session.spent.requests += 1;
        let after = self.settings.limits.total;
        let answer = self.answer(asking, body, &mut session.spent);
        let answered = tokio::time::timeout(after, answer).await.unwrap_or(Err(FetchError::TimedOut { after }));
        turn.answered(answered.as_ref().is_ok_and(|(exchange, _)| matches!(exchange.status, 200 | 304)));
        let (mut exchange, cookies) = answered?;
        exchange.headers.iter_mut().for_each(|(_, value)| session.credentials.scrub_text(value));
        session.credentials.scrub(&mut exchange.body);
        if exchange.status != 304 {
            record(session, &exchange)?;
        }
        Ok((exchange, cookies))
    }

    /// The request as it is written down, and as it is sent.
    fn asking(
        &self,
        hop: &Hop,
        fields: &HeaderMap,
        known: Option<&Validator>,
        session: &Session,
        private: bool,
    ) -> Asking {
        let mut fields = fields.clone();
        if hop.method == Method::Get {
            fields.remove(reqwest::header::CONTENT_TYPE);
        }
        if let Some(known) = known {
            known.ask(&mut fields);
        }
        let sent = hop.sent(&fields, &self.settings.user_agent);
        let cookie = session.cookies.header(&hop.url).and_then(|text| HeaderValue::from_str(&text).ok());
        if let Some(cookie) = cookie {
            fields.insert(reqwest::header::COOKIE, cookie);
        }
        let mut url = hop.url.clone();
        if !hop.away && (private || url.scheme() == "https") {
            session.credentials.attach(&mut url, &mut fields);
        }
        let client = if private { &self.private } else { &self.public };
        let request = match &hop.method {
            Method::Get => client.get(url),
            Method::Post(body) => client.post(url).body(body.clone()),
        };
        Asking { sent, request: request.headers(fields) }
    }

    async fn answer(
        &self,
        asking: Asking,
        limit: Body,
        spent: &mut Spent,
    ) -> Result<(Exchange, Vec<String>), FetchError> {
        let Asking { sent, request } = asking;
        let failed = |error| self.failed(&error);
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let headers = self.fields(response.headers())?;
        let announced = response.content_length().unwrap_or(0);
        if limit.exceeded(announced) {
            return Err(limit.error());
        }
        // What is announced is believed only as far as it costs little.
        let mut body = Vec::with_capacity(usize::try_from(announced).map_or(0, |bytes| bytes.min(ANNOUNCED)));
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            spent.bytes += chunk.len() as u64;
            body.extend_from_slice(&chunk);
            if limit.exceeded(body.len() as u64) {
                return Err(limit.error());
            }
            if limit.cut(&mut body) {
                break;
            }
        }
        let cookies = headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value.clone()).collect();
        // The client undoes the codings that it asked for and takes the field away.
        if let Some(coding) =
            field(&headers, "content-encoding").filter(|coding| !coding.eq_ignore_ascii_case("identity"))
        {
            return Err(FetchError::Network {
                detail: format!("answer in a content-encoding that nobody asked for: {coding}"),
            });
        }
        Ok((Exchange { date: (self.now)(), sent, status, headers: kept(headers), body }, cookies))
    }

    fn fields(&self, headers: &HeaderMap) -> Result<Vec<(String, String)>, FetchError> {
        let Limits { fields, head, .. } = self.settings.limits;
        let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if headers.len() > fields || size > head {
            return Err(FetchError::TooLarge { what: format!("{fields} header fields of {head} bytes together") });
        }
        Ok(headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect())
    }

    /// What an error of the client means: its chain of causes says.
    fn failed(&self, error: &reqwest::Error) -> FetchError {
        let mut causes = Vec::new();
        let mut next: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
        while let Some(cause) = next {
            if let Some(refusal) = cause.downcast_ref::<Refusal>() {
                return refusal.clone().into();
            }
            causes.push(cause.to_string());
            next = cause.source();
        }
        if error.is_timeout() {
            return FetchError::TimedOut { after: self.settings.limits.connect };
        }
        if causes.iter().any(|cause| cause.contains("message head is too large")) {
            return FetchError::TooLarge { what: format!("{} header fields", self.settings.limits.fields) };
        }
        FetchError::Network { detail: causes.pop().unwrap_or_else(|| "connection failed".to_owned()) }
    }
}

/// A request on its way: how it is recorded, and what is sent.
struct Asking {
    sent: Sent,
    request: reqwest::RequestBuilder,
}

/// Bytes of an announced body that are made room for at once.
const ANNOUNCED: usize = 256 << 10;

/// How often a page is asked for again that the site could not give.
const AGAIN: u32 = 2;

fn finished(hop: &Hop, last: Exchange) -> Result<Fetched, FetchError> {
    settle(last.status, &last.headers, last.date)?;
    let own = hop.from.is_none() && hop.method == Method::Get && last.status == 200;
    let validator = own.then(|| Validator::of(&last.headers, last.date)).flatten();
    let fetched = decoded(&last.sent.url, last.status, last.headers, &last.body, last.date);
    Ok(Fetched { validator, ..fetched })
}

/// Hands an exchange to the recorder of the crawl, if it has one.
pub(super) fn record(session: &Session, exchange: &Exchange) -> Result<(), FetchError> {
    let Some(recorder) = &session.recorder else { return Ok(()) };
    let mut recorder = recorder.lock().unwrap_or_else(PoisonError::into_inner);
    let written = recorder.write(exchange);
    written.map_err(|error| FetchError::Network { detail: format!("the recording cannot be written: {error}") })
}

impl From<Refusal> for FetchError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { why: refusal.to_string() }
    }
}

fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
