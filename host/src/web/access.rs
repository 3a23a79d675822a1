//! Who may ask for a route, and who asks.
//!
//! Every route says in the [table](super::routes) whom it is for; [`enforce`] stands before each handler and is the only place
//! that decides. What a form does is decided once more, by the store, in the transaction that writes: a route that let
//! somebody through by mistake would still change nothing.
//!
//! A session is a cookie that scripts cannot read. In a demo, where all is invented, whoever reaches this machine may
//! read; nobody acts without a session, and anywhere else nobody reads without one, from the first start on. The token of a
//! program opens the API and the figures of the machine, within its scopes, and never a page.
//!
//! What somebody typed into a form is not lost when their session is over: they sign in on the page that says so, and send
//! it again with one click.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::api::{self, Problem};
use super::desk::Desk;
use super::page::{self, SignIn, Trouble};
use super::{guard, html, troubled};
use crate::incident::event::Role;
use crate::user::Realm;
use crate::user::right::Act;
use crate::user::scope::Scope;
use crate::user::session::{Holder, Keeper, Known};
use crate::user::throttle::Place;
use crate::user::token::Token;

/// The cookie that holds a session.
pub(super) const COOKIE: &str = "caifeng_session";
/// The cookie by which a browser is known in which somebody has signed in.
pub(super) const BROWSER: &str = "caifeng_browser";
/// Where the figures of the machine are.
const METRICS: &str = "/metrics";
/// Most bytes of a form that is handed over a sign-in.
const TYPED: usize = 256 << 10;

/// Whom a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Anybody who reaches the listener.
    Everybody,
    /// Anybody who is signed in.
    Signed,
    /// Whoever belongs to one of these realms; also whoever only reads, in a demo.
    Realms(&'static [Realm]),
    /// Whoever has a role that includes it.
    Able(Act),
    /// Whoever is signed in, a program with the scope, and whoever asks from this machine itself: figures of the machine.
    Machine,
    /// Whoever has a role that includes one of these: rights of different realms, or what is asked for decides which.
    AbleToAny(&'static [Act]),
}

/// Why somebody is not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Barred {
    /// Nobody is signed in.
    Unknown,
    /// It is for others.
    Other,
}

impl Access {
    /// Whether it is for these roles. `None`: nobody is signed in; `open`: then reading is for everybody.
    pub(super) fn admits(self, roles: Option<&[Role]>, reading: bool, open: bool) -> Result<(), Barred> {
        let admitted = match (self, roles) {
            (Self::Everybody, _) => true,
            (Self::Realms(_) | Self::Machine, None) if reading && open => true,
            (_, None) => return Err(Barred::Unknown),
            (Self::Signed | Self::Machine, Some(_)) => true,
            (Self::Realms(realms), Some(roles)) => roles.iter().any(|role| realms.contains(&Realm::of(*role))),
            (Self::Able(act), Some(roles)) => roles.iter().any(|role| act.is_for(*role)),
            (Self::AbleToAny(acts), Some(roles)) => roles.iter().any(|role| acts.iter().any(|act| act.is_for(*role))),
        };
        if admitted { Ok(()) } else { Err(Barred::Other) }
    }
}

/// Who asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Visitor {
    /// The person, when one is signed in.
    pub(super) person: Option<Known>,
    /// What they are known by: handed to the clerk, and nowhere else.
    pub(super) token: Option<Token>,
}

impl Visitor {
    /// The person's identifier, when one is signed in.
    pub(super) fn user(&self) -> Option<&str> {
        self.person.as_ref().map(|known| known.user.as_str())
    }

    /// Whether a person is signed in whose roles include `act`.
    pub(super) fn may(&self, act: Act) -> bool {
        self.person.as_ref().is_some_and(|known| known.may(act))
    }
}

/// What the token of a request is worth.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    pub(super) visitor: Visitor,
    /// Reading takes nobody in particular here.
    pub(super) open: bool,
    /// What was sent has ended, or was made up.
    pub(super) worthless: Option<Worthless>,
}

impl Standing {
    fn is_of_no_browser(&self) -> bool {
        self.visitor.person.as_ref().is_some_and(|known| known.keeper != Keeper::Browser)
    }
}

/// A token that is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worthless {
    /// It was a session, or a program's, and is over.
    Over,
    /// It was made up.
    Forged,
}

