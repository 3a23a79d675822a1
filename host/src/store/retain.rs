//! Deleting what is kept no longer, in steps that each take a moment.
//!
//! A step walks posts in the order of their keys. A key's time is never later than the
//! capture, so that a walk ends where keys are younger than everything that could go.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Store;
use super::callers::{self, Caller};
use super::captures;
use super::error::StoreError;
use super::incidents;
use super::ingest::Content;
use super::model::PostRowId;
use super::near;
use super::rowid;
use super::topics;
use super::writer::Writing;
use crate::evidence::compact::Moved;
use crate::incident::State;
use crate::incident::event::Event;
use crate::permission::NO_INCIDENT;
use crate::user::right::Act;

/// Posts that one step looks at.
const STEP: usize = 1_000;
/// Sweeps that one step deletes.
const SWEEPS: i64 = 1_000;
/// Pages of the search index that one step rewrites.
const MERGE: i64 = 500;
/// How long a deleted post that a site still lists is not heard again, in seconds.
const FORGET: i64 = 400 * 86_400;

/// What was captured before these moments goes.
#[derive(Clone, Copy, Debug)]
pub struct Cutoffs {
    /// The time now.
    pub now: Timestamp,
    /// Posts that mention no topic.
    pub unmatched: Timestamp,
    /// Posts that do and are of no open incident.
    pub matched: Timestamp,
    /// Evidence that is not pinned.
    pub evidence: Timestamp,
    /// Notes about contacts.
    pub contact_notes: Timestamp,
    /// Sweeps.
    pub records: Timestamp,
}

/// What one step found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Posts that mention no topic.
    pub unmatched: u64,
    /// Posts that do.
    pub matched: u64,
    /// Where the next step begins; `None` when this was the last.
    pub next: Option<PostRowId>,
}

/// A post that goes.
struct Doomed {
    row: PostRowId,
    source: i64,
    id: String,
    content: Content,
    incident: Option<i64>,
}

/// The posts of a step that go, and where the next one begins.
fn doomed(db: &Connection, cutoffs: Cutoffs, after: PostRowId) -> Result<(Vec<Doomed>, Option<i64>), StoreError> {
    let youngest = rowid::first(cutoffs.unmatched.max(cutoffs.matched));
    let sql = "SELECT p.row, p.source, p.id, p.content, m.incident, p.captured, i.state
               FROM post p LEFT JOIN mention m ON m.row = p.row LEFT JOIN incident i ON i.id = m.incident
               WHERE p.row > ?1 AND p.row < ?2 ORDER BY p.row LIMIT ?3";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query((after, youngest, STEP as i64))?;
    let (mut found, mut last, mut seen) = (Vec::new(), after, 0);
    while let Some(r) = rows.next()? {
        let state = r.get_ref(6)?.as_str_or_null().map_err(rusqlite::Error::from)?.and_then(State::from_name);
        let (incident, captured): (Option<i64>, i64) = (r.get(4)?, r.get(5)?);
        last = r.get(0)?;
        seen += 1;
        let goes = match incident {
            None => captured < cutoffs.unmatched,
            Some(_) => captured < cutoffs.matched && !state.is_some_and(State::is_open),
        };
        if goes {
            found.push(Doomed { row: last, source: r.get(1)?, id: r.get(2)?, content: r.get(3)?, incident });
        }
    }
    Ok((found, (seen == STEP).then_some(last)))
}

fn step(found: &[Doomed], next: Option<PostRowId>) -> Step {
    let matched = found.iter().filter(|post| post.incident.is_some()).count() as u64;
    Step { unmatched: found.len() as u64 - matched, matched, next }
}

/// What a step would delete.
pub(super) fn expiring(db: &Connection, cutoffs: Cutoffs, after: PostRowId) -> Result<Step, StoreError> {
    let (found, next) = doomed(db, cutoffs, after)?;
    Ok(step(&found, next))
}

/// One step of deletion.
fn expire(writing: &mut Writing<'_>, cutoffs: Cutoffs, after: PostRowId) -> Result<Step, StoreError> {
    let db = writing.db;
    let (found, next) = doomed(db, cutoffs, after)?;
    let done = step(&found, next);
    if found.is_empty() {
        return Ok(done);
    }
    bury(writing, &found, cutoffs.now)?;
    near::expire(db, found[0].row)?;
    topics::expire(db, cutoffs.records)?;
    Ok(done)
}

