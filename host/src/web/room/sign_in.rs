//! Signing in and out, and choosing a password with a code.
//!
//! Whoever is not known yet can be sent nowhere else than to a path of ours, and learns nothing but whether they are in.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use crate::entrance::{Halfway, Step, Turned};
use crate::handling::Clerk;
use crate::lang::{Lang, refusal};
use crate::store::StoreError;
use crate::user::throttle::{Guess, Pass, Place, Wait};
use crate::user::token::Token;
use crate::web::access::{self, Whence, browser_cookie, session_cookie};
use crate::web::desk::{Asked, Desk, Done, Refused, lead, own_path, refuse};
use crate::web::form::Sent;
use crate::web::html;
use crate::web::page::{self, Resend, SetUp, SignIn};

/// The cookie between password and code.
const HALFWAY: &str = "caifeng_halfway";
/// Seconds that it lives.
pub(super) const HALFWAY_LIVES: i64 = 300;

/// Where somebody wanted to go.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Wanted {
    pub(super) to: String,
    /// Their session was over.
    over: Option<String>,
}

/// The page of signing in, with nothing typed yet.
pub(in crate::web) fn door(desk: &Desk, lang: Lang) -> SignIn {
    let provider = desk.app.entrance.provider().map(|provider| provider.label().to_owned());
    SignIn { provider, ..SignIn::new(lang, &desk.app.organisation.get().name) }
}

/// `GET /sign-in`.
pub(in crate::web) async fn form(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Query(wanted): Query<Wanted>,
) -> Response {
    if asked.visitor.person.is_some() {
        return lead(&Done::new(own_path(&wanted.to), ""));
    }
    // Where nobody is there yet, the first user is made and nothing else is done.
    match nobody_yet(&desk).await {
        Ok(true) if !desk.app.demo => return lead(&Done::new("/set-up-password", "")),
        Ok(_) => {}
        Err(response) => return *response,
    }
    let mut page = door(&desk, asked.lang);
    page.to = own_path(&wanted.to).to_owned();
    page.over = wanted.over.is_some();
    page.said = asked.said.and_then(|key| asked.lang.known(&format!("done.{key}")));
    html(StatusCode::OK, page::sign_in(&page))
}

/// Name and password, and what they lead to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Password {
    name: String,
    password: String,
    #[serde(default)]
    to: String,
    typed: Option<String>,
}

/// How an attempt is made: in its turn, in a blocking thread.
async fn attempt<T: Send + 'static>(
    desk: &Arc<Desk>,
    (guess, name): (Guess, &str),
    whence: &Whence,
    work: impl FnOnce(&Desk, Pass, i64) -> Result<T, Turned> + Send + 'static,
) -> Result<T, Turned> {
    let now = (desk.app.clock)();
    let (ours, called, kept) = (Arc::clone(desk), name.to_owned(), whence.browser.clone());
    let recognised = blocking(move || {
        let Desk { app, .. } = ours.as_ref();
        Ok(app.entrance.recognised(&app.owner.clerk, (kept.as_deref(), &called), now)?)
    });
    let place = Place { address: whence.address, browser: recognised.await? };
    let pass = desk.app.entrance.admit(guess, name, &place, now).map_err(Turned::Away)?;
    let Some(_turn) = desk.door.turn(place.browser.is_some(), place.address).await else {
        desk.app.entrance.undone(&pass);
        return Err(Turned::Away(Wait(5)));
    };
    let ours = Arc::clone(desk);
    blocking(move || work(&ours, pass, now)).await
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Turned> + Send + 'static,
) -> Result<T, Turned> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Turned::Store(StoreError::Internal(error.to_string()))))
}

/// What somebody is told who is not let in.
pub(super) struct TurnedAway {
    status: StatusCode,
    wait: Option<i64>,
    pub(super) words: String,
}

/// Says it; what is the store's fault is no page of a form.
pub(super) fn turned(lang: Lang, turned: Turned, wrong: &str) -> Result<TurnedAway, Box<Response>> {
    let told = |status, words| Ok(TurnedAway { status, wait: None, words });
    match turned {
        Turned::Away(Wait(seconds)) => Ok(TurnedAway {
            status: StatusCode::TOO_MANY_REQUESTS,
            wait: Some(seconds),
            words: if seconds < 90 {
                lang.count("sign-in.wait-seconds", seconds.unsigned_abs())
            } else {
                lang.count("sign-in.wait-minutes", (seconds.unsigned_abs()).div_ceil(60))
            },
        }),
        Turned::Wrong => told(StatusCode::UNPROCESSABLE_ENTITY, lang.t(wrong)),
        Turned::Late => told(StatusCode::UNPROCESSABLE_ENTITY, lang.t("sign-in.late")),
        Turned::Stranger(_) => told(StatusCode::FORBIDDEN, lang.t(wrong)),
        Turned::Unfit(unfit) => told(StatusCode::UNPROCESSABLE_ENTITY, page::unfit(lang, unfit)),
        Turned::Store(error @ StoreError::Denied(_)) => {
            told(StatusCode::UNPROCESSABLE_ENTITY, refusal::told(lang, &error.to_string()))
        }
        Turned::Store(error) => Err(Box::new(refuse(lang, Refused::from(error)))),
    }
}

