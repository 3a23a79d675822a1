//! The web itself.
//!
//! Each hop of a request goes the same way: grant, guard, robots.txt, pace,
//! then one exchange within limits. Redirects are followed here and not by the
//! client, so that no hop escapes that.
//!
//! There are two clients, which share nothing. The public one resolves
//! names by a resolver that refuses every address the guard refuses, and connects to
//! what that resolver returned, so a name cannot change its mind between
//! check and use. The private one resolves freely and serves only the pairs that
//! the operator listed. The client does not ask a resolver about
//! addresses in a URL; those the guard checks before.
//!
//! Given up: `http/3`; ranges; a body that is larger than the limit is refused, not cut.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use caifeng_plugin_host::contract::{Method, Request, Timestamp};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, redirect::Policy as Redirects};
use url::Url;

use super::guard::{self, Policy, Refusal};
use super::pace::Pace;
use super::replay::decoded;
use super::{Allow, FetchError, Fetched, MAX_HOPS, Session, address, allowed, kept, redirect, robots, settle};
use crate::evidence::warc::{Exchange, Sent, field};

/// How the web is asked. One for a process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The whole field: name, version and how to reach the operator.
    pub user_agent: String,
    /// What may be reached beyond the public web.
    pub policy: Policy,
    /// What one answer may cost.
    pub limits: Limits,
    /// From one request to the next on the same host.
    pub pace: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user_agent: user_agent(None),
            policy: Policy::default(),
            limits: Limits::default(),
            pace: Duration::from_secs(2),
        }
    }
}

/// `Caifeng/0.1.0 (+contact)`: who asks, and whom a site may complain to.
#[must_use]
pub fn user_agent(contact: Option<&str>) -> String {
    let visible = |c: &char| c.is_ascii_graphic() && !matches!(c, '(' | ')');
    let contact: String = contact.unwrap_or_default().chars().filter(visible).collect();
    let version = env!("CARGO_PKG_VERSION");
    if contact.is_empty() { format!("Caifeng/{version}") } else { format!("Caifeng/{version} (+{contact})") }
}

/// What one answer may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// From the request to the last byte of one answer; waiting for a turn is not counted.
    pub total: Duration,
    /// Bytes of the body, decompressed.
    pub body: u64,
    /// Header fields.
    pub fields: usize,
    /// Bytes of all header fields.
    pub head: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(60),
            body: 16 << 20,
            fields: 100,
            head: 64 << 10,
        }
    }
}

/// Tells the time; the daemon passes its clock.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Resolves a name; the system's resolver unless a test brings its own.
pub type Lookup = Arc<dyn Fn(String) -> Looking + Send + Sync>;

/// The addresses of a name, later.
pub type Looking = Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send>>;

