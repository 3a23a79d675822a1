//! Evidence and what became of posts, asked for.

use std::collections::HashSet;

use caifeng_plugin_host::contract::{Reactions, Timestamp};
use rusqlite::{Connection, Row};

use super::Reader;
use crate::evidence::compact::{OldFile, Pinned};
use crate::evidence::vault::Capture;
use crate::incident::{IncidentId, State};
use crate::revisit::{QUIET, Standing, YOUNG};
use crate::store::error::StoreError;
use crate::store::model::PostRowId;
use crate::store::retain::{self, Cutoffs, Step};
use crate::store::{captures, ingest, visits};
use crate::watch::Watch;

/// A post's counts at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// When they were seen.
    pub at: Timestamp,
    /// The counts.
    pub counts: Reactions,
}

/// What a post said, in one of its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// From 1.
    pub version: u32,
    /// When it was first seen so.
    pub captured: Timestamp,
    /// Headline.
    pub title: Option<String>,
    /// Text.
    pub text: String,
}

/// One look at a post, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// When.
    pub at: Timestamp,
    /// `there`, `gone` or `unclear`.
    pub found: String,
    /// What the site said.
    pub detail: Option<String>,
}

/// What became of a post after it was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// Counts over time, oldest first.
    pub readings: Vec<Reading>,
    /// Versions, oldest first; empty for a post that was never changed.
    pub versions: Vec<Version>,
    /// Looks, oldest first.
    pub looks: Vec<Looked>,
    /// Between which two moments it was deleted.
    pub deleted: Option<(Timestamp, Timestamp)>,
}

/// A post that is due for a visit.
#[derive(Clone, Debug)]
pub struct Due {
    /// The post.
    pub row: PostRowId,
    /// Its address.
    pub url: String,
    /// The site's own identifier.
    pub id: String,
    /// Plugin that read it.
    pub plugin: String,
    /// Site key.
    pub site: String,
    /// The watch that heard it, if it is still known.
    pub watch: Option<Watch>,
}

/// A capture, and the version of a post that came from it or the look that it proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Number of the capture.
    pub capture_id: i64,
    /// Where it lies.
    pub capture: Capture,
    /// When it was captured, on the clock that posts are shown by.
    pub at: Timestamp,
    /// The sweep.
    pub sweep: Option<i64>,
    /// Its watch.
    pub watch: Option<String>,
    /// The post.
    pub row: PostRowId,
    /// Its version; for a look the one that it has now.
    pub version: u32,
    /// `there` or `gone`, when it is no version that came from it but what a look at the post found.
    pub look: Option<String>,
}

const CAPTURE: &str = "c.url, c.date, c.status, c.digest, f.path, c.start, c.length";

fn capture(row: &Row<'_>, n: usize) -> rusqlite::Result<Capture> {
    Ok(Capture {
        url: row.get(n)?,
        date: row.get(n + 1)?,
        status: row.get(n + 2)?,
        digest: row.get(n + 3)?,
        file: row.get(n + 4)?,
        offset: row.get::<_, i64>(n + 5)?.unsigned_abs(),
        length: row.get::<_, i64>(n + 6)?.unsigned_abs(),
    })
}

impl Reader {
    /// What became of a post.
    ///
    /// # Errors
    /// The file cannot be read; so for every question here.
    pub fn life(&self, row: PostRowId) -> Result<Life, StoreError> {
        self.with(|db| {
            let readings = db
                .prepare_cached("SELECT at, views, likes, replies, shares FROM reading WHERE row = ?1 ORDER BY at")?
                .query_map([row], |r| Ok(Reading { at: r.get(0)?, counts: ingest::reactions(r, 1)? }))?
                .collect::<Result<_, _>>()?;
            let looks = db
                .prepare_cached("SELECT at, found, detail FROM look WHERE row = ?1 ORDER BY at")?
                .query_map([row], |r| Ok(Looked { at: r.get(0)?, found: r.get(1)?, detail: r.get(2)? }))?
                .collect::<Result<_, _>>()?;
            let standing: Option<Standing> = db
                .prepare_cached("SELECT looks, there, gone, sure FROM revisit WHERE row = ?1")?
                .query_map([row], visits::standing)?
                .next()
                .transpose()?;
            Ok(Life { readings, looks, versions: versions(db, row)?, deleted: standing.and_then(|s| s.deleted()) })
        })
    }

