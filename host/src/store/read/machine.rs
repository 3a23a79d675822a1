//! What whoever keeps the machine wants to know at every moment: counts, and nothing that anybody said.

use caifeng_plugin_host::contract::Timestamp;
use std::collections::BTreeMap;

use super::{Reader, unsigned};
use crate::incident::chain::Checkpoint;
use crate::store::error::StoreError;
use crate::store::model::Figures;
use crate::store::{OutboxHealth, incidents};

/// How a store stands.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Posts and mentions.
    pub figures: Figures,
    /// Incidents by state.
    pub incidents: BTreeMap<String, u64>,
    /// Sweeps that were ever begun.
    pub sweeps: u64,
    /// Watches by plugin.
    pub watches: BTreeMap<String, Watching>,
    /// Notices on their way.
    pub outbox: OutboxHealth,
    /// Where the chain of events ends.
    pub head: Checkpoint,
    /// Bytes of the database.
    pub bytes: u64,
}

/// How the watches of one plugin stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watching {
    /// All of them.
    pub all: u64,
    /// Their last sweep failed.
    pub failing: u64,
    /// They are passed over until they are configured anew.
    pub halted: u64,
    /// Sweeps that have failed since each was last heard, added up.
    pub failures: u64,
}

impl Reader {
    /// How the store stands, for whoever keeps the machine. Takes a walk over incidents and watches, not over posts.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn machine(&self, now: Timestamp) -> Result<Machine, StoreError> {
        let (figures, outbox) = (self.figures()?, self.outbox_health(now)?);
        let mut watches = BTreeMap::<String, Watching>::new();
        for row in self.watches()?.into_iter().filter(|row| !row.watch.recorded) {
            let of = watches.entry(row.watch.plugin).or_default();
            of.all += 1;
            of.failing += u64::from(row.failing > 0);
            of.halted += u64::from(row.halted.is_some());
            of.failures += u64::from(row.failing);
        }
        self.with(|db| {
            let mut statement = db.prepare_cached("SELECT state, count(*) FROM incident GROUP BY state")?;
            let states = statement.query_map([], |r| Ok((r.get(0)?, unsigned(r.get(1)?))))?;
            let incidents = states.collect::<Result<_, _>>()?;
            // Numbers of sweeps are never used again: the highest is how many there were.
            let sweeps = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'sweep'";
            let bytes = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
            let one = |sql: &str| db.prepare_cached(sql)?.query_row([], |r| r.get(0)).map(unsigned);
            Ok(Machine {
                figures,
                incidents,
                sweeps: one(sweeps)?,
                watches,
                outbox,
                head: incidents::head(db)?,
                bytes: one(bytes)?,
            })
        })
    }
}