impl TurnedAway {
    /// What is wrong can be put right at once.
    pub(super) const fn new(status: StatusCode, words: String) -> Self {
        Self { status, wait: None, words }
    }

    /// With a page.
    pub(super) fn answer(&self, page: page::Rendered) -> Response {
        self.mark(html(self.status, page))
    }

    /// With a page that was shown already.
    pub(super) fn mark(&self, mut response: Response) -> Response {
        if response.status().is_success() {
            *response.status_mut() = self.status;
        }
        if let Some(seconds) = self.wait {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.max(1).into());
        }
        response
    }
}

/// `POST /sign-in`.
pub(in crate::web) async fn sign_in(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    whence: Whence,
    Sent(form): Sent<Password>,
) -> Response {
    let Password { name, password, to, typed } = form;
    let mut page = door(&desk, asked.lang);
    (page.to, page.typed, page.name) = (own_path(&to).to_owned(), typed, name.trim().to_owned());
    let (called, agent) = (page.name.clone(), whence.agent.clone());
    let step = attempt(&desk, (Guess::Password, &page.name), &whence, move |desk, pass, now| {
        desk.app.entrance.sign_in(&desk.app.owner.clerk, pass, (&called, &password, &agent), now)
    });
    match step.await {
        Ok(Step::In(token)) => welcome(&desk, (&page, &asked), Some(&whence), token).await,
        Ok(Step::Halfway(sealed)) => {
            let response = html(StatusCode::OK, page::code(&page));
            with_cookies(response, [Some(halfway_cookie(Some((&sealed, HALFWAY_LIVES)), desk.app.secure))])
        }
        Err(why) => match turned(asked.lang, why, "sign-in.wrong") {
            Ok(told) => {
                page.wrong = Some(told.words.clone());
                told.answer(page::sign_in(&page))
            }
            Err(response) => *response,
        },
    }
}

/// `GET /sign-in/code`: asks for the code that follows, where somebody was led back from the provider.
pub(in crate::web) async fn ask_code(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Query(wanted): Query<Wanted>,
) -> Response {
    let page = SignIn { to: own_path(&wanted.to).to_owned(), ..door(&desk, asked.lang) };
    html(StatusCode::OK, page::code(&page))
}

/// What somebody had typed when they were led here, who has signed in elsewhere meanwhile.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Kept {
    to: String,
    typed: String,
}

/// `POST /sign-in/kept`: goes on where another page of this browser has signed in.
pub(in crate::web) async fn go_on(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Kept { to, typed }): Sent<Kept>,
) -> Response {
    let page = SignIn { to: own_path(&to).to_owned(), typed: Some(typed), ..door(&desk, asked.lang) };
    if asked.visitor.person.is_some() { led_in(&page) } else { html(StatusCode::OK, page::sign_in(&page)) }
}

/// The code that follows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Code {
    code: String,
    #[serde(default)]
    to: String,
    typed: Option<String>,
}

/// `POST /sign-in/code`.
pub(in crate::web) async fn code(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    whence: Whence,
    headers: axum::http::HeaderMap,
    Sent(form): Sent<Code>,
) -> Response {
    let Code { code, to, typed } = form;
    let mut page = door(&desk, asked.lang);
    (page.to, page.typed) = (own_path(&to).to_owned(), typed);
    let sealed = access::kept(&headers, HALFWAY).unwrap_or_default().to_owned();
    let whose = desk.app.entrance.halfway(&sealed, (desk.app.clock)());
    let entered = match whose {
        None => Err(Turned::Late),
        Some(Halfway { user, .. }) => match name_of(&desk, user).await {
            Ok(name) => {
                let agent = whence.agent.clone();
                attempt(&desk, (Guess::Factor, &name), &whence, move |desk, pass, now| {
                    desk.app.entrance.show(&desk.app.owner.clerk, pass, (&sealed, &code, &agent), now)
                })
                .await
            }
            Err(error) => Err(error),
        },
    };
    match entered {
        Ok(token) => {
            let response = welcome(&desk, (&page, &asked), Some(&whence), token).await;
            with_cookies(response, [Some(halfway_cookie(None, desk.app.secure))])
        }
        Err(why) => {
            let late = matches!(why, Turned::Late);
            match turned(asked.lang, why, "sign-in.wrong-code") {
                Ok(told) => {
                    page.wrong = Some(told.words.clone());
                    told.answer(if late { page::sign_in(&page) } else { page::code(&page) })
                }
                Err(response) => *response,
            }
        }
    }
}

async fn name_of(desk: &Arc<Desk>, user: String) -> Result<String, Turned> {
    let ours = Arc::clone(desk);
    blocking(move || {
        let users = ours.unveiled().users()?;
        let name = users.into_iter().find(|known| known.id == user).and_then(|known| known.name);
        name.ok_or(Turned::Late)
    })
    .await
}

pub(super) fn halfway_cookie(sealed: Option<(&str, i64)>, secure: bool) -> String {
    access::set(HALFWAY, sealed, "Strict", secure)
}

