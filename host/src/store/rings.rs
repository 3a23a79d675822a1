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
use crate::incident::clock::ClockState;
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

/// A clock that runs, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The incident that runs against it.
    pub incident: IncidentId,
    /// What it is called; `None` once its words are deleted.
    pub title: Option<String>,
    /// The rule's id; `step:ID` for the due time of a step.
    pub clock: String,
    /// Until when.
    pub due: Timestamp,
}

/// The running clock that runs out first after `now`.
fn first_due(life: &Incident, now: Timestamp) -> Option<(String, Timestamp)> {
    let running = life.clocks.clocks().iter().filter(|clock| clock.state == ClockState::Running && clock.due > now);
    running.min_by_key(|clock| clock.due).map(|clock| (clock.id.clone(), clock.due))
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

    /// What runs out next: incidents by the first of their clocks that runs out after `now`, `limit` at most.
    ///
    /// A clock tells something before its end or at its end. So incidents are read in the order in which they tell
    /// something, and no further than to the last end that was found.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn deadlines(&self, now: Timestamp, limit: usize) -> Result<Vec<Deadline>, StoreError> {
        let sql = "SELECT id, title, due, life FROM incident WHERE due IS NOT NULL ORDER BY due";
        self.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            let mut found: Vec<Deadline> = Vec::new();
            while let Some(r) = rows.next()? {
                let tells: Timestamp = r.get(2)?;
                if limit.checked_sub(1).is_none_or(|last| found.get(last).is_some_and(|it| it.due <= tells)) {
                    break;
                }
                let life: Incident = serde_json::from_str(r.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?)?;
                let Some((clock, due)) = first_due(&life, now) else { continue };
                let at = found.partition_point(|it| it.due <= due);
                if at < limit {
                    found.truncate(limit - 1);
                    found.insert(at, Deadline { incident: r.get(0)?, title: r.get(1)?, clock, due });
                }
            }
            Ok(found)
        })
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
