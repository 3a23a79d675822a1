//! The outbox: notices from the event that causes them to the receipt that ends them.
//!
//! A notice is queued in the transaction of its event, so that one is never without the other. A message is noted before
//! it is sent and again when its channel has answered; what lies between the two may or may not have arrived, and is
//! sent once more, marked. Receipts are events of the incident.

use std::sync::Arc;

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, params};

use super::error::StoreError;
use super::incidents::append;
use super::writer::Writing;
use super::{Store, addresses};
use crate::incident::event::{Actor, Event};
use crate::notify::pace::{self, TWICE};
use crate::notify::route::{Destination, Routes};
use crate::notify::{Carried, DeliveryState, Notice, NoticeId, RULES, Receipt};

/// Notices whose ways are chosen in one transaction, and deliveries that are passed on in one.
const TOGETHER: i64 = 500;

/// Queues what is to be told; nothing is told to nobody.
pub(super) fn queue(db: &Connection, notices: &[Notice], now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO outbox (at, incident, urgent, body) VALUES (?1, ?2, ?3, ?4)";
    for notice in notices.iter().filter(|notice| !notice.tell.is_empty()) {
        let body = serde_json::to_string(notice)?;
        db.prepare_cached(sql)?.execute(params![now, notice.incident, notice.urgent, body])?;
    }
    Ok(())
}

/// Chooses the ways of notices that have none yet; how many notices that were.
fn route(writing: &mut Writing<'_>, routes: &Routes, now: Timestamp) -> Result<usize, StoreError> {
    let sql = format!("SELECT id, body FROM outbox WHERE routed IS NULL ORDER BY id LIMIT {TOGETHER}");
    let waiting = writing
        .db
        .prepare_cached(&sql)?
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<Vec<(NoticeId, String)>, _>>()?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let people = addresses::recipients(writing.db)?;
    for (id, body) in &waiting {
        let notice: Notice = serde_json::from_str(body)?;
        for to in routes.first(&notice.tell, &people) {
            add(writing.db, *id, &to, routes.from(&to, notice.urgent, now))?;
        }
        writing.db.prepare_cached("UPDATE outbox SET routed = ?2 WHERE id = ?1")?.execute((id, now))?;
    }
    Ok(waiting.len())
}

fn add(db: &Connection, notice: NoticeId, to: &Destination, since: Timestamp) -> Result<(), StoreError> {
    // Two channels may lead to the same place; it is told once.
    let sql = "INSERT INTO delivery (notice, channel, address, user, state, since, due)
               SELECT ?1, ?2, ?3, ?4, 'waiting', ?5, ?5 WHERE NOT EXISTS
                   (SELECT 1 FROM delivery WHERE notice = ?1 AND channel = ?2 AND address = ?3)";
    let Destination { channel, address, user } = to;
    db.prepare_cached(sql)?.execute(params![notice, channel, address, user, since])?;
    Ok(())
}

/// A delivery with what its receipt needs.
struct Way {
    id: i64,
    to: Destination,
    notice: NoticeId,
    about: Notice,
    tries: u32,
    unsure: u32,
}

const WAY: &str = "SELECT d.id, d.channel, d.address, d.user, d.notice, o.body, d.tries, d.unsure
                   FROM delivery d JOIN outbox o ON o.id = d.notice";

fn ways(db: &Connection, which: &str, arguments: impl rusqlite::Params) -> Result<Vec<Way>, StoreError> {
    let mut statement = db.prepare_cached(&format!("{WAY} WHERE {which}"))?;
    let mut rows = statement.query(arguments)?;
    let mut found = Vec::new();
    while let Some(r) = rows.next()? {
        found.push(Way {
            id: r.get(0)?,
            to: Destination { channel: r.get(1)?, address: r.get(2)?, user: r.get(3)? },
            notice: r.get(4)?,
            about: serde_json::from_str(r.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?)?,
            tries: r.get(6)?,
            unsure: r.get(7)?,
        });
    }
    Ok(found)
}

impl Way {
    /// Ends it, with a receipt in the record of its incident.
    fn end(
        &self,
        writing: &mut Writing<'_>,
        state: DeliveryState,
        receipt: Receipt,
        (code, why): (Option<i64>, Option<&str>),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE delivery SET state = ?2, ended = ?3, code = ?4, why = ?5, unsure = ?6 WHERE id = ?1";
        writing.db.prepare_cached(sql)?.execute(params![self.id, state.as_str(), now, code, why, self.unsure])?;
        let Some(incident) = self.about.incident else { return Ok(()) };
        let (channel, user) = (self.to.channel.clone(), self.to.user.clone());
        let event = Event::Notified { notice: self.notice, channel, user, receipt, again: self.unsure > 0, code };
        append(writing, incident, &event, &Actor::Machine { by: RULES.to_owned() }, now)
    }

