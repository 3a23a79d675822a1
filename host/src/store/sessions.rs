//! Sessions: who is known by a token that a browser or a program keeps.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::error::StoreError;
use super::incidents::append;
use super::users::{add_token, anybody, kept, roles, set_roles};
use super::writer::Writing;
use super::{Reader, Store};
use crate::incident::event::{Actor, Role};
use crate::permission::NO_INCIDENT;
use crate::user::session::{Keeper, Known, LONGEST};
use crate::user::token::{Token, TokenId};
use crate::user::{Realm, UserEvent};

/// Seconds between two notes of when a session was last used: reading a page is no reason to write more often.
const NOTED: i64 = 60;

/// A person of the demo: made when somebody first looks through their eyes.
fn rehearsing(
    writing: &mut Writing<'_>,
    name: &str,
    role: Role,
    secret: [u8; 32],
    now: Timestamp,
) -> Result<Token, StoreError> {
    let db = writing.db;
    let sql = "SELECT id FROM user WHERE name = ?1";
    let known: Option<String> = db.prepare_cached(sql)?.query_row([name], |r| r.get(0)).optional()?;
    if let Some(id) = known {
        return add_token(db, &id, secret, Keeper::Browser, Some(now.saturating_add(LONGEST)), now);
    }
    let id = format!("u{}", db.query_row("SELECT count(*) + 1 FROM user", [], |r| r.get::<_, i64>(0))?);
    let sql = "INSERT INTO user (id, name, realm, added) VALUES (?1, ?2, ?3, ?4)";
    db.prepare_cached(sql)?.execute(params![id, name, Realm::of(role).as_str(), now])?;
    set_roles(db, &id, &[role])?;
    let token = add_token(db, &id, secret, Keeper::Browser, Some(now.saturating_add(LONGEST)), now)?;
    let actor = Actor::Person { user: id.clone(), role, token: Some(token.id) };
    append(writing, NO_INCIDENT, &UserEvent::UserAdded { user: id, roles: vec![role], token: token.id }, &actor, now)?;
    Ok(token)
}

impl Store {
    /// A session of a person of the demo, who is made when there is none yet. For the demo only: nobody proves anything.
    ///
    /// # Errors
    /// The store cannot write.
    pub fn rehearse(&self, name: &str, role: Role, now: Timestamp) -> Result<Token, StoreError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|e| StoreError::Internal(e.to_string()))?;
        let name = name.to_owned();
        self.run(move |w| rehearsing(w, &name, role, secret, now))
    }

    /// Notes that something was done with a token, at most once a minute.
    ///
    /// # Errors
    /// The store cannot write.
    pub fn note_use(&self, known: &Known, now: Timestamp) -> Result<(), StoreError> {
        if now.saturating_sub(known.used) < NOTED {
            return Ok(());
        }
        let id = known.token;
        self.run(move |w| {
            let sql = "UPDATE token SET used = max(coalesce(used, ?2), ?2) WHERE id = ?1";
            w.db.prepare_cached(sql)?.execute(params![id, now])?;
            Ok(())
        })
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The store cannot write.
    pub fn end_session(&self, id: TokenId, now: Timestamp) -> Result<(), StoreError> {
        self.run(move |w| {
            let sql = "UPDATE token SET revoked = coalesce(revoked, ?2) WHERE id = ?1 AND kept = 'browser'";
            w.db.prepare_cached(sql)?.execute(params![id, now])?;
            Ok(())
        })
    }
}

impl Reader {
    /// Who is known by a token at `now`; nobody, when it is wrong, was revoked or has ended.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn known(&self, token: &Token, now: Timestamp) -> Result<Option<Known>, StoreError> {
        self.with(|db| {
            let Some(kept) = kept(db, token.id)? else { return Ok(None) };
            let over = kept.revoked.is_some() || kept.keeper.over(kept.used, kept.ends, now);
            if over || !token.proves(&kept.proof) {
                return Ok(None);
            }
            let sql = "SELECT name FROM user WHERE id = ?1";
            let name = db.prepare_cached(sql)?.query_row([&kept.user], |r| r.get(0))?;
            let roles = roles(db, &kept.user)?;
            Ok(Some(Known { name, roles, user: kept.user, token: token.id, keeper: kept.keeper, used: kept.used }))
        })
    }

    /// Whether anybody was ever added.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn anybody(&self) -> Result<bool, StoreError> {
        self.with(anybody)
    }
}
