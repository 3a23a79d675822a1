//! Examples to do once, when a plugin is built, so that fresh instances need not begin at nothing.
//!
//! `Source::warm`, `Classifier::warm` and `Asker::warm` call these. What comes of it is thrown away; what the code set
//! up on the way — tables, an automaton, memory that was asked for — stays.

use crate::{Classifier, Crawl, Kind, Method, Post, Request, Response, Settings, Source, Target};

/// Lets a source begin a crawl of `target` and read `body` as the answer at `url` to a request of `step`.
pub fn page<S: Source>(target: Target, step: &str, url: &str, body: &str) {
    let crawl = Crawl { target, site: None, settings: Vec::new(), since: 0, now: NOW, utc_offset: 8 * 3600 };
    let request = Request {
        step: step.to_owned(),
        url: url.to_owned(),
        method: Method::Get,
        headers: Vec::new(),
        context: String::new(),
    };
    let response =
        Response { url: url.to_owned(), status: 200, headers: Vec::new(), body: body.to_owned(), fetched: NOW };
    room();
    let _ = S::start(&crawl);
    let _ = S::parse(&crawl, &request, &response);
}

/// Lets a classifier label a batch of posts with these titles and texts.
pub fn posts<C: Classifier>(settings: &Settings, texts: &[&str]) {
    let posts = texts.iter().enumerate().map(|(nth, text)| {
        let mut post = Post::new(Kind::Post, nth.to_string(), "https://example.cn/");
        post.title = Some((*text).to_owned());
        post.text = (*text).to_owned();
        post
    });
    room();
    let _ = C::classify(settings, &posts.collect::<Vec<_>>());
}

/// Asks for the memory of a long page and gives it back: an instance has it from the start, instead of asking for it
/// piece by piece. What nobody writes to costs nothing.
fn room() {
    std::hint::black_box(Vec::<u8>::with_capacity(ROOM));
}

/// Bytes that a page of some hundred posts takes, with what is made of it.
const ROOM: usize = 512 << 10;

/// 2026-03-09, a day like any other: there is no clock.
const NOW: i64 = 1_773_028_800;