/// Deletes posts with all that belongs to them.
fn bury(writing: &mut Writing<'_>, found: &[Doomed], now: Timestamp) -> Result<(), StoreError> {
    let db = writing.db;
    let list = |wanted: &dyn Fn(&Doomed) -> Option<i64>| {
        serde_json::to_string(&found.iter().filter_map(wanted).collect::<Vec<_>>())
    };
    let all = list(&|post| Some(post.row))?;
    let mentions = list(&|post| post.incident.map(|_| post.row))?;
    let incidents = list(&|post| post.incident)?;
    // What was said with a submission goes with it; the event that names it keeps its seal.
    let notes = "DELETE FROM note WHERE id IN (SELECT note FROM submission WHERE note IS NOT NULL
                 AND row IN (SELECT value FROM json_each(?1)))";
    db.prepare_cached(notes)?.execute([&all])?;
    // Their versions go with them.
    for table in TABLES {
        db.prepare_cached(&delete(table))?.execute([&all])?;
    }
    db.prepare_cached("DELETE FROM post_text WHERE rowid IN (SELECT value FROM json_each(?1))")?.execute([&all])?;
    db.prepare_cached("INSERT OR IGNORE INTO buried (row) SELECT value FROM json_each(?1)")?.execute([&mentions])?;
    // A title is the words of the post that opened the incident.
    db.prepare_cached(
        "UPDATE incident SET title = NULL WHERE id IN (SELECT value FROM json_each(?1))
         AND NOT EXISTS (SELECT 1 FROM mention m WHERE m.incident = incident.id AND m.why IS NULL)",
    )?
    .execute([&incidents])?;
    // So are those by which it was recognised, if only as hashes.
    db.prepare_cached("UPDATE incident SET matter = NULL WHERE id IN (SELECT value FROM json_each(?1))")?
        .execute([&incidents])?;
    let mut forget = db.prepare_cached("INSERT OR REPLACE INTO forgotten (hash, at) VALUES (?1, ?2)")?;
    for post in found {
        forget.execute((hash(post.source, &post.id, &post.content), now))?;
    }
    db.prepare_cached("DELETE FROM forgotten WHERE at < ?1")?.execute([now - FORGET])?;
    let mentions = found.iter().filter(|post| post.incident.is_some()).count();
    writing.delta.posts -= i64::try_from(found.len()).unwrap_or(i64::MAX);
    writing.delta.mentions -= i64::try_from(mentions).unwrap_or(i64::MAX);
    Ok(())
}

/// What became of posts that a person asked to have deleted, and of the pages on which they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Posts that are gone.
    pub posts: u64,
    /// Captured pages that go with the next retention.
    pub pages: u64,
    /// Captured pages that stay for as long as other posts of incidents rest on them.
    pub shared: u64,
}

/// Deletes posts because the person who said them asks for it: whatever incident they belong to.
fn erase(
    writing: &mut Writing<'_>,
    caller: &Caller,
    (rows, reason, salt): (&[PostRowId], &str, &[u8; 16]),
    now: Timestamp,
) -> Result<Erased, StoreError> {
    let actor = callers::person(writing, caller, now)?.doing(Act::AnswerPerson)?;
    if reason.trim().is_empty() {
        return Err(StoreError::Wordless);
    }
    let sql = "SELECT p.source, p.id, p.content, m.incident FROM post p LEFT JOIN mention m ON m.row = p.row WHERE p.row = ?1";
    let mut found = Vec::new();
    for &row in rows {
        let doomed = writing.db.prepare_cached(sql)?.query_row([row], |r| {
            Ok(Doomed { row, source: r.get(0)?, id: r.get(1)?, content: r.get(2)?, incident: r.get(3)? })
        });
        let unknown = || StoreError::Unknown { what: "post", id: row.to_string() };
        found.push(doomed.optional()?.ok_or_else(unknown)?);
    }
    for post in &found {
        let note = incidents::note(writing.db, salt, reason.trim())?;
        let incident = post.incident.unwrap_or(NO_INCIDENT);
        incidents::append(writing, incident, &Event::Erased { post: post.row, note }, &actor, now)?;
    }
    let pages = pages(writing.db, rows)?;
    bury(writing, &found, now)?;
    let gone = condemn(writing.db, &pages)?;
    Ok(Erased { posts: found.len() as u64, pages: gone, shared: pages.len() as u64 - gone })
}

