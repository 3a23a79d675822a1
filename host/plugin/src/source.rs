//! Sources: a target in, requests and posts out.
//!
//! A [`Crawling`] is one crawl's conversation with a source. Its instance lives
//! for the crawl, so that what a plugin sets up lazily is set up once, and is
//! made again after a trap, so that one bad response costs one call. While it
//! waits for the network and many others do, it gives its instance up.
//!
//! What a source returns is not believed. A post without an id is no post; an
//! address that a browser would run rather than open is emptied; a request for
//! a step that the manifest does not declare is dropped. Each leaves a line in
//! `page.skipped`, where drift is watched, so that one bad element costs
//! itself and no page. Whether a host may be reached is the grant's business
//! and not decided here.

use crate::artifact::{Artifact, PluginKind};
use crate::contract::{self, Crawl, Failure, Page, Post, Request, Response, SourceContract};
use crate::engine::{self, Compiled, Cost, Engine, Live, LoadError, Trap};
use crate::manifest::Manifest;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;
use url::Url;

/// Bytes of a request's context that the host carries (`wit/plugin.wit`).
pub const CONTEXT_LIMIT: usize = 4096;

/// Bytes of an id that the host stores.
pub const ID_LIMIT: usize = 512;

/// Lines of `page.skipped` that the host keeps.
const SKIPPED_LIMIT: usize = 1000;

/// What a call came to and what it used.
#[derive(Clone, Debug, PartialEq)]
pub struct Called<T> {
    /// The answer or why there is none.
    pub outcome: Result<T, CallError>,
    /// What it used.
    pub cost: Cost,
}

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The plugin says why; each case has its reaction.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The plugin is broken: its author must act, and until then the host
    /// counts the call as a failure of the plugin, not of the site.
    #[error(transparent)]
    Trap(#[from] Trap),
}

/// A loaded source. Cheap to clone.
#[derive(Clone)]
pub struct Source {
    shared: Arc<Shared>,
}

struct Shared {
    compiled: Compiled,
    contract: Box<dyn SourceContract>,
    artifact: Artifact,
}

/// One crawl's conversation with a source.
pub struct Crawling {
    source: Source,
    crawl: Crawl,
    live: Option<Live>,
}

impl Source {
    /// Compiles a source, or takes its code from the cache, and checks that its
    /// functions have the contract's types.
    ///
    /// # Errors
    /// Says who must act; see [`LoadError`].
    pub fn load(engine: &Engine, artifact: &Artifact) -> Result<Self, LoadError> {
        let compiled = engine::load(engine, artifact, PluginKind::Source)?;
        let contract = contract::source(artifact.contract(), &compiled)?;
        Ok(Self { shared: Arc::new(Shared { compiled, contract, artifact: artifact.clone() }) })
    }

    /// What the plugin declares.
    #[must_use]
    pub fn manifest(&self) -> &Arc<Manifest> {
        self.shared.artifact.manifest()
    }

    /// The file that it was loaded from.
    #[must_use]
    pub fn artifact(&self) -> &Artifact {
        &self.shared.artifact
    }

    /// Begins a crawl. No instance is made before the first call.
    #[must_use]
    pub fn crawl(&self, crawl: &Crawl) -> Crawling {
        Crawling { source: self.clone(), crawl: crawl.clone(), live: None }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.shared.artifact).finish()
    }
}

impl fmt::Debug for Crawling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crawling").field("source", &self.source).field("crawl", &self.crawl).finish_non_exhaustive()
    }
}

impl Crawling {
    /// The first requests of the crawl.
    pub fn start(&mut self) -> Called<Vec<Request>> {
        let Called { outcome, cost } = self.start_unchecked();
        let outcome = outcome.and_then(|requests| {
            let bad = requests.iter().find_map(|request| fault(self.source.manifest(), request));
            bad.map_or(Ok(requests), |fault| Err(Trap::Contract(fault).into()))
        });
        Called { outcome, cost }
    }

    /// What `start` says, before anything of it is refused: for the laws.
    pub(crate) fn start_unchecked(&mut self) -> Called<Vec<Request>> {
        self.call(|shared, live, crawl| shared.contract.start(&shared.compiled, live, crawl))
    }

