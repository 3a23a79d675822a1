//! 研判: one incident, what speaks for which decision, and the decisions.

use std::sync::Arc;

use askama::Template;
use caifeng_plugin_host::contract::Timestamp;

use super::incident::IncidentView;
use super::post::PostView;
use super::replies::titled;
use super::votes::level_words;
use super::{Frame, Rendered, Room, Visit, category, state};
use crate::incident::life::Incident;
use crate::incident::opinion::Opinion;
use crate::incident::{Category, IncidentId};
use crate::plan::words::Words;
use crate::plan::{Decision, Plan};
use crate::store::Inbox;
use crate::store::model::{Figures, IncidentRow, LabelBy, PostRow, WatchRow};
use crate::user::right::Act;
use crate::web::lang::{Lang, grouped};
use crate::web::mark::line;
use crate::web::presence::Place;
use crate::web::room::inbox::HOURS;
use crate::web::when::{Clockface, Stamp};

/// What the page is made of.
pub(crate) struct InboxRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// What waits.
    pub(crate) inbox: Inbox,
    /// Which of it is shown.
    pub(crate) place: usize,
    /// One that was asked for, and does not wait any more.
    pub(crate) gone: Option<IncidentId>,
    /// The one that is shown.
    pub(crate) judging: Option<Judging>,
    /// What can be taken back.
    pub(crate) undo: Option<Slipped>,
}

/// A category, and which of its clocks would run out first, and when.
pub(crate) type Prospect = (Category, Option<(Words, Timestamp)>);

/// What a person weighs.
pub(crate) struct Judging {
    /// The incident.
    pub(crate) row: IncidentRow,
    /// Since when an escalation of it stands.
    pub(crate) escalated: Option<Timestamp>,
    /// What the classifiers make of it.
    pub(crate) opinion: Opinion,
    /// The plan that governs it.
    pub(crate) plan: Arc<Plan>,
    /// How it stands.
    pub(crate) life: Incident,
    /// What shows best why its category is suggested.
    pub(crate) strongest: Option<LabelBy>,
    /// Its newest posts.
    pub(crate) posts: Vec<PostRow>,
    /// The clock that would run out first, for each category: its name, and until when.
    pub(crate) prospects: [Prospect; 5],
    /// What it is like.
    pub(crate) alike: Vec<Alike>,
}

/// An incident that is like the one that is shown.
pub(crate) struct Alike {
    /// The incident.
    pub(crate) row: IncidentRow,
    /// Words that both use, the most telling first.
    pub(crate) words: Vec<String>,
}

/// What a person did a moment ago.
pub(crate) struct Slipped {
    /// To which incident.
    pub(crate) id: IncidentId,
    /// What that is called.
    pub(crate) title: String,
    /// What.
    pub(crate) slip: Slip,
    /// The version that it made, of the incident at which it is taken back.
    pub(crate) version: u64,
}

/// What can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slip {
    /// Its category was decided.
    Assessed,
    /// It was dismissed.
    Dismissed,
    /// It was merged into this one.
    Merged(IncidentId),
    /// It was put off.
    Snoozed,
}

/// A decision as a button.
struct Choice {
    key: usize,
    value: &'static str,
    name: String,
    /// What would run from now on.
    runs: Option<(String, Stamp)>,
    suggested: bool,
}

struct LevelChoice {
    value: String,
    name: String,
    chosen: bool,
}

struct AlikeLine {
    id: i64,
    title: String,
    state: String,
    category: Option<String>,
    latest: Stamp,
    words: String,
}

/// The one that is shown.
struct JudgingView {
    incident: IncidentView,
    version: u64,
    /// Until when it is to be decided.
    due: Option<(String, Stamp)>,
    late: bool,
    escalated: Option<Stamp>,
    suggested: Option<Choice>,
    /// What the suggestion rests on.
    rests: Option<String>,
    choices: Vec<Choice>,
    levels: Vec<LevelChoice>,
    posts: Vec<PostView>,
    more: Option<String>,
    alike: Vec<AlikeLine>,
    may_assess: bool,
    may_dismiss: bool,
    may_merge: bool,
    may_escalate: bool,
}

struct UndoView {
    id: i64,
    version: u64,
    words: String,
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    frame: Frame,
    /// How many wait, and which of them this is.
    note: String,
    one: Option<JudgingView>,
    before: Option<i64>,
    next: Option<i64>,
    gone: Option<String>,
    undo: Option<UndoView>,
    snoozed: Vec<(i64, String, Stamp)>,
    hours: Vec<(i64, String)>,
}

/// The page.
pub(crate) fn inbox(visit: &Visit, rows: &InboxRows) -> Rendered {
    let lang = visit.lang;
    let place = rows.judging.as_ref().map(|judging| Place::Incident(judging.row.id));
    let frame = Frame::new(visit, Room::Inbox, lang.t("rooms.inbox"), rows.figures, &rows.watches).at(place);
    let waiting = &rows.inbox.waiting;
    let at = |place: Option<usize>| place.and_then(|place| waiting.get(place)).copied();
    let note = if waiting.is_empty() {
        lang.t("inbox.none-waits")
    } else {
        lang.with("inbox.note", &[("n", &grouped(rows.place as u64 + 1)), ("all", &grouped(waiting.len() as u64))])
    };
    InboxPage {
        note,
        one: rows.judging.as_ref().map(|judging| judging_view(visit, judging, &frame.face)),
        before: at(rows.place.checked_sub(1)),
        next: at(rows.place.checked_add(1)),
        gone: rows.gone.map(|id| lang.with("inbox.gone", &[("id", &id)])),
        undo: rows.undo.as_ref().map(|slipped| undo_view(lang, slipped)),
        snoozed: snoozed(rows, &frame.face, lang),
        hours: HOURS.map(|hours| (hours, lang.count("inbox.hours", hours.unsigned_abs()))).to_vec(),
        frame,
    }
    .render()
}

