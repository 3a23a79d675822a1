//! (placeholder: evidence)
