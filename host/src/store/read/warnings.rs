//! Early warning: where subjects stand, their course, and what was told.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Serialize;

use super::{Reader, unsigned};
use crate::coverage::rhythm::PAST;
use crate::incident::IncidentId;
use crate::store::error::StoreError;
use crate::store::gaps::{GAP, gap};
use crate::store::media;
use crate::store::{rowid, topics};
use crate::warning::backtest::Said;
use crate::warning::known::{Carrier, Deaf, HOUR, Hearing, Hour, Kind};
use crate::warning::media::Tier;
use crate::warning::stage::Standing;
use crate::warning::{Alert, Severity, Stage};

/// Places of one incident that are looked at, the newest.
const CARRIERS: i64 = 500;

/// An incident or a topic, and what people call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// Which of the two.
    pub kind: Kind,
    /// The incident, or the row of the topic.
    pub id: i64,
    /// The incident's title, empty once its words are deleted, or the topic's name.
    pub name: String,
}

/// A warning that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warned {
    /// Row id: rises with time.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Of what.
    pub subject: Subject,
    /// What was told.
    pub alert: Alert,
}

/// A subject that is not quiet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risen {
    /// Which.
    pub subject: Subject,
    /// Its stage.
    pub stage: Stage,
    /// Since when.
    pub since: Timestamp,
    /// The most that was told in this episode.
    pub told: Option<Severity>,
    /// Posts by hour of the last two days, oldest first; hours without posts are left out.
    pub hours: Vec<Hour>,
    /// Posts of these two days that the cap of a topic left out: its counts are those of what was taken.
    pub over: u64,
    /// The latest warning.
    pub latest: Option<(Timestamp, Alert)>,
}

/// The course of one subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// Where it stands; `None` before anything was counted.
    pub standing: Option<Standing>,
    /// Publication of its first post.
    pub first: Timestamp,
    /// Its counts by hour, oldest first.
    pub hours: Vec<Hour>,
    /// Where an incident is told: place and posts, the first to carry it first.
    pub carriers: Vec<(Carrier, u64)>,
    /// Its warnings, newest first.
    pub warnings: Vec<(Timestamp, Alert)>,
}

/// Which warnings to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WarningQuery {
    /// Given at or after this second.
    pub since: Option<Timestamp>,
    /// At least as severe as this.
    pub least: Option<Severity>,
    /// After the warning of this id: what is new since it.
    pub after: Option<i64>,
    /// Before the warning of this id.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

