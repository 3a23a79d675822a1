//! `/searches`: the searches that somebody keeps.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::people;
use crate::control::Refusal;
use crate::handling::{Outcome, What};
use crate::search::kept::KeptSearch;
use crate::search::wanted::Wanted;
use crate::store::Searching;
use crate::web::desk::{Asked, Desk, Done, Refused, lead, refuse};
use crate::web::form::{Numbered, Pressed, Sent};
use crate::web::page::{self, KeptRow, SearchesRows, Trouble, Visit};
use crate::web::rows::Rows;
use crate::web::troubled;

/// Searches whose new posts are counted for one page.
const COUNTED: usize = 12;

/// The searches that a visitor has, the first of them with what is new.
pub(super) fn kept(desk: &Desk, rows: &dyn Rows, visit: &Visit) -> Result<Vec<KeptRow>, Refused> {
    let Some(known) = &visit.person else { return Ok(Vec::new()) };
    let row = |(at, search): (usize, KeptSearch)| {
        let asked = || rows.fresh(&page::asked_of(&search.wanted, &visit.zone), search.opened);
        let fresh = (at < COUNTED).then(asked).transpose()?;
        Ok(KeptRow { search, fresh })
    };
    desk.reader(visit.user()).kept_searches(&known.user)?.into_iter().enumerate().map(row).collect()
}

/// `GET /searches`.
pub(in crate::web) async fn list(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let (figures, watches) = (rows.figures()?, rows.watches()?);
        let people = people(&ours.reader(visit.user()))?;
        let kept = kept(&ours, rows, visit)?;
        Ok(page::searches(visit, &SearchesRows { figures, watches, kept, people })?)
    })
    .await
}

/// What somebody keeps.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Keeping {
    name: String,
    /// The query of the list.
    of: Wanted,
    /// Ticked: for everybody at the desk.
    shared: Option<String>,
}

/// `POST /searches`.
pub(in crate::web) async fn keep(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Keeping { name, of, shared }): Sent<Keeping>,
) -> Response {
    let place = page::place_of(&of);
    let act = What::Search(Searching::Keep { name, wanted: of, shared: shared.is_some() });
    desk.act(asked, act, |_| Done::new(place, "done.search-kept")).await
}

/// `GET /searches/{id}`: leads to what is found, and notes for whoever opens it that it was seen. That is a note of
/// their own, so that a link may do it.
pub(in crate::web) async fn open(State(desk): State<Arc<Desk>>, Numbered(id): Numbered, asked: Asked) -> Response {
    match desk.carry_out(&asked, What::Search(Searching::Open(id))).await {
        Ok(Outcome::Search(search)) => lead(&Done::new(page::place_of(&search.wanted), "")),
        Ok(_) => troubled(asked.lang, Trouble::Ours),
        Err(Refusal::Usage(_)) => troubled(asked.lang, Trouble::Missing),
        Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
    }
}

/// A new name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Named {
    name: String,
}

/// `POST /searches/{id}/rename`.
pub(in crate::web) async fn rename(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Named { name }): Sent<Named>,
) -> Response {
    change(desk, asked, Searching::Rename(id, name), "done.search-renamed").await
}

/// `POST /searches/{id}/remove`.
pub(in crate::web) async fn remove(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Pressed {}): Sent<Pressed>,
) -> Response {
    change(desk, asked, Searching::Remove(id), "done.search-removed").await
}

async fn change(desk: Arc<Desk>, asked: Asked, act: Searching, said: &'static str) -> Response {
    desk.act(asked, What::Search(act), |_| Done::new("/searches", said)).await
}
