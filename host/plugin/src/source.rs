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
use crate::engine::{Called, Compiled, Engine, Live, LoadError, Plugin, Trap};
use crate::manifest::Manifest;
use std::sync::Arc;
use url::Url;

/// Bytes of a request's context that the host carries (`wit/plugin.wit`).
pub const CONTEXT_LIMIT: usize = 4096;

/// Bytes of an id that the host stores.
pub const ID_LIMIT: usize = 512;

/// Lines of `page.skipped` that the host keeps.
const SKIPPED_LIMIT: usize = 1000;

/// A loaded source. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Source(Plugin<dyn SourceContract>);

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
        Plugin::load(engine, artifact, PluginKind::Source, contract::source).map(Self)
    }

    /// What the plugin declares.
    #[must_use]
    pub fn manifest(&self) -> &Arc<Manifest> {
        self.0.manifest()
    }

    /// What one call may use.
    pub(crate) fn limits(&self) -> &crate::engine::Limits {
        self.0.limits()
    }

    /// The file that it was loaded from.
    #[must_use]
    pub fn artifact(&self) -> &Artifact {
        self.0.artifact()
    }

    /// Why the host takes nothing of a page that holds more than its limit, if it does.
    pub(crate) fn too_many(&self, page: &Page) -> Option<Trap> {
        let limit = self.limits().posts;
        let counts = [("posts", page.posts.len()), ("follow-up requests", page.follow.len())];
        let (what, count) = counts.into_iter().find(|(_, count)| *count > limit)?;
        Some(Trap::TooLarge(format!("{count} {what}, limit {limit}")))
    }

    /// Begins a crawl. No instance is made before the first call.
    #[must_use]
    pub fn crawl(&self, crawl: &Crawl) -> Crawling {
        Crawling { source: self.clone(), crawl: crawl.clone(), live: None }
    }
}

impl std::fmt::Debug for Crawling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crawling").field("source", &self.source).field("crawl", &self.crawl).finish_non_exhaustive()
    }
}

impl Crawling {
    /// What the plugin declares.
    #[must_use]
    pub fn manifest(&self) -> &Arc<Manifest> {
        self.source.manifest()
    }

    /// The first requests of the crawl.
    pub fn start(&mut self) -> Called<Vec<Request>> {
        let said = self.start_unchecked();
        said.and_then(|requests| {
            let bad = requests.iter().find_map(|request| fault(self.source.manifest(), request));
            bad.map_or(Ok(requests), |fault| Err(Trap::Contract(fault)))
        })
    }

    /// What `start` says, before anything of it is refused: for the laws.
    pub(crate) fn start_unchecked(&mut self) -> Called<Vec<Request>> {
        self.call(|contract, on, live, crawl| contract.start(on, live, crawl))
    }

    /// Reads one response. `request` is the request as the plugin made it, or
    /// one with an empty context for a response that came without.
    pub fn parse(&mut self, request: &Request, response: &Response) -> Called<Page> {
        let said = self.parse_unchecked(request, response);
        said.and_then(|page| self.check(page))
    }

    /// What `parse` says, before anything of it is turned away: for the laws.
    pub(crate) fn parse_unchecked(&mut self, request: &Request, response: &Response) -> Called<Page> {
        self.call(|contract, on, live, crawl| contract.parse(on, live, crawl, request, response))
    }

    fn call<T>(
        &mut self,
        run: impl FnOnce(&dyn SourceContract, &Compiled, &mut Live, &Crawl) -> Result<Result<T, Failure>, Trap>,
    ) -> Called<T> {
        let plugin = &self.source.0;
        let called = plugin.call(&mut self.live, |contract, on, live| run(contract, on, live, &self.crawl));
        if plugin.crowded() {
            self.live = None;
        }
        called
    }

    fn check(&self, mut page: Page) -> Result<Page, Trap> {
        if let Some(trap) = self.source.too_many(&page) {
            return Err(trap);
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
    plainly_openable(address) || Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// Whether an address is one of the web at the first look, as nearly all are: reading one in full costs a post's part of
/// a page. What stands behind a host of plain letters cannot make it another; a host whose last label may be a number, or
/// is not spelled plainly, has rules of its own (<https://url.spec.whatwg.org/#host-parsing>).
fn plainly_openable(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://")) else { return false };
    let host = rest.find(['/', '?', '#']).map_or(rest, |end| &rest[..end]);
    let plain = host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    let last = host.rsplit('.').next().unwrap_or_default();
    plain && last.starts_with(|c: char| c.is_ascii_lowercase()) && !host.contains("xn--")
}

/// Enough of a hostile text to recognise it by.
pub(crate) fn brief(text: &str) -> String {
    let mut brief: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect();
    if brief.len() < text.len() {
        brief.push('…');
    }
    brief
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_at_the_first_look_is_open_at_the_second() {
        let hosts = [
            "example.cn",
            "a.b-c.example",
            "-a-.example",
            "a..b",
            ".example",
            "a.1",
            "a.0x1",
            "1.2.3.4",
            "example.cn.",
            "",
            "example.cn:80",
            "example.cn:x",
            "u@example.cn",
            "EXAMPLE.CN",
            "xn--0.cn",
            "a.xn--fiqs8s",
            "例.cn",
            "a b.cn",
            "a%41.cn",
            "[::1]",
            "a_b.cn",
            "localhost",
            "a.1b",
            "a.b1",
        ];
        let tails = ["", "/", "/a b", "?q=水", "#x", "/%zz/../..", "\\x", "/a:b@c", "/\n\t"];
        let mut plainly = 0;
        for scheme in ["http://", "https://", "HTTP://", "http:", "ftp://", "javascript:", ""] {
            for address in hosts.iter().flat_map(|host| tails.map(|tail| format!("{scheme}{host}{tail}"))) {
                let read = Url::parse(&address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
                assert!(!plainly_openable(&address) || read, "{address:?}");
                assert_eq!(openable(&address), read, "{address:?}");
                plainly += usize::from(plainly_openable(&address));
            }
        }
        assert!(plainly > 50, "{plainly}");
    }
}
