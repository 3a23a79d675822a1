//! Which spellings are the same: letter case, full-width forms, and characters
//! that nobody sees.
//!
//! This is the part of Unicode's NFKC and case folding that Chinese pages need:
//! `ＡＢＣ１２３` is `abc123`, an ideographic space is a space, and a zero-width
//! space put between two characters to escape a filter is nothing. What it gives
//! up: ligatures, circled digits and half-width katakana stay as they are, and
//! traditional characters are not turned into simplified ones.

use std::ops::Range;

/// The folded form of one character: none, one, or (for a few letters whose
/// lower case is a sequence) up to three characters.
pub fn fold_char(c: char) -> impl Iterator<Item = char> {
    let plain = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    };
    (!is_invisible(c)).then(|| plain.to_lowercase()).into_iter().flatten()
}

/// Calls `take` with what [`fold_char`] gives. Most characters of a Chinese page are
/// answered without a look into Unicode's tables.
pub(super) fn each_folded(c: char, mut take: impl FnMut(char)) {
    match c {
        // Marks and ideographs have no case, and none of them is invisible.
        '\u{3001}'..='\u{9fff}' => take(c),
        '\0'..='\u{7f}' => take(c.to_ascii_lowercase()),
        _ => fold_char(c).for_each(take),
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

/// Zero-width characters, direction marks, soft hyphens, variation selectors.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// A whole text folded.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        each_folded(c, |c| folded.push(c));
    }
    folded
}

/// A folded text that remembers where each part of it stood in the original.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    text: String,
    /// Each character whose folding did not keep its length, in order; none in most texts.
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
        for (at, c) in original.char_indices() {
            let start = text.len();
            each_folded(c, |c| text.push(c));
            if text.len() - start != c.len_utf8() {
                resized.push(Resized { folded: start..text.len(), original: at..at + c.len_utf8() });
            }
        }
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
        assert_eq!(fold("停\u{200b}\u{feff}水\u{ad}"), "停水");
        assert_eq!(fold("İ"), "i\u{307}");
    }

    #[test]
    fn the_short_way_says_the_same_as_the_tables() {
        for c in '\0'..=char::MAX {
            let mut short = Vec::new();
            each_folded(c, |c| short.push(c));
            assert_eq!(short, fold_char(c).collect::<Vec<_>>(), "{c:?}");
            assert_eq!(is_alphanumeric(c), c.is_alphanumeric(), "{c:?}");
            assert_eq!(is_numeric(c), c.is_numeric(), "{c:?}");
        }
    }

    #[test]
    fn the_way_back_skips_what_was_dropped() {
        let original = "\u{200b}又Ａ\u{200d}停\u{200b}水İ了";
        let folded = Folded::of(original);
        assert_eq!(folded.as_str(), "又a停水i\u{307}了");
        let back = |part: &str| {
            let start = folded.as_str().find(part).unwrap();
            &original[folded.original(start..start + part.len())]
        };
        assert_eq!(back("又"), "又");
        assert_eq!(back("a"), "Ａ");
        assert_eq!(back("停水"), "停\u{200b}水");
        assert_eq!(back("i"), "İ", "half of a character stands for all of it");
        assert_eq!(back("\u{307}了"), "İ了");
    }

    proptest! {
        #[test]
        fn the_way_back_lies_on_characters_and_folds_to_the_same(text in "(?s)[\\u{200b}Ａｂİ水a\\PC]{0,12}") {
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
