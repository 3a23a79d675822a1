//! 归档目录: everything that is kept of an incident, piece by piece, so that whoever opens the archive in ten years can
//! tell whether it is whole.

use super::begun;
use crate::document::{Block, Cell, Column, Document, Run, Table};
use crate::incident::event::Event;
use crate::incident::life::Given;
use crate::report::facts::{Dossier, Frame};
use crate::report::{Kind, special, words};

/// Captures that are listed one by one.
const CAPTURES: usize = 400;

/// 归档目录.
pub(crate) fn write(dossier: &Dossier, frame: &Frame<'_>) -> Document {
    let lang = frame.lang;
    let mut document = begun(Kind::Archive, dossier, frame);
    let mut about = vec![Run::strong(words::called(&dossier.matter))];
    about.push(Run::text(lang.with(
        "report.archive-said",
        &[
            ("judged", &words::judged(frame, &dossier.plan, &dossier.matter)),
            ("state", &words::state(frame, dossier.matter.state)),
            ("events", &dossier.history.len()),
            ("captures", &dossier.evidence.len()),
            ("posts", &dossier.matter.whole),
        ],
    )));
    about.extend(special::cited(&mut document, dossier, frame));
    document.paragraph(about);
    document.heading(1, lang.t("report.archive-papers"));
    document.push(Block::Table(papers(dossier, frame)));
    document.heading(1, lang.t("report.archive-captures"));
    document.push(Block::Table(captures(dossier, frame)));
    document.push(Block::Note(vec![Run::text(lang.t("report.archive-note"))]));
    words::coverage(&mut document, &dossier.coverage, frame);
    super::super::sign(&mut document, frame);
    document
}

/// Decisions, replies, referrals and documents, in the order in which they came to be.
fn papers(dossier: &Dossier, frame: &Frame<'_>) -> Table {
    let lang = frame.lang;
    let mut rows: Vec<(i64, String, String)> = Vec::new();
    for one in &dossier.history {
        if let Event::StepDone { step, evidence } = &one.recorded.event {
            let found = dossier.plan.playbooks.iter().find_map(|book| book.step(step));
            let name = found.map_or(step.as_str(), |step| step.name.in_lang(lang));
            for given in evidence {
                if let Given::Document(digest) | Given::Consent(digest, _) = given {
                    let what = lang.with("report.archive-document", &[("step", &name)]);
                    rows.push((one.recorded.at, what, format!("SHA-256 {digest}")));
                }
            }
        }
        if matches!(one.recorded.event, Event::Assessed { .. }) {
            rows.push((one.recorded.at, lang.t("report.archive-assessed"), lang.t("report.archive-record")));
        }
    }
    for answer in &dossier.answers {
        let at = answer.reply.published.as_ref().map_or(dossier.matter.opened, |done| done.at);
        let receipt = answer
            .reply
            .receipt
            .as_ref()
            .map_or_else(|| lang.t("report.no-receipt"), |receipt| format!("SHA-256 {}", receipt.capture));
        rows.push((at, lang.with("report.archive-reply", &[("n", &answer.id)]), receipt));
    }
    for (id, referral, _) in &dossier.referrals {
        let kept = lang.with("report.archive-exports", &[("n", &referral.exports)]);
        rows.push((referral.rests_until, lang.with("report.archive-referral", &[("n", id)]), kept));
    }
    rows.sort();
    let rows = (1_u64..).zip(rows).map(|(n, (at, what, where_))| {
        vec![Cell::Count(n), Cell::text(words::moment(frame, at)), Cell::text(what), Cell::text(where_)]
    });
    Table {
        caption: "".into(),
        columns: vec![
            Column::new(lang.t("source.number"), 1),
            Column::new(lang.t("report.time"), 3),
            Column::new(lang.t("report.paper"), 4),
            Column::new(lang.t("report.known-by"), 6),
        ],
        rows: rows.collect(),
    }
}

fn captures(dossier: &Dossier, frame: &Frame<'_>) -> Table {
    let lang = frame.lang;
    let rows = dossier.evidence.iter().take(CAPTURES).map(|piece| {
        vec![
            Cell::Count(piece.capture.unsigned_abs()),
            Cell::text(words::moment(frame, piece.at)),
            Cell::Words(vec![Run::link(piece.url.as_str(), &piece.url)]),
            Cell::text(&piece.digest),
        ]
    });
    let mut rows: Vec<Vec<Cell>> = rows.collect();
    let more = dossier.evidence.len().saturating_sub(CAPTURES);
    if more > 0 {
        let told = lang.count("report.more-captures", more as u64);
        rows.push(vec![Cell::text("…"), Cell::text(told), Cell::text(""), Cell::text("")]);
    }
    Table {
        caption: "".into(),
        columns: vec![
            Column::new(lang.t("source.capture"), 2),
            Column::new(lang.t("source.captured"), 3),
            Column::new(lang.t("source.address"), 6),
            Column::new("SHA-256", 5),
        ],
        rows,
    }
}