fn snoozed(rows: &InboxRows, face: &Clockface, lang: Lang) -> Vec<(i64, String, Stamp)> {
    let told = |(row, until): &(IncidentRow, Timestamp)| (row.id, titled(lang, &row.title, row.id), face.stamp(*until));
    rows.inbox.snoozed.iter().map(told).collect()
}

fn undo_view(lang: Lang, slipped: &Slipped) -> UndoView {
    let key = match slipped.slip {
        Slip::Assessed => "inbox.did-assess",
        Slip::Dismissed => "inbox.did-dismiss",
        Slip::Merged(_) => "inbox.did-merge",
        Slip::Snoozed => "inbox.did-snooze",
    };
    let title = titled(lang, &slipped.title, slipped.id);
    UndoView { id: slipped.id, version: slipped.version, words: lang.with(key, &[("title", &title)]) }
}

fn judging_view(visit: &Visit, judging: &Judging, face: &Clockface) -> JudgingView {
    let (lang, plan, life) = (visit.lang, &judging.plan, &judging.life);
    let row = &judging.row;
    let suggestion = judging.opinion.suggestion();
    let is_suggested = |category| suggestion.as_ref().is_some_and(|it| it.category == category);
    let choice = |(key, (of, runs)): (usize, &Prospect)| Choice {
        key: key + 1,
        value: of.as_str(),
        name: category(lang, *of),
        runs: runs.as_ref().map(|(name, due)| (name.in_lang(lang).to_owned(), face.stamp(*due))),
        suggested: is_suggested(*of),
    };
    let choices = || judging.prospects.iter().enumerate().map(choice);
    let assess = life.clocks.live("assess");
    let may = |act, decision| visit.may_by(plan, act, decision);
    let shown = judging.posts.len() as u64;
    JudgingView {
        version: life.version,
        due: assess.map(|clock| (clock_words(lang, plan, &clock.id), face.stamp(clock.due))),
        late: assess.is_some_and(|clock| clock.due <= visit.now),
        escalated: judging.escalated.map(|at| face.stamp(at)),
        suggested: choices().find(|choice| choice.suggested),
        rests: suggestion.as_ref().map(|it| {
            lang.with("inbox.rests", &[("n", &grouped(it.posts)), ("of", &grouped(it.of)), ("by", &line(&it.by, 40))])
        }),
        choices: choices().collect(),
        levels: levels(lang, plan, &judging.opinion),
        posts: judging.posts.iter().map(|post| PostView::new(post, face, lang, Some(plan))).collect(),
        more: (row.posts > shown).then(|| lang.count("inbox.more-posts", row.posts)),
        alike: judging.alike.iter().map(|alike| alike_line(alike, face, lang)).collect(),
        incident: IncidentView::new(row, judging.strongest.as_ref(), face, lang),
        may_assess: may(Act::Assess, Decision::Assess),
        may_dismiss: may(Act::Dismiss, Decision::Dismiss),
        may_merge: may(Act::Group, Decision::Merge),
        may_escalate: visit.may(Act::Escalate),
    }
}

/// What people call a clock.
pub(super) fn clock_words(lang: Lang, plan: &Plan, id: &str) -> String {
    plan.clock_name(id).map_or_else(|| line(id, 40), |name| name.in_lang(lang).to_owned())
}

/// No level and those of the plan, the suggested one chosen.
fn levels(lang: Lang, plan: &Plan, opinion: &Opinion) -> Vec<LevelChoice> {
    let suggested = opinion.level(plan).map(|level| level.id.as_str());
    let none = LevelChoice { value: String::new(), name: lang.t("inbox.no-level"), chosen: suggested.is_none() };
    let levels = plan.levels().iter().map(|level| {
        let chosen = suggested == Some(level.id.as_str());
        let name = level_words(lang, level);
        let name = if chosen { lang.with("inbox.suggested-level", &[("level", &name)]) } else { name };
        LevelChoice { value: level.id.clone(), name, chosen }
    });
    std::iter::once(none).chain(levels).collect()
}

fn alike_line(alike: &Alike, face: &Clockface, lang: Lang) -> AlikeLine {
    let row = &alike.row;
    let quoted: Vec<String> =
        alike.words.iter().take(4).map(|word| lang.with("post.quoted", &[("text", &line(word, 20))])).collect();
    AlikeLine {
        id: row.id,
        title: titled(lang, &row.title, row.id),
        state: state(lang, row.state),
        category: row.category.map(|of| category(lang, of)),
        latest: face.stamp(row.latest),
        words: lang.with("inbox.both-say", &[("words", &lang.list(&quoted))]),
    }
}
