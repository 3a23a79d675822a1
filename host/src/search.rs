//! Searches: what a person types, as a question that full text answers and a rule that each answer is held against.
//!
//! A search is written in the language of topics ([`query`]), with one difference: a word without quotes is
//! cut into words as posts were (`又停水了` finds 停水), while a `"phrase"` stands as it is written. Full text knows words
//! and not their order, so it gives *candidates* ([`expression`](Search::expression)): never fewer posts than are meant,
//! sometimes more. [`found`](Search::found) then reads a candidate as a topic would, and says where its words stand. Most
//! searches are words alone; for these every candidate counts and is read only to be shown.
//!
//! One character alone limits nothing: as a word of full text it would find what begins with it (水库 and not 停水), at the
//! price of everything ever said, and a word for each character of each post would double the index. So it is only
//! read for, beside what does limit, else from the newest post on, a bounded number of posts a page.
//!
//! What this gave up: nearness, order of relevance (newest first is what somebody on watch needs), and searches without
//! a word that must be there, since each would read every post. And whatever full text has cut otherwise than the
//! phrase: of phrases of four characters it finds 98 in 100 ([`tokens`](crate::text::tokens)).

pub mod kept;
pub mod wanted;

use crate::query::{self, Expr, Fault, Leaf, Pointer, Wrong};
use crate::text::tokens::{Tokeniser, is_lone};
use crate::topic::{Hit, Names, Topics, short_form};

/// Most words that full text is asked for at once.
const MOST_WORDS: usize = 64;

/// A search that can be asked.
#[derive(Debug)]
pub struct Search {
    expression: Option<String>,
    rule: Topics,
    exact: bool,
}

/// Whoever typed it must write it otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("search, character {}: {fault}\n  {}\n  {}^", at.column, at.line, at.mark)]
pub struct SearchError {
    /// Where.
    pub at: Pointer,
    /// What is wrong and what to write instead.
    pub fault: Fault,
}

impl Search {
    /// Reads what a person typed; `None` when that is nothing.
    ///
    /// # Errors
    /// The first thing that cannot be looked for, with its character.
    pub fn read(typed: &str, tokeniser: &Tokeniser, names: &Names) -> Result<Option<Self>, SearchError> {
        let refuse = |wrong: Wrong| SearchError { at: Pointer::at(typed, wrong.at), fault: wrong.fault };
        let Some(expr) = query::parse(typed).map_err(refuse)? else { return Ok(None) };
        let mut cutter = Cutter { tokeniser, names, words: 0 };
        let rule = cutter.rule(&expr).map_err(refuse)?;
        let rule = Topics::of_expr(&rule, names).map_err(refuse)?;
        let unlimited = |at| refuse(Wrong { at, fault: Fault::Unlimited });
        let expression = match cutter.candidates(&expr, false).map_err(unlimited)? {
            Candidates::Of(expression) => Some(expression),
            Candidates::All => None,
        };
        Ok(Some(Self { expression, rule, exact: !cutter.is_words(&expr) }))
    }

    /// What full text is asked for: an FTS5 expression in which every word is quoted; `None` when each post must be read.
    #[must_use]
    pub fn expression(&self) -> Option<&str> {
        self.expression.as_deref()
    }

    /// Whether a candidate must be read to know if it is meant.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.exact
    }

    /// Whether a candidate is meant by a search, if there is one.
    #[must_use]
    pub fn means(search: Option<&Self>, title: Option<&str>, text: &str) -> bool {
        search.is_none_or(|search| !search.exact || search.found(title, text).is_some())
    }

    /// Where a candidate says it; `None` when it is not meant.
    #[must_use]
    pub fn found(&self, title: Option<&str>, text: &str) -> Option<Vec<Hit>> {
        let found = self.rule.matches(title, text).pop().map(|found| found.hits);
        if self.exact { found } else { Some(found.unwrap_or_default()) }
    }
}

/// Among which posts those are that can be meant.
enum Candidates {
    /// Those that this expression finds.
    Of(String),
    /// All: it is to be read for what they say.
    All,
}

struct Cutter<'a> {
    tokeniser: &'a Tokeniser,
    names: &'a Names,
    words: usize,
}

