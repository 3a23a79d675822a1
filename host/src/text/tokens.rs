//! What full text can find a post by: one tokeniser for what is stored and what
//! is asked for.
//!
//! Chinese is cut by jieba's search mode, which gives long words and the short
//! ones inside them: plain words find 73% of the substring hits, search mode
//! nearly all, and pairs of characters cost twice the insertions. The hidden
//! Markov model for unknown words is off, since it cuts a name differently in
//! different sentences: over 3,000 letters, words taken from them find 99.3% of
//! their substring hits without it and 98.9% with it, any four characters 97.9%
//! and 94.2%. Latin words and numbers stay whole. SQLite's FTS5 then splits the
//! result at its spaces (`ascii`, for there is nothing left to fold), so a token holds nothing but
//! letters and digits. A word is stored once however often a text says it: full text knows which posts hold a word, not
//! where.
//!
//! A post is cut once ([`Cut`]), for full text and for its [telling](super::telling) words, and what the dictionary says of a
//! word is remembered ([`memo`]).
//!
//! A name stands in no dictionary and falls apart into single characters, one way in one sentence and another way in the
//! next. So each character that is hardly ever a word is stored with its neighbours as pairs too, and a query of such characters
//! alone asks for its pairs: 竹锦 finds 竹锦路 and 新竹锦, at a cost that does not grow with what is stored, as looking
//! for every word that begins with 锦 did.
//!
//! What it gave up: a query asks for its words, not for their order.

mod cut;
mod memo;

use jieba_rs::Jieba;

pub use cut::Cut;
pub(super) use cut::Piece;
use memo::{Entry, Memo};

use super::fold::{each_folded, is_alphanumeric};

/// Longest run of Chinese characters that is cut in one piece. A real sentence
/// is shorter; a megabyte without a stop is an attack, and cutting is not linear
/// in the length of a run.
const LONGEST_RUN: usize = 512;
/// Characters kept of a Latin word or number. Longer ones are hashes and attacks.
const LONGEST_WORD: usize = 48;

/// Cuts texts into search tokens. Holds the dictionary (32 MiB): make one and
/// share it.
pub struct Tokeniser {
    jieba: Jieba,
    memo: Memo,
}

impl std::fmt::Debug for Tokeniser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokeniser(..)")
    }
}

impl Default for Tokeniser {
    fn default() -> Self {
        Self::new()
    }
}

impl Tokeniser {
    /// Loads the dictionary; takes about a tenth of a second.
    #[must_use]
    pub fn new() -> Self {
        Self { jieba: Jieba::new(), memo: Memo::new() }
    }

    /// Cuts a post into words.
    #[must_use]
    pub fn cut<'a>(&'a self, title: Option<&'a str>, text: &'a str) -> Cut<'a> {
        Cut::of(self, title.unwrap_or_default(), text)
    }

    /// Search tokens of a post, each once, separated by spaces, in the order of the text.
    #[must_use]
    pub fn index_text(&self, title: Option<&str>, text: &str) -> String {
        self.cut(title, text).tokens()
    }

    /// The words by which full text finds what holds this phrase, each once; none when there is no letter or digit
    /// in it.
    ///
    /// Single characters beside longer words are left out: how they fall depends
    /// on their neighbours, and the longer words say more. Where there are only single ones they are asked for as
    /// pairs, as far as those are stored: then it is a name.
    #[must_use]
    pub fn query_words(&self, phrase: &str) -> Vec<String> {
        let cut = self.cut(None, phrase);
        let mut words: Vec<String> = cut.words().map(str::to_owned).collect();
        if words.iter().any(|word| !is_lone(word)) {
            words.retain(|word| !is_lone(word));
            return words;
        }
        let names: Vec<String> = cut.names().map(str::to_owned).collect();
        if names.is_empty() { words } else { names }
    }

    /// The words of a text as they stand, with what lies between them: joined they are the text again.
    #[must_use]
    pub fn words<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let mut words = Vec::new();
        each_run(text, |script, run| match script {
            Script::Han => words.extend(self.jieba.cut(run, false).into_iter().map(|token| token.word)),
            _ => words.push(run),
        });
        words
    }

    /// As [`words`](Self::words), but with characters put together that look like a word or a name which no dictionary
    /// has, and with what each seems to be. Nothing is found by them: a name is cut differently in different sentences.
    #[must_use]
    pub fn guessed_words<'a>(&'a self, text: &'a str) -> Vec<Guessed<'a>> {
        let mut words = Vec::new();
        each_run(text, |script, run| match script {
            Script::Han => words.extend(self.jieba.tag(run, true).into_iter().map(|tag| Guessed {
                word: tag.word,
                person: matches!(tag.tag, "nr" | "nrt" | "nrfg"),
                known: self.jieba.has_word(tag.word),
            })),
            _ => words.push(Guessed { word: run, person: false, known: true }),
        });
        words
    }

    /// What the dictionary says of a word: how often its texts use it, about 1 for one that it does not know; and whether
    /// it names a place, a body, a person or a thing, as what it does not know is taken to do.
    pub(super) fn dictionary(&self, word: &str) -> (u32, bool) {
        let Entry { count, name } = self.memo.get(word, || {
            let count = u32::try_from(self.jieba.suggest_freq(word)).unwrap_or(u32::MAX);
            Entry { count, name: self.is_name(word) }
        });
        (count, name)
    }

    fn is_name(&self, word: &str) -> bool {
        match self.jieba.tag(word, false).as_slice() {
            [one] => matches!(one.tag, "ns" | "nt" | "nz" | "nr" | "nrt" | "nrfg"),
            // Two characters that are put together only because neither is at home elsewhere.
            pieces => word.chars().all(|c| Script::of(c) == Script::Han) && pieces.len() == 2,
        }
    }

    /// Calls `take` with each run of characters that are cut alike, folded, and with the character of the text at which it
    /// begins.
    fn runs(&self, text: &str, take: &mut dyn FnMut(Script, &str, usize)) {
        let mut run = String::new();
        let mut script = Script::Gap;
        let (mut length, mut begin) = (0, 0);
        for (at, c) in text.chars().enumerate() {
            each_folded(c, |c| {
                let next = Script::of(c);
                let full = next == Script::Han && length >= LONGEST_RUN;
                if next != script || full {
                    take(script, &run, begin);
                    run.clear();
                    (length, script, begin) = (0, next, at);
                }
                length += 1;
                if next == Script::Han || (next == Script::Word && length <= LONGEST_WORD) {
                    run.push(c);
                }
            });
        }
        take(script, &run, begin);
    }
}

