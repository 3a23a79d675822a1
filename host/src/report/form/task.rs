//! 交办单, 反馈单, 延期申请: a task is given, reported on, or needs more time (P11, P12, P15).

use super::{about, begun, pen};
use crate::document::{Block, Document, Field, Form, Plain, Run};
use crate::incident::clock::{Clock, ClockState};
use crate::incident::event::Event;
use crate::incident::life::progress::Progress;
use crate::report::facts::{Dossier, Frame};
use crate::report::{Kind, words};

/// 交办单: who is to do what, until when.
pub(crate) fn assignment(dossier: &Dossier, frame: &Frame<'_>) -> Document {
    let lang = frame.lang;
    let mut document = begun(Kind::Assignment, dossier, frame);
    let mut form = Form::default();
    about(&mut form, &mut document, dossier, frame);
    form.row([
        Field::new(lang.t("report.owner"), owner(dossier, frame)),
        Field::new(lang.t("report.assigned-by"), assigned_by(dossier, frame)),
    ]);
    form.row([Field::room(lang.t("report.to-do"), to_do(dossier, frame), 4)]);
    form.row([Field::room(lang.t("report.limits"), limits(dossier, frame), 2)]);
    form.row([Field::room(lang.t("report.reason-head"), vec![reason(dossier, frame)], 2)]);
    form.row([pen(lang.t("report.instruction"), 3)]);
    form.row([pen(lang.t("report.receiver"), 1), pen(lang.t("report.received"), 1)]);
    document.push(Block::Form(form));
    words::coverage(&mut document, &dossier.coverage, frame);
    document
}

/// 反馈单: what was done, and what shows it.
pub(crate) fn feedback(dossier: &Dossier, frame: &Frame<'_>) -> Document {
    let lang = frame.lang;
    let mut document = begun(Kind::Feedback, dossier, frame);
    let mut form = Form::default();
    about(&mut form, &mut document, dossier, frame);
    form.row([
        Field::new(lang.t("report.owner"), owner(dossier, frame)),
        Field::new(lang.t("report.state"), vec![Run::text(words::state(frame, dossier.matter.state))]),
    ]);
    form.row([Field::room(lang.t("report.done"), done(dossier, frame), 4)]);
    form.row([Field::room(lang.t("report.reply-head"), replied(dossier, frame), 2)]);
    form.row([Field::room(lang.t("report.limits"), limits(dossier, frame), 2)]);
    form.row([pen(lang.t("report.effect"), 3)]);
    form.row([pen(lang.t("report.left-open"), 2)]);
    form.row([pen(lang.t("report.filler"), 1), pen(lang.t("report.checker"), 1)]);
    document.push(Block::Form(form));
    words::coverage(&mut document, &dossier.coverage, frame);
    document
}

/// 延期申请: which deadline, until when, and why; who decides is the leading group.
pub(crate) fn extension(dossier: &Dossier, frame: &Frame<'_>) -> Document {
    let lang = frame.lang;
    let mut document = begun(Kind::Extension, dossier, frame);
    let mut form = Form::default();
    about(&mut form, &mut document, dossier, frame);
    form.row([Field::new(lang.t("report.owner"), owner(dossier, frame)), pen(lang.t("report.applicant"), 1)]);
    form.row([Field::room(lang.t("report.limits"), limits(dossier, frame), 2)]);
    form.row([pen(lang.t("report.extend-until"), 1), pen(lang.t("report.interim"), 1)]);
    form.row([Field::room(lang.t("report.extend-why"), vec![vec![Run::missing(lang)]], 4)]);
    form.row([Field::room(lang.t("report.done"), done(dossier, frame), 2)]);
    form.row([pen(lang.t("report.group-opinion"), 3)]);
    form.row([pen(lang.t("report.head-opinion"), 3)]);
    document.push(Block::Form(form));
    document.push(Block::Note(vec![Run::text(lang.t("report.extension-note"))]));
    words::coverage(&mut document, &dossier.coverage, frame);
    document
}

fn owner(dossier: &Dossier, frame: &Frame<'_>) -> Vec<Run> {
    let owner = dossier.incident.owner.as_ref();
    vec![owner.map_or_else(|| Run::missing(frame.lang), |id| Run::text(words::person(frame, id)))]
}

