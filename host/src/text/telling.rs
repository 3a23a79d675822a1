//! The telling words of a post: those that set it apart from other posts, each with a weight.
//!
//! What two people write about one matter in their own words has little in common but a few rare words: the name of
//! the place, of the company, of the thing. A word's weight is how often the post says it (the title twice as loud),
//! damped by a logarithm, times how rare it is in Chinese at large (Spärck Jones, *A statistical interpretation of term
//! specificity*, 1972): by the frequency in the dictionary that cuts the text, not in what has been stored so far, so
//! that a post tells the same whenever it arrives. Names stand in no dictionary and fall apart into single
//! characters; two uncommon characters side by side are put together again, and count as rare.
//!
//! What it gives up: synonyms and meaning.

use super::tokens::Tokeniser;

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

/// A telling word.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// Folded.
    pub word: String,
    /// Its share in the post; the squares of all add up to 1.
    pub weight: f32,
}

impl Word {
    /// What the word is known by where the word itself is not kept.
    #[must_use]
    pub fn key(&self) -> u32 {
        key(&self.word)
    }
}

/// The telling words of a post, the most telling first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Telling(Vec<Word>);

impl Telling {
    /// Reads a post.
    #[must_use]
    pub fn of(tokeniser: &Tokeniser, title: Option<&str>, text: &str) -> Self {
        let mut said: Vec<(String, f32)> = Vec::new();
        let head = text.char_indices().nth(HEAD).map_or(text, |(end, _)| &text[..end]);
        tokeniser.each_word(title.unwrap_or_default(), |word| said.push((word.to_owned(), TITLE)));
        tokeniser.each_word(head, |word| said.push((word.to_owned(), 1.0)));
        said.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut words: Vec<Word> = said
            .chunk_by(|a, b| a.0 == b.0)
            .map(|same| {
                let times: f32 = same.iter().map(|(_, times)| times).sum();
                let word = same[0].0.clone();
                let weight = (1.0 + times.ln()) * rarity(tokeniser.frequency(&word));
                Word { word, weight }
            })
            .collect();
        words.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.word.cmp(&b.word)));
        words.truncate(MOST);
        let length = words.iter().map(|word| word.weight * word.weight).sum::<f32>().sqrt();
        for word in &mut words {
            word.weight /= length;
        }
        Self(words)
    }

    /// The words, the most telling first.
    #[must_use]
    pub fn words(&self) -> &[Word] {
        &self.0
    }
}

/// How rare a word with this count in the dictionary is.
fn rarity(count: usize) -> f32 {
    ((COUNTED / (count as f32 + SMOOTHING)).ln() - COMMON).max(LEAST)
}

/// FNV-1a, 32 bits.
fn key(word: &str) -> u32 {
    word.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    static TOKENISER: LazyLock<Tokeniser> = LazyLock::new(Tokeniser::new);

    fn telling(title: &str, text: &str) -> Vec<String> {
        Telling::of(&TOKENISER, Some(title), text).words().iter().map(|word| word.word.clone()).collect()
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
        let weights = Telling::of(&TOKENISER, None, "噪音 噪音 噪音 灰尘");
        let length: f32 = weights.words().iter().map(|word| word.weight * word.weight).sum();
        assert!((length - 1.0).abs() < 1e-5);
        assert_eq!(weights.words()[0].word, "噪音");
    }

    #[test]
    fn nothing_and_too_much_are_told_in_bounded_time() {
        assert_eq!(telling("", "，。！"), [""; 0]);
        assert!(telling("", &"水".repeat(1_000_000)).len() <= MOST);
    }
}
