//! Recordings that a test writes: feeds whose posts it knows.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::fmt::Write as _;
use std::path::Path;

use caifeng::evidence::warc::{Exchange, Sent, Writer};

/// When everything here was recorded: 2026-07-01T00:00:00Z.
pub(crate) const RECORDED: i64 = 1_782_864_000;

/// One answer of a site.
pub(crate) struct Answer {
    pub(crate) url: String,
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    /// A feed with these items.
    pub(crate) fn feed(url: &str, items: &[String]) -> Self {
        let items = items.concat();
        let body = format!("<rss version=\"2.0\"><channel><title>消息</title>{items}</channel></rss>");
        Self { url: url.to_owned(), status: 200, body }
    }
}

/// An item of a feed. Title and text are put in as they are, so that a test may write markup.
pub(crate) fn item(id: &str, title: &str, text: &str) -> String {
    format!(
        "<item><guid isPermaLink=\"false\">{id}</guid><link>https://news.example/{id}</link><title>{title}</title>\
         <description>{text}</description><pubDate>Tue, 30 Jun 2026 08:00:00 +0800</pubDate></item>"
    )
}

/// Writes answers to a file; its name decides whether it is compressed.
pub(crate) fn write(path: &Path, answers: &[Answer]) {
    std::fs::write(path, bytes(answers, path.extension().is_some_and(|e| e == "gz"))).unwrap();
}

/// The bytes of a recording.
pub(crate) fn bytes(answers: &[Answer], gzip: bool) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), gzip, [7; 16]);
    writer.warcinfo("caifeng tests", RECORDED).unwrap();
    for answer in answers {
        let sent = Sent { method: "GET".to_owned(), url: answer.url.clone(), headers: Vec::new(), body: Vec::new() };
        let headers = vec![("Content-Type".to_owned(), "application/rss+xml; charset=utf-8".to_owned())];
        let body = answer.body.clone().into_bytes();
        writer.exchange(&Exchange { date: RECORDED, sent, status: answer.status, headers, body }).unwrap();
    }
    writer.finish().unwrap()
}

/// `count` feeds of three posts each: the same words in some, so that incidents both open and grow.
pub(crate) fn many(count: usize) -> Vec<Answer> {
    (0..count).map(|feed| Answer::feed(&many_url(feed), &many_items(feed))).collect()
}

/// Address of one of [`many`].
pub(crate) fn many_url(feed: usize) -> String {
    format!("https://site{feed}.example/feed.xml")
}

/// Ids of the posts of one of [`many`].
pub(crate) fn many_ids(feed: usize) -> [String; 3] {
    [0, 1, 2].map(|post| format!("post-{feed}-{post}"))
}

fn many_items(feed: usize) -> Vec<String> {
    let ids = many_ids(feed);
    let tell = |(post, id): (usize, &String)| {
        // The third post of ten feeds in a row is the same story.
        let story = if post == 2 { 100_000 + feed / 10 } else { feed * 3 + post };
        item(id, &format!("来信第{story}号"), &story_text(story))
    };
    ids.iter().enumerate().map(tell).collect()
}

/// A text in which two stories share hardly a word.
fn story_text(story: usize) -> String {
    const SIGNS: [char; 16] =
        ['窗', '口', '桥', '路', '灯', '粮', '库', '招', '标', '电', '话', '水', '站', '学', '校', '医'];
    let mut state = story as u64 + 1;
    let mut text = String::new();
    for _ in 0..40 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let sign = SIGNS[(state >> 60) as usize];
        let _ = write!(text, "{sign}{} ", (state >> 40) % 9973);
    }
    text
}
