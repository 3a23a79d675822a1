//! What is to be done about an incident, and what was: steps, clocks, decisions.

use std::collections::HashMap;

use caifeng_plugin_host::contract::Timestamp;

use super::inbox::clock_words;
use super::replies::doer;
use super::votes::level_words;
use super::{Visit, category};
use crate::coverage::words::length;
use crate::incident::clock::{Clock, ClockState};
use crate::incident::event::{Event, Recorded};
use crate::incident::life::progress::Progress;
use crate::incident::life::{Given, Incident};
use crate::incident::{Category, State};
use crate::plan::playbook::{EvidenceKind, Playbook, Step};
use crate::plan::show::role_key;
use crate::plan::{Decision, Plan};
use crate::report::event;
use crate::store::model::PostRow;
use crate::user::right::Act;
use crate::web::lang::Lang;
use crate::web::mark::line;
use crate::web::when::{Clockface, Stamp};

/// What it is made of.
#[derive(Clone, Debug)]
pub(crate) struct Acting {
    /// How it stands.
    pub(crate) life: Incident,
    /// What happened, with what people wrote, the oldest first.
    pub(crate) history: Vec<(Recorded, Option<String>)>,
    /// Names of people, by identifier.
    pub(crate) people: HashMap<String, String>,
    /// Who can own it: identifier and name.
    pub(crate) owners: Vec<(String, String)>,
}

/// A value with its name.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) name: String,
    pub(super) chosen: bool,
}

/// A field of a step's form.
pub(super) struct Needed {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) choices: Vec<Choice>,
}

pub(super) struct StepView {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) guidance: String,
    /// `done`, `waived`, `open` or `later`.
    pub(super) standing: &'static str,
    pub(super) words: String,
    pub(super) at: Option<Stamp>,
    pub(super) due: Option<Stamp>,
    pub(super) late: bool,
    pub(super) shown: Vec<(String, Option<String>)>,
    pub(super) needed: Vec<Needed>,
    pub(super) may_do: bool,
    /// The first that the reader can do: the one filled button of the page.
    pub(super) next: bool,
    pub(super) may_waive: bool,
    pub(super) may_back: bool,
}

impl StepView {
    /// Whether its form asks for files anyway: every other takes them if there are any.
    pub(super) fn asks_for_files(&self) -> bool {
        self.needed.iter().any(|need| need.kind == EvidenceKind::Document.as_str())
    }
}

/// A clock that runs.
pub(super) struct ClockLine {
    pub(super) name: String,
    /// How much time is left, or since when it is over.
    pub(super) left: String,
    pub(super) at: Stamp,
    pub(super) late: bool,
}

pub(super) struct LogLine {
    pub(super) seq: i64,
    pub(super) at: Stamp,
    pub(super) who: String,
    pub(super) what: String,
    pub(super) text: Option<String>,
}

/// A decision that a reason is all it takes.
pub(super) struct Reasoned {
    pub(super) act: &'static str,
    pub(super) name: String,
    pub(super) means: String,
}

/// How it stands, and what the reader can do.
pub(super) struct ActingView {
    pub(super) version: u64,
    pub(super) owner: Option<String>,
    pub(super) standing: Vec<String>,
    pub(super) clocks: Vec<ClockLine>,
    /// The filled button leads to the end: every step is done, and the reader may close it.
    pub(super) ends: bool,
    pub(super) steps: Vec<StepView>,
    pub(super) categories: Vec<Choice>,
    pub(super) levels: Vec<Choice>,
    pub(super) owners: Vec<Choice>,
    pub(super) reasoned: Vec<Reasoned>,
    pub(super) parts: Vec<Choice>,
    pub(super) waits: bool,
    pub(super) may_note: bool,
    pub(super) may_export: bool,
    pub(super) may_assess: bool,
    pub(super) may_level: bool,
    pub(super) may_assign: bool,
    pub(super) may_acknowledge: bool,
    pub(super) may_merge: bool,
    pub(super) may_undo: bool,
    pub(super) log: Vec<LogLine>,
}

