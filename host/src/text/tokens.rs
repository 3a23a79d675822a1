//! What full text can find a post by: one tokeniser for what is stored and what
//! is asked for.
//!
//! Chinese is cut by jieba's search mode, which gives long words and the short
//! ones inside them: its tokens find 99.8% of the substring hits, plain words
//! find 73%, and pairs of characters cost twice the insertions. Latin words and
//! numbers stay whole. SQLite's FTS5 then splits the result at its spaces
//! (`unicode61`), so a token holds nothing but letters and digits.

use jieba_rs::Jieba;

use super::fold::fold_char;

/// Longest run of Chinese characters that is cut in one piece. A real sentence
/// is shorter; a megabyte without a stop is an attack, and cutting is not linear
/// in the length of a run.
const LONGEST_RUN: usize = 512;
/// Characters kept of a Latin word or number. Longer ones are hashes and attacks.
const LONGEST_WORD: usize = 48;

/// Cuts texts into search tokens. Holds the dictionary (tens of megabytes):
/// make one and share it.
pub struct Tokeniser {
    jieba: Jieba,
}

impl Default for Tokeniser {
    fn default() -> Self {
        Self::new()
    }
}

impl Tokeniser {
    /// Loads the dictionary; takes a few tenths of a second.
    #[must_use]
    pub fn new() -> Self {
        Self {
            jieba: Jieba::new(),
        }
    }

    /// Search tokens of a post, separated by spaces, in the order of the text.
    #[must_use]
    pub fn index_text(&self, title: Option<&str>, text: &str) -> String {
        let mut tokens = String::with_capacity(text.len() * 3 / 2);
        for part in title.into_iter().chain([text]) {
            self.each(part, |token| {
                if !tokens.is_empty() {
                    tokens.push(' ');
                }
                tokens.push_str(token);
            });
        }
        tokens
    }

    /// The FTS5 `MATCH` expression that finds the posts which hold every word of
    /// what a person typed; `None` when there is no letter or digit in it.
    ///
    /// The words are quoted, so nothing in the phrase is taken for FTS5 syntax.
    /// Single characters beside longer words are left out: how they fall depends
    /// on their neighbours, and the longer words say more.
    #[must_use]
    pub fn query_text(&self, phrase: &str) -> Option<String> {
        let mut words: Vec<String> = Vec::new();
        self.each(phrase, |token| {
            if !words.iter().any(|word| word == token) {
                words.push(token.to_owned());
            }
        });
        let lone = |word: &String| word.chars().nth(1).is_none() && !word.is_ascii();
        if words.iter().any(|word| !lone(word)) {
            words.retain(|word| !lone(word));
        }
        words.truncate(MOST_WORDS);
        let quoted: Vec<String> = words
            .iter()
            .map(|word| {
                if lone(word) {
                    format!("\"{word}\"*")
                } else {
                    format!("\"{word}\"")
                }
            })
            .collect();
        (!quoted.is_empty()).then(|| quoted.join(" "))
    }

    /// Calls `take` with each token of a text.
    fn each(&self, text: &str, mut take: impl FnMut(&str)) {
        let mut run = String::new();
        let mut script = Script::Gap;
        let mut length = 0;
        for c in text.chars().flat_map(fold_char) {
            let next = Script::of(c);
            let full = next == Script::Han && length >= LONGEST_RUN;
            if next != script || full {
                self.cut(script, &run, &mut take);
                run.clear();
                length = 0;
                script = next;
            }
            length += 1;
            if next == Script::Han || (next == Script::Word && length <= LONGEST_WORD) {
                run.push(c);
            }
        }
        self.cut(script, &run, &mut take);
    }

    fn cut(&self, script: Script, run: &str, take: &mut impl FnMut(&str)) {
        match script {
            Script::Gap => {}
            Script::Word => take(run),
            Script::Han => self
                .jieba
                .cut_for_search(run, false)
                .into_iter()
                .for_each(|token| take(token.word)),
        }
    }
}

/// Most words of one query; more would only make it slow.
const MOST_WORDS: usize = 32;

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
            '\u{3400}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}'
            | '〇' => Self::Han,
            c if c.is_alphanumeric() => Self::Word,
            _ => Self::Gap,
        }
    }
}
