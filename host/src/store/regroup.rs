//! Merge, split, and either undone: posts that change their incident, and everything by which later posts find them.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, params};

use super::casefile::CaseFile;
use super::decisions::{Decided, Decider, Seen};
use super::error::StoreError;
use super::incidents::title_of;
use super::model::{LabelBy, PostRowId};
use super::rowid;
use super::tally;
use super::writer::Writing;
use crate::incident::IncidentId;
use crate::incident::life::decide::undoable;
use crate::incident::life::{Command, Grouped, Refusal};
use crate::incident::opinion::Opinion;

/// `from` becomes part of `into`.
pub(super) fn merge(
    writing: &mut Writing<'_>,
    decider: Decider<'_>,
    from: Seen,
    into: Seen,
) -> Result<Decided, StoreError> {
    if from.id == into.id {
        return Err(Refusal::Itself.into());
    }
    let mut gone = CaseFile::read_by(writing.db, from.id, decider.person)?;
    let mut whole = CaseFile::read_by(writing.db, into.id, decider.person)?;
    alike(&gone, &whole)?;
    let (posts, opened) = (gone.incident.posts, gone.incident.opened);
    let absorb = Command::Absorb { from: from.id, posts, opened, undo: false };
    let mut events = decider.act(writing, &mut gone, Command::MergeInto(into.id), from.version)?;
    events.extend(decider.act(writing, &mut whole, absorb, into.version)?);
    let rows = members(writing.db, from.id)?;
    let sql = "INSERT OR IGNORE INTO regrouped (incident, from_, row) SELECT ?1, ?2, value FROM json_each(?3)";
    writing.db.prepare_cached(sql)?.execute(params![into.id, from.id, serde_json::to_string(&rows)?])?;
    together(writing, decider, &mut gone, &mut whole, &rows)?;
    Ok(Decider::decided(&whole, &gone, events))
}

/// `rows` of an incident become one of their own.
pub(super) fn split(
    writing: &mut Writing<'_>,
    decider: Decider<'_>,
    seen: Seen,
    rows: &[PostRowId],
) -> Result<Decided, StoreError> {
    let mut whole = CaseFile::read_by(writing.db, seen.id, decider.person)?;
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    rows.dedup();
    let all = members(writing.db, seen.id)?;
    if let Some(stranger) = rows.iter().find(|row| all.binary_search(row).is_err()) {
        return Err(StoreError::Unknown { what: "post of this incident", id: stranger.to_string() });
    }
    let stay: Vec<_> = all.into_iter().filter(|row| rows.binary_search(row).is_err()).collect();
    if stay.is_empty() {
        let n = rows.len() as u64;
        return Err(Refusal::NoPart(n, n).into());
    }
    let mut part = CaseFile::new(writing.db)?;
    let posts = rows.len() as u64;
    let sights = (first_sight(writing.db, &stay)?, first_sight(writing.db, &rows)?);
    let opened = sights.0.unwrap_or(whole.incident.opened);
    let leave = Command::PartWith { into: part.id, posts, opened, undo: false };
    let mut events = decider.act(writing, &mut whole, leave, seen.version)?;
    let opened = sights.1.unwrap_or(whole.incident.opened);
    let begin = Command::SplitFrom { from: seen.id, posts, opened, restricted: whole.incident.restricted };
    events.extend(decider.act(writing, &mut part, begin, None)?);
    let title = rows.first().map(|row| title_of(writing.db, *row)).transpose()?.flatten();
    part.write(writing, title)?;
    let mut part = CaseFile::read(writing.db, part.id)?;
    give(writing, &rows, seen.id, part.id)?;
    keep_apart(writing.db, &rows, seen.id)?;
    settle(writing, decider.now, &mut whole)?;
    settle(writing, decider.now, &mut part)?;
    Ok(Decider::decided(&whole, &part, events))
}

/// Takes the latest merge or split of an incident back.
pub(super) fn undo(writing: &mut Writing<'_>, decider: Decider<'_>, seen: Seen) -> Result<Decided, StoreError> {
    let mut whole = CaseFile::read_by(writing.db, seen.id, decider.person)?;
    match undoable(&whole.incident)? {
        Grouped::Merged(from) => {
            let mut home = CaseFile::read(writing.db, from)?;
            let posts = home.incident.merged.as_ref().map_or(0, |merged| merged.posts);
            let rows = brought(writing.db, seen.id, from)?;
            let stay: Vec<_> = members(writing.db, seen.id)?.into_iter().filter(|row| !rows.contains(row)).collect();
            let opened = first_sight(writing.db, &stay)?.unwrap_or(whole.incident.opened);
            let leave = Command::PartWith { into: from, posts, opened, undo: true };
            let mut events = decider.act(writing, &mut whole, leave, seen.version)?;
            events.extend(decider.act(writing, &mut home, Command::Return(posts), None)?);
            writing
                .db
                .prepare_cached("DELETE FROM regrouped WHERE incident = ?1 AND from_ = ?2")?
                .execute([seen.id, from])?;
            give(writing, &rows, seen.id, from)?;
            keep_apart(writing.db, &rows, seen.id)?;
            settle(writing, decider.now, &mut whole)?;
            settle(writing, decider.now, &mut home)?;
            Ok(Decider::decided(&whole, &home, events))
        }
        Grouped::Split(part) => {
            let mut part = CaseFile::read(writing.db, part)?;
            if !part.incident.grouped.is_empty() {
                let id = part.id;
                let first = format!("undo what was merged into {id} or split off it first: caifeng incident undo {id}");
                return Err(Refusal::NothingToUndo(first).into());
            }
            alike(&part, &whole)?;
            let (posts, opened) = (part.incident.posts, part.incident.opened);
            let absorb = Command::Absorb { from: part.id, posts, opened, undo: true };
            let mut events = decider.act(writing, &mut whole, absorb, seen.version)?;
            events.extend(decider.act(writing, &mut part, Command::MergeInto(seen.id), None)?);
            let rows = members(writing.db, part.id)?;
            together(writing, decider, &mut part, &mut whole, &rows)?;
            Ok(Decider::decided(&whole, &part, events))
        }
    }
}

