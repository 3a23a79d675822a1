//! 专报: an incident told in depth, under a head of at most 200 characters with the core risk in one line (P23).
//!
//! The core risk is read off the facts, the gravest first: a deadline that was missed, media of a high level, growth,
//! posts that were deleted. What people think of it is for people: there is room for it.

use super::cite::{cite_all, quote};
use super::facts::{Dossier, Frame, Mood};
use super::{Kind, chart, flash, headed, sign, words};
use crate::document::{Block, Cell, Column, Document, Plain, Run, Table};
use crate::incident::clock::{Clock, ClockState};
use crate::incident::life::progress::Progress;
use crate::lang::grouped;
use crate::warning::Stage;
use crate::warning::media::Tier;

/// Characters of the head.
pub(super) const HEAD: usize = 200;
/// Voices of either sort.
const VOICES: usize = 4;

/// 专报.
pub(super) fn write(dossier: &Dossier, frame: &Frame<'_>) -> Document {
    let lang = frame.lang;
    let title = lang.with("report.title-special", &[("matter", &words::called(&dossier.matter))]);
    let mut document = headed(Kind::Special, title, flash::number(frame), frame);
    document.push(Block::Summary(head(dossier, frame)));
    document.heading(1, lang.t("report.what"));
    let runs = flash::what(&mut document, dossier, frame);
    document.paragraph(runs);
    document.heading(1, lang.t("report.spread"));
    document.paragraph(vec![Run::text(flash::spread(dossier, frame))]);
    if !dossier.hours.is_empty() {
        document.push(Block::Figure(chart::course(dossier, frame)));
    }
    if !dossier.reach.places.is_empty() {
        document.push(Block::Figure(chart::spread(dossier, frame)));
    }
    voices(&mut document, dossier, frame);
    document.heading(1, lang.t("report.handling"));
    steps(&mut document, dossier, frame);
    answers(&mut document, dossier, frame);
    document.heading(1, lang.t("report.clocks-head"));
    clocks(&mut document, dossier, frame);
    document.heading(1, lang.t("report.judgement"));
    document.paragraph(judgement(dossier, frame));
    document.paragraph(vec![Run::text(lang.t("report.advice-room")), Run::missing(lang)]);
    words::coverage(&mut document, &dossier.coverage, frame);
    words::grounds(&mut document, frame);
    sign(&mut document, frame);
    document
}

/// The head: the core risk first, then what happened and how it stands, as far as there is room.
pub(super) fn head(dossier: &Dossier, frame: &Frame<'_>) -> Vec<Run> {
    let lang = frame.lang;
    let label = lang.t("report.core-risk");
    let risk = core_risk(dossier, frame);
    let mut room = HEAD.saturating_sub(label.chars().count() + risk.chars().count());
    let rest = [
        lang.with(
            "report.head-what",
            &[("matter", &words::called(&dossier.matter)), ("opened", &words::moment(frame, dossier.matter.opened))],
        ),
        lang.with(
            "report.head-reach",
            &[
                ("posts", &lang.count("count.posts", dossier.reach.posts)),
                ("sites", &lang.count("count.sites", dossier.reach.places.len() as u64)),
                ("critical", &grouped(dossier.moods.critical)),
                ("favourable", &grouped(dossier.moods.favourable)),
            ],
        ),
        lang.with(
            "report.head-judged",
            &[
                ("judged", &words::judged(frame, &dossier.plan, &dossier.matter)),
                ("state", &words::state(frame, dossier.matter.state)),
            ],
        ),
    ];
    let mut told = String::new();
    for sentence in rest {
        let long = sentence.chars().count();
        if long > room {
            break;
        }
        room -= long;
        told.push_str(&sentence);
    }
    vec![Run::strong(label), Run::Strong(Plain::of(&risk).cut(HEAD / 2)), Run::text(told)]
}

