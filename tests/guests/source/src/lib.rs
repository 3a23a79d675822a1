//! A source that misbehaves as its target's keyword says, so that the tests of
//! the sandbox have every bad plugin in one file. It uses the bindings as they
//! are generated and not the SDK, which would not let it misbehave.

#![allow(unsafe_code, reason = "the generated bindings lift and lower by pointer")]

#[allow(missing_docs, reason = "generated")]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit", world: "source-plugin" });
}

mod dated;
mod reading;

use bindings::exports::caifeng::plugin::source::{Crawl, Guest, Page, Target};
use bindings::exports::caifeng::plugin::types::{Failure, Kind, Method, Post, Reactions, Request, Response};
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

struct Ill;

/// Memory that a well-behaved plugin would not have.
static CALLS: AtomicU32 = AtomicU32::new(0);

impl Guest for Ill {
    fn start(crawl: Crawl) -> Result<Vec<Request>, Failure> {
        match keyword(&crawl) {
            "start-loop" => spin(),
            "start-panic" => panic!("no first page"),
            "start-undeclared" => Ok(vec![request("elsewhere", "https://example.cn/")]),
            "start-javascript" => Ok(vec![request("list", "javascript:alert(1)")]),
            "start-nothing" => Ok(Vec::new()),
            "start-elsewhere" => Ok(vec![request("list", "https://evil.example.net/")]),
            "start-unsupported" => Err(Failure::Unsupported("no such board".to_owned())),
            // What is no fault is a phrase that somebody looks for.
            phrase if !phrase.is_ascii() || phrase.contains('&') => {
                let asked = match crawl.settings.first().map_or("", |(_, how)| how.as_str()) {
                    "ignored" => String::new(),
                    "raw" => phrase.to_owned(),
                    _ => phrase.bytes().map(|byte| format!("%{byte:02X}")).collect(),
                };
                Ok(vec![request("list", &format!("https://example.cn/?q={asked}"))])
            }
            _ => Ok(vec![request("list", "https://example.cn/")]),
        }
    }

    fn parse(crawl: Crawl, request: Request, response: Response) -> Result<Page, Failure> {
        match keyword(&crawl) {
            how if how.starts_with("dated") => dated::read(how, &crawl, &request, &response),
            how => misbehave(how, &request, &response),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "reads the clock, as no plugin can")]
fn misbehave(how: &str, asked: &Request, response: &Response) -> Result<Page, Failure> {
    match how {
        "loop" => spin(),
        "allocate" => Ok(posts(hoard())),
        "panic" => panic!("第 {} 行读不懂", response.body.lines().count()),
        "index" => Ok(posts(black_box(&[0_usize; 3])[response.body.len()])),
        "abort" => std::process::abort(),
        "stack" => Ok(posts(deep(response.body.len()))),
        "clock" => Ok(posts(std::time::SystemTime::now().elapsed().map_or(0, |past| past.as_secs() as usize))),
        "million" => Ok(posts(1_000_000)),
        "many" => Ok(posts(20_000)),
        "over" => Ok(posts(10_001)),
        "giant" => Ok(one(Post { text: "长".repeat(8 << 20), ..post("1") })),
        "ids-empty" => Ok(Page { posts: vec![post(""), post("  "), post("1")], ..page() }),
        "ids-long" => Ok(Page { posts: vec![post(&"9".repeat(5000)), post("1")], ..page() }),
        "ids-repeated" => Ok(Page { posts: vec![post("1"), post("1")], ..page() }),
        "javascript" => Ok(one(Post {
            url: " java\nscript:alert(1)".to_owned(),
            media: vec!["file:///etc/passwd".to_owned(), "https://example.cn/a.png".to_owned()],
            ..post("1")
        })),
        "follow" => Ok(Page { follow: follow(), ..page() }),
        "skipped" => Ok(Page { skipped: vec!["x".to_owned(); 50_000], ..page() }),
        "remember" => Ok(posts(CALLS.fetch_add(1, Ordering::Relaxed) as usize)),
        "hash" => Ok(one(Post {
            text: format!("{:?}", (0..20).map(|n| (n, n)).collect::<std::collections::HashMap<_, _>>()),
            ..post("1")
        })),
        "echo" => Ok(one(Post { title: Some(asked.context.clone()), text: response.body.clone(), ..post("1") })),
        "own-parent" => Ok(one(Post { parent: Some("1".to_owned()), ..post("1") })),
        "year-10000" => Ok(one(Post { published: Some(253_402_300_800), ..post("1") })),
        "twins" => Ok(Page { posts: vec![post("1"), Post { text: "另一条".to_owned(), ..post("1") }], ..page() }),
        "day-without" => Ok(one(Post { day_only: true, ..post("1") })),
        "markup" => Ok(one(Post { text: "<p>没有去掉标签".to_owned(), ..post("1") })),
        "year-0" => Ok(one(Post { published: Some(-62_167_219_200), ..post("1") })),
        "control-id" => Ok(one(post("1\n2"))),
        "million-follow" => Ok(Page {
            follow: (0..50_000).map(|n| request("list", &format!("https://example.cn/{n}"))).collect(),
            ..posts(1)
        }),
        // The same page for ever: the crawl asks each address once.
        "cycle" => Ok(Page { follow: vec![request("list", "https://example.cn/")], ..posts(1) }),
        "not-unicode" => Ok(one(Post { text: lies::not_unicode(), ..post("1") })),
        "lying-length" => Ok(one(Post { text: lies::of_length(1 << 30), ..post("1") })),
        "identity" => Ok(Page {
            posts: vec![post("1")],
            follow: vec![Request {
                headers: vec![("Cookie".to_owned(), "sid=1".to_owned())],
                ..request("list", "https://example.cn/2")
            }],
            ..page()
        }),
        // One fault on a page that is otherwise read as a good plugin reads it, and refused where a good one refuses.
        how if how.starts_with("also-") => {
            let good = reading::read("reads", asked, response)?;
            let ill = misbehave(&how["also-".len()..], asked, response)?;
            Ok(Page {
                posts: [ill.posts, good.posts].concat(),
                follow: [ill.follow, good.follow].concat(),
                skipped: ill.skipped,
                ..good
            })
        }
        how if how.starts_with("reads") => reading::read(how, asked, response),
        "gone" => Err(Failure::Gone),
        "blocked" => Err(Failure::Blocked("captcha".to_owned())),
        "unexpected" => Err(Failure::Unexpected("no list".to_owned())),
        count => Ok(posts(count.parse().unwrap_or(0))),
    }
}

/// Texts that are none. Each is leaked or ends with the instance.
mod lies {
    /// Bytes that no Unicode text holds.
    pub(crate) fn not_unicode() -> String {
        // SAFETY: none; the host must not believe it.
        unsafe { String::from_utf8_unchecked(vec![b'a', 0xff, 0xfe]) }
    }

