//! `/admin/backup`: a copy of everything is made aside, listed, taken elsewhere and removed; each step is in the record.

use std::io;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::sources::ground;
use crate::control::Refusal;
use crate::handling::handout::Parcel;
use crate::web::desk::{Asked, Desk, Done, Refused, handed, lead, refuse};
use crate::web::form::{Pressed, Sent};
use crate::web::page;

fn unreadable(error: &io::Error) -> Refused {
    Refused::Refusal(Refusal::Internal(error.to_string()))
}

/// `GET /admin/backup`.
pub(in crate::web) async fn list(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let backups = &ours.backups;
        let copies = backups.all().map_err(|error| unreadable(&error))?;
        let before = backups.before_conversions().map_err(|error| unreadable(&error))?;
        let data = ours.app.owner.clerk.directory.path().display().to_string();
        Ok(page::backups(visit, &ground(rows)?, (&copies, &before), &backups.standing(), data)?)
    })
    .await
}

/// `POST /admin/backup`: begins one, and does not wait for it.
pub(in crate::web) async fn make(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Pressed {}): Sent<Pressed>,
) -> Response {
    let backups = desk.backups.clone();
    match Arc::clone(&desk).tend(&asked, move |owner, caller| backups.begin(&owner.clerk, caller)).await {
        Ok(making) => {
            tokio::task::spawn_blocking(move || making.run());
            lead(&Done::new("/admin/backup", "done.backup-begun"))
        }
        Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
    }
}

/// Which one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Which {
    file: String,
}

/// `POST /admin/backup/take`: a form and no link, because it is written down.
pub(in crate::web) async fn take(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Which { file }): Sent<Which>,
) -> Response {
    let (backups, name) = (desk.backups.clone(), file.clone());
    let taken = Arc::clone(&desk).tend(&asked, move |owner, caller| backups.take(&owner.clerk, caller, &file)).await;
    match taken {
        Ok((file, length)) => handed(Parcel { name, file, length }),
        Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
    }
}

/// `POST /admin/backup/remove`.
pub(in crate::web) async fn remove(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Which { file }): Sent<Which>,
) -> Response {
    let backups = desk.backups.clone();
    desk.tend_and_lead(
        asked,
        move |owner, caller| backups.remove(&owner.clerk, caller, &file),
        |()| Done::new("/admin/backup", "done.backup-removed"),
    )
    .await
}
