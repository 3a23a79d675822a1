//! `/incidents/{id}/…`: what people decide and do about an incident.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use crate::incident::{Category, IncidentId};
use crate::store::{Decision, Seen, Shown};
use crate::web::desk::{Asked, Desk, Done, Refused, refuse};
use crate::web::form::{Fields, Handed, Numbered, Pressed, Reasoned, Seen as Version, Sent};
use crate::web::page::Trouble;

fn unclear(asked: &Asked) -> Response {
    refuse(asked.lang, Refused::Trouble(Trouble::Form))
}

/// Takes a decision about the incident of a path, and leads back to it.
async fn act(
    desk: Arc<Desk>,
    asked: Asked,
    (id, version, typed): (IncidentId, Option<u64>, &str),
    decision: Decision,
    said: &'static str,
) -> Response {
    super::decide(desk, asked, (Seen { id, version }, typed), decision, |_| Done::new(place(id), said)).await
}

fn place(id: IncidentId) -> String {
    format!("/incidents/{id}")
}

/// A category with its level.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Assessing {
    version: u64,
    category: Category,
    #[serde(default)]
    level: String,
    reason: String,
}

/// `POST /incidents/{id}/assess`.
pub(in crate::web) async fn assess(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Assessing { version, category, level, reason }): Sent<Assessing>,
) -> Response {
    let level = Some(level).filter(|level| !level.is_empty());
    let decision = Decision::Assess { category, level, reason: reason.clone() };
    act(desk, asked, (id, Some(version), &reason), decision, "done.assessed").await
}

/// A level.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Levelling {
    version: u64,
    level: String,
    reason: String,
}

/// `POST /incidents/{id}/level`.
pub(in crate::web) async fn level(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Levelling { version, level, reason }): Sent<Levelling>,
) -> Response {
    let decision = Decision::SetLevel { level, reason: reason.clone() };
    act(desk, asked, (id, Some(version), &reason), decision, "done.levelled").await
}

/// An owner.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Assigning {
    version: u64,
    user: String,
}

/// `POST /incidents/{id}/assign`.
pub(in crate::web) async fn assign(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Assigning { version, user }): Sent<Assigning>,
) -> Response {
    act(desk, asked, (id, Some(version), ""), Decision::Assign(user), "done.assigned").await
}

/// `POST /incidents/{id}/step`: a step is done, with what shows it.
pub(in crate::web) async fn step(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Handed { typed, files }: Handed,
) -> Response {
    let known = ["version", "step", "note", "whose", "capture", "reply", "referral"];
    let version = typed.field("version").and_then(|version| version.parse().ok());
    let (Some(version), Some(step), true) = (version, typed.said("step"), typed.only(&known)) else {
        return unclear(&asked);
    };
    let mut evidence: Vec<Shown> = typed.said("note").map(Shown::Note).into_iter().collect();
    for (name, shown) in
        [("capture", Shown::Capture as fn(i64) -> Shown), ("reply", Shown::Reply), ("referral", Shown::Referral)]
    {
        match typed.said(name).map(|said| said.parse()) {
            Some(Ok(number)) => evidence.push(shown(number)),
            Some(Err(_)) => return unclear(&asked),
            None => {}
        }
    }
    let (whose, words) = (typed.said("whose"), typed.said("note").unwrap_or_default());
    for (field, digest) in files {
        evidence.push(match (field.as_str(), &whose) {
            ("file", _) => Shown::Document(digest),
            ("consent", Some(whose)) => Shown::Consent(digest, whose.clone()),
            _ => return unclear(&asked),
        });
    }
    act(desk, asked, (id, Some(version), &words), Decision::DoStep { step, evidence }, "done.stepped").await
}

/// A step, for a reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Stepping {
    version: u64,
    step: String,
    reason: String,
}

/// `POST /incidents/{id}/waive`: a step does not apply.
pub(in crate::web) async fn waive(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Stepping { version, step, reason }): Sent<Stepping>,
) -> Response {
    let decision = Decision::WaiveStep { step, reason: reason.clone() };
    act(desk, asked, (id, Some(version), &reason), decision, "done.waived").await
}

/// `POST /incidents/{id}/send-back`: a step, and what rests on it, is to be done again.
pub(in crate::web) async fn send_back(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Stepping { version, step, reason }): Sent<Stepping>,
) -> Response {
    let decision = Decision::SendBack { step, reason: reason.clone() };
    act(desk, asked, (id, Some(version), &reason), decision, "done.sent-back").await
}

