//! One crawl as a pure state machine: requests and pages in, the next request out.
//!
//! It decides what is asked and in which order, never asks itself. It drops what
//! was already asked in this crawl, what the grant does not cover, what lies
//! deeper or further than the limits, and it turns away posts that no honest
//! parser produces. Whoever drives it ([`crate::sweep`]) performs the requests and says what they cost.
//!
//! What the limits leave out is counted, so that a crawl that ends early can say so.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use caifeng_plugin_host::contract::{Method, Page, Post, Request};
use serde::{Deserialize, Serialize};
use url::Url;

/// How far one crawl may go: what an operator writes as `budget = { requests = 200, bytes = "50MiB" }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests in one crawl; redirects and repetitions count.
    pub requests: usize,
    /// Bytes of bodies, decompressed: once they are used up nothing more is asked.
    #[serde(deserialize_with = "bytes")]
    pub bytes: u64,
    /// Steps from a first request; the first requests are at depth 0.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests: 200, bytes: 50 << 20, depth: 20 }
    }
}

impl Limits {
    /// Whether it is what holds where an operator sets none.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// A number of bytes, or a text such as `50MiB`.
pub(crate) fn bytes<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u64),
        Text(String),
    }
    let wrong = || serde::de::Error::custom("bytes is a number of bytes, or a text such as \"50MiB\"");
    match Written::deserialize(from).map_err(|_| wrong())? {
        Written::Number(number) => Ok(number),
        Written::Text(text) => measured(&text).ok_or_else(wrong),
    }
}

fn measured(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 7] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("kB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("B", 1),
    ];
    let (number, unit) = UNITS.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    number.trim().parse::<u64>().ok()?.checked_mul(*unit)
}

/// What the limits of a crawl left out; shown, it tells whoever keeps the watch what to raise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// How many pages.
    pub pages: u64,
    /// They are more than that: nobody went on counting.
    pub more: bool,
    /// What was used up: "200 requests".
    pub limit: String,
    /// The name of that in a watch's `budget`, where it is one of those.
    pub budget: Option<&'static str>,
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pages, more, limit, budget } = self;
        let more = if *more { "more than " } else { "" };
        write!(
            f,
            "partial: {more}{pages} pages were left out, because a sweep of this watch may use {limit}; if they matter, "
        )?;
        match budget {
            Some(name) => write!(f, "raise budget = {{ {name} = … }} of the watch"),
            None => f.write_str("split it into several watches"),
        }
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
    asked: HashSet<Key>,
    /// Requests that were made so far, and bytes received, as they were last told.
    used: (u64, u64),
    /// What was found and not queued because of a limit.
    over: HashSet<Key>,
    too_deep: bool,
    /// The time after which nothing more was asked.
    late: Option<Duration>,
}

/// What makes two requests one.
type Key = (String, Method, String);

/// Requests that are remembered as left out; a count above it is "more than".
const REMEMBERED: usize = 10_000;

/// What becomes of a request that a page asks for.
enum Admission {
    Queued(Key),
    Repeated,
    LeftOut(Key),
    Refused(&'static str),
}

impl Frontier {
    /// A crawl that has not asked anything yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            queue: VecDeque::new(),
            asked: HashSet::new(),
            used: (0, 0),
            over: HashSet::new(),
            too_deep: false,
            late: None,
        }
    }

    /// Queues `requests` found at `depth`; `allowed` is the effective grant.
    ///
    /// Returns a line for each request that was refused. A repeated request is
    /// dropped silently: pages link to each other. One beyond the limits is counted.
    pub fn offer(&mut self, requests: Vec<Request>, depth: usize, allowed: &dyn Fn(&Url) -> bool) -> Vec<String> {
        let mut refused = Vec::new();
        for request in requests {
            match self.admit(&request, depth, allowed) {
                Admission::Queued(key) => {
                    self.asked.insert(key);
                    self.queue.push_back(Queued { request, depth });
                }
                Admission::Repeated => {}
                Admission::LeftOut(key) => {
                    if self.over.len() < REMEMBERED {
                        self.over.insert(key);
                    }
                }
                Admission::Refused(why) => refused.push(format!("{}: {why}", clip(&request.url, 200))),
            }
        }
        refused
    }

    /// The next request, oldest first; none when the limits are reached.
    pub fn pop(&mut self) -> Option<Queued> {
        let (requests, bytes) = self.used;
        let exhausted = requests >= self.limits.requests as u64 || bytes >= self.limits.bytes || self.late.is_some();
        if exhausted { None } else { self.queue.pop_front() }
    }

    /// Says what the crawl has cost so far.
    pub const fn used(&mut self, requests: u64, bytes: u64) {
        self.used = (requests, bytes);
    }

    /// Asks nothing more: the crawl has taken `longest`.
    pub const fn stop(&mut self, longest: Duration) {
        self.late = Some(longest);
    }

    /// Requests that the limits have left out so far.
    #[must_use]
    pub fn unasked(&self) -> u64 {
        (self.queue.len() + self.over.len()) as u64
    }

    /// What the limits have left out so far; `None` when nothing.
    #[must_use]
    pub fn left_out(&self) -> Option<LeftOut> {
        let pages = self.unasked();
        let Limits { requests, bytes, depth } = self.limits;
        let (limit, budget) = if let Some(longest) = self.late {
            (format!("{} minutes", longest.as_secs() / 60), None)
        } else if self.used.1 >= bytes {
            (format!("{bytes} bytes"), Some("bytes"))
        } else if self.too_deep && self.queue.is_empty() && self.used.0 < requests as u64 {
            (format!("{depth} steps from the first page"), Some("depth"))
        } else {
            (format!("{requests} requests"), Some("requests"))
        };
        (pages > 0).then_some(LeftOut { pages, more: self.over.len() >= REMEMBERED, limit, budget })
    }

    /// Takes a page: queues what it wants to follow, and sorts its posts.
    pub fn take(&mut self, at: &Queued, page: Page, answered: &str, allowed: &dyn Fn(&Url) -> bool) -> Kept {
        let mut kept = sorted(page.posts, answered);
        kept.turned_away.extend(self.offer(page.follow, at.depth + 1, allowed));
        kept
    }

    fn admit(&mut self, request: &Request, depth: usize, allowed: &dyn Fn(&Url) -> bool) -> Admission {
        let Ok(url) = Url::parse(&request.url) else { return Admission::Refused("not an absolute address") };
        if !allowed(&url) {
            return Admission::Refused("outside what the plugin may reach");
        }
        let key = (url.into(), request.method.clone(), request.step.clone());
        if self.asked.contains(&key) {
            return Admission::Repeated;
        }
        if depth > self.limits.depth {
            self.too_deep = true;
            return Admission::LeftOut(key);
        }
        if self.asked.len() >= self.limits.requests {
            return Admission::LeftOut(key);
        }
        Admission::Queued(key)
    }
}

