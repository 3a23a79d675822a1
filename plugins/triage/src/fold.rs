//! The text as the classifier sees it: one code a character, in one form, with its place.
//!
//! What a reader takes for the same is the same here: traditional characters are simplified,
//! full-width forms narrow, capitals small, letters of other alphabets that look Latin count as
//! Latin; what cannot be seen (blanks, zero-width characters, variation selectors) is not there. So a
//! zero-width space in the middle of a word hides nothing, and evidence still quotes the
//! original, because every code knows the bytes that it came from.

include!(concat!(env!("OUT_DIR"), "/simplified.rs"));

/// The most characters that are read of a title or a text. It bounds what a post can cost; what
/// stands behind is not seen.
pub(crate) const READ: usize = 20_000;

/// The first and the last code of the unified ideographs that are simplified.
const HAN: std::ops::RangeInclusive<u32> = 0x4e00..=0x9fff;

/// A title or a text, folded.
#[derive(Debug, Default)]
pub struct Folded {
    /// Codes of the characters that can be seen.
    pub(crate) codes: Vec<u32>,
    /// Where each of them begins, in bytes.
    starts: Vec<u32>,
}

impl Folded {
    /// Folds `source`, in place of what was there before.
    pub fn read(&mut self, source: &str) {
        // As long as it can be at most, so that no code asks whether there is room for it.
        let most = source.len().min(READ);
        self.codes.resize(most, 0);
        self.starts.resize(most, 0);
        let mut read = 0;
        for ((at, c), _) in source.char_indices().zip(0..READ) {
            if let Some(code) = fold(c)
                && let (Some(next), Some(start)) = (self.codes.get_mut(read), self.starts.get_mut(read))
            {
                *next = code;
                // A text of more than 4 GiB does not fit into a guest's memory.
                *start = at as u32;
                read += 1;
            }
        }
        self.codes.truncate(read);
        self.starts.truncate(read);
    }

    /// The bytes of `source` that codes `from` to before `to` came from.
    pub(crate) fn bytes(&self, source: &str, from: usize, to: usize) -> (usize, usize) {
        let start = self.starts.get(from).map_or(source.len(), |at| *at as usize);
        let last = to.checked_sub(1).and_then(|last| self.starts.get(last)).map_or(start, |at| *at as usize);
        let wide = source[last..].chars().next().map_or(0, char::len_utf8);
        (start, if to > from { last + wide } else { start })
    }
}

/// The character as the classifier sees it; nothing for what cannot be seen.
fn fold(c: char) -> Option<u32> {
    let code = u32::from(c);
    if HAN.contains(&code) {
        return Some(u32::from(SIMPLIFIED[(code - HAN.start()) as usize]));
    }
    let code = if matches!(code, 0xff01..=0xff5e) { code - 0xfee0 } else { code };
    match code {
        0..=0x20 | 0x7f..=0xa0 | 0xad => None,
        0x034f | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f => None,
        0x200b..=0x200f | 0x2028..=0x202f | 0x205f..=0x206f | 0x3000 | 0x3164 => None,
        0xfe00..=0xfe0f | 0xfeff | 0xfff9..=0xfffb | 0xe_0000..=0xe_0fff => None,
        0x41..=0x5a => Some(code + 0x20),
        // Latin with marks, Greek and Cyrillic: letters that are taken for Latin ones.
        0xc0..=0x24f | 0x370..=0x52f => Some(u32::from('a')),
        _ => Some(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let mut out = Folded::default();
        out.read(text);
        out.codes.iter().filter_map(|code| char::from_u32(*code)).collect()
    }

    #[test]
    fn what_looks_the_same_is_the_same() {
        assert_eq!(folded("漏\u{200b}水 ＡＢ１２"), "漏水ab12");
        assert_eq!(folded("政務服務中心亂收費"), "政务服务中心乱收费");
        assert_eq!(folded("АВС"), "aaa");
    }

    #[test]
    fn a_place_leads_back_to_the_original() {
        let source = "请查\u{200d}處！";
        let mut out = Folded::default();
        out.read(source);
        let (start, end) = out.bytes(source, 1, 3);
        assert_eq!(&source[start..end], "查\u{200d}處");
        assert_eq!(out.bytes(source, 4, 4), (source.len(), source.len()));
    }

    #[test]
    fn a_long_text_is_read_to_its_limit() {
        let mut out = Folded::default();
        out.read(&"水".repeat(READ + 5));
        assert_eq!(out.codes.len(), READ);
    }
}
