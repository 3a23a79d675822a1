//! 处置总结: what was done about an incident, from first sight to its end (P23), for the archive and for cases (P22).

use super::facts::{Dossier, Frame, Happened};
use super::{Kind, chart, event, flash, sign, special, words};
use crate::document::{Block, Cell, Column, Document, Plain, Run, Table};
use crate::incident::event::Actor;

/// Events that are told.
const COURSE: usize = 60;
/// Characters of a note.
const NOTE: usize = 80;

/// 处置总结.
pub(super) fn write(dossier: &Dossier, frame: &Frame<'_>) -> Document {
    let lang = frame.lang;
    let title = lang.with("report.title-summary", &[("matter", &words::called(&dossier.matter))]);
    let mut document = Document::new(lang, title);
    let named = lang.with("report.incident-number", &[("n", &dossier.matter.id)]);
    document.subtitle = Some(format!("{}　{named}", Kind::Summary.name(lang)).into());
    document.heading(1, lang.t("report.what"));
    let runs = flash::what(&mut document, dossier, frame);
    document.paragraph(runs);
    document.paragraph(special::judgement(dossier, frame));
    document.heading(1, lang.t("report.spread"));
    document.paragraph(vec![Run::text(flash::spread(dossier, frame))]);
    if !dossier.reach.places.is_empty() {
        document.push(Block::Figure(chart::spread(dossier, frame)));
    }
    special::voices(&mut document, dossier, frame);
    document.heading(1, lang.t("report.course"));
    document.push(Block::Table(course(dossier, frame)));
    special::steps(&mut document, dossier, frame);
    document.heading(1, lang.t("report.replies"));
    special::answers(&mut document, dossier, frame);
    document.heading(1, lang.t("report.clocks-head"));
    special::clocks(&mut document, dossier, frame);
    document.heading(1, lang.t("report.follow-up"));
    document.paragraph(vec![Run::text(followed(dossier, frame))]);
    document.heading(1, lang.t("report.lessons"));
    document.paragraph(vec![Run::text(lang.t("report.lessons-room")), Run::missing(lang)]);
    words::coverage(&mut document, &dossier.coverage, frame);
    words::grounds(&mut document, frame);
    sign(&mut document, frame);
    document
}

fn followed(dossier: &Dossier, frame: &Frame<'_>) -> String {
    let lang = frame.lang;
    let mut told = match dossier.incident.watched_until {
        Some(until) => lang.with("report.watched", &[("time", &words::moment(frame, until))]),
        None => lang.t("report.not-watched"),
    };
    if dossier.incident.recurred > 0 {
        told.push_str(&lang.count("report.recurred", u64::from(dossier.incident.recurred)));
    }
    told
}

/// What happened, when, by whom, with what people wrote.
pub(super) fn course(dossier: &Dossier, frame: &Frame<'_>) -> Table {
    let lang = frame.lang;
    let mut rows: Vec<Vec<Cell>> = dossier.history.iter().filter_map(|one| row(one, dossier, frame)).collect();
    let more = rows.len().saturating_sub(COURSE);
    rows.truncate(COURSE);
    if more > 0 {
        rows.push(vec![Cell::text("…"), Cell::text(lang.count("report.more-events", more as u64)), Cell::text("")]);
    }
    Table {
        caption: lang.t("report.course").into(),
        columns: vec![
            Column::new(lang.t("report.time"), 4),
            Column::new(lang.t("report.event"), 8),
            Column::new(lang.t("report.who"), 3),
        ],
        rows,
    }
}

fn row(one: &Happened, dossier: &Dossier, frame: &Frame<'_>) -> Option<Vec<Cell>> {
    let person = |id: &str| words::person(frame, id);
    let mut told = event::told(&one.recorded.event, &dossier.plan, frame.lang, &person)?;
    if let Some(note) = &one.note {
        told = frame.lang.with("report.with-note", &[("event", &told), ("note", &Plain::of(note).cut(NOTE))]);
    }
    let who = match &one.recorded.by {
        Actor::Machine { .. } => frame.lang.t("report.machine"),
        Actor::Person { user, .. } => words::person(frame, user),
    };
    Some(vec![Cell::text(words::moment(frame, one.recorded.at)), Cell::text(told), Cell::text(who)])
}
