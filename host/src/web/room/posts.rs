//! `/posts`: what was said, filtered and searched; and taken away as a file.

use std::io::{Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::searches::kept;
use crate::control::Refusal;
use crate::handling::{Deed, What};
use crate::listing::{Form, Listed, Listing};
use crate::search::wanted::Wanted;
use crate::web::desk::{Asked, Desk, Refused, refuse};
use crate::web::form::Sent;
use crate::web::page::{self, PostsAsked, PostsRows, Trouble};
use crate::web::streamed::streamed;
use crate::web::when::Clockface;

/// Posts on a page.
const PAGE: usize = 40;
/// How far back a topic that was full is told, in seconds: as long as what is over is kept by default.
const FULL: i64 = 7 * 86_400;
/// How long posts are looked for to be written into a file.
const PATIENCE: Duration = Duration::from_secs(120);

/// `GET /posts`.
pub(in crate::web) async fn list(State(desk): State<Arc<Desk>>, RawQuery(query): RawQuery, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let asked = PostsAsked::of(query.as_deref().unwrap_or_default());
        let asked = asked.ok_or(Refused::Trouble(Trouble::Address))?;
        let found = rows.posts(&asked.query(&visit.zone, Some(PAGE)))?;
        let (figures, watches, choices) = (rows.figures()?, rows.watches()?, rows.choices()?);
        let full = rows.full_days(visit.now - FULL)?;
        let kept = kept(&ours, rows, visit)?;
        Ok(page::posts(visit, &PostsRows { figures, watches, choices, full, asked, found, kept })?)
    })
    .await
}

/// Which posts somebody takes away, and how they are written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Taking {
    /// The query of the list.
    of: Wanted,
    form: Form,
}

/// `POST /posts/file`: what the list shows, whole, as a file; the record says so before it leaves.
pub(in crate::web) async fn file(State(desk): State<Arc<Desk>>, asked: Asked, Sent(taking): Sent<Taking>) -> Response {
    let Ok(turn) = Arc::clone(&desk.lists).try_acquire_owned() else {
        let busy = "somebody takes a list of posts away at this moment: try again in a minute";
        return refuse(asked.lang, Refused::Refusal(Refusal::Refused(busy.to_owned())));
    };
    let lang = asked.lang;
    let work = move || {
        let _turn = turn;
        written(&desk, asked, &taking)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok((file, name, form))) => {
            let how = format!("attachment; filename=\"{name}\"");
            let headers = [(header::CONTENT_TYPE, form.media_type().to_owned()), (header::CONTENT_DISPOSITION, how)];
            (headers, streamed(file)).into_response()
        }
        Ok(Err(refused)) => refuse(lang, refused),
        Err(error) => refuse(lang, Refused::Refusal(Refusal::Internal(error.to_string()))),
    }
}

/// Writes the list into a file that has no name, so that nothing is left of it, and has the record say so.
fn written(desk: &Desk, asked: Asked, taking: &Taking) -> Result<(std::fs::File, String, Form), Refused> {
    let (clerk, lang) = (&desk.app.owner.clerk, asked.lang);
    let internal = |error: &dyn std::fmt::Display| Refused::Refusal(Refusal::Internal(error.to_string()));
    clerk
        .directory
        .not_in_a_drill("what its posts say was never said: they stay where they are")
        .map_err(|it| Refused::Refusal(it.into()))?;
    let zone = desk.app.organisation.get().zone();
    let out = tempfile::tempfile_in(clerk.directory.path()).map_err(|error| internal(&error))?;
    let mut list = Listing::begin(taking.form, out, lang, zone.clone()).map_err(|error| internal(&error))?;
    let (since, mut failed, mut late) = (Instant::now(), None, false);
    let mut take = |post| {
        if since.elapsed() > PATIENCE {
            late = true;
            return ControlFlow::Break(());
        }
        list.take(&post).unwrap_or_else(|error| {
            failed = Some(error);
            ControlFlow::Break(())
        })
    };
    let wrong = desk.rows(asked.visitor.user()).each_post(&page::asked_of(&taking.of, &zone), &mut take)?;
    if let Some(error) = failed {
        return Err(internal(&error));
    }
    if wrong.is_some() {
        return Err(Refused::Trouble(Trouble::Address));
    }
    if late {
        list.cut();
    }
    let (mut file, listed) = list.end().map_err(|error| internal(&error))?;
    let name = name(&listed, &Clockface::new((desk.app.clock)(), &zone, lang));
    let deed = Deed { token: asked.visitor.token, act: What::HandOutPosts(listed) };
    clerk.carry_out(deed, desk.app.account)?;
    file.seek(SeekFrom::Start(0)).map_err(|error| internal(&error))?;
    Ok((file, name, taking.form))
}

/// What the file is called: the day, and what is left out.
fn name(listed: &Listed, face: &Clockface) -> String {
    let day = face.local(face.now()).map_or_else(String::new, |now| format!("-{}", now.date()));
    let first = if listed.cut { format!("-first-{}", listed.posts) } else { String::new() };
    format!("posts{day}{first}.{}", listed.form.as_str())
}
