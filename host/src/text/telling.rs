//! The telling words of a post: those that set it apart from other posts, each with a weight.
//!
//! What two people write about one matter in their own words has little in common but a few rare words: the name of
//! the place, of the company, of the thing. A word's weight is how often the post says it (the title twice as loud),
//! damped by a logarithm, times how rare it is in Chinese at large (Spärck Jones, *A statistical interpretation of term
//! specificity*, 1972): by the frequency in the dictionary that cuts the text, not in what has been stored so far, so
//! that a post tells the same whenever it arrives. Names stand in no dictionary and fall apart into single
//! characters; two uncommon characters side by side are put together again, and count as rare. What stands before
//! 小区, 路 or 医院 is a place whatever the dictionary makes of it ([`places`]).
//!
//! A word either names something or says what is the matter with it ([`Word::name`]): ten letters about one street need
//! not be about one matter.
//!
//! What it gives up: synonyms and meaning.

mod places;

use super::tokens::{Cut, Piece};
use places::each_place;

/// Words of a dictionary that was counted on so many.
const COUNTED: f32 = 6.01e7;
/// Stands in for the unknown count of a rare word.
const SMOOTHING: f32 = 50.0;
/// Words so common that they tell nothing have at most this logarithm of rarity.
const COMMON: f32 = 7.0;
/// What a common word still weighs.
const LEAST: f32 = 0.1;
/// Characters of the text that are looked at; the head names the matter.
const HEAD: usize = 400;
/// Words that are kept.
pub const MOST: usize = 56;
/// How often a word of the title counts.
const TITLE: f32 = 2.0;
/// What a place weighs. Its characters count as words too.
const PLACE: f32 = 3.5;

/// What a telling word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Word,
    Place,
}

/// A telling word.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// Folded, unless it is a place.
    pub word: String,
    /// Its share in the post; the squares of all add up to 1.
    pub weight: f32,
    /// It names a place, a body, a person or a thing rather than what is the matter.
    pub name: bool,
    sort: Sort,
}

impl Word {
    /// What the word is known by where the word itself is not kept.
    #[must_use]
    pub fn key(&self) -> u32 {
        key(self.sort, &self.word)
    }
}

/// The telling words of a post, the most telling first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Telling(Vec<Word>);

impl Telling {
    /// Reads a post that was cut into words.
    #[must_use]
    pub fn of(cut: &Cut<'_>) -> Self {
        let mut said = said(cut);
        said.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
        let mut words: Vec<(f32, Sort, &str)> = said
            .chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))
            .map(|same| {
                let times: f32 = same.iter().map(|(_, _, times)| times).sum();
                let (sort, word, _) = same[0];
                let rarity = if sort == Sort::Place { PLACE } else { rarity(cut.tokeniser.dictionary(word).0) };
                ((1.0 + times.ln()) * rarity, sort, word)
            })
            .collect();
        words.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.2, a.1).cmp(&(b.2, b.1))));
        words.truncate(MOST);
        let length = words.iter().map(|(weight, ..)| weight * weight).sum::<f32>().sqrt();
        let word = |(weight, sort, word): (f32, Sort, &str)| Word {
            word: word.to_owned(),
            weight: weight / length,
            name: sort == Sort::Place || cut.tokeniser.dictionary(word).1,
            sort,
        };
        Self(words.into_iter().map(word).collect())
    }

    /// The words, the most telling first.
    #[must_use]
    pub fn words(&self) -> &[Word] {
        &self.0
    }
}

/// Each word that is said, and how loud: no word within another, single characters only as pairs of uncommon neighbours,
/// since that is what names become.
fn said<'a>(cut: &'a Cut<'_>) -> Vec<(Sort, &'a str, f32)> {
    let mut said = Vec::new();
    let mut stray: Option<&Piece> = None;
    for piece in cut.pieces().filter(|piece| !piece.inner && (piece.title || piece.at < HEAD)) {
        let (word, loud) = (cut.word(piece), if piece.title { TITLE } else { 1.0 });
        let single = !piece.spaced && word.chars().nth(1).is_none();
        if !single && word.len() > 1 {
            said.push((Sort::Word, word, loud));
        }
        if let Some(pair) = stray.filter(|_| piece.stray).and_then(|before| cut.together(before, piece)) {
            said.push((Sort::Word, pair, loud));
        }
        stray = piece.stray.then_some(piece);
    }
    let head = cut.text.char_indices().nth(HEAD).map_or(cut.text, |(end, _)| &cut.text[..end]);
    for (part, loud) in [(cut.title, TITLE), (head, 1.0)] {
        each_place(part, |place| said.push((Sort::Place, place, loud)));
    }
    said
}

/// How rare a word with this count in the dictionary is.
fn rarity(count: u32) -> f32 {
    ((COUNTED / (count as f32 + SMOOTHING)).ln() - COMMON).max(LEAST)
}

/// FNV-1a, 32 bits; a place begins elsewhere than a word.
fn key(sort: Sort, word: &str) -> u32 {
    let basis = if sort == Sort::Place { 0x9e37_79b9 } else { 0x811c_9dc5 };
    word.bytes().fold(basis, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::super::tokens::Tokeniser;
    use super::*;
    use std::sync::LazyLock;

    static TOKENISER: LazyLock<Tokeniser> = LazyLock::new(Tokeniser::new);

    fn telling(title: &str, text: &str) -> Vec<String> {
        Telling::of(&TOKENISER.cut(Some(title), text)).words().iter().map(|word| word.word.clone()).collect()
    }

    #[test]
    fn names_that_no_dictionary_knows_tell_most() {
        let words = telling("青禾苑小区旁建搅拌站", "我们是青禾苑的业主，请领导管管，谢谢。");
        let place = words.iter().position(|word| word.contains('禾')).unwrap();
        let common = words.iter().position(|word| word == "我们").unwrap();
        assert!(place < 3 && common > place, "{words:?}");
    }

    #[test]
    fn a_word_that_is_said_more_often_tells_more_and_a_title_is_louder() {
        let words = telling("搅拌站", "噪音 噪音 噪音 灰尘");
        assert_eq!(words.iter().position(|word| word == "搅拌站"), Some(0), "{words:?}");
        let weights = Telling::of(&TOKENISER.cut(None, "噪音 噪音 噪音 灰尘"));
        let length: f32 = weights.words().iter().map(|word| word.weight * word.weight).sum();
        assert!((length - 1.0).abs() < 1e-5);
        assert_eq!(weights.words()[0].word, "噪音");
    }

    #[test]
    fn names_are_told_from_what_is_the_matter() {
        let words = Telling::of(&TOKENISER.cut(None, "北京的青禾苑小区停水了，噪音很大"));
        let is_name = |said: &str| words.words().iter().find(|word| word.word == said).map(|word| word.name);
        assert_eq!(
            [is_name("北京"), is_name("青禾苑"), is_name("停水"), is_name("噪音")],
            [Some(true), Some(true), Some(false), Some(false)]
        );
    }

    #[test]
    fn nothing_and_too_much_are_told_in_bounded_time() {
        assert_eq!(telling("", "，。！"), [""; 0]);
        assert!(telling("", &"水".repeat(1_000_000)).len() <= MOST);
    }
}
