//! Sessions: who is known by a token that a browser or a program keeps.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;

use super::callers::{self, Caller, anybody, kept};
use super::error::StoreError;
use super::incidents::append;
use super::users::{add_token, roles, set_roles};
use super::writer::Writing;
use super::{Reader, Store};
use crate::incident::event::{Actor, Role};
use crate::permission::NO_INCIDENT;
use crate::user::scope::Scope;
use crate::user::session::{Holder, IDLE, Keeper, Known, LONGEST};
use crate::user::token::{Token, TokenId};
use crate::user::{Denied, Realm, UserEvent};

/// Seconds between two notes of when a session was last used: reading a page is no reason to write more often.
const NOTED: i64 = 60;
/// Longest that a browser or a program is called, in characters.
const LABEL: usize = 60;
/// Tokens of programs that one person has at most.
const PROGRAMS: i64 = 20;

/// A session, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct SessionRow {
    /// Its token's number.
    pub id: TokenId,
    /// What the browser called itself.
    pub browser: Option<String>,
    /// When it began.
    pub since: Timestamp,
    /// When something was last done in it.
    pub used: Timestamp,
}

/// A program's token, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ProgramToken {
    /// Its number.
    pub id: TokenId,
    /// What its owner knows it by.
    pub label: Option<String>,
    /// What the program may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub since: Timestamp,
    /// When it was last used.
    pub used: Option<Timestamp>,
    /// When it ends.
    pub ends: Option<Timestamp>,
}

/// Everything by which somebody is known to browsers and programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Held {
    /// Sessions, the one last used first.
    pub sessions: Vec<SessionRow>,
    /// Tokens of programs, the newest first.
    pub programs: Vec<ProgramToken>,
}

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

/// The user as an actor, in the first of their roles; who has none yet is entered by the core.
pub(super) fn themselves(db: &Connection, user: &str, token: Option<TokenId>) -> Result<Actor, StoreError> {
    Ok(match roles(db, user)?.first() {
        Some(role) => Actor::Person { user: user.to_owned(), role: *role, token },
        None => Actor::Machine { by: "sign-in@1".to_owned() },
    })
}

/// Who sits at a browser: what concerns a person's own sessions is done by no file and no program.
pub(super) fn at_a_browser(
    writing: &Writing<'_>,
    caller: &Caller,
    now: Timestamp,
) -> Result<(String, Actor), StoreError> {
    let person = callers::person(writing, caller, now)?;
    let token = person.token.ok_or(Denied::AtABrowser)?;
    if kept(writing.db, token)?.is_none_or(|kept| kept.keeper != Keeper::Browser) {
        return Err(Denied::AtABrowser.into());
    }
    let actor = themselves(writing.db, &person.user, Some(token))?;
    Ok((person.user, actor))
}

/// Says what a session's browser is called.
pub(super) fn label(db: &Connection, token: TokenId, browser: &str) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE token SET label = ?2 WHERE id = ?1")?.execute(params![token, line(browser)])?;
    Ok(())
}

/// One short line.
fn line(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(LABEL).collect()
}

/// Ends the sessions of a user, but for one.
pub(super) fn end_all_but(db: &Connection, user: &str, but: Option<TokenId>, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE token SET revoked = ?3 WHERE user = ?1 AND kept = 'browser' AND revoked IS NULL AND id IS NOT ?2";
    db.prepare_cached(sql)?.execute(params![user, but, now])?;
    Ok(())
}

fn make_program(
    writing: &mut Writing<'_>,
    caller: &Caller,
    (label_text, scopes, ends): (&str, &[Scope], Timestamp),
    secret: [u8; 32],
    now: Timestamp,
) -> Result<Token, StoreError> {
    let (user, actor) = at_a_browser(writing, caller, now)?;
    let db = writing.db;
    let sql = "SELECT count(*) FROM token WHERE user = ?1 AND kept = 'program' AND revoked IS NULL AND ends > ?2";
    let have: i64 = db.prepare_cached(sql)?.query_row(params![user, now], |r| r.get(0))?;
    if have >= PROGRAMS || scopes.is_empty() || ends <= now || line(label_text).is_empty() {
        let why =
            format!("a program's token has a name, a scope and an end, and there are at most {PROGRAMS} at a time");
        return Err(StoreError::Unwritten(why));
    }
    let token = add_token(db, &user, secret, Keeper::Program, Some(ends), now)?;
    label(db, token.id, label_text)?;
    let kept = serde_json::to_string(scopes)?;
    db.prepare_cached("UPDATE token SET scopes = ?2 WHERE id = ?1")?.execute(params![token.id, kept])?;
    let made = UserEvent::ProgramTokenMade { user, token: token.id, scopes: scopes.to_vec(), ends };
    append(writing, NO_INCIDENT, &made, &actor, now)?;
    Ok(token)
}

