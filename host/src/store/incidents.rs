//! Incidents as the writer keeps them: events first, then what they come to.
//!
//! Every change goes through [`command`]: the incident is read, `life::decide` asked,
//! and the events appended to the chain, folded in and written back, all within the
//! caller's transaction. The tables beside `event` only answer queries faster.

use caifeng_plugin_host::contract::{Post, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::error::StoreError;
use super::model::PostRowId;
use super::rowid;
use super::writer::Writing;
use crate::incident::chain::{Checkpoint, Hash, Record};
use crate::incident::event::{Actor, Event, Note};
use crate::incident::group::{self, Candidate, Why};
use crate::incident::life::{self, Assessed, Command, Incident, Suggested};
use crate::incident::opinion::{Opinion, Vote};
use crate::incident::{Category, IncidentId, State};
use crate::text::near::{self, Signature};

/// An address named by more incidents than this identifies none of them.
const SHARED: usize = 5;
/// Characters of a text that stand in for a missing title.
const HEAD: usize = 60;

/// A post that mentions a topic, not yet in any incident.
pub(super) struct Mention<'a> {
    pub(super) row: PostRowId,
    pub(super) source: i64,
    pub(super) captured: Timestamp,
    pub(super) post: &'a Post,
    pub(super) links: &'a [String],
    pub(super) signature: Option<&'a Signature>,
    /// JSON.
    pub(super) topics: Option<String>,
    pub(super) vote: Option<Vote>,
}

/// Lets a mention open or join an incident. Returns which, and whether it was opened.
pub(super) fn place(writing: &mut Writing<'_>, mention: &Mention<'_>) -> Result<(IncidentId, bool), StoreError> {
    let links = mention.links.iter().filter_map(|l| Some((link_hash(l)?, l.as_str()))).collect::<Vec<_>>();
    let candidates = candidates(writing, mention, &links)?;
    let chosen = group::choose(rowid::second(mention.row), &candidates);
    let (row, captured) = (mention.row, mention.captured);
    let actor = Actor::Machine { by: group::ALGORITHM.to_owned() };
    let joined = match &chosen {
        None => None,
        Some((id, _)) => {
            let join = Command::Join { post: row, captured };
            match command(writing, *id, join, &actor, captured) {
                // An incident that takes no more posts is no reason to lose one.
                Err(StoreError::Refused(_)) => None,
                done => done.map(|_| Some(*id))?,
            }
        }
    };
    let id = match joined {
        Some(id) => id,
        None => open(writing, mention, &actor)?,
    };
    let why = chosen.as_ref().filter(|_| joined.is_some()).map(|(_, why)| why);
    remember(writing, mention, id, why, &links)?;
    if mention.vote.is_some() {
        revote(writing, id, None, mention.vote.clone(), captured)?;
    }
    Ok((id, joined.is_none()))
}

fn open(writing: &mut Writing<'_>, mention: &Mention<'_>, actor: &Actor) -> Result<IncidentId, StoreError> {
    let db = writing.db;
    let sql = "INSERT INTO incident (state, opened, latest, posts, sites, algorithm, title)
               VALUES ('new', ?1, ?2, 0, 0, ?3, ?4)";
    let latest = rowid::second(mention.row);
    db.prepare_cached(sql)?.execute(params![mention.captured, latest, group::ALGORITHM, title(mention.post)])?;
    let id = db.last_insert_rowid();
    writing.delta.open += 1;
    writing.delta.new += 1;
    let open = Command::Open { post: mention.row, captured: mention.captured };
    command(writing, id, open, actor, mention.captured)?;
    Ok(id)
}

/// Title, else the first line of the text that says anything, cut.
fn title(post: &Post) -> Option<String> {
    let said = |t: &str| t.lines().map(str::trim).find(|l| !l.is_empty()).map(str::to_owned);
    let line = post.title.as_deref().and_then(said).or_else(|| said(&post.text))?;
    let mut chars = line.chars();
    let mut head: String = chars.by_ref().take(if post.title.is_some() { HEAD * 4 } else { HEAD }).collect();
    if chars.next().is_some() {
        head.push('…');
    }
    Some(head)
}

