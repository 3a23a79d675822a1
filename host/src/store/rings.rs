//! Clocks that have something to tell: looked up by when, so that a second costs what is due in it.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};
use serde::Serialize;

use super::casefile::CaseFile;
use super::error::StoreError;
use super::writer::Writing;
use super::{Reader, Store};
use crate::incident::IncidentId;
use crate::incident::clock::ClockEvent;
use crate::incident::event::{Actor, Event};
use crate::incident::life::Command;
use crate::incident::life::ring::Ring;
use crate::plan::Plan;

/// Who rings.
const CLOCK: &str = "clock@1";
/// Incidents whose clocks ring in one transaction.
const TOGETHER: usize = 256;

/// What a clock has told, with its place in the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rung {
    /// Of its event: rises with each.
    pub seq: i64,
    /// When it was told.
    pub at: Timestamp,
    /// Of which incident.
    pub incident: IncidentId,
    /// What the incident is called; `None` once its words are deleted.
    pub title: Option<String>,
    /// What, to whom.
    #[serde(flatten)]
    pub ring: Ring,
}

/// An incident with clocks that ran out, which nobody who decides has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unacknowledged {
    /// The incident.
    pub incident: IncidentId,
    /// What it is called; `None` once its words are deleted.
    pub title: Option<String>,
    /// When the first of them was told.
    pub since: Timestamp,
    /// What they told, in the order in which they did.
    pub rings: Vec<Ring>,
}

/// Keeps what a clock tells of `file`, whose event was appended just now.
pub(super) fn remember(
    writing: &Writing<'_>,
    file: &CaseFile,
    plan: &Plan,
    event: &ClockEvent,
    at: Timestamp,
) -> Result<(), StoreError> {
    let Some(ring) = Ring::of(&file.incident, plan, event) else { return Ok(()) };
    let sql = "INSERT INTO ring (seq, at, incident, body) VALUES (?1, ?2, ?3, ?4)";
    let body = serde_json::to_string(&ring)?;
    writing.db.prepare_cached(sql)?.execute((writing.head.seq, at, file.id, body))?;
    Ok(())
}

fn ring(writing: &mut Writing<'_>, now: Timestamp) -> Result<Vec<(IncidentId, Event)>, StoreError> {
    let sql = format!("SELECT id FROM incident WHERE due <= ?1 ORDER BY due LIMIT {TOGETHER}");
    let ids: Vec<IncidentId> =
        writing.db.prepare_cached(&sql)?.query_map([now], |r| r.get(0))?.collect::<Result<_, _>>()?;
    let actor = Actor::Machine { by: CLOCK.to_owned() };
    let mut rung = Vec::new();
    for id in ids {
        let mut file = CaseFile::read(writing.db, id)?;
        let events = file.act(writing, Command::Ring, &actor, None, now)?;
        file.look_again(now);
        file.write(writing, None)?;
        rung.extend(events.into_iter().map(|event| (id, event)));
    }
    Ok(rung)
}

impl Store {
    /// Lets the clocks tell what they have to tell by now, those of a few hundred incidents at a time: as long as there
    /// was something, there may be more.
    ///
    /// # Errors
    /// Nothing is told; it will be the next time.
    pub fn ring(&self, now: Timestamp) -> Result<Vec<(IncidentId, Event)>, StoreError> {
        self.run(move |w| ring(w, now))
    }
}

impl Reader {
    /// When a clock has something to tell next.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_ring(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT due FROM incident WHERE due IS NOT NULL ORDER BY due LIMIT 1";
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row([], |r| r.get(0)).optional()?))
    }

    /// What clocks have told after the place `after` in the record, oldest first, `limit` at most. Whoever passes it on
    /// keeps the last [`Rung::seq`] as the next `after`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn rings(&self, after: i64, limit: usize) -> Result<Vec<Rung>, StoreError> {
        let sql = "SELECT r.seq, r.at, r.incident, i.title, r.body FROM ring r JOIN incident i ON i.id = r.incident
                   WHERE r.seq > ?1 ORDER BY r.seq LIMIT ?2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query((after, limit))?;
            let mut rings = Vec::new();
            while let Some(r) = rows.next()? {
                let ring = serde_json::from_str(r.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?)?;
                rings.push(Rung { seq: r.get(0)?, at: r.get(1)?, incident: r.get(2)?, title: r.get(3)?, ring });
            }
            Ok(rings)
        })
    }

    /// Incidents with escalations that nobody who decides has acknowledged, the longest waiting first, `limit` at most;
    /// and how many there are.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn unacknowledged(&self, limit: usize) -> Result<(Vec<Unacknowledged>, u64), StoreError> {
        let count = "SELECT count(*) FROM incident WHERE escalated IS NOT NULL";
        let sql =
            "SELECT id, title, escalated FROM incident WHERE escalated IS NOT NULL ORDER BY escalated, id LIMIT ?1";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query([limit])?;
            let mut all = Vec::new();
            while let Some(r) = rows.next()? {
                let (incident, since) = (r.get(0)?, r.get(2)?);
                all.push(Unacknowledged {
                    incident,
                    title: r.get(1)?,
                    since,
                    rings: escalations(db, incident, since)?,
                });
            }
            let count: i64 = db.prepare_cached(count)?.query_row([], |r| r.get(0))?;
            Ok((all, count.unsigned_abs()))
        })
    }
}

/// The escalations of an incident that were told since a moment.
fn escalations(db: &Connection, incident: IncidentId, since: Timestamp) -> Result<Vec<Ring>, StoreError> {
    let sql =
        "SELECT body FROM ring WHERE incident = ?1 AND at >= ?2 AND json_extract(body, '$.escalate') ORDER BY seq";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query((incident, since))?;
    let mut rings = Vec::new();
    while let Some(r) = rows.next()? {
        rings.push(serde_json::from_str(r.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(rings)
}
