//! What the statistical model reads: which one-, two- and three-character runs a
//! post has, hashed into buckets.
//!
//! Shape matters more than the name of a street: any run of digits is one `0`,
//! any run of Latin letters one `a`, full-width forms are folded, spaces drop out.
//! A title counts twice, once among the text and once as a title. Each bucket
//! counts once, so saying a thing forty times does not make it truer, and one
//! bitmap is all the memory there is. Of a long post the first [`READ`] characters are read,
//! which bounds the work; what it gave up are calls for help at the end of a novel,
//! and those the cues still see.

/// How many bits number a bucket.
pub const BITS: u32 = 16;

/// How many buckets there are.
pub const BUCKETS: usize = 1 << BITS;

/// The most characters read of a title and of a text.
pub const READ: usize = 1500;

/// Kinds of run, which never share a hash on purpose.
const TEXT: u32 = 1;
const TITLE: u32 = 2;

/// Calls `found` once for each bucket that the post has; answers how many there were.
pub fn each(title: &str, text: &str, mut found: impl FnMut(usize)) -> usize {
    let mut seen = [0_u64; BUCKETS / 64];
    let mut count = 0;
    let mut meet = |bucket: usize| {
        let (word, bit) = (bucket / 64, 1 << (bucket % 64));
        if seen[word] & bit == 0 {
            seen[word] |= bit;
            count += 1;
            found(bucket);
        }
    };
    runs(title, TITLE, |bucket, _, _| meet(bucket));
    runs(title, TEXT, |bucket, _, _| meet(bucket));
    runs(text, TEXT, |bucket, _, _| meet(bucket));
    count
}

/// Each run of a title or a text with its byte range, in reading order.
pub fn places(source: &str, title: bool, found: impl FnMut(usize, usize, usize)) {
    runs(source, if title { TITLE } else { TEXT }, found);
}

/// `found(bucket, start, end)` for the runs that end at each character.
fn runs(source: &str, kind: u32, mut found: impl FnMut(usize, usize, usize)) {
    let (mut one, mut two) = ((0_u32, 0_usize), (0_u32, 0_usize));
    for (at, c) in source.char_indices().take(READ) {
        let Some(now) = fold(c) else { continue };
        if now == one.0 && (now == u32::from('0') || now == u32::from('a')) {
            continue;
        }
        let end = at + c.len_utf8();
        let single = mix(now, kind);
        found(bucket(single), at, end);
        if one.0 != 0 {
            let pair = mix(single ^ 0x5bd1_e995, one.0);
            found(bucket(pair), one.1, end);
            if two.0 != 0 {
                found(bucket(mix(pair ^ 0x27d4_eb2f, two.0)), two.1, end);
            }
        }
        two = one;
        one = (now, at);
    }
}

/// The character as the model sees it; none for blanks and invisible characters.
fn fold(c: char) -> Option<u32> {
    let code = u32::from(c);
    let folded = match code {
        0xff01..=0xff5e => code - 0xfee0,
        0x200b..=0x200f | 0x2028..=0x202f | 0x2060..=0x2064 | 0xfe00..=0xfe0f | 0xfeff | 0x3000 => return None,
        _ => code,
    };
    match folded {
        0..=0x20 | 0x7f..=0xa0 => None,
        0x30..=0x39 => Some(u32::from('0')),
        0x41..=0x5a | 0x61..=0x7a => Some(u32::from('a')),
        _ => Some(folded),
    }
}

/// One round of a multiplicative hash.
const fn mix(a: u32, b: u32) -> u32 {
    let h = (a ^ b.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0x9e37_79b1);
    h ^ (h >> 15)
}

const fn bucket(hash: u32) -> usize {
    (hash.wrapping_mul(0xc2b2_ae35) >> (32 - BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(title: &str, text: &str) -> Vec<usize> {
        let mut all = Vec::new();
        each(title, text, |bucket| all.push(bucket));
        all.sort_unstable();
        all
    }

    #[test]
    fn numbers_and_widths_are_one_shape() {
        assert_eq!(buckets("", "３栋１２楼"), buckets("", "7栋 9楼"));
        assert_ne!(buckets("", "7栋9楼"), buckets("", "9楼7栋"));
    }

    #[test]
    fn a_run_counts_once_and_a_title_is_its_own_kind() {
        assert_eq!(buckets("", "漏水漏水漏水漏水"), buckets("", "漏水漏水漏水"));
        assert!(buckets("漏水", "").len() > buckets("", "漏水").len());
    }

    #[test]
    fn what_cannot_be_seen_is_not_read() {
        assert_eq!(buckets("", "漏\u{200b}水"), buckets("", "漏水"));
    }

    #[test]
    fn a_long_text_is_read_to_its_limit() {
        let long = "水".repeat(READ) + "火";
        assert_eq!(buckets("", &long), buckets("", &"水".repeat(READ)));
    }

    #[test]
    fn places_are_character_boundaries() {
        let text = "A1 区🙂水管";
        places(text, false, |_, start, end| assert!(!text[start..end].is_empty()));
    }
}
