//! Near-duplicates: which earlier posts say almost the same thing.
//!
//! A text is reduced to what a person who passes it on leaves alone
//! (`essence`), cut into overlapping runs of three characters, and signed by
//! MinHash (Broder, *On the resemblance and containment of documents*, 1997):
//! 128 values of which one byte each is kept (Li and König, *b-bit minwise
//! hashing*, 2010). Two signatures estimate the Jaccard similarity of the two
//! sets. Characters rather than words, because a word list cuts unknown names
//! differently in different sentences, and because signing then costs no
//! segmentation. 64-bit SimHash was given up: on short posts it finds a third.
//!
//! Signatures that agree in at least one of 21 bands of 6 bytes are candidates. [`NearIndex`] holds the newest
//! in memory; when it is full they are sealed into a [`run`] on disk, and a [`sieve`] in memory says
//! which runs are worth reading. What it gives up: below a similarity of 0.5 it finds little (that is
//! the point of the bands), and of a crowded bucket only the newest posts are
//! looked at, so that a flood of one text costs no more than any other post.

mod essence;
mod index;
pub mod run;
pub mod sieve;
#[cfg(test)]
mod tests;

pub use index::{Mark, NearIndex};

use super::fold::is_numeric;
use super::quote::quotes;
use essence::essence;

/// How many MinHash values a signature holds.
pub const VALUES: usize = 128;
/// Bands that are cut from a signature, the last two of its bytes being left over. Of pairs with a similarity of
/// 0.75 they find 98 in 100; 16 bands of 8 would find 82, and 32 of 4 would look at every fifth pair of 0.3.
pub const BANDS: usize = 21;
const ROWS: usize = 6;
/// How far one bucket is followed, newest post first.
const DEEPEST: usize = 64;
/// Most candidates for one signature.
pub const MOST_CANDIDATES: usize = 16;
/// Permutations computed together.
const LANES: usize = 8;
/// Characters in a shingle.
const SHINGLE: usize = 3;
/// How often a shingle with a digit counts. Notices of one form ("定于8月3日9时停水")
/// differ in little but their numbers, and whoever passes a text on keeps them.
const NUMBER_WEIGHT: usize = 3;
/// Fewest characters, without marks and punctuation, that can be compared. "停水了" is said about
/// a thousand different matters: of 8,409 reviews of different meals, 3% of those
/// with 4 to 7 characters have a near-duplicate, 0.4% of those with 8 to 11, 0.14% with
/// 12 to 15, and one in four thousand beyond.
pub const SHORTEST: usize = 16;
/// Only the head of a longer text is signed: two texts that agree in so much of
/// their beginnings are copies, and a hostile text of megabytes costs no more.
pub const LONGEST: usize = 4_096;
/// 128 MinHash values of 8 bits each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Signature(pub [u8; VALUES]);

impl Signature {
    /// Signs a post, or says that it is too short to be compared.
    ///
    /// The title counts only where the text does not already begin with it.
    #[must_use]
    pub fn of(title: Option<&str>, text: &str) -> Option<Self> {
        let mut chars = Vec::with_capacity(256);
        essence(text, &mut chars);
        if let Some(title) = title {
            let mut whole = Vec::with_capacity(chars.len() + 64);
            essence(title, &mut whole);
            if !whole.is_empty() && !chars.starts_with(&whole) {
                whole.append(&mut chars);
                whole.truncate(LONGEST);
                chars = whole;
            }
        }
        (chars.len() >= SHORTEST).then(|| Self::of_chars(&chars))
    }

    fn of_chars(chars: &[char]) -> Self {
        let mut hashes = Vec::with_capacity(chars.len() * 2);
        for window in chars.windows(SHINGLE) {
            let mut hash = window.iter().fold(0u32, |hash, &c| mix(hash.rotate_left(11) ^ c as u32));
            let weight = if window.iter().any(|&c| is_numeric(c)) { NUMBER_WEIGHT } else { 1 };
            for _ in 0..weight {
                hashes.push(hash);
                hash = mix(hash ^ 0x3c6e_f372);
            }
        }
        let mut bytes = [0; VALUES];
        // A few permutations at a time, so that their least values stay in registers.
        for (bytes, permutations) in bytes.chunks_exact_mut(LANES).zip(PERMUTATIONS.chunks_exact(LANES)) {
            let mut least = [i32::MAX; LANES];
            for &hash in &hashes {
                for (least, &(factor, offset)) in least.iter_mut().zip(permutations) {
                    *least = (*least).min(hash.wrapping_mul(factor).wrapping_add(offset) as i32);
                }
            }
            for (byte, value) in bytes.iter_mut().zip(least) {
                // The least values share their high bits; a mixed one spreads over the byte.
                *byte = (mix(value as u32) >> 24) as u8;
            }
        }
        Self(bytes)
    }

