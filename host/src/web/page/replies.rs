//! 回应: answers that wait for somebody, and one of them with everything that its next step takes.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use caifeng_plugin_host::contract::Timestamp;

use super::{Frame, Marked, Rendered, Room, Visit, link, tight};
use crate::handling::answer::{Answer, Open};
use crate::incident::event::Actor;
use crate::lang::refusal;
use crate::plan::Plan;
use crate::plan::answer::Form;
use crate::plan::show::{form_key, role_key};
use crate::reply::aid::{self, Purpose};
use crate::reply::effect::{Effect, Reading, Side, Window};
use crate::reply::life::ReplyRefusal;
use crate::reply::{ReplyEvent, ReplyState};
use crate::store::model::{Figures, WatchRow};
use crate::web::lang::{Lang, grouped};
use crate::web::mark::{Piece, line};
use crate::web::when::{Clockface, Stamp};

/// What the list is made of.
pub(crate) struct RepliesRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// Those under way, with the titles of their incidents.
    pub(crate) waiting: Vec<(Answer, String)>,
    /// Those with a receipt, the newest first.
    pub(crate) out: Vec<(Answer, String)>,
    /// This is the first page.
    pub(crate) first: bool,
    /// There are older ones.
    pub(crate) more: bool,
    /// Names of people, by identifier.
    pub(crate) people: HashMap<String, String>,
    /// The registered accounts.
    pub(crate) accounts: Vec<String>,
}

/// A line of the list.
pub(super) struct ReplyLine {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) state: String,
    /// What the reader can do with it.
    pub(super) next: Option<String>,
    pub(super) place: String,
    pub(super) authors: String,
    pub(super) beginning: String,
    pub(super) published: Option<Stamp>,
}

#[derive(Template)]
#[template(path = "replies.html")]
struct RepliesPage {
    frame: Frame,
    first: bool,
    yours: Vec<ReplyLine>,
    others: Vec<ReplyLine>,
    out: Vec<ReplyLine>,
    older: Option<i64>,
}

/// The list.
pub(crate) fn replies(visit: &Visit, rows: &RepliesRows) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Replies, lang.t("rooms.replies"), rows.figures, &rows.watches);
    let line = |(answer, title): &(Answer, String)| {
        reply_line(visit, answer, title, (&rows.people, &rows.accounts), &frame.face)
    };
    let (yours, others) = rows.waiting.iter().map(line).partition(|line| line.next.is_some());
    RepliesPage {
        first: rows.first,
        yours,
        others,
        out: rows.out.iter().map(line).collect(),
        older: rows.out.last().map(|(answer, _)| answer.row.id).filter(|_| rows.more),
        frame,
    }
    .render()
}

pub(super) fn reply_line(
    visit: &Visit,
    answer: &Answer,
    title: &str,
    (people, accounts): (&HashMap<String, String>, &[String]),
    face: &Clockface,
) -> ReplyLine {
    let (lang, reply) = (visit.lang, &answer.row.reply);
    let open = visit.person.as_ref().map(|known| answer.open_to(&known.person(), accounts));
    let next = open.and_then(|open| {
        let (may, key) = next(reply.state, &open)?;
        may.is_ok().then(|| lang.t(key))
    });
    let text = answer.text.as_deref().unwrap_or_default();
    ReplyLine {
        id: answer.row.id,
        title: titled(lang, title, answer.row.incident),
        state: lang.t(state_key(reply.state)),
        next,
        place: place(lang, reply.form, &reply.channel, &answer.plan),
        authors: names(lang, &reply.authors, people),
        beginning: if text.trim().is_empty() { lang.t("replies.deleted") } else { line(text, 90) },
        published: reply.published.as_ref().map(|published| face.stamp(published.at)),
    }
}

/// The next step of a reply that stands so: whether it is open, and what it is called.
fn next(state: ReplyState, open: &Open) -> Option<(&Result<(), ReplyRefusal>, &'static str)> {
    match state {
        ReplyState::Draft => Some((&open.review, "replies.can-review")),
        ReplyState::Reviewed => Some((&open.approve, "replies.can-approve")),
        ReplyState::Approved => Some((&open.publish, "replies.can-publish")),
        ReplyState::Published => Some((&open.receipt, "replies.can-receipt")),
        ReplyState::Receipted => None,
    }
}

const fn state_key(state: ReplyState) -> &'static str {
    match state {
        ReplyState::Draft => "replies.draft",
        ReplyState::Reviewed => "replies.reviewed",
        ReplyState::Approved => "replies.approved",
        ReplyState::Published => "replies.published",
        ReplyState::Receipted => "replies.receipted",
    }
}

