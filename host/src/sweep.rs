//! One sweep: drives the pure crawl with the fetcher, the sandbox and the pipeline.
//!
//! A sweep always ends with a line in the monitoring record (P6), whatever
//! happened: what it heard is committed page by page, what it could not hear is
//! a failure with its cause. Only a store that cannot write ends it early.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use caifeng_plugin_host::contract::{Crawl, Failure, Post, Request, Response, Settings, Target, Timestamp};
use caifeng_plugin_host::engine::Engine;
use caifeng_plugin_host::manifest::TargetKind;
use caifeng_plugin_host::source::{CallError, Called, Crawling, Source};
use futures_util::FutureExt as _;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::Clock;
use crate::crawl::{Frontier, Limits, Queued};
use crate::failed_call::{Failed, FailedCalls};
use crate::fetch::{Allow, FetchError, Fetcher, Session, SharedRecorder};
use crate::grant::{Grants, Right};
use crate::incident::IncidentId;
use crate::ingest::{Origin, Pipeline};
use crate::plugins::Registry;
use crate::store::model::{Batch, Ingested};
use crate::store::{Reader, Store, StoreError};
use crate::watch::{FailureKind, SweepFailure, SweepTally, Watch};

/// Longest line of a failure, in bytes.
const DETAIL: usize = 500;
/// Failures of one sweep that are told one by one.
const FAILURES: usize = 50;
/// Longest time that one sweep may take: a slow site must not hold a place for ever.
const DEADLINE: Duration = Duration::from_secs(30 * 60);

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
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// The plugins.
    pub registry: Arc<Registry>,
    /// What they may reach.
    pub grants: Arc<Grants>,
    /// The pure stages.
    pub pipeline: Pipeline,
    /// Asks.
    pub fetcher: Arc<Fetcher>,
    /// Writes each exchange down, where somebody asked for that.
    pub recorder: Option<SharedRecorder>,
    /// Keeps pages that plugins could not read.
    pub failed: FailedCalls,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
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
        Err(error) => std::panic::resume_unwind(error.into_panic()),
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
        let mut run = Run {
            sweeper: self.clone(),
            watch,
            when,
            sweep,
            tally: SweepTally::default(),
            opened: Vec::new(),
            joined: Vec::new(),
        };
        let outcome = run.crawl_within_limits(now).await;
        let Run { tally, opened, joined, .. } = run;
        let ended = match when {
            When::Live => self.clock.now(),
            When::Recorded { at, shift } => at + shift,
        };
        let (store, ledger) = (self.store.clone(), tally.clone());
        blocking(move || store.finish_sweep(sweep, ended, &ledger)).await?;
        outcome?;
        Ok(Report { watch: watch.id.clone(), plugin: watch.plugin.clone(), tally, opened, joined })
    }

    /// What a sweep that begins now runs on: the clock, or in a demo the recording.
    #[must_use]
    pub fn when(&self) -> When {
        self.shift.map_or(When::Live, |shift| When::Recorded { at: self.clock.now().saturating_sub(shift), shift })
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
        let (found, artifact) = self.registry.find(&watch.plugin).map_err(|e| refused(e.to_string()))?;
        let right = self.grants.right(artifact, found.origin, watch).map_err(|e| refused(e.to_string()))?;
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
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = sources.get(&watch.plugin) {
            return Ok(Ready { source: source.clone(), right, target, settings });
        }
        let source = self.registry.source(&watch.plugin, &self.engine).map_err(|e| refused(e.to_string()))?;
        sources.insert(watch.plugin.clone(), source.clone());
        Ok(Ready { source, right, target, settings })
    }
}

/// A source with what one watch makes of it.
struct Ready {
    source: Source,
    right: Right,
    target: Target,
    settings: Settings,
}

/// One sweep while it runs.
struct Run<'a> {
    sweeper: Sweeper,
    watch: &'a Watch,
    when: When,
    sweep: i64,
    tally: SweepTally,
    opened: Vec<IncidentId>,
    joined: Vec<IncidentId>,
}

