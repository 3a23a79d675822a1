//! Reports made of what is stored: reads the facts, has them told, writes them down. The command line and the daemon
//! both come here.

pub mod shelf;

use std::collections::BTreeMap;

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::coverage::statement::Span;
use crate::document::picture::Fonts;
use crate::document::{Document, Unwritable, docx, html, markdown, sheet};
use crate::incident::IncidentId;
use crate::lang::Lang;
use crate::plan::Plan;
use crate::report::facts::Frame;
use crate::report::{self, Facts, Kind, Misfit};
use crate::store::{Reader, StoreError};

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A span of time.
    Span(Span),
    /// An incident.
    Incident(IncidentId),
}

/// A span of time that is none: whoever asked must name another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSpan {
    /// Neither a day nor a moment.
    #[error("{0}")]
    Unreadable(String),
    /// Nothing has happened then.
    #[error("--from lies in the future: name a time that is over")]
    Future,
    /// It ends before it begins.
    #[error("--from does not lie before --to: exchange them")]
    Backwards,
    /// The clock says what no calendar knows.
    #[error("the clock of this machine is wrong")]
    Clock,
}

/// The span that a report of `kind` is about: from a day or moment on, until the end of a day, or a moment, or now;
/// without a beginning the last whole day, week or month.
///
/// # Errors
/// See [`BadSpan`].
pub fn span(kind: Kind, from: Option<&str>, to: Option<&str>, setting: &Setting) -> Result<Span, BadSpan> {
    let Some(from) = from else {
        return report::schedule::last_whole(kind, setting.now, &setting.zone).ok_or(BadSpan::Clock);
    };
    let since = moment(from, false, &setting.zone)?;
    let until = to.map_or(Ok(setting.now), |to| moment(to, true, &setting.zone))?;
    if since >= setting.now {
        return Err(BadSpan::Future);
    }
    if since >= until { Err(BadSpan::Backwards) } else { Ok(Span { since, until }) }
}

/// A day of the zone, its beginning or its end, or a moment.
fn moment(text: &str, end: bool, zone: &TimeZone) -> Result<Timestamp, BadSpan> {
    let Ok(day) = text.parse::<jiff::civil::Date>() else {
        return crate::clock::parse_time(text).map_err(BadSpan::Unreadable);
    };
    let day = if end { day.tomorrow() } else { Ok(day) };
    let begins = day.and_then(|day| day.to_zoned(zone.clone()));
    begins.map(|at| at.timestamp().as_second()).map_err(|error| BadSpan::Unreadable(error.to_string()))
}

/// How a report is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// For a word processor, in the layout of official papers.
    Docx,
    /// One page for a browser.
    Html,
    /// Text with marks.
    Md,
    /// The figures as a workbook.
    Xlsx,
    /// The figures, one a line.
    Csv,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Docx, Self::Html, Self::Md, Self::Xlsx, Self::Csv];

    /// The ending of its files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Docx => "docx",
            Self::Html => "html",
            Self::Md => "md",
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
        }
    }

    /// What browsers are told that it is.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Html => "text/html; charset=utf-8",
            Self::Md => "text/markdown; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    /// The format of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// It is no text: nobody wants it in a terminal.
    #[must_use]
    pub const fn is_binary(self) -> bool {
        matches!(self, Self::Docx | Self::Xlsx)
    }
}

/// Who reports, when, in which language.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The organisation's name.
    pub organisation: String,
    /// Its zone.
    pub zone: TimeZone,
    /// The plan in force.
    pub plan: Plan,
    /// The language.
    pub lang: Lang,
    /// When the report is made.
    pub now: Timestamp,
    /// The number of the issue, where somebody gave one.
    pub number: Option<u32>,
}

/// Why there is no report, by who must act.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whoever asked must name another incident.
    #[error("no such incident: {0} (caifeng incident list lists them)")]
    NoIncident(IncidentId),
    /// Whoever asked must name what the report is about.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// It cannot be written down.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
}

/// Reads what a report rests on and has it told.
///
/// # Errors
/// See [`ReportError`].
pub fn prepare(reader: &Reader, kind: Kind, subject: Subject, setting: &Setting) -> Result<Document, ReportError> {
    let facts = facts(reader, kind, subject, setting)?;
    let people = people(reader)?;
    let frame = Frame {
        lang: setting.lang,
        zone: &setting.zone,
        now: setting.now,
        organisation: &setting.organisation,
        plan: &setting.plan,
        people: &people,
        number: setting.number,
    };
    Ok(report::write(kind, &facts, &frame)?)
}

fn facts(reader: &Reader, kind: Kind, subject: Subject, setting: &Setting) -> Result<Facts, ReportError> {
    Ok(match (kind, subject) {
        (Kind::Record, Subject::Span(span)) => Facts::Sweeps(Box::new(reader.swept(span)?)),
        (Kind::Daily | Kind::Weekly | Kind::Monthly, Subject::Span(span)) => {
            Facts::Period(Box::new(reader.period(span, &setting.zone)?))
        }
        (_, Subject::Incident(id)) => {
            let dossier = reader.dossier(id, &setting.plan, setting.now)?;
            Facts::Dossier(Box::new(dossier.ok_or(ReportError::NoIncident(id))?))
        }
        (kind, Subject::Span(_)) => return Err(Misfit(kind).into()),
    })
}

/// Names of colleagues by identifier.
fn people(reader: &Reader) -> Result<BTreeMap<String, String>, StoreError> {
    let users = reader.users()?.into_iter();
    Ok(users.filter_map(|user| Some((user.id, user.name?))).collect())
}

/// Writes a document down.
///
/// # Errors
/// See [`Unwritable`].
pub fn render(document: &Document, format: Format) -> Result<Vec<u8>, Unwritable> {
    match format {
        Format::Docx => docx::write(document, &Fonts::of_this_machine()),
        Format::Html => Ok(html::write(document).into_bytes()),
        Format::Md => Ok(markdown::write(document).into_bytes()),
        Format::Xlsx => sheet::xlsx(document),
        Format::Csv => Ok(sheet::csv(document).into_bytes()),
    }
}