    /// The hash of each band, its number mixed in: all bands share one space.
    #[must_use]
    pub fn bands(&self) -> [u32; BANDS] {
        let mut bands = [0; BANDS];
        for (number, (band, rows)) in bands.iter_mut().zip(self.0.chunks_exact(ROWS)).enumerate() {
            let (low, high) = rows.split_at(4);
            let word = |bytes: &[u8]| bytes.iter().fold(0u32, |word, &byte| word << 8 | u32::from(byte));
            *band = mix(mix(word(low) ^ (number as u32).wrapping_mul(0x9e37_79b9)).rotate_left(13) ^ word(high));
        }
        bands
    }
}

/// The signatures of one post: of the whole, and of each passage that it quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signatures {
    /// Of title and text.
    pub whole: Signature,
    /// Of what it took over from others, at most [`quote::MOST`](super::quote::MOST).
    pub quotes: Vec<Signature>,
}

impl Signatures {
    /// Signs a post, or says that it is too short to be compared.
    #[must_use]
    pub fn of(title: Option<&str>, text: &str) -> Option<Self> {
        let whole = Signature::of(title, text)?;
        let quotes = quotes(text).into_iter().filter_map(|passage| Signature::of(None, passage));
        let quotes = quotes.filter(|quote| *quote != whole).collect();
        Some(Self { whole, quotes })
    }

    /// All of them, that of the whole first.
    pub fn each(&self) -> impl Iterator<Item = &Signature> {
        std::iter::once(&self.whole).chain(&self.quotes)
    }

    /// The bytes as the store keeps them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.each().flat_map(|signature| signature.0).collect()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) gave; `None` for any other length.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (signatures, rest) = bytes.as_chunks::<VALUES>();
        let (whole, quotes) = signatures.split_first().filter(|_| rest.is_empty())?;
        Some(Self { whole: Signature(*whole), quotes: quotes.iter().copied().map(Signature).collect() })
    }

    /// Similarity of what two posts say as a whole.
    #[must_use]
    pub fn similarity(&self, other: &Self) -> f32 {
        similarity(&self.whole, &other.whole)
    }

    /// Similarity of the most similar passage of either to the whole of the other; `None` when neither quotes. That both
    /// quote a third text does not count: it may be a law.
    #[must_use]
    pub fn quotation(&self, other: &Self) -> Option<f32> {
        let mine = self.quotes.iter().map(|quote| similarity(quote, &other.whole));
        let theirs = other.quotes.iter().map(|quote| similarity(quote, &self.whole));
        mine.chain(theirs).max_by(f32::total_cmp)
    }
}

/// Of row keys, each given once for every band in which its post agrees: at most [`MOST_CANDIDATES`], those that agree
/// in most bands first and among these the newest; each is given once. [`similarity`] of the stored signatures decides.
#[must_use]
pub fn rank(mut agreeing: Vec<i64>) -> Vec<i64> {
    agreeing.sort_unstable();
    let mut ranked: Vec<(usize, i64)> = agreeing.chunk_by(|a, b| a == b).map(|same| (same.len(), same[0])).collect();
    ranked.sort_unstable_by(|a, b| b.cmp(a));
    ranked.into_iter().take(MOST_CANDIDATES).map(|(_, key)| key).collect()
}

/// Estimated Jaccard similarity of the texts behind two signatures, between 0
/// and 1, corrected for the 1 in 256 chance that different values share a byte.
/// Its standard error is at most 0.045.
#[must_use]
pub fn similarity(a: &Signature, b: &Signature) -> f32 {
    let equal = a.0.iter().zip(&b.0).filter(|(a, b)| a == b).count();
    let raw = equal as f32 / VALUES as f32;
    ((raw - 1.0 / 256.0) / (255.0 / 256.0)).clamp(0.0, 1.0)
}

/// The finaliser of MurmurHash3 (32 bit): every input bit reaches every output bit.
const fn mix(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x85eb_ca6b);
    x ^= x >> 13;
    x = x.wrapping_mul(0xc2b2_ae35);
    x ^ x >> 16
}

/// 128 fixed linear permutations of 32-bit hashes (odd factor, any offset).
/// Changing them makes stored signatures incomparable: raise `group::ALGORITHM`.
const PERMUTATIONS: [(u32, u32); VALUES] = {
    let mut all = [(0, 0); VALUES];
    let mut i = 0;
    while i < VALUES {
        let seed = 0x9e37_79b9u32.wrapping_mul(i as u32 + 1);
        all[i] = (mix(seed) | 1, mix(seed ^ 0x5bd1_e995));
        i += 1;
    }
    all
};
