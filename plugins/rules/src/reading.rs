//! Rules as an operator writes them, and everything that is wrong with them.
//!
//! What the types can say (an unknown key, a number for a word) TOML's reader objects to, one thing at a time; what
//! they cannot (an unknown label, a word that is asked for and forbidden) is told all at once.

use std::fmt;

use caifeng_plugin_sdk::Kind;
use serde::Deserialize;
use toml::Spanned;

use crate::LABELS;
use crate::matching::folded;

/// Rules of one file: more than a person keeps in mind.
const MOST_RULES: usize = 1_000;
/// Words of all rules together.
const MOST_WORDS: usize = 10_000;
/// Characters of one word.
const LONGEST: usize = 100;
/// How sure a rule is that does not say.
const SCORE: f32 = 0.8;

/// A rule that can be applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Which of [`LABELS`].
    pub label: usize,
    /// Above 0, at most 1.
    pub score: f32,
    /// All of these words.
    pub must: Vec<String>,
    /// At least one of these, if there are any.
    pub any: Vec<String>,
    /// None of these.
    pub not: Vec<String>,
    /// At least one of these, if there are any.
    pub place: Vec<String>,
    /// Of one of these kinds; any if there are none.
    pub kind: Vec<Kind>,
    /// At least so many of each.
    pub least: Least,
}

/// The least reactions; what a site does not tell is not enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Least {
    /// Times read.
    pub views: Option<u64>,
    /// Times liked.
    pub likes: Option<u64>,
    /// Answers.
    pub replies: Option<u64>,
    /// Times passed on.
    pub shares: Option<u64>,
}

/// What is wrong, and where: line and column in characters, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
    /// What is wrong and what to write instead, on one line.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Spanned<Written>>,
}

type Words = Vec<Spanned<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    label: Spanned<String>,
    score: Option<Spanned<f32>>,
    #[serde(default)]
    must: Words,
    #[serde(default)]
    any: Words,
    #[serde(default)]
    not: Words,
    #[serde(default)]
    place: Words,
    #[serde(default)]
    kind: Words,
    #[serde(default)]
    reactions: Least,
    /// For people.
    #[serde(default, rename = "note")]
    _note: String,
}

/// What is wrong at a byte of the text.
type Wrong = (usize, String);

/// The rules of a text.
///
/// # Errors
/// Everything that is wrong, in the order of the text; the first thing only where it cannot be read at all.
pub fn read(text: &str) -> Result<Vec<Rule>, Vec<Problem>> {
    let file: File = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(text.len(), |span| span.start);
        vec![problem(text, start, error.message())]
    })?;
    let mut wrong = Vec::new();
    let mut rules = Vec::new();
    let mut words = 0;
    for written in file.rule {
        let at = written.span().start;
        let written = written.into_inner();
        words +=
            [&written.must, &written.any, &written.not, &written.place].iter().map(|list| list.len()).sum::<usize>();
        rules.push(rule(at, written, &mut wrong));
        if rules.len() > MOST_RULES || words > MOST_WORDS {
            wrong.push((at, format!("too much from here on: at most {MOST_RULES} rules and {MOST_WORDS} words")));
            break;
        }
    }
    if wrong.is_empty() {
        return Ok(rules);
    }
    wrong.sort();
    Err(wrong.into_iter().map(|(at, message)| problem(text, at, &message)).collect())
}

fn rule(at: usize, written: Written, wrong: &mut Vec<Wrong>) -> Rule {
    let label = LABELS.iter().position(|label| *label == written.label.get_ref());
    if label.is_none() {
        let message = format!("no such label, write one of {}: {}", LABELS.join(", "), written.label.get_ref());
        wrong.push((written.label.span().start, message));
    }
    let score = written.score.as_ref().map_or(SCORE, |score| *score.get_ref());
    if !(score > 0.0 && score <= 1.0) {
        let at = written.score.as_ref().map_or(at, |score| score.span().start);
        wrong.push((at, format!("a score is above 0 and at most 1: {score}")));
    }
    if written.must.is_empty() && written.any.is_empty() {
        wrong.push((at, "a rule needs a word to look for: add must or any".to_owned()));
    }
    forbidden(&written, wrong);
    Rule {
        label: label.unwrap_or_default(),
        score,
        must: words(written.must, wrong),
        any: words(written.any, wrong),
        not: words(written.not, wrong),
        place: words(written.place, wrong),
        kind: written.kind.into_iter().filter_map(|kind| kind_of(&kind, wrong)).collect(),
        least: written.reactions,
    }
}

/// A word that is asked for and forbidden holds of no post.
fn forbidden(written: &Written, wrong: &mut Vec<Wrong>) {
    for not in &written.not {
        let not_folded = folded(not.get_ref());
        if written.must.iter().any(|must| folded(must.get_ref()).contains(&not_folded)) && !not_folded.is_empty() {
            wrong.push((
                not.span().start,
                format!("this word is also asked for, so the rule never holds: {}", not.get_ref()),
            ));
        }
    }
}

fn words(list: Words, wrong: &mut Vec<Wrong>) -> Vec<String> {
    let mut words = Vec::with_capacity(list.len());
    for word in list {
        let at = word.span().start;
        let word = folded(word.get_ref().trim());
        if word.is_empty() {
            wrong.push((at, "an empty word stands in every post: remove it".to_owned()));
        } else if word.chars().count() > LONGEST {
            wrong.push((at, format!("a word has at most {LONGEST} characters: shorten it")));
        }
        words.push(word);
    }
    words
}

fn kind_of(kind: &Spanned<String>, wrong: &mut Vec<Wrong>) -> Option<Kind> {
    match kind.get_ref().as_str() {
        "article" => Some(Kind::Article),
        "post" => Some(Kind::Post),
        "comment" => Some(Kind::Comment),
        "repost" => Some(Kind::Repost),
        other => {
            wrong.push((kind.span().start, format!("no such kind, write article, post, comment or repost: {other}")));
            None
        }
    }
}

fn problem(text: &str, at: usize, message: &str) -> Problem {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    Problem { line: before.matches('\n').count() + 1, column: before[start..].chars().count() + 1, message }
}
