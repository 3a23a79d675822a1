//! `/incidents`: which there are, and one of them.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;

use crate::incident::IncidentId;
use crate::incident::event::{Event, Recorded};
use crate::incident::life::Given;
use crate::store::{Reader, StoreError};
use crate::user::User;
use crate::user::right::Act;
use crate::web::desk::{Asked, Desk, Refused};
use crate::web::form::Numbered;
use crate::web::page::{self, Acting, IncidentRows, ListRows, Trouble};

/// Incidents on a page of the list.
const LIST: usize = 30;
/// Posts on the page of an incident.
const WHOLE: usize = 200;

/// `GET /incidents`.
pub(in crate::web) async fn list(State(desk): State<Arc<Desk>>, RawQuery(query): RawQuery, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let wanted = page::asked_for(query.as_deref().unwrap_or_default());
        let mut asked = wanted.ok_or(Refused::Trouble(Trouble::Address))?;
        asked.limit = Some(LIST + 1);
        let mut incidents = ours.told(rows, &asked)?;
        let more = incidents.len() > LIST;
        incidents.truncate(LIST);
        let (figures, watches) = (rows.figures()?, rows.watches()?);
        Ok(page::incidents(visit, &ListRows { figures, watches, asked, incidents, more })?)
    })
    .await
}

/// `GET /incidents/{id}`.
pub(in crate::web) async fn one(State(desk): State<Arc<Desk>>, Numbered(id): Numbered, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let incident = rows.incident(id)?.ok_or_else(super::missing)?;
        let posts = rows.posts_of(id, WHOLE)?;
        let strongest = incident.suggested().map(|category| rows.strongest(id, category)).transpose()?.flatten();
        let (watches, lives, reach) = (rows.watches()?, rows.lives(&posts)?, rows.reach(id)?);
        let (figures, course, opinion) = (rows.figures()?, rows.course(id)?, rows.opinion(id)?);
        let (plan, disclosures) = (rows.governing(id)?, rows.disclosures(id)?);
        let acting = match &visit.person {
            Some(_) => acting(&ours.app.owner.clerk.reader, id)?,
            None => None,
        };
        let told = IncidentRows {
            figures,
            watches,
            incident,
            posts,
            strongest,
            lives,
            course,
            reach,
            opinion,
            plan,
            disclosures,
            acting,
        };
        Ok(page::incident(visit, &told)?)
    })
    .await
}

/// How an incident stands, what happened to it, and who can own it.
fn acting(reader: &Reader, id: IncidentId) -> Result<Option<Acting>, StoreError> {
    let Some(life) = reader.standing(id)? else { return Ok(None) };
    let written = |recorded: Recorded| {
        let note = match (&recorded.event, recorded.event.note()) {
            (Event::StepDone { evidence, .. }, _) => evidence.iter().find_map(|given| match given {
                Given::Note(note) => Some(note.id),
                _ => None,
            }),
            (_, note) => note.map(|note| note.id),
        };
        Ok((recorded, note.map_or(Ok(None), |note| reader.note(note))?))
    };
    let history = reader.history(id)?.into_iter().map(written).collect::<Result<_, StoreError>>()?;
    let users = reader.users()?;
    let works = |user: &&User| user.revoked.is_none() && user.roles.iter().any(|role| Act::DoStep.is_for(*role));
    let named = |user: &User| (user.id.clone(), user.name.clone().unwrap_or_else(|| user.id.clone()));
    let owners = users.iter().filter(works).map(named).collect();
    let people = users.into_iter().filter_map(|user| Some((user.id, user.name?))).collect();
    Ok(Some(Acting { life, history, people, owners }))
}