impl Cutter<'_> {
    /// Whether all of it is words that must be there: then full text alone decides.
    fn is_words(&self, expr: &Expr) -> bool {
        match expr {
            Expr::All(parts) | Expr::Any(parts) => parts.iter().all(|part| self.is_words(part)),
            Expr::Leaf(Leaf::Word(word), _) => !self.is_read_for(word),
            Expr::Not(_) | Expr::Leaf(..) => false,
        }
    }

    /// Whether a form is one character alone.
    fn is_read_for(&self, form: &str) -> bool {
        matches!(self.tokeniser.query_words(form).as_slice(), [word] if is_lone(word))
    }

    /// The expression that a candidate is held against: words without quotes are what full text cuts them into.
    fn rule(&mut self, expr: &Expr) -> Result<Expr, Wrong> {
        let mut each = |parts: &[Expr]| parts.iter().map(|part| self.rule(part)).collect::<Result<Vec<_>, _>>();
        Ok(match expr {
            Expr::All(parts) => Expr::All(each(parts)?),
            Expr::Any(parts) => Expr::Any(each(parts)?),
            Expr::Not(inside) => Expr::Not(Box::new(self.rule(inside)?)),
            Expr::Leaf(leaf, at) => {
                let words: usize = self.forms(leaf).iter().map(|form| self.tokeniser.query_words(form).len()).sum();
                self.words += words;
                if self.words > MOST_WORDS {
                    return Err(Wrong { at: at.start, fault: Fault::Many(MOST_WORDS) });
                }
                match leaf {
                    Leaf::Word(word) if words > 0 => {
                        let words = self.tokeniser.query_words(word);
                        Expr::All(words.into_iter().map(|word| Expr::Leaf(Leaf::Phrase(word), at.clone())).collect())
                    }
                    _ => expr.clone(),
                }
            }
        })
    }

    /// Every post that can be meant; else where what nothing limits begins.
    fn candidates(&self, expr: &Expr, negated: bool) -> Result<Candidates, usize> {
        match (expr, negated) {
            (Expr::Not(inside), _) => self.candidates(inside, !negated),
            (Expr::All(parts), false) => Ok(match self.all(parts, false)? {
                Candidates::Of(wanted) => Candidates::Of(self.without(wanted, parts)),
                Candidates::All => Candidates::All,
            }),
            (Expr::Any(parts), true) => self.all(parts, true),
            (Expr::Any(parts), false) | (Expr::All(parts), true) => {
                let sides: Vec<Candidates> =
                    parts.iter().map(|part| self.candidates(part, negated)).collect::<Result<_, _>>()?;
                let limits: Option<Vec<String>> = sides.into_iter().map(Candidates::limit).collect();
                Ok(limits.map_or(Candidates::All, |limits| Candidates::Of(joined(&limits, " OR "))))
            }
            (Expr::Leaf(leaf, at), false) => self.leaf(leaf).ok_or(at.start),
            (Expr::Leaf(_, at), true) => Err(at.start),
        }
    }

    /// Of parts that must all hold those that limit are enough.
    fn all(&self, parts: &[Expr], negated: bool) -> Result<Candidates, usize> {
        let mut limits = Vec::new();
        let (mut read, mut unlimited) = (false, None);
        for part in parts {
            match self.candidates(part, negated) {
                Ok(Candidates::Of(limit)) => limits.push(limit),
                Ok(Candidates::All) => read = true,
                Err(at) => unlimited = unlimited.or(Some(at)),
            }
        }
        match (limits.is_empty(), read) {
            (false, _) => Ok(Candidates::Of(joined(&limits, " AND "))),
            (true, true) => Ok(Candidates::All),
            (true, false) => Err(unlimited.unwrap_or_default()),
        }
    }

    /// Leaves out what holds an unwanted word for certain, so that it need not be read.
    fn without(&self, wanted: String, parts: &[Expr]) -> String {
        let unwanted: Vec<String> = parts.iter().filter_map(|part| self.unwanted(part)).collect();
        if unwanted.is_empty() { wanted } else { format!("({wanted} NOT {})", joined(&unwanted, " OR ")) }
    }

    fn unwanted(&self, part: &Expr) -> Option<String> {
        let Expr::Not(inside) = part else { return None };
        let Expr::Leaf(Leaf::Word(word), _) = &**inside else { return None };
        let words = self.tokeniser.query_words(word);
        (!words.iter().any(|word| is_lone(word))).then(|| asked(&words))?
    }

    /// Posts that may hold a leaf; `None` for one that full text knows nothing of.
    fn leaf(&self, leaf: &Leaf) -> Option<Candidates> {
        let forms = self.forms(leaf);
        if forms.iter().any(|form| self.is_read_for(form)) {
            return Some(Candidates::All);
        }
        let forms: Vec<String> = forms.iter().filter_map(|form| asked(&self.tokeniser.query_words(form))).collect();
        (!forms.is_empty()).then(|| Candidates::Of(joined(&forms, " OR ")))
    }

    /// The spellings of which a leaf wants any.
    fn forms<'b>(&'b self, leaf: &'b Leaf) -> Vec<&'b str> {
        let place = |place: &'b String| std::iter::once(place.trim()).chain(short_form(place.trim()));
        match leaf {
            Leaf::Word(word) | Leaf::Phrase(word) => vec![word],
            Leaf::Place(name) => place(name).collect(),
            Leaf::Name(name) if name == "organisation" => strings(&self.names.organisation),
            Leaf::Name(name) if name == "places" => self.names.places.iter().flat_map(place).collect(),
            Leaf::Name(name) => self.names.aliases.get(name).map(|words| strings(words)).unwrap_or_default(),
            Leaf::Pattern(_) => Vec::new(),
        }
    }
}