/// Fetches from the web.
pub struct Live {
    public: Client,
    private: Client,
    settings: Settings,
    pace: Pace,
    robots: robots::Cache,
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
        let private = client(&settings, Resolver { lookup, checked: false })?;
        let pace = Pace::new(settings.pace);
        let robots = robots::Cache::new(&settings.user_agent);
        Ok(Self { public, private, settings, pace, robots, now })
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
        let mut hop = Hop { url: address(&request.url)?, from: None, method: request.method.clone() };
        let fields = guest_fields(&request.headers)?;
        for _ in 0..=MAX_HOPS {
            allowed(&hop.url, allow)?;
            hop.check(&self.settings.policy)?;
            self.robots.check(&hop.url, |file| self.robots_file(file, session)).await?;
            let (exchange, cookies) =
                self.exchange(&hop, &fields, session, Body::Refused(self.settings.limits.body)).await?;
            for cookie in &cookies {
                session.cookies.set(&hop.url, cookie);
            }
            match redirect(&hop.url, exchange.status, &exchange.headers) {
                Some(next) => hop = hop.to(next?, exchange.status),
                None => return self.finished(exchange),
            }
        }
        Err(FetchError::Network { detail: format!("more than {MAX_HOPS} redirects: {}", request.url) })
    }

    fn finished(&self, last: Exchange) -> Result<Fetched, FetchError> {
        settle(last.status, &last.headers, last.date).inspect_err(|error| self.rest(&last.sent.url, error))?;
        Ok(decoded(&last.sent.url, last.status, last.headers, &last.body, last.date))
    }

    /// A host that asks for rest gets it from every watch.
    fn rest(&self, url: &str, error: &FetchError) {
        if let (Ok(url), FetchError::RetryAfter { status, wait }) = (Url::parse(url), error) {
            self.pace.rest(&host_of(&url), *status, *wait);
        }
    }

    async fn robots_file(&self, file: Url, crawl: &Session) -> robots::Asked {
        // Its own session: no cookie says who reads the rules.
        let session = Session { pace: crawl.pace, recorder: crawl.recorder.clone(), ..Session::default() };
        let mut hop = Hop { url: file, from: None, method: Method::Get };
        for _ in 0..=MAX_HOPS {
            hop.check(&self.settings.policy)?;
            let (exchange, _) = self.exchange(&hop, &HeaderMap::new(), &session, Body::Cut(robots::MAX_BYTES)).await?;
            match redirect(&hop.url, exchange.status, &exchange.headers) {
                Some(next) => hop = hop.to(next?, exchange.status),
                None => {
                    settle(exchange.status, &exchange.headers, exchange.date)
                        .inspect_err(|error| self.rest(&exchange.sent.url, error))?;
                    return Ok((exchange.status, exchange.body));
                }
            }
        }
        // RFC 9309 §2.3.1.2: as if there were no file.
        Ok((404, Vec::new()))
    }

    /// One request and its answer, in turn and within limits; also the cookies that it sets.
    async fn exchange(
        &self,
        hop: &Hop,
        fields: &HeaderMap,
        session: &Session,
        body: Body,
    ) -> Result<(Exchange, Vec<String>), FetchError> {
        let private = hop.check(&self.settings.policy)?;
        let turn = self.pace.turn(&host_of(&hop.url), session.pace).await;
        turn.map_err(|resting| FetchError::RetryAfter { status: resting.status, wait: resting.wait })?;
        if private {
            tracing::info!(url = %hop.url, "private address reached: [network] private lists it");
        }
        let client = if private { &self.private } else { &self.public };
        let after = self.settings.limits.total;
        let answer = self.answer(client, hop, fields, session, body);
        let (exchange, cookies) =
            tokio::time::timeout(after, answer).await.map_err(|_| FetchError::TimedOut { after })??;
        record(session, &exchange)?;
        Ok((exchange, cookies))
    }

    async fn answer(
        &self,
        client: &Client,
        hop: &Hop,
        fields: &HeaderMap,
        session: &Session,
        limit: Body,
    ) -> Result<(Exchange, Vec<String>), FetchError> {
        let mut fields = fields.clone();
        if hop.method == Method::Get {
            fields.remove(reqwest::header::CONTENT_TYPE);
        }
        let sent = hop.sent(&fields, &self.settings.user_agent);
        let cookie = session.cookies.header(&hop.url).and_then(|text| HeaderValue::from_str(&text).ok());
        if let Some(cookie) = cookie {
            fields.insert(reqwest::header::COOKIE, cookie);
        }
        let request = match &hop.method {
            Method::Get => client.get(hop.url.clone()),
            Method::Post(body) => client.post(hop.url.clone()).body(body.clone()),
        };
        let failed = |error| self.failed(&error);
        let mut response = request.headers(fields).send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let headers = self.fields(response.headers())?;
        let mut body = Vec::new();
        if limit.exceeded(response.content_length().unwrap_or(0)) {
            return Err(limit.error());
        }
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
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

/// What the pace counts by: a host has one, however its name is written.
fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().trim_end_matches('.').to_owned()
}

/// What happens to a body at its limit.
#[derive(Clone, Copy)]
enum Body {
    Refused(u64),
    Cut(u64),
}

impl Body {
    fn exceeded(self, size: u64) -> bool {
        matches!(self, Self::Refused(limit) if size > limit)
    }

    /// True when the body has all that it may have.
    fn cut(self, body: &mut Vec<u8>) -> bool {
        let Self::Cut(limit) = self else { return false };
        let full = body.len() as u64 >= limit;
        body.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        full
    }

    fn error(self) -> FetchError {
        let (Self::Refused(limit) | Self::Cut(limit)) = self;
        FetchError::TooLarge { what: format!("{limit} bytes") }
    }
}

/// One step of a request: where, how, and from where it was sent there.
struct Hop {
    url: Url,
    from: Option<Url>,
    method: Method,
}