impl ActingView {
    pub(super) fn new(visit: &Visit, acting: &Acting, plan: &Plan, posts: &[PostRow], face: &Clockface) -> Self {
        let (lang, life) = (visit.lang, &acting.life);
        let may = |act, decision| visit.may_by(plan, act, decision);
        let open = life.state.is_open();
        let steps = life.playbook(plan).map(|book| steps(visit, acting, plan, book, posts, face));
        let clock = |clock: &Clock| ClockLine {
            name: clock_words(lang, plan, &clock.id),
            left: left(lang, clock, visit.now),
            at: face.stamp(clock.due),
            late: clock.due <= visit.now,
        };
        let reasoned = reasoned(visit, plan, life);
        let choice = |of: Category| Choice {
            value: of.as_str().to_owned(),
            name: category(lang, of),
            chosen: life.decided() == Some(of),
        };
        let groups = may(Act::Group, Decision::Merge);
        Self {
            version: life.version,
            owner: life.owner.as_ref().map(|user| acting.people.get(user).unwrap_or(user).clone()),
            standing: standing(lang, plan, life, face),
            clocks: life.clocks.clocks().iter().filter(|clock| clock.is_live()).map(clock).collect(),
            ends: reasoned.iter().any(|it| it.act == "close"),
            steps: steps.unwrap_or_default(),
            categories: Category::ALL.map(choice).into_iter().collect(),
            levels: plan.levels().iter().map(|it| level(lang, it, life)).collect(),
            owners: owners(acting),
            reasoned,
            parts: if groups && open && posts.len() > 1 { parts(posts) } else { Vec::new() },
            waits: life.state == State::New,
            may_note: visit.may(Act::Note),
            may_export: !visit.drill && visit.may(Act::ExportEvidence),
            may_assess: open && may(Act::Assess, Decision::Assess),
            may_level: open && life.assessed.is_some() && may(Act::SetLevel, Decision::Level),
            may_assign: open && may(Act::Assign, Decision::Assign),
            may_acknowledge: !life.escalations.is_empty() && visit.may(Act::Acknowledge),
            may_merge: open && groups,
            may_undo: groups && life.merged.is_none() && !life.grouped.is_empty(),
            log: log(lang, plan, acting, face),
        }
    }
}

/// How much time is left of a clock, or how long it is over; one that stands still has what it had then.
fn left(lang: Lang, clock: &Clock, now: Timestamp) -> String {
    let (still, at) = match clock.state {
        ClockState::Paused(at) => (true, at),
        _ => (false, now),
    };
    let seconds = clock.due.saturating_sub(at);
    let key = match (seconds > 0, still) {
        (true, true) => "acting.left-still",
        (true, false) => "deadline.left",
        (false, _) => "acting.over-by",
    };
    lang.with(key, &[("length", &length(lang, seconds.abs()))])
}

fn level(lang: Lang, level: &crate::plan::level::Level, life: &Incident) -> Choice {
    Choice { value: level.id.clone(), name: level_words(lang, level), chosen: life.level() == Some(level.id.as_str()) }
}

fn owners(acting: &Acting) -> Vec<Choice> {
    let choice = |(id, name): &(String, String)| Choice {
        value: id.clone(),
        name: name.clone(),
        chosen: acting.life.owner.as_ref() == Some(id),
    };
    acting.owners.iter().map(choice).collect()
}

fn parts(posts: &[PostRow]) -> Vec<Choice> {
    let words = |post: &PostRow| post.title.clone().unwrap_or_else(|| post.text.clone());
    posts.iter().map(|p| Choice { value: p.row.to_string(), name: line(&words(p), 60), chosen: false }).collect()
}

/// What stands beside its state.
fn standing(lang: Lang, plan: &Plan, life: &Incident, face: &Clockface) -> Vec<String> {
    let mut told = Vec::new();
    told.extend(life.paused.map(|since| lang.with("acting.paused", &[("at", &face.plain(since))])));
    told.extend(life.watched_until.map(|until| lang.with("acting.watched", &[("at", &face.plain(until))])));
    told.extend(life.merged.as_ref().map(|merged| lang.with("acting.merged", &[("id", &merged.into)])));
    if life.recurred > 0 {
        told.push(lang.count("acting.recurred", u64::from(life.recurred)));
    }
    told.extend(life.escalations.iter().map(|it| {
        let by = it.clock.as_ref().map_or_else(|| lang.t("acting.by-person"), |id| clock_words(lang, plan, id));
        lang.with("acting.escalated", &[("by", &by), ("at", &face.plain(it.at))])
    }));
    told
}

