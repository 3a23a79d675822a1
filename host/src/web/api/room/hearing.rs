//! `/sweeps`, `/coverage`, `/warnings`, `/repairs`: what was heard and what was not, and what grows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coverage::statement::Statement;
use crate::incident::IncidentId;
use crate::store::{RecordQuery, WarningQuery};
use crate::warning::Alert;
use crate::watch::Sweep;
use crate::web::api::endpoint::{Call, Endpoint, get};
use crate::web::api::listed::{Limit, Nothing, Part};
use crate::web::api::problem::Problem;
use crate::web::page::Repair;
use crate::web::room::sources;
use crate::web::routes::{DESK, WORK};

pub(super) fn table() -> Vec<Endpoint> {
    vec![
        get("/sweeps", DESK, ("listSweeps", "The monitoring record, newest first"), sweeps),
        get("/coverage", DESK, ("coverage", "What was heard and what was not"), coverage),
        get("/warnings", WORK, ("listWarnings", "What grows, newest first"), warnings),
        get("/repairs", DESK, ("listRepairs", "What is wrong, why, and what to do next"), repairs),
    ]
}

/// Which sweeps.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Swept {
    /// Of this watch.
    watch: Option<String>,
    /// That began at or after this second since 1970.
    since: Option<i64>,
    /// That began before it.
    until: Option<i64>,
    /// Only those that failed, or never ended.
    #[serde(default)]
    failed: bool,
    /// At most so many.
    #[serde(default)]
    limit: Limit,
    /// Where the part before ended.
    cursor: Option<i64>,
}

fn sweeps(call: &Call, wanted: Swept) -> Result<Part<Sweep>, Problem> {
    let query = RecordQuery {
        watch: wanted.watch,
        since: wanted.since,
        until: wanted.until,
        failed: wanted.failed,
        before: wanted.cursor,
        limit: Some(wanted.limit.items() + 1),
    };
    let entries = call.reader().record(&query)?.into_iter().map(|entry| entry.sweep).collect();
    Ok(Part::of(entries, wanted.limit, |sweep: &Sweep| sweep.id.to_string()))
}

/// Of how many days.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Days {
    /// Up to now; a week where it is left out.
    #[serde(default = "week")]
    #[schemars(range(min = 1, max = 92))]
    days: u8,
}

fn week() -> u8 {
    7
}

fn coverage(call: &Call, Days { days }: Days) -> Result<Statement, Problem> {
    if !(1..=92).contains(&days) {
        return Err(Problem::Malformed("days: between 1 and 92".to_owned()));
    }
    Ok(call.reader().coverage(call.now - i64::from(days) * 86_400, call.now)?)
}

/// Which warnings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Warnings {
    /// Given at or after this second since 1970.
    since: Option<i64>,
    /// At most so many.
    #[serde(default)]
    limit: Limit,
    /// Where the part before ended.
    cursor: Option<i64>,
}

/// A warning.
#[derive(Debug, Serialize, JsonSchema)]
struct WarningShown {
    /// Its number: rises with time.
    id: i64,
    /// When.
    at: i64,
    /// Of which incident.
    incident: Option<IncidentId>,
    /// What was told.
    alert: Alert,
}

fn warnings(call: &Call, wanted: Warnings) -> Result<Part<WarningShown>, Problem> {
    let limit = wanted.limit.items() + 1;
    let query = WarningQuery { since: wanted.since, before: wanted.cursor, limit, ..WarningQuery::default() };
    let told = call.reader().warnings(&query)?.into_iter().map(|one| WarningShown {
        id: one.id,
        at: one.at,
        incident: (one.subject.kind == crate::warning::known::Kind::Incident).then_some(one.subject.id),
        alert: one.alert,
    });
    Ok(Part::of(told.collect(), wanted.limit, |one: &WarningShown| one.id.to_string()))
}

/// Something that is to be mended.
#[derive(Debug, Serialize, JsonSchema)]
struct ToMend {
    /// What it is about.
    what: String,
    /// Since when.
    since: Option<i64>,
    /// Why.
    why: String,
    /// One line about that, as it was noticed.
    detail: Option<String>,
    /// What to do next, and who does it.
    step: String,
    /// Sweeping this watch again may be enough.
    sweep: Option<String>,
}

impl From<Repair> for ToMend {
    fn from(Repair { what, since, why, detail, step, sweep, .. }: Repair) -> Self {
        Self { what, since, why, detail, step, sweep }
    }
}

fn repairs(call: &Call, _: Nothing) -> Result<Part<ToMend>, Problem> {
    let zone = call.desk.app.organisation.get().zone();
    let found = sources::found(&call.desk, call.rows().as_ref(), (call.lang, &zone), call.now)?;
    Ok(Part::whole(found.into_iter().map(ToMend::from).collect()))
}
