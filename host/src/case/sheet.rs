//! 案例教学单: a case as a document for a class (P22): what happened, how it spread, what was done and when, which clocks
//! were kept, what is to be learnt, what to talk about. Pure.

use std::collections::BTreeMap;

use super::course::{Happened, Tick};
use super::words::Speech;
use super::{Case, CaseId, Said};
use crate::document::chart::{Chart, Lane, Mark, Shape, Timeline, ticks};
use crate::document::{Block, Cell, Column, Document, Field, Form, Plain, Run, Table};
use crate::incident::clock::ClockState;
use crate::privacy::Kind;

/// Sites that have a lane of their own; what was said elsewhere shares one.
const LANES: usize = 8;
/// Posts that are quoted, the earliest.
const QUOTED: usize = 40;
/// Characters of a post that are quoted.
const HEAD: usize = 300;
/// Questions that a class may begin with.
const QUESTIONS: [&str; 5] =
    ["case.ask-found", "case.ask-judged", "case.ask-clocks", "case.ask-words", "case.ask-differently"];

/// The sheet of a case. Whether it may leave the room is asked before ([`may_leave`](super::life::may_leave)).
#[must_use]
pub fn sheet(id: CaseId, case: &Case, speech: &Speech<'_>) -> Document {
    let lang = speech.lang;
    let title = Plain::of(&case.title.shown());
    let mut paper = Document::new(lang, lang.with("case.sheet", &[("n", &id), ("title", &title.cut(40))]));
    paper.subtitle = Some(Plain::from(format!("{} – {}", speech.moment(case.opened), speech.moment(case.ended))));
    paper.push(Block::Note(vec![Run::text(lang.with("case.hidden-note", &[("kinds", &hidden(case, speech))]))]));
    paper.heading(1, lang.t("case.about"));
    paper.push(Block::Form(facts(case, speech)));
    paper.heading(1, lang.t("case.spread"));
    paper.push(Block::Figure(spread(case, speech)));
    paper.heading(1, lang.t("case.course"));
    paper.push(Block::Table(course(case, speech)));
    paper.heading(1, lang.t("case.clocks"));
    paper.push(Block::Table(clocks(case, speech)));
    paper.heading(1, lang.t("case.said"));
    said(&mut paper, case, speech);
    paper.heading(1, lang.t("case.lessons"));
    if case.lessons.is_empty() {
        paper.paragraph(vec![Run::missing(lang)]);
    } else {
        let items = case.lessons.iter().map(|lesson| vec![Run::text(lesson.shown())]).collect();
        paper.push(Block::List { ordered: true, items });
    }
    paper.heading(1, lang.t("case.questions"));
    let items = QUESTIONS.iter().map(|key| vec![Run::text(lang.t(key))]).collect();
    paper.push(Block::List { ordered: true, items });
    paper
}

/// How many of what were hidden.
fn hidden(case: &Case, speech: &Speech<'_>) -> String {
    let mut count: BTreeMap<Kind, u64> = BTreeMap::new();
    for spot in
        case.passages().flat_map(|(_, passage)| passage.spots().map(|spot| spot.hidden.kind).collect::<Vec<_>>())
    {
        *count.entry(spot).or_default() += 1;
    }
    let told: Vec<String> = count.iter().map(|(kind, n)| format!("{} {n}", speech.lang.t(kind_key(*kind)))).collect();
    if told.is_empty() { speech.lang.t("case.nothing-hidden") } else { speech.lang.list(&told) }
}

/// What a kind of what is hidden is called.
#[must_use]
pub const fn kind_key(kind: Kind) -> &'static str {
    match kind {
        Kind::Name => "case.kind-name",
        Kind::Account => "case.kind-account",
        Kind::Phone => "case.kind-phone",
        Kind::Number => "case.kind-number",
        Kind::Plate => "case.kind-plate",
        Kind::Email => "case.kind-email",
        Kind::Link => "case.kind-link",
        Kind::Address => "case.kind-address",
        Kind::Place => "case.kind-place",
    }
}

fn facts(case: &Case, speech: &Speech<'_>) -> Form {
    let lang = speech.lang;
    let field = |key: &str, value: String| Field::new(lang.t(key), vec![Run::text(value)]);
    let level = case.level.as_deref().map_or_else(|| "—".to_owned(), |level| speech.level(level));
    let posts = case.posts.len() as u64 + case.left_out;
    let mut form = Form::default();
    form.row([field("case.matter", case.title.shown())]);
    form.row([field("case.category", speech.category(case.category)), field("case.level", level)]);
    form.row([field("case.first-sight", speech.moment(case.opened)), field("case.ended", speech.moment(case.ended))]);
    let tags = if case.tags.is_empty() { "—".to_owned() } else { lang.list(&case.tags) };
    form.row([field("case.posts", lang.count("count.posts", posts)), field("case.tags", tags)]);
    form
}

