//! What is answered, by room of the desk: handlers read rows in a blocking thread and hand them to a [`page`],
//! or take what a form says to the [`Clerk`](crate::handling::Clerk). Which route leads to which stands in
//! [`routes`](super::routes).

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;

use super::desk::{Asked, Desk, Done, Refused, lead, refuse};
use super::page::{self, Ground, OvertakenRows, Trouble};
use crate::control::Refusal;
use crate::handling::{Outcome, What, document};
use crate::reply::citation::{self, Citation};
use crate::store::{Contacted, Decision, Reader, Seen, StoreError};
use crate::user::User;

pub(super) mod account;
pub(super) mod acting;
pub(super) mod admin;
pub(super) mod audit;
pub(super) mod backups;
pub(super) mod cases;
pub(super) mod channels;
pub(super) mod contacts;
pub(super) mod demo;
pub(super) mod disclosures;
pub(super) mod documents;
pub(super) mod hearing;
pub(super) mod inbox;
pub(super) mod incidents;
pub(super) mod keeping;
pub(super) mod plan;
pub(super) mod plugins;
pub(super) mod posts;
pub(super) mod presence;
pub(super) mod provider;
pub(super) mod public;
pub(super) mod referrals;
pub(super) mod replies;
pub(super) mod reports;
pub(super) mod searches;
pub(super) mod sign_in;
pub(super) mod situation;
pub(super) mod sources;
pub(super) mod submit;
pub(super) mod subscribed;
pub(super) mod summaries;
pub(super) mod topics;
pub(super) mod watches;
pub(super) mod welcome;

/// What is not there.
fn missing() -> Refused {
    Refused::Trouble(Trouble::Missing)
}

/// Does what a form says, and leads to where what came of it is shown.
async fn act(desk: Arc<Desk>, asked: Asked, what: What, said: &'static str) -> Response {
    desk.act(asked, what, |outcome| Done::new(shown(outcome), said)).await
}

/// Where what came of something is shown.
fn shown(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Reply(row) => format!("/replies/{}", row.id),
        Outcome::Disclosure(row) => format!("/disclosures/{}", row.id),
        Outcome::Public(row) => format!("/summaries#summary-{}", row.id),
        Outcome::Contact(Contacted::Row(row)) => format!("/contacts/{}", row.id),
        Outcome::Contact(_) => "/contacts".to_owned(),
        Outcome::Case(row) => format!("/cases/{}", row.id),
        Outcome::Referral(row) => format!("/incidents/{}/referral", row.incident),
        _ => "/".to_owned(),
    }
}

/// Names of the organisation's own people, by identifier; whoever's name has been deleted has none.
fn people(reader: &Reader) -> Result<HashMap<String, String>, StoreError> {
    Ok(named(reader.users()?))
}

fn named(users: Vec<User>) -> HashMap<String, String> {
    users.into_iter().filter_map(|user| Some((user.id, user.name?))).collect()
}

/// What a text rests on, each once, in the order of the text.
fn grounds((desk, reader): (&Desk, &Reader), text: &str) -> Result<Vec<Ground>, StoreError> {
    let clerk = &desk.app.owner.clerk;
    let mut found: Vec<Ground> = Vec::new();
    for citation in citation::citations(text).into_iter().filter_map(|cited| cited.what) {
        let mark = citation.to_string();
        if found.iter().any(|ground| ground.mark == mark) {
            continue;
        }
        let (words, href) = match &citation {
            Citation::Post(row) => {
                let post = reader.post_of(*row)?;
                let words = post.as_ref().map(|post| post.title.clone().unwrap_or_else(|| post.text.clone()));
                (words, post.map(|post| post.url))
            }
            Citation::Document(beginning) => {
                let kept = document::named(&clerk.directory.documents(), beginning);
                (None, kept.map(|digest| format!("/documents/{digest}")))
            }
        };
        found.push(Ground { mark, words, href });
    }
    Ok(found)
}

/// Takes a decision and leads on. Whoever was overtaken is told who decided what meanwhile, and gets back what they typed.
async fn decide(
    desk: Arc<Desk>,
    asked: Asked,
    (seen, typed): (Seen, &str),
    decision: Decision,
    done: impl FnOnce(&Outcome) -> Done,
) -> Response {
    match Arc::clone(&desk).carry_out(&asked, What::Decide(seen, decision)).await {
        Ok(outcome) => lead(&done(&outcome)),
        Err(Refusal::Refused(words)) => overtaken(desk, asked, (seen, typed.to_owned()), words).await,
        Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
    }
}

/// What was decided since a version was seen; where nothing was, the refusal itself.
async fn overtaken(desk: Arc<Desk>, asked: Asked, (seen, typed): (Seen, String), words: String) -> Response {
    let ours = Arc::clone(&desk);
    let mut response = desk
        .show(asked, move |rows, visit| {
            let reader = &ours.reader(visit.user());
            let version = seen.version.unwrap_or(u64::MAX);
            let decisions = reader.history(seen.id)?.into_iter().filter(|recorded| recorded.event.is_decision());
            let later: Vec<_> = decisions.zip(1..).filter(|(_, at)| *at > version).map(|(it, _)| it).collect();
            let Some(incident) = rows.incident(seen.id)?.filter(|_| !later.is_empty()) else {
                return Err(Refused::Refusal(Refusal::Refused(words)));
            };
            let (figures, watches) = (rows.figures()?, rows.watches()?);
            let (plan, people) = (rows.governing(seen.id)?, people(reader)?);
            let told = OvertakenRows { figures, watches, incident, later, plan, people, typed };
            Ok(page::overtaken(visit, &told)?)
        })
        .await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::CONFLICT;
    }
    response
}
