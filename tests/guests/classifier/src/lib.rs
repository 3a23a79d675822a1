//! A classifier that misbehaves as its one setting says; see `ill-source`.

#![allow(unsafe_code, reason = "the generated bindings lift and lower by pointer")]

#[allow(missing_docs, reason = "generated")]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit", world: "classifier-plugin" });
}

use bindings::exports::caifeng::plugin::classifier::{Guest, Label, Post};
use bindings::exports::caifeng::plugin::types::{Failure, Settings};
use std::sync::atomic::{AtomicU32, Ordering};

struct Ill;

/// Memory that a well-behaved plugin would not have.
static CALLS: AtomicU32 = AtomicU32::new(0);

impl Guest for Ill {
    fn classify(settings: Settings, posts: Vec<Post>) -> Result<Vec<Vec<Label>>, Failure> {
        let how = settings.first().map_or("", |(_, how)| how.as_str());
        match how {
            "panic" => panic!("no opinion"),
            "loop" => loop {
                std::hint::black_box(());
            },
            "short" => return Ok(posts.iter().skip(1).map(|_| Vec::new()).collect()),
            "long" => return Ok((0..=posts.len()).map(|_| Vec::new()).collect()),
            "unexpected" => return Err(Failure::Unexpected("no words".to_owned())),
            "never" => return Ok(posts.iter().map(|_| Vec::new()).collect()),
            "breaks-on-empty" if posts.iter().any(|post| post.text.is_empty()) => panic!("no text"),
            "refuses-empty" if posts.iter().any(|post| post.text.is_empty()) => {
                return Err(Failure::Unexpected("no text".to_owned()));
            }
            _ => {}
        }
        // Thanks are no problem.
        let thanks = |post: &Post| post.text.starts_with("谢谢") && how != "labels-everything";
        let labelled =
            |post: &&Post| !thanks(post) && (matches!(how, "labels-empty" | "") || !post.text.trim().is_empty());
        Ok(posts
            .iter()
            .enumerate()
            .map(|(nth, post)| {
                let given = Some(post).filter(labelled).filter(|_| how != "needs-company" || posts.len() > 1);
                let mut labels: Vec<Label> = given.map(|post| label(how, post)).into_iter().collect();
                match how {
                    "first-counts-more" if nth == 0 => labels.iter_mut().for_each(|label| label.score = 0.9),
                    "twice" => labels.extend(labels.clone()),
                    _ => {}
                }
                labels
            })
            .collect())
    }
}

/// The first word of the text as evidence, unless told otherwise.
fn label(how: &str, post: &Post) -> Label {
    let first = post.text.split_whitespace().next().unwrap_or_default();
    let mut label = Label { name: "problem".to_owned(), score: 0.5, evidence: vec![first.to_owned()] };
    match how {
        "undeclared" => label.name = "rumour".to_owned(),
        // What it must never be shown.
        "author" => label.score = f32::from(u8::from(post.author.is_some())),
        "score-high" => label.score = 1.01,
        "score-low" => label.score = -0.01,
        "score-nan" => label.score = f32::NAN,
        "invented" => label.evidence.push("从未说过".to_owned()),
        "empty-evidence" => label.evidence.push(String::new()),
        "remembers" => label.score = (CALLS.fetch_add(1, Ordering::Relaxed) as f32).min(100.0) / 100.0,
        "labels-empty" if first.is_empty() => label.evidence.clear(),
        "title" => label.evidence = post.title.iter().cloned().collect(),
        _ => {}
    }
    label
}

bindings::export!(Ill with_types_in bindings);
