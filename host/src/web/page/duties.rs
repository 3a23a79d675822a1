//! What somebody must do before all else: escalations that nobody has acknowledged, a machine clock that is off, a plan that
//! waits to be put into force, a year without its notice of working days.

use std::sync::Arc;

use crate::coverage::words::length;
use crate::incident::IncidentId;
use crate::plan::Plan;
use crate::store::{Deadline, Unacknowledged};
use crate::web::lang::Lang;
use crate::web::mark::line;
use crate::web::when::{Clockface, Stamp};

/// Escalations that are told one by one; how many more there are is said.
pub(crate) const ESCALATED: usize = 4;

/// What the page is told of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Duties {
    /// Incidents with escalations, the longest waiting first, each with the plan that governs it.
    pub(crate) unacknowledged: Vec<(Unacknowledged, Arc<Plan>)>,
    /// How many there are.
    pub(crate) escalated: u64,
    /// Seconds by which the machine's clock is ahead of the time that is kept here, or behind it.
    pub(crate) clock: i64,
    /// A year whose notice of working days should be known.
    pub(crate) year: Option<i16>,
    /// A plan waits for whoever may put it into force, and that is the reader.
    pub(crate) plan: bool,
}

/// One of them.
pub(super) struct DutyView {
    pub(super) sentence: String,
    pub(super) href: Option<String>,
    pub(super) at: Option<Stamp>,
}

impl DutyView {
    fn plain(sentence: String) -> Self {
        Self { sentence, href: None, at: None }
    }
}

/// A clock that runs out, told.
pub(super) struct DeadlineView {
    pub(super) id: i64,
    pub(super) title: String,
    /// What the clock is called.
    pub(super) clock: String,
    /// How much time is left.
    pub(super) left: String,
    pub(super) at: Stamp,
}

/// What runs out next, in words.
pub(super) fn deadlines(all: &[(Deadline, Arc<Plan>)], face: &Clockface, lang: Lang) -> Vec<DeadlineView> {
    let told = |(one, plan): &(Deadline, Arc<Plan>)| DeadlineView {
        id: one.incident,
        title: called(one.title.as_deref(), one.incident),
        clock: plan.clock_name(&one.clock).map_or(one.clock.as_str(), |name| name.in_lang(lang)).to_owned(),
        left: lang.with("deadline.left", &[("length", &length(lang, one.due - face.now()))]),
        at: face.stamp(one.due),
    };
    all.iter().map(told).collect()
}

/// What an incident is called, or its number.
fn called(title: Option<&str>, id: IncidentId) -> String {
    title.map(str::trim).filter(|title| !title.is_empty()).map_or_else(|| format!("#{id}"), |title| line(title, 60))
}

/// All of them, in words.
pub(super) fn duties(duties: &Duties, face: &Clockface, lang: Lang) -> Vec<DutyView> {
    let mut all: Vec<DutyView> =
        duties.unacknowledged.iter().map(|(one, plan)| escalated(one, plan, face, lang)).collect();
    let more = duties.escalated.saturating_sub(u64::try_from(all.len()).unwrap_or(u64::MAX));
    if more > 0 {
        let href = Some("/incidents".to_owned());
        all.push(DutyView { sentence: lang.count("duty.more", more), href, at: None });
    }
    if duties.clock != 0 {
        let key = if duties.clock > 0 { "duty.clock-ahead" } else { "duty.clock-behind" };
        all.push(DutyView::plain(lang.with(key, &[("length", &length(lang, duties.clock.saturating_abs()))])));
    }
    if duties.plan {
        all.push(DutyView { sentence: lang.t("planned.duty"), href: Some("/admin/plan".to_owned()), at: None });
    }
    all.extend(duties.year.map(|year| DutyView::plain(lang.with("duty.year", &[("year", &year)]))));
    all
}

fn escalated(one: &Unacknowledged, plan: &Plan, face: &Clockface, lang: Lang) -> DutyView {
    let title = called(one.title.as_deref(), one.incident);
    let name = |clock| plan.clock_name(clock).map_or(clock, |name| name.in_lang(lang));
    let clocks: Vec<&str> = one.escalations.iter().filter_map(|it| it.clock.as_deref()).map(name).collect();
    let sentence = if clocks.is_empty() {
        lang.with("duty.brought", &[("title", &title)])
    } else {
        lang.with("duty.escalated", &[("title", &title), ("clocks", &lang.list(&clocks))])
    };
    DutyView { sentence, href: Some(format!("/incidents/{}", one.incident)), at: Some(face.stamp(one.since)) }
}
