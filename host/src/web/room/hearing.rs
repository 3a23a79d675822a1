//! `/coverage` and `/sweeps`: what was heard, and the record of having looked; also as files.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;

use crate::record;
use crate::store::RecordQuery;
use crate::web::desk::{Asked, Desk, Refused};
use crate::web::page::{self, CoverageRows, SweepsAsked, SweepsRows, Trouble};
use crate::web::troubled;

/// Sweeps on a page.
const PAGE: usize = 50;
/// Sweeps in a file that the page offers: `caifeng record` writes all.
const FILE: usize = 50_000;
const DAY: i64 = 86_400;

/// `GET /coverage?days=7|30`.
pub(in crate::web) async fn coverage(
    State(desk): State<Arc<Desk>>,
    RawQuery(query): RawQuery,
    asked: Asked,
) -> Response {
    desk.show(asked, move |rows, visit| {
        let days = match query.as_deref().unwrap_or_default() {
            "" | "days=7" => 7,
            "days=30" => 30,
            _ => return Err(Refused::Trouble(Trouble::Address)),
        };
        let statement = rows.coverage(visit.now - days * DAY, visit.now)?;
        let (figures, watches) = (rows.figures()?, rows.watches()?);
        Ok(page::coverage(visit, &CoverageRows { figures, watches, days, statement })?)
    })
    .await
}

/// `GET /sweeps?watch=…&from=…&to=…&failed=1&before=…`.
pub(in crate::web) async fn sweeps(State(desk): State<Arc<Desk>>, RawQuery(query): RawQuery, asked: Asked) -> Response {
    desk.show(asked, move |rows, visit| {
        let wanted = wanted(query.as_deref())?;
        let mut entries = rows.record(&wanted.query(&visit.zone, PAGE + 1))?;
        let more = entries.len() > PAGE;
        entries.truncate(PAGE);
        let (figures, watches) = (rows.figures()?, rows.watches()?);
        Ok(page::sweeps(visit, &SweepsRows { figures, watches, asked: wanted, entries, more })?)
    })
    .await
}

fn wanted(query: Option<&str>) -> Result<SweepsAsked, Refused> {
    SweepsAsked::of(query.unwrap_or_default()).ok_or(Refused::Trouble(Trouble::Address))
}

/// `GET /sweeps.csv`, with the parameters of the page.
pub(in crate::web) async fn csv(desk: State<Arc<Desk>>, query: RawQuery, asked: Asked) -> Response {
    let lang = asked.lang;
    let written = move |entries: &[record::Entry], zone: &TimeZone| {
        let lines = entries.iter().map(|entry| record::csv_line(entry, zone));
        Some(std::iter::once(record::csv_head(lang)).chain(lines).collect::<String>().into_bytes())
    };
    file(desk, query, asked, ("text/csv; charset=utf-8", "attachment; filename=\"sweeps.csv\""), written).await
}

/// `GET /sweeps.xlsx`, with the parameters of the page.
pub(in crate::web) async fn xlsx(desk: State<Arc<Desk>>, query: RawQuery, asked: Asked) -> Response {
    let lang = asked.lang;
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let written = move |entries: &[record::Entry], zone: &TimeZone| record::xlsx(entries, lang, zone).ok();
    file(desk, query, asked, (kind, "attachment; filename=\"sweeps.xlsx\""), written).await
}

async fn file(
    State(desk): State<Arc<Desk>>,
    RawQuery(query): RawQuery,
    asked: Asked,
    (kind, name): (&'static str, &'static str),
    written: impl FnOnce(&[record::Entry], &TimeZone) -> Option<Vec<u8>> + Send + 'static,
) -> Response {
    let lang = asked.lang;
    let zone = desk.app.organisation.get().zone();
    let Ok(wanted) = wanted(query.as_deref()) else { return troubled(lang, Trouble::Address) };
    let work = move || {
        let query: RecordQuery = wanted.query(&zone, FILE);
        let entries = desk.rows(None).record(&query).ok()?;
        written(&entries, &zone)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Some(bytes)) => ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], bytes).into_response(),
        _ => {
            tracing::error!("the monitoring record could not be written as a file");
            troubled(lang, Trouble::Ours)
        }
    }
}
