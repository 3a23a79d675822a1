//! 态势: four lines of words, then incidents, posts and watches.

use std::collections::HashSet;
use std::sync::Arc;

use askama::Template;

use super::duties::{DeadlineView, Duties, DutyView, deadlines, duties};
use super::fare::FareView;
use super::growing::{GrowingView, first};
use super::incident::IncidentView;
use super::month::MonthView;
use super::post::PostView;
use super::told::{ToldRows, ToldView};
use super::watch::{SweptWatch, WatchView, no_watches, told};
use super::{Frame, Rendered, Room, Visit, named, tight};
use crate::coverage::statement::Statement;
use crate::coverage::words::keys;
use crate::coverage::{Notice, Told};
use crate::plan::Plan;
use crate::store::model::{Figures, IncidentRow, LabelBy, PostRow};
use crate::store::{Deadline, Risen};
use crate::warning::words;
use crate::web::coverage::Coverage;
use crate::web::lang::Lang;
use crate::web::mark::line;
use crate::web::month::Month;
use crate::web::when::Stamp;

/// Watches beside the incidents; the rest is on their own page.
const WATCHES: usize = 12;

const DAY: i64 = 24 * 3600;

/// What the page is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct HomeRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// Incidents, newest post first, each with what shows best why its category is suggested.
    pub(crate) incidents: Vec<(IncidentRow, Option<LabelBy>)>,
    /// The latest posts.
    pub(crate) posts: Vec<PostRow>,
    /// All watches.
    pub(crate) watches: Vec<SweptWatch>,
    /// Mentions of the last thirty days.
    pub(crate) month: Option<Arc<Month>>,
    /// The newest notices, newest first.
    pub(crate) notices: Vec<Notice>,
    /// What is not quiet, what grows first.
    pub(crate) risen: Vec<Risen>,
    /// The newest notices to people.
    pub(crate) told: ToldRows,
    /// What somebody must do before all else.
    pub(crate) duties: Duties,
    /// What runs out next, each with the plan that governs its incident.
    pub(crate) deadlines: Vec<(Deadline, Arc<Plan>)>,
    /// What was covered in the last day.
    pub(crate) day: Option<Statement>,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    today: Stamp,
    situation: Situation,
    duties: Vec<DutyView>,
    notices: Vec<NoticeView>,
    growing: Vec<GrowingView>,
    incidents: Vec<IncidentView>,
    month: Option<MonthView>,
    fare: Option<FareView>,
    incidents_note: String,
    more_incidents: Option<String>,
    empty: Vec<String>,
    posts: Vec<PostView>,
    posts_note: String,
    watches: Vec<WatchView>,
    no_watches: Vec<String>,
    more_watches: Option<String>,
    told: Option<ToldView>,
}

/// The four lines.
struct Situation {
    headline: String,
    next: Option<DeadlineView>,
    newest: Option<Pointer>,
    growing: Option<Pointer>,
    unheard: String,
    last: Option<Stamp>,
}

/// A line that leads to an incident.
struct Pointer {
    id: i64,
    title: String,
    at: Stamp,
    size: String,
}

/// The page.
pub(crate) fn home(visit: &Visit, rows: &HomeRows) -> Rendered {
    let lang = visit.lang;
    let frame = frame(visit, rows);
    let told = told(&rows.watches, &frame.face, lang);
    let shown = told.len().min(WATCHES);
    let more_watches =
        (told.len() > WATCHES).then(|| lang.count("watches.all", u64::try_from(told.len()).unwrap_or(u64::MAX)));
    HomePage {
        today: frame.face.today(),
        situation: situation(rows, &frame),
        duties: duties(&rows.duties, &frame.face, lang),
        notices: notices(&rows.notices, &frame, lang),
        growing: rows.risen.iter().filter_map(|risen| GrowingView::new(risen, &frame.face, lang)).collect(),
        incidents: rows
            .incidents
            .iter()
            .map(|(row, told)| IncidentView::new(row, told.as_ref(), &frame.face, lang))
            .collect(),
        month: rows.month.as_ref().and_then(|m| MonthView::new(m, &frame.face, lang)),
        fare: fare(rows, &frame),
        incidents_note: incidents_note(lang, &rows.figures),
        more_incidents: more_incidents(lang, rows),
        empty: nothing_yet(&frame),
        posts: rows.posts.iter().map(|p| PostView::new(p, &frame.face, lang, None)).collect(),
        posts_note: lang.with(
            "posts.note",
            &[
                ("posts", &lang.count("count.posts", rows.figures.posts)),
                ("mentions", &lang.count("count.mentions", rows.figures.mentions)),
            ],
        ),
        watches: told.into_iter().take(shown).collect(),
        no_watches: no_watches(lang),
        more_watches,
        told: ToldView::new(&rows.told, &visit.plan, &visit.zone, &frame.face, lang),
        frame,
    }
    .render()
}

fn frame(visit: &Visit, rows: &HomeRows) -> Frame {
    let heard = Coverage::of(rows.watches.iter().map(|swept| &swept.row), visit.now);
    Frame::covering(visit, Some(Room::Situation), visit.lang.t("rooms.situation"), rows.figures, heard)
}

#[derive(Template)]
#[template(path = "wall.html")]
struct WallPage {
    frame: Frame,
    today: Stamp,
    situation: Situation,
    duties: Vec<DutyView>,
    deadlines: Vec<DeadlineView>,
    growing: Vec<GrowingView>,
    month: Option<MonthView>,
    fare: Option<FareView>,
}

