//! Watches and sweeps as the writer keeps them.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::error::StoreError;
use super::gaps;
use crate::plan::Plan;
use crate::watch::{Sweep, SweepTally, Watch};

/// Adds watches or replaces those of the same id. One that now observes something
/// else starts afresh: it is due at once and no longer halted. Its sweeps stay. A stand-in is never due.
pub(super) fn put(db: &Connection, watches: &[Watch]) -> Result<(), StoreError> {
    let sql = "INSERT INTO watch (id, body, due) VALUES (?1, ?2, ?3)
               ON CONFLICT DO UPDATE SET body = excluded.body, due = excluded.due, why = NULL, halted = NULL, retired = 0
               WHERE body <> excluded.body OR retired = 1";
    for watch in watches {
        let body = serde_json::to_string(watch)?;
        forget(db, &watch.id, &body)?;
        db.prepare_cached(sql)?.execute((&watch.id, &body, watch.recorded.then_some(Timestamp::MAX)))?;
    }
    Ok(())
}

/// Lets go of what a watch was judged by, when it observes something else from now on or comes back after nobody
/// looked: what another target showed says nothing of this one, nor do sweeps of before of the time in which there
/// were none.
fn forget(db: &Connection, id: &str, body: &str) -> Result<(), StoreError> {
    let sql = "UPDATE watch SET covered = NULL, told = NULL,
                      past = (SELECT coalesce(max(id), 0) FROM sweep WHERE watch = ?1)
               WHERE id = ?1 AND (retired = 1 OR json_extract(body, '$.target') IS NOT json_extract(?2, '$.target')
                                  OR json_extract(body, '$.plugin') IS NOT json_extract(?2, '$.plugin')
                                  OR json_extract(body, '$.site') IS NOT json_extract(?2, '$.site'))";
    if db.prepare_cached(sql)?.execute((id, body))? > 0 {
        gaps::abandon(db, id)?;
    }
    Ok(())
}

/// Makes these the watches of the configuration: others are retired, and none is halted any more.
pub(super) fn configure(db: &Connection, watches: &[Watch]) -> Result<(), StoreError> {
    put(db, watches)?;
    let ids = serde_json::to_string(&watches.iter().map(|watch| &watch.id).collect::<Vec<_>>())?;
    db.prepare_cached("UPDATE watch SET halted = NULL WHERE id IN (SELECT value FROM json_each(?1))")?
        .execute([&ids])?;
    let leaving: Vec<String> = db
        .prepare_cached(
            "UPDATE watch SET retired = 1, covered = NULL, told = NULL WHERE retired = 0
             AND id NOT IN (SELECT value FROM json_each(?1)) AND json_extract(body, '$.recorded') IS NOT 1
             RETURNING id",
        )?
        .query_map([&ids], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    leaving.iter().try_for_each(|id| gaps::abandon(db, id))
}

pub(super) fn set_halted(db: &Connection, id: &str, why: Option<&str>) -> Result<(), StoreError> {
    let sql = "UPDATE watch SET halted = ?2 WHERE id = ?1";
    found(db.prepare_cached(sql)?.execute((id, why))?, "watch", id)
}

pub(super) fn set_due(db: &Connection, id: &str, at: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE watch SET due = ?2 WHERE id = ?1";
    found(db.prepare_cached(sql)?.execute((id, at))?, "watch", id)
}

pub(super) fn schedule(db: &Connection, id: &str, at: Timestamp, why: &str) -> Result<(), StoreError> {
    let sql = "UPDATE watch SET due = ?2, why = ?3 WHERE id = ?1";
    found(db.prepare_cached(sql)?.execute((id, at, why))?, "watch", id)
}

pub(super) fn begin_sweep(db: &Connection, watch: &str, now: Timestamp) -> Result<i64, StoreError> {
    let sql = "INSERT INTO sweep (watch, started) SELECT id, ?2 FROM watch WHERE id = ?1";
    found(db.prepare_cached(sql)?.execute((watch, now))?, "watch", watch)?;
    Ok(db.last_insert_rowid())
}

pub(super) fn finish_sweep(
    db: &Connection,
    plan: &Plan,
    id: i64,
    now: Timestamp,
    tally: &SweepTally,
) -> Result<(), StoreError> {
    let begun: Option<(String, Timestamp)> = db
        .prepare_cached("SELECT watch, started FROM sweep WHERE id = ?1 AND ended IS NULL")?
        .query_row([id], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let Some((watch, started)) = begun else {
        return Err(StoreError::Unknown { what: "running sweep", id: id.to_string() });
    };
    let failures = match tally.failures.as_slice() {
        [] => None,
        failures => Some(serde_json::to_string(failures)?),
    };
    let n = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    db.prepare_cached(
        "UPDATE sweep SET ended = ?2, requests = ?3, bytes = ?4, seen = ?5, new = ?6, changed = ?7,
         matched = ?8, skipped = ?9, failures = ?10, pages = ?11, missing = ?12, unasked = ?13, newest = ?14,
         reach = ?15, canary = ?16, wait_until = ?17, unchanged = ?18 WHERE id = ?1",
    )?
    .execute(params![
        id,
        now,
        n(tally.requests),
        n(tally.bytes),
        n(tally.seen),
        n(tally.new),
        n(tally.changed),
        n(tally.matched),
        n(tally.skipped),
        failures,
        n(tally.pages),
        n(tally.missing),
        n(tally.unasked),
        tally.newest,
        tally.reach,
        tally.canary,
        tally.wait_until,
        n(tally.unchanged)
    ])?;
    if tally.failures.is_empty() {
        db.prepare_cached("UPDATE watch SET last = ?2, heard = ?3, failing = 0 WHERE id = ?1")?
            .execute((&watch, id, now))?;
    } else {
        db.prepare_cached("UPDATE watch SET last = ?2, failing = failing + 1 WHERE id = ?1")?.execute((&watch, id))?;
    }
    let sweep = Sweep { id, watch, started, ended: Some(now), tally: tally.clone() };
    gaps::swept(db, plan, &sweep, now)
}

fn found(rows: usize, what: &'static str, id: &str) -> Result<(), StoreError> {
    if rows == 0 { Err(StoreError::Unknown { what, id: id.to_owned() }) } else { Ok(()) }
}
