//! 报告: the regular ones, and a form for any other; a report on a page is the very model that its file is made of.

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use caifeng_plugin_host::contract::Timestamp;
use jiff::civil::Date;

use super::{Frame, Rendered, Room, Visit};
use crate::report::{About, Kind};
use crate::reporting::Format;
use crate::store::model::{Figures, WatchRow};
use crate::web::lang::grouped;
use crate::web::when::Stamp;

/// A regular report.
pub(crate) struct ShelvedReport {
    /// Which.
    pub(crate) kind: Kind,
    /// The first day that it is about.
    pub(crate) day: Date,
    /// How it is written down.
    pub(crate) format: Format,
    /// Its size.
    pub(crate) bytes: u64,
    /// When it was written.
    pub(crate) at: Timestamp,
}

/// What the list is made of.
pub(crate) struct ReportsRows {
    /// The figures.
    pub(crate) figures: Figures,
    /// All watches, for the coverage line.
    pub(crate) watches: Arc<[WatchRow]>,
    /// The regular ones, the newest first.
    pub(crate) shelved: Vec<ShelvedReport>,
    /// It is a drill, which has no reports.
    pub(crate) drill: bool,
}

/// A report that somebody asks for, as they wrote it.
#[derive(Clone, Debug)]
pub(crate) struct ReportAsked {
    /// Which.
    pub(crate) kind: Kind,
    /// About which incident.
    pub(crate) incident: String,
    /// From when on.
    pub(crate) from: String,
    /// Until when.
    pub(crate) to: String,
    /// The number of the issue.
    pub(crate) number: String,
}

impl ReportAsked {
    fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("kind", self.kind.as_str());
        let fields = [("incident", &self.incident), ("from", &self.from), ("to", &self.to), ("number", &self.number)];
        for (name, value) in fields {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }
}

struct ShelfLine {
    name: String,
    day: String,
    at: Stamp,
    files: Vec<(String, String, String)>,
}

struct KindChoice {
    value: &'static str,
    name: String,
}

#[derive(Template)]
#[template(path = "reports.html")]
struct ReportsPage {
    frame: Frame,
    shelf: Vec<ShelfLine>,
    spans: Vec<KindChoice>,
    incidents: Vec<KindChoice>,
    drill: bool,
}

fn choices(visit: &Visit, about: About) -> Vec<KindChoice> {
    let of = Kind::ALL.into_iter().filter(|kind| kind.about() == about);
    of.map(|kind| KindChoice { value: kind.as_str(), name: kind.name(visit.lang) }).collect()
}

/// The list.
pub(crate) fn reports(visit: &Visit, rows: &ReportsRows) -> Rendered {
    let lang = visit.lang;
    let frame = Frame::new(visit, Room::Reports, lang.t("rooms.reports"), rows.figures, &rows.watches);
    let mut shelf: Vec<ShelfLine> = Vec::new();
    for one in &rows.shelved {
        let (name, day) = (one.kind.name(lang), one.day.to_string());
        let file = format!("{}-{day}.{}", one.kind.as_str(), one.format.as_str());
        let size = lang.with("reports.size", &[("kb", &grouped(one.bytes.div_ceil(1024)))]);
        let file = (file, one.format.as_str().to_uppercase(), size);
        match shelf.iter_mut().find(|line| line.name == name && line.day == day) {
            Some(line) => line.files.push(file),
            None => shelf.push(ShelfLine { name, day, at: frame.face.stamp(one.at), files: vec![file] }),
        }
    }
    let (spans, incidents) = (choices(visit, About::Span), choices(visit, About::Incident));
    ReportsPage { frame, shelf, spans, incidents, drill: rows.drill }.render()
}

/// A report as markup of ours: [`html::fragment`](crate::document::html::fragment) escapes what it holds.
#[derive(Template)]
#[template(source = "{{ self.0|safe }}", ext = "html")]
pub(super) struct Paper(pub(super) String);

impl HtmlSafe for Paper {}

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage {
    frame: Frame,
    paper: Paper,
    query: String,
    formats: Vec<(&'static str, String)>,
}

/// A report.
pub(crate) fn report(
    visit: &Visit,
    figures: Figures,
    watches: &[WatchRow],
    asked: &ReportAsked,
    (title, paper): (String, String),
) -> Rendered {
    let formats = Format::ALL.into_iter().map(|format| (format.as_str(), format.as_str().to_uppercase()));
    ReportPage {
        frame: Frame::new(visit, Room::Reports, title, figures, watches),
        paper: Paper(paper),
        query: asked.query(),
        formats: formats.collect(),
    }
    .render()
}
