//! What was covered: gaps, notices, and the past that sweeps are judged by.

use std::collections::HashMap;

use caifeng_plugin_host::contract::Timestamp;

use rusqlite::OptionalExtension as _;

use super::{Reader, unsigned};
use crate::coverage::rhythm::{Look, PAST};
use crate::coverage::statement::{Span, Statement, Watched};
use crate::coverage::{Gap, Notice, Told};
use crate::incident::State;
use crate::schedule::Feeds;
use crate::store::error::StoreError;
use crate::store::gaps::{GAP, cause_of, gap};
use crate::store::rowid;
use crate::watch::Watch;

/// Sweeps of one watch that its past is made of, the newest.
const LOOKS: i64 = 10_000;
/// How long an incident without a new post counts as going on, in seconds.
const RECENT: i64 = 48 * 60 * 60;

impl Reader {
    /// What the sweeps of a watch that heard everything tell of its past, oldest first: of the [`PAST`]
    /// before it was last heard, so that a long failure does not make it forget what was usual.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn past(&self, watch: &str) -> Result<Vec<Look>, StoreError> {
        let known = "SELECT covered, past FROM watch WHERE id = ?1";
        let sql = "SELECT started, failures IS NULL, new, seen, skipped, missing, pages, newest, unchanged
                   FROM sweep
                   WHERE watch = ?1 AND id > ?2 AND ended IS NOT NULL AND failures IS NULL ORDER BY id DESC LIMIT ?3";
        self.with(|db| {
            let known: Option<(Option<Timestamp>, i64)> =
                db.prepare_cached(known)?.query_row([watch], |r| Ok((r.get(0)?, r.get(1)?))).optional()?;
            let Some((Some(covered), past)) = known else { return Ok(Vec::new()) };
            let since = covered.saturating_sub(PAST);
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query((watch, past, LOOKS))?;
            let mut looks = Vec::new();
            while let Some(r) = rows.next()? {
                let n = |i| Ok::<_, rusqlite::Error>(unsigned(r.get(i)?));
                let look = Look {
                    started: r.get(0)?,
                    heard: r.get(1)?,
                    new: n(2)?,
                    seen: n(3)?,
                    skipped: n(4)?,
                    missing: n(5)?,
                    pages: n(6)?,
                    newest: r.get(7)?,
                    unchanged: n(8)?,
                };
                if look.started < since {
                    break;
                }
                looks.push(look);
            }
            looks.reverse();
            // A clock that was set back would make time run backwards.
            looks.sort_by_key(|look| look.started);
            Ok(looks)
        })
    }

    /// When the last sweep of a watch that heard everything began, and where its oldest gap that is not closed begins.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn heard_until(&self, watch: &str) -> Result<(Option<Timestamp>, Option<Timestamp>), StoreError> {
        let sql = "SELECT (SELECT covered FROM watch WHERE id = ?1),
                          (SELECT min(from_) FROM gap WHERE watch = ?1 AND closed IS NULL)";
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row([watch], |r| Ok((r.get(0)?, r.get(1)?)))?))
    }

    /// Watches that feed an incident whose newest post is at most two days old and that is open or grows: with the
    /// newest that grows, else the newest.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn feeding(&self, now: Timestamp) -> Result<HashMap<String, Feeds>, StoreError> {
        let sql = "SELECT s.watch, coalesce(g.stage IN ('emerging', 'growing', 'peaking'), 0) AS up, m.incident
                   FROM mention m JOIN incident i ON i.id = m.incident
                   LEFT JOIN standing g ON g.kind = 'incident' AND g.subject = i.id
                   JOIN post p ON p.row = m.row JOIN sweep s ON s.id = p.sweep
                   WHERE m.row >= ?1 AND i.state <> 'merged' AND (i.state IN (?2, ?3) OR up) GROUP BY 1, 2, 3";
        self.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let states = (State::New.as_str(), State::Handling.as_str());
            let rows = statement.query_map((rowid::first(now - RECENT), states.0, states.1), |r| {
                Ok((r.get(0)?, Feeds { growing: r.get(1)?, id: r.get(2)? }))
            })?;
            let mut found: HashMap<String, Feeds> = HashMap::new();
            for row in rows {
                let (watch, feeds): (String, Feeds) = row?;
                found.entry(watch).and_modify(|known| *known = feeds.max(*known)).or_insert(feeds);
            }
            Ok(found)
        })
    }

    /// When the schedule last looked at its watches; `None` before it ever ran.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn pulse(&self) -> Result<Option<Timestamp>, StoreError> {
        self.with(|db| Ok(db.prepare_cached("SELECT max(at) FROM pulse")?.query_row([], |r| r.get(0))?))
    }

    /// Gaps that reach beyond `since`, of a watch or of all, in the order in which they opened.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn gaps(&self, watch: Option<&str>, since: Timestamp) -> Result<Vec<Gap>, StoreError> {
        let sql = format!(
            "SELECT {GAP} FROM gap g JOIN watch w ON w.id = g.watch
             WHERE w.retired = 0 AND (?1 IS NULL OR g.watch = ?1) AND (g.until IS NULL OR g.until > ?2) ORDER BY g.id"
        );
        self.with(|db| Ok(db.prepare_cached(&sql)?.query_map((watch, since), gap)?.collect::<Result<_, _>>()?))
    }

    /// The newest notices, newest first; those after the notice `after` only, where that is given.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn notices(&self, after: Option<i64>, limit: usize) -> Result<Vec<Notice>, StoreError> {
        let sql = "SELECT id, at, watch, told, cause, since, times FROM notice WHERE id > ?1 ORDER BY id DESC LIMIT ?2";
        let notice = |r: &rusqlite::Row<'_>| {
            let (told, cause): (String, String) = (r.get(3)?, r.get(4)?);
            Ok(Notice {
                id: r.get(0)?,
                at: r.get(1)?,
                watch: r.get(2)?,
                told: Told::of_name(&told).unwrap_or(Told::Still),
                cause: cause_of(&cause),
                since: r.get(5)?,
                times: r.get(6)?,
            })
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.with(|db| {
            Ok(db.prepare_cached(sql)?.query_map((after.unwrap_or(0), limit), notice)?.collect::<Result<_, _>>()?)
        })
    }

    /// What was covered from `since` to `now`, by watch in the order of their ids.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn coverage(&self, since: Timestamp, now: Timestamp) -> Result<Statement, StoreError> {
        let sql = "SELECT w.id, w.body, w.due, w.covered, w.halted IS NOT NULL,
                          (SELECT started FROM sweep WHERE watch = w.id AND id > w.past ORDER BY id LIMIT 1)
                   FROM watch w WHERE w.retired = 0 ORDER BY w.id";
        let mut gaps: HashMap<String, Vec<Gap>> = HashMap::new();
        for gap in self.gaps(None, since)? {
            gaps.entry(gap.watch.clone()).or_default().push(gap);
        }
        let pulse = self.pulse()?;
        self.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            let mut watches = Vec::new();
            while let Some(r) = rows.next()? {
                let watch: Watch = serde_json::from_str(r.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
                if watch.recorded {
                    continue;
                }
                let id: String = r.get(0)?;
                let gaps = gaps.remove(&id).unwrap_or_default();
                let (ceiling, halted) = (watch.every.ceiling, r.get(4)?);
                watches.push(Watched {
                    id,
                    due: r.get(2)?,
                    covered: r.get(3)?,
                    halted,
                    first: r.get(5)?,
                    ceiling,
                    gaps,
                });
            }
            Ok(Statement::of(Span { since, until: now }, watches, pulse))
        })
    }
}
