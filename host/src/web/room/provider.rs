//! Signing in by a provider: sent there, and back with what it says.
//!
//! Both are links, because a form may lead to pages of ours only (`form-action`), and a link is what comes back anyway. A
//! browser that comes back holds a sealed cookie with the very word that the address repeats, or it is not the one that was
//! sent; each word is taken once. What becomes of it is said on the page of signing in, where a password still opens.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::sign_in::{HALFWAY_LIVES, Wanted, blocking, door, halfway_cookie, turned, welcome, with_cookies};
use crate::entrance::{AWAY, Step, Turned};
use crate::user::provider::claims::Vouched;
use crate::user::provider::{Flow, Untrusted};
use crate::user::throttle::{Guess, Pass, Place};
use crate::vouching::{Provider, Unvouched};
use crate::web::access::{self, Whence};
use crate::web::desk::{Asked, Desk, Done, Refused, lead, own_path, refuse};
use crate::web::html;
use crate::web::page::{self, SignIn, Trouble};

/// The cookie of a browser whose person is at the provider.
const COOKIE: &str = "caifeng_away";
/// Longest place that is kept meanwhile, in bytes: a cookie has little room.
const FAR: usize = 1024;

/// The cookie's field. `Lax`: they come back from another site.
fn away_cookie(sealed: Option<&str>, secure: bool) -> String {
    access::set(COOKIE, sealed.map(|sealed| (sealed, AWAY)), "Lax", secure)
}

/// The address to come back to, under the name by which the desk was asked for; [`guard`](crate::web::guard) has looked at it.
fn redirect(headers: &HeaderMap, secure: bool) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    format!("{}://{host}/sign-in/callback", if secure { "https" } else { "http" })
}

/// `GET /sign-in/provider`.
pub(in crate::web) async fn go(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    headers: HeaderMap,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let Some(provider) = desk.app.entrance.provider() else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Missing));
    };
    let Query(Wanted { to, .. }) = wanted.unwrap_or_default();
    let (to, now, secure) = (own_path(&to), (desk.app.clock)(), desk.app.secure);
    let to = if to.len() > FAR { "/" } else { to };
    let departure = match desk.app.entrance.depart(to, now) {
        Ok(departure) => departure,
        Err(error) => return refuse(asked.lang, Refused::from(error)),
    };
    match provider.question(&departure.flow, &redirect(&headers, secure), now).await {
        Ok(place) => {
            let Ok(place) = HeaderValue::from_str(place.as_str()) else {
                return refuse(asked.lang, Refused::Trouble(Trouble::Ours));
            };
            let led = (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response();
            with_cookies(led, [Some(away_cookie(Some(&departure.sealed), secure))])
        }
        Err(error) => {
            let mut page = door(&desk, asked.lang);
            page.to = to.to_owned();
            unvouched(&mut page, provider, &error)
        }
    }
}

/// What a browser brings back (RFC 6749 §4.1.2, RFC 9207); whatever else a provider adds is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Brought {
    code: Option<String>,
    state: String,
    error: Option<String>,
    iss: Option<String>,
}

/// `GET /sign-in/callback`.
pub(in crate::web) async fn back(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    whence: Whence,
    headers: HeaderMap,
    brought: Result<Query<Brought>, QueryRejection>,
) -> Response {
    let Some(provider) = desk.app.entrance.provider() else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Missing));
    };
    let Query(brought) = brought.unwrap_or_default();
    let now = (desk.app.clock)();
    let mut page = door(&desk, asked.lang);
    let sealed = access::kept(&headers, COOKIE).unwrap_or_default();
    let arrived = desk.app.entrance.arrive(sealed, &brought.state, now);
    let response = match arrived {
        None => told(&mut page, StatusCode::UNPROCESSABLE_ENTITY, "sign-in.provider-stale", provider),
        Some((flow, to)) => {
            page.to = own_path(&to).to_owned();
            let redirect = redirect(&headers, desk.app.secure);
            arriving(&desk, (&asked, &whence, page), (flow, brought, &redirect), now).await
        }
    };
    // It has been used, or is of no use.
    with_cookies(response, [Some(away_cookie(None, desk.app.secure))])
}