    /// The notice goes on to the next channel; whether there is one.
    fn pass(&self, writing: &Writing<'_>, routes: &Routes, now: Timestamp) -> Result<bool, StoreError> {
        let next = routes.next(&self.to);
        for to in &next {
            add(writing.db, self.notice, to, routes.from(to, self.about.urgent, now))?;
        }
        Ok(!next.is_empty())
    }

    /// It is tried again later.
    fn wait(
        &self,
        db: &Connection,
        keep: bool,
        due: Timestamp,
        code: Option<i64>,
        why: &str,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE delivery SET state = 'waiting', due = ?2, unsure = ?3, code = ?4, why = ?5,
                   message = iif(?6, message, NULL) WHERE id = ?1";
        db.prepare_cached(sql)?.execute(params![self.id, due, self.unsure, code, why, keep])?;
        Ok(())
    }

    /// It may have arrived: once it is sent again, never twice.
    fn doubt(
        mut self,
        writing: &mut Writing<'_>,
        routes: &Routes,
        why: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.unsure += 1;
        if self.unsure < TWICE {
            let due = pace::again(self.tries.saturating_sub(1), None, now);
            return self.wait(writing.db, true, due, None, why);
        }
        self.end(writing, DeliveryState::Uncertain, Receipt::Uncertain, (None, Some(why)), now)?;
        self.pass(writing, routes, now).map(drop)
    }

    /// What the channel's answer makes of it.
    fn answered(
        self,
        writing: &mut Writing<'_>,
        routes: &Routes,
        carried: &Carried,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match carried {
            Carried::Delivered => self.end(writing, DeliveryState::Sent, Receipt::Sent, (None, None), now),
            Carried::Refused { code, why } => {
                self.end(writing, DeliveryState::Refused, Receipt::Refused, (*code, Some(why)), now)?;
                self.pass(writing, routes, now).map(drop)
            }
            Carried::Later { code, why, rest } => {
                let due = pace::again(self.tries.saturating_sub(1), *rest, now);
                // What may have arrived before keeps its number.
                self.wait(writing.db, self.unsure > 0, due, *code, why)
            }
            Carried::Unsure { why } => self.doubt(writing, routes, why, now),
        }
    }
}

/// A message that is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Names the attempt.
    pub id: i64,
    /// The number of the message for whoever gets it: that of the first attempt.
    pub number: i64,
}

fn begin(
    db: &Connection,
    channel: &str,
    deliveries: &[i64],
    number: Option<i64>,
    now: Timestamp,
) -> Result<Attempt, StoreError> {
    db.prepare_cached("INSERT INTO attempt (channel, at) VALUES (?1, ?2)")?.execute((channel, now))?;
    let id = db.last_insert_rowid();
    let number = number.unwrap_or(id);
    let sql = "UPDATE delivery SET state = 'sending', tries = tries + 1, message = ?2 WHERE id = ?1";
    let mut statement = db.prepare_cached(sql)?;
    for delivery in deliveries {
        statement.execute((delivery, number))?;
    }
    // What had been in the message before and does not fit in any more must not be taken for part of it.
    let sql = "UPDATE delivery SET message = NULL WHERE message = ?1 AND ended IS NULL AND state = 'waiting'";
    db.prepare_cached(sql)?.execute([number])?;
    Ok(Attempt { id, number })
}

/// What waits for more than a minute goes to the next channel, and what nobody takes within a day is given up; how many
/// deliveries that were.
fn pass_on(writing: &mut Writing<'_>, routes: &Routes, channel: &str, now: Timestamp) -> Result<usize, StoreError> {
    let which = format!(
        "d.channel = ?1 AND d.ended IS NULL AND d.state = 'waiting' AND d.since <= ?2 ORDER BY d.id LIMIT {TOGETHER}"
    );
    let over = ways(writing.db, &which, (channel, now.saturating_sub(routes.patience(channel))))?;
    let count = over.len();
    for way in over {
        if way.pass(writing, routes, now)? {
            way.end(writing, DeliveryState::Passed, Receipt::FellBack, (None, None), now)?;
        } else {
            let why = if routes.channel(channel).is_some() {
                "nobody took it within a day"
            } else {
                "the channel is not configured any more"
            };
            way.end(writing, DeliveryState::Refused, Receipt::Refused, (None, Some(why)), now)?;
        }
    }
    Ok(count)
}