/// Writes the membership and everything by which later posts find it.
fn remember(
    writing: &mut Writing<'_>,
    mention: &Mention<'_>,
    incident: IncidentId,
    why: Option<&Why>,
    links: &[(i64, &str)],
) -> Result<(), StoreError> {
    let db = writing.db;
    let why = why.map(serde_json::to_string).transpose()?;
    db.prepare_cached("INSERT INTO mention (row, incident, topics, why, signature) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![mention.row, incident, mention.topics, why, mention.signature.map(Signature::as_bytes)])?;
    for (hash, _) in links {
        let sql = "INSERT INTO link (hash, incident, row) VALUES (?1, ?2, ?3)
                   ON CONFLICT DO UPDATE SET row = max(row, excluded.row)";
        db.prepare_cached(sql)?.execute((hash, incident, mention.row))?;
    }
    let sql = "INSERT OR IGNORE INTO incident_site (incident, source) VALUES (?1, ?2)";
    let fresh = db.prepare_cached(sql)?.execute((incident, mention.source))?;
    let sql = "UPDATE incident SET latest = max(latest, ?2), sites = sites + ?3 WHERE id = ?1";
    db.prepare_cached(sql)?.execute((incident, rowid::second(mention.row), fresh as i64))?;
    if let Some(signature) = mention.signature {
        writing.near.insert(signature, mention.row);
    }
    Ok(())
}

/// What is stored and has something in common with the mention.
fn candidates(
    writing: &Writing<'_>,
    mention: &Mention<'_>,
    links: &[(i64, &str)],
) -> Result<Vec<Candidate>, StoreError> {
    let db = writing.db;
    let mut found = Vec::new();
    if let Some(parent) = &mention.post.parent {
        let sql = "SELECT m.incident, p.url, p.row FROM post p JOIN mention m ON m.row = p.row
                   WHERE p.source = ?1 AND p.id = ?2 AND p.row <> ?3";
        let mut statement = db.prepare_cached(sql)?;
        let mut rows = statement.query(params![mention.source, parent, mention.row])?;
        while let Some(r) = rows.next()? {
            found.push(Candidate { parent: true, ..candidate(r.get(0)?, r.get(1)?, r.get(2)?) });
        }
    }
    for (hash, link) in links {
        let sql = "SELECT incident, row FROM link WHERE hash = ?1 LIMIT ?2";
        let mut statement = db.prepare_cached(sql)?;
        let shared = statement
            .query_map((hash, SHARED as i64 + 1), |r| Ok((r.get(0)?, r.get(1)?)))?
            .collect::<Result<Vec<(i64, i64)>, _>>()?;
        if shared.len() <= SHARED {
            found.extend(shared.into_iter().map(|(incident, row)| Candidate {
                link: Some((*link).to_owned()),
                ..candidate(incident, (*link).to_owned(), row)
            }));
        }
    }
    if let Some(signature) = mention.signature {
        similar(writing, signature, mention.row, &mut found)?;
    }
    Ok(found)
}

fn similar(
    writing: &Writing<'_>,
    signature: &Signature,
    own: PostRowId,
    found: &mut Vec<Candidate>,
) -> Result<(), StoreError> {
    let sql = "SELECT m.incident, p.url, m.signature FROM mention m JOIN post p ON p.row = m.row
               WHERE m.row = ?1";
    let mut statement = writing.db.prepare_cached(sql)?;
    for row in writing.near.candidates(signature).into_iter().filter(|row| *row != own) {
        let read = statement.query_row([row], |r| {
            let stored = r.get_ref(2)?.as_blob_or_null()?.and_then(Signature::from_bytes);
            Ok((candidate(r.get(0)?, r.get(1)?, row), stored))
        });
        if let Some((mut candidate, Some(stored))) = read.optional()? {
            candidate.similarity = Some(near::similarity(signature, &stored));
            found.push(candidate);
        }
    }
    Ok(())
}

fn candidate(incident: IncidentId, url: String, row: PostRowId) -> Candidate {
    let at = rowid::second(row);
    Candidate { incident, similarity: None, link: None, parent: false, url, at }
}

/// First 8 bytes of an address's SHA-256; `None` for the root of a site, which says
/// nothing about the matter.
fn link_hash(link: &str) -> Option<i64> {
    let after_scheme = link.split_once("://").map_or(link, |(_, rest)| rest);
    let path = after_scheme.split_once('/').map_or("", |(_, path)| path);
    if path.trim_matches('/').is_empty() {
        return None;
    }
    let digest = Sha256::digest(link);
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    Some(i64::from_be_bytes(first))
}

/// Which incident a post belongs to.
pub(super) fn of_post(db: &Connection, row: PostRowId) -> Result<Option<IncidentId>, StoreError> {
    let sql = "SELECT incident FROM mention WHERE row = ?1";
    Ok(db.prepare_cached(sql)?.query_row([row], |r| r.get(0)).optional()?)
}

/// Counts a post's vote in place of its earlier one, and suggests what comes of it.
pub(super) fn revote(
    writing: &mut Writing<'_>,
    id: IncidentId,
    before: Option<&Vote>,
    after: Option<Vote>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if before == after.as_ref() {
        return Ok(());
    }
    let stored: Option<String> =
        writing.db.prepare_cached("SELECT opinion FROM incident WHERE id = ?1")?.query_row([id], |r| r.get(0))?;
    let mut opinion: Opinion = stored.map(|o| serde_json::from_str(&o)).transpose()?.unwrap_or_default();
    if let Some(vote) = before {
        opinion.remove(vote);
    }
    if let Some(vote) = after {
        opinion.add(vote);
    }
    writing
        .db
        .prepare_cached("UPDATE incident SET opinion = ?2 WHERE id = ?1")?
        .execute((id, serde_json::to_string(&opinion)?))?;
    let suggestion = opinion.suggestion();
    let by = suggestion.as_ref().map_or(group::ALGORITHM, |s| &s.by).to_owned();
    command(writing, id, Command::Suggest(suggestion), &Actor::Machine { by }, now)?;
    Ok(())
}

/// Does `what` to an incident, or refuses.
pub(super) fn command(
    writing: &mut Writing<'_>,
    id: IncidentId,
    what: Command,
    actor: &Actor,
    now: Timestamp,
) -> Result<Vec<Event>, StoreError> {
    let mut incident = read(writing.db, id)?;
    let events = life::decide(&incident, what, actor)?;
    if events.is_empty() {
        return Ok(events);
    }
    let before = incident.state;
    for event in &events {
        append(writing, id, event, actor, now)?;
        life::apply(&mut incident, event, actor);
    }
    writing.delta.open += i64::from(incident.state.is_open()) - i64::from(before.is_open());
    writing.delta.new += i64::from(incident.state == State::New) - i64::from(before == State::New);
    write(writing.db, id, &incident)?;
    Ok(events)
}

/// A person decides; the reason is kept where it can be deleted.
pub(super) fn assess(
    writing: &mut Writing<'_>,
    id: IncidentId,
    decision: (Category, Option<String>),
    reason: &str,
    salt: &[u8; 16],
    actor: &Actor,
    now: Timestamp,
) -> Result<Vec<Event>, StoreError> {
    let db = writing.db;
    db.prepare_cached("INSERT INTO note (salt, text) VALUES (?1, ?2)")?.execute(params![salt, reason])?;
    let note = Note { id: db.last_insert_rowid(), seal: Note::seal(salt, reason) };
    let (category, level) = decision;
    command(writing, id, Command::Assess { category, level, note }, actor, now)
}

fn append(
    writing: &mut Writing<'_>,
    incident: IncidentId,
    event: &Event,
    actor: &Actor,
    at: Timestamp,
) -> Result<(), StoreError> {
    let (actor, body) = (serde_json::to_string(actor)?, serde_json::to_string(event)?);
    let record = Record { seq: writing.head.seq + 1, at, incident, actor: &actor, body: &body };
    let hash = record.hash(&writing.head.hash);
    writing
        .db
        .prepare_cached("INSERT INTO event (seq, at, incident, actor, body, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![record.seq, at, incident, actor, body, hash.0])?;
    *writing.head = Checkpoint { seq: record.seq, hash };
    Ok(())
}

/// The newest record of the chain.
pub(super) fn head(db: &Connection) -> Result<Checkpoint, StoreError> {
    let sql = "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1";
    let found = db.query_row(sql, [], |r| Ok(Checkpoint { seq: r.get(0)?, hash: Hash(r.get(1)?) }));
    Ok(found.optional()?.unwrap_or_default())
}

/// An incident as its events have left it.
pub(super) fn read(db: &Connection, id: IncidentId) -> Result<Incident, StoreError> {
    let sql = "SELECT state, opened, posts, suggested, suggested_by, assessed, assessed_by, level
               FROM incident WHERE id = ?1";
    let found = db.prepare_cached(sql)?.query_row([id], |r| {
        let category = |i| Ok::<_, rusqlite::Error>(r.get_ref(i)?.as_str_or_null()?.and_then(Category::from_name));
        let (suggested, assessed) = (category(3)?, category(5)?);
        let by = |i| Ok::<_, rusqlite::Error>(r.get::<_, Option<String>>(i)?.unwrap_or_default());
        Ok(Incident {
            state: State::from_name(r.get_ref(0)?.as_str()?).unwrap_or(State::New),
            opened: r.get(1)?,
            posts: r.get::<_, i64>(2)?.try_into().unwrap_or(0),
            suggested: suggested
                .map(|category| Ok::<_, rusqlite::Error>(Suggested { category, by: by(4)? }))
                .transpose()?,
            assessed: assessed
                .map(|category| Ok::<_, rusqlite::Error>(Assessed { category, level: r.get(7)?, by: by(6)? }))
                .transpose()?,
        })
    });
    found.optional()?.ok_or_else(|| StoreError::Unknown { what: "incident", id: id.to_string() })
}

fn write(db: &Connection, id: IncidentId, incident: &Incident) -> Result<(), StoreError> {
    let sql = "UPDATE incident SET state = ?2, opened = ?3, posts = ?4, suggested = ?5, suggested_by = ?6,
               assessed = ?7, assessed_by = ?8, level = ?9 WHERE id = ?1";
    let (suggested, assessed) = (incident.suggested.as_ref(), incident.assessed.as_ref());
    db.prepare_cached(sql)?.execute(params![
        id,
        incident.state.as_str(),
        incident.opened,
        i64::try_from(incident.posts).unwrap_or(i64::MAX),
        suggested.map(|s| s.category.as_str()),
        suggested.map(|s| &s.by),
        assessed.map(|a| a.category.as_str()),
        assessed.map(|a| &a.by),
        assessed.and_then(|a| a.level.as_ref()),
    ])?;
    Ok(())
}
