//! Questions that the store answers.
//!
//! Lists are paged by a key of the last row seen, so that what arrives meanwhile
//! neither repeats nor hides a row. A long export reads in pages too: one long read
//! would keep SQLite from folding its log into the file.

mod effect;
mod entries;
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
pub(super) mod veil;
pub(super) mod warnings;
mod watches;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::Connection;

pub use entries::{EntryPage, EntryQuery, EventRow, LOOKED, MACHINE};
pub use incidents::IncidentQuery;
pub(super) use incidents::incident_rows;
pub use novelty::Novelty;
pub use posts::{Fresh, Keep, PostPage, PostQuery, SCANNED};
pub use record::RecordQuery;

use super::error::StoreError;
use super::model::{Figures, WatchRow};
use super::{schema, writer};
use crate::incident::chain::{self, ChainBreak, ChainReport, Checkpoint, Record, Walk};
use crate::incident::{Category, IncidentId, life};
pub use crate::search::wanted::CategoryFilter;

/// Connections kept open when nobody uses them.
const IDLE: usize = 4;

/// Connections that cannot write. Clones share them.
#[derive(Clone)]
pub struct Reader {
    pool: Arc<Pool>,
    /// Whom what is restricted is shown to; `None`: the machine itself, which sees everything.
    viewer: Option<Arc<str>>,
}

struct Pool {
    path: PathBuf,
    open: Mutex<Vec<Link>>,
    /// Those with views before their tables.
    veiled: Mutex<Vec<Link>>,
}

/// A connection, with what was read through it and holds until something is committed.
struct Link {
    db: Connection,
    /// The version of the data, as the connection counts it, at which the watches were such.
    listened: Option<(i64, Arc<[WatchRow]>)>,
}

impl Link {
    fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { db: schema::open_reader(path)?, listened: None })
    }
}

impl Pool {
    /// Lends a connection of `idle`, or one that `make` makes. One that met an error is not used again.
    fn lend<T>(
        idle: &Mutex<Vec<Link>>,
        make: impl FnOnce() -> Result<Link, StoreError>,
        ask: impl FnOnce(&mut Link) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = || idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let mut link = kept.map_or_else(make, Ok)?;
        let answer = ask(&mut link)?;
        let mut idle = idle();
        if idle.len() < IDLE {
            idle.push(link);
        }
        Ok(answer)
    }
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
        let first = Link::open(&path)?;
        let pool = Pool { path, open: Mutex::new(vec![first]), veiled: Mutex::default() };
        Ok(Self { pool: Arc::new(pool), viewer: None })
    }

    /// Lends a connection, on which whoever sees through this reader finds nothing that is hidden from them.
    pub(in crate::store) fn with<T>(
        &self,
        ask: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let Pool { path, veiled, .. } = &*self.pool;
        let Some(viewer) = &self.viewer else { return self.lend(|link| ask(&link.db)) };
        if !self.lend(|link| veil::any(&link.db))? {
            return self.lend(|link| ask(&link.db));
        }
        let with_views = || {
            let link = Link::open(path)?;
            veil::put(&link.db).map(|()| link)
        };
        Pool::lend(veiled, with_views, |link| {
            veil::look(&link.db, viewer)?;
            ask(&link.db)
        })
    }

    /// Lends a connection with what was kept beside it, for what tells of no incident.
    fn lend<T>(&self, ask: impl FnOnce(&mut Link) -> Result<T, StoreError>) -> Result<T, StoreError> {
        Pool::lend(&self.pool.open, || Link::open(&self.pool.path), ask)
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

    /// Walks the whole chain of events; against `checkpoint`, if one was kept elsewhere.
    /// The outer result says whether the file could be read, the inner what the walk found.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn verify_chain(&self, checkpoint: Option<Checkpoint>) -> Result<Result<ChainReport, ChainBreak>, StoreError> {
        self.with(|db| verify(db, checkpoint))
    }

    /// Looks at the entries of one incident: each must follow the one before it in the chain, the one behind each must
    /// follow it, and together they must come to how the incident stands. Reads no more of the record than these; that
    /// nothing else was changed, cut off or rewritten only [`verify_chain`](Self::verify_chain) shows.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn verify_incident(&self, id: IncidentId) -> Result<Examined, StoreError> {
        let sql = "SELECT e.seq, e.at, e.incident, e.actor, e.body, e.hash, b.hash
                   FROM event e LEFT JOIN event b ON b.seq = e.seq - 1
                   WHERE e.seq IN (SELECT seq FROM event WHERE incident = ?1
                                   UNION SELECT seq + 1 FROM event WHERE incident = ?1) ORDER BY e.seq";
        let (entries, broken) = self.with(|db| {
            let (mut entries, mut broken) = (0, None);
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query([id])?;
            while let Some(r) = rows.next()? {
                let (actor, body): (String, String) = (r.get(3)?, r.get(4)?);
                let record = Record { seq: r.get(0)?, at: r.get(1)?, incident: r.get(2)?, actor: &actor, body: &body };
                entries += u64::from(record.incident == id);
                let before = r.get::<_, Option<Vec<u8>>>(6)?;
                let followed = chain::follows(&record, before.as_deref(), &r.get::<_, Vec<u8>>(5)?);
                broken = broken.or(followed.err());
            }
            Ok((entries, broken))
        })?;
        // What was changed may not even be read any more.
        let adds_up = broken.is_none()
            && self
                .standing(id)?
                .is_some_and(|stands| self.history(id).is_ok_and(|history| life::replay(&history) == stands));
        Ok(Examined { entries, broken, adds_up })
    }
}

/// What the record of one incident is worth, looked at by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// Its entries.
    pub entries: u64,
    /// The first that is not what was chained, or the first behind one of them that does not follow it.
    pub broken: Option<ChainBreak>,
    /// Its events come to how it stands: none of those that matter is missing, and none was added.
    pub adds_up: bool,
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
