//! A post cut into words, once for everything that is made of them: what full text stores, and what sets it apart.

use std::collections::HashSet;

use jieba_rs::Token;

use super::{Script, Tokeniser};

/// A word of a post.
#[derive(Clone, Copy, Debug)]
pub(in crate::text) struct Piece {
    start: usize,
    end: usize,
    /// Of a script with spaces; Chinese otherwise.
    pub(in crate::text) spaced: bool,
    /// It lies within a longer word.
    pub(in crate::text) inner: bool,
    /// It stands in the title.
    pub(in crate::text) title: bool,
    /// It is one character that is hardly ever a word: part of a name that no dictionary knows.
    pub(in crate::text) stray: bool,
    /// Where it begins, in characters of its part as it was written.
    pub(in crate::text) at: usize,
}

/// How often the dictionary's texts use a character that is no part of a name.
const COMMON_CHARACTER: u32 = 100_000;

/// A post cut into words.
pub struct Cut<'a> {
    pub(in crate::text) tokeniser: &'a Tokeniser,
    pub(in crate::text) title: &'a str,
    pub(in crate::text) text: &'a str,
    /// Title and text folded, each run of one script with a space behind it.
    folded: String,
    pieces: Vec<Piece>,
}

impl std::fmt::Debug for Cut<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.pieces.iter().map(|piece| self.word(piece))).finish()
    }
}

impl<'a> Cut<'a> {
    pub(super) fn of(tokeniser: &'a Tokeniser, title: &'a str, text: &'a str) -> Self {
        let folded = String::with_capacity(title.len() + text.len() + text.len() / 8);
        let pieces = Vec::with_capacity((title.len() + text.len()) / 4);
        let mut cut = Self { tokeniser, title, text, folded, pieces };
        for (part, title) in [(title, true), (text, false)] {
            tokeniser.runs(part, &mut |script, run, at| cut.take(script, run, title, at));
        }
        cut
    }

    /// Adds the words of a run that begins at a character.
    fn take(&mut self, script: Script, run: &str, title: bool, at: usize) {
        let base = self.folded.len();
        match script {
            Script::Gap => return,
            Script::Word => {
                let end = base + run.len();
                self.pieces.push(Piece { start: base, end, spaced: true, inner: false, stray: false, title, at });
            }
            Script::Han => {
                let tokens = self.tokeniser.jieba.cut_for_search(run, false);
                let first = self.pieces.len();
                let piece = |token: &Token<'_>| Piece {
                    start: base + token.byte_start,
                    end: base + token.byte_end,
                    spaced: false,
                    inner: false,
                    stray: token.end - token.start == 1 && self.tokeniser.dictionary(token.word).0 < COMMON_CHARACTER,
                    title,
                    at: at + token.start,
                };
                self.pieces.extend(tokens.iter().map(piece));
                // The words within a word come before it, and words follow one another: seen from the end, what begins no
                // earlier than the last whole word lies within it.
                let mut whole = usize::MAX;
                for piece in self.pieces[first..].iter_mut().rev() {
                    piece.inner = piece.start >= whole;
                    whole = whole.min(piece.start);
                }
            }
        }
        self.folded.push_str(run);
        self.folded.push(' ');
    }

    /// Its words, those of the title first; the words within a word before it.
    pub(in crate::text) fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter()
    }

    /// A word of it, folded.
    pub(in crate::text) fn word(&self, piece: &Piece) -> &str {
        &self.folded[piece.start..piece.end]
    }

    /// Two words as one, where the second follows the first.
    pub(in crate::text) fn together(&self, first: &Piece, second: &Piece) -> Option<&str> {
        (first.end == second.start).then(|| &self.folded[first.start..second.end])
    }

    /// Its words, each once, in the order in which they stand.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        once(self.pieces.iter().map(|piece| self.word(piece)), self.pieces.len())
    }

    /// Each stray character with its neighbours on either side, as pairs, each once: a name stands in no dictionary, and how its
    /// characters fall depends on what stands around it, but where it is said they stand side by side.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let mut before: Option<&Piece> = None;
        let pairs = self.pieces.iter().filter(|piece| !piece.inner).filter_map(move |piece| {
            let first = before.replace(piece).filter(|first| first.end == piece.start)?;
            (first.stray || piece.stray).then(|| self.across(first, piece))?
        });
        once(pairs, 8)
    }

    /// The last character of one word and the first of the next.
    fn across(&self, first: &Piece, second: &Piece) -> Option<&str> {
        let (last, next) = (self.word(first).chars().next_back()?, self.word(second).chars().next()?);
        self.folded.get(first.end - last.len_utf8()..second.start + next.len_utf8())
    }

    /// What full text finds it by: its words and names, each once, separated by spaces.
    #[must_use]
    pub fn tokens(&self) -> String {
        let mut tokens = String::with_capacity(self.folded.len());
        for word in self.words().chain(self.names()) {
            if !tokens.is_empty() {
                tokens.push(' ');
            }
            tokens.push_str(word);
        }
        tokens
    }
}

/// Each word the first time that it comes.
fn once<'a>(words: impl Iterator<Item = &'a str>, about: usize) -> impl Iterator<Item = &'a str> {
    let mut said = HashSet::with_capacity(about);
    words.filter(move |word| said.insert(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_lie_in_no_other_are_the_text_again() {
        let tokeniser = Tokeniser::new();
        for text in ["城东农贸市场煤气泄漏", "中华人民共和国国家发展和改革委员会", "又来了东门又有煤气味"]
        {
            let cut = tokeniser.cut(None, text);
            let whole: Vec<&str> = cut.pieces().filter(|piece| !piece.inner).map(|piece| cut.word(piece)).collect();
            assert_eq!(whole.concat(), text, "{whole:?}");
            assert!(cut.pieces().any(|piece| piece.inner) || text.starts_with('又'), "nothing lies in another: {text}");
        }
    }
}
