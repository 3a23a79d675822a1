//! What proves at a browser who somebody is: passwords, one-time codes, second factors.
//!
//! Nothing is tested here that takes time: a password is hashed and compared by whoever asks, outside the writer's thread, and
//! the writer is told what was proven ([`Proven`]); it looks whether that still holds. A second factor's secret is not
//! stored: it is made from a salt and a key that lies outside the database.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::callers::{self, Caller, anybody};
use super::error::StoreError;
use super::incidents::append;
use super::sessions::{self, themselves};
use super::users::{add_token, identified, one, set_roles};
use super::writer::Writing;
use super::{Reader, Store, identities};
use crate::incident::event::{Actor, Role};
use crate::permission::NO_INCIDENT;
use crate::user::code::Code;
use crate::user::right::Act;
use crate::user::session::{Keeper, LONGEST};
use crate::user::throttle::Guess;
use crate::user::token::Token;
use crate::user::{self, Denied, Realm, Shown, User, UserEvent, Voucher};

/// Seconds for which a set-up code works: long enough to be handed over and read, and not to be forgotten in a drawer.
pub const CODE_WORKS: i64 = 24 * 3600;
/// The name under which the core enters what nobody in particular did.
const BY: &str = "sign-in@1";

/// What is kept of somebody who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Identifier of the user.
    pub user: String,
    /// The hash of the password, when one was chosen.
    pub hash: Option<String>,
    /// The second factor, when there is one.
    pub factor: Option<FactorKept>,
}

/// What is kept of a second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactorKept {
    /// From which its secret is made.
    pub salt: Vec<u8>,
    /// Since when it is asked for; `None` until its owner has shown a code of it.
    pub since: Option<Timestamp>,
    /// The newest step whose code was taken.
    pub step: Option<i64>,
}

/// What was shown by somebody who signs in.
#[derive(Clone, Debug)]
pub enum Proven {
    /// Nothing more: no second factor is asked for.
    First,
    /// A code of the second factor, of this step.
    Factor(i64),
    /// A recovery code.
    Recovery(Code),
}

/// By what somebody signs in, before any second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum First {
    /// The hash that the password was compared with: if another one was chosen meanwhile, it does not hold.
    Password(String),
    /// A provider vouches: if the user was unlinked meanwhile, it does not hold.
    Provider {
        /// The provider.
        issuer: String,
        /// Its own identifier.
        subject: String,
        /// Its second factor is taken for ours.
        trusted: bool,
    },
}

/// Somebody who signs in.
#[derive(Clone, Debug)]
pub struct Entering {
    /// Identifier of the user.
    pub user: String,
    /// By what.
    pub first: First,
    /// What was shown.
    pub proven: Proven,
    /// What the browser calls itself.
    pub browser: String,
}

fn hash_of(db: &Connection, user: &str) -> Result<Option<String>, StoreError> {
    Ok(db.prepare_cached("SELECT hash FROM password WHERE user = ?1")?.query_row([user], |r| r.get(0)).optional()?)
}

fn factor_of(db: &Connection, user: &str) -> Result<Option<FactorKept>, StoreError> {
    let sql = "SELECT salt, since, step FROM factor WHERE user = ?1";
    let found = db
        .prepare_cached(sql)?
        .query_row([user], |r| Ok(FactorKept { salt: r.get(0)?, since: r.get(1)?, step: r.get(2)? }));
    Ok(found.optional()?)
}

fn keep_password(db: &Connection, user: &str, hash: &str, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO password (user, hash, since) VALUES (?1, ?2, ?3)
               ON CONFLICT (user) DO UPDATE SET hash = ?2, since = ?3";
    db.prepare_cached(sql)?.execute(params![user, hash, now])?;
    Ok(())
}

/// Forgets everything by which a user could sign in.
pub(super) fn drop_all(db: &Connection, user: &str) -> Result<(), StoreError> {
    identities::forget(db, user)?;
    for sql in [
        "DELETE FROM password WHERE user = ?1",
        "DELETE FROM code WHERE user = ?1",
        "DELETE FROM factor WHERE user = ?1",
    ] {
        db.prepare_cached(sql)?.execute([user])?;
    }
    Ok(())
}

/// Takes a second factor away, with its recovery codes and the sessions.
pub(super) fn end_factor(
    writing: &mut Writing<'_>,
    user: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), StoreError> {
    let gone = writing.db.prepare_cached("DELETE FROM factor WHERE user = ?1")?.execute([user])?;
    writing.db.prepare_cached("DELETE FROM code WHERE user = ?1 AND kind = 'recovery'")?.execute([user])?;
    if gone == 0 {
        return Err(StoreError::Unknown { what: "second factor", id: user.to_owned() });
    }
    let own = match actor {
        Actor::Person { user: by, token, .. } if by == user => *token,
        _ => None,
    };
    sessions::end_all_but(writing.db, user, own, now)?;
    append(writing, NO_INCIDENT, &UserEvent::FactorEnded { user: user.to_owned() }, actor, now)
}

