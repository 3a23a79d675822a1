//! 移送: the gate in words, what was proposed, and who agreed.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use caifeng_plugin_host::contract::Timestamp;

use super::replies::{VersionLine, doer, titled};
use super::{Frame, Rendered, Room, Visit};
use crate::incident::IncidentId;
use crate::incident::event::{Actor, Role};
use crate::referral::{ReferralEvent, ReferralState};
use crate::store::ReferralRow;
use crate::store::model::{Figures, PostRow, WatchRow};
use crate::user::right::Act;
use crate::web::mark::line;
use crate::web::when::Stamp;

/// One thing that happened to a referral: when, by whom, what, and what was written with it.
pub(crate) type ReferralStep = (Timestamp, Actor, ReferralEvent, Option<String>);

/// A referral with what happened to it.
pub(crate) struct ReferralTold {
    /// The referral.
    pub(crate) row: ReferralRow,
    /// The oldest first.
    pub(crate) steps: Vec<ReferralStep>,
}

/// What the page is made of.
pub(crate) struct ReferralRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// The incident.
    pub(crate) incident: IncidentId,
    /// Its title.
    pub(crate) title: String,
    /// Its referrals.
    pub(crate) all: Vec<ReferralTold>,
    /// Its posts, of which one makes the claim.
    pub(crate) posts: Vec<PostRow>,
    /// Names of people, by identifier.
    pub(crate) people: HashMap<String, String>,
}

struct ReferralView {
    id: i64,
    version: u64,
    state: String,
    claim: Option<String>,
    rests_until: Option<Stamp>,
    agreed: Vec<String>,
    evidence: Vec<String>,
    may_decide: bool,
    may_export: bool,
    versions: Vec<VersionLine>,
}

#[derive(Template)]
#[template(path = "referral.html")]
struct ReferralPage {
    frame: Frame,
    incident: IncidentId,
    title: String,
    all: Vec<ReferralView>,
    posts: Vec<(i64, String)>,
    may_propose: bool,
}

pub(super) const fn state_key(state: ReferralState) -> &'static str {
    match state {
        ReferralState::None | ReferralState::Proposed => "referral.proposed",
        ReferralState::Approved => "referral.approved",
        ReferralState::Refused => "referral.refused",
    }
}

/// The page.
pub(crate) fn referral(visit: &Visit, rows: &ReferralRows) -> Rendered {
    let lang = visit.lang;
    let title = titled(lang, &rows.title, rows.incident);
    let frame = Frame::new(visit, Room::Incidents, lang.t("referral.title"), rows.figures, &rows.watches);
    let all = rows.all.iter().map(|told| view(visit, told, rows, &frame)).collect();
    let words = |post: &PostRow| line(post.title.as_deref().unwrap_or(&post.text), 60);
    ReferralPage {
        incident: rows.incident,
        title,
        all,
        posts: rows.posts.iter().map(|post| (post.row, words(post))).collect(),
        may_propose: visit.may(Act::ProposeReferral),
        frame,
    }
    .render()
}

fn view(visit: &Visit, told: &ReferralTold, rows: &ReferralRows, frame: &Frame) -> ReferralView {
    let (lang, referral) = (visit.lang, &told.row.referral);
    let claim = told.steps.iter().find_map(|(_, _, done, note)| match done {
        ReferralEvent::Proposed { .. } => note.clone(),
        _ => None,
    });
    let name = |user: &String| rows.people.get(user).unwrap_or(user).clone();
    let agreed = [(&referral.legal, "referral.legal-agreed"), (&referral.head, "referral.head-agreed")];
    let agreed = agreed.into_iter().filter_map(|(user, key)| Some(lang.with(key, &[("name", &name(user.as_ref()?))])));
    let rests = (referral.state == ReferralState::Proposed && referral.rests_until > visit.now)
        .then(|| frame.face.stamp(referral.rests_until));
    let own = visit.person.as_ref();
    // Whoever agreed once, in whichever role, agrees no more.
    let has_agreed = own
        .is_some_and(|known| [&referral.legal, &referral.head].into_iter().flatten().any(|user| *user == known.user));
    let decides = own.is_some_and(|known| known.roles.iter().any(|role| matches!(role, Role::Legal | Role::Head)));
    let versions = told.steps.iter().rev().map(|(at, by, done, note)| {
        let what = lang.t(match done {
            ReferralEvent::Proposed { .. } => "referral.did-propose",
            ReferralEvent::Approved { .. } => "referral.did-approve",
            ReferralEvent::Refused { .. } => "referral.did-refuse",
            ReferralEvent::Exported { .. } => "referral.did-export",
        });
        VersionLine { at: frame.face.stamp(*at), who: doer(lang, by, &rows.people), what, text: note.clone() }
    });
    ReferralView {
        id: told.row.id,
        version: referral.version,
        state: lang.t(state_key(referral.state)),
        claim,
        rests_until: rests,
        agreed: agreed.collect(),
        evidence: referral.evidence.clone(),
        may_decide: decides && !has_agreed && referral.state == ReferralState::Proposed,
        may_export: visit.may(Act::ExportReferral) && referral.state == ReferralState::Approved,
        versions: versions.collect(),
    }
}
