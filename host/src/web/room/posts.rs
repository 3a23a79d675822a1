//! `/posts`: what was said, filtered and searched.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;

use crate::web::desk::{Asked, Desk, Refused};
use crate::web::page::{self, PostsAsked, PostsRows, Trouble};

/// Posts on a page.
const PAGE: usize = 40;
/// How far back a topic that was full is told, in seconds: as long as what is over is kept by default.
const FULL: i64 = 7 * 86_400;

/// `GET /posts`.
pub(in crate::web) async fn list(State(desk): State<Arc<Desk>>, RawQuery(query): RawQuery, asked: Asked) -> Response {
    desk.show(asked, move |rows, visit| {
        let asked = PostsAsked::of(query.as_deref().unwrap_or_default());
        let asked = asked.ok_or(Refused::Trouble(Trouble::Address))?;
        let found = rows.posts(&asked.query(&visit.zone, PAGE))?;
        let (figures, watches, choices) = (rows.figures()?, rows.watches()?, rows.choices()?);
        let full = rows.full_days(visit.now - FULL)?;
        Ok(page::posts(visit, &PostsRows { figures, watches, choices, full, asked, found })?)
    })
    .await
}
