//! By what users are known to the provider of sign-in, and who it is that it vouches for.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::StoreError;
use super::incidents::append;
use super::writer::Writing;
use super::{Reader, Store, sessions};
use crate::incident::event::Actor;
use crate::permission::NO_INCIDENT;
use crate::user::provider::claims::Vouched;
use crate::user::provider::named;
use crate::user::{Denied, UserEvent};

/// Links a user to what the provider says, in place of what was there, or ends it together with the sessions.
pub(super) fn change(
    writing: &mut Writing<'_>,
    user: &str,
    name: Option<&str>,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), StoreError> {
    let db = writing.db;
    let Some(name) = name.map(|name| named(name).ok_or(Denied::Identity)).transpose()? else {
        if db.prepare_cached("DELETE FROM identity WHERE user = ?1")?.execute([user])? == 0 {
            return Err(StoreError::Unknown { what: "account of a provider", id: user.to_owned() });
        }
        sessions::end_all_but(db, user, None, now)?;
        return append(writing, NO_INCIDENT, &UserEvent::IdentityEnded { user: user.to_owned() }, actor, now);
    };
    let sql = "SELECT user FROM identity WHERE name = ?1 AND user <> ?2";
    let taken: Option<String> = db.prepare_cached(sql)?.query_row([&name, user], |r| r.get(0)).optional()?;
    if let Some(other) = taken {
        return Err(Denied::Linked(other).into());
    }
    let sql = "SELECT 1 FROM identity WHERE user = ?1";
    // Another account of the provider, also under the same name: what was kept of the one before does not hold for it, nor
    // what it opened.
    if db.prepare_cached(sql)?.exists([user])? {
        sessions::end_all_but(db, user, None, now)?;
    }
    let sql = "INSERT INTO identity (user, name, since) VALUES (?1, ?2, ?3)
               ON CONFLICT (user) DO UPDATE SET name = ?2, since = ?3, issuer = NULL, subject = NULL";
    db.prepare_cached(sql)?.execute(params![user, name, now])?;
    append(writing, NO_INCIDENT, &UserEvent::IdentityLinked { user: user.to_owned() }, actor, now)
}

/// Forgets it.
pub(super) fn forget(db: &Connection, user: &str) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM identity WHERE user = ?1")?.execute([user])?;
    Ok(())
}

/// Whether a user is the one whom a provider vouches for by this identifier of its own.
pub(super) fn is_kept(db: &Connection, user: &str, issuer: &str, subject: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM identity WHERE user = ?1 AND issuer = ?2 AND subject = ?3";
    Ok(db.prepare_cached(sql)?.exists([user, issuer, subject])?)
}

/// The user whom a provider vouches for; keeps its identifier when it does so for the first time.
fn recognise(writing: &mut Writing<'_>, vouched: &Vouched) -> Result<Option<String>, StoreError> {
    let db = writing.db;
    let Vouched { issuer, subject, name } = vouched;
    // Somebody whose claim says something else now is not the one who was written down.
    let sql = "SELECT i.user, i.subject FROM identity i JOIN user u ON u.id = i.user
               WHERE i.name = ?1 AND u.revoked IS NULL AND (i.issuer IS NULL OR i.issuer = ?2)";
    let found = db.prepare_cached(sql)?.query_row([name, issuer], |r| Ok((r.get(0)?, r.get(1)?))).optional()?;
    let user = match found {
        Some((user, Some(kept))) if kept == *subject => user,
        // The name belongs to another account there by now.
        Some((_, Some::<String>(_))) | None => return Ok(None),
        Some((user, None)) => {
            let sql = "UPDATE OR IGNORE identity SET issuer = ?2, subject = ?3 WHERE user = ?1";
            // The account is somebody else's here already.
            if db.prepare_cached(sql)?.execute([&user, issuer, subject])? == 0 {
                return Ok(None);
            }
            user
        }
    };
    Ok(Some(user))
}

impl Store {
    /// The user whom a provider vouches for; `None`: nobody who is known here, or not any more.
    ///
    /// # Errors
    /// The store cannot write.
    pub fn recognise(&self, vouched: Vouched) -> Result<Option<String>, StoreError> {
        self.run(move |w| recognise(w, &vouched))
    }
}

impl Reader {
    /// Whether a user is known to a provider.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn is_linked(&self, user: &str) -> Result<bool, StoreError> {
        self.with(|db| Ok(db.prepare_cached("SELECT 1 FROM identity WHERE user = ?1")?.exists([user])?))
    }

    /// Users who are known to a provider.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn linked(&self) -> Result<i64, StoreError> {
        let sql = "SELECT count(*) FROM identity i JOIN user u ON u.id = i.user WHERE u.revoked IS NULL";
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row([], |r| r.get(0))?))
    }
}
