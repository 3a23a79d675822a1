//! 日报, 周报, 月报: what was said in a span of time (P23).
//!
//! A daily report is about 500 characters that are read before 10:30; the others have the same parts at length, with
//! charts and tables.

use super::cite::{cite_all, quote};
use super::facts::{Frame, Heard, Matter, Period};
use super::{Kind, chart, headed, sign, words};
use crate::document::{Block, Cell, Column, Document, Run, Table};
use crate::lang::{Lang, grouped};

/// Incidents that a daily report names.
const DAILY: usize = 3;
/// Voices of either sort that a long report quotes.
const VOICES: usize = 5;

/// 日报.
pub(super) fn daily(period: &Period, frame: &Frame<'_>) -> Document {
    let lang = frame.lang;
    let mut document = begun(Kind::Daily, period, frame);
    document.heading(1, lang.t("report.overall"));
    let told = [overall(period, frame), handled(period, frame)].join(joint(lang));
    document.paragraph(vec![Run::text(told)]);
    document.heading(1, lang.t("report.key-matters"));
    if period.matters.is_empty() {
        document.paragraph(vec![Run::text(lang.t("report.no-matters"))]);
    }
    for matter in period.matters.iter().take(DAILY) {
        let runs = told_matter(&mut document, matter, frame);
        document.paragraph(runs);
    }
    document.heading(1, lang.t("report.voices"));
    for (key, voices) in [("report.criticism", &period.volume.critical), ("report.praise", &period.volume.favourable)] {
        let runs = voice(&mut document, key, voices.first(), frame);
        document.paragraph(runs);
    }
    document.heading(1, lang.t("report.clocks-head"));
    document.paragraph(vec![Run::text(words::clocks(frame, frame.plan, &period.clocks))]);
    words::coverage(&mut document, &period.coverage, frame);
    sign(&mut document, frame);
    document
}

/// 周报, 月报.
pub(super) fn long(kind: Kind, period: &Period, frame: &Frame<'_>) -> Document {
    let lang = frame.lang;
    let mut document = begun(kind, period, frame);
    document.heading(1, lang.t("report.overall"));
    document.paragraph(vec![Run::text(overall(period, frame))]);
    document.paragraph(vec![Run::text(handled(period, frame))]);
    document.push(Block::Figure(chart::volume(&period.volume, frame)));
    if !period.volume.sites.is_empty() {
        let sites = chart::leading_sites(&period.volume, frame);
        document.paragraph(vec![Run::text(lang.with("report.sites-lead", &[("sites", &sites)]))]);
        document.push(Block::Figure(chart::sources(&period.volume, frame)));
    }
    if !period.topics.is_empty() {
        document.push(Block::Table(chart::counts(frame, &lang.t("report.table-topics"), period.topics.clone())));
    }
    matters(&mut document, period, frame);
    voices(&mut document, period, frame);
    clocks(&mut document, period, frame);
    document.heading(1, lang.t("report.coverage-head"));
    document.push(Block::Table(chart::coverage(period, frame)));
    words::coverage(&mut document, &period.coverage, frame);
    document.heading(1, lang.t("report.outlook"));
    document.paragraph(vec![Run::text(lang.t("report.outlook-room")), Run::missing(lang)]);
    words::grounds(&mut document, frame);
    sign(&mut document, frame);
    document
}

fn begun(kind: Kind, period: &Period, frame: &Frame<'_>) -> Document {
    let organisation = words::organisation(frame);
    let name = kind.name(frame.lang);
    let title = frame.lang.with("report.title-period", &[("organisation", &organisation), ("name", &name)]);
    let mut document = headed(kind, title, number(kind, period, frame), frame);
    document.subtitle = Some(words::span(frame, period.span).into());
    document
}

/// The issue: as given, else the day, week or month of the year that the span ends in.
fn number(kind: Kind, period: &Period, frame: &Frame<'_>) -> String {
    let last = words::local(frame, period.span.until - 1);
    let n = frame.number.map_or_else(
        || match kind {
            Kind::Daily => i64::from(last.day_of_year()),
            Kind::Weekly => i64::from(last.date().iso_week_date().week()),
            _ => i64::from(last.month()),
        },
        i64::from,
    );
    frame.lang.with("report.issue-of-year", &[("year", &last.year()), ("n", &n)])
}

const fn joint(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "",
        Lang::En => " ",
    }
}