impl Store {
    /// A session of a person of the demo, who is made when there is none yet. For the demo only: nobody proves anything.
    ///
    /// # Errors
    /// The store cannot write.
    pub fn rehearse(&self, name: &str, role: Role, now: Timestamp) -> Result<Token, StoreError> {
        let secret = super::random()?;
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

    /// Ends a session or a program's token of the caller's own.
    ///
    /// # Errors
    /// The caller is not at a browser, or it is none of theirs.
    pub fn end_own(&self, caller: &Caller, id: TokenId, now: Timestamp) -> Result<(), StoreError> {
        let caller = caller.clone();
        self.run(move |w| {
            let (user, actor) = at_a_browser(w, &caller, now)?;
            let sql = "UPDATE token SET revoked = ?3
                       WHERE id = ?1 AND user = ?2 AND revoked IS NULL AND kept IN ('browser', 'program')";
            if w.db.prepare_cached(sql)?.execute(params![id, user, now])? == 0 {
                return Err(StoreError::Unknown { what: "session", id: id.to_string() });
            }
            append(w, NO_INCIDENT, &UserEvent::TokenEnded { user, token: id }, &actor, now)
        })
    }

    /// Ends all sessions of the caller but the one in which it is said.
    ///
    /// # Errors
    /// The caller is not at a browser.
    pub fn end_others(&self, caller: &Caller, now: Timestamp) -> Result<(), StoreError> {
        let caller = caller.clone();
        self.run(move |w| {
            let (user, actor) = at_a_browser(w, &caller, now)?;
            end_all_but(w.db, &user, caller.token.as_ref().map(|token| token.id), now)?;
            append(w, NO_INCIDENT, &UserEvent::SessionsEnded { user }, &actor, now)
        })
    }

    /// Gives a program a token with a part of what the caller may do. It is told this once.
    ///
    /// # Errors
    /// The caller is not at a browser, or the token has no name, no scope or no end.
    pub fn make_program(
        &self,
        caller: &Caller,
        (label, scopes, ends): (&str, Vec<Scope>, Timestamp),
        now: Timestamp,
    ) -> Result<Token, StoreError> {
        let secret = super::random()?;
        let (caller, label) = (caller.clone(), label.to_owned());
        self.run(move |w| make_program(w, &caller, (&label, &scopes, ends), secret, now))
    }
}

impl Reader {
    /// Who is known by a token at `now`; nobody, when it is wrong, was revoked or has ended.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn known(&self, token: &Token, now: Timestamp) -> Result<Option<Known>, StoreError> {
        Ok(match self.holder(token, now)? {
            Holder::Known(known) => Some(*known),
            Holder::Over | Holder::Nobody => None,
        })
    }

    /// Whose a token is at `now`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn holder(&self, token: &Token, now: Timestamp) -> Result<Holder, StoreError> {
        self.with(|db| {
            let Some(kept) = kept(db, token.id)?.filter(|kept| token.proves(&kept.proof)) else {
                return Ok(Holder::Nobody);
            };
            if kept.revoked.is_some() || kept.keeper.over(kept.used, kept.ends, now) {
                return Ok(Holder::Over);
            }
            let sql = "SELECT name, unit, EXISTS (SELECT 1 FROM factor WHERE user = u.id AND since IS NOT NULL)
                       FROM user u WHERE id = ?1";
            let (name, unit, factor) =
                db.prepare_cached(sql)?.query_row([&kept.user], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
            let vouched = kept.vouched;
            let roles = roles(db, &kept.user)?;
            let (keeper, used, scopes) = (kept.keeper, kept.used, kept.scopes);
            let (user, token) = (kept.user, token.id);
            Ok(Holder::Known(Box::new(Known { user, name, roles, token, keeper, used, scopes, unit, factor, vouched })))
        })
    }

    /// Sessions and programs' tokens of a user that are valid at `now`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn held(&self, user: &str, now: Timestamp) -> Result<Held, StoreError> {
        self.with(|db| {
            let sql = "SELECT id, label, made, coalesce(used, made) AS last FROM token
                       WHERE user = ?1 AND kept = 'browser' AND revoked IS NULL AND ends > ?2
                             AND coalesce(used, made) > ?2 - ?3
                       ORDER BY last DESC, id DESC";
            let sessions = db
                .prepare_cached(sql)?
                .query_map(params![user, now, IDLE], |r| {
                    Ok(SessionRow { id: r.get(0)?, browser: r.get(1)?, since: r.get(2)?, used: r.get(3)? })
                })?
                .collect::<Result<_, _>>()?;
            let sql = "SELECT id, label, scopes, made, used, ends FROM token
                       WHERE user = ?1 AND kept = 'program' AND revoked IS NULL AND (ends IS NULL OR ends > ?2)
                       ORDER BY id DESC";
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query(params![user, now])?;
            let mut programs = Vec::new();
            while let Some(r) = rows.next()? {
                let scopes: Option<String> = r.get(2)?;
                programs.push(ProgramToken {
                    id: r.get(0)?,
                    label: r.get(1)?,
                    scopes: scopes.map(|scopes| serde_json::from_str(&scopes)).transpose()?.unwrap_or_default(),
                    since: r.get(3)?,
                    used: r.get(4)?,
                    ends: r.get(5)?,
                });
            }
            Ok(Held { sessions, programs })
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
