//! 监测记录: every sweep of a span on paper (P6): when, where, what was looked for, what was found, what failed.

use crate::document::{Block, Cell, Column, Document, Plain, Run, Table};
use crate::lang::grouped;
use crate::report::facts::{Frame, Sweeps};
use crate::report::{Kind, words};

/// Characters of a target.
const TARGET: usize = 40;

/// 监测记录.
pub(crate) fn write(sweeps: &Sweeps, frame: &Frame<'_>) -> Document {
    let lang = frame.lang;
    let (organisation, name) = (words::organisation(frame), Kind::Record.name(lang));
    let title = lang.with("report.title-form", &[("organisation", &organisation), ("name", &name)]);
    let mut document = Document::new(lang, title);
    document.subtitle = Some(words::span(frame, sweeps.span).into());
    let found: u64 = sweeps.entries.iter().map(|entry| entry.sweep.tally.new).sum();
    let matched: u64 = sweeps.entries.iter().map(|entry| entry.sweep.tally.matched).sum();
    let told = lang.with(
        "report.record-said",
        &[
            ("sweeps", &grouped(sweeps.all)),
            ("failed", &grouped(sweeps.failed)),
            ("new", &grouped(found)),
            ("matched", &grouped(matched)),
        ],
    );
    document.paragraph(vec![Run::text(told)]);
    let left_out = sweeps.all.saturating_sub(sweeps.entries.len() as u64);
    if left_out > 0 {
        document.push(Block::Note(vec![Run::text(lang.count("report.record-left-out", left_out))]));
    }
    document.push(Block::Table(Table {
        caption: name.into(),
        columns: vec![
            Column::new(lang.t("record.started"), 4),
            Column::new(lang.t("record.watch"), 4),
            Column::new(lang.t("record.target"), 7),
            Column::new(lang.t("record.seen"), 2),
            Column::new(lang.t("record.new"), 2),
            Column::new(lang.t("record.matched"), 2),
            Column::new(lang.t("report.result"), 4),
        ],
        rows: sweeps.entries.iter().map(|entry| row(entry, frame)).collect(),
    }));
    words::coverage(&mut document, &sweeps.coverage, frame);
    super::super::sign(&mut document, frame);
    document
}

fn row(entry: &crate::record::Entry, frame: &Frame<'_>) -> Vec<Cell> {
    let sweep = &entry.sweep;
    let kinds = crate::record::kinds(sweep);
    let result = match (sweep.ended, kinds.is_empty()) {
        (None, _) => frame.lang.t("report.sweep-unended"),
        (Some(_), true) => frame.lang.t("report.sweep-heard"),
        (Some(_), false) => frame.lang.with("report.sweep-failed", &[("kinds", &kinds)]),
    };
    vec![
        Cell::text(words::local(frame, sweep.started).strftime("%m-%d %H:%M").to_string()),
        Cell::text(&sweep.watch),
        Cell::Words(vec![Run::Text(Plain::of(&entry.target).cut(TARGET))]),
        Cell::Count(sweep.tally.seen),
        Cell::Count(sweep.tally.new),
        Cell::Count(sweep.tally.matched),
        Cell::text(result),
    ]
}
