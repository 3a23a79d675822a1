//! `/account`: what concerns oneself — sessions, password, second factor, the tokens of one's programs.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::sign_in::{TurnedAway, blocking, turned};
use crate::entrance::Turned;
use crate::store::{Caller, StoreError};
use crate::user::scope::Scope;
use crate::user::session::{Keeper, Known};
use crate::user::throttle::{Guess, Pass, Place, Wait};
use crate::user::token::TokenId;
use crate::web::access::Whence;
use crate::web::desk::{Asked, Desk, Done, Refused, lead, refuse};
use crate::web::form::Sent;
use crate::web::page::{self, AccountForm, AccountRows, Trouble};

const DAY: i64 = 86_400;

/// Who is at the browser, and how they call on the store.
fn oneself(desk: &Desk, asked: &Asked) -> Result<(Known, Caller), Refused> {
    let known = asked.visitor.person.clone().filter(|known| known.keeper == Keeper::Browser);
    let known = known.ok_or(Refused::Trouble(Trouble::SignIn))?;
    Ok((known, Caller { token: asked.visitor.token.clone(), account: desk.app.account }))
}

/// Shows the page, with a secret that is told this once or with what was wrong.
async fn shown(
    desk: Arc<Desk>,
    asked: Asked,
    secret: Option<String>,
    wrong: Option<(AccountForm, TurnedAway)>,
) -> Response {
    let ours = Arc::clone(&desk);
    let told = wrong.as_ref().map(|(form, told)| (*form, told.words.clone()));
    let response = desk
        .show(asked.clone(), move |rows, visit| {
            let (known, _) = oneself(&ours, &asked)?;
            let reader = &ours.reader(visit.user());
            let credential = reader.credential_of(&known.user)?;
            let page = AccountRows {
                held: reader.held(&known.user, visit.now)?,
                recovery: reader.recovery_left(&known.user)?,
                password: credential.is_some_and(|credential| credential.hash.is_some()),
                provider: ours.app.entrance.provider().map(|provider| provider.label().to_owned()),
                linked: reader.is_linked(&known.user)?,
                required: ours.app.entrance.requires(&known),
                secret,
                wrong: told,
                known,
            };
            Ok(page::account(visit, (rows.figures()?, &rows.watches()?), &page)?)
        })
        .await;
    match wrong {
        Some((_, told)) => told.mark(response),
        None => response,
    }
}

/// `GET /account`.
pub(in crate::web) async fn account(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    shown(desk, asked, None, None).await
}

/// A session, or a program's token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Which {
    token: TokenId,
}

/// `POST /account/end`.
pub(in crate::web) async fn end(State(desk): State<Arc<Desk>>, asked: Asked, Sent(which): Sent<Which>) -> Response {
    let ours = Arc::clone(&desk);
    let lang = asked.lang;
    let ended = blocking(move || {
        let Ok((_, caller)) = oneself(&ours, &asked) else { return Ok(false) };
        match ours.app.owner.clerk.store.end_own(&caller, which.token, (ours.app.clock)()) {
            Err(StoreError::Unknown { .. }) => Ok(false),
            done => done.map(|()| true).map_err(Turned::Store),
        }
    });
    match ended.await {
        Ok(true) => lead(&Done::new("/account", "done.token-ended")),
        // What belongs to others is told like what is not there.
        Ok(false) => refuse(lang, Refused::Trouble(Trouble::Missing)),
        Err(Turned::Store(error)) => refuse(lang, Refused::from(error)),
        Err(_) => refuse(lang, Refused::Trouble(Trouble::Ours)),
    }
}

/// `POST /account/end-others`: everywhere but here.
pub(in crate::web) async fn end_others(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let (ours, lang) = (Arc::clone(&desk), asked.lang);
    let ended = blocking(move || {
        let Ok((_, caller)) = oneself(&ours, &asked) else { return Err(Turned::Late) };
        Ok(ours.app.owner.clerk.store.end_others(&caller, (ours.app.clock)())?)
    });
    match ended.await {
        Ok(()) => lead(&Done::new("/account", "done.token-ended")),
        Err(Turned::Late) => refuse(lang, Refused::Trouble(Trouble::SignIn)),
        Err(Turned::Store(error)) => refuse(lang, Refused::from(error)),
        Err(_) => refuse(lang, Refused::Trouble(Trouble::Ours)),
    }
}

/// Something that takes one's own password or code, braked in a lane of the session's own.
async fn proven<T: Send + 'static>(
    desk: &Arc<Desk>,
    (asked, whence, guess): (&Asked, &Whence, Guess),
    work: impl FnOnce(&Desk, (&Known, &Caller, Pass), i64) -> Result<T, Turned> + Send + 'static,
) -> Result<T, Turned> {
    let Ok((known, caller)) = oneself(desk, asked) else { return Err(Turned::Late) };
    let now = (desk.app.clock)();
    let place = Place { address: whence.address, browser: Some(format!("session {}", known.token)) };
    let name = known.name.clone().unwrap_or_default();
    let pass = desk.app.entrance.admit(guess, &name, &place, now).map_err(Turned::Away)?;
    let Some(_turn) = desk.door.turn(true, place.address).await else {
        desk.app.entrance.undone(&pass);
        return Err(Turned::Away(Wait(5)));
    };
    let ours = Arc::clone(desk);
    blocking(move || work(&ours, (&known, &caller, pass), now)).await
}

