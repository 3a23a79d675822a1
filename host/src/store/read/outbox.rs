//! Notices: what was told, what waits, and whom a channel's next message is for.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::Serialize;

use super::{Reader, unsigned};
use crate::incident::{Category, IncidentId};
use crate::notify::pace::WINDOW;
use crate::notify::route::Destination;
use crate::notify::words::Known;
use crate::notify::{DeliveryState, Notice, NoticeId};
use crate::store::error::StoreError;

/// Which notices to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxQuery {
    /// About this incident.
    pub incident: Option<IncidentId>,
    /// Only those that wait to be sent.
    pub waiting: bool,
    /// Older than this one.
    pub before: Option<NoticeId>,
    /// At most so many.
    pub limit: usize,
}

/// A notice with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRow {
    /// Its number.
    pub id: NoticeId,
    /// When what it tells happened.
    pub at: Timestamp,
    /// What it tells, and whom.
    pub notice: Notice,
    /// What is known of its subject.
    pub known: Known,
    /// Its ways have been chosen.
    pub routed: bool,
    /// Its ways, in the order in which they were taken.
    pub deliveries: Vec<DeliveryRow>,
}

/// One way of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeliveryRow {
    /// Where to.
    #[serde(flatten)]
    pub to: Destination,
    /// How it stands.
    pub state: DeliveryState,
    /// From when on it may be sent.
    pub since: Timestamp,
    /// When it is tried next, while it waits.
    pub due: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// It may have arrived more than once.
    pub again: bool,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The channel's own number for why not.
    pub code: Option<i64>,
    /// One line.
    pub why: Option<String>,
}

/// What waits for a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// The first of those that may be sent now, urgent ones first.
    pub waiting: Vec<Waiting>,
    /// When its latest messages went out.
    pub sent: Vec<Timestamp>,
    /// Until when it wants nothing.
    pub rest: Option<Timestamp>,
}

/// A delivery that may be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The delivery.
    pub id: i64,
    /// Where to.
    pub to: Destination,
    /// The notice's number.
    pub number: NoticeId,
    /// The notice.
    pub notice: Notice,
    /// What is known of its subject.
    pub known: Known,
    /// It may have arrived before.
    pub again: bool,
    /// The number of the message that it then was in.
    pub message: Option<i64>,
}

/// Whether notices leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OutboxHealth {
    /// Notices that wait to be sent and are not held back by quiet hours.
    pub waiting: u64,
    /// Since when the oldest of them does.
    pub oldest: Option<Timestamp>,
}

/// How a channel stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ChannelStanding {
    /// Deliveries that wait and are not held back by quiet hours.
    pub waiting: u64,
    /// Since when the oldest of them does.
    pub oldest: Option<Timestamp>,
    /// Deliveries that quiet hours hold back.
    pub held: u64,
    /// Deliveries of the last day that it took.
    pub sent: u64,
    /// Deliveries of the last day that it did not take: refused, passed on or uncertain.
    pub lost: u64,
    /// Until when it wants nothing.
    pub rest: Option<Timestamp>,
    /// What it said last when it did not take something, in the last day.
    pub why: Option<String>,
}

/// Columns of a notice's subject, read by [`known`] from the column `at` on.
const KNOWN: &str = "iif(x.incident IS NULL, coalesce(i.title, t.name, ''), ''),
    iif(x.incident IS NULL, coalesce(i.assessed, i.suggested), NULL), x.incident IS NOT NULL";
const SUBJECT: &str = "LEFT JOIN incident i ON i.id = o.incident LEFT JOIN restricted x ON x.incident = o.incident
    LEFT JOIN topic t ON o.incident IS NULL AND t.id = json_extract(o.body, '$.occasion.topic')";

fn known(r: &Row<'_>, at: usize) -> rusqlite::Result<Known> {
    let category: Option<String> = r.get(at + 1)?;
    let category = category.as_deref().and_then(Category::from_name);
    Ok(Known { title: r.get(at)?, category, restricted: r.get(at + 2)? })
}