/// What a reason is all that it takes, as it stands.
fn reasoned(visit: &Visit, plan: &Plan, life: &Incident) -> Vec<Reasoned> {
    let (lang, state) = (visit.lang, life.state);
    let over = life.watched_until.is_none_or(|until| visit.now >= until);
    let all_done = state == State::Handling && life.open_steps(plan).is_empty();
    let handled = state == State::Handling;
    let ended = matches!(state, State::Watching | State::Closed | State::Dismissed);
    let offers = [
        ("close", all_done || (state == State::Watching && over), Act::Close, Decision::Close),
        ("pause", handled && life.paused.is_none(), Act::Pause, Decision::Pause),
        ("resume", life.paused.is_some(), Act::Pause, Decision::Pause),
        ("reopen", ended, Act::Reopen, Decision::Reopen),
        ("dismiss", matches!(state, State::New | State::Handling), Act::Dismiss, Decision::Dismiss),
    ];
    let able = offers.into_iter().filter(|(_, fits, act, decision)| *fits && visit.may_by(plan, *act, *decision));
    let mut acts: Vec<&'static str> = able.map(|(name, ..)| name).collect();
    if state.is_open() && visit.may(Act::Escalate) {
        acts.push("escalate");
    }
    if visit.may(Act::Restrict) {
        acts.push(if life.restricted { "unrestrict" } else { "restrict" });
    }
    let told = |act| {
        let (name, means) = match act {
            "close" => ("acting.close", "acting.close-means"),
            "pause" => ("acting.pause", "acting.pause-means"),
            "resume" => ("acting.resume", "acting.resume-means"),
            "reopen" => ("acting.reopen", "acting.reopen-means"),
            "dismiss" => ("acting.dismiss", "acting.dismiss-means"),
            "restrict" => ("acting.restrict", "acting.restrict-means"),
            "unrestrict" => ("acting.unrestrict", "acting.unrestrict-means"),
            _ => ("acting.escalate", "acting.escalate-means"),
        };
        Reasoned { act, name: lang.t(name), means: lang.t(means) }
    };
    acts.into_iter().map(told).collect()
}

fn steps(
    visit: &Visit,
    acting: &Acting,
    plan: &Plan,
    book: &Playbook,
    posts: &[PostRow],
    face: &Clockface,
) -> Vec<StepView> {
    let view = |step| step_view(visit, acting, (plan, book, step), posts, face);
    let mut steps: Vec<StepView> = book.steps.iter().map(view).collect();
    if let Some(next) = steps.iter_mut().find(|step| step.may_do) {
        next.next = true;
    }
    steps
}

fn step_view(
    visit: &Visit,
    acting: &Acting,
    (plan, book, step): (&Plan, &Playbook, &Step),
    posts: &[PostRow],
    face: &Clockface,
) -> StepView {
    let (lang, life) = (visit.lang, &acting.life);
    let first = life.first(book, step);
    let progress = life.steps.get(&step.id);
    let handled = life.state == State::Handling;
    let clock = life.clocks.live(&format!("step:{}", step.id));
    let named = |id: &str| book.step(id).map_or(id, |step| step.name.in_lang(lang)).to_owned();
    let who = |user: &str| acting.people.get(user).map_or(user, String::as_str).to_owned();
    let (standing, words) = match progress {
        Some(Progress::Done(_, user)) => ("done", lang.with("acting.done-by", &[("who", &who(user))])),
        Some(Progress::Waived(_, user)) => ("waived", lang.with("acting.waived-by", &[("who", &who(user))])),
        None if first.is_empty() => ("open", lang.t("acting.open")),
        None => {
            let names: Vec<String> = first.iter().map(|id| named(id)).collect();
            ("later", lang.with("acting.after", &[("steps", &lang.list(&names))]))
        }
    };
    let is_open = handled && standing == "open";
    let roles = visit.person.as_ref().map_or(&[][..], |known| &known.roles);
    let owns = visit.may(Act::DoStep) && roles.iter().any(|role| step.owner.include(*role));
    let waives = visit.may_by(plan, Act::WaiveStep, Decision::Waive);
    let owner: Vec<String> = step.owner.all().iter().map(|role| lang.t(role_key(*role))).collect();
    StepView {
        id: step.id.clone(),
        name: step.name.in_lang(lang).to_owned(),
        owner: lang.list(&owner),
        guidance: step.guidance.in_lang(lang).to_owned(),
        standing,
        words,
        at: progress.map(|progress| face.stamp(progress.at())),
        due: clock.map(|clock| face.stamp(clock.due)),
        late: clock.is_some_and(|clock| clock.due <= visit.now),
        shown: if progress.is_some() { shown(lang, acting, &step.id) } else { Vec::new() },
        needed: step.evidence.iter().map(|it| needed(lang, it.kind, it.name.in_lang(lang), life, posts)).collect(),
        may_do: is_open && owns,
        next: false,
        may_waive: is_open && step.waivable && waives,
        may_back: handled && progress.is_some() && waives,
    }
}