/// Longest title and text that are stored, in bytes; a page of a book is not an utterance.
pub(crate) const MAX_TITLE: usize = 2_000;
pub(crate) const MAX_TEXT: usize = 200_000;

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
    use caifeng_plugin_host::contract::Kind;

    fn request(url: &str) -> Request {
        Request { step: "page".into(), url: url.into(), method: Method::Get, headers: vec![], context: String::new() }
    }

    fn post(id: &str, url: &str, published: Option<i64>) -> Post {
        Post { published, ..Post::new(Kind::Post, id, url) }
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
    fn limits_end_a_crawl_that_would_not_end_and_say_what_was_left_out() {
        let limits = Limits { requests: 3, depth: 1, ..Limits::default() };
        let mut crawl = Frontier::new(limits);
        assert_eq!(crawl.left_out(), None);
        let many = || (0..10).map(|n| request(&format!("http://a.example/{n}"))).collect();
        assert!(crawl.offer(many(), 0, &only_example).is_empty());
        crawl.offer(many(), 1, &only_example);
        (0..3).for_each(|_| assert!(crawl.pop().is_some()));
        assert!(crawl.pop().is_none());
        let said = crawl.left_out().unwrap().to_string();
        assert!(said.starts_with("partial: 7 pages were left out") && said.contains("3 requests"), "{said}");
        let mut deep = Frontier::new(limits);
        deep.offer(vec![request("http://a.example/")], 2, &only_example);
        assert!(deep.pop().is_none());
        let said = deep.left_out().unwrap().to_string();
        assert!(said.contains("1 pages") && said.contains("1 steps") && said.contains("depth"), "{said}");
    }

    #[test]
    fn what_is_used_up_ends_a_crawl() {
        for (used, name) in [((5, 0), "5 requests"), ((1, 1_000), "1000 bytes")] {
            let mut crawl = Frontier::new(Limits { requests: 5, bytes: 1_000, ..Limits::default() });
            crawl.offer((0..4).map(|n| request(&format!("http://a.example/{n}"))).collect(), 0, &only_example);
            assert!(crawl.pop().is_some());
            crawl.used(used.0, used.1);
            assert!(crawl.pop().is_none());
            let said = crawl.left_out().unwrap().to_string();
            assert!(said.contains("3 pages") && said.contains(name), "{said}");
        }
    }

    #[test]
    fn what_takes_too_long_ends_and_says_what_was_left_out() {
        let mut crawl = Frontier::new(Limits::default());
        crawl.offer((0..4).map(|n| request(&format!("http://a.example/{n}"))).collect(), 0, &only_example);
        assert!(crawl.pop().is_some());
        crawl.stop(Duration::from_secs(1_800));
        assert!(crawl.pop().is_none());
        let said = crawl.left_out().unwrap().to_string();
        assert!(said.contains("3 pages") && said.contains("30 minutes") && !said.contains("budget"), "{said}");
    }

    #[test]
    fn a_site_without_end_costs_bounded_memory() {
        let mut crawl = Frontier::new(Limits { requests: 1, ..Limits::default() });
        let endless = (0..REMEMBERED + 9).map(|n| request(&format!("http://a.example/{n}"))).collect();
        crawl.offer(endless, 0, &only_example);
        assert!(crawl.pop().is_some());
        crawl.used(1, 1);
        assert!(crawl.left_out().unwrap().to_string().contains("more than 10000 pages"));
    }

    #[test]
    fn a_budget_is_read_as_people_write_it() {
        let read = |text: &str| toml::from_str::<Limits>(text).map_err(|error| error.message().to_owned());
        assert_eq!(read("").unwrap(), Limits::default());
        assert_eq!(
            read("requests = 6000\nbytes = \"1 GiB\"").unwrap(),
            Limits { requests: 6_000, bytes: 1 << 30, depth: 20 }
        );
        assert_eq!(read("bytes = 7").unwrap().bytes, 7);
        assert_eq!(read("bytes = \"2MB\"").unwrap().bytes, 2_000_000);
        for wrong in ["bytes = \"much\"", "bytes = \"-1B\"", "bytes = \"99999999999GiB\"", "bytes = 1.5"] {
            assert!(read(wrong).unwrap_err().contains("50MiB"), "{wrong}");
        }
        assert!(read("pages = 1").unwrap_err().contains("unknown field"));
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
