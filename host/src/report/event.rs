//! What happened to an incident, in words: a line for each thing that people act upon.

use crate::incident::event::Event;
use crate::lang::Lang;
use crate::plan::Plan;
use crate::plan::show::{category_key, form_key};

/// An event in words, `person` naming a user by identifier; `None` for what a summary need not tell (posts that join,
/// clocks that tick).
pub(crate) fn told(event: &Event, plan: &Plan, lang: Lang, person: &dyn Fn(&str) -> String) -> Option<String> {
    let step = |id: &str| {
        let found = plan.playbooks.iter().find_map(|book| book.step(id));
        found.map_or_else(|| id.to_owned(), |step| step.name.in_lang(lang).to_owned())
    };
    let level = |id: Option<&str>| match id {
        None => lang.t("report.no-level"),
        Some(id) => plan.level(id).map_or_else(|| id.to_owned(), |level| level.name.in_lang(lang).to_owned()),
    };
    let said = match event {
        Event::Opened { .. } => lang.t("report.event-opened"),
        Event::Submitted { .. } => lang.t("report.event-submitted"),
        Event::Warned(alert) => {
            lang.with("report.event-warned", &[("why", &crate::warning::words::reasons(lang, alert))])
        }
        Event::Assessed { category, level: decided, .. } => {
            let (category, level) = (lang.t(category_key(*category)), level(decided.as_deref()));
            lang.with("report.event-assessed", &[("category", &category), ("level", &level)])
        }
        Event::LevelSet { level: decided, .. } => lang.with("report.event-level", &[("level", &level(Some(decided)))]),
        Event::Assigned { user } => lang.with("report.event-assigned", &[("who", &person(user))]),
        Event::StepDone { step: id, .. } => lang.with("report.event-step", &[("step", &step(id))]),
        Event::StepWaived { step: id, .. } => lang.with("report.event-waived", &[("step", &step(id))]),
        Event::SentBack { steps, .. } => {
            let steps: Vec<String> = steps.iter().map(|id| step(id)).collect();
            lang.with("report.event-back", &[("steps", &lang.list(&steps))])
        }
        Event::Noted { .. } => lang.t("report.event-noted"),
        Event::Escalated { .. } => lang.t("report.event-escalated"),
        Event::TakenBack => lang.t("report.event-taken-back"),
        Event::Restricted { .. } => lang.t("report.event-restricted"),
        Event::Unrestricted { .. } => lang.t("report.event-unrestricted"),
        Event::Paused { .. } => lang.t("report.event-paused"),
        Event::Resumed { .. } => lang.t("report.event-resumed"),
        Event::Watched { .. } => lang.t("report.event-watched"),
        Event::Closed { .. } => lang.t("report.event-closed"),
        Event::Reopened { .. } => lang.t("report.event-reopened"),
        Event::Recurred { .. } => lang.t("report.event-recurred"),
        Event::Dismissed { .. } => lang.t("report.event-dismissed"),
        Event::Answered { reply, form } => {
            lang.with("report.event-answered", &[("n", reply), ("form", &lang.t(form_key(*form)))])
        }
        Event::Referred { approved, .. } => {
            lang.t(if *approved { "report.event-referred" } else { "report.event-not-referred" })
        }
        Event::Absorbed { from, .. } => lang.with("report.event-absorbed", &[("n", from)]),
        Event::MergedInto { into } => lang.with("report.event-merged", &[("n", into)]),
        Event::Parted { into, .. } => lang.with("report.event-parted", &[("n", into)]),
        Event::SplitFrom { from, .. } => lang.with("report.event-split", &[("n", from)]),
        _ => return None,
    };
    Some(said)
}
