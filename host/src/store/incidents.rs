//! Incidents as the writer keeps them: events first, then what they come to.
//!
//! Every change goes through a [`CaseFile`], within the caller's transaction. The tables beside `event` only answer
//! queries faster.

use caifeng_plugin_host::contract::{Kind, Post, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::casefile::{CaseFile, unknown};
use super::error::StoreError;
use super::model::PostRowId;
use super::read::veil;
use super::rowid;
use super::writer::Writing;
use crate::incident::IncidentId;
use crate::incident::ballot::Ballot;
use crate::incident::chain::{Checkpoint, Hash, Record};
use crate::incident::event::{Actor, Note, Recorded};
use crate::incident::group::{self, Candidate, Why};
use crate::incident::life::Command;
use crate::incident::matter::Matter;
use crate::text::near::Signatures;
use crate::text::telling::Telling;
use crate::warning::{self, Alert};

/// An address named by more incidents than this identifies none of them.
const SHARED: usize = 5;
/// Characters of a text that stand in for a missing title.
const HEAD: usize = 60;

/// A post that mentions a topic, not yet in any incident.
pub(super) struct Mention<'a> {
    pub(super) row: PostRowId,
    pub(super) source: i64,
    pub(super) captured: Timestamp,
    /// Who handed it in; `None` for what was heard.
    pub(super) by: Option<&'a Actor>,
    pub(super) post: &'a Post,
    pub(super) links: &'a [String],
    pub(super) signature: Option<&'a Signatures>,
    pub(super) telling: &'a Telling,
    /// JSON.
    pub(super) topics: Option<String>,
    pub(super) ballot: Ballot,
}

/// Lets a mention open or join an incident. Returns which, and whether it was opened.
pub(super) fn place(writing: &mut Writing<'_>, mention: &Mention<'_>) -> Result<(IncidentId, bool), StoreError> {
    let links: Vec<(i64, &str)> = (mention.links.iter()).filter_map(|l| Some((link_hash(l)?, l.as_str()))).collect();
    let candidates = candidates(writing, mention, &links)?;
    let chosen = group::choose(rowid::second(mention.row), &candidates);
    let (post, captured) = (mention.row, mention.captured);
    let actor = Actor::Machine { by: group::ALGORITHM.to_owned() };
    let joined = match chosen {
        None => None,
        Some((id, why)) => {
            let mut file = CaseFile::read_where_its_posts_are(writing.db, id)?;
            let said = rowid::second(mention.row);
            match file.act(writing, Command::Join { post, captured, said }, &actor, None, captured) {
                // An incident that takes no more posts is no reason to lose one.
                Err(StoreError::Refused(_)) => None,
                done => done.map(|_| Some((file, why)))?,
            }
        }
    };
    let opened = joined.is_none();
    let (mut file, why) = match joined {
        Some((file, why)) => (file, Some(why)),
        None => {
            let mut file = CaseFile::new(writing.db)?;
            file.act(writing, Command::Open { post, captured }, mention.by.unwrap_or(&actor), None, captured)?;
            (file, mention.by.map(|_| Why::Submitted))
        }
    };
    file.earliest = file.earliest.min(rowid::second(mention.row));
    file.latest = file.latest.max(rowid::second(mention.row));
    let sql = "INSERT OR IGNORE INTO incident_site (incident, source) VALUES (?1, ?2)";
    file.sites += writing.db.prepare_cached(sql)?.execute((file.id, mention.source))? as i64;
    file.vote(writing, &Ballot::default(), &mention.ballot, captured)?;
    file.matter.add(mention.telling);
    file.write(writing, opened.then(|| title(mention.post)).flatten())?;
    remember(writing, mention, file.id, why.as_ref(), &links)?;
    Ok((file.id, opened))
}

/// Title, else the first line of the text that says anything, cut.
fn title(post: &Post) -> Option<String> {
    let said = |t: &str| t.lines().map(str::trim).find(|l| !l.is_empty()).map(str::to_owned);
    let line = post.title.as_deref().and_then(said).or_else(|| said(&post.text))?;
    let mut chars = line.chars();
    let mut head: String = chars.by_ref().take(if post.title.is_some() { HEAD * 4 } else { HEAD }).collect();
    head.truncate(head.trim_end_matches(['，', '、', '；', '：', ',', ';', ':', ' ']).len());
    if chars.next().is_some() {
        head.push('…');
    }
    Some(head)
}

