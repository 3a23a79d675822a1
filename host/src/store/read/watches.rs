//! Watches and their sweeps: the record of having looked.

use std::collections::BTreeSet;
use std::sync::Arc;

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::{Reader, list, unsigned};
use crate::store::error::StoreError;
use crate::store::gaps::cause_of;
use crate::store::model::WatchRow;
use crate::watch::{Sweep, SweepTally, Watch};

pub(super) const SWEEP: &str =
    "s.id, s.watch, s.started, s.ended, s.requests, s.bytes, s.seen, s.new, s.changed, s.matched,
                     s.skipped, s.failures, s.pages, s.missing, s.unasked, s.newest, s.reach, s.canary, s.wait_until,
                     s.unchanged";

impl Reader {
    /// A watch that is none of these, also one that was retired or that read a recording.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn watches_besides(&self, known: &BTreeSet<String>) -> Result<Option<String>, StoreError> {
        let sql = "SELECT id FROM watch WHERE id NOT IN (SELECT value FROM json_each(?1)) ORDER BY id LIMIT 1";
        let known = serde_json::to_string(known)?;
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row([known], |r| r.get(0)).optional()?))
    }

    /// All watches, but for those that left the configuration, with the sweep that ended last, in the order of their ids.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn watches(&self) -> Result<Vec<WatchRow>, StoreError> {
        self.with(watches)
    }

    /// The same without those that only stand for a recording or a page that was handed in. Every page of the desk says
    /// how these fare, so they are kept until something is committed.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn listened(&self) -> Result<Arc<[WatchRow]>, StoreError> {
        self.lend(|link| {
            // Asked first: what is read after it is at least as new (https://sqlite.org/pragma.html#pragma_data_version).
            let version = link.db.prepare_cached("PRAGMA data_version")?.query_row([], |r| r.get(0))?;
            if let Some((_, kept)) = link.listened.as_ref().filter(|(at, _)| *at == version) {
                return Ok(Arc::clone(kept));
            }
            let rows = watches(&link.db)?.into_iter().filter(|row| !row.watch.recorded).collect();
            Ok(Arc::clone(&link.listened.insert((version, rows)).1))
        })
    }

    /// The watches that are due at `now`, in the order of their ids; not those that are passed over or only stand
    /// for a recording or a page that was handed in.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn due(&self, now: Timestamp) -> Result<Vec<Watch>, StoreError> {
        // The columns first: stand-ins, of which there may be many, are never due, and their bodies are not read.
        let sql = "SELECT body FROM watch WHERE retired = 0 AND halted IS NULL AND (due IS NULL OR due <= ?1)
                   AND json_extract(body, '$.recorded') IS NOT 1 ORDER BY id";
        self.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query([now])?;
            let mut watches = Vec::new();
            while let Some(r) = rows.next()? {
                watches.push(serde_json::from_str(r.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
            }
            Ok(watches)
        })
    }

    /// The latest sweeps of a watch, or of all, newest first; those still running included.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn sweeps(&self, watch: Option<&str>, limit: usize) -> Result<Vec<Sweep>, StoreError> {
        let test = if watch.is_some() { "s.watch = ?1" } else { "?1 IS NULL" };
        let sql = format!("SELECT {SWEEP} FROM sweep s WHERE {test} ORDER BY s.id DESC LIMIT ?2");
        self.with(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let mut rows = statement.query((watch, i64::try_from(limit).unwrap_or(i64::MAX)))?;
            let mut sweeps = Vec::new();
            while let Some(r) = rows.next()? {
                sweeps.push(sweep(r)?);
            }
            Ok(sweeps)
        })
    }
}

fn watches(db: &Connection) -> Result<Vec<WatchRow>, StoreError> {
    let sql = format!(
        "SELECT {SWEEP}, w.body, w.heard, w.failing, w.due, w.halted, w.posts, w.why,
         (SELECT cause FROM gap WHERE watch = w.id AND closed IS NULL ORDER BY id DESC LIMIT 1)
         FROM watch w LEFT JOIN sweep s ON s.id = w.last WHERE w.retired = 0 ORDER BY w.id"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut watches = Vec::new();
    while let Some(r) = rows.next()? {
        watches.push(WatchRow {
            watch: serde_json::from_str(r.get_ref(20)?.as_str().map_err(rusqlite::Error::from)?)?,
            last: if r.get::<_, Option<i64>>(0)?.is_some() { Some(sweep(r)?) } else { None },
            heard: r.get(21)?,
            failing: r.get(22)?,
            due: r.get(23)?,
            halted: r.get(24)?,
            posts: unsigned(r.get(25)?),
            why: r.get_ref(26)?.as_str_or_null().ok().flatten().and_then(|why| serde_json::from_str(why).ok()),
            gap: r.get::<_, Option<String>>(27)?.map(|cause| cause_of(&cause)),
        });
    }
    Ok(watches)
}

pub(super) fn sweep(row: &Row<'_>) -> Result<Sweep, StoreError> {
    let n = |i| Ok::<_, rusqlite::Error>(unsigned(row.get(i)?));
    Ok(Sweep {
        id: row.get(0)?,
        watch: row.get(1)?,
        started: row.get(2)?,
        ended: row.get(3)?,
        tally: SweepTally {
            requests: n(4)?,
            bytes: n(5)?,
            seen: n(6)?,
            new: n(7)?,
            changed: n(8)?,
            matched: n(9)?,
            skipped: n(10)?,
            pages: n(12)?,
            unchanged: n(19)?,
            missing: n(13)?,
            unasked: n(14)?,
            newest: row.get(15)?,
            reach: row.get(16)?,
            canary: row.get(17)?,
            wait_until: row.get(18)?,
            doubted_since: None,
            failures: list(row.get_ref(11)?.as_str_or_null().map_err(rusqlite::Error::from)?)?,
        },
    })
}
