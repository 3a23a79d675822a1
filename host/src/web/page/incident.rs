//! An incident: its posts and why they are together, its trend, where it is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;

use super::acting::{Acting, ActingView};
use super::around::{AnswersView, Around, AroundView};
use super::growing::{CourseView, StageMark};
use super::home::size;
use super::post::{PostView, Whisper, whisper};
use super::spread::SpreadView;
use super::votes::{VotesView, level_words};
use super::{Frame, Rendered, Room, Visit, category, state, tight};
use crate::incident::State;
use crate::incident::opinion::Opinion;
use crate::incident::reach::Reach;
use crate::plan::Plan;
use crate::store::model::{Figures, IncidentRow, LabelBy, PostRow, PostRowId, WatchRow};
use crate::store::{Course, DisclosureRow};
use crate::web::Became;
use crate::web::lang::{Lang, grouped};
use crate::web::mark::line;
use crate::web::trend::{Bar, Trend, Width};
use crate::web::when::{Clockface, Stamp};

/// What the page is made of.
#[derive(Clone, Debug)]
pub(crate) struct IncidentRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// The incident.
    pub(crate) incident: IncidentRow,
    /// Its newest posts, newest first.
    pub(crate) posts: Vec<PostRow>,
    /// What shows best why its category is suggested.
    pub(crate) strongest: Option<LabelBy>,
    /// What became of them.
    pub(crate) lives: BTreeMap<PostRowId, Became>,
    /// How it grew.
    pub(crate) course: Course,
    /// How far it has gone.
    pub(crate) reach: Reach,
    /// What the classifiers make of it.
    pub(crate) opinion: Opinion,
    /// The plan that governs it.
    pub(crate) plan: Arc<Plan>,
    /// What was published that answers it.
    pub(crate) disclosures: Vec<DisclosureRow>,
    /// What was answered and begun besides, and who can be reached.
    pub(crate) around: Around,
    /// The registered accounts.
    pub(crate) accounts: Vec<String>,
    /// What is to be done, and what was, for somebody who is signed in.
    pub(crate) acting: Option<Acting>,
}

/// An incident, told.
pub(super) struct IncidentView {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) state: String,
    /// How far it has come, unless it is quiet.
    pub(super) mark: Option<StageMark>,
    pub(super) restricted: bool,
    pub(super) tone: &'static str,
    /// The category a person decided.
    pub(super) decided: Option<String>,
    pub(super) opened: Stamp,
    pub(super) latest: Stamp,
    pub(super) size: String,
    /// The category a classifier suggests, while nobody has decided.
    pub(super) whisper: Option<Whisper>,
}

impl IncidentView {
    /// `strongest` is the label that shows best why the category is suggested.
    pub(super) fn new(row: &IncidentRow, strongest: Option<&LabelBy>, face: &Clockface, lang: Lang) -> Self {
        let by_machine = row.is_suggested();
        Self {
            id: row.id,
            title: titled(&row.title, row.id),
            state: state(lang, row.state),
            mark: StageMark::of(row.stage, lang),
            restricted: row.restricted,
            tone: if row.state == State::New { "unseen-yet" } else { "seen" },
            decided: row.category.filter(|_| !by_machine).map(|c| category(lang, c)),
            opened: face.stamp(row.opened),
            latest: face.stamp(row.latest),
            size: size(lang, row),
            whisper: if by_machine { suggestion(row, strongest, lang) } else { None },
        }
    }
}

/// The title, or the number once the words of the title are deleted.
fn titled(title: &str, id: i64) -> String {
    if title.trim().is_empty() { format!("#{id}") } else { line(title, 120) }
}

/// What is suggested, with the evidence of the strongest label; the bare category when none of the newest posts carries it.
fn suggestion(row: &IncidentRow, strongest: Option<&LabelBy>, lang: Lang) -> Option<Whisper> {
    let suggested = row.category?;
    Some(strongest.map_or_else(
        || Whisper { words: category(lang, suggested), by: row.category_by.clone().unwrap_or_default(), asked: false },
        |label| whisper(lang, &category(lang, suggested), label),
    ))
}

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage {
    frame: Frame,
    incident: IncidentView,
    /// The level that a person decided.
    level: Option<String>,
    /// The level that classifiers suggest, while nobody has decided one.
    suggested_level: Option<String>,
    note: String,
    posts: Vec<PostView>,
    trend: Option<Figure>,
    course: CourseView,
    spread: SpreadView,
    votes: Option<VotesView>,
    answers: AnswersView,
    around: AroundView,
    acting: Option<ActingView>,
}

