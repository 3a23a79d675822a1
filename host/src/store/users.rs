//! Users as the writer keeps them, and who it is that acts.
//!
//! A command's token is looked at in the transaction of the command itself: what was revoked a moment
//! ago does nothing more. The first account of the machine that uses a token is the only one that may.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::incidents::append;
use super::writer::Writing;
use super::{Reader, Store};
use crate::incident::chain::Checkpoint;
use crate::incident::event::{Actor, Role};
use crate::permission::NO_INCIDENT;
use crate::user::right::Act;
use crate::user::token::{Token, TokenId};
use crate::user::{self, Denied, Person, Realm, User, UserEvent};

/// How a command says who gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The personal token.
    pub token: Option<Token>,
    /// The account of the machine, as the kernel tells it; never what the command says.
    #[serde(skip)]
    pub account: u32,
}

/// A change of the users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserChange {
    /// Somebody new.
    Add {
        /// What colleagues call the user.
        name: String,
        /// Only for the first of each administrator.
        roles: Vec<Role>,
    },
    /// All roles of a user, in place of those before.
    Roles {
        /// Identifier or name.
        user: String,
        /// The roles.
        roles: Vec<Role>,
    },
    /// A new token in place of all others.
    Token {
        /// Identifier or name.
        user: String,
    },
    /// The user may do nothing any more.
    Revoke {
        /// Identifier or name.
        user: String,
    },
}

/// What a change came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The user now.
    pub user: User,
    /// The new token, which is told this once.
    pub token: Option<Token>,
}

/// Who gives a command.
pub(super) fn person(writing: &Writing<'_>, caller: &Caller, now: Timestamp) -> Result<Person, StoreError> {
    let Some(token) = &caller.token else {
        return Err(if anybody(writing.db)? { Denied::NoToken } else { Denied::NobodyYet }.into());
    };
    let user = proven(writing.db, token, caller.account, now)?;
    let roles = roles(writing.db, &user)?;
    Ok(Person { user, roles, token: Some(token.id) })
}

/// Who hands something in: anybody may (P10), and before there are users the account of the machine does.
pub(super) fn reporter(writing: &Writing<'_>, caller: &Caller, now: Timestamp) -> Result<Actor, StoreError> {
    if caller.token.is_none() && !anybody(writing.db)? {
        return Ok(Actor::Person { user: format!("uid:{}", caller.account), role: Role::Staff, token: None });
    }
    Ok(person(writing, caller, now)?.doing(Act::Submit)?)
}

/// The user of a token that is valid for this account; notes that it was used.
fn proven(db: &Connection, token: &Token, account: u32, now: Timestamp) -> Result<String, StoreError> {
    let sql = "SELECT t.user, t.proof, t.account, coalesce(t.revoked, u.revoked)
               FROM token t JOIN user u ON u.id = t.user WHERE t.id = ?1";
    let found = db.prepare_cached(sql)?.query_row([token.id], |r| {
        Ok((r.get::<_, String>(0)?, r.get::<_, Vec<u8>>(1)?, r.get::<_, Option<u32>>(2)?, r.get::<_, Option<i64>>(3)?))
    });
    let (user, proof, first, revoked) = found.optional()?.ok_or(Denied::Unknown)?;
    if !token.proves(&proof) {
        return Err(Denied::Unknown.into());
    }
    match (revoked, first) {
        (Some(_), _) => return Err(Denied::Revoked(token.id).into()),
        (None, Some(first)) if first != account => {
            return Err(Denied::OtherAccount { token: token.id, first, now: account }.into());
        }
        _ => {}
    }
    db.prepare_cached("UPDATE token SET used = max(coalesce(used, ?2), ?2), account = ?3 WHERE id = ?1")?
        .execute(params![token.id, now, account])?;
    Ok(user)
}

fn anybody(db: &Connection) -> Result<bool, StoreError> {
    Ok(db.prepare_cached("SELECT 1 FROM user LIMIT 1")?.exists([])?)
}

