//! 案例演练: cases with what was hidden in them, drills with their scores.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use caifeng_plugin_host::contract::Timestamp;

use super::replies::titled;
use super::reports::Paper;
use super::{Frame, Rendered, Room, Visit, category};
use crate::case::life::{CaseRefusal, Standing};
use crate::case::sheet::kind_key;
use crate::case::{CaseId, Place};
use crate::handling::casework::Hid;
use crate::incident::IncidentId;
use crate::lang::refusal;
use crate::privacy::Kind;
use crate::reporting::Format;
use crate::store::CaseRow;
use crate::store::model::{Figures, WatchRow};
use crate::user::right::Act;
use crate::web::lang::Lang;
use crate::web::mark::line;
use crate::web::when::Stamp;

/// What the list is made of.
pub(crate) struct CasesRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// The cases.
    pub(crate) all: Vec<CaseRow>,
    /// What was looked for.
    pub(crate) q: String,
    /// It is a drill, which has no cases.
    pub(crate) drill: bool,
}

struct CaseLine {
    id: CaseId,
    title: String,
    standing: String,
    category: String,
    hidden: String,
    tags: String,
    made: Stamp,
}

#[derive(Template)]
#[template(path = "cases.html")]
struct CasesPage {
    frame: Frame,
    all: Vec<CaseLine>,
    q: String,
    drill: bool,
}

const fn standing_key(standing: Standing) -> &'static str {
    match standing {
        Standing::Draft => "cases.draft",
        Standing::Checked => "cases.checked",
        Standing::Released => "cases.released",
    }
}

fn case_line(lang: Lang, row: &CaseRow, frame: &Frame) -> CaseLine {
    CaseLine {
        id: row.id,
        title: line(&row.case.title.shown(), 80),
        standing: lang.t(standing_key(row.life.standing)),
        category: category(lang, row.case.category),
        hidden: lang.count("cases.hidden", row.case.hidden()),
        tags: lang.list(&row.case.tags),
        made: frame.face.stamp(row.life.made),
    }
}

/// The list.
pub(crate) fn cases(visit: &Visit, rows: &CasesRows) -> Rendered {
    let frame = Frame::new(visit, Room::Cases, visit.lang.t("cases.title"), rows.figures, &rows.watches);
    let all = rows.all.iter().map(|row| case_line(visit.lang, row, &frame)).collect();
    CasesPage { frame, all, q: rows.q.clone(), drill: rows.drill }.render()
}

/// What the page of a case is made of.
pub(crate) struct CaseRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// The case.
    pub(crate) row: CaseRow,
    /// What was hidden in it.
    pub(crate) hidden: Vec<Hid>,
    /// Its sheet, as markup of ours.
    pub(crate) paper: String,
    /// Names of people, by identifier.
    pub(crate) people: HashMap<String, String>,
}

struct HidLine {
    place: String,
    kind: String,
    shown: String,
    was: String,
}

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    frame: Frame,
    one: CaseLine,
    version: u64,
    incident: IncidentId,
    maker: String,
    checker: Option<String>,
    hidden: Vec<HidLine>,
    kinds: Vec<(&'static str, String)>,
    paper: Paper,
    formats: Vec<(&'static str, String)>,
    released: bool,
    may_correct: bool,
    may_check: bool,
    may_release: bool,
    may_drill: bool,
    waits: Option<String>,
}

fn place(lang: Lang, place: Place) -> String {
    match place {
        Place::Title => lang.t("cases.in-title"),
        Place::Headline(..) => lang.t("cases.in-headline"),
        Place::Text(..) => lang.t("cases.in-post"),
        Place::Note(_) => lang.t("cases.in-note"),
        Place::Lesson(n) => lang.with("cases.in-lesson", &[("n", &(n + 1))]),
    }
}

/// The page.
pub(crate) fn case(visit: &Visit, rows: &CaseRows) -> Rendered {
    let (lang, row) = (visit.lang, &rows.row);
    let frame = Frame::new(visit, Room::Cases, line(&row.case.title.shown(), 60), rows.figures, &rows.watches);
    let name = |user: &String| rows.people.get(user).unwrap_or(user).clone();
    let own = visit.person.as_ref().is_some_and(|known| known.user == row.life.maker);
    let checks = visit.may(Act::CheckCase);
    let standing = row.life.standing;
    let hid = |one: &Hid| HidLine {
        place: place(lang, one.place),
        kind: lang.t(kind_key(one.kind)),
        shown: one.shown.clone(),
        was: one.was.as_ref().map_or_else(|| lang.t("replies.gone"), |was| line(was, 40)),
    };
    CasePage {
        one: case_line(lang, row, &frame),
        version: row.life.version,
        incident: row.case.incident,
        maker: name(&row.life.maker),
        checker: row.life.checker.as_ref().map(name),
        hidden: rows.hidden.iter().map(hid).collect(),
        kinds: Kind::ALL.into_iter().map(|kind| (kind.as_str(), lang.t(kind_key(kind)))).collect(),
        paper: Paper(rows.paper.clone()),
        formats: [Format::Docx, Format::Html, Format::Md].map(|it| (it.as_str(), it.as_str().to_uppercase())).to_vec(),
        released: standing == Standing::Released,
        may_correct: visit.may(Act::MakeCase) && standing != Standing::Released,
        may_check: checks && !own && standing == Standing::Draft,
        may_release: checks && !own && standing == Standing::Checked,
        may_drill: visit.may(Act::LeadDrill) && standing == Standing::Released && !visit.drill,
        waits: (own && standing != Standing::Released).then(|| refusal::told(lang, &CaseRefusal::Own.to_string())),
        frame,
    }
    .render()
}

/// A case that is to be made.
pub(crate) struct CaseAsked {
    /// Of which incident.
    pub(crate) incident: IncidentId,
    /// Its title.
    pub(crate) title: String,
}

#[derive(Template)]
#[template(path = "case-form.html")]
struct FormPage {
    frame: Frame,
    incident: IncidentId,
    title: String,
}

/// The form.
pub(crate) fn case_form(visit: &Visit, figures: Figures, watches: &[WatchRow], asked: &CaseAsked) -> Rendered {
    let title = titled(visit.lang, &asked.title, asked.incident);
    let frame = Frame::new(visit, Room::Cases, visit.lang.t("cases.make"), figures, watches);
    FormPage { frame, incident: asked.incident, title }.render()
}

/// A drill of the data directory.
pub(crate) struct DrillLine {
    /// Its folder.
    pub(crate) name: String,
    /// Of which case.
    pub(crate) case: CaseId,
    /// What its clock says.
    pub(crate) now: Timestamp,
    /// It is over.
    pub(crate) over: bool,
    /// Seconds of it for each second.
    pub(crate) speed: u32,
}

/// What the list of drills is made of.
pub(crate) struct DrillsRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// The drills.
    pub(crate) all: Vec<DrillLine>,
    /// Cases of which one can be set up.
    pub(crate) cases: Vec<CaseRow>,
}

