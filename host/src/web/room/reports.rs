//! `/reports`: those that the daemon wrote as the plan wants them, and any other on demand; read on a page, taken away as a file.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use crate::control::Refusal;
use crate::document::{Document, html};
use crate::report::{About, Kind};
use crate::reporting::{self, Format, ReportError, Setting, Subject, shelf};
use crate::store::Reader;
use crate::web::desk::{Asked, Attached, Desk, Refused, attach, refuse};
use crate::web::page::{self, ReportAsked, ReportsRows, ShelvedReport, Trouble};

/// Regular reports on the page.
const SHELF: usize = 60;

/// Which report.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Wanted {
    pub(in crate::web) kind: Kind,
    #[serde(default)]
    pub(in crate::web) incident: String,
    #[serde(default)]
    pub(in crate::web) from: String,
    #[serde(default)]
    pub(in crate::web) to: String,
    #[serde(default)]
    pub(in crate::web) number: String,
    #[serde(default)]
    pub(in crate::web) format: Option<Format>,
}

impl Wanted {
    fn asked(&self) -> ReportAsked {
        let Self { kind, incident, from, to, number, .. } = self;
        ReportAsked {
            kind: *kind,
            incident: incident.trim().to_owned(),
            from: from.trim().to_owned(),
            to: to.trim().to_owned(),
            number: number.trim().to_owned(),
        }
    }
}

fn refused(words: impl std::fmt::Display) -> Refused {
    Refused::Refusal(Refusal::Usage(words.to_string()))
}

impl From<ReportError> for Refused {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::NoIncident(_) | ReportError::Misfit(_) => Self::Refusal(Refusal::Usage(error.to_string())),
            ReportError::Store(error) => error.into(),
            ReportError::Unwritable(_) => Self::Refusal(Refusal::Internal(error.to_string())),
        }
    }
}

/// `GET /reports`.
pub(in crate::web) async fn list(State(desk): State<Arc<Desk>>, asked: Asked) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let written = shelf::list(&ours.app.owner.clerk.directory.reports());
        let written = written.map_err(|error| Refused::Refusal(Refusal::Internal(error.to_string())))?;
        let shelved = written.into_iter().take(SHELF).filter_map(|one| {
            let format = Format::from_name(one.path.extension()?.to_str()?)?;
            Some(ShelvedReport { kind: one.kind, day: one.day, format, bytes: one.bytes, at: one.at })
        });
        let told = ReportsRows {
            figures: rows.figures()?,
            watches: rows.watches()?,
            shelved: shelved.collect(),
            drill: ours.app.drill,
        };
        Ok(page::reports(visit, &told)?)
    })
    .await
}

/// `GET /reports/shelf/{name}`: a regular report as a file.
pub(in crate::web) async fn shelved(State(desk): State<Arc<Desk>>, Path(name): Path<String>, asked: Asked) -> Response {
    attach(asked.lang, move || taken_down(&desk, name)).await
}

/// A file of the shelf. Only what the shelf knows by itself is handed out: no name leads anywhere else.
pub(in crate::web) fn taken_down(desk: &Desk, name: String) -> Result<Attached, Refused> {
    let found = shelf::list(&desk.app.owner.clerk.directory.reports()).unwrap_or_default().into_iter();
    let mut found = found.filter(|one| one.path.file_name().is_some_and(|it| it == name.as_str()));
    let missing = || Refused::Trouble(Trouble::Missing);
    let bytes = std::fs::read(found.next().ok_or_else(missing)?.path).map_err(|_| missing())?;
    let format = name.rsplit_once('.').and_then(|(_, ending)| Format::from_name(ending)).ok_or_else(missing)?;
    Ok(Attached { kind: format.media_type(), name, bytes })
}

/// `GET /reports/view?kind=…`.
pub(in crate::web) async fn view(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    wanted: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let Ok(Query(wanted)) = wanted else { return refuse(asked.lang, Refused::Trouble(Trouble::Address)) };
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let document = document(&ours, &ours.reader(visit.user()), &wanted, visit.lang)?;
        let title = document.title.as_str().to_owned();
        let paper = html::fragment(&document);
        Ok(page::report(visit, rows.figures()?, &rows.watches()?, &wanted.asked(), (title, paper))?)
    })
    .await
}

/// `GET /reports/file?kind=…&format=…`.
pub(in crate::web) async fn download(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    wanted: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let Ok(Query(wanted)) = wanted else { return refuse(asked.lang, Refused::Trouble(Trouble::Address)) };
    attach(asked.lang, move || file(&desk, &desk.reader(asked.visitor.user()), &wanted, asked.lang)).await
}

/// A report as a file.
pub(in crate::web) fn file(
    desk: &Desk,
    reader: &Reader,
    wanted: &Wanted,
    lang: crate::lang::Lang,
) -> Result<Attached, Refused> {
    let format = wanted.format.unwrap_or(Format::Docx);
    let document = document(desk, reader, wanted, lang)?;
    let day = desk.app.owner.clerk.organisation.get().day((desk.app.clock)());
    let name = format!("{}-{day}.{}", wanted.kind.as_str(), format.as_str());
    let bytes = reporting::render(&document, format).map_err(ReportError::from)?;
    Ok(Attached { kind: format.media_type(), name, bytes })
}

fn document(desk: &Desk, reader: &Reader, wanted: &Wanted, lang: crate::lang::Lang) -> Result<Document, Refused> {
    let clerk = &desk.app.owner.clerk;
    clerk
        .directory
        .not_in_a_drill("its paper is its score: caifeng drill score")
        .map_err(|it| Refused::Refusal(it.into()))?;
    let asked = wanted.asked();
    let number = match asked.number.as_str() {
        "" => None,
        number => Some(number.parse().map_err(|_| Refused::Trouble(Trouble::Address))?),
    };
    let setting = Setting {
        organisation: desk.app.organisation.get().name.clone(),
        zone: desk.app.organisation.get().zone(),
        plan: (*desk.app.owner.setup.plan.get()).clone(),
        lang,
        now: (desk.app.clock)(),
        number,
    };
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let subject = match asked.kind.about() {
        About::Incident => {
            let incident = asked.incident.parse().map_err(|_| refused("name an incident by its number, such as 7"))?;
            Subject::Incident(incident)
        }
        About::Span => {
            let (from, to) = (said(&asked.from), said(&asked.to));
            let span = reporting::span(asked.kind, from.as_deref(), to.as_deref(), &setting);
            Subject::Span(span.map_err(refused)?)
        }
    };
    Ok(reporting::prepare(reader, asked.kind, subject, &setting)?)
}
