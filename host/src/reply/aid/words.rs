//! Words that the plan warns of: `words.toml`, compiled once.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

use super::facts::names_a_time;
use super::{Finding, Kind};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    kind: Kind,
    r#match: Vec<String>,
    unless: Option<String>,
}

struct Rule {
    kind: Kind,
    words: Regex,
    unless: Unless,
}

enum Unless {
    Nothing,
    Time,
    Words(Regex),
}

impl Rule {
    fn read(written: Written) -> Option<Self> {
        let words = Regex::new(&written.r#match.join("|")).ok()?;
        let unless = match written.unless.as_deref() {
            None => Unless::Nothing,
            Some("time") => Unless::Time,
            Some(words) => Unless::Words(Regex::new(words).ok()?),
        };
        Some(Self { kind: written.kind, words, unless })
    }

    fn passes(&self, sentence: &str) -> bool {
        match &self.unless {
            Unless::Nothing => false,
            Unless::Time => names_a_time(sentence),
            Unless::Words(words) => words.is_match(sentence),
        }
    }
}

/// The rules; a test holds that every one of the file is among them.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let written = toml::from_str::<File>(include_str!("words.toml")).map(|file| file.rule).unwrap_or_default();
    written.into_iter().filter_map(Rule::read).collect()
});

/// What a sentence says; causes only where they are held back.
pub(super) fn findings(sentence: &str, holds_cause_back: bool) -> Vec<Finding> {
    let quoted = quotations(sentence);
    let mut found = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.kind != Kind::Cause || holds_cause_back) {
        if !rule.words.is_match(sentence) || rule.passes(sentence) {
            continue;
        }
        let outside = |at: &Range<usize>| !quoted.iter().any(|quoted| quoted.start <= at.start && at.end <= quoted.end);
        let matches = rule.words.find_iter(sentence).map(|found| found.range()).filter(outside);
        found.extend(matches.map(|at| Finding { at, kind: rule.kind }));
    }
    found
}

/// What stands in quotation marks: somebody else's words.
fn quotations(sentence: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (open, close) in [('“', '”'), ('「', '」'), ('『', '』'), ('"', '"')] {
        let mut from = 0;
        while let Some(start) = sentence[from..].find(open).map(|at| from + at) {
            let inside = start + open.len_utf8();
            let Some(end) = sentence[inside..].find(close).map(|at| inside + at) else { break };
            found.push(inside..end);
            from = end + close.len_utf8();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_the_file_compiles() {
        let written: File = toml::from_str(include_str!("words.toml")).unwrap();
        assert_eq!(RULES.len(), written.rule.len());
    }
}
