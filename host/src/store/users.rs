//! Users as the writer keeps them.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::callers::{Caller, person};
use super::error::StoreError;
use super::incidents::append;
use super::writer::Writing;
use super::{Reader, Store, credentials, identities, searches};
use crate::incident::event::{Actor, Role};
use crate::permission::NO_INCIDENT;
use crate::user::right::Act;
use crate::user::session::Keeper;
use crate::user::token::{Token, TokenId};
use crate::user::{self, Denied, Realm, User, UserEvent};

/// A change of the users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
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
    /// The user belongs to this unit: of restricted incidents they see those of colleagues of the same one.
    Unit {
        /// Identifier or name.
        user: String,
        /// The unit, in the organisation's own words; `None`: to none.
        unit: Option<String>,
    },
    /// The second factor of a user who has lost it is taken away; their sessions end.
    EndFactor {
        /// Identifier or name.
        user: String,
    },
    /// By what the provider of sign-in names the user; `None`: the user does not sign in there any more, and sessions end.
    Identity {
        /// Identifier or name.
        user: String,
        /// What the claim says that the configuration names.
        name: Option<String>,
    },
}

impl UserChange {
    /// The rights that changes take.
    pub const ACTS: &[Act] = &[Act::AddUser, Act::GiveRoles, Act::KeepUnits, Act::EndFactor];

    /// The right that it takes.
    #[must_use]
    pub const fn takes(&self) -> Act {
        match self {
            Self::Add { .. } | Self::Token { .. } | Self::Revoke { .. } | Self::Identity { .. } => Act::AddUser,
            Self::Roles { .. } => Act::GiveRoles,
            Self::Unit { .. } => Act::KeepUnits,
            Self::EndFactor { .. } => Act::EndFactor,
        }
    }
}

/// What a change came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The user now.
    pub user: User,
    /// The new token, which is told this once.
    pub token: Option<Token>,
}

pub(super) fn roles(db: &Connection, user: &str) -> Result<Vec<Role>, StoreError> {
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
        UserChange::Unit { user, unit } => assign(writing, caller, user, unit.as_deref(), now),
        UserChange::EndFactor { user } => {
            let actor = person(writing, caller, now)?.doing(Act::EndFactor)?;
            let id = identified(writing.db, user)?;
            credentials::end_factor(writing, &id, &actor, now)?;
            Ok(Changed { user: one(writing.db, &id)?, token: None })
        }
        UserChange::Identity { user, name } => {
            let actor = person(writing, caller, now)?.doing(Act::AddUser)?;
            let id = identified(writing.db, user)?;
            identities::change(writing, &id, name.as_deref(), &actor, now)?;
            Ok(Changed { user: one(writing.db, &id)?, token: None })
        }
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

pub(super) fn set_roles(db: &Connection, user: &str, roles: &[Role]) -> Result<(), StoreError> {
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
    db.prepare_cached("DELETE FROM own_address WHERE user = ?1")?.execute([&id])?;
    searches::drop_own(db, &id)?;
    credentials::drop_all(db, &id)?;
    append(writing, NO_INCIDENT, &UserEvent::UserRevoked { user: id.clone() }, &actor, now)?;
    Ok(Changed { user: one(db, &id)?, token: None })
}

/// Says to which unit a user belongs.
fn assign(
    writing: &mut Writing<'_>,
    caller: &Caller,
    user: &str,
    unit: Option<&str>,
    now: Timestamp,
) -> Result<Changed, StoreError> {
    let actor = person(writing, caller, now)?.doing(Act::KeepUnits)?;
    let id = identified(writing.db, user)?;
    let unit = unit.map(user::unit).transpose()?;
    writing.db.prepare_cached("UPDATE user SET unit = ?2 WHERE id = ?1")?.execute(params![id, unit])?;
    append(writing, NO_INCIDENT, &UserEvent::UnitChanged { user: id.clone(), unit }, &actor, now)?;
    Ok(Changed { user: one(writing.db, &id)?, token: None })
}

/// No token of the user is valid any more.
pub(super) fn void(db: &Connection, user: &str, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE token SET revoked = ?2 WHERE user = ?1 AND revoked IS NULL";
    db.prepare_cached(sql)?.execute(params![user, now])?;
    Ok(())
}

/// A new token, and no other.
fn renew(db: &Connection, user: &str, secret: [u8; 32], now: Timestamp) -> Result<Token, StoreError> {
    void(db, user, now)?;
    add_token(db, user, secret, Keeper::Person, None, now)
}

/// A further token.
pub(super) fn add_token(
    db: &Connection,
    user: &str,
    secret: [u8; 32],
    keeper: Keeper,
    ends: Option<Timestamp>,
    now: Timestamp,
) -> Result<Token, StoreError> {
    let sql = "INSERT INTO token (user, proof, made, kept, ends) VALUES (?1, x'', ?2, ?3, ?4)";
    db.prepare_cached(sql)?.execute(params![user, now, keeper.as_str(), ends])?;
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

pub(super) fn one(db: &Connection, id: &str) -> Result<User, StoreError> {
    let sql = "SELECT name, added, revoked, (SELECT max(used) FROM token WHERE user = u.id), unit,
                      EXISTS (SELECT 1 FROM password WHERE user = u.id),
                      EXISTS (SELECT 1 FROM factor WHERE user = u.id AND since IS NOT NULL),
                      EXISTS (SELECT 1 FROM identity WHERE user = u.id)
               FROM user u WHERE id = ?1";
    let mut user = db.prepare_cached(sql)?.query_row([id], |r| {
        Ok(User {
            id: id.to_owned(),
            name: r.get(0)?,
            roles: Vec::new(),
            added: r.get(1)?,
            revoked: r.get(2)?,
            used: r.get(3)?,
            tokens: Vec::new(),
            unit: r.get(4)?,
            password: r.get(5)?,
            factor: r.get(6)?,
            provider: r.get(7)?,
        })
    })?;
    let mut statement =
        db.prepare_cached("SELECT id FROM token WHERE user = ?1 AND revoked IS NULL AND kept = 'person' ORDER BY id")?;
    user.tokens = statement.query_map([id], |r| r.get(0))?.collect::<Result<Vec<TokenId>, _>>()?;
    user.roles = roles(db, id)?;
    Ok(user)
}

impl Store {
    /// Adds, changes or revokes a user. A new token is in the answer and nowhere else.
    ///
    /// # Errors
    /// The caller may not, or the change breaks a rule of [`user`]; nothing is changed.
    pub fn change_user(&self, caller: &Caller, wanted: UserChange, now: Timestamp) -> Result<Changed, StoreError> {
        let secret = super::random()?;
        let caller = caller.clone();
        self.run(move |w| change(w, &caller, &wanted, secret, now))
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
