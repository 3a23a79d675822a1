//! Which spellings are the same: letter case, full-width and styled forms, traditional characters, letters that only
//! look Latin, and what nobody sees.
//!
//! `ＡＢＣ①` is `abc1`, `𝐄𝐓𝐂` and `ЕТС` in Cyrillic letters are `etc`, 停電 is 停电, and neither a zero-width space nor a
//! stroke put through a character to escape a filter is anything. A character is decomposed by compatibility (Unicode's
//! NFKD, alone, so that the way back is known), stripped of marks that stand on it, put into lower case and simplified.
//! Matching compares folded with folded, so that a pair that is folded together too much finds too much and misses
//! nothing.
//!
//! Traditional characters are folded one by one by a table of 2,838 pairs ([`simplified`]), taken from OpenCC's
//! `TSCharacters` (Apache-2.0, © BYVoid and contributors). What it gives up: words that differ, such as 計程車 and 出租车, and
//! the five characters that simplified writing needs for itself (乾坤, 哪吒). Hangul and kana stay as they are.

use std::ops::Range;

use icu_normalizer::DecomposingNormalizerBorrowed;

use super::ideographs::{Ideographs, ideograph};

/// Traditional and simplified character by turns, in the order of the former.
const PAIRS: &str = include_str!("simplified.txt");
/// Is it in the table? Nearly all characters of a simplified page are answered by it.
static TRADITIONAL: Ideographs = {
    let mut set = Ideographs::none();
    let mut at = 0;
    while at < PAIRS.len() {
        set.insert(pair_at(at).0);
        at += PAIR;
    }
    set
};

/// Bytes of a pair: each ideograph has three.
const PAIR: usize = 6;

/// The pair that begins at a byte of [`PAIRS`].
const fn pair_at(at: usize) -> (u32, u32) {
    (ideograph(PAIRS, at), ideograph(PAIRS, at + PAIR / 2))
}

/// The simplified form of a traditional ideograph; any other character itself.
#[must_use]
pub fn simplified(c: char) -> char {
    if TRADITIONAL.contains(c) { look_up(c).unwrap_or(c) } else { c }
}

fn look_up(c: char) -> Option<char> {
    let (mut low, mut high) = (0, PAIRS.len() / PAIR);
    while low < high {
        let middle = (low + high) / 2;
        let (traditional, simple) = pair_at(middle * PAIR);
        match traditional.cmp(&(c as u32)) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => return char::from_u32(simple),
        }
    }
    None
}

/// Calls `take` with the folded form of one character: none, one, or for ligatures and the like several. Most
/// characters of a Chinese page are answered without a look into Unicode's tables.
pub(super) fn each_folded(c: char, mut take: impl FnMut(char)) {
    match c {
        '\u{4e00}'..='\u{9fff}' => take(simplified(c)),
        '\0'..='\u{7f}' => take(c.to_ascii_lowercase()),
        // Dashes, quotation marks and the ellipsis; Chinese punctuation, kana; Hangul.
        '\u{2012}'..='\u{2026}' | '\u{3001}'..='\u{312f}' | '\u{ac00}'..='\u{d7a3}' => take(c),
        '\u{ff01}'..='\u{ff5e}' => take(narrow(c)),
        _ if is_invisible(c) => {}
        _ => by_tables(c, take),
    }
}

/// Whether a character is certainly its own folded form. Most are: they are copied many at a time.
fn is_plain(c: char) -> bool {
    match c {
        '\u{4e00}'..='\u{9fff}' => !TRADITIONAL.contains(c),
        '\0'..='\u{7f}' => !c.is_ascii_uppercase(),
        _ => matches!(c, '\u{2012}'..='\u{2026}' | '\u{3001}'..='\u{312f}' | '\u{ac00}'..='\u{d7a3}'),
    }
}

/// A full-width form as ASCII has it, in lower case.
fn narrow(c: char) -> char {
    char::from_u32(c as u32 - 0xfee0).map_or(c, |c| c.to_ascii_lowercase())
}