impl Reader {
    /// Warnings, newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn warnings(&self, query: &WarningQuery) -> Result<Vec<Warned>, StoreError> {
        let sql = "SELECT w.id, w.at, w.kind, w.subject, coalesce(i.title, t.name, ''), w.alert FROM warning w
                   LEFT JOIN incident i ON w.kind = 'incident' AND i.id = w.subject
                   LEFT JOIN topic t ON w.kind = 'topic' AND t.id = w.subject
                   WHERE w.id > ?1 AND w.at >= ?2 AND w.id < ?3 ORDER BY w.id DESC";
        self.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let (after, before) = (query.after.unwrap_or(0), query.before.unwrap_or(i64::MAX));
            let mut rows = statement.query((after, query.since.unwrap_or(i64::MIN), before))?;
            let mut found = Vec::new();
            while let Some(r) = rows.next()? {
                let alert: Alert = serde_json::from_str(r.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?)?;
                if query.least.is_none_or(|least| alert.severity >= least) {
                    found.push(Warned { id: r.get(0)?, at: r.get(1)?, subject: subject(r, 2)?, alert });
                }
                if found.len() >= query.limit {
                    break;
                }
            }
            Ok(found)
        })
    }

    /// Subjects that are not quiet: those that grow first, then by how much was told, then the latest; `limit` at most.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn risen(&self, now: Timestamp, limit: usize) -> Result<Vec<Risen>, StoreError> {
        let sql = "SELECT s.kind, s.subject, coalesce(i.title, t.name, ''), s.body FROM standing s
                   LEFT JOIN incident i ON s.kind = 'incident' AND i.id = s.subject
                   LEFT JOIN topic t ON s.kind = 'topic' AND t.id = s.subject
                   WHERE s.stage <> 'quiet' AND s.body IS NOT NULL AND i.state IS NOT 'merged'
                   ORDER BY s.stage = 'growing' DESC, s.stage = 'fading',
                   s.severity = 'alarm' DESC, s.severity = 'warning' DESC, s.subject DESC LIMIT ?1";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query([limit])?;
            let mut found = Vec::new();
            while let Some(r) = rows.next()? {
                let standing: Standing = serde_json::from_str(r.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?)?;
                let subject = subject(r, 0)?;
                let from = now.div_euclid(HOUR) - 47;
                let hours = hours(db, subject.kind, subject.id, from)?;
                let over = match subject.kind {
                    Kind::Topic => topics::over(db, subject.id, from * HOUR)?,
                    Kind::Incident => 0,
                };
                let latest = told(db, subject.kind, subject.id, 1)?.pop();
                let Standing { stage, since, told, .. } = standing;
                found.push(Risen { subject, stage, since, told, hours, over, latest });
            }
            Ok(found)
        })
    }

    /// The course of a subject since a moment.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn course(&self, kind: Kind, id: i64, since: Timestamp) -> Result<Course, StoreError> {
        self.with(|db| {
            let Some((first, standing)) = standing(db, kind, id)? else { return Ok(Course::default()) };
            Ok(Course {
                standing,
                first,
                hours: hours(db, kind, id, since.div_euclid(HOUR))?,
                carriers: if kind == Kind::Incident { carriers(db, id)? } else { Vec::new() },
                warnings: told(db, kind, id, 100)?,
            })
        })
    }

    /// When the watches that bring a subject were heard.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn hearing(&self, kind: Kind, id: i64, now: Timestamp) -> Result<Hearing, StoreError> {
        self.with(|db| hearing(db, kind, id, now))
    }

    /// What is stored of incidents or topics, or `only` of one, published in a span: as a back-test replays it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn said(
        &self,
        kind: Kind,
        only: Option<i64>,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(Subject, Vec<Said>)>, StoreError> {
        let of = match kind {
            Kind::Incident => {
                "SELECT m.row, m.incident AS subject, coalesce(i.title, '') AS name
                               FROM mention m JOIN incident i ON i.id = m.incident"
            }
            Kind::Topic => "SELECT m.row, m.topic AS subject, t.name FROM topic_post m JOIN topic t ON t.id = m.topic",
        };
        let sql = format!(
            "SELECT o.subject, o.name, o.row, s.site, p.publisher, p.url FROM ({of}) o
             JOIN post p ON p.row = o.row JOIN source s ON s.id = p.source
             WHERE o.row >= ?1 AND o.row < ?2 AND (?3 IS NULL OR o.subject = ?3) ORDER BY o.subject, o.row"
        );
        self.with(|db| {
            let mut statement = db.prepare(&sql)?;
            let mut rows = statement.query((rowid::first(since), rowid::first(until), only))?;
            let media = media::read(db)?;
            let mut found: Vec<(Subject, Vec<Said>)> = Vec::new();
            while let Some(r) = rows.next()? {
                let id = r.get(0)?;
                if found.last().is_none_or(|(subject, _)| subject.id != id) {
                    found.push((Subject { kind, id, name: r.get(1)? }, Vec::new()));
                }
                let (publisher, url, site): (Option<String>, String, String) = (r.get(4)?, r.get(5)?, r.get(3)?);
                let (tier, place) = media.place(publisher.as_deref(), &url, &site);
                let said = Said { at: rowid::second(r.get(2)?), place, tier, ..Said::default() };
                if let Some((_, all)) = found.last_mut() {
                    all.push(said);
                }
            }
            Ok(found)
        })
    }

    /// The row of a topic.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn topic(&self, name: &str) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT id FROM topic WHERE name = ?1";
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row([name], |r| r.get(0)).optional()?))
    }
}

fn subject(row: &Row<'_>, first: usize) -> rusqlite::Result<Subject> {
    let kind = Kind::of_name(row.get_ref(first)?.as_str()?).unwrap_or(Kind::Topic);
    Ok(Subject { kind, id: row.get(first + 1)?, name: row.get(first + 2)? })
}

/// The first post of a subject, and where it stands.
pub(in crate::store) fn standing(
    db: &Connection,
    kind: Kind,
    id: i64,
) -> Result<Option<(Timestamp, Option<Standing>)>, StoreError> {
    let sql = "SELECT first, body FROM standing WHERE kind = ?1 AND subject = ?2";
    let row = db.prepare_cached(sql)?.query_row((kind.as_str(), id), |r| Ok((r.get(0)?, r.get(1)?)));
    let Some((first, body)): Option<(Timestamp, Option<String>)> = row.optional()? else { return Ok(None) };
    Ok(Some((first, body.map(|body| serde_json::from_str(&body)).transpose()?)))
}

