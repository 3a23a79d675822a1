//! One sweep: drives the pure crawl with the fetcher, the sandbox and the pipeline.
//!
//! A sweep always ends with a line in the monitoring record (P6), whatever
//! happened: what it heard is stored while it goes on, what it could not hear is
//! a failure with its cause. Only a store that cannot write ends it early.

mod captured;
mod failing;
mod gathered;
mod known;
mod look;
pub mod receipt;
mod run;
mod waiting;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use caifeng_plugin_host::contract::{Settings, Target, Timestamp};
use caifeng_plugin_host::engine::Engine;
use caifeng_plugin_host::manifest::TargetKind;
use caifeng_plugin_host::source::Source;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use self::run::Run;
use crate::clock::Clock;
use crate::crawl::Limits;
use crate::current::Current;
use crate::evidence::vault::Vault;
use crate::failed_call::FailedCalls;
use crate::fetch::secrets::{Credentials, Secrets};
use crate::fetch::{Fetcher, SharedRecorder};
use crate::grant::Right;
use crate::incident::IncidentId;
use crate::ingest::Pipeline;
use crate::plugins::installed::Installed;
use crate::retention::{Keeper, Retention};
use crate::store::{Reader, Store, StoreError};
use crate::watch::{FailureKind, SweepFailure, SweepTally, Watch};

/// Whose time a sweep runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The clock's; what was published well before the last good sweep is known.
    Live,
    /// A recording's: the plugin lives at `at`, and what it finds is stored
    /// `shift` seconds later, so that an old recording can end now.
    Recorded {
        /// When the recording was made.
        at: Timestamp,
        /// Added to every time that is stored.
        shift: i64,
    },
}

impl When {
    const fn shift(self) -> i64 {
        match self {
            Self::Live => 0,
            Self::Recorded { shift, .. } => shift,
        }
    }
}

/// What one sweep found.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Report {
    /// The watch.
    pub watch: String,
    /// Its plugin.
    pub plugin: String,
    /// What was counted.
    #[serde(flatten)]
    pub tally: SweepTally,
    /// Incidents that it opened.
    pub opened: Vec<IncidentId>,
    /// Incidents that it added to.
    pub joined: Vec<IncidentId>,
    /// The id of the post that an `item` target stands for, once it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
}

/// Everything that a sweep needs; clones share it.
#[derive(Clone)]
pub struct Sweeper {
    /// Remembers.
    pub store: Store,
    /// Says what is stored already.
    pub reader: Reader,
    /// Runs plugins.
    pub engine: Engine,
    /// The plugins, and what they may reach.
    pub plugins: Arc<Installed>,
    /// The pure stages.
    pub pipeline: Pipeline,
    /// Asks.
    pub fetcher: Arc<Fetcher>,
    /// Writes each exchange down, where somebody asked for that.
    pub recorder: Option<SharedRecorder>,
    /// What the operator lets requests carry.
    pub secrets: Arc<Secrets>,
    /// How far a watch's sweeps may go; the usual where nothing is said.
    pub budgets: Current<HashMap<String, Limits>>,
    /// Keeps each exchange as evidence.
    pub vault: Arc<Vault>,
    /// How long what was heard is kept.
    pub retention: Current<Retention>,
    /// Keeps pages that plugins could not read.
    pub failed: FailedCalls,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The organisation's zone, by whose hours a watch's past is told.
    pub zone: TimeZone,
    /// In a demo: seconds from the recording's time to the time that is shown.
    pub shift: Option<i64>,
    /// Sources that were loaded, by plugin id.
    pub sources: Arc<Mutex<HashMap<String, Source>>>,
    /// One sweep of a watch at a time, whoever asks for it.
    pub turns: Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>>,
}

impl std::fmt::Debug for Sweeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sweeper").finish_non_exhaustive()
    }
}

/// Runs `work`, which waits for SQLite or burns CPU, off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and whoever waits here with it.
            Err(_cancelled) => std::future::pending().await,
        },
    }
}

impl Sweeper {
    /// Sweeps `watch` once.
    ///
    /// # Errors
    /// When the store cannot write; what was committed before stays.
    pub async fn sweep(&self, watch: &Watch, when: When) -> Result<Report, StoreError> {
        let turn = self.turn(watch);
        let _turn = turn.lock().await;
        let now = match when {
            When::Live => self.clock.now(),
            When::Recorded { at, .. } => at,
        };
        let (store, id) = (self.store.clone(), watch.id.clone());
        let sweep = blocking(move || store.begin_sweep(&id, now + when.shift())).await?;
        let begun = self.begun().await;
        let mut run = Run::new(&begun, watch, when, sweep, self.site_of(watch));
        let mut outcome = run.crawl_within_limits(now).await;
        if outcome.is_ok() {
            outcome = run.keep_evidence().await;
        }
        // The sweep's line is written also when the past cannot be read.
        if let Err(error) = run.doubt(now).await {
            run.fail(FailureKind::Refused, error.to_string());
            outcome = outcome.and(Err(error));
        }
        let Run { tally, opened, joined, item, .. } = run;
        let ended = match when {
            When::Live => self.clock.now(),
            When::Recorded { at, shift } => at + shift,
        };
        let (store, ledger) = (self.store.clone(), tally.clone());
        let zone = self.zone.clone();
        blocking(move || {
            store.finish_sweep(sweep, ended, &ledger)?;
            store.judge(ended, &zone).map(|_| ())
        })
        .await?;
        outcome?;
        Ok(Report { watch: watch.id.clone(), plugin: watch.plugin.clone(), tally, opened, joined, item })
    }