fn strings(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

impl Candidates {
    fn limit(self) -> Option<String> {
        match self {
            Self::Of(expression) => Some(expression),
            Self::All => None,
        }
    }
}

/// Asks for all of some words; nothing asks for nothing.
fn asked(words: &[String]) -> Option<String> {
    // How the characters of a name fall depends on their neighbours: each finds the words that begin with it.
    let quoted: Vec<String> =
        words.iter().map(|word| if is_lone(word) { format!("\"{word}\"*") } else { format!("\"{word}\"") }).collect();
    (!quoted.is_empty()).then(|| joined(&quoted, " AND "))
}

fn joined(parts: &[String], by: &str) -> String {
    match parts {
        [one] => one.clone(),
        _ => format!("({})", parts.join(by)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use proptest::prelude::*;

    static TOKENISER: LazyLock<Tokeniser> = LazyLock::new(Tokeniser::new);

    fn names() -> Names {
        Names { organisation: vec!["云溪县发改局".into()], places: vec!["故城县".into()], ..Names::default() }
    }

    fn read(typed: &str) -> Search {
        Search::read(typed, &TOKENISER, &names()).unwrap().unwrap()
    }

    fn asked(typed: &str) -> String {
        read(typed).expression().unwrap().to_owned()
    }

    fn wrong(typed: &str) -> (usize, Fault) {
        let error = Search::read(typed, &TOKENISER, &names()).unwrap_err();
        (error.at.column, error.fault)
    }

    fn marked(typed: &str, text: &str) -> Option<Vec<String>> {
        let hits = read(typed).found(None, text)?;
        Some(hits.into_iter().map(|hit| text[hit.range].to_owned()).collect())
    }

    #[test]
    fn words_are_cut_as_posts_are_and_quoted() {
        assert_eq!(asked("又停水了"), "\"停水\"", "the others fall as their neighbours make them");
        assert_eq!(asked("停水 桥西 | 停电"), "((\"停水\" AND \"桥西\") OR \"停电\")");
        assert_eq!(asked("title:x* NEAR"), "((\"title\" AND \"x\") AND \"near\")");
        assert!(["停水", "停水 桥西 | 停电"].iter().all(|typed| !read(typed).is_exact()), "full text decides");
    }

    #[test]
    fn what_full_text_cannot_decide_is_read() {
        assert_eq!(asked("停水 -招聘"), "(\"停水\" NOT \"招聘\")");
        assert_eq!(asked("停水 -\"招聘会\" -(停电 桥西)"), "\"停水\"", "these are only read");
        assert_eq!(asked("停水 (桥西 | /\\d+天/)"), "\"停水\"");
        assert_eq!(asked("-(-停水 | -桥西)"), "(\"停水\" AND \"桥西\")");
        assert_eq!(asked("place:故城县").matches("OR").count(), 1, "the short form too");
        for typed in ["停水 -招聘", "\"停水\"", "停水 @places", "停水 place:故城县", "停水 /\\d/"] {
            assert!(read(typed).is_exact(), "{typed}");
        }
    }

    #[test]
    fn one_character_is_read_for() {
        for typed in ["水", "\"水\"", "水 -停电", "水 | 停电", "(停电 | 水) -桥西"] {
            assert_eq!((read(typed).expression(), read(typed).is_exact()), (None, true), "{typed}");
        }
        assert_eq!(asked("水 停电"), "\"停电\"", "beside what limits");
        assert_eq!(asked("停电 -水"), "\"停电\"");
        assert_eq!(marked("水", "又停水了"), Some(vec!["水".to_owned()]), "also at the end of a word");
        assert_eq!(marked("水 停电", "停电了"), None);
        assert_eq!(wrong("-水"), (2, Fault::Unlimited));
        assert_eq!(wrong("水 | -停电"), (6, Fault::Unlimited));
        assert!(!read("a").is_exact(), "a letter is a word");
        assert_eq!(asked("禾苑"), "\"禾苑\"", "a name");
        assert_eq!(asked("又来"), "(\"又\"* AND \"来\"*)", "each may begin a word");
    }

    #[test]
    fn candidates_are_held_against_what_was_meant() {
        assert_eq!(marked("\"又停水\"", "今天又停水了"), Some(vec!["又停水".to_owned()]));
        assert_eq!(marked("\"又停水\"", "停水了，又来"), None);
        assert_eq!(marked("停水 -招聘", "停水抢修招聘"), None);
        assert_eq!(marked("停水 /\\d+天/", "停水3天"), Some(vec!["停水".to_owned(), "3天".to_owned()]));
        assert_eq!(marked("place:故城县 停水", "故城镇停水"), None);
        assert_eq!(marked("又停水了", "没有这些词"), Some(vec![]), "full text has said so");
    }

    #[test]
    fn a_search_without_a_word_that_must_be_there_is_refused_at_its_character() {
        assert_eq!(wrong("-招聘"), (2, Fault::Unlimited));
        assert_eq!(wrong("停水 | -招聘"), (7, Fault::Unlimited));
        assert_eq!(wrong("/停.水/"), (1, Fault::Unlimited));
        assert_eq!(wrong("停水 ☆"), (4, Fault::Empty));
        assert_eq!(wrong("停水 (桥西"), (4, Fault::Unclosed('(', ')')));
        assert!(matches!(wrong("@谁"), (1, Fault::Unknown { .. })));
        assert!(Search::read("  ", &TOKENISER, &names()).unwrap().is_none());
    }

    #[test]
    fn hostile_searches_are_refused_or_small() {
        assert!(matches!(wrong(&"(".repeat(1_000)).1, Fault::Deep(_)));
        assert!(matches!(wrong(&"停水 ".repeat(1_000)).1, Fault::Many(_)));
        assert!(matches!(wrong(&"水".repeat(100_000)).1, Fault::Long(_)));
        assert!(matches!(wrong("停水 /(((a{99}){99}){99})/").1, Fault::Pattern(_)));
        let deep = format!("{}停水{}", "(".repeat(30), ")".repeat(30));
        assert_eq!(asked(&deep), "\"停水\"");
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_asked_or_refused_at_a_character(typed in "[停水桥西a1 ()|\\-!+\"/@☆:或非]{0,30}", any in "\\PC{0,20}") {
            for typed in [typed, any] {
                if let Err(error) = Search::read(&typed, &TOKENISER, &names()) {
                    prop_assert!(error.at.column <= typed.chars().count() + 1);
                }
            }
        }

        /// What a search means is never more than what full text is asked for: its words are among a post's.
        #[test]
        fn a_text_is_found_by_its_own_words(text in "[桥西路又停水了自来公司县 aB1，]{1,24}") {
            if let Ok(Some(search)) = Search::read(&text, &TOKENISER, &names()) {
                let stored = TOKENISER.index_text(None, &text);
                let stored: Vec<&str> = stored.split(' ').collect();
                for word in search.expression().unwrap_or_default().split(['(', ')', ' ']).filter(|word| word.starts_with('"')) {
                    prop_assert!(stored.iter().any(|token| token.starts_with(word.trim_matches(['"', '*']))), "{}", word);
                }
                prop_assert!(search.found(None, &text).is_some());
            }
        }
    }
}
