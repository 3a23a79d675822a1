//! `/incidents/{id}/referral`: handing a false and grave claim to the police, behind the narrowest gate (P16).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::{act, missing, people};
use crate::handling::What;
use crate::incident::event::Event;
use crate::referral::ReferralEvent;
use crate::store::{Referring, Sight};
use crate::web::desk::{Asked, Desk, Refused, hand, refuse};
use crate::web::form::{Numbered, Reasoned, Seen, Sent, Uploaded};
use crate::web::page::{self, ReferralRows, ReferralTold, Trouble};

/// Posts of the incident that may make the claim, the newest.
const POSTS: usize = 60;

/// `GET /incidents/{id}/referral`.
pub(in crate::web) async fn one(State(desk): State<Arc<Desk>>, Numbered(id): Numbered, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let title = rows.incident(id)?.ok_or_else(missing)?.title;
        let reader = &ours.reader(visit.user());
        let history = reader.history(id)?;
        let mut all = Vec::new();
        for row in reader.referrals_of(id)? {
            let mut steps = Vec::new();
            for recorded in &history {
                let Event::Referral { referral, done } = &recorded.event else { continue };
                if *referral != row.id {
                    continue;
                }
                let note = match done {
                    ReferralEvent::Proposed { claim: note, .. }
                    | ReferralEvent::Approved { note }
                    | ReferralEvent::Refused { note } => reader.note(note.id)?,
                    ReferralEvent::Exported { .. } => None,
                };
                steps.push((recorded.at, recorded.by.clone(), done.clone(), note));
            }
            all.push(ReferralTold { row, steps });
        }
        let told = ReferralRows {
            figures: rows.figures()?,
            watches: rows.watches()?,
            incident: id,
            title,
            all,
            posts: rows.posts_of(id, POSTS)?,
            people: people(reader)?,
        };
        Ok(page::referral(visit, &told)?)
    })
    .await
}

/// `POST /incidents/{id}/referral`: a claim, the post that makes it, and a file that shows that it is false.
pub(in crate::web) async fn propose(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    sent: Uploaded,
) -> Response {
    let read = || {
        let claim = sent.said("claim").unwrap_or_default();
        let post = sent.field("post")?.parse().ok()?;
        sent.only(&["claim", "post"]).then_some((id, post, claim))
    };
    let Some((incident, post, claim)) = read() else {
        return refuse(asked.lang, Refused::Trouble(Trouble::Form));
    };
    let evidence = match sent.file {
        Some(file) => match desk.keep(file).await {
            Ok(digest) => vec![digest],
            Err(refusal) => return refuse(asked.lang, Refused::Refusal(refusal)),
        },
        None => Vec::new(),
    };
    act(desk, asked, What::Refer(Referring::Propose { incident, post, claim, evidence }), "done.proposed").await
}

/// `POST /referrals/{id}/approve`.
pub(in crate::web) async fn approve(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Reasoned { version, reason }): Sent<Reasoned>,
) -> Response {
    act(desk, asked, What::Refer(Referring::Approve(Sight { id, version }, reason)), "done.agreed").await
}

/// `POST /referrals/{id}/refuse`.
pub(in crate::web) async fn refused(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Reasoned { version, reason }): Sent<Reasoned>,
) -> Response {
    act(desk, asked, What::Refer(Referring::Refuse(Sight { id, version }, reason)), "done.not-agreed").await
}

/// `POST /referrals/{id}/export`: an archive with the page as it was captured; the record says so first.
pub(in crate::web) async fn export(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Seen { version }): Sent<Seen>,
) -> Response {
    hand(asked.lang, move || {
        let clerk = &desk.app.owner.clerk;
        desk.reader(asked.visitor.user()).referral(id)?.ok_or_else(missing)?;
        Ok(clerk.referral_parcel(asked.visitor.token, desk.app.account, Sight { id, version })?)
    })
    .await
}