/// Somebody who came back in the browser that was sent.
async fn arriving(
    desk: &Arc<Desk>,
    (asked, whence, mut page): (&Asked, &Whence, SignIn),
    (flow, brought, redirect): (Flow, Brought, &str),
    now: i64,
) -> Response {
    let Some(provider) = desk.app.entrance.provider() else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Missing));
    };
    // Each way there is taken once: what is braked is how many come from one address.
    let place = Place { address: whence.address, browser: None };
    let pass = match desk.app.entrance.admit(Guess::Answer, &flow.state, &place, now) {
        Ok(pass) => pass,
        Err(wait) => return turned_away(&mut page, Turned::Away(wait)),
    };
    let vouched = match (brought.code, brought.error, brought.iss) {
        (_, _, Some(issuer)) if !provider.is(&issuer) => Err(Unvouched::Untrusted(Untrusted::Issuer)),
        (_, Some(_), _) | (None, ..) => {
            desk.app.entrance.undone(&pass);
            return told(&mut page, StatusCode::UNPROCESSABLE_ENTITY, "sign-in.provider-no", provider);
        }
        (Some(code), None, _) => provider.answer(&code, &flow, redirect, now).await,
    };
    match vouched {
        Ok(vouched) => match vouched_for(desk, pass, (vouched, provider.is_trusted()), &whence.agent, now).await {
            Ok(Step::In(token)) => welcome(desk, (&page, asked), None, token).await,
            Ok(Step::Halfway(sealed)) => {
                let to: String = url::form_urlencoded::byte_serialize(page.to.as_bytes()).collect();
                let led = lead(&Done::new(format!("/sign-in/code?to={to}"), ""));
                with_cookies(led, [Some(halfway_cookie(Some((&sealed, HALFWAY_LIVES)), desk.app.secure))])
            }
            Err(Turned::Stranger(name)) => {
                let words = asked.lang.with("sign-in.stranger", &[("label", &provider.label()), ("name", &name)]);
                page.wrong = Some(words);
                html(StatusCode::FORBIDDEN, page::sign_in(&page))
            }
            Err(why) => turned_away(&mut page, why),
        },
        Err(error) => {
            let ours = Arc::clone(desk);
            let silent = matches!(error, Unvouched::Silent { .. });
            let noted = blocking(move || {
                if silent {
                    ours.app.entrance.undone(&pass);
                    return Ok(());
                }
                Ok(ours.app.entrance.nothing_came(&ours.app.owner.clerk, &pass, now)?)
            });
            if let Err(Turned::Store(error)) = noted.await {
                return refuse(asked.lang, Refused::from(error));
            }
            unvouched(&mut page, provider, &error)
        }
    }
}

async fn vouched_for(
    desk: &Arc<Desk>,
    pass: Pass,
    vouched: (Vouched, bool),
    agent: &str,
    now: i64,
) -> Result<Step, Turned> {
    let (ours, agent) = (Arc::clone(desk), agent.to_owned());
    blocking(move || ours.app.entrance.vouched(&ours.app.owner.clerk, pass, vouched, &agent, now)).await
}

fn turned_away(page: &mut SignIn, why: Turned) -> Response {
    match turned(page.lang, why, "sign-in.provider-stale") {
        Ok(told) => {
            page.wrong = Some(told.words.clone());
            told.answer(page::sign_in(page))
        }
        Err(response) => *response,
    }
}

/// The page of signing in, with what was wrong.
fn told(page: &mut SignIn, status: StatusCode, words: &str, provider: &Provider) -> Response {
    page.wrong = Some(page.lang.with(words, &[("label", &provider.label())]));
    html(status, page::sign_in(page))
}

/// What the people who run both must know stands in the log; who signs in is told what to do.
fn unvouched(page: &mut SignIn, provider: &Provider, error: &Unvouched) -> Response {
    match error {
        Unvouched::Refused(_) => tracing::info!("{error}"),
        Unvouched::Silent { .. } | Unvouched::Untrusted(_) => tracing::warn!("{error}"),
    }
    match error {
        Unvouched::Silent { .. } => told(page, StatusCode::SERVICE_UNAVAILABLE, "sign-in.provider-silent", provider),
        Unvouched::Refused(_) => told(page, StatusCode::UNPROCESSABLE_ENTITY, "sign-in.provider-stale", provider),
        Unvouched::Untrusted(_) => told(page, StatusCode::UNPROCESSABLE_ENTITY, "sign-in.provider-untrusted", provider),
    }
}
