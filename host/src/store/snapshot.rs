//! A copy of the whole store, taken while others read and write it.
//!
//! `VACUUM INTO` reads one state of the database, whoever writes meanwhile, and writes it anew: what was deleted is
//! not in the copy, which its free pages would otherwise still hold. Given up for that: it takes as long as writing
//! everything once.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;
use super::{incidents, private, read, schema};
use crate::incident::chain::Checkpoint;

/// What a copy was found to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its schema.
    pub schema: i64,
    /// Where the chain of its events ends; every link was checked.
    pub head: Checkpoint,
    /// The files of evidence that it knows.
    pub evidence: HashSet<String>,
}

/// The database of a data directory.
#[must_use]
pub fn file(dir: &Path) -> PathBuf {
    dir.join(schema::FILE)
}

/// Copies the store of a data directory to the file `to`, readable by its owner only, and examines the copy. A daemon may
/// be running on it; a store of an earlier version is copied as it is.
///
/// # Errors
/// There is no store, it is of a later version or damaged, or the copy cannot be written. Then there is no copy.
pub fn take(dir: &Path, to: &Path) -> Result<Held, StoreError> {
    if !super::exists(dir) {
        return Err(StoreError::NoStore(dir.to_owned()));
    }
    copy(&read_only(&file(dir))?, to)?;
    examine(to).inspect_err(|_| {
        let _ = fs::remove_file(to);
    })
}

/// Whether the file at `path` is a sound store of a version that this program knows, and what it holds.
///
/// # Errors
/// Says what is wrong with it.
pub fn examine(path: &Path) -> Result<Held, StoreError> {
    let db = read_only(path)?;
    let schema = schema::version(&db)?;
    known(schema)?;
    let sound: String = db.query_row("PRAGMA integrity_check(1)", [], |r| r.get(0))?;
    if sound != "ok" {
        return Err(StoreError::Damaged(sound));
    }
    if let Err(broken) = read::verify(&db, None)? {
        return Err(StoreError::Damaged(format!("its record does not hold: {broken}")));
    }
    Ok(Held { schema, head: incidents::head(&db)?, evidence: evidence(&db)? })
}

/// Whether this program can read a store of this schema, or convert it.
///
/// # Errors
/// [`StoreError::Newer`].
pub fn known(schema: i64) -> Result<(), StoreError> {
    if schema > schema::KNOWN { Err(StoreError::Newer { found: schema, known: schema::KNOWN }) } else { Ok(()) }
}

/// Writes one state of the database to `to`: all of it, on disk, or nothing.
pub(super) fn copy(db: &Connection, to: &Path) -> Result<(), StoreError> {
    let mut draft = to.as_os_str().to_owned();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    // SQLite writes into an empty file, which keeps its permissions, and into no other.
    private(&draft)?.set_len(0)?;
    let written = || -> Result<(), StoreError> {
        db.execute("VACUUM INTO ?1", [draft.to_str().ok_or_else(|| unnamed(&draft))?])?;
        File::open(&draft)?.sync_all()?;
        fs::rename(&draft, to)?;
        Ok(())
    };
    written().inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })
}

fn unnamed(path: &Path) -> StoreError {
    StoreError::Directory { path: path.to_owned(), why: "its name is not UTF-8".to_owned() }
}

#[expect(clippy::disallowed_methods, reason = "the one place that opens a copy, or a store of any version, to read")]
fn read_only(path: &Path) -> Result<Connection, StoreError> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(db)
}

/// The files of evidence that a store of any version knows.
fn evidence(db: &Connection) -> Result<HashSet<String>, StoreError> {
    let sql = "SELECT count(*) FROM sqlite_master WHERE name = 'evidence_file'";
    if db.query_row(sql, [], |r| r.get::<_, i64>(0))? == 0 {
        return Ok(HashSet::new());
    }
    let mut statement = db.prepare("SELECT path FROM evidence_file")?;
    let paths = statement.query_map([], |r| r.get(0))?;
    Ok(paths.collect::<Result<_, _>>()?)
}
