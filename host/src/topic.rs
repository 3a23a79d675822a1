//! Topics: is a post about the organisation, and where does it say so?
//!
//! A topic is a boolean query of three lists: every term of `must`, at least one
//! of `any` (when there are any), none of `not`. A term is a word or a phrase; or
//! `@organisation`, which stands for the organisation's name and each of its
//! aliases, and `@places`, which stands for each of its places. Whether a term is
//! written in `"quotes"` makes no difference but for one thing: quoted, it is
//! taken as it stands, a leading `@` and all.
//!
//! All terms of all topics are one Aho-Corasick automaton, run once over the
//! folded title and text ([`fold`](crate::text::fold)); so letter case, full-width
//! forms and zero-width characters make no difference. A Chinese term is found
//! anywhere (Chinese has no word boundaries), a term that begins or ends with a
//! Latin letter or a digit only where a word begins or ends. `aho-corasick` reads
//! 96 MB/s with ten thousand terms and `daachorse` 333; a post of 500 bytes takes
//! 5 or 1.5 µs of the hundreds that storing it takes, so the one that is already
//! a dependency does.
//!
//! What this gave up: nested expressions and nearness. Three lists are what
//! people fill in without a mistake.

use std::collections::HashMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::{Deserialize, Serialize};

use crate::text::fold::{Folded, fold};

/// A topic as `caifeng.toml` has it, under `[[topic]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicConfig {
    /// What pages call it.
    pub name: String,
    /// A post holds every one of these.
    #[serde(default)]
    pub must: Vec<String>,
    /// A post holds at least one of these.
    #[serde(default)]
    pub any: Vec<String>,
    /// A post holds none of these.
    #[serde(default)]
    pub not: Vec<String>,
}

/// What `@organisation` and `@places` stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The organisation's name and its aliases.
    pub organisation: Vec<String>,
    /// The places it answers for.
    pub places: Vec<String>,
}

/// A topic that cannot be watched; whoever wrote the configuration must change it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// Two topics have one name, or one has none.
    #[error("each topic needs a name of its own: {0:?}")]
    Name(String),
    /// Nothing says what a post must hold.
    #[error("topic {topic:?} names nothing to look for: put at least one term into `must` or `any`")]
    Nothing {
        /// The topic's name.
        topic: String,
    },
    /// A term has no letter or digit, so that it matches nothing or everything.
    #[error("topic {topic:?} has a term without a letter or digit: {term:?}")]
    Empty {
        /// The topic's name.
        topic: String,
        /// The term as written.
        term: String,
    },
    /// An `@` word that stands for nothing.
    #[error("topic {topic:?} has an unknown name, use `@organisation` or `@places`, or put it in quotes: {term:?}")]
    Unknown {
        /// The topic's name.
        topic: String,
        /// The term as written.
        term: String,
    },
    /// `@organisation` or `@places`, but `[organisation]` has none.
    #[error("topic {topic:?} uses {term}, but [organisation] gives none: add them there or name them here")]
    Nameless {
        /// The topic's name.
        topic: String,
        /// `@organisation` or `@places`.
        term: String,
    },
    /// A term is required and forbidden at once, so that no post can match.
    #[error("topic {topic:?} both wants and refuses a term: {term:?}")]
    Contradiction {
        /// The topic's name.
        topic: String,
        /// The term as written.
        term: String,
    },
    /// Too many or too long terms for one automaton.
    #[error("the topics together are too large, shorten them: {0}")]
    TooLarge(String),
}

/// Which part of a post a hit lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The headline.
    Title,
    /// The text.
    Text,
}

/// One place where a term stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// In which part.
    pub part: Part,
    /// The bytes of that part as it was given, on character boundaries.
    pub range: Range<usize>,
}

/// A topic that a post mentions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicMatch {
    /// Which topic, counted as in the configuration.
    pub topic: usize,
    /// Where its terms stand, in order, none inside another; at most
    /// [`MOST_HITS`] of each part. For pages to highlight.
    pub hits: Vec<Hit>,
}

/// Most hits reported of one part; a page needs no more, and a post of one word
/// repeated must not cost more memory than its text.
pub const MOST_HITS: usize = 64;

/// All topics, ready to be matched.
#[derive(Debug)]
pub struct Topics {
    topics: Vec<Topic>,
    automaton: Option<AhoCorasick>,
    terms: Vec<Term>,
    /// For each term the topics that want it: a post can only mention these, however many there are.
    wanted_by: Vec<Vec<usize>>,
}

#[derive(Debug)]
struct Topic {
    name: String,
    /// Each group is satisfied by any one of its terms.
    must: Vec<Vec<usize>>,
    /// Empty: no more is asked.
    any: Vec<usize>,
    not: Vec<usize>,
}

