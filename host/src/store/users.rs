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
use super::{Reader, Store, credentials, identities, outbox, searches};
use crate::incident::chain::Checkpoint;
use crate::incident::event::{Actor, Role};
use crate::notify::channel::mailbox_fault;
use crate::notify::route::Recipient;
use crate::permission::NO_INCIDENT;
use crate::user::right::Act;
use crate::user::scope::Scope;
use crate::user::session::Keeper;
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

/// An address at which somebody wants to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnAddress {
    /// A mail channel of the configuration.
    pub channel: String,
    /// The address.
    pub address: String,
}

/// A change of the caller's own addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum AddressChange {
    /// Tell me there too.
    Add(OwnAddress),
    /// And not there any more.
    Remove(OwnAddress),
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
    let kept = proven(writing.db, token, caller.account, now)?;
    let roles = roles(writing.db, &kept.user)?;
    Ok(Person { user: kept.user, roles, token: Some(token.id), scopes: kept.scopes })
}

/// Who does what may also be done before there are users: then the account of the machine does, in a role that may.
pub(super) fn allowed(writing: &Writing<'_>, caller: &Caller, act: Act, now: Timestamp) -> Result<Actor, StoreError> {
    if caller.token.is_none() && !anybody(writing.db)? {
        let role = if act.is_for(Role::Staff) { Some(Role::Staff) } else { act.roles().first().copied() };
        let role = role.ok_or(Denied::NobodyYet)?;
        return Ok(Actor::Person { user: format!("uid:{}", caller.account), role, token: None });
    }
    Ok(person(writing, caller, now)?.doing(act)?)
}

