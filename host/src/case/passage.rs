//! A text in which something has been hidden: what is said, piece by piece, and what stands in place of the rest.
//!
//! The words that were hidden are not in it. What is kept of them is their length, so that whoever still has the text
//! they come from can look them up there, and nobody else can.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::privacy::Kind;

/// A text with parts that were hidden.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Passage {
    pieces: Vec<Piece>,
}

/// A part of a passage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
enum Piece {
    Said(String),
    Hidden(Hidden),
}

/// Something that was hidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Hidden {
    /// What it was.
    pub kind: Kind,
    /// What stands in its place.
    pub shown: String,
    /// How many characters it had.
    pub was: usize,
}

/// Where something was hidden, all in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot<'a> {
    /// What.
    pub hidden: &'a Hidden,
    /// Where its replacement begins in the passage.
    pub at: usize,
    /// Where it stood in the text that the passage was made from.
    pub was: Range<usize>,
}

impl Piece {
    fn shown(&self) -> &str {
        match self {
            Self::Said(words) => words,
            Self::Hidden(hidden) => &hidden.shown,
        }
    }

    /// Characters that it had in the text it comes from.
    fn was(&self) -> usize {
        match self {
            Self::Said(words) => words.chars().count(),
            Self::Hidden(hidden) => hidden.was,
        }
    }
}

impl Passage {
    /// A text in which nothing is hidden.
    #[must_use]
    pub fn open(text: &str) -> Self {
        Self { pieces: vec![Piece::Said(text.to_owned())] }
    }

    /// Nothing is said in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.iter().all(|piece| piece.shown().is_empty())
    }

    /// The text as it may be read.
    #[must_use]
    pub fn shown(&self) -> String {
        self.pieces.iter().map(Piece::shown).collect()
    }

    /// What was hidden, in the order of the text.
    pub fn spots(&self) -> impl Iterator<Item = Spot<'_>> {
        let (mut at, mut was) = (0, 0);
        self.pieces.iter().filter_map(move |piece| {
            let (begins, stood) = (at, was);
            at += piece.shown().chars().count();
            was += piece.was();
            match piece {
                Piece::Hidden(hidden) => Some(Spot { hidden, at: begins, was: stood..was }),
                Piece::Said(_) => None,
            }
        })
    }

    /// Where in [`shown`](Self::shown) replacements stand, in bytes.
    #[must_use]
    pub fn replaced(&self) -> Vec<Range<usize>> {
        let mut at = 0;
        let mut found = Vec::new();
        for piece in &self.pieces {
            let begins = at;
            at += piece.shown().len();
            if matches!(piece, Piece::Hidden(_)) {
                found.push(begins..at);
            }
        }
        found
    }

    /// Hides parts of what is said. `finds` says of a piece of text, which begins at a byte of [`shown`](Self::shown),
    /// which of its bytes are to be hidden as what, in their order and without overlap. Returns how many were.
    pub fn hide(&mut self, mut finds: impl FnMut(usize, &str) -> Vec<(Range<usize>, Kind, String)>) -> usize {
        let mut pieces = Vec::with_capacity(self.pieces.len());
        let (mut count, mut at) = (0, 0);
        for piece in self.pieces.drain(..) {
            let begins = at;
            at += piece.shown().len();
            let Piece::Said(words) = piece else {
                pieces.push(piece);
                continue;
            };
            let mut from = 0;
            for (range, kind, shown) in finds(begins, &words) {
                if range.start > from {
                    pieces.push(Piece::Said(words[from..range.start].to_owned()));
                }
                let was = words[range.clone()].chars().count();
                pieces.push(Piece::Hidden(Hidden { kind, shown, was }));
                from = range.end;
                count += 1;
            }
            if from < words.len() {
                pieces.push(Piece::Said(words[from..].to_owned()));
            }
        }
        self.pieces = pieces;
        count
    }

    /// Puts words back that turned out to be nobody's: `original` is the text that the passage was made from, `is` says
    /// of hidden words whether they are such. A text that has changed meanwhile gives nothing back. Returns how many.
    pub fn restore(&mut self, original: &str, is: impl Fn(&str) -> bool) -> usize {
        let characters: Vec<char> = original.chars().collect();
        if characters.len() != self.pieces.iter().map(Piece::was).sum::<usize>() {
            return 0;
        }
        let mut was = 0;
        let mut count = 0;
        for piece in &mut self.pieces {
            let stood = was..was + piece.was();
            was = stood.end;
            if let Piece::Hidden(_) = piece {
                let words: String = characters[stood].iter().collect();
                if is(&words) {
                    *piece = Piece::Said(words);
                    count += 1;
                }
            }
        }
        self.join();
        count
    }

    /// Puts neighbouring pieces of speech together.
    fn join(&mut self) {
        let mut pieces: Vec<Piece> = Vec::with_capacity(self.pieces.len());
        for piece in self.pieces.drain(..) {
            match (pieces.last_mut(), piece) {
                (Some(Piece::Said(before)), Piece::Said(words)) => before.push_str(&words),
                (_, piece) => pieces.push(piece),
            }
        }
        self.pieces = pieces;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hides(word: &'static str) -> impl FnMut(usize, &str) -> Vec<(Range<usize>, Kind, String)> {
        move |_, text| {
            text.match_indices(word).map(|(at, _)| (at..at + word.len(), Kind::Name, "某甲".to_owned())).collect()
        }
    }

    #[test]
    fn what_was_hidden_is_told_by_place_and_put_back_from_the_text_it_stood_in() {
        let text = "找李四海，李四海说没有";
        let mut passage = Passage::open(text);
        assert_eq!(passage.hide(hides("李四海")), 2);
        assert_eq!(passage.shown(), "找某甲，某甲说没有");
        let spots: Vec<_> = passage.spots().map(|spot| (spot.at, spot.was)).collect();
        assert_eq!(spots, [(1, 1..4), (4, 5..8)]);
        let stored = serde_json::to_string(&passage).unwrap();
        assert!(!stored.contains("四海"), "{stored}");
        let mut read: Passage = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, passage);
        assert_eq!(read.restore("找李四，李四说没有", |_| true), 0, "the text is another one now");
        assert_eq!(read.restore(text, |words| words == "李四海"), 2);
        assert_eq!(read, Passage::open(text));
    }

    proptest! {
        /// Hiding leaves nothing of the word, keeps everything else, and is undone by putting back.
        #[test]
        fn hiding_and_putting_back_are_inverse(text in "[张三说了ab，]{0,24}") {
            let mut passage = Passage::open(&text);
            let times = text.matches("张三").count();
            prop_assert_eq!(passage.hide(hides("张三")), times);
            prop_assert!(!passage.shown().contains("张三"));
            prop_assert_eq!(passage.shown(), text.replace("张三", "某甲"));
            for (spot, range) in passage.spots().zip(passage.replaced()) {
                let before = passage.shown()[..range.start].chars().count();
                prop_assert_eq!(spot.at, before);
                let stood: String = text.chars().skip(spot.was.start).take(spot.was.len()).collect();
                prop_assert_eq!(stood, "张三");
            }
            prop_assert_eq!(passage.restore(&text, |_| true), times);
            prop_assert_eq!(passage.shown(), text);
        }
    }
}