fn by_tables(c: char, mut take: impl FnMut(char)) {
    let plain = DecomposingNormalizerBorrowed::new_nfkd().normalize_iter(std::iter::once(c));
    for c in plain.filter(|&c| !is_invisible(c)).flat_map(char::to_lowercase).filter(|&c| !is_invisible(c)) {
        take(simplified(latin(c)));
    }
}

/// The Latin letter that a Cyrillic one looks like: among Chinese characters nobody means the other. Greek stays, since
/// μ and α are units and names.
const fn latin(c: char) -> char {
    match c {
        'а' => 'a',
        'в' => 'b',
        'с' => 'c',
        'е' => 'e',
        'н' => 'h',
        'і' => 'i',
        'ј' => 'j',
        'к' => 'k',
        'м' => 'm',
        'о' => 'o',
        'р' => 'p',
        'ԛ' => 'q',
        'ѕ' => 's',
        'т' => 't',
        'ԝ' => 'w',
        'х' => 'x',
        'у' => 'y',
        _ => c,
    }
}

/// [`char::is_alphanumeric`], which takes a search in a table for every ideograph.
pub(super) fn is_alphanumeric(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}') || c.is_alphanumeric()
}

/// [`char::is_numeric`], likewise; 一 and 千 are letters to Unicode.
pub(super) fn is_numeric(c: char) -> bool {
    !matches!(c, '\u{4e00}'..='\u{9fff}') && c.is_numeric()
}

/// Zero-width characters, direction marks, soft hyphens, variation selectors, letters that are blank, and marks that
/// stand on or through the letter before them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}'
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
        | '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

/// A whole text folded.
#[must_use]
pub fn fold(text: &str) -> String {
    Folded::of(text).text
}

/// A folded text that remembers where each part of it stood in the original.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    text: String,
    /// Each character that did not become one of its length, in order; none in most texts.
    resized: Vec<Resized>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Resized {
    folded: Range<usize>,
    original: Range<usize>,
}