/// Leads in, with the session and with what the browser is known by; what was typed is offered to be sent. The session that the
/// browser had before ends: whoever put it there has nothing of this one. Without `whence` the browser stays as unknown as it was.
pub(super) async fn welcome(
    desk: &Arc<Desk>,
    (page, asked): (&SignIn, &Asked),
    whence: Option<&Whence>,
    token: Token,
) -> Response {
    let (ours, kept, now) = (Arc::clone(desk), whence.map(|whence| whence.browser.clone()), (desk.app.clock)());
    let before = asked.visitor.person.as_ref().map(|known| known.token);
    let session = session_cookie(Some(&token), desk.app.secure);
    let browser = blocking(move || {
        let clerk: &Clerk = &ours.app.owner.clerk;
        if let Some(before) = before {
            clerk.store.end_session(before, now)?;
        }
        let (Some(known), Some(kept)) = (ours.unveiled().known(&token, now)?, kept) else { return Ok(None) };
        Ok(Some(ours.app.entrance.known_browser(kept.as_deref(), &known.user, now)?))
    });
    let browser = browser.await.ok().flatten().map(|words| browser_cookie(&words, desk.app.secure));
    with_cookies(led_in(page), [Some(session), browser])
}

/// To where somebody was going, or to what they had typed.
fn led_in(page: &SignIn) -> Response {
    match &page.typed {
        None => lead(&Done::new(page.to.clone(), "")),
        Some(typed) => {
            let typed = url::form_urlencoded::parse(typed.as_bytes()).into_owned().collect();
            html(StatusCode::OK, page::resend(page, &Resend { to: page.to.clone(), typed }))
        }
    }
}

pub(super) fn with_cookies<const N: usize>(mut response: Response, cookies: [Option<String>; N]) -> Response {
    for cookie in cookies.into_iter().flatten() {
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// `POST /sign-out`.
pub(in crate::web) async fn sign_out(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let secure = desk.app.secure;
    if let Some(known) = asked.visitor.person {
        let ours = Arc::clone(&desk);
        let ended = blocking(move || {
            ours.app.owner.clerk.store.end_session(known.token, (ours.app.clock)()).map_err(Turned::Store)
        });
        if let Err(Turned::Store(error)) = ended.await {
            return refuse(asked.lang, Refused::from(error));
        }
    }
    let to = if desk.app.demo { "/" } else { "/sign-in" };
    with_cookies(lead(&Done::new(to, "done.left")), [Some(session_cookie(None, secure))])
}

/// `GET /set-up-password`.
pub(in crate::web) async fn choose(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let first = match nobody_yet(&desk).await {
        Ok(first) => first,
        Err(response) => return *response,
    };
    let asked = door(&desk, asked.lang);
    html(StatusCode::OK, page::set_up(&SetUp { asked, first, code: String::new() }))
}

async fn nobody_yet(desk: &Arc<Desk>) -> Result<bool, Box<Response>> {
    let ours = Arc::clone(desk);
    let anybody = blocking(move || Ok(ours.unveiled().anybody()?)).await;
    anybody.map(|anybody| !anybody).map_err(|error| match error {
        Turned::Store(error) => Box::new(refuse(Lang::Zh, Refused::from(error))),
        _ => Box::new(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
    })
}

/// A code, and the password that is chosen with it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Choosing {
    name: String,
    code: String,
    password: String,
    again: String,
}

/// `POST /set-up-password`.
pub(in crate::web) async fn set_up(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    whence: Whence,
    Sent(form): Sent<Choosing>,
) -> Response {
    let Choosing { name, code, password, again } = form;
    let name = name.trim().to_owned();
    let (called, typed, agent) = (name.clone(), code.clone(), whence.agent.clone());
    let done = attempt(&desk, (Guess::Password, &name), &whence, move |desk, pass, now| {
        let chosen = (password.as_str(), again.as_str());
        desk.app.entrance.set_up(&desk.app.owner.clerk, pass, (&called, &typed), chosen, (&agent, now))
    });
    let why = match done.await {
        Ok(Some(token)) => {
            let mut page = door(&desk, asked.lang);
            // Whoever is the first sets Caifeng up.
            if desk.app.owner.setup.file.is_some() {
                page.to = "/welcome".to_owned();
            }
            return welcome(&desk, (&page, &asked), Some(&whence), token).await;
        }
        Ok(None) => return lead(&Done::new("/sign-in", "done.password-chosen")),
        Err(why) => why,
    };
    let first = match nobody_yet(&desk).await {
        Ok(first) => first,
        Err(response) => return *response,
    };
    let wrong = if first { "set-up.wrong-first" } else { "set-up.wrong" };
    // What was right need not be typed again.
    let kept = if matches!(why, Turned::Unfit(_)) { code } else { String::new() };
    match turned(asked.lang, why, wrong) {
        Ok(told) => {
            let mut page = door(&desk, asked.lang);
            (page.name, page.wrong) = (name, Some(told.words.clone()));
            told.answer(page::set_up(&SetUp { asked: page, first, code: kept }))
        }
        Err(response) => *response,
    }
}