    /// A text that says to be longer than the memory is.
    pub(crate) fn of_length(length: usize) -> String {
        let one = Box::leak(Box::new(b'a'));
        // SAFETY: none; the host must not believe it.
        unsafe { String::from_raw_parts(one, length, length) }
    }
}

fn keyword(crawl: &Crawl) -> &str {
    match &crawl.target {
        Target::Keyword(text) | Target::Account(text) | Target::Listing(text) | Target::Item(text) => text,
    }
}

fn spin() -> ! {
    loop {
        black_box(());
    }
}

fn hoard() -> usize {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    loop {
        kept.push(vec![1; 1 << 20]);
        black_box(&kept);
    }
}

fn deep(n: usize) -> usize {
    let frame = black_box([n; 64]);
    if n == usize::MAX { 0 } else { deep(black_box(n + 1)) + frame[n % 64] }
}

pub(crate) fn request(step: &str, url: &str) -> Request {
    Request {
        step: step.to_owned(),
        url: url.to_owned(),
        method: Method::Get,
        headers: Vec::new(),
        context: String::new(),
    }
}

fn follow() -> Vec<Request> {
    vec![
        request("list", "https://example.cn/2"),
        request("list", "https://evil.example.net/"),
        request("elsewhere", "https://example.cn/"),
        request("list", "file:///etc/passwd"),
        Request { context: "x".repeat(5000), ..request("list", "https://example.cn/3") },
    ]
}

pub(crate) fn page() -> Page {
    Page { posts: Vec::new(), follow: Vec::new(), expected: None, skipped: Vec::new() }
}

fn one(post: Post) -> Page {
    Page { posts: vec![post], ..page() }
}

fn posts(count: usize) -> Page {
    Page { posts: (0..count).map(|n| post(&n.to_string())).collect(), ..page() }
}

pub(crate) fn post(id: &str) -> Post {
    Post {
        id: id.to_owned(),
        kind: Kind::Post,
        url: "https://example.cn/1".to_owned(),
        parent: None,
        author: None,
        publisher: None,
        title: None,
        text: String::new(),
        language: None,
        published: None,
        day_only: false,
        edited: None,
        reactions: Reactions { views: None, likes: None, replies: None, shares: None },
        media: Vec::new(),
        extra: Vec::new(),
    }
}

bindings::export!(Ill with_types_in bindings);