/// The peer of a connection, as the listener tells it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(SocketAddr);

impl Peer {
    /// A peer at an address and a port.
    pub(super) const fn at(address: SocketAddr) -> Self {
        Self(address)
    }

    /// A peer at an address.
    #[cfg(test)]
    pub(super) fn of(address: Ipv4Addr) -> Self {
        Self((address, 50_000).into())
    }
}

/// The address that a request comes from.
fn address(extensions: &Extensions) -> IpAddr {
    extensions.get::<ConnectInfo<Peer>>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(peer)| peer.0.ip())
}

/// What a request that wants to be let in says about where it comes from.
#[derive(Clone, Debug)]
pub(super) struct Whence {
    /// The address.
    pub(super) address: IpAddr,
    /// The words by which the browser is known again.
    pub(super) browser: Option<String>,
    /// What it calls itself.
    pub(super) agent: String,
    /// It was made on this machine, and by nobody who passes on what others ask.
    pub(super) here: bool,
}

impl<S: Sync> axum::extract::FromRequestParts<S> for Whence {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        let browser = kept(&parts.headers, BROWSER).map(str::to_owned);
        let here = is_of_this_machine(&parts.extensions, &parts.headers);
        Ok(Self { address: address(&parts.extensions), browser, agent: super::agent::called(agent), here })
    }
}

/// The name of a cookie: behind `__Host-` no other host and no plain connection can set it (RFC 6265bis §4.1.3.2).
fn named(name: &str, secure: bool) -> String {
    if secure { format!("__Host-{name}") } else { name.to_owned() }
}

/// The value of a cookie of ours that a browser sends, under either of its names.
pub(super) fn kept<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let found =
        |name: &str| headers.get_all(header::COOKIE).iter().find_map(|field| cookie(field.to_str().ok()?, name));
    found(&named(name, true)).or_else(|| found(name))
}

/// The session that a browser sends.
pub(super) fn session(headers: &HeaderMap) -> Option<Token> {
    kept(headers, COOKIE)?.parse().ok()
}

/// The token that a program sends (RFC 6750 §2.1).
fn bearer(headers: &HeaderMap) -> Option<Token> {
    let field = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = field.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.parse().ok())?
}

/// The value of a cookie in a `Cookie` header field (RFC 6265 §4.2.1).
pub(super) fn cookie<'a>(field: &'a str, name: &str) -> Option<&'a str> {
    field
        .split(';')
        .find_map(|pair| pair.trim().split_once('=').filter(|(found, _)| *found == name).map(|(_, value)| value))
}

/// A cookie of ours that lives `seconds`; none ends it.
pub(super) fn set(name: &str, kept: Option<(&str, i64)>, site: &str, secure: bool) -> String {
    let (name, tail) = (named(name, secure), if secure { "; Secure" } else { "" });
    let (value, seconds) = kept.unwrap_or(("", 0));
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={site}{tail}")
}

/// The field that sets the session, or that ends it. `Lax`: a link in a notice leads in.
pub(super) fn session_cookie(token: Option<&Token>, secure: bool) -> String {
    let written = token.map(Token::written);
    set(COOKIE, written.as_deref().map(|token| (token, crate::user::session::LONGEST)), "Lax", secure)
}

/// The field by which a browser is known again.
pub(super) fn browser_cookie(words: &str, secure: bool) -> String {
    set(BROWSER, Some((words, crate::entrance::BROWSER)), "Strict", secure)
}

