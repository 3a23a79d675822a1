//! What is done about an incident beside its playbook: answers with what came of them, what is published, referred and
//! learnt from, and who can be reached. Everything is a line with the way to the room in which it is done.

use std::collections::HashMap;

use super::disclosures::DisclosureView;
use super::incident::IncidentRows;
use super::replies::{ReplyLine, effect_sentences, reply_line};
use super::{Visit, referral, summaries};
use crate::case::CaseId;
use crate::case::life::{Life as CaseLife, Standing};
use crate::handling::answer::Answer;
use crate::incident::{Category, State};
use crate::plan::Decision;
use crate::reply::ReplyId;
use crate::reply::effect::Effect;
use crate::store::{ContactRow, ReferralRow, SummaryRow, Via};
use crate::user::right::Act;
use crate::web::lang::Lang;
use crate::web::mark::line;
use crate::web::when::Clockface;

/// What it is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Around {
    /// Its answers, the newest first.
    pub(crate) answers: Vec<Answer>,
    /// How many older ones there are.
    pub(crate) more: usize,
    /// What changed after the latest that was published.
    pub(crate) effect: Option<(ReplyId, Effect)>,
    /// What the public is to read of it.
    pub(crate) summaries: Vec<SummaryRow>,
    /// Its legal referrals.
    pub(crate) referrals: Vec<ReferralRow>,
    /// The cases that were made of it.
    pub(crate) cases: Vec<(CaseId, CaseLife)>,
    /// Who can be reached about it.
    pub(crate) contacts: Vec<(ContactRow, Via)>,
    /// Names of people, by identifier.
    pub(crate) people: HashMap<String, String>,
}

/// The answers.
pub(super) struct AnswersView {
    pub(super) answers: Vec<ReplyLine>,
    pub(super) more: Option<String>,
    /// The answer whose effect is told, and the sentences.
    pub(super) effect: Option<(i64, Vec<String>)>,
    pub(super) may_draft: bool,
}

impl AnswersView {
    pub(super) fn new(visit: &Visit, rows: &IncidentRows, face: &Clockface) -> Self {
        let (lang, around) = (visit.lang, &rows.around);
        let told = |answer: &Answer| reply_line(visit, answer, "", (&around.people, &rows.accounts), face);
        Self {
            answers: around.answers.iter().map(told).collect(),
            more: (around.more > 0).then(|| lang.count("around.more-answers", around.more as u64)),
            effect: around.effect.as_ref().map(|(id, effect)| (*id, effect_sentences(lang, effect))),
            may_draft: rows.incident.state.is_open() && visit.may_by(&rows.plan, Act::DraftReply, Decision::Draft),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.answers.is_empty() && !self.may_draft
    }
}

/// Something with its own page.
pub(super) struct Begun {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) state: String,
}

/// Somebody who can be reached.
pub(super) struct Reached {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) role: String,
    /// The watch by which they belong to it.
    pub(super) via: Option<String>,
}

/// Everything but the answers.
pub(super) struct AroundView {
    pub(super) disclosures: Vec<DisclosureView>,
    pub(super) may_disclose: bool,
    pub(super) summaries: Vec<Begun>,
    pub(super) may_summarise: bool,
    pub(super) referrals: Vec<Begun>,
    /// What is assessed as a rumour may come before the police; nothing else is offered that way.
    pub(super) may_refer: bool,
    pub(super) cases: Vec<Begun>,
    pub(super) may_make: bool,
    pub(super) contacts: Vec<Reached>,
}

impl AroundView {
    pub(super) fn new(visit: &Visit, rows: &IncidentRows, face: &Clockface) -> Self {
        let (lang, around) = (visit.lang, &rows.around);
        let state = rows.incident.state;
        let over = matches!(state, State::Closed | State::Dismissed | State::Merged);
        let rumour = rows.acting.as_ref().is_some_and(|acting| acting.life.decided() == Some(Category::Rumour));
        Self {
            disclosures: rows.disclosures.iter().map(|row| DisclosureView::new(row, face, lang)).collect(),
            may_disclose: state != State::Merged && visit.may(Act::DraftReply),
            summaries: around.summaries.iter().map(|row| summary(lang, row)).collect(),
            may_summarise: state != State::Merged && visit.may(Act::DraftSummary),
            referrals: around.referrals.iter().map(|row| referred(lang, rows.incident.id, row)).collect(),
            may_refer: rumour && !over && visit.may(Act::ProposeReferral),
            cases: around.cases.iter().map(|(id, life)| case(lang, *id, life)).collect(),
            may_make: state == State::Closed && visit.may(Act::MakeCase),
            contacts: around.contacts.iter().map(reached).collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        let begun = [&self.summaries, &self.referrals, &self.cases].into_iter().all(Vec::is_empty);
        let nothing = self.disclosures.is_empty() && self.contacts.is_empty() && begun;
        nothing && !(self.may_disclose || self.may_summarise || self.may_refer || self.may_make)
    }
}

fn summary(lang: Lang, row: &SummaryRow) -> Begun {
    let words = row.told.as_ref().map(|told| line(&told.raised, 60));
    Begun {
        href: format!("/summaries#summary-{}", row.id),
        name: words.unwrap_or_else(|| format!("#{}", row.id)),
        state: lang.t(summaries::state_key(row.summary.state)),
    }
}

fn referred(lang: Lang, incident: i64, row: &ReferralRow) -> Begun {
    Begun {
        href: format!("/incidents/{incident}/referral"),
        name: lang.with("acting.referral", &[("n", &row.id)]),
        state: lang.t(referral::state_key(row.referral.state)),
    }
}

fn case(lang: Lang, id: CaseId, life: &CaseLife) -> Begun {
    let key = match life.standing {
        Standing::Draft => "cases.draft",
        Standing::Checked => "cases.checked",
        Standing::Released => "cases.released",
    };
    Begun { href: format!("/cases/{id}"), name: lang.with("around.case", &[("n", &id)]), state: lang.t(key) }
}

fn reached((row, via): &(ContactRow, Via)) -> Reached {
    let contact = &row.contact;
    Reached {
        id: row.id,
        name: line(&contact.organisation, 60),
        role: line(contact.name.as_deref().unwrap_or(&contact.role), 40),
        via: match via {
            Via::Itself => None,
            Via::Watch(watch) => Some(line(watch, 60)),
        },
    }
}
