//! From what is written to what is matched: names are replaced by what they stand for, each different word gets one
//! number, and what could never match, or would always match, is refused.

use std::collections::HashMap;
use std::ops::Range;

use daachorse::CharwiseDoubleArrayAhoCorasickBuilder;
use daachorse::errors::DaachorseError;
use regex::{Regex, RegexBuilder};

use super::matcher::{Automaton, Node, Rule, Term, Topic, Topics};
use super::starts::Starts;
use super::{Names, TopicConfig, TopicError, place};
use crate::query::{self, Expr, Fault, Leaf, Pointer, Wrong};
use crate::text::fold::fold;

/// Largest compiled regular expression, in bytes: what one topic may cost every post.
const PATTERN_SIZE: usize = 1 << 20;
/// Different regular expressions of all topics: each is looked for in every post.
const MOST_PATTERNS: usize = 100;
/// Different words of all topics: ten times what a provincial office with a topic for each village has.
const MOST_WORDS: usize = 200_000;

impl Topics {
    /// Checks and compiles the topics of a configuration. Without topics,
    /// [`is_empty`](Self::is_empty) holds and every post counts as a mention.
    ///
    /// # Errors
    ///
    /// The first topic or term that cannot be watched, by name; in a query, by character.
    pub fn compile(configs: &[TopicConfig], names: &Names) -> Result<Self, TopicError> {
        let mut compiler = Compiler { names, numbers: HashMap::new(), terms: Vec::new() };
        let mut topics: Vec<Topic> = Vec::new();
        for config in configs {
            if config.name.trim().is_empty() || topics.iter().any(|topic| topic.name == config.name) {
                return Err(TopicError::Name(config.name.clone()));
            }
            topics.push(compiler.topic(config)?);
        }
        compiler.finish(topics)
    }

    /// One topic without a name: what a search is held against.
    pub(crate) fn of_expr(expr: &Expr, names: &Names) -> Result<Self, Wrong> {
        let mut compiler = Compiler { names, numbers: HashMap::new(), terms: Vec::new() };
        let mut wanted = Vec::new();
        let rule = compiler.node(expr, false, &mut wanted)?;
        let topic = Topic { name: String::new(), wanted, rule };
        // A search is far too short to fill an automaton.
        compiler.finish(vec![topic]).map_err(|_| Wrong { at: 0, fault: Fault::Many(MOST_WORDS) })
    }
}

/// Gives each different term one number.
struct Compiler<'a> {
    names: &'a Names,
    numbers: HashMap<(String, Rule), usize>,
    terms: Vec<Term>,
}