/// The same for a screen on the wall: read from across the room, and touched by nobody.
pub(crate) fn wall(visit: &Visit, rows: &HomeRows) -> Rendered {
    let lang = visit.lang;
    let frame = frame(visit, rows);
    WallPage {
        today: frame.face.today(),
        situation: situation(rows, &frame),
        duties: duties(&rows.duties, &frame.face, lang),
        deadlines: deadlines(&rows.deadlines, &frame.face, lang),
        growing: rows.risen.iter().filter_map(|risen| GrowingView::new(risen, &frame.face, lang)).collect(),
        month: rows.month.as_ref().and_then(|month| MonthView::new(month, &frame.face, lang)),
        fare: fare(rows, &frame),
        frame,
    }
    .render()
}

/// A notice, told.
struct NoticeView {
    sentence: String,
    at: Stamp,
    silent: bool,
}

/// The newest notice of each watch of the last two days, at most four.
fn notices(all: &[Notice], frame: &Frame, lang: Lang) -> Vec<NoticeView> {
    let mut told = HashSet::new();
    let newest = all.iter().filter(|notice| told.insert(&notice.watch));
    let recent = newest.filter(|notice| notice.at > frame.face.now() - 2 * DAY).take(4);
    let view = |notice: &Notice| {
        let key = match notice.told {
            Told::Silent => "notice.silent",
            Told::Still => "notice.still",
            Told::Recovered => "notice.recovered",
        };
        let (cause, since) = (lang.t(keys(notice.cause).0), frame.face.stamp(notice.since).words);
        NoticeView {
            sentence: tight(&lang.with(key, &[("watch", &notice.watch), ("since", &since), ("cause", &cause)])),
            at: frame.face.stamp(notice.at),
            silent: notice.told != Told::Recovered,
        }
    };
    recent.map(view).collect()
}

fn fare(rows: &HomeRows, frame: &Frame) -> Option<FareView> {
    rows.day.as_ref().and_then(|day| FareView::new(&rows.watches, day, &frame.face, frame.lang))
}

fn situation(rows: &HomeRows, frame: &Frame) -> Situation {
    let lang = frame.lang;
    let pointer = |row: &IncidentRow, size: String| Pointer {
        id: row.id,
        title: line(&row.title, 60),
        at: frame.face.stamp(row.opened),
        size,
    };
    // The incident opened last, which need not be the one spoken of last.
    let newest = rows.incidents.iter().max_by_key(|(row, _)| (row.opened, row.id));
    let growing = first(&rows.risen).map(|(id, risen)| Pointer {
        id,
        title: if risen.subject.name.is_empty() { format!("#{id}") } else { line(&risen.subject.name, 60) },
        at: frame.face.stamp(risen.since),
        size: words::stage(lang, risen.stage),
    });
    let unheard = match frame.all.silent.as_slice() {
        [] if frame.all.heard > 0 => lang.count("situation.all-heard", frame.all.heard),
        [] if frame.all.waiting > 0 => lang.count("coverage.waiting", frame.all.waiting),
        [] => lang.t("watches.none"),
        silent => named(lang, silent),
    };
    Situation {
        headline: headline(lang, &rows.figures),
        next: deadlines(&rows.deadlines, &frame.face, lang).into_iter().next(),
        newest: newest.map(|(row, _)| pointer(row, size(lang, row))),
        growing,
        unheard,
        last: frame.all.last.map(|at| frame.face.stamp(at)),
    }
}

fn headline(lang: Lang, figures: &Figures) -> String {
    match (figures.open, figures.new) {
        (0, _) => lang.t("situation.no-open"),
        (open, 0) => lang.count("situation.open", open),
        (open, new) if open == new => lang.count("situation.open-all-new", open),
        (open, new) => lang.with(
            "situation.open-new",
            &[("open", &lang.count("situation.open-part", open)), ("new", &lang.count("situation.new-part", new))],
        ),
    }
}

/// Posts and sites of an incident.
pub(super) fn size(lang: Lang, row: &IncidentRow) -> String {
    lang.with(
        "incident.size",
        &[("posts", &lang.count("count.posts", row.posts)), ("sites", &lang.count("count.sites", row.sites))],
    )
}

fn incidents_note(lang: Lang, figures: &Figures) -> String {
    if figures.open == 0 { String::new() } else { lang.count("incidents.open", figures.open) }
}

/// The way to those that are not on this page.
fn more_incidents(lang: Lang, rows: &HomeRows) -> Option<String> {
    let shown = u64::try_from(rows.incidents.len()).unwrap_or(u64::MAX);
    (rows.figures.open > shown).then(|| lang.count("incidents.all", rows.figures.open))
}

/// An empty list says what was listened to, and until when, and what to do.
pub(super) fn nothing_yet(frame: &Frame) -> Vec<String> {
    let lang = frame.lang;
    let mut lines = vec![lang.t("incidents.none")];
    if let Some(at) = frame.all.last {
        lines.push(lang.with(
            "incidents.none-heard",
            &[
                ("posts", &lang.count("count.posts", frame.figures.posts)),
                ("watches", &lang.count("count.watches", frame.all.heard)),
                ("time", &frame.face.stamp(at).words),
            ],
        ));
        lines.push(lang.t("incidents.none-topics"));
    } else {
        lines.push(lang.t("incidents.none-step"));
    }
    lines
}
