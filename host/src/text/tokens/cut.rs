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
    /// Where it begins, in characters of its part as it was written.
    pub(in crate::text) at: usize,
}

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
                self.pieces.push(Piece { start: base, end, spaced: true, inner: false, title, at });
            }
            Script::Han => {
                let tokens = self.tokeniser.jieba.cut_for_search(run, false);
                let after = tokens.iter().skip(1).map(|next| next.byte_start).chain([run.len()]);
                // The words within a word come before it.
                let piece = |(token, next): (&Token<'_>, usize)| Piece {
                    start: base + token.byte_start,
                    end: base + token.byte_end,
                    spaced: false,
                    inner: next < token.byte_end,
                    title,
                    at: at + token.start,
                };
                self.pieces.extend(tokens.iter().zip(after).map(piece));
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
        let mut said = HashSet::with_capacity(self.pieces.len());
        self.pieces.iter().map(|piece| self.word(piece)).filter(move |word| said.insert(*word))
    }

    /// What full text finds it by: its words, each once, separated by spaces.
    #[must_use]
    pub fn tokens(&self) -> String {
        let mut tokens = String::with_capacity(self.folded.len());
        for word in self.words() {
            if !tokens.is_empty() {
                tokens.push(' ');
            }
            tokens.push_str(word);
        }
        tokens
    }
}
