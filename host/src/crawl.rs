//! One crawl as a pure state machine: requests and pages in, the next request out.
//!
//! It decides what is asked and in which order, never asks itself. It drops what
//! was already asked in this crawl, what the grant does not cover, what lies
//! deeper or further than the limits, and it turns away posts that no honest
//! parser produces. Whoever drives it ([`crate::sweep`]) performs the requests.

use std::collections::{HashSet, VecDeque};

use caifeng_plugin_host::contract::{Method, Page, Post, Request};
use url::Url;

/// How far one crawl may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests in one crawl.
    pub requests: usize,
    /// Steps from a first request; the first requests are at depth 0.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests: 200, depth: 20 }
    }
}

/// A request on its way, with its distance from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// What to ask.
    pub request: Request,
    /// 0 for a first request.
    pub depth: usize,
}

/// What became of a page: the posts to keep and a line for each that was turned away.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Well-formed posts, oldest first.
    pub posts: Vec<Post>,
    /// One line each: what was wrong with a post or a request.
    pub turned_away: Vec<String>,
}

/// The state of one crawl.
#[derive(Debug)]
pub struct Frontier {
    limits: Limits,
    queue: VecDeque<Queued>,
    asked: HashSet<(String, Method, String)>,
    unasked: u64,
}

impl Frontier {
    /// A crawl that has not asked anything yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, queue: VecDeque::new(), asked: HashSet::new(), unasked: 0 }
    }

    /// Queues `requests` found at `depth`; `allowed` is the effective grant.
    ///
    /// Returns a line for each request that was refused. A repeated request is
    /// dropped silently: pages link to each other.
    pub fn offer(&mut self, requests: Vec<Request>, depth: usize, allowed: &dyn Fn(&Url) -> bool) -> Vec<String> {
        let mut refused = Vec::new();
        for request in requests {
            match self.admit(&request, depth, allowed) {
                Ok(true) => self.queue.push_back(Queued { request, depth }),
                Ok(false) => {}
                Err(why) => refused.push(format!("{}: {why}", clip(&request.url, 200))),
            }
        }
        refused
    }

    /// Requests that were refused because the crawl had sent all it may.
    #[must_use]
    pub const fn unasked(&self) -> u64 {
        self.unasked
    }

    /// The next request, oldest first.
    pub fn pop(&mut self) -> Option<Queued> {
        self.queue.pop_front()
    }

    /// Takes a page: queues what it wants to follow, and sorts its posts.
    pub fn take(&mut self, at: &Queued, page: Page, answered: &str, allowed: &dyn Fn(&Url) -> bool) -> Kept {
        let mut kept = sorted(page.posts, answered);
        kept.turned_away.extend(self.offer(page.follow, at.depth + 1, allowed));
        kept
    }

    fn admit(&mut self, request: &Request, depth: usize, allowed: &dyn Fn(&Url) -> bool) -> Result<bool, &'static str> {
        let url = Url::parse(&request.url).map_err(|_| "not an absolute address")?;
        if !allowed(&url) {
            return Err("outside what the plugin may reach");
        }
        if depth > self.limits.depth {
            return Err("deeper than a crawl may go");
        }
        let key = (url.into(), request.method.clone(), request.step.clone());
        if self.asked.contains(&key) {
            return Ok(false);
        }
        if self.asked.len() >= self.limits.requests {
            self.unasked += 1;
            return Err("more requests than a crawl may send");
        }
        Ok(self.asked.insert(key))
    }
}

/// Longest title and text that are stored, in bytes; a page of a book is not an utterance.
const MAX_TITLE: usize = 2_000;
const MAX_TEXT: usize = 200_000;

/// Sorts the posts of one page, oldest first, and cuts what no reader would read.
///
/// That ids and addresses are well-formed the sandbox has seen to. Of posts that share an id only the first is
/// kept; one without an address leads to its page, so that nothing that was said is lost to a bad link.
fn sorted(posts: Vec<Post>, answered: &str) -> Kept {
    let mut ids = HashSet::new();
    let mut kept = Kept::default();
    for mut post in posts {
        if !ids.insert(post.id.clone()) {
            kept.turned_away.push(format!("two posts with one id: {}", clip(&post.id, 200)));
            continue;
        }
        if !is_web(&post.url) {
            answered.clone_into(&mut post.url);
        }
        if post.text.len() > MAX_TEXT {
            kept.turned_away.push(format!("text cut at {MAX_TEXT} bytes: {}", clip(&post.url, 200)));
            cut(&mut post.text, MAX_TEXT);
        }
        if let Some(title) = &mut post.title {
            cut(title, MAX_TITLE);
        }
        kept.posts.push(post);
    }
    // Pages list the newest first; grouping wants the post that came first to come first.
    kept.posts.reverse();
    kept.posts.sort_by_key(|post| post.published.unwrap_or(i64::MAX));
    kept
}