/// The title of an incident, or its number once the words are deleted.
pub(super) fn titled(lang: Lang, title: &str, id: i64) -> String {
    if title.trim().is_empty() { lang.with("replies.incident", &[("n", &id)]) } else { line(title, 80) }
}

/// As what, and where.
fn place(lang: Lang, form: Form, channel: &str, plan: &Plan) -> String {
    let name = plan.channel(channel).map_or_else(|| line(channel, 40), |found| found.name.in_lang(lang).to_owned());
    lang.with("replies.place", &[("form", &lang.t(form_key(form))), ("channel", &name)])
}

/// What people are called; who is called nothing any more, by identifier.
pub(super) fn names(lang: Lang, users: &[String], people: &HashMap<String, String>) -> String {
    let names: Vec<&str> = users.iter().map(|user| people.get(user).unwrap_or(user).as_str()).collect();
    lang.list(&names)
}

/// What a text rests on.
pub(crate) struct Ground {
    /// As it is cited.
    pub(crate) mark: String,
    /// What a cited post says; `None` for documents, and when it is kept no longer.
    pub(crate) words: Option<String>,
    /// Where it can be read: a page of the desk, or an address that a post came with.
    pub(crate) href: Option<String>,
}

/// Something that happened to a text that people stand behind.
pub(crate) struct Version<E = ReplyEvent> {
    /// When.
    pub(crate) at: Timestamp,
    /// By whom.
    pub(crate) by: Actor,
    /// What.
    pub(crate) done: E,
    /// What was written, unless it was deleted.
    pub(crate) text: Option<String>,
}

/// What the page of a reply is made of.
pub(crate) struct ReplyRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// The reply.
    pub(crate) answer: Answer,
    /// The title of its incident.
    pub(crate) title: String,
    /// What it rests on.
    pub(crate) grounds: Vec<Ground>,
    /// What happened to it, the oldest first.
    pub(crate) versions: Vec<Version>,
    /// Names of people, by identifier.
    pub(crate) people: HashMap<String, String>,
    /// The registered accounts.
    pub(crate) accounts: Vec<String>,
}

/// Something that the aid points at.
pub(super) struct Pointed {
    pub(super) words: String,
    pub(super) why: String,
    pub(super) instead: String,
}

/// The next step.
pub(super) struct Step {
    /// `review`, `approve`, `publish`, `receipt`; where the form goes.
    pub(super) act: &'static str,
    /// What the button says.
    pub(super) says: String,
    /// What it means.
    pub(super) means: String,
}

/// A line of what happened.
pub(super) struct VersionLine {
    pub(super) at: Stamp,
    pub(super) who: String,
    pub(super) what: String,
    pub(super) text: Option<String>,
}

/// What changed after it was published.
struct EffectView {
    heads: Vec<String>,
    rows: Vec<(String, Vec<String>)>,
    sentences: Vec<String>,
}

#[derive(Template)]
#[template(path = "reply.html")]
struct ReplyPage {
    frame: Frame,
    id: i64,
    version: u64,
    incident: i64,
    title: String,
    state: String,
    place: String,
    authors: String,
    behind: Vec<String>,
    pieces: Option<Marked>,
    pointed: Vec<Pointed>,
    grounds: Vec<GroundLine>,
    step: Option<Step>,
    /// Why the reader cannot take the next step.
    waits: Option<String>,
    accounts: Vec<String>,
    may_return: bool,
    may_draft: bool,
    parts: Vec<String>,
    unfit: Option<String>,
    receipt: Option<ReceiptLine>,
    versions: Vec<VersionLine>,
    effect: Option<EffectView>,
}

pub(super) struct GroundLine {
    pub(super) mark: String,
    pub(super) words: String,
    pub(super) href: Option<String>,
}

/// What shows that it was published.
pub(super) struct ReceiptLine {
    pub(super) words: String,
    pub(super) href: Option<String>,
    pub(super) warn: bool,
}

