//! The newest signatures: a table of chained buckets in memory.

use super::{BANDS, DEEPEST, Signature};

/// Where the index stood; see [`NearIndex::mark`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(usize);

/// The end of a bucket.
const NOBODY: u32 = u32::MAX;
/// Entries of one allocation, so that growing never copies what is there.
const CHUNK: usize = 1_024;
/// Entries a bucket holds on average. One would be faster by a cache miss and
/// cost 42 bytes more a post.
const LOAD: usize = 2;

#[derive(Clone, Debug)]
struct Entry {
    key: i64,
    bands: [u32; BANDS],
    /// The next older entry of the same bucket, for each band.
    older: [u32; BANDS],
}

/// Which of the newest posts may be near-duplicates of a signature; in memory, one entry of
/// 176 bytes and 42 bytes of buckets a post.
///
/// A table of chained buckets that all bands share. It grows by splitting one
/// bucket at a time (Litwin, *Linear hashing*, 1980), so that no insertion waits
/// for a rehash of millions. In every bucket the newest entry comes first, which
/// makes the undo of the latest insertions ([`rollback`](Self::rollback)) exact.
#[derive(Debug, Default)]
pub struct NearIndex {
    chunks: Vec<Vec<Entry>>,
    length: usize,
    /// First link of each bucket: entry × bands + band, or [`NOBODY`].
    heads: Vec<u32>,
}

impl NearIndex {
    /// An empty index.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds a post under its row key.
    pub fn insert(&mut self, signature: &Signature, key: i64) {
        self.push(Entry { key, bands: signature.bands(), older: [NOBODY; BANDS] });
    }

    /// Row keys of posts that agree in a band, once for each band in which they do; see [`rank`](super::rank).
    #[must_use]
    pub fn agreeing(&self, signature: &Signature) -> Vec<i64> {
        let mut keys = Vec::new();
        for hash in signature.bands() {
            let bucket = self.bucket(hash).take(DEEPEST);
            keys.extend(bucket.filter(|&(e, band)| self.entry(e).bands[band] == hash).map(|(e, _)| self.entry(e).key));
        }
        keys
    }

    /// Every band of every post, the oldest insertion first.
    pub fn bands(&self) -> impl Iterator<Item = (u32, i64)> {
        self.chunks.iter().flatten().flat_map(|entry| entry.bands.map(|hash| (hash, entry.key)))
    }

    /// Where the index stands now, to come back to with [`rollback`](Self::rollback).
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark(self.length)
    }

    /// Takes back every insertion since `mark`, when the transaction that they
    /// belong to was rolled back.
    pub fn rollback(&mut self, mark: Mark) {
        while self.length > mark.0 {
            self.length -= 1;
            let entry = self.chunks.last_mut().and_then(Vec::pop);
            if self.chunks.last().is_some_and(Vec::is_empty) {
                self.chunks.pop();
            }
            let Some(entry) = entry else { return };
            // The newest entry is the first of each of its buckets, its last band before the others.
            for (hash, older) in entry.bands.into_iter().zip(entry.older).rev() {
                let bucket = self.bucket_of(hash);
                self.heads[bucket] = older;
            }
        }
    }

    fn entry(&self, number: usize) -> &Entry {
        &self.chunks[number / CHUNK][number % CHUNK]
    }

    fn entry_mut(&mut self, number: usize) -> &mut Entry {
        &mut self.chunks[number / CHUNK][number % CHUNK]
    }

    /// The bucket of a hash: the low bits, one bit fewer where the bucket with
    /// all of them has not been split off yet.
    fn bucket_of(&self, hash: u32) -> usize {
        let all = self.heads.len().next_power_of_two();
        let bucket = hash as usize & (all - 1);
        if bucket < self.heads.len() { bucket } else { bucket - all / 2 }
    }

    /// Entries and bands in the bucket of a hash, newest first.
    fn bucket(&self, hash: u32) -> impl Iterator<Item = (usize, usize)> {
        let mut link = if self.heads.is_empty() { NOBODY } else { self.heads[self.bucket_of(hash)] };
        std::iter::from_fn(move || {
            let (entry, band) = (link as usize / BANDS, link as usize % BANDS);
            let here = (link != NOBODY).then_some((entry, band))?;
            link = self.entry(entry).older[band];
            Some(here)
        })
    }

    fn push(&mut self, mut entry: Entry) {
        // Two hundred million posts fit a link; they are sealed long before.
        if self.length >= NOBODY as usize / BANDS {
            return;
        }
        while self.heads.len() * LOAD < (self.length + 1) * BANDS {
            self.split();
        }
        for band in 0..BANDS {
            let bucket = self.bucket_of(entry.bands[band]);
            entry.older[band] = std::mem::replace(&mut self.heads[bucket], (self.length * BANDS + band) as u32);
        }
        if self.length.is_multiple_of(CHUNK) {
            // The first chunk grows: a small index stays small.
            self.chunks.push(Vec::with_capacity(if self.length == 0 { 0 } else { CHUNK }));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(entry);
        }
        self.length += 1;
    }

    /// Adds one bucket and moves into it what belongs there, keeping the order.
    fn split(&mut self) {
        let new = self.heads.len();
        if new == self.heads.capacity() {
            // Less slack than doubling, still few copies.
            self.heads.reserve_exact(new / 8 + 64);
        }
        self.heads.push(NOBODY);
        if new == 0 {
            return;
        }
        let old = new - self.heads.len().next_power_of_two() / 2;
        let mut link = std::mem::replace(&mut self.heads[old], NOBODY);
        let mut tails = [None; 2];
        while link != NOBODY {
            let (entry, band) = (link as usize / BANDS, link as usize % BANDS);
            let next = std::mem::replace(&mut self.entry_mut(entry).older[band], NOBODY);
            let moves = self.bucket_of(self.entry(entry).bands[band]) == new;
            match tails[usize::from(moves)].replace((entry, band)) {
                None => self.heads[if moves { new } else { old }] = link,
                Some((before, its_band)) => self.entry_mut(before).older[its_band] = link,
            }
            link = next;
        }
    }
}
