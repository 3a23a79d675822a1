//! Posts that a person moves take along what was counted of them for early warning.
//!
//! What is taken from one incident is what is given to the other, so that a merge and its undo, or a split and its
//! undo, leave both as they were. Counts of posts that were deleted since stay where they are. A part that is split
//! off begins with the standing of the whole: what people were told of it they are not told again.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::{Counted, Tally, add_gain, counts, gain, unread};
use crate::incident::IncidentId;
use crate::store::error::StoreError;
use crate::store::model::PostRowId;
use crate::warning::known::HOUR;
use crate::warning::media::Register;

/// Mentions that were counted, with what tells how: those whose page gives a date, and those that are marked.
const COUNTED: &str = "SELECT p.row, p.captured, p.sweep, p.published, p.publisher, p.url, s.site
     FROM mention m JOIN post p ON p.row = m.row JOIN source s ON s.id = p.source
     WHERE (m.counted = 1 OR p.published <= p.captured)";

/// Takes what was counted of `rows` from one incident and gives it to another, after the posts themselves have moved.
pub(in crate::store) fn hand_over(
    db: &Connection,
    media: &Register,
    rows: &[PostRowId],
    from: IncidentId,
    to: IncidentId,
) -> Result<(), StoreError> {
    let moved = serde_json::to_string(rows)?;
    let of_rows = format!("{COUNTED} AND m.row IN (SELECT value FROM json_each(?1))");
    let taken = counted(db, &of_rows, params![moved], from, media)?;
    let given = counted(db, &of_rows, params![moved], to, media)?;
    inherit(db, &given, from, to)?;
    given.write(db)?;
    let left = counted(db, &format!("{COUNTED} AND m.incident = ?1"), params![from], from, media)?;
    take(db, &taken, &left, from)?;
    for (hour, gain) in gains(db, &moved)? {
        add_gain(db, to, hour, gain)?;
        let sql = "UPDATE tally SET views = max(views - ?3, 0), shares = max(shares - ?4, 0),
                   replies = max(replies - ?5, 0) WHERE kind = 'incident' AND subject = ?1 AND hour = ?2";
        db.prepare_cached(sql)?.execute((from, hour, gain[0], gain[1], gain[2]))?;
    }
    let empty = "DELETE FROM tally WHERE kind = 'incident' AND subject = ?1
                 AND (posts, views, shares, replies) = (0, 0, 0, 0)";
    db.prepare_cached(empty)?.execute([from])?;
    settle(db, &left, from)
}

/// What the mentions of a statement come to, as those of an incident.
fn counted(
    db: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    incident: IncidentId,
    media: &Register,
) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    while let Some(r) = rows.next()? {
        let (publisher, url, site): (Option<String>, String, String) = (r.get(4)?, r.get(5)?, r.get(6)?);
        let (row, captured, sweep, published) = (r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?);
        let publisher = publisher.as_deref();
        let mention = Counted { row, captured, sweep, published, publisher, url: &url, site: &site };
        tally.incident(incident, &mention, media);
    }
    Ok(tally)
}

/// Gives an incident that was never judged the standing of the one that its posts come from.
fn inherit(db: &Connection, given: &Tally, from: IncidentId, to: IncidentId) -> Result<(), StoreError> {
    let Some(first) = given.first.get(&("incident", to)) else { return Ok(()) };
    let sql = "INSERT OR IGNORE INTO standing (kind, subject, first, stage, severity, body, due)
               SELECT kind, ?2, ?3, stage, severity, body, 0 FROM standing WHERE kind = 'incident' AND subject = ?1";
    db.prepare_cached(sql)?.execute((from, to, first))?;
    Ok(())
}

/// Takes counts away; where a place is first told of is read again from what is `left`.
fn take(db: &Connection, taken: &Tally, left: &Tally, from: IncidentId) -> Result<(), StoreError> {
    for ((kind, subject, hour), posts) in &taken.posts {
        let sql = "UPDATE tally SET posts = max(posts - ?4, 0) WHERE kind = ?1 AND subject = ?2 AND hour = ?3";
        db.prepare_cached(sql)?.execute((kind, subject, hour, posts))?;
    }
    for ((incident, place), (_, gone, posts)) in &taken.carriers {
        let first = left.carriers.get(&(*incident, place.clone())).map(|(_, first, _)| first);
        let sql = "UPDATE carrier SET posts = posts - ?3, first = CASE WHEN first < ?4 THEN first ELSE coalesce(?5, first) END
                   WHERE incident = ?1 AND place = ?2";
        db.prepare_cached(sql)?.execute((incident, place, posts, gone, first))?;
        db.prepare_cached("DELETE FROM carrier WHERE incident = ?1 AND place = ?2 AND posts <= 0")?
            .execute((incident, place))?;
    }
    for ((kind, subject, sweep), posts) in &taken.feeders {
        let watch = "(SELECT watch FROM sweep WHERE id = ?3)";
        let sql = format!("UPDATE feeder SET posts = posts - ?4 WHERE kind = ?1 AND subject = ?2 AND watch = {watch}");
        db.prepare_cached(&sql)?.execute((kind, subject, sweep, posts))?;
    }
    db.prepare_cached("DELETE FROM feeder WHERE kind = 'incident' AND subject = ?1 AND posts <= 0")?.execute([from])?;
    Ok(())
}

/// What the readings of these posts have gained, by hour.
fn gains(db: &Connection, rows: &str) -> Result<BTreeMap<i64, [i64; 3]>, StoreError> {
    let sql = "SELECT row, at, views, shares, replies FROM reading
               WHERE row IN (SELECT value FROM json_each(?1)) ORDER BY row, at";
    let mut statement = db.prepare_cached(sql)?;
    let mut readings = statement.query([rows])?;
    let mut all: BTreeMap<i64, [i64; 3]> = BTreeMap::new();
    let mut last = None;
    while let Some(r) = readings.next()? {
        let (row, at, now): (PostRowId, i64, _) = (r.get(0)?, r.get(1)?, counts(r, 2)?);
        let before = last.filter(|(of, _)| *of == row).map(|(_, counts)| counts);
        let gained = gain(before.or_else(|| unread(row, at)), now);
        let sum = all.entry(at.div_euclid(HOUR)).or_default();
        *sum = std::array::from_fn(|n| sum[n].saturating_add(gained[n]));
        last = Some((row, now));
    }
    all.retain(|_, gain| *gain != [0; 3]);
    Ok(all)
}

/// Lets an incident be judged by what is left; one of which nothing is left is quiet, and remembers what was told.
fn settle(db: &Connection, left: &Tally, id: IncidentId) -> Result<(), StoreError> {
    match left.first.get(&("incident", id)) {
        Some(first) => {
            let sql = "UPDATE standing SET first = ?2, due = 0 WHERE kind = 'incident' AND subject = ?1";
            db.prepare_cached(sql)?.execute((id, first))?;
        }
        None => {
            let sql = "UPDATE standing SET stage = 'quiet', severity = NULL, due = NULL
                       WHERE kind = 'incident' AND subject = ?1";
            db.prepare_cached(sql)?.execute([id])?;
        }
    }
    Ok(())
}
