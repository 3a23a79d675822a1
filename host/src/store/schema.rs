//! Opening the file: pragmas, numbered migrations, and the copy that is kept before they are applied.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::StoreError;

/// Applied in order; the number of those applied is the file's `user_version`. A
/// released migration is never edited.
const MIGRATIONS: [&str; 28] = [
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
    include_str!("migrations/0007.sql"),
    include_str!("migrations/0008.sql"),
    include_str!("migrations/0009.sql"),
    include_str!("migrations/0010.sql"),
    include_str!("migrations/0011.sql"),
    include_str!("migrations/0012.sql"),
    include_str!("migrations/0013.sql"),
    include_str!("migrations/0014.sql"),
    include_str!("migrations/0015.sql"),
    include_str!("migrations/0016.sql"),
    include_str!("migrations/0017.sql"),
    include_str!("migrations/0018.sql"),
    include_str!("migrations/0019.sql"),
    include_str!("migrations/0020.sql"),
    include_str!("migrations/0021.sql"),
    include_str!("migrations/0022.sql"),
    include_str!("migrations/0023.sql"),
    include_str!("migrations/0024.sql"),
    include_str!("migrations/0025.sql"),
    include_str!("migrations/0026.sql"),
    include_str!("migrations/0027.sql"),
    include_str!("migrations/0028.sql"),
];

/// The schema that this program reads and writes.
pub(super) const KNOWN: i64 = MIGRATIONS.len() as i64;

/// The database inside a data directory.
pub(super) const FILE: &str = "caifeng.db";

/// Statements kept compiled for each connection: more than there are, or a batch of mentions, which needs some eighty,
/// would compile each anew for every post.
const STATEMENTS: usize = 512;

/// Opens the one connection that writes, and brings the schema up to date.
#[expect(clippy::disallowed_methods, reason = "the one place that opens the database to write")]
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let mut db = Connection::open(path)?;
    keep_statements(&db)?;
    // FULL: a commit is on disk before it is acknowledged. The checkpoint is larger
    // than SQLite's 4 MB because full-text pages are rewritten often; the limit gives
    // the space of a long log back. What is deleted is overwritten where that costs no writing of its own.
    db.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = FAST;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -32768;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    keep_a_copy(&db, path)?;
    migrate(&mut db)?;
    Ok(db)
}

/// Opens a connection that can only read.
#[expect(clippy::disallowed_methods, reason = "the one place that opens the database to read")]
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    keep_statements(&db)?;
    db.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192;")?;
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    match version(&db)? {
        found if found > KNOWN => Err(StoreError::Newer { found, known: KNOWN }),
        found if found < KNOWN => Err(StoreError::Older { found, known: KNOWN }),
        _ => Ok(db),
    }
}

/// Lets a statement be compiled once. Without the guarantee that the plan does not depend on what is bound, SQLite compiles
/// many of them again whenever something else is bound, which costs more than carrying them out.
fn keep_statements(db: &Connection) -> Result<(), StoreError> {
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

pub(super) fn version(db: &Connection) -> Result<i64, StoreError> {
    Ok(db.query_row("PRAGMA user_version", [], |r| r.get(0))?)
}

/// What the copy beside a database of an earlier version is called, before its schema.
const COPY: &str = "before-schema-";

/// The copies that were made before conversions in a data directory.
pub(super) fn copies(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.and_then(|name| name.strip_prefix(FILE)).is_some_and(|rest| rest.starts_with(&format!(".{COPY}")))
    };
    let entries = std::fs::read_dir(dir)?.filter_map(Result::ok);
    Ok(entries.map(|entry| entry.path()).filter(ours).collect())
}

/// Before a store is converted a copy of it stays beside it: whoever must go back to the program that wrote it can.
fn keep_a_copy(db: &Connection, path: &Path) -> Result<(), StoreError> {
    let found = version(db)?;
    if found == 0 || found >= KNOWN {
        return Ok(());
    }
    let copy = path.with_file_name(format!("{FILE}.{COPY}{KNOWN}"));
    super::snapshot::copy(db, &copy)?;
    tracing::warn!(
        "the store is converted from schema {found} to {KNOWN}; as it was it lies in {} for {} days",
        copy.display(),
        super::COPIES_KEPT.as_secs() / 86_400
    );
    Ok(())
}

fn migrate(db: &mut Connection) -> Result<(), StoreError> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&tx)?;
    let applied = usize::try_from(found).ok().filter(|n| *n <= MIGRATIONS.len());
    let Some(applied) = applied else {
        return Err(StoreError::Newer { found, known: KNOWN });
    };
    for migration in &MIGRATIONS[applied..] {
        tx.execute_batch(migration)?;
    }
    tx.pragma_update(None, "user_version", KNOWN)?;
    tx.commit()?;
    Ok(())
}
