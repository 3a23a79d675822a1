//! Where a word of a topic may begin: one bit for each pair of characters.
//!
//! Of ten thousand words hardly one begins anywhere in a given sentence. So a text is read with a look at a small table,
//! which stays in the processor's nearest cache however many words there are, and the automaton, which does not, reads
//! from those places only. A pair that no word begins with is taken for one in one case of sixteen; that costs a step of
//! the automaton and nothing else.

/// Bits for each word.
const SPARSITY: usize = 16;
/// Bits of the smallest and of the largest table: 1 KiB and 128 KiB.
const SIZES: (usize, usize) = (1 << 13, 1 << 20);

/// The beginnings of all words.
pub(super) struct Starts {
    bits: Vec<u64>,
    /// What leaves of a hash the number of a bit.
    shift: u32,
    /// There are words of one character.
    lone: bool,
}

impl Starts {
    /// Those of some words, each of at least one character.
    pub(super) fn of<'a>(words: impl ExactSizeIterator<Item = &'a str>) -> Self {
        let size = (words.len() * SPARSITY).next_power_of_two().clamp(SIZES.0, SIZES.1);
        let mut starts = Self { bits: vec![0; size / 64], shift: u64::BITS - size.trailing_zeros(), lone: false };
        for word in words {
            let mut chars = word.chars();
            if let Some(first) = chars.next() {
                let second = chars.next();
                starts.lone |= second.is_none();
                let bit = starts.bit(first, second);
                starts.bits[bit / 64] |= 1 << (bit % 64);
            }
        }
        starts
    }

    /// Whether a word may begin with these two, or, at the end of a text, be the first alone.
    pub(super) fn may_begin(&self, first: char, second: Option<char>) -> bool {
        self.has(first, second) || self.lone && second.is_some() && self.has(first, None)
    }

    fn has(&self, first: char, second: Option<char>) -> bool {
        let bit = self.bit(first, second);
        self.bits[bit / 64] >> (bit % 64) & 1 == 1
    }

    fn bit(&self, first: char, second: Option<char>) -> usize {
        let pair = u64::from(u32::from(first)) << 32 | u64::from(second.map_or(u32::MAX, u32::from));
        // Fibonacci hashing (Knuth, *The Art of Computer Programming*, 6.4).
        (pair.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_beginning_is_missed_and_few_are_seen_where_none_is() {
        let words: Vec<String> = (0..10_000_u32)
            .map(|n| [0x4e00 + n % 3_000, 0x4e00 + n * 7 % 5_000].into_iter().filter_map(char::from_u32).collect())
            .collect();
        let starts = Starts::of(words.iter().map(String::as_str));
        let begins = |text: &str| {
            let mut chars = text.chars();
            chars.next().is_some_and(|first| starts.may_begin(first, chars.next()))
        };
        assert!(words.iter().all(|word| begins(word)));
        let other =
            |n: u32| [0x8000 + n % 300, 0x8000 + n / 300].into_iter().filter_map(char::from_u32).collect::<String>();
        let wrong = (0..100_000).filter(|&n| begins(&other(n))).count();
        assert!(wrong < 8_000, "{wrong} of 100,000");
    }

    #[test]
    fn a_word_of_one_character_begins_before_any_other() {
        let starts = Starts::of(["水", "停电"].into_iter());
        assert!(starts.may_begin('水', Some('库')) && starts.may_begin('水', None));
        assert!(!starts.may_begin('停', None) && starts.may_begin('停', Some('电')));
    }
}