/// What was being sent when Caifeng ended may have arrived.
fn recover(writing: &mut Writing<'_>, routes: &Routes, now: Timestamp) -> Result<usize, StoreError> {
    let cut_off = ways(writing.db, "d.ended IS NULL AND d.state = 'sending' ORDER BY d.id", [])?;
    let count = cut_off.len();
    for way in cut_off {
        way.doubt(writing, routes, "caifeng ended while it was sent", now)?;
    }
    Ok(count)
}

/// Notices from before a moment that nothing waits for, a few at a time.
fn expire(db: &Connection, before: Timestamp) -> Result<usize, StoreError> {
    let sql = format!(
        "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox o WHERE at < ?1 AND NOT EXISTS
             (SELECT 1 FROM delivery d WHERE d.notice = o.id AND d.ended IS NULL)
         ORDER BY id LIMIT {TOGETHER})"
    );
    let gone = db.prepare_cached(&sql)?.execute([before])?;
    db.prepare_cached("DELETE FROM attempt WHERE at < ?1")?.execute([before])?;
    Ok(gone)
}

impl Store {
    /// Chooses the ways of notices that have none yet, some hundreds at a time: as long as there were some, there may be
    /// more.
    ///
    /// # Errors
    /// They wait.
    pub fn route_notices(&self, routes: &Arc<Routes>, now: Timestamp) -> Result<usize, StoreError> {
        let routes = Arc::clone(routes);
        self.run(move |w| route(w, &routes, now))
    }

    /// Passes on what a channel has not taken in time, some hundreds at a time.
    ///
    /// # Errors
    /// It waits where it is.
    pub fn pass_notices(&self, routes: &Arc<Routes>, channel: &str, now: Timestamp) -> Result<usize, StoreError> {
        let (routes, channel) = (Arc::clone(routes), channel.to_owned());
        self.run(move |w| pass_on(w, &routes, &channel, now))
    }

    /// Notes that these deliveries are about to be sent in one message; `number`: of the message that they may have
    /// arrived in before.
    ///
    /// # Errors
    /// They must not be sent.
    pub fn begin_message(
        &self,
        channel: &str,
        deliveries: Vec<i64>,
        number: Option<i64>,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        let channel = channel.to_owned();
        self.run(move |w| begin(w.db, &channel, &deliveries, number, now))
    }

    /// Notes what the channel made of a message.
    ///
    /// # Errors
    /// They count as cut off, and are sent again.
    pub fn end_message(
        &self,
        routes: &Arc<Routes>,
        attempt: &Attempt,
        carried: Carried,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (routes, Attempt { id, number }) = (Arc::clone(routes), attempt.clone());
        self.run(move |w| {
            if let Carried::Later { rest: Some(rest), .. } = &carried {
                let until = now.saturating_add(*rest);
                w.db.prepare_cached("UPDATE attempt SET rest = ?2 WHERE id = ?1")?.execute((id, until))?;
            }
            let sending =
                ways(w.db, "d.message = ?1 AND d.ended IS NULL AND d.state = 'sending' ORDER BY d.id", [number])?;
            sending.into_iter().try_for_each(|way| way.answered(w, &routes, &carried, now))
        })
    }

    /// Takes up what was being sent when Caifeng ended; how many deliveries that were.
    ///
    /// # Errors
    /// They stay as they are.
    pub fn recover_notices(&self, routes: &Arc<Routes>, now: Timestamp) -> Result<usize, StoreError> {
        let routes = Arc::clone(routes);
        self.run(move |w| recover(w, &routes, now))
    }

    /// Lets go of notices from before a moment that nothing waits for; how many, some hundreds at most.
    ///
    /// # Errors
    /// They stay.
    pub fn expire_notices(&self, before: Timestamp) -> Result<usize, StoreError> {
        self.run(move |w| expire(w.db, before))
    }

    /// Queues a notice that no event causes; for tests and measurements.
    ///
    /// # Errors
    /// It is not queued.
    pub fn queue_notice(&self, notice: Notice, now: Timestamp) -> Result<(), StoreError> {
        self.run(move |w| queue(w.db, &[notice], now))
    }
}

/// The addresses of a user's own: channel and address.
pub(super) fn own_addresses(db: &Connection, user: &str) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "SELECT channel, address FROM own_address WHERE user = ?1 ORDER BY channel, address";
    let mut statement = db.prepare_cached(sql)?;
    Ok(statement.query_map([user], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?)
}
