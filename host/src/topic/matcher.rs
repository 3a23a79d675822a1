//! Which topics a post mentions: one pass of the automaton, then the rules of the few topics whose words were found.

use std::collections::HashMap;
use std::ops::Range;

use daachorse::CharwiseDoubleArrayAhoCorasick;
use regex::Regex;

use super::starts::Starts;
use super::{Hit, MOST_HITS, Part, TopicMatch, place};
use crate::text::fold::Folded;

/// Most looks of one expression into one part. Those that find nothing but an edge or a position count too.
const MOST_LOOKS: usize = 4 * MOST_HITS;

/// All topics, ready to be matched.
pub struct Topics {
    topics: Vec<Topic>,
    automaton: Option<Automaton>,
    /// For each word of the automaton the terms that it may be.
    terms_of: Vec<Vec<usize>>,
    terms: Vec<Term>,
    /// For each term the topics that want it: a post can only mention these, however many there are.
    wanted_by: Vec<Vec<usize>>,
    /// Topics that want a regular expression: each post is a candidate.
    by_pattern: Vec<usize>,
}

/// All words at once.
pub(super) struct Automaton {
    /// Its depths are kept: at depth 0 no word has begun.
    pub(super) words: CharwiseDoubleArrayAhoCorasick<u32>,
    pub(super) starts: Starts,
}

impl Automaton {
    /// Calls `take` with each place where a word stands, and with the number of the word; places may overlap.
    fn each(&self, text: &str, mut take: impl FnMut(Range<usize>, u32)) {
        let mut chars = text.chars();
        let mut next = chars.next();
        let (mut at, mut reading) = (0, None);
        while let Some(c) = next {
            next = chars.next();
            at += c.len_utf8();
            if reading.is_none() && !self.starts.may_begin(c, next) {
                continue;
            }
            let state = reading.get_or_insert_with(|| self.words.find_overlapping_stepper());
            state.consume(c);
            for hit in state.matches() {
                take(at - (hit.end() - hit.start())..at, hit.value());
            }
            if state.depth() == Some(0) {
                reading = None;
            }
        }
    }
}

impl std::fmt::Debug for Topics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Topics").field("topics", &self.topics).finish_non_exhaustive()
    }
}

/// One topic, compiled.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) name: String,
    /// The terms that speak for it, each once.
    pub(super) wanted: Vec<usize>,
    pub(super) rule: Node,
}

/// A compiled expression.
#[derive(Debug)]
pub(super) enum Node {
    Term(usize),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
}

impl Node {
    pub(super) fn holds(&self, has: &mut dyn FnMut(usize) -> bool) -> bool {
        match self {
            Self::Term(term) => has(*term),
            Self::All(parts) => parts.iter().all(|part| part.holds(has)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(has)),
            Self::Not(inside) => !inside.holds(has),
        }
    }

    /// The terms in it, negated or not.
    pub(super) fn leaves(&self) -> Vec<usize> {
        match self {
            Self::Term(term) => vec![*term],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::leaves).collect(),
            Self::Not(inside) => inside.leaves(),
        }
    }
}

/// What makes a place in a text a hit of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    Literal,
    /// The short form of a place: not where a namesake stands.
    ShortPlace,
    Pattern,
}

/// One term of any topic.
#[derive(Debug)]
pub(super) struct Term {
    written: String,
    rule: Rule,
    word_start: bool,
    word_end: bool,
    pub(super) regex: Option<Regex>,
}

impl Term {
    pub(super) fn new(written: String, rule: Rule, regex: Option<Regex>) -> Self {
        let word_start = written.chars().next().is_some_and(in_word);
        let word_end = written.chars().next_back().is_some_and(in_word);
        Self { written, rule, word_start, word_end, regex }
    }

    pub(super) fn written(&self) -> &str {
        &self.written
    }

    fn is_at(&self, text: &str, range: &Range<usize>) -> bool {
        let before = self.word_start && text[..range.start].chars().next_back().is_some_and(in_word);
        let after = self.word_end && text[range.end..].chars().next().is_some_and(in_word);
        let namesake = self.rule == Rule::ShortPlace && place::is_another(&text[range.end..]);
        !(before || after || namesake)
    }
}

/// Characters of scripts that put spaces between words.
fn in_word(c: char) -> bool {
    c.is_alphanumeric() && (c as u32) < 0x2e80
}

/// What one post holds.
#[derive(Default)]
struct Found {
    /// How often each term that was found was noted, in each part.
    counts: HashMap<usize, [usize; 2]>,
    hits: Vec<(usize, Hit)>,
}

impl Found {
    /// Notes a hit, unless there are enough of its term.
    fn note(&mut self, term: usize, part: Part, range: Range<usize>) {
        let count = &mut self.counts.entry(term).or_default()[part as usize];
        if *count < MOST_HITS {
            *count += 1;
            self.hits.push((term, Hit { part, range }));
        }
    }

    fn is_full(&self, term: usize, part: Part) -> bool {
        self.counts.get(&term).is_some_and(|counts| counts[part as usize] >= MOST_HITS)
    }
}