/// The trend with its sentence and its table.
struct Figure {
    unit: String,
    unit_head: String,
    bars: Vec<Bar>,
    first: String,
    last: String,
    sentence: String,
    rows: Vec<(String, String)>,
}

/// The page.
pub(crate) fn incident(visit: &Visit, rows: &IncidentRows) -> Rendered {
    let lang = visit.lang;
    let title = line(&titled(&rows.incident.title, rows.incident.id), 60);
    let frame = Frame::new(visit, Room::Incidents, title, rows.figures, &rows.watches);
    let told = rows.posts.len();
    let note = if u64::try_from(told).is_ok_and(|n| n < rows.incident.posts) {
        lang.with("posts.newest-of", &[("n", &told), ("all", &grouped(rows.incident.posts))])
    } else {
        lang.t("posts.newest-first")
    };
    let plan = &rows.plan;
    // A level that its plan does not know stands as it was decided.
    let words = |id: &str| plan.level(id).map_or_else(|| line(id, 40), |level| level_words(lang, level));
    let suggested = rows.opinion.level(plan).filter(|_| rows.incident.level.is_none());
    let acting = rows.acting.as_ref().map(|it| ActingView::new(visit, it, plan, &rows.posts, &frame.face));
    IncidentPage {
        acting,
        level: rows.incident.level.as_deref().map(words),
        suggested_level: suggested.map(|level| level_words(lang, level)),
        incident: IncidentView::new(&rows.incident, rows.strongest.as_ref(), &frame.face, lang),
        note,
        posts: rows
            .posts
            .iter()
            .map(|p| PostView::new(p, &frame.face, lang, Some(plan)).living(rows.lives.get(&p.row), &frame.face, lang))
            .collect(),
        trend: figure(&rows.posts, &frame.face, lang),
        course: CourseView::new(&rows.course, &frame.face, lang),
        spread: SpreadView::new(&rows.reach, &frame.face, lang),
        votes: VotesView::new(&rows.opinion, plan, lang),
        answers: AnswersView::new(visit, rows, &frame.face),
        around: AroundView::new(visit, rows, &frame.face),
        frame,
    }
    .render()
}

fn figure(posts: &[PostRow], face: &Clockface, lang: Lang) -> Option<Figure> {
    let points: Vec<_> = posts.iter().map(|p| p.published.unwrap_or(p.captured)).collect();
    let trend = Trend::of(&points, face)?;
    let hourly = trend.width == Width::Hour;
    let name = |at| {
        if hourly { face.plain(at) } else { face.plain_day(at) }
    };
    let (first, last) = (trend.bins.first()?.from, trend.bins.last()?.from);
    let peak = trend.peak();
    let key = match (hourly, peak.posts) {
        (true, 0..=1) => "trend.sentence-hour-flat",
        (true, _) => "trend.sentence-hour",
        (false, 0..=1) => "trend.sentence-day-flat",
        (false, _) => "trend.sentence-day",
    };
    let mut sentence = tight(&lang.with(
        key,
        &[
            ("first", &name(first)),
            ("last", &name(last)),
            ("peak", &name(peak.from)),
            ("posts", &lang.count("count.posts", peak.posts)),
        ],
    ));
    if trend.older > 0 {
        sentence.push_str(&lang.count("trend.older", trend.older));
    }
    Some(Figure {
        unit: lang.t(if hourly { "trend.by-hour" } else { "trend.by-day" }),
        unit_head: lang.t(if hourly { "trend.hour" } else { "trend.day" }),
        bars: trend.bars(320, 88).into_iter().map(|bar| lowered(&bar)).collect(),
        first: name(first),
        last: name(last),
        sentence,
        rows: trend.bins.iter().filter(|b| b.posts > 0).map(|b| (name(b.from), grouped(b.posts))).collect(),
    })
}

/// Bars are computed in a box of their own; the picture leaves seven units above.
fn lowered(bar: &Bar) -> Bar {
    let y: f64 = bar.y.parse().unwrap_or(0.0);
    Bar { y: format!("{:.1}", y + 7.0), ..bar.clone() }
}