/// How much was said, more or less than before, of what.
fn overall(period: &Period, frame: &Frame<'_>) -> String {
    let lang = frame.lang;
    let all = period.volume.all();
    let kinds = words::categories(frame).into_iter().zip(period.volume.by_category());
    let kinds = kinds
        .filter(|(_, posts)| *posts > 0)
        .map(|(name, posts)| lang.with("report.kind-posts", &[("kind", &name), ("posts", &grouped(posts))]));
    let kinds: Vec<String> = kinds.collect();
    let sites = period.volume.sites.len() as u64;
    let mut told = lang.with(
        "report.overall-said",
        &[
            ("span", &words::span(frame, period.span)),
            ("posts", &lang.count("count.posts", all)),
            ("sites", &lang.count("count.sites", sites)),
            ("change", &words::change(frame, all, period.before)),
        ],
    );
    if !kinds.is_empty() {
        told.push_str(joint(lang));
        told.push_str(&lang.with("report.kinds", &[("kinds", &lang.list(&kinds))]));
    }
    told.push_str(joint(lang));
    told.push_str(&words::moods(frame, period.volume.moods));
    told
}

/// What was opened, closed, and is open.
fn handled(period: &Period, frame: &Frame<'_>) -> String {
    let count = [period.opened, period.closed, period.open].map(grouped);
    let arguments: [(&str, &dyn std::fmt::Display); 3] =
        [("opened", &count[0]), ("closed", &count[1]), ("open", &count[2])];
    frame.lang.with("report.handled", &arguments)
}

/// One incident in a paragraph, with what it rests on.
fn told_matter(document: &mut Document, matter: &Matter, frame: &Frame<'_>) -> Vec<Run> {
    let lang = frame.lang;
    let mut runs = vec![Run::strong(words::called(matter))];
    let told = lang.with(
        "report.matter-told",
        &[
            ("judged", &words::judged(frame, frame.plan, matter)),
            ("opened", &words::moment(frame, matter.opened)),
            ("posts", &lang.count("count.posts", matter.posts)),
            ("sites", &lang.count("count.sites", matter.sites)),
            ("stage", &words::stage(frame, matter.stage)),
            ("state", &words::state(frame, matter.state)),
        ],
    );
    runs.push(Run::text(told));
    runs.extend(cite_all(document, &matter.cited, frame));
    let answer = match matter.answered {
        Some(at) => lang.with("report.matter-answered", &[("time", &words::moment(frame, at))]),
        None => lang.t("report.matter-unanswered"),
    };
    runs.push(Run::text(answer));
    runs
}

/// What was said in criticism or praise, or that nothing so labelled was heard.
fn voice(document: &mut Document, key: &str, heard: Option<&Heard>, frame: &Frame<'_>) -> Vec<Run> {
    let mut runs = vec![Run::strong(frame.lang.t(key))];
    match heard {
        Some(heard) => runs.extend(quote(document, heard, frame)),
        None => runs.push(Run::text(frame.lang.t("report.no-voice"))),
    }
    runs
}

fn matters(document: &mut Document, period: &Period, frame: &Frame<'_>) {
    document.heading(1, frame.lang.t("report.key-matters"));
    if period.matters.is_empty() {
        document.paragraph(vec![Run::text(frame.lang.t("report.no-matters"))]);
        return;
    }
    for matter in period.matters.iter().take(VOICES) {
        let runs = told_matter(document, matter, frame);
        document.paragraph(runs);
    }
    document.push(Block::Table(chart::matters(period, frame)));
}

fn voices(document: &mut Document, period: &Period, frame: &Frame<'_>) {
    let lang = frame.lang;
    document.heading(1, lang.t("report.voices"));
    let both = [("report.criticism", &period.volume.critical), ("report.praise", &period.volume.favourable)];
    for (key, voices) in both {
        document.heading(2, lang.t(key).trim_end_matches(['：', ':', ' ']));
        if voices.is_empty() {
            document.paragraph(vec![Run::text(lang.t("report.no-voice"))]);
        }
        let items: Vec<Vec<Run>> = voices.iter().take(VOICES).map(|heard| quote(document, heard, frame)).collect();
        if !items.is_empty() {
            document.push(Block::List { ordered: true, items });
        }
    }
}

fn clocks(document: &mut Document, period: &Period, frame: &Frame<'_>) {
    let lang = frame.lang;
    document.heading(1, lang.t("report.clocks-head"));
    document.paragraph(vec![Run::text(words::clocks(frame, frame.plan, &period.clocks))]);
    if !period.clocks.is_empty() {
        document.push(Block::Figure(chart::clocks(period, frame)));
    }
    document.push(Block::Table(chart::responses(&period.responses, frame.lang)));
    let late = period.clocks.iter().filter(|clock| clock.missed > 0);
    let rows: Vec<Vec<Cell>> = late
        .map(|clock| {
            vec![
                Cell::text(words::clock(frame, frame.plan, &clock.clock)),
                Cell::Count(clock.missed),
                Cell::Words(vec![Run::missing(lang)]),
            ]
        })
        .collect();
    if !rows.is_empty() {
        document.push(Block::Table(Table {
            caption: lang.t("report.table-missed").into(),
            columns: vec![
                Column::new(lang.t("report.limit"), 3),
                Column::new(lang.t("report.missed"), 1),
                Column::new(lang.t("report.why"), 4),
            ],
            rows,
        }));
    }
}