/// Words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Noting {
    text: String,
}

/// `POST /incidents/{id}/note`.
pub(in crate::web) async fn note(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Noting { text }): Sent<Noting>,
) -> Response {
    let text = text.replace("\r\n", "\n");
    act(desk, asked, (id, None, &text), Decision::Note(text.clone()), "done.noted").await
}

/// `POST /incidents/{id}/acknowledge`.
pub(in crate::web) async fn acknowledge(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Pressed {}): Sent<Pressed>,
) -> Response {
    act(desk, asked, (id, None, ""), Decision::Acknowledge, "done.acknowledged").await
}

/// `POST /incidents/{id}/{what}`, where a reason is all that it takes.
async fn reasoned(
    desk: Arc<Desk>,
    asked: Asked,
    (id, Reasoned { version, reason }): (IncidentId, Reasoned),
    decision: fn(String) -> Decision,
    said: &'static str,
) -> Response {
    act(desk, asked, (id, Some(version), &reason), decision(reason.clone()), said).await
}

/// `POST /incidents/{id}/pause`.
pub(in crate::web) async fn pause(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(sent): Sent<Reasoned>,
) -> Response {
    reasoned(desk, asked, (id, sent), Decision::Pause, "done.paused").await
}

/// `POST /incidents/{id}/resume`.
pub(in crate::web) async fn resume(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(sent): Sent<Reasoned>,
) -> Response {
    reasoned(desk, asked, (id, sent), Decision::Resume, "done.resumed").await
}

/// `POST /incidents/{id}/close`: a major one is watched first.
pub(in crate::web) async fn close(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(sent): Sent<Reasoned>,
) -> Response {
    reasoned(desk, asked, (id, sent), Decision::Close, "done.closed").await
}

/// `POST /incidents/{id}/reopen`.
pub(in crate::web) async fn reopen(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(sent): Sent<Reasoned>,
) -> Response {
    reasoned(desk, asked, (id, sent), Decision::Reopen, "done.reopened").await
}

/// `POST /incidents/{id}/dismiss`.
pub(in crate::web) async fn dismiss(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(sent): Sent<Reasoned>,
) -> Response {
    reasoned(desk, asked, (id, sent), Decision::Dismiss, "done.dismissed").await
}

/// `POST /incidents/{id}/escalate`.
pub(in crate::web) async fn escalate(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(sent): Sent<Reasoned>,
) -> Response {
    reasoned(desk, asked, (id, sent), Decision::Escalate, "done.escalated").await
}

/// `POST /incidents/{id}/restrict`.
pub(in crate::web) async fn restrict(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(sent): Sent<Reasoned>,
) -> Response {
    reasoned(desk, asked, (id, sent), Decision::Restrict, "done.restricted").await
}

/// `POST /incidents/{id}/unrestrict`.
pub(in crate::web) async fn unrestrict(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(sent): Sent<Reasoned>,
) -> Response {
    reasoned(desk, asked, (id, sent), Decision::Unrestrict, "done.unrestricted").await
}

/// Into which one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Into {
    version: u64,
    into: IncidentId,
}

/// `POST /incidents/{id}/merge`.
pub(in crate::web) async fn merge(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Into { version, into }): Sent<Into>,
) -> Response {
    let decision = Decision::Merge(Seen { id: into, version: None });
    act(desk, asked, (id, Some(version), ""), decision, "done.merged").await
}

/// `POST /incidents/{id}/split`: the posts that were ticked become an incident of their own.
pub(in crate::web) async fn split(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    sent: Fields,
) -> Response {
    let posts: Result<Vec<i64>, _> = sent.all("post").iter().map(|post| post.parse()).collect();
    let version = sent.one("version").and_then(|version| version.parse().ok());
    let (Ok(posts), Some(version), true) = (posts, version, sent.only(&["version", "post"])) else {
        return unclear(&asked);
    };
    act(desk, asked, (id, Some(version), ""), Decision::Split(posts), "done.split").await
}

/// `POST /incidents/{id}/undo`: the latest merge or split is taken back.
pub(in crate::web) async fn undo(
    State(desk): State<Arc<Desk>>,
    Numbered(id): Numbered,
    asked: Asked,
    Sent(Version { version }): Sent<Version>,
) -> Response {
    act(desk, asked, (id, Some(version), ""), Decision::Undo, "done.undone").await
}
