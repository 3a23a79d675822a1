//! 公开: the calendar of what is to be published, one of them with what its next step takes, and the form for one.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;

use super::disclosures::{DisclosureView, state_key};
use super::replies::{
    Ground, GroundLine, Pointed, ReceiptLine, Step, VersionLine, behind, doer, ground_lines, marked, names, pointed,
    receipt_line,
};
use super::{Frame, Marked, Rendered, Room, Visit};
use crate::config::Organisation;
use crate::disclosure::{DisclosureEvent, DisclosureState, Kind, calendar};
use crate::handling::disclosed::{Disclosed, Open};
use crate::incident::Category;
use crate::lang::refusal;
use crate::plan::Plan;
use crate::plan::answer::Form;
use crate::reply::aid::Purpose;
use crate::store::model::{Figures, WatchRow};
use crate::store::{DisclosureRow, DisclosureStep, Sight};
use crate::web::lang::{Lang, grouped};
use crate::web::mark::line;
use crate::web::when::{Clockface, Stamp};

/// What the calendar is made of.
pub(crate) struct DisclosuresRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// Those under way.
    pub(crate) open: Vec<DisclosureRow>,
    /// The newest that are over.
    pub(crate) over: Vec<DisclosureRow>,
}

#[derive(Template)]
#[template(path = "disclosures-room.html")]
struct DisclosuresPage {
    frame: Frame,
    late: Vec<DisclosureView>,
    coming: Vec<DisclosureView>,
    over: Vec<DisclosureView>,
    may_draft: bool,
}

/// The calendar.
pub(crate) fn disclosures(visit: &Visit, rows: &DisclosuresRows) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Disclosures, lang.t("rooms.disclosures"), rows.figures, &rows.watches);
    let mut open: Vec<&DisclosureRow> = rows.open.iter().collect();
    calendar::sort(&mut open, |row| &row.disclosure);
    let view = |row: &DisclosureRow| DisclosureView::new(row, &frame.face, lang);
    let (late, coming): (Vec<&DisclosureRow>, Vec<&DisclosureRow>) =
        open.into_iter().partition(|row| calendar::is_overdue(&row.disclosure, visit.now));
    DisclosuresPage {
        late: late.into_iter().map(view).collect(),
        coming: coming.into_iter().map(view).collect(),
        over: rows.over.iter().map(view).collect(),
        may_draft: visit.may(crate::user::right::Act::DraftReply),
        frame,
    }
    .render()
}

/// What the page of a disclosure is made of.
pub(crate) struct DisclosureRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// The disclosure.
    pub(crate) it: Disclosed,
    /// What it rests on.
    pub(crate) grounds: Vec<Ground>,
    /// What happened to it, the oldest first.
    pub(crate) history: Vec<DisclosureStep>,
    /// Names of people, by identifier.
    pub(crate) people: HashMap<String, String>,
    /// Whose it is.
    pub(crate) organisation: Organisation,
}

/// A channel of a disclosure.
struct Outlet {
    id: String,
    name: String,
    parts: Vec<String>,
    size: String,
    unfit: Option<String>,
    published: Option<(Stamp, String)>,
    may_publish: bool,
    may_receipt: bool,
    receipt: Option<ReceiptLine>,
}

#[derive(Template)]
#[template(path = "disclosure.html")]
struct DisclosurePage {
    frame: Frame,
    id: i64,
    version: u64,
    title: String,
    state: String,
    kind: String,
    planned: Option<Stamp>,
    due: Option<Stamp>,
    late: bool,
    authors: String,
    behind: Vec<String>,
    answers: Vec<i64>,
    pieces: Option<Marked>,
    looked: bool,
    pointed: Vec<Pointed>,
    named: Vec<String>,
    grounds: Vec<GroundLine>,
    step: Option<Step>,
    waits: Option<String>,
    settled: bool,
    outlets: Vec<Outlet>,
    accounts: Vec<String>,
    may_draft: bool,
    may_return: bool,
    may_drop: bool,
    versions: Vec<VersionLine>,
}

const fn kind_key(kind: Kind) -> &'static str {
    match kind {
        Kind::Work => "disclose.kind-work",
        Kind::Highlight => "disclose.kind-highlight",
        Kind::Example => "disclose.kind-example",
        Kind::Answer => "disclose.kind-answer",
    }
}

