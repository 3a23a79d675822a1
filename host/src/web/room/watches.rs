//! `/watches`: what is listened to.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use caifeng_plugin_host::contract::Timestamp;

use crate::asking::budget;
use crate::store::model::WatchRow;
use crate::web::desk::{Asked, Desk};
use crate::web::page::{self, SweptWatch};
use crate::web::rows::{Rows, Unanswered};

/// Watches whose sweeps are drawn; those further down the list are only told.
const DRAWN: usize = 60;

/// `GET /watches`.
pub(in crate::web) async fn list(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    desk.show(asked, |rows, visit| {
        let offset = jiff::Timestamp::from_second(visit.now).map_or(0, |at| visit.zone.to_offset(at).seconds());
        let services = rows.services(budget::day(visit.now, offset))?;
        Ok(page::watches(visit, rows.figures()?, &swept(rows, visit.now)?, &rows.permissions()?, &services)?)
    })
    .await
}

/// All watches in the order of the page, the first of them with their sweeps.
pub(super) fn swept(rows: &dyn Rows, now: Timestamp) -> Result<Vec<SweptWatch>, Unanswered> {
    let mut watches = rows.watches()?.to_vec();
    watches.retain(|w| !w.watch.recorded);
    page::order(&mut watches, now);
    let with_sweeps = |(at, row): (usize, WatchRow)| {
        let sweeps = if at < DRAWN { rows.sweeps(&row.watch.id, page::SWEEPS)? } else { Vec::new() };
        Ok(SweptWatch { row, sweeps })
    };
    watches.into_iter().enumerate().map(with_sweeps).collect()
}
