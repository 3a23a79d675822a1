//! `/`: the situation.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::watches::swept;
use crate::store::{IncidentQuery, PostQuery};
use crate::web::desk::Refused;
use crate::web::desk::{Asked, Desk};
use crate::web::page::Visit;
use crate::web::page::{self, HomeRows, ToldRows};
use crate::web::rows::{PostsQuery, Rows, Unanswered};

/// Incidents on the first page.
const INCIDENTS: usize = 20;
/// Latest posts on the first page.
const LATEST: usize = 12;
/// Newest notices that the first page chooses from.
const NOTICES: usize = 50;
/// Notices to people on the first page.
const TOLD: usize = 6;
/// Clocks that run out next on the wall.
const DEADLINES: usize = 8;
/// How far back is told how the watches fared, in seconds.
const DAY: i64 = 86_400;
/// What grows that the first page shows.
const RISEN: usize = 4;

/// `GET /`.
pub(in crate::web) async fn home(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let query = IncidentQuery { limit: Some(INCIDENTS), ..IncidentQuery::default() };
        let incidents = ours.told(rows, &query)?;
        let latest = PostQuery { limit: Some(LATEST), ..PostQuery::default() };
        let posts = rows.posts(&PostsQuery { list: latest, ..PostsQuery::default() })?;
        let posts = posts.posts.into_iter().map(|(post, _)| post).collect();
        let told = ToldRows { newest: rows.told(TOLD)?, health: rows.outbox_health(visit.now)? };
        let notices = rows.notices(NOTICES)?;
        Ok(page::home(visit, &HomeRows { incidents, posts, notices, told, ..glance(&ours, rows, visit, 1)? })?)
    })
    .await
}

/// `GET /wall`.
pub(in crate::web) async fn wall(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| Ok(page::wall(visit, &glance(&ours, rows, visit, DEADLINES)?)?)).await
}

/// What both show, with the `next` clocks that run out.
fn glance(desk: &Desk, rows: &dyn Rows, visit: &Visit, next: usize) -> Result<HomeRows, Refused> {
    let commit = *desk.app.changes.borrow();
    let governed = rows.deadlines(visit.now, next)?.into_iter().map(|one| {
        let plan = rows.governing(one.incident)?;
        Ok((one, plan))
    });
    Ok(HomeRows {
        deadlines: governed.collect::<Result<_, Unanswered>>()?,
        figures: rows.figures()?,
        watches: swept(rows, visit.now)?,
        month: Some(desk.month.month(desk.app.rows.as_ref(), commit, visit.now, &visit.zone)?),
        risen: rows.risen(visit.now, RISEN)?,
        day: Some(rows.coverage(visit.now - DAY, visit.now)?),
        duties: desk.duties(rows, visit)?,
        ..HomeRows::default()
    })
}
