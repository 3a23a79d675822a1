//! Captures as the writer keeps them: where each answer lies, and which posts came from it.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::error::StoreError;
use super::model::PostRowId;
use crate::evidence::vault::Capture;

/// What a sweep captured since it last stored something.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Captures that are on disk already, in the order of the crawl.
    pub captures: Vec<Capture>,
    /// Which of them the posts of the batch were read from.
    pub page: Option<usize>,
    /// Added to the dates of captures to have them on the clock that posts are shown by.
    pub shift: i64,
    /// The sweep.
    pub sweep: Option<i64>,
    /// Its watch.
    pub watch: Option<String>,
}

/// Whether capture `c` stays: a version of a mention came from it, or it is a look that missed a mention,
/// or the last one that found it: between these two it was deleted; or it is the receipt of an answer or of a disclosure.
pub(super) const PINNED: &str =
    "(EXISTS (SELECT 1 FROM post_capture pc JOIN mention m ON m.row = pc.row WHERE pc.capture = c.id)
      OR EXISTS (SELECT 1 FROM look l JOIN mention m ON m.row = l.row LEFT JOIN revisit r ON r.row = l.row
                 WHERE l.capture = c.id AND (l.found = 'gone' OR l.at = r.there))
      OR EXISTS (SELECT 1 FROM receipt t WHERE t.digest = c.digest)
      OR EXISTS (SELECT 1 FROM disclosure_receipt t WHERE t.digest = c.digest))";

/// The latest capture of an address in a sweep.
pub(super) fn latest(db: &Connection, url: &str, sweep: i64) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT max(id) FROM capture WHERE url = ?1 AND sweep = ?2";
    Ok(db.prepare_cached(sql)?.query_row((url, sweep), |r| r.get(0))?)
}

/// Writes captures down; returns the number of the page's.
pub(super) fn keep(db: &Connection, evidence: &Evidence) -> Result<Option<i64>, StoreError> {
    let mut page = None;
    for (n, capture) in evidence.captures.iter().enumerate() {
        let at = capture.date.saturating_add(evidence.shift);
        let file = file(db, &capture.file, at)?;
        let sql = "INSERT INTO capture (file, at, date, start, length, status, digest, url, sweep, watch)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        db.prepare_cached(sql)?.execute(params![
            file,
            at,
            capture.date,
            capture.offset as i64,
            capture.length as i64,
            capture.status,
            capture.digest,
            capture.url,
            evidence.sweep,
            evidence.watch
        ])?;
        if evidence.page == Some(n) {
            page = Some(db.last_insert_rowid());
        }
    }
    Ok(page)
}

/// The number of a file, which has this capture.
pub(super) fn file(db: &Connection, path: &str, at: Timestamp) -> Result<i64, StoreError> {
    let sql = "SELECT id, newest FROM evidence_file WHERE path = ?1";
    let found = db.prepare_cached(sql)?.query_row([path], |r| Ok((r.get(0)?, r.get::<_, i64>(1)?))).optional()?;
    let Some((id, newest)) = found else {
        db.prepare_cached("INSERT INTO evidence_file (path, newest) VALUES (?1, ?2)")?.execute((path, at))?;
        return Ok(db.last_insert_rowid());
    };
    if at > newest {
        db.prepare_cached("UPDATE evidence_file SET newest = ?2 WHERE id = ?1")?.execute((id, at))?;
    }
    Ok(id)
}

/// The version that a post has now came from this capture.
pub(super) fn came_from(db: &Connection, row: PostRowId, capture: i64) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO post_capture (row, version, capture)
               SELECT row, version, ?2 FROM post WHERE row = ?1";
    db.prepare_cached(sql)?.execute((row, capture))?;
    Ok(())
}
