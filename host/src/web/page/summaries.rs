//! 公示内容: what the public reads of incidents, and the form in which it is written.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;

use super::replies::{names, titled};
use super::{Frame, Rendered, Room, Visit};
use crate::incident::IncidentId;
use crate::lang::refusal;
use crate::store::model::{Figures, WatchRow};
use crate::store::{Sight, SummaryRow};
use crate::supervision::{SummaryState, Told};
use crate::user::right::Act;
use crate::web::lang::Lang;

/// What the list is made of.
pub(crate) struct SummariesRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// The newest first.
    pub(crate) all: Vec<SummaryRow>,
    /// Names of people, by identifier.
    pub(crate) people: HashMap<String, String>,
    /// The public page is switched on.
    pub(crate) public: bool,
}

struct SummaryView {
    id: i64,
    version: u64,
    incident: i64,
    state: String,
    authors: String,
    told: Option<Told>,
    may_approve: bool,
    /// Why the reader cannot approve what waits for it.
    waits: Option<String>,
    may_withdraw: bool,
    may_edit: bool,
}

#[derive(Template)]
#[template(path = "summaries.html")]
struct SummariesPage {
    frame: Frame,
    all: Vec<SummaryView>,
    public: bool,
}

pub(super) const fn state_key(state: SummaryState) -> &'static str {
    match state {
        SummaryState::Draft => "summaries.draft",
        SummaryState::Approved => "summaries.approved",
        SummaryState::Withdrawn => "summaries.withdrawn",
    }
}

/// The list.
pub(crate) fn summaries(visit: &Visit, rows: &SummariesRows) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Disclosures, lang.t("disclose.public"), rows.figures, &rows.watches);
    let all = rows.all.iter().map(|row| view(visit, lang, row, &rows.people)).collect();
    SummariesPage { frame, all, public: rows.public }.render()
}

fn view(visit: &Visit, lang: Lang, row: &SummaryRow, people: &HashMap<String, String>) -> SummaryView {
    let own = visit.person.as_ref().is_some_and(|known| row.summary.authors.contains(&known.user));
    let waiting = row.summary.state == SummaryState::Draft && row.told.is_some();
    let approves = visit.may(Act::ApproveSummary);
    SummaryView {
        id: row.id,
        version: row.summary.version,
        incident: row.incident,
        state: lang.t(state_key(row.summary.state)),
        authors: names(lang, &row.summary.authors, people),
        told: row.told.clone(),
        may_approve: waiting && approves && !own,
        waits: (waiting && own).then(|| refusal::told(lang, &crate::supervision::SummaryRefusal::OwnText.to_string())),
        may_withdraw: approves && row.summary.state != SummaryState::Withdrawn,
        may_edit: visit.may(Act::DraftSummary),
    }
}

/// A summary that is written.
pub(crate) struct SummaryAsked {
    /// Of which incident.
    pub(crate) incident: IncidentId,
    /// Its title.
    pub(crate) title: String,
    /// The one that is written anew, and the version that was seen.
    pub(crate) sight: Option<Sight>,
    /// What is written so far.
    pub(crate) told: Told,
}

#[derive(Template)]
#[template(path = "summary-form.html")]
struct SummaryPage<'a> {
    frame: Frame,
    incident: IncidentId,
    title: String,
    action: String,
    keep: String,
    version: Option<u64>,
    told: &'a Told,
}

/// The form.
pub(crate) fn summary_form(visit: &Visit, figures: Figures, watches: &[WatchRow], asked: &SummaryAsked) -> Rendered {
    let lang = visit.lang;
    SummaryPage {
        frame: Frame::new(visit, Room::Disclosures, lang.t("summaries.write"), figures, watches),
        incident: asked.incident,
        title: titled(lang, &asked.title, asked.incident),
        action: asked.sight.map_or_else(
            || format!("/incidents/{}/summaries", asked.incident),
            |it| format!("/summaries/{}/edit", it.id),
        ),
        keep: asked
            .sight
            .map_or_else(|| format!("incident-{}-summary", asked.incident), |it| format!("summary-{}", it.id)),
        version: asked.sight.map(|it| it.version),
        told: &asked.told,
    }
    .render()
}
