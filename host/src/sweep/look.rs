//! Visiting posts of open incidents again.
//!
//! A round takes the posts that are due, plugin by plugin; each plugin's part is a line of the
//! monitoring record under a watch of its own, `revisits of P`. A post is read through
//! the plugin that heard it, where that observes single posts (`item`) and may reach it; what it
//! finds beside the post, such as new comments, is stored like anything else that was heard.
//! Any other post is only asked for, to see whether its page is still there; not where the plugin is not
//! granted, for what it may not ask nobody asks in its place. Both go
//! through the one fetcher, with its guard, robots.txt and pace, and into the evidence.
//!
//! The address of a post was chosen by whoever wrote the page that it stood in, who may mean harm. So the operator's
//! private pairs are not reached by it, and a port of its own only at the watch's own host.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use caifeng_plugin_host::contract::{Crawl, Failure, Method, Reactions, Request, Target, Timestamp};
use caifeng_plugin_host::engine::CallError;
use caifeng_plugin_host::source::Crawling;
use futures_util::FutureExt as _;
use url::Url;

use super::run::{FAULT, Run};
use super::{Ready, Sweeper, When, blocking};
use crate::crawl::{Frontier, Limits};
use crate::fetch::{FetchError, Session};
use crate::hand::{IMPORTED, SUBMITTED};
use crate::revisit::{self, Found};
use crate::store::{Due, Look, StoreError};
use crate::watch::{Every, FailureKind, SweepTally, Watch};

/// How far a visit may go: the page of a post and the next ones of its comments.
const LIMITS: Limits = Limits { requests: 4, bytes: 8 << 20, depth: 2 };

/// Longest time that one visit may take.
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// Time after which a round begins no more visits: what is left waits for the next.
const ROUND: Duration = Duration::from_secs(15 * 60);

/// What a visit saw.
struct Seen {
    found: Found,
    detail: Option<String>,
    reactions: Reactions,
    /// The address that answered so.
    answered: Option<String>,
}

impl Seen {
    fn unclear(detail: impl Into<String>) -> Self {
        Self { found: Found::Unclear, detail: Some(detail.into()), reactions: Reactions::default(), answered: None }
    }
}

impl Sweeper {
    /// Visits at most `most` of the posts that are due.
    ///
    /// # Errors
    /// When the store cannot write; what was seen before is stored.
    pub async fn visit_due(&self, most: usize) -> Result<usize, StoreError> {
        self.visit_within(ROUND, most).await
    }

    /// As [`visit_due`](Self::visit_due); no visit is begun after `longest` but the first.
    async fn visit_within(&self, longest: Duration, most: usize) -> Result<usize, StoreError> {
        let (reader, now) = (self.reader.clone(), self.clock.now());
        let mut due = blocking(move || reader.due_visits(now, most)).await?;
        let end = now.saturating_add_unsigned(longest.as_secs());
        let is_over = || self.clock.now() >= end;
        let mut visited = 0;
        due.sort_by(|a, b| a.plugin.cmp(&b.plugin));
        for of_plugin in due.chunk_by(|a, b| a.plugin == b.plugin) {
            if visited == 0 || !is_over() {
                visited += self.visit(of_plugin, now, &is_over).await?;
            }
        }
        Ok(visited)
    }

    /// One line of the record: the posts of one plugin, one at least. Returns how many were visited.
    async fn visit(
        &self,
        posts: &[Due],
        now: Timestamp,
        is_over: &(dyn Fn() -> bool + Sync),
    ) -> Result<usize, StoreError> {
        let Some(first) = posts.first() else { return Ok(0) };
        let round = watch_of(first, format!("revisits of {}", first.plugin));
        // Never on the schedule and no part of the coverage.
        let (store, line) = (self.store.clone(), Watch { recorded: true, ..round.clone() });
        let sweep = blocking(move || {
            store.put_watches(std::slice::from_ref(&line))?;
            store.begin_sweep(&line.id, now)
        })
        .await?;
        let mut tally = SweepTally::default();
        let (mut outcome, mut visited) = (Ok(()), 0);
        for post in posts {
            let watch = watch_of(post, round.id.clone());
            outcome = self.visit_one(post, &watch, sweep, now, &mut tally).await;
            visited += 1;
            if outcome.is_err() || is_over() {
                break;
            }
        }
        let (store, ended) = (self.store.clone(), self.clock.now());
        blocking(move || store.finish_sweep(sweep, ended, &tally)).await?;
        outcome.map(|()| visited)
    }

