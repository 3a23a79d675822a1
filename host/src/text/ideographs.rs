//! Sets of ideographs, one bit each: nearly every character of a page is asked for several of them.

/// The first and the last ideograph that a set can hold.
const SPAN: (u32, u32) = (0x4e00, 0x9fff);
const WORDS: usize = ((SPAN.1 - SPAN.0) / 64 + 1) as usize;

/// Some of the unified ideographs of the basic plane.
pub(super) struct Ideographs([u64; WORDS]);

impl Ideographs {
    /// None.
    pub(super) const fn none() -> Self {
        Self([0; WORDS])
    }

    /// Adds one by its code point, which must be that of an ideograph.
    pub(super) const fn insert(&mut self, code: u32) {
        let bit = code - SPAN.0;
        self.0[(bit / 64) as usize] |= 1 << (bit % 64);
    }

    /// Whether a character is in it.
    pub(super) fn contains(&self, c: char) -> bool {
        let bit = (c as u32).wrapping_sub(SPAN.0);
        self.0.get((bit / 64) as usize).is_some_and(|bits| bits >> (bit % 64) & 1 == 1)
    }
}

/// The ideograph that begins at a byte of a text: one of three bytes.
pub(super) const fn ideograph(text: &str, at: usize) -> u32 {
    let bytes = text.as_bytes();
    (bytes[at] as u32 & 0x0f) << 12 | (bytes[at + 1] as u32 & 0x3f) << 6 | bytes[at + 2] as u32 & 0x3f
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        const SET: Ideographs = {
            let mut set = Ideographs::none();
            set.insert(ideograph("一鿿水", 0));
            set.insert(ideograph("一鿿水", 3));
            set.insert(ideograph("一鿿水", 6));
            set
        };
        let held: String = ('\0'..=char::MAX).filter(|&c| SET.contains(c)).collect();
        assert_eq!(held, "一水鿿");
    }
}