    /// The same with the topics and classifiers that there are now: a sweep ends with what it began with.
    async fn begun(&self) -> Self {
        let pipeline = self.pipeline.clone();
        Self { pipeline: blocking(move || pipeline.held()).await, ..self.clone() }
    }

    /// What a sweep that begins now runs on: the clock, or in a demo the recording.
    #[must_use]
    pub fn when(&self) -> When {
        self.shift.map_or(When::Live, |shift| When::Recorded { at: self.clock.now().saturating_sub(shift), shift })
    }

    /// Lets go of what is kept no longer.
    #[must_use]
    pub fn keeper(&self) -> Keeper {
        let (store, reader, vault) = (self.store.clone(), self.reader.clone(), Arc::clone(&self.vault));
        Keeper { store, reader, vault, failed: self.failed.clone(), rules: *self.retention.get() }
    }

    /// The site that posts of `watch` are keyed by. Without its plugin, which reads them, there are none.
    pub(crate) fn site_of(&self, watch: &Watch) -> String {
        let registry = self.plugins.registry();
        let found = registry.find(&watch.plugin);
        found.map_or_else(|_| watch.plugin.clone(), |(_, artifact)| watch.site_key(&artifact.manifest().network))
    }

    /// Whether a plugin that reads this is judged by it: what was recorded once shows the same faults each time.
    fn is_live(&self, watch: &Watch) -> bool {
        !watch.recorded && self.shift.is_none()
    }

    /// Counts a fault of the plugin of `watch`; says so when it rests from now on. Blocks.
    fn note_trap(&self, watch: &Watch, trap: &str) {
        let registry = self.plugins.registry();
        let Ok((_, artifact)) = registry.find(&watch.plugin) else { return };
        if self.is_live(watch)
            && let Some(suspended) = self.plugins.suspensions.note(artifact, trap, self.clock.now())
        {
            tracing::error!("{suspended}");
        }
    }

    fn turn(&self, watch: &Watch) -> Arc<tokio::sync::Mutex<()>> {
        if watch.recorded {
            return Arc::default();
        }
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(watch.id.clone()).or_default())
    }

    /// The loaded source of `watch`, what it may reach, what it observes and what it is set to.
    ///
    /// What is wrong with the plugin's file or grant may be put right while the watch stays as it is: refused, and
    /// tried again. What is wrong with the watch is unsupported.
    fn source(&self, watch: &Watch) -> Result<Ready, SweepFailure> {
        let refused = |detail: String| SweepFailure { kind: FailureKind::Refused, detail };
        let unsupported = |detail: String| SweepFailure { kind: FailureKind::Unsupported, detail };
        if matches!(watch.target, Target::Account(_)) && watch.registered.is_none() {
            return Err(unsupported("not a registered organisation's account: add [[account]]".to_owned()));
        }
        let (registry, grants) = self.plugins.now();
        let (found, artifact) = registry.find(&watch.plugin).map_err(|e| refused(e.to_string()))?;
        if self.is_live(watch)
            && let Some(suspended) = self.plugins.suspensions.find(artifact)
        {
            return Err(refused(suspended.to_string()));
        }
        let right = grants.right(artifact, found.origin, watch).map_err(|e| refused(e.to_string()))?;
        let manifest = artifact.manifest();
        let settings = manifest.settings(&watch.settings).map_err(|e| unsupported(e.to_string()))?;
        let (kind, text) = match &watch.target {
            Target::Keyword(text) => (TargetKind::Keyword, text),
            Target::Account(text) => (TargetKind::Account, text),
            Target::Listing(text) => (TargetKind::Listing, text),
            Target::Item(text) => (TargetKind::Item, text),
        };
        let target = manifest.target(kind, text).ok_or_else(|| {
            let known = manifest.targets.iter().map(|rule| rule.example.as_str()).collect::<Vec<_>>().join(", ");
            unsupported(format!("plugin {:?} does not observe {text:?}: write a target such as {known}", watch.plugin))
        })?;
        let credentials = self.secrets.credentials(manifest, watch.address());
        let digest = artifact.digest().to_string();
        let ready = |source| Ready { source, right, target, settings, credentials, digest };
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        // Another version is another plugin: a sweep that is under way has its own.
        if let Some(source) =
            sources.get(&watch.plugin).filter(|source| source.artifact().digest() == artifact.digest())
        {
            return Ok(ready(source.clone()));
        }
        let source = registry.source(&watch.plugin, &self.engine).map_err(|e| refused(e.to_string()))?;
        sources.insert(watch.plugin.clone(), source.clone());
        Ok(ready(source))
    }
}

/// A source with what one watch makes of it.
struct Ready {
    source: Source,
    right: Right,
    target: Target,
    settings: Settings,
    credentials: Credentials,
    /// The plugin's.
    digest: String,
}