/// A word as it stands in a text, and what it seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guessed<'a> {
    /// The word.
    pub word: &'a str,
    /// It seems to be a person's name.
    pub person: bool,
    /// The dictionary has it.
    pub known: bool,
}

/// Calls `take` with each run of characters of one script, as they stand; each gap is one of its own.
fn each_run<'a>(text: &'a str, mut take: impl FnMut(Script, &'a str)) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let script = Script::of(first);
        let (longest, runs) = match script {
            Script::Han => (LONGEST_RUN, true),
            Script::Word => (usize::MAX, true),
            Script::Gap => (1, false),
        };
        let same = |c: &(usize, char)| !runs && c.0 == 0 || runs && Script::of(c.1) == script;
        let end = rest.char_indices().take(longest).take_while(same).last();
        let (run, after) = rest.split_at(end.map_or(first.len_utf8(), |(at, c)| at + c.len_utf8()));
        take(script, run);
        rest = after;
    }
}

/// A single character that is no word of a script with spaces.
pub(crate) fn is_lone(word: &str) -> bool {
    word.chars().nth(1).is_none() && !word.is_ascii()
}

/// Which way a run of characters is cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Gap,
    Word,
    Han,
}

impl Script {
    fn of(c: char) -> Self {
        match c {
            c if !is_alphanumeric(c) => Self::Gap,
            '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' | '〇' => Self::Han,
            _ => Self::Word,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use super::*;
    use proptest::prelude::*;

    fn tokeniser() -> &'static Tokeniser {
        static ONE: OnceLock<Tokeniser> = OnceLock::new();
        ONE.get_or_init(Tokeniser::new)
    }

    #[test]
    fn long_words_come_with_the_short_ones_inside_them() {
        let tokens = tokeniser().index_text(Some("停水通知"), "县自来水公司，ＥＴＣ 2026年！");
        let tokens: Vec<&str> = tokens.split(' ').collect();
        for token in ["停水", "通知", "自来水", "公司", "etc", "2026"] {
            assert!(tokens.contains(&token), "{token} of {tokens:?}");
        }
        assert_eq!(tokeniser().index_text(Some("停水通知"), "停水 通知，停水"), "停水 通知 停水通知", "each once");
    }

    #[test]
    fn a_phrase_is_asked_for_by_its_words() {
        let words = |phrase| tokeniser().query_words(phrase).join(" ");
        assert_eq!(words("又停水了停水"), "停水", "the others fall as their neighbours make them");
        assert_eq!(words("\" OR title:x* NEAR("), "or title x near");
        assert_eq!(words("水"), "水");
        assert_eq!(words("竹锦"), "竹锦", "a name, as it stands in a post");
        assert_eq!(words("又来"), "又 来", "no name");
        assert_eq!(words(" ＂…* "), "");
    }

    #[test]
    fn a_name_is_found_however_its_characters_fall() {
        for text in ["竹锦路", "在竹锦买的", "新竹锦", "竹锦绣", "竹锦"] {
            let tokens = tokeniser().index_text(None, text);
            assert!(tokens.split(' ').any(|token| token == "竹锦"), "{text}: {tokens}");
        }
        let apart = tokeniser().index_text(None, "竹，锦");
        assert!(!apart.contains("竹锦"), "{apart}");
    }

    #[test]
    fn traditional_characters_are_cut_as_simplified_ones() {
        assert_eq!(tokeniser().index_text(None, "電動車充電樁"), tokeniser().index_text(None, "电动车充电桩"));
    }

    #[test]
    fn a_megabyte_without_a_stop_is_cut_in_pieces() {
        for hostile in ["水".repeat(100_000), "中华人民共和国".repeat(20_000), "a".repeat(1_000_000)] {
            let tokens = tokeniser().index_text(None, &hostile);
            assert!(tokens.len() <= 4 * hostile.len());
            assert!(tokens.split(' ').all(|token| token.chars().count() <= LONGEST_WORD));
        }
    }

    /// What is stored and what is asked for must be cut alike: the words of a
    /// whole sentence are words that the sentence was stored under.
    fn finds_itself(text: &str) -> bool {
        let stored = tokeniser().index_text(None, text);
        let stored: Vec<&str> = stored.split(' ').collect();
        tokeniser().query_words(text).iter().all(|word| stored.contains(&word.as_str()))
    }

    proptest! {
        #[test]
        fn every_text_is_found_by_itself(text in "[桥西路又停水了自来公司县 aB1，\"*-]{0,24}", any in "\\PC{0,24}") {
            prop_assert!(finds_itself(&text));
            prop_assert!(finds_itself(&any));
        }

        #[test]
        fn tokens_hold_letters_and_digits_only(text in "(?s).{0,40}") {
            let tokens = tokeniser().index_text(Some(&text), &text);
            prop_assert!(tokens.chars().all(|c| c.is_alphanumeric() || c == ' '), "{}", tokens);
            prop_assert!(!tokens.contains("  "));
        }
    }
}