impl Run<'_> {
    /// Notes a failure, in a line that a record can hold: what a plugin says has no bounds of its own.
    fn fail(&mut self, kind: FailureKind, detail: impl Into<String>) {
        let mut detail: String = detail.into();
        detail.truncate(detail.floor_char_boundary(DETAIL));
        if self.tally.failures.len() < FAILURES {
            self.tally.failures.push(SweepFailure { kind, detail });
        } else {
            self.tally.skipped += 1;
        }
    }

    /// Crawls, but not for ever, and survives a fault of our own: the sweep's line is written in any case.
    async fn crawl_within_limits(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let crawl = AssertUnwindSafe(self.crawl(now)).catch_unwind();
        let outcome = tokio::time::timeout(DEADLINE, crawl).await;
        match outcome {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => {
                self.fail(FailureKind::Refused, error.to_string());
                Err(error)
            }
            Ok(Err(_panic)) => {
                self.fail(FailureKind::Trap, "a fault of caifeng itself: please report what is in the log");
                Ok(())
            }
            Err(_elapsed) => {
                let minutes = DEADLINE.as_secs() / 60;
                self.fail(
                    FailureKind::Network,
                    format!("longer than {minutes} minutes: the rest waits for the next sweep"),
                );
                Ok(())
            }
        }
    }

    fn fail_call(&mut self, url: Option<&str>, error: &CallError, kept: Option<&str>) {
        let kind = match error {
            CallError::Failure(Failure::Unsupported(_)) => FailureKind::Unsupported,
            CallError::Failure(Failure::Gone) => FailureKind::Gone,
            CallError::Failure(Failure::Blocked(_)) => FailureKind::Blocked,
            CallError::Failure(Failure::Unexpected(_)) => FailureKind::Unexpected,
            CallError::Trap(_) => FailureKind::Trap,
        };
        let mut detail = url.map_or_else(|| error.to_string(), |url| format!("{url}: {error}"));
        if let Some(call) = kept {
            let name = format!(" (kept as call {call})");
            detail.truncate(detail.floor_char_boundary(DETAIL - name.len()));
            detail.push_str(&name);
        }
        self.fail(kind, detail);
    }

    async fn crawl(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let (sweeper, watch) = (self.sweeper.clone(), self.watch.clone());
        let Ready { source, right, target, settings } = match blocking(move || sweeper.source(&watch)).await {
            Ok(ready) => ready,
            Err(SweepFailure { kind, detail }) => {
                self.fail(kind, detail);
                return Ok(());
            }
        };
        let since = match self.when {
            When::Live => self.since(now).await?,
            When::Recorded { .. } => 0,
        };
        let crawl =
            Crawl { target, site: self.watch.site.clone(), settings, since, now, utc_offset: self.watch.utc_offset };
        let mut frontier = Frontier::new(Limits::default());
        let mut session = Session {
            pace: source.manifest().network.pace.unwrap_or_default(),
            at: matches!(self.when, When::Recorded { .. }).then_some(now),
            recorder: self.sweeper.recorder.clone(),
            ..Session::default()
        };
        let allowed = move |url: &Url| right.covers(url);

        let (mut crawling, first) = call(source.crawl(&crawl), Crawling::start).await;
        match first.outcome {
            Ok(requests) => self.turn_away(frontier.offer(requests, 0, &allowed)),
            Err(error) => self.fail_call(None, &error, None),
        }
        while let Some(queued) = frontier.pop() {
            let Some(response) = self.ask(&mut session, &queued.request, &allowed).await else { continue };
            let (request, answered) = (queued.request.clone(), response.url.clone());
            let fetched = response.fetched;
            let response = Arc::new(response);
            let given = Arc::clone(&response);
            let parsed;
            (crawling, parsed) = call(crawling, move |crawling| crawling.parse(&request, &given)).await;
            match parsed.outcome {
                Ok(page) => {
                    self.tally.seen += page.posts.len() as u64;
                    self.tally.skipped += page.skipped.len() as u64;
                    let kept = frontier.take(&queued, page, &answered, &allowed);
                    self.turn_away(kept.turned_away);
                    self.remember(kept.posts, fetched).await?;
                }
                Err(error) => {
                    let kept = self.keep(&crawl, &queued.request, response, &error).await;
                    self.fail_parse(&queued, &error, kept.as_deref());
                }
            }
        }
        Ok(())
    }

    /// Keeps a page that the plugin could not read, and names the call.
    async fn keep(
        &self,
        crawl: &Crawl,
        request: &Request,
        response: Arc<Response>,
        error: &CallError,
    ) -> Option<String> {
        let (failed, plugin, now) = (self.sweeper.failed.clone(), self.watch.plugin.clone(), self.sweeper.clock.now());
        let (crawl, request, error) = (crawl.clone(), request.clone(), error.clone());
        let keep = move || {
            let call = Failed { crawl: &crawl, request: &request, response: &response, error: &error };
            failed.keep(now, &plugin, &call)
        };
        blocking(keep).await
    }

    /// From when on posts may be unknown: a day before the last sweep that heard
    /// everything, because sites publish late; a month for a watch without a past.
    async fn since(&self, now: Timestamp) -> Result<Timestamp, StoreError> {
        const DAY: i64 = 86_400;
        let (reader, id) = (self.sweeper.reader.clone(), self.watch.id.clone());
        let sweeps = blocking(move || reader.sweeps(Some(&id), 100)).await?;
        let heard = sweeps.iter().find(|sweep| sweep.ended.is_some() && sweep.tally.failures.is_empty());
        Ok(heard.map_or(now - 30 * DAY, |sweep| sweep.started.min(now) - DAY))
    }

    /// A followed page that is gone is only that page; a first one is the watch.
    fn fail_parse(&mut self, queued: &Queued, error: &CallError, kept: Option<&str>) {
        if queued.depth > 0 && matches!(error, CallError::Failure(Failure::Gone)) {
            self.tally.skipped += 1;
        } else {
            self.fail_call(Some(&queued.request.url), error, kept);
        }
    }

    fn turn_away(&mut self, lines: Vec<String>) {
        self.tally.skipped += lines.len() as u64;
        for line in lines {
            tracing::info!(watch = self.watch.id, plugin = self.watch.plugin, "turned away: {line}");
        }
    }

    async fn ask(&mut self, session: &mut Session, request: &Request, allowed: Allow<'_>) -> Option<Response> {
        self.tally.requests += 1;
        match self.sweeper.fetcher.fetch(session, request, allowed).await {
            Ok(fetched) => {
                self.tally.bytes += fetched.bytes;
                Some(fetched.response)
            }
            Err(error) => {
                self.fail_fetch(&request.url, &error);
                None
            }
        }
    }

    fn fail_fetch(&mut self, url: &str, error: &FetchError) {
        self.fail(error.kind(), format!("{url}: {error}"));
    }

    /// Commits one page: returns when its posts are on disk.
    async fn remember(&mut self, mut posts: Vec<Post>, fetched: Timestamp) -> Result<(), StoreError> {
        let shift = self.when.shift();
        for post in &mut posts {
            post.published = post.published.map(|at| at.saturating_add(shift));
            post.edited = post.edited.map(|at| at.saturating_add(shift));
        }
        let origin = Origin {
            sweep: Some(self.sweep),
            plugin: self.watch.plugin.clone(),
            site: self.watch.site_key(),
            captured: fetched.saturating_add(shift),
        };
        let sweeper = self.sweeper.clone();
        let (ingested, failures) = blocking(move || {
            let understood = sweeper.pipeline.understand(&sweeper.reader, origin, posts)?;
            let Batch { plugin, site, .. } = &understood.batch;
            if !understood.reactions.is_empty() {
                sweeper.store.touch(plugin, site, understood.reactions)?;
            }
            if understood.batch.posts.is_empty() {
                return Ok((Ingested::default(), understood.failures));
            }
            let ingested = sweeper.store.ingest(understood.batch)?;
            Ok::<_, StoreError>((ingested, understood.failures))
        })
        .await?;
        self.tally.new += ingested.new;
        self.tally.changed += ingested.changed;
        self.tally.matched += ingested.matched;
        self.opened.extend(ingested.opened);
        self.joined.extend(ingested.joined);
        for failure in failures {
            self.fail(FailureKind::Trap, failure);
        }
        Ok(())
    }
}

/// Runs one sandboxed call off the async threads and hands the instance back.
async fn call<T: Send + 'static>(
    mut crawling: Crawling,
    work: impl FnOnce(&mut Crawling) -> Called<T> + Send + 'static,
) -> (Crawling, Called<T>) {
    blocking(move || {
        let called = work(&mut crawling);
        (crawling, called)
    })
    .await
}