/// What an incident is called that begins with a stored post.
pub(super) fn title_of(db: &Connection, row: PostRowId) -> Result<Option<String>, StoreError> {
    let sql = "SELECT title, text FROM post WHERE row = ?1";
    let said = db.prepare_cached(sql)?.query_row([row], |r| Ok((r.get(0)?, r.get::<_, String>(1)?))).optional()?;
    Ok(said.and_then(|(title, text)| self::title(&Post { title, text, ..Post::new(Kind::Post, "", "") })))
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
    let why_kind = why;
    let why = why.map(serde_json::to_string).transpose()?;
    db.prepare_cached("INSERT INTO mention (row, incident, topics, why, signature) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![mention.row, incident, mention.topics, why, mention.signature.map(Signatures::to_bytes)])?;
    for (hash, _) in links {
        let sql = "INSERT INTO link (hash, incident, row) VALUES (?1, ?2, ?3)
                   ON CONFLICT DO UPDATE SET row = max(row, excluded.row)";
        db.prepare_cached(sql)?.execute((hash, incident, mention.row))?;
    }
    if let Some(signature) = mention.signature {
        writing.near.insert(db, signature, mention.row)?;
    }
    // Posts that other rules joined tell of it in words of their own.
    if !matches!(why_kind, Some(Why::Near { .. })) {
        writing.matters.insert(mention.telling, incident);
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
        let sql = format!("{CANDIDATE} WHERE p.source = ?1 AND p.id = ?2 AND p.row <> ?3");
        let mut statement = db.prepare_cached(&sql)?;
        let mut rows = statement.query(params![mention.source, parent, mention.row])?;
        while let Some(r) = rows.next()? {
            found.push(Candidate { parent: true, ..candidate(r)? });
        }
    }
    for (hash, link) in links {
        // A limit that is bound would be compiled anew at every call.
        let sql = format!("SELECT incident, row FROM link WHERE hash = ?1 LIMIT {SHARED} + 1");
        let mut statement = db.prepare_cached(&sql)?;
        let shared =
            statement.query_map([hash], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<Vec<(i64, i64)>, _>>()?;
        if shared.len() <= SHARED {
            found.extend(shared.into_iter().map(|(incident, row)| Candidate {
                link: Some((*link).to_owned()),
                ..Candidate::new(incident, (*link).to_owned(), rowid::second(row))
            }));
        }
    }
    if let Some(signature) = mention.signature {
        similar(writing, signature, mention.row, &mut found)?;
    }
    alike(writing, mention.telling, rowid::second(mention.row), &mut found)?;
    Ok(found)
}

/// Incidents that tell of the same matter, grouped by the rules of today: words of older ones were weighed otherwise.
fn alike(
    writing: &Writing<'_>,
    telling: &Telling,
    at: Timestamp,
    found: &mut Vec<Candidate>,
) -> Result<(), StoreError> {
    // The moment at which it was talked of that is nearest to the post.
    let sql =
        "SELECT max(coalesce(earliest, latest), min(latest, ?3)), matter FROM incident WHERE id = ?1 AND algorithm = ?2
               AND state <> 'merged'";
    let mut statement = writing.db.prepare_cached(sql)?;
    for incident in writing.matters.candidates(telling) {
        let read = statement.query_row((incident, group::ALGORITHM, at), |r| {
            let matter = r.get_ref(1)?.as_blob_or_null()?.map(Matter::from_bytes).unwrap_or_default();
            let words = Some(matter.likeness(telling));
            Ok(Candidate { words, ..Candidate::new(incident, String::new(), r.get(0)?) })
        });
        found.extend(read.optional()?);
    }
    Ok(())
}

/// Posts that say the same, quote the mention or are quoted by it.
fn similar(
    writing: &Writing<'_>,
    signed: &Signatures,
    own: PostRowId,
    found: &mut Vec<Candidate>,
) -> Result<(), StoreError> {
    let mut statement = writing.db.prepare_cached(&format!("{CANDIDATE} WHERE m.row = ?1"))?;
    let mut rows = Vec::new();
    for signature in signed.each() {
        rows.extend(writing.near.candidates(writing.db, signature)?);
    }
    rows.sort_unstable();
    rows.dedup();
    for row in rows.into_iter().filter(|row| *row != own) {
        let read = statement.query_row([row], |r| {
            let stored = r.get_ref(4)?.as_blob_or_null()?.and_then(Signatures::from_bytes);
            Ok((candidate(r)?, stored))
        });
        if let Some((candidate, Some(stored))) = read.optional()? {
            let (similarity, quotation) = (Some(signed.similarity(&stored)), signed.quotation(&stored));
            found.push(Candidate { similarity, quotation, ..candidate });
        }
    }
    Ok(())
}

/// What [`candidate`] reads, and the signatures. People move few posts, and an aggregate of nothing costs as much as
/// one of something.
const CANDIDATE: &str = "SELECT m.incident, p.url, m.row,
    CASE WHEN EXISTS (SELECT 1 FROM moved WHERE moved.row = m.row)
         THEN (SELECT json_group_array(out_of) FROM moved WHERE moved.row = m.row) ELSE '[]' END, m.signature
    FROM post p JOIN mention m ON m.row = p.row";

fn candidate(r: &rusqlite::Row<'_>) -> rusqlite::Result<Candidate> {
    let moved_out_of = serde_json::from_str(r.get_ref(3)?.as_str()?).unwrap_or_default();
    Ok(Candidate { moved_out_of, ..Candidate::new(r.get(0)?, r.get(1)?, rowid::second(r.get(2)?)) })
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

/// A changed post has another say in its incident.
pub(super) fn revote(
    writing: &mut Writing<'_>,
    id: IncidentId,
    before: &Ballot,
    after: &Ballot,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut file = CaseFile::read(writing.db, id)?;
    file.vote(writing, before, after, now)?;
    file.write(writing, None)
}

/// A person has handed in a post that belongs to an incident.
pub(super) fn submitted(
    writing: &mut Writing<'_>,
    id: IncidentId,
    post: PostRowId,
    note: Option<Note>,
    actor: &Actor,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut file = CaseFile::read(writing.db, id)?;
    file.act(writing, Command::Submit { post, at, note }, actor, None, at)?;
    file.write(writing, None)
}

/// A rule of early warning has something to tell of an incident.
pub(super) fn warned(writing: &mut Writing<'_>, id: IncidentId, alert: Alert, at: Timestamp) -> Result<(), StoreError> {
    let actor = Actor::Machine { by: warning::RULES.to_owned() };
    CaseFile::read(writing.db, id)?.act(writing, Command::Warn(alert), &actor, None, at)?;
    Ok(())
}

/// Keeps what a person wrote, where it can be deleted.
pub(super) fn note(db: &Connection, salt: &[u8; 16], text: &str) -> Result<Note, StoreError> {
    db.prepare_cached("INSERT INTO note (salt, text) VALUES (?1, ?2)")?.execute(params![salt, text])?;
    Ok(Note { id: db.last_insert_rowid(), seal: Note::seal(salt, text) })
}

/// Appends an entry to the chain; one of an incident, or one that belongs to none.
/// Nobody does anything to an incident that they do not see: for them there is none.
pub(super) fn append(
    writing: &mut Writing<'_>,
    incident: IncidentId,
    event: &impl serde::Serialize,
    actor: &Actor,
    at: Timestamp,
) -> Result<(), StoreError> {
    if let Actor::Person { user, .. } = actor
        && !veil::sees(writing.db, user, incident)?
    {
        return Err(unknown(incident));
    }
    chain(writing, incident, event, actor, at)
}

/// Appends an entry, whoever sees it.
pub(super) fn chain(
    writing: &mut Writing<'_>,
    incident: IncidentId,
    event: &impl serde::Serialize,
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

/// All that has happened to an incident, in order.
pub(super) fn history(db: &Connection, id: IncidentId) -> Result<Vec<Recorded>, StoreError> {
    let sql = "SELECT seq, at, actor, body FROM event WHERE incident = ?1 ORDER BY seq";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([id])?;
    let mut history = Vec::new();
    while let Some(r) = rows.next()? {
        let (actor, body): (String, String) = (r.get(2)?, r.get(3)?);
        history.push(Recorded {
            seq: r.get(0)?,
            at: r.get(1)?,
            incident: id,
            by: serde_json::from_str(&actor)?,
            event: serde_json::from_str(&body)?,
        });
    }
    Ok(history)
}

/// The newest record of the chain.
pub(super) fn head(db: &Connection) -> Result<Checkpoint, StoreError> {
    let sql = "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1";
    let found = db.query_row(sql, [], |r| Ok(Checkpoint { seq: r.get(0)?, hash: Hash(r.get(1)?) }));
    Ok(found.optional()?.unwrap_or_default())
}