/// The page again, with what was wrong.
async fn again(desk: Arc<Desk>, asked: Asked, form: AccountForm, why: Turned, wrong: &str) -> Response {
    match turned(asked.lang, why, wrong) {
        Ok(told) => shown(desk, asked, None, Some((form, told))).await,
        Err(response) => *response,
    }
}

/// One's own password, and another one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Changing {
    old: String,
    password: String,
    again: String,
    /// Only for programs that keep passwords.
    #[serde(rename = "username")]
    _username: Option<String>,
}

/// `POST /account/password`.
pub(in crate::web) async fn password(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    whence: Whence,
    Sent(form): Sent<Changing>,
) -> Response {
    let done = proven(&desk, (&asked, &whence, Guess::Password), move |desk, who, now| {
        let Changing { old, password, again, .. } = &form;
        desk.app.entrance.change_password(&desk.app.owner.clerk, who, (old, password, again), now)
    });
    match done.await {
        Ok(()) => lead(&Done::new("/account", "done.password-changed")),
        Err(why) => again(desk, asked, AccountForm::Password, why, "account.wrong-password").await,
    }
}

/// `GET /account/factor`.
pub(in crate::web) async fn offer(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    offered(desk, asked, None).await
}

async fn offered(desk: Arc<Desk>, asked: Asked, wrong: Option<TurnedAway>) -> Response {
    if asked.visitor.person.as_ref().is_some_and(|known| known.factor) {
        return lead(&Done::new("/account", ""));
    }
    let ours = Arc::clone(&desk);
    let told = wrong.as_ref().map(|told| told.words.clone());
    let response = desk
        .show(asked.clone(), move |rows, visit| {
            let (known, caller) = oneself(&ours, &asked)?;
            let offer = ours.app.entrance.offer(&ours.app.owner.clerk, (&known, &caller), visit.now)?;
            let required = ours.app.entrance.requires(&known);
            Ok(page::factor(visit, (rows.figures()?, &rows.watches()?), &offer, (required, told))?)
        })
        .await;
    match wrong {
        Some(told) => told.mark(response),
        None => response,
    }
}

/// The six digits that an app shows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Shown {
    code: String,
}

/// `POST /account/factor`.
pub(in crate::web) async fn add_factor(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    whence: Whence,
    Sent(form): Sent<Shown>,
) -> Response {
    let done = proven(&desk, (&asked, &whence, Guess::Factor), move |desk, who, now| {
        desk.app.entrance.add_factor(&desk.app.owner.clerk, who, &form.code, now)
    });
    match done.await {
        Ok(codes) => {
            let codes: Vec<String> = codes.iter().map(crate::user::code::Code::written).collect();
            let answer = desk.show(asked, move |rows, visit| {
                Ok(page::recovery(visit, (rows.figures()?, &rows.watches()?), &codes)?)
            });
            answer.await
        }
        Err(why) => match turned(asked.lang, why, "sign-in.wrong-code") {
            Ok(told) => offered(desk, asked, Some(told)).await,
            Err(response) => *response,
        },
    }
}

/// One's own password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Own {
    password: String,
}

/// `POST /account/factor/end`.
pub(in crate::web) async fn end_factor(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    whence: Whence,
    Sent(form): Sent<Own>,
) -> Response {
    let done = proven(&desk, (&asked, &whence, Guess::Password), move |desk, who, now| {
        desk.app.entrance.end_factor(&desk.app.owner.clerk, who, &form.password, now)
    });
    match done.await {
        Ok(()) => lead(&Done::new("/account", "done.factor-ended")),
        Err(why) => again(desk, asked, AccountForm::Factor, why, "account.wrong-password").await,
    }
}

/// A token for a program: its name, its days, and a tick for each scope.
#[derive(Deserialize)]
pub(in crate::web) struct Making {
    label: String,
    days: u16,
    #[serde(flatten)]
    scopes: BTreeMap<String, String>,
}

/// `POST /account/programs`.
pub(in crate::web) async fn make(State(desk): State<Arc<Desk>>, asked: Asked, Sent(form): Sent<Making>) -> Response {
    let named = |name: &String| Scope::ALL.into_iter().find(|scope| scope.as_str() == name);
    let Some(mut scopes) = form.scopes.keys().map(named).collect::<Option<Vec<_>>>() else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    scopes.sort_by_key(|scope| Scope::ALL.iter().position(|other| other == scope));
    let (ours, who) = (Arc::clone(&desk), asked.clone());
    let made = blocking(move || {
        let Ok((_, caller)) = oneself(&ours, &who) else { return Err(Turned::Late) };
        let now = (ours.app.clock)();
        let ends = now.saturating_add(i64::from(form.days.clamp(1, 366)) * DAY);
        Ok(ours.app.owner.clerk.store.make_program(&caller, (&form.label, scopes, ends), now)?)
    });
    match made.await {
        Ok(token) => shown(desk, asked, Some(token.written()), None).await,
        Err(Turned::Store(StoreError::Unwritten(_))) => {
            let words = asked.lang.t("account.wrong-program");
            let told = TurnedAway::new(StatusCode::UNPROCESSABLE_ENTITY, words);
            shown(desk, asked, None, Some((AccountForm::Program, told))).await
        }
        Err(Turned::Store(error)) => refuse(asked.lang, Refused::from(error)),
        Err(_) => refuse(asked.lang, Refused::Trouble(Trouble::Ours)),
    }
}