/// The page.
pub(crate) fn reply(visit: &Visit, rows: &ReplyRows) -> Rendered {
    let (lang, answer) = (visit.lang, &rows.answer);
    let reply = &answer.row.reply;
    let title = titled(lang, &rows.title, answer.row.incident);
    let frame = Frame::new(visit, Room::Replies, title.clone(), rows.figures, &rows.watches);
    let open = visit.person.as_ref().map(|known| answer.open_to(&known.person(), &rows.accounts));
    let (step, waits) = step(lang, reply.state, open.as_ref());
    let is_open = |of: fn(&Open) -> bool| open.as_ref().is_some_and(of);
    let text = answer.text.as_deref().unwrap_or_default();
    let settled = matches!(reply.state, ReplyState::Approved | ReplyState::Published);
    let parts = answer.parts();
    ReplyPage {
        id: answer.row.id,
        version: reply.version,
        incident: answer.row.incident,
        title,
        state: lang.t(state_key(reply.state)),
        place: place(lang, reply.form, &reply.channel, &answer.plan),
        authors: names(lang, &reply.authors, &rows.people),
        behind: behind(lang, reply.reviewer.as_ref(), reply.approver.as_ref(), &rows.people),
        pieces: Marked::some(marked(text, &answer.purpose())),
        pointed: pointed(lang, text, &answer.purpose()),
        grounds: ground_lines(lang, &rows.grounds),
        step,
        waits,
        accounts: rows.accounts.clone(),
        may_return: is_open(|open| open.give_back.is_ok()) && reply.state != ReplyState::Draft,
        may_draft: is_open(|open| open.draft.is_ok()),
        unfit: parts.as_ref().err().filter(|_| answer.text.is_some()).map(|why| refusal::told(lang, why)),
        parts: parts.ok().filter(|_| settled).unwrap_or_default(),
        receipt: reply.receipt.as_ref().map(|receipt| receipt_line(lang, receipt, answer.page.as_deref())),
        versions: rows.versions.iter().rev().map(|version| version_line(lang, version, rows, &frame.face)).collect(),
        effect: answer.effect.as_ref().map(|effect| effect_view(lang, effect)),
        frame,
    }
    .render()
}

/// The step that is next, when it is open to the reader; else why it is not.
fn step(lang: Lang, state: ReplyState, open: Option<&Open>) -> (Option<Step>, Option<String>) {
    let Some(open) = open else { return (None, Some(lang.t("replies.sign-in"))) };
    let Some((may, _)) = next(state, open) else { return (None, None) };
    let (act, says, means) = match state {
        ReplyState::Draft => ("review", "replies.review", "replies.review-means"),
        ReplyState::Reviewed => ("approve", "replies.approve", "replies.approve-means"),
        ReplyState::Approved => ("publish", "replies.publish", "replies.publish-means"),
        ReplyState::Published | ReplyState::Receipted => ("receipt", "replies.receipt", "replies.receipt-means"),
    };
    match may {
        Ok(()) => (Some(Step { act, says: lang.t(says), means: lang.t(means) }), None),
        Err(why) => (None, Some(refusal::told(lang, &why.to_string()))),
    }
}

/// Who stands behind a text so far.
pub(super) fn behind(
    lang: Lang,
    reviewer: Option<&String>,
    approver: Option<&String>,
    people: &HashMap<String, String>,
) -> Vec<String> {
    let told = |key: &str, user: &String| lang.with(key, &[("name", &people.get(user).unwrap_or(user))]);
    let reviewed = reviewer.map(|user| told("replies.reviewed-by", user));
    reviewed.into_iter().chain(approver.map(|user| told("replies.approved-by", user))).collect()
}

/// A text with what the aid points at marked.
pub(super) fn marked(text: &str, purpose: &Purpose) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = 0;
    let mut push = |marked, part: &str| {
        if !part.is_empty() {
            pieces.push(Piece { marked, text: part.to_owned() });
        }
    };
    // What is missing everywhere stands beside the text: to mark its first sentence would say that it is wrong.
    for found in aid::findings(text, purpose).into_iter().filter(|found| !found.kind.is_missing()) {
        if found.at.start >= at {
            push(false, &text[at..found.at.start]);
            push(true, &text[found.at.clone()]);
            at = found.at.end;
        }
    }
    push(false, &text[at..]);
    pieces
}

/// What the aid points at.
pub(super) fn pointed(lang: Lang, text: &str, purpose: &Purpose) -> Vec<Pointed> {
    let told = |found: aid::Finding| Pointed {
        words: if found.kind.is_missing() { String::new() } else { line(&text[found.at.clone()], 60) },
        why: found.kind.why(lang),
        instead: found.kind.instead(lang),
    };
    aid::findings(text, purpose).into_iter().map(told).collect()
}

pub(super) fn ground_lines(lang: Lang, grounds: &[Ground]) -> Vec<GroundLine> {
    let told = |ground: &Ground| GroundLine {
        mark: ground.mark.clone(),
        words: match (&ground.words, &ground.href) {
            (Some(words), _) => line(words, 70),
            (None, Some(_)) => lang.t("replies.document"),
            (None, None) => lang.t("replies.gone"),
        },
        href: ground
            .href
            .as_deref()
            .and_then(|href| if href.starts_with("/documents/") { Some(href.to_owned()) } else { link(href) }),
    };
    grounds.iter().map(told).collect()
}

