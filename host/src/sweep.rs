//! One sweep: drives the pure crawl with the fetcher, the sandbox and the pipeline.
//!
//! A sweep always ends with a line in the monitoring record (P6), whatever
//! happened: what it heard is committed page by page, what it could not hear is
//! a failure with its cause. Only a store that cannot write ends it early.
//!
//! While the sandbox reads a page and the store takes it, the next one is already asked for, where the pace
//! allows; pages are read and stored in the order in which they were found all the same.

mod captured;
mod failing;
mod gathered;
mod known;
mod look;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use caifeng_plugin_host::contract::{Crawl, Post, Settings, Target, Timestamp};
use caifeng_plugin_host::engine::Engine;
use caifeng_plugin_host::manifest::TargetKind;
use caifeng_plugin_host::source::{Called, Crawling, Source};
use futures_util::FutureExt as _;
use jiff::tz::TimeZone;
use known::Known;
use serde::{Deserialize, Serialize};
use url::Url;

use self::gathered::Gathered;

use crate::clock::Clock;
use crate::coverage::LONGEST_SWEEP;
use crate::crawl::{Frontier, Limits, Queued};
use crate::evidence::tape::Tape;
use crate::evidence::vault::{Capture, Vault};
use crate::failed_call::FailedCalls;
use crate::fetch::secrets::{Credentials, Secrets};
use crate::fetch::validator::Validator;
use crate::fetch::{Allow, FetchError, Fetched, Fetcher, Session, SharedRecorder};
use crate::grant::{Grants, Right};
use crate::incident::IncidentId;
use crate::ingest::{Origin, Pipeline};
use crate::plugins::Registry;
use crate::retention::{Keeper, Retention};
use crate::store::model::{Batch, Ingested};
use crate::store::{Reader, Store, StoreError};
use crate::watch::{FailureKind, SweepFailure, SweepTally, Watch};

