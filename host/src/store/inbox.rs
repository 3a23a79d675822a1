//! 研判: what waits for a decision, in the order in which it cannot wait; and who has put what off.
//!
//! Putting off is a note of one person's own: it hides an incident from their inbox and from nobody else's, changes
//! no clock, and ends early when somebody or a clock escalates. It is therefore no event of the incident.

use std::sync::PoisonError;

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::callers::{self, Caller};
use super::casefile::CaseFile;
use super::error::StoreError;
use super::read::incident_rows;
use super::writer::Writing;
use super::{Reader, Store};
use crate::incident::matter::Matter;
use crate::incident::{IncidentId, State};
use crate::store::model::IncidentRow;
use crate::text::telling::Telling;
use crate::user::right::Act;

/// Longest time for which something can be put off, in seconds.
pub const LONGEST_SNOOZE: i64 = 7 * 86_400;

/// An incident that waits for a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Unassessed {
    /// The incident.
    pub row: IncidentRow,
    /// What a decision about it says that it saw.
    pub version: u64,
    /// Since when an escalation of it stands.
    pub escalated: Option<Timestamp>,
}

/// What waits for the decision of one person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inbox {
    /// All of it, in the order in which it cannot wait: what was escalated, then what may be an emergency, then what runs
    /// out first.
    pub waiting: Vec<IncidentId>,
    /// What the person has put off, with until when; what comes back first stands first.
    pub snoozed: Vec<(IncidentRow, Timestamp)>,
}

/// Hidden from `?1` at `?2`.
const SNOOZED: &str = "FROM snooze s WHERE s.user = ?1 AND s.incident = incident.id AND s.until > ?2
                       AND (incident.escalated IS NULL OR incident.escalated <= s.at)";

fn snooze(
    writing: &Writing<'_>,
    caller: &Caller,
    incident: IncidentId,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let person = callers::person(writing, caller, now)?;
    person.doing(Act::Escalate)?;
    let db = writing.db;
    let new = CaseFile::read_by(db, incident, &person)?.incident.state == State::New;
    db.prepare_cached("DELETE FROM snooze WHERE user = ?1 AND (incident = ?2 OR until <= ?3)")?.execute(params![
        person.user,
        incident,
        now
    ])?;
    let Some(until) = until else { return Ok(()) };
    if !new {
        return Err(StoreError::Unwritten("only what nobody has assessed yet is put off".to_owned()));
    }
    if until <= now || until > now.saturating_add(LONGEST_SNOOZE) {
        return Err(StoreError::Unwritten("it is put off until a later time, seven days at most".to_owned()));
    }
    let sql = "INSERT INTO snooze (user, incident, at, until) VALUES (?1, ?2, ?3, ?4)";
    db.prepare_cached(sql)?.execute(params![person.user, incident, now, until])?;
    Ok(())
}

fn snoozed(db: &Connection, user: &str, now: Timestamp) -> Result<Vec<(IncidentRow, Timestamp)>, StoreError> {
    let rest = format!("state = 'new' AND EXISTS (SELECT 1 {SNOOZED}) ORDER BY opened");
    let rows = incident_rows(db, &rest, (user, now))?;
    let until = "SELECT until FROM snooze WHERE user = ?1 AND incident = ?2";
    let with_time = |row: IncidentRow| {
        let until = db.prepare_cached(until)?.query_row(params![user, row.id], |r| r.get(0))?;
        Ok((row, until))
    };
    let mut found: Vec<(IncidentRow, Timestamp)> =
        rows.into_iter().map(with_time).collect::<Result<_, StoreError>>()?;
    found.sort_by_key(|(row, until)| (*until, row.id));
    Ok(found)
}

impl Store {
    /// Hides a new incident from the caller's inbox until a time; `None` shows it again.
    ///
    /// # Errors
    /// The caller may not, there is no such incident, or the time makes no sense.
    pub fn snooze(
        &self,
        caller: &Caller,
        incident: IncidentId,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let caller = caller.clone();
        self.run(move |w| snooze(w, &caller, incident, until, now))
    }
}

/// How it stands besides.
fn unassessed(db: &Connection, row: IncidentRow) -> Result<Unassessed, StoreError> {
    let standing = "SELECT coalesce(life ->> 'version', 0), escalated FROM incident WHERE id = ?1";
    let read = |r: &rusqlite::Row<'_>| Ok((r.get::<_, i64>(0)?.unsigned_abs(), r.get(1)?));
    let (version, escalated) = db.prepare_cached(standing)?.query_row([row.id], read)?;
    Ok(Unassessed { row, version, escalated })
}

impl Reader {
    /// What waits for a decision, without what `user` has put off.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn inbox(&self, user: Option<&str>, now: Timestamp) -> Result<Inbox, StoreError> {
        let user = user.unwrap_or_default();
        let sql = format!(
            "SELECT id FROM incident WHERE state = 'new' AND NOT EXISTS (SELECT 1 {SNOOZED})
             ORDER BY escalated IS NULL, escalated, suggested IS NOT 'emergency', due IS NULL, due, opened, id"
        );
        self.with(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let waiting = statement.query_map((user, now), |r| r.get(0))?.collect::<Result<_, _>>()?;
            Ok(Inbox { waiting, snoozed: snoozed(db, user, now)? })
        })
    }

    /// One that waits for a decision and that `user` has not put off.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn waiting(
        &self,
        id: IncidentId,
        user: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Unassessed>, StoreError> {
        let one = format!("state = 'new' AND NOT EXISTS (SELECT 1 {SNOOZED}) AND id = ?3");
        self.with(|db| {
            let found = incident_rows(db, &one, params![user.unwrap_or_default(), now, id])?;
            found.into_iter().next().map(|row| unassessed(db, row)).transpose()
        })
    }

    /// What these incidents are about, but those that were merged into others: of each one row is read.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn abouts(&self, ids: &[IncidentId]) -> Result<Vec<(IncidentId, Matter)>, StoreError> {
        let sql = "SELECT matter FROM incident WHERE id = ?1 AND matter IS NOT NULL AND state <> ?2";
        self.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let mut about = |id: &IncidentId| {
                let matter =
                    |r: &rusqlite::Row<'_>| r.get_ref(0)?.as_blob().map(Matter::from_bytes).map_err(Into::into);
                let found = statement.query_row(params![id, State::Merged.as_str()], matter).optional()?;
                Ok(found.map(|matter| (*id, matter)))
            };
            ids.iter().filter_map(|id| about(id).transpose()).collect()
        })
    }
}

impl Store {
    /// Incidents that may be about the same as a text, found by its most telling words among all that the store can be
    /// asked for by words (the newest 20,000 at least), `most` at most; what shares more stands first. Waits for at most
    /// one job of the writer, and for no transaction.
    #[must_use]
    pub fn alike(&self, telling: &Telling, most: usize) -> Vec<IncidentId> {
        self.inner.matters.read().unwrap_or_else(PoisonError::into_inner).alike(telling, most)
    }
}