fn give_code(
    writing: &mut Writing<'_>,
    caller: &Caller,
    named: &str,
    code: &Code,
    now: Timestamp,
) -> Result<User, StoreError> {
    let actor = callers::person(writing, caller, now)?.doing(Act::AddUser)?;
    let user = identified(writing.db, named)?;
    let ends = now.saturating_add(CODE_WORKS);
    // Only the newest works.
    writing.db.prepare_cached("DELETE FROM code WHERE user = ?1 AND kind = 'set-up'")?.execute([&user])?;
    let sql = "INSERT INTO code (user, kind, proof, ends) VALUES (?1, 'set-up', ?2, ?3)";
    writing.db.prepare_cached(sql)?.execute(params![user, code.proof(&user), ends])?;
    append(writing, NO_INCIDENT, &UserEvent::SetUpCodeGiven { user: user.clone(), ends }, &actor, now)?;
    one(writing.db, &user)
}

/// Uses a code up. Whether there was one.
fn take_code(db: &Connection, user: &str, kind: &str, code: &Code, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "DELETE FROM code WHERE user = ?1 AND kind = ?2 AND proof = ?3 AND (ends IS NULL OR ends > ?4)";
    Ok(db.prepare_cached(sql)?.execute(params![user, kind, code.proof(user), now])? > 0)
}

fn set_up(writing: &mut Writing<'_>, name: &str, code: &Code, hash: &str, now: Timestamp) -> Result<(), StoreError> {
    let db = writing.db;
    let user = match identified(db, name) {
        Ok(user) if take_code(db, &user, "set-up", code, now)? => user,
        Ok(_) | Err(StoreError::Unknown { .. }) => return Err(Denied::Code.into()),
        Err(error) => return Err(error),
    };
    keep_password(db, &user, hash, now)?;
    sessions::end_all_but(db, &user, None, now)?;
    let actor = themselves(db, &user, None)?;
    append(writing, NO_INCIDENT, &UserEvent::PasswordChosen { user }, &actor, now)
}

fn found(
    writing: &mut Writing<'_>,
    (name, hash, browser): (&str, &str, &str),
    secret: [u8; 32],
    now: Timestamp,
) -> Result<Token, StoreError> {
    let db = writing.db;
    if anybody(db)? {
        return Err(Denied::Code.into());
    }
    let name = user::name(name)?;
    let id = "u1".to_owned();
    let sql = "INSERT INTO user (id, name, realm, added) VALUES (?1, ?2, ?3, ?4)";
    db.prepare_cached(sql)?.execute(params![id, name, Realm::System.as_str(), now])?;
    set_roles(db, &id, &[Role::System])?;
    keep_password(db, &id, hash, now)?;
    let token = add_token(db, &id, secret, Keeper::Browser, Some(now.saturating_add(LONGEST)), now)?;
    sessions::label(db, token.id, browser)?;
    let actor = Actor::Person { user: id.clone(), role: Role::System, token: None };
    let added = UserEvent::UserAdded { user: id.clone(), roles: vec![Role::System], token: token.id };
    append(writing, NO_INCIDENT, &added, &actor, now)?;
    append(writing, NO_INCIDENT, &UserEvent::PasswordChosen { user: id.clone() }, &actor, now)?;
    append(
        writing,
        NO_INCIDENT,
        &UserEvent::SignedIn { user: id, token: token.id, after: None, by: None },
        &actor,
        now,
    )?;
    Ok(token)
}

