//! `/admin/plan`: the plan is read, written anew, checked, proposed by one person and put into force by another.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::people;
use super::sources::ground;
use crate::plan::diff::diff;
use crate::planning;
use crate::web::desk::{Asked, Desk, Done};
use crate::web::form::Sent;
use crate::web::page::{self, CheckedPlan, ProposedPlan};

async fn shown(desk: Arc<Desk>, asked: Asked, typed: Option<(String, String)>) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let owner = &ours.app.owner;
        let judged = |text: &str| planning::read(text).map(|other| diff(&visit.plan, &other));
        let checked = typed.map(|(text, reason)| CheckedPlan {
            outcome: judged(&text),
            text: text.replace("\r\n", "\n"),
            reason,
        });
        let proposed = ours.unveiled().plan_proposal()?;
        let names = people(ours.unveiled())?;
        let proposed = proposed.map(|proposal| ProposedPlan {
            outcome: judged(&proposal.text),
            by: names.get(&proposal.user).cloned(),
            proposal,
        });
        let can_change = owner.setup.file.is_some();
        Ok(page::plan(visit, &ground(rows)?, checked.as_ref(), proposed.as_ref(), can_change)?)
    })
    .await
}

/// `GET /admin/plan`.
pub(in crate::web) async fn plan(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    shown(desk, asked, None).await
}

/// A plan as somebody writes it, and which one they saw.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Written {
    text: String,
    #[serde(default)]
    seen: String,
    #[serde(default)]
    reason: String,
}

/// `POST /admin/plan/check`: is it in order, and what would be different? Nothing is changed.
pub(in crate::web) async fn check(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Written { text, reason, .. }): Sent<Written>,
) -> Response {
    shown(desk, asked, Some((text, reason))).await
}

/// `POST /admin/plan/propose`: what does not hold together comes back with its faults, as it was typed.
pub(in crate::web) async fn propose(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Written { text, seen, reason }): Sent<Written>,
) -> Response {
    if planning::read(&text).is_err() {
        let mut response = shown(desk, asked, Some((text, reason))).await;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return response;
    }
    let work = move |owner: &_, caller: &_| planning::propose(owner, caller, &text, &seen, &reason);
    desk.tend_and_lead(asked, work, |()| Done::new("/admin/plan", "done.plan-proposed")).await
}

/// Which plan, by its digest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Named {
    plan: String,
}

/// `POST /admin/plan/adopt`.
pub(in crate::web) async fn adopt(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Named { plan }): Sent<Named>,
) -> Response {
    let work = move |owner: &_, caller: &_| planning::adopt(owner, caller, &plan);
    desk.tend_and_lead(asked, work, |()| Done::new("/admin/plan", "done.plan-adopted")).await
}

/// `POST /admin/plan/drop`.
pub(in crate::web) async fn give_up(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Named { plan }): Sent<Named>,
) -> Response {
    let work = move |owner: &_, caller: &_| planning::give_up(owner, caller, plan);
    desk.tend_and_lead(asked, work, |()| Done::new("/admin/plan", "done.plan-dropped")).await
}