/// Who does something that one of several rights includes; the refusal names the first.
fn one_of(writing: &Writing<'_>, caller: &Caller, acts: &[Act], now: Timestamp) -> Result<Actor, StoreError> {
    let mut refused = None;
    for act in acts {
        match allowed(writing, caller, *act, now) {
            Ok(actor) => return Ok(actor),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    Err(refused.unwrap_or(StoreError::Denied(Denied::NoRole)))
}

/// What the store keeps of a token.
pub(super) struct Kept {
    pub(super) user: String,
    pub(super) proof: Vec<u8>,
    pub(super) keeper: Keeper,
    /// The account that used it first.
    account: Option<u32>,
    /// When it was last used, or made.
    pub(super) used: Timestamp,
    pub(super) ends: Option<Timestamp>,
    /// Since when it, or its user, is not valid any more.
    pub(super) revoked: Option<Timestamp>,
    /// What a program may do with it.
    pub(super) scopes: Option<Vec<Scope>>,
    /// The provider's second factor is taken for ours.
    pub(super) vouched: bool,
}

pub(super) fn kept(db: &Connection, token: TokenId) -> Result<Option<Kept>, StoreError> {
    let sql =
        "SELECT t.user, t.proof, t.kept, t.account, coalesce(t.used, t.made), t.ends, coalesce(t.revoked, u.revoked), t.scopes, t.vouched
               FROM token t JOIN user u ON u.id = t.user WHERE t.id = ?1";
    let found = db.prepare_cached(sql)?.query_row([token], |r| {
        Ok((
            Kept {
                user: r.get(0)?,
                proof: r.get(1)?,
                // The table holds no other names.
                keeper: Keeper::named(&r.get::<_, String>(2)?).unwrap_or(Keeper::Person),
                account: r.get(3)?,
                used: r.get(4)?,
                ends: r.get(5)?,
                revoked: r.get(6)?,
                scopes: None,
                vouched: r.get(8)?,
            },
            r.get::<_, Option<String>>(7)?,
        ))
    });
    let Some((mut kept, scopes)) = found.optional()? else { return Ok(None) };
    if kept.keeper == Keeper::Program {
        // A program whose scopes cannot be read may do nothing.
        kept.scopes = Some(scopes.map(|scopes| serde_json::from_str(&scopes)).transpose()?.unwrap_or_default());
    }
    Ok(Some(kept))
}

/// A token that is valid for this account; notes that it was used.
fn proven(db: &Connection, token: &Token, account: u32, now: Timestamp) -> Result<Kept, StoreError> {
    let kept = kept(db, token.id)?.ok_or(Denied::Unknown)?;
    if !token.proves(&kept.proof) {
        return Err(Denied::Unknown.into());
    }
    if kept.revoked.is_some() {
        return Err(Denied::Revoked(token.id).into());
    }
    if kept.keeper.over(kept.used, kept.ends, now) {
        return Err(Denied::Over.into());
    }
    match kept.account {
        // Whoever keeps it in a file keeps it in one account's; browsers and programs reach us through our own.
        Some(first) if first != account && kept.keeper == Keeper::Person => {
            return Err(Denied::OtherAccount { token: token.id, first, now: account }.into());
        }
        _ => {}
    }
    db.prepare_cached("UPDATE token SET used = max(coalesce(used, ?2), ?2), account = ?3 WHERE id = ?1")?
        .execute(params![token.id, now, account])?;
    Ok(kept)
}

pub(super) fn anybody(db: &Connection) -> Result<bool, StoreError> {
    Ok(db.prepare_cached("SELECT 1 FROM user LIMIT 1")?.exists([])?)
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

/// Those who may be told, in the order of their identifiers.
pub(super) fn recipients(db: &Connection) -> Result<Vec<Recipient>, StoreError> {
    let mut statement = db.prepare_cached("SELECT id FROM user WHERE revoked IS NULL ORDER BY length(id), id")?;
    let ids = statement.query_map([], |r| r.get(0))?.collect::<Result<Vec<String>, _>>()?;
    let recipient = |user: String| {
        let (roles, own) = (roles(db, &user)?, outbox::own_addresses(db, &user)?);
        Ok(Recipient { user, roles, own })
    };
    ids.into_iter().map(recipient).collect()
}

/// Adds an address of the caller's own, or takes it away; what there is then.
fn change_address(
    writing: &mut Writing<'_>,
    caller: &Caller,
    change: &AddressChange,
    now: Timestamp,
) -> Result<Vec<(String, String)>, StoreError> {
    let person = person(writing, caller, now)?;
    let (sql, own, added) = match change {
        AddressChange::Add(own) => {
            if let Some(wrong) = mailbox_fault(&own.address) {
                return Err(StoreError::Address(wrong));
            }
            ("INSERT OR IGNORE INTO own_address (user, channel, address) VALUES (?1, ?2, ?3)", own, true)
        }
        AddressChange::Remove(own) => {
            ("DELETE FROM own_address WHERE user = ?1 AND channel = ?2 AND address = ?3", own, false)
        }
    };
    let user = person.user.clone();
    let changed = writing.db.prepare_cached(sql)?.execute((&user, &own.channel, &own.address))?;
    match (changed, added) {
        (0, false) => return Err(StoreError::Unknown { what: "address of yours", id: own.address.clone() }),
        (0, true) => {}
        _ => {
            let role = person.roles.first().copied().ok_or(Denied::NoRole)?;
            let channel = own.channel.clone();
            let event = UserEvent::AddressChanged { user: user.clone(), channel, added };
            append(writing, NO_INCIDENT, &event, &person.in_role(role), now)?;
        }
    }
    outbox::own_addresses(writing.db, &user)
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

    /// Changes the addresses at which the caller is told; what they are then.
    ///
    /// # Errors
    /// The caller is nobody here, or the address is none; nothing is changed.
    pub fn change_address(
        &self,
        caller: &Caller,
        change: AddressChange,
        now: Timestamp,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let caller = caller.clone();
        self.run(move |w| change_address(w, &caller, &change, now))
    }

    /// Whether the caller may do `act`, which may also be done before there are users; whether there are any.
    ///
    /// # Errors
    /// Why not.
    pub fn may(&self, caller: &Caller, act: Act, now: Timestamp) -> Result<bool, StoreError> {
        let caller = caller.clone();
        self.run(move |w| {
            allowed(w, &caller, act, now)?;
            anybody(w.db)
        })
    }

    /// Whether the caller may end a demo: whoever sets Caifeng up, and whoever reaches this machine as long as nobody is
    /// known here but the people whom the demo lends.
    ///
    /// # Errors
    /// Why not.
    pub fn may_end_demo(&self, caller: &Caller, now: Timestamp) -> Result<(), StoreError> {
        let caller = caller.clone();
        self.run(move |w| {
            let sql = "SELECT 1 FROM token WHERE kept = 'person' UNION ALL SELECT 1 FROM password LIMIT 1";
            if caller.token.is_none() && !w.db.prepare_cached(sql)?.exists([])? {
                return Ok(());
            }
            person(w, &caller, now)?.doing(Act::Configure)?;
            Ok(())
        })
    }

    /// Whether the caller may do one of `acts`, of which people of different realms have one each.
    ///
    /// # Errors
    /// Why not.
    pub fn may_one_of(&self, caller: &Caller, acts: &'static [Act], now: Timestamp) -> Result<(), StoreError> {
        let caller = caller.clone();
        self.run(move |w| one_of(w, &caller, acts, now).map(drop))
    }

    /// Writes down what a person who may do one of `acts` did to the machine.
    ///
    /// # Errors
    /// The caller may do none of `acts`; nothing is written.
    pub fn note_kept(
        &self,
        caller: &Caller,
        acts: &'static [Act],
        events: Vec<UserEvent>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let caller = caller.clone();
        self.run(move |w| {
            let actor = one_of(w, &caller, acts, now)?;
            events.iter().try_for_each(|event| append(w, NO_INCIDENT, event, &actor, now))
        })
    }

    /// Writes down that a person had Caifeng let go, now, of what is kept no longer; whether there are users.
    ///
    /// # Errors
    /// The caller may not; then nothing goes.
    pub fn may_retain(&self, caller: &Caller, now: Timestamp) -> Result<bool, StoreError> {
        let caller = caller.clone();
        self.run(move |w| {
            let actor = allowed(w, &caller, Act::Retain, now)?;
            append(w, NO_INCIDENT, &UserEvent::RetentionOrdered, &actor, now)?;
            anybody(w.db)
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