/// What shows that a text was published.
pub(super) fn receipt_line(lang: Lang, receipt: &crate::reply::Receipt, page: Option<&str>) -> ReceiptLine {
    let key = match (receipt.document, receipt.found) {
        (true, _) => "replies.receipt-document",
        (false, true) => "replies.receipt-found",
        (false, false) => "replies.receipt-not-found",
    };
    let document = receipt.document.then(|| format!("/documents/{}", receipt.capture));
    ReceiptLine {
        words: lang.t(key),
        href: document.or_else(|| page.and_then(link)),
        warn: !receipt.document && !receipt.found,
    }
}

/// Who did something: the name of a person with the role, or the machine.
pub(super) fn doer(lang: Lang, by: &Actor, people: &HashMap<String, String>) -> String {
    match by {
        Actor::Machine { by } => line(by, 40),
        Actor::Person { user, role, .. } => {
            let (name, role) = (people.get(user).unwrap_or(user), lang.t(role_key(*role)));
            // The people of a demo are called by their role.
            if *name == role { role } else { lang.with("replies.doer", &[("name", name), ("role", &role)]) }
        }
    }
}

fn version_line(lang: Lang, version: &Version, rows: &ReplyRows, face: &Clockface) -> VersionLine {
    let what = match &version.done {
        ReplyEvent::Drafted { .. } => lang.t("replies.did-draft"),
        ReplyEvent::Reviewed { .. } => lang.t("replies.did-review"),
        ReplyEvent::Returned { .. } => lang.t("replies.did-return"),
        ReplyEvent::Approved { .. } => lang.t("replies.did-approve"),
        ReplyEvent::Published { account, .. } => lang.with("replies.did-publish", &[("account", account)]),
        ReplyEvent::Receipted { .. } => lang.t("replies.did-receipt"),
    };
    VersionLine {
        at: face.stamp(version.at),
        who: doer(lang, &version.by, &rows.people),
        what,
        text: version.text.clone(),
    }
}

/// The windows of an effect of which something can be said already.
fn windows(effect: &Effect) -> Vec<&Window> {
    effect.windows.iter().filter(|window| window.reading != Reading::TooEarly).collect()
}

/// How long a window is, or how much of it has passed.
fn span(lang: Lang, window: &Window) -> String {
    let hours = |seconds: i64| grouped(seconds.div_euclid(3600).unsigned_abs());
    let key = if window.compared < window.seconds { "replies.effect-so-far" } else { "replies.effect-span" };
    lang.with(key, &[("hours", &hours(window.seconds)), ("passed", &hours(window.compared))])
}

/// What changed after an answer, in a sentence for each window.
pub(super) fn effect_sentences(lang: Lang, effect: &Effect) -> Vec<String> {
    let told = windows(effect);
    if told.is_empty() {
        return vec![lang.t("replies.effect-early")];
    }
    told.into_iter().map(|window| effect_sentence(lang, window, &span(lang, window))).collect()
}

fn effect_view(lang: Lang, effect: &Effect) -> EffectView {
    let (told, sentences) = (windows(effect), effect_sentences(lang, effect));
    let heads = told.iter().flat_map(|window| {
        ["replies.effect-before", "replies.effect-after"].map(|key| lang.with(key, &[("span", &span(lang, window))]))
    });
    let row = |key: &str, of: &dyn Fn(&Side) -> String| {
        (lang.t(key), told.iter().flat_map(|window| [of(&window.before), of(&window.after)]).collect())
    };
    EffectView {
        heads: heads.collect(),
        rows: vec![
            row("replies.effect-posts", &|side| grouped(side.posts)),
            row("replies.effect-places", &|side| grouped(side.places)),
            row("replies.effect-views", &|side| side.views.map_or_else(|| "–".to_owned(), grouped)),
            row("replies.effect-negative", &|side| {
                lang.with("replies.of", &[("n", &side.negative), ("all", &side.moods)])
            }),
            row("replies.effect-heard", &|side| format!("{:.0}%", side.heard * 100.0)),
        ],
        sentences,
    }
}

fn effect_sentence(lang: Lang, window: &Window, span: &str) -> String {
    let key = match window.reading {
        Reading::Unheard => "replies.effect-unheard",
        _ => "replies.effect-sentence",
    };
    let (before, after) = (grouped(window.before.posts), grouped(window.after.posts));
    tight(&lang.with(key, &[("span", &span), ("before", &before), ("after", &after)]))
}
