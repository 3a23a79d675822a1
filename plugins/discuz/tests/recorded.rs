//! Real pages, if they are there: what another reader found, field by field.

#![allow(clippy::unwrap_used, reason = "a test fails where it has to")]

use std::io::Read;
use std::path::Path;

use caifeng_discuz::native;
use caifeng_plugin_sdk::{Crawl, Post, Request, Response, Target, dates};
use serde_json::Value;

fn read(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).ok()?).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8(bytes.clone());
    Some(text.unwrap_or_else(|_| encoding_rs::GB18030.decode(&bytes).0.into_owned()))
}

fn posts(file: &str, body: String) -> Vec<Post> {
    let url = format!("http://recorded.example/{file}");
    let target = Target::Listing(url.clone());
    let crawl = Crawl { target, site: None, settings: vec![], since: 0, now: 1_773_000_000, utc_offset: 0 };
    let response = Response { url: url.clone(), status: 200, headers: vec![], body, fetched: crawl.now };
    native::parse(&crawl, &Request::get("board", url), &response).map(|page| page.posts).unwrap_or_default()
}

/// The share of characters that two texts have in common, white space aside.
fn alike(a: &str, b: &str) -> f64 {
    let count = |text: &str| {
        let mut chars: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
        chars.sort_unstable();
        chars
    };
    let (a, b) = (count(a), count(b));
    let (mut i, mut j, mut same) = (0, 0, 0_u32);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, same) = (i + 1, j + 1, same + 1),
        }
    }
    if a.is_empty() && b.is_empty() { 1.0 } else { 2.0 * f64::from(same) / (a.len() + b.len()) as f64 }
}

#[test]
fn recorded_pages_are_read_like_another_reader_read_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/forum");
    let Ok(expected) = std::fs::read_to_string(folder.join("discuz.expected.jsonl")) else {
        println!("skipped: ../shared/data is not there");
        return;
    };
    let (mut rows, mut found, mut authors, mut times, mut texts) = (0, 0, 0, 0, 0);
    let (mut with_author, mut with_time, mut subjects, mut with_subject) = (0, 0, 0, 0);
    for line in expected.lines() {
        let page: Value = serde_json::from_str(line).unwrap();
        let file = page["file"].as_str().unwrap();
        let posts = posts(file, read(&folder.join(file)).unwrap());
        if let Some(subject) = page["subject"].as_str().filter(|_| page["encoding"] != "utf-8?") {
            with_subject += 1;
            let title = posts.iter().find_map(|post| post.title.as_deref());
            subjects += usize::from(title == Some(subject));
            if title != Some(subject) {
                println!("{file}: subject {subject:?}, read {title:?}");
            }
        }
        for row in page["posts"].as_array().into_iter().chain(page["threads"].as_array()).flatten() {
            rows += 1;
            let text = |key: &str| row[key].as_str();
            let post = match (text("pid"), text("tid")) {
                (Some(pid), _) => posts.iter().find(|post| {
                    post.id == format!("p{pid}") || post.extra.contains(&("pid".to_owned(), pid.to_owned()))
                }),
                (_, Some(tid)) => posts.iter().find(|post| post.id == format!("t{tid}")),
                _ => None,
            };
            let Some(post) = post else {
                println!("{file}: not found: {row}");
                continue;
            };
            found += 1;
            if let Some(name) = text("author") {
                with_author += 1;
                let same = post.author.as_ref().is_some_and(|author| author.name == name);
                authors += usize::from(same);
                if !same {
                    println!("{file}: author {name}, read {:?}", post.author);
                }
            }
            if let Some(time) = text("time").or(text("date")) {
                with_time += 1;
                let same = dates::parse(time, 1_773_000_000, 0).map(|moment| moment.timestamp) == post.published;
                times += usize::from(same);
                if !same {
                    println!("{file}: time {time}, read {:?}", post.published);
                }
            }
            // One page was recorded as what it is not; its text is not the truth.
            if page["encoding"] == "utf-8?" {
                texts += 1;
                continue;
            }
            let said = text("text").or(text("title")).unwrap();
            let own = if row["tid"].is_string() { post.title.as_deref().unwrap() } else { &post.text };
            let same = alike(said, own) > 0.97;
            texts += usize::from(same);
            if !same {
                println!("{file}: {:.3}\n    {said:?}\n    {own:?}", alike(said, own));
            }
            if let Some(replies) = text("replies") {
                assert_eq!(post.reactions.replies.map(|n| n.to_string()).as_deref(), Some(replies));
                assert_eq!(post.reactions.views.map(|n| n.to_string()).as_deref(), text("views"));
            }
        }
        let extra = posts.len() as i64 - page["n_posts"].as_i64().or(page["n_threads"].as_i64()).unwrap_or(0);
        assert_eq!(extra, 0, "{file}: more or fewer posts than there are");
    }
    println!("{found} of {rows} rows, {authors} of {with_author} authors, {times} of {with_time} times");
    println!("{texts} texts, {subjects} of {with_subject} subjects");
    assert_eq!((found, authors, times), (rows, with_author, with_time));
    assert!(texts * 100 >= rows * 97 && subjects == with_subject);
}
