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
//! [`NearIndex`] finds signatures that agree in at least one of 16 bands of 8
//! bytes. What it gives up: below a similarity of 0.6 it finds little (that is
//! the point of the bands), and of a crowded bucket only the newest posts are
//! looked at, so that a flood of one text costs no more than any other post.

mod essence;
mod index;

pub use index::{MOST_CANDIDATES, Mark, NearIndex};

use super::fold::is_numeric;
use essence::essence;

/// How many MinHash values a signature holds.
pub const VALUES: usize = 128;
const BANDS: usize = 16;
const ROWS: usize = VALUES / BANDS;
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

    /// The bytes as the store keeps them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; VALUES] {
        &self.0
    }

    /// Reads what [`as_bytes`](Self::as_bytes) gave; `None` for any other length.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
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

    fn bands(&self) -> [u32; BANDS] {
        let mut bands = [0; BANDS];
        for (number, (band, rows)) in bands.iter_mut().zip(self.0.chunks_exact(ROWS)).enumerate() {
            let (low, high) = rows.split_at(4);
            let word = |bytes: &[u8]| bytes.iter().fold(0u32, |word, &byte| word << 8 | u32::from(byte));
            *band = mix(mix(word(low) ^ (number as u32).wrapping_mul(0x9e37_79b9)).rotate_left(13) ^ word(high));
        }
        bands
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "桥西路今天又停水了，打供水热线没人接，这已经是本月第三次，请问水利局管不管？";

    fn sign(text: &str) -> Signature {
        Signature::of(None, text).unwrap()
    }

    #[test]
    fn what_a_repost_adds_is_not_part_of_the_text() {
        let original = sign(TEXT);
        for copy in [
            format!("转发微博：{TEXT}"),
            format!("//@云河网友: {TEXT}"),
            format!("RT @yunhe: {TEXT} http://t.cn/zj7FeHp"),
            format!("【转】{TEXT}[怒][怒]@云河发布 @云河水利"),
            format!("{TEXT}\n来源：云河论坛\n"),
            format!("＃{}＃", TEXT.replace('，', " , ")),
            TEXT.chars().flat_map(|c| [c, '\u{200b}']).collect(),
        ] {
            assert_eq!(sign(&copy), original, "{copy}");
        }
        assert_eq!(Signature::of(Some("桥西路今天又停水了"), TEXT), Some(original), "the text begins with its title");
    }

    #[test]
    fn a_word_that_begins_like_a_mark_is_part_of_the_text() {
        let moved = "转移群众三百人，安置点设在桥西小学，编辑部的同事也在那里帮忙，来源地还不清楚。";
        let mut essence_of = Vec::new();
        essence(moved, &mut essence_of);
        assert_eq!(essence_of.iter().collect::<String>(), moved.replace(['，', '。'], ""));
    }

    #[test]
    fn short_texts_are_not_compared() {
        assert_eq!(Signature::of(None, "停水了"), None);
        assert_eq!(Signature::of(Some("停水了"), "@云河发布 http://a.example/12345678901234567890 [怒]"), None);
        assert_eq!(Signature::of(None, &"，".repeat(1_000)), None);
        assert!(Signature::of(Some("桥西路停水"), "打热线没有人接怎么办呢").is_some());
    }

    #[test]
    fn similar_texts_are_near_and_notices_of_one_form_are_not() {
        let edited = TEXT.replace("本月第三次", "这个月第四次");
        assert!(similarity(&sign(TEXT), &sign(&edited)) > 0.6);
        let notice = |day: &str, hours: &str, street: &str| {
            sign(&format!(
                "停水通知：因供水管网检修，定于{day}{hours}对{street}片区停水，请居民储水，不便之处敬请谅解。自来水公司"
            ))
        };
        let august = notice("8月3日", "9时至17时", "桥西路");
        assert!(similarity(&august, &notice("8月10日", "8时至12时", "桥西路")) < 0.6);
    }

    #[test]
    fn the_estimate_is_close_to_the_truth() {
        // 400 different characters in a row share 398 shingles with themselves; cut at a known place.
        let chars: Vec<char> = ('一'..).take(400).collect();
        let whole = Signature::of_chars(&chars);
        for shared in [100, 200, 300, 380] {
            let truth = (shared - 2) as f32 / 398.0;
            let estimate = similarity(&whole, &Signature::of_chars(&chars[..shared]));
            assert!((estimate - truth).abs() < 0.12, "{estimate} for {truth}");
        }
        let other: Vec<char> = ('가'..).take(400).collect();
        assert!(similarity(&whole, &Signature::of_chars(&other)) < 0.05);
    }

    #[test]
    fn copies_are_found_until_newer_posts_need_the_room() {
        let mut index = NearIndex::new();
        index.insert(&sign(TEXT), 10);
        index.insert(&sign(&format!("{TEXT}我也是")), 20);
        assert_eq!(index.candidates(&sign(TEXT)), [10, 20], "the closer one first");
        index.keep(2);
        assert_eq!(index.candidates(&sign(TEXT)), [10, 20]);
        // Not in the order of their times.
        for key in [50, 30, 40] {
            index.insert(&Signature([key as u8; VALUES]), key);
        }
        index.keep(3);
        assert_eq!((index.len(), index.candidates(&sign(TEXT)).len()), (3, 0));
        // What is older than all that was kept is let go first.
        for key in 0..10 {
            index.insert(&sign(TEXT), key);
            index.keep(3);
            assert!(index.len() <= 4, "{}", index.len());
        }
        assert_eq!(index.candidates(&sign(TEXT)), [] as [i64; 0]);
        for key in [30, 40, 50] {
            assert_eq!(index.candidates(&Signature([key as u8; VALUES])), [key]);
        }
    }

    #[test]
    fn a_flood_of_one_text_costs_no_more_than_any_other_post() {
        let mut index = NearIndex::new();
        for key in 0..5_000 {
            index.insert(&sign(TEXT), key);
        }
        let newest: Vec<i64> = (0..5_000).rev().take(MOST_CANDIDATES).collect();
        assert_eq!(index.candidates(&sign(TEXT)), newest);
        index.keep(1);
        assert_eq!(index.candidates(&sign(TEXT)), [4_999]);
        assert_eq!(index.len(), 1, "what is dead gives its memory back");
    }

    fn signature() -> impl Strategy<Value = Signature> {
        // Few different bytes, so that bands agree by accident too.
        prop::collection::vec(0u8..3, VALUES).prop_map(|bytes| Signature::from_bytes(&bytes).unwrap())
    }

    proptest! {
        #[test]
        fn similarity_is_symmetric_and_between_zero_and_one(a in signature(), b in signature()) {
            let ab = similarity(&a, &b);
            prop_assert!((0.0..=1.0).contains(&ab));
            prop_assert_eq!(ab, similarity(&b, &a));
            prop_assert_eq!(similarity(&a, &a), 1.0);
        }

        #[test]
        fn any_text_is_signed_or_too_short(title in "\\PC{0,20}", text in "(?s)[\\[\\]@＠#/:：转来源RT \\n\\PC]{0,60}") {
            let _ = Signature::of(Some(&title), &text);
        }

        #[test]
        fn what_is_in_the_index_is_found(signatures in prop::collection::vec(signature(), 1..40)) {
            let mut index = NearIndex::new();
            for (key, signature) in signatures.iter().enumerate() {
                index.insert(signature, key as i64);
            }
            for (key, signature) in signatures.iter().enumerate() {
                prop_assert!(index.candidates(signature).contains(&(key as i64)));
            }
        }

        #[test]
        fn rolling_back_leaves_no_trace(
            kept in prop::collection::vec(signature(), 0..300), undone in prop::collection::vec(signature(), 0..300),
        ) {
            let (mut index, mut untouched) = (NearIndex::new(), NearIndex::new());
            for (key, signature) in kept.iter().enumerate() {
                index.insert(signature, key as i64);
                untouched.insert(signature, key as i64);
            }
            let mark = index.mark();
            for signature in &undone {
                index.insert(signature, 1_000);
            }
            index.rollback(mark);
            prop_assert_eq!(index.len(), kept.len());
            for signature in kept.iter().chain(&undone) {
                prop_assert_eq!(index.candidates(signature), untouched.candidates(signature));
            }
            index.insert(&sign(TEXT), 2_000);
            prop_assert_eq!(index.candidates(&sign(TEXT))[0], 2_000);
        }
    }
}
