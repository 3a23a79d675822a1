//! What became of posts, as the writer keeps it: counts over time and looks.

use caifeng_plugin_host::contract::{Reactions, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::Store;
use super::captures;
use super::error::StoreError;
use super::ingest::counted;
use super::model::PostRowId;
use super::tally;
use crate::revisit::{Found, Standing};

/// One look at a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The post.
    pub row: PostRowId,
    /// When.
    pub at: Timestamp,
    /// What was found.
    pub found: Found,
    /// One line: what the site said, or why it proves nothing.
    pub detail: Option<String>,
    /// The counts that were seen.
    pub reactions: Reactions,
    /// What proves it: the address that answered and the sweep that asked, whose latest answer is stored.
    pub proof: Option<(String, i64)>,
}

/// Takes note of a mention's counts.
pub(super) fn read(db: &Connection, row: PostRowId, at: Timestamp, counts: Reactions) -> Result<(), StoreError> {
    if counts == Reactions::default() {
        return Ok(());
    }
    tally::gained(db, row, at, counts)?;
    let sql = "INSERT OR REPLACE INTO reading (row, at, views, likes, replies, shares)
               SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM mention WHERE row = ?1)";
    db.prepare_cached(sql)?.execute(params![
        row,
        at,
        counted(counts.views),
        counted(counts.likes),
        counted(counts.replies),
        counted(counts.shares)
    ])?;
    Ok(())
}

/// Whether posts of a sweep can be visited: what a recording showed is not on the web for us.
pub(super) fn can_be_visited(db: &Connection, sweep: Option<i64>) -> Result<bool, StoreError> {
    let Some(sweep) = sweep else { return Ok(true) };
    let sql = "SELECT json_extract(w.body, '$.recorded') IS NOT 1 FROM sweep s JOIN watch w ON w.id = s.watch
               WHERE s.id = ?1";
    Ok(db.prepare_cached(sql)?.query_row([sweep], |r| r.get(0)).optional()?.unwrap_or(true))
}

/// A mention is to be visited again.
pub(super) fn expect(db: &Connection, row: PostRowId, captured: Timestamp) -> Result<(), StoreError> {
    let due = Standing::captured(captured).due(captured);
    let sql = "INSERT OR IGNORE INTO revisit (row, due, there) VALUES (?1, ?2, ?3)";
    db.prepare_cached(sql)?.execute((row, due, captured))?;
    Ok(())
}

/// Writes a look down and decides when to look next.
fn looked(db: &Connection, look: &Look) -> Result<(), StoreError> {
    let sql = "SELECT looks, there, gone, sure FROM revisit WHERE row = ?1";
    let found = db.prepare_cached(sql)?.query_row([look.row], standing).optional()?;
    let Some(before) = found else {
        return Err(StoreError::Unknown { what: "post to visit", id: look.row.to_string() });
    };
    let now = before.after(look.found, look.at);
    db.prepare_cached("UPDATE revisit SET due = ?2, looks = ?3, there = ?4, gone = ?5, sure = ?6 WHERE row = ?1")?
        .execute((look.row, now.due(look.at), now.looks, now.there, now.gone, now.sure))?;
    let capture = match &look.proof {
        Some((url, sweep)) => captures::latest(db, url, *sweep)?,
        None => None,
    };
    let sql = "INSERT OR REPLACE INTO look (row, at, found, detail, capture) VALUES (?1, ?2, ?3, ?4, ?5)";
    let detail = look.detail.as_deref();
    db.prepare_cached(sql)?.execute((look.row, look.at, look.found.as_str(), detail, capture))?;
    read(db, look.row, look.at, look.reactions)
}

pub(super) fn standing(row: &rusqlite::Row<'_>) -> rusqlite::Result<Standing> {
    Ok(Standing { looks: row.get(0)?, there: row.get(1)?, gone: row.get(2)?, sure: row.get(3)? })
}

impl Store {
    /// Writes down what a look at a post found.
    ///
    /// # Errors
    /// Nobody expects a look at it, as after its deletion.
    pub fn looked(&self, look: Look) -> Result<(), StoreError> {
        self.run(move |w| looked(w.db, &look))
    }
}
