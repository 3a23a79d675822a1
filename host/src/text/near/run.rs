//! Sealed runs: the bands of some thousand posts, sorted into pages that lie on disk.
//!
//! A page holds the bands of one span of hashes as `hash, key` (4 and 8 bytes, little-endian), sorted by hash, so that
//! a question about one band reads one page. Runs are never changed: the oldest is dropped as a whole.

use super::{BANDS, DEEPEST};

/// Bytes of one band of one post.
const ENTRY: usize = 12;
/// Bands that fill a page of a database file (4 KiB) but for what chance may add.
const FULL: usize = 288;

/// How many pages a run of `posts` signatures is sorted into.
#[must_use]
pub fn pages_of(posts: usize) -> u32 {
    u32::try_from((posts * BANDS).div_ceil(FULL)).unwrap_or(u32::MAX)
}

/// The page of a run of `pages` on which a band stands.
#[must_use]
pub fn page_of(hash: u32, pages: u32) -> u32 {
    ((u64::from(hash) * u64::from(pages)) >> 32) as u32
}

/// Sorts bands, given in the order of their insertion, into pages; those that would be empty are left out. Of a band
/// that many posts share only the newest are kept: a flood of one text takes no more room than others.
pub fn paginate(mut bands: Vec<(u32, i64)>, pages: u32) -> impl Iterator<Item = (u32, Vec<u8>)> {
    bands.sort_by_key(|(hash, _)| *hash);
    let kept: Vec<(u32, i64)> = bands
        .chunk_by(|a, b| a.0 == b.0)
        .flat_map(|same| &same[same.len().saturating_sub(DEEPEST)..])
        .copied()
        .collect();
    let mut at = 0;
    std::iter::from_fn(move || {
        let number = page_of(kept.get(at)?.0, pages);
        let mut page = Vec::with_capacity(FULL * ENTRY);
        while let Some((hash, key)) = kept.get(at).filter(|(hash, _)| page_of(*hash, pages) == number) {
            page.extend(hash.to_le_bytes());
            page.extend(key.to_le_bytes());
            at += 1;
        }
        Some((number, page))
    })
}

/// Keys of the posts that have a band, by its page. What is damaged holds nobody.
pub fn holders(page: &[u8], hash: u32) -> impl Iterator<Item = i64> {
    let (entries, _) = page.as_chunks::<ENTRY>();
    let hash_of = |entry: &[u8; ENTRY]| u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]);
    let first = entries.partition_point(|entry| hash_of(entry) < hash);
    entries[first..].iter().take_while(move |entry| hash_of(entry) == hash).map(|entry| {
        let mut key = [0; 8];
        key.copy_from_slice(&entry[4..]);
        i64::from_le_bytes(key)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find(pages: &[(u32, Vec<u8>)], count: u32, hash: u32) -> Vec<i64> {
        let page = pages.iter().find(|(number, _)| *number == page_of(hash, count));
        page.map(|(_, page)| holders(page, hash).collect()).unwrap_or_default()
    }

    #[test]
    fn of_a_flood_the_newest_are_kept() {
        let pages: Vec<_> = paginate((0..5_000).map(|key| (7, key)).collect(), 10).collect();
        assert_eq!(pages.len(), 1);
        assert_eq!(find(&pages, 10, 7), (4_936..5_000).collect::<Vec<_>>());
        assert_eq!(find(&pages, 10, 8), [0; 0]);
    }

    #[test]
    fn what_is_damaged_holds_nobody() {
        assert_eq!(holders(&[1, 2, 3], 1).count(), 0);
        assert_eq!(holders(&[], 1).count(), 0);
    }

    proptest! {
        #[test]
        fn every_band_is_found_on_its_page(bands in prop::collection::vec((any::<u32>(), any::<i64>()), 0..300), count in 1u32..20) {
            let pages: Vec<_> = paginate(bands.clone(), count).collect();
            prop_assert!(pages.is_sorted_by(|a, b| a.0 < b.0) && pages.iter().all(|(number, _)| *number < count));
            for (hash, key) in &bands {
                prop_assert!(find(&pages, count, *hash).contains(key));
            }
            let all: usize = pages.iter().map(|(_, page)| page.len() / ENTRY).sum();
            prop_assert_eq!(all, bands.len());
        }
    }
}
