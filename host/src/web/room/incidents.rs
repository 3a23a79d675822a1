//! `/incidents`: which there are, and one of them.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use caifeng_plugin_host::contract::Timestamp;

use crate::handling::answer::Answer;
use crate::incident::IncidentId;
use crate::incident::event::{Event, Recorded};
use crate::incident::life::Given;
use crate::plan::Plan;
use crate::store::{Reader, StoreError};
use crate::user::User;
use crate::user::right::Act;
use crate::web::desk::{Asked, Desk, Refused, hand};
use crate::web::form::{Numbered, Pressed, Sent};
use crate::web::page::{self, Acting, Around, IncidentRows, ListRows, RecordRows, Trouble};

/// Incidents on a page of the list.
const LIST: usize = 30;
/// Posts on the page of an incident.
const WHOLE: usize = 200;
/// Answers on the page of an incident, the newest.
const ANSWERS: usize = 12;

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
        let (clerk, reader) = (&ours.app.owner.clerk, &ours.reader(visit.user()));
        let users = reader.users()?;
        let acting = match &visit.person {
            Some(_) => acting(reader, id, &users)?,
            None => None,
        };
        let around = around(reader, (id, users), &plan, visit.now)?;
        let accounts = clerk.organisation.get().accounts.clone();
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
            around,
            accounts,
            acting,
        };
        Ok(page::incident(visit, &told)?)
    })
    .await
}

/// How an incident stands, what happened to it, and who can own it.
fn acting(reader: &Reader, id: IncidentId, users: &[User]) -> Result<Option<Acting>, StoreError> {
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
    let works = |user: &&User| user.revoked.is_none() && user.roles.iter().any(|role| Act::DoStep.is_for(*role));
    let named = |user: &User| (user.id.clone(), user.name.clone().unwrap_or_else(|| user.id.clone()));
    let owners = users.iter().filter(works).map(named).collect();
    let people = super::named(users.to_vec());
    Ok(Some(Acting { life, history, people, owners }))
}

/// What was answered and begun besides, and who can be reached.
fn around(
    reader: &Reader,
    (id, users): (IncidentId, Vec<User>),
    plan: &Arc<Plan>,
    now: Timestamp,
) -> Result<Around, StoreError> {
    let mut replies = reader.replies(Some(id))?;
    replies.reverse();
    // Only of the latest is it counted what changed: each count walks through the posts of two weeks.
    let latest = replies.iter().find(|row| row.reply.published.is_some());
    let effect = match latest {
        Some(row) => reader.effect(row, now)?.map(|effect| (row.id, effect)),
        None => None,
    };
    let more = replies.len().saturating_sub(ANSWERS);
    replies.truncate(ANSWERS);
    Ok(Around {
        answers: replies
            .into_iter()
            .map(|row| Answer::of(reader, row, Arc::clone(plan)))
            .collect::<Result<_, StoreError>>()?,
        more,
        effect,
        summaries: reader.summaries_of(id)?,
        referrals: reader.referrals_of(id)?,
        cases: reader.cases_of(id)?,
        contacts: reader.contacts_of(id)?,
        people: super::named(users),
    })
}

/// `GET /incidents/{id}/record`: the entries of the incident, and whether they are what they were.
pub(in crate::web) async fn record(State(desk): State<Arc<Desk>>, Numbered(id): Numbered, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let reader = ours.unveiled();
        // Whoever sees it may verify it, beside entries that they do not see.
        let title = rows.incident(id)?.ok_or_else(super::missing)?.title;
        let told = RecordRows {
            figures: rows.figures()?,
            watches: rows.watches()?,
            incident: id,
            title,
            examined: reader.verify_incident(id)?,
            // What was changed may not be read any more; then the entries themselves say nothing.
            history: reader.history(id).unwrap_or_default(),
            plan: rows.governing(id)?,
            people: super::people(reader)?,
        };
        Ok(page::record(visit, &told)?)
    })
    .await
}

/// `POST /incidents/{id}/evidence`: what its posts came from, as one archive; the record says so first.
pub(in crate::web) async fn evidence(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Pressed {}): Sent<Pressed>,
) -> Response {
    hand(asked.lang, move || {
        let clerk = &desk.app.owner.clerk;
        desk.reader(asked.visitor.user()).incident(id)?.ok_or_else(super::missing)?;
        Ok(clerk.evidence_parcel(asked.visitor.token, desk.app.account, id)?)
    })
    .await
}