impl Topics {
    pub(super) fn new(
        topics: Vec<Topic>,
        automaton: Option<Automaton>,
        terms_of: Vec<Vec<usize>>,
        terms: Vec<Term>,
        wanted_by: Vec<Vec<usize>>,
    ) -> Self {
        let by_pattern =
            topics.iter().enumerate().filter(|(_, topic)| topic.wanted.iter().any(|&term| terms[term].regex.is_some()));
        let by_pattern = by_pattern.map(|(number, _)| number).collect();
        Self { topics, automaton, terms_of, terms, wanted_by, by_pattern }
    }

    /// Whether there are no topics at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// Name of a topic by its number in a [`TopicMatch`].
    #[must_use]
    pub fn name(&self, topic: usize) -> Option<&str> {
        self.topics.get(topic).map(|topic| topic.name.as_str())
    }

    /// The topics that a post mentions, in the order of the configuration.
    #[must_use]
    pub fn matches(&self, title: Option<&str>, text: &str) -> Vec<TopicMatch> {
        let parts: Vec<(Part, Folded)> = title
            .map(|title| (Part::Title, title))
            .into_iter()
            .chain([(Part::Text, text)])
            .map(|(part, original)| (part, Folded::of(original)))
            .collect();
        let mut found = Found::default();
        for (part, folded) in &parts {
            self.scan(*part, folded, &mut found);
        }
        let mut candidates = self.by_pattern.clone();
        candidates.extend(found.counts.keys().flat_map(|&term| &self.wanted_by[term]));
        candidates.sort_unstable();
        candidates.dedup();
        let mut searched = HashMap::new();
        let mut matches = Vec::new();
        for number in candidates {
            let topic = &self.topics[number];
            let mut has = |term: usize| match &self.terms[term].regex {
                None => found.counts.contains_key(&term),
                Some(regex) => *searched.entry(term).or_insert_with(|| search(regex, term, &parts, &mut found)),
            };
            if topic.rule.holds(&mut has) {
                matches.push(TopicMatch { topic: number, hits: topic.hits(&found.hits) });
            }
        }
        matches
    }

    fn scan(&self, part: Part, folded: &Folded, found: &mut Found) {
        let text = folded.as_str();
        let Some(automaton) = &self.automaton else { return };
        automaton.each(text, |range, word| {
            for &number in &self.terms_of[word as usize] {
                if !found.is_full(number, part) && self.terms[number].is_at(text, &range) {
                    found.note(number, part, folded.original(range.clone()));
                }
            }
        });
    }
}

/// Whether the expression is in a part, noting where.
fn search(regex: &Regex, term: usize, parts: &[(Part, Folded)], found: &mut Found) -> bool {
    let before = found.hits.len();
    for (part, folded) in parts {
        // Each look is linear in the text; looking for all of them need not be.
        let looks = regex.find_iter(folded.as_str()).take(MOST_LOOKS);
        for hit in looks.filter(|hit| !hit.is_empty()).take(MOST_HITS) {
            found.note(term, *part, folded.original(hit.range()));
        }
    }
    found.hits.len() > before
}

impl Topic {
    fn hits(&self, all: &[(usize, Hit)]) -> Vec<Hit> {
        let wanted = |term: &usize| self.wanted.binary_search(term).is_ok();
        let mut hits: Vec<&Hit> = all.iter().filter(|(term, _)| wanted(term)).map(|(_, hit)| hit).collect();
        // Of hits that overlap, the first and longest is shown.
        hits.sort_by_key(|hit| (hit.part, hit.range.start, std::cmp::Reverse(hit.range.end)));
        let mut shown: Vec<Hit> = Vec::new();
        for hit in hits {
            let apart = shown.last().is_none_or(|last| last.part != hit.part || last.range.end <= hit.range.start);
            if apart && shown.iter().filter(|other| other.part == hit.part).count() < MOST_HITS {
                shown.push(hit.clone());
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use daachorse::CharwiseDoubleArrayAhoCorasickBuilder;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// To skip where nothing begins loses nothing.
        #[test]
        fn every_place_of_every_word_is_found(
            words in prop::collection::btree_set("[水电停a]{1,4}", 1..12), text in "[水电停a，b]{0,30}",
        ) {
            let words: Vec<String> = words.into_iter().collect();
            let numbered = words.iter().zip(0_u32..);
            let mut built = CharwiseDoubleArrayAhoCorasickBuilder::new().build_with_values(numbered).unwrap();
            built.cache_depths().unwrap();
            let automaton = Automaton { words: built, starts: Starts::of(words.iter().map(String::as_str)) };
            let mut found = Vec::new();
            automaton.each(&text, |range, word| found.push((range.start, range.end, word)));
            found.sort_unstable();
            let mut all: Vec<_> = words.iter().zip(0_u32..).flat_map(|(word, number)| {
                let at = text.char_indices().filter(|(at, _)| text[*at..].starts_with(word.as_str()));
                at.map(|(at, _)| (at, at + word.len(), number)).collect::<Vec<_>>()
            }).collect();
            all.sort_unstable();
            prop_assert_eq!(found, all);
        }
    }
}
