//! Somebody decided meanwhile: who, what and when, and what was typed in vain.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;

use super::replies::{doer, titled};
use super::{Frame, Rendered, Room, Visit, state};
use crate::incident::State;
use crate::incident::event::Recorded;
use crate::plan::Plan;
use crate::report::event;
use crate::store::model::{Figures, IncidentRow, WatchRow};
use crate::web::when::Stamp;

/// What the page is made of.
pub(crate) struct OvertakenRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// The incident.
    pub(crate) incident: IncidentRow,
    /// Decisions since the version that was seen.
    pub(crate) later: Vec<Recorded>,
    /// The plan that governs it.
    pub(crate) plan: Arc<Plan>,
    /// Names of people, by identifier.
    pub(crate) people: HashMap<String, String>,
    /// What was typed.
    pub(crate) typed: String,
}

struct Later {
    at: Stamp,
    who: String,
    what: String,
}

#[derive(Template)]
#[template(path = "overtaken.html")]
struct OvertakenPage {
    frame: Frame,
    id: i64,
    title: String,
    state: String,
    waits: bool,
    later: Vec<Later>,
    typed: String,
}

/// The page.
pub(crate) fn overtaken(visit: &Visit, rows: &OvertakenRows) -> Rendered {
    let (lang, incident) = (visit.lang, &rows.incident);
    let frame = Frame::new(visit, Room::Incidents, lang.t("overtaken.title"), rows.figures, &rows.watches);
    let person = |id: &str| rows.people.get(id).map_or(id, String::as_str).to_owned();
    let later = rows.later.iter().map(|recorded| Later {
        at: frame.face.stamp(recorded.at),
        who: doer(lang, &recorded.by, &rows.people),
        what: event::told(&recorded.event, &rows.plan, lang, &person).unwrap_or_else(|| lang.t("overtaken.something")),
    });
    OvertakenPage {
        id: incident.id,
        title: titled(lang, &incident.title, incident.id),
        state: state(lang, incident.state),
        waits: incident.state == State::New,
        later: later.collect(),
        typed: rows.typed.trim().to_owned(),
        frame,
    }
    .render()
}