#[derive(Debug)]
struct Term {
    word_start: bool,
    word_end: bool,
}

impl Topics {
    /// Checks and compiles the topics of a configuration. Without topics,
    /// [`is_empty`](Self::is_empty) holds and every post counts as a mention.
    ///
    /// # Errors
    ///
    /// The first topic or term that cannot be watched, by name.
    pub fn compile(configs: &[TopicConfig], names: &Names) -> Result<Self, TopicError> {
        let mut compiler = Compiler { names, numbers: HashMap::new(), patterns: Vec::new() };
        let mut topics: Vec<Topic> = Vec::new();
        for config in configs {
            if config.name.trim().is_empty() || topics.iter().any(|topic| topic.name == config.name) {
                return Err(TopicError::Name(config.name.clone()));
            }
            topics.push(compiler.topic(config)?);
        }
        let mut wanted_by = vec![Vec::new(); compiler.patterns.len()];
        for (number, topic) in topics.iter().enumerate() {
            for &term in topic.must.iter().flatten().chain(&topic.any) {
                wanted_by[term].push(number);
            }
        }
        let terms = compiler.patterns.iter().map(|pattern| Term::of(pattern)).collect();
        let automaton = if compiler.patterns.is_empty() {
            None
        } else {
            let built = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&compiler.patterns);
            Some(built.map_err(|error| TopicError::TooLarge(error.to_string()))?)
        };
        Ok(Self { topics, automaton, terms, wanted_by })
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
        let Some(automaton) = &self.automaton else {
            return Vec::new();
        };
        let mut found = Found { counts: vec![[0; 2]; self.terms.len()], terms: Vec::new(), hits: Vec::new() };
        let parts = title.map(|title| (Part::Title, title)).into_iter().chain([(Part::Text, text)]);
        for (part, original) in parts {
            self.scan(automaton, part, &Folded::of(original), &mut found);
        }
        let terms = found.terms.iter();
        let mut wanted: Vec<usize> = terms.flat_map(|&term| &self.wanted_by[term]).copied().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mentioned = wanted.into_iter().filter(|&topic| self.topics[topic].is_mentioned(&found));
        mentioned.map(|topic| TopicMatch { topic, hits: self.topics[topic].hits(&found.hits) }).collect()
    }

    fn scan(&self, automaton: &AhoCorasick, part: Part, folded: &Folded, found: &mut Found) {
        let text = folded.as_str();
        for hit in automaton.find_overlapping_iter(text) {
            let number = hit.pattern().as_usize();
            let count = &mut found.counts[number][part as usize];
            if usize::from(*count) == MOST_HITS || !self.terms[number].stands_alone(text, hit.range()) {
                continue;
            }
            *count += 1;
            if found.counts[number] == [1, 0] || found.counts[number] == [0, 1] {
                found.terms.push(number);
            }
            found.hits.push((number, Hit { part, range: folded.original(hit.range()) }));
        }
    }
}

/// What one post holds.
struct Found {
    /// Of each term, how often it was noted in each part; small, since every post has one.
    counts: Vec<[u8; 2]>,
    /// Each term once.
    terms: Vec<usize>,
    hits: Vec<(usize, Hit)>,
}

impl Topic {
    fn is_mentioned(&self, found: &Found) -> bool {
        let holds = |&term: &usize| found.counts[term] != [0; 2];
        self.must.iter().all(|group| group.iter().any(holds))
            && (self.any.is_empty() || self.any.iter().any(holds))
            && !self.not.iter().any(holds)
    }

    fn hits(&self, all: &[(usize, Hit)]) -> Vec<Hit> {
        let wanted = |term: &usize| self.any.contains(term) || self.must.iter().any(|group| group.contains(term));
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

impl Term {
    fn of(pattern: &str) -> Self {
        Self {
            word_start: pattern.chars().next().is_some_and(in_word),
            word_end: pattern.chars().next_back().is_some_and(in_word),
        }
    }

    fn stands_alone(&self, text: &str, range: Range<usize>) -> bool {
        let before = text[..range.start].chars().next_back().is_some_and(in_word);
        let after = text[range.end..].chars().next().is_some_and(in_word);
        !(self.word_start && before || self.word_end && after)
    }
}

/// Characters of scripts that put spaces between words.
fn in_word(c: char) -> bool {
    c.is_alphanumeric() && (c as u32) < 0x2e80
}

/// Gives each different term one number.
struct Compiler<'a> {
    names: &'a Names,
    numbers: HashMap<String, usize>,
    patterns: Vec<String>,
}

impl Compiler<'_> {
    fn topic(&mut self, config: &TopicConfig) -> Result<Topic, TopicError> {
        let topic = Topic {
            name: config.name.clone(),
            must: config.must.iter().map(|term| self.group(config, term)).collect::<Result<_, _>>()?,
            any: self.union(config, &config.any)?,
            not: self.union(config, &config.not)?,
        };
        if topic.must.is_empty() && topic.any.is_empty() {
            return Err(TopicError::Nothing { topic: topic.name });
        }
        let refused = |group: &[usize]| group.iter().all(|term| topic.not.contains(term));
        let wanted =
            topic.must.iter().map(Vec::as_slice).chain((!topic.any.is_empty()).then_some(topic.any.as_slice()));
        if let Some(&[term, ..]) = wanted.into_iter().find(|group| refused(group)) {
            return Err(TopicError::Contradiction { topic: topic.name.clone(), term: self.patterns[term].clone() });
        }
        Ok(topic)
    }