impl Compiler<'_> {
    fn topic(&mut self, config: &TopicConfig) -> Result<Topic, TopicError> {
        let nothing = || TopicError::Nothing { topic: config.name.clone() };
        let expr = query::parse(&config.query).map_err(|wrong| refuse(config, wrong))?;
        let mut wanted = Vec::new();
        let mut parts = Vec::new();
        if let Some(expr) = expr {
            parts.push(self.node(&expr, false, &mut wanted).map_err(|wrong| refuse(config, wrong))?);
        }
        let mut must = self.list(config, &config.must)?;
        let any = self.list(config, &config.any)?;
        let not = self.list(config, &config.not)?;
        let leaves = |nodes: &[Node]| nodes.iter().flat_map(Node::leaves).collect::<Vec<_>>();
        wanted.extend(leaves(&must).into_iter().chain(leaves(&any)));
        let refused = leaves(&not);
        let contradicts = |terms: &[usize]| !terms.is_empty() && terms.iter().all(|term| refused.contains(term));
        let groups = must.iter().map(Node::leaves).chain([leaves(&any)]);
        if let Some(terms) = groups.into_iter().find(|terms| contradicts(terms)) {
            let term = self.terms[terms[0]].written().to_owned();
            return Err(TopicError::Contradiction { topic: config.name.clone(), term });
        }
        parts.append(&mut must);
        if !any.is_empty() {
            parts.push(Node::Any(any));
        }
        parts.extend(not.into_iter().map(|node| Node::Not(Box::new(node))));
        let topic = Topic { name: config.name.clone(), wanted, rule: Node::All(parts) };
        // What holds of an empty post holds of nearly every post.
        if topic.wanted.is_empty() || topic.rule.holds(&mut |_| false) { Err(nothing()) } else { Ok(topic) }
    }

    fn list(&mut self, config: &TopicConfig, written: &[String]) -> Result<Vec<Node>, TopicError> {
        let mut nodes = Vec::new();
        for term in written {
            let node = self.leaf(&query::term(term)).map_err(|fault| TopicError::Term {
                topic: config.name.clone(),
                term: term.clone(),
                fault,
            })?;
            nodes.push(node);
        }
        Ok(nodes)
    }

    /// The terms that must not be negated for the topic to hold go into `wanted`.
    fn node(&mut self, expr: &Expr, negated: bool, wanted: &mut Vec<usize>) -> Result<Node, Wrong> {
        let mut each = |parts: &[Expr]| -> Result<Vec<Node>, Wrong> {
            parts.iter().map(|part| self.node(part, negated, wanted)).collect()
        };
        match expr {
            Expr::All(parts) => each(parts).map(Node::All),
            Expr::Any(parts) => each(parts).map(Node::Any),
            Expr::Not(inside) => self.node(inside, !negated, wanted).map(|node| Node::Not(Box::new(node))),
            Expr::Leaf(leaf, Range { start, .. }) => {
                let node = self.leaf(leaf).map_err(|fault| Wrong { at: *start, fault })?;
                if !negated {
                    wanted.extend(node.leaves());
                }
                Ok(node)
            }
        }
    }

    fn leaf(&mut self, leaf: &Leaf) -> Result<Node, Fault> {
        let names = self.names;
        match leaf {
            Leaf::Word(word) | Leaf::Phrase(word) => self.word(word, Rule::Literal),
            Leaf::Place(place) => self.place(place),
            Leaf::Pattern(pattern) => self.pattern(pattern),
            Leaf::Name(name) if name == "organisation" => self.set(name, &names.organisation, Self::literal),
            Leaf::Name(name) if name == "places" => self.set(name, &names.places, Self::place),
            Leaf::Name(name) => match names.aliases.get(name) {
                Some(words) => self.set(name, words, Self::literal),
                None => Err(Fault::Unknown { name: name.clone(), known: known(names) }),
            },
        }
    }

    fn set(
        &mut self,
        name: &str,
        words: &[String],
        each: fn(&mut Self, &str) -> Result<Node, Fault>,
    ) -> Result<Node, Fault> {
        let nodes: Vec<Node> = words.iter().filter_map(|word| each(self, word).ok()).collect();
        if nodes.is_empty() {
            let table = if matches!(name, "organisation" | "places") { "[organisation]" } else { "[aliases]" };
            return Err(Fault::Nameless { name: name.to_owned(), table });
        }
        Ok(Node::Any(nodes))
    }

    fn literal(&mut self, word: &str) -> Result<Node, Fault> {
        self.word(word, Rule::Literal)
    }

    fn place(&mut self, place: &str) -> Result<Node, Fault> {
        let full = self.word(place, Rule::Literal)?;
        match place::short_form(place.trim()) {
            Some(short) => Ok(Node::Any(vec![full, self.word(short, Rule::ShortPlace)?])),
            None => Ok(full),
        }
    }

    fn word(&mut self, word: &str, rule: Rule) -> Result<Node, Fault> {
        let word = fold(word.trim());
        if !word.chars().any(char::is_alphanumeric) {
            return Err(Fault::Empty);
        }
        Ok(Node::Term(self.number(word, rule, None)))
    }

    fn pattern(&mut self, written: &str) -> Result<Node, Fault> {
        let mut builder = RegexBuilder::new(written);
        let regex = builder.case_insensitive(true).size_limit(PATTERN_SIZE).build().map_err(|error| {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ").trim();
            Fault::Pattern(reason.to_owned())
        })?;
        if regex.is_match("") {
            return Err(Fault::Everything);
        }
        Ok(Node::Term(self.number(written.to_owned(), Rule::Pattern, Some(regex))))
    }

    fn number(&mut self, written: String, rule: Rule, regex: Option<Regex>) -> usize {
        let terms = &mut self.terms;
        *self.numbers.entry((written.clone(), rule)).or_insert_with(|| {
            terms.push(Term::new(written, rule, regex));
            terms.len() - 1
        })
    }

    fn finish(self, mut topics: Vec<Topic>) -> Result<Topics, TopicError> {
        let patterns = self.terms.iter().filter(|term| term.regex.is_some()).count();
        if patterns > MOST_PATTERNS {
            return Err(TopicError::Patterns(patterns));
        }
        if self.terms.len() > MOST_WORDS {
            return Err(TopicError::TooLarge(format!("{} words, of at most {MOST_WORDS}", self.terms.len())));
        }
        let mut wanted_by = vec![Vec::new(); self.terms.len()];
        for (number, topic) in topics.iter_mut().enumerate() {
            topic.wanted.sort_unstable();
            topic.wanted.dedup();
            for &term in &topic.wanted {
                wanted_by[term].push(number);
            }
        }
        self.automaton(topics, wanted_by)
    }

    fn automaton(self, topics: Vec<Topic>, wanted_by: Vec<Vec<usize>>) -> Result<Topics, TopicError> {
        let mut words: Vec<(&str, Vec<usize>)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (number, term) in self.terms.iter().enumerate().filter(|(_, term)| term.regex.is_none()) {
            let at = *places.entry(term.written()).or_insert_with(|| {
                words.push((term.written(), Vec::new()));
                words.len() - 1
            });
            words[at].1.push(number);
        }
        let automaton = if words.is_empty() {
            None
        } else {
            let too_large = |error: DaachorseError| TopicError::TooLarge(error.to_string());
            let numbered = words.iter().zip(0_u32..).map(|((word, _), number)| (*word, number));
            let mut built =
                CharwiseDoubleArrayAhoCorasickBuilder::new().build_with_values(numbered).map_err(too_large)?;
            built.cache_depths().map_err(too_large)?;
            Some(Automaton { words: built, starts: Starts::of(words.iter().map(|(word, _)| *word)) })
        };
        let terms_of = words.into_iter().map(|(_, terms)| terms).collect();
        Ok(Topics::new(topics, automaton, terms_of, self.terms, wanted_by))
    }
}

fn known(names: &Names) -> String {
    let known = ["organisation", "places"].into_iter().chain(names.aliases.keys().map(String::as_str));
    known.map(|name| format!("@{name}")).collect::<Vec<_>>().join(", ")
}

fn refuse(config: &TopicConfig, wrong: Wrong) -> TopicError {
    let at = Box::new(Pointer::at(&config.query, wrong.at));
    TopicError::Query { topic: config.name.clone(), at, fault: wrong.fault }
}
