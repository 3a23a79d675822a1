//! The schedule as the daemon keeps it, one step at a time.
//!
//! [`daemon`](crate::daemon) calls these steps by the clock on the wall; a test may call them by
//! any other. What is decided is pure ([`crate::schedule`], [`crate::coverage`]); this asks the store
//! for what is known and writes down what comes of it.

use std::sync::atomic::{AtomicI64, Ordering};

use caifeng_plugin_host::contract::Timestamp;

use crate::coverage::GRACE;
use crate::coverage::rhythm::Rhythm;
use crate::schedule::{self, Next, Situation};
use crate::store::StoreError;
use crate::sweep::{Sweeper, blocking};
use crate::watch::Watch;

/// How often gaps are looked for, in seconds.
const TEND: i64 = 60;

/// The schedule of one data directory.
#[derive(Debug)]
pub struct Rounds {
    sweeper: Sweeper,
    tended: AtomicI64,
}

impl Rounds {
    /// A schedule that has not looked at anything yet.
    #[must_use]
    pub const fn new(sweeper: Sweeper) -> Self {
        Self { sweeper, tended: AtomicI64::new(i64::MIN) }
    }

    /// Opens gaps for what was missed, at most once a minute: for the time in which Caifeng did not run
    /// the first time. `running` are the watches that are being swept. A demo has no time of its own to miss.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn tend(&self, running: Vec<String>) -> Result<(), StoreError> {
        let (now, last) = (self.sweeper.clock.now(), self.tended.load(Ordering::Relaxed));
        if self.sweeper.shift.is_some() || now.saturating_sub(last) < TEND {
            return Ok(());
        }
        let (store, reader) = (self.sweeper.store.clone(), self.sweeper.reader.clone());
        blocking(move || {
            let off = if last == i64::MIN { reader.pulse()?.filter(|pulse| now - pulse > GRACE) } else { None };
            store.tend(now, off, running)
        })
        .await?;
        self.tended.store(now, Ordering::Relaxed);
        Ok(())
    }

    /// The watches that are due.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn due(&self) -> Result<Vec<Watch>, StoreError> {
        let (reader, now) = (self.sweeper.reader.clone(), self.sweeper.clock.now());
        blocking(move || reader.due(now)).await
    }

    /// Sweeps a watch and decides when it is due next.
    pub async fn sweep(&self, watch: &Watch) {
        if let Err(error) = self.sweeper.sweep(watch, self.sweeper.when()).await {
            tracing::error!(watch = watch.id, "swept in vain: {error}");
        }
        let (sweeper, watch) = (self.sweeper.clone(), watch.clone());
        let now = sweeper.clock.now();
        let settled = blocking(move || reschedule(&sweeper, &watch, now)).await;
        if let Err(error) = settled {
            tracing::error!("the schedule cannot be written: {error}");
        }
    }
}

/// Decides when a watch is due next, from its past and what goes on.
fn reschedule(sweeper: &Sweeper, watch: &Watch, now: Timestamp) -> Result<(), StoreError> {
    let sweeps = sweeper.reader.sweeps(Some(&watch.id), 8)?;
    let looks = sweeper.reader.past(&watch.id)?;
    let rhythm = Rhythm::learn(&looks, &sweeper.zone);
    let incident = sweeper.reader.feeding(now)?.get(&watch.id).copied();
    let followed = sweeper.reader.followed(&watch.id, now)?;
    let (every, jitter) = (watch.every, jitter(&watch.id));
    let known = Situation { sweeps: &sweeps, looks: &looks, rhythm: &rhythm, every, incident, followed, now, jitter };
    match schedule::next(&known) {
        Next::At(at, why) => sweeper.store.schedule_watch(&watch.id, at.max(now + 1), &why),
        Next::Never(_) => {
            let why = sweeps.first().and_then(|sweep| sweep.tally.failures.first());
            let why = why.map_or_else(|| "the plugin cannot read it".to_owned(), |failure| failure.detail.clone());
            sweeper.store.halt_watch(&watch.id, &format!("refused: {why}: correct the watch"))
        }
    }
}

/// A fraction that is the same for a watch at every start, and spread over watches.
fn jitter(id: &str) -> f64 {
    let sum = id.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    f64::from(sum % 1000) / 1000.0
}
