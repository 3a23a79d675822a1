//! Labels posts by rules that an operator writes in TOML: no code, no training, no surprise.
//!
//! ```toml
//! [[rule]]
//! label = "emergency"               # what the post is called when all that follows holds
//! score = 0.9                       # how sure, 0.8 unless said otherwise
//! must = ["燃气"]                   # all of these words
//! any = ["爆炸", "泄漏"]            # at least one of these
//! not = ["演练"]                    # none of these
//! place = ["清河县"]                # at least one of these
//! kind = ["article", "post"]        # of one of these kinds
//! reactions = { shares = 100 }      # at least so many of each
//! ```
//!
//! [`reading`] makes rules of the text, or says where it is wrong; [`matching`] finds their words in a post,
//! all at once. The evidence of a label is what stands around the words that were found.
//!
//! What this gave up: the words of a topic's query language (phrases with gaps, aliases, expressions). A rule is meant to be
//! read by whoever answers for it.

pub mod matching;
pub mod reading;

use caifeng_plugin_sdk::{Classifier, Failure, Label, Post, Settings, export_classifier, warm};

use crate::matching::Matcher;

/// The labels that rules may give, as `plugin.toml` declares them.
pub const LABELS: [&str; 14] = [
    "problem",
    "emergency",
    "sensitive",
    "suggestion",
    "rumour",
    "ordinary",
    "larger",
    "major",
    "extreme",
    "negative",
    "neutral",
    "positive",
    "urgent",
    "soon",
];

/// The setting that holds the rules.
const SETTING: &str = "rules";

/// The plugin.
#[derive(Debug)]
pub struct Rules;

impl Classifier for Rules {
    fn classify(settings: &Settings, posts: &[Post]) -> Result<Vec<Vec<Label>>, Failure> {
        let text = settings.iter().find(|(name, _)| name == SETTING).map_or("", |(_, text)| text);
        let rules = reading::read(text).map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(|problem| format!("{SETTING}:{problem}")).collect();
            Failure::unsupported(lines.join("\n"))
        })?;
        if rules.is_empty() {
            return Ok(vec![Vec::new(); posts.len()]);
        }
        let matcher = Matcher::new(rules)?;
        Ok(posts.iter().map(|post| matcher.labels(post)).collect())
    }

    fn warm() {
        let rules = "[[rule]]\nlabel = \"problem\"\nany = [\"路灯\", \"停水\"]\nnot = [\"演练\"]\n";
        let settings = vec![(SETTING.to_owned(), rules.to_owned())];
        warm::posts::<Self>(&settings, &["幸福路的路灯坏了，没有人管。"; 16]);
    }
}

export_classifier!(Rules);

/// The allocator of the C library that `std` has here costs a good part of a call.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
