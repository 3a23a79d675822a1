//! The operator's media as the store knows them: a writer without the configuration (a command that merges incidents,
//! say) tells places as the daemon does.

use rusqlite::Connection;

use super::error::StoreError;
use super::writer::Writing;
use crate::warning::media::{Medium, Register};

/// The register, with the operator's media first.
pub(super) fn read(db: &Connection) -> Result<Register, StoreError> {
    let mut statement = db.prepare_cached("SELECT body FROM medium ORDER BY place")?;
    let mut rows = statement.query([])?;
    let mut own = Vec::new();
    while let Some(r) = rows.next()? {
        own.push(serde_json::from_str(r.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(Register::with(own))
}

/// Makes these the operator's media. Counts of what was heard before keep the places that they were told of.
pub(super) fn configure(writing: &mut Writing<'_>, own: &[Medium]) -> Result<(), StoreError> {
    let db = writing.db;
    db.prepare_cached("DELETE FROM medium")?.execute([])?;
    let mut insert = db.prepare_cached("INSERT INTO medium (place, body) VALUES (?1, ?2)")?;
    for (place, medium) in (0_i64..).zip(own) {
        insert.execute((place, serde_json::to_string(medium)?))?;
    }
    *writing.media = Register::with(own.to_vec());
    Ok(())
}
