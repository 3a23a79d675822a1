//! `/incidents/{id}/referral`: handing a false and grave claim to the police, behind the narrowest gate (P16).

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::response::Response;

use super::{act, missing, people};
use crate::control::Refusal;
use crate::handling::{Deed, What, document, handout};
use crate::incident::event::Event;
use crate::referral::ReferralEvent;
use crate::store::{ReferralRow, Referring, Sight};
use crate::user::token::Token;
use crate::web::desk::{Asked, Attached, Desk, Refused, attach, refuse};
use crate::web::form::{Numbered, Reasoned, Seen, Sent, Uploaded};
use crate::web::page::{self, ReferralRows, ReferralTold, Trouble};

/// Posts of the incident that may make the claim, the newest.
const POSTS: usize = 60;

/// `GET /incidents/{id}/referral`.
pub(in crate::web) async fn one(State(desk): State<Arc<Desk>>, Numbered(id): Numbered, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let title = rows.incident(id)?.ok_or_else(missing)?.title;
        let reader = &ours.app.owner.clerk.reader;
        let history = reader.history(id)?;
        let mut all = Vec::new();
        for row in reader.referrals()?.into_iter().filter(|row| row.incident == id) {
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
    attach(asked.lang, move || hand_out(&desk, asked.visitor.token, Sight { id, version })).await
}

/// Writes the files into a folder of their own, has the record say so, and leaves nothing behind.
pub(in crate::web) fn hand_out(desk: &Desk, token: Option<Token>, sight: Sight) -> Result<Attached, Refused> {
    static FOLDERS: AtomicU64 = AtomicU64::new(0);
    let clerk = &desk.app.owner.clerk;
    let internal = |error: &dyn std::fmt::Display| Refused::Refusal(Refusal::Internal(error.to_string()));
    clerk
        .directory
        .not_in_a_drill("nobody is referred: the decision itself is the exercise")
        .map_err(|it| Refused::Refusal(it.into()))?;
    let row: ReferralRow = clerk.reader.referral(sight.id)?.ok_or_else(missing)?;
    let (process, n) = (std::process::id(), FOLDERS.fetch_add(1, Ordering::Relaxed));
    let folder = clerk.directory.path().join(format!("handing-out.{process}.{n}"));
    DirBuilder::new().mode(0o700).create(&folder).map_err(|error| internal(&error))?;
    let write = || -> Result<Attached, Refused> {
        let out = folder.join(format!("referral-{}.warc.gz", row.id));
        let written = handout::referral(&clerk.reader, &clerk.directory, &row, &out, (desk.app.clock)());
        let files = written.map_err(|error| internal(&error))?.files;
        let sha256 = document::digest(&out).map_err(|error| internal(&error))?;
        let archive = handout::packed(&files).map_err(|error| internal(&error))?;
        let deed = Deed { token, act: What::Refer(Referring::Export(sight, sha256)) };
        clerk.carry_out(deed, desk.app.account).map_err(Refused::Refusal)?;
        Ok(Attached { kind: "application/zip", name: format!("referral-{}.zip", row.id), bytes: archive })
    };
    let made = write();
    let gone = std::fs::remove_dir_all(&folder);
    if let Err(error) = gone {
        tracing::error!(%error, "what was handed out is left in {}", folder.display());
    }
    made
}
