//! Questions that the store answers.
//!
//! Lists are paged by a key of the last row seen, so that what arrives meanwhile
//! neither repeats nor hides a row. A long export reads in pages too: one long read
//! would keep SQLite from folding its log into the file.

mod effect;
pub(super) mod evidence;
mod gaps;
mod incidents;
pub(super) mod machine;
mod novelty;
pub(super) mod outbox;
mod posts;
mod reach;
mod record;
mod report;
mod topics;
pub(super) mod warnings;
mod watches;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::Connection;

pub use incidents::IncidentQuery;
pub(super) use incidents::incident_rows;
pub use novelty::Novelty;
pub use posts::{Fresh, Keep, PostPage, PostQuery, SCANNED};
pub use record::RecordQuery;

use super::error::StoreError;
use super::model::Figures;
use super::{schema, writer};
use crate::incident::Category;
use crate::incident::chain::{ChainBreak, ChainReport, Checkpoint, Record, Walk};
pub use crate::search::wanted::CategoryFilter;

/// Connections kept open when nobody uses them.
const IDLE: usize = 4;

/// Connections that cannot write. Clones share them.
#[derive(Clone)]
pub struct Reader {
    pool: Arc<Pool>,
}

struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("path", &self.pool.path).finish_non_exhaustive()
    }
}

/// Mentions of one day and category, for a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesPoint {
    /// First second of the day, in UTC.
    pub day: Timestamp,
    /// Decided, else suggested category of the incident they belong to.
    pub category: Option<Category>,
    /// How many.
    pub posts: u64,
}

impl Reader {
    /// Opens the store of a data directory, whether or not a daemon runs on it.
    ///
    /// # Errors
    /// There is no store, or it is of another version.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        if !super::exists(dir) {
            return Err(StoreError::NoStore(dir.to_owned()));
        }
        let path = dir.join(schema::FILE);
        let first = schema::open_reader(&path)?;
        Ok(Self { pool: Arc::new(Pool { path, idle: Mutex::new(vec![first]) }) })
    }

    /// Lends a connection. One that met an error is not used again.
    pub(in crate::store) fn with<T>(
        &self,
        ask: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = || self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let db = match kept {
            Some(db) => db,
            None => schema::open_reader(&self.pool.path)?,
        };
        let answer = ask(&db)?;
        let mut idle = idle();
        if idle.len() < IDLE {
            idle.push(db);
        }
        Ok(answer)
    }

    /// The figures at the head of the page.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn figures(&self) -> Result<Figures, StoreError> {
        self.with(writer::figures)
    }

    /// Mentions by day and category, over the days from `since` on, in the order of days. A day
    /// begins `utc_offset` seconds before it does in UTC. Days and categories without any are left out.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn posts_per_day(&self, since: Timestamp, utc_offset: i32) -> Result<Vec<SeriesPoint>, StoreError> {
        self.with(|db| incidents::series(db, since, utc_offset))
    }

    /// Entries of the record before `before`, the newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn entries(&self, before: Option<i64>, limit: usize) -> Result<Vec<EventRow>, StoreError> {
        let sql = "SELECT seq, at, incident, actor, body FROM event WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2";
        self.with(|db| {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map((before.unwrap_or(i64::MAX), limit), |r| {
                Ok(EventRow { seq: r.get(0)?, at: r.get(1)?, incident: r.get(2)?, actor: r.get(3)?, body: r.get(4)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Walks the whole chain of events; against `checkpoint`, if one was kept elsewhere.
    /// The outer result says whether the file could be read, the inner what the walk found.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn verify_chain(&self, checkpoint: Option<Checkpoint>) -> Result<Result<ChainReport, ChainBreak>, StoreError> {
        self.with(|db| verify(db, checkpoint))
    }
}

/// An entry of the record, as it is chained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its number.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The incident; 0 for what belongs to none.
    pub incident: i64,
    /// Who, as JSON.
    pub actor: String,
    /// What, as JSON.
    pub body: String,
}

/// Walks the chain of a file.
pub(in crate::store) fn verify(
    db: &Connection,
    checkpoint: Option<Checkpoint>,
) -> Result<Result<ChainReport, ChainBreak>, StoreError> {
    let mut walk = Walk::new(checkpoint);
    let mut statement = db.prepare("SELECT seq, at, incident, actor, body, hash FROM event ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(r) = rows.next()? {
        let (actor, body): (String, String) = (r.get(3)?, r.get(4)?);
        let record = Record { seq: r.get(0)?, at: r.get(1)?, incident: r.get(2)?, actor: &actor, body: &body };
        if let Err(broken) = walk.step(&record, &r.get::<_, Vec<u8>>(5)?) {
            return Ok(Err(broken));
        }
    }
    Ok(walk.finish())
}

/// SQLite's integers are signed; what is counted here is not.
fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// JSON of a column that is NULL for an empty list.
fn list<T: serde::de::DeserializeOwned>(column: Option<&str>) -> Result<Vec<T>, StoreError> {
    column.map_or_else(|| Ok(Vec::new()), |text| Ok(serde_json::from_str(text)?))
}