    /// Reads one response. `request` is the request as the plugin made it, or
    /// one with an empty context for a response that came without.
    pub fn parse(&mut self, request: &Request, response: &Response) -> Called<Page> {
        let Called { outcome, cost } = self.parse_unchecked(request, response);
        let outcome = outcome.and_then(|page| self.check(page).map_err(CallError::Trap));
        Called { outcome, cost }
    }

    /// What `parse` says, before anything of it is turned away: for the laws.
    pub(crate) fn parse_unchecked(&mut self, request: &Request, response: &Response) -> Called<Page> {
        self.call(|shared, live, crawl| shared.contract.parse(&shared.compiled, live, crawl, request, response))
    }

    fn call<T>(
        &mut self,
        run: impl FnOnce(&Shared, &mut Live, &Crawl) -> Result<Result<T, Failure>, Trap>,
    ) -> Called<T> {
        let start = Instant::now();
        let shared = &self.source.shared;
        let mut live = match self.live.take().map_or_else(|| shared.compiled.spawn(), Ok) {
            Ok(live) => live,
            Err(trap) => {
                return Called { outcome: Err(trap.into()), cost: engine::since(start, None) };
            }
        };
        let answer = run(shared, &mut live, &self.crawl);
        let cost = engine::since(start, Some(&live));
        if answer.is_ok() && !shared.compiled.crowded() {
            self.live = Some(live);
        }
        let outcome = match answer {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(failure)) => Err(failure.into()),
            Err(trap) => Err(trap.into()),
        };
        Called { outcome, cost }
    }

    fn check(&self, mut page: Page) -> Result<Page, Trap> {
        let limit = self.source.shared.compiled.limits().posts;
        for (what, count) in [("posts", page.posts.len()), ("follow-up requests", page.follow.len())] {
            if count > limit {
                return Err(Trap::TooLarge(format!("{count} {what}, limit {limit}")));
            }
        }
        let mut skipped = std::mem::take(&mut page.skipped);
        page.posts.retain_mut(|post| admit(post, &mut skipped));
        page.follow.retain(|request| match fault(self.source.manifest(), request) {
            Some(fault) => {
                skipped.push(fault);
                false
            }
            None => true,
        });
        skipped.truncate(SKIPPED_LIMIT);
        page.skipped = skipped;
        Ok(page)
    }
}

/// Why the host would not carry this request, if so.
pub(crate) fn fault(manifest: &Manifest, request: &Request) -> Option<String> {
    if !manifest.has_step(&request.step) {
        return Some(format!("request for a step that the manifest does not declare: {}", brief(&request.step)));
    }
    if request.context.len() > CONTEXT_LIMIT {
        return Some(format!("request with a context of {} bytes, limit {CONTEXT_LIMIT}", request.context.len()));
    }
    (!openable(&request.url)).then(|| format!("request for what is not a web address: {}", brief(&request.url)))
}

/// Whether a post can be stored; empties the addresses that nobody should open.
fn admit(post: &mut Post, skipped: &mut Vec<String>) -> bool {
    if post.id.trim().is_empty() {
        skipped.push(format!("post without an id: {}", brief(&post.url)));
        return false;
    }
    if post.id.len() > ID_LIMIT {
        skipped.push(format!("post with an id of {} bytes, limit {ID_LIMIT}: {}", post.id.len(), brief(&post.id)));
        return false;
    }
    if !post.url.is_empty() && !openable(&post.url) {
        skipped.push(format!("post whose address is not a web address: {}", brief(&post.url)));
        post.url.clear();
    }
    post.media.retain(|url| openable(url));
    true
}

/// Whether a browser opens this address as a page of the web, and does not run
/// it (`javascript:`), read it from the machine (`file:`) or take it for a
/// path of our own site.
pub(crate) fn openable(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// Enough of a hostile text to recognise it by.
pub(crate) fn brief(text: &str) -> String {
    let mut brief: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect();
    if brief.len() < text.len() {
        brief.push('…');
    }
    brief
}