/// Lets through whom the route is for, and says who it is to the handler.
pub(super) async fn enforce(
    State((desk, access)): State<(Arc<Desk>, Access)>,
    mut request: Request,
    next: Next,
) -> Response {
    let lang = guard::language(request.headers());
    let path = request.uri().path().to_owned();
    let program = path.starts_with(api::BASE) || path == METRICS;
    let cookie = session(request.headers());
    let by_cookie = cookie.is_some();
    let token = cookie.or_else(|| bearer(request.headers()).filter(|_| program));
    let Standing { visitor, open, worthless } = match Arc::clone(&desk).standing(token, access).await {
        // What somebody keeps in a file is no session of a browser.
        Ok(standing) if by_cookie && standing.is_of_no_browser() => {
            Standing { open: standing.open, worthless: Some(Worthless::Over), ..Standing::default() }
        }
        Ok(standing) => standing,
        Err(error) if program => return Problem::from(error).into_response(),
        Err(error) => {
            tracing::error!(%error, "who asks is not known");
            return troubled(lang, Trouble::Ours);
        }
    };
    if worthless == Some(Worthless::Forged) {
        let wait = forged(&desk, address(request.extensions())).await;
        if let (Err(wait), false) = (wait, by_cookie) {
            return Problem::Slow(wait).into_response();
        }
    }
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let open = open || access == Access::Machine && is_of_this_machine(request.extensions(), request.headers());
    let mut response = match admitted(&desk, access, &visitor, (&path, reading, open)) {
        Ok(()) => {
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
        Err(refused) if program => match refused {
            Bar::Barred(barred) => Problem::from(barred).into_response(),
            Bar::Scope => Problem::Others(SCOPE.to_owned()).into_response(),
            Bar::Factor => Problem::Others(FACTOR.to_owned()).into_response(),
        },
        Err(Bar::Barred(Barred::Unknown)) => unknown(&desk, request, worthless).await,
        Err(Bar::Factor) if reading => lead_to("/account/factor"),
        Err(Bar::Factor | Bar::Scope | Bar::Barred(Barred::Other)) => troubled(lang, Trouble::Others),
    };
    // A cookie that is worth nothing is not sent again and again; one that a handler has just set stays.
    if by_cookie && worthless.is_some() && !sets_session(response.headers()) {
        for secure in [false, desk.app.secure].into_iter().take(1 + usize::from(desk.app.secure)) {
            if let Ok(gone) = HeaderValue::from_str(&session_cookie(None, secure)) {
                response.headers_mut().append(header::SET_COOKIE, gone);
            }
        }
    }
    response
}

/// Whether a request was made on this machine, and by nobody who passes on what others ask.
fn is_of_this_machine(extensions: &Extensions, headers: &HeaderMap) -> bool {
    let passed_on = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];
    address(extensions).to_canonical().is_loopback() && !passed_on.iter().any(|field| headers.contains_key(*field))
}

/// What a program is told whose token does not include what it asks for.
pub(super) const SCOPE: &str = "the token of this program does not include this: its owner can make another one";
const FACTOR: &str = "a second factor is asked for in your role: add one at /account/factor first";

/// Why a request is not let through.
enum Bar {
    Barred(Barred),
    /// A program's token is for something else.
    Scope,
    /// A second factor comes first.
    Factor,
}

/// Whether a visitor is let through to a route.
fn admitted(
    desk: &Desk,
    access: Access,
    visitor: &Visitor,
    (path, reading, open): (&str, bool, bool),
) -> Result<(), Bar> {
    let known = visitor.person.as_ref();
    access.admits(known.map(|known| known.roles.as_slice()), reading, open).map_err(Bar::Barred)?;
    let Some(known) = known.filter(|_| access != Access::Everybody) else { return Ok(()) };
    if let Some(scopes) = &known.scopes {
        let fits = match access {
            Access::Able(act) => known.may(act),
            Access::AbleToAny(acts) if !reading => acts.iter().any(|act| known.may(*act)),
            _ if path == METRICS => scopes.contains(&Scope::Metrics) || known.reads(),
            // What else acts is looked at by the clerk, who knows what is to be done.
            _ => !reading || known.reads(),
        };
        if !fits {
            return Err(Bar::Scope);
        }
    }
    let first = known.keeper == Keeper::Browser && desk.app.entrance.wants_more(known);
    let there = path.starts_with("/account/factor") || path == "/sign-out";
    if first && !there { Err(Bar::Factor) } else { Ok(()) }
}

/// Counts a token that was made up.
async fn forged(desk: &Arc<Desk>, address: IpAddr) -> Result<(), i64> {
    let desk = Arc::clone(desk);
    let work = move || {
        let place = Place { address, browser: None };
        desk.app.entrance.forged(&desk.app.owner.clerk, &place, (desk.app.clock)()).map_err(|wait| wait.0)
    };
    tokio::task::spawn_blocking(work).await.unwrap_or(Ok(()))
}

