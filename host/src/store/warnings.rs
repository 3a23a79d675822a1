//! Judging what is due, as the writer does it; [`crate::warning`] decides.
//!
//! A subject is due when something of it was counted, and every hour while it is not quiet. So the cost follows what is
//! said now and not what was ever said.

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, params};

use super::Store;
use super::error::StoreError;
use super::read::warnings::{carriers, hearing, hours, standing};
use super::writer::Writing;
use super::{incidents, outbox};
use crate::coverage::rhythm::PAST;
use crate::notify::occasion::of_topic;
use crate::warning::known::{Carrier, HOUR, Hearing, Kind, Known};
use crate::warning::signs::least;
use crate::warning::stage::{Judged, Standing, judge};
use crate::warning::usual::{LAG, Memory};
use crate::warning::{Severity, Stage};

/// Subjects that one job judges: others wait for the writer too.
const STEP: i64 = 200;

/// Judges some of the subjects that are due; returns how many, and how many warnings that gave.
fn judge_due(writing: &mut Writing<'_>, now: Timestamp, zone: &TimeZone) -> Result<(u64, u64), StoreError> {
    let (mut judged, mut told) = (0, 0);
    for (kind, subject) in due(writing.db, now)? {
        judged += 1;
        told += u64::from(one(writing, kind, subject, now, zone)?);
    }
    Ok((judged, told))
}

fn due(db: &Connection, now: Timestamp) -> Result<Vec<(Kind, i64)>, StoreError> {
    let sql = "SELECT kind, subject FROM standing WHERE due <= ?1 ORDER BY due LIMIT ?2";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement
        .query_map((now, STEP), |r| Ok((Kind::of_name(r.get_ref(0)?.as_str()?).unwrap_or(Kind::Topic), r.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Judges one subject and writes where it stands; whether a person is told.
fn one(writing: &mut Writing<'_>, kind: Kind, id: i64, now: Timestamp, zone: &TimeZone) -> Result<bool, StoreError> {
    let db = writing.db;
    let Some((first, before)) = standing(db, kind, id)? else { return Ok(false) };
    let before = before.unwrap_or_default();
    let hours = hours(db, kind, id, (now - PAST).div_euclid(HOUR) - LAG)?;
    // Most subjects are quiet and stay so whatever was heard.
    let hour = now.div_euclid(HOUR);
    let day: u64 = hours.iter().filter(|count| count.hour > hour - LAG).map(|count| count.posts).sum();
    let still = before.stage == Stage::Quiet && day < least(kind);
    let hearing = if still { Hearing::default() } else { hearing(db, kind, id, now)? };
    let carriers: Vec<Carrier> = match kind {
        Kind::Incident => carriers(db, id)?.into_iter().map(|(carrier, _)| carrier).collect(),
        Kind::Topic => Vec::new(),
    };
    let known = Known { kind, hours: &hours, since: first, hearing: &hearing, carriers: &carriers, zone };
    let Judged { standing, alert, .. } = judge(&before, &known, &mut Memory::default(), now);
    write(db, kind, id, &standing, now)?;
    let Some(alert) = alert else { return Ok(false) };
    if kind == Kind::Incident {
        match incidents::warned(writing, id, alert.clone(), now) {
            // What was merged into another incident is told as that one.
            Err(StoreError::Refused(_)) => return Ok(false),
            done => done?,
        }
    } else {
        outbox::queue(db, &[of_topic(id, &alert, &writing.plans.in_force())], now)?;
    }
    tracing::info!(kind = kind.as_str(), id, stage = alert.stage.as_str(), "{}", alert.severity.as_str());
    let sql = "INSERT INTO warning (at, kind, subject, alert) VALUES (?1, ?2, ?3, ?4)";
    db.prepare_cached(sql)?.execute((now, kind.as_str(), id, serde_json::to_string(&alert)?))?;
    Ok(true)
}

fn write(db: &Connection, kind: Kind, id: i64, standing: &Standing, now: Timestamp) -> Result<(), StoreError> {
    // An episode is looked at again when the next hour has begun.
    let due = match standing.stage {
        _ if standing.at > now => Some(standing.at),
        Stage::Quiet => None,
        _ => Some((now.div_euclid(HOUR) + 1) * HOUR),
    };
    let sql = "UPDATE standing SET stage = ?3, severity = ?4, body = ?5, due = ?6 WHERE kind = ?1 AND subject = ?2";
    let told = standing.told.map(Severity::as_str);
    let body = serde_json::to_string(standing)?;
    db.prepare_cached(sql)?.execute(params![kind.as_str(), id, standing.stage.as_str(), told, body, due])?;
    Ok(())
}

/// Deletes counts of hours before `before`.
fn expire(db: &Connection, before: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM tally WHERE hour < ?1";
    Ok(db.prepare_cached(sql)?.execute([before.div_euclid(HOUR)])? as u64)
}

impl Store {
    /// Judges every subject that is due at `now` by the hours of `zone`; returns how many warnings that gave.
    ///
    /// # Errors
    /// What was judged before the error is written.
    pub fn judge(&self, now: Timestamp, zone: &TimeZone) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let zone = zone.clone();
            let (judged, told) = self.run(move |w| judge_due(w, now, &zone))?;
            all += told;
            if judged < STEP.unsigned_abs() {
                return Ok(all);
            }
        }
    }

    /// Lets go of counts of hours before `before`.
    ///
    /// # Errors
    /// Nothing is deleted.
    pub fn expire_counts(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.run(move |w| expire(w.db, before))
    }
}
