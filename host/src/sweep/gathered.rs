//! What a sweep gathers to be judged by, and the judgement: [`crate::coverage`] decides, this asks the store.
//!
//! A canary is looked for in what was read anyway: as the id or the address of a post that the
//! plugin read, or as a phrase on a page or in a post. A canary that is an address is, where the
//! list no longer shows it, read by itself, as the plugin reads single items; so a list from which old posts
//! scroll away need not keep one. A watch with a canary asks for every page whole: what the site calls
//! unchanged could not be looked through.

use caifeng_plugin_host::contract::{Crawl, Page, Target, Timestamp};
use caifeng_plugin_host::manifest::TargetKind;
use caifeng_plugin_host::source::{Crawling, Source};

use super::failing::FAILURES;
use super::run::Run;
use super::{Sweeper, When, blocking};
use crate::coverage::rhythm::Rhythm;
use crate::coverage::{self, drift};
use crate::fetch::{Allow, Session};
use crate::store::StoreError;
use crate::watch::{FailureKind, SweepTally, Watch};

/// Publication times kept of one sweep.
const TIMES: usize = 10_000;

/// What was read.
pub(super) struct Gathered {
    canary: Option<String>,
    found: bool,
    published: Vec<Timestamp>,
    /// What the limits left out, in a sentence.
    pub(super) left_out: Option<String>,
}

impl Gathered {
    pub(super) fn new(canary: Option<&str>) -> Self {
        Self { canary: canary.map(|text| text.trim().to_owned()), found: false, published: Vec::new(), left_out: None }
    }

    /// A phrase counts wherever it stands on a page; an address is on every page that links to it, so it does not.
    pub(super) fn answered(&mut self, body: &str) {
        if let Some(canary) = self.canary.as_deref().filter(|canary| !is_address(canary)) {
            self.found = self.found || body.contains(canary);
        }
    }

    pub(super) fn read(&mut self, page: &Page, tally: &mut SweepTally) {
        tally.pages += 1;
        let read = (page.posts.len() + page.skipped.len()) as u64;
        tally.missing += page.expected.map_or(0, |expected| u64::from(expected).saturating_sub(read));
        let room = TIMES.saturating_sub(self.published.len());
        self.published.extend(page.posts.iter().filter_map(|post| post.published).take(room));
        if let Some(canary) = self.canary.as_deref() {
            let posts = &mut page.posts.iter();
            self.found =
                self.found || posts.any(|post| post.id == canary || post.url == canary || post.text.contains(canary));
        }
    }
}

fn is_address(canary: &str) -> bool {
    canary.starts_with("http://") || canary.starts_with("https://")
}

impl Sweeper {
    /// From when on posts of `watch` may be unknown.
    pub(super) async fn since(&self, watch: &Watch, now: Timestamp) -> Result<Timestamp, StoreError> {
        let (reader, id, zone) = (self.reader.clone(), watch.id.clone(), self.zone.clone());
        blocking(move || {
            let (covered, gap) = reader.heard_until(&id)?;
            let hourly = match gap {
                Some(_) => Rhythm::learn(&reader.past(&id)?, &zone).overall(),
                None => 0.0,
            };
            Ok(coverage::since(covered, gap, hourly, now))
        })
        .await
    }
}

impl Run<'_> {
    /// Gives the sweep the failures that only its past shows.
    pub(super) async fn doubt(&mut self, started: Timestamp) -> Result<(), StoreError> {
        if self.tally.pages > 0 {
            let newest = self.gathered.published.iter().max().copied();
            self.tally.newest = newest.map(|at| at.min(started).saturating_add(self.when.shift()));
            let reach = coverage::reach(&mut self.gathered.published, self.tally.seen);
            self.tally.reach = reach.map(|at| at.saturating_add(self.when.shift()));
            if self.gathered.canary.is_some() {
                self.tally.canary = Some(self.gathered.found);
            }
        }
        // A recording says nothing of a site as it is now.
        if self.watch.recorded || !matches!(self.when, When::Live) {
            return Ok(());
        }
        let (reader, id) = (self.sweeper.reader.clone(), self.watch.id.clone());
        let looks = blocking(move || reader.past(&id)).await?;
        let left_out = self.gathered.left_out.as_deref();
        for doubt in drift::doubts(&looks, started, &self.tally, left_out, &self.sweeper.zone) {
            if doubt.failure.kind == FailureKind::Budget {
                // One line of this kind, however many others there are.
                self.tally.failures.truncate(FAILURES - 1);
            }
            self.tally.doubted_since = doubt.since;
            self.fail(doubt.failure.kind, doubt.failure.detail);
        }
        Ok(())
    }

    /// Reads a canary by itself that is an address and was not listed.
    pub(super) async fn look_for_canary(
        &mut self,
        source: &Source,
        crawl: &Crawl,
        session: &mut Session,
        allowed: Allow<'_>,
    ) {
        let wanted = self.gathered.canary.clone().filter(|canary| is_address(canary));
        let Some(canary) =
            wanted.filter(|_| !self.gathered.found && self.tally.failures.is_empty() && self.tally.pages > 0)
        else {
            return;
        };
        let Some(target @ Target::Item(_)) = source.manifest().target(TargetKind::Item, &canary) else { return };
        let item = Crawl { target, since: 0, ..crawl.clone() };
        let (mut crawling, first) = self.call("start", source.crawl(&item), Crawling::start).await;
        for request in first.outcome.unwrap_or_default().into_iter().take(1) {
            let response = match self.sweeper.fetcher.fetch(session, &request, allowed).await {
                Ok(fetched) => fetched.response,
                Err(error) => return self.fail_fetch(&request.url, &error),
            };
            let step = request.step.clone();
            let read;
            (crawling, read) = self.call(&step, crawling, move |crawling| crawling.parse(&request, &response)).await;
            match read.outcome {
                Ok(page) => self.gathered.found = !page.posts.is_empty(),
                Err(error) => self.fail_call(Some(&canary), &error, None),
            }
        }
        drop(crawling);
    }
}