/// Leads who is not signed in to where that is done; what they had typed goes with them.
async fn unknown(desk: &Arc<Desk>, request: Request, worthless: Option<Worthless>) -> Response {
    let lang = guard::language(request.headers());
    let place = guard::without_lang(request.uri());
    let over = worthless.is_some();
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let back: String = url::form_urlencoded::byte_serialize(place.as_bytes()).collect();
        let over = if over { "&over=1" } else { "" };
        return lead_to(&format!("/sign-in?to={back}{over}"));
    }
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let form = kind.split(';').next().is_some_and(|kind| kind.trim() == "application/x-www-form-urlencoded");
    let typed = match to_bytes(request.into_body(), TYPED).await {
        Ok(bytes) if form => String::from_utf8(bytes.to_vec()).ok(),
        _ => None,
    };
    let Some(typed) = typed else { return troubled(lang, Trouble::SignIn) };
    let page = SignIn { over, to: place, typed: Some(typed), ..super::room::sign_in::door(desk, lang) };
    html(StatusCode::UNAUTHORIZED, page::sign_in(&page))
}

fn lead_to(place: &str) -> Response {
    match HeaderValue::from_str(place) {
        Ok(place) => (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

fn sets_session(headers: &HeaderMap) -> bool {
    let ours = |field: &HeaderValue| field.to_str().is_ok_and(|field| field.contains(COOKIE));
    headers.get_all(header::SET_COOKIE).iter().any(ours)
}

/// Whose a token is, for one route.
pub(super) fn standing_of(holder: Holder, token: Token, open: bool) -> Standing {
    match holder {
        Holder::Known(known) => {
            Standing { visitor: Visitor { person: Some(*known), token: Some(token) }, open, worthless: None }
        }
        Holder::Over => Standing { open, worthless: Some(Worthless::Over), ..Standing::default() },
        Holder::Nobody => Standing { open, worthless: Some(Worthless::Forged), ..Standing::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORK: Access = Access::Realms(&[Realm::Work]);

    #[test]
    fn only_readers_come_in_unknown_and_only_where_it_is_open() {
        assert_eq!(WORK.admits(None, true, true), Ok(()));
        assert_eq!(WORK.admits(None, false, true), Err(Barred::Unknown));
        assert_eq!(WORK.admits(None, true, false), Err(Barred::Unknown));
        assert_eq!(Access::Signed.admits(None, true, true), Err(Barred::Unknown));
        assert_eq!(Access::Able(Act::Assess).admits(None, true, true), Err(Barred::Unknown));
        assert_eq!(Access::Everybody.admits(None, false, false), Ok(()));
    }

    #[test]
    fn each_role_comes_in_where_its_realm_or_its_right_is() {
        for role in Role::ALL {
            let work = Realm::of(role) == Realm::Work;
            assert_eq!(WORK.admits(Some(&[role]), false, false).is_ok(), work, "{role:?}");
            assert_eq!(Access::Able(Act::AddUser).admits(Some(&[role]), false, true).is_ok(), role == Role::System);
            assert!(Access::Signed.admits(Some(&[role]), false, false).is_ok());
        }
        assert_eq!(WORK.admits(Some(&[]), true, true), Err(Barred::Other), "whoever has no role yet");
    }

    #[test]
    fn a_cookie_is_read_by_its_whole_name() {
        let field = "lang=en; caifeng_session=abc; x=y";
        assert_eq!(cookie(field, COOKIE), Some("abc"));
        assert_eq!(cookie("xcaifeng_session=abc", COOKIE), None);
        assert_eq!(cookie("caifeng_sessionx=abc", COOKIE), None);
    }

    #[test]
    fn over_a_secure_connection_no_other_host_can_set_a_cookie_of_ours() {
        let token = Token::new(1, [7; 32]);
        let plain = session_cookie(Some(&token), false);
        assert!(plain.starts_with("caifeng_session=caifeng_1_") && !plain.contains("Secure"), "{plain}");
        let secure = session_cookie(Some(&token), true);
        assert!(secure.starts_with("__Host-caifeng_session=") && secure.ends_with("; Secure"), "{secure}");
        for field in [plain, secure, browser_cookie("x", true)] {
            assert!(field.contains("; HttpOnly; SameSite=") && field.contains("; Path=/;"), "{field}");
            assert!(!field.to_lowercase().contains("domain"), "{field}");
        }
        let mut headers = HeaderMap::new();
        let sent = format!("__Host-caifeng_session={}; caifeng_session=caifeng_2_00", token.written());
        headers.insert(header::COOKIE, sent.parse().unwrap());
        assert_eq!(session(&headers), Some(token), "the one that nobody else can set counts");
    }
}
