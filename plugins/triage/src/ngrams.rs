//! What the statistical model reads: which one-, two- and three-character runs a post has.
//!
//! Shape matters more than the name of a street: any run of digits is one `0`, any run of Latin
//! letters one `a`. A title counts twice, once among the text and once as a title. A run is
//! known by its hash; [`slots`] and [`tag`] say at which two places of the model's table it may be and how to
//! tell it from others that may be there. Of a long post the first [`READ`] codes are read, which bounds
//! the work; what this gave up are calls for help at the end of a novel, and those the cues
//! still see.

use crate::fold::Folded;

/// How many bits number a slot.
pub const BITS: u32 = 17;

/// How many slots the model's table has.
pub const SLOTS: usize = 1 << BITS;

/// The most codes that runs are taken of.
pub const READ: usize = 1500;

/// Kinds of run, which never share a hash on purpose.
const TEXT: u32 = 1;
const TITLE: u32 = 2;

/// Calls `found` for each run of the post, as often as it stands there.
pub fn each(title: &Folded, text: &Folded, mut found: impl FnMut(u32)) {
    runs(&title.codes, TITLE, |hash, _| found(hash));
    runs(&title.codes, TEXT, |hash, _| found(hash));
    runs(&text.codes, TEXT, |hash, _| found(hash));
}

/// The most runs that the post can have.
pub(crate) fn most(title: &Folded, text: &Folded) -> usize {
    3 * (2 * title.codes.len().min(READ) + text.codes.len().min(READ))
}

/// Calls `found` for each run of a title or a text with the place of its last code.
pub(crate) fn places(source: &Folded, title: bool, found: impl FnMut(u32, usize)) {
    runs(&source.codes, if title { TITLE } else { TEXT }, found);
}

fn runs(codes: &[u32], kind: u32, mut found: impl FnMut(u32, usize)) {
    let (mut one, mut two) = (0, 0);
    for (at, code) in codes.iter().take(READ).enumerate() {
        let now = shape(*code);
        if now == one && (now == u32::from('0') || now == u32::from('a')) {
            continue;
        }
        let single = mix(now, kind);
        found(single, at);
        if one != 0 {
            let pair = mix(single ^ 0x5bd1_e995, one);
            found(pair, at);
            if two != 0 {
                found(mix(pair ^ 0x27d4_eb2f, two), at);
            }
        }
        two = one;
        one = now;
    }
}

const fn shape(code: u32) -> u32 {
    match code {
        0x30..=0x39 => 0x30,
        0x61..=0x7a => 0x61,
        _ => code,
    }
}

/// One round of a multiplicative hash.
const fn mix(a: u32, b: u32) -> u32 {
    let h = (a ^ b.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0x9e37_79b1);
    h ^ (h >> 15)
}

/// Where in the table a run is, if it is there: at the first or beside it, so that both come from memory together.
#[must_use]
pub const fn slots(hash: u32) -> [usize; 2] {
    let slot = (hash.wrapping_mul(0xc2b2_ae35) >> (32 - BITS)) as usize;
    [slot, slot ^ 1]
}

/// By what a run is told from others of its slots; never 0, which is nobody's.
#[must_use]
pub const fn tag(hash: u32) -> u8 {
    let tag = (hash ^ (hash >> 9)) as u8;
    if tag == 0 { 1 } else { tag }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(title: &str, text: &str) -> Vec<u32> {
        let (mut folded_title, mut folded_text) = (Folded::default(), Folded::default());
        folded_title.read(title);
        folded_text.read(text);
        let mut all = Vec::new();
        each(&folded_title, &folded_text, |hash| all.push(hash));
        all.sort_unstable();
        all.dedup();
        all
    }

    #[test]
    fn numbers_are_one_shape() {
        assert_eq!(hashes("", "３栋１２楼"), hashes("", "7栋 9楼"));
        assert_ne!(hashes("", "7栋9楼"), hashes("", "9楼7栋"));
    }

    #[test]
    fn a_title_is_its_own_kind() {
        assert!(hashes("漏水", "").len() > hashes("", "漏水").len());
    }

    #[test]
    fn a_long_text_is_read_to_its_limit() {
        let long = "水".repeat(READ) + "火";
        assert_eq!(hashes("", &long), hashes("", &"水".repeat(READ)));
    }
}