    fn union(&mut self, config: &TopicConfig, terms: &[String]) -> Result<Vec<usize>, TopicError> {
        let mut union = Vec::new();
        for term in terms {
            union.extend(self.group(config, term)?);
        }
        Ok(union)
    }

    /// The terms that one written term stands for.
    fn group(&mut self, config: &TopicConfig, written: &str) -> Result<Vec<usize>, TopicError> {
        let (topic, term) = (config.name.clone(), written.to_owned());
        let names = self.names;
        let words = match written.trim() {
            "@organisation" => names.organisation.as_slice(),
            "@places" => names.places.as_slice(),
            word if word.starts_with('@') => return Err(TopicError::Unknown { topic, term }),
            word => {
                return Ok(vec![self.number(unquoted(word)).ok_or(TopicError::Empty { topic, term })?]);
            }
        };
        let group: Vec<usize> = words.iter().filter_map(|word| self.number(word)).collect();
        if group.is_empty() { Err(TopicError::Nameless { topic, term }) } else { Ok(group) }
    }

    fn number(&mut self, word: &str) -> Option<usize> {
        let pattern = fold(word.trim());
        if !pattern.chars().any(char::is_alphanumeric) {
            return None;
        }
        Some(*self.numbers.entry(pattern.clone()).or_insert_with(|| {
            self.patterns.push(pattern);
            self.patterns.len() - 1
        }))
    }
}

