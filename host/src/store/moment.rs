//! The latest moment on record: before it, the time is not, whatever the machine's clock says.
//!
//! Read from what the daemon noted when it last looked at its schedule, and from what people did. What machines did is
//! dated by captures, and a capture may come from a recording that says anything.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use super::callers::{self, Caller};
use super::error::StoreError;
use super::incidents::append;
use super::{Reader, Store};
use crate::permission::NO_INCIDENT;
use crate::user::UserEvent;
use crate::user::right::Act;

/// Events that are looked at, the newest.
const NEWEST: i64 = 256;

fn latest(db: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let sql = format!(
        "SELECT max(at) FROM (
             SELECT at FROM (SELECT at, actor FROM event WHERE seq > (SELECT coalesce(max(seq), 0) FROM distrusted)
                             ORDER BY seq DESC LIMIT {NEWEST})
             WHERE json_extract(actor, '$.actor') = 'person'
             UNION ALL SELECT max(at) FROM pulse)"
    );
    Ok(db.prepare_cached(&sql)?.query_row([], |r| r.get(0)).optional()?.flatten())
}

impl Store {
    /// Believes the machine's clock, which says `wall`, and not the record, which is ahead of it because the clock once
    /// was: an event says so. Decisions that were dated ahead stay what they are; nothing is decided about their
    /// incidents before that time. Returns what the record said, if it was ahead.
    ///
    /// # Errors
    /// The caller may not; nothing is changed.
    pub fn distrust(&self, caller: &Caller, wall: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let caller = caller.clone();
        self.run(move |w| {
            let actor = callers::allowed(w, &caller, Act::TrustClock, wall)?;
            let Some(record) = latest(w.db)?.filter(|record| *record > wall) else { return Ok(None) };
            w.db.prepare("INSERT OR IGNORE INTO distrusted (seq) VALUES (?1)")?.execute([w.head.seq])?;
            w.db.prepare("DELETE FROM pulse WHERE at > ?1")?.execute([wall])?;
            append(w, NO_INCIDENT, &UserEvent::ClockTrusted { record }, &actor, wall)?;
            Ok(Some(record))
        })
    }
}

impl Reader {
    /// The latest moment on record; `None` while nothing is.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn latest(&self) -> Result<Option<Timestamp>, StoreError> {
        self.with(latest)
    }
}
