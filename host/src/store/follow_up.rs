//! Watches that fed a major incident, kept at a high frequency for the plan's time once it is handled (P17).
//!
//! Which watches they are is settled when the follow-up begins. A post that another one hears brings the incident
//! back, and what then follows is no follow-up any more.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Reader;
use super::error::StoreError;
use crate::incident::IncidentId;
use crate::plan::FollowUp;
use crate::schedule::{Followed, Reason};
use crate::watch::Every;

/// Begins or ends the follow-up of an incident: it is watched `until` then, or not any more.
pub(super) fn settle(
    db: &Connection,
    incident: IncidentId,
    until: Option<Timestamp>,
    rule: &FollowUp,
    now: Timestamp,
) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM follow_up WHERE incident = ?1")?.execute([incident])?;
    let Some(until) = until else { return Ok(()) };
    let sql = "INSERT INTO follow_up (watch, incident, until, every)
               SELECT watch, subject, ?2, ?3 FROM feeder WHERE kind = 'incident' AND subject = ?1";
    db.prepare_cached(sql)?.execute(params![incident, until, rule.every.0])?;
    hurry(db, incident, until, rule.every.0, now)
}

/// A watch on a slow pace does not wait for its next sweep to learn that it is wanted sooner; one that fails or was
/// asked to wait does.
fn hurry(
    db: &Connection,
    incident: IncidentId,
    until: Timestamp,
    every: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let wanted = "?2 + max(?3, coalesce(json_extract(body, '$.every.floor'), ?5))";
    let sql = format!(
        "UPDATE watch SET due = {wanted}, why = ?4
         WHERE id IN (SELECT watch FROM follow_up WHERE incident = ?1) AND retired = 0 AND failing = 0
         AND json_extract(body, '$.recorded') IS NOT 1 AND due > {wanted}
         AND json_extract(why, '$.by') IN ('rhythm', 'lively', 'follow-up')"
    );
    let why = serde_json::to_string(&Reason::FollowUp { id: incident, until })?;
    db.prepare_cached(&sql)?.execute(params![incident, now, every, why, Every::default().floor])?;
    Ok(())
}

impl Reader {
    /// The follow-up that wants a watch swept most often at `now`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn followed(&self, watch: &str, now: Timestamp) -> Result<Option<Followed>, StoreError> {
        let sql = "SELECT incident, until, every FROM follow_up WHERE watch = ?1 AND until > ?2
                   ORDER BY every, until DESC, incident DESC LIMIT 1";
        let row = |r: &rusqlite::Row<'_>| Ok(Followed { id: r.get(0)?, until: r.get(1)?, every: r.get(2)? });
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row((watch, now), row).optional()?))
    }
}
