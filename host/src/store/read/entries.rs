//! The record of events, read page by page.
//!
//! What is asked for stands inside the entries and is in no index, so a page looks at [`LOOKED`] of them at most, and says where
//! the next one goes on.

use caifeng_plugin_host::contract::Timestamp;
use serde::Deserialize;

use super::Reader;
use crate::incident::event::Actor;
use crate::store::error::StoreError;

/// Entries that one page looks at, at most.
pub const LOOKED: usize = 20_000;

/// Which entries, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryQuery {
    /// Older than this one.
    pub before: Option<i64>,
    /// Of this kind, by the name that the record uses.
    pub kind: Option<String>,
    /// By this user, by identifier; [`MACHINE`] for what no person did.
    pub who: Option<String>,
    /// From then on.
    pub since: Option<Timestamp>,
    /// Before then.
    pub until: Option<Timestamp>,
    /// At most so many.
    pub limit: usize,
}

/// Stands for what no person did.
pub const MACHINE: &str = "machine";

/// A page of the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryPage {
    /// The entries.
    pub entries: Vec<EventRow>,
    /// Where the next page goes on; `None` at the beginning of the record.
    pub next: Option<i64>,
}

/// An entry of the record, as it is chained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its number.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The incident; 0 for what belongs to none.
    pub incident: i64,
    /// Who, as JSON.
    pub actor: String,
    /// What, as JSON.
    pub body: String,
}

impl EventRow {
    /// What kind of entry it is; empty where that cannot be read.
    #[must_use]
    pub fn kind(&self) -> String {
        #[derive(Deserialize)]
        struct Named {
            event: String,
        }
        serde_json::from_str::<Named>(&self.body).map(|named| named.event).unwrap_or_default()
    }

    fn is_by(&self, who: &str) -> bool {
        match serde_json::from_str(&self.actor) {
            Ok(Actor::Person { user, .. }) => user == who,
            Ok(Actor::Machine { .. }) => who == MACHINE,
            Err(_) => false,
        }
    }
}

impl EntryQuery {
    fn fits(&self, row: &EventRow) -> bool {
        self.since.is_none_or(|since| row.at >= since)
            && self.until.is_none_or(|until| row.at < until)
            && self.kind.as_ref().is_none_or(|kind| row.kind() == *kind)
            && self.who.as_ref().is_none_or(|who| row.is_by(who))
    }
}

impl Reader {
    /// Entries of the record.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn entries(&self, query: &EntryQuery) -> Result<EntryPage, StoreError> {
        let sql = "SELECT seq, at, incident, actor, body FROM event WHERE seq < ?1 ORDER BY seq DESC";
        self.with(|db| {
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query([query.before.unwrap_or(i64::MAX)])?;
            let mut page = EntryPage::default();
            let mut looked = 0;
            while let Some(r) = rows.next()? {
                if page.entries.len() == query.limit || looked == LOOKED {
                    return Ok(page);
                }
                let row =
                    EventRow { seq: r.get(0)?, at: r.get(1)?, incident: r.get(2)?, actor: r.get(3)?, body: r.get(4)? };
                looked += 1;
                page.next = Some(row.seq);
                if query.fits(&row) {
                    page.entries.push(row);
                }
            }
            page.next = None;
            Ok(page)
        })
    }
}