/// Every capture of the addresses at which posts were seen: a list shows a post at each sweep, and only the first of
/// these captures is known to be where it came from.
fn pages(db: &Connection, rows: &[PostRowId]) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT c.id FROM capture c WHERE c.url IN (
                   SELECT p.url FROM post p WHERE p.row IN (SELECT value FROM json_each(?1))
                   UNION SELECT o.url FROM post_capture pc JOIN capture o ON o.id = pc.capture
                         WHERE pc.row IN (SELECT value FROM json_each(?1))
                   UNION SELECT o.url FROM look l JOIN capture o ON o.id = l.capture
                         WHERE l.row IN (SELECT value FROM json_each(?1)))";
    let rows = serde_json::to_string(rows)?;
    Ok(db.prepare(sql)?.query_map([rows], |r| r.get(0))?.collect::<Result<_, _>>()?)
}

/// Lets captures go with the next retention, but for those that other posts rest on; returns how many.
fn condemn(db: &Connection, pages: &[i64]) -> Result<u64, StoreError> {
    let sql = format!(
        "UPDATE capture AS c SET erased = 1 WHERE c.id IN (SELECT value FROM json_each(?1)) AND NOT {}",
        captures::PINNED
    );
    Ok(db.prepare(&sql)?.execute([serde_json::to_string(pages)?])? as u64)
}

/// What belongs to a post, which goes last.
const TABLES: [&str; 12] = [
    "topic_post",
    "topic_over",
    "link",
    "near_young",
    "moved",
    "mention",
    "post_capture",
    "reading",
    "look",
    "revisit",
    "question",
    "post",
];

fn delete(table: &str) -> String {
    format!("DELETE FROM {table} WHERE row IN (SELECT value FROM json_each(?1))")
}

/// What a deleted post is known by: half a SHA-256 would say no more.
fn hash(source: i64, id: &str, content: &Content) -> i64 {
    let sha = Sha256::new().chain_update(source.to_be_bytes()).chain_update(content).chain_update(id).finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&sha[..8]);
    i64::from_be_bytes(first)
}

/// Whether this very post was deleted because its time was over: a site may list it for years.
pub(super) fn forgotten(db: &Connection, source: i64, id: &str, content: &Content) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM forgotten WHERE hash = ?1";
    Ok(db.prepare_cached(sql)?.exists([hash(source, id, content)])?)
}

/// Rewrites some of the search index, so that words of deleted posts leave it; false when there is no more to do.
fn merge_search(db: &Connection, first: bool) -> Result<bool, StoreError> {
    let before = db.total_changes();
    let pages = if first { -MERGE } else { MERGE };
    db.prepare_cached("INSERT INTO post_text (post_text, rank) VALUES ('merge', ?1)")?.execute([pages])?;
    // SQLite's documentation of FTS5, 6.7: fewer than two changes say that nothing was merged.
    Ok(db.total_changes() - before >= 2)
}

/// The last sweep that is old, of those that were sweeps of the web; all before it are older.
pub(super) fn last_old_sweep(db: &Connection, cutoffs: Cutoffs) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT max(s.id) FROM sweep s JOIN watch w ON w.id = s.watch
               WHERE s.started < ?1 AND json_extract(w.body, '$.recorded') IS NOT 1";
    Ok(db.prepare(sql)?.query_row([cutoffs.records], |r| r.get(0))?)
}

const OLD_SWEEPS: &str = "FROM sweep WHERE id <= ?1 AND id NOT IN (SELECT last FROM watch
                          WHERE last IS NOT NULL AND json_extract(body, '$.recorded') IS NOT 1)";

pub(super) fn old_sweeps(db: &Connection, last: i64) -> Result<u64, StoreError> {
    let n: i64 = db.prepare(&format!("SELECT count(*) {OLD_SWEEPS}"))?.query_row([last], |r| r.get(0))?;
    Ok(n.unsigned_abs())
}

fn expire_sweeps(db: &Connection, last: i64) -> Result<u64, StoreError> {
    let sql = format!("DELETE FROM sweep WHERE id IN (SELECT id {OLD_SWEEPS} ORDER BY id LIMIT {SWEEPS})");
    let gone = db.prepare_cached(&sql)?.execute([last])? as u64;
    expire_stand_ins(db)?;
    Ok(gone)
}

