//! A recorded web that is played in a data directory of its own: the demo's month, a drill's incident.
//!
//! The recording holds what each site showed at each moment. Every answer is swept at the moment it was recorded, moved
//! by a shift that is the same for all, by the same plugins, stages and store as on a live web, and without network. Two
//! things differ between a demo and a drill: where the recording comes from, and the clock by which it is played. How
//! recorded time passes is [`pass`] for both.

use std::collections::{HashSet, VecDeque};

use caifeng_plugin_host::contract::{Target, Timestamp};

use crate::config::Config;
use crate::evidence::archive::Archive;
use crate::incident::IncidentId;
use crate::incident::event::Event;
use crate::store::{Reader, StoreError};
use crate::sweep::{Sweeper, When, blocking};
use crate::watch::Watch;

/// A recording, and who listens to it.
#[derive(Debug)]
pub struct Recording {
    /// Organisation, topics and watches.
    pub config: Config,
    /// What the sites showed.
    pub archive: Archive,
    /// Seconds from the recording's time to the time shown.
    pub shift: i64,
}

/// One sweep of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// What was swept.
    pub watch: Watch,
    /// When, on the recording's clock.
    pub at: Timestamp,
}

impl Recording {
    /// Every sweep, in the order in which it happened.
    #[must_use]
    pub fn moments(&self) -> Vec<Moment> {
        let watches = self.config.watches(self.end());
        let listed = |url: &str| watches.iter().find(|w| matches!(&w.target, Target::Listing(at) if at == url));
        let entries = self.archive.entries().iter();
        let mut moments: Vec<Moment> =
            entries.filter_map(|entry| Some(Moment { watch: listed(&entry.url)?.clone(), at: entry.date })).collect();
        moments.sort_by_key(|moment| moment.at);
        moments
    }

    /// When it ends, on its own clock.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.archive.entries().iter().map(|entry| entry.date).max().unwrap_or_default()
    }
}

/// Those of `moments` that were not swept before.
///
/// # Errors
/// The store cannot be read.
pub fn unplayed(moments: &[Moment], shift: i64, reader: &Reader) -> Result<Vec<Moment>, StoreError> {
    let mut done = HashSet::new();
    for id in moments.iter().map(|moment| &moment.watch.id).collect::<HashSet<_>>() {
        let sweeps = reader.sweeps(Some(id), usize::MAX)?;
        let ended = sweeps.into_iter().filter(|sweep| sweep.ended.is_some());
        done.extend(ended.map(|sweep| (sweep.watch, sweep.started - shift)));
    }
    Ok(moments.iter().filter(|moment| !done.contains(&(moment.watch.id.clone(), moment.at))).cloned().collect())
}

/// What happened as recorded time passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A site was swept.
    Swept,
    /// Clocks told what they had to tell.
    Rung(Vec<(IncidentId, Event)>),
}

/// When clocks tell what they have to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ringing {
    /// Each at its second.
    OnTheWay,
    /// All at the end: nobody was there on the way.
    AtTheEnd,
}

/// Lets time pass until a moment on the clock of `sweeper`: `moments`, the next one first, are swept and leave the queue,
/// and clocks ring; what is said before what is told of it in the same second. `happened` is told of each.
///
/// # Errors
/// The store cannot read or write, or what `happened` says; what happened before stays.
pub async fn pass<E: From<StoreError>>(
    sweeper: &Sweeper,
    moments: &mut VecDeque<Moment>,
    until: Timestamp,
    ringing: Ringing,
    mut happened: impl FnMut(Happened) -> Result<(), E>,
) -> Result<(), E> {
    let shift = sweeper.shift.unwrap_or_default();
    loop {
        let sweep = moments.front().map(|moment| moment.at.saturating_add(shift)).filter(|at| *at <= until);
        let reader = sweeper.reader.clone();
        let ring = blocking(move || reader.next_ring()).await?.filter(|at| *at <= until);
        let sweep_first = match (sweep, ring) {
            (None, None) => return Ok(()),
            (Some(sweep), Some(ring)) => ringing == Ringing::AtTheEnd || sweep <= ring,
            (sweep, _) => sweep.is_some(),
        };
        if sweep_first && let Some(Moment { watch, at }) = moments.pop_front() {
            sweeper.sweep(&watch, When::Recorded { at, shift }).await?;
            happened(Happened::Swept)?;
        } else if let Some(ring) = ring {
            let (store, at) = (sweeper.store.clone(), if ringing == Ringing::AtTheEnd { until } else { ring });
            happened(Happened::Rung(blocking(move || store.ring(at)).await?))?;
        }
    }
}