    /// How many posts of an incident were deleted by whoever put them there.
    ///
    /// # Errors
    /// As above.
    pub fn deleted_posts(&self, incident: IncidentId) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM mention m JOIN revisit r ON r.row = m.row
                   WHERE m.incident = ?1 AND r.sure IS NOT NULL";
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row([incident], |r| r.get::<_, i64>(0))?.unsigned_abs()))
    }

    /// Posts of open incidents that should be visited by `now`: first those that were seldom looked at, because a
    /// backlog of daily looks must not keep a new incident waiting; of these the longest overdue. None of an
    /// incident that has been quiet for [`QUIET`].
    ///
    /// # Errors
    /// As above.
    pub fn due_visits(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        let open: Vec<_> = State::ALL.iter().filter(|s| s.is_open()).map(|s| format!("'{}'", s.as_str())).collect();
        let sql = format!(
            "WITH lively AS MATERIALIZED (
                 SELECT i.id FROM incident i WHERE i.state IN ({}) AND (i.latest >= ?3
                 OR EXISTS (SELECT 1 FROM mention m JOIN post p ON p.row = m.row
                            WHERE m.incident = i.id AND p.captured >= ?3)
                 OR EXISTS (SELECT 1 FROM mention m JOIN reading a ON a.row = m.row
                            WHERE m.incident = i.id AND a.at >= ?3 AND NOT EXISTS (
                                SELECT 1 FROM reading b WHERE b.row = a.row
                                AND b.at = (SELECT max(at) FROM reading WHERE row = a.row AND at < a.at)
                                AND (b.views, b.likes, b.replies, b.shares)
                                    IS (a.views, a.likes, a.replies, a.shares)))))
             SELECT r.row, p.url, p.id, s.plugin, s.site, w.body FROM revisit r
             JOIN mention m ON m.row = r.row
             JOIN post p ON p.row = r.row JOIN source s ON s.id = p.source
             LEFT JOIN sweep sw ON sw.id = p.sweep LEFT JOIN watch w ON w.id = sw.watch
             WHERE r.due <= ?1 AND m.incident IN (SELECT id FROM lively)
             ORDER BY r.looks >= {YOUNG}, r.due LIMIT ?2",
            open.join(", ")
        );
        self.with(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let mut rows = statement.query((now, limit as i64, now.saturating_sub(QUIET)))?;
            let mut due = Vec::new();
            while let Some(r) = rows.next()? {
                let body = r.get_ref(5)?.as_str_or_null().map_err(rusqlite::Error::from)?;
                due.push(Due {
                    row: r.get(0)?,
                    url: r.get(1)?,
                    id: r.get(2)?,
                    plugin: r.get(3)?,
                    site: r.get(4)?,
                    watch: body.map(serde_json::from_str).transpose()?,
                });
            }
            Ok(due)
        })
    }

    /// Every capture that a version of a post of this incident came from, or a look at one, oldest first.
    ///
    /// # Errors
    /// As above.
    pub fn proofs(&self, incident: IncidentId) -> Result<Vec<Proof>, StoreError> {
        let sql = format!(
            "SELECT c.id, c.at, c.sweep, c.watch, pc.row, pc.version, {CAPTURE}, NULL
             FROM mention m JOIN post_capture pc ON pc.row = m.row
             JOIN capture c ON c.id = pc.capture JOIN evidence_file f ON f.id = c.file
             WHERE m.incident = ?1
             UNION ALL
             SELECT c.id, c.at, c.sweep, c.watch, l.row, p.version, {CAPTURE}, l.found
             FROM mention m JOIN look l ON l.row = m.row JOIN post p ON p.row = l.row
             JOIN capture c ON c.id = l.capture JOIN evidence_file f ON f.id = c.file
             WHERE m.incident = ?1 ORDER BY 2, 1, 5, 6, 14"
        );
        self.with(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map([incident], |r| {
                Ok(Proof {
                    capture_id: r.get(0)?,
                    at: r.get(1)?,
                    sweep: r.get(2)?,
                    watch: r.get(3)?,
                    row: r.get(4)?,
                    version: r.get(5)?,
                    capture: capture(r, 6)?,
                    look: r.get(13)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The events of an incident as they are chained: each a line of JSON with its hash.
    ///
    /// # Errors
    /// As above.
    pub fn chained(&self, incident: IncidentId) -> Result<Vec<serde_json::Value>, StoreError> {
        let sql = "SELECT seq, at, actor, body, hash FROM event WHERE incident = ?1 ORDER BY seq";
        self.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query([incident])?;
            let mut events = Vec::new();
            while let Some(r) = rows.next()? {
                let (seq, at, actor, body): (i64, i64, String, String) = (r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?);
                // As text, byte for byte what was hashed.
                let hash = crate::hex::hex(&r.get::<_, Vec<u8>>(4)?);
                events.push(serde_json::json!({
                    "seq": seq, "at": at, "incident": incident, "actor": actor, "body": body, "hash": hash,
                }));
            }
            Ok(events)
        })
    }

    /// What a step of retention would delete.
    ///
    /// # Errors
    /// As above.
    pub fn expiring_posts(&self, cutoffs: Cutoffs, after: PostRowId) -> Result<Step, StoreError> {
        self.with(|db| retain::expiring(db, cutoffs, after))
    }

    /// The last sweep whose time is over.
    ///
    /// # Errors
    /// As above.
    pub fn last_old_sweep(&self, cutoffs: Cutoffs) -> Result<Option<i64>, StoreError> {
        self.with(|db| retain::last_old_sweep(db, cutoffs))
    }

    /// How many sweeps go with it.
    ///
    /// # Errors
    /// As above.
    pub fn old_sweeps(&self, last: i64) -> Result<u64, StoreError> {
        self.with(|db| retain::old_sweeps(db, last))
    }

    /// Files of evidence whose time is over, with what is pinned in them; and younger ones that hold pages of which a
    /// person has asked that they be deleted, with everything else in them.
    ///
    /// # Errors
    /// As above.
    pub fn old_files(&self, cutoffs: Cutoffs) -> Result<Vec<OldFile>, StoreError> {
        let sql = "SELECT id, path, newest FROM evidence_file
                   WHERE newest < ?1 OR id IN (SELECT file FROM capture WHERE erased <> 0) ORDER BY path";
        self.with(|db| {
            let mut files = db
                .prepare_cached(sql)?
                .query_map([cutoffs.evidence], |r| {
                    let newest = r.get(2)?;
                    let young = newest >= cutoffs.evidence;
                    Ok(OldFile { id: r.get(0)?, path: r.get(1)?, newest, young, pinned: Vec::new(), loose: 0 })
                })?
                .collect::<Result<Vec<_>, _>>()?;
            for file in &mut files {
                contents(db, file)?;
            }
            Ok(files)
        })
    }

    /// Every file of evidence that captures lie in.
    ///
    /// # Errors
    /// As above.
    pub fn known_files(&self) -> Result<HashSet<String>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare_cached("SELECT path FROM evidence_file")?;
            let paths = statement.query_map([], |r| r.get(0))?;
            Ok(paths.collect::<Result<_, _>>()?)
        })
    }

    /// Up to which byte captures of a file are known.
    ///
    /// # Errors
    /// As above.
    pub fn known_until(&self, path: &str) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(max(c.start + c.length), 0) FROM capture c JOIN evidence_file f ON f.id = c.file
                   WHERE f.path = ?1";
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row([path], |r| r.get::<_, i64>(0))?.unsigned_abs()))
    }
}

fn contents(db: &Connection, file: &mut OldFile) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT c.id, (?2 AND c.erased = 0) OR {}, {CAPTURE}
         FROM capture c JOIN evidence_file f ON f.id = c.file WHERE c.file = ?1 ORDER BY c.start",
        captures::PINNED
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query((file.id, file.young))?;
    while let Some(r) = rows.next()? {
        if r.get(1)? {
            file.pinned.push(Pinned { id: r.get(0)?, capture: capture(r, 2)? });
        } else {
            file.loose += 1;
        }
    }
    Ok(())
}

fn versions(db: &Connection, row: PostRowId) -> Result<Vec<Version>, StoreError> {
    let sql = "SELECT version, captured, title, text FROM post_version WHERE row = ?1
               UNION ALL SELECT version, revised, title, text FROM post WHERE row = ?1 AND version > 1 ORDER BY 1";
    let mut statement = db.prepare_cached(sql)?;
    let versions = statement.query_map([row], |r| {
        Ok(Version { version: r.get(0)?, captured: r.get(1)?, title: r.get(2)?, text: r.get(3)? })
    })?;
    Ok(versions.collect::<Result<_, _>>()?)
}