fn enter(
    writing: &mut Writing<'_>,
    entering: &Entering,
    secret: [u8; 32],
    now: Timestamp,
) -> Result<Option<Token>, StoreError> {
    let (db, user) = (writing.db, &entering.user);
    let (still, by, trusted) = match &entering.first {
        First::Password(hash) => (hash_of(db, user)?.as_ref() == Some(hash), None, false),
        First::Provider { issuer, subject, trusted } => {
            (identities::is_kept(db, user, issuer, subject)?, Some(Voucher::Provider), *trusted)
        }
    };
    let holds = still && db.prepare_cached("SELECT 1 FROM user WHERE id = ?1 AND revoked IS NULL")?.exists([user])?;
    let factor = factor_of(db, user)?.filter(|factor| factor.since.is_some());
    let after = match (&entering.proven, factor) {
        _ if !holds => return Ok(None),
        (Proven::First, None) => None,
        (Proven::First, Some(_)) if trusted => None,
        (Proven::Factor(step), Some(factor)) if factor.step.is_none_or(|last| *step > last) => {
            db.prepare_cached("UPDATE factor SET step = ?2 WHERE user = ?1")?.execute(params![user, step])?;
            Some(Shown::Factor)
        }
        (Proven::Recovery(code), Some(_)) if take_code(db, user, "recovery", code, now)? => Some(Shown::Recovery),
        _ => return Ok(None),
    };
    let token = add_token(db, user, secret, Keeper::Browser, Some(now.saturating_add(LONGEST)), now)?;
    sessions::label(db, token.id, &entering.browser)?;
    db.prepare_cached("UPDATE token SET vouched = ?2 WHERE id = ?1")?.execute(params![token.id, trusted])?;
    let actor = themselves(db, user, Some(token.id))?;
    let signed = UserEvent::SignedIn { user: user.clone(), token: token.id, after, by };
    append(writing, NO_INCIDENT, &signed, &actor, now)?;
    Ok(Some(token))
}

impl Store {
    /// Gives a user a code with which to choose a password; a code that was given before works no longer.
    ///
    /// # Errors
    /// The caller may not, or there is no such user.
    pub fn give_code(&self, caller: &Caller, user: &str, now: Timestamp) -> Result<(User, Code), StoreError> {
        let code = Code::new(super::random()?);
        let (caller, user, given) = (caller.clone(), user.to_owned(), code.clone());
        let user = self.run(move |w| give_code(w, &caller, &user, &given, now))?;
        Ok((user, code))
    }

    /// Keeps the hash of the password that a user chose with a code, and uses the code up.
    ///
    /// # Errors
    /// [`Denied::Code`]: the code is not the user's, was used or has ended.
    pub fn set_up(&self, name: &str, code: &Code, hash: String, now: Timestamp) -> Result<(), StoreError> {
        let (name, code) = (name.to_owned(), code.clone());
        self.run(move |w| set_up(w, &name, &code, &hash, now))
    }

    /// Makes the first user, who is the system administrator, and a session of theirs.
    ///
    /// # Errors
    /// Somebody was added before, or the name is none.
    pub fn found(&self, name: &str, hash: String, browser: &str, now: Timestamp) -> Result<Token, StoreError> {
        let secret = super::random()?;
        let (name, browser) = (name.to_owned(), browser.to_owned());
        self.run(move |w| found(w, (&name, &hash, &browser), secret, now))
    }

    /// Begins a session, where what was proven still holds; `None` where it does not.
    ///
    /// # Errors
    /// The store cannot write.
    pub fn enter(&self, entering: Entering, now: Timestamp) -> Result<Option<Token>, StoreError> {
        let secret = super::random()?;
        self.run(move |w| enter(w, &entering, secret, now))
    }

    /// Replaces a hash by one of the same password with the parameters of today.
    ///
    /// # Errors
    /// The store cannot write.
    pub fn hash_anew(&self, user: &str, old: &str, new: String) -> Result<(), StoreError> {
        let (user, old) = (user.to_owned(), old.to_owned());
        self.run(move |w| {
            let sql = "UPDATE password SET hash = ?3 WHERE user = ?1 AND hash = ?2";
            w.db.prepare_cached(sql)?.execute([&user, &old, &new])?;
            Ok(())
        })
    }

    /// Keeps another password of the caller, who has proven the one of hash `old`; all other sessions end.
    ///
    /// # Errors
    /// The caller is not at a browser, or has chosen another one meanwhile.
    pub fn change_password(&self, caller: &Caller, old: &str, new: String, now: Timestamp) -> Result<(), StoreError> {
        let (caller, old) = (caller.clone(), old.to_owned());
        self.run(move |w| {
            let (user, actor) = sessions::at_a_browser(w, &caller, now)?;
            if hash_of(w.db, &user)?.as_deref() != Some(&old) {
                return Err(Denied::Over.into());
            }
            keep_password(w.db, &user, &new, now)?;
            sessions::end_all_but(w.db, &user, caller.token.as_ref().map(|token| token.id), now)?;
            append(w, NO_INCIDENT, &UserEvent::PasswordChosen { user }, &actor, now)
        })
    }

