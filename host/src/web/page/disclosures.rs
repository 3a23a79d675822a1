//! What was published on the organisation's own initiative that answers an incident.

use crate::disclosure::{DisclosureState, calendar};
use crate::store::DisclosureRow;
use crate::web::lang::{Lang, grouped};
use crate::web::mark::line;
use crate::web::when::{Clockface, Stamp};

/// A disclosure, told.
pub(super) struct DisclosureView {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) state: String,
    /// On how many of its channels it is published.
    pub(super) channels: String,
    /// When it was published first.
    pub(super) published: Option<Stamp>,
    /// When it is due, while it is not published everywhere.
    pub(super) due: Option<Stamp>,
    /// The same, once that is over.
    pub(super) late: Option<Stamp>,
}

impl DisclosureView {
    pub(super) fn new(row: &DisclosureRow, face: &Clockface, lang: Lang) -> Self {
        let DisclosureRow { id, disclosure, text } = row;
        let (out, all) = (grouped(disclosure.outlets.len() as u64), grouped(disclosure.channels.len() as u64));
        let due = calendar::pending(disclosure).map(|due| face.stamp(due));
        let late = calendar::is_overdue(disclosure, face.now());
        Self {
            id: *id,
            title: text.as_ref().map_or_else(|| format!("#{id}"), |text| line(&text.title, 80)),
            state: lang.t(state_key(disclosure.state)),
            channels: lang.with("disclosures.channels", &[("out", &out), ("all", &all)]),
            published: disclosure.outlets.values().map(|outlet| outlet.publication.at).min().map(|at| face.stamp(at)),
            due: due.clone().filter(|_| !late),
            late: due.filter(|_| late),
        }
    }
}

pub(super) const fn state_key(state: DisclosureState) -> &'static str {
    match state {
        DisclosureState::Planned => "disclosures.planned",
        DisclosureState::Draft => "disclosures.draft",
        DisclosureState::Reviewed => "disclosures.reviewed",
        DisclosureState::Approved => "disclosures.approved",
        DisclosureState::Published => "disclosures.out",
        DisclosureState::Receipted => "disclosures.receipted",
        DisclosureState::Dropped => "disclosures.dropped",
    }
}