    async fn visit_one(
        &self,
        post: &Due,
        watch: &Watch,
        sweep: i64,
        now: Timestamp,
        tally: &mut SweepTally,
    ) -> Result<(), StoreError> {
        let mut run = Run::new(&self.begun().await, watch, When::Live, sweep, post.site.clone());
        run.tally = std::mem::take(tally);
        let (sweeper, asked) = (self.clone(), watch.clone());
        let look = async {
            match blocking(move || sweeper.source(&asked)).await {
                Ok(ready) => run.read_again(ready, post, now).await,
                // No plugin can read it, or this one does not observe single posts.
                Err(refused) if refused.kind == FailureKind::Refused && !nobodys(post) => {
                    Ok(Seen::unclear(refused.detail))
                }
                Err(_) => run.ask_again(post).await,
            }
        };
        // Whatever becomes of it, the post waits for its next look and the others have theirs.
        let seen = match tokio::time::timeout(LONGEST, AssertUnwindSafe(look).catch_unwind()).await {
            Ok(Ok(seen)) => seen,
            Ok(Err(_panic)) => {
                run.fail(FailureKind::Trap, format!("{}: {FAULT}", post.url));
                Ok(Seen::unclear(FAULT))
            }
            Err(_elapsed) => Ok(Seen::unclear(format!("it took longer than {} minutes", LONGEST.as_secs() / 60))),
        };
        let kept = match run.store_all().await {
            Ok(()) => run.keep_evidence().await,
            failed => failed,
        };
        *tally = std::mem::take(&mut run.tally);
        let Seen { found, detail, reactions, answered } = seen?;
        kept?;
        let proof = answered.map(|url| (url, sweep));
        let look = Look { row: post.row, at: self.clock.now(), found, detail, reactions, proof };
        let store = self.store.clone();
        match blocking(move || store.looked(look)).await {
            // It was deleted because its time was over, while it was visited.
            Err(StoreError::Unknown { .. }) => Ok(()),
            done => done,
        }
    }
}

/// Whether no plugin has heard the post, because a person handed it in.
fn nobodys(post: &Due) -> bool {
    [SUBMITTED, IMPORTED].contains(&post.plugin.as_str())
}

/// Whether the address has the host and port of the watch.
fn is_of(watch: &Watch, url: &Url) -> bool {
    let home = watch.address();
    home.is_some_and(|home| home.host() == url.host() && home.port_or_known_default() == url.port_or_known_default())
}

/// Whether the operator lets the watch look there.
fn is_at_home(post: &Due, url: &Url) -> bool {
    post.watch.as_ref().is_some_and(|watch| !watch.recorded && is_of(watch, url))
}

/// The watch as which a post is visited.
fn watch_of(post: &Due, id: String) -> Watch {
    let target = Target::Item(post.url.clone());
    match &post.watch {
        Some(watch) => Watch { id, plugin: post.plugin.clone(), target, recorded: false, ..watch.clone() },
        None => {
            let (plugin, settings) = (post.plugin.clone(), Vec::new());
            Watch {
                id,
                plugin,
                target,
                site: None,
                settings,
                utc_offset: 0,
                recorded: false,
                registered: None,
                every: Every::default(),
                canary: None,
            }
        }
    }
}

