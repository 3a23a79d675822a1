//! Finds the words of all rules in a post, in one pass.
//!
//! Words and texts are compared folded: without case, full-width letters as narrow ones, without the characters that
//! nobody sees. What was found is shown as it stands in the post.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};
use caifeng_plugin_sdk::{Failure, Label, Post, Reactions, clause};

use crate::LABELS;
use crate::reading::{Least, Rule};

/// Characters of a title or a text that are read: no rule is about what stands further below.
const READ: usize = 20_000;
/// Excerpts that a label shows.
const EVIDENCE: usize = 3;
/// Characters shown on either side of a word, within its clause.
const AROUND: usize = 20;

/// A text as words are compared.
#[must_use]
pub fn folded(text: &str) -> String {
    text.chars().filter_map(fold).collect()
}

/// A character as it is compared; `None` for one that nobody sees.
fn fold(c: char) -> Option<char> {
    match c {
        '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' | '\u{fe00}'..='\u{fe0f}' => None,
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).map(|c| c.to_ascii_lowercase()),
        '\u{3000}' => Some(' '),
        _ => Some(c.to_lowercase().next().unwrap_or(c)),
    }
}

/// Applies rules to posts.
#[derive(Debug)]
pub struct Matcher {
    rules: Vec<Numbered>,
    words: AhoCorasick,
    count: usize,
}

/// A rule whose words are numbers.
#[derive(Debug)]
struct Numbered {
    rule: Rule,
    must: Vec<usize>,
    any: Vec<usize>,
    not: Vec<usize>,
    place: Vec<usize>,
}

/// Where a word was first found: in the title or the text, at which bytes.
type Found<'a> = Option<(&'a str, usize, usize)>;

impl Matcher {
    /// Prepares rules.
    ///
    /// # Errors
    /// The words together are more than an automaton can hold.
    pub fn new(rules: Vec<Rule>) -> Result<Self, Failure> {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut words: Vec<String> = Vec::new();
        let mut number = |list: &[String]| -> Vec<usize> {
            let numbered = list.iter().map(|word| {
                *numbers.entry(word.clone()).or_insert_with(|| {
                    words.push(word.clone());
                    words.len() - 1
                })
            });
            numbered.collect()
        };
        let rules: Vec<Numbered> = rules
            .into_iter()
            .map(|rule| Numbered {
                must: number(&rule.must),
                any: number(&rule.any),
                not: number(&rule.not),
                place: number(&rule.place),
                rule,
            })
            .collect();
        let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&words)?;
        Ok(Self { rules, words: automaton, count: words.len() })
    }

    /// The labels of a post, in the order of [`LABELS`]; each once, with the score of its surest rule.
    #[must_use]
    pub fn labels(&self, post: &Post) -> Vec<Label> {
        let found = self.find(post);
        let mut labels: Vec<Option<Label>> = vec![None; LABELS.len()];
        for numbered in self.rules.iter().filter(|numbered| numbered.holds(post, &found)) {
            let Rule { label, score, .. } = numbered.rule;
            let evidence = numbered.evidence(&found);
            let given = labels[label].get_or_insert_with(|| Label {
                name: LABELS[label].to_owned(),
                score,
                evidence: Vec::new(),
            });
            given.score = given.score.max(score);
            for excerpt in evidence {
                if given.evidence.len() < EVIDENCE && !given.evidence.contains(&excerpt) {
                    given.evidence.push(excerpt);
                }
            }
        }
        labels.into_iter().flatten().collect()
    }

    fn find<'a>(&self, post: &'a Post) -> Vec<Found<'a>> {
        let mut found: Vec<Found<'a>> = vec![None; self.count];
        for part in [post.title.as_deref().unwrap_or_default(), &post.text] {
            let mut text = String::with_capacity(part.len().min(READ * 3));
            // For each byte of the folded text, where its character stands in the post.
            let mut origin: Vec<(usize, usize)> = Vec::with_capacity(text.capacity());
            for (at, c) in part.char_indices().take(READ) {
                if let Some(folded) = fold(c) {
                    text.push(folded);
                    origin.resize(text.len(), (at, at + c.len_utf8()));
                }
            }
            for hit in self.words.find_overlapping_iter(&text) {
                let place = &mut found[hit.pattern().as_usize()];
                if place.is_none() {
                    *place = Some((part, origin[hit.start()].0, origin[hit.end() - 1].1));
                }
            }
        }
        found
    }
}

impl Numbered {
    fn holds(&self, post: &Post, found: &[Found<'_>]) -> bool {
        let has = |word: &usize| found[*word].is_some();
        let Rule { kind, least, .. } = &self.rule;
        self.must.iter().all(has)
            && (self.any.is_empty() || self.any.iter().any(has))
            && !self.not.iter().any(has)
            && (self.place.is_empty() || self.place.iter().any(has))
            && (kind.is_empty() || kind.contains(&post.kind))
            && reached(*least, post.reactions)
    }

    fn evidence(&self, found: &[Found<'_>]) -> Vec<String> {
        let words = self.must.iter().chain(&self.any).filter_map(|word| found[*word]);
        let mut excerpts: Vec<String> = Vec::new();
        for (part, start, end) in words {
            let excerpt = clause::around(part, start, end, AROUND);
            if excerpts.len() < EVIDENCE && !excerpts.iter().any(|seen| seen == excerpt) {
                excerpts.push(excerpt.to_owned());
            }
        }
        excerpts
    }
}

fn reached(least: Least, told: Reactions) -> bool {
    let enough =
        |least: Option<u64>, told: Option<u64>| least.is_none_or(|least| told.is_some_and(|told| told >= least));
    enough(least.views, told.views)
        && enough(least.likes, told.likes)
        && enough(least.replies, told.replies)
        && enough(least.shares, told.shares)
}
