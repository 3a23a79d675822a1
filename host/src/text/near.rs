//! Near-duplicates by MinHash (placeholder).

/// 128 MinHash values of 8 bits each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature(pub [u8; 128]);