impl Run<'_> {
    /// Reads the post through the plugin that heard it.
    async fn read_again(&mut self, ready: Ready, post: &Due, now: Timestamp) -> Result<Seen, StoreError> {
        let Ready { source, right, target, settings, credentials, .. } = ready;
        let (site, utc_offset) = (self.watch.site.clone(), self.watch.utc_offset);
        let crawl = Crawl { target, site, settings, since: 0, now, utc_offset };
        let mut session = self.session();
        session.credentials = credentials;
        // A plugin for any site may reach whatever site its target names, and this one was named by a page.
        session.public_only = !Url::parse(&post.url).is_ok_and(|own| is_at_home(post, &own));
        session.pace = source.manifest().network.pace.unwrap_or_default();
        let allowed = move |url: &Url| right.covers(url);
        let mut frontier = Frontier::new(LIMITS);
        let (mut crawling, first) = self.call("start", source.crawl(&crawl), Crawling::start).await;
        match first.outcome {
            Ok(requests) => drop(frontier.offer(requests, 0, &allowed)),
            Err(error) => return Ok(Seen::unclear(error.to_string())),
        }
        let mut seen = Seen::unclear("the page does not show the post");
        while let Some(queued) = frontier.pop() {
            self.tally.requests += 1;
            let fetched = self.sweeper.fetcher.fetch(&mut session, &queued.request, &allowed).await;
            self.rewind()?;
            let response = match fetched {
                Ok(fetched) => {
                    self.tally.bytes += fetched.bytes;
                    fetched.response
                }
                Err(error) => {
                    seen = self.unheard(&post.url, &error, seen);
                    continue;
                }
            };
            let (request, answered, status) = (queued.request.clone(), response.url.clone(), response.status);
            let fetched = response.fetched;
            let parsed;
            let step = queued.request.step.as_str();
            (crawling, parsed) = self.call(step, crawling, move |crawling| crawling.parse(&request, &response)).await;
            match parsed.outcome {
                Ok(page) => {
                    if let Some(again) = page.posts.iter().find(|p| p.id == post.id) {
                        let (found, reactions) = (Found::There, again.reactions);
                        seen = Seen { found, detail: None, reactions, answered: Some(answered.clone()) };
                    }
                    self.tally.seen += page.posts.len() as u64;
                    self.tally.skipped += page.skipped.len() as u64;
                    let kept = frontier.take(&queued, page, &answered, &allowed);
                    self.remember(kept.posts, fetched, None).await?;
                }
                Err(CallError::Failure(Failure::Gone)) if queued.depth == 0 => {
                    let detail = Some(format!("the site answers {status}: the post is not there"));
                    let reactions = Reactions::default();
                    return Ok(Seen { found: Found::Gone, detail, reactions, answered: Some(answered) });
                }
                Err(error) if seen.found == Found::Unclear => seen = Seen::unclear(error.to_string()),
                Err(_) => {}
            }
        }
        Ok(seen)
    }

    /// Asks for the post's page, and for nothing that could be read in it.
    async fn ask_again(&mut self, post: &Due) -> Result<Seen, StoreError> {
        let Some(own) = Url::parse(&post.url).ok().filter(|url| matches!(url.scheme(), "http" | "https")) else {
            return Ok(Seen::unclear("the post has no address that could be asked"));
        };
        let request = Request {
            step: "revisit".to_owned(),
            url: post.url.clone(),
            method: Method::Get,
            headers: Vec::new(),
            context: String::new(),
        };
        let handed_in = post.watch.as_ref().filter(|watch| watch.is_handed_in());
        let usual = |url: &Url| {
            url.port().is_none() || is_at_home(post, url) || handed_in.is_some_and(|watch| is_of(watch, url))
        };
        if !usual(&own) {
            return Ok(Seen::unclear("the post's address has a port of its own: not asked"));
        }
        let mut session = Session { public_only: true, ..self.session() };
        let allowed = |url: &Url| url.host() == own.host() && usual(url);
        self.tally.requests += 1;
        let fetched = self.sweeper.fetcher.fetch(&mut session, &request, &allowed).await;
        self.rewind()?;
        Ok(match fetched {
            Ok(fetched) => {
                self.tally.bytes += fetched.bytes;
                let response = fetched.response;
                let moved = Url::parse(&response.url).ok().is_none_or(|at| at.path() != own.path());
                let found = match revisit::plain(response.status, &response.body) {
                    // Many sites send those who ask for what is gone to their first page.
                    Found::There if moved => Found::Unclear,
                    found => found,
                };
                let detail =
                    Some(format!("the site answers {}{}", response.status, if moved { " elsewhere" } else { "" }));
                Seen { found, detail, reactions: Reactions::default(), answered: Some(response.url) }
            }
            Err(error) => self.unheard(&post.url, &error, Seen::unclear("")),
        })
    }

    /// A visit that got no answer proves nothing, and is a failure of the round.
    fn unheard(&mut self, url: &str, error: &FetchError, seen: Seen) -> Seen {
        match error.kind() {
            // That this site does not want to be asked is no fault of the round.
            FailureKind::Blocked | FailureKind::Refused => self.tally.skipped += 1,
            _ => self.fail_fetch(url, error),
        }
        if seen.found == Found::Unclear { Seen::unclear(error.to_string()) } else { seen }
    }

    fn session(&self) -> Session {
        Session { recorder: Some(self.tape.clone()), ..Session::default() }
    }
}

#[cfg(test)]
mod tests;