/// A lane for each site, in the order in which it joined; posts of one hour are one dot.
fn spread(case: &Case, speech: &Speech<'_>) -> Chart {
    let mut order: Vec<&str> = Vec::new();
    case.posts.iter().for_each(|said| {
        if !order.contains(&said.site.as_str()) {
            order.push(&said.site);
        }
    });
    let elsewhere = speech.lang.t("case.elsewhere");
    let name = |said: &Said| {
        let place = order.iter().position(|site| *site == said.site).filter(|place| *place < LANES);
        place.map_or_else(|| (LANES, elsewhere.clone()), |place| (place, said.site.clone()))
    };
    let mut lanes: BTreeMap<(usize, String), BTreeMap<i64, u64>> = BTreeMap::new();
    for said in &case.posts {
        let hour = said.said.unwrap_or(said.heard).max(case.opened - 86_400).div_euclid(3600) * 3600;
        *lanes.entry(name(said)).or_default().entry(hour).or_default() += 1;
    }
    let (from, until) = span(&lanes, case);
    let mark = |(at, size): (i64, u64)| Mark { at, told: speech.moment(at).into(), size, alarming: false };
    let lanes = lanes
        .into_iter()
        .map(|((_, name), hours)| Lane { name: name.into(), marks: hours.into_iter().map(mark).collect() });
    let lanes = lanes.collect();
    let ticks = ticks(from, until, &speech.zone);
    let shape = Shape::Timeline(Timeline { from, until, ticks, lanes });
    Chart { title: speech.lang.t("case.spread-chart").into(), unit: speech.lang.t("case.unit-posts").into(), shape }
}

fn span(lanes: &BTreeMap<(usize, String), BTreeMap<i64, u64>>, case: &Case) -> (i64, i64) {
    let hours = || lanes.values().flat_map(BTreeMap::keys).copied();
    let from = hours().min().unwrap_or(case.opened);
    (from, hours().max().unwrap_or(case.ended).max(from + 3600))
}

/// What was done; reminders of clocks are told by the clocks themselves.
fn course(case: &Case, speech: &Speech<'_>) -> Table {
    let lang = speech.lang;
    let columns = vec![
        Column::new(lang.t("case.when"), 20),
        Column::new(lang.t("case.after"), 14),
        Column::new(lang.t("case.who"), 14),
        Column::new(lang.t("case.what"), 52),
    ];
    let told = case.course.iter().filter(|step| is_told(&step.what)).map(|step| {
        let mut what = vec![Run::text(speech.happened(&step.what))];
        let notes = step.notes.iter().filter(|(_, note)| !note.is_empty());
        what.extend(notes.map(|(_, note)| Run::text(format!("：{}", Plain::of(&note.shown()).cut(HEAD)))));
        vec![
            Cell::text(speech.moment(step.at)),
            Cell::text(speech.length(step.at - case.opened)),
            Cell::text(speech.by(&step.by)),
            Cell::Words(what),
        ]
    });
    Table { caption: lang.t("case.course-table").into(), columns, rows: told.collect() }
}

/// When clocks ran and reminded stands with the clocks.
const fn is_told(what: &Happened) -> bool {
    let Happened::Clock { what, .. } = what else { return true };
    matches!(what, Tick::Met { .. } | Tick::Rings { escalates: true, .. })
}

fn clocks(case: &Case, speech: &Speech<'_>) -> Table {
    let lang = speech.lang;
    let columns = vec![
        Column::new(lang.t("case.clock"), 40),
        Column::new(lang.t("case.due"), 25),
        Column::new(lang.t("case.outcome"), 35),
    ];
    let rows = case.clocks.iter().map(|clock| {
        let outcome = match (clock.state, clock.late(case.ended)) {
            (ClockState::Met(at), Some(0)) => lang.with("case.kept", &[("time", &speech.length(clock.due - at))]),
            (ClockState::Met(_), Some(late)) => lang.with("case.missed", &[("time", &speech.length(late))]),
            (_, Some(late)) => lang.with("case.not-met", &[("time", &speech.length(late))]),
            (ClockState::Running | ClockState::Paused(_), None) => lang.t("case.not-ended"),
            (_, None) => lang.t("case.not-applied"),
        };
        vec![Cell::text(speech.clock(&clock.clock)), Cell::text(speech.moment(clock.due)), Cell::text(outcome)]
    });
    Table { caption: lang.t("case.clocks-table").into(), columns, rows: rows.collect() }
}

fn said(paper: &mut Document, case: &Case, speech: &Speech<'_>) {
    for said in case.posts.iter().take(QUOTED) {
        let head = format!("{} · {}", speech.moment(said.said.unwrap_or(said.heard)), said.site);
        paper.paragraph(vec![Run::strong(head)]);
        let title = said.title.as_ref().map_or_else(String::new, |title| format!("【{}】", title.shown()));
        paper.push(Block::Quote(vec![Run::text(Plain::of(&format!("{title}{}", said.text.shown())).cut(HEAD))]));
    }
    let more = (case.posts.len().saturating_sub(QUOTED)) as u64 + case.left_out;
    if more > 0 {
        paper.push(Block::Note(vec![Run::text(speech.lang.count("case.more-posts", more))]));
    }
}