/// Counts from an hour on, oldest first.
pub(in crate::store) fn hours(db: &Connection, kind: Kind, id: i64, from: i64) -> Result<Vec<Hour>, StoreError> {
    let sql = "SELECT hour, posts, views, shares, replies FROM tally
               WHERE kind = ?1 AND subject = ?2 AND hour >= ?3 ORDER BY hour";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map((kind.as_str(), id, from), |r| {
        let n = |i| Ok::<_, rusqlite::Error>(unsigned(r.get(i)?));
        Ok(Hour { hour: r.get(0)?, posts: n(1)?, views: n(2)?, shares: n(3)?, replies: n(4)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Where an incident is told, the first place first.
pub(in crate::store) fn carriers(db: &Connection, id: IncidentId) -> Result<Vec<(Carrier, u64)>, StoreError> {
    let sql = "SELECT tier, place, first, posts FROM carrier WHERE incident = ?1 ORDER BY first LIMIT ?2";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map((id, CARRIERS), |r| {
        let tier = r.get_ref(0)?.as_str_or_null()?.and_then(Tier::of_name);
        Ok((Carrier { tier, name: r.get(1)?, first: r.get(2)? }, unsigned(r.get(3)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn told(db: &Connection, kind: Kind, id: i64, limit: i64) -> Result<Vec<(Timestamp, Alert)>, StoreError> {
    let sql = "SELECT at, alert FROM warning WHERE kind = ?1 AND subject = ?2 ORDER BY id DESC LIMIT ?3";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query((kind.as_str(), id, limit))?;
    let mut found = Vec::new();
    while let Some(r) = rows.next()? {
        found.push((r.get(0)?, serde_json::from_str(r.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?));
    }
    Ok(found)
}

/// A watch that brings a subject.
struct Feeder {
    watch: String,
    posts: f64,
    /// It stands for a recording, which is heard whenever it is read.
    recorded: bool,
    /// When it was first swept, and when it was last heard of.
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// When the watches that bring a subject were heard: each by the share of the posts that came from it.
pub(in crate::store) fn hearing(db: &Connection, kind: Kind, id: i64, now: Timestamp) -> Result<Hearing, StoreError> {
    let sql = "SELECT f.watch, f.posts, json_extract(w.body, '$.recorded') IS 1,
                      (SELECT started FROM sweep WHERE watch = w.id AND id > w.past ORDER BY id LIMIT 1),
                      max(coalesce(w.covered, 0), coalesce((SELECT started FROM sweep WHERE id = w.last AND seen > 0), 0))
               FROM feeder f JOIN watch w ON w.id = f.watch WHERE f.kind = ?1 AND f.subject = ?2";
    let mut statement = db.prepare_cached(sql)?;
    let feeders = statement.query_map((kind.as_str(), id), |r| {
        #[expect(clippy::cast_precision_loss, reason = "a weight")]
        let posts = r.get::<_, i64>(1)? as f64;
        Ok(Feeder { watch: r.get(0)?, posts, recorded: r.get(2)?, first: r.get(3)?, last: r.get(4)? })
    })?;
    let feeders: Vec<Feeder> = feeders.collect::<Result<_, _>>()?;
    let all: f64 = feeders.iter().map(|feeder| feeder.posts).sum();
    let mut deaf = Vec::new();
    for feeder in feeders.iter().filter(|feeder| !feeder.recorded) {
        let share = feeder.posts / all;
        let silent = |from, until| Deaf { from, until, share };
        let last = feeder.last.unwrap_or(now);
        deaf.extend(feeder.first.map(|first| silent(Timestamp::MIN / 2, first)));
        deaf.push(silent(last, Timestamp::MAX / 2));
        deaf.extend(gaps(db, &feeder.watch, last, now)?.into_iter().map(|(from, until)| silent(from, until)));
    }
    Ok(Hearing::but_for(deaf))
}

/// The spans before `last` in which a watch heard nothing and could not make up for it, each second once.
fn gaps(
    db: &Connection,
    watch: &str,
    last: Timestamp,
    now: Timestamp,
) -> Result<Vec<(Timestamp, Timestamp)>, StoreError> {
    let sql = format!(
        "SELECT {GAP} FROM gap g WHERE g.watch = ?1 AND g.partial = 0 AND (g.until IS NULL OR g.until > ?2) ORDER BY g.from_"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let gaps = statement.query_map((watch, now - PAST), gap)?;
    let (mut spans, mut reached) = (Vec::new(), Timestamp::MIN);
    for gap in gaps {
        if let Some((from, until)) = gap?.lost(now) {
            let (from, until) = (from.max(reached), until.min(last));
            if until > from {
                spans.push((from, until));
                reached = until;
            }
        }
    }
    Ok(spans)
}