/// What some may not see is not mixed with what everybody sees.
fn alike(one: &CaseFile, other: &CaseFile) -> Result<(), Refusal> {
    if one.incident.restricted == other.incident.restricted { Ok(()) } else { Err(Refusal::HalfRestricted) }
}

/// All posts of `gone` go to `whole`.
fn together(
    writing: &mut Writing<'_>,
    decider: Decider<'_>,
    gone: &mut CaseFile,
    whole: &mut CaseFile,
    rows: &[PostRowId],
) -> Result<(), StoreError> {
    give(writing, rows, gone.id, whole.id)?;
    whole.matter.join(&gone.matter);
    writing.matters.restore(&gone.matter, whole.id);
    settle(writing, decider.now, whole)?;
    gone.write(writing, None)
}

/// Posts of an incident, the oldest first.
fn members(db: &Connection, id: IncidentId) -> Result<Vec<PostRowId>, StoreError> {
    let mut statement = db.prepare_cached("SELECT row FROM mention WHERE incident = ?1 ORDER BY row")?;
    Ok(statement.query_map([id], |r| r.get(0))?.collect::<Result<_, _>>()?)
}

/// Posts that a merge brought and that are still there.
fn brought(db: &Connection, id: IncidentId, from: IncidentId) -> Result<Vec<PostRowId>, StoreError> {
    let sql = "SELECT r.row FROM regrouped r JOIN mention m ON m.row = r.row AND m.incident = r.incident
               WHERE r.incident = ?1 AND r.from_ = ?2 ORDER BY r.row";
    let mut statement = db.prepare_cached(sql)?;
    Ok(statement.query_map([id, from], |r| r.get(0))?.collect::<Result<_, _>>()?)
}

/// The earliest capture or submission of these posts.
fn first_sight(db: &Connection, rows: &[PostRowId]) -> Result<Option<Timestamp>, StoreError> {
    let sql =
        "SELECT min(min(p.captured, coalesce((SELECT min(s.at) FROM submission s WHERE s.row = p.row), p.captured)))
               FROM post p WHERE p.row IN (SELECT value FROM json_each(?1))";
    Ok(db.prepare_cached(sql)?.query_row([serde_json::to_string(rows)?], |r| r.get(0))?)
}

/// Gives posts of one incident to another, with their addresses and what was counted of them.
fn give(writing: &Writing<'_>, posts: &[PostRowId], from: IncidentId, to: IncidentId) -> Result<(), StoreError> {
    let db = writing.db;
    let rows = serde_json::to_string(posts)?;
    db.prepare_cached("DELETE FROM moved WHERE row IN (SELECT value FROM json_each(?1)) AND out_of = ?2")?
        .execute(params![rows, to])?;
    db.prepare_cached("UPDATE mention SET incident = ?2 WHERE row IN (SELECT value FROM json_each(?1))")?
        .execute(params![rows, to])?;
    let sql = "INSERT INTO link (hash, incident, row)
               SELECT hash, ?2, row FROM link WHERE row IN (SELECT value FROM json_each(?1)) AND incident <> ?2
               ON CONFLICT DO UPDATE SET row = max(row, excluded.row)";
    db.prepare_cached(sql)?.execute(params![rows, to])?;
    let sql = "DELETE FROM link WHERE row IN (SELECT value FROM json_each(?1)) AND incident <> ?2";
    db.prepare_cached(sql)?.execute(params![rows, to])?;
    tally::hand_over(db, writing.media, posts, from, to)
}

/// What holds to these posts does not join the incident that a person took them out of.
fn keep_apart(db: &Connection, rows: &[PostRowId], out_of: IncidentId) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO moved (row, out_of) SELECT value, ?2 FROM json_each(?1)";
    db.prepare_cached(sql)?.execute(params![serde_json::to_string(rows)?, out_of])?;
    Ok(())
}

/// Counts again what the posts of an incident come to, and stores it.
fn settle(writing: &mut Writing<'_>, now: Timestamp, file: &mut CaseFile) -> Result<(), StoreError> {
    let db = writing.db;
    db.prepare_cached("DELETE FROM incident_site WHERE incident = ?1")?.execute([file.id])?;
    let sql = "INSERT INTO incident_site (incident, source)
               SELECT DISTINCT m.incident, p.source FROM mention m JOIN post p ON p.row = m.row WHERE m.incident = ?1";
    file.sites = db.prepare_cached(sql)?.execute([file.id])? as i64;
    let span: (Option<PostRowId>, Option<PostRowId>) = db
        .prepare_cached("SELECT min(row), max(row) FROM mention WHERE incident = ?1")?
        .query_row([file.id], |r| Ok((r.get(0)?, r.get(1)?)))?;
    file.earliest = span.0.map_or(file.earliest, rowid::second);
    file.latest = span.1.map_or(file.latest, rowid::second);
    let mut opinion = Opinion::default();
    let sql = "SELECT p.labels FROM mention m JOIN post p ON p.row = m.row WHERE m.incident = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([file.id])?;
    while let Some(row) = rows.next()? {
        let labels: Option<String> = row.get(0)?;
        let labels: Vec<LabelBy> = labels.map(|l| serde_json::from_str(&l)).transpose()?.unwrap_or_default();
        opinion.add(&LabelBy::ballot(&labels));
    }
    file.hold(writing, &opinion, now)?;
    file.write(writing, None)
}