/// Cuts `text` at a character, within `limit` bytes.
fn cut(text: &mut String, limit: usize) {
    text.truncate(text.floor_char_boundary(limit));
}

fn is_web(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// The first `limit` bytes of `text`, cut at a character.
fn clip(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use caifeng_plugin_host::contract::{Kind, Reactions};

    fn request(url: &str) -> Request {
        Request { step: "page".into(), url: url.into(), method: Method::Get, headers: vec![], context: String::new() }
    }

    fn post(id: &str, url: &str, published: Option<i64>) -> Post {
        Post {
            id: id.into(),
            kind: Kind::Post,
            url: url.into(),
            parent: None,
            author: None,
            publisher: None,
            title: None,
            text: String::new(),
            language: None,
            published,
            day_only: false,
            edited: None,
            reactions: Reactions::default(),
            media: vec![],
            extra: vec![],
        }
    }

    fn only_example(url: &Url) -> bool {
        url.host_str() == Some("a.example")
    }

    #[test]
    fn a_request_is_asked_once() {
        let mut crawl = Frontier::new(Limits::default());
        let refused = crawl.offer(vec![request("http://a.example/1"), request("http://a.example/1")], 0, &only_example);
        assert!(refused.is_empty());
        assert!(crawl.pop().is_some());
        assert!(crawl.pop().is_none());
        crawl.offer(vec![request("http://a.example/1")], 1, &only_example);
        assert!(crawl.pop().is_none(), "asked again after it was sent");
    }

    #[test]
    fn what_the_grant_does_not_cover_is_refused_by_name() {
        let mut crawl = Frontier::new(Limits::default());
        let refused = crawl.offer(vec![request("http://b.example/"), request("relative")], 0, &only_example);
        assert_eq!(
            refused,
            ["http://b.example/: outside what the plugin may reach", "relative: not an absolute address"]
        );
        assert!(crawl.pop().is_none());
    }

    #[test]
    fn limits_end_a_crawl_that_would_not_end() {
        let limits = Limits { requests: 3, depth: 1 };
        let mut crawl = Frontier::new(limits);
        let many = (0..10).map(|n| request(&format!("http://a.example/{n}"))).collect();
        assert_eq!(crawl.offer(many, 0, &only_example).len(), 7);
        let mut deep = Frontier::new(limits);
        assert_eq!(deep.offer(vec![request("http://a.example/")], 2, &only_example).len(), 1);
    }

    #[test]
    fn repeated_ids_are_turned_away_and_bad_links_lead_to_the_page() {
        let mut crawl = Frontier::new(Limits::default());
        let at = Queued { request: request("http://a.example/"), depth: 0 };
        let posts = vec![
            post("new", "http://a.example/new", Some(20)),
            post("new", "http://a.example/other", Some(1)),
            post("old", "javascript:alert(1)", Some(10)),
        ];
        let page = Page { posts, ..Page::default() };
        let kept = crawl.take(&at, page, "http://a.example/list", &only_example);
        let ids: Vec<_> = kept.posts.iter().map(|p| (p.id.as_str(), p.url.as_str())).collect();
        assert_eq!(ids, [("old", "http://a.example/list"), ("new", "http://a.example/new")]);
        assert_eq!(kept.turned_away.len(), 1);
    }

    #[test]
    fn a_text_without_end_is_cut_at_a_character_and_said() {
        let mut crawl = Frontier::new(Limits::default());
        let at = Queued { request: request("http://a.example/"), depth: 0 };
        let endless =
            Post { text: "水".repeat(MAX_TEXT), title: Some("管".repeat(MAX_TITLE)), ..post("a", "", None) };
        let page = Page { posts: vec![endless], ..Page::default() };
        let kept = crawl.take(&at, page, "http://a.example/", &only_example);
        assert_eq!(kept.posts[0].text.len(), MAX_TEXT / 3 * 3);
        assert!(kept.posts[0].title.as_ref().is_some_and(|title| title.len() <= MAX_TITLE));
        assert!(kept.turned_away[0].contains("cut at"));
    }
}