fn assigned_by(dossier: &Dossier, frame: &Frame<'_>) -> Vec<Run> {
    use crate::incident::event::Actor;
    let by = dossier.history.iter().rev().find_map(|one| match (&one.recorded.event, &one.recorded.by) {
        (Event::Assigned { .. }, Actor::Person { user, .. }) => {
            Some(format!("{} {}", words::person(frame, user), words::moment(frame, one.recorded.at)))
        }
        _ => None,
    });
    vec![by.map_or_else(|| Run::missing(frame.lang), Run::text)]
}

/// Why it was held to be what it is.
fn reason(dossier: &Dossier, frame: &Frame<'_>) -> Vec<Run> {
    let assessed = dossier.history.iter().rev().find(|one| matches!(one.recorded.event, Event::Assessed { .. }));
    let note = assessed.and_then(|one| one.note.as_deref());
    vec![note.map_or_else(|| Run::missing(frame.lang), |note| Run::Text(Plain::of(note).cut(200)))]
}

/// Steps that are open, in the order of the playbook.
fn to_do(dossier: &Dossier, frame: &Frame<'_>) -> Vec<Vec<Run>> {
    let book = dossier.incident.decided().and_then(|category| dossier.plan.playbook(category));
    let Some(book) = book else { return vec![vec![Run::text(frame.lang.t("report.no-playbook"))]] };
    let open = book.steps.iter().filter(|step| !dossier.incident.steps.contains_key(&step.id));
    let told: Vec<Vec<Run>> =
        (1..).zip(open).map(|(n, step)| vec![Run::text(format!("{n}. {}", step.name.in_lang(frame.lang)))]).collect();
    if told.is_empty() { vec![vec![Run::text(frame.lang.t("report.nothing-open"))]] } else { told }
}

/// Steps that were done, with when and by whom.
fn done(dossier: &Dossier, frame: &Frame<'_>) -> Vec<Vec<Run>> {
    let name = |id: &str| {
        let found = dossier.plan.playbooks.iter().find_map(|book| book.step(id));
        found.map_or_else(|| id.to_owned(), |step| step.name.in_lang(frame.lang).to_owned())
    };
    let mut told: Vec<(i64, Vec<Run>)> = dossier
        .incident
        .steps
        .iter()
        .filter_map(|(id, progress)| match progress {
            Progress::Done(at, by) => {
                let said = frame.lang.with(
                    "report.step-said",
                    &[("step", &name(id)), ("time", &words::moment(frame, *at)), ("who", &words::person(frame, by))],
                );
                Some((*at, vec![Run::text(said)]))
            }
            Progress::Waived(..) => None,
        })
        .collect();
    told.sort_by_key(|(at, _)| *at);
    let told: Vec<Vec<Run>> = told.into_iter().map(|(_, runs)| runs).collect();
    if told.is_empty() { vec![vec![Run::missing(frame.lang)]] } else { told }
}

fn replied(dossier: &Dossier, frame: &Frame<'_>) -> Vec<Vec<Run>> {
    let published = dossier.answers.iter().filter_map(|answer| Some((answer, answer.reply.published.as_ref()?)));
    let told: Vec<Vec<Run>> = published
        .map(|(answer, done)| {
            let said = frame.lang.with(
                "report.reply-said",
                &[("n", &answer.id), ("time", &words::moment(frame, done.at)), ("account", &done.account)],
            );
            let mut runs = vec![Run::text(said)];
            if let Some((url, _)) = &answer.receipt {
                runs.push(Run::link(url.as_str(), url));
            }
            runs
        })
        .collect();
    if told.is_empty() { vec![vec![Run::text(frame.lang.t("report.matter-unanswered"))]] } else { told }
}

/// Deadlines with what became of them.
fn limits(dossier: &Dossier, frame: &Frame<'_>) -> Vec<Vec<Run>> {
    let told = |clock: &Clock| {
        vec![Run::text(frame.lang.with(
            "report.limit-said",
            &[
                ("clock", &words::clock(frame, &dossier.plan, &clock.id)),
                ("until", &words::moment(frame, clock.due)),
                ("course", &words::course(frame, clock)),
            ],
        ))]
    };
    let clocks = dossier.incident.clocks.clocks().iter().filter(|clock| !matches!(clock.state, ClockState::Void(_)));
    let told: Vec<Vec<Run>> = clocks.map(told).collect();
    if told.is_empty() { vec![vec![Run::text(frame.lang.t("report.clocks-none"))]] } else { told }
}
