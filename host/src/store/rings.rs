//! Clocks that have something to tell: looked up by when, so that a second costs what is due in it. What they tell is an
//! event, and queued as a notice with it.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::OptionalExtension as _;
use serde::Serialize;

use super::casefile::CaseFile;
use super::error::StoreError;
use super::writer::Writing;
use super::{Reader, Store};
use crate::incident::IncidentId;
use crate::incident::event::{Actor, Event};
use crate::incident::life::{Command, Escalation, Incident};

/// Who rings.
const CLOCK: &str = "clock@1";
/// Incidents whose clocks ring in one transaction.
const TOGETHER: usize = 256;

/// An incident with clocks that ran out, which nobody who decides has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unacknowledged {
    /// The incident.
    pub incident: IncidentId,
    /// What it is called; `None` once its words are deleted.
    pub title: Option<String>,
    /// When the first of them was told.
    pub since: Timestamp,
    /// All of them, in the order in which they were told.
    pub escalations: Vec<Escalation>,
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

    /// Incidents with escalations that nobody who decides has acknowledged, the longest waiting first, `limit` at most;
    /// and how many there are.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn unacknowledged(&self, limit: usize) -> Result<(Vec<Unacknowledged>, u64), StoreError> {
        let count = "SELECT count(*) FROM incident WHERE escalated IS NOT NULL";
        let sql = "SELECT id, title, escalated, life FROM incident WHERE escalated IS NOT NULL ORDER BY escalated, id LIMIT ?1";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query([limit])?;
            let mut all = Vec::new();
            while let Some(r) = rows.next()? {
                let life = r.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?;
                let Incident { escalations, .. } = serde_json::from_str(life)?;
                all.push(Unacknowledged { incident: r.get(0)?, title: r.get(1)?, since: r.get(2)?, escalations });
            }
            let count: i64 = db.prepare_cached(count)?.query_row([], |r| r.get(0))?;
            Ok((all, count.unsigned_abs()))
        })
    }
}
