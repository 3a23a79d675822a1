//! What is counted of incidents and topics for early warning, gathered over a job and written at its end.
//!
//! A batch has many posts of few subjects in few hours: one row each is written, however many posts they are.

mod handover;

use std::collections::BTreeMap;

use caifeng_plugin_host::contract::{Reactions, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::error::StoreError;
use super::incidents;
use super::ingest::counted;
use super::model::PostRowId;
use super::rowid;
use crate::incident::IncidentId;
use crate::warning::known::{HOUR, Kind};
use crate::warning::media::{Register, Tier};

pub(super) use handover::hand_over;

/// How far back the last sweep of a watch may be for its posts without a date to count as new, in seconds.
const NEW: i64 = 86_400;

/// Counts of one job.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By subject and hour: posts.
    posts: BTreeMap<(&'static str, i64, i64), i64>,
    /// By subject: publication of the first post.
    first: BTreeMap<(&'static str, i64), Timestamp>,
    /// By incident and place: level, first post, posts.
    carriers: BTreeMap<(IncidentId, String), (Option<Tier>, Timestamp, i64)>,
    /// By subject and sweep: posts.
    feeders: BTreeMap<(&'static str, i64, i64), i64>,
}

/// A mention that counts.
pub(super) struct Counted<'a> {
    pub(super) row: PostRowId,
    pub(super) captured: Timestamp,
    pub(super) sweep: Option<i64>,
    pub(super) published: Option<Timestamp>,
    /// The medium that it names as its origin.
    pub(super) publisher: Option<&'a str>,
    pub(super) url: &'a str,
    /// What stands for its place where the register does not know it.
    pub(super) site: &'a str,
}

impl Counted<'_> {
    /// Whether its page says when it was published.
    pub(super) fn has_date(&self) -> bool {
        self.published.is_some_and(|published| published <= self.captured)
    }

    /// Whether it is known when it was published although its page does not say so: the sweep before was recent.
    pub(super) fn is_new(&self, db: &Connection) -> Result<bool, StoreError> {
        let Some(sweep) = self.sweep else { return Ok(self.url.is_empty()) };
        let sql = "SELECT w.covered FROM sweep s JOIN watch w ON w.id = s.watch WHERE s.id = ?1";
        let covered: Option<Option<Timestamp>> = db.prepare_cached(sql)?.query_row([sweep], |r| r.get(0)).optional()?;
        Ok(covered.flatten().is_some_and(|covered| covered >= self.captured - NEW))
    }
}

impl Tally {
    /// Counts a mention of an incident, and where it is told.
    pub(super) fn incident(&mut self, incident: IncidentId, mention: &Counted<'_>, media: &Register) {
        self.subject(Kind::Incident, incident, mention);
        let (tier, place) = media.place(mention.publisher, mention.url, mention.site);
        let at = rowid::second(mention.row);
        let carrier = self.carriers.entry((incident, place)).or_insert((tier, at, 0));
        carrier.1 = carrier.1.min(at);
        carrier.2 += 1;
    }

    /// Counts a mention of a topic, by its row.
    pub(super) fn topic(&mut self, topic: i64, mention: &Counted<'_>) {
        self.subject(Kind::Topic, topic, mention);
    }

    fn subject(&mut self, kind: Kind, subject: i64, mention: &Counted<'_>) {
        let (kind, at) = (kind.as_str(), rowid::second(mention.row));
        *self.posts.entry((kind, subject, at.div_euclid(HOUR))).or_default() += 1;
        let first = self.first.entry((kind, subject)).or_insert(at);
        *first = at.min(*first);
        if let Some(sweep) = mention.sweep {
            *self.feeders.entry((kind, subject, sweep)).or_default() += 1;
        }
    }

    /// Writes what was counted; each subject is due to be judged.
    pub(super) fn write(&self, db: &Connection) -> Result<(), StoreError> {
        for ((kind, subject, hour), posts) in &self.posts {
            let sql = "INSERT INTO tally (kind, subject, hour, posts) VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT DO UPDATE SET posts = posts + excluded.posts";
            db.prepare_cached(sql)?.execute((kind, subject, hour, posts))?;
        }
        for ((kind, subject), first) in &self.first {
            let sql = "INSERT INTO standing (kind, subject, first, due) VALUES (?1, ?2, ?3, 0)
                       ON CONFLICT DO UPDATE SET first = min(first, excluded.first), due = 0";
            db.prepare_cached(sql)?.execute((kind, subject, first))?;
        }
        for ((incident, place), (tier, first, posts)) in &self.carriers {
            let sql = "INSERT INTO carrier (incident, place, tier, first, posts) VALUES (?1, ?2, ?3, ?4, ?5)
                       ON CONFLICT DO UPDATE SET first = min(first, excluded.first), posts = posts + excluded.posts";
            db.prepare_cached(sql)?.execute(params![incident, place, tier.map(Tier::as_str), first, posts])?;
        }
        for ((kind, subject, sweep), posts) in &self.feeders {
            let sql = "INSERT INTO feeder (kind, subject, watch, posts)
                       SELECT ?1, ?2, watch, ?4 FROM sweep WHERE id = ?3
                       ON CONFLICT DO UPDATE SET posts = posts + excluded.posts";
            db.prepare_cached(sql)?.execute((kind, subject, sweep, posts))?;
        }
        Ok(())
    }
}

/// What a mention's counts say: views, shares and replies.
type Counts = [Option<u64>; 3];

/// What they have gained since they were last read; `None` for counts that nobody knows the past of.
fn gain(before: Option<Counts>, now: Counts) -> [i64; 3] {
    let Some(before) = before else { return [0; 3] };
    std::array::from_fn(|at| match (before[at], now[at]) {
        (Some(old), Some(new)) => counted(Some(new.saturating_sub(old))).unwrap_or(0),
        _ => 0,
    })
}

/// What stands for the counts before they were first read: nothing, if the post is of that day.
fn unread(row: PostRowId, at: Timestamp) -> Option<Counts> {
    (rowid::second(row) >= at - NEW).then_some([Some(0); 3])
}

fn counts(r: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Counts> {
    let count = |at| r.get::<_, Option<i64>>(first + at).map(|n| n.and_then(|n| u64::try_from(n).ok()));
    Ok([count(0)?, count(1)?, count(2)?])
}

/// Counts what a mention has gained since its counts were last read; when they were never, all of it, if the post
/// is of that day.
pub(super) fn gained(db: &Connection, row: PostRowId, at: Timestamp, now: Reactions) -> Result<(), StoreError> {
    let Some(incident) = incidents::of_post(db, row)? else { return Ok(()) };
    let sql = "SELECT views, shares, replies FROM reading WHERE row = ?1 AND at < ?2 ORDER BY at DESC LIMIT 1";
    let before = db.prepare_cached(sql)?.query_row((row, at), |r| counts(r, 0)).optional()?;
    let gain = gain(before.or_else(|| unread(row, at)), [now.views, now.shares, now.replies]);
    if gain == [0; 3] {
        return Ok(());
    }
    add_gain(db, incident, at.div_euclid(HOUR), gain)?;
    db.prepare_cached("UPDATE standing SET due = 0 WHERE kind = 'incident' AND subject = ?1")?.execute([incident])?;
    Ok(())
}

fn add_gain(db: &Connection, incident: IncidentId, hour: i64, gain: [i64; 3]) -> Result<(), StoreError> {
    let sql = "INSERT INTO tally (kind, subject, hour, views, shares, replies) VALUES ('incident', ?1, ?2, ?3, ?4, ?5)
               ON CONFLICT DO UPDATE SET views = min(views, 1 << 60) + min(excluded.views, 1 << 60),
               shares = min(shares, 1 << 60) + min(excluded.shares, 1 << 60),
               replies = min(replies, 1 << 60) + min(excluded.replies, 1 << 60)";
    let [views, shares, replies] = gain;
    db.prepare_cached(sql)?.execute((incident, hour, views, shares, replies))?;
    Ok(())
}
