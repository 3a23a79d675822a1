//! What the dictionary says of words, remembered: asking it cuts a word first, and a town uses few words.
//!
//! A table of fixed size in which a word has one place; the word that was asked for last holds it. No lock: an entry is
//! one number, of which 47 bits of the word's hash are checked, so that one question in 10¹⁴ is answered for another
//! word. Its contents change how fast an answer comes and never, but for that, the answer.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bits of the hash that choose the place: 65,536 places, 512 KiB.
const PLACES: u32 = 16;
/// Bits of the hash that are kept, beside one for the name and 32 for the count.
const KEPT: u32 = 31;

/// What the dictionary says of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// How often its texts use the word, at most 2³² − 1.
    pub(super) count: u32,
    /// It names something.
    pub(super) name: bool,
}

pub(super) struct Memo(Box<[AtomicU64]>);

impl Memo {
    pub(super) fn new() -> Self {
        Self((0..1 << PLACES).map(|_| AtomicU64::new(0)).collect())
    }

    /// What is known of a word, else what `ask` says.
    pub(super) fn get(&self, word: &str, ask: impl FnOnce() -> Entry) -> Entry {
        let hash = hash(word);
        let place = &self.0[(hash >> (u64::BITS - PLACES)) as usize];
        // Never 0, which is an empty place.
        let kept = hash & ((1 << KEPT) - 1) | 1;
        let found = place.load(Ordering::Relaxed);
        if found >> 33 == kept {
            return Entry { count: found as u32, name: found >> 32 & 1 == 1 };
        }
        let entry = ask();
        place.store(kept << 33 | u64::from(entry.name) << 32 | u64::from(entry.count), Ordering::Relaxed);
        entry
    }
}

/// FNV-1a, 64 bits, with the finaliser of MurmurHash3: every byte reaches every bit.
fn hash(word: &str) -> u64 {
    let hash = word
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ hash >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 33
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_asked_for_once_and_its_answer_is_its_own() {
        let memo = Memo::new();
        let words: Vec<String> = (0..1_000).map(|n| format!("词{n}")).collect();
        let entry = |n: usize| Entry { count: u32::MAX - n as u32, name: n.is_multiple_of(3) };
        for (n, word) in words.iter().enumerate() {
            assert_eq!(memo.get(word, || entry(n)), entry(n));
        }
        let mut asked = 0;
        for (n, word) in words.iter().enumerate() {
            let again = memo.get(word, || {
                asked += 1;
                entry(n)
            });
            assert_eq!(again, entry(n), "{word}");
        }
        assert!(asked < 40, "{asked} of a thousand have lost their place to another");
    }
}