/// The gravest of what the facts show, in one line.
pub(super) fn core_risk(dossier: &Dossier, frame: &Frame<'_>) -> String {
    let lang = frame.lang;
    let missed = dossier
        .incident
        .clocks
        .clocks()
        .iter()
        .filter(|clock| clock.state == ClockState::Running && clock.late(frame.now) > 0);
    if let Some(clock) = missed.max_by_key(|clock| clock.late(frame.now)) {
        let name = words::clock(frame, &dossier.plan, &clock.id);
        let late = crate::coverage::words::length(lang, clock.late(frame.now));
        return lang.with("report.risk-missed", &[("clock", &name), ("length", &late)]);
    }
    if let Some((name, tier)) =
        dossier.media.iter().filter(|(_, tier)| *tier >= Tier::Provincial).max_by_key(|(_, tier)| *tier)
    {
        let tier = crate::warning::words::tier(lang, *tier);
        return lang.with("report.risk-media", &[("name", name), ("tier", &tier)]);
    }
    if matches!(dossier.matter.stage, Stage::Growing | Stage::Peaking) {
        let stage = words::stage(frame, dossier.matter.stage);
        return lang.with("report.risk-growth", &[("stage", &stage), ("posts", &grouped(dossier.reach.posts))]);
    }
    if dossier.matter.answered.is_none() && dossier.matter.state.is_open() {
        return lang.t("report.risk-unanswered");
    }
    if dossier.deleted > 0 {
        return lang.count("report.risk-deleted", dossier.deleted);
    }
    lang.t("report.risk-none")
}

/// What it is held to be, by whom, and why: the reasons of people, the votes of classifiers as such.
pub(super) fn judgement(dossier: &Dossier, frame: &Frame<'_>) -> Vec<Run> {
    use crate::incident::event::Event;
    let lang = frame.lang;
    let judged = words::kind(frame, &dossier.matter);
    let level = words::level(frame, &dossier.plan, dossier.matter.level.as_deref());
    let mut runs = vec![Run::text(lang.with("report.judged-said", &[("judged", &judged), ("level", &level)]))];
    let decided = dossier.history.iter().rev().find(|one| matches!(one.recorded.event, Event::Assessed { .. }));
    match decided {
        Some(one) => {
            let note = one.note.as_deref().map(|note| Plain::of(note).cut(120));
            runs.push(Run::text(lang.t("report.reason")));
            runs.push(note.map_or_else(|| Run::missing(lang), Run::Text));
            runs.push(Run::text(lang.t("list.stop")));
        }
        None => runs.push(Run::text(lang.t("report.awaits-judgement"))),
    }
    if let Some(alert) = &dossier.alert {
        let why = crate::warning::words::reasons(lang, alert);
        runs.push(Run::text(lang.with("report.warned", &[("why", &why)])));
    }
    runs
}

/// Criticism and praise, quoted; and that labels are labels.
pub(super) fn voices(document: &mut Document, dossier: &Dossier, frame: &Frame<'_>) {
    let lang = frame.lang;
    document.heading(1, lang.t("report.voices"));
    document.paragraph(vec![Run::text(words::moods(frame, dossier.moods))]);
    for (key, mood) in [("report.criticism", Mood::Critical), ("report.praise", Mood::Favourable)] {
        document.heading(2, lang.t(key).trim_end_matches(['：', ':', ' ']));
        let said = dossier.voices.iter().filter(|heard| heard.mood == Some(mood)).take(VOICES);
        let items: Vec<Vec<Run>> = said.map(|heard| quote(document, heard, frame)).collect();
        if items.is_empty() {
            document.paragraph(vec![Run::text(lang.t("report.no-voice"))]);
        } else {
            document.push(Block::List { ordered: true, items });
        }
    }
}