/// The page.
pub(crate) fn disclosure(visit: &Visit, rows: &DisclosureRows) -> Rendered {
    let (lang, it) = (visit.lang, &rows.it);
    let (disclosure, text) = (&it.row.disclosure, it.text());
    let title = if text.title.is_empty() { format!("#{}", it.row.id) } else { line(&text.title, 80) };
    let frame = Frame::new(visit, Room::Disclosures, title.clone(), rows.figures, &rows.watches);
    let accounts = &rows.organisation.accounts;
    let open = visit.person.as_ref().map(|known| it.open_to(&known.person(), accounts, visit.now));
    let (step, waits) = step(lang, disclosure.state, open.as_ref());
    let is_open = |of: fn(&Open) -> bool| open.as_ref().is_some_and(of);
    let returnable = matches!(disclosure.state, DisclosureState::Reviewed | DisclosureState::Approved);
    let named = Disclosed::private(&text.written(), &rows.organisation);
    let written = text.written();
    DisclosurePage {
        id: it.row.id,
        version: disclosure.version,
        title,
        state: lang.t(state_key(disclosure.state)),
        kind: lang.t(kind_key(disclosure.kind)),
        planned: disclosure.planned.map(|at| frame.face.stamp(at)),
        due: calendar::pending(disclosure).map(|at| frame.face.stamp(at)),
        late: calendar::is_overdue(disclosure, visit.now),
        authors: names(lang, &disclosure.authors, &rows.people),
        behind: behind(lang, disclosure.reviewer.as_ref(), disclosure.approver.as_ref(), &rows.people),
        answers: disclosure.answers.clone(),
        pieces: Marked::some(marked(&text.body, &it.purpose())),
        looked: !text.body.is_empty(),
        pointed: if text.body.is_empty() { Vec::new() } else { pointed(lang, &text.body, &it.purpose()) },
        named: named.into_iter().map(|one| line(&written[one.range], 40)).collect(),
        grounds: ground_lines(lang, &rows.grounds),
        step,
        waits,
        settled: matches!(
            disclosure.state,
            DisclosureState::Approved | DisclosureState::Published | DisclosureState::Receipted
        ),
        outlets: outlets(visit, rows, &frame.face),
        accounts: accounts.clone(),
        may_draft: is_open(|open| open.draft.is_ok()),
        may_return: is_open(|open| open.give_back.is_ok()) && returnable,
        may_drop: is_open(|open| open.give_up.is_ok()),
        versions: rows.history.iter().rev().map(|step| version_line(lang, step, rows, &frame.face)).collect(),
        frame,
    }
    .render()
}

/// Review and approval stand alone; what is published is published by channel.
fn step(lang: Lang, state: DisclosureState, open: Option<&Open>) -> (Option<Step>, Option<String>) {
    let Some(open) = open else { return (None, Some(lang.t("replies.sign-in"))) };
    let (may, act, says, means) = match state {
        DisclosureState::Draft => (&open.review, "review", "replies.review", "replies.review-means"),
        DisclosureState::Reviewed => (&open.approve, "approve", "replies.approve", "replies.approve-means"),
        DisclosureState::Planned => return (None, Some(lang.t("disclose.needs-text"))),
        _ => return (None, None),
    };
    match may {
        Ok(()) => (Some(Step { act, says: lang.t(says), means: lang.t(means) }), None),
        Err(why) => (None, Some(refusal::told(lang, &why.to_string()))),
    }
}

fn outlets(visit: &Visit, rows: &DisclosureRows, face: &Clockface) -> Vec<Outlet> {
    let (lang, it) = (visit.lang, &rows.it);
    let person = visit.person.as_ref().map(crate::user::session::Known::person);
    let outlet = |(id, prepared): (&str, Result<crate::disclosure::prepare::Prepared, String>)| {
        let published = it.row.disclosure.outlets.get(id);
        let may_publish = person
            .as_ref()
            .is_some_and(|person| it.publishable(person, &rows.organisation.accounts, id, visit.now).is_ok());
        let receiptless = published.is_some_and(|outlet| outlet.receipt.is_none());
        Outlet {
            id: id.to_owned(),
            name: it.plan.channel(id).map_or_else(|| line(id, 40), |found| found.name.in_lang(lang).to_owned()),
            size: prepared.as_ref().map_or_else(
                |_| String::new(),
                |it| {
                    it.limit.map_or_else(
                        || lang.with("disclose.size", &[("n", &grouped(it.characters as u64))]),
                        |most| {
                            let (n, most) = (grouped(it.characters as u64), grouped(most as u64));
                            lang.with("disclose.size-of", &[("n", &n), ("most", &most)])
                        },
                    )
                },
            ),
            unfit: prepared.as_ref().err().map(|why| refusal::told(lang, why)),
            parts: prepared.map(|it| it.parts).unwrap_or_default(),
            published: published.map(|it| (face.stamp(it.publication.at), it.publication.account.clone())),
            may_publish,
            may_receipt: receiptless && person.as_ref().is_some_and(|person| it.receiptable(person, id, visit.now)),
            receipt: published.and_then(|it| it.receipt.as_ref()).map(|it| receipt_line(lang, it, None)),
        }
    };
    it.prepared(&rows.organisation, visit.now).into_iter().map(outlet).collect()
}