/// Longest time for which one sweep asks, [`LONGEST_SWEEP`] less [`GRACE`]: a slow site must not hold a place for ever.
const DEADLINE: Duration = Duration::from_secs(LONGEST_SWEEP.unsigned_abs() - GRACE.as_secs());
/// How much longer what was asked by then may take before it is dropped.
const GRACE: Duration = Duration::from_secs(5 * 60);

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
    /// What the operator lets requests carry.
    pub secrets: Arc<Secrets>,
    /// How far a watch's sweeps may go; the usual where nothing is said.
    pub budgets: Arc<HashMap<String, Limits>>,
    /// Keeps each exchange as evidence.
    pub vault: Arc<Vault>,
    /// How long what was heard is kept.
    pub retention: Retention,
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
        let mut run = Run {
            sweeper: self.clone(),
            watch,
            when,
            sweep,
            tally: SweepTally::default(),
            opened: Vec::new(),
            joined: Vec::new(),
            item: None,
            advice: None,
            gathered: Gathered::new(watch.canary.as_deref()),
            tape: self.tape(),
            captures: Vec::new(),
            site: self.site_of(watch),
        };
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

    /// What a sweep that begins now runs on: the clock, or in a demo the recording.
    #[must_use]
    pub fn when(&self) -> When {
        self.shift.map_or(When::Live, |shift| When::Recorded { at: self.clock.now().saturating_sub(shift), shift })
    }

    /// Lets go of what is kept no longer.
    #[must_use]
    pub fn keeper(&self) -> Keeper {
        let (store, reader, vault) = (self.store.clone(), self.reader.clone(), Arc::clone(&self.vault));
        Keeper { store, reader, vault, failed: self.failed.clone(), rules: self.retention }
    }

    /// The site that posts of `watch` are keyed by. Without its plugin, which reads them, there are none.
    pub(crate) fn site_of(&self, watch: &Watch) -> String {
        let found = self.registry.find(&watch.plugin);
        found.map_or_else(|_| watch.plugin.clone(), |(_, artifact)| watch.site_key(&artifact.manifest().network))
    }

    fn tape(&self) -> Arc<Mutex<Tape>> {
        Arc::new(Mutex::new(Tape::new(Arc::clone(&self.vault), self.recorder.clone())))
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
        let credentials = self.secrets.credentials(manifest, watch.address());
        let digest = artifact.digest().to_string();
        let ready = |source| Ready { source, right, target, settings, credentials, digest };
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = sources.get(&watch.plugin) {
            return Ok(ready(source.clone()));
        }
        let source = self.registry.source(&watch.plugin, &self.engine).map_err(|e| refused(e.to_string()))?;
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

/// An answer that waits to be read.
struct Asked {
    queued: Queued,
    outcome: Result<Fetched, FetchError>,
    /// What was captured on the way to it, the answer last: taken before anything else is asked.
    captures: std::io::Result<Vec<Capture>>,
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
    item: Option<String>,
    /// What the operator can do when a site refuses.
    advice: Option<String>,
    /// What was read, for whether it can be trusted.
    gathered: Gathered,
    tape: Arc<Mutex<Tape>>,
    /// Captures that the store does not know yet.
    captures: Vec<Capture>,
    /// The site that posts are keyed by.
    site: String,
}

impl Run<'_> {
    /// Crawls, but not for ever, and survives a fault of our own: the sweep's line is written in any case.
    ///
    /// However it ends, what was read counts: what was left out is told and what was learnt of pages is kept.
    async fn crawl_within_limits(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let mut frontier = Frontier::new(self.sweeper.budgets.get(&self.watch.id).copied().unwrap_or_default());
        let mut known = Known::nothing();
        let crawl = AssertUnwindSafe(self.crawl(now, &mut frontier, &mut known)).catch_unwind();
        let outcome = tokio::time::timeout(DEADLINE + GRACE, crawl).await;
        let outcome = match outcome {
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
                let minutes = (DEADLINE + GRACE).as_secs() / 60;
                self.fail(
                    FailureKind::Budget,
                    format!("partial: longer than {minutes} minutes: the rest waits for the next sweep"),
                );
                Ok(())
            }
        };
        self.tally.unasked += frontier.unasked();
        if let Some(left_out) = frontier.left_out() {
            tracing::info!(watch = self.watch.id, "{left_out}");
            // Told once.
            let told = self.tally.failures.iter().any(|failure| failure.kind == FailureKind::Budget);
            self.gathered.left_out = (!told).then_some(left_out);
        }
        outcome.and(known.write(&self.sweeper, self.watch, now).await)
    }

    async fn crawl(&mut self, now: Timestamp, frontier: &mut Frontier, known: &mut Known) -> Result<(), StoreError> {
        let begun = self.sweeper.clock.now();
        let (sweeper, watch) = (self.sweeper.clone(), self.watch.clone());
        let Ready { source, right, target, settings, credentials, digest } =
            match blocking(move || sweeper.source(&watch)).await {
                Ok(ready) => ready,
                Err(SweepFailure { kind, detail }) => {
                    self.fail(kind, detail);
                    return Ok(());
                }
            };
        let since = match self.when {
            When::Live if !self.watch.recorded => self.sweeper.since(self.watch, now).await?,
            // A page that was handed in is wanted however old it is.
            When::Live | When::Recorded { .. } => 0,
        };
        let crawl =
            Crawl { target, site: self.watch.site.clone(), settings, since, now, utc_offset: self.watch.utc_offset };
        *known = self.known(&digest, since, now).await?;
        self.advice = credentials.advice();
        let mut session = Session {
            pace: source.manifest().network.pace.unwrap_or_default(),
            at: matches!(self.when, When::Recorded { .. }).then_some(now),
            recorder: Some(self.tape.clone()),
            credentials,
            ..Session::default()
        };
        let allowed = move |url: &Url| right.covers(url);

        let (mut crawling, first) = call(source.crawl(&crawl), Crawling::start).await;
        match first.outcome {
            Ok(requests) => self.turn_away(frontier.offer(requests, 0, &allowed)),
            Err(error) => self.fail_call(None, &error, None),
        }
        let (fetcher, tape) = (Arc::clone(&self.sweeper.fetcher), Arc::clone(&self.tape));
        let first = frontier.pop().map(|queued| with(known, queued));
        let mut next = ask(&fetcher, &mut session, &tape, first, &allowed).await;
        while let Some(asked) = next {
            (self.tally.requests, self.tally.bytes) = (session.spent.requests, session.spent.bytes);
            frontier.used(session.spent.requests, session.spent.bytes);
            if self.sweeper.clock.now().saturating_sub(begun).unsigned_abs() >= DEADLINE.as_secs() {
                frontier.stop(DEADLINE);
            }
            let ahead = frontier.pop().map(|queued| with(known, queued));
            let alone = ahead.is_none();
            let reading = self.read(frontier, known, &crawl, crawling, asked, &allowed);
            let (read, asked) = tokio::join!(reading, ask(&fetcher, &mut session, &tape, ahead, &allowed));
            crawling = read?;
            next = asked;
            if alone {
                let found = frontier.pop().map(|queued| with(known, queued));
                next = ask(&fetcher, &mut session, &tape, found, &allowed).await;
            }
        }
        self.look_for_canary(&source, &crawl, &mut session, &allowed).await;
        (self.tally.requests, self.tally.bytes) = (session.spent.requests, session.spent.bytes);
        Ok(())
    }

    /// Reads one answer and commits what it holds.
    async fn read(
        &mut self,
        frontier: &mut Frontier,
        known: &mut Known,
        crawl: &Crawl,
        crawling: Crawling,
        asked: Asked,
        allowed: &(dyn Fn(&Url) -> bool + Sync),
    ) -> Result<Crawling, StoreError> {
        let Asked { queued, outcome, captures } = asked;
        self.captures.extend(captures?);
        let Fetched { response, validator, .. } = match outcome {
            Ok(fetched) => fetched,
            Err(FetchError::Unchanged { url }) => {
                tracing::debug!(watch = self.watch.id, "unchanged: {url}");
                self.tally.unchanged += 1;
                return Ok(crawling);
            }
            Err(error) => {
                self.fail_fetch(&queued.request.url, &error);
                return Ok(crawling);
            }
        };
        self.gathered.answered(&response.body);
        let (request, answered, fetched) = (queued.request.clone(), response.url.clone(), response.fetched);
        let response = Arc::new(response);
        let given = Arc::clone(&response);
        let (crawling, parsed) = call(crawling, move |crawling| crawling.parse(&request, &given)).await;
        match parsed.outcome {
            Ok(page) => {
                self.gathered.read(&page, &mut self.tally);
                self.tally.seen += page.posts.len() as u64;
                self.tally.skipped += page.skipped.len() as u64;
                let whole = !page.posts.is_empty() && page.follow.is_empty() && page.skipped.is_empty();
                let kept = frontier.take(&queued, page, &answered, &allowed);
                let whole = whole && kept.turned_away.is_empty();
                self.turn_away(kept.turned_away);
                self.note_item(&kept.posts);
                self.remember(kept.posts, fetched).await?;
                if let Some(validator) = validator.filter(|_| whole) {
                    known.keep(&queued.request, validator);
                }
            }
            Err(error) => {
                let kept = self.keep(crawl, &queued.request, response, &error).await;
                self.fail_parse(&queued, &error, kept.as_deref());
            }
        }
        Ok(crawling)
    }

    /// The pages that need not be sent again. A recording has to hold them all, whoever hands an address in
    /// wants to see it read, and a canary may be on any of them.
    async fn known(&self, plugin: &str, since: Timestamp, now: Timestamp) -> Result<Known, StoreError> {
        let all = self.when != When::Live || self.watch.recorded || self.sweeper.recorder.is_some();
        if all || self.watch.canary.is_some() {
            return Ok(Known::nothing());
        }
        Known::read(&self.sweeper, self.watch, plugin, since, now).await
    }

    /// Remembers which post the target of an `item` watch is: that of its address, else one that answers no other.
    fn note_item(&mut self, posts: &[Post]) {
        let Target::Item(address) = &self.watch.target else { return };
        if self.item.is_none() {
            let same = |post: &&Post| post.url.split('#').next() == address.split('#').next();
            let item = posts.iter().find(same).or_else(|| posts.iter().find(|post| post.parent.is_none()));
            self.item = item.map(|post| post.id.clone());
        }
    }

    /// Commits one page, whose capture is the latest that was taken over: returns when its posts are on disk.
    async fn remember(&mut self, mut posts: Vec<Post>, fetched: Timestamp) -> Result<(), StoreError> {
        let shift = self.when.shift();
        for post in &mut posts {
            post.published = post.published.map(|at| at.saturating_add(shift));
            post.edited = post.edited.map(|at| at.saturating_add(shift));
        }
        let origin = Origin {
            sweep: Some(self.sweep),
            plugin: self.watch.plugin.clone(),
            site: self.site.clone(),
            captured: fetched.saturating_add(shift),
        };
        let evidence = self.evidence(true);
        let sweeper = self.sweeper.clone();
        let (ingested, failures, left) = blocking(move || {
            let understood = sweeper.pipeline.understand(&sweeper.reader, origin, posts)?;
            let Batch { plugin, site, captured, .. } = &understood.batch;
            if !understood.reactions.is_empty() {
                sweeper.store.touch_at(plugin, site, understood.reactions, *captured)?;
            }
            if understood.batch.posts.is_empty() {
                return Ok((Ingested::default(), understood.failures, evidence.captures));
            }
            // What is acknowledged has its evidence on disk.
            sweeper.vault.sync()?;
            let ingested = sweeper.store.ingest_from(understood.batch, evidence)?;
            Ok::<_, StoreError>((ingested, understood.failures, Vec::new()))
        })
        .await?;
        self.captures = left;
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

/// A request with what its site called the page when it was last read to the end.
fn with(known: &Known, queued: Queued) -> (Queued, Option<Validator>) {
    let validator = known.validator(&queued.request);
    (queued, validator)
}

/// Asks for one page, and takes what that captured off the tape.
async fn ask(
    fetcher: &Fetcher,
    session: &mut Session,
    tape: &Mutex<Tape>,
    next: Option<(Queued, Option<Validator>)>,
    allowed: Allow<'_>,
) -> Option<Asked> {
    let (queued, validator) = next?;
    session.known = validator;
    let outcome = fetcher.fetch(session, &queued.request, allowed).await;
    let captures = tape.lock().unwrap_or_else(PoisonError::into_inner).take();
    Some(Asked { queued, outcome, captures })
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