/// What shows that a step was done.
fn shown(lang: Lang, acting: &Acting, step: &str) -> Vec<(String, Option<String>)> {
    let latest = acting.history.iter().rev().find_map(|(recorded, text)| match &recorded.event {
        Event::StepDone { step: id, evidence } if id == step => Some((evidence, text)),
        _ => None,
    });
    let Some((evidence, text)) = latest else { return Vec::new() };
    let mut files = 0;
    let mut told = |given: &Given| match given {
        Given::Note(_) => (text.clone().unwrap_or_else(|| lang.t("replies.deleted")), None),
        Given::Document(digest) | Given::Consent(digest, _) => {
            files += 1;
            (lang.with("acting.file", &[("n", &files)]), Some(format!("/documents/{digest}")))
        }
        Given::Capture(post) => (lang.t("acting.capture"), Some(format!("#post-{post}"))),
        Given::Reply(reply) => (lang.with("acting.reply", &[("n", reply)]), Some(format!("/replies/{reply}"))),
        Given::Referral(n) => (lang.with("acting.referral", &[("n", n)]), None),
    };
    evidence.iter().map(&mut told).collect()
}

fn needed(lang: Lang, kind: EvidenceKind, name: &str, life: &Incident, posts: &[PostRow]) -> Needed {
    let choices = match kind {
        EvidenceKind::Capture => parts(posts),
        EvidenceKind::Reply => life.answers.keys().map(|n| numbered(lang, "acting.reply", *n)).collect(),
        EvidenceKind::Referral => life.referrals.keys().map(|n| numbered(lang, "acting.referral", *n)).collect(),
        EvidenceKind::Note | EvidenceKind::Document | EvidenceKind::Consent => Vec::new(),
    };
    Needed { kind: kind.as_str(), name: line(name, 80), choices }
}

fn numbered(lang: Lang, key: &str, n: i64) -> Choice {
    Choice { value: n.to_string(), name: lang.with(key, &[("n", &n)]), chosen: false }
}

/// What happened, in words; `None` for what nobody acts upon. Beside what reports tell, that evidence was handed out.
pub(super) fn happened(lang: Lang, plan: &Plan, done: &Event, person: &dyn Fn(&str) -> String) -> Option<String> {
    match done {
        Event::HandedOut { .. } => Some(lang.t("chain.handed-out")),
        other => event::told(other, plan, lang, person),
    }
}

fn log(lang: Lang, plan: &Plan, acting: &Acting, face: &Clockface) -> Vec<LogLine> {
    let person = |id: &str| acting.people.get(id).map_or(id, String::as_str).to_owned();
    let told = |(recorded, text): &(Recorded, Option<String>)| {
        let what = happened(lang, plan, &recorded.event, &person)?;
        let (at, who) = (face.stamp(recorded.at), doer(lang, &recorded.by, &acting.people));
        Some(LogLine { seq: recorded.seq, at, who, what, text: text.clone() })
    };
    acting.history.iter().rev().filter_map(told).collect()
}