fn version_line(lang: Lang, step: &DisclosureStep, rows: &DisclosureRows, face: &Clockface) -> VersionLine {
    let channel =
        |id: &str| rows.it.plan.channel(id).map_or_else(|| line(id, 40), |it| it.name.in_lang(lang).to_owned());
    let what = match &step.done {
        DisclosureEvent::Drafted { whole: false, .. } => lang.t("disclose.did-plan"),
        DisclosureEvent::Drafted { .. } => lang.t("replies.did-draft"),
        DisclosureEvent::Scheduled { .. } => lang.t("disclose.did-schedule"),
        DisclosureEvent::Reviewed { .. } => lang.t("replies.did-review"),
        DisclosureEvent::Returned { .. } => lang.t("replies.did-return"),
        DisclosureEvent::Approved { .. } => lang.t("replies.did-approve"),
        DisclosureEvent::Published { account, .. } => lang.with("replies.did-publish", &[("account", account)]),
        DisclosureEvent::Receipted { channel: id, .. } => {
            lang.with("disclose.did-receipt", &[("channel", &channel(id))])
        }
        DisclosureEvent::Dropped { .. } => lang.t("disclose.did-drop"),
        DisclosureEvent::Overdue { .. } => lang.t("disclose.did-overdue"),
    };
    VersionLine { at: face.stamp(step.at), who: doer(lang, &step.by, &rows.people), what, text: step.note.clone() }
}

/// A disclosure as somebody writes it.
#[derive(Debug, Default)]
pub(crate) struct Planned {
    /// The one that is changed, and the version that was seen.
    pub(crate) sight: Option<Sight>,
    /// What it is.
    pub(crate) kind: Kind,
    /// Its title.
    pub(crate) title: String,
    /// Its text.
    pub(crate) text: String,
    /// Where it goes.
    pub(crate) channels: Vec<String>,
    /// From when on, as it is written.
    pub(crate) planned: String,
    /// By when, as it is written.
    pub(crate) due: String,
    /// Which incidents it answers, as it is written.
    pub(crate) answers: String,
    /// The aid has something to look at.
    pub(crate) looked: bool,
}

/// What the form is made of.
pub(crate) struct PlanRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// The plan in force.
    pub(crate) plan: Arc<Plan>,
    /// Words by which private persons may be known in the text.
    pub(crate) people: Vec<String>,
    /// What is written so far.
    pub(crate) planned: Planned,
}

struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "disclosure-form.html")]
struct PlanPage<'a> {
    frame: Frame,
    action: String,
    keep: String,
    version: Option<u64>,
    planned: &'a Planned,
    kinds: Vec<Choice>,
    channels: Vec<Choice>,
    looked: bool,
    pointed: Vec<Pointed>,
    named: Vec<String>,
}

/// The form.
pub(crate) fn plan_disclosure(visit: &Visit, rows: &PlanRows) -> Rendered {
    let (lang, planned) = (visit.lang, &rows.planned);
    let frame = Frame::new(visit, Room::Disclosures, lang.t("disclose.new"), rows.figures, &rows.watches);
    let purpose = Purpose { category: None::<Category>, form: Form::Article, cause_established: true };
    let kind = |kind: Kind| Choice {
        value: kind.as_str().to_owned(),
        name: lang.t(kind_key(kind)),
        chosen: kind == planned.kind,
    };
    // Nothing stands by itself where only comments are carried.
    let carries = rows.plan.channels.iter().filter(|it| it.form.iter().any(|form| *form != Form::Comment));
    let channels = carries.map(|channel| Choice {
        value: channel.id.clone(),
        name: channel.name.in_lang(lang).to_owned(),
        chosen: planned.channels.contains(&channel.id),
    });
    let looked = planned.looked && !planned.text.is_empty();
    PlanPage {
        action: planned.sight.map_or_else(|| "/disclosures".to_owned(), |it| format!("/disclosures/{}/edit", it.id)),
        keep: planned.sight.map_or_else(|| "disclosure".to_owned(), |it| format!("disclosure-{}", it.id)),
        version: planned.sight.map(|it| it.version),
        kinds: Kind::ALL.into_iter().map(kind).collect(),
        channels: channels.collect(),
        looked,
        pointed: if looked { pointed(lang, &planned.text, &purpose) } else { Vec::new() },
        named: rows.people.iter().map(|words| line(words, 40)).collect(),
        planned,
        frame,
    }
    .render()
}
