//! Requests that are answered once: what came of them, by who asked and the key they gave.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::Store;
use super::error::StoreError;

/// Seconds for which an answer is kept: a program that asks again later has forgotten it.
const KEPT: i64 = 86_400;

/// What is known of a request when it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: it is noted now.
    New,
    /// Another request came with this key.
    Other,
    /// It came before and nothing is known of its end.
    Open,
    /// It came before and was answered so.
    Done {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: Vec<u8>,
    },
}

impl Store {
    /// Notes that `user` asks for what has the hash `print`, under `key`, unless that was noted before.
    ///
    /// # Errors
    /// The store cannot write.
    pub fn begin_once(&self, user: &str, key: &str, print: &str, now: Timestamp) -> Result<Begun, StoreError> {
        let (user, key, print) = (user.to_owned(), key.to_owned(), print.to_owned());
        self.run(move |w| {
            let gone = now.saturating_sub(KEPT);
            w.db.prepare_cached("DELETE FROM once WHERE at < ?1")?.execute([gone])?;
            let sql = "SELECT print, status, body FROM once WHERE user = ?1 AND key = ?2";
            let found = w.db.prepare_cached(sql)?.query_row([&user, &key], |r| {
                Ok((r.get::<_, String>(0)?, r.get::<_, Option<u16>>(1)?, r.get::<_, Option<Vec<u8>>>(2)?))
            });
            match found.optional()? {
                Some((before, _, _)) if before != print => Ok(Begun::Other),
                Some((_, Some(status), Some(body))) => Ok(Begun::Done { status, body }),
                Some(_) => Ok(Begun::Open),
                None => {
                    let sql = "INSERT INTO once (user, key, print, at) VALUES (?1, ?2, ?3, ?4)";
                    w.db.prepare_cached(sql)?.execute(params![user, key, print, now])?;
                    Ok(Begun::New)
                }
            }
        })
    }

    /// Keeps how the request under `key` was answered.
    ///
    /// # Errors
    /// The store cannot write.
    pub fn end_once(&self, user: &str, key: &str, status: u16, body: Vec<u8>) -> Result<(), StoreError> {
        let (user, key) = (user.to_owned(), key.to_owned());
        self.run(move |w| {
            let sql = "UPDATE once SET status = ?3, body = ?4 WHERE user = ?1 AND key = ?2";
            w.db.prepare_cached(sql)?.execute(params![user, key, status, body])?;
            Ok(())
        })
    }
}