impl Hop {
    fn check(&self, policy: &Policy) -> Result<bool, FetchError> {
        guard::check_url(&self.url, policy, self.from.as_ref()).map_err(FetchError::from)
    }

    /// RFC 9110 §15.4: 307 and 308 repeat the request, the others ask for a page.
    fn to(self, url: Url, status: u16) -> Self {
        let method = if matches!(status, 307 | 308) { self.method } else { Method::Get };
        Self { url, from: Some(self.url), method }
    }

    fn sent(&self, fields: &HeaderMap, user_agent: &str) -> Sent {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let mut headers = vec![("User-Agent".to_owned(), user_agent.to_owned())];
        headers.extend(fields.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))));
        let (method, body) = match &self.method {
            Method::Get => ("GET", Vec::new()),
            Method::Post(body) => ("POST", body.clone().into_bytes()),
        };
        Sent { method: method.to_owned(), url: self.url.to_string(), headers, body }
    }
}

/// Fields of a guest beyond this many are not a request for a page.
const MOST_FIELDS: usize = 32;

/// What a plugin may set: nothing that says who asks, proves it, or describes the transfer.
fn guest_fields(fields: &[(String, String)]) -> Result<HeaderMap, FetchError> {
    let refused = |what: &str| FetchError::Refused {
        why: format!("the plugin asks with a header field that cannot be sent: {what:?}"),
    };
    let mut map = HeaderMap::new();
    if fields.len() > MOST_FIELDS {
        return Err(refused("too many"));
    }
    for (name, value) in fields.iter().filter(|(name, _)| may_set(name)) {
        let name_ok = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused(name))?;
        let value = HeaderValue::from_str(value).map_err(|_| refused(name))?;
        map.append(name_ok, value);
    }
    Ok(map)
}

fn may_set(name: &str) -> bool {
    const HOSTS: [&str; 24] = [
        "accept-charset",
        "accept-encoding",
        "alt-used",
        "connection",
        "content-encoding",
        "content-length",
        "date",
        "expect",
        "forwarded",
        "from",
        "host",
        "http2-settings",
        "keep-alive",
        "max-forwards",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "true-client-ip",
        "upgrade",
        "user-agent",
        "via",
        "x-real-ip",
        "x-client-ip",
    ];
    const PREFIXES: [&str; 6] = ["proxy-", "x-forwarded", "sec-", "if-", "cf-", "x-http-method"];
    const CREDENTIALS: [&str; 9] =
        ["auth", "cookie", "token", "api-key", "apikey", "secret", "session", "password", "credential"];
    let name = name.to_ascii_lowercase();
    !HOSTS.contains(&&*name)
        && !PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        && !CREDENTIALS.iter().any(|part| name.contains(part))
}

#[expect(clippy::disallowed_methods, reason = "the one place that makes a client")]
fn client(settings: &Settings, resolver: Resolver) -> Result<Client, FetchError> {
    let limits = &settings.limits;
    let head = u32::try_from(limits.head).unwrap_or(u32::MAX);
    let resolver = Arc::new(resolver);
    let builder = || {
        Client::builder()
            .no_proxy()
            .redirect(Redirects::none())
            .referer(false)
            .user_agent(&settings.user_agent)
            .connect_timeout(limits.connect)
            .http1_max_headers(limits.fields)
            .http2_max_header_list_size(head)
            .pool_max_idle_per_host(1)
            .dns_resolver(Arc::clone(&resolver))
    };
    let failed = |error| FetchError::Network { detail: format!("the HTTP client cannot be set up: {error}") };
    builder().build().or_else(|error| {
        // A bare container has no root certificates: sites without TLS can still be read, the others say why not.
        tracing::warn!("no root certificates are installed, so no https site can be read: install them ({error})");
        builder().tls_certs_only([]).build().map_err(failed)
    })
}

/// Resolves names; when `checked`, to public addresses or not at all.
struct Resolver {
    lookup: Lookup,
    checked: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let looking = (self.lookup)(name.as_str().to_owned());
        let checked = self.checked;
        Box::pin(async move {
            let found = looking.await?;
            if checked {
                // One bad address among good ones is an attack or a mistake; neither is fetched.
                for address in &found {
                    guard::check_address(address.ip())?;
                }
            }
            let addrs: Addrs = Box::new(found.into_iter());
            Ok(addrs)
        })
    }
}

#[cfg(test)]
mod tests;
