//! Gaps and notices as the writer keeps them; [`crate::coverage::ledger`] decides.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::StoreError;
use super::{outbox, rowid};
use crate::coverage::ledger::{self, Change, Standing};
use crate::coverage::{Cause, GRACE, Gap, LONGEST_SWEEP};
use crate::notify::{self, Occasion, Tell};
use crate::plan::Plan;
use crate::watch::{FailureKind, Sweep, Watch};

/// Columns of a gap, in the order that [`gap`] reads them.
pub(super) const GAP: &str =
    "g.id, g.watch, g.cause, g.detail, g.partial, g.from_, g.until, g.closed, g.filled, g.found";

pub(super) fn gap(row: &Row<'_>) -> rusqlite::Result<Gap> {
    let cause: String = row.get(2)?;
    Ok(Gap {
        id: row.get(0)?,
        watch: row.get(1)?,
        cause: cause_of(&cause),
        detail: row.get(3)?,
        partial: row.get(4)?,
        from: row.get(5)?,
        until: row.get(6)?,
        closed: row.get(7)?,
        filled: row.get(8)?,
        found: row.get::<_, Option<i64>>(9)?.map(|n| u64::try_from(n).unwrap_or(0)),
    })
}

/// A cause that this version does not know was written by a later one; what is unknown is the plugin's or ours.
pub(super) fn cause_of(name: &str) -> Cause {
    Cause::of_name(name).unwrap_or(Cause::Failed(FailureKind::Unexpected))
}

/// What a sweep that has ended means for the gaps of its watch. Stand-ins for recordings have none.
pub(super) fn swept(db: &Connection, plan: &Plan, sweep: &Sweep, now: Timestamp) -> Result<(), StoreError> {
    let Some((watch, standing)) = standing(db, &sweep.watch)? else { return Ok(()) };
    if watch.recorded {
        return Ok(());
    }
    let changes = ledger::swept(&standing, sweep, now);
    apply(db, plan, &sweep.watch, &standing, changes, now)?;
    if sweep.tally.failures.is_empty() {
        let sql = "UPDATE watch SET covered = ?2, told = NULL WHERE id = ?1";
        db.prepare_cached(sql)?.execute((&sweep.watch, sweep.started))?;
    }
    Ok(())
}

fn standing(db: &Connection, id: &str) -> Result<Option<(Watch, Standing)>, StoreError> {
    let sql = "SELECT body, covered, failing, told FROM watch WHERE id = ?1";
    let row = db.prepare_cached(sql)?.query_row([id], |r| {
        let standing = Standing { covered: r.get(1)?, failing: r.get(2)?, told: r.get(3)?, open: Vec::new() };
        Ok((r.get::<_, String>(0)?, standing))
    });
    let Some((body, mut standing)) = row.optional()? else { return Ok(None) };
    let sql = format!("SELECT {GAP} FROM gap g WHERE g.watch = ?1 AND g.closed IS NULL ORDER BY g.id");
    standing.open = db.prepare_cached(&sql)?.query_map([id], gap)?.collect::<Result<_, _>>()?;
    Ok(Some((serde_json::from_str(&body)?, standing)))
}

fn apply(
    db: &Connection,
    plan: &Plan,
    watch: &str,
    standing: &Standing,
    changes: Vec<Change>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for change in changes {
        match change {
            Change::Open { cause, detail, partial, from } => {
                let sql = "INSERT INTO gap (watch, cause, detail, partial, from_) VALUES (?1, ?2, ?3, ?4, ?5)";
                db.prepare_cached(sql)?.execute(params![watch, cause.as_str(), detail, partial, from])?;
            }
            Change::End { gap, until } => {
                db.prepare_cached("UPDATE gap SET until = ?2 WHERE id = ?1")?.execute((gap, until))?;
            }
            Change::Close { gap, filled } => close(db, gap, filled, now)?,
            Change::Tell { told, cause, since } => {
                tracing::warn!(watch, cause = cause.as_str(), since, times = standing.failing, "{}", told.as_str());
                let sql = "INSERT INTO notice (at, watch, told, cause, since, times) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                let row = params![now, watch, told.as_str(), cause.as_str(), since, standing.failing];
                db.prepare_cached(sql)?.execute(row)?;
                db.prepare_cached("UPDATE watch SET told = ?2 WHERE id = ?1")?.execute((watch, now))?;
                let occasion = Occasion::Gap { watch: watch.to_owned(), told, cause, since };
                let tell = Tell { roles: plan.tell.gap.all().to_vec(), users: Vec::new() };
                outbox::queue(db, &[notify::Notice { incident: None, urgent: false, occasion, tell }], now)?;
            }
        }
    }
    Ok(())
}

