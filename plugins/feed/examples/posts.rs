//! Reads decoded feeds and prints their posts, one JSON object a line, in the
//! shape of `caifeng plugin parse feed --jsonl`: for scoring and profiling
//! without a host. Input: JSON lines `{"source_url", "base"?, "body"}`; with
//! `--repeat N` each feed is read N times and only the last answer printed.

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::error::Error;
use std::io::BufRead;

use caifeng_feed::{Context, read};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let repeat = match arguments.iter().position(|argument| argument == "--repeat") {
        Some(at) => arguments
            .get(at + 1)
            .ok_or("--repeat needs a number")?
            .parse()?,
        None => 1,
    };
    for line in std::io::stdin().lock().lines() {
        let feed: Value = serde_json::from_str(&line?)?;
        let source = feed["source_url"].as_str().unwrap_or_default();
        let context = Context {
            base: feed["base"].as_str().unwrap_or(source),
            target: source,
            since: 0,
            now: feed["now"].as_i64().unwrap_or(1_700_000_000),
            utc_offset: 0,
        };
        let body = feed["body"].as_str().unwrap_or_default();
        let mut answer = read(body, &context);
        for _ in 1..repeat {
            answer = read(body, &context);
        }
        match answer {
            Ok(page) => {
                for post in page.posts {
                    let author = post
                        .author
                        .map(|author| json!({"id": author.id, "name": author.name}));
                    println!(
                        "{}",
                        json!({
                            "source_url": source, "id": post.id, "url": post.url, "title": post.title,
                            "text": post.text, "author": author, "published": post.published,
                            "day_only": post.day_only, "media": post.media,
                        })
                    );
                }
                for skipped in page.skipped {
                    println!(
                        "{}",
                        json!({"source_url": source, "failure": "skipped", "detail": skipped})
                    );
                }
            }
            Err(failure) => {
                println!(
                    "{}",
                    json!({"source_url": source, "failure": failure.to_string()})
                );
            }
        }
    }
    Ok(())
}