fn roles(db: &Connection, user: &str) -> Result<Vec<Role>, StoreError> {
    let mut statement = db.prepare_cached("SELECT role FROM user_role WHERE user = ?1")?;
    let found = statement.query_map([user], |r| r.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(Role::ALL.into_iter().filter(|role| found.iter().any(|name| name == role.as_str())).collect())
}

/// Changes users; `secret` becomes a token where one is due.
fn change(
    writing: &mut Writing<'_>,
    caller: &Caller,
    change: &UserChange,
    secret: [u8; 32],
    now: Timestamp,
) -> Result<Changed, StoreError> {
    match change {
        UserChange::Add { name, roles } => add(writing, caller, name, roles, secret, now),
        UserChange::Roles { user, roles } => give(writing, caller, user, roles, now),
        UserChange::Token { user } => {
            let actor = person(writing, caller, now)?.doing(Act::AddUser)?;
            let id = identified(writing.db, user)?;
            let token = renew(writing.db, &id, secret, now)?;
            append(writing, NO_INCIDENT, &UserEvent::TokenReplaced { user: id.clone(), token: token.id }, &actor, now)?;
            Ok(Changed { user: one(writing.db, &id)?, token: Some(token) })
        }
        UserChange::Revoke { user } => revoke(writing, caller, user, now),
    }
}

fn add(
    writing: &mut Writing<'_>,
    caller: &Caller,
    name: &str,
    roles: &[Role],
    secret: [u8; 32],
    now: Timestamp,
) -> Result<Changed, StoreError> {
    let db = writing.db;
    let name = user::name(name)?;
    let administered = administered(db)?;
    let (realm, roles) = user::may_be_added(&name, roles, &administered)?;
    let id = format!("u{}", db.query_row("SELECT count(*) + 1 FROM user", [], |r| r.get::<_, i64>(0))?);
    // The first user adds itself: nobody else is there yet.
    let actor = if administered.is_empty() {
        Actor::Person { user: id.clone(), role: Role::System, token: None }
    } else {
        person(writing, caller, now)?.doing(Act::AddUser)?
    };
    if db.prepare_cached("SELECT 1 FROM user WHERE name = ?1")?.exists([&name])? {
        return Err(Denied::Name(format!("there is a user of this name: {name}")).into());
    }
    db.prepare_cached("INSERT INTO user (id, name, realm, added) VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        id,
        name,
        realm.map(Realm::as_str),
        now
    ])?;
    set_roles(db, &id, &roles)?;
    let token = renew(db, &id, secret, now)?;
    append(writing, NO_INCIDENT, &UserEvent::UserAdded { user: id.clone(), roles, token: token.id }, &actor, now)?;
    Ok(Changed { user: one(db, &id)?, token: Some(token) })
}

/// Realms that have, or had, an administrator.
fn administered(db: &Connection) -> Result<Vec<Realm>, StoreError> {
    let sql = "SELECT DISTINCT realm FROM user WHERE realm <> 'work'";
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_map([], |r| r.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let realms = [Realm::System, Realm::Security, Realm::Audit];
    Ok(realms.into_iter().filter(|realm| found.iter().any(|name| name == realm.as_str())).collect())
}

fn give(
    writing: &mut Writing<'_>,
    caller: &Caller,
    user: &str,
    roles: &[Role],
    now: Timestamp,
) -> Result<Changed, StoreError> {
    let db = writing.db;
    let actor = person(writing, caller, now)?.doing(Act::GiveRoles)?;
    let id = identified(db, user)?;
    if matches!(&actor, Actor::Person { user, .. } if *user == id) {
        return Err(Denied::Oneself.into());
    }
    let (realm, roles) = user::together(roles)?;
    let was: Option<String> =
        db.prepare_cached("SELECT realm FROM user WHERE id = ?1")?.query_row([&id], |r| r.get(0))?;
    match (was, realm) {
        (Some(was), Some(realm)) if was != realm.as_str() => return Err(Denied::Apart(roles).into()),
        (None, Some(realm)) => {
            db.prepare_cached("UPDATE user SET realm = ?2 WHERE id = ?1")?.execute([&id, realm.as_str()])?;
        }
        _ => {}
    }
    set_roles(db, &id, &roles)?;
    append(writing, NO_INCIDENT, &UserEvent::RolesChanged { user: id.clone(), roles }, &actor, now)?;
    Ok(Changed { user: one(db, &id)?, token: None })
}

fn set_roles(db: &Connection, user: &str, roles: &[Role]) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM user_role WHERE user = ?1")?.execute([user])?;
    let mut insert = db.prepare_cached("INSERT INTO user_role (user, role) VALUES (?1, ?2)")?;
    for role in roles {
        insert.execute([user, role.as_str()])?;
    }
    Ok(())
}

fn revoke(writing: &mut Writing<'_>, caller: &Caller, user: &str, now: Timestamp) -> Result<Changed, StoreError> {
    let db = writing.db;
    let actor = person(writing, caller, now)?.doing(Act::AddUser)?;
    let id = identified(db, user)?;
    let standing = one(db, &id)?;
    if let [role @ (Role::System | Role::Security | Role::Audit)] = standing.roles[..] {
        let sql = "SELECT count(*) FROM user WHERE realm = ?1 AND revoked IS NULL AND id <> ?2";
        let others: i64 = db.prepare_cached(sql)?.query_row([role.as_str(), &id], |r| r.get(0))?;
        if others == 0 {
            return Err(Denied::Last(role).into());
        }
    }
    db.prepare_cached("UPDATE user SET revoked = coalesce(revoked, ?2) WHERE id = ?1")?.execute(params![id, now])?;
    void(db, &id, now)?;
    append(writing, NO_INCIDENT, &UserEvent::UserRevoked { user: id.clone() }, &actor, now)?;
    Ok(Changed { user: one(db, &id)?, token: None })
}

