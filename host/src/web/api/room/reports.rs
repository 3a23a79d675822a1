//! `/reports`: those that the daemon wrote as the plan wants them, and any other on demand.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::Kind;
use crate::reporting::{Format, shelf};
use crate::web::api::endpoint::{Call, Endpoint, get};
use crate::web::api::file::File;
use crate::web::api::listed::{Named, Paged, Part};
use crate::web::api::problem::Problem;
use crate::web::room::reports::{Wanted, file, taken_down};
use crate::web::routes::WORK;

pub(super) fn table() -> Vec<Endpoint> {
    vec![
        get(
            "/reports",
            WORK,
            ("listReports", "Regular reports on the shelf, by the day with which they begin"),
            reports,
        ),
        get("/reports/file", WORK, ("report", "Any report or form, made now, as a file"), made)
            .like(&[("query", "kind=daily&format=md")]),
        get("/reports/shelf/{id}", WORK, ("shelvedReport", "A regular report as it was written"), shelved),
    ]
}

/// A report on the shelf.
#[derive(Debug, Serialize, JsonSchema)]
struct Shelved {
    /// Its name.
    id: String,
    /// Which.
    kind: Kind,
    /// The first day that it is about, as 2026-12-31.
    day: String,
    /// Its size, in bytes.
    bytes: u64,
    /// When it was written.
    at: i64,
}

fn reports(call: &Call, Paged { limit, cursor }: Paged) -> Result<Part<Shelved>, Problem> {
    let written = shelf::list(&call.clerk().directory.reports());
    let written = written.map_err(|error| crate::control::Refusal::Internal(error.to_string()))?;
    let told = written.into_iter().filter_map(|one| {
        let id = one.path.file_name()?.to_str()?.to_owned();
        Some(Shelved { id, kind: one.kind, day: one.day.to_string(), bytes: one.bytes, at: one.at })
    });
    Part::sorted(told.collect(), limit, cursor.as_deref(), |one: &Shelved| format!("{}.{}", one.day, one.id))
}

/// Which report.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Which.
    kind: Kind,
    /// The incident that it is about.
    incident: Option<i64>,
    /// The day or moment with which its time begins; the last whole day, week or month where it is left out.
    from: Option<String>,
    /// The day or moment with which it ends; now where it is left out.
    to: Option<String>,
    /// The number of the issue.
    number: Option<u32>,
    /// How it is written down; DOCX where it is left out.
    format: Option<Format>,
}

fn made(call: &Call, Asked { kind, incident, from, to, number, format }: Asked) -> Result<File, Problem> {
    let incident = incident.map(|id| id.to_string()).unwrap_or_default();
    let number = number.map(|number| number.to_string()).unwrap_or_default();
    let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
    Ok(file(&call.desk, &call.reader(), &Wanted { kind, incident, from, to, number, format }, call.lang)?.into())
}

fn shelved(call: &Call, Named { id }: Named) -> Result<File, Problem> {
    Ok(taken_down(&call.desk, id)?.into())
}