impl Folded {
    /// Folds `original` and keeps the way back.
    #[must_use]
    pub fn of(original: &str) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut resized = Vec::new();
        // Up to here the original is in `text`.
        let mut copied = 0;
        for (at, c) in original.char_indices() {
            if is_plain(c) {
                continue;
            }
            text.push_str(&original[copied..at]);
            copied = at + c.len_utf8();
            let start = text.len();
            let mut kept = false;
            each_folded(c, |folded| {
                kept = text.len() == start && folded.len_utf8() == c.len_utf8();
                text.push(folded);
            });
            if !kept {
                resized.push(Resized { folded: start..text.len(), original: at..copied });
            }
        }
        text.push_str(&original[copied..]);
        Self { text, resized }
    }

    /// The folded text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The original characters from which `range` of the folded text came, in
    /// bytes; a character of which only a part is meant counts whole.
    ///
    /// `range` must lie on character boundaries of [`as_str`](Self::as_str);
    /// then the answer lies on character boundaries of the original.
    #[must_use]
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        let start =
            self.original_at(self.resized.partition_point(|r| r.folded.start <= range.start), range.start, |r| r.start);
        let end = self.original_at(self.resized.partition_point(|r| r.folded.start < range.end), range.end, |r| r.end);
        start..end.max(start)
    }

    /// Where `offset` was, given how many resized characters begin before it;
    /// `edge` chooses when it falls inside the last of them.
    fn original_at(&self, before: usize, offset: usize, edge: fn(&Range<usize>) -> usize) -> usize {
        match before.checked_sub(1).map(|last| &self.resized[last]) {
            None => offset,
            Some(last) if offset < last.folded.end => edge(&last.original),
            Some(last) => last.original.end + (offset - last.folded.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_that_look_alike_fold_alike() {
        assert_eq!(fold("ＡＢＣ　１２３！"), "abc 123!");
        assert_eq!(fold("𝐄𝐓𝐂 ⓔⓣⓒ ЕТС Étç"), "etc etc etc etc");
        assert_eq!(fold("①㈱㊥ﬁ"), "1(株)中fi");
        assert_eq!(fold("⽔⼒"), "水力", "radicals that stand alone");
        assert_eq!(fold("ｶﾞ カ 가 μ"), "カ\u{3099} カ 가 μ");
    }

    #[test]
    fn what_nobody_sees_is_nothing() {
        assert_eq!(fold("停\u{200b}\u{feff}水\u{ad}"), "停水");
        assert_eq!(fold("停\u{336}水\u{336}\u{20dd}"), "停水", "struck through");
        assert_eq!(fold("停\u{3164}水\u{115f}"), "停水", "blank letters");
        assert_eq!(fold("İ"), "i");
    }

    #[test]
    fn traditional_characters_are_simplified() {
        assert_eq!(fold("電動車充電樁價格"), "电动车充电桩价格");
        assert_eq!(fold("後來於夥"), "后来于伙");
        assert_eq!(fold("乾坤哪吒著名"), "乾坤哪吒著名", "simplified writing needs them");
    }

    #[test]
    fn the_table_is_in_order_and_complete_after_one_step() {
        let pairs: Vec<char> = PAIRS.chars().collect();
        assert_eq!((PAIRS.len() % PAIR, pairs.len() / 2), (0, 2_838));
        assert!(pairs.chunks(2).is_sorted_by(|a, b| a[0] < b[0]));
        for pair in pairs.chunks(2) {
            assert_eq!(simplified(pair[0]), pair[1]);
            assert_eq!(simplified(pair[1]), pair[1], "{} of {}", pair[1], pair[0]);
        }
    }

    #[test]
    fn the_short_way_says_the_same_as_the_tables() {
        for c in '\0'..=char::MAX {
            let (mut short, mut long) = (Vec::new(), Vec::new());
            each_folded(c, |c| short.push(c));
            by_tables(c, |c| long.push(c));
            // Left as they are on purpose: marks that decompose into others, and what is written in syllables.
            let kept = matches!(c, '\u{2012}'..='\u{2026}' | '\u{3001}'..='\u{312f}' | '\u{ac00}'..='\u{d7a3}');
            assert!(!is_plain(c) || short == [c], "{c:?} is plain: {short:?}");
            assert!(short == long || kept && short == [c], "{c:?}: {short:?} {long:?}");
            assert_eq!(is_alphanumeric(c), c.is_alphanumeric(), "{c:?}");
            assert_eq!(is_numeric(c), c.is_numeric(), "{c:?}");
        }
    }

    #[test]
    fn the_way_back_skips_what_was_dropped() {
        let original = "\u{200b}又Ａ\u{200d}停\u{200b}水ﬁ了";
        let folded = Folded::of(original);
        assert_eq!(folded.as_str(), "又a停水fi了");
        let back = |part: &str| {
            let start = folded.as_str().find(part).unwrap();
            &original[folded.original(start..start + part.len())]
        };
        assert_eq!(back("又"), "又");
        assert_eq!(back("a"), "Ａ");
        assert_eq!(back("停水"), "停\u{200b}水");
        assert_eq!(back("f"), "ﬁ", "half of a character stands for all of it");
        assert_eq!(back("i了"), "ﬁ了");
    }

    proptest! {
        #[test]
        fn the_way_back_lies_on_characters_and_folds_to_the_same(text in "(?s)[\\u{200b}Ａｂﬁ電a\\PC]{0,12}") {
            let folded = Folded::of(&text);
            prop_assert_eq!(folded.as_str(), fold(&text));
            let edges: Vec<usize> = folded.as_str().char_indices().map(|(at, _)| at).chain([folded.as_str().len()]).collect();
            for (number, &start) in edges.iter().enumerate() {
                for &end in &edges[number..] {
                    let part = text.get(folded.original(start..end));
                    prop_assert!(part.is_some(), "{}..{} of {:?}", start, end, text);
                    if let Some(part) = part {
                        prop_assert!(start == end || fold(part).contains(&folded.as_str()[start..end]));
                    }
                }
            }
        }

        #[test]
        fn folding_again_changes_nothing(text in "\\PC{0,20}") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }
    }
}
