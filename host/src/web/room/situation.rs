//! `/`: the situation.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::incidents::glanced;
use super::watches::swept;
use crate::store::{IncidentQuery, PostQuery};
use crate::web::desk::{Asked, Desk};
use crate::web::page::{self, HomeRows, ToldRows};
use crate::web::rows::PostsQuery;

/// Incidents on the first page.
const INCIDENTS: usize = 20;
/// Latest posts on the first page.
const LATEST: usize = 12;
/// Newest notices that the first page chooses from.
const NOTICES: usize = 50;
/// Notices to people on the first page.
const TOLD: usize = 6;
/// What grows that the first page shows.
const RISEN: usize = 4;

/// `GET /`.
pub(in crate::web) async fn home(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let query = IncidentQuery { limit: Some(INCIDENTS), ..IncidentQuery::default() };
        let incidents = glanced(rows, rows.incidents(&query)?)?;
        let commit = *ours.app.changes.borrow();
        let month = Some(ours.month.month(rows, commit, visit.now, &visit.zone)?);
        let latest = PostQuery { limit: Some(LATEST), ..PostQuery::default() };
        let posts = rows.posts(&PostsQuery { list: latest, ..PostsQuery::default() })?;
        let posts = posts.posts.into_iter().map(|(post, _)| post).collect();
        let (watches, notices) = (swept(rows, visit.now)?, rows.notices(NOTICES)?);
        let (figures, risen) = (rows.figures()?, rows.risen(visit.now, RISEN)?);
        let told = ToldRows { newest: rows.told(TOLD)?, health: rows.outbox_health(visit.now)? };
        let duties = ours.duties(rows, visit)?;
        Ok(page::home(visit, &HomeRows { figures, incidents, posts, watches, month, notices, risen, told, duties })?)
    })
    .await
}