#[derive(Template)]
#[template(path = "drills.html")]
struct DrillsPage {
    frame: Frame,
    all: Vec<(String, String, String)>,
    cases: Vec<(CaseId, String)>,
    may_drill: bool,
}

/// The list.
pub(crate) fn drills(visit: &Visit, rows: &DrillsRows) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Cases, lang.t("cases.drills"), rows.figures, &rows.watches);
    let told = |one: &DrillLine| {
        let (now, speed) = (frame.face.plain(one.now), one.speed);
        let key = if one.over { "cases.drill-over" } else { "cases.drill-at" };
        (
            one.name.clone(),
            lang.with("cases.drill-of", &[("case", &one.case)]),
            lang.with(key, &[("now", &now), ("speed", &speed)]),
        )
    };
    DrillsPage {
        all: rows.all.iter().map(told).collect(),
        cases: rows.cases.iter().map(|row| (row.id, line(&row.case.title.shown(), 60))).collect(),
        may_drill: visit.may(Act::LeadDrill),
        frame,
    }
    .render()
}

/// What the page of a drill is made of.
pub(crate) struct DrillRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// Its folder.
    pub(crate) name: String,
    /// Where it lies.
    pub(crate) path: String,
    /// Clocks that were kept, of how many.
    pub(crate) kept: (usize, usize),
    /// Decisions as they were then, of how many.
    pub(crate) right: (usize, usize),
    /// It is over.
    pub(crate) over: bool,
    /// Its score, as markup of ours.
    pub(crate) paper: String,
    /// The desk is the drill's own.
    pub(crate) own: bool,
}

/// A share as a bar in a box of 300 by 14, and in words.
struct Bar {
    name: String,
    width: String,
    sentence: String,
}

#[derive(Template)]
#[template(path = "drill.html")]
struct DrillPage {
    frame: Frame,
    name: String,
    path: String,
    bars: Vec<Bar>,
    over: bool,
    paper: Paper,
    own: bool,
    may_lead: bool,
}

#[expect(clippy::cast_precision_loss, reason = "a picture needs no more than 52 bits")]
fn bar(lang: Lang, key: &str, (n, all): (usize, usize)) -> Bar {
    let width = if all == 0 { 0.0 } else { n as f64 / all as f64 * 300.0 };
    Bar {
        name: lang.t(key),
        width: format!("{width:.1}"),
        sentence: lang.with("drill.of", &[("n", &n), ("all", &all)]),
    }
}

/// The page.
pub(crate) fn drill(visit: &Visit, rows: &DrillRows) -> Rendered {
    let lang = visit.lang;
    DrillPage {
        frame: Frame::new(visit, Room::Cases, lang.t("cases.drill"), rows.figures, &rows.watches),
        name: rows.name.clone(),
        path: rows.path.clone(),
        bars: vec![bar(lang, "drill.kept", rows.kept), bar(lang, "drill.right", rows.right)],
        over: rows.over,
        paper: Paper(rows.paper.clone()),
        own: rows.own,
        may_lead: rows.own && !rows.over && visit.may(Act::LeadDrill),
    }
    .render()
}
