//! Which sealed runs may hold a band: a Bloom filter for each run, all side by side.
//!
//! At each position stands one word, with one bit for each run; a band that is nowhere is told apart from all
//! runs at once, by the same few words however many runs there are. This is what keeps a million posts as fast
//! to ask as ten thousand. One band in seven hundred is taken to be in a run in which it is not,
//! which costs a look at a page of that run and nothing else.

/// Runs that it tells apart.
pub const SLOTS: usize = u64::BITS as usize;
/// Positions for each band that a run is made for.
const SPARSITY: usize = 16;
/// Words that are asked for one band.
const PROBES: u32 = 5;
/// Words that are filled from all columns before the next: they stay in the cache meanwhile.
const BLOCK: usize = 4_096;

/// The filters of all runs; 8 bytes a position, nothing until the first run is entered.
#[derive(Debug)]
pub struct Sieve {
    words: Vec<u64>,
    positions: usize,
}

impl Sieve {
    /// For runs of about so many bands.
    #[must_use]
    pub fn new(bands: usize) -> Self {
        // A multiple of a block, so that columns are whole bytes.
        Self { words: Vec::new(), positions: (bands * SPARSITY).next_multiple_of(BLOCK) }
    }

    /// Which runs may hold a band: bit n for run n.
    #[must_use]
    pub fn ask(&self, hash: u32) -> u64 {
        if self.words.is_empty() {
            return 0;
        }
        let mut runs = u64::MAX;
        for place in self.places(hash) {
            runs &= self.words[place];
            if runs == 0 {
                break;
            }
        }
        runs
    }

    /// Makes a run hold these bands and no others.
    pub fn fill(&mut self, slot: usize, hashes: impl Iterator<Item = u32>) {
        self.words.resize(self.positions, 0);
        let bit = 1 << (slot % SLOTS);
        self.words.iter_mut().for_each(|word| *word &= !bit);
        for hash in hashes {
            for place in self.places(hash) {
                self.words[place] |= bit;
            }
        }
    }

    /// A run's filter as the store keeps it: one bit a position.
    #[must_use]
    pub fn column(&self, slot: usize) -> Vec<u8> {
        let bit = |word: &u64| (word >> (slot % SLOTS)) as u8 & 1;
        self.words.chunks(8).map(|eight| eight.iter().rev().fold(0, |byte, word| byte << 1 | bit(word))).collect()
    }

    /// Puts back what [`column`](Self::column) gave, for several runs at once. A column of another length
    /// holds everything: its run is always looked into, and nothing is missed.
    pub fn restore(&mut self, columns: &[(usize, Vec<u8>)]) {
        self.words.resize(self.positions, 0);
        for (number, block) in self.words.chunks_mut(BLOCK).enumerate() {
            for (slot, column) in columns {
                let bit = 1 << (slot % SLOTS);
                let bytes = if column.len() * 8 == self.positions { &column[number * BLOCK / 8..] } else { &[] };
                if bytes.is_empty() {
                    block.iter_mut().for_each(|word| *word |= bit);
                }
                for (eight, &byte) in block.chunks_exact_mut(8).zip(bytes) {
                    for (at, word) in eight.iter_mut().enumerate() {
                        *word |= u64::from(byte >> at & 1) * bit;
                    }
                }
            }
        }
    }

    fn places(&self, hash: u32) -> impl Iterator<Item = usize> + use<> {
        let positions = self.positions as u64;
        let mut state = u64::from(hash);
        (0..PROBES).map(move |_| {
            // SplitMix64 (Steele, Lea and Flood, 2014): each step is a fresh hash.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (((mixed >> 32) * positions) >> 32) as usize
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(runs: &[Vec<u32>]) -> Sieve {
        let mut sieve = Sieve::new(1_000);
        for (slot, hashes) in runs.iter().enumerate() {
            sieve.fill(slot, hashes.iter().copied());
        }
        sieve
    }

    #[test]
    fn few_runs_are_looked_into_for_nothing() {
        let sieve = filled(&[(0..1_000).collect(), (1_000..2_000).collect()]);
        assert!((0..1_000).all(|hash| sieve.ask(hash) & 1 == 1));
        let wrong = (1_000_000..1_100_000).filter(|&hash| sieve.ask(hash) != 0).count();
        assert!(wrong < 600, "{wrong} of 100,000 for two runs");
        assert_eq!(Sieve::new(10).ask(7), 0, "nothing was entered yet");
    }

    #[test]
    fn a_slot_that_is_used_again_forgets_what_it_held() {
        let mut sieve = filled(&[(0..1_000).collect(), (0..1_000).collect()]);
        sieve.fill(0, std::iter::once(5_000));
        assert!((0..1_000).filter(|&hash| sieve.ask(hash) & 1 == 1).count() < 5);
        assert!((0..1_000).all(|hash| sieve.ask(hash) & 2 == 2), "the other run keeps its own");
    }

    #[test]
    fn a_damaged_column_is_looked_into_rather_than_missed() {
        let mut sieve = Sieve::new(1_000);
        sieve.restore(&[(3, vec![0; 5])]);
        assert_eq!(sieve.ask(17), 1 << 3);
    }

    proptest! {
        #[test]
        fn what_was_kept_comes_back(runs in prop::collection::vec(prop::collection::vec(any::<u32>(), 0..40), 1..5)) {
            let sieve = filled(&runs);
            let mut restored = Sieve::new(1_000);
            let columns: Vec<_> = (0..runs.len()).map(|slot| (slot, sieve.column(slot))).collect();
            let (first, second) = columns.split_at(1);
            restored.restore(first);
            restored.restore(second);
            prop_assert_eq!(&restored.words, &sieve.words);
            for (slot, hashes) in runs.iter().enumerate() {
                prop_assert!(hashes.iter().all(|&hash| restored.ask(hash) >> slot & 1 == 1));
            }
        }
    }
}
