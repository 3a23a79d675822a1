//! Who it is that acts, and whether they may.
//!
//! A command's token is looked at in the transaction of the command itself: what was revoked a moment
//! ago does nothing more. The first account of the machine that uses a token is the only one that may.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::Store;
use super::error::StoreError;
use super::incidents::append;
use super::users::roles;
use super::writer::Writing;
use crate::incident::chain::Checkpoint;
use crate::incident::event::{Actor, Role};
use crate::permission::NO_INCIDENT;
use crate::user::right::Act;
use crate::user::scope::Scope;
use crate::user::session::Keeper;
use crate::user::token::{Token, TokenId};
use crate::user::{Denied, Person, UserEvent};

/// How a command says who gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The personal token.
    pub token: Option<Token>,
    /// The account of the machine, as the kernel tells it; never what the command says.
    #[serde(skip)]
    pub account: u32,
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

impl Store {
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