fn json<T: serde::de::DeserializeOwned>(r: &Row<'_>, at: usize) -> Result<T, StoreError> {
    Ok(serde_json::from_str(r.get_ref(at)?.as_str().map_err(rusqlite::Error::from)?)?)
}

fn state(r: &Row<'_>, at: usize) -> rusqlite::Result<DeliveryState> {
    // A state that this version does not know was written by a later one.
    Ok(DeliveryState::of_name(r.get_ref(at)?.as_str()?).unwrap_or(DeliveryState::Uncertain))
}

fn deliveries(db: &Connection, notice: NoticeId) -> Result<Vec<DeliveryRow>, StoreError> {
    let sql = "SELECT channel, address, user, state, since, due, tries, unsure, ended, code, why
               FROM delivery WHERE notice = ?1 ORDER BY id";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([notice], |r| {
        Ok(DeliveryRow {
            to: Destination { channel: r.get(0)?, address: r.get(1)?, user: r.get(2)? },
            state: state(r, 3)?,
            since: r.get(4)?,
            due: r.get(5)?,
            tries: r.get(6)?,
            again: r.get::<_, i64>(7)? > 0,
            ended: r.get(8)?,
            code: r.get(9)?,
            why: r.get(10)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn notices(db: &Connection, which: &str, arguments: impl rusqlite::Params) -> Result<Vec<NoticeRow>, StoreError> {
    let sql = format!("SELECT o.id, o.at, o.body, o.routed IS NOT NULL, {KNOWN} FROM outbox o {SUBJECT} WHERE {which}");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(arguments)?;
    let mut found = Vec::new();
    while let Some(r) = rows.next()? {
        let (id, deliveries) = (r.get(0)?, deliveries(db, r.get(0)?)?);
        let (at, notice, routed) = (r.get(1)?, json(r, 2)?, r.get(3)?);
        found.push(NoticeRow { id, at, notice, routed, known: known(r, 4)?, deliveries });
    }
    Ok(found)
}

impl Reader {
    /// Notices, newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn outbox(&self, query: &OutboxQuery) -> Result<Vec<NoticeRow>, StoreError> {
        let which = "o.id < ?1 AND (?2 IS NULL OR o.incident = ?2) AND (NOT ?3 OR o.routed IS NULL OR EXISTS
                         (SELECT 1 FROM delivery d WHERE d.notice = o.id AND d.ended IS NULL))
                     ORDER BY o.id DESC LIMIT ?4";
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        let arguments = (query.before.unwrap_or(i64::MAX), query.incident, query.waiting, limit);
        self.with(|db| notices(db, which, arguments))
    }

    /// One notice.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn notice(&self, id: NoticeId) -> Result<Option<NoticeRow>, StoreError> {
        self.with(|db| Ok(notices(db, "o.id = ?1", [id])?.pop()))
    }

    /// Whether there are notices whose ways are to be chosen.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn has_unrouted(&self) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM outbox WHERE routed IS NULL LIMIT 1";
        self.with(|db| Ok(db.prepare_cached(sql)?.exists([])?))
    }

    /// Whether something has waited for a channel for longer than `patience` seconds.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn is_overdue(&self, channel: &str, patience: i64, now: Timestamp) -> Result<bool, StoreError> {
        let sql =
            "SELECT 1 FROM delivery WHERE channel = ?1 AND ended IS NULL AND state = 'waiting' AND since <= ?2 LIMIT 1";
        self.with(|db| Ok(db.prepare_cached(sql)?.exists((channel, now.saturating_sub(patience)))?))
    }

    /// What waits for a channel at `now`, the first `limit`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn queue(&self, channel: &str, now: Timestamp, limit: usize) -> Result<Queue, StoreError> {
        let sql = format!(
            "SELECT d.id, d.channel, d.address, d.user, o.id, o.body, d.unsure > 0, d.message, {KNOWN}
             FROM delivery d JOIN outbox o ON o.id = d.notice {SUBJECT}
             WHERE d.channel = ?1 AND d.ended IS NULL AND d.state = 'waiting' AND d.due <= ?2
             ORDER BY o.urgent DESC, d.notice, d.id LIMIT ?3"
        );
        self.with(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let mut rows = statement.query((channel, now, i64::try_from(limit).unwrap_or(i64::MAX)))?;
            let mut waiting = Vec::new();
            while let Some(r) = rows.next()? {
                waiting.push(Waiting {
                    id: r.get(0)?,
                    to: Destination { channel: r.get(1)?, address: r.get(2)?, user: r.get(3)? },
                    number: r.get(4)?,
                    notice: json(r, 5)?,
                    again: r.get(6)?,
                    message: r.get(7)?,
                    known: known(r, 8)?,
                });
            }
            let sql = "SELECT at FROM attempt WHERE channel = ?1 AND at > ?2";
            let mut statement = db.prepare_cached(sql)?;
            let sent = statement.query_map((channel, now - WINDOW), |r| r.get(0))?.collect::<Result<_, _>>()?;
            Ok(Queue { waiting, sent, rest: rest(db, channel, now)? })
        })
    }

    /// Channels that something is waiting for.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn awaited_channels(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT channel FROM delivery WHERE ended IS NULL ORDER BY channel";
        self.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            Ok(statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?)
        })
    }

    /// Whether notices leave: a figure of health.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn outbox_health(&self, now: Timestamp) -> Result<OutboxHealth, StoreError> {
        // Going on to the next channel makes a notice no younger.
        let sql = "SELECT count(*), min(first) FROM
                   (SELECT (SELECT min(all_.since) FROM delivery all_ WHERE all_.notice = d.notice) AS first
                    FROM delivery d WHERE d.ended IS NULL AND d.since <= ?1 GROUP BY d.notice
                    UNION ALL SELECT at FROM outbox WHERE routed IS NULL)";
        self.with(|db| {
            let found = db
                .prepare_cached(sql)?
                .query_row([now], |r| Ok(OutboxHealth { waiting: unsigned(r.get(0)?), oldest: r.get(1)? }));
            Ok(found?)
        })
    }

    /// How a channel stands.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn channel_standing(&self, channel: &str, now: Timestamp) -> Result<ChannelStanding, StoreError> {
        let waiting = "SELECT count(*) FILTER (WHERE since <= ?2), min(since) FILTER (WHERE since <= ?2),
                       count(*) FILTER (WHERE since > ?2)
                       FROM delivery WHERE channel = ?1 AND ended IS NULL";
        let ended = "SELECT count(*) FILTER (WHERE state = 'sent'), count(*) FILTER (WHERE state <> 'sent')
                     FROM delivery WHERE channel = ?1 AND ended > ?2";
        let why = "SELECT why FROM delivery WHERE channel = ?1 AND why IS NOT NULL
                   AND (ended > ?2 OR ended IS NULL) ORDER BY id DESC LIMIT 1";
        let day = now - 86_400;
        self.with(|db| {
            let (waiting, oldest, held): (i64, _, i64) =
                db.prepare_cached(waiting)?.query_row((channel, now), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
            let (sent, lost): (i64, i64) =
                db.prepare_cached(ended)?.query_row((channel, day), |r| Ok((r.get(0)?, r.get(1)?)))?;
            let why = db.prepare_cached(why)?.query_row((channel, day), |r| r.get(0)).optional()?;
            let [waiting, held, sent, lost] = [waiting, held, sent, lost].map(unsigned);
            Ok(ChannelStanding { waiting, oldest, held, sent, lost, rest: rest(db, channel, now)?, why })
        })
    }

    /// A user's own addresses: channel and address.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn own_addresses(&self, user: &str) -> Result<Vec<(String, String)>, StoreError> {
        self.with(|db| crate::store::outbox::own_addresses(db, user))
    }
}

/// Until when a channel wants nothing.
fn rest(db: &Connection, channel: &str, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT max(rest) FROM attempt WHERE channel = ?1 AND at > ?2 AND rest > ?3";
    // A channel asks for a day at most.
    Ok(db.prepare_cached(sql)?.query_row((channel, now - 86_400, now), |r| r.get(0))?)
}