/// Deletes what stood for a recording or a page that was handed in, once all its sweeps are gone.
fn expire_stand_ins(db: &Connection) -> Result<(), StoreError> {
    // One without an ended sweep is about to be swept.
    let sql = "DELETE FROM watch WHERE json_extract(body, '$.recorded') IS 1 AND last IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM sweep WHERE sweep.watch = watch.id)
               AND NOT EXISTS (SELECT 1 FROM gap WHERE gap.watch = watch.id)";
    db.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// Puts a rewritten file in the place of another, or nothing; false when meanwhile something in it was pinned that
/// the new one does not have.
fn replace_file(db: &Connection, old: i64, moved: Option<&Moved>) -> Result<bool, StoreError> {
    let kept =
        serde_json::to_string(&moved.map(|m| m.places.iter().map(|p| p.0).collect::<Vec<_>>()).unwrap_or_default())?;
    let sql = format!(
        "SELECT 1 FROM capture c WHERE c.file = ?1 AND c.id NOT IN (SELECT value FROM json_each(?2)) AND {} LIMIT 1",
        captures::PINNED
    );
    if db.prepare_cached(&sql)?.query_row((old, &kept), |_| Ok(())).optional()?.is_some() {
        return Ok(false);
    }
    if let Some(moved) = moved {
        let file = captures::file(db, &moved.path, moved.newest)?;
        let mut place = db.prepare_cached("UPDATE capture SET file = ?2, start = ?3 WHERE id = ?1")?;
        for (capture, start) in &moved.places {
            place.execute(params![capture, file, *start as i64])?;
        }
    }
    db.prepare_cached("DELETE FROM post_capture WHERE capture IN (SELECT id FROM capture WHERE file = ?1)")?
        .execute([old])?;
    // A number may be given again.
    db.prepare_cached("UPDATE look SET capture = NULL WHERE capture IN (SELECT id FROM capture WHERE file = ?1)")?
        .execute([old])?;
    db.prepare_cached("DELETE FROM capture WHERE file = ?1")?.execute([old])?;
    db.prepare_cached("DELETE FROM evidence_file WHERE id = ?1")?.execute([old])?;
    Ok(true)
}

impl Store {
    /// Deletes posts whose time is over, a step at a time, from the post after `after` on.
    ///
    /// # Errors
    /// Nothing of the step is deleted.
    pub fn expire_posts(&self, cutoffs: Cutoffs, after: PostRowId) -> Result<Step, StoreError> {
        self.run(move |w| expire(w, cutoffs, after))
    }

    /// Deletes posts with all that is kept of them, for a person who asks; each is an event with the reason. The pages on
    /// which they were captured go with the next [`Keeper::run`](crate::retention::Keeper::run).
    ///
    /// # Errors
    /// The caller may not, a post is not there, or there is no reason; nothing is deleted.
    pub fn erase_posts(
        &self,
        caller: &Caller,
        rows: Vec<PostRowId>,
        reason: &str,
        now: Timestamp,
    ) -> Result<Erased, StoreError> {
        let (caller, reason, salt) = (caller.clone(), reason.to_owned(), super::salt()?);
        self.run(move |w| erase(w, &caller, (&rows, &reason, &salt), now))
    }

    /// Lets words of deleted posts leave the search index, some of them at a time; false when there are none left.
    ///
    /// # Errors
    /// Nothing of the step is done.
    pub fn merge_search(&self, first: bool) -> Result<bool, StoreError> {
        self.run(move |w| merge_search(w.db, first))
    }

    /// Deletes sweeps up to `last`, some at a time; 0 when none is left.
    ///
    /// # Errors
    /// Nothing of the step is deleted.
    pub fn expire_sweeps(&self, last: i64) -> Result<u64, StoreError> {
        self.run(move |w| expire_sweeps(w.db, last))
    }

    /// Says that pinned captures of a file of evidence lie in another one now, and that the rest of it is gone; false,
    /// and nothing is changed, when something was pinned since it was written.
    ///
    /// # Errors
    /// Nothing is changed.
    pub fn replace_file(&self, old: i64, moved: Option<Moved>) -> Result<bool, StoreError> {
        self.run(move |w| replace_file(w.db, old, moved.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step must cost what its posts cost, however much is stored.
    #[test]
    fn no_table_is_read_through_to_delete_from_it() {
        let dir = tempfile::tempdir().unwrap();
        let db = super::super::schema::open_writer(&dir.path().join("a.db")).unwrap();
        for table in TABLES {
            let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {}", delete(table))).unwrap();
            let steps = plan.query_map(["[1]"], |r| r.get::<_, String>(3)).unwrap();
            let steps: Vec<_> = steps.map(Result::unwrap).collect();
            assert!(!steps.iter().any(|step| step == &format!("SCAN {table}")), "{table}: {steps:?}");
            assert!(steps.iter().any(|step| step.starts_with(&format!("SEARCH {table}"))), "{table}: {steps:?}");
        }
    }
}