/// The inside of "…", “…” or 「…」.
fn unquoted(word: &str) -> &str {
    let inside = |open: char, close: char| word.strip_prefix(open)?.strip_suffix(close);
    inside('"', '"').or_else(|| inside('“', '”')).or_else(|| inside('「', '」')).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn topic(must: &[&str], any: &[&str], not: &[&str]) -> TopicConfig {
        let list = |terms: &[&str]| terms.iter().map(|&term| term.to_owned()).collect();
        TopicConfig { name: "t".to_owned(), must: list(must), any: list(any), not: list(not) }
    }

    fn names() -> Names {
        Names {
            organisation: vec!["云河县水利局".to_owned(), "云河水利".to_owned()], places: vec!["桥西".to_owned()]
        }
    }

    fn compile(config: TopicConfig) -> Result<Topics, TopicError> {
        Topics::compile(&[config], &names())
    }

    fn hit(config: TopicConfig, text: &str) -> bool {
        !compile(config).unwrap().matches(None, text).is_empty()
    }

    #[test]
    fn must_any_not() {
        let config = || topic(&["停水"], &["桥西", "桥东"], &["招聘"]);
        assert!(hit(config(), "桥西又停水了"));
        assert!(hit(config(), "桥东停水"));
        assert!(!hit(config(), "桥西又停电了"), "must");
        assert!(!hit(config(), "城南又停水了"), "any");
        assert!(!hit(config(), "桥西停水抢修招聘"), "not");
    }

    #[test]
    fn a_term_of_the_title_counts_with_one_of_the_text() {
        let topics = compile(topic(&["停水", "桥西"], &[], &[])).unwrap();
        let matches = topics.matches(Some("停水通知"), "请桥西居民储水");
        let parts: Vec<_> = matches[0].hits.iter().map(|hit| (hit.part, hit.range.clone())).collect();
        assert_eq!(parts, [(Part::Title, 0..6), (Part::Text, 3..9)]);
    }

    #[test]
    fn names_stand_for_all_their_aliases() {
        assert!(hit(topic(&["@organisation"], &[], &[]), "云河水利怎么不管"));
        assert!(hit(topic(&["@organisation", "@places"], &[], &[]), "云河县水利局到了桥西"));
        assert!(!hit(topic(&["@organisation", "@places"], &[], &[]), "云河县水利局到了桥东"));
        assert!(hit(topic(&["\"@places\""], &[], &[]), "写着@places的纸"));
        let none = Topics::compile(&[topic(&["@places"], &[], &[])], &Names::default());
        assert_eq!(none.unwrap_err(), TopicError::Nameless { topic: "t".to_owned(), term: "@places".to_owned() });
    }

    #[test]
    fn latin_terms_match_whole_words_and_chinese_ones_anywhere() {
        let config = || topic(&[], &["ETC", "5G基站", "水"], &[]);
        assert!(hit(config(), "办etc要排队"));
        assert!(hit(config(), "ＥＴＣ！"));
        assert!(!hit(config(), "sketches"));
        assert!(hit(config(), "新建5G基站的"));
        assert!(!hit(config(), "新建15G基站"));
        assert!(hit(config(), "山水间"));
    }

    #[test]
    fn what_nobody_sees_does_not_hide_a_term() {
        let topics = compile(topic(&["停水"], &[], &[])).unwrap();
        let text = "又停\u{200b}水了";
        let hits = &topics.matches(None, text)[0].hits;
        assert_eq!(&text[hits[0].range.clone()], "停\u{200b}水");
    }

    #[test]
    fn of_overlapping_hits_the_longest_is_shown() {
        let topics = compile(topic(&[], &["停水", "停水通知", "水通"], &[])).unwrap();
        let hits = &topics.matches(None, "停水通知")[0].hits;
        assert_eq!(hits, &[Hit { part: Part::Text, range: 0..12 }]);
    }

    #[test]
    fn topics_are_told_apart() {
        let named = |name: &str, term: &str| TopicConfig { name: name.to_owned(), ..topic(&[term], &[], &[]) };
        let topics = Topics::compile(&[named("水", "停水"), named("路", "修路")], &names()).unwrap();
        let matches = topics.matches(None, "修路修断了水管");
        assert_eq!(matches.iter().map(|m| topics.name(m.topic)).collect::<Vec<_>>(), [Some("路")]);
        assert!(Topics::compile(&[], &names()).unwrap().is_empty());
        assert_eq!(
            Topics::compile(&[named("水", "停水"), named("水", "修路")], &names()).unwrap_err(),
            TopicError::Name("水".to_owned())
        );
    }

    #[test]
    fn errors_name_topic_and_term() {
        let said = |config| compile(config).unwrap_err().to_string();
        assert_eq!(
            said(topic(&[], &[], &["招聘"])),
            "topic \"t\" names nothing to look for: put at least one term into `must` or `any`"
        );
        assert_eq!(
            said(topic(&["停水", " ！"], &[], &[])),
            "topic \"t\" has a term without a letter or digit: \" ！\""
        );
        assert_eq!(
            said(topic(&["@place"], &[], &[])),
            "topic \"t\" has an unknown name, use `@organisation` or `@places`, or put it in quotes: \"@place\""
        );
        assert_eq!(said(topic(&["停水"], &[], &["“停水”"])), "topic \"t\" both wants and refuses a term: \"停水\"");
    }

    #[test]
    fn a_configuration_with_a_typo_is_refused() {
        let error = toml::from_str::<TopicConfig>("name = \"水\"\nmsut = [\"停水\"]\n").unwrap_err();
        assert!(error.to_string().contains("msut"), "{error}");
    }

    #[test]
    fn a_word_repeated_a_million_times_costs_no_more_than_its_hits() {
        let topics = compile(topic(&["停水"], &["停", "水"], &[])).unwrap();
        let matches = topics.matches(None, &"停水".repeat(1_000_000));
        assert_eq!(matches[0].hits.len(), MOST_HITS);
    }

    proptest! {
        #[test]
        fn hits_lie_on_characters_and_hold_the_term(
            before in "(?s).{0,20}", term in "[停水桥西路]{1,4}", after in "(?s).{0,20}",
        ) {
            let topics = compile(topic(&[&term], &[], &[])).unwrap();
            let text = format!("{before}{term}{after}");
            let matches = topics.matches(Some(&after), &text);
            prop_assert_eq!(matches.len(), 1);
            for hit in &matches[0].hits {
                let part = if hit.part == Part::Title { after.as_str() } else { text.as_str() };
                prop_assert_eq!(fold(&part[hit.range.clone()]), term.clone());
            }
        }

        #[test]
        fn any_configuration_compiles_or_is_refused(
            must in prop::collection::vec(".{0,8}", 0..3), any in prop::collection::vec(".{0,8}", 0..3), text in ".{0,40}",
        ) {
            let config = TopicConfig { name: "t".to_owned(), must, any, not: Vec::new() };
            if let Ok(topics) = compile(config) {
                for hit in topics.matches(None, &text).iter().flat_map(|m| &m.hits) {
                    prop_assert!(text.get(hit.range.clone()).is_some());
                }
            }
        }
    }
}
