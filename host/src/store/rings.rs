//! Clocks that have something to tell: looked up by when, so that a second costs what is due in it.

use caifeng_plugin_host::contract::Timestamp;
use rusqlite::OptionalExtension as _;

use super::casefile::CaseFile;
use super::error::StoreError;
use super::writer::Writing;
use super::{Reader, Store};
use crate::incident::IncidentId;
use crate::incident::event::{Actor, Event};
use crate::incident::life::Command;

/// Who rings.
const CLOCK: &str = "clock@1";
/// Incidents whose clocks ring in one transaction.
const TOGETHER: usize = 256;

fn ring(writing: &mut Writing<'_>, now: Timestamp) -> Result<Vec<(IncidentId, Event)>, StoreError> {
    let sql = format!("SELECT id FROM incident WHERE due <= ?1 ORDER BY due LIMIT {TOGETHER}");
    let ids: Vec<IncidentId> =
        writing.db.prepare_cached(&sql)?.query_map([now], |r| r.get(0))?.collect::<Result<_, _>>()?;
    let actor = Actor::Machine { by: CLOCK.to_owned() };
    let mut rung = Vec::new();
    for id in ids {
        let mut file = CaseFile::read(writing.db, id)?;
        let events = file.act(writing, Command::Ring, &actor, None, now)?;
        file.look_again(now);
        file.write(writing, None)?;
        rung.extend(events.into_iter().map(|event| (id, event)));
    }
    Ok(rung)
}

impl Store {
    /// Lets the clocks tell what they have to tell by now, those of a few hundred incidents at a time: as long as there
    /// was something, there may be more.
    ///
    /// # Errors
    /// Nothing is told; it will be the next time.
    pub fn ring(&self, now: Timestamp) -> Result<Vec<(IncidentId, Event)>, StoreError> {
        self.run(move |w| ring(w, now))
    }
}

impl Reader {
    /// When a clock has something to tell next.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_ring(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT due FROM incident WHERE due IS NOT NULL ORDER BY due LIMIT 1";
        self.with(|db| Ok(db.prepare_cached(sql)?.query_row([], |r| r.get(0)).optional()?))
    }
}
