//! The people of one store taken over into another: a drill's team acts with the tokens it has (P22).
//!
//! What is taken over are names, roles and what proves a token; never a token. What happens to a user in either store
//! afterwards does not happen in the other.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::params;

use super::error::StoreError;
use super::incidents::append;
use super::writer::Writing;
use super::{Reader, Store};
use crate::incident::event::{Actor, Role};
use crate::permission::NO_INCIDENT;
use crate::user::UserEvent;

/// Everybody who is known in a store.
#[derive(Clone, Default)]
pub struct Enrolment(Vec<Enrolled>);

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Enrolment").field(&self.0.len()).finish()
    }
}

#[derive(Clone)]
struct Enrolled {
    id: String,
    name: Option<String>,
    realm: Option<String>,
    revoked: Option<Timestamp>,
    roles: Vec<String>,
    /// Number, proof, and the account of the machine that used it first.
    tokens: Vec<(i64, Vec<u8>, Option<u32>)>,
}

/// The job behind [`Store::enrol`].
fn enrol(writing: &mut Writing<'_>, people: &Enrolment, by: &str, now: Timestamp) -> Result<(), StoreError> {
    let actor = Actor::Machine { by: by.to_owned() };
    for user in &people.0 {
        let db = writing.db;
        db.prepare_cached("INSERT INTO user (id, name, realm, added, revoked) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![user.id, user.name, user.realm, now, user.revoked])?;
        for role in &user.roles {
            db.prepare_cached("INSERT INTO user_role (user, role) VALUES (?1, ?2)")?.execute([&user.id, role])?;
        }
        for (token, proof, account) in &user.tokens {
            let sql = "INSERT INTO token (id, user, proof, made, account) VALUES (?1, ?2, ?3, ?4, ?5)";
            db.prepare_cached(sql)?.execute(params![token, user.id, proof, now, account])?;
            let roles = user.roles.iter().filter_map(|name| Role::from_name(name)).collect();
            let added = UserEvent::UserAdded { user: user.id.clone(), roles, token: *token };
            append(writing, NO_INCIDENT, &added, &actor, now)?;
        }
    }
    Ok(())
}

impl Store {
    /// Takes everybody over, in the name of a rule of the core. The store must know nobody yet.
    ///
    /// # Errors
    /// Nobody is taken over.
    pub fn enrol(&self, people: Enrolment, by: &'static str, now: Timestamp) -> Result<(), StoreError> {
        self.run(move |w| enrol(w, &people, by, now))
    }
}

impl Reader {
    /// Everybody who is known here, with the tokens that are valid.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn enrolment(&self) -> Result<Enrolment, StoreError> {
        self.with(|db| {
            let mut users =
                db.prepare_cached("SELECT id, name, realm, revoked FROM user ORDER BY added, length(id), id")?;
            let mut roles = db.prepare_cached("SELECT role FROM user_role WHERE user = ?1")?;
            let mut tokens = db.prepare_cached(
                "SELECT id, proof, account FROM token WHERE user = ?1 AND revoked IS NULL ORDER BY id",
            )?;
            let mut people = Vec::new();
            let mut rows = users.query([])?;
            while let Some(r) = rows.next()? {
                let id: String = r.get(0)?;
                let roles = roles.query_map([&id], |r| r.get(0))?.collect::<Result<_, _>>()?;
                let tokens =
                    tokens.query_map([&id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?.collect::<Result<_, _>>()?;
                people.push(Enrolled { id, name: r.get(1)?, realm: r.get(2)?, revoked: r.get(3)?, roles, tokens });
            }
            Ok(Enrolment(people))
        })
    }
}
