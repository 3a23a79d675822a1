//! 预案: the plan in force, the text in which another one is written, and what is proposed.

use askama::Template;

use super::admin::{LINE, admin_tabs, frame};
use super::sources::Ground;
use super::{Frame, Rendered, Tab, Visit};
use crate::config::Problem;
use crate::plan::diff::Change;
use crate::store::PlanProposal;
use crate::user::right::Act;
use crate::web::lang::Lang;
use crate::web::mark::line;
use crate::web::when::Stamp;

/// Differences, or faults, of a plan that are told one by one.
const TOLD: usize = 200;

/// What is different in a plan, or what is wrong with it.
pub(crate) type Judged = Result<Vec<Change>, Vec<Problem>>;

/// A plan as somebody writes it.
pub(crate) struct Checked {
    /// Its text.
    pub(crate) text: String,
    /// Why it is wanted.
    pub(crate) reason: String,
    /// What is wrong with it, or what is different.
    pub(crate) outcome: Judged,
}

/// A plan that waits for somebody who decides.
pub(crate) struct Proposed {
    /// The proposal.
    pub(crate) proposal: PlanProposal,
    /// What its author is called.
    pub(crate) by: Option<String>,
    /// What is different; wrong is only what a newer program reads otherwise.
    pub(crate) outcome: Judged,
}

struct ProposedView {
    digest: String,
    by: String,
    at: Stamp,
    reason: String,
    verdict: String,
    said: Vec<String>,
    text: String,
}

#[derive(Template)]
#[template(path = "admin-plan.html")]
struct PlanPage {
    frame: Frame,
    tabs: Vec<Tab>,
    lines: Vec<String>,
    text: String,
    reason: String,
    seen: String,
    verdict: Option<String>,
    said: Vec<String>,
    proposed: Option<ProposedView>,
    may_propose: bool,
    may_adopt: bool,
    can_change: bool,
}

fn judged(outcome: &Judged, lang: Lang) -> (String, Vec<String>) {
    match outcome {
        Ok(changes) => {
            let told = changes.iter().take(TOLD).map(change_line).collect();
            (lang.count("admin.plan-changes", changes.len() as u64), told)
        }
        Err(problems) => {
            let told = problems.iter().take(TOLD).map(|problem| line(&problem.to_string(), LINE)).collect();
            (lang.count("admin.plan-problems", problems.len() as u64), told)
        }
    }
}

/// The plan in force as a person reads it, the editor, and what is proposed; `can_change`: this is the real thing.
pub(crate) fn plan(
    visit: &Visit,
    ground: &Ground,
    checked: Option<&Checked>,
    proposed: Option<&Proposed>,
    can_change: bool,
) -> Rendered {
    let lang = visit.lang;
    let frame = frame(visit, ground);
    let (verdict, said) = checked.map(|checked| judged(&checked.outcome, lang)).unzip();
    let proposed = proposed.map(|it| {
        let (verdict, said) = judged(&it.outcome, lang);
        ProposedView {
            digest: it.proposal.plan.clone(),
            by: it.by.clone().unwrap_or_else(|| it.proposal.user.clone()),
            at: frame.face.stamp(it.proposal.at),
            reason: it.proposal.reason.clone(),
            verdict,
            said,
            text: it.proposal.text.clone(),
        }
    });
    PlanPage {
        tabs: admin_tabs(visit, "/admin/plan"),
        lines: crate::plan::show::lines(&visit.plan, lang),
        text: checked.map_or_else(|| visit.plan.text().to_owned(), |checked| checked.text.clone()),
        reason: checked.map(|checked| checked.reason.clone()).unwrap_or_default(),
        seen: visit.plan.digest(),
        verdict,
        said: said.unwrap_or_default(),
        proposed,
        may_propose: can_change && visit.may(Act::ProposePlan),
        may_adopt: can_change && visit.may(Act::AdoptPlan),
        can_change,
        frame,
    }
    .render()
}

fn change_line(change: &Change) -> String {
    let said = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let told = match (&change.from, &change.to) {
        (Some(from), Some(to)) => format!("{}: {} → {}", change.path, said(from), said(to)),
        (Some(from), None) => format!("− {}: {}", change.path, said(from)),
        (None, Some(to)) => format!("+ {}: {}", change.path, said(to)),
        (None, None) => change.path.clone(),
    };
    line(&told, LINE)
}