/// The steps of the playbook, and what became of each.
pub(super) fn steps(document: &mut Document, dossier: &Dossier, frame: &Frame<'_>) {
    let lang = frame.lang;
    let Some(book) = dossier.incident.decided().and_then(|category| dossier.plan.playbook(category)) else {
        document.paragraph(vec![Run::text(lang.t("report.no-playbook"))]);
        return;
    };
    let rows = book.steps.iter().map(|step| {
        let became =
            match dossier.incident.steps.get(&step.id) {
                None => Cell::text(lang.t("report.step-open")),
                Some(Progress::Done(at, by)) => Cell::text(lang.with(
                    "report.step-done",
                    &[("time", &words::moment(frame, *at)), ("who", &words::person(frame, by))],
                )),
                Some(Progress::Waived(at, by)) => Cell::text(lang.with(
                    "report.step-waived",
                    &[("time", &words::moment(frame, *at)), ("who", &words::person(frame, by))],
                )),
            };
        vec![Cell::text(step.name.in_lang(lang)), became]
    });
    document.push(Block::Table(Table {
        caption: book.name.in_lang(lang).into(),
        columns: vec![Column::new(lang.t("report.step"), 4), Column::new(lang.t("report.became"), 5)],
        rows: rows.collect(),
    }));
}

/// What was answered in public, with its receipt.
pub(super) fn answers(document: &mut Document, dossier: &Dossier, frame: &Frame<'_>) {
    let lang = frame.lang;
    let published: Vec<_> =
        dossier.answers.iter().filter_map(|one| Some((one, one.reply.published.as_ref()?))).collect();
    if published.is_empty() {
        document.paragraph(vec![Run::text(lang.t("report.matter-unanswered"))]);
        return;
    }
    for (answer, done) in published {
        let mut runs = vec![Run::text(lang.with(
            "report.published",
            &[
                ("time", &words::moment(frame, done.at)),
                ("account", &done.account),
                ("form", &form(frame, answer.reply.form)),
                ("channel", &channel(frame, dossier, &answer.reply.channel)),
            ],
        ))];
        match &answer.receipt {
            Some((url, at)) => {
                runs.push(Run::text(lang.with("report.receipt", &[("time", &words::moment(frame, *at))])));
                runs.push(Run::link(url.as_str(), url));
                runs.push(Run::text(lang.t("list.stop")));
            }
            None => runs.push(Run::text(lang.t("report.no-receipt"))),
        }
        document.paragraph(runs);
    }
}

/// The form of an answer.
pub(super) fn form(frame: &Frame<'_>, form: crate::plan::answer::Form) -> String {
    use crate::plan::answer::Form;
    frame.lang.t(match form {
        Form::Post => "form.post",
        Form::Comment => "form.comment",
        Form::Article => "form.article",
        Form::Statement => "form.statement",
    })
}

/// The name of a channel.
pub(super) fn channel(frame: &Frame<'_>, dossier: &Dossier, id: &str) -> String {
    dossier.plan.channel(id).map_or_else(|| id.to_owned(), |channel| channel.name.in_lang(frame.lang).to_owned())
}

/// Every clock, with when it ends and what became of it.
pub(super) fn clocks(document: &mut Document, dossier: &Dossier, frame: &Frame<'_>) {
    let lang = frame.lang;
    let all = dossier.incident.clocks.clocks();
    let told: Vec<&Clock> = all.iter().filter(|clock| !matches!(clock.state, ClockState::Void(_))).collect();
    if told.is_empty() {
        document.paragraph(vec![Run::text(lang.t("report.clocks-none"))]);
        return;
    }
    let rows = told.into_iter().map(|clock| {
        vec![
            Cell::text(words::clock(frame, &dossier.plan, &clock.id)),
            Cell::text(words::moment(frame, clock.due)),
            Cell::text(words::course(frame, clock)),
        ]
    });
    document.push(Block::Table(Table {
        caption: lang.t("report.table-clocks").into(),
        columns: vec![
            Column::new(lang.t("report.limit"), 4),
            Column::new(lang.t("report.until"), 3),
            Column::new(lang.t("report.became"), 5),
        ],
        rows: rows.collect(),
    }));
}

/// Citations of what the incident is told by.
pub(super) fn cited(document: &mut Document, dossier: &Dossier, frame: &Frame<'_>) -> Vec<Run> {
    cite_all(document, &dossier.matter.cited, frame)
}
