//! The entries of one incident, and whether they are what they were.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;

use super::acting::happened;
use super::replies::{doer, titled};
use super::{Frame, Rendered, Room, Visit};
use crate::incident::IncidentId;
use crate::incident::event::{Event, Recorded};
use crate::plan::Plan;
use crate::store::Examined;
use crate::store::model::{Figures, WatchRow};
use crate::web::lang::{Lang, grouped};
use crate::web::when::Stamp;

/// Entries on the page, the newest.
const LISTED: usize = 300;

/// What the page is made of.
pub(crate) struct RecordRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// The incident.
    pub(crate) incident: IncidentId,
    /// Its title.
    pub(crate) title: String,
    /// What its entries are worth.
    pub(crate) examined: Examined,
    /// What happened, the oldest first.
    pub(crate) history: Vec<Recorded>,
    /// The plan that governs it.
    pub(crate) plan: Arc<Plan>,
    /// Names of people, by identifier.
    pub(crate) people: HashMap<String, String>,
}

struct EntryLine {
    seq: i64,
    at: Stamp,
    who: String,
    what: String,
    /// SHA-256 of a file that was handed out.
    digest: Option<String>,
}

#[derive(Template)]
#[template(path = "incident-record.html")]
struct RecordPage {
    frame: Frame,
    incident: IncidentId,
    title: String,
    verdict: String,
    broken: bool,
    entries: Vec<EntryLine>,
    /// How many entries are posts, clocks and notices, or older.
    others: Option<String>,
}

/// The page.
pub(crate) fn record(visit: &Visit, rows: &RecordRows) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Incidents, lang.t("chain.title"), rows.figures, &rows.watches);
    let person = |id: &str| rows.people.get(id).map_or(id, String::as_str).to_owned();
    let told = |recorded: &Recorded| {
        let what = happened(lang, &rows.plan, &recorded.event, &person)?;
        let digest = match &recorded.event {
            Event::HandedOut { sha256 } => Some(sha256.clone()),
            _ => None,
        };
        let (at, who) = (frame.face.stamp(recorded.at), doer(lang, &recorded.by, &rows.people));
        Some(EntryLine { seq: recorded.seq, at, who, what, digest })
    };
    let entries: Vec<EntryLine> = rows.history.iter().rev().filter_map(told).take(LISTED).collect();
    let others = rows.examined.entries.saturating_sub(entries.len() as u64);
    RecordPage {
        incident: rows.incident,
        title: titled(lang, &rows.title, rows.incident),
        verdict: verdict(lang, &rows.examined),
        broken: rows.examined.broken.is_some() || !rows.examined.adds_up,
        entries,
        others: (others > 0).then(|| lang.count("chain.others", others)),
        frame,
    }
    .render()
}

fn verdict(lang: Lang, examined: &Examined) -> String {
    match (&examined.broken, examined.adds_up) {
        (Some(broken), _) => lang.with("chain.broken", &[("seq", &broken.seq)]),
        (None, false) => lang.with("chain.lacks", &[("n", &grouped(examined.entries))]),
        (None, true) => lang.count("chain.sound", examined.entries),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::chain::{ChainBreak, Fault};

    #[test]
    fn what_was_changed_or_is_missing_is_said_in_both_languages() {
        let broken =
            Examined { entries: 7, broken: Some(ChainBreak { seq: 41, what: Fault::Altered }), adds_up: false };
        let lacking = Examined { entries: 7, broken: None, adds_up: false };
        let sound = Examined { entries: 7, broken: None, adds_up: true };
        assert!(verdict(Lang::En, &broken).contains("Entry 41 is not"), "{}", verdict(Lang::En, &broken));
        assert!(verdict(Lang::Zh, &broken).contains("第 41 条"));
        assert!(verdict(Lang::En, &lacking).contains("do not come to how"));
        assert!(verdict(Lang::Zh, &lacking).contains("不符"));
        assert!(verdict(Lang::En, &sound).contains("All its 7 entries"));
        assert!(verdict(Lang::Zh, &sound).contains("7 条记录都与入链时一致"));
    }
}
