//! Labels posts that suggest something.
//!
//! What is here looks for a few words. Change `found`, add posts to the fixture
//! with what you expect of them, and let `caifeng plugin check` say what is missing.

use caifeng_plugin_sdk::{Classifier, Failure, Label, Post, Settings, clause, warm};

/// Words by which people suggest something.
const WORDS: [&str; 2] = ["建议", "希望"];

/// How many characters on either side of a word are shown as evidence.
const REACH: usize = 20;

struct Suggestions;

impl Classifier for Suggestions {
    /// One list of labels for each post, in the order given.
    fn classify(_: &Settings, posts: &[Post]) -> Result<Vec<Vec<Label>>, Failure> {
        Ok(posts.iter().map(|post| found(&post.text).into_iter().collect()).collect())
    }

    /// Done once, when the plugin is built: a fresh instance begins with what this sets up.
    fn warm() {
        warm::posts::<Self>(&Vec::new(), &["建议加一段坡道"]);
    }
}

/// The label of a text, with the clause that it rests on: people decide, and want to see why.
fn found(text: &str) -> Option<Label> {
    let (at, word) = WORDS.iter().find_map(|word| Some((text.find(word)?, word)))?;
    let evidence = clause::around(text, at, at + word.len(), REACH).to_owned();
    Some(Label { name: "suggestion".to_owned(), score: 0.7, evidence: vec![evidence] })
}

caifeng_plugin_sdk::export_classifier!(Suggestions);
