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

use super::fold::{each_folded, is_alphanumeric, is_numeric};

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
/// How far one bucket is followed, newest post first.
const DEEPEST: usize = 64;
/// Most answers to one question.
pub const MOST_CANDIDATES: usize = 16;

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

/// Appends what remains of a text when repost marks, addresses, names, emoji
/// codes, hashtag marks, spaces and punctuation are gone, folded; stops at
/// [`LONGEST`] characters.
fn essence(text: &str, out: &mut Vec<char>) {
    let mut rest = text;
    let mut line_start = true;
    while let Some(c) = rest.chars().next() {
        if out.len() >= LONGEST {
            return;
        }
        let skipped = if line_start { skip_mark(rest).or_else(|| skip_inline(rest, c)) } else { skip_inline(rest, c) };
        if let Some(length) = skipped {
            rest = &rest[length..];
            continue;
        }
        line_start = c == '\n' || (line_start && !is_alphanumeric(c));
        each_folded(c, |c| {
            if is_alphanumeric(c) {
                out.push(c);
            }
        });
        rest = &rest[c.len_utf8()..];
    }
}

/// What people and sites put before a text that they pass on. Checked at the
/// start of a line, where the words cannot be part of a sentence.
const REPOST_MARKS: [&str; 8] = ["转发微博", "转载自", "轉發微博", "转自", "转载", "转发", "转", "RT"];
/// Lines that name where a text came from; they differ from copy to copy.
const ORIGIN_MARKS: [&str; 6] = ["来源", "文章来源", "原标题", "责任编辑", "责编", "编辑"];

/// Length of a repost mark or a line of origin at the start of a line.
fn skip_mark(line: &str) -> Option<usize> {
    let colon = |rest: &str| rest.starts_with([':', '：']);
    for mark in ORIGIN_MARKS {
        if line.strip_prefix(mark).is_some_and(colon) {
            // "来源：某报 记者…": the name ends at a space; a line without one is all name.
            let end = line.find(char::is_whitespace).unwrap_or(line.len());
            return (end <= 96).then_some(end);
        }
    }
    for mark in REPOST_MARKS {
        if let Some(rest) = line.strip_prefix(mark)
            && (rest.is_empty() || rest.starts_with([':', '：', ' ', '@', '/', '\n', ']', '】', '）', ')']))
        {
            return Some(mark.len());
        }
    }
    None
}

/// Length of an address, a name or an emoji code at the start of `rest`.
fn skip_inline(rest: &str, first: char) -> Option<usize> {
    match first {
        'h' | 'H' | 'w' | 'W' => skip_address(rest),
        '@' | '＠' => {
            let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '·');
            let after = &rest[first.len_utf8()..];
            let length: usize = after.chars().take(30).take_while(|&c| name(c)).map(char::len_utf8).sum();
            Some(first.len_utf8() + length)
        }
        '[' => {
            let (end, _) = rest.char_indices().take(10).find(|&(_, c)| c == ']')?;
            let inside = &rest[1..end];
            (!inside.is_empty() && inside.chars().all(char::is_alphanumeric)).then_some(end + 1)
        }
        _ => None,
    }
}

fn skip_address(rest: &str) -> Option<usize> {
    let begins = |mark: &str| rest.get(..mark.len()).is_some_and(|head| head.eq_ignore_ascii_case(mark));
    ["http://", "https://", "www."].iter().any(|mark| begins(mark)).then(|| super::links::address_length(rest))
}

/// Where the index stood; see [`NearIndex::mark`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(usize);

/// The end of a bucket.
const NOBODY: u32 = u32::MAX;
/// Entries of one allocation, so that growing never copies what is there.
const CHUNK: usize = 1_024;
/// Entries a bucket holds on average. One would be faster by a cache miss and
/// cost 32 bytes more a post.
const LOAD: usize = 2;

#[derive(Clone)]
struct Entry {
    key: i64,
    bands: [u32; BANDS],
    /// The next older entry of the same bucket, for each band.
    older: [u32; BANDS],
}

/// Which posts may be near-duplicates of a signature; in memory, one entry of
/// 136 bytes and 32 bytes of buckets a post.
///
/// A table of chained buckets that all bands share. It grows by splitting one
/// bucket at a time (Litwin, *Linear hashing*, 1980), so that no insertion waits
/// for a rehash of millions. In every bucket the newest entry comes first, which
/// makes the undo of the latest insertions ([`rollback`](Self::rollback)) exact.
#[derive(Default)]
pub struct NearIndex {
    chunks: Vec<Vec<Entry>>,
    length: usize,
    /// First link of each bucket: entry × 16 + band, or [`NOBODY`].
    heads: Vec<u32>,
    /// Keys before this one are expired, whether or not their entry is still there.
    floor: Option<i64>,
}

impl NearIndex {
    /// An empty index.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries it holds, those expired but not yet swept out included.
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

    /// Row keys of posts that may be near-duplicates, those that agree in most
    /// bands first and among these the newest insertion first; at most
    /// [`MOST_CANDIDATES`]. [`similarity`] of the stored signatures decides.
    ///
    /// A post with the same signature is always among them, unless
    /// [`MOST_CANDIDATES`] newer ones are too.
    #[must_use]
    pub fn candidates(&self, signature: &Signature) -> Vec<i64> {
        let mut found = Vec::new();
        for hash in signature.bands() {
            found.extend(
                self.bucket(hash).take(DEEPEST).filter(|&(e, band)| self.entry(e).bands[band] == hash).map(|(e, _)| e),
            );
        }
        found.sort_unstable();
        let mut ranked: Vec<(usize, usize)> = found.chunk_by(|a, b| a == b).map(|same| (same.len(), same[0])).collect();
        ranked.sort_unstable_by(|a, b| b.cmp(a));
        let mut keys = Vec::new();
        for key in ranked.into_iter().map(|(_, entry)| self.entry(entry).key).filter(|&key| self.is_live(key)) {
            if !keys.contains(&key) {
                keys.push(key);
            }
            if keys.len() == MOST_CANDIDATES {
                break;
            }
        }
        keys
    }

    /// Where the index stands now, to come back to with [`rollback`](Self::rollback).
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark(self.length)
    }

    /// Takes back every insertion since `mark`, when the transaction that they
    /// belong to was rolled back. [`keep`](Self::keep) makes older marks void.
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

    /// Forgets all but the `limit` newest posts, in large steps: it may hold half as many
    /// again before it does. Makes older marks void.
    pub fn keep(&mut self, limit: usize) {
        if self.length <= limit + limit / 2 {
            return;
        }
        let keys = self.chunks.iter().flatten().map(|entry| entry.key);
        let mut live: Vec<i64> = keys.filter(|&key| self.is_live(key)).collect();
        if live.len() > limit {
            let surplus = live.len() - limit;
            let (_, oldest_kept, _) = live.select_nth_unstable(surplus);
            self.floor = Some(*oldest_kept);
        }
        self.sweep();
    }

    /// Gives back the memory of what is expired.
    fn sweep(&mut self) {
        let floor = self.floor;
        let old = std::mem::replace(self, Self { floor, ..Self::default() });
        for entry in old.chunks.into_iter().flatten() {
            if self.is_live(entry.key) {
                self.push(entry);
            }
        }
    }

    fn is_live(&self, key: i64) -> bool {
        self.floor.is_none_or(|floor| key >= floor)
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
        // 2^28 posts fit a link. The oldest matter least, but a box that large runs on something else.
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
