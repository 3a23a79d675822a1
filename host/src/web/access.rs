//! Who may ask for a route, and who asks.
//!
//! Every route says in the [table](super::routes) whom it is for; [`enforce`] stands before each handler and is the only place
//! that decides. What a form does is decided once more, by the store, in the transaction that writes: a route that let
//! somebody through by mistake would still change nothing.
//!
//! A session is a cookie that scripts cannot read. While nobody was added here, and in a demo, whoever reaches this machine
//! may read; nobody acts without a session.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::api::{self, Problem};
use super::desk::Desk;
use super::guard;
use super::page::Trouble;
use super::troubled;
use crate::incident::event::Role;
use crate::user::Realm;
use crate::user::right::Act;
use crate::user::session::Known;
use crate::user::token::Token;

/// The cookie that holds a session.
pub(super) const COOKIE: &str = "caifeng_session";

/// Whom a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Anybody who reaches the listener.
    Everybody,
    /// Anybody who is signed in.
    Signed,
    /// Whoever belongs to one of these realms; also whoever only reads, while nobody was added and in a demo.
    Realms(&'static [Realm]),
    /// Whoever has a role that includes it.
    Able(Act),
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
            (Self::Realms(_), None) if reading && open => true,
            (_, None) => return Err(Barred::Unknown),
            (Self::Signed, Some(_)) => true,
            (Self::Realms(realms), Some(roles)) => roles.iter().any(|role| realms.contains(&Realm::of(*role))),
            (Self::Able(act), Some(roles)) => roles.iter().any(|role| act.is_for(*role)),
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
    /// Whether a person is signed in whose roles include `act`.
    pub(super) fn may(&self, act: Act) -> bool {
        self.person.as_ref().is_some_and(|known| known.roles.iter().any(|role| act.is_for(*role)))
    }
}

/// The session that a browser sends.
pub(super) fn session(headers: &HeaderMap) -> Option<Token> {
    headers.get_all(header::COOKIE).iter().find_map(|field| cookie(field.to_str().ok()?, COOKIE)?.parse().ok())
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

/// The fields that set the session, or that end it.
pub(super) fn session_cookie(token: Option<&Token>, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    match token {
        Some(token) => {
            let longest = crate::user::session::LONGEST;
            format!("{COOKIE}={}; Path=/; Max-Age={longest}; HttpOnly; SameSite=Lax{secure}", token.written())
        }
        None => format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}"),
    }
}

/// Lets through whom the route is for, and says who it is to the handler.
pub(super) async fn enforce(
    State((desk, access)): State<(Arc<Desk>, Access)>,
    mut request: Request,
    next: Next,
) -> Response {
    let lang = guard::language(request.headers());
    let program = request.uri().path().starts_with(api::BASE);
    // Tokens of programs open the API only: a page is for a person, who signs in.
    let token = session(request.headers()).or_else(|| bearer(request.headers()).filter(|_| program));
    let (visitor, open) = match Arc::clone(&desk).visitor(token, access).await {
        Ok(found) => found,
        Err(error) if program => return Problem::from(error).into_response(),
        Err(error) => {
            tracing::error!(%error, "who asks is not known");
            return troubled(lang, Trouble::Ours);
        }
    };
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let roles = visitor.person.as_ref().map(|known| known.roles.as_slice());
    match access.admits(roles, reading, open) {
        Ok(()) => {
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
        Err(barred) if program => Problem::from(barred).into_response(),
        Err(Barred::Unknown) if reading => {
            let place = guard::without_lang(request.uri());
            let back: String = url::form_urlencoded::byte_serialize(place.as_bytes()).collect();
            (StatusCode::SEE_OTHER, [(header::LOCATION, format!("/sign-in?to={back}"))]).into_response()
        }
        Err(Barred::Unknown) => troubled(lang, Trouble::SignIn),
        Err(Barred::Other) => troubled(lang, Trouble::Others),
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
}
