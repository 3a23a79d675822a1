//! The monitoring record, searched and paged.

use caifeng_plugin_host::contract::{Target, Timestamp};
use rusqlite::params;

use super::Reader;
use super::watches::{SWEEP, sweep};
use crate::record::Entry;
use crate::store::error::StoreError;
use crate::watch::Watch;

/// Which sweeps, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordQuery {
    /// Of this watch.
    pub watch: Option<String>,
    /// That began then or later.
    pub since: Option<Timestamp>,
    /// That began before then.
    pub until: Option<Timestamp>,
    /// That failed, or never ended.
    pub failed: bool,
    /// Older than this one, for the next page.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: Option<usize>,
}

impl Reader {
    /// Sweeps of the monitoring record, newest first, each with what was looked for.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn record(&self, query: &RecordQuery) -> Result<Vec<Entry>, StoreError> {
        // Each test is a clause of its own, so that the index by watch is used where there is one to use.
        let clause = |wanted: bool, clause: &'static str, all: &'static str| if wanted { clause } else { all };
        let sql = format!(
            "SELECT {SWEEP}, w.body FROM sweep s JOIN watch w ON w.id = s.watch
             WHERE {} AND {} AND {} AND {} AND {} ORDER BY s.id DESC LIMIT ?5",
            clause(query.watch.is_some(), "s.watch = ?1", "?1 IS NULL"),
            clause(query.since.is_some(), "s.started >= ?2", "?2 IS NULL"),
            clause(query.until.is_some(), "s.started < ?3", "?3 IS NULL"),
            clause(query.before.is_some(), "s.id < ?4", "?4 IS NULL"),
            clause(query.failed, "(s.failures IS NOT NULL OR s.ended IS NULL)", "1"),
        );
        let limit = query.limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        self.with(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let mut rows = statement.query(params![query.watch, query.since, query.until, query.before, limit])?;
            let mut entries = Vec::new();
            while let Some(r) = rows.next()? {
                let watch: Watch = serde_json::from_str(r.get_ref(20)?.as_str().map_err(rusqlite::Error::from)?)?;
                let (Target::Keyword(target)
                | Target::Account(target)
                | Target::Listing(target)
                | Target::Item(target)) = watch.target;
                entries.push(Entry { sweep: sweep(r)?, plugin: watch.plugin, target });
            }
            Ok(entries)
        })
    }
}