/// No token of the user is valid any more.
fn void(db: &Connection, user: &str, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE token SET revoked = ?2 WHERE user = ?1 AND revoked IS NULL";
    db.prepare_cached(sql)?.execute(params![user, now])?;
    Ok(())
}

/// A new token, and no other.
fn renew(db: &Connection, user: &str, secret: [u8; 32], now: Timestamp) -> Result<Token, StoreError> {
    void(db, user, now)?;
    db.prepare_cached("INSERT INTO token (user, proof, made) VALUES (?1, x'', ?2)")?.execute(params![user, now])?;
    let token = Token::new(db.last_insert_rowid(), secret);
    db.prepare_cached("UPDATE token SET proof = ?2 WHERE id = ?1")?.execute(params![token.id, token.proof()])?;
    Ok(token)
}

/// The identifier of a user who is named by it or by name, and who may act.
pub(super) fn identified(db: &Connection, named: &str) -> Result<String, StoreError> {
    let sql = "SELECT id FROM user WHERE (id = ?1 OR name = ?1) AND revoked IS NULL";
    let found = db.prepare_cached(sql)?.query_row([named], |r| r.get(0)).optional()?;
    found.ok_or_else(|| StoreError::Unknown { what: "user", id: named.to_owned() })
}

fn one(db: &Connection, id: &str) -> Result<User, StoreError> {
    let sql = "SELECT name, added, revoked, (SELECT max(used) FROM token WHERE user = u.id) FROM user u WHERE id = ?1";
    let (name, added, revoked, used) =
        db.prepare_cached(sql)?.query_row([id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
    let mut statement = db.prepare_cached("SELECT id FROM token WHERE user = ?1 AND revoked IS NULL ORDER BY id")?;
    let tokens = statement.query_map([id], |r| r.get(0))?.collect::<Result<Vec<TokenId>, _>>()?;
    Ok(User { id: id.to_owned(), name, roles: roles(db, id)?, added, revoked, used, tokens })
}

impl Store {
    /// Adds, changes or revokes a user. A new token is in the answer and nowhere else.
    ///
    /// # Errors
    /// The caller may not, or the change breaks a rule of [`user`]; nothing is changed.
    pub fn change_user(&self, caller: &Caller, wanted: UserChange, now: Timestamp) -> Result<Changed, StoreError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|e| StoreError::Internal(e.to_string()))?;
        let caller = caller.clone();
        self.run(move |w| change(w, &caller, &wanted, secret, now))
    }

    /// Whether the caller may hand something in.
    ///
    /// # Errors
    /// Why not.
    pub fn may_submit(&self, caller: &Caller, now: Timestamp) -> Result<(), StoreError> {
        let caller = caller.clone();
        self.run(move |w| reporter(w, &caller, now).map(drop))
    }

    /// Whether the caller may do something that the store itself has no part in. Where nobody is known, whoever owns
    /// the directory may.
    ///
    /// # Errors
    /// Why not.
    pub fn may(&self, caller: &Caller, act: Act, now: Timestamp) -> Result<(), StoreError> {
        let caller = caller.clone();
        self.run(move |w| {
            if caller.token.is_none() && !anybody(w.db)? {
                return Ok(());
            }
            Ok(person(w, &caller, now)?.doing(act).map(drop)?)
        })
    }

    /// Notes that the audit administrator asks where the record stands, and says it: the note is its newest entry.
    ///
    /// # Errors
    /// The caller may not; nothing is noted.
    pub fn checkpoint(&self, caller: &Caller, key: String, now: Timestamp) -> Result<Checkpoint, StoreError> {
        let caller = caller.clone();
        self.run(move |w| {
            let actor = person(w, &caller, now)?.doing(Act::Checkpoint)?;
            append(w, NO_INCIDENT, &UserEvent::CheckpointSigned { key }, &actor, now)?;
            Ok(*w.head)
        })
    }
}

impl Reader {
    /// All users, in the order in which they were added.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare_cached("SELECT id FROM user ORDER BY added, length(id), id")?;
            let ids = statement.query_map([], |r| r.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
            ids.iter().map(|id| one(db, id)).collect()
        })
    }
}