    /// Begins to add a second factor; what was begun before is forgotten. Its salt.
    ///
    /// # Errors
    /// The caller is not at a browser, or has a second factor.
    pub fn offer_factor(&self, caller: &Caller, now: Timestamp) -> Result<Vec<u8>, StoreError> {
        let salt: [u8; 16] = super::random()?;
        let caller = caller.clone();
        self.run(move |w| {
            let (user, _) = sessions::at_a_browser(w, &caller, now)?;
            // One that was begun stays what it is: whoever loads the page again has typed it into an app already.
            let sql = "INSERT INTO factor (user, salt) VALUES (?1, ?2) ON CONFLICT (user) DO NOTHING";
            w.db.prepare_cached(sql)?.execute(params![user, salt])?;
            let kept = factor_of(w.db, &user)?.filter(|kept| kept.since.is_none());
            Ok(kept.ok_or(StoreError::Unknown { what: "second factor", id: user })?.salt)
        })
    }

    /// The caller has shown the code of `step`: the second factor is asked for from now on. All other sessions end.
    ///
    /// # Errors
    /// The caller is not at a browser, or nothing was begun.
    pub fn add_factor(
        &self,
        caller: &Caller,
        step: i64,
        recovery: Vec<Code>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let caller = caller.clone();
        self.run(move |w| {
            let (user, actor) = sessions::at_a_browser(w, &caller, now)?;
            let sql = "UPDATE factor SET since = ?2, step = ?3 WHERE user = ?1 AND since IS NULL";
            if w.db.prepare_cached(sql)?.execute(params![user, now, step])? == 0 {
                return Err(StoreError::Unknown { what: "second factor", id: user });
            }
            for code in &recovery {
                let sql = "INSERT INTO code (user, kind, proof) VALUES (?1, 'recovery', ?2)";
                w.db.prepare_cached(sql)?.execute(params![user, code.proof(&user)])?;
            }
            sessions::end_all_but(w.db, &user, caller.token.as_ref().map(|token| token.id), now)?;
            append(w, NO_INCIDENT, &UserEvent::FactorAdded { user }, &actor, now)
        })
    }

    /// Takes the caller's own second factor away.
    ///
    /// # Errors
    /// The caller is not at a browser, or has none.
    pub fn end_own_factor(&self, caller: &Caller, now: Timestamp) -> Result<(), StoreError> {
        let caller = caller.clone();
        self.run(move |w| {
            let (user, actor) = sessions::at_a_browser(w, &caller, now)?;
            end_factor(w, &user, &actor, now)
        })
    }

    /// Writes down that somebody has failed many times to sign in.
    ///
    /// # Errors
    /// The store cannot write.
    pub fn note_failures(
        &self,
        user: Option<String>,
        guess: Guess,
        times: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let actor = Actor::Machine { by: BY.to_owned() };
        self.run(move |w| append(w, NO_INCIDENT, &UserEvent::SignInsFailed { user, guess, times }, &actor, now))
    }
}

impl Reader {
    /// What is kept of the user of this name who may sign in; `None`: there is none.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn credential(&self, name: &str) -> Result<Option<Credential>, StoreError> {
        self.with(|db| {
            let sql = "SELECT id FROM user WHERE name = ?1 AND revoked IS NULL";
            let Some(user) = db.prepare_cached(sql)?.query_row([name], |r| r.get::<_, String>(0)).optional()? else {
                return Ok(None);
            };
            let (hash, factor) = (hash_of(db, &user)?, factor_of(db, &user)?);
            Ok(Some(Credential { user, hash, factor }))
        })
    }

    /// As [`credential`](Self::credential), by identifier.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn credential_of(&self, user: &str) -> Result<Option<Credential>, StoreError> {
        let name = self.with(|db| {
            let sql = "SELECT name FROM user WHERE id = ?1";
            Ok(db.prepare_cached(sql)?.query_row([user], |r| r.get::<_, Option<String>>(0)).optional()?.flatten())
        })?;
        name.map_or(Ok(None), |name| self.credential(&name))
    }

    /// What the record says about users, in order.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn user_events(&self) -> Result<Vec<UserEvent>, StoreError> {
        self.with(|db| {
            let mut statement = db.prepare_cached("SELECT body FROM event WHERE incident = ?1 ORDER BY seq")?;
            let bodies = statement.query_map([NO_INCIDENT], |r| r.get::<_, String>(0))?;
            // Other entries of no incident say other things.
            Ok(bodies.filter_map(|body| serde_json::from_str(&body.ok()?).ok()).collect())
        })
    }

    /// Recovery codes of a user that were not used yet.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn recovery_left(&self, user: &str) -> Result<i64, StoreError> {
        let sql = "SELECT count(*) FROM code WHERE user = ?1 AND kind = 'recovery'";
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row([user], |r| r.get(0))?))
    }
}
