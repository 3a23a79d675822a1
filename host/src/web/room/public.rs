//! `/public`: what everybody reads without signing in, where the operator switched it on (P24).
//!
//! Exactly the export of approved summaries ([`supervision::page`](crate::supervision::page)) and nothing else of the store. It is made once in
//! [`KEPT`] seconds, however many ask; browsers and caches may keep it as long.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use caifeng_plugin_host::contract::Timestamp;

use crate::control::Refusal;
use crate::document::html;
use crate::lang::Lang;
use crate::supervision::page::{Frame, data, document, feed};
use crate::web::desk::{Asked, Desk, Refused, refuse};
use crate::web::page::{self, Trouble};

/// Seconds for which what was made is shown again.
pub(in crate::web) const KEPT: i64 = 60;

/// What the public is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    Page,
    Atom,
    Calendar,
    Data,
}

impl Form {
    fn named(name: &str) -> Option<Self> {
        match name {
            "feed.atom" => Some(Self::Atom),
            "calendar.ics" => Some(Self::Calendar),
            "data.json" => Some(Self::Data),
            _ => None,
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Page => "text/html; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Calendar => "text/calendar; charset=utf-8",
            Self::Data => "application/json",
        }
    }
}

/// What was made in a language, and when.
type Made = HashMap<(Form, &'static str), (Timestamp, Arc<str>)>;

/// What was made lately.
#[derive(Default)]
pub(in crate::web) struct Shown(Mutex<Made>);

/// `GET /public`.
pub(in crate::web) async fn page(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    show(desk, asked.lang, Form::Page).await
}

/// `GET /public/{file}`: the feed, the calendar, the data.
pub(in crate::web) async fn file(State(desk): State<Arc<Desk>>, Path(file): Path<String>, asked: Asked) -> Response {
    match Form::named(&file) {
        Some(form) => show(desk, asked.lang, form).await,
        None => refuse(asked.lang, Refused::Trouble(Trouble::Missing)),
    }
}

async fn show(desk: Arc<Desk>, lang: Lang, form: Form) -> Response {
    // Nothing of a drill is public, and what is off is not there.
    if !desk.app.public || desk.app.drill {
        return refuse(lang, Refused::Trouble(Trouble::Missing));
    }
    match tokio::task::spawn_blocking(move || made(&desk, lang, form)).await {
        Ok(Ok(body)) => {
            let kept = format!("public, max-age={KEPT}");
            let headers = [
                (header::CONTENT_TYPE, form.media_type().to_owned()),
                (header::CACHE_CONTROL, kept),
                (header::VARY, "accept-language, cookie, accept-encoding".to_owned()),
            ];
            (headers, body.to_string()).into_response()
        }
        Ok(Err(refused)) => refuse(lang, refused),
        Err(error) => refuse(lang, Refused::Refusal(Refusal::Internal(error.to_string()))),
    }
}

/// What was made lately, else made anew; whoever comes meanwhile waits for it.
fn made(desk: &Desk, lang: Lang, form: Form) -> Result<Arc<str>, Refused> {
    let now = (desk.app.clock)();
    let mut shown = desk.shown.0.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (form, lang.code());
    if let Some((at, body)) = shown.get(&key)
        && (0..KEPT).contains(&(now - at))
    {
        return Ok(Arc::clone(body));
    }
    let clerk = &desk.app.owner.clerk;
    let (facts, _) = desk.unveiled().public(now)?;
    let organisation = clerk.organisation.get();
    let (zone, contact) = (organisation.zone(), organisation.contact.as_deref());
    let frame = Frame { lang, zone: &zone, now, organisation: &organisation.name, contact };
    let body: Arc<str> = match form {
        Form::Page => {
            let paper = document(&facts, &frame);
            page::public(lang, paper.title.as_str().to_owned(), html::fragment(&paper), desk.app.demo)?.into()
        }
        Form::Atom => feed(&facts, &frame).into(),
        Form::Calendar => crate::supervision::page::calendar(&facts, &frame).into(),
        Form::Data => format!("{:#}\n", data(&facts, &frame)).into(),
    };
    shown.insert(key, (now, Arc::clone(&body)));
    Ok(body)
}
