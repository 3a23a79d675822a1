//! `/admin/audit`: the record is read, verified and signed, by the audit administrator alone.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::sources::ground;
use crate::control::Refusal;
use crate::handling::checkpoint::{self, Key};
use crate::handling::{Outcome, What};
use crate::store::EntryQuery;
use crate::web::desk::{Asked, Attached, Desk, Refused, attach, refuse};
use crate::web::form::{Pressed, Sent, Uploaded};
use crate::web::page::{self, AuditAsked, Trouble, Walked};

/// Entries of the record on one page.
const ENTRIES: usize = 50;

/// Which entries.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::web) struct Wanted {
    before: Option<i64>,
    kind: String,
    who: String,
    since: String,
    until: String,
}

/// The first moment of a day, or nothing where none is named.
fn day(text: &str, zone: &TimeZone, after: bool) -> Result<Option<i64>, Refused> {
    if text.is_empty() {
        return Ok(None);
    }
    let day = text.parse::<Date>().ok().and_then(|day| if after { day.tomorrow().ok() } else { Some(day) });
    let begins = day.and_then(|day| day.to_zoned(zone.clone()).ok());
    begins.map(|at| Some(at.timestamp().as_second())).ok_or(Refused::Trouble(Trouble::Address))
}

/// `GET /admin/audit?kind=…&who=…&since=…&until=…&before=…`.
pub(in crate::web) async fn audit(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    wanted: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
) -> Response {
    match wanted {
        Ok(Query(wanted)) => record(desk, asked, wanted, None).await,
        Err(_) => refuse(asked.lang, Refused::Trouble(Trouble::Address)),
    }
}

/// `POST /admin/audit/verify`: walks the whole chain.
pub(in crate::web) async fn verify(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Pressed {}): Sent<Pressed>,
) -> Response {
    record(desk, asked, Wanted::default(), Some(None)).await
}

/// `POST /admin/audit/compare`: walks it, against a checkpoint that was kept elsewhere.
pub(in crate::web) async fn compare(State(desk): State<Arc<Desk>>, asked: Asked, mut form: Uploaded) -> Response {
    match form.file.take().filter(|_| form.only(&[])) {
        Some(file) => record(desk, asked, Wanted::default(), Some(Some(file))).await,
        None => refuse(asked.lang, Refused::Trouble(Trouble::Form)),
    }
}

/// `walk`: walks the chain, against the checkpoint of a file where there is one.
async fn record(desk: Arc<Desk>, asked: Asked, wanted: Wanted, walk: Option<Option<Vec<u8>>>) -> Response {
    let ours = Arc::clone(&desk);
    desk.show(asked, move |rows, visit| {
        let walked = walk.map(|file| walked(&ours, file)).transpose()?;
        let named = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let query = EntryQuery {
            before: wanted.before,
            kind: named(&wanted.kind),
            who: named(&wanted.who),
            since: day(&wanted.since, &visit.zone, false)?,
            until: day(&wanted.until, &visit.zone, true)?,
            limit: ENTRIES,
        };
        let page = ours.unveiled().entries(&query)?;
        let Wanted { kind, who, since, until, .. } = wanted;
        let told = AuditAsked { kind, who, since, until };
        Ok(page::audit(visit, &ground(rows)?, (&told, &page), &ours.unveiled().users()?, walked.as_ref())?)
    })
    .await
}

/// Walks the chain, against the checkpoint of a file where there is one.
pub(in crate::web) fn walked(desk: &Desk, file: Option<Vec<u8>>) -> Result<Walked, Refused> {
    let clerk = &desk.app.owner.clerk;
    let brought = file.map(|file| {
        let key = clerk.directory.key(checkpoint::KEY).map_err(|error| Refusal::Internal(error.to_string()))?;
        let brought = checkpoint::brought(&file, &Key::new(&key).public());
        brought.map_err(|error| Refusal::Refused(error.to_string()))
    });
    let brought = brought.transpose()?;
    Ok(Walked {
        outcome: desk.unveiled().verify_chain(brought.map(|brought| brought.checkpoint))?,
        against: brought.map(|brought| (brought.checkpoint.seq, brought.signed)),
    })
}

/// `POST /admin/audit/checkpoint`: a signed checkpoint, to be kept elsewhere.
pub(in crate::web) async fn checkpoint(
    State(desk): State<Arc<Desk>>,
    asked: Asked,
    Sent(Pressed {}): Sent<Pressed>,
) -> Response {
    match Arc::clone(&desk).carry_out(&asked, What::Checkpoint).await {
        Ok(Outcome::Checkpoint(signed)) => {
            attach(asked.lang, move || {
                let bytes = serde_json::to_vec(&signed);
                let bytes = bytes.map_err(|error| Refused::Refusal(Refusal::Internal(error.to_string())))?;
                Ok(Attached { kind: "application/json", name: "caifeng-checkpoint.json".to_owned(), bytes })
            })
            .await
        }
        Ok(_) => refuse(asked.lang, Refused::Trouble(Trouble::Ours)),
        Err(refusal) => refuse(asked.lang, Refused::Refusal(refusal)),
    }
}
