//! One crawl while it runs: what is asked, read, and handed over to be stored.
//!
//! While the sandbox reads a page the next one is already asked for, where the pace allows, and while both happen the
//! pages before them are stored ([`waiting`](super::waiting)); pages are read and stored in the order in which they were
//! found all the same.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use caifeng_plugin_host::contract::{Crawl, Post, Target, Timestamp};
use caifeng_plugin_host::engine::Called;
use caifeng_plugin_host::source::Crawling;
use futures_util::FutureExt as _;
use tokio::sync::Notify;
use url::Url;

use super::gathered::Gathered;
use super::known::Known;
use super::waiting::Waiting;
use super::{Ready, Sweeper, When, blocking};
use crate::coverage::LONGEST_SWEEP;
use crate::crawl::{Frontier, Queued};
use crate::evidence::tape::Tape;
use crate::evidence::vault::Capture;
use crate::fetch::validator::Validator;
use crate::fetch::{Allow, FetchError, Fetched, Fetcher, Session};
use crate::incident::IncidentId;
use crate::store::StoreError;
use crate::watch::{FailureKind, SweepFailure, SweepTally, Watch};

/// Longest time for which one sweep asks, [`LONGEST_SWEEP`] less [`GRACE`]: a slow site must not hold a place for ever.
const DEADLINE: Duration = Duration::from_secs(LONGEST_SWEEP.unsigned_abs() - GRACE.as_secs());
/// How much longer what was asked by then may take before it is dropped.
const GRACE: Duration = Duration::from_secs(5 * 60);

/// What a sweep says that met a panic.
pub(super) const FAULT: &str = "a fault of caifeng itself: please report what is in the log";

/// An answer that waits to be read.
struct Asked {
    queued: Queued,
    outcome: Result<Fetched, FetchError>,
    /// What was captured on the way to it, the answer last: taken before anything else is asked.
    captures: std::io::Result<Vec<Capture>>,
}

/// One sweep while it runs.
pub(super) struct Run<'a> {
    pub(super) sweeper: Sweeper,
    pub(super) watch: &'a Watch,
    pub(super) when: When,
    pub(super) sweep: i64,
    pub(super) tally: SweepTally,
    pub(super) opened: Vec<IncidentId>,
    pub(super) joined: Vec<IncidentId>,
    pub(super) item: Option<String>,
    /// What the operator can do when a site refuses.
    pub(super) advice: Option<String>,
    /// What was read, for whether it can be trusted.
    pub(super) gathered: Gathered,
    pub(super) tape: Arc<Mutex<Tape>>,
    /// What was captured since the last page that had posts.
    pub(super) captures: Vec<Capture>,
    /// What was captured before that, and was not worth a transaction.
    pub(super) unstored: Vec<Capture>,
    /// What was read and is not stored yet.
    pub(super) waiting: Waiting,
    /// The site that posts are keyed by.
    pub(super) site: String,
}

impl<'a> Run<'a> {
    /// A sweep that has not asked anything yet; its posts are keyed by `site`.
    pub(super) fn new(sweeper: &Sweeper, watch: &'a Watch, when: When, sweep: i64, site: String) -> Self {
        let tape = Tape::new(Arc::clone(&sweeper.vault), sweeper.recorder.clone());
        Self {
            sweeper: sweeper.clone(),
            watch,
            when,
            sweep,
            tally: SweepTally::default(),
            opened: Vec::new(),
            joined: Vec::new(),
            item: None,
            advice: None,
            gathered: Gathered::new(watch.canary.as_deref()),
            tape: Arc::new(Mutex::new(tape)),
            captures: Vec::new(),
            unstored: Vec::new(),
            waiting: Waiting::default(),
            site,
        }
    }

    /// Crawls, but not for ever, and survives a fault of our own: the sweep's line is written in any case.
    ///
    /// However it ends, what was read counts: what was left out is told and what was learnt of pages is kept.
    pub(super) async fn crawl_within_limits(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let mut frontier = Frontier::new(self.sweeper.budgets.get().get(&self.watch.id).copied().unwrap_or_default());
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
                self.fail(FailureKind::Trap, FAULT);
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
        let outcome = match (outcome, self.store_all().await) {
            (Ok(()), Err(error)) => {
                self.fail(FailureKind::Refused, error.to_string());
                Err(error)
            }
            (outcome, _) => outcome,
        };
        self.tally.unasked += frontier.unasked();
        if let Some(left_out) = frontier.left_out() {
            tracing::info!(watch = self.watch.id, "{left_out}");
            // Told once.
            let told = self.tally.failures.iter().any(|failure| failure.kind == FailureKind::Budget);
            self.gathered.left_out = (!told).then(|| left_out.to_string());
        }
        let learnt = std::mem::take(&mut self.waiting.learnt);
        outcome.and(known.write(&self.sweeper, self.watch, learnt, now).await)
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

        let (mut crawling, first) = self.call("start", source.crawl(&crawl), Crawling::start).await;
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
            let answered = Notify::new();
            let asking = async {
                let asked = ask(&fetcher, &mut session, &tape, ahead, &allowed).await;
                answered.notify_one();
                asked
            };
            let reading = async {
                let crawling = self.read(frontier, &crawl, crawling, asked, &allowed).await?;
                self.store_in_time(answered.notified()).await?;
                Ok::<_, StoreError>(crawling)
            };
            let (read, asked) = tokio::join!(reading, asking);
            crawling = read?;
            next = asked;
            if alone {
                // Nothing to read meanwhile: no company to wait for.
                self.store_all().await?;
                let found = frontier.pop().map(|queued| with(known, queued));
                next = ask(&fetcher, &mut session, &tape, found, &allowed).await;
            }
        }
        self.look_for_canary(&source, &crawl, &mut session, &allowed).await;
        (self.tally.requests, self.tally.bytes) = (session.spent.requests, session.spent.bytes);
        Ok(())
    }

    /// Reads one answer and remembers what it holds.
    async fn read(
        &mut self,
        frontier: &mut Frontier,
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
        let step = queued.request.step.as_str();
        let (crawling, parsed) = self.call(step, crawling, move |crawling| crawling.parse(&request, &given)).await;
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
                let known = validator.filter(|_| whole).and_then(|named| Known::page(&queued.request, named));
                self.remember(kept.posts, fetched, known).await?;
            }
            Err(error) => {
                let kept = self.keep(crawl, &queued.request, response, &error).await;
                self.fail_parse(&queued, &error, kept.as_deref());
            }
        }
        Ok(crawling)
    }

    /// Runs one sandboxed call off the async threads, counts it and hands the instance back.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        step: &str,
        mut crawling: Crawling,
        work: impl FnOnce(&mut Crawling) -> Called<T> + Send + 'static,
    ) -> (Crawling, Called<T>) {
        let called = blocking(move || {
            let called = work(&mut crawling);
            (crawling, called)
        });
        let (crawling, called) = called.await;
        self.sweeper.plugins.tally.note(crawling.manifest(), step, &called);
        (crawling, called)
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