/// Closes a gap and counts what was published in its span and is stored by now.
fn close(db: &Connection, gap: i64, filled: Option<Timestamp>, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE gap SET closed = ?2, filled = ?3 WHERE id = ?1 RETURNING watch, from_, until";
    let (watch, from, until): (String, Timestamp, Option<Timestamp>) =
        db.prepare_cached(sql)?.query_row((gap, now, filled), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    let span = (rowid::first(from), rowid::first(until.unwrap_or(now).saturating_add(1)));
    db.prepare_cached(
        "UPDATE gap SET found = (SELECT count(*) FROM post p JOIN sweep s ON s.id = p.sweep
                                 WHERE p.row >= ?2 AND p.row < ?3 AND s.watch = ?4) WHERE id = ?1",
    )?
    .execute((gap, span.0, span.1, watch))?;
    Ok(())
}

/// Closes the gaps of a watch whose target nobody observes any more: they lasted until it was last looked after,
/// and nothing of them will be back-filled.
pub(super) fn abandon(db: &Connection, watch: &str) -> Result<(), StoreError> {
    let open: Vec<(i64, Timestamp)> = db
        .prepare_cached(
            "UPDATE gap SET until = max(from_, coalesce(until,
                    max(coalesce((SELECT max(at) FROM pulse), from_),
                        coalesce((SELECT max(started) FROM sweep WHERE watch = ?1), from_))))
             WHERE watch = ?1 AND closed IS NULL RETURNING id, until",
        )?
        .query_map([watch], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<_, _>>()?;
    open.into_iter().try_for_each(|(gap, until)| close(db, gap, None, until))
}

/// Notes that the schedule is alive at `now`, opens gaps for what it missed, and repeats notices.
/// `off_since` is when Caifeng stopped, at the first time after a start; `running` are watches being swept.
pub(super) fn tend(
    db: &Connection,
    plan: &Plan,
    now: Timestamp,
    off_since: Option<Timestamp>,
    running: &[String],
) -> Result<(), StoreError> {
    let sql = "INSERT INTO pulse (one, at) VALUES (1, ?1) ON CONFLICT DO UPDATE SET at = max(at, excluded.at)";
    db.prepare_cached(sql)?.execute([now])?;
    let sql = "SELECT id, body, due, covered, halted IS NOT NULL FROM watch WHERE retired = 0
               AND (due IS NULL OR due < ?1 OR told IS NOT NULL OR id IN (SELECT watch FROM gap WHERE closed IS NULL))
               AND json_extract(body, '$.recorded') IS NOT 1";
    type Behind = (String, String, Option<Timestamp>, Option<Timestamp>, bool);
    let behind = db
        .prepare_cached(sql)?
        .query_map([now - GRACE], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))?
        .collect::<Result<Vec<Behind>, _>>()?;
    for (id, body, due, covered, halted) in behind {
        let watch: Watch = serde_json::from_str(&body)?;
        let due = due.or_else(|| Some(covered? + watch.every.ceiling));
        // A sweep may take its time; one that waits for its turn for longer than that is late too.
        let grace = if running.contains(&id) { GRACE + LONGEST_SWEEP } else { GRACE };
        let overdue = due.filter(|due| due + grace < now && !halted);
        let Some((_, standing)) = standing(db, &id)? else { continue };
        let changes = match overdue {
            Some(due) => ledger::missed(&standing, off_since, due, now),
            None => ledger::lasting(&standing, now).into_iter().collect(),
        };
        apply(db, plan, &id, &standing, changes, now)?;
    }
    Ok(())
}
